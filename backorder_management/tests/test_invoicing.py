from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestInvoicePerShipment(InvoicingCommon):
    def test_several_shipments_give_several_invoices(self):
        """Scenario: 10 desks ship as 4, 3 and 2, then "Create invoices".

        Expected: three invoices of 400, 300 and 200, each naming its shipment and its
        date, and nothing left to invoice of what was shipped.
        """
        order = self._create_order((self.desk, 10))
        first, second, third = (self._ship(order, qty) for qty in (4, 3, 2))
        first.date_done = "2026-03-02 10:00:00"
        second.date_done = "2026-03-09 10:00:00"
        third.date_done = "2026-03-16 10:00:00"
        invoices = order._create_invoices()
        self.assertEqual(
            self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)], [("Desk", 2.0)]]
        )
        self.assertEqual(invoices.mapped("amount_total"), [400.0, 300.0, 200.0])
        self.assertEqual(
            invoices.mapped("invoice_origin"),
            [f"{order.name}, {picking.name}" for picking in (first, second, third)],
        )
        self.assertEqual(
            invoices.mapped("delivery_date"),
            [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)],
        )
        self.assertEqual([i.shipment_ids for i in invoices], [first, second, third])
        self.assertEqual(first.shipment_invoice_ids, invoices[0])
        self.assertEqual(order.order_line.qty_to_invoice, 0.0)
        with self.assertRaises(UserError):
            order._create_invoices()

    def test_each_shipment_once(self):
        """Scenario: ship 4, invoice, ship 3, invoice.

        Expected: the second invoice has the 3 of the second shipment; later shipments
        do not change the delivery date of earlier invoices.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        first.date_done = "2026-03-02 10:00:00"
        first_invoice = order._create_invoices()
        second = self._ship(order, 3)
        second.date_done = "2026-03-09 10:00:00"
        second_invoice = order._create_invoices()
        self._ship(order, 3)
        self.assertEqual(self._lines(first_invoice), [[("Desk", 4.0)]])
        self.assertEqual(self._lines(second_invoice), [[("Desk", 3.0)]])
        self.assertEqual(second_invoice.shipment_ids, second)
        self.assertEqual(second_invoice.delivery_date, date(2026, 3, 9))

    def test_state_of_the_shipment(self):
        """Scenario: a shipment is invoiced, the draft deleted, invoiced again, posted,
        and cancelled.

        Expected: "to invoice" whenever no invoice counts; a draft counts.
        """
        order = self._create_order((self.desk, 10))
        picking = self._ship(order, 4)
        rest = order.picking_ids - picking
        self.assertEqual(picking.shipment_invoice_state, "to_invoice")
        self.assertEqual(rest.shipment_invoice_state, "no")
        invoice = order._create_invoices()
        self.assertEqual(picking.shipment_invoice_state, "invoiced")
        invoice.unlink()
        self.assertEqual(picking.shipment_invoice_state, "to_invoice")
        self.assertFalse(
            self.env["backorder.shipment.link"].search(
                [("move_id", "in", picking.move_ids.ids)]
            )
        )
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(picking.shipment_invoice_state, "invoiced")
        invoice.button_cancel()
        self.assertEqual(picking.shipment_invoice_state, "to_invoice")
        again = order._create_invoices()
        self.assertEqual(self._lines(again), [[("Desk", 4.0)]])
        self.assertEqual(again.shipment_ids, picking)

    def test_lowered_draft_line_leaves_the_rest_to_invoice(self):
        """Scenario: an invoice of 4 is lowered to 1 before it is posted.

        Expected: 3 of that shipment are still to be invoiced, beside the next shipment.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        self.assertEqual(first.shipment_invoice_state, "partial")
        self.assertEqual(invoice.invoice_line_ids.shipment_link_ids.quantity, 1.0)
        second = self._ship(order, 5)
        invoices = order._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Desk", 3.0)], [("Desk", 5.0)]])
        self.assertEqual([i.shipment_ids for i in invoices], [first, second])

    def test_raised_draft_line_is_invoiced_ahead(self):
        """Scenario: 4 shipped, 6 invoiced, then 5 shipped.

        Expected: of the second shipment 3 are left: 9 shipped, 9 invoiced.
        """
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        order._create_invoices().invoice_line_ids.quantity = 6
        self._ship(order, 5)
        self.assertEqual(self._lines(order._create_invoices()), [[("Desk", 3.0)]])

    def test_reversed_invoice(self):
        """Scenario: the invoice of a shipment is reversed.

        Expected: as Odoo does for the order, the shipment is to be invoiced again.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        self._ship(order, 2)
        invoices = order._create_invoices()
        invoices.action_post()
        credit_note = invoices[0]._reverse_moves(cancel=True)
        self.assertEqual(order.order_line.qty_to_invoice, 4.0)
        self.assertEqual(credit_note.shipment_ids, first)
        self.assertEqual(first.shipment_invoice_state, "to_invoice")
        again = order._create_invoices()
        self.assertEqual(self._lines(again), [[("Desk", 4.0)]])
        self.assertEqual(again.shipment_ids, first)

    def test_other_lines_go_with_the_first(self):
        """Scenario: a service and a product invoiced on order beside two shipments.

        Expected: both on the first invoice, once.
        """
        service = self._create_good(
            "Set-up",
            price=80.0,
            type="service",
            is_storable=False,
            invoice_policy="order",
        )
        ordered = self._create_good("Lamp", price=20.0, invoice_policy="order")
        order = self._create_order((self.desk, 10), (service, 1), (ordered, 5))
        self._ship(order, 4)
        self._ship(order, 3)
        invoices = order._create_invoices()
        self.assertEqual(
            self._lines(invoices),
            [[("Desk", 4.0), ("Set-up", 1.0), ("Lamp", 5.0)], [("Desk", 3.0)]],
        )
        self.assertEqual(sum(invoices.mapped("amount_total")), 400 + 80 + 100 + 300)

    def test_only_lines_invoiced_on_order(self):
        """Scenario: nothing shipped, one line invoiced on order.

        Expected: one plain invoice as Odoo makes it.
        """
        ordered = self._create_good("Lamp", price=20.0, invoice_policy="order")
        order = self._create_order((ordered, 5))
        invoice = order._create_invoices()
        self.assertEqual(self._lines(invoice), [[("Lamp", 5.0)]])
        self.assertEqual(invoice.invoice_origin, order.name)

    def test_more_delivered_than_ordered(self):
        order = self._create_order((self.desk, 5))
        self._ship(order, 7)
        self.assertEqual(self._lines(order._create_invoices()), [[("Desk", 7.0)]])

    def test_sections_head_their_lines(self):
        """Scenario: two sections, the first line ships first, the second later.

        Expected: each invoice has the section of its line only.
        """
        order = self._create_order((self.desk, 2), (self.chair, 3))
        order.write(
            {
                "order_line": [
                    Command.create({"display_type": "line_section", "name": "Desks"}),
                    Command.create({"display_type": "line_section", "name": "Chairs"}),
                ]
            }
        )
        desk, chair, desks, chairs = order.order_line
        desks.sequence, desk.sequence, chairs.sequence, chair.sequence = 1, 2, 3, 4
        order.invalidate_recordset(["order_line"])
        picking = order.picking_ids
        picking.action_assign()
        picking.move_ids.filtered(
            lambda move: move.product_id == self.desk
        ).picked = True
        self._validate(picking)
        picking = order.picking_ids - picking
        picking.action_assign()
        picking.move_ids.picked = True
        self._validate(picking)
        invoices = order._create_invoices()
        self.assertEqual(
            [invoice.invoice_line_ids.mapped("name") for invoice in invoices],
            [["Desks", "Desk"], ["Chairs", "Chair"]],
        )

    def test_dozens(self):
        """Scenario: 2 dozen ordered, 5 and then 7 pieces shipped.

        Expected: 0.42 and 0.58 dozen, as Odoo counts them delivered.
        """
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._create_order((self.desk, 2, {"product_uom_id": dozen.id}))
        picking = order.picking_ids
        for pieces in (5, 7):
            picking.action_assign()
            picking.move_ids.write({"quantity": pieces, "picked": True})
            if picking.move_ids.product_uom == dozen:
                picking.move_ids.quantity = pieces / 12
            self._validate(picking)
            picking = order.picking_ids.filtered(lambda p: p.state == "assigned")
        delivered = order.order_line.qty_delivered
        invoices = order._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Desk", 0.42)], [("Desk", 0.58)]])
        self.assertEqual(delivered, 1.0)


@tagged("post_install", "-at_install")
class TestReturnsAndDeposits(InvoicingCommon):
    def test_return_after_invoice(self):
        """Scenario: 4 and 3 shipped and invoiced, 2 of the first come back.

        Expected: Odoo's one credit note of 2, linked to the first shipment.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        second = self._ship(order, 3)
        order._create_invoices()
        self._take_back(first, 2)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(self._lines(credit_note), [[("Desk", 2.0)]])
        self.assertEqual(credit_note.shipment_ids, first)
        self.assertEqual(sum(first.move_ids.shipment_link_ids.mapped("quantity")), 2.0)
        self.assertEqual(sum(second.move_ids.shipment_link_ids.mapped("quantity")), 3.0)
        self.assertEqual(first.shipment_invoice_state, "invoiced")

    def test_return_before_invoice(self):
        """Scenario: 4 and 3 shipped, 1 of the first comes back, then invoices.

        Expected: what the customer kept, 3 and 3.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        self._ship(order, 3)
        self._take_back(first, 1)
        invoices = order._create_invoices(final=True)
        self.assertEqual(self._lines(invoices), [[("Desk", 3.0)], [("Desk", 3.0)]])

    def test_return_and_next_shipment(self):
        """Scenario: 4 shipped and invoiced, 1 comes back, 5 shipped, then invoices.

        Expected: an invoice of 5, and a credit note of 1 for the first invoice. Odoo's
        one invoice would be of 4.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        original = order._create_invoices()
        self._take_back(first, 1)
        second = self._ship(order, 5)
        invoice, credit_note = order._create_invoices(final=True)
        self.assertEqual(invoice.move_type, "out_invoice")
        self.assertEqual(self._lines(invoice), [[("Desk", 5.0)]])
        self.assertEqual(invoice.shipment_ids, second)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.reversed_entry_id, original)
        self.assertEqual(self._lines(credit_note), [[("Desk", 1.0)]])
        self.assertEqual(credit_note.shipment_ids, first)
        self.assertEqual(sum(first.move_ids.shipment_link_ids.mapped("quantity")), 3.0)
        self.assertEqual(sum(second.move_ids.shipment_link_ids.mapped("quantity")), 5.0)

    def test_return_not_refunded(self):
        """A return without refund changes nothing for the invoice."""
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        self._take_back(first, 1, to_refund=False)
        self.assertEqual(self._lines(order._create_invoices()), [[("Desk", 4.0)]])

    def _pay_deposit(self, order, percentage):
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": percentage,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()

    def test_deposit_in_proportion(self):
        """Scenario: deposit of 10 % of 1000; 6 and 4 shipped.

        Expected: 600 - 60 and 400 - 40.
        """
        order = self._create_order((self.desk, 10))
        self._pay_deposit(order, 10)
        self._ship(order, 6)
        self._ship(order, 4)
        invoices = order._create_invoices(final=True)
        self.assertEqual(invoices.mapped("amount_total"), [540.0, 360.0])

    def test_deposit_greater_than_the_last_shipment(self):
        """Scenario: deposit of 50 % of 1000, on the last; 4, 3 and 3 shipped.

        Expected: 400, 300 - 200 and 300 - 300; no credit note.
        """
        self.company.deposit_deduction = "last"
        order = self._create_order((self.desk, 10))
        self._pay_deposit(order, 50)
        shipments = [self._ship(order, quantity) for quantity in (4, 3, 3)]
        invoices = order._create_invoices(final=True)
        self.assertEqual(invoices.mapped("amount_total"), [400.0, 100.0, 0.0])
        self.assertEqual(set(invoices.mapped("move_type")), {"out_invoice"})
        self.assertEqual([each.shipment_ids for each in invoices], shipments)

    def test_invoicing_a_shipment_deducts_its_share_of_a_deposit(self):
        """Scenario: deposit of 50 % of 1000; 1 of 10 shipped and invoiced from the
        delivery, then the other 9.

        Expected: 100 - 50, and 900 - 450.
        """
        order = self._create_order((self.desk, 10))
        self._pay_deposit(order, 50)
        first = self._ship(order, 1)
        self.assertEqual(first._invoice_shipments().amount_total, 50.0)
        second = self._ship(order, 9)
        self.assertEqual(second._invoice_shipments().amount_total, 450.0)


@tagged("post_install", "-at_install")
class TestManyOrders(InvoicingCommon):
    def test_ten_orders_with_the_wizard(self):
        """Scenario: two orders per shipment and two per order of one customer, two
        shipments each, all in Odoo's wizard.

        Expected: four invoices, one per shipment, and Odoo's one for the others.
        """
        orders = self.env["sale.order"]
        for mode in ("per_shipment", "per_order", "per_shipment", "per_order"):
            order = self._create_order((self.desk, 10), shipment_invoicing=mode)
            self._ship(order, 4)
            self._ship(order, 3)
            orders |= order
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_ids=orders.ids)
            .create({})
        )
        wizard.create_invoices()
        self.assertEqual(
            [self._lines(order.invoice_ids) for order in orders],
            [
                [[("Desk", 4.0)], [("Desk", 3.0)]],
                [[("Desk", 7.0), ("Desk", 7.0)]],
                [[("Desk", 4.0)], [("Desk", 3.0)]],
                [[("Desk", 7.0), ("Desk", 7.0)]],
            ],
        )
        self.assertEqual(len(orders.invoice_ids), 5)

    def test_nothing_to_invoice_among_others(self):
        """An order without anything to invoice does not stop the others, whichever."""
        shipped = self._create_order((self.desk, 10))
        self._ship(shipped, 4)
        unshipped = self._create_order((self.desk, 10), customer=self.plain_customer)
        self.assertEqual(len((shipped | unshipped)._create_invoices()), 1)
        shipped = self._create_order((self.desk, 10), customer=self.plain_customer)
        self._ship(shipped, 4)
        unshipped = self._create_order((self.desk, 10))
        self.assertEqual(len((unshipped | shipped)._create_invoices()), 1)
        with self.assertRaises(UserError):
            (
                unshipped
                | self._create_order((self.desk, 1), customer=self.plain_customer)
            )._create_invoices()

    def test_orders_in_one_transfer(self):
        """Scenario: one transfer for two orders of the customer.

        Expected: an invoice for each order, both naming the transfer.
        """
        orders = self._create_order((self.desk, 4)) | self._create_order((self.desk, 3))
        picking = orders[0].picking_ids
        orders[1].picking_ids.move_ids.picking_id = picking
        picking.action_assign()
        picking.move_ids.picked = True
        self._validate(picking)
        invoices = orders._create_invoices()
        self.assertEqual(self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)]])
        self.assertEqual(invoices.shipment_ids, picking)
        self.assertEqual(picking.shipment_invoice_ids, invoices)

    def test_orders_per_order_stay_as_core_makes_them(self):
        """Scenario: an order per order, shipped in two parts.

        Expected: the values that core hands over, line by line; the links are beside.
        """
        service = self._create_good(
            "Set-up", type="service", is_storable=False, invoice_policy="order"
        )
        order = self._create_order(
            (self.desk, 10), (self.chair, 5), (service, 1), customer=self.plain_customer
        )
        self.assertEqual(order.shipment_invoicing, "per_order")
        self._ship(order, 4, 5)
        self._ship(order, 3)
        lines = order._get_invoiceable_lines()
        core = {
            **order._prepare_invoice(),
            "invoice_line_ids": [
                Command.create(line._prepare_invoice_line(sequence=number))
                for number, line in enumerate(lines)
            ],
        }
        [divided] = order._divide_by_shipment([core])
        links = [
            command[2].pop("shipment_shares", [])
            for command in divided["invoice_line_ids"]
        ]
        self.assertEqual(divided, core)
        self.assertEqual([len(commands) for commands in links], [2, 1, 0])
        invoice = order._create_invoices()
        self.assertEqual(len(invoice), 1)
        self.assertEqual(invoice.invoice_origin, order.name)
        self.assertEqual(
            self._lines(invoice), [[("Desk", 7.0), ("Chair", 5.0), ("Set-up", 1.0)]]
        )
        self.assertEqual(
            set(
                order.picking_ids.filtered(lambda p: p.state == "done").mapped(
                    "shipment_invoice_state"
                )
            ),
            {"invoiced"},
        )

    def test_sum_over_shipments_is_cores_one_invoice(self):
        """Scenario: awkward prices, discounts, a tax of 21 % and three shipments, once
        per shipment and once per order.

        Expected: the same quantities and untaxed amounts in all.
        """
        tax = self.env["account.tax"].create({"name": "21 %", "amount": 21})
        totals = []
        for customer in (self.customer, self.plain_customer):
            order = self._create_order(
                (self.desk, 10, {"price_unit": 33.25, "tax_ids": tax.ids}),
                (self.chair, 9, {"price_unit": 20, "discount": 10}),
                customer=customer,
            )
            for quantities in ((4, 1), (0, 5), (3, 3)):
                self._ship(order, *quantities)
            invoices = order._create_invoices()
            totals.append(
                [
                    len(invoices),
                    order.order_line.mapped("qty_invoiced"),
                    round(sum(invoices.mapped("amount_untaxed")), 2),
                ]
            )
        # 7 x 33.25 = 232.75; 9 x 18 = 162
        self.assertEqual(totals[0], [3, [7.0, 9.0], 394.75])
        self.assertEqual(totals[1], [1, [7.0, 9.0], 394.75])


@tagged("post_install", "-at_install")
class TestInvoiceFromTheShipment(InvoicingCommon):
    def test_button_on_the_delivery(self):
        """Scenario: 4 and 3 shipped, "Create Invoice" on the second delivery.

        Expected: its invoice only, opened; the first is still to be invoiced.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        second = self._ship(order, 3)
        action = second.action_invoice_shipment()
        self.assertEqual(action["res_id"], second.shipment_invoice_ids.id)
        self.assertEqual(self._lines(second.shipment_invoice_ids), [[("Desk", 3.0)]])
        self.assertEqual(first.shipment_invoice_state, "to_invoice")
        self.assertEqual(second.shipment_invoice_state, "invoiced")
        with self.assertRaisesRegex(UserError, "Nothing to invoice"):
            second.action_invoice_shipment()

    def test_several_deliveries_of_several_orders(self):
        orders = self._create_order((self.desk, 10)) | self._create_order(
            (self.desk, 10), customer=self.plain_customer
        )
        pickings = self.env["stock.picking"]
        for order in orders:
            pickings |= self._ship(order, 4) | self._ship(order, 3)
        pickings.action_invoice_shipment()
        self.assertEqual(
            [self._lines(picking.shipment_invoice_ids) for picking in pickings],
            [[[("Desk", 4.0)]], [[("Desk", 3.0)]]] * 2,
        )

    def test_nothing_to_invoice_is_said(self):
        order = self._create_order((self.desk, 10))
        with self.assertRaisesRegex(UserError, "Nothing to invoice"):
            order.picking_ids.action_invoice_shipment()

    def test_rights(self):
        """Sales and accounting may; a warehouse user gets Odoo's access error."""
        companies = {
            "company_id": self.company.id,
            "company_ids": [Command.set(self.company.ids)],
        }
        sales = new_test_user(
            self.env,
            "inv_sales",
            "sales_team.group_sale_salesman_all_leads",
            **companies,
        )
        accountant = new_test_user(
            self.env, "inv_accountant", "account.group_account_invoice", **companies
        )
        warehouse = new_test_user(
            self.env, "inv_warehouse", "stock.group_stock_user", **companies
        )
        order = self._create_order((self.desk, 10))
        first, second, third = (self._ship(order, qty) for qty in (4, 3, 2))
        first.with_user(sales).action_invoice_shipment()
        second.with_user(accountant).action_invoice_shipment()
        with self.assertRaises(AccessError):
            third.with_user(warehouse).action_invoice_shipment()
        self.assertEqual(first.shipment_invoice_ids.with_user(sales).shipment_count, 1)
        # The warehouse sees its transfers with the state, and no invoices.
        self.assertEqual(first.with_user(warehouse).shipment_invoice_state, "invoiced")
        with self.assertRaises(AccessError):
            first.with_user(warehouse).read(["shipment_invoice_ids"])


@tagged("post_install", "-at_install")
class TestMode(InvoicingCommon):
    def test_customer_then_company(self):
        """The commercial customer's own choice, else the company's; editable."""
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id}
        )
        order = self.env["sale.order"].create({"partner_id": contact.id})
        self.assertEqual(order.shipment_invoicing, "per_shipment")
        order.partner_id = self.plain_customer
        self.assertEqual(order.shipment_invoicing, "per_order")
        self.company.shipment_invoicing = "per_shipment"
        order = self.env["sale.order"].create({"partner_id": self.plain_customer.id})
        self.assertEqual(order.shipment_invoicing, "per_shipment")
        self.assertEqual(contact.shipment_invoicing, "per_shipment")

    def test_switching_half_way(self):
        """Scenario: per order, 4 and 3 shipped, 7 invoiced; then per shipment, 2 more.

        Expected: an invoice of 2 for the last shipment only.
        """
        order = self._create_order((self.desk, 10), customer=self.plain_customer)
        self._ship(order, 4)
        self._ship(order, 3)
        order._create_invoices()
        order.shipment_invoicing = "per_shipment"
        third = self._ship(order, 2)
        invoice = order._create_invoices()
        self.assertEqual(self._lines(invoice), [[("Desk", 2.0)]])
        self.assertEqual(invoice.shipment_ids, third)


@tagged("post_install", "-at_install")
class TestCutOver(InvoicingCommon):
    def _forget(self, orders):
        """Bring the orders into the state before the add-on was installed."""
        self.env["backorder.shipment.link"].sudo().search(
            [("sale_line_id.order_id", "in", orders.ids)]
        ).unlink()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE stock_picking SET shipment_invoice_state = 'no' WHERE id = ANY(%s)",
            [orders.picking_ids.ids],
        )
        self.env.invalidate_all()

    def test_past_invoices_are_matched_oldest_first(self):
        """Scenario: 4, 3 and 2 shipped, 5 invoiced before the installation.

        Expected: first shipment invoiced, 2 of the second and the third to invoice;
        doing it again changes nothing.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        second = self._ship(order, 3)
        invoices = order._create_invoices()
        invoices[1].invoice_line_ids.quantity = 1
        third = self._ship(order, 2)
        self._forget(order)
        links = self.env["backorder.shipment.link"]
        for _time in range(2):
            links._match_past_invoices(order)
            found = links.search([("sale_line_id", "in", order.order_line.ids)])
            self.assertEqual(
                [(link.picking_id, link.quantity) for link in found],
                [(first, 4.0), (second, 1.0)],
            )
        self.assertEqual(
            (first | second | third).mapped("shipment_invoice_state"),
            ["invoiced", "partial", "to_invoice"],
        )
        self.assertEqual(
            self._lines(order._create_invoices()), [[("Desk", 2.0)], [("Desk", 2.0)]]
        )

    def test_invoiced_before_the_first_shipment(self):
        """Scenario: 6 invoiced by hand before anything shipped; then 4 and 3 shipped.

        Expected: 1 to invoice, of the second shipment.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship(order, 4)
        order._create_invoices().invoice_line_ids.quantity = 6
        self._forget(order)
        self.env["backorder.shipment.link"]._match_past_invoices(order)
        second = self._ship(order, 3)
        self.assertEqual(first.shipment_invoice_state, "invoiced")
        self.assertEqual(second.shipment_invoice_state, "partial")
        invoice = order._create_invoices()
        self.assertEqual(self._lines(invoice), [[("Desk", 1.0)]])
        self.assertEqual(invoice.shipment_ids, second)
