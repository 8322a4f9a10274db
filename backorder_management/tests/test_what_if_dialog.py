"""The dialog that asks what would change: what it understands, shows and hides.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .test_eta import march
from .test_what_if import WhatIfCommon


@tagged("post_install", "-at_install")
class TestWhatIfDialog(WhatIfCommon):
    def setUp(self):
        super().setUp()
        self.first = self._create_purchase(3, 30)
        self.second = self._create_purchase(10, 20)
        self.orders = [self._create_order((self.glass, each)) for each in (18, 18, 10)]
        self.before = self._get_days()

    def _ask(self, user=None, **values):
        what_if = self.env["backorder.what.if"].with_user(user or self.env.user)
        what_if = what_if.create(values)
        what_if.action_find()
        return what_if

    def assertAnswer(self, what_if, *expected):  # noqa: N802 - unittest's manner
        """:param expected: orders, days of March after, effects"""
        found = [(line.order_id, line.after, line.effect) for line in what_if.line_ids]
        self.assertCountEqual(
            found,
            [
                (order, march(day) if day else False, effect)
                for order, day, effect in expected
            ],
        )
        self.assertEqual(self._get_days(), self.before)

    def _name(self, record):
        return f"{record._name},{record.id}"

    def test_slip(self):
        what_if = self._ask(kind="slip", document=self._name(self.first), days=14)
        one, two, three = self.orders
        self.assertAnswer(
            what_if, (one, 10, "later"), (two, 17, "later"), (three, 17, "later")
        )
        self.assertEqual(what_if.line_ids.mapped("days"), [7, 7, 7])
        self.assertEqual(what_if.summary, "Later: 3")

    def test_transfer_earlier(self):
        """A receipt of the 10th is here on the 4th."""
        receipt = self.second.picking_ids
        what_if = self._ask(kind="slip", document=self._name(receipt), days=-6)
        _one, two, three = self.orders
        self.assertAnswer(what_if, (two, 4, "earlier"), (three, 4, "earlier"))

    def test_short(self):
        what_if = self._ask(kind="short", document=self._name(self.first), quantity=10)
        one, two, three = self.orders
        self.assertAnswer(
            what_if, (one, 10, "later"), (two, None, "lost"), (three, None, "lost")
        )
        self.assertEqual(what_if.summary, "Not known any more: 2, Later: 1")

    def test_cancel(self):
        what_if = self._ask(kind="cancel", document=self._name(self.second))
        _one, two, three = self.orders
        self.assertAnswer(what_if, (two, None, "lost"), (three, None, "lost"))

    def test_cancel_one_product(self):
        """Of a receipt of glasses and jugs, only the jugs."""
        jug = self._create_product("Jug")
        both = self._create_receipt((self.glass, 90), (jug, 1))
        order = self._create_order((jug, 1))
        self.before = self._get_days()
        what_if = self._ask(kind="cancel", document=self._name(both), product_id=jug.id)
        self.assertAnswer(what_if, (order, None, "lost"))

    def test_buy(self):
        """Another order waits for what nothing brings: 12 more of the 4th make two
        earlier and one known."""
        four = self._create_order((self.glass, 10))
        self.before = self._get_days()
        what_if = self._ask(
            kind="buy",
            product_id=self.glass.id,
            quantity=12,
            date=march(4),
            warehouse_id=self.warehouse.id,
        )
        _one, two, _three = self.orders
        self.assertAnswer(what_if, (two, 4, "earlier"), (four, 10, "known"))
        self.assertEqual(what_if.summary, "Earlier: 1, Known now: 1")

    def test_star(self):
        what_if = self._ask(kind="star", order_id=self.orders[2].id)
        self.assertAnswer(what_if, (self.orders[2], 3, "earlier"))
        self._star(self.orders[2])
        self.before = self._get_days()
        what_if = self._ask(kind="unstar", order_id=self.orders[2].id)
        self.assertAnswer(what_if, (self.orders[2], 10, "later"))

    def _star(self, order):
        order.picking_ids.move_ids.priority = "1"
        self._settle()

    def test_rank_that_nobody_looks_at(self):
        what_if = self._ask(kind="rank", partner_id=self.customer.id, rank=1)
        self.assertAnswer(what_if)
        self.assertIn("does not look at the customer's rank", what_if.summary)

    def test_asking_again(self):
        """The answer to the first question is gone."""
        what_if = self._ask(kind="cancel", document=self._name(self.second))
        what_if.write({"kind": "star", "order_id": self.orders[0].id})
        what_if.action_find()
        self.assertAnswer(what_if)
        self.assertEqual(what_if.summary, "No expected day would change.")

    def test_what_is_not_clear(self):
        """Each time one sentence that says what to do."""
        jug = self._create_product("Jug")
        both = self._create_receipt((self.glass, 1), (jug, 1))
        name = self._name
        first = name(self.first)
        done = self._create_receipt((self.glass, 1))
        done.action_cancel()
        buy = {"kind": "buy", "product_id": self.glass.id, "quantity": 1}
        idle = self.env["res.partner"].create({"name": "Idle"})
        draft = self._create_order((self.glass, 1), confirm=False)
        for values, sentence in (
            ({"kind": "slip"}, "Choose the purchase or the transfer"),
            ({"kind": "slip", "document": first, "days": 0}, "by how many days"),
            ({"kind": "slip", "document": name(done)}, "choose another arrival"),
            ({"kind": "cancel", "document": name(done)}, "choose another arrival"),
            ({"kind": "slip", "document": first, "product_id": jug.id}, "another arr"),
            ({"kind": "short", "document": first, "quantity": 30}, "is to bring 30.00"),
            ({"kind": "short", "document": first, "quantity": -1}, "not below zero"),
            ({"kind": "short", "document": name(both)}, "choose one"),
            ({**buy, "product_id": False}, "Choose what would be bought"),
            ({**buy, "date": False}, "Choose what would be bought"),
            ({**buy, "quantity": 0}, "Enter how much"),
            ({**buy, "quantity": -5}, "Enter how much"),
            ({**buy, "date": "2027-02-28"}, "choose a day to come"),
            ({"kind": "star"}, "Choose an order"),
            ({"kind": "star", "order_id": draft.id}, "waits for nothing"),
            ({"kind": "rank"}, "Choose a customer"),
            ({"kind": "rank", "partner_id": idle.id}, "waits for nothing"),
        ):
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(UserError, sentence),
            ):
                self._ask(**values)

    def test_own_documents_only(self):
        """Who may see just his own orders learns how many others there are."""
        user = new_test_user(
            self.env, "own", "base.group_user,sales_team.group_sale_salesman"
        )
        self.orders[1].user_id = user
        for order in (self.orders[0], self.orders[2]):
            order.user_id = self.env.ref("base.user_admin")
        self._settle()
        documents = dict(self.env["backorder.what.if"].with_user(user)._get_documents())
        self.assertNotIn("purchase.order", documents)
        receipt = self.first.picking_ids
        what_if = self._ask(user, kind="slip", document=self._name(receipt), days=14)
        self.assertEqual(what_if.line_ids.order_id, self.orders[1])
        self.assertEqual(what_if.summary, "Later: 1, of orders that you may not see: 2")

    def test_other_companies_and_others_questions(self):
        """No document of another company is understood, no question of others shown."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        groups = "base.group_user,sales_team.group_sale_salesman,stock.group_stock_user"
        stranger = new_test_user(
            self.env,
            "stranger",
            groups,
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        colleague = new_test_user(self.env, "colleague", groups)
        for kind in ("slip", "short", "cancel"):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
                self._ask(
                    stranger,
                    kind=kind,
                    document=self._name(self.first),
                    company_id=company.id,
                )
        what_if = self._ask(kind="cancel", document=self._name(self.second))
        self.assertTrue(what_if.line_ids)
        for record in (what_if, what_if.line_ids[0]):
            with self.assertRaises(AccessError):
                record.with_user(colleague).read(["id"])
        with self.assertRaises(AccessError):
            self.env["backorder.what.if.line"].with_user(colleague).create(
                {"what_if_id": what_if.id, "order_id": self.orders[0].id}
            )

    def test_company_that_is_not_mine(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = new_test_user(self.env, "here", "base.group_user,stock.group_stock_user")
        for values in (
            {"kind": "slip", "document": self._name(self.first)},
            {"kind": "rank", "partner_id": self.customer.id},
        ):
            with self.assertRaisesRegex(AccessError, "Switch to Elsewhere"):
                self._ask(user, company_id=company.id, **values)

    def test_two_companies_at_once(self):
        """A warehouse of another company is not bought for, though the user has both;
        whose orders change there is not counted."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= company
        theirs = self.env["stock.warehouse"].search([("company_id", "=", company.id)])
        with self.assertRaises(UserError):
            self._ask(
                kind="buy",
                product_id=self.glass.id,
                quantity=5,
                date=march(2),
                warehouse_id=theirs[:1].id,
            )

    def test_from_everywhere(self):
        """The dialog begins with what it was opened from."""
        row = self.orders[1].order_line.move_ids.backorder_demand_ids
        for record, kind, expected in (
            (self.first, "slip", self.first),
            (self.first.picking_ids, "slip", self.first.picking_ids),
            (self.orders[1], "star", self.orders[1]),
            (row, "buy", self.glass),
        ):
            action = record.action_what_if()
            form = Form(self.env["backorder.what.if"].with_context(**action["context"]))
            self.assertEqual(form.kind, kind)
            what_if = form.save()
            self.assertIn(
                expected, (what_if.document, what_if.order_id, what_if.product_id)
            )
