"""Confirm orders and validate deliveries with goods at hand: beside plain Odoo.

100 orders of 3 lines each, 20 products, plenty of stock. Confirming and validating are
timed with the flush and all that happens before a commit, then rolled back or kept for
the next step. Runs with and without the add-on take turns, also in who comes first;
there are many, as single ones differ by a third on a machine that others use, too.
Queries are counted per order.
"""

import gc
import os
import statistics
import sys
import time

from common import create_quotations, environment, fill_stock, prepare, row

from odoo.tools import config

ORDERS = 100
RUNS = 15


def main():
    config.parse_config(["-c", os.environ["BM_CONFIG"], "--log-level=warn"])
    ours = prepare(os.environ["BM_TEMPLATE"], "overhead", fill)
    plain = prepare(os.environ["BM_PLAIN_TEMPLATE"], "overhead_plain", fill)
    over = 0
    for label, batch in (("one by one", 1), ("all at once", ORDERS)):
        figures = {ours: [], plain: []}
        for database in figures:
            measure(database, batch)  # the first run warms caches up
        for run in range(RUNS):
            for database in (ours, plain) if run % 2 else (plain, ours):
                figures[database].append(measure(database, batch))
        over += report(label, figures[ours], figures[plain])
    sys.exit(bool(over))


def fill(env):
    fill_stock(env, products=20, quantity=100_000)
    create_quotations(env, ORDERS, lines=3)


def measure(database, batch):
    """Confirm, then deliver: seconds and queries of each."""
    with environment(database) as env:
        orders = env["sale.order"].search([("state", "=", "draft")], order="id")
        confirmed = timed(env, orders, batch, lambda part: part.action_confirm())
        pickings = orders.picking_ids.sorted("id")
        assert len(pickings) == ORDERS and set(pickings.mapped("state")) == {"assigned"}
        validated = timed(env, pickings, batch, lambda part: part.button_validate())
        assert set(pickings.mapped("state")) == {"done"}
        env.cr.rollback()
    return confirmed, validated


def timed(env, records, batch, action):
    gc.collect()  # what was left over is not this run's
    queries, start = env.cr.sql_log_count, time.perf_counter()
    for index in range(0, len(records), batch):
        action(records[index : index + batch])
        env.cr.flush()  # what a commit does first
    return time.perf_counter() - start, env.cr.sql_log_count - queries


def report(label, ours, plain):
    over = 0
    for index, step in enumerate(("confirm", "validate")):
        ratio = statistics.median(
            mine[index][0] / theirs[index][0]
            for mine, theirs in zip(ours, plain, strict=True)
        )
        more = (ours[0][index][1] - plain[0][index][1]) / ORDERS
        seconds = statistics.median(run[index][0] for run in plain)
        print(f"{step} {ORDERS} orders {label}: core {seconds:.2f} s")
        over += row(f"{step}, {label}, times core", ratio, 1.10)
        over += row(f"{step}, {label}, more queries per order", more, 2)
    return over


if __name__ == "__main__":
    main()
