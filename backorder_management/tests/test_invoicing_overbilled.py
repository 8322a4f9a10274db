"""What was invoiced and never delivered is credited by itself, at once."""

from odoo.tests import tagged

from .test_invoicing_worked_examples import WorkedExamplesCommon


@tagged("post_install", "-at_install")
class TestOverbilled(WorkedExamplesCommon):
    """Desks at 100, hours at 50 and a fee on order at 20."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = {"type": "service", "is_storable": False}
        cls.hours = cls._create_good("Hours", 50.0, **service)
        cls.fee = cls._create_good("Fee", 20.0, **service, invoice_policy="order")

    def _check_credited(self, order, invoice, *lines):
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.reversed_entry_id, invoice)
        self.assertEqual(self._lines(credit_note), [[*lines]])
        credit_note.action_post()
        return credit_note

    def test_hours_while_goods_are_to_come(self):
        """
        GIVEN 4 of 10 desks shipped and invoiced with 6 hours
        WHEN the hours are found to be 2, and 6 desks are still to come
        THEN 4 hours are credited to that invoice; the desks to come are 600
        """
        order = self._create_order((self.desk, 10), (self.hours, 6))
        hours = order.order_line[1]
        hours.qty_delivered = 6
        [first] = self._ship_and_invoice(order, 4)
        self.assertEqual(first.amount_total, 700.0)
        hours.qty_delivered = 2
        self._check_credited(order, first, ("Hours", 4.0))
        self.assertEqual(first.amount_residual, 500.0)
        [last] = self._ship_and_invoice(order, 6)
        self.assertEqual(self._lines(last), [[("Desk", 6.0)]])

    def test_hours_with_the_last_shipment(self):
        """
        GIVEN the same, the rest shipped before anybody invoices
        THEN an invoice of 600 and a credit note of 200, not an invoice of 400
        """
        order = self._create_order((self.desk, 10), (self.hours, 6))
        hours = order.order_line[1]
        hours.qty_delivered = 6
        [first] = self._ship_and_invoice(order, 4)
        hours.qty_delivered = 2
        self._ship(order, 6)
        invoice, credit_note = order._create_invoices(final=True)
        self.assertEqual(self._lines(invoice), [[("Desk", 6.0)]])
        self.assertEqual(credit_note.reversed_entry_id, first)
        self.assertEqual(credit_note.amount_total, 200.0)

    def test_ordered_less_of_what_is_invoiced_on_order(self):
        """Hours are lowered twice, and so is a fee: the newest invoice first."""
        order = self._create_order((self.desk, 10), (self.fee, 3))
        fee = order.order_line[1]
        [first] = self._ship_and_invoice(order, 1)
        fee.product_uom_qty = 5
        [second] = self._ship_and_invoice(order, 1)
        self.assertEqual(self._lines(second), [[("Desk", 1.0), ("Fee", 2.0)]])
        fee.product_uom_qty = 4
        self._check_credited(order, second, ("Fee", 1.0))
        fee.product_uom_qty = 1
        credit_notes = order._create_invoices(final=True)
        self.assertEqual(credit_notes.reversed_entry_id, first | second)
        self.assertEqual(sorted(credit_notes.mapped("amount_total")), [20.0, 40.0])

    def test_goods_invoiced_ahead(self):
        """
        GIVEN 10 desks invoiced by hand before any is shipped
        WHEN 6 are shipped and the rest is cancelled
        THEN 4 are credited to that invoice
        """
        order = self._create_order((self.desk, 10))
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": order.partner_id.id,
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "product_id": self.desk.id,
                            "quantity": 10,
                            "price_unit": 100,
                            "tax_ids": [],
                            "sale_line_ids": order.order_line.ids,
                        },
                    )
                ],
            }
        )
        invoice.action_post()
        shipment = self._ship(order, 6)
        (order.picking_ids - shipment).action_cancel()
        self._check_credited(order, invoice, ("Desk", 4.0))
        self.assertEqual(shipment.shipment_invoice_state, "invoiced")

    def test_not_without_final(self):
        """As in Odoo, a program has to ask for what is to be credited."""
        order = self._create_order((self.desk, 10), (self.hours, 6))
        hours = order.order_line[1]
        hours.qty_delivered = 6
        self._ship_and_invoice(order, 4)
        hours.qty_delivered = 2
        self._ship(order, 1)
        invoice = order._create_invoices()
        self.assertEqual(self._lines(invoice), [[("Desk", 1.0)]])

    def test_rebate_is_still_deducted(self):
        """A negative line that was never invoiced is no credit note."""
        order = self._create_order(
            (self.desk, 10), (self.fee, -1, {"price_unit": 20.0})
        )
        invoices = self._ship_and_invoice(order, 4, 6)
        self.assertEqual(set(invoices.mapped("move_type")), {"out_invoice"})
        self.assertEqual(sum(invoices.mapped("amount_total")), 980.0)
