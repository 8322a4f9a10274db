"""One of several processes that receive, ship, cancel and reallocate all at once.

Started by `test_runs_concurrency.py`; not a test, and never imported by Odoo.

    concurrent_runs.py CONFIG DATABASE prepare
    concurrent_runs.py CONFIG DATABASE work SEED SECONDS
    concurrent_runs.py CONFIG DATABASE queue RUNS     many runs for the queue
    concurrent_runs.py CONFIG DATABASE cron           work on the queue, slowly
    concurrent_runs.py CONFIG DATABASE simulate_later
    concurrent_runs.py CONFIG DATABASE repair         Odoo's own check of reservations

Each piece of work is one request: begun anew like Odoo's server does when another
transaction was in the way, and committed.
"""

import sys
import time
from collections import Counter
from random import Random

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config

PRODUCTS = 8
THINKING = 1.0  # seconds at most between two requests of a user


def main():
    config_file, database, command, *arguments = sys.argv[1:]
    config.parse_config(["-c", config_file, "--log-level=critical"])
    registry = Registry(database)
    if command == "work":
        work(registry, int(arguments[0]), float(arguments[1]))
        return
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        if command == "prepare":
            prepare(env)
        elif command == "queue":
            queue(env, int(arguments[0]))
        elif command == "simulate_later":
            simulate_later(env)
        elif command == "repair":
            repair(env)
        elif command == "cron_late":
            cron_late(env)
        else:
            tell("ready")
            work_on_queue(env)
        # processes of their own, as the test needs several
        cr.commit()  # pylint: disable=invalid-commit


def prepare(env):
    """Some products, some stock, some orders, and a strategy that may redistribute."""
    products = env["product.product"].create(
        [
            {"name": f"Contested {index}", "is_storable": True}
            for index in range(PRODUCTS)
        ]
    )
    warehouse = env["stock.warehouse"].search([], limit=1)
    env["stock.quant"].create(
        [
            {
                "product_id": product.id,
                "location_id": warehouse.lot_stock_id.id,
                "quantity": 20,
            }
            for product in products
        ]
    )
    env.company.backorder_strategy_id = env["backorder.strategy"].create(
        {
            "name": "Contested",
            "criterion_ids": [
                (0, 0, {"criterion": "star", "descending": True}),
                (0, 0, {"criterion": "order_date"}),
            ],
            "segment_ids": [(0, 0, {"outcome": "redistribute"})],
        }
    )
    chance = Random(1)
    for _index in range(20):
        order(env, products, chance)


def order(env, products, chance):
    lines = chance.sample(list(products), chance.randint(1, 2))
    made = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].search([], limit=1).id,
            "picking_policy": chance.choice(["direct", "direct", "one"]),
            "order_line": [
                (
                    0,
                    0,
                    {
                        "product_id": product.id,
                        "product_uom_qty": chance.randint(1, 9),
                    },
                )
                for product in lines
            ],
        }
    )
    made.action_confirm()
    if chance.random() < 0.3:
        made.picking_ids.move_ids.priority = "1"


def work(registry, seed, seconds):
    """Any of it, in any order, until the time is over."""
    chance, done = Random(seed), Counter()
    end = time.monotonic() + seconds
    jobs = (
        do_order,
        do_receive,
        do_receive,
        do_expect,
        do_receive_part,
        do_pin,
        do_pin,
        do_unpin,
        do_ship,
        do_ship,
        do_work_on_queue,
        do_cancel,
        do_simulate,
        do_apply,
        do_undo,
    )
    while time.monotonic() < end:
        job = chance.choice(jobs)
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

            def attempt(env=env, job=job):
                done["attempts"] += 1
                job(env, chance)

            try:
                retrying(attempt, env)  # and commit
                done[job.__name__] += 1
            except UserError as error:
                # what a run refuses because facts changed is an answer, not an error
                cr.rollback()
                known = (
                    "can be applied any more",
                    "changes nothing",
                    "can be put back",
                    "is just working on",
                    "is just dividing",
                    "has already been",
                    "must not ship",  # what it may not go without went elsewhere
                )
                if not any(text in str(error) for text in known):
                    raise
                done["refused"] += 1
        time.sleep(chance.uniform(0, THINKING))
    tell(*(f"{name}={count}" for name, count in sorted(done.items())))


def get_products(env):
    return env["product.product"].search([("name", "like", "Contested %")])


def do_order(env, chance):
    order(env, get_products(env), chance)


def do_expect(env, chance):
    product = chance.choice(list(get_products(env)))
    picking_type = env["stock.warehouse"].search([], limit=1).in_type_id
    source = env.ref("stock.stock_location_suppliers")
    receipt = env["stock.picking"].create(
        {
            "picking_type_id": picking_type.id,
            "location_id": source.id,
            "location_dest_id": picking_type.default_location_dest_id.id,
            "move_ids": [
                (
                    0,
                    0,
                    {
                        "product_id": product.id,
                        "product_uom_qty": chance.randint(1, 9),
                        "location_id": source.id,
                        "location_dest_id": picking_type.default_location_dest_id.id,
                    },
                )
            ],
        }
    )
    receipt.action_confirm()
    return receipt


def do_receive(env, chance):
    receipt = do_expect(env, chance)
    receipt.move_ids.picked = True
    receipt.button_validate()


def do_receive_part(env, chance):
    """What was expected comes, most of the time not all of it, or never."""
    receipts = env["stock.picking"].search(
        [("picking_type_code", "=", "incoming"), ("state", "=", "assigned")], limit=5
    )
    receipt = receipts.filtered(
        lambda each: each.move_ids.product_id in get_products(env)
    )[:1]
    if not receipt:
        return
    move = receipt.move_ids
    comes = chance.randint(0, int(move.product_uom_qty))
    if not comes:
        receipt.action_cancel()
        return
    move.quantity = comes
    move.picked = True
    receipt.with_context(skip_backorder=True).button_validate()


def get_open_lines(env):
    products = get_products(env)
    demands = env["backorder.demand"].search(
        [("product_id", "in", products.ids)], order="id desc", limit=20
    )
    return demands.sale_line_id


def do_pin(env, chance):
    if lines := get_open_lines(env):
        chance.choice(list(lines))._pin("promised by phone")


def do_unpin(env, chance):
    if lines := get_open_lines(env).filtered("backorder_pinned"):
        chance.choice(list(lines)).action_unpin()


def pick_delivery(env, chance, states):
    deliveries = env["stock.picking"].search(
        [("sale_id", "!=", False), ("state", "in", states)], limit=40
    )
    return deliveries and chance.choice(list(deliveries))


def do_work_on_queue(env, chance):
    """A scheduled action comes; half of the time receipts leave all to it."""
    env.company.backorder_on_receipt = chance.choice(["queued", "at_once"])
    env.cr.commit()  # pylint: disable=invalid-commit
    env["backorder.run"]._cron_work()


def do_ship(env, chance):
    delivery = pick_delivery(env, chance, ("assigned",))
    if delivery and any(delivery.move_ids.mapped("quantity")):
        delivery.with_context(skip_backorder=True).button_validate()


def do_cancel(env, chance):
    delivery = pick_delivery(env, chance, ("assigned", "confirmed"))
    if delivery and chance.random() < 0.3:
        delivery.action_cancel()


def do_simulate(env, chance):
    products = get_products(env)
    run = env["backorder.run"].create(
        {"product_ids": chance.sample(products.ids, chance.randint(1, PRODUCTS))}
    )
    run.action_simulate()


def do_apply(env, chance):
    """Somebody looks at the newest proposals and takes one."""
    runs = env["backorder.run"].search([("state", "=", "proposed")], limit=3)
    if runs:
        chance.choice(list(runs)).action_apply()


def do_undo(env, chance):
    runs = env["backorder.run"].search(
        [("state", "=", "applied"), ("trigger", "=", "user")], limit=3
    )
    if runs and chance.random() < 0.5:
        chance.choice(list(runs)).action_undo()


def queue(env, number):
    """Runs that have something to do, one product each."""
    env["stock.picking"].search(
        [("sale_id", "!=", False), ("state", "not in", ("done", "cancel"))]
    ).do_unreserve()
    products = get_products(env)
    runs = env["backorder.run"].create(
        [{"product_ids": products[index % PRODUCTS].ids} for index in range(number)]
    )
    runs.queued = True


def repair(env):
    """Tell what Odoo's nightly check of reservations would change."""
    quants = env["stock.quant"]
    quants._merge_quants()  # as it does before
    env.invalidate_all()

    def read():
        env.flush_all()
        return {
            (quant.id, quant.product_id.name, quant.reserved_quantity)
            for quant in quants.search([("product_id", "in", get_products(env).ids)])
        }

    before = read()
    quants._clean_reservations()
    tell(*sorted(before ^ read()))


def cron_late(env):
    """Begin before another process changes the runs, and work on them afterwards."""
    env["backorder.run"].search([]).mapped("queued")
    tell("ready")
    sys.stdin.readline()
    env["backorder.run"]._cron_work()


def simulate_later(env):
    try:
        run = env["backorder.run"].search([("queued", "=", True)], limit=1)
        run.action_simulate_later()
    except UserError as error:
        tell(error)
    else:
        tell("done")


def work_on_queue(env):
    """Half a second for each run, so that there is time to be killed in its middle."""
    run_class = env.registry["backorder.run"]
    apply = run_class._apply

    def slow(self):
        apply(self)
        self.env.flush_all()
        time.sleep(0.5)

    run_class._apply = slow
    env["backorder.run"]._cron_work()


def tell(*words):
    """Answer the test that started this process."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
