"""A process of its own for ``test_invoicing_concurrency``; not a test.

Arguments: Odoo's options as JSON, the name of the database, what to do. It tells its
parent how far it is by a line, and waits for a line where the test says when to go on.
"""

import json
import sys
from unittest.mock import patch

import odoo.service.model
from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tools import config

CRON = "backorder_management.ir_cron_invoice"


def tell(message):
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def prepare(env):
    """Make an order with two shipments, print its id."""
    env["account.chart.template"].try_loading("generic_coa", env.company)
    product = env["product.product"].create(
        {
            "name": "Desk",
            "is_storable": True,
            "invoice_policy": "delivery",
            "list_price": 100,
            "taxes_id": [Command.clear()],
        }
    )
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": "Customer"}).id,
            "shipment_invoicing": "per_shipment",
            "shipment_invoice_creation": "draft",
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": 10})
            ],
        }
    )
    env["stock.quant"]._update_available_quantity(
        product, order.warehouse_id.lot_stock_id, 10
    )
    order.action_confirm()
    for quantity in (4, 3):
        picking = order.picking_ids.filtered(lambda picking: picking.state != "done")
        picking.action_assign()
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking.with_context(skip_backorder=True).button_validate()
    env.cr.commit()
    tell(order.id)


def invoice(env, order_id):
    """Invoice as a request of a user does, which Odoo repeats after a conflict."""
    order = env["sale.order"].browse(order_id)
    attempts = []
    creations = []
    core_create = type(order)._create_account_invoices

    def create(self, *args, **kwargs):
        creations.append(self)
        return core_create(self, *args, **kwargs)

    def request():
        attempts.append(order.order_line.qty_to_invoice)
        if len(attempts) == 1:
            tell("has read")
            sys.stdin.readline()
        invoices = order._create_invoices()
        env.flush_all()
        tell("has invoiced")
        if len(attempts) == 1:
            sys.stdin.readline()
        return invoices

    try:
        with patch.object(type(order), "_create_account_invoices", create):
            made = len(odoo.service.model.retrying(request, env))
        env.cr.commit()
    except UserError:
        made = 0
    tell(f"made {made}, tried {len(attempts)} times, got to creating {len(creations)}")


def work(env):
    """Come as the scheduled action does, which Odoo does not repeat."""
    Picking = type(env["stock.picking"])
    make_due_invoices = Picking._make_due_invoices
    tried = []

    def make(self):
        tried.append(self)
        make_due_invoices(self)
        env.flush_all()
        tell("has invoiced")
        sys.stdin.readline()

    with patch.object(Picking, "_make_due_invoices", make):
        env["stock.picking"]._cron_invoice_shipments()
    env.cr.commit()
    soon = env["ir.cron.trigger"].search_count(
        [("cron_id", "=", env.ref(CRON).id), ("call_at", ">", fields.Datetime.now())]
    )
    tell(f"tried {len(tried)} times, comes again: {bool(soon)}")


def main():
    options, database, *task = sys.argv[1:]
    config.parse_config(["--log-level=critical"])
    for name, value in json.loads(options).items():
        config[name] = value
    odoo.modules.module.initialize_sys_path()
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if task == ["work"]:
            work(env)
        elif task:
            invoice(env, int(task[0]))
        else:
            prepare(env)


if __name__ == "__main__":
    main()
