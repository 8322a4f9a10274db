"""Credit notes, replaced invoices and what else comes after an invoice."""

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .invoicing_common import InvoicingCommon


class CreditCommon(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.biller = new_test_user(
            cls.env,
            "inv_biller",
            "account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _reverse(self, invoice, replace=False):
        """Reverse with core's wizard, as a person who does nothing but billing."""
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.biller)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        action = wizard.modify_moves() if replace else wizard.refund_moves()
        return self.env["account.move"].browse(action["res_id"])

    def _links(self, invoice):
        """Return [(shipment, quantity)] of the links of the invoice."""
        links = invoice.sudo().invoice_line_ids.shipment_link_ids
        return [(link.picking_id, link.quantity) for link in links]


@tagged("post_install", "-at_install")
class TestCreditNote(CreditCommon):
    def test_of_a_shipment(self):
        """Scenario: 4 and 3 shipped and invoiced; billing reverses the second invoice.

        Expected: the credit note credits the 3 of the second shipment, which is to be
        invoiced again; the first stays invoiced.
        """
        order = self._create_order((self.desk, 10))
        first, second = self._ship(order, 4), self._ship(order, 3)
        invoices = order._create_invoices()
        invoices.action_post()
        credit_note = self._reverse(invoices[1])
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(self._links(credit_note), [(second, -3.0)])
        self.assertEqual(first.shipment_invoice_state, "invoiced")
        self.assertEqual(second.shipment_invoice_state, "to_invoice")

    def test_of_an_invoice_per_order(self):
        """Scenario: the same, on one invoice for the order."""
        order = self._create_order((self.desk, 10), customer=self.plain_customer)
        first, second = self._ship(order, 4), self._ship(order, 3)
        invoice = order._create_invoices()
        invoice.action_post()
        credit_note = self._reverse(invoice)
        self.assertEqual(self._links(credit_note), [(first, -4.0), (second, -3.0)])

    def test_replaced_invoice(self):
        """Scenario: 4 and 6 shipped, the second invoiced, then billing chooses "Reverse
        and Create Invoice".

        Expected: +6, -6 and +6 for the second shipment; only the first is open, and its
        button makes an invoice of 4.
        """
        order = self._create_order((self.desk, 10))
        first, second = self._ship(order, 4), self._ship(order, 6)
        invoice = second._invoice_shipments().sudo()
        invoice.action_post()
        replacement = self._reverse(invoice, replace=True)
        self.assertEqual(replacement.move_type, "out_invoice")
        self.assertEqual(self._links(replacement), [(second, 6.0)])
        self.assertEqual(
            second.sudo().move_ids.shipment_link_ids.mapped("quantity"),
            [6.0, -6.0, 6.0],
        )
        self.assertEqual(
            (first | second).mapped("shipment_invoice_state"),
            ["to_invoice", "invoiced"],
        )
        self.assertEqual(self._lines(first._invoice_shipments()), [[("Desk", 4.0)]])

    def test_lowered_credit_note(self):
        """Scenario: of 4 invoiced, billing credits 1.

        Expected: 1 of the shipment is open again.
        """
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.action_post()
        credit_note = self._reverse(invoice)
        credit_note.with_user(self.biller).invoice_line_ids.quantity = 1
        self.assertEqual(self._links(credit_note), [(shipment, -1.0)])

    def test_source_of_another_order_is_not_believed(self):
        """Scenario: somebody who may write invoices names, as source, the invoice line
        of another order.

        Expected: no link to that order's shipment.
        """
        order, other = (self._create_order((self.desk, 10)) for _ in range(2))
        self._ship(order, 4)
        shipment = self._ship(other, 4)
        source = shipment._invoice_shipments().invoice_line_ids
        forged = (
            self.env["account.move"]
            .with_user(self.biller)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": self.desk.id,
                                "quantity": 4,
                                "sale_line_ids": [Command.set(order.order_line.ids)],
                                "shipment_source_line_id": source.id,
                            }
                        )
                    ],
                }
            )
        )
        self.assertEqual(self._links(forged), [])

    def test_debit_note_pays_for_no_shipment(self):
        """Scenario: a debit note with the lines of a shipment's invoice.

        Expected: it asks for more money, not for the goods again: no links.
        """
        if "account.debit.note" not in self.env:
            self.skipTest("account_debit_note is NOT installed: NOT tested")
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.action_post()
        wizard = (
            self.env["account.debit.note"]
            .with_user(self.biller)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"copy_lines": True})
        )
        wizard.create_debit()
        self.assertEqual(self._links(invoice.sudo().debit_note_ids), [])
        self.assertEqual(shipment.sudo().shipment_invoice_ids, invoice)


@tagged("post_install", "-at_install")
class TestDepositOfClosedOrder(CreditCommon):
    def _create_order_with_deposit(self):
        """Return an order of 10 desks at 100 with a posted deposit of 500."""
        order = self._create_order((self.desk, 10))
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 50,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()
        return order

    def test_closed_short(self):
        """Scenario: a deposit of 500; 4 of 10 shipped, the rest cancelled; the button
        on the delivery.

        Expected: 400 less as much of the deposit, and a credit note of the other 100,
        as nothing else will ever carry it.
        """
        order = self._create_order_with_deposit()
        shipment = self._ship(order, 4)
        (order.picking_ids - shipment).action_cancel()
        self.assertClosed(shipment._invoice_shipments())

    def assertClosed(self, invoices):  # noqa: N802 - unittest's own manner
        self.assertEqual(
            [(each.move_type, each.amount_total) for each in invoices],
            [("out_invoice", 0.0), ("out_refund", 100.0)],
        )

    def test_closed_short_with_enough_to_deduct_from(self):
        """Scenario: the same, 6 shipped. Expected: 600 - 500."""
        order = self._create_order_with_deposit()
        shipment = self._ship(order, 6)
        (order.picking_ids - shipment).action_cancel()
        self.assertEqual(shipment._invoice_shipments().amount_total, 100.0)

    def test_open_return_is_no_shipment_to_come(self):
        """Scenario: closed short after 4, and a return of 1 is announced.

        Expected: as closed short.
        """
        order = self._create_order_with_deposit()
        shipment = self._ship(order, 4)
        (order.picking_ids - shipment).action_cancel()
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_model="stock.picking", active_id=shipment.id)
            .create({"picking_id": shipment.id})
        )
        wizard.product_return_moves.quantity = 1
        wizard.action_create_returns()
        self.assertClosed(shipment._invoice_shipments())

    def test_rest_still_to_come(self):
        """Scenario: 4 shipped, 6 still open. Expected: 400 - 200; the rest waits."""
        order = self._create_order_with_deposit()
        shipment = self._ship(order, 4)
        self.assertEqual(shipment._invoice_shipments().amount_total, 200.0)


@tagged("post_install", "-at_install")
class TestDeliveryDate(CreditCommon):
    def _ship_on(self, order, quantity, day):
        shipment = self._ship(order, quantity)
        shipment.date_done = f"{day} 10:00:00"
        return shipment

    def _dates(self, invoices):
        self.env.flush_all()
        self.env.invalidate_all()
        return [str(invoice.delivery_date) for invoice in invoices]

    def test_posted_invoice_keeps_its_date_when_the_mode_changes(self):
        """Scenario: per order, shipped on the 2nd and the 9th of March, invoiced and
        posted; then per shipment, shipped on the 16th and invoiced; then per order
        again, shipped on the 23rd.

        Expected: Odoo's date on the first invoice, the first delivery's, and the
        shipment's own on the second, whatever the mode is later.
        """
        order = self._create_order((self.desk, 10), customer=self.plain_customer)
        self._ship_on(order, 2, "2026-03-02")
        self._ship_on(order, 2, "2026-03-09")
        invoices = order._create_invoices()
        invoices.action_post()
        before = self._dates(invoices)
        order.shipment_invoicing = "per_shipment"
        self._ship_on(order, 2, "2026-03-16")
        invoices |= order._create_invoices()
        invoices[1].action_post()
        self.assertEqual(self._dates(invoices), [*before, "2026-03-16"])
        order.shipment_invoicing = "per_order"
        self._ship_on(order, 2, "2026-03-23")
        self.assertEqual(self._dates(invoices), [*before, "2026-03-16"])

    def test_invoice_from_the_delivery_of_an_order_per_order(self):
        """Scenario: per order; the second delivery invoiced with its button and posted,
        then another delivery.

        Expected: the date of the second delivery, before and after.
        """
        order = self._create_order((self.desk, 10), customer=self.plain_customer)
        self._ship_on(order, 2, "2026-03-02")
        invoice = self._ship_on(order, 2, "2026-03-09")._invoice_shipments().sudo()
        self.assertEqual(self._dates(invoice), ["2026-03-09"])
        self._ship_on(order, 2, "2026-03-16")
        self.assertEqual(self._dates(invoice), ["2026-03-09"])
        invoice.action_post()
        self._ship_on(order, 2, "2026-03-23")
        self.assertEqual(self._dates(invoice), ["2026-03-09"])

    def test_posted_invoice_keeps_a_corrected_date(self):
        """Scenario: an accountant sets the date by hand and posts; another delivery.

        Expected: his date.
        """
        order = self._create_order((self.desk, 10))
        self._ship_on(order, 2, "2026-03-02")
        invoice = order._create_invoices()
        invoice.delivery_date = "2026-03-04"
        invoice.action_post()
        self._ship_on(order, 2, "2026-03-01")
        self.assertEqual(self._dates(invoice), ["2026-03-04"])

    def test_credit_note_has_the_date_of_the_shipment(self):
        order = self._create_order((self.desk, 10))
        self._ship_on(order, 2, "2026-03-02")
        self._ship_on(order, 2, "2026-03-09")
        invoices = order._create_invoices()
        invoices.action_post()
        self.assertEqual(self._dates(self._reverse(invoices[1])), ["2026-03-09"])


@tagged("post_install", "-at_install")
class TestInvoicedAhead(CreditCommon):
    def test_shipped_later(self):
        """Scenario: 2 of 10 shipped, the draft raised to 10 and posted, then 8 shipped;
        then billing reverses it.

        Expected: the 8 are linked when they ship; the credit note credits 2 and 8, and
        both shipments are to be invoiced again.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 2)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 10
        invoice.action_post()
        second = self._ship(order, 8)
        self.assertEqual(self._links(invoice), [(first, 2.0), (second, 8.0)])
        self.assertEqual(second.shipment_invoice_state, "invoiced")
        self.assertEqual(second.shipment_invoice_ids, invoice)
        credit_note = self._reverse(invoice)
        self.assertEqual(self._links(credit_note), [(first, -2.0), (second, -8.0)])
        self.assertEqual(
            (first | second).mapped("shipment_invoice_state"),
            ["to_invoice", "to_invoice"],
        )

    def test_credited_before_the_rest_is_shipped(self):
        """Scenario: 2 of 10 shipped, 10 invoiced ahead, all of it credited, then 8
        shipped.

        Expected: no bill pays for more of a shipment than was in it; both shipments
        are to be invoiced, 2 and 8.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 2)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 10
        invoice.action_post()
        credit_note = self._reverse(invoice)
        second = self._ship(order, 8)
        self.assertEqual(self._links(invoice), [(first, 2.0), (second, 8.0)])
        self.assertEqual(self._links(credit_note), [(first, -2.0), (second, -8.0)])
        self.assertEqual(
            (first | second).mapped("shipment_invoice_state"),
            ["to_invoice", "to_invoice"],
        )
        self.assertEqual(
            self._lines(order._create_invoices()), [[("Desk", 2.0)], [("Desk", 8.0)]]
        )
