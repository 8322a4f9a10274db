"""Install on years of orders: 100,000 open lines, half-delivered ones among them.

A database without the add-on gets some orders by the front door (open, half delivered,
delivered, invoiced), which are then copied row by row. The add-on is installed by
Odoo's own command, and a sample of the figures is compared with what they must be.
Then the first page of the list of short lines is read in that database, beside core's
own list of order lines; and at last the add-on is uninstalled, and Odoo still works.
"""

import argparse
import os
import statistics
import subprocess
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

from odoo.modules.registry import Registry
from odoo.tools import config

LINES = 5
SEED = 200  # orders made by the front door; a third each open, half done and done
PAGE = 80
RUNS = 15
TABLES = (
    "sale_order",
    "sale_order_line",
    "stock_reference",
    "stock_picking",
    "stock_move",
    "stock_move_line",
    "stock_reference_move_rel",
    "stock_reference_sale_rel",
    "stock_move_move_rel",
    "account_move",
    "account_move_line",
    "sale_order_line_invoice_rel",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    lines = parser.parse_args().lines
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    database = prepare(
        os.environ["BM_PLAIN_TEMPLATE"], "install", lambda env: fill(env, lines)
    )
    expected = count(database)
    print(f"{expected['lines']} lines, {expected['open']} of them open")
    seconds = odoo_command(database, "-i", "backorder_management")
    print(f"installed in {seconds:.0f} s")
    over = row("minutes to install", seconds / 60, 10)
    over += check(database, expected)
    over += bench_lists(database)
    over += uninstall(database)
    sys.exit(bool(over))


def fill(env, lines):
    """Orders in thirds: delivered, half delivered, and open; the first two invoiced."""
    env["account.chart.template"].try_loading("generic_coa", env.company)
    stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
    products = create_products(env, 200)
    products.invoice_policy = "delivery"
    orders = create_quotations(env, SEED, LINES)
    third = SEED // 3
    delivered = orders[: third * 2]
    env["stock.quant"].create(
        [
            {"product_id": product.id, "location_id": stock.id, "quantity": 1000}
            for product in products
        ]
    )
    delivered.action_confirm()
    ship(delivered[:third].picking_ids)
    ship(delivered[third:].picking_ids, part=0.5)
    delivered.picking_ids.filtered(lambda p: p.state != "done").do_unreserve()
    delivered._create_invoices().action_post()
    # from here on nothing is left
    env["stock.quant"].search([("location_id", "=", stock.id)]).quantity = 0
    orders[third * 2 :].action_confirm()
    env.cr.flush()
    open_lines = env["sale.order.line"].search_count(
        [("move_ids.state", "in", ("confirmed", "partially_available", "assigned"))]
    )
    times = -(-lines // open_lines)
    multiply(env.cr, times, TABLES)


def ship(pickings, part=1.0):
    for move in pickings.move_ids:
        move.quantity = int(move.product_uom_qty * part)
        move.picked = bool(move.quantity)
    pickings.with_context(skip_backorder=True).button_validate()


def count(database):
    with environment(database) as env:
        env.cr.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE open.qty > 0),
                   sum(open.qty), count(*) FILTER (WHERE l.qty_delivered > 0),
                   sum(l.qty_invoiced)
              FROM sale_order_line l
              LEFT JOIN LATERAL (
                    SELECT sum(product_qty) AS qty FROM stock_move m
                     WHERE m.sale_line_id = l.id
                       AND m.state NOT IN ('done', 'cancel', 'draft')) open ON true
            """
        )
        lines, open_lines, quantity, delivered, invoiced = env.cr.fetchone()
    return {
        "lines": lines,
        "open": open_lines,
        "quantity": quantity,
        "delivered": delivered,
        "invoiced": invoiced,
    }


def odoo_command(database, *arguments):
    start = time.perf_counter()
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import odoo.cli; odoo.cli.main()",
            *("-c", os.environ["BM_CONFIG"], "-d", database, *arguments),
            *("--stop-after-init", "--max-cron-threads=0", "--log-level=warn"),
        ],
        check=True,
    )
    seconds = time.perf_counter() - start
    Registry.delete(database)  # what this process knows of the database is outdated
    return seconds


def check(database, expected):
    """All that is open is short, as nothing is in stock; nothing was sent."""
    with environment(database) as env:
        env.cr.execute(
            """
            SELECT count(*) FILTER (WHERE qty_backordered > 0), sum(qty_backordered)
              FROM sale_order_line
            """
        )
        found = env.cr.fetchone()
        env.cr.execute("SELECT count(*) FROM backorder_demand WHERE qty_short > 0")
        rows = env.cr.fetchone()[0]
        env.cr.execute(
            "SELECT count(DISTINCT sale_line_id), sum(quantity)"
            " FROM backorder_shipment_link"
        )
        matched = env.cr.fetchone()
        mails = env["mail.mail"].search_count([])
    print(f"matched with shipments: {matched[0]} lines, quantity {matched[1]}")
    good = (
        found == (expected["open"], expected["quantity"])
        and rows == expected["open"]
        and matched == (expected["delivered"], expected["invoiced"])
        and not mails
    )
    print(f"{'ok  ' if good else 'BAD '} short lines and quantity {found}, rows {rows}")
    return not good


def bench_lists(database):
    """First page of the short lines beside core's list of order lines."""
    over = 0
    with environment(database) as env:
        env.cr.execute("ANALYZE")
        for label, domain, group in (
            ("filtered", [("qty_short", ">", 0)], None),
            ("grouped by product", [("qty_short", ">", 0)], "product_id"),
            ("grouped by customer", [("qty_short", ">", 0)], "partner_id"),
        ):
            core_group = {"partner_id": "order_partner_id"}.get(group, group)
            ours, core = [], []
            for _run in range(RUNS):  # beside each other, not minutes apart
                ours.append(read_page(env, "backorder.demand", domain, group, OURS))
                core.append(
                    read_page(
                        env,
                        "sale.order.line",
                        [("state", "=", "sale")],
                        core_group,
                        CORE,
                    )
                )
            ratio = statistics.median(
                mine / theirs for mine, theirs in zip(ours, core, strict=True)
            )
            print(f"{label}: core {statistics.median(core) * 1000:.0f} ms")
            over += row(f"first page of short lines, {label}, times core", ratio, 1.2)
    return over


OURS = (
    "order_id",
    "partner_id",
    "product_id",
    "date_needed",
    "qty_open",
    "qty_allocated",
    "qty_short",
    "product_uom_id",
    "state",
    "reason",
)
CORE = (
    "order_id",
    "order_partner_id",
    "product_id",
    "name",
    "product_uom_qty",
    "qty_delivered",
    "qty_invoiced",
    "product_uom_id",
    "price_unit",
    "price_subtotal",
)


def read_page(env, model, domain, group, names):
    """Seconds of what the web client asks for a list."""
    specification = {
        name: {"fields": {"display_name": {}}}
        if env[model]._fields[name].type == "many2one"
        else {}
        for name in names
    }
    env.invalidate_all()
    start = time.perf_counter()
    if group:
        env[model].web_read_group(domain, [group], ["__count"], limit=PAGE)
    else:
        env[model].web_search_read(domain, specification, limit=PAGE)
    return time.perf_counter() - start


def uninstall(database):
    """Odoo works on as if the add-on had never been there."""
    with environment(database) as env:
        module = env["ir.module.module"].search([("name", "=", "backorder_management")])
        module.button_immediate_uninstall()
    with environment(database) as env:
        gone = "backorder.demand" not in env
        picking = env["stock.picking"].search([("state", "=", "confirmed")], limit=1)
        line = picking.move_ids[:1]
        env["stock.quant"]._update_available_quantity(
            line.product_id, line.location_id, line.product_qty
        )
        picking.action_assign()
        env.cr.flush()
        works = line.state == "assigned"
        env.cr.rollback()
    print(f"{'ok  ' if gone and works else 'BAD '} uninstalled, Odoo works on")
    return not (gone and works)


if __name__ == "__main__":
    main()
