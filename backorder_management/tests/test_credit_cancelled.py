"""A cancelled quantity is never invoiced; where it was, the order offers a credit."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .invoicing_common import InvoicingCommon


class CancelledInvoicingCommon(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lamp = cls._create_good("Lamp", price=100.0, invoice_policy="order")

    def _cancel_rest(self, records):
        lines = records.order_line if records._name == "sale.order" else records
        lines._cancel_backorder_rest("bought elsewhere")
        self.env.flush_all()
        self.env.invalidate_all()

    def _invoice(self, order, final=True):
        invoice = order._create_invoices(final=final)
        invoice.action_post()
        self.env.invalidate_all()
        return invoice

    def _pay_deposit(self, order, percentage):
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_ids=order.ids, active_model="sale.order")
            .create({"advance_payment_method": "percentage", "amount": percentage})
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()
        self.env.invalidate_all()

    def _credit(self, order):
        """Press the button; the new documents."""
        before = order.invoice_ids
        order.action_credit_cancelled()
        self.env.invalidate_all()
        return order.invoice_ids - before


@tagged("post_install", "-at_install")
class TestInvoiceStatus(CancelledInvoicingCommon):
    def test_invoiced_on_delivery(self):
        """
        GIVEN 4 of 10 delivered and invoiced
        WHEN the rest is cancelled
        THEN line and order are invoiced, and there is nothing to credit
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order((self.desk, 10), customer=customer)
                self._ship(order, 4)
                self._invoice(order)
                self._cancel_rest(order)
                self.assertEqual(order.order_line.invoice_status, "invoiced")
                self.assertEqual(order.invoice_status, "invoiced")
                self.assertFalse(order.backorder_credit_amount)
                with self.assertRaises(UserError):
                    order._create_invoices(final=True)

    def test_invoiced_on_delivery_after_cancelling(self):
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        self._cancel_rest(order)
        self.assertEqual(order.invoice_status, "to invoice")
        self.assertEqual(self._lines(self._invoice(order)), [[("Desk", 4.0)]])
        self.assertEqual(order.invoice_status, "invoiced")

    def test_invoiced_on_order(self):
        """
        GIVEN 4 of 10 lamps, invoiced on order, delivered; the rest is cancelled
        THEN 4 are to invoice: 400; invoiced, the order is
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order((self.lamp, 10), customer=customer)
                line = order.order_line
                self.assertEqual(line.qty_to_invoice, 10)
                self.assertEqual(line.untaxed_amount_to_invoice, 1000)
                self._ship(order, 4)
                self._cancel_rest(order)
                self.assertEqual(line.qty_to_invoice, 4)
                self.assertEqual(line.untaxed_amount_to_invoice, 400)
                self.assertEqual(order.amount_to_invoice, 400)
                self.assertFalse(order.backorder_credit_amount)
                self.assertEqual(self._lines(self._invoice(order)), [[("Lamp", 4.0)]])
                self.assertEqual(line.invoice_status, "invoiced")
                self.assertEqual(order.invoice_status, "invoiced")
                self.assertEqual(line.untaxed_amount_to_invoice, 0)
                self.assertEqual(order.amount_to_invoice, 0)

    def test_raising_again(self):
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        self._cancel_rest(order)
        self._invoice(order)
        order.order_line.product_uom_qty = 12
        self.assertEqual(order.order_line.qty_to_invoice, 2)
        self.assertEqual(order.invoice_status, "to invoice")

    def test_paid_in_full_and_invoiced_at_once(self):
        """Automatic invoices ask for all that was ordered, but not for what was
        cancelled."""
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        self._cancel_rest(order)
        order._force_lines_to_invoice_policy_order()
        self.assertEqual(order.order_line.qty_to_invoice, 4)

    def test_a_line_cancelled_altogether(self):
        """
        GIVEN a desk delivered and invoiced, and chairs none of which were delivered
        WHEN the chairs are cancelled
        THEN the order is invoiced
        """
        order = self._create_order((self.desk, 1), (self.chair, 5))
        self._ship(order, 1, 0)
        self._invoice(order)
        self.assertEqual(order.invoice_status, "no")
        self._cancel_rest(order)
        self.assertEqual(order.order_line.mapped("invoice_status"), ["invoiced"] * 2)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_nothing_was_ever_invoiced(self):
        for product in (self.desk, self.lamp):
            order = self._create_order((product, 5))
            self._cancel_rest(order)
            self.assertEqual(order.order_line.qty_to_invoice, 0)
            self.assertEqual(order.invoice_status, "no")

    def test_no_backorder_in_the_transfer(self):
        """Core's own way to cancel a rest: the invoice is right as well."""
        order = self._create_order((self.lamp, 10))
        picking = order.picking_ids
        picking.move_ids.write({"quantity": 4, "picked": True})
        picking.with_context(
            skip_backorder=True, picking_ids_not_to_backorder=picking.ids
        ).button_validate()
        self.assertEqual(self._lines(self._invoice(order)), [[("Lamp", 4.0)]])


@tagged("post_install", "-at_install")
class TestCredit(CancelledInvoicingCommon):
    def test_invoiced_on_order(self):
        """
        GIVEN 10 lamps invoiced, 4 delivered
        WHEN the rest is cancelled
        THEN the order says 600 are to be credited, and makes that credit note once
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order((self.lamp, 10), customer=customer)
                self._invoice(order)
                self._ship(order, 4)
                self._cancel_rest(order)
                self.assertEqual(order.order_line.qty_to_invoice, -6)
                self.assertEqual(order.invoice_status, "to invoice")
                self.assertEqual(order.backorder_credit_amount, 600)
                self.assertTrue(order.backorder_credit_ready)
                self.assertRegex(
                    order.backorder_credit_note,
                    r"^6\.00 Units of Lamp were invoiced and cancelled: .*600\.00.* to "
                    r"be credited\.$",
                )
                credit = self._credit(order)
                self.assertEqual(credit.move_type, "out_refund")
                self.assertEqual(credit.state, "draft")
                self.assertEqual(credit.amount_total, 600)
                self.assertEqual(self._lines(credit), [[("Lamp", 6.0)]])
                self.assertFalse(order.backorder_credit_amount)
                self.assertFalse(order.backorder_credit_note)
                self.assertEqual(order.invoice_status, "invoiced")
                with self.assertRaisesRegex(UserError, "nothing to credit"):
                    order.action_credit_cancelled()

    def test_deleted_credit_note_is_offered_again(self):
        order = self._create_order((self.lamp, 10))
        self._invoice(order)
        self._cancel_rest(order)
        self.assertEqual(order.backorder_credit_amount, 1000)
        self._credit(order).unlink()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_credit_amount, 1000)

    def test_tax_and_discount(self):
        """
        GIVEN 10 lamps at 100 less 10 %, and 15 % tax on top; invoiced; 6 cancelled
        THEN 6 x 90 x 1.15 = 621 are to be credited
        """
        tax = self.env["account.tax"].create({"name": "15 %", "amount": 15.0})
        order = self._create_order(
            (self.lamp, 10, {"discount": 10, "tax_ids": [Command.set(tax.ids)]})
        )
        self._invoice(order)
        self._ship(order, 4)
        self._cancel_rest(order)
        self.assertEqual(order.order_line.untaxed_amount_to_invoice, -540)
        self.assertEqual(order.backorder_credit_amount, 621)
        self.assertEqual(self._credit(order).amount_total, 621)

    def test_what_else_can_be_invoiced_is_no_part_of_it(self):
        """
        GIVEN lamps to credit, and chairs delivered and to be invoiced
        THEN the credit note is for the lamps alone
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order(
                    (self.lamp, 10), (self.chair, 5), customer=customer
                )
                lamps, chairs = order.order_line
                self._invoice(order)
                self._ship(order, 4, 5)
                self._cancel_rest(lamps)
                self.assertEqual(self._lines(self._credit(order)), [[("Lamp", 6.0)]])
                self.assertEqual(chairs.qty_to_invoice, 5)
                self.assertEqual(self._lines(self._invoice(order)), [[("Chair", 5.0)]])

    def test_prepaid_with_goods_still_to_come(self):
        """
        GIVEN 10 desks, invoiced on delivery, were invoiced in full when they were paid;
        4 delivered, 3 of the other 6 are picked
        WHEN the rest is cancelled
        THEN 3 are credited, though core counts 6 as invoiced and not delivered
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order((self.desk, 10), customer=customer)
                order._force_lines_to_invoice_policy_order()
                self._invoice(order)
                self._ship(order, 4)
                move = order.order_line.move_ids.filtered(
                    lambda move: move.state != "done"
                )
                move.write({"quantity": 3, "picked": True})
                self._cancel_rest(order)
                self.assertEqual(order.order_line.qty_cancelled, 3)
                self.assertEqual(order.order_line.qty_to_invoice, -6)
                self.assertEqual(order.backorder_credit_amount, 300)
                credit = self._credit(order)
                self.assertEqual(self._lines(credit), [[("Desk", 3.0)]])
                self.assertEqual(credit.amount_total, 300)
                self.assertFalse(order.backorder_credit_amount)

    def test_a_return_is_not_a_cancellation(self):
        """What came back for a refund is core's to credit, and is not ours to say."""
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 10)
        self._invoice(order)
        self._take_back(shipment, 3)
        self.env.invalidate_all()
        self.assertEqual(order.order_line.qty_to_invoice, -3)
        self.assertFalse(order.backorder_credit_amount)

    def test_the_order_is_cancelled(self):
        """
        GIVEN 10 lamps invoiced, 4 delivered
        WHEN the whole order is cancelled
        THEN it says that 600 are to be credited; core makes no documents of a cancelled
        order, so that its invoice is reversed, which settles it
        """
        order = self._create_order((self.lamp, 10))
        invoice = self._invoice(order)
        self._ship(order, 4)
        order._action_cancel()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_credit_amount, 600)
        self.assertFalse(order.backorder_credit_ready)
        with self.assertRaisesRegex(UserError, "nothing to credit"):
            order.action_credit_cancelled()
        reversed_invoice = invoice._reverse_moves()
        reversed_invoice.invoice_line_ids.quantity = 6
        self.env.invalidate_all()
        self.assertFalse(order.backorder_credit_amount)

    def test_other_goods_still_to_come(self):
        """
        GIVEN 10 lamps invoiced when ordered at 100, of which 4 were cancelled, and
            desks that are still to come
        WHEN the credit is made
        THEN it is for the 400, now, however the order is invoiced
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order(
                    (self.lamp, 10), (self.desk, 3), customer=customer
                )
                self._invoice(order)
                self._ship(order, 6, 1)
                self._invoice(order)
                self._cancel_rest(order.order_line[0])
                credit_note = self._credit(order)
                self.assertEqual(credit_note.move_type, "out_refund")
                self.assertEqual(credit_note.amount_untaxed, 400.0)
                self.assertEqual(self._lines(credit_note), [[("Lamp", 4.0)]])
                self.assertFalse(order.backorder_credit_amount)

    # ----------------------------------------------------------------- deposits

    def test_deposit(self):
        """
        GIVEN a deposit of 50 % on 10 desks: 500; 4 delivered: 400
        WHEN the rest is cancelled
        THEN 100 are to be credited, by the last invoice less the deposit
        """
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order((self.desk, 10), customer=customer)
                self._pay_deposit(order, 50)
                self._ship(order, 4)
                self.assertFalse(order.backorder_credit_amount)
                self._cancel_rest(order)
                self.assertEqual(order.backorder_credit_amount, 100)
                self.assertTrue(order.backorder_credit_ready)
                self.assertIn("The deposit is more", order.backorder_credit_note)
                self.assertCredited(self._credit(order), 100)
                self.assertFalse(order.backorder_credit_amount)
                self.assertEqual(order.order_line[0].qty_to_invoice, 0)

    def test_deposit_after_the_goods_were_invoiced(self):
        """
        GIVEN the same, and the 4 were invoiced without deducting the deposit
        THEN all of the 500 are to be credited
        """
        order = self._create_order((self.desk, 10))
        self._pay_deposit(order, 50)
        self._ship(order, 4)
        self._invoice(order, final=False)
        self._cancel_rest(order)
        self.assertEqual(order.backorder_credit_amount, 500)
        self.assertEqual(self._credit(order).amount_total, 500)
        self.assertFalse(order.backorder_credit_amount)

    def test_deposit_that_the_rest_covers(self):
        order = self._create_order((self.desk, 10))
        self._pay_deposit(order, 30)
        self._ship(order, 4)
        self._cancel_rest(order)
        self.assertFalse(order.backorder_credit_amount)

    def test_deposit_on_lines_invoiced_on_order(self):
        """
        GIVEN a deposit of 500 on 10 lamps; 6 are cancelled, the other 4 picked
        THEN 100 are to be credited, at once: core invoices the 4 now
        """
        order = self._create_order((self.lamp, 10))
        self._pay_deposit(order, 50)
        order.picking_ids.move_ids.write({"quantity": 4, "picked": True})
        self._cancel_rest(order)
        self.assertEqual(order.backorder_credit_amount, 100)
        self.assertCredited(self._credit(order), 100)
        self.assertFalse(order.backorder_credit_amount)

    def test_deposit_on_an_order_that_is_cancelled(self):
        """
        GIVEN a deposit of 50 % on 10 lamps and their mounting, 1000 + 200: 600
        WHEN the order is cancelled
        THEN all of it is to be credited: nobody will mount anything either
        """
        mounting = self._create_good(
            "Mounting", price=200.0, type="service", is_storable=False
        )
        mounting.invoice_policy = "order"
        order = self._create_order((self.lamp, 10), (mounting, 1))
        self._pay_deposit(order, 50)
        order._action_cancel()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_credit_amount, 600)
        self.assertNotIn("last invoice", order.backorder_credit_note)

    def test_deposit_with_goods_still_to_come(self):
        """
        GIVEN a deposit of 50 % on 10 desks and 1 chair: 515; 4 desks delivered, the
        chair still open
        WHEN the other desks are cancelled
        THEN 515 - 430 = 85 are to be credited, with the last invoice and not before
        """
        order = self._create_order((self.desk, 10), (self.chair, 1))
        self._pay_deposit(order, 50)
        self._ship(order, 4, 0)
        self._cancel_rest(order.order_line[0])
        self.assertEqual(order.backorder_credit_amount, 85)
        self.assertFalse(order.backorder_credit_ready)
        self.assertIn("with the last invoice", order.backorder_credit_note)
        with self.assertRaisesRegex(UserError, "nothing to credit"):
            order.action_credit_cancelled()
        picking = order.picking_ids.filtered(lambda p: p.state != "done")
        picking.move_ids.filtered(lambda m: m.state != "cancel").write(
            {"quantity": 1, "picked": True}
        )
        self._validate(picking)
        self.env.invalidate_all()
        self.assertTrue(order.backorder_credit_ready)
        self.assertCredited(self._credit(order), 85)

    def assertCredited(self, invoices, amount):  # noqa: N802 - unittest's own manner
        """A credit note, and nothing to pay on what else was invoiced with it."""
        credit_note = invoices.filtered(lambda each: each.move_type == "out_refund")
        self.assertEqual(credit_note.amount_total, amount)
        self.assertEqual(sum((invoices - credit_note).mapped("amount_total")), 0)

    # ------------------------------------------------------------------- rights

    def test_who_may(self):
        """A salesperson makes the credit note of an own order; who may only look at
        orders, or not even that, makes none."""
        seller, picker, stranger, auditor = (
            new_test_user(
                self.env,
                login,
                group,
                company_id=self.company.id,
                company_ids=[Command.set(self.company.ids)],
            )
            for login, group in (
                ("credit_seller", "sales_team.group_sale_salesman"),
                ("credit_picker", "base.group_user"),
                ("credit_stranger", "sales_team.group_sale_salesman"),
                ("credit_auditor", "account.group_account_readonly"),
            )
        )
        order = self._create_order((self.lamp, 10), user_id=seller.id)
        self._invoice(order)
        self._cancel_rest(order)
        for other in (picker, stranger, auditor):
            with self.assertRaises(AccessError):
                order.with_user(other).action_credit_cancelled()
        own = order.with_user(seller)
        self.assertEqual(own.backorder_credit_amount, 1000)
        own.action_credit_cancelled()
        self.env.invalidate_all()
        self.assertEqual(order.order_line.qty_invoiced, 0)

    def test_form_of_the_order(self):
        """The alert and its button are on the form."""
        arch = self.env["sale.order"].get_view(view_type="form")["arch"]
        self.assertIn("backorder_credit_note", arch)
        self.assertIn("action_credit_cancelled", arch)
