"""Backorders older than agreed: asked about, or cancelled."""

from unittest import SkipTest

from freezegun import freeze_time

from odoo.fields import Command, Datetime
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import STEPS
from .test_cancel_rest import CancelCommon

CRON = "backorder_management.ir_cron_expire"
ACTIVITY = "backorder_management.mail_activity_expired"
LOGGER = "odoo.addons.backorder_management.models.sale_order_expiry"


@tagged("post_install", "-at_install")
class TestExpiry(CancelCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.asks = cls.env["backorder.policy"].create(
            {"name": "Retail", "expire_days": 30, "expire_action": "ask"}
        )
        cls.cancels = cls.env["backorder.policy"].create(
            {"name": "Hotels", "expire_days": 30, "expire_action": "cancel"}
        )
        cls.env.company.partner_id.tz = "UTC"

    def _create_short(self, policy, quantity=10, product=None, **values):
        """An order that is short since March 1st, noon."""
        order = self._create_order(
            (product or self.glass, quantity),
            user_id=self.seller.id,
            backorder_policy_id=policy.id,
            **values,
        )
        self._date_back(order.order_line)
        return order

    def _date_back(self, lines, moment="2031-03-01 12:00:00"):
        lines.move_ids.filtered("backorder_since").backorder_since = moment
        self._settle()
        for line in lines:
            self.assertEqual(line.backorder_since, Datetime.to_datetime(moment))

    def _expire(self, day, hour=6):
        """The scheduled action comes."""
        self._settle()
        with (
            freeze_time(f"{day} {hour:02}:00:00"),
            self.enter_registry_test_mode(),
        ):
            self.env.ref(CRON).method_direct_trigger()
        self.env.invalidate_all()

    def _get_questions(self, order):
        return order.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(ACTIVITY)
        )

    def _get_notes(self, order):
        return " ".join(order.message_ids.mapped("body"))

    # ------------------------------------------------------------------- asking

    def test_asks_once(self):
        """
        GIVEN 10 missing since March 1st, 30 days agreed
        THEN on the 31st nobody is asked, on April 1st the salesperson is, and on the
        2nd not again
        """
        order = self._create_short(self.asks)
        self._expire("2031-03-31")
        self.assertFalse(self._get_questions(order))
        self._expire("2031-04-01")
        question = self._get_questions(order)
        self.assertEqual(question.user_id, self.seller)
        self.assertIn("more than 30 days", question.note)
        self.assertIn("10.00 Units of Wine Glass", question.note)
        self._expire("2031-04-02")
        self.assertEqual(self._get_questions(order), question)
        self.assertLine(order.order_line, "backordered", backordered=10)

    def test_asks_again_after_the_same_time(self):
        """Who closes the question has decided to wait, not to wait for ever."""
        order = self._create_short(self.asks)
        self._expire("2031-04-01")
        self._get_questions(order).action_feedback(feedback="waits")
        self._expire("2031-05-01")
        self.assertFalse(self._get_questions(order))
        self._expire("2031-05-02")
        self.assertTrue(self._get_questions(order))

    def test_another_line_expires(self):
        """The open question is brought up to date; there is no second one."""
        order = self._create_short(self.asks)
        self._add_line(order, self._create_product("Jug"), 2)
        self._date_back(order.order_line[1], "2031-03-11 12:00:00")
        self._expire("2031-04-01")
        self.assertNotIn("Jug", self._get_questions(order).note)
        self._expire("2031-04-11")
        [question] = self._get_questions(order)
        self.assertIn("Jug", question.note)
        self.assertIn("Wine Glass", question.note)

    def test_what_has_come_is_not_asked_about(self):
        """GIVEN two lines missing as long, of which one has its goods by now."""
        order = self._create_short(self.asks)
        self._add_line(order, self._create_product("Jug"), 2)
        self._date_back(order.order_line)
        self._receive((self.glass, 10))
        self._expire("2031-04-01")
        self.assertIn("Jug", self._get_questions(order).note)
        self.assertNotIn("Wine Glass", self._get_questions(order).note)

    def test_the_day_where_the_company_is(self):
        """
        GIVEN missing since March 1st 12:00 UTC: in Auckland that is March 2nd
        THEN it expires on April 2nd there, which begins on April 1st 11:00 UTC
        """
        self.env.company.partner_id.tz = "Pacific/Auckland"
        order = self._create_short(self.asks)
        self._expire("2031-04-01", hour=10)
        self.assertFalse(self._get_questions(order))
        self._expire("2031-04-01", hour=12)
        self.assertTrue(self._get_questions(order))

    def test_nobody_sells_it(self):
        order = self._create_short(self.asks)
        order.user_id = order.team_id = False
        self.env.company.backorder_responsible_id = self.seller
        self._expire("2031-04-01")
        self.assertEqual(self._get_questions(order).user_id, self.seller)

    # --------------------------------------------------------------- cancelling

    def test_cancels_what_is_missing(self):
        """
        GIVEN 4 of 10 have come
        WHEN the others are missing for more than 30 days
        THEN 6 are cancelled, naming the agreement, and 4 are left to ship
        """
        for steps in STEPS:
            with self.subTest(steps=steps):
                self._set_steps(steps)
                product = self._create_product(steps)
                order = self._create_short(self.cancels, product=product)
                self._receive((product, 4))
                self._expire("2031-03-31")
                self.assertLine(order.order_line, "partial", 6, 4)
                self._expire("2031-04-01")
                self.assertLine(order.order_line, "ready", allocated=4, cancelled=6)
                self.assertEqual(self._get_open_quantities(order), [(4, 4)])
                self.assertIn(
                    "Hotels: missing for more than 30 days", self._get_notes(order)
                )
                self.assertFalse(self._get_questions(order))

    def test_cancels_all_of_it(self):
        order = self._create_short(self.cancels)
        self._expire("2031-04-01")
        self.assertLine(order.order_line, "cancelled", cancelled=10)
        self.assertFalse(self._get_open(order))

    def test_only_what_is_too_old(self):
        """A rest that is old and an increase that is new, in transfers of their own."""
        order = self._create_short(self.cancels)
        order.picking_ids.move_ids.copy(
            {
                "product_uom_qty": 3,
                "picking_id": order.picking_ids.copy({"move_ids": []}).id,
            }
        )._action_confirm(merge=False)
        self._settle()
        old, new = order.order_line.move_ids.sorted("id")
        new.backorder_since = "2031-03-20 12:00:00"
        self._expire("2031-04-01")
        self.assertEqual((old.state, new.state), ("cancel", "confirmed"))

    def test_kit(self):
        table, top, leg = self._create_table()
        self._put_stock(top, 5)
        self._put_stock(leg, 8)
        order = self._create_short(self.cancels, quantity=5, product=table)
        self._expire("2031-04-01")
        self.assertLine(order.order_line, "ready", allocated=2, cancelled=3)

    def test_pinned_lines_and_blocked_orders_are_asked_about(self):
        pinned = self._create_short(self.cancels)
        pinned.order_line._pin("promised by phone")
        blocked = self._create_short(self.cancels)
        blocked._block("credit limit")
        self._date_back(blocked.order_line)
        self._expire("2031-04-01")
        for order in (pinned, blocked):
            self.assertLine(order.order_line, "backordered", backordered=10)
            self.assertTrue(self._get_questions(order))

    # ---------------------------------------------------------------- and never

    def test_nothing_agreed(self):
        never = self.env["backorder.policy"].create({"name": "Patient"})
        order = self._create_short(never)
        self._expire("2035-01-01")
        self.assertLine(order.order_line, "backordered", backordered=10)
        self.assertFalse(self._get_questions(order))

    def test_what_has_come_does_not_expire(self):
        order = self._create_short(self.cancels)
        self._receive((self.glass, 10))
        self._expire("2031-04-01")
        self.assertLine(order.order_line, "ready", allocated=10)

    def test_drop_shipments_never_expire(self):
        if "stock_dropshipping" not in self.env["ir.module.module"]._installed():
            raise SkipTest("stock_dropshipping is NOT installed")
        route = self.env.ref("stock_dropshipping.route_drop_shipping")
        product = self._create_bought("Bar Counter", route)
        order = self._create_order((product, 2), backorder_policy_id=self.cancels.id)
        self._expire("2035-01-01")
        self.assertEqual(order.order_line.qty_cancelled, 0)
        self.assertFalse(self._get_questions(order))

    # ----------------------------------------------------------------- failures

    def test_one_that_fails_stops_no_other(self):
        """
        GIVEN three orders; of the second a transfer cannot be cancelled
        THEN the others are cancelled, and the salesperson is told of the second
        """
        orders = [self._create_short(self.cancels) for _ in range(3)]
        broken = orders[1].order_line
        # a database rule of somebody else: this move may not be cancelled
        self.env.cr.execute(
            "ALTER TABLE stock_move ADD CONSTRAINT test_expiry_broken"
            f" CHECK (sale_line_id != {broken.id} OR state != 'cancel') NOT VALID"
        )
        with mute_logger(LOGGER, "odoo.sql_db"):
            self._expire("2031-04-01")
        self.assertEqual(
            [order.order_line.qty_cancelled for order in orders], [10, 0, 10]
        )
        question = self._get_questions(orders[1])
        self.assertIn("could not be handled", question.note)
        self.assertEqual(question.user_id, self.seller)

    def test_another_company(self):
        """
        GIVEN an order of another company, whose salesperson has left it
        THEN somebody who sells there is asked, and its own day counts
        """
        company = self.env["res.company"].create({"name": "Branch"})
        company.partner_id.tz = "Pacific/Auckland"
        manager = new_test_user(
            self.env,
            "branch_manager",
            "sales_team.group_sale_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        agreed = self.env["backorder.policy"].create(
            {"name": "Branch", "expire_days": 30, "company_id": company.id}
        )
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )
        order = self._create_order(
            (self.glass, 10),
            company_id=company.id,
            warehouse_id=warehouse.id,
            user_id=self.seller.id,
            backorder_policy_id=agreed.id,
        )
        self._date_back(order.order_line)
        self._expire("2031-04-01", hour=10)
        self.assertFalse(self._get_questions(order))
        self._expire("2031-04-01", hour=12)
        self.assertEqual(self._get_questions(order).user_id, manager)
