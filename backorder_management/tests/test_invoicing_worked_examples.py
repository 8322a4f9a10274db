"""Invoices of shipments in the cases that an accountant meets, with figures by hand."""

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import InvoicingCommon


class WorkedExamplesCommon(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls._create_vat("VAT 19 %")

    @classmethod
    def _create_vat(cls, name, **values):
        return cls.env["account.tax"].create(
            {"name": name, "amount": 19, "type_tax_use": "sale", **values}
        )

    def _ship_and_invoice(self, order, *quantities):
        """Ship and invoice one after the other; return the posted invoices."""
        invoices = self.env["account.move"]
        for quantity in quantities:
            self._ship(order, quantity)
            invoice = order._create_invoices(final=True)
            invoice.action_post()
            invoices |= invoice
        return invoices

    def _add_move(self, picking, product, quantity):
        """Somebody packs what nobody ordered."""
        picking.move_ids = [
            Command.create(
                {
                    "product_id": product.id,
                    "product_uom_qty": quantity,
                    "location_id": picking.location_id.id,
                    "location_dest_id": picking.location_dest_id.id,
                }
            )
        ]

    def assertTotals(self, invoices, *expected):  # noqa: N802 - unittest's own manner
        """Untaxed amount and tax of each invoice."""
        self.assertEqual(
            [(each.amount_untaxed, each.amount_tax) for each in invoices],
            list(expected),
        )


@tagged("post_install", "-at_install")
class TestQuantities(WorkedExamplesCommon):
    def test_more_than_ordered_in_two_shipments(self):
        """Scenario: 5 ordered, 4 shipped, then 3. Expected: 400 and 300."""
        order = self._create_order((self.desk, 5))
        invoices = self._ship_and_invoice(order, 4, 3)
        self.assertEqual(self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)]])
        self.assertTotals(invoices, (400, 0), (300, 0))
        self.assertEqual(order.order_line.qty_to_invoice, 0)

    def test_product_added_on_the_transfer(self):
        """Scenario: 4 desks ship; with the next 3, 2 chairs that nobody ordered.

        Expected: Odoo adds them to the order; the second invoice has them: 300 + 60.
        """
        order = self._create_order((self.desk, 7))
        first = self._ship(order, 4)
        second = order.picking_ids - first
        self._add_move(second, self.chair, 2)
        second.action_assign()
        second.move_ids.picked = True
        self._validate(second)
        invoices = order._create_invoices()
        self.assertEqual(
            self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0), ("Chair", 2.0)]]
        )
        self.assertTotals(invoices, (400, 0), (360, 0))
        self.assertEqual([each.shipment_ids for each in invoices], [first, second])

    def test_corrected_before_invoicing(self):
        """Scenario: 4 and 3 shipped; the first is corrected to 6 on the done transfer,
        the second to 2. Expected: 600 and 200."""
        order = self._create_order((self.desk, 10))
        first, second = self._ship(order, 4), self._ship(order, 3)
        first.move_ids.move_line_ids.quantity = 6
        second.move_ids.move_line_ids.quantity = 2
        invoices = order._create_invoices()
        self.assertTotals(invoices, (600, 0), (200, 0))
        self.assertEqual([each.shipment_ids for each in invoices], [first, second])

    def test_lowered_after_invoicing(self):
        """Scenario: 4 shipped and invoiced, then corrected to 3 on the done transfer.

        Expected: a credit note of 1, for that shipment.
        """
        order = self._create_order((self.desk, 10))
        self._ship_and_invoice(order, 4)
        picking = order.picking_ids.filtered("date_done")
        picking.move_ids.move_line_ids.quantity = 3
        credit_note = order._create_invoices(final=True)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(self._lines(credit_note), [[("Desk", 1.0)]])
        self.assertEqual(credit_note.shipment_ids, picking)
        self.assertEqual(sum(picking.move_ids.shipment_link_ids.mapped("quantity")), 3)

    def test_product_kept_in_dozens(self):
        """Scenario: a product counted in dozens, 30 pieces of it ordered at 10; 12 and
        18 pieces shipped. Expected: 120 and 180."""
        dozen = self.env.ref("uom.product_uom_dozen")
        unit = self.env.ref("uom.product_uom_unit")
        glass = self._create_good("Glass", uom_id=dozen.id)
        values = {"product_uom_id": unit.id, "price_unit": 10}
        order = self._create_order((glass, 30, values))
        self.assertEqual(order.picking_ids.move_ids.product_uom, dozen)
        invoices = self._ship_and_invoice(order, 1, 1.5)
        self.assertEqual(self._lines(invoices), [[("Glass", 12.0)], [("Glass", 18.0)]])
        self.assertTotals(invoices, (120, 0), (180, 0))
        self.assertEqual(invoices.invoice_line_ids.product_uom_id, unit)


@tagged("post_install", "-at_install")
class TestPrices(WorkedExamplesCommon):
    def test_order_changed_between_shipments(self):
        """Scenario: 4 invoiced at 100; then the order says 120 less 10 %, with 19 %;
        3 shipped and invoiced.

        Expected: 400; then 3 at 108 = 324 and 61.56 of tax. The first stays.
        """
        order = self._create_order((self.desk, 10))
        invoices = self._ship_and_invoice(order, 4)
        order.order_line.write(
            {
                "price_unit": 120,
                "discount": 10,
                "tax_ids": [Command.set(self.vat.ids)],
            }
        )
        invoices |= self._ship_and_invoice(order, 3)
        self.assertTotals(invoices, (400, 0), (324, 61.56))

    def test_order_changed_before_late_invoicing(self):
        """Scenario: 4 and 3 shipped, the price becomes 120, then invoices.

        Expected: the order's price, as in Odoo: 480 and 360.
        """
        order = self._create_order((self.desk, 10))
        self._ship(order, 4)
        self._ship(order, 3)
        order.order_line.price_unit = 120
        self.assertTotals(order._create_invoices(), (480, 0), (360, 0))

    def test_tax_included(self):
        """Scenario: 3 at 119, 19 % included; 1 and 2. Expected: 100 + 19, 200 + 38."""
        included = self._create_vat("Included", price_include_override="tax_included")
        order = self._create_order(
            (self.desk, 3, {"price_unit": 119, "tax_ids": included.ids})
        )
        invoices = self._ship_and_invoice(order, 1, 2)
        self.assertTotals(invoices, (100, 19), (200, 38))

    def test_tax_included_to_the_cent(self):
        """Scenario: 3 at 10, 19 % included, one by one.

        Expected: the customer pays 10 each time, and in all 25.21 + 4.79, like one
        invoice of 30: 8.40 + 1.60, and once 8.41 + 1.59.
        """
        included = self._create_vat("Included", price_include_override="tax_included")
        order = self._create_order(
            (self.desk, 3, {"price_unit": 10, "tax_ids": included.ids})
        )
        invoices = self._ship_and_invoice(order, 1, 1, 1)
        self.assertTotals(invoices, (8.4, 1.6), (8.41, 1.59), (8.4, 1.6))

    def test_both_rounding_methods(self):
        """Scenario: a desk and a chair at 10.33 with 19 %, together; then again.

        Expected of the first shipment: 1.9627 twice is 3.92 rounded by line, and 3.93
        rounded as a whole. Of the second: what is left of one invoice of both, 2 x 3.93
        by line, and 19 % of 41.32 as a whole, 7.85.
        """
        for method, first, second in (
            ("round_per_line", 3.92, 3.94),
            ("round_globally", 3.93, 3.92),
        ):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                values = {"price_unit": 10.33, "tax_ids": self.vat.ids}
                order = self._create_order(
                    (self.desk, 2, values), (self.chair, 2, values)
                )
                self._ship(order, 1, 1)
                self._ship(order, 1, 1)
                self.assertTotals(
                    order._create_invoices(), (20.66, first), (20.66, second)
                )

    def test_fiscal_position(self):
        """Scenario: exports: no tax instead of 19 %, and an income account of its own.

        Expected: on the invoice of each shipment.
        """
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        self._create_vat(
            "Export 0 %",
            amount=0,
            fiscal_position_ids=[Command.set(position.ids)],
            original_tax_ids=[Command.set(self.vat.ids)],
        )
        income = self.company_data["default_account_revenue"]
        export = income.copy({"name": "Exports"})
        position.account_ids = [
            Command.create({"account_src_id": income.id, "account_dest_id": export.id})
        ]
        self.desk.write(
            {
                "taxes_id": [Command.set(self.vat.ids)],
                "property_account_income_id": income.id,
            }
        )
        order = self._create_order((self.desk, 10), fiscal_position_id=position.id)
        invoices = self._ship_and_invoice(order, 4, 3)
        self.assertTotals(invoices, (400, 0), (300, 0))
        self.assertEqual(invoices.fiscal_position_id, position)
        self.assertEqual(invoices.invoice_line_ids.account_id, export)
        self.assertEqual(
            invoices.invoice_line_ids.tax_ids.mapped("name"), ["Export 0 %"]
        )

    def test_rate_changed_between_shipments(self):
        """Scenario: 10 at 100 of a currency of which 2 are 1 of ours in February and 4
        in March; 4 shipped and invoiced in each.

        Expected: 400 of it each, 200 and 100 of ours in the books.
        """
        foreign = self.setup_other_currency(
            "EUR", rates=[("2020-01-01", 2.0), ("2026-03-01", 4.0)]
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Foreign", "currency_id": foreign.id}
        )
        order = self._create_order(
            (self.desk, 10, {"price_unit": 100}), pricelist_id=pricelist.id
        )
        invoices = self.env["account.move"]
        for day in ("2026-02-10", "2026-03-10"):
            self._ship(order, 4)
            invoice = order._create_invoices()
            invoice.invoice_date = day
            invoice.action_post()
            invoices |= invoice
        self.assertEqual(invoices.currency_id, foreign)
        self.assertTotals(invoices, (400, 0), (400, 0))
        self.assertEqual(invoices.mapped("amount_untaxed_signed"), [200, 100])

    def test_cash_rounding(self):
        """Scenario: one at 10.02, one at 10.03 after a rise; both rounded to 0.05.

        Expected: 10.00 and 10.05; the lines stay 10.02 and 10.03.
        """
        rounding = self.env["account.cash.rounding"].create(
            {
                "name": "To 0.05",
                "rounding": 0.05,
                "strategy": "add_invoice_line",
                "rounding_method": "HALF-UP",
                "profit_account_id": self.company_data["default_account_revenue"].id,
                "loss_account_id": self.company_data["default_account_expense"].id,
            }
        )
        order = self._create_order((self.desk, 2, {"price_unit": 10.02}))
        invoices = self.env["account.move"]
        for price in (10.02, 10.03):
            order.order_line.price_unit = price
            self._ship(order, 1)
            invoice = order._create_invoices()
            invoice.invoice_cash_rounding_id = rounding
            invoice.action_post()
            invoices |= invoice
        self.assertEqual(invoices.mapped("amount_total"), [10.0, 10.05])
        goods = invoices.invoice_line_ids.filtered("product_id")
        self.assertEqual(goods.mapped("price_subtotal"), [10.02, 10.03])
        self.assertEqual(order.order_line.qty_to_invoice, 0)


@tagged("post_install", "-at_install")
class TestWhatGoesWithIt(WorkedExamplesCommon):
    def test_analytic_distribution(self):
        """Scenario: 60 % for the shop and 40 % for the fair; 4 and 3 at 100.

        Expected: 240 and 160, then 180 and 120.
        """
        plan = self.env["account.analytic.plan"].create({"name": "Where"})
        shop, fair = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("Shop", "Fair")]
        )
        distribution = {str(shop.id): 60, str(fair.id): 40}
        order = self._create_order(
            (self.desk, 10, {"analytic_distribution": distribution})
        )
        invoices = self._ship_and_invoice(order, 4, 3)
        column = plan._column_name()
        self.assertEqual(
            [
                [
                    sum(
                        invoice.line_ids.analytic_line_ids.filtered(
                            lambda line, account=account: line[column] == account
                        ).mapped("amount")
                    )
                    for account in (shop, fair)
                ]
                for invoice in invoices
            ],
            [[240, 160], [180, 120]],
        )

    def test_payment_terms(self):
        """Scenario: half at once, half after 30 days; shipped and invoiced on the 2nd
        and on the 16th of March.

        Expected: 200 + 200 and 150 + 150, each from the date of its invoice.
        """
        terms = self.env["account.payment.term"].create(
            {
                "name": "Half and half",
                "line_ids": [
                    Command.create(
                        {"value": "percent", "value_amount": 50, "nb_days": days}
                    )
                    for days in (0, 30)
                ],
            }
        )
        order = self._create_order((self.desk, 10), payment_term_id=terms.id)
        due = []
        for quantity, day in ((4, "2026-03-02"), (3, "2026-03-16")):
            self._ship(order, quantity)
            invoice = order._create_invoices()
            invoice.invoice_date = day
            invoice.action_post()
            lines = invoice.line_ids.filtered(
                lambda line: line.display_type == "payment_term"
            ).sorted("date_maturity")
            due.append([(str(line.date_maturity), line.debit) for line in lines])
        self.assertEqual(
            due,
            [
                [("2026-03-02", 200), ("2026-04-01", 200)],
                [("2026-03-16", 150), ("2026-04-15", 150)],
            ],
        )

    def test_sections_subsections_and_notes(self):
        """Scenario: "Office" has the subsections "Desks" (a desk and a note) and
        "Seats" (a chair); "Empty" heads nothing. The desk ships first.

        Expected: each invoice has the headings and notes of its own lines.
        """
        order = self._create_order((self.desk, 1), (self.chair, 1))
        desk, chair = order.order_line
        texts = {
            1: ("line_section", "Office"),
            2: ("line_subsection", "Desks"),
            4: ("line_note", "Handle with care"),
            5: ("line_subsection", "Seats"),
            7: ("line_section", "Empty"),
        }
        desk.sequence, chair.sequence = 3, 6
        order.order_line = [
            Command.create({"display_type": kind, "name": name, "sequence": sequence})
            for sequence, (kind, name) in texts.items()
        ]
        order.invalidate_recordset(["order_line"])
        self._ship(order, 1, 0)
        # The lines of the order have another order now.
        picking = order.picking_ids.filtered(lambda each: each.state == "assigned")
        picking.move_ids.picked = True
        self._validate(picking)
        invoices = order._create_invoices()
        self.assertEqual(
            [invoice.invoice_line_ids.mapped("name") for invoice in invoices],
            [
                ["Office", "Desks", "Desk", "Handle with care"],
                ["Office", "Seats", "Chair"],
            ],
        )


@tagged("post_install", "-at_install")
class TestPlaces(WorkedExamplesCommon):
    def test_three_steps(self):
        """Scenario: pick, pack and ship, all 10, of which 4 and 6 are shipped.

        Expected: 400 and 600, for the last steps only.
        """
        self.warehouse.delivery_steps = "pick_pack_ship"
        order = self._create_order((self.desk, 10))
        for _step in ("pick", "pack"):
            picking = order.picking_ids.filtered(lambda each: each.state == "assigned")
            picking.move_ids.picked = True
            self._validate(picking)
            self.assertEqual(picking.shipment_invoice_state, "no")
        first = order.picking_ids.filtered(lambda each: each.state == "assigned")
        first.move_ids.write({"quantity": 4, "picked": True})
        self._validate(first)
        second = order.picking_ids.filtered(lambda each: each.state == "assigned")
        second.move_ids.picked = True
        self._validate(second)
        invoices = order._create_invoices()
        self.assertTotals(invoices, (400, 0), (600, 0))
        self.assertEqual([each.shipment_ids for each in invoices], [first, second])

    def test_two_warehouses(self):
        """Scenario: desks from one warehouse, chairs from another.

        Expected: an invoice for the shipment of each.
        """
        other = self.env["stock.warehouse"].create(
            {"name": "South", "code": "SOUTH", "company_id": self.company.id}
        )
        self.env["stock.quant"]._update_available_quantity(
            self.chair, other.lot_stock_id, 10
        )
        other.delivery_route_id.sale_selectable = True
        route = {"route_ids": [Command.set(other.delivery_route_id.ids)]}
        order = self._create_order((self.desk, 2), (self.chair, 3, route))
        pickings = order.picking_ids.sorted("id")
        self.assertEqual(pickings.picking_type_id.warehouse_id, self.warehouse | other)
        for picking in pickings:
            picking.action_assign()
            picking.move_ids.picked = True
            self._validate(picking)
        invoices = order._create_invoices()
        by_warehouse = {
            invoice.shipment_ids.picking_type_id.warehouse_id: invoice.amount_total
            for invoice in invoices
        }
        self.assertEqual(by_warehouse, {self.warehouse: 200, other: 90})

    def test_several_orders_in_one_transfer_and_the_next(self):
        """Scenario: 4 desks of one order and 3 of another leave with one transfer, 2
        and 1 with the next.

        Expected: an invoice for each order and transfer: 400, 200, 300 and 100.
        """
        orders = self._create_order((self.desk, 6)) | self._create_order((self.desk, 4))
        picking = orders[0].picking_ids
        emptied = orders[1].picking_ids
        emptied.move_ids.picking_id = picking
        emptied.unlink()
        shipments = self.env["stock.picking"]
        for quantities in ((4, 3), (2, 1)):
            picking.action_assign()
            for order, quantity in zip(orders, quantities, strict=True):
                move = picking.move_ids & order.order_line.move_ids
                move.write({"quantity": quantity, "picked": True})
            self._validate(picking)
            shipments |= picking
            picking = picking.backorder_ids
        invoices = orders._create_invoices()
        self.assertEqual(
            [(each.amount_total, each.shipment_ids) for each in invoices],
            [
                (400, shipments[0]),
                (200, shipments[1]),
                (300, shipments[0]),
                (100, shipments[1]),
            ],
        )

    def test_two_invoice_addresses(self):
        """Scenario: two orders of one customer with two invoice addresses, one of them
        changed between its shipments; all invoiced together.

        Expected: who has to pay is who the order says when it is invoiced.
        """
        north, south = self.env["res.partner"].create(
            [
                {"name": name, "type": "invoice", "parent_id": self.customer.id}
                for name in ("North", "South")
            ]
        )
        orders = self.env["sale.order"]
        for address in (north, south):
            orders |= self._create_order((self.desk, 5), partner_invoice_id=address.id)
        for order in orders:
            self._ship(order, 2)
        invoices = orders._create_invoices()
        orders[0].partner_invoice_id = south
        self._ship(orders[0], 3)
        invoices |= orders._create_invoices()
        self.assertEqual(
            [(each.partner_id, each.amount_total) for each in invoices],
            [(north, 200), (south, 200), (south, 300)],
        )

    def test_two_companies(self):
        """Scenario: an order in each of two companies, invoiced together.

        Expected: each in its own company's books, the links as well.
        """
        other = self.setup_other_company()["company"]
        self.env.user.company_ids |= other
        companies = self.company | other
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        ) or self.env["stock.warehouse"].create(
            {"name": "Other", "code": "OTH", "company_id": other.id}
        )
        self.env["stock.quant"]._update_available_quantity(
            self.desk, warehouse.lot_stock_id, 10
        )
        self.customer.with_company(other).shipment_invoicing = "per_shipment"
        ours = self._create_order((self.desk, 5))
        theirs = self._create_order(
            (self.desk, 5), company_id=other.id, warehouse_id=warehouse.id
        )
        for order, quantities in ((ours, (2, 3)), (theirs, (1, 4))):
            for quantity in quantities:
                self._ship(order.with_company(order.company_id), quantity)
        orders = (ours | theirs).with_context(allowed_company_ids=companies.ids)
        invoices = orders._create_invoices()
        self.assertEqual(
            [(each.company_id, each.amount_untaxed) for each in invoices],
            [(self.company, 200), (self.company, 300), (other, 100), (other, 400)],
        )
        self.assertEqual(
            [each.invoice_line_ids.shipment_link_ids.company_id for each in invoices],
            [self.company, self.company, other, other],
        )
