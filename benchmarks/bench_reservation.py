"""Reserve waiting demands: beside core, and growing with their number.

1,000 orders of 3 lines each wait for 20 products; the stock that is there covers 60 %.
Every run reserves all of them, flushes, runs what the add-on does before a commit, and
rolls back. Runs with and without the add-on take turns. The log of changed states in
the chatter is off on both sides: it costs the same two queries per transfer with and
without the add-on.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random

import odoo
from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.tools import config

PRODUCTS = 20
LINES = 3
COVERED = 0.6
RUNS = 5
BATCH = 100  # orders that are made by hand; the others are copies
OFFSET = 1_000_000  # between the ids of a row and of its copy


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


# --------------------------------------------------------------------------- database


def bench_reservation(orders, runs):
    ours = prepare(os.environ["BM_TEMPLATE"], "reserve", orders)
    plain = prepare(os.environ["BM_PLAIN_TEMPLATE"], "reserve_plain", orders)
    many = prepare(os.environ["BM_TEMPLATE"], "reserve_many", orders * 10)
    figures = {ours: [], plain: [], many: []}
    reserve(ours), reserve(plain)  # noqa: B018 - the first run warms caches up
    for _run in range(runs):
        for database in figures:
            figures[database].append(reserve(database))
    seconds = {
        name: statistics.median(run[0] for run in runs)
        for name, runs in figures.items()
    }
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
        row("times as fast as core", seconds[plain] / seconds[ours], 12, at_least=True)
        + row("queries", queries[ours], 200)
        + row("time of 10 x the demands", seconds[many] / seconds[ours], 11)
        + (results[plain] != results[ours])
    )


def row(label, value, budget, *, at_least=False):
    """Print one figure beside its budget; true where it is over budget."""
    good = value >= budget if at_least else value <= budget
    sign = ">=" if at_least else "<="
    print(f"{'ok  ' if good else 'OVER'} {label}: {value:.2f} (budget {sign} {budget})")
    return not good


def prepare(template, name, orders):
    """A copy of the template with orders that wait, and goods that just came in."""
    database = f"{os.environ['BM_COPY_PREFIX']}_{name}"
    subprocess.run(["dropdb", "--if-exists", database], check=True, capture_output=True)
    subprocess.run(["createdb", "-T", template, database], check=True)
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        create_orders(env, BATCH)
        cr.commit()
        multiply(cr, orders // BATCH)
        put_stock(env)
        cr.commit()
    with odoo.sql_db.db_connect(database).cursor() as cr:
        cr.execute("ANALYZE")
        cr.commit()
    return database


def create_orders(env, number):
    """Confirmed orders, by the front door."""
    chance = Random(1)
    products = env["product.product"].create(
        [
            {"name": f"Product {index}", "is_storable": True, "list_price": 10}
            for index in range(PRODUCTS)
        ]
    )
    partners = env["res.partner"].create(
        [{"name": f"Customer {index}"} for index in range(50)]
    )
    orders = [
        {
            "partner_id": partners[index % 50].id,
            "order_line": [
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom_qty": chance.randint(1, 10),
                    }
                )
                for product in chance.sample(products, LINES)
            ],
        }
        for index in range(number)
    ]
    env["sale.order"].create(orders).action_confirm()
    env.cr.flush()


def multiply(cr, times):
    """Copy the orders and all that belongs to them, row by row.

    Confirming 10,000 orders would take most of an hour and measure nothing.
    """
    tables = ["sale_order", "sale_order_line", "stock_reference", "stock_picking"]
    tables += ["stock_move", "stock_reference_move_rel", "stock_reference_sale_rel"]
    tables.append("backorder_demand")
    tables = [table for table in tables if columns_of(cr, table)]
    for table in tables:
        copy_rows(cr, table, times, tables)
    for table in tables:
        if "id" in columns_of(cr, table):
            cr.execute(
                f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"
            )


def copy_rows(cr, table, times, tables):
    cr.execute(
        """
        SELECT a.attname, c.confrelid::regclass::text
          FROM pg_constraint c
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'f' AND c.conrelid = %s::regclass
        """,
        [table],
    )
    moved = {column for column, target in cr.fetchall() if target in tables} | {"id"}
    columns = columns_of(cr, table)
    values = [
        f'"{column}" + n * {OFFSET}'
        if column in moved
        else f"\"{column}\" || '-' || n"
        if column == "name" and table in ("sale_order", "stock_picking")
        else f'"{column}"'
        for column in columns
    ]
    names = ", ".join(f'"{column}"' for column in columns)
    cr.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)}"
        f" FROM {table}, generate_series(1, {times - 1}) n ORDER BY n"
    )


def columns_of(cr, table):
    cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY 1",
        [table],
    )
    return [column for (column,) in cr.fetchall()]


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
    env.cr.flush()


def reserve(database):
    """Reserve all that waits.

    :return: seconds in all, queries in all, seconds and queries of `_action_assign`
        alone, moves reserved, quantity reserved
    """
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        moves = env["stock.move"].search(
            [("state", "in", ("confirmed", "partially_available"))],
            order="priority desc, date, id",
        )
        queries, start = cr.sql_log_count, time.perf_counter()
        moves._action_assign()
        own_seconds = time.perf_counter() - start
        own_queries = cr.sql_log_count - queries
        cr.flush()
        seconds, queries = time.perf_counter() - start, cr.sql_log_count - queries
        assigned = len(moves.filtered(lambda move: move.state == "assigned"))
        quantity = round(sum(moves.mapped("quantity")), 2)
        cr.rollback()
    return seconds, queries, own_seconds, own_queries, assigned, quantity


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
