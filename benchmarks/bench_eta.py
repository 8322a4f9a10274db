"""Find again when what is short can be there, beside core's forecast of the same moves.

10,000 lines of 500 products are short, and three arrivals are on their way for each
product. In every run the dates of all arrivals change; then ours finds the new days and
stores what has changed, on lines, orders and deliveries, and core computes its
forecast, which it does not store, of the same moves. They take turns; each run rolls
back.
"""

import argparse
import gc
import os
import statistics
import sys
import time
from datetime import timedelta

from common import (
    create_products,
    create_quotations,
    environment,
    multiply,
    prepare,
    row,
)

from odoo import fields
from odoo.fields import Command
from odoo.sql_db import db_connect
from odoo.tools import SQL, config

PRODUCTS = 500
LINES = 5
RUNS = 5
BATCH = 200  # orders that are made by hand; the others are copies
ARRIVALS = 3
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    sys.exit(bool(bench(arguments.lines, arguments.runs)))


def bench(lines, runs):
    template = os.environ["BM_TEMPLATE"]
    database = prepare(template, "eta", lambda env: fill(env, lines // LINES))
    figures = {refresh: [], forecast: []}
    for case in figures:  # the first run warms caches up
        measure(database, case)
    for _run in range(runs):
        for case, measured in figures.items():
            measured.append(measure(database, case))
    for case, measured in figures.items():
        seconds = statistics.median(run[0] for run in measured)
        print(f"{case.__name__}: {seconds:.2f} s; {[run[1:] for run in measured][0]}")
    ratio = statistics.median(
        ours[0] / core[0]
        for ours, core in zip(figures[refresh], figures[forecast], strict=True)
    )
    return row("refreshing expected days, times core's forecast", ratio, 1)


def fill(env, orders):
    # Nothing is left to a scheduled action.
    env["ir.config_parameter"].set_param("backorder_management.queue_above", 10**9)
    create_products(env, PRODUCTS)
    create_quotations(env, BATCH, LINES).action_confirm()
    env.cr.flush()
    multiply(env.cr, orders // BATCH, TABLES)
    env.invalidate_all()
    order_goods(env)
    env["backorder.demand"]._refresh_etas(env["product.product"].search([]).ids)


def order_goods(env):
    """Three arrivals of a third of what is short of each product, a week between."""
    warehouse = env["stock.warehouse"].search([], limit=1)
    supplier = env.ref("stock.stock_location_suppliers")
    wanted = env["backorder.demand"]._read_group([], ["product_id"], ["qty_short:sum"])
    now = fields.Datetime.now()
    for week in range(1, ARRIVALS + 1):
        env["stock.picking"].create(
            {
                "picking_type_id": warehouse.in_type_id.id,
                "location_id": supplier.id,
                "location_dest_id": warehouse.lot_stock_id.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity // ARRIVALS + 1,
                            "date": now + timedelta(weeks=week),
                            "location_id": supplier.id,
                            "location_dest_id": warehouse.lot_stock_id.id,
                        }
                    )
                    for product, quantity in wanted
                ],
            }
        ).action_confirm()


def measure(database, case):
    clean_up(database)
    with environment(database) as env:
        products = env["backorder.demand"].search([]).product_id
        moves = env["backorder.demand"].search([]).move_id
        env.cr.execute(
            SQL(
                "UPDATE stock_move SET date = date + INTERVAL '3 days'"
                " WHERE picking_type_id = %s",
                env["stock.warehouse"].search([], limit=1).in_type_id.id,
            )
        )
        env.invalidate_all()
        start = time.perf_counter()
        result = case(env, products, moves)
        seconds = time.perf_counter() - start
        env.cr.rollback()
    return seconds, *result


def refresh(env, products, moves):
    env["backorder.demand"]._refresh_etas(products.ids)
    env.cr.execute("SELECT COUNT(*), COUNT(eta) FROM backorder_demand")
    return env.cr.fetchone()


def forecast(env, products, moves):
    moves._compute_forecast_information()
    return len(moves), len(moves.filtered("forecast_expected_date"))


def clean_up(database):
    gc.collect()
    with db_connect(database).cursor() as cr:
        cr._cnx.rollback()
        cr._cnx.autocommit = True
        cr.execute("VACUUM")


if __name__ == "__main__":
    main()
