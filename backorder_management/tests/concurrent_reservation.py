"""One of several processes that reserve the same goods at the same moment.

Started by `test_reservation_concurrency.py`; not a test, and never imported by Odoo.

    concurrent_reservation.py CONFIG DATABASE prepare
    concurrent_reservation.py CONFIG DATABASE reserve MOVE_ID START

`START` is a moment in seconds since the epoch: each process takes its view of the
database before it, and reserves after it.
"""

import sys
import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config


def main():
    config_file, database, command, *arguments = sys.argv[1:]
    config.parse_config(["-c", config_file, "--log-level=error"])
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        if command == "prepare":
            tell(*prepare(env))
            # a process of its own, as the test needs two
            cr.commit()  # pylint: disable=invalid-commit
        else:
            reserve(env, int(arguments[0]), float(arguments[1]))


def prepare(env):
    """Ten pieces, and two deliveries that want all of them."""
    warehouse = env["stock.warehouse"].search([], limit=1)
    product = env["product.product"].create({"name": "Last", "is_storable": True})
    orders = env["sale.order"].create(
        [
            {
                "partner_id": env["res.partner"].create({"name": "Customer"}).id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    (0, 0, {"product_id": product.id, "product_uom_qty": 10})
                ],
            }
            for _index in range(2)
        ]
    )
    orders.action_confirm()
    env["stock.quant"].create(
        {
            "product_id": product.id,
            "location_id": warehouse.lot_stock_id.id,
            "quantity": 10,
        }
    )
    return orders.order_line.move_ids.ids


def reserve(env, move_id, start):
    tries = []

    def attempt():
        move = env["stock.move"].browse(move_id)
        tries.append(move.state)  # the view of the database begins here
        if len(tries) == 1:
            time.sleep(max(0.0, start - time.time()))
        move._action_assign()
        env.cr.flush()
        time.sleep(0.5)  # the other one arrives while this one is not committed

    retrying(attempt, env)
    move = env["stock.move"].browse(move_id)
    tell(move.quantity, len(tries))


def tell(*words):
    """Answer the test that started this process."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")


if __name__ == "__main__":
    main()
