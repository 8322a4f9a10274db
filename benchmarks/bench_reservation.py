"""Reserve waiting demands: beside core, and growing with their number.

1,000 orders of 3 lines each wait for 20 products; the stock that is there covers 60 %.
Every run reserves all of them, flushes, runs what the add-on does before a commit, and
rolls back. Runs with and without the add-on take turns. The log of changed states in
the chatter is off on both sides: it costs the same two queries per transfer with and
without the add-on.
"""

import argparse
import gc
import os
import statistics
import sys
import time
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random

from common import (
    create_products,
    create_quotations,
    environment,
    multiply,
    prepare,
    row,
)

from odoo.sql_db import db_connect
from odoo.tools import config

PRODUCTS = 20
LINES = 3
COVERED = 0.6
RUNS = 7
BATCH = 100  # orders that are made by hand; the others are copies
TABLES = (
    "sale_order",
    "sale_order_line",
    "stock_reference",
    "stock_picking",
    "stock_move",
    "stock_reference_move_rel",
    "stock_reference_sale_rel",
    "backorder_demand",
)


def main():
    arguments = parse_arguments()
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    failed = bench_planner(arguments.demands)
    failed += bench_reservation(arguments.orders, arguments.runs)
    sys.exit(bool(failed))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--demands", type=int, default=1_000_000)
    return parser.parse_args()


def bench_reservation(orders, runs):
    with_addon, without = os.environ["BM_TEMPLATE"], os.environ["BM_PLAIN_TEMPLATE"]
    ours = prepare(with_addon, "reserve", lambda env: fill(env, orders))
    plain = prepare(without, "reserve_plain", lambda env: fill(env, orders))
    many = prepare(with_addon, "reserve_many", lambda env: fill(env, orders * 10))
    figures = {ours: [], plain: [], many: []}
    reserve(ours), reserve(plain)  # noqa: B018 - the first run warms caches up
    # Two rounds: what 30,000 demands leave behind would weigh on whoever comes next.
    for databases in ((plain, ours), (ours, many)):
        for _run in range(runs):
            for database in databases:
                clean_up(database)
                figures[database].append(reserve(database))
    seconds = {
        name: statistics.median(run[0] for run in runs)
        for name, runs in figures.items()
    }
    faster = [
        core[0] / mine[0]
        for core, mine in zip(figures[plain], figures[ours][:runs], strict=True)
    ]
    # Each beside the one that ran just before it: the machine is not always as fast.
    slower = [
        larger[0] / smaller[0]
        for larger, smaller in zip(figures[many], figures[ours][runs:], strict=True)
    ]
    queries = {name: max(run[1] for run in runs) for name, runs in figures.items()}
    results = {name: {run[4:] for run in runs} for name, runs in figures.items()}
    for label, name in (("core", plain), ("ours", ours), ("ours, 10 x", many)):
        own = statistics.median(run[2] for run in figures[name])
        print(
            f"{label}: {seconds[name]:.2f} s, {queries[name]} queries; of these"
            f" _action_assign {own:.2f} s, {figures[name][0][3]} queries"
        )
    print(f"reserved: core {results[plain]}, ours {results[ours]}")
    return (
        row("times as fast as core", statistics.median(faster), 12, at_least=True)
        + row("queries", queries[ours], 200)
        + row("time of 10 x the demands", statistics.median(slower), 11)
        + (results[plain] != results[ours])
    )


def fill(env, orders):
    """Orders that wait, and goods that just came in for most of what they want."""
    # All our work is to be measured: nothing is left to a scheduled action.
    env["ir.config_parameter"].set_param("backorder_management.queue_above", 10**9)
    create_products(env, PRODUCTS)
    create_quotations(env, BATCH, LINES).action_confirm()
    env.cr.flush()
    multiply(env.cr, orders // BATCH, TABLES)
    put_stock(env)


def put_stock(env):
    env.invalidate_all()
    stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
    wanted = env["stock.move"]._read_group(
        [("state", "=", "confirmed")], ["product_id"], ["product_qty:sum"]
    )
    env["stock.quant"].create(
        [
            {
                "product_id": product.id,
                "location_id": stock.id,
                "quantity": int(quantity * COVERED),
            }
            for product, quantity in wanted
        ]
    )


def clean_up(database):
    """Remove what was rolled back or left before, or it is done during this run."""
    gc.collect()
    with db_connect(database).cursor() as cr:
        cr._cnx.rollback()
        cr._cnx.autocommit = True
        cr.execute("VACUUM")


def reserve(database):
    """Reserve all that waits.

    :return: seconds and queries in all, those of `_action_assign` itself, number of
        moves wholly reserved, quantity reserved
    """
    with environment(database) as env:
        moves = env["stock.move"].search(
            [("state", "in", ("confirmed", "partially_available"))],
            order="priority desc, date, id",
        )
        queries, start = env.cr.sql_log_count, time.perf_counter()
        moves._action_assign()
        own = time.perf_counter() - start, env.cr.sql_log_count - queries
        env.cr.flush()  # and all that happens before a commit
        seconds = time.perf_counter() - start
        queries = env.cr.sql_log_count - queries
        assigned = len(moves.filtered(lambda move: move.state == "assigned"))
        quantity = round(sum(moves.mapped("quantity")), 2)
        env.cr.rollback()
    return seconds, queries, *own, assigned, quantity


# ------------------------------------------------------------------------ pure planner


def bench_planner(number):
    """The planner in sequence beside sorting the same ranking keys."""
    from odoo.addons.backorder_management.planning.allocation import (
        allocate_in_sequence,
    )

    demands, pools, supplies = make_demands(number)
    ratios = []
    for _run in range(RUNS):
        keys = list(map(attrgetter("rank"), demands))
        start = time.perf_counter()
        sorted(keys)
        middle = time.perf_counter()
        plan = allocate_in_sequence(demands, pools, supplies, digits=2)
        end = time.perf_counter()
        ratios.append((end - middle) / (middle - start))
        print(f"sorted {middle - start:.2f} s, planned {end - middle:.2f} s")
        assert len(plan) == number
        del plan, keys
    return row(
        f"planning {number} demands, times sorted()", statistics.median(ratios), 5
    )


def make_demands(number):
    from odoo.addons.backorder_management.planning.allocation import (
        Demand,
        rank_by_default,
    )

    chance = Random(1)
    first = datetime(2026, 1, 1)
    products = max(1, number // 50)
    supplies = {index: float(chance.randint(0, 50)) for index in range(products * 3)}
    pools = {
        index: [index * 3, index * 3 + 1, index * 3 + 2] for index in range(products)
    }
    demands = [
        Demand(
            id=index,
            pool=chance.randrange(products),
            quantity=float(chance.randint(1, 10)),
            rank=rank_by_default(
                demand_id=index,
                starred=chance.random() < 0.1,
                received_for_it=False,
                needed=first + timedelta(days=chance.randrange(90)),
                ordered=first + timedelta(minutes=chance.randrange(100_000)),
            ),
        )
        for index in range(number)
    ]
    chance.shuffle(demands)
    return demands, pools, supplies


if __name__ == "__main__":
    main()
