"""Delivered = invoiced + to invoice: the report, with figures written by hand."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import make_kit
from .invoicing_common import InvoicingCommon


class ReconciliationCommon(InvoicingCommon):
    def _read(self, order):
        """The rows of the order, as the next request reads them."""
        rows = self.env["backorder.invoice.reconciliation"]
        rows.invalidate_model()
        return rows.search([("order_id", "=", order.id)])

    def assertReconciled(self, order, **expected):  # noqa: N802 - unittest's own manner
        """The one row of the order: amounts that are not named are zero."""
        row = self._read(order)
        row.ensure_one()
        names = ("delivered", "posted", "draft", "to_invoice")
        found = {name: row[f"amount_{name}"] for name in names}
        found.update(difference=row.difference, reason=row.reason)
        zeros = dict.fromkeys([*names, "difference"], 0.0)
        self.assertEqual(found, {**zeros, "reason": "none", **expected})
        if row.reason == "none":
            parts = ("price", "ahead", "rate", "quantity")
            self.assertEqual([row[f"difference_{part}"] for part in parts], [0] * 4)
        return row

    def _ship_and_post(self, order, *quantities):
        for quantity in quantities:
            self._ship(order, quantity)
            order._create_invoices().action_post()


@tagged("post_install", "-at_install")
class TestReconciled(ReconciliationCommon):
    def test_posted_draft_and_to_invoice(self):
        """Scenario: of 10 desks at 100, 4 are shipped and posted, 3 are on a draft, 2
        shipped only. Expected: 900 = 400 + 300 + 200."""
        order = self._create_order((self.desk, 10))
        self._ship_and_post(order, 4)
        self._ship(order, 3)
        order._create_invoices()
        self._ship(order, 2)
        row = self.assertReconciled(
            order, delivered=900, posted=400, draft=300, to_invoice=200
        )
        self.assertEqual(
            (row.qty_delivered, row.qty_invoiced, row.qty_to_invoice), (9, 7, 2)
        )
        self.assertEqual(row.order_id, order)
        self.assertEqual(row.partner_id, self.customer)
        self.assertEqual(row.currency_id, self.company.currency_id)

    def test_what_is_no_row(self):
        """Not shipped; a service; invoiced on order; a deposit."""
        lamp = self._create_good("Lamp", invoice_policy="order")
        service = self._create_good("Work", type="service", is_storable=False)
        order = self._create_order((self.desk, 2), (lamp, 1), (service, 1))
        self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "fixed",
                "fixed_amount": 50,
                "sale_order_ids": [Command.set(order.ids)],
            }
        ).create_invoices()
        order.order_line.filtered(
            lambda line: line.product_id == service
        ).qty_delivered = 1
        self._ship(order, 0, 1)
        self.assertFalse(self._read(order))

    def test_before_deposits(self):
        """Scenario: a deposit of 50 of 200; one desk shipped and invoiced, 75 to pay.

        Expected: 100 were delivered and 100 invoiced.
        """
        order = self._create_order((self.desk, 2))
        self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "fixed",
                "fixed_amount": 50,
                "sale_order_ids": [Command.set(order.ids)],
            }
        ).create_invoices()
        order.invoice_ids.action_post()
        self._ship(order, 1)
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(invoice.amount_total, 75)
        self.assertReconciled(order, delivered=100, posted=100)

    def test_return_to_be_credited(self):
        """Scenario: 4 shipped and invoiced, 1 comes back; then it is credited.

        Expected: 300 = 400 - 100, then 300 = 300.
        """
        order = self._create_order((self.desk, 10))
        self._ship_and_post(order, 4)
        shipment = order.picking_ids.filtered(lambda picking: picking.state == "done")
        self._take_back(shipment, 1)
        row = self.assertReconciled(order, delivered=300, posted=400, to_invoice=-100)
        self.assertEqual(row.qty_to_invoice, -1)
        credit_note = order._create_invoices(final=True)
        self.assertReconciled(order, delivered=300, posted=400, draft=-100)
        credit_note.action_post()
        self.assertReconciled(order, delivered=300, posted=300)

    def test_cancelled_invoice(self):
        """A cancelled invoice does not count."""
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        order._create_invoices().button_cancel()
        self.assertReconciled(order, delivered=400, to_invoice=400)

    def test_all_came_back_and_was_credited(self):
        order = self._create_order((self.desk, 10))
        self._ship_and_post(order, 4)
        self._take_back(order.picking_ids.filtered("date_done"), 4)
        order._create_invoices(final=True).action_post()
        self.assertReconciled(order)

    def test_dozens_with_a_discount(self):
        """Scenario: 2 dozen at 120 less 25 %, 12 pieces invoiced, 6 more shipped.

        Expected: 1.5 dozen at 90: 135 = 90 + 45.
        """
        dozen = self.env.ref("uom.product_uom_dozen")
        values = {"product_uom_id": dozen.id, "price_unit": 120, "discount": 25}
        order = self._create_order((self.desk, 2, values))
        self._ship_and_post(order, 12)
        self._ship(order, 6)
        row = self.assertReconciled(order, delivered=135, posted=90, to_invoice=45)
        self.assertEqual((row.qty_delivered, row.product_uom_id), (1.5, dozen))

    def test_more_delivered_than_ordered(self):
        """Scenario: one ordered at 0.01 less 50 %, which Odoo rounds to 0.01; 100 are
        shipped. Expected: 0.50."""
        values = {"price_unit": 0.01, "discount": 50}
        order = self._create_order((self.desk, 1, values))
        self._ship(order, 100)
        self.assertReconciled(order, delivered=0.5, to_invoice=0.5)

    def test_kit(self):
        """Scenario: 5 tables at 250; 3 tops and 8 legs ship: 2 tables, 500."""
        top, leg = self._create_good("Top"), self._create_good("Leg")
        table = self._create_good("Table", price=250.0)
        make_kit(table, (top, 1), (leg, 4))
        order = self._create_order((table, 5))
        picking = order.picking_ids
        picking.action_assign()
        for move in picking.move_ids:
            quantity = 3 if move.product_id == top else 8
            move.write({"quantity": quantity, "picked": True})
        self._validate(picking)
        self.assertReconciled(order, delivered=500, to_invoice=500)

    def test_sums_by_order(self):
        """Scenario: 2 desks at 100 invoiced, 3 chairs at 30 shipped, in one order.

        Expected: two rows; together 290 = 200 + 90.
        """
        order = self._create_order((self.desk, 2), (self.chair, 3))
        self._ship(order, 2, 0)
        order._create_invoices().action_post()
        self._ship(order, 0, 3)
        [sums] = self.env["backorder.invoice.reconciliation"]._read_group(
            [("order_id", "=", order.id)],
            ["order_id"],
            [
                "__count",
                "amount_delivered:sum",
                "amount_posted:sum",
                "amount_to_invoice:sum",
                "difference:sum",
            ],
        )
        self.assertEqual(sums, (order, 2, 290.0, 200.0, 90.0, 0.0))


@tagged("post_install", "-at_install")
class TestTaxIncluded(ReconciliationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.included = cls.env["account.tax"].create(
            {
                "name": "19 % included",
                "amount": 19,
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
            }
        )

    def test_ordered(self):
        """Scenario: 10 at 119, 19 % included; 4 invoiced, 2 more shipped.

        Expected: 600 = 400 + 200.
        """
        order = self._create_order(
            (self.desk, 10, {"price_unit": 119, "tax_ids": self.included.ids})
        )
        self._ship_and_post(order, 4)
        self._ship(order, 2)
        self.assertReconciled(order, delivered=600, posted=400, to_invoice=200)

    def test_not_ordered(self):
        """Scenario: 3 lamps at 119, 19 % included, are added on the transfer.

        Expected: the order has a line of 0 lamps; 300 are to be invoiced.
        """
        lamp = self._create_good(
            "Lamp", price=119.0, taxes_id=[Command.set(self.included.ids)]
        )
        order = self._create_order((self.desk, 1))
        picking = order.picking_ids
        picking.move_ids = [
            Command.create(
                {
                    "product_id": lamp.id,
                    "product_uom_qty": 3,
                    "location_id": picking.location_id.id,
                    "location_dest_id": picking.location_dest_id.id,
                }
            )
        ]
        picking.action_assign()
        picking.move_ids.picked = True
        self._validate(picking)
        rows = self._read(order)
        self.assertEqual(
            [
                (row.product_id, row.qty_delivered, row.amount_to_invoice)
                for row in rows
            ],
            [(self.desk, 1, 100), (lamp, 3, 300)],
        )
        self.assertEqual(rows[1].sale_line_id.product_uom_qty, 0)
        order._create_invoices().action_post()
        self.assertEqual(self._read(order).mapped("amount_posted"), [100, 300])
        self.assertEqual(self._read(order).mapped("difference"), [0, 0])

    def test_tax_on_top(self):
        self.included.price_include_override = "tax_excluded"
        order = self._create_order((self.desk, 3, {"tax_ids": self.included.ids}))
        self._ship_and_post(order, 1)
        self._ship(order, 1)
        self.assertReconciled(order, delivered=200, posted=100, to_invoice=100)

    def test_default_of_the_company(self):
        """The tax leaves it to the company, which includes taxes in prices."""
        self.company.account_price_include = "tax_included"
        self.included.price_include_override = False
        order = self._create_order(
            (self.desk, 2, {"price_unit": 119, "tax_ids": self.included.ids})
        )
        self._ship_and_post(order, 1)
        self.assertReconciled(order, delivered=100, posted=100)

    def test_tax_changed_between_shipments(self):
        """Scenario: one of two invoiced at 119 with 19 % included: 100; then the order
        gets no tax, so that the second is 119 untaxed.

        Expected: 238 = 100 + 119 + 19, as the tax was another one.
        """
        order = self._create_order(
            (self.desk, 2, {"price_unit": 119, "tax_ids": self.included.ids})
        )
        self._ship_and_post(order, 1)
        self._ship(order, 1)
        order.order_line.write({"tax_ids": [Command.clear()], "price_unit": 119})
        self.assertReconciled(
            order,
            delivered=238,
            posted=100,
            to_invoice=119,
            difference=19,
            reason="price",
        )


@tagged("post_install", "-at_install")
class TestDifferences(ReconciliationCommon):
    def test_price_changed_after_invoicing(self):
        """Scenario: 4 invoiced at 100; the order says 120 then; 3 more are shipped.

        Expected: 840 = 400 + 360 + 80.
        """
        order = self._create_order((self.desk, 10))
        self._ship_and_post(order, 4)
        order.order_line.price_unit = 120
        self._ship(order, 3)
        row = self.assertReconciled(
            order,
            delivered=840,
            posted=400,
            to_invoice=360,
            difference=80,
            reason="price",
        )
        self.assertEqual(row.difference_price, 80)

    def test_price_changed_on_the_invoice(self):
        """Scenario: 4 shipped, the draft says 110. Expected: 400 = 440 - 40."""
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        order._create_invoices().invoice_line_ids.price_unit = 110
        self.assertReconciled(
            order, delivered=400, draft=440, difference=-40, reason="price"
        )

    def test_a_cent_of_price(self):
        """Scenario: one shipped, the draft says 100.01. Expected: no rounding."""
        order = self._create_order((self.desk, 10))
        self._ship(order, 1)
        order._create_invoices().invoice_line_ids.price_unit = 100.01
        self.assertReconciled(
            order, delivered=100, draft=100.01, difference=-0.01, reason="price"
        )

    def test_discount_on_the_invoice(self):
        """Scenario: 4 shipped, 10 % off on the draft. Expected: 400 = 360 + 40."""
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        order._create_invoices().invoice_line_ids.discount = 10
        self.assertReconciled(
            order, delivered=400, draft=360, difference=40, reason="price"
        )

    def test_invoiced_ahead(self):
        """Scenario: 4 shipped, 6 on the draft; then 5 more shipped.

        Expected: 400 = 600 - 200, nothing to credit; then 900 = 600 + 300.
        """
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        order._create_invoices().invoice_line_ids.quantity = 6
        row = self.assertReconciled(
            order, delivered=400, draft=600, difference=-200, reason="ahead"
        )
        self.assertEqual(row.qty_to_invoice, 0)
        self.assertEqual(row.difference_ahead, -200)
        self._ship(order, 5)
        self.assertReconciled(order, delivered=900, draft=600, to_invoice=300)

    def test_order_cancelled(self):
        """Scenario: 4 shipped, 1 of them invoiced, then the order is cancelled.

        Expected: Odoo invoices nothing of it any more: 400 = 100 + 300.
        """
        order = self._create_order((self.desk, 10))
        self._ship_and_post(order, 1)
        self._ship(order, 3)
        order._action_cancel()
        row = self.assertReconciled(
            order, delivered=400, posted=100, difference=300, reason="cancelled"
        )
        self.assertEqual(row.difference_quantity, 300)

    def test_policy_changed(self):
        """Scenario: invoiced on order, 10 ordered and 4 shipped, nothing invoiced; then
        the product is invoiced on delivery, which Odoo applies to later changes only.

        Expected: Odoo still wants to invoice 10 where 4 were shipped: 400 = 1000 - 600.
        """
        self.desk.invoice_policy = "order"
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        self.env.flush_all()
        self.desk.invoice_policy = "delivery"
        self.assertReconciled(
            order, delivered=400, to_invoice=1000, difference=-600, reason="quantity"
        )

    def test_something_else_invoiced(self):
        """Scenario: the draft of a desk at 100 is changed into a chair at 30.

        Expected: 100 = 30 + 70.
        """
        order = self._create_order((self.desk, 10))
        self._ship(order, 1)
        line = order._create_invoices().invoice_line_ids
        line.product_id = self.chair
        line.write({"price_unit": 30, "tax_ids": [Command.clear()]})
        self.assertReconciled(
            order, delivered=100, draft=30, difference=70, reason="product"
        )

    def test_rounding(self):
        """Scenario: 3 at 0.99 less 50 %: 0.495 each, invoiced one by one at 0.50.

        Expected: 1.485, rounded 1.49 = 1.50 - 0.01.
        """
        order = self._create_order((self.desk, 3, {"price_unit": 0.99, "discount": 50}))
        self._ship_and_post(order, 1, 1, 1)
        self.assertReconciled(
            order, delivered=1.49, posted=1.5, difference=-0.01, reason="rounding"
        )

    def test_greatest_of_several(self):
        """Scenario: 4 shipped, 5 on the draft at 90.

        Expected: 400 = 450 - 50: 100 ahead and 50 of price; the reason is "ahead".
        """
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        order._create_invoices().invoice_line_ids.write(
            {"quantity": 5, "price_unit": 90}
        )
        row = self.assertReconciled(
            order, delivered=400, draft=450, difference=-50, reason="ahead"
        )
        self.assertEqual((row.difference_ahead, row.difference_price), (-100, 50))


@tagged("post_install", "-at_install")
class TestCurrencies(ReconciliationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency(
            "EUR", rates=[("2020-01-01", 2.0), ("2026-03-01", 4.0)]
        )
        cls.pricelist = cls.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": cls.foreign.id}
        )

    def _create_foreign(self):
        """10 desks at 100 of the foreign currency, 2 of which are 1 of ours: at 50."""
        return self._create_order(
            (self.desk, 10, {"price_unit": 100}),
            pricelist_id=self.pricelist.id,
            date_order="2026-02-01 10:00:00",
        )

    def _invoice_on(self, order, day):
        invoice = order._create_invoices()
        invoice.invoice_date = day
        invoice.action_post()

    def test_same_rate(self):
        """Scenario: 4 invoiced at the order's rate, 2 shipped. 300 = 200 + 100."""
        order = self._create_foreign()
        # Confirming sets the date of the order to now.
        order.date_order = "2026-02-01 10:00:00"
        self._ship(order, 4)
        self._invoice_on(order, "2026-02-10")
        self._ship(order, 2)
        self.assertReconciled(order, delivered=300, posted=200, to_invoice=100)

    def test_rate_changed(self):
        """Scenario: 4 invoiced when 4 are 1 of ours: 400 are 100.

        Expected: 200 = 100 + 100.
        """
        order = self._create_foreign()
        order.date_order = "2026-02-01 10:00:00"
        self._ship(order, 4)
        self._invoice_on(order, "2026-03-10")
        row = self.assertReconciled(
            order, delivered=200, posted=100, difference=100, reason="rate"
        )
        self.assertEqual(row.difference_rate, 100)

    def test_rate_and_price(self):
        """Scenario: the same, and the invoice says 90 instead of 100.

        Expected: 200 = 90 + 20 (40 at the order's rate) + 90 (360 at 2 less at 4).
        """
        order = self._create_foreign()
        order.date_order = "2026-02-01 10:00:00"
        self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.price_unit = 90
        invoice.invoice_date = "2026-03-10"
        invoice.action_post()
        row = self.assertReconciled(
            order, delivered=200, posted=90, difference=110, reason="rate"
        )
        self.assertEqual((row.difference_rate, row.difference_price), (90, 20))

    def test_invoice_in_another_currency(self):
        """Scenario: 4 shipped at 100 of ours; the draft is changed to 100 each of the
        foreign currency, 4 of which are 1 of ours.

        Expected: 400 = 100 + 300; it is a matter of price, there is no rate to compare.
        """
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.invoice_date = "2026-03-10"
        invoice.currency_id = self.foreign
        invoice.invoice_line_ids.price_unit = 100
        row = self.assertReconciled(
            order, delivered=400, draft=100, difference=300, reason="price"
        )
        self.assertEqual((row.difference_rate, row.difference_price), (0, 300))


@tagged("post_install", "-at_install")
class TestReaders(ReconciliationCommon):
    def _create_user(self, group, company=None):
        company = company or self.company
        return new_test_user(
            self.env,
            f"reader_{group}_{company.id}",
            group,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def test_who_may_read(self):
        """Accounting and sales managers; salespeople and the warehouse may not."""
        order = self._create_order((self.desk, 2), user_id=False)
        self._ship(order, 1)
        allowed = {}
        for group in (
            "account.group_account_invoice",
            "account.group_account_readonly",
            "sales_team.group_sale_manager",
            "sales_team.group_sale_salesman_all_leads",
            "stock.group_stock_manager",
        ):
            rows = self._read(order).with_user(self._create_user(group))
            try:
                allowed[group] = rows.read(["difference"])[0]["difference"]
            except AccessError:
                allowed[group] = None
        self.assertEqual(
            allowed,
            {
                "account.group_account_invoice": 0.0,
                "account.group_account_readonly": 0.0,
                "sales_team.group_sale_manager": 0.0,
                "sales_team.group_sale_salesman_all_leads": None,
                "stock.group_stock_manager": None,
            },
        )

    def test_other_company(self):
        order = self._create_order((self.desk, 2))
        self._ship(order, 1)
        other = self.env["res.company"].create({"name": "Elsewhere"})
        for company, count in ((self.company, 1), (other, 0)):
            user = self._create_user("account.group_account_invoice", company)
            rows = self.env["backorder.invoice.reconciliation"].with_user(user)
            self.assertEqual(
                rows.search_count([("order_id", "=", order.id)]), count, company.name
            )

    def test_buttons(self):
        """The accountant opens the order, and the invoices."""
        order = self._create_order((self.desk, 2))
        self._ship_and_post(order, 1)
        user = self._create_user("account.group_account_invoice")
        row = self._read(order).with_user(user)
        action = row.action_open_order()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("sale.order", order.id)
        )
        self.assertEqual(row.action_open_invoices()["res_id"], order.invoice_ids.id)
