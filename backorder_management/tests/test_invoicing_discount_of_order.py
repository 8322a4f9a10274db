"""A discount of the whole order, which Odoo makes a line of its own."""

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
