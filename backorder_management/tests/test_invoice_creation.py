"""Invoices of shipments that nobody makes by hand: what is left, when, by whom."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..models.stock_picking_invoice_creation import CRON
from .invoice_creation_common import InvoiceCreationCommon


@tagged("post_install", "-at_install")
class TestFigures(InvoiceCreationCommon):
    """How much of a shipment is left to invoice."""

    def test_partly_invoiced(self):
        """
        GIVEN 4 desks of 100 shipped
        WHEN the invoice is lowered to 1, then deleted, then made anew
        THEN 300 are left and it is partly invoiced; 400, to invoice; nothing, invoiced
        """
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 400.0)])
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        self.assertEqual(self._get_figures(shipment), [("partial", 300.0)])
        invoice.unlink()
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 400.0)])
        order._create_invoices()
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_what_came_back_is_negative(self):
        """
        GIVEN 4 desks of 100 shipped and invoiced
        WHEN 1 comes back for a refund, and is credited
        THEN 100 are to be credited on that shipment, then nothing
        """
        order = self._create_order((self.desk, 4))
        shipment = self._ship(order, 4)
        order._create_invoices().action_post()
        self._take_back(shipment, 1)
        self.assertEqual(self._get_figures(shipment), [("partial", -100.0)])
        order._create_invoices(final=True)
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_salespeople_decide_no_posting(self):
        """
        GIVEN a customer whose invoices are posted, and one whose are made by hand
        WHEN a salesperson makes orders for them, copies one, and ships
        THEN each order has what its customer has; he can neither see nor change it
        """
        seller = new_test_user(
            self.env,
            "seller",
            groups="sales_team.group_sale_salesman_all_leads,stock.group_stock_user,"
            "base.group_partner_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        customers = self._create_customer("posted") | self.customer
        orders = self.env["sale.order"]
        for customer in customers:
            order = self._create_order((self.desk, 1), customer=customer)
            orders |= order | order.with_user(seller).copy()
        self.assertEqual(
            orders.mapped("shipment_invoice_creation"),
            ["posted", "posted", "manual", "manual"],
        )
        for record in (orders[2], self.customer):
            with self.assertRaises(AccessError):
                record.with_user(seller).shipment_invoice_creation = "posted"
        with Form(self.env["sale.order"].with_user(seller)) as form:
            form.partner_id = customers[0]
        self.assertEqual(form.record.sudo().shipment_invoice_creation, "posted")

    def test_nobody_tells_how_far_a_shipment_is_invoiced(self):
        """
        GIVEN a shipment to be invoiced
        WHEN a warehouse user writes that it is, that it failed, or is queued
        THEN he is refused, and it is invoiced; a new transfer is refused, too
        """
        keeper = new_test_user(
            self.env,
            "keeper",
            groups="stock.group_stock_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        order = self._create_order(
            (self.desk, 1), customer=self._create_customer("draft")
        )
        shipment = self._ship(order, 1)
        for name, value in (
            ("shipment_invoice_state", "invoiced"),
            ("shipment_invoice_queued", True),
            ("shipment_invoice_attempts", 3),
            ("shipment_invoice_next_try", "2099-01-01 00:00:00"),
        ):
            with self.assertRaisesRegex(AccessError, "follows from its invoices"):
                shipment.with_user(keeper).write({name: value})
            with self.assertRaisesRegex(AccessError, "follows from its invoices"):
                self.env["stock.picking"].with_user(keeper).create(
                    {"picking_type_id": shipment.picking_type_id.id, name: value}
                )
        shipment.with_user(keeper).note = "Fragile"
        self._work()
        self.assertEqual(order.invoice_ids.amount_total, 100.0)

    def test_return_and_delivery_of_as_much_again(self):
        """
        GIVEN 5 desks invoiced, of which 2 came back, and 2 others shipped
        WHEN the order has one invoice, which Odoo leaves as it is
        THEN nothing is left of either shipment
        WHEN it is invoiced by shipment
        THEN 200 are to be credited on the first, and invoiced of the second
        """
        order = self._create_order((self.desk, 5), customer=self.plain_customer)
        first = self._ship(order, 5)
        order._create_invoices()
        self._take_back(first, 2)
        order.order_line.product_uom_qty = 7
        both = first | self._ship(order, 2)
        self.assertEqual(self._get_figures(both), [("invoiced", 0.0), ("no", 0.0)])
        order.shipment_invoicing = "per_shipment"
        self.assertEqual(
            self._get_figures(both), [("partial", -200.0), ("to_invoice", 200.0)]
        )

    def test_discount_and_currency(self):
        """
        GIVEN 3 desks of 120 euros less 25 % and 2 chairs of 30 euros, 2 euros for each
            of the company's dollars
        WHEN 2 desks and both chairs are shipped
        THEN 240 euros are to be invoiced: 120 dollars
        WHEN the price of a desk is 100 euros
        THEN 210 euros: 105 dollars
        """
        euro = self.setup_other_currency("EUR")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 120.0, "discount": 25.0}),
            (self.chair, 2, {"price_unit": 30.0}),
            pricelist_id=pricelist.id,
        )
        self.assertEqual((order.currency_id, order.currency_rate), (euro, 2.0))
        shipment = self._ship(order, 2, 2)
        self.assertEqual(shipment.shipment_currency_id, self.company.currency_id)
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 120.0)])
        order.order_line[0].price_unit = 100.0
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 105.0)])

    def test_tax_in_the_price(self):
        """
        GIVEN a desk of 110 with a tax of 10 % in the price
        WHEN 2 are shipped
        THEN 200 are to be invoiced
        """
        tax = self.env["account.tax"].create(
            {
                "name": "10 % included",
                "amount": 10.0,
                "price_include_override": "tax_included",
            }
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 110.0, "tax_ids": [Command.set(tax.ids)]})
        )
        self.assertEqual(
            self._get_figures(self._ship(order, 2)), [("to_invoice", 200.0)]
        )

    def test_age(self):
        order = self._create_order((self.desk, 1))
        shipment = self._ship(order, 1)
        shipment.date_done = fields.Datetime.now() - timedelta(days=9)
        self.assertEqual(shipment.shipment_age, 9)


@tagged("post_install", "-at_install")
class TestModes(InvoiceCreationCommon):
    def test_company_customer_order(self):
        """
        GIVEN a company that posts
        WHEN orders of a customer without a choice, and of one with drafts, are made
        THEN each order says so, and one of them is switched by hand; contacts follow
            their company; other companies ask their own settings
        """
        self.company.shipment_invoice_creation = "posted"
        plain = self._create_customer(False)
        drafts = self._create_customer("draft")
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": drafts.id}
        )
        orders = self.env["sale.order"].create(
            [{"partner_id": partner.id} for partner in (plain, drafts, contact)]
        )
        self.assertEqual(
            orders.mapped("shipment_invoice_creation"), ["posted", "draft", "draft"]
        )
        orders[0].shipment_invoice_creation = "manual"
        self.company.shipment_invoice_creation = "sent"
        self.assertEqual(orders[0].shipment_invoice_creation, "manual")
        other = self.setup_other_company(name="Other")["company"]
        order = self.env["sale.order"].create(
            {"partner_id": drafts.id, "company_id": other.id}
        )
        self.assertEqual(order.shipment_invoice_creation, "manual")

    def test_by_hand(self):
        """By default validating wakes nobody, and nobody makes an invoice."""
        order = self._create_order((self.desk, 10))
        with self.capture_triggers(CRON) as triggered:
            shipment = self._ship(order, 4)
        self.assertFalse(triggered.records)
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(shipment.shipment_invoice_state, "to_invoice")

    def test_only_orders_per_shipment(self):
        """An order with one invoice for all that was delivered is left to the user."""
        order = self._create_order(
            (self.desk, 10),
            customer=self._create_customer("posted", shipment_invoicing="per_order"),
        )
        with self.capture_triggers(CRON) as triggered:
            self._ship(order, 4)
        self.assertFalse(triggered.records)
        self._work()
        self.assertFalse(order.invoice_ids)

    def test_draft(self):
        """
        GIVEN an order whose invoices are made as drafts
        WHEN a picker without any right in accounting validates two deliveries
        THEN he waits for no invoice; the action makes two drafts, for the order's
            salesperson, and no more the next time
        """
        order = self._create_order(
            (self.desk, 10), customer=self._create_customer("draft")
        )
        picker = new_test_user(
            self.env,
            "inv_picker",
            "stock.group_stock_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        seller = order.user_id
        with self.capture_triggers(CRON) as triggered:
            for quantity in (4, 3):
                delivery = order.picking_ids.filtered(lambda p: p.state == "assigned")
                delivery.move_ids.write({"quantity": quantity, "picked": True})
                self.env.flush_all()
                delivery.with_user(picker).with_context(
                    skip_backorder=True
                ).button_validate()
        self.assertEqual(len(triggered.records), 2)
        self.assertFalse(order.invoice_ids)
        self._work()
        invoices = order.invoice_ids.sorted("id")
        self.assertEqual(self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)]])
        self.assertEqual(invoices.mapped("state"), ["draft", "draft"])
        self.assertEqual(invoices.invoice_user_id, seller)
        self.assertEqual(invoices.company_id, self.company)
        self._work()
        self.assertEqual(order.invoice_ids, invoices)

    def test_posted(self):
        """
        GIVEN orders of two customers, one with drafts, one whose invoices are posted
        WHEN both ship
        THEN the one has a draft, the other one a posted invoice that nobody sends
        """
        drafts = self._create_order(
            (self.desk, 2), customer=self._create_customer("draft")
        )
        posted = self._create_order(
            (self.desk, 3), customer=self._create_customer("posted")
        )
        self._ship(drafts, 2)
        shipment = self._ship(posted, 3)
        self._work()
        self.assertEqual(drafts.invoice_ids.state, "draft")
        invoice = posted.invoice_ids
        self.assertEqual((invoice.state, invoice.amount_total), ("posted", 300.0))
        self.assertEqual(invoice.shipment_ids, shipment)
        self.assertFalse(invoice.shipment_to_send)
        self.assertFalse(invoice.is_move_sent)

    def test_refunded_return_is_credited(self):
        """
        GIVEN 4 desks shipped, invoiced and posted by the action
        WHEN 1 comes back for a refund
        THEN the action is told, and posts a credit note of 100 for that shipment
        """
        order = self._create_order(
            (self.desk, 4), customer=self._create_customer("posted")
        )
        shipment = self._ship(order, 4)
        self._work()
        invoice = order.invoice_ids
        with self.capture_triggers(CRON) as triggered:
            self._take_back(shipment, 1)
        self.assertTrue(triggered.records)
        self._work()
        credit_note = order.invoice_ids - invoice
        self.assertEqual(
            (credit_note.move_type, credit_note.state, credit_note.amount_total),
            ("out_refund", "posted", 100.0),
        )
        self.assertEqual(credit_note.shipment_ids, shipment)
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_other_companies(self):
        """
        GIVEN shipments of two companies, one of which has its invoices made
        WHEN the action has come
        THEN there are invoices of that company alone, with its journal
        """
        ours = self._create_order(
            (self.desk, 2), customer=self._create_customer("posted")
        )
        self._ship(ours, 2)
        other = self.setup_other_company(name="Other")["company"]
        self.env.user.company_ids += other
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        env = self.env(context={**self.env.context, "allowed_company_ids": other.ids})
        self.env["stock.quant"]._update_available_quantity(
            self.desk, warehouse.lot_stock_id, 10
        )
        theirs = env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "warehouse_id": warehouse.id,
                "shipment_invoicing": "per_shipment",
                "order_line": [
                    Command.create({"product_id": self.desk.id, "product_uom_qty": 5})
                ],
            }
        )
        self.assertEqual(theirs.shipment_invoice_creation, "manual")
        theirs.action_confirm()
        delivery = theirs.picking_ids
        delivery.move_ids.write({"quantity": 5, "picked": True})
        delivery.button_validate()
        self.assertEqual(delivery.shipment_invoice_state, "to_invoice")
        self._work()
        self.assertEqual(ours.invoice_ids.company_id, self.company)
        self.assertFalse(theirs.invoice_ids)
        theirs.shipment_invoice_creation = "posted"
        self._work()
        self.assertEqual(theirs.invoice_ids.journal_id.company_id, other)
        self.assertEqual(theirs.invoice_ids.state, "posted")
