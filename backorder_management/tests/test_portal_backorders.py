"""What customers see of what they wait for, and what nobody else sees.

Today is Monday, 1 March 2027.
"""

from lxml import html

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .test_eta import EtaCommon


class PortalCommon(HttpCase, EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"email": "adler@example.com", "is_company": True})
        contact = cls.env["res.partner"].create(
            {"name": "Adler Bar", "parent_id": cls.customer.id, "tz": "UTC"}
        )
        stranger = cls.other_customer
        for login, partner in (("adler", contact), ("zentral", stranger)):
            new_test_user(
                cls.env,
                login,
                "base.group_portal",
                partner_id=partner.id,
                tz="UTC",
                company_id=cls.env.company.id,
                company_ids=[Command.set(cls.env.company.ids)],
            )

    def _open(self, url, login=None, **arguments):
        """A page as that person, or as nobody, parsed."""
        self._settle()
        self.authenticate(login, login)
        response = self.url_open(url, **arguments)
        response.raise_for_status()
        return html.fromstring(response.content)

    def _read(self, page, name):
        """The words of all parts of that name."""
        return [
            " ".join(part.text_content().split())
            for part in page.xpath(f".//*[@name='{name}']")
        ]


@tagged("post_install", "-at_install")
class TestOrderPage(PortalCommon):
    def test_line_by_line(self):
        """Scenario: of 10 glasses 4 have left, 2 came since, the rest is expected on
        the 10th; of 5 jugs nobody knows; 3 vases are all there.
        """
        jug, vase = self._create_product("Jug"), self._create_product("Vase")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), (jug, 5), (vase, 3))
        rest = self._validate(order.picking_ids)
        self._put_stock(vase, 3)
        self._put_stock(self.glass, 2)
        rest.action_assign()
        self._expect(10, (self.glass, 30))
        page = self._open(f"/my/orders/{order.id}", "adler")
        self.assertEqual(
            self._read(page, "backorder_figures"),
            [
                "Ordered 10 Units Shipped 4 Units On Its Way 2 Units Waiting 4 Units",
                "Ordered 5 Units Waiting 5 Units",
                "Ordered 3 Units On Its Way 3 Units",
            ],
        )
        self.assertEqual(
            self._read(page, "expected"),
            ["Expected 03/10/2027", "Expected not known yet", "Expected 03/01/2027"],
        )
        self.assertEqual(
            self._read(page, "reason"),
            [
                "More of it is on its way to us.",
                "More of it is not under way yet; we will let you know.",
                "It is there, and leaves soon.",
            ],
        )
        self.assertEqual(
            self._read(page, "backorder_label"),
            ["Partly There", "Waiting", "Ships Soon"],
        )

    def test_shipments_with_slips_and_invoices(self):
        """More than the three that Odoo lists; each with its slip and its invoice."""
        self.env.company.shipment_invoicing = "per_shipment"
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        shipped = order.picking_ids
        for _number in range(4):
            rest = self._validate(self._get_open(order), {self.glass: 1})
            shipped |= rest
        shipped -= self._get_open(order)
        invoice = order._create_invoices().filtered(
            lambda each: each.shipment_ids == shipped[0]
        )
        invoice.action_post()
        page = self._open(order.get_portal_url())
        parts = self._read(page, "shipment")
        self.assertEqual(len(parts), 4)
        self.assertIn(f"03/01/2027: Slip {shipped[0].name}", parts[0])
        self.assertIn(invoice.name, parts[0])
        self.assertNotIn(invoice.name, parts[1])
        [link] = page.xpath("(.//*[@name='shipment'])[1]/a[1]/@href")
        self.assertIn(f"access_token={order.access_token}", link)

    def test_everything_has_left(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self._validate(order.picking_ids)
        page = self._open(f"/my/orders/{order.id}", "adler")
        self.assertEqual(self._read(page, "backorder_label"), ["Shipped"])
        self.assertEqual(self._read(page, "expected"), [])

    def test_rest_is_cancelled(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._validate(order.picking_ids, backorder=False)
        page = self._open(f"/my/orders/{order.id}", "adler")
        self.assertEqual(
            self._read(page, "backorder_figures"),
            ["Ordered 10 Units Shipped 4 Units Cancelled 6 Units"],
        )

    def test_held_by_agreement(self):
        policy = self.env["backorder.policy"].create(
            {
                "name": "All at once",
                "shipping": "threshold",
                "first_min_percent": 80,
            }
        )
        jug = self._create_product("Jug")
        self._put_stock(jug, 1)
        order = self._create_order(
            (self.glass, 9), (jug, 1), backorder_policy_id=policy.id
        )
        page = self._open(f"/my/orders/{order.id}", "adler")
        self.assertIn(
            "As agreed, small shipments wait for more.", self._read(page, "reason")
        )
        self.assertIn("There, on Hold", self._read(page, "backorder_label"))

    def test_names_no_vendor_and_no_other_customer(self):
        bought = self._create_bought("Tumbler", self._get_bought_to_order())
        self._create_order((bought, 5), partner=self.other_customer)
        order = self._create_order((bought, 3))
        purchases = self._get_purchase(bought)
        purchases.button_confirm()
        text = self._open(f"/my/orders/{order.id}", "adler").text_content()
        self.assertIn("Tumbler", text)
        for name in ("Glashütte", "Zentral", *purchases.mapped("name")):
            self.assertNotIn(name, text)

    def test_quotation_and_document(self):
        """Before it is confirmed there is nothing to tell, and the printed order is
        Odoo's."""
        order = self._create_order((self.glass, 10), confirm=False)
        order.state = "sent"
        page = self._open(order.get_portal_url())
        self.assertEqual(self._read(page, "backorders"), [])

    def test_nobody_sees_anothers(self):
        """Another customer, nobody, and the token of another order."""
        order, other = [self._create_order((self.glass, 10)) for _ in range(2)]
        token = other._portal_ensure_token()
        for url, login in (
            (f"/my/orders/{order.id}", "zentral"),
            (f"/my/orders/{order.id}", None),
            (f"/my/orders/{order.id}?access_token={token}", None),
            (f"/my/orders/{order.id}?access_token=forged", None),
        ):
            with self.subTest(url=url, login=login):
                page = self._open(url, login)
                self.assertEqual(self._read(page, "backorder"), [])
        order._portal_ensure_token()
        self.assertEqual(
            len(self._read(self._open(order.get_portal_url()), "backorder")), 1
        )


@tagged("post_install", "-at_install")
class TestBackordersPage(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jug = cls._create_product("Jug")
        cls._expect(10, (cls.glass, 30))
        cls.order = cls._create_order(
            (cls.glass, 10), (cls.jug, 5), client_order_ref="PO 4711"
        )
        cls.other = cls._create_order((cls.glass, 3), partner=cls.other_customer)

    def _list(self, query="", login="adler"):
        return self._read(self._open(f"/my/backorders{query}", login), "backorder")

    def test_list(self):
        """His company's, though another contact ordered it; the earliest first."""
        glasses, jugs = self._list()
        self.assertIn(f"{self.order.name} (PO 4711) Wine Glass", glasses)
        self.assertIn("Expected 03/10/2027", glasses)
        self.assertIn("Ordered 10 Units Waiting 10 Units", glasses)
        self.assertIn("Expected not known yet", jugs)

    def test_everybody_his_own(self):
        [line] = self._list(login="zentral")
        self.assertIn(self.other.name, line)
        self.authenticate(None, None)
        response = self.url_open("/my/backorders")
        self.assertIn("/web/login", response.url)

    def test_our_own_people(self):
        """Who works here reads all orders, but these pages are of his own."""
        new_test_user(self.env, "seller", "sales_team.group_sale_manager", tz="UTC")
        self.assertEqual(self._list(login="seller"), [])

    def test_filters(self):
        self._put_stock(self.jug, 5)
        self.order.picking_ids.action_assign()
        for name, products in (
            ("all", {"Wine Glass", "Jug"}),
            ("waiting", {"Wine Glass"}),
            ("soon", {"Jug"}),
            ("held", set()),
            ("unknown", set()),
            ("no_such_filter", {"Wine Glass", "Jug"}),
        ):
            with self.subTest(filter=name):
                found = " ".join(self._list(f"?filterby={name}"))
                names = {each for each in ("Wine Glass", "Jug") if each in found}
                self.assertEqual(names, products)

    def test_search(self):
        for query, count in (
            ("?search=jug", 1),
            ("?search=4711&search_in=order", 2),
            ("?search=jug&search_in=order", 0),
            (f"?search={self.order.name}&search_in=product", 0),
            ("?search=nothing", 0),
            ("?search=jug&search_in=no_such_field", 1),
        ):
            with self.subTest(query=query):
                self.assertEqual(len(self._list(query)), count)

    def test_sorting(self):
        for sorting in ("expected", "order", "since", "no_such_sorting"):
            with self.subTest(sorting=sorting):
                self.assertEqual(len(self._list(f"?sortby={sorting}")), 2)

    def test_pages(self):
        """85 lines: 80 on the first page, as Odoo's own lists, 5 on the second."""
        products = [self._create_product(f"Vase {number}") for number in range(83)]
        self._create_order(*((product, 1) for product in products))
        step = 80
        self.assertEqual(len(self._list()), step)
        self.assertEqual(len(self._list("/page/2")), 5)

    def test_home(self):
        page = self._open("/my/home", "adler")
        self.assertTrue(page.xpath("//a[@href='/my/backorders']"))
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["backorder_count"]}
        )
        self.assertEqual(counters, {"backorder_count": 2})

    def test_what_has_left_is_not_listed(self):
        self._put_stock(self.jug, 5)
        self.order.picking_ids.action_assign()
        self._validate(self.order.picking_ids, {self.jug: 5})
        self.assertEqual(len(self._list()), 1)

    def test_nothing_to_wait_for(self):
        self.other._action_cancel()
        page = self._open("/my/backorders", "zentral")
        self.assertIn("You are waiting for nothing", page.text_content())
