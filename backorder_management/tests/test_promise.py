"""What customers were told: given, kept, changed, watched.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..planning.promises import Outcome, find_day_to_tell, find_days_late, judge
from .test_eta import EtaCommon, march, noon

AT_RISK = "backorder_management.mail_activity_promise"


class PromiseCommon(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "seller", "base.group_user,sales_team.group_sale_salesman"
        )

    def _get_history(self, order):
        """Days and reasons, the first one first."""
        self.env.invalidate_all()
        promises = order.order_line.backorder_promise_ids.sorted("id")
        return [(promise.date, promise.reason) for promise in promises]

    def _give(self, order, day, reason="wish", user=None, note="by phone"):
        lines = order.with_user(user or self.env.user).order_line
        action = lines.action_open_promise()
        give = self.env[action["res_model"]].with_user(user or self.env.user)
        give = give.browse(action["res_id"])
        give.line_ids.date = day and march(day)
        give.write({"reason": reason, "note": note})
        give.action_give()
        return give

    def _watch(self, day=1):
        self.env.flush_all()
        with freeze_time(f"2027-03-{day:02} 08:00:00"):
            with self.enter_registry_test_mode():
                for name in ("ir_cron_eta", "ir_cron_promise"):
                    cron = self.env.ref(f"backorder_management.{name}")
                    cron.method_direct_trigger()
            self.env.invalidate_all()

    def _get_activities(self, order):
        return order.activity_ids.filtered(
            lambda each: each.activity_type_id == self.env.ref(AT_RISK)
        )


@tagged("post_install", "-at_install")
class TestGiving(PromiseCommon):
    def test_order_with_a_delivery_date(self):
        """Its day is what was promised, for goods, and for nothing else."""
        service = self.env["product.product"].create(
            {"name": "Advice", "type": "service"}
        )
        order = self._create_order(
            (self.glass, 10), (service, 1), commitment_date=noon(17)
        )
        self.assertEqual(
            order.order_line.mapped("backorder_promise_date"), [march(17), False]
        )
        self.assertEqual(self._get_history(order), [(march(17), "confirmed")])
        promise = order.order_line.backorder_promise_ids
        self.assertEqual(promise.user_id, self.env.user)
        self.assertEqual(
            promise.told_at, fields.Datetime.to_datetime("2027-03-01 08:00:00")
        )
        self.assertTrue(promise.is_first)

    def test_what_was_expected_then(self):
        """Found at the end of the transaction that confirms the order."""
        self._expect(9, (self.glass, 10))
        order = self._create_order((self.glass, 10), commitment_date=noon(4))
        self.env.invalidate_all()
        self.assertEqual(order.order_line.backorder_promise_ids.expected, march(9))

    def test_who_may_read_no_promises(self):
        """An accountant opens the form of the order all the same."""
        order = self._create_order((self.glass, 10), commitment_date=noon(4))
        clerk = new_test_user(
            self.env, "clerk", "base.group_user,account.group_account_invoice"
        )
        self.env.invalidate_all()
        self.assertEqual(order.with_user(clerk).backorder_promise_count, 1)
        self.assertFalse(order.with_user(clerk).backorder_promise_late)

    def test_warehouse_sorts_by_promise(self):
        orders = [
            self._create_order((self.glass, 10), commitment_date=noon(day))
            for day in (5, 2)
        ]
        picker = new_test_user(
            self.env, "picker", "base.group_user,stock.group_stock_user"
        )
        rows = self.env["backorder.demand"].with_user(picker)
        found = rows.search(
            [("order_id", "in", [order.id for order in orders])],
            order="promise_date, id",
        )
        self.assertEqual(found.mapped("promise_date"), [march(2), march(5)])
        with freeze_time("2027-03-04 08:00:00"):
            late = rows.search([("promise_late", "=", True), ("id", "in", found.ids)])
        self.assertEqual(late, found[0])

    def test_order_without_one(self):
        order = self._create_order((self.glass, 10))
        self.assertFalse(order.order_line.backorder_promise_date)
        self.assertFalse(order.order_line.backorder_promise_ids)

    def test_day_of_the_company(self):
        """23:30 UTC of the 16th is the 17th in Paris."""
        self.env.company.partner_id.tz = "Europe/Paris"
        order = self._create_order(
            (self.glass, 10), commitment_date="2027-03-16 23:30:00"
        )
        self.assertEqual(order.order_line.backorder_promise_date, march(17))

    def test_delivery_date_is_changed(self):
        """Told anew; the same day again, and none, are no new promise."""
        order = self._create_order((self.glass, 10), commitment_date=noon(17))
        order.commitment_date = noon(19)
        order.commitment_date = noon(19)
        order.commitment_date = False
        self.assertEqual(
            self._get_history(order),
            [(march(17), "confirmed"), (march(19), "delivery_date")],
        )
        flags = order.order_line.backorder_promise_ids.sorted("id")
        self.assertEqual(flags.mapped("is_first"), [True, False])
        self.assertEqual(flags.mapped("is_latest"), [False, True])

    def test_line_is_added(self):
        order = self._create_order((self.glass, 10), commitment_date=noon(17))
        self._add_line(order, self._create_product("Jug"), 5)
        self.assertEqual(
            order.order_line.mapped("backorder_promise_date"), [march(17)] * 2
        )

    def test_nothing_moves_it(self):
        """Neither an arrival that is put off, nor one that is cancelled."""
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10), commitment_date=noon(17))
        receipt.scheduled_date = noon(19)
        self._settle()
        self.assertEtas((order, 19))
        receipt.action_cancel()
        self._settle()
        self.assertEqual(self._get_history(order), [(march(17), "confirmed")])

    def test_dialog(self):
        """Scenario: it is expected on the 9th, and that is told; then the customer
        wants it on the 12th.

        Expected: both are kept with who, when and why, and stand in the chatter.
        """
        self._expect(9, (self.glass, 10))
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        action = order.with_user(self.seller).action_open_promise()
        give = self.env["backorder.promise.give"].with_user(self.seller)
        with Form(give.browse(action["res_id"])) as form:
            self.assertFalse(form.is_changing)
            with form.line_ids.edit(0) as line:
                self.assertEqual(line.date, "2027-03-09")
        give.browse(action["res_id"]).action_give()
        self._give(order, 12, user=self.seller)
        self.assertEqual(
            self._get_history(order), [(march(9), "other"), (march(12), "wish")]
        )
        last = order.order_line.backorder_promise_ids[0]
        self.assertEqual(
            (last.user_id, last.note, last.expected),
            (self.seller, "by phone", march(9)),
        )
        body = order.message_ids[0].body
        self.assertIn("03/12/2027 instead of 03/09/2027", body)
        self.assertIn("The customer wished so", body)
        self.assertEqual(order.message_ids[0].author_id, self.seller.partner_id)

    def test_day_to_tell(self):
        """Of the likely day and the one that holds nine times in ten, the company's."""
        self._expect(9, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        row = order.order_line.move_ids.backorder_demand_ids
        row.sudo().write({"eta": march(9), "eta_late": march(15)})
        line = order.order_line
        self.assertEqual(line._get_day_to_tell(), march(15))
        self.env.company.backorder_day_told = "likely"
        self.assertEqual(line._get_day_to_tell(), march(9))
        row.sudo().write({"eta": False, "eta_late": False})
        self.assertFalse(line._get_day_to_tell())

    def test_many_at_once(self):
        """From the list of short lines: one dialog for all."""
        self._expect(9, (self.glass, 20))
        orders = [self._create_order((self.glass, 10)) for _each in range(2)]
        rows = self.env["backorder.demand"].union(
            *(order.order_line.move_ids.backorder_demand_ids for order in orders)
        )
        action = rows.action_open_promise()
        give = self.env[action["res_model"]].browse(action["res_id"])
        with Form(give) as form:
            form.date = march(11)
        give.action_give()
        for order in orders:
            self.assertEqual(self._get_history(order), [(march(11), "other")])

    def test_bad_input(self):
        """Each time one sentence, and nothing is promised."""
        quotation = self._create_order((self.glass, 1), confirm=False)
        with self.assertRaisesRegex(UserError, f"Confirm {quotation.name} first"):
            quotation.action_open_promise()
        self._put_stock(self.glass, 1)
        shipped = self._create_order((self.glass, 1))
        self._validate(shipped.picking_ids)
        with self.assertRaisesRegex(UserError, "choose other lines"):
            shipped.action_open_promise()
        order = self._create_order((self.glass, 10))
        with self.assertRaisesRegex(UserError, "Enter the day to tell for Wine Glass"):
            self._give(order, None)
        with freeze_time("2027-03-05 08:00:00"):
            with self.assertRaisesRegex(UserError, "has passed"):
                self._give(order, 4)
        self._give(order, 9)
        with self.assertRaisesRegex(UserError, "Say why the day changes"):
            self._give(order, 10, reason=False)
        self.assertEqual(self._get_history(order), [(march(9), "wish")])

    def test_nobody_writes_history(self):
        order = self._create_order(
            (self.glass, 10), commitment_date=noon(17), user_id=self.seller.id
        )
        promise = order.order_line.backorder_promise_ids.with_user(self.seller)
        for deed in (
            lambda: promise.write({"date": march(30)}),
            promise.unlink,
            lambda: promise.create({"sale_line_id": order.order_line.id}),
        ):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
                deed()

    def test_whose_promises_one_sees(self):
        """Own orders; all of them for the warehouse; none of another company."""
        order = self._create_order((self.glass, 10), commitment_date=noon(17))
        order.user_id = self.env.ref("base.user_admin")
        promise = order.order_line.backorder_promise_ids
        worker = new_test_user(
            self.env, "worker", "base.group_user,stock.group_stock_user"
        )
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger",
            "base.group_user,stock.group_stock_user",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        domain = [("id", "=", promise.id)]
        for user, count in ((self.seller, 0), (worker, 1), (stranger, 0)):
            with self.subTest(user=user.login):
                found = self.env["backorder.promise"].with_user(user).search(domain)
                self.assertEqual(len(found), count)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            order.order_line.with_user(self.seller).action_open_promise()
        made_up = self.env["backorder.promise.give"].with_user(self.seller)
        made_up = made_up.create(
            {"line_ids": [Command.create({"sale_line_id": order.order_line.id})]}
        )
        for name in ("order_id", "partner_id", "product_id", "promised", "expected"):
            self.env.invalidate_all()
            with self.subTest(name=name), self.assertRaises(AccessError):
                made_up.line_ids.read([name])

    def test_no_query_more_for_orders_without_a_date(self):
        """Twenty orders cost what two cost, where no day is promised."""
        counts = []
        for number in (2, 20):
            orders = self.env["sale.order"].union(
                *(
                    self._create_order((self.glass, 1), confirm=False)
                    for _each in range(number)
                )
            )
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            orders.filtered("commitment_date").order_line._promise_delivery_date(
                "confirmed"
            )
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])


@tagged("post_install", "-at_install")
class TestLate(PromiseCommon):
    def _search(self, model, record):
        found = self.env[model].search([("id", "in", record.ids)])
        names = {"backorder.demand": "promise_late"}
        name = names.get(model, "backorder_promise_late")
        late = found.search([("id", "in", record.ids), (name, "=", True)])
        others = found.search([("id", "in", record.ids), (name, "=", False)])
        self.assertEqual(late | others, found)
        self.assertFalse(late & others)
        self.assertEqual(late, found.filtered(name))
        return bool(late)

    def assertLate(self, order, days):  # noqa: N802 - unittest's manner
        self.env.invalidate_all()
        line = order.order_line
        self.assertEqual(line.backorder_promise_days_late, days)
        for record in (
            line,
            order,
            self._get_open(order),
            line.move_ids.backorder_demand_ids,
        ):
            self.assertEqual(self._search(record._name, record), bool(days))

    def test_expected_after_the_promise(self):
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self._give(order, 4)
        self.assertLate(order, 0)
        receipt.scheduled_date = noon(9)
        self._settle()
        self.assertLate(order, 5)

    def test_promised_day_has_passed(self):
        """Nothing is known to come: late from the day after."""
        order = self._create_order((self.glass, 10))
        self._give(order, 4)
        with freeze_time("2027-03-04 08:00:00"):
            self.assertLate(order, 0)
        with freeze_time("2027-03-06 08:00:00"):
            self.assertLate(order, 2)

    def test_to_be_ordered(self):
        """Scenario: nothing is ordered; the vendor takes nine days, until the 10th.

        Expected: a promise for the 10th holds today, and not tomorrow, when it would be
        the 11th; one for the 9th is late at once, and the salesperson is told why.
        """
        jug = self._create_product(
            "Jug",
            route_ids=[
                Command.set(self.env.ref("purchase_stock.route_warehouse0_buy").ids)
            ],
            seller_ids=[
                Command.create({"partner_id": self.vendor.id, "price": 3, "delay": 9})
            ],
        )
        orders = [self._create_order((jug, 10)) for _each in range(2)]
        for order, day in zip(orders, (10, 9), strict=True):
            self._give(order, day)
        self.assertLate(orders[0], 0)
        self.assertLate(orders[1], 1)
        self._watch(1)
        self.assertFalse(self._get_activities(orders[0]))
        note = self._get_activities(orders[1]).note
        self.assertIn("if it was ordered today, it could be had on 03/10/2027", note)
        self._watch(2)
        with freeze_time("2027-03-02 08:00:00"):
            self.assertLate(orders[0], 1)

    def test_delivered(self):
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self._give(order, 2)
        self.assertLate(order, 1)
        self._validate(receipt)
        self._validate(order.picking_ids)
        with freeze_time("2027-03-05 08:00:00"):
            self.env.invalidate_all()
            self.assertFalse(self._search("sale.order", order))
            self.assertFalse(self._search("sale.order.line", order.order_line))

    def test_never_short_and_not_sent(self):
        """The goods are there all the time; nobody sends them."""
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), commitment_date=noon(4))
        with freeze_time("2027-03-05 08:00:00"):
            self.assertLate(order, 1)


@tagged("post_install", "-at_install")
class TestWatching(PromiseCommon):
    def test_activity(self):
        """Scenario: promised for the 4th; the goods are put off to the 9th, then to the
        11th, then back to the 3rd.

        Expected: one activity for the salesperson, brought up to date, and done by
        itself.
        """
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._give(order, 4)
        self._watch()
        self.assertFalse(self._get_activities(order))
        for day in (9, 11):
            receipt.scheduled_date = noon(day)
            self._settle()
            self._watch()
            activity = self._get_activities(order)
            self.assertEqual(len(activity), 1)
            self.assertEqual(activity.user_id, self.seller)
            self.assertIn("promised for 03/04/2027", activity.note)
            self.assertIn(f"expected on 03/{day:02}/2027", activity.note)
        receipt.scheduled_date = noon(3)
        self._settle()
        self._watch()
        self.assertFalse(self._get_activities(order))
        self.assertIn("can be kept", order.message_ids[0].body)

    def test_done_by_hand(self):
        """Who has said that it is done is not asked again, until another promise is at
        risk."""
        receipt = self._expect(9, (self.glass, 10))
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._give(order, 4)
        self._watch()
        self._get_activities(order).action_feedback()
        self._watch()
        self.assertFalse(self._get_activities(order))
        self._give(order, 9)
        self.assertFalse(order.backorder_promise_warned)
        receipt.scheduled_date = noon(11)
        self._settle()
        self._watch()
        self.assertEqual(len(self._get_activities(order)), 1)

    def test_new_promise_closes_it_at_once(self):
        self._expect(9, (self.glass, 10))
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._give(order, 4)
        self._watch()
        self.assertTrue(self._get_activities(order))
        self._give(order, 9)
        self.assertFalse(self._get_activities(order))

    def test_nobody_sells_it(self):
        """Without a salesperson the head of the team is told."""
        head = new_test_user(
            self.env, "head", "base.group_user,sales_team.group_sale_manager"
        )
        team = self.env["crm.team"].create({"name": "Team", "user_id": head.id})
        order = self._create_order((self.glass, 10))
        order.write({"user_id": False, "team_id": team.id})
        self._give(order, 4)
        self._watch(5)
        activity = self._get_activities(order)
        self.assertEqual(activity.user_id, head)
        self.assertIn("no arrival is known", activity.note)

    def test_one_that_fails(self):
        """The other orders are watched; the one that failed says so."""
        orders = [self._create_order((self.glass, 10)) for _each in range(2)]
        for order in orders:
            self._give(order, 4)
        broken = orders[0]
        self.patch(
            type(self.env["sale.order"]),
            "_describe_late",
            _fail_for(broken.id, type(broken)._describe_late),
        )
        with mute_logger("odoo.addons.backorder_management.models"):
            self._watch(5)
        self.assertFalse(self._get_activities(broken))
        self.assertIn("could not be followed up: no words", broken.message_ids[0].body)
        self.assertTrue(self._get_activities(orders[1]))

    def _get_outcomes(self, order):
        self.env.invalidate_all()
        promises = order.order_line.backorder_promise_ids.sorted("id")
        return [(each.state, each.days_late, each.kept) for each in promises]

    def test_outcomes(self):
        """Scenario: promised for the 4th, then for the 10th; delivered on the 9th.

        Expected: the first was broken by 5 days, the last kept, a day early.
        """
        receipt = self._expect(9, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self._give(order, 4)
        self._give(order, 10)
        self._watch(3)
        self.assertEqual(self._get_outcomes(order), [("open", 0, 0.0)] * 2)
        self._watch(6)
        self.assertEqual(
            self._get_outcomes(order), [("broken", 2, 0.0), ("open", 0, 0.0)]
        )
        self._validate(receipt)
        self._validate(order.picking_ids)
        order.picking_ids.move_ids.date = noon(9)
        self._watch(12)
        self.assertEqual(
            self._get_outcomes(order), [("broken", 5, 0.0), ("kept", -1, 1.0)]
        )
        self.assertEqual(
            order.order_line.backorder_promise_ids.mapped("delivered"), [march(9)] * 2
        )

    def test_delivered_in_parts(self):
        """The last part counts."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._give(order, 4)
        rest = self._validate(order.picking_ids, {self.glass: 4})
        self._watch(3)
        self.assertEqual(self._get_outcomes(order), [("open", 0, 0.0)])
        self._put_stock(self.glass, 6)
        rest.action_assign()
        self._validate(rest)
        rest.move_ids.date = noon(5)
        self._watch(6)
        self.assertEqual(self._get_outcomes(order), [("broken", 1, 0.0)])

    def test_cancelled_before(self):
        order = self._create_order((self.glass, 10))
        self._give(order, 4)
        order._action_cancel()
        self._watch(3)
        self.assertEqual(self._get_outcomes(order), [("void", 0, 0.0)])

    def test_confirmed_again(self):
        """Scenario: an order for the 9th is cancelled, and confirmed again next day.

        Expected: the same day is promised anew, and counts.
        """
        order = self._create_order((self.glass, 10), commitment_date=noon(9))
        order._action_cancel()
        self._settle()
        self._watch()
        order.action_draft()
        order.action_confirm()
        self._settle()
        self.env.invalidate_all()
        promises = order.order_line.backorder_promise_ids.sorted("id")
        self.assertEqual(promises.mapped("state"), ["void", "open"])
        self.assertEqual(promises.mapped("is_latest"), [False, True])
        self.assertEqual(set(promises.mapped("date")), {march(9)})

    def test_ordered_again(self):
        """Scenario: nothing of it is wanted any more; some days later 4 are.

        Expected: the promise for the 9th is void, then open, and broken on the 11th.
        """
        order = self._create_order((self.glass, 10), commitment_date=noon(9))
        promise = order.order_line.backorder_promise_ids
        order.order_line.product_uom_qty = 0
        self._settle()
        self._watch(2)
        self.assertEqual(promise.state, "void")
        order.order_line.product_uom_qty = 4
        self._settle()
        self._watch(3)
        self.assertEqual(promise.state, "open")
        self._watch(11)
        self.assertEqual((promise.state, promise.days_late), ("broken", 2))

    def test_rest_is_cancelled(self):
        """Scenario: 4 of 10 have left on the 2nd; then the order is cancelled.

        Expected: what was not cancelled came in time.
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._give(order, 4)
        self._validate(order.picking_ids, {self.glass: 4})
        order._action_cancel()
        self._watch(3)
        self.assertEqual(self._get_outcomes(order), [("kept", -3, 1.0)])


def _fail_for(order_id, original):
    def describe(self, lines):
        if self.id == order_id:
            raise ValueError("no words")
        return original(self, lines)

    return describe


@tagged("post_install", "-at_install")
class TestTimeRunsOut(PromiseCommon):
    def test_next_call_goes_on(self):
        """Scenario: three orders are late, and the time of the scheduled action is
        enough for one in each call.

        Expected: one after the other is told about, and all of them after three calls.
        """
        orders = [self._create_order((self.glass, 10)) for _each in range(3)]
        for order in orders:
            self._give(order, 1)
        out_of_time = patch.object(
            self.env.registry["ir.cron"], "_commit_progress", lambda *a, **kw: 0.0
        )
        self.env.flush_all()
        for told in (1, 2, 3, 3):
            with freeze_time("2027-03-05 08:00:00"), out_of_time:
                self.env["backorder.promise"]._cron_watch()
            activities = [self._get_activities(order) for order in orders]
            counts = [len(each) for each in activities]
            self.assertEqual(counts, [1] * told + [0] * (3 - told))


@tagged("post_install", "-at_install")
class TestPure(PromiseCommon):
    def test_days_late(self):
        today = march(10)
        for promised, expected, is_open, late in (
            (march(12), march(15), True, 3),
            (march(12), march(12), True, 0),
            (march(12), None, True, 0),
            (march(8), None, True, 2),
            (march(8), march(9), True, 2),
            (march(8), march(15), False, 0),
            (None, march(15), True, 0),
        ):
            self.assertEqual(find_days_late(promised, expected, today, is_open), late)

    def test_judge(self):
        today = march(10)
        for promised, delivered, cancelled, outcome in (
            (march(8), march(8), False, Outcome("kept", 0)),
            (march(8), march(6), False, Outcome("kept", -2)),
            (march(8), march(9), True, Outcome("broken", 1)),
            (march(8), None, False, Outcome("broken", 2)),
            (march(8), None, True, Outcome("broken", 2)),
            (march(10), None, True, Outcome("void", 0)),
            (march(10), None, False, Outcome("open", 0)),
        ):
            self.assertEqual(judge(promised, delivered, today, cancelled), outcome)

    def test_day_to_tell(self):
        self.assertEqual(find_day_to_tell([march(3), march(9)]), march(9))
        self.assertIsNone(find_day_to_tell([march(3), None]))
        self.assertIsNone(find_day_to_tell([]))
