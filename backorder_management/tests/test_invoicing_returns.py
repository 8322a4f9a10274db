"""What came back after it had been invoiced, in orders with an invoice per shipment."""

import re

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestCreditNotes(InvoicingCommon):
    """A desk is 100, a chair 30."""

    def _links(self, shipment):
        return sum(shipment.move_ids.shipment_link_ids.mapped("quantity"))

    def test_returns_across_two_shipments(self):
        """Scenario: 4 and 3 invoiced; 1 of the first and 2 of the second come back.

        Expected: a credit note of 1 for the first invoice, one of 2 for the second.
        """
        order = self._create_order((self.desk, 10))
        first, second = self._ship(order, 4), self._ship(order, 3)
        invoices = order._create_invoices()
        invoices.action_post()
        self._take_back(first, 1)
        self._take_back(second, 2)
        credit_notes = order._create_invoices(final=True)
        self.assertEqual(set(credit_notes.mapped("move_type")), {"out_refund"})
        self.assertEqual(
            credit_notes.mapped("ref"),
            [f"Credit of {invoice.name}, {order.name}" for invoice in invoices],
        )
        self.assertEqual(self._lines(credit_notes), [[("Desk", 1.0)], [("Desk", 2.0)]])
        self.assertEqual([each.reversed_entry_id for each in credit_notes], [*invoices])
        self.assertEqual([each.shipment_ids for each in credit_notes], [first, second])
        self.assertEqual([self._links(first), self._links(second)], [3.0, 1.0])
        credit_notes.action_post()
        self.assertEqual(invoices.mapped("amount_residual"), [300.0, 100.0])

    def test_partial_returns_one_after_the_other(self):
        """5 invoiced; 2 come back and are credited, then 3: all of it is credited."""
        order = self._create_order((self.desk, 5))
        shipment = self._ship(order, 5)
        invoice = order._create_invoices()
        invoice.action_post()
        for quantity in (2, 3):
            self._take_back(shipment, quantity)
            credit_note = order._create_invoices(final=True)
            credit_note.action_post()
            self.assertEqual(self._lines(credit_note), [[("Desk", float(quantity))]])
            self.assertEqual(credit_note.reversed_entry_id, invoice)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(self._links(shipment), 0.0)

    def test_return_and_delivery_of_as_much_again(self):
        """Scenario: 5 invoiced, 2 come back, 2 others are delivered.

        Expected: a credit note of 2 and an invoice of 2; Odoo would make neither.
        """
        order = self._create_order((self.desk, 5), (self.chair, 1))
        first = self._ship(order, 5, 1)
        original = order._create_invoices()
        self._take_back(first, 2, product=self.desk)
        order.order_line[0].product_uom_qty = 7
        second = self._ship(order, 2)
        self.assertEqual(order.order_line[0].qty_to_invoice, 0.0)
        invoice, credit_note = order._create_invoices(final=True)
        self.assertEqual(self._lines(invoice), [[("Desk", 2.0)]])
        self.assertEqual(invoice.shipment_ids, second)
        self.assertEqual(self._lines(credit_note), [[("Desk", 2.0)]])
        self.assertEqual(credit_note.reversed_entry_id, original)
        self.assertEqual([self._links(first), self._links(second)], [4.0, 2.0])

    def test_the_same_from_the_deliveries(self):
        """Only what belongs to the chosen delivery is made."""
        order = self._create_order((self.desk, 5))
        first = self._ship(order, 5)
        order._create_invoices()
        self._take_back(first, 2)
        order.order_line.product_uom_qty = 7
        second = self._ship(order, 2)
        credit_note = first._invoice_shipments()
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(self._lines(credit_note), [[("Desk", 2.0)]])
        invoice = second._invoice_shipments()
        self.assertEqual(invoice.move_type, "out_invoice")
        self.assertEqual(self._lines(invoice), [[("Desk", 2.0)]])

    def test_price_of_the_invoice(self):
        """Scenario: invoiced at 100 less 10 %, the order says 120 since.

        Expected: credited at what was invoiced: 2 x 90.
        """
        order = self._create_order((self.desk, 10, {"discount": 10}))
        first = self._ship(order, 4)
        order._create_invoices().action_post()
        order.order_line.write({"price_unit": 120.0, "discount": 0.0})
        self._take_back(first, 2)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.amount_untaxed, 180.0)

    def test_section_and_unit_of_the_invoice(self):
        """A dozen was invoiced as such; half of it comes back."""
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._create_order(
            (self.desk, 1, {"product_uom_id": dozen.id, "price_unit": 1200.0})
        )
        shipment = self._ship(order, 12)
        order._create_invoices().action_post()
        self._take_back(shipment, 6)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.invoice_line_ids.quantity, 0.5)
        self.assertEqual(credit_note.invoice_line_ids.product_uom_id, dozen)
        self.assertEqual(credit_note.amount_untaxed, 600.0)

    def test_part_of_a_unit_of_the_invoice(self):
        """
        GIVEN 12 desks, invoiced by an accountant as a dozen at 1200.00
        WHEN 5 come back
        THEN 5 at 100.00 are credited, not 0.42 of a dozen: 504.00
        """
        order = self._create_order((self.desk, 12))
        shipment = self._ship(order, 12)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.write(
            {
                "product_uom_id": self.env.ref("uom.product_uom_dozen").id,
                "quantity": 1,
                "price_unit": 1200.0,
            }
        )
        invoice.action_post()
        self._take_back(shipment, 5)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.amount_untaxed, 500.0)
        self.assertEqual(self._lines(credit_note), [[("Desk", 5.0)]])
        self.assertEqual(order.order_line.qty_invoiced, 7.0)

    def test_credit_notes_posted_together(self):
        """
        GIVEN posted invoices of 3 desks at 100, and of one; of the 3 one came back,
            then another one; the one came back
        WHEN the three credit notes are posted together
        THEN each is set off against its own invoice: 100 of the first is left
        """
        order = self._create_order((self.desk, 4))
        first = self._ship(order, 3)
        invoices = order._create_invoices()
        second = self._ship(order, 1)
        invoices |= order._create_invoices()
        invoices.action_post()
        credit_notes = self.env["account.move"]
        for shipment in (first, first, second):
            self._take_back(shipment, 1)
            credit_notes |= order._create_invoices(final=True)
        self.assertEqual(len(credit_notes), 3)
        credit_notes.action_post()
        self.assertEqual(invoices.mapped("amount_residual"), [100.0, 0.0])
        self.assertEqual(credit_notes.mapped("amount_residual"), [0.0] * 3)

    def test_number_of_the_invoice(self):
        """
        GIVEN a posted invoice of an order of a customer's "PO 7", and a draft
        WHEN goods of both come back
        THEN one credit note names the invoice, as the law wants it; the other cannot
        """
        order = self._create_order((self.desk, 2), client_order_ref="PO 7")
        shipments, invoices = [], self.env["account.move"]
        for _shipment in range(2):
            shipments.append(self._ship(order, 1))
            invoices |= order._create_invoices(final=True)
        invoices[0].action_post()
        for shipment in shipments:
            self._take_back(shipment, 1)
        credit_notes = order._create_invoices(final=True)
        self.assertEqual([each.reversed_entry_id for each in credit_notes], [*invoices])
        self.assertEqual(
            credit_notes.mapped("ref"),
            [f"Credit of {invoices[0].name}, PO 7", "PO 7"],
        )

    def test_invoice_that_is_still_a_draft(self):
        """
        GIVEN a draft invoice of 5, of which 2 came back, and the draft credit note
        WHEN the credit note is posted
        THEN alone it is refused; together both are posted, and 300 are due
        """
        order, invoice, credit_note = self._create_draft_and_credit_note()
        message = f"This credit note is for {re.escape(invoice.display_name)}, which is"
        with self.assertRaisesRegex(UserError, message):
            credit_note.action_post()
        (invoice | credit_note).action_post()
        self.assertEqual(invoice.amount_residual, 300.0)
        self.assertEqual(order.order_line.qty_to_invoice, 0.0)

    def test_draft_and_credit_note_deleted(self):
        """
        GIVEN the same
        WHEN the draft is cancelled, the credit note refused, and both are deleted
        THEN the delivery is invoiced again, with the 3 that the customer kept
        """
        order, invoice, credit_note = self._create_draft_and_credit_note()
        invoice.button_cancel()
        with self.assertRaisesRegex(UserError, "which is not posted"):
            credit_note.action_post()
        (invoice | credit_note).unlink()
        invoice = order._create_invoices(final=True)
        self.assertEqual(self._lines(invoice), [[("Desk", 3.0)]])

    def _create_draft_and_credit_note(self):
        order = self._create_order((self.desk, 5))
        shipment = self._ship(order, 5)
        invoice = order._create_invoices()
        self._take_back(shipment, 2)
        return order, invoice, order._create_invoices(final=True)

    def test_invoice_of_all_that_was_delivered(self):
        """Made per order, credited per shipment: the credit note is for the one."""
        order = self._create_order((self.desk, 10), customer=self.plain_customer)
        first, second = self._ship(order, 4), self._ship(order, 3)
        original = order._create_invoices()
        order.shipment_invoicing = "per_shipment"
        self._take_back(first, 1)
        self._take_back(second, 1)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(self._lines(credit_note), [[("Desk", 2.0)]])
        self.assertEqual(credit_note.reversed_entry_id, original)
        self.assertEqual(credit_note.shipment_ids, first | second)

    def test_credited_by_hand_before(self):
        """What an accountant has credited by hand is not credited again."""
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        original = order._create_invoices()
        original.action_post()
        self._take_back(first, 3)
        wizard = self.env["account.move.reversal"].create(
            {"move_ids": original.ids, "journal_id": original.journal_id.id}
        )
        by_hand = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        by_hand.invoice_line_ids.quantity = 1
        credit_note = order._create_invoices(final=True)
        self.assertEqual(self._lines(credit_note), [[("Desk", 2.0)]])
        self.assertEqual(self._links(first), 1.0)

    def test_credited_by_hand_of_one_of_two_invoices(self):
        """Scenario: 4 shipped, 3 on the first invoice and 1 on the second; 1 of the
        first is credited by hand; all 4 come back.

        Expected: 2 more of the first and 1 of the second.
        """
        order = self._create_order((self.desk, 4))
        shipment = self._ship(order, 4)
        first = order._create_invoices()
        first.invoice_line_ids.quantity = 3
        second = order._create_invoices()
        (first | second).action_post()
        wizard = self.env["account.move.reversal"].create(
            {"move_ids": first.ids, "journal_id": first.journal_id.id}
        )
        by_hand = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        by_hand.invoice_line_ids.quantity = 1
        self._take_back(shipment, 4)
        credited = {
            each.reversed_entry_id: each.invoice_line_ids.quantity
            for each in order._create_invoices(final=True)
        }
        self.assertEqual(credited, {first: 2.0, second: 1.0})

    def test_without_final_as_odoo(self):
        """Odoo's invoicing that is not final makes no credit notes."""
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        order._create_invoices()
        self._take_back(first, 1)
        with self.assertRaisesRegex(Exception, "Cannot create an invoice"):
            order._create_invoices()

    def test_corrected_after_it_was_invoiced(self):
        """Scenario: 5 invoiced, the delivery is corrected to 4.

        Expected: a credit note of 1 for that invoice.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 5)
        original = order._create_invoices()
        first.is_locked = False
        first.move_ids.quantity = 4
        credit_note = order._create_invoices(final=True)
        self.assertEqual(self._lines(credit_note), [[("Desk", 1.0)]])
        self.assertEqual(credit_note.reversed_entry_id, original)
        first.move_ids.quantity = 6
        invoice = order._create_invoices(final=True)
        self.assertEqual(invoice.move_type, "out_invoice")
        self.assertEqual(self._lines(invoice), [[("Desk", 2.0)]])

    def test_deposit_is_due_for_what_is_kept(self):
        """Scenario: 50 % of 10 desks; 6 invoiced (600 - 300), 2 come back, the rest of
        4 is cancelled.

        Expected: a credit note of 200 for the return, one of 200 of the deposit.
        """
        order = self._create_order((self.desk, 10))
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 50,
                "sale_order_ids": order.ids,
            }
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()
        first = self._ship(order, 6)
        order._create_invoices(final=True).action_post()
        self._take_back(first, 2)
        rest = order.picking_ids.filtered(lambda picking: picking.state != "done")
        rest.action_cancel()
        documents = order._create_invoices(final=True)
        self.assertEqual(
            [(each.move_type, each.amount_total) for each in documents],
            [("out_refund", 200.0), ("out_refund", 200.0)],
        )
        self.assertEqual(sum(order.invoice_ids.mapped("amount_total_signed")), 400.0)


@tagged("post_install", "-at_install")
class TestOthers(InvoicingCommon):
    """Desks, 100 each, and what is not delivered: assembly for 50."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.assembly = cls._create_good(
            "Assembly", 50.0, type="service", is_storable=False, invoice_policy="order"
        )
        cls.order = cls._create_order((cls.desk, 10), (cls.assembly, 1))

    def _invoice_both_shipments(self):
        made = []
        for quantity in (4, 6):
            self._ship(self.order, quantity)
            made.append(self._lines(self.order._create_invoices(final=True)))
        return made

    def test_with_the_first(self):
        self.assertEqual(
            self._invoice_both_shipments(),
            [[[("Desk", 4.0), ("Assembly", 1.0)]], [[("Desk", 6.0)]]],
        )

    def test_with_the_last(self):
        self.company.shipment_invoicing_others = "last"
        self.assertEqual(
            self._invoice_both_shipments(),
            [[[("Desk", 4.0)]], [[("Desk", 6.0), ("Assembly", 1.0)]]],
        )

    def test_on_its_own(self):
        self.company.shipment_invoicing_others = "separately"
        self.assertEqual(
            self._invoice_both_shipments(),
            [[[("Assembly", 1.0)], [("Desk", 4.0)]], [[("Desk", 6.0)]]],
        )

    def test_with_the_last_that_leaves(self):
        """The rest is cancelled: what waited for it is not forgotten."""
        self.company.shipment_invoicing_others = "last"
        self._ship(self.order, 4)
        self.order._create_invoices(final=True)
        self.order.picking_ids.filtered(lambda p: p.state != "done").action_cancel()
        invoice = self.order._create_invoices(final=True)
        self.assertEqual(self._lines(invoice), [[("Assembly", 1.0)]])

    def test_from_the_deliveries(self):
        """The first delivery is not the last, whichever is invoiced first."""
        self.company.shipment_invoicing_others = "last"
        first, second = self._ship(self.order, 4), self._ship(self.order, 6)
        self.assertEqual(self._lines(second._invoice_shipments()), [[("Desk", 6.0)]])
        self.assertEqual(
            self._lines(first._invoice_shipments()),
            [[("Desk", 4.0), ("Assembly", 1.0)]],
        )

    def test_nothing_yet_is_said(self):
        self.company.shipment_invoicing_others = "last"
        with self.assertRaisesRegex(Exception, "with the last shipment of its order"):
            self.order._create_invoices(final=True)
        self.company.shipment_invoicing_others = "first"
        self.assertEqual(
            self._lines(self.order._create_invoices(final=True)),
            [[("Assembly", 1.0)]],
        )

    def test_hours_told_by_hand(self):
        """Scenario: 3 hours told before the first shipment, 5 in all before the second,
        6 after all has left.

        Expected: 3 and 2 hours with the shipments, 1 by itself; none twice, none lost.
        """
        hours = self._create_good("Hours", 50.0, type="service", is_storable=False)
        self.order = self._create_order((self.desk, 10), (hours, 8))
        made = []
        for told, quantity in ((3, 4), (5, 6), (6, 0)):
            self.order.order_line[1].qty_delivered = told
            if quantity:
                self._ship(self.order, quantity)
            made.append(self._lines(self.order._create_invoices(final=True)))
        self.assertEqual(
            made,
            [
                [[("Desk", 4.0), ("Hours", 3.0)]],
                [[("Desk", 6.0), ("Hours", 2.0)]],
                [[("Hours", 1.0)]],
            ],
        )

    def test_delivery_charge_added_after_the_shipment(self):
        """Scenario: freight is added to the order once the first 4 have left.

        Expected: it goes with their invoice, and with no other one.
        """
        freight = self._create_good(
            "Freight", 15.0, type="service", is_storable=False, invoice_policy="order"
        )
        self.order = self._create_order((self.desk, 10))
        self._ship(self.order, 4)
        self.order.order_line = [
            Command.create({"product_id": freight.id, "product_uom_qty": 1})
        ]
        made = [self._lines(self.order._create_invoices(final=True))]
        self._ship(self.order, 6)
        made.append(self._lines(self.order._create_invoices(final=True)))
        self.assertEqual(made, [[[("Desk", 4.0), ("Freight", 1.0)]], [[("Desk", 6.0)]]])

    def test_rebate(self):
        """A rebate that is with the last is with the last only."""
        self.company.shipment_invoicing_others = "last"
        rebate = self._create_good(
            "Rebate", -20.0, type="service", is_storable=False, invoice_policy="order"
        )
        self.order = self._create_order((self.desk, 10), (rebate, 1))
        self.assertEqual(
            self._invoice_both_shipments(),
            [[[("Desk", 4.0)]], [[("Desk", 6.0), ("Rebate", 1.0)]]],
        )
