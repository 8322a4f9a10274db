"""The whole story of an order in one timeline.

Today is Monday, 1 March 2027.
"""

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .notice_common import NoticeCommon
from .test_eta import noon


@tagged("post_install", "-at_install")
class TestStory(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "seller", "sales_team.group_sale_salesman", email="s@us.example"
        )

    def _tell_story(self, order, user=None):
        """Kinds and words, the first one first."""
        self._settle()
        self.env.invalidate_all()
        action = order.with_user(user or self.seller).action_view_story()
        events = self.env["backorder.event"].with_user(user or self.seller)
        found = events.search(action["domain"])
        return [(event.kind, event.text) for event in reversed(found)]

    def test_from_the_order_to_the_end(self):
        """Scenario: 4 of 10 are there, the rest is promised for the 10th, put off to
        the 19th, told, shipped in part, invoiced, and the rest cancelled by choice.
        """
        self._switch_on("confirmed", "date")
        policy = self.env["backorder.policy"].create(
            {"name": "Choose", "choice_cancel": True, "choice_effect": "at_once"}
        )
        self._put_stock(self.glass, 4)
        receipt = self._expect(10, (self.glass, 30))
        with freeze_time("2027-03-01 09:00:00"):
            order = self._create_order(
                (self.glass, 10),
                user_id=self.seller.id,
                backorder_policy_id=policy.id,
            )
        with freeze_time("2027-03-01 10:00:00"):
            self._tell()
        receipt.scheduled_date = noon(19)
        with freeze_time("2027-03-02 10:00:00"):
            self._tell(days=True)
        with freeze_time("2027-03-03 10:00:00"):
            self._validate(order.picking_ids)
        with freeze_time("2027-03-04 10:00:00"):
            order._create_invoices().action_post()
        line = order.order_line
        with freeze_time("2027-03-05 10:00:00"):
            line._choose(
                "cancel", line._get_choice_fingerprint(), self.customer, "page"
            )
        invoice = order.invoice_ids
        shipped = order.picking_ids.filtered(lambda picking: picking.state == "done")
        self.assertEqual(
            self._tell_story(order),
            [
                ("confirmed", ""),
                ("short", ""),
                ("promised", "03/10/2027"),
                ("told", f"Your order {order.name}: not everything is there yet"),
                ("slipped", "03/19/2027"),
                ("told", f"Your order {order.name}: another day"),
                ("shipped", f"4.00 Units, {shipped.name}"),
                ("invoiced", invoice.name),
                ("chosen", "6.00 Units, Cancel what is missing"),
                ("cancelled", "6.00 Units, The customer chose so."),
            ],
        )

    def test_runs(self):
        """What a run gave to one order it took from another."""
        self._put_stock(self.glass, 5)
        holder = self._create_order((self.glass, 5), user_id=self.seller.id)
        starred = self._create_order((self.glass, 5), user_id=self.seller.id)
        starred.picking_ids.move_ids.priority = "1"
        strategy = self.env["backorder.strategy"].create(
            {
                "name": "Stars",
                "company_id": self.env.company.id,
                "criterion_ids": [
                    (0, 0, {"criterion": "star", "descending": True}),
                ],
                "segment_ids": [
                    (0, 0, {"filter_domain": "[]", "outcome": "redistribute"})
                ],
            }
        )
        run = self.env["backorder.run"].create(
            {"strategy_id": strategy.id, "product_ids": [(6, 0, self.glass.ids)]}
        )
        run.action_simulate()
        self.assertNotIn("allocated", dict(self._tell_story(starred)))
        run.action_apply()
        words = f"5.00 Units, {run.name}"
        self.assertEqual(dict(self._tell_story(starred))["allocated"], words)
        self.assertEqual(dict(self._tell_story(holder))["passed_on"], words)

    def test_what_came_back(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        delivery = order.picking_ids
        self._validate(delivery)
        returned = self._return(delivery, 1)
        story = dict(self._tell_story(order))
        self.assertEqual(story["returned"], f"1.00 Units, {returned.name}")

    def test_deliveries_in_steps_ship_once(self):
        order = self._create_order_in_steps("pick_ship")
        order.user_id = self.seller
        self._validate(order.picking_ids.filtered(lambda p: p.state == "assigned"))
        self.assertNotIn("shipped", dict(self._tell_story(order)))

    def test_order_that_was_never_short(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self.assertEqual(self._tell_story(order), [])

    def test_of_a_customer(self):
        """All his orders, those of his company's other contacts, too."""
        contact = self.env["res.partner"].create(
            {"name": "Bar", "parent_id": self.customer.id}
        )
        orders = self._create_order((self.glass, 1)) | self._create_order(
            (self.glass, 1), partner=contact
        )
        self._create_order((self.glass, 1), partner=self.other_customer)
        self._settle()
        action = contact.action_view_backorder_story()
        events = self.env["backorder.event"].search(action["domain"])
        self.assertEqual(events.order_id, orders)

    def test_every_event_has_its_own_id(self):
        orders = [self._create_order((self.glass, 1), (self.glass, 2)) for _ in "ab"]
        self._settle()
        own = [("order_id", "in", [order.id for order in orders])]
        self.assertEqual(self.env["backorder.event"].search_count(own), 6)
        ids = self.env["backorder.event"].search([]).ids
        self.assertEqual(len(ids), len(set(ids)))

    def test_who_reads_it(self):
        order = self._create_order((self.glass, 1), user_id=self.seller.id)
        colleague = new_test_user(
            self.env, "colleague", "sales_team.group_sale_salesman"
        )
        self.assertEqual(self._tell_story(order, colleague), [])
        self.assertTrue(self._tell_story(order))
        for group in ("base.group_portal", "stock.group_stock_user"):
            user = new_test_user(self.env, group, group)
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                self.env["backorder.event"].with_user(user).search([])

    def test_opens_what_it_is_read_from(self):
        order = self._create_order((self.glass, 1), user_id=self.seller.id)
        self._settle()
        event = self.env["backorder.event"].search([("order_id", "=", order.id)])[0]
        action = event.action_open_source()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("sale.order", order.id)
        )
