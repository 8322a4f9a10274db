from __future__ import annotations

from odoo.fields import Command
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestTour(HttpCase):
    """The main job by clicking, as its users do it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.shipment_invoicing = "per_shipment"
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.env.company.id)], limit=1
        )
        cls.goblet = cls.env["product.product"].create(
            {
                "name": "Tour Goblet",
                "is_storable": True,
                "invoice_policy": "delivery",
                "list_price": 12.0,
            }
        )
        cls.env["stock.quant"]._update_available_quantity(
            cls.goblet, cls.warehouse.lot_stock_id, 2
        )
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.env["res.partner"].create({"name": "Tour Hotel"}).id,
                "warehouse_id": cls.warehouse.id,
                "order_line": [
                    Command.create({"product_id": cls.goblet.id, "product_uom_qty": 5})
                ],
            }
        )
        purchase = cls.env["purchase.order"].create(
            {
                "partner_id": cls.env["res.partner"]
                .create({"name": "Tour Glassworks"})
                .id,
                "picking_type_id": cls.warehouse.in_type_id.id,
                "order_line": [
                    Command.create({"product_id": cls.goblet.id, "product_qty": 3})
                ],
            }
        )
        purchase.button_confirm()

    def test_main_job(self):
        """
        Scenario: 5 goblets are ordered and 2 are there; confirm, ship the 2, receive
            3, ship them, invoice, all by clicking
        Expected: each screen shows the state, and there are two invoices
        """
        self.start_tour(
            f"/odoo/orders/{self.order.id}",
            "backorder_management_main_job",
            login="admin",
            timeout=180,
        )
        self.assertEqual(self.order.backorder_state, "fulfilled")
        self.assertEqual(
            self.order.invoice_ids.invoice_line_ids.sorted("id").mapped("quantity"),
            [2.0, 3.0],
        )
        self.assertEqual(len(self.order.invoice_ids), 2)
