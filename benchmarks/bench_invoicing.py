"""Invoice shipments: time per invoice beside core's, and growing with their number.

Core makes one invoice for each order of one shipment; the add-on makes as many for half
as many orders of two shipments. Also: orders that keep Odoo's one invoice per order,
and one order of very many shipments that are invoiced late, beside one of fewer.
Every run rolls back. Runs with and without the add-on take turns. The databases have a
past of paid invoices: without any, PostgreSQL looks for the payments of an invoice in a
way that takes ten times as long as all the rest, with the add-on or without.
"""

import argparse
import os
import statistics
import sys
import time

from common import environment, fill_stock, prepare, row, vacuum

from odoo.fields import Command
from odoo.tools import config

LINES = 3
RUNS = 5
FEWER = 5
# Shipments of one order: as many invoices as one order in ten would have.
PART = 10
PAST = 200
# What a run leaves behind when it is rolled back: that of both, and what just the
# add-on writes.
TABLES = (
    "account_move",
    "account_move_line",
    "mail_message",
    "sale_order",
    "sale_order_line",
)
OWN_TABLES = ("backorder_shipment_link", "stock_picking")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    sys.exit(bool(bench(arguments.invoices, arguments.runs)))


def bench(invoices, runs):
    with_addon, without = os.environ["BM_TEMPLATE"], os.environ["BM_PLAIN_TEMPLATE"]
    plain = prepare(without, "invoicing_plain", lambda env: fill(env, invoices))
    ours = prepare(with_addon, "invoicing", lambda env: fill(env, invoices))
    cases = {
        "core, one shipment an order": (plain, "one", invoices, None),
        "ours, two shipments an order": (ours, "two", invoices // 2, "per_shipment"),
        "ours, a fifth of them": (ours, "two", invoices // 2 // FEWER, "per_shipment"),
        "core, two shipments an order": (plain, "two", invoices // 2, None),
        "ours, one invoice per order": (ours, "two", invoices // 2, "per_order"),
        "ours, one order of many shipments": (ours, "many", 1, "per_shipment"),
        "ours, one order of a fifth of them": (ours, "fewer", 1, "per_shipment"),
    }
    figures = {name: [] for name in cases}
    for case in cases.values():  # the first run warms caches up
        invoice(*case)
    for _run in range(runs):
        for name, case in cases.items():
            figures[name].append(invoice(*case))
    for name, measured in figures.items():
        each = statistics.median(run[0] for run in measured)
        made = {run[1:] for run in measured}
        print(f"{name}: {each * 1000:.1f} ms an invoice; {made}")
    core, two, fifth, core_order, per_order, many, fewer = figures.values()
    # Core's time per line is part of both; the lines of an invoice are as many.
    return (
        row("time per invoice, times core", compare(two, core), 1.1)
        + row("the same for five times as many, times linear", compare(two, fifth), 1.1)
        + row("one order of five times as many", compare(many, fewer), 1.1)
        + row("one invoice per order, times core", compare(per_order, core_order), 1.1)
    )


def compare(figures, others):
    """Median ratio of runs that were made one after the other."""
    return statistics.median(
        one[0] / other[0] for one, other in zip(figures, others, strict=True)
    )


def fill(env, invoices):
    """Shipped orders, by the front door."""
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company)
    fill_stock(env, LINES, invoices * 10)
    products = env["product.product"].search([("name", "like", "Product ")])
    products.invoice_policy = "delivery"
    pay(create_orders(env, products, "past", PAST, 1))
    ship(create_orders(env, products, "one", invoices, 1), [1])
    ship(create_orders(env, products, "two", invoices // 2, 2), [1, 1])
    for name, number in (("many", invoices // PART), ("fewer", invoices // PART // 5)):
        ship(create_orders(env, products, name, 1, number), [1] * number)


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


def pay(orders):
    """Ship, invoice and pay for orders."""
    ship(orders, [1])
    invoices = orders._create_invoices()
    invoices.action_post()
    orders.env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoices.ids
    ).create({})._create_payments()
    orders.env.flush_all()


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
    vacuum(database, TABLES + (OWN_TABLES if mode else ()))
    with environment(database) as env:
        if mode:
            env.cr.execute("UPDATE sale_order SET shipment_invoicing = %s", [mode])
        orders = env["sale.order"].search(
            [("client_order_ref", "=", name)], order="id", limit=number
        )
        start = time.perf_counter()
        made = orders._create_invoices(grouped=True)
        env.cr.flush()
        seconds = time.perf_counter() - start
        result = len(made), sum(orders.order_line.mapped("qty_invoiced"))
        env.cr.rollback()
    return seconds / result[0], *result


if __name__ == "__main__":
    main()
