"""One of several scheduled actions that tell the same customers at the same time.

Started by `test_notices_concurrency.py`; not a test, and never imported by Odoo.

    concurrent_notices.py CONFIG DATABASE prepare     as many orders as customers
    concurrent_notices.py CONFIG DATABASE tell        once a line has been read

Each says when it is ready.
"""

import sys

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

CUSTOMERS = 20


def main():
    config_file, database, command = sys.argv[1:]
    config.parse_config(["-c", config_file, "--log-level=critical"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        {"prepare": prepare, "tell": tell}[command](env)
        # a process of its own, as the test needs several
        cr.commit()  # pylint: disable=invalid-commit


def prepare(env):
    env.company.backorder_tell_confirmed = True
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
                "order_line": [(0, 0, {"product_id": product.id})],
            }
            for partner in partners
        ]
    )
    orders.action_confirm()


def tell(env):
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    env["backorder.notice"]._cron_tell()


if __name__ == "__main__":
    main()
