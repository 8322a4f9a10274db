"""Shipments and their invoices on the customer's pages."""

from lxml import html

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .invoicing_common import InvoicingCommon


@tagged("post_install", "-at_install")
class TestPortal(HttpCase, InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"tz": "UTC", "email": "customer@example.com"})
        cls._create_portal_user("portal_customer", cls.customer)
        cls.stranger = cls.env["res.partner"].create({"name": "Stranger", "tz": "UTC"})
        cls._create_portal_user("portal_stranger", cls.stranger)
        cls.order = cls._create_order((cls.desk, 10))
        cls.first, cls.second = (cls._ship(cls.order, qty) for qty in (4, 3))
        cls.first.date_done = "2026-03-02 10:00:00"
        cls.second.date_done = "2026-03-09 10:00:00"
        cls.invoices = cls.order._create_invoices()
        cls.invoices.action_post()
        cls.invoice = cls.invoices[0]

    @classmethod
    def _create_portal_user(cls, login, partner):
        return new_test_user(
            cls.env,
            login,
            "base.group_portal",
            partner_id=partner.id,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _open(self, url, login=None):
        """Open a page as that person, or as nobody; return it parsed, and its text."""
        self.authenticate(login, login)
        response = self.url_open(url)
        response.raise_for_status()
        return html.fromstring(response.content), response.text

    def _words(self, page, name):
        return [
            " ".join(part.text_content().split())
            for part in page.xpath(f".//*[@name='{name}']")
        ]

    def _links(self, page, name):
        return page.xpath(f".//*[@name='{name}']//a/@href")

    # ------------------------------------------------------------ page of the invoice

    def test_invoice_as_the_customer(self):
        """Expected: the shipment of this invoice, and no other; no link to it."""
        page, text = self._open(f"/my/invoices/{self.invoice.id}", "portal_customer")
        self.assertEqual(
            self._words(page, "shipments"), [f"Shipments {self.first.name} 03/02/2026"]
        )
        self.assertEqual(self._links(page, "shipments"), [])
        self.assertNotIn(self.second.name, text)

    def test_invoice_by_token(self):
        token = self.invoice._portal_ensure_token()
        url = f"/my/invoices/{self.invoice.id}?access_token={token}"
        page, _text = self._open(url)
        self.assertEqual(
            self._words(page, "shipments"), [f"Shipments {self.first.name} 03/02/2026"]
        )

    def test_invoice_as_somebody_else(self):
        """Scenario: another customer, nobody, and the token of another invoice.

        Expected: sent away, and nothing of the shipment is to be seen.
        """
        url = f"/my/invoices/{self.invoice.id}"
        other = self.invoices[1]._portal_ensure_token()
        for visited, login in (
            (url, "portal_stranger"),
            (url, None),
            (f"{url}?access_token={other}", None),
        ):
            with self.subTest(url=visited, login=login):
                page, text = self._open(visited, login)
                self.assertEqual(self._words(page, "shipments"), [])
                self.assertNotIn(self.first.name, text)
                self.assertNotIn(self.invoice.name, text)

    def test_printed_by_token(self):
        """The printed invoice on the page names the shipment, for the visitor too."""
        token = self.invoice._portal_ensure_token()
        page, _text = self._open(
            f"/my/invoices/{self.invoice.id}?access_token={token}&report_type=html"
        )
        self.assertEqual(
            self._words(page, "shipments"),
            [f"Shipments: {self.first.name} (03/02/2026)"],
        )

    def test_invoice_as_a_colleague_of_the_customer(self):
        """Scenario: two contacts of the customer's company; one has ordered, the other
        opens the pages of the order and of the invoice.

        Expected: as Odoo shows orders and invoices of the company, with the shipment.
        """
        buyer, colleague = self.env["res.partner"].create(
            [
                {"name": name, "parent_id": self.customer.id, "tz": "UTC"}
                for name in ("Buyer", "Colleague")
            ]
        )
        self._create_portal_user("portal_colleague", colleague)
        order = self._create_order((self.desk, 2), customer=buyer)
        shipment = self._ship(order, 2)
        shipment.date_done = "2026-03-16 10:00:00"
        invoice = order._create_invoices()
        invoice.action_post()
        page, _text = self._open(f"/my/invoices/{invoice.id}", "portal_colleague")
        self.assertEqual(
            self._words(page, "shipments"), [f"Shipments {shipment.name} 03/16/2026"]
        )
        page, _text = self._open(f"/my/orders/{order.id}", "portal_colleague")
        self.assertEqual(
            self._words(page, "shipment_invoices"), [f"Invoices: {invoice.name}"]
        )

    def test_nothing_internal_by_rpc(self):
        """Scenario: the customer's own program reads his invoice and his delivery, and
        calls the buttons' methods.

        Expected: what went wrong inside the company, such as what a mail server has
        said, is not for him; nor is invoicing.
        """
        customer = self.env["res.users"].search([("login", "=", "portal_customer")])
        shipment = self._ship(self.order, 3)
        self.env.flush_all()
        self.env.invalidate_all()
        for record, names in (
            (
                self.invoice,
                "shipment_ids shipment_summary shipment_to_send shipment_send_error "
                "shipment_send_attempts shipment_send_next_try",
            ),
            (
                self.first,
                "shipment_invoice_ids shipment_invoice_error "
                "shipment_amount_to_invoice",
            ),
        ):
            record = record.with_user(customer)
            self.assertEqual(record.read(["name"])[0]["name"], record.name)
            for name in names.split():
                with self.subTest(name), self.assertRaises(AccessError):
                    record.read([name])
        for record, method in (
            (shipment, "action_invoice_shipment"),
            (shipment, "action_invoice_shipments"),
            (self.first, "action_view_shipment_invoices"),
            (self.invoice, "action_view_shipments"),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(record.with_user(customer), method)()
        self.assertEqual(self.order.invoice_ids, self.invoices)

    # --------------------------------------------------------------- list of invoices

    def test_list_of_invoices(self):
        page, _text = self._open("/my/invoices", "portal_customer")
        self.assertEqual(
            set(self._words(page, "shipments")), {self.first.name, self.second.name}
        )
        page, text = self._open("/my/invoices", "portal_stranger")
        self.assertEqual(self._words(page, "shipments"), [])
        self.assertNotIn(self.first.name, text)

    # -------------------------------------------------------------- page of the order

    def test_order_as_the_customer(self):
        """Scenario: two shipments invoiced, a draft invoice for a third.

        Expected: the two posted invoices, each at its shipment, and their pages open.
        """
        third = self._ship(self.order, 3)
        draft = self.order._create_invoices()
        self.assertEqual(draft.shipment_ids, third)
        page, _text = self._open(f"/my/orders/{self.order.id}", "portal_customer")
        found = {
            part.xpath("string(.//a)").strip(): self._words(part, "shipment_invoices")
            for part in page.xpath("//div[@name='delivery_order']")
        }
        self.assertEqual(
            found,
            {
                self.first.name: [f"Invoices: {self.invoices[0].name}"],
                self.second.name: [f"Invoices: {self.invoices[1].name}"],
                third.name: [],
            },
        )
        links = self._links(page, "shipment_invoices")
        self.assertEqual(len(links), 2)
        for link in links:
            page, _text = self._open(link, "portal_customer")
            self.assertEqual(len(self._words(page, "shipments")), 1)

    def test_credit_note_beside_the_invoice(self):
        credit_note = self.invoice._reverse_moves(cancel=True)
        page, _text = self._open(f"/my/orders/{self.order.id}", "portal_customer")
        self.assertIn(
            f"Invoices: {self.invoice.name}, {credit_note.name}",
            self._words(page, "shipment_invoices"),
        )

    def test_order_by_token(self):
        """Expected: the links that core gives to the same visitor for its invoices."""
        token = self.order._portal_ensure_token()
        page, _text = self._open(f"/my/orders/{self.order.id}?access_token={token}")
        links = self._links(page, "shipment_invoices")
        self.assertEqual(
            set(links), set(page.xpath("//div[@id='sale_invoices']//a/@href"))
        )
        self.assertEqual(
            set(links), {invoice.get_portal_url() for invoice in self.invoices}
        )
        for link in links:
            page, _text = self._open(link)
            self.assertEqual(len(self._words(page, "shipments")), 1)

    def test_order_as_somebody_else(self):
        url = f"/my/orders/{self.order.id}"
        for visited, login in (
            (url, "portal_stranger"),
            (url, None),
            (f"{url}?access_token=wrong", None),
        ):
            with self.subTest(url=visited, login=login):
                page, text = self._open(visited, login)
                self.assertEqual(self._words(page, "shipment_invoices"), [])
                self.assertNotIn(self.invoice.name, text)
                self.assertNotIn(self.first.name, text)

    def test_transfer_with_goods_of_another_customer(self):
        """Scenario: one transfer carries desks for the customer and for the stranger,
        each with an invoice of his own.

        Expected: nobody sees the invoice of the other.
        """
        orders = self._create_order((self.desk, 2)) | self._create_order(
            (self.desk, 5), customer=self.stranger
        )
        shipment = orders[0].picking_ids
        orders[1].picking_ids.move_ids.picking_id = shipment
        shipment.action_assign()
        shipment.move_ids.picked = True
        self._validate(shipment)
        orders.shipment_invoicing = "per_shipment"
        invoices = [order._create_invoices() for order in orders]
        for invoice in invoices:
            invoice.action_post()
            self.assertEqual(invoice.shipment_ids, shipment)
        # Odoo shows such a transfer with one of its orders.
        self.assertEqual(shipment.sale_id, orders[0])
        for order, own, other, login in (
            (orders[0], [f"Invoices: {invoices[0].name}"], invoices[1], "customer"),
            (orders[1], [], invoices[0], "stranger"),
        ):
            page, text = self._open(f"/my/orders/{order.id}", f"portal_{login}")
            self.assertEqual(self._words(page, "shipment_invoices"), own)
            self.assertNotIn(other.name, text)
