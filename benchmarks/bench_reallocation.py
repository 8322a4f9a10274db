"""Simulate a reallocation of many demands: beside reading them, and growing.

Orders of 5 lines want 2,000 products (fewer in the smaller databases, 50 demands each).
Half of what they want is reserved, one in ten is starred, some goods are free, and the
strategy may redistribute: what it decides moves reservations. Every run reads the
facts, plans, stores the proposal and rolls back. In turns with it the same demands are
read into Python with one SQL query. Core has no simulation; beside the smallest
database it reserves the same demands.
"""

import argparse
import os
import resource
import statistics
import sys
import time

from common import (
    create_products,
    create_quotations,
    environment,
    multiply,
    prepare,
    row,
)

from odoo import Command
from odoo.tools import config

LINES = 5
PER_PRODUCT = 50
RUNS = 5
TIMES = 25  # rows per order that was made by hand
TABLES = (
    "sale_order",
    "sale_order_line",
    "stock_reference",
    "stock_picking",
    "stock_move",
    "stock_move_line",
    "stock_reference_move_rel",
    "stock_reference_sale_rel",
    "backorder_demand",
)
READ = """
    SELECT d.move_id, d.product_id, d.location_id, m.product_qty, d.order_id,
           d.sale_line_id, d.partner_id, m.picking_id, d.warehouse_id, m.priority,
           d.date_needed, o.date_order, m.backorder_since, o.amount_untaxed,
           l.price_subtotal, l.product_uom_qty, o.picking_policy, m.picked, p.printed,
           ml.location_id, ml.lot_id, ml.package_id, ml.owner_id,
           ml.quantity_product_uom
      FROM backorder_demand d
      JOIN stock_move m ON m.id = d.move_id
      JOIN sale_order o ON o.id = d.order_id
      JOIN sale_order_line l ON l.id = d.sale_line_id
      LEFT JOIN stock_picking p ON p.id = m.picking_id
      LEFT JOIN stock_move_line ml ON ml.move_id = m.id
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--demands", type=int, nargs="*", default=[3000, 30_000, 100_000]
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    sys.exit(bool(bench(arguments.demands, arguments.runs)))


def bench(sizes, runs):
    over, seconds = False, {}
    for size in sizes:
        database = prepare(
            os.environ["BM_TEMPLATE"],
            f"reallocate_{size}",
            lambda env, size=size: fill(env, size),
        )
        simulate(database)  # the first run warms caches up
        pairs = [(read(database), simulate(database)) for _run in range(runs)]
        seconds[size] = statistics.median(run[0] for _read, run in pairs)
        [result] = {run[1:] for _read, run in pairs}
        reading = statistics.median(each for each, _run in pairs)
        print(
            f"{size} demands: read in {reading:.2f} s, simulated in"
            f" {seconds[size]:.2f} s; demands, gains, losses {result}"
        )
        ratio = statistics.median(run[0] / each for each, run in pairs)
        over |= row(f"simulating {size} demands, times reading them", ratio, 25)
    smallest, largest = min(sizes), max(sizes)
    core = reserve(database_of(smallest))
    print(f"core's _action_assign of the demands among {smallest}: {core:.2f} s")
    growth = seconds[largest] / largest / (seconds[smallest] / smallest)
    print(f"time for each demand of the most, times of the fewest: {growth:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return over | row("peak memory, GB", peak, 1)


def database_of(size):
    return f"{os.environ['BM_COPY_PREFIX']}_reallocate_{size}"


def fill(env, demands):
    env["ir.config_parameter"].set_param("backorder_management.queue_above", 10**9)
    create_products(env, demands // PER_PRODUCT)
    orders = create_quotations(env, demands // TIMES // LINES, LINES)
    stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
    wanted = env["sale.order.line"]._read_group(
        [("order_id", "in", orders.ids)], ["product_id"], ["product_uom_qty:sum"]
    )
    env["stock.quant"].create(
        [
            {
                "product_id": product.id,
                "location_id": stock.id,
                "quantity": max(1, quantity // 2),
            }
            for product, quantity in wanted
        ]
    )
    orders.action_confirm()
    env.cr.flush()
    multiply(env.cr, TIMES, TABLES)
    env.cr.execute(
        "UPDATE stock_quant SET quantity = quantity * %s + 5,"
        " reserved_quantity = reserved_quantity * %s WHERE location_id = %s",
        [TIMES, TIMES, stock.id],
    )
    env.cr.execute("UPDATE stock_move SET priority = '1' WHERE id % 10 = 0")
    env["backorder.strategy"].create(
        {
            "name": "Bench",
            "criterion_ids": [
                Command.create({"criterion": "star", "descending": True}),
                Command.create({"criterion": "date_needed"}),
                Command.create({"criterion": "order_date"}),
            ],
            "segment_ids": [Command.create({"outcome": "redistribute"})],
        }
    )


def read(database):
    with environment(database) as env:
        start = time.perf_counter()
        env.cr.execute(READ)
        env.cr.fetchall()
        return time.perf_counter() - start


def simulate(database):
    """:return: seconds, demands, gains, losses"""
    with environment(database) as env:
        strategy = env["backorder.strategy"].search([("name", "=", "Bench")])
        run = env["backorder.run"].create({"strategy_id": strategy.id})
        env.cr.flush()
        start = time.perf_counter()
        run.action_simulate()
        env.cr.flush()
        seconds = time.perf_counter() - start
        result = run.demand_count, run.gain_count, run.loss_count
        env.cr.rollback()
    return seconds, *result


def reserve(database):
    """Core's own routine on the demands that wait, without our gate."""
    from odoo.addons.stock.models.stock_move import StockMove

    with environment(database) as env:
        moves = env["stock.move"].search(
            [("state", "in", ("confirmed", "partially_available"))]
        )
        start = time.perf_counter()
        StockMove._action_assign(moves)
        env.flush_all()
        seconds = time.perf_counter() - start
        env.cr.rollback()
    return seconds


if __name__ == "__main__":
    main()
