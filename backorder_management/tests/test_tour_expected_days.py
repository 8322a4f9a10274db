from __future__ import annotations

from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestTourExpectedDays(HttpCase):
    """Expected days by clicking, as salespeople do it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.env.company.id)], limit=1
        )
        cls.env.company.resource_calendar_id = False
        goblet = cls.env["product.product"].create(
            {"name": "Tour Goblet", "is_storable": True, "list_price": 12.0}
        )
        cls.purchase = cls.env["purchase.order"].create(
            {
                "partner_id": cls.env["res.partner"]
                .create({"name": "Tour Glassworks"})
                .id,
                "picking_type_id": warehouse.in_type_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": goblet.id,
                            "product_qty": 3,
                            "date_planned": fields.Datetime.now() + timedelta(days=9),
                        }
                    )
                ],
            }
        )
        cls.purchase.button_confirm()
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.env["res.partner"].create({"name": "Tour Hotel"}).id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": goblet.id, "product_uom_qty": 3})
                ],
            }
        )
        cls.order.action_confirm()
        cls.env.cr.precommit.run()

    def test_expected_days(self):
        """
        Scenario: 3 goblets are ordered and come in nine days; the short line says why,
            what if more was bought, and promises the day
        Expected: each screen shows it, and one promise is there
        """
        self.start_tour(
            "/odoo/backorders", "backorder_management_expected_days", login="admin"
        )
        line = self.order.order_line
        self.assertEqual(line.backorder_promise_date, line.backorder_eta)
        self.assertEqual(len(line.backorder_promise_ids), 1)

    def test_where_is_it(self):
        """
        Scenario: 5 goblets are free in another warehouse
        Expected: the product's form shows them, and the order's line gets its 3 from
            there
        """
        goblet = self.order.order_line.product_id
        north = self.env["stock.warehouse"].create(
            {"name": "Tour North", "code": "TNOR"}
        )
        self.env["stock.quant"]._update_available_quantity(
            goblet, north.lot_stock_id, 5
        )
        self.env.cr.precommit.run()
        self.start_tour(
            f"/odoo/product.product/{goblet.id}",
            "backorder_management_where_is_it",
            login="admin",
        )
        delivery = self.order.picking_ids.filtered(
            lambda picking: picking.picking_type_id.warehouse_id == north
        )
        self.assertEqual(delivery.move_ids.product_qty, 3)
        self.assertEqual(self.order.order_line.qty_backordered, 0)
