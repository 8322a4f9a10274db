"""One of several scheduled actions that tell the same customers at the same time.

Started by `test_notices_concurrency.py`; not a test, and never imported by Odoo.

    concurrent_notices.py CONFIG DATABASE prepare     as many orders as customers
    concurrent_notices.py CONFIG DATABASE tell        once a line has been read
    concurrent_notices.py CONFIG DATABASE choose      the same

Each says when it is ready.
"""

import sys

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

CUSTOMERS = 20


def main():
    config_file, database, command = sys.argv[1:]
    config.parse_config(["-c", config_file, "--log-level=critical"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        {"prepare": prepare, "tell": tell, "choose": choose}[command](env)
        # a process of its own, as the test needs several
        cr.commit()  # pylint: disable=invalid-commit


def prepare(env):
    env.company.backorder_tell_confirmed = True
    policy = env["backorder.policy"].create(
        {"name": "Choose", "choice_cancel": True, "choice_effect": "at_once"}
    )
    product = env["product.product"].create({"name": "Vase", "is_storable": True})
    partners = env["res.partner"].create(
        [
            {"name": f"Customer {number}", "email": f"c{number}@example.com"}
            for number in range(CUSTOMERS)
        ]
    )
    orders = env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "backorder_policy_id": policy.id,
                "order_line": [(0, 0, {"product_id": product.id})],
            }
            for partner in partners
        ]
    )
    orders.action_confirm()


def wait():
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def tell(env):
    wait()
    env["backorder.notice"]._cron_tell()


def choose(env):
    """The first order's customer presses the button."""
    line = env["sale.order.line"].search(
        [("product_id.name", "=", "Vase")], limit=1, order="id"
    )
    fingerprint = line._get_choice_fingerprint()
    wait()
    try:
        line._choose("cancel", fingerprint, line.order_id.partner_id, "page")
    except UserError as error:
        env.cr.rollback()
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    main()
