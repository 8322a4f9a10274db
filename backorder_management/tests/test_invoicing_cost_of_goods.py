"""The cost of goods sold of invoices of shipments, with figures by hand."""

from odoo.tests import tagged

from .test_invoicing_worked_examples import WorkedExamplesCommon


@tagged("post_install", "-at_install")
class TestAngloSaxon(WorkedExamplesCommon):
    """The goods are worth what they cost: 1 at 8, 1 at 10, 1 at 12, first in first out.

    The cost of goods sold of the invoices of all shipments is that of one invoice: 30.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.anglo_saxon_accounting = True
        stock = cls.company_data["default_account_assets"].copy({"name": "Stock"})
        cls.cost = cls.company_data["default_account_expense"].copy({"name": "COGS"})
        category = cls.env["product.category"].create(
            {
                "name": "Valued",
                "property_cost_method": "fifo",
                "property_valuation": "real_time",
                "property_stock_valuation_account_id": stock.id,
                "property_account_expense_categ_id": cls.cost.id,
            }
        )
        cls.vase = cls.env["product.product"].create(
            {
                "name": "Vase",
                "is_storable": True,
                "invoice_policy": "delivery",
                "list_price": 100,
                "taxes_id": False,
                "categ_id": category.id,
            }
        )
        supplier = cls.env.ref("stock.stock_location_suppliers")
        for cost in (8, 10, 12):
            move = cls.env["stock.move"].create(
                {
                    "product_id": cls.vase.id,
                    "product_uom_qty": 1,
                    "value_manual": cost,
                    "location_id": supplier.id,
                    "location_dest_id": cls.warehouse.lot_stock_id.id,
                    "picking_type_id": cls.warehouse.in_type_id.id,
                }
            )
            move._action_confirm()
            move.write({"quantity": 1, "picked": True})
            move._action_done()

    def _get_costs(self, invoices):
        return [
            sum(
                invoice.line_ids.filtered(
                    lambda line: line.account_id == self.cost
                ).mapped("balance")
            )
            for invoice in invoices
        ]

    def test_one_invoice(self):
        """Odoo's way, to compare with: 30."""
        order = self._create_order((self.vase, 3), customer=self.plain_customer)
        for _shipment in range(3):
            self._ship(order, 1)
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(self._get_costs(invoice), [30])

    def test_one_after_the_other(self):
        """Scenario: shipped and invoiced one by one. Expected: 8, 10 and 12."""
        order = self._create_order((self.vase, 3))
        invoices = self._ship_and_invoice(order, 1, 1, 1)
        self.assertEqual(self._get_costs(invoices), [8, 10, 12])

    def test_late_and_posted_at_once(self):
        """Scenario: three shipments, then three invoices, posted together.

        Expected: 30, divided as Odoo does among what is invoiced late: 10 each.
        """
        order = self._create_order((self.vase, 3))
        for _shipment in range(3):
            self._ship(order, 1)
        invoices = order._create_invoices()
        invoices.action_post()
        self.assertEqual(self._get_costs(invoices), [10, 10, 10])

    def test_posted_at_once_after_an_earlier_one(self):
        """Scenario: the first is shipped and invoiced, at 8; the others are
        shipped, and their invoices posted together.

        Expected: 30 in all: 8, 12 (two thirds of 30, less 8) and 10.
        """
        order = self._create_order((self.vase, 3))
        invoices = self._ship_and_invoice(order, 1)
        self._ship(order, 1)
        self._ship(order, 1)
        others = order._create_invoices()
        others.action_post()
        self.assertEqual(self._get_costs(invoices | others), [8, 12, 10])

    def test_what_may_be_posted_in_one_go(self):
        """Scenario: two shipments of an order of vases, one of another, two of desks,
        which are not valued as they are invoiced, and two drafts of vases per order.

        Expected: all but the second shipment of vases in one go.
        """
        self.env["stock.quant"]._update_available_quantity(
            self.vase, self.warehouse.lot_stock_id, 10
        )
        vases = self._create_order((self.vase, 2))
        others = self._create_order((self.vase, 1)) | self._create_order((self.desk, 2))
        plain = self._create_order((self.vase, 2), customer=self.plain_customer)
        rest = self.env["account.move"]
        for _shipment in range(2):
            self._ship(plain, 1)
            rest |= plain._create_invoices()
        for order in (vases, vases, others[0], others[1], others[1]):
            self._ship(order, 1)
        first, second = vases._create_invoices()
        rest |= others._create_invoices()
        self.assertEqual(len(rest), 5)
        self.assertEqual(
            (first | second | rest)._get_posting_waves(), [first | rest, second]
        )
