"""Invoices per shipment add up, to the cent, to one invoice of it all."""

from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestRounding(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls._create_tax(19)
        cls.desk.write({"list_price": 99.99, "taxes_id": [Command.set(cls.vat.ids)]})

    @classmethod
    def _create_tax(cls, amount, **values):
        return cls.env["account.tax"].create(
            {"name": f"{amount} %", "amount": amount, "type_tax_use": "sale", **values}
        )

    def _invoice_one_by_one(self, order, *shipments):
        made = self.env["account.move"]
        for quantities in shipments:
            self._ship(order, *quantities)
            made |= order._create_invoices(final=True)
        return made

    def _amounts(self, invoices):
        return [
            (each.amount_untaxed, each.amount_tax, each.amount_total)
            for each in invoices
        ]

    def _check_like_one_invoice(self, invoices, **values):
        """The same order shipped at once has one invoice, made by Odoo."""
        order = invoices.line_ids.sale_line_ids.order_id
        twin = order.copy({"shipment_invoicing": "per_order", **values})
        twin.action_confirm()
        self._ship(twin, *twin.order_line.mapped("product_uom_qty"))
        one = twin._create_invoices(final=True)
        self.assertEqual(len(one), 1)
        for name in ("amount_untaxed_signed", "amount_tax_signed"):
            self.assertAlmostEqual(sum(invoices.mapped(name)), one[name], 6, msg=name)
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            self.assertAlmostEqual(sum(invoices.mapped(name)), one[name], 6, msg=name)

    def test_one_by_one(self):
        """Scenario: 3 x 99.99 with 19 %, one by one.

        Expected: 19.00, 19.00 and 18.99 of tax; 56.99 like 19 % of 299.97.
        """
        order = self._create_order((self.desk, 3))
        invoices = self._invoice_one_by_one(order, [1], [1], [1])
        self.assertEqual(
            self._amounts(invoices),
            [(99.99, 19.0, 118.99), (99.99, 19.0, 118.99), (99.99, 18.99, 118.98)],
        )
        self.assertEqual(sum(invoices.mapped("amount_total")), order.amount_total)
        self._check_like_one_invoice(invoices)
        invoices.action_post()
        self.assertEqual(
            [tax for _untaxed, tax, _total in self._amounts(invoices)],
            [19.0, 19.0, 18.99],
        )

    def test_late(self):
        """The same, all invoices made at the end."""
        order = self._create_order((self.desk, 3))
        for _shipment in range(3):
            self._ship(order, 1)
        invoices = order._create_invoices(final=True)
        self.assertEqual(invoices.mapped("amount_tax"), [19.0, 19.0, 18.99])

    def test_returned_goods_take_the_difference_back(self):
        """Scenario: the last of the three comes back, then all of it.

        Expected: two are 38.00 of tax, none is nothing.
        """
        order = self._create_order((self.desk, 3))
        shipments = [self._ship(order, 1) for _number in range(3)]
        invoices = order._create_invoices(final=True)
        invoices.action_post()
        totals = []
        for shipment in reversed(shipments):
            self._take_back(shipment, 1)
            order._create_invoices(final=True).action_post()
            totals.append(round(sum(order.invoice_ids.mapped("amount_tax_signed")), 2))
        self.assertEqual(totals, [38.0, 19.0, 0.0])
        self.assertEqual(set(invoices.mapped("payment_state")), {"reversed"})

    def test_oldest_comes_back_first(self):
        """
        GIVEN posted invoices of 118.99, 118.99 and 118.98
        WHEN the first one's desk comes back, then the others
        THEN each invoice is credited for what it came to, and nothing of it is open
        """
        order = self._create_order((self.desk, 3))
        shipments = [self._ship(order, 1) for _number in range(3)]
        invoices = order._create_invoices(final=True)
        invoices.action_post()
        self.assertEqual(invoices.mapped("amount_total"), [118.99, 118.99, 118.98])
        credit_notes = self.env["account.move"]
        for shipment in shipments:
            self._take_back(shipment, 1)
            credit_notes |= order._create_invoices(final=True)
        credit_notes.action_post()
        self.assertEqual(credit_notes.mapped("amount_total"), [118.99, 118.99, 118.98])
        self.assertEqual(invoices.mapped("amount_residual"), [0.0] * 3)
        self.assertEqual(credit_notes.mapped("amount_residual"), [0.0] * 3)

    def test_next_invoice_takes_the_cent_of_a_credit_note(self):
        """
        GIVEN two of three desks invoiced at 118.99, and 118.98 for the third, and the
            first one's came back: 237.97 are left, where two desks are 237.98
        WHEN another one is shipped
        THEN it is invoiced at 118.99: three are 356.96
        """
        order = self._create_order((self.desk, 3))
        first = self._ship(order, 1)
        self._ship(order, 1)
        self._ship(order, 1)
        order._create_invoices(final=True).action_post()
        self._take_back(first, 1)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.amount_total, 118.99)
        order.order_line.product_uom_qty = 4
        self._ship(order, 1)
        last = order._create_invoices(final=True)
        self.assertEqual(last.amount_total, 118.99)
        totals = order.invoice_ids.mapped("amount_total_signed")
        self.assertEqual(round(sum(totals), 2), 356.96)

    def test_all_that_is_left_of_an_invoice(self):
        """
        GIVEN an invoice of three desks at 99.99, with 57.05 of tax set by hand
        WHEN one comes back, then two
        THEN 19.00 of tax are credited, then the 38.05 that are left
        """
        order = self._create_order((self.desk, 3))
        shipment = self._ship(order, 3)
        invoice = order._create_invoices(final=True)
        self._set_tax(invoice, 57.05)
        invoice.action_post()
        taxes = []
        for quantity in (1, 2):
            self._take_back(shipment, quantity)
            credit_note = order._create_invoices(final=True)
            credit_note.action_post()
            taxes.append(credit_note.amount_tax)
        self.assertEqual(taxes, [19.0, 38.05])
        self.assertEqual(invoice.payment_state, "reversed")

    def test_taxes_of_a_credited_invoice_are_computed_once(self):
        """A credit note of three lines reads its invoice once, not for each line."""
        goods = [self._create_good(f"Good {number}", price=1.0) for number in range(3)]
        order = self._create_order(*[(each, 1) for each in goods])
        order.order_line.tax_ids = self.vat
        shipment = self._ship(order, 1, 1, 1)
        order._create_invoices(final=True).action_post()
        self._take_back(shipment, 1)
        model = type(self.env["account.move"])
        with patch.object(
            model,
            "_get_line_amounts",
            autospec=True,
            side_effect=model._get_line_amounts,
        ) as computed:
            credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.amount_total, 3.57)
        self.assertEqual(computed.call_count, 1)

    def _set_tax(self, invoice, amount):
        """As an accountant does in the totals of a draft."""
        total = invoice.amount_untaxed + amount
        lines = invoice.line_ids
        receivable = lines.filtered(lambda line: line.display_type == "payment_term")
        invoice.write(
            {
                "line_ids": [
                    Command.update(
                        lines.filtered("tax_line_id").id, {"amount_currency": -amount}
                    ),
                    Command.update(receivable.id, {"amount_currency": total}),
                ]
            }
        )
        self.assertEqual(invoice.amount_tax, amount)

    def test_tax_included(self):
        """3 x 99.99 with 19 % included: 47.89 of tax, not 3 x 15.96 = 47.88; the
        customer pays 99.99 each time."""
        self.vat.price_include_override = "tax_included"
        order = self._create_order((self.desk, 3))
        invoices = self._invoice_one_by_one(order, [1], [1], [1])
        self.assertEqual(invoices.mapped("amount_total"), [99.99] * 3)
        self.assertAlmostEqual(sum(invoices.mapped("amount_tax")), 47.89, 6)
        self._check_like_one_invoice(invoices)

    def test_rounded_by_line(self):
        """Two lines; each is rounded, then added up."""
        self.company.tax_calculation_rounding_method = "round_per_line"
        self.chair.write({"list_price": 33.33, "taxes_id": [Command.set(self.vat.ids)]})
        order = self._create_order((self.desk, 3), (self.chair, 7))
        invoices = self._invoice_one_by_one(order, [1, 3], [1, 3], [1, 1])
        self._check_like_one_invoice(invoices)

    def test_two_taxes_on_a_line(self):
        """7 % and 1.1 % of 99.99 at a discount of 33 %."""
        taxes = self._create_tax(7) | self._create_tax(1.1)
        order = self._create_order(
            (self.desk, 5, {"discount": 33, "tax_ids": [Command.set(taxes.ids)]}),
            (self.chair, 5, {"tax_ids": [Command.set(self.vat.ids)]}),
        )
        invoices = self._invoice_one_by_one(order, [1, 0], [1, 3], [1, 1], [2, 1])
        self._check_like_one_invoice(invoices)

    def test_tax_on_tax(self):
        """A tax that is part of the base of the next one."""
        first = self._create_tax(5, include_base_amount=True, sequence=1)
        taxes = first | self._create_tax(9.975, sequence=2)
        order = self._create_order(
            (self.desk, 4, {"tax_ids": [Command.set(taxes.ids)]})
        )
        invoices = self._invoice_one_by_one(order, [1], [2], [1])
        self._check_like_one_invoice(invoices)

    def test_kinds_of_taxes(self):
        """Fixed amounts, groups, taxes in and on top of the price, reverse charge."""
        group = self._create_tax(
            0,
            name="Group",
            amount_type="group",
            children_tax_ids=[
                Command.set((self._create_tax(5) | self._create_tax(9.975)).ids)
            ],
        )
        fixed = self._create_tax(0.07, amount_type="fixed", name="Fixed")
        division = self._create_tax(
            13, amount_type="division", price_include_override="tax_included"
        )
        reverse = self._create_tax(
            21,
            name="Reverse charge",
            **{
                f"{kind}_repartition_line_ids": [
                    Command.create({"repartition_type": "base"}),
                    Command.create({"repartition_type": "tax"}),
                    Command.create({"repartition_type": "tax", "factor_percent": -100}),
                ]
                for kind in ("invoice", "refund")
            },
        )
        for taxes in (group, fixed | self.vat, division, reverse, reverse | self.vat):
            for method in ("round_globally", "round_per_line"):
                with self.subTest(taxes=taxes.mapped("name"), method=method):
                    self.company.tax_calculation_rounding_method = method
                    order = self._create_order(
                        (self.desk, 5, {"tax_ids": [Command.set(taxes.ids)]}),
                        (self.chair, 4, {"price_unit": 33.33, "discount": 7}),
                    )
                    order.order_line[1].tax_ids = self.vat
                    invoices = self._invoice_one_by_one(order, [1, 1], [2, 3], [2, 0])
                    self._check_like_one_invoice(invoices)
                    invoices.action_post()
                    for invoice in invoices:
                        self.assertAlmostEqual(
                            sum(invoice.line_ids.mapped("balance")), 0.0, 6
                        )

    def test_foreign_currency(self):
        """Two for one: what is rounded is the amount in the order's currency."""
        currency = self.setup_other_currency("EUR", rates=[("2016-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": currency.id}
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 99.99}), pricelist_id=pricelist.id
        )
        self.assertEqual(order.currency_id, currency)
        invoices = self._invoice_one_by_one(order, [1], [1], [1])
        self.assertEqual(invoices.mapped("amount_tax"), [19.0, 19.0, 18.99])
        self.assertAlmostEqual(sum(invoices.mapped("amount_total")), 356.96, 6)
        for invoice in invoices:
            self.assertEqual(sum(invoice.line_ids.mapped("balance")), 0.0)

    def test_all_paid_before(self):
        """A deposit of all of it: three invoices over nothing, nothing to credit."""
        order = self._create_order((self.desk, 3))
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 100,
                "sale_order_ids": order.ids,
            }
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()
        self.assertEqual(order.invoice_ids.amount_total, 356.96)
        for way in ("proportion", "early"):
            with self.subTest(way=way), self.env.cr.savepoint() as savepoint:
                self.company.deposit_deduction = way
                invoices = self._invoice_one_by_one(order, [1], [1], [1])
                self.assertEqual(invoices.mapped("amount_total"), [0.0] * 3)
                self.assertEqual(set(invoices.mapped("move_type")), {"out_invoice"})
                savepoint.rollback()
                self.env.invalidate_all()

    def test_price_changed_between(self):
        """Each invoice has its own price; taxes add up over all of them:
        19 % of 99.99 + 2 x 77.77 is 48.55, one by one 19.00 + 2 x 14.78 = 48.56."""
        order = self._create_order((self.desk, 3))
        invoices = self._invoice_one_by_one(order, [1])
        order.order_line.price_unit = 77.77
        invoices |= self._invoice_one_by_one(order, [1], [1])
        self.assertEqual(invoices.mapped("amount_untaxed"), [99.99, 77.77, 77.77])
        self.assertAlmostEqual(sum(invoices.mapped("amount_tax")), 48.55, 6)

    def test_draft_edited_by_hand(self):
        """Scenario: the third draft has 18.99 of tax; an accountant makes it 2 pieces.

        Expected: Odoo's tax of two, 38.00, and no trace of the correction.
        """
        order = self._create_order((self.desk, 10))
        draft = self._invoice_one_by_one(order, [1], [1], [1])[2]
        draft.invoice_line_ids.quantity = 2
        self.assertEqual(draft.amount_tax, 38.0)

    def test_invoice_of_two_orders_before(self):
        """What other orders have on the same invoice is left out."""
        orders = self._create_order((self.desk, 3)) | self._create_order((self.desk, 3))
        orders.shipment_invoicing = "per_order"
        for order in orders:
            self._ship(order, 1)
        both = orders._create_invoices()
        self.assertEqual(both.amount_tax, 38.0)
        orders.shipment_invoicing = "per_shipment"
        invoices = self._invoice_one_by_one(orders[0], [1], [1])
        self.assertEqual(invoices.mapped("amount_tax"), [19.0, 18.99])

    def test_taxes_changed_by_hand(self):
        """A tax that was set by hand is nobody's rounding: later ones are Odoo's."""
        order = self._create_order((self.desk, 3))
        first = self._invoice_one_by_one(order, [1])
        self._set_tax(first, 15.0)
        invoices = self._invoice_one_by_one(order, [1], [1])
        self.assertEqual(invoices.mapped("amount_tax"), [19.0, 19.0])

    def test_taxes_of_many_lines_changed_by_hand(self):
        """
        GIVEN ten products at 1.00 with 19 %, and 1.98 of tax set by hand on the first
            of three invoices
        WHEN the others are made
        THEN they have 1.90 each: eight cents are no rounding of one amount
        """
        products = [
            self._create_good(
                f"Good {number}", price=1.0, taxes_id=[Command.set(self.vat.ids)]
            )
            for number in range(10)
        ]
        order = self._create_order(*[(product, 3) for product in products])
        first = self._invoice_one_by_one(order, [1] * 10)
        self._set_tax(first, 1.98)
        invoices = self._invoice_one_by_one(order, [1] * 10, [1] * 10)
        self.assertEqual(invoices.mapped("amount_tax"), [1.9, 1.9])

    def test_currency_with_more_decimals_than_ours(self):
        """
        GIVEN a currency of mils, of which 0.25 are 1 of ours, and 3 at 1.23 less 10 %
        WHEN they are invoiced one by one
        THEN the second takes a mil more of tax, 0.211: 19 % of 2.214 are 0.421; and
            each 1.107 is 4.43 of ours, the second as well
        """
        currency = self.setup_other_currency(
            "KWD", rounding=0.001, rates=[("2016-01-01", 0.25)]
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Mils", "currency_id": currency.id}
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 1.23, "discount": 10}),
            pricelist_id=pricelist.id,
        )
        invoices = self._invoice_one_by_one(order, [1], [1], [1])
        self.assertEqual(invoices.mapped("amount_tax"), [0.21, 0.211, 0.21])
        self.assertEqual(invoices.mapped("amount_untaxed_signed"), [4.43] * 3)
        self.assertEqual(invoices.mapped("amount_tax_signed"), [0.84] * 3)

    def test_half_a_cent_of_ours(self):
        """
        GIVEN 3 at 99.99 of a currency of which 4 are 1 of ours; 1 invoiced before
        WHEN 2 are invoiced, with 37.99 of tax
        THEN 199.98 are 50.00 of ours, 49.995 rounded, and the tax is 9.50
        """
        currency = self.setup_other_currency("EUR", rates=[("2016-01-01", 4.0)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "Four", "currency_id": currency.id}
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 99.99}), pricelist_id=pricelist.id
        )
        invoice = self._invoice_one_by_one(order, [1], [2])[1]
        self.assertEqual(self._amounts(invoice), [(199.98, 37.99, 237.97)])
        self.assertEqual(invoice.amount_untaxed_signed, 50.0)
        self.assertEqual(invoice.amount_tax_signed, 9.5)

    def test_cash_rounding_of_taxes(self):
        """
        GIVEN shipments of 99.99 and 30.00, invoices that are rounded to 0.05 by their
            tax: 148.99 is 149.00, with 19.01 of tax
        WHEN they are invoiced one by one
        THEN each is 149.00: no invoice takes back how an earlier one was rounded
        """
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "To 0.05",
                "rounding": 0.05,
                "strategy": "biggest_tax",
                "rounding_method": "HALF-UP",
            }
        )
        order = self._create_order((self.desk, 4), (self.chair, 4))
        totals = []
        for _shipment in range(4):
            invoice = self._invoice_one_by_one(order, [1, 1])
            invoice.invoice_cash_rounding_id = rounding
            totals.append((invoice.amount_untaxed, invoice.amount_total))
        self.assertEqual(totals, [(129.99, 149.0)] * 4)

    def test_taxes_after_discount_for_early_payment(self):
        """
        GIVEN ten products at 1.00 with 19 %, and 2 % off for early payment, which taxes
            always count: 9.80 x 19 % are 1.86
        WHEN they are invoiced in three shipments
        THEN each invoice has 1.86 of tax: what 19 % of 10.00 is more is no rounding
        """
        products = [
            self._create_good(
                f"Good {number}", price=1.0, taxes_id=[Command.set(self.vat.ids)]
            )
            for number in range(10)
        ]
        order = self._create_order(
            *[(product, 3) for product in products],
            payment_term_id=self._create_early_payment_term().id,
        )
        invoices = self._invoice_one_by_one(order, *[[1] * 10] * 3)
        self.assertEqual(invoices.mapped("amount_tax"), [1.86, 1.86, 1.86])

    def test_credit_of_taxes_after_discount_for_early_payment(self):
        """
        GIVEN an invoice of 99.99, and 18.62 of tax: 19 % of 97.99
        WHEN the goods come back
        THEN the credit note is over the same
        """
        order = self._create_order(
            (self.desk, 1), payment_term_id=self._create_early_payment_term().id
        )
        shipment = self._ship(order, 1)
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        self._take_back(shipment, 1)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(
            self._amounts(invoice | credit_note), [(99.99, 18.62, 118.61)] * 2
        )

    def _create_early_payment_term(self):
        return self.env["account.payment.term"].create(
            {
                "name": "2 % within 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "mixed",
            }
        )
