from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import make_kit
from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestOtherRoutes(InvoicingCommon):
    def test_two_step_delivery(self):
        """Scenario: pick, then ship, in two parts.

        Expected: picking goods invoices nothing; each shipment is invoiced once.
        """
        self.warehouse.delivery_steps = "pick_ship"
        order = self._create_order((self.desk, 10))
        shipments = self.env["stock.picking"]
        for quantity in (4, 3):
            pick = order.picking_ids.filtered(
                lambda picking: (
                    picking.picking_type_id == self.warehouse.pick_type_id
                    and picking.state not in ("done", "cancel")
                )
            )
            pick.action_assign()
            pick.move_ids.write({"quantity": quantity, "picked": True})
            self._validate(pick)
            self.assertEqual(pick.shipment_invoice_state, "no")
            ship = order.picking_ids.filtered(
                lambda picking: (
                    picking.picking_type_id == self.warehouse.out_type_id
                    and picking.state == "assigned"
                )
            )
            ship.move_ids.write({"quantity": quantity, "picked": True})
            self._validate(ship)
            shipments |= ship
        invoices = order._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)]])
        self.assertEqual([i.shipment_ids for i in invoices], list(shipments))
        self.assertEqual(
            shipments.mapped("shipment_invoice_state"), ["invoiced", "invoiced"]
        )

    def test_drop_shipment(self):
        """Scenario: the vendor ships 4, then 3, to the customer.

        Expected: an invoice for each, as for our own shipments.
        """
        route = self.env.ref(
            "stock_dropshipping.route_drop_shipping", raise_if_not_found=False
        )
        if not route:
            self.skipTest("stock_dropshipping is NOT installed: NOT tested")
        vendor = self.env["res.partner"].create({"name": "Vendor"})
        lamp = self._create_good(
            "Lamp",
            route_ids=[Command.link(route.id)],
            seller_ids=[Command.create({"partner_id": vendor.id, "price": 5})],
        )
        order = self._create_order((lamp, 10))
        # Buying is somebody else's job.
        order.sudo()._get_purchase_orders().button_confirm()
        first = self._ship(order, 4)
        second = self._ship(order, 3)
        self.assertEqual(first.picking_type_id.code, "dropship")
        invoices = order._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Lamp", 4.0)], [("Lamp", 3.0)]])
        self.assertEqual([i.shipment_ids for i in invoices], [first, second])

    def test_move_corrected_after_validation(self):
        """Scenario: 4 shipped and invoiced, then corrected to 6 on the done delivery.

        Expected: 2 more to invoice for the same shipment.
        """
        order = self._create_order((self.desk, 10))
        picking = self._ship(order, 4)
        order._create_invoices()
        picking.action_toggle_is_locked()
        picking.move_ids.move_line_ids.quantity = 6
        self.assertEqual(picking.shipment_invoice_state, "partial")
        invoice = order._create_invoices()
        self.assertEqual(self._lines(invoice), [[("Desk", 2.0)]])
        self.assertEqual(invoice.shipment_ids, picking)

    def test_goods_that_left_without_a_transfer(self):
        """Scenario: 4 left without a transfer, 3 with one.

        Expected: an invoice for each; the first names the order alone.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        second = self._ship(order, 3)
        first.move_ids.picking_id = False
        invoices = order._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)]])
        self.assertEqual(
            invoices.mapped("invoice_origin"),
            [order.name, f"{order.name}, {second.name}"],
        )

    def test_order_cancelled_after_a_shipment(self):
        """Odoo invoices nothing of a cancelled order; the shipment says so."""
        order = self._create_order((self.desk, 10))
        picking = self._ship(order, 4)
        order._action_cancel()
        self.assertEqual(picking.shipment_invoice_state, "no")
        with self.assertRaisesRegex(UserError, "Nothing to invoice"):
            picking.action_invoice_shipment()


@tagged("post_install", "-at_install")
class TestKits(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top = cls._create_good("Top")
        cls.leg = cls._create_good("Leg")
        cls.table = cls._create_good("Table", price=250.0)
        make_kit(cls.table, (cls.top, 1), (cls.leg, 4))

    def _ship_components(self, order, tops, legs):
        picking = order.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        picking.action_assign()
        for move in picking.move_ids:
            quantity = tops if move.product_id == self.top else legs
            move.write({"quantity": quantity, "picked": bool(quantity)})
        self._validate(picking)
        return picking

    def test_each_shipment_has_the_kits_it_completed(self):
        """Scenario: 5 tables of a top and four legs each; 3 tops and 8 legs ship, then
        2 tops, then 12 legs.

        Expected: 2 tables for the first, nothing for the second, 3 for the third.
        """
        order = self._create_order((self.table, 5))
        first = self._ship_components(order, 3, 8)
        second = self._ship_components(order, 2, 0)
        third = self._ship_components(order, 0, 12)
        self.assertEqual(
            (first | second | third).mapped("shipment_invoice_state"),
            ["to_invoice", "no", "to_invoice"],
        )
        invoices = order._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Table", 2.0)], [("Table", 3.0)]])
        self.assertEqual([i.shipment_ids for i in invoices], [first, third])
        self.assertEqual(invoices.mapped("amount_total"), [500.0, 750.0])

    def test_kits_one_after_the_other(self):
        """Scenario: ship, invoice, ship, invoice.

        Expected: a shipment that completes no kit has nothing to invoice.
        """
        order = self._create_order((self.table, 5))
        self._ship_components(order, 3, 8)
        self.assertEqual(self._lines(order._create_invoices()), [[("Table", 2.0)]])
        second = self._ship_components(order, 2, 0)
        with self.assertRaises(UserError):
            order._create_invoices()
        self.assertFalse(second.shipment_invoice_ids)
        third = self._ship_components(order, 0, 12)
        invoice = order._create_invoices()
        self.assertEqual(self._lines(invoice), [[("Table", 3.0)]])
        self.assertEqual(invoice.shipment_ids, third)

    def test_returned_kit(self):
        """Scenario: 5 tables shipped as 2 and 3 and invoiced, one of the first comes
        back.

        Expected: Odoo's credit note of one table, for the first shipment.
        """
        order = self._create_order((self.table, 5))
        first = self._ship_components(order, 2, 8)
        self._ship_components(order, 3, 12)
        order._create_invoices()
        wizard = self.env["stock.return.picking"].create({"picking_id": first.id})
        for line in wizard.product_return_moves:
            line.quantity = 1 if line.product_id == self.top else 4
            line.to_refund = True
        returned = self.env["stock.picking"].browse(
            wizard.action_create_returns()["res_id"]
        )
        returned.move_ids.picked = True
        self._validate(returned)
        self.assertEqual(order.order_line.qty_to_invoice, -1.0)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(self._lines(credit_note), [[("Table", 1.0)]])
        self.assertEqual(credit_note.shipment_ids, first)
