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


@tagged("post_install", "-at_install")
class TestRunTour(HttpCase):
    """Scarce stock divided anew by clicking, and divided as before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.env.company.id)], limit=1
        )
        cls.decanter = cls.env["product.product"].create(
            {"name": "Tour Decanter", "is_storable": True}
        )
        cls.env["stock.quant"]._update_available_quantity(
            cls.decanter, cls.warehouse.lot_stock_id, 5
        )
        cls.inn = cls._create_order("Tour Inn")
        cls.palace = cls._create_order("Tour Palace")
        cls.palace.picking_ids.priority = "1"
        decanters = f"[('product_id', '=', {cls.decanter.id})]"
        cls.env["backorder.strategy"].create(
            {
                "name": "Tour Stars",
                "company_id": cls.env.company.id,
                "criterion_ids": [
                    Command.create({"criterion": "star", "descending": True})
                ],
                # everybody else's stock stays where it is
                "segment_ids": [
                    Command.create(
                        {
                            "name": "Decanters",
                            "filter_domain": decanters,
                            "outcome": "redistribute",
                        }
                    )
                ],
            }
        )

    @classmethod
    def _create_order(cls, customer):
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.env["res.partner"].create({"name": customer}).id,
                "warehouse_id": cls.warehouse.id,
                "order_line": [
                    Command.create(
                        {"product_id": cls.decanter.id, "product_uom_qty": 5}
                    )
                ],
            }
        )
        order.action_confirm()
        return order

    def test_run(self):
        """
        Scenario: an inn holds all 5 decanters, a palace with a star wants 5; simulate,
            look at the loss, apply, undo, all by clicking
        Expected: the screens say who loses to whom; in the end the inn holds them again
        """
        self.start_tour("/odoo", "backorder_management_run", login="admin", timeout=120)
        run = self.env["backorder.run"].search([], order="id desc", limit=1)
        self.assertEqual(run.state, "undone")
        self.assertEqual(self.inn.order_line.qty_allocated, 5)
        self.assertEqual(self.palace.order_line.qty_allocated, 0)

    def test_open_list_follows(self):
        """
        Scenario: the list of short lines is open, in which the palace waits; elsewhere
            a run gives it the inn's decanters
        Expected: the inn waits in the list, without anybody touching it
        """
        self.env.cr.precommit.run()
        run = self.env["backorder.run"].create(
            {
                "strategy_id": self.env["backorder.strategy"]
                .search([("name", "=", "Tour Stars")])
                .id,
                "product_ids": [Command.set(self.decanter.ids)],
            }
        )
        run.action_simulate()
        self.start_tour(
            "/odoo/backorders", "backorder_management_list_follows_runs", login="admin"
        )
        self.assertEqual(run.state, "applied")


@tagged("post_install", "-at_install")
class TestAgreementTour(HttpCase):
    """What a salesperson and a manager see of an agreement."""

    def test_held_delivery(self):
        """
        Scenario: 4 of 10 goblets are there, and the customer takes two shipments, the
            first from 80 % of the value on
        Expected: the delivery waits and says so; the manager releases and ships it
        """
        goblet = self.env["product.product"].create(
            {"name": "Tour Goblet", "is_storable": True, "list_price": 12.0}
        )
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        self.env["stock.quant"]._update_available_quantity(
            goblet, warehouse.lot_stock_id, 4
        )
        customer = self.env["res.partner"].create({"name": "Tour Hotel"})
        customer.backorder_policy_id = self.env["backorder.policy"].create(
            {
                "name": "Two shipments, first of 80 %",
                "shipping": "threshold",
                "first_min_percent": 80,
                "min_basis": "value",
                "max_shipments": 2,
                "remainder": "wait",
            }
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": goblet.id, "product_uom_qty": 10})
                ],
            }
        )
        order.action_confirm()
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.start_tour(
            f"/odoo/orders/{order.id}",
            "backorder_management_held_delivery",
            login="admin",
        )
        self.assertEqual(order.order_line.qty_delivered, 4)
        self.assertEqual(order.order_line.qty_backorder_open, 6)
        self.assertIn("The customer called", "".join(order.message_ids.mapped("body")))
