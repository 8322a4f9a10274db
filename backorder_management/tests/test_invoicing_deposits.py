"""Deposits that invoices per shipment deduct, with figures written by hand."""

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import InvoicingCommon


class DepositCommon(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls._create_vat("VAT 19 %", 19)
        cls.reduced = cls._create_vat("VAT 7 %", 7)

    @classmethod
    def _create_vat(cls, name, percent, **values):
        return cls.env["account.tax"].create(
            {"name": name, "amount": percent, "type_tax_use": "sale", **values}
        )

    def _pay(self, order, amount, method="percentage"):
        """A posted deposit invoice."""
        before = order.invoice_ids
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": method,
                "amount" if method == "percentage" else "fixed_amount": amount,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        wizard.create_invoices()
        invoice = order.invoice_ids - before
        invoice.action_post()
        return invoice

    def _invoice(self, order):
        """What the button on the order makes now, posted."""
        invoices = order._create_invoices(final=True)
        invoices.action_post()
        return invoices

    def _ship_and_invoice(self, order, *quantities):
        invoices = self.env["account.move"]
        for quantity in quantities:
            self._ship(order, quantity)
            invoices |= self._invoice(order)
        return invoices

    def assertDeducted(self, invoices, *expected):  # noqa: N802 - unittest's own manner
        """Untaxed and taxed amount that each invoice deducts of deposits."""
        found = []
        for invoice in invoices:
            lines = invoice.invoice_line_ids.filtered(
                lambda line: line.is_downpayment and line.display_type == "product"
            )
            found.append(
                (
                    round(-sum(lines.mapped("price_subtotal")), 2),
                    round(-sum(lines.mapped("price_total")), 2),
                )
            )
        self.assertEqual(found, list(expected))

    def assertSettled(self, order):  # noqa: N802
        """The customer paid the order, to the cent, and no deposit is left."""
        self.assertEqual(set(order.order_line.mapped("qty_to_invoice")), {0})
        signed = order.invoice_ids.filtered(lambda each: each.state != "cancel")
        self.assertAlmostEqual(
            sum(signed.mapped("amount_total_signed")), order.amount_total
        )
        self.assertAlmostEqual(
            sum(signed.mapped("amount_untaxed_signed")), order.amount_untaxed
        )


@tagged("post_install", "-at_install")
class TestDeposits(DepositCommon):
    def test_in_proportion(self):
        """Scenario: 10 desks at 100 with 19 %, a deposit of 30 %: 300 and 57 VAT;
        5, 3 and 2 are shipped and invoiced.

        Expected: half of it, then 3/10 and 2/10 of it: 150, 90, 60 and the VAT.
        """
        order = self._create_order((self.desk, 10, {"tax_ids": self.vat.ids}))
        self._pay(order, 30)
        invoices = self._ship_and_invoice(order, 5, 3, 2)
        self.assertDeducted(invoices, (150, 178.5), (90, 107.1), (60, 71.4))
        self.assertEqual(invoices.mapped("amount_total"), [416.5, 249.9, 166.6])
        self.assertSettled(order)

    def test_thirds_to_the_cent(self):
        """Scenario: 3 desks at 100 with 19 %, a deposit of 100, 15.97 VAT included
        (84.03 + 15.97); each shipped and invoiced by itself.

        Expected: 28.01 + 5.32, 28.01 + 5.33 (of what is left), 28.01 + 5.32.
        """
        order = self._create_order((self.desk, 3, {"tax_ids": self.vat.ids}))
        deposit = self._pay(order, 100, method="fixed")
        self.assertEqual((deposit.amount_untaxed, deposit.amount_total), (84.03, 100))
        invoices = self._ship_and_invoice(order, 1, 1, 1)
        self.assertDeducted(invoices, (28.01, 33.33), (28.01, 33.34), (28.01, 33.33))
        self.assertSettled(order)

    def test_two_rates_of_tax(self):
        """Scenario: 2 desks at 100 with 19 % and 2 chairs at 50 with 7 %, a deposit of
        half: 100 + 19 and 50 + 3.50; first the desks, then the chairs.

        Expected: half of each invoice, and of its taxes: 119 of 238, 53.50 of 107.
        """
        order = self._create_order(
            (self.desk, 2, {"tax_ids": self.vat.ids}),
            (self.chair, 2, {"price_unit": 50, "tax_ids": self.reduced.ids}),
        )
        self._pay(order, 50)
        self._ship(order, 2, 0)
        first = self._invoice(order)
        self._ship(order, 0, 2)
        second = self._invoice(order)
        self.assertDeducted(first + second, (100, 119), (50, 53.5))
        self.assertEqual([first.amount_tax, second.amount_tax], [19, 3.5])
        self.assertSettled(order)

    def test_price_of_a_deducted_part(self):
        """
        GIVEN a deposit of 60 with 19 % and of 20 with 7 %, of which an invoice of desks
            has deducted but the first
        THEN the order still says 60 and 20; and on each invoice the price of a part,
            which Odoo counts in hundredths of a piece, times its quantity is its amount
        """
        order = self._create_order(
            (self.desk, 3, {"tax_ids": self.vat.ids}),
            (self.chair, 1, {"price_unit": 100, "tax_ids": self.reduced.ids}),
        )
        self._pay(order, 20)
        self._ship(order, 1, 0)
        invoices = self._invoice(order)
        deposits = self._get_deposit(order)
        self.assertEqual(deposits.mapped("price_unit"), [60.0, 20.0])
        self._ship(order, 2, 1)
        invoices |= self._invoice(order)
        parts = invoices.invoice_line_ids.filtered(
            lambda line: line.is_downpayment and line.display_type == "product"
        )
        self.assertEqual(
            [(part.quantity, part.price_unit, part.price_subtotal) for part in parts],
            [(-0.33, 60.61, -20.0), (-0.67, 59.7, -40.0), (-1.0, 20.0, -20.0)],
        )
        self.assertSettled(order)
        self.assertEqual(deposits.mapped("price_unit"), [60.0, 20.0])

    def test_rebate_and_fee_without_tax(self):
        """
        GIVEN 3 desks at 100 with 19 %, a rebate of 150 and a fee of 20 without tax,
            which is invoiced separately; a deposit of 113.50, half of 227: Odoo makes
            it 178.50 with 19 % less 65 without
        WHEN one desk is shipped after the other
        THEN the fee is 20; 59.50 of each 119 are deducted; the last one has the rebate
            less its 65, and carries 34 of the 59.50, 5.43 of them tax; 25.50 are given
            back by themselves. No invoice has a tax below zero.
        """
        self.company.shipment_invoicing_others = "separately"
        service = {"type": "service", "is_storable": False, "invoice_policy": "order"}
        rebate = self._create_good("Rebate", -150.0, **service)
        fee = self._create_good("Fee", 20.0, **service)
        order = self._create_order(
            (self.desk, 3, {"tax_ids": self.vat.ids}), (rebate, 1), (fee, 1)
        )
        self._pay(order, 50)
        invoices = self._ship_and_invoice(order, 1, 1, 1)
        self.assertEqual(
            [(each.move_type, each.amount_total) for each in invoices],
            [
                ("out_invoice", 20.0),
                ("out_invoice", 59.5),
                ("out_invoice", 59.5),
                ("out_invoice", 0.0),
                ("out_refund", 25.5),
            ],
        )
        self.assertEqual(
            invoices.mapped("amount_tax_signed"), [0.0, 9.5, 9.5, 13.57, -4.07]
        )
        self.assertSettled(order)

    def test_reverse_charge(self):
        """
        GIVEN 3 desks at 99.99 with 21 % that the customer owes the state, and a deposit
            of a third: 99.99
        WHEN they are shipped one by one
        THEN 33.33 are deducted each time, and each invoice is 66.66
        """
        lines = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax"}),
            Command.create({"repartition_type": "tax", "factor_percent": -100}),
        ]
        tax = self.env["account.tax"].create(
            {
                "name": "Reverse charge",
                "amount": 21,
                "invoice_repartition_line_ids": lines,
                "refund_repartition_line_ids": lines,
            }
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 99.99, "tax_ids": tax.ids})
        )
        self._pay(order, 99.99, method="fixed")
        invoices = self._ship_and_invoice(order, 1, 1, 1)
        self.assertEqual(invoices.mapped("amount_total"), [66.66] * 3)
        self.assertDeducted(invoices, *[(33.33, 33.33)] * 3)
        self.assertSettled(order)

    def test_as_early_as_possible(self):
        """Scenario: a deposit of 500 of 1000; 4 and 6. Expected: 400, then 100."""
        self.company.deposit_deduction = "early"
        order = self._create_order((self.desk, 10))
        self._pay(order, 50)
        invoices = self._ship_and_invoice(order, 4, 6)
        self.assertDeducted(invoices, (400, 400), (100, 100))
        self.assertEqual(set(invoices.mapped("move_type")), {"out_invoice"})
        self.assertSettled(order)

    def test_on_the_last(self):
        """Scenario: a deposit of 100 of 1000; 6 and 4. Expected: 0, then 100."""
        self.company.deposit_deduction = "last"
        order = self._create_order((self.desk, 10))
        self._pay(order, 10)
        self.assertDeducted(self._ship_and_invoice(order, 6, 4), (0, 0), (100, 100))
        self.assertSettled(order)

    def test_two_deposits(self):
        """Scenario: 10 % and then 200 of 1000; 5 and 5. Expected: half of both."""
        order = self._create_order((self.desk, 10))
        self._pay(order, 10)
        self._pay(order, 200, method="fixed")
        invoices = self._ship_and_invoice(order, 5, 5)
        self.assertDeducted(invoices, (150, 150), (150, 150))
        self.assertSettled(order)

    def test_rate_changed_after_the_deposit(self):
        """
        GIVEN 3 at 100 + 19 % of a currency of which 2 are 1 of ours, half of it paid
            before: 178.50, 89.25 of ours
        WHEN 1 and 2 are shipped, and 5 of that currency are 1 of ours
        THEN 59.50 and 119.00 are due, 11.90 and 23.80 of ours, 1.90 and 3.80 of it tax
        """
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": currency.id}
        )
        taxes = [Command.set(self.vat.ids)]
        order = self._create_order(
            (self.desk, 3, {"price_unit": 100, "tax_ids": taxes}),
            pricelist_id=pricelist.id,
        )
        deposit = self._pay(order, 50)
        self.assertEqual(deposit.amount_total_signed, 89.25)
        currency.rate_ids.rate = 5.0
        invoices = self._ship_and_invoice(order, 1, 2)
        self.assertEqual(invoices.mapped("amount_total"), [59.5, 119.0])
        self.assertEqual(invoices.mapped("amount_total_signed"), [11.9, 23.8])
        self.assertEqual(invoices.mapped("amount_tax_signed"), [1.9, 3.8])

    def test_tax_included(self):
        """Scenario: 2 desks at 119, 19 % included, a deposit of half; one by one."""
        included = self._create_vat(
            "Included", 19, price_include_override="tax_included"
        )
        order = self._create_order(
            (self.desk, 2, {"price_unit": 119, "tax_ids": included.ids})
        )
        self._pay(order, 50)
        invoices = self._ship_and_invoice(order, 1, 1)
        self.assertDeducted(invoices, (50, 59.5), (50, 59.5))
        parts = invoices.invoice_line_ids.filtered("is_downpayment")
        self.assertEqual(
            [(part.quantity, part.price_unit) for part in parts if part.quantity],
            [(-0.5, 119.0), (-0.5, 119.0)],
        )
        self.assertSettled(order)

    def test_all_paid_before(self):
        """Scenario: a deposit of all of 3 desks at 25 with 19 %, shipped one by one.

        Expected: three invoices over nothing.
        """
        order = self._create_order(
            (self.desk, 3, {"price_unit": 25, "tax_ids": self.vat.ids})
        )
        self._pay(order, 100)
        invoices = self._ship_and_invoice(order, 1, 1, 1)
        self.assertEqual(
            [(each.move_type, each.amount_total) for each in invoices],
            [("out_invoice", 0)] * 3,
        )
        self.assertSettled(order)

    def test_order_that_grew(self):
        """Scenario: a deposit of 100 of 200; one of two desks is invoiced with 50 off;
        then the order is raised to 5.

        Expected: of the 50 left, half with the next two and half with the last two.
        """
        order = self._create_order((self.desk, 2))
        self._pay(order, 50)
        invoices = self._ship_and_invoice(order, 1)
        order.order_line.filtered("product_id").product_uom_qty = 5
        invoices += self._ship_and_invoice(order, 2, 2)
        self.assertDeducted(invoices, (50, 50), (25, 25), (25, 25))
        self.assertSettled(order)

    def test_rest_of_the_order_cancelled(self):
        """Scenario: a deposit of 500 of 1000, 4 shipped, the rest cancelled.

        Expected: an invoice over nothing, and the 100 too much are credited.
        """
        order = self._create_order((self.desk, 10))
        self._pay(order, 50)
        self._ship(order, 4)
        order.order_line._cancel_backorder_rest("bought elsewhere")
        self.env.flush_all()
        invoices = self._invoice(order)
        self.assertEqual(
            [(each.move_type, each.amount_total) for each in invoices],
            [("out_invoice", 0), ("out_refund", 100)],
        )
        self.assertEqual(self._get_deposit(order).price_unit, 500)

    def test_rest_with_two_rates_of_tax_cancelled(self):
        """Scenario: half of 500 with 19 % and of 500 with 7 % is paid before; 100 and
        200 are delivered, the rest is cancelled.

        Expected: an invoice over nothing, with no tax of either; of the deposits
        250 + 47.50 less 100 + 19, and 250 + 17.50 less 200 + 14, are credited.
        """
        order = self._create_order(
            (self.desk, 5, {"tax_ids": self.vat.ids}),
            (self.chair, 5, {"price_unit": 100, "tax_ids": self.reduced.ids}),
        )
        self._pay(order, 50)
        self._ship(order, 1, 2)
        order.order_line._cancel_backorder_rest("bought elsewhere")
        self.env.flush_all()
        invoice, credit_note = self._invoice(order)
        self.assertEqual(invoice.amount_total, 0)
        taxes = invoice.line_ids.filtered("tax_line_id")
        self.assertEqual(sum(map(abs, taxes.mapped("balance"))), 0)
        parts = credit_note.invoice_line_ids.filtered("quantity")
        self.assertEqual(parts.mapped("price_subtotal"), [150, 50])
        self.assertEqual(parts.mapped("price_total"), [178.5, 53.5])

    def _get_deposit(self, order):
        return order.order_line.filtered(
            lambda line: line.is_downpayment and not line.display_type
        )

    def test_reversed_invoice_gives_its_part_back(self):
        """Scenario: the first of two invoices, 50 of the deposit of 100 off, is
        reversed; then both desks are invoiced.

        Expected: the credit note takes back the 50; 50 are off with each again.
        """
        order = self._create_order((self.desk, 2, {"tax_ids": self.vat.ids}))
        self._pay(order, 50)
        [first] = self._ship_and_invoice(order, 1)
        credit_note = first._reverse_moves([{"date": first.date}], cancel=True)
        self.assertDeducted(credit_note, (50, 59.5))
        self._ship(order, 1)
        invoices = self._invoice(order)
        self.assertDeducted(invoices, (50, 59.5), (50, 59.5))
        self.assertSettled(order)

    def test_deleted_draft(self):
        order = self._create_order((self.desk, 2, {"tax_ids": self.vat.ids}))
        self._pay(order, 50)
        self._ship(order, 1)
        order._create_invoices(final=True).unlink()
        self.assertDeducted(self._invoice(order), (50, 59.5))

    def test_mode_switched_half_way(self):
        """Scenario: after the first invoice per shipment, one per order.

        Expected: that deducts what is left of the deposit, not all of it again.
        """
        order = self._create_order((self.desk, 2, {"tax_ids": self.vat.ids}))
        self._pay(order, 50)
        invoices = self._ship_and_invoice(order, 1)
        order.shipment_invoicing = "per_order"
        invoices += self._ship_and_invoice(order, 1)
        self.assertDeducted(invoices, (50, 59.5), (50, 59.5))
        self.assertSettled(order)

    def test_odoos_way_is_untouched(self):
        """Scenario: per order; one of two desks shipped. Expected: all at once."""
        order = self._create_order((self.desk, 2), customer=self.plain_customer)
        self._pay(order, 30)
        self.assertDeducted(self._ship_and_invoice(order, 1, 1), (60, 60), (0, 0))
        self.assertEqual(self._get_deposit(order).price_unit, 60)

    def test_fraction_of_a_cent_in_the_price_of_a_deposit(self):
        """Given 10 desks at 0.77 without taxes and 5 % paid before, at 0.385: 0.39.
        When 1 desk and then 9 are shipped and invoiced.
        Then 0.04 and 0.35 are deducted: no cent is lost.
        """
        self.desk.list_price = 0.77
        order = self._create_order((self.desk, 10))
        self.assertEqual(self._pay(order, 5).amount_total, 0.39)
        self.assertDeducted(
            self._ship_and_invoice(order, 1, 9), (0.04, 0.04), (0.35, 0.35)
        )


@tagged("post_install", "-at_install")
class TestLinesAfterADeposit(DepositCommon):
    """Goods that are sold after the deposit was paid stand below it on the order."""

    def test_added_later(self):
        """A desk at 100.00 with a deposit of 50 %, then a chair at 30.00: 80.00 are
        left, on one invoice or on one per shipment."""
        for customer in (self.customer, self.plain_customer):
            with self.subTest(customer=customer.name):
                order = self._create_order((self.desk, 1), customer=customer)
                self._pay(order, 50)
                order.order_line = [
                    Command.create(
                        {
                            "product_id": self.chair.id,
                            "product_uom_qty": 1,
                            "sequence": 999,
                        }
                    )
                ]
                self.env.flush_all()
                self.env.invalidate_all()
                self._ship(order, 1, 1)
                invoice = order._create_invoices(final=True)
                self.assertEqual(invoice.amount_total, 80)
                self.assertDeducted(invoice, (50, 50))
