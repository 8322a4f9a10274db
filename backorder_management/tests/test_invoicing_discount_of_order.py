"""A discount of the whole order, which Odoo makes a line of its own."""

from odoo.fields import Command
from odoo.tests import tagged

from .test_invoicing_worked_examples import WorkedExamplesCommon


@tagged("post_install", "-at_install")
class TestDiscountOfTheOrder(WorkedExamplesCommon):
    def test_discount_greater_than_the_first_shipment(self):
        """Scenario: 20 at 50 less 10 %: Odoo adds a line of -100. 1, 9 and 10 are
        shipped and invoiced one after the other.

        Expected: no credit note; 900 in all, as where all are invoiced late.
        """
        order = self._create_order((self.desk, 20, {"price_unit": 50}))
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.1,
            }
        ).action_apply_discount()
        invoices = self._ship_and_invoice(order, 1, 9, 10)
        self.assertEqual(sum(invoices.mapped("amount_total_signed")), 900)
        self.assertEqual(set(invoices.mapped("move_type")), {"out_invoice"})

    def test_tax_of_the_discount(self):
        """
        GIVEN 3 desks at 99.99 and 4 chairs at 33.37 with 19 %, less 3.33 % of all,
            which Odoo makes a line with a tax of its own rounding
        WHEN they are shipped one by one
        THEN the invoices come to the order, to the cent, and the line of the discount
            keeps Odoo's mark, so that it is rounded by itself
        """
        vat = self.env["account.tax"].create({"name": "19 %", "amount": 19})
        order = self._create_order(
            (self.desk, 3, {"price_unit": 99.99, "tax_ids": [Command.set(vat.ids)]}),
            (self.chair, 4, {"price_unit": 33.37, "tax_ids": [Command.set(vat.ids)]}),
        )
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.0333,
            }
        ).action_apply_discount()
        for quantities in ((1, 1), (1, 1), (1, 2)):
            self._ship(order, *quantities)
            order._create_invoices(final=True)
        invoices = order.invoice_ids
        self.assertEqual(len(invoices), 3)
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            total = round(sum(invoices.mapped(name)), 2)
            self.assertEqual(total, order[name], name)
        discount = invoices.invoice_line_ids.filtered(lambda line: line.price_unit < 0)
        self.assertEqual(
            discount.extra_tax_data["computation_key"],
            discount.sale_line_ids.extra_tax_data["computation_key"],
        )
