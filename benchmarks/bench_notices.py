"""Tell 1,000 customers that their dates have changed, beside core's mails to as many.

1,000 customers have an order of 3 lines each, all of which are short; three arrivals of
each of 200 products are on their way. In every run all arrivals are put off by ten
days. Then ours looks for what there is to tell, bundles it, renders it, posts it on the
orders and queues the mails; core posts one of its own templates on as many orders. Both
commit after each customer, and take turns.

Receipts are validated with all notices switched on, and off, in turn.
"""

import argparse
import gc
import os
import statistics
import sys
import time

from bench_eta import TABLES, order_goods
from common import (
    create_products,
    create_quotations,
    environment,
    multiply,
    prepare,
    row,
)

from odoo.tools import SQL, config

PRODUCTS = 200
LINES = 3
BATCH = 200  # orders that are made by hand; the others are copies
RUNS = 5
RECEIPTS = 10
KINDS = ("confirmed", "shipped", "cancelled", "ready", "date", "waiting")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    database = prepare(
        os.environ["BM_TEMPLATE"],
        "notices",
        lambda env: fill(env, arguments.customers),
    )
    over = bench_receipts(database, RECEIPTS)
    over += bench_notices(database, arguments.customers, arguments.runs)
    sys.exit(bool(over))


def fill(env, customers):
    # Nothing is left to a scheduled action.
    env["ir.config_parameter"].set_param("backorder_management.queue_above", 10**9)
    create_products(env, PRODUCTS)
    create_quotations(env, BATCH, LINES).action_confirm()
    env.cr.flush()
    multiply(env.cr, customers // BATCH, TABLES)
    env.invalidate_all()
    partners = env["res.partner"].create(
        [
            {"name": f"Buyer {index}", "email": f"buyer{index}@example.com"}
            for index in range(customers)
        ]
    )
    orders = env["sale.order"].search([("state", "=", "sale")])
    assert len(orders) == len(partners)
    for order, partner in zip(orders, partners, strict=True):
        env.cr.execute(
            SQL(
                "UPDATE sale_order SET partner_id = %s, access_token = NULL"
                " WHERE id = %s",
                partner.id,
                order.id,
            )
        )
    env.invalidate_all()
    order_goods(env)
    env["backorder.demand"]._refresh_etas(env["product.product"].search([]).ids)
    switch(env, True)


def switch(env, on):
    env.company.write({f"backorder_tell_{kind}": on for kind in KINDS})


# ---------------------------------------------------------------------------- telling


def bench_notices(database, customers, runs):
    figures = {tell: [], post: []}
    for case in figures:  # the first run warms caches up
        measure(database, case, customers)
    for _run in range(runs):
        for case, measured in figures.items():
            measured.append(measure(database, case, customers))
    for case, measured in figures.items():
        print(f"{case.__name__} {customers}: {statistics.median(measured):.2f} s")
    ratio = statistics.median(
        ours / core for ours, core in zip(figures[tell], figures[post], strict=True)
    )
    return row("telling customers, times core's mails", ratio, 1.5)


def measure(database, case, customers):
    with environment(database) as env:
        put_off(env)
        env.cr.commit()
        gc.collect()
        mails = env["mail.mail"].search_count([])
        start = time.perf_counter()
        case(env)
        seconds = time.perf_counter() - start
        assert env["mail.mail"].search_count([]) - mails == customers
    return seconds


def put_off(env):
    """All arrivals come ten days later, and it is long since customers heard."""
    env.cr.execute(
        SQL(
            "UPDATE stock_move SET date = date + INTERVAL '10 days'"
            " WHERE picking_type_id = %s",
            env["stock.warehouse"].search([], limit=1).in_type_id.id,
        )
    )
    env.cr.execute("UPDATE backorder_notice SET told_at = told_at - INTERVAL '3 days'")
    env.invalidate_all()
    env["backorder.demand"]._refresh_etas(env["product.product"].search([]).ids)


def tell(env):
    env["backorder.notice"]._cron_tell_days()


def post(env):
    """A mail about each order, the way core confirms it, without the document."""
    template = env.ref("sale.mail_template_sale_confirmation")
    template.report_template_ids = False
    order_ids = env["sale.order"].search([("state", "=", "sale")]).ids
    orders = env["sale.order"].with_context(mail_notify_force_send=False)
    for order_id in order_ids:
        order = orders.browse(order_id)
        order.message_post_with_source(
            template,
            partner_ids=order.partner_id.ids,
            email_layout_xmlid="mail.mail_notification_light",
            subtype_xmlid="mail.mt_note",
        )
        env.cr.commit()


# ------------------------------------------------------------------------- receiving


def bench_receipts(database, runs):
    figures = {True: [], False: []}
    for on in figures:
        receive(database, on)
    for run in range(runs):
        for on in (True, False) if run % 2 else (False, True):
            figures[on].append(receive(database, on))
    ratio = statistics.median(
        told[0] / silent[0]
        for told, silent in zip(figures[True], figures[False], strict=True)
    )
    more = figures[True][0][1] - figures[False][0][1]
    seconds = statistics.median(run[0] for run in figures[False])
    print(f"validate a receipt of {PRODUCTS} products: {seconds:.2f} s without notices")
    over = row("validating a receipt with notices, times without", ratio, 1.05)
    return over + row("the same, more queries", more, 0)


def receive(database, on):
    """Seconds and queries; nothing is kept."""
    with environment(database) as env:
        switch(env, on)
        env.cr.flush()
        in_type = env["stock.warehouse"].search([], limit=1).in_type_id
        receipt = env["stock.picking"].search(
            [("picking_type_id", "=", in_type.id)], order="scheduled_date", limit=1
        )
        receipt.move_ids.picked = True
        env.cr.flush()
        gc.collect()
        queries, start = env.cr.sql_log_count, time.perf_counter()
        receipt.button_validate()
        env.cr.flush()
        result = time.perf_counter() - start, env.cr.sql_log_count - queries
        assert receipt.state == "done"
        env.cr.rollback()
    return result


if __name__ == "__main__":
    main()
