"""Invoice shipments: time per invoice beside core's, and growing with their number.

Core makes one invoice for each order of one shipment; the add-on makes as many for half
as many orders of two shipments. Also: orders that keep Odoo's one invoice per order.
Every run rolls back. Runs with and without the add-on take turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tools import config

LINES = 3
RUNS = 5
FEWER = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=200)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    sys.exit(bool(bench(arguments.invoices, arguments.runs)))


def bench(invoices, runs):
    plain = prepare(os.environ["BM_PLAIN_TEMPLATE"], "invoicing_plain", invoices)
    ours = prepare(os.environ["BM_TEMPLATE"], "invoicing", invoices)
    cases = {
        "core, one shipment an order": (plain, "one", invoices, None),
        "ours, two shipments an order": (ours, "two", invoices // 2, "per_shipment"),
        "ours, a fifth of them": (ours, "two", invoices // 2 // FEWER, "per_shipment"),
        "core, two shipments an order": (plain, "two", invoices // 2, None),
        "ours, one invoice per order": (ours, "two", invoices // 2, "per_order"),
    }
    figures = {name: [] for name in cases}
    for case in cases.values():  # the first run warms caches up
        invoice(*case)
    for _run in range(runs):
        for name, case in cases.items():
            figures[name].append(invoice(*case))
    each = {}
    for name, measured in figures.items():
        each[name] = statistics.median(run[0] for run in measured)
        made = {run[1:] for run in measured}
        print(f"{name}: {each[name] * 1000:.1f} ms an invoice; {made}")
    core, two, fifth, core_order, per_order = each.values()
    # Core's time per line is part of both; the lines of an invoice are as many.
    return (
        row("time per invoice, times core", two / core, 1.1)
        + row("the same for five times as many, times linear", two / fifth, 1.1)
        + row("one invoice per order, times core", per_order / core_order, 1.1)
    )


def row(label, value, budget):
    """Print one figure beside its budget; true where it is over budget."""
    print(f"{'ok  ' if value <= budget else 'OVER'} {label}: {value:.2f} (<= {budget})")
    return value > budget


def prepare(template, name, invoices):
    """A copy of the template with shipped orders, by the front door."""
    database = f"{os.environ['BM_COPY_PREFIX']}_{name}"
    subprocess.run(["dropdb", "--if-exists", database], check=True, capture_output=True)
    subprocess.run(["createdb", "-T", template, database], check=True)
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        if not env.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", env.company)
        products = env["product.product"].create(
            [
                {
                    "name": f"Product {number}",
                    "is_storable": True,
                    "invoice_policy": "delivery",
                    "list_price": 10,
                }
                for number in range(LINES)
            ]
        )
        stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
        env["stock.quant"].create(
            [
                {
                    "product_id": product.id,
                    "location_id": stock.id,
                    "quantity": invoices * 10,
                }
                for product in products
            ]
        )
        ship(create_orders(env, products, "one", invoices, 1), [1])
        ship(create_orders(env, products, "two", invoices // 2, 2), [1, 1])
        cr.commit()
        cr.execute("ANALYZE")
        cr.commit()
    return database


def create_orders(env, products, name, number, quantity):
    partners = env["res.partner"].create(
        [{"name": f"Customer {index}"} for index in range(number)]
    )
    orders = env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "client_order_ref": name,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                    for product in products
                ],
            }
            for partner in partners
        ]
    )
    orders.action_confirm()
    return orders


def ship(orders, quantities):
    for quantity in quantities:
        pickings = orders.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        pickings.action_assign()
        pickings.move_ids.write({"quantity": quantity, "picked": True})
        pickings.with_context(skip_backorder=True).button_validate()
    orders.env.flush_all()


def invoice(database, name, number, mode):
    """Invoice as "Create Invoices" does for many orders, one for each.

    :return: seconds per invoice, number of invoices, quantity invoiced
    """
    with Registry(database).cursor() as cr:
        if mode:
            cr.execute("UPDATE sale_order SET shipment_invoicing = %s", [mode])
        env = api.Environment(cr, SUPERUSER_ID, {})
        orders = env["sale.order"].search(
            [("client_order_ref", "=", name)], order="id", limit=number
        )
        start = time.perf_counter()
        made = orders._create_invoices(grouped=True)
        env.flush_all()
        seconds = time.perf_counter() - start
        result = len(made), sum(orders.order_line.mapped("qty_invoiced"))
        cr.rollback()
    return seconds / result[0], *result


if __name__ == "__main__":
    main()
