"""What cannot be invoiced is said in one sentence; nothing is half done."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestBadInput(InvoicingCommon):
    def setUp(self):
        super().setUp()
        self.order = self._create_order((self.desk, 10))

    def _refuse(self, shipments, sentence, error=UserError):
        before = self.order.invoice_ids
        with self.assertRaisesRegex(error, sentence):
            shipments._invoice_shipments()
        self.assertEqual(self.order.invoice_ids, before)

    def test_nothing_to_invoice(self):
        shipment = self._ship(self.order, 4)
        shipment._invoice_shipments()
        self._refuse(shipment, f"Nothing to invoice in {shipment.name}. Only what was")

    def test_not_shipped_yet(self):
        self._refuse(
            self.order.picking_ids,
            f"Nothing to invoice in {self.order.picking_ids.name}",
        )

    def test_zero_quantity_shipment(self):
        """A transfer that was closed with nothing in it is no shipment."""
        shipment = self._ship(self.order, 4)
        shipment.is_locked = False
        shipment.move_ids.quantity = 0
        self._refuse(shipment, "Nothing to invoice")
        self.assertEqual(shipment.shipment_invoice_state, "no")

    def test_goods_that_lower_what_is_owed(self):
        """
        GIVEN 10 empties at -5 in two shipments
        WHEN the first is to be invoiced by itself, then both
        THEN it waits, in words; both are one credit note of 50
        """
        order = self._create_order((self.desk, 10, {"price_unit": -5.0}))
        shipments = self._ship(order, 4)
        with self.assertRaisesRegex(UserError, "Select all shipments of the order"):
            shipments.action_invoice_shipment()
        shipments |= self._ship(order, 6)
        credit_note = shipments._invoice_shipments()
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.amount_total, 50.0)
        self.assertEqual(shipments.mapped("shipment_invoice_state"), ["invoiced"] * 2)

    def test_shipments_that_are_none(self):
        """A program that names nonsense is told so."""
        order = self._create_order((self.desk, 1))
        self._ship(order, 1)
        for nonsense in (5, True, [[1]], "1"):
            with self.assertRaisesRegex(UserError, "Select the deliveries"):
                order.with_context(invoice_shipment_ids=nonsense)._create_invoices()

    def test_receipt(self):
        """A transfer without any order."""
        receipt = self.env["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.in_type_id.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.desk.id,
                            "product_uom_qty": 1,
                            "quantity": 1,
                            "location_id": self.env.ref(
                                "stock.stock_location_suppliers"
                            ).id,
                            "location_dest_id": self.warehouse.lot_stock_id.id,
                        }
                    )
                ],
            }
        )
        receipt.button_validate()
        self._refuse(receipt, f"Nothing to invoice in {receipt.name}")

    def test_foreign_company(self):
        """Who works for another company is refused, by name of the record."""
        shipment = self._ship(self.order, 4)
        other = self.env["res.company"].create({"name": "Foreign"})
        user = new_test_user(
            self.env,
            "foreigner",
            groups="account.group_account_manager,sales_team.group_sale_manager,"
            "stock.group_stock_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self._refuse(shipment.with_user(user), "access", AccessError)

    def test_no_journal(self):
        shipment = self._ship(self.order, 4)
        self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)]
        ).active = False
        self._refuse(shipment, "journal")

    def test_order_cancelled_after_shipment(self):
        """It is said why, and what it says helps: what has left is paid for, once."""
        shipment = self._ship(self.order, 4)
        self.order._action_cancel()
        self._refuse(shipment, f"{self.order.name} was cancelled, and Odoo invoices")
        self.order.action_draft()
        self.order.order_line.product_uom_qty = 4
        self.order.action_confirm()
        self.assertFalse(
            self.order.picking_ids.filtered(
                lambda each: each.state not in ("done", "cancel")
            )
        )
        invoice = shipment._invoice_shipments()
        self.assertEqual(self._lines(invoice), [[("Desk", 4.0)]])

    def test_archived_product(self):
        shipment = self._ship(self.order, 4)
        self.desk.active = False
        invoice = shipment._invoice_shipments()
        self.assertEqual(self._lines(invoice), [[("Desk", 4.0)]])
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 400.0)

    def test_archived_tax(self):
        """The tax of the order is that of the invoice, as Odoo does it."""
        tax = self.env["account.tax"].create(
            {"name": "10 %", "amount": 10, "type_tax_use": "sale"}
        )
        order = self._create_order((self.desk, 10, {"tax_ids": tax.ids}))
        shipment = self._ship(order, 4)
        tax.active = False
        invoice = shipment._invoice_shipments()
        self.assertEqual(invoice.amount_total, 440.0)
        invoice.action_post()
        self.assertEqual(invoice.amount_tax, 40.0)
