"""One invoice per customer and period, with a section for each shipment."""

from datetime import datetime

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestPeriodic(InvoicingCommon):
    """Desks at 100, chairs at 30, no taxes; months unless told otherwise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.shipment_invoicing = "periodic"

    def _ship_on(self, order, day, *quantities):
        shipment = self._ship(order, *quantities)
        shipment.date_done = datetime.fromisoformat(f"{day} 12:00:00")
        return shipment

    def _sections(self, invoice):
        """[[heading, (product, quantity), ...], ...] in the order of the invoice."""
        result = []
        for line in invoice.invoice_line_ids.sorted("sequence"):
            if line.display_type == "line_section":
                result.append([line.name])
            elif line.display_type == "product":
                result[-1].append((line.product_id.name, line.quantity))
        return result

    def test_two_orders_in_a_month_and_one_in_the_next(self):
        """Scenario: 4 desks on May 4, 2 chairs of another order on May 20, 6 desks on
        June 1.

        Expected: an invoice of 400 + 60, one of 600; each shipment has a section.
        """
        order = self._create_order((self.desk, 10), client_order_ref="PO 7")
        other = self._create_order((self.chair, 2))
        first = self._ship_on(order, "2026-05-04", 4)
        second = self._ship_on(other, "2026-05-20", 2)
        third = self._ship_on(order, "2026-06-01", 6)
        invoices = (order | other)._create_invoices(final=True)
        may, june = invoices.sorted("amount_total")
        self.assertEqual([may.amount_total, june.amount_total], [460.0, 600.0])
        self.assertEqual(
            self._sections(may),
            [
                [
                    f"{first.name} of 05/04/2026 (order {order.name}), your reference "
                    "PO 7",
                    ("Desk", 4.0),
                ],
                [f"{second.name} of 05/20/2026 (order {other.name})", ("Chair", 2.0)],
            ],
        )
        self.assertEqual(may.shipment_ids, first | second)
        self.assertEqual(june.shipment_ids, third)
        self.assertEqual(str(may.delivery_date), "2026-05-20")
        self.assertEqual(may.invoice_origin, f"{order.name}, {other.name}")
        self.assertEqual(may.ref, f"PO 7, {other.name}")
        self.assertEqual(
            (first | second | third).mapped("shipment_invoice_state"), ["invoiced"] * 3
        )

    def test_service_alone_beside_a_shipment(self):
        """Scenario: 2 desks are shipped and invoiced, then a service of 35 is added to
        their order; 3 desks of another order leave on the same day.

        Expected: one invoice of 35 + 300, with a section for each.
        """
        service = self._create_good(
            "Engraving", 35.0, type="service", invoice_policy="order"
        )
        order = self._create_order((self.desk, 2))
        self._ship(order, 2)
        order._create_invoices()
        order.order_line = [
            Command.create({"product_id": service.id, "product_uom_qty": 1})
        ]
        other = self._create_order((self.desk, 3))
        shipment = self._ship(other, 3)
        shipment.date_done = datetime.now()
        invoice = (order | other)._create_invoices()
        self.assertEqual(invoice.mapped("amount_untaxed"), [335.0])
        self.assertEqual(
            [section[1:] for section in self._sections(invoice)],
            [[("Engraving", 1.0)], [("Desk", 3.0)]],
        )
        self.assertEqual(invoice.shipment_ids, shipment)

    def test_service_on_an_invoice_of_its_own(self):
        """Scenario: what is not delivered is invoiced separately; 2 desks and a service
        of 35 of one order. Expected: 35, and 200 for the period."""
        self.company.shipment_invoicing_others = "separately"
        service = self._create_good(
            "Engraving", 35.0, type="service", invoice_policy="order"
        )
        order = self._create_order((self.desk, 2), (service, 1))
        shipment = self._ship(order, 2)
        shipment.date_done = datetime.now()  # in the period of what never ships
        invoices = order._create_invoices().sorted("amount_untaxed")
        self.assertEqual(self._lines(invoices), [[("Engraving", 1.0)], [("Desk", 2.0)]])
        self.assertEqual([each.shipment_ids for each in invoices][1], shipment)

    def test_weeks(self):
        """May 3 is a Sunday: its week is another one than that of Monday, May 4."""
        self.customer.shipment_invoicing_period = "week"
        order = self._create_order((self.desk, 10))
        self._ship_on(order, "2026-05-03", 1)
        self._ship_on(order, "2026-05-04", 2)
        self._ship_on(order, "2026-05-10", 3)
        invoices = order._create_invoices(final=True)
        self.assertEqual(sorted(invoices.mapped("amount_total")), [100.0, 500.0])

    def test_day_where_the_company_is(self):
        """Noon UTC on May 31 is June 1 in Auckland."""
        self.company.partner_id.tz = "Pacific/Auckland"
        order = self._create_order((self.desk, 10))
        self._ship_on(order, "2026-05-31", 1)
        self._ship_on(order, "2026-06-02", 2)
        invoice = order._create_invoices(final=True)
        self.assertEqual(invoice.amount_total, 300.0)

    def test_customers_and_currencies_apart(self):
        """What Odoo does not put on one invoice is not put on one here."""
        neighbour = self.env["res.partner"].create(
            {"name": "Neighbour", "shipment_invoicing": "periodic"}
        )
        orders = self._create_order((self.desk, 1)) | self._create_order(
            (self.desk, 1), customer=neighbour
        )
        for order in orders:
            self._ship_on(order, "2026-05-04", 1)
        invoices = orders._create_invoices(final=True)
        self.assertEqual(invoices.partner_id, self.customer | neighbour)
        self.assertEqual(len(invoices), 2)

    def test_payment_terms_apart(self):
        """
        GIVEN an order to be paid at once and one in 30 days, each shipped in May
        WHEN they are invoiced
        THEN each keeps its term: two invoices
        """
        terms = self.pay_terms_a | self.pay_terms_b
        orders = self.env["sale.order"]
        for term in terms:
            orders |= self._create_order((self.desk, 1), payment_term_id=term.id)
        for order in orders:
            self._ship_on(order, "2026-05-04", 1)
        invoices = orders._create_invoices(final=True)
        self.assertEqual(invoices.invoice_payment_term_id, terms)
        self.assertEqual(invoices.mapped("amount_total"), [100.0, 100.0])

    def test_sections_of_the_order(self):
        """They are subsections of the shipment; a service comes with the first."""
        service = self._create_good(
            "Assembly", 50.0, type="service", is_storable=False, invoice_policy="order"
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "order_line": [
                    Command.create({"display_type": "line_section", "name": "Office"}),
                    Command.create({"product_id": self.desk.id, "product_uom_qty": 2}),
                    Command.create({"product_id": service.id, "product_uom_qty": 1}),
                ],
            }
        )
        order.action_confirm()
        shipments = [
            self._ship_on(order, "2026-05-04", 1),
            self._ship_on(order, "2026-05-05", 1),
        ]
        invoice = order._create_invoices(final=True)
        self.assertEqual(
            [
                (line.display_type, line.name.split(" of ")[0])
                for line in invoice.invoice_line_ids.sorted("sequence")
            ],
            [
                ("line_section", shipments[0].name),
                ("line_subsection", "Office"),
                ("product", "Desk"),
                ("product", "Assembly"),
                ("line_section", shipments[1].name),
                ("line_subsection", "Office"),
                ("product", "Desk"),
            ],
        )

    def test_return(self):
        """Scenario: a month of two shipments is invoiced; of one, a desk comes back.

        Expected: a credit note for the invoice of that month, not part of the next.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship_on(order, "2026-05-04", 4)
        self._ship_on(order, "2026-05-05", 1)
        may = order._create_invoices(final=True)
        self._take_back(first, 1)
        june = self._ship_on(order, "2026-06-05", 2)
        invoice, credit_note = order._create_invoices(final=True)
        self.assertEqual(invoice.shipment_ids, june)
        self.assertEqual(invoice.amount_total, 200.0)
        self.assertEqual(credit_note.move_type, "out_refund")
        self.assertEqual(credit_note.reversed_entry_id, may)
        self.assertEqual(credit_note.amount_total, 100.0)
        self.assertEqual(credit_note.shipment_ids, first)

    def test_deposit(self):
        """Scenario: two orders, each paid before, 3 x 99.99 with 19 %; all of it ships
        in one month.

        Expected: one invoice over nothing, though one tax of all of it would be 113.99
        and those of the orders are 56.99 each.
        """
        vat = self.env["account.tax"].create(
            {"name": "19 %", "amount": 19, "type_tax_use": "sale"}
        )
        self.desk.write({"list_price": 99.99, "taxes_id": [Command.set(vat.ids)]})
        orders = self._create_order((self.desk, 3)) | self._create_order((self.desk, 3))
        for order in orders:
            wizard = self.env["sale.advance.payment.inv"].create(
                {
                    "advance_payment_method": "percentage",
                    "amount": 100,
                    "sale_order_ids": order.ids,
                }
            )
            wizard.create_invoices()
            order.invoice_ids.action_post()
            for _shipment in range(3):
                self._ship_on(order, "2026-05-04", 1)
        invoice = orders._create_invoices(final=True)
        self.assertEqual(len(invoice), 1)
        self.assertEqual(invoice.move_type, "out_invoice")
        self.assertEqual(invoice.amount_total, 0.0)
        self.assertEqual(len(invoice.shipment_ids), 6)

    def test_nothing_shipped(self):
        """What is invoiced without any shipment goes on the invoice of today."""
        service = self._create_good(
            "Assembly", 50.0, type="service", is_storable=False, invoice_policy="order"
        )
        order = self._create_order((service, 1))
        with freeze_time("2026-05-31 10:00:00"):
            invoice = order._create_invoices(final=True)
        self.assertEqual(
            self._sections(invoice), [[f"Order {order.name}", ("Assembly", 1.0)]]
        )

    def test_customer_in_another_language(self):
        """The section speaks the customer's language."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        order = self._create_order((self.desk, 1))
        shipment = self._ship_on(order, "2026-05-04", 1)
        invoice = order._create_invoices(final=True)
        self.assertIn("04/05/2026", self._sections(invoice)[0][0])
        self.assertIn(shipment.name, self._sections(invoice)[0][0])

    def test_switched_half_way(self):
        """Scenario: 4 invoiced per shipment, then the order is invoiced per period."""
        self.customer.shipment_invoicing = "per_shipment"
        order = self._create_order((self.desk, 10))
        self._ship_on(order, "2026-05-04", 4)
        order._create_invoices(final=True)
        order.shipment_invoicing = "periodic"
        second = self._ship_on(order, "2026-05-05", 1)
        third = self._ship_on(order, "2026-05-06", 2)
        invoice = order._create_invoices(final=True)
        self.assertEqual(invoice.shipment_ids, second | third)
        self.assertEqual(invoice.amount_total, 300.0)
