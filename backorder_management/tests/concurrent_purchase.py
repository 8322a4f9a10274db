"""Somebody who moves a purchase while a colleague is saving the order it is for.

Started by `test_eta_concurrency.py`; not a test, and never imported by Odoo.

    concurrent_purchase.py CONFIG DATABASE prepare
    concurrent_purchase.py CONFIG DATABASE put_off PURCHASE_ID
    concurrent_purchase.py CONFIG DATABASE refresh

Answers with ids of order and purchase, or with the seconds it took.
"""

import sys
import time
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


def main():
    config_file, database, command, *arguments = sys.argv[1:]
    config.parse_config(["-c", config_file, "--log-level=critical"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        answer = {"prepare": prepare, "put_off": put_off, "refresh": refresh}
        words = answer[command](env, *map(int, arguments))
        # a process of its own, as the test needs two
        cr.commit()  # pylint: disable=invalid-commit
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def prepare(env):
    """Ten are sold, and come in five days."""
    env.company.resource_calendar_id = False
    warehouse = env["stock.warehouse"].search([], limit=1)
    product = env["product.product"].create({"name": "Awaited", "is_storable": True})
    partner = env["res.partner"].create({"name": "Vendor and Customer"})
    purchase = env["purchase.order"].create(
        {
            "partner_id": partner.id,
            "picking_type_id": warehouse.in_type_id.id,
            "order_line": [
                (
                    0,
                    0,
                    {
                        "product_id": product.id,
                        "product_qty": 10,
                        "date_planned": datetime.utcnow() + timedelta(days=5),
                    },
                )
            ],
        }
    )
    purchase.button_confirm()
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "warehouse_id": warehouse.id,
            "order_line": [(0, 0, {"product_id": product.id, "product_uom_qty": 10})],
        }
    )
    order.action_confirm()
    return order.id, purchase.id


def put_off(env, purchase_id):
    """Ten days later; how long that takes with all that follows."""
    start = time.monotonic()
    purchase = env["purchase.order"].browse(purchase_id)
    purchase.order_line.date_planned += timedelta(days=10)
    env.cr.flush()
    return (time.monotonic() - start,)


def refresh(env):
    """The scheduled action."""
    start = time.monotonic()
    env.ref("backorder_management.ir_cron_refresh").method_direct_trigger()
    return (time.monotonic() - start,)


if __name__ == "__main__":
    main()
