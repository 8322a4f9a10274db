"""What customers click on their phones, and what a salesperson makes of it."""

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import BackorderCommon


class ChoiceTourCommon(HttpCase, BackorderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(
            cls.env,
            "adler",
            "base.group_portal",
            partner_id=cls.customer.id,
            password="adler",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )
        cls.policy = cls.env["backorder.policy"].create(
            {
                "name": "Everything at once, or as they choose",
                "shipping": "threshold",
                "first_min_percent": 80,
                "choice_wait": True,
                "choice_ship": True,
                "choice_cancel": True,
                "choice_substitute": True,
                "choice_effect": "at_once",
            }
        )
        cls.tour_glass = cls._create_product("Tour Glass")
        cls.tour_jug = cls._create_product("Tour Jug")
        cls._put_stock(cls.tour_jug, 1)
        cls.tour_cup = cls._create_product("Tour Cup")
        cls._put_stock(cls.tour_cup, 20)
        cls.tour_glass.substitute_product_ids = cls.tour_cup
        cls.order = cls._create_order(
            (cls.tour_glass, 9), (cls.tour_jug, 1), backorder_policy_id=cls.policy.id
        )
        cls.glasses, cls.jugs = cls.order.order_line


@tagged("post_install", "-at_install")
class TestChoicesOnThePhone(ChoiceTourCommon):
    browser_size = "390x844"
    touch_enabled = True

    def _run(self, tour):
        self.start_tour("/my/backorders", tour, login="adler")
        self.env.invalidate_all()

    def test_waits(self):
        self._run("backorder_management_customer_waits")
        self.assertEqual(self.glasses.backorder_choice_ids.kind, "wait")
        self.assertEqual(self.glasses.qty_backordered, 9)

    def test_cancels(self):
        self._run("backorder_management_customer_cancels")
        self.assertEqual(self.glasses.qty_cancelled, 9)

    def test_takes_a_substitute(self):
        self._run("backorder_management_customer_takes")
        self.assertEqual(self.glasses.substitute_line_ids.product_uom_qty, 9)
        self.assertEqual(self.glasses.qty_cancelled, 9)

    def test_ships(self):
        self._run("backorder_management_customer_ships")
        self.assertEqual(self.order.picking_ids.state, "assigned")


@tagged("post_install", "-at_install")
class TestChoiceToDo(ChoiceTourCommon):
    def test_salesperson_does_it(self):
        self.policy.choice_effect = "task"
        self.glasses._choose(
            "cancel", self.glasses._get_choice_fingerprint(), self.customer, "page"
        )
        self._settle()
        self.start_tour(
            "/odoo/action-backorder_management.backorder_choice_action",
            "backorder_management_choice_to_do",
            login="admin",
        )
        self.env.invalidate_all()
        self.assertEqual(self.glasses.qty_cancelled, 9)

    def test_salesperson_replaces(self):
        self.start_tour(
            f"/odoo/sales/{self.order.id}",
            "backorder_management_replace",
            login="admin",
        )
        self.env.invalidate_all()
        self.assertEqual(self.glasses.substitute_line_ids.product_uom_qty, 4)
        self.assertEqual(self.glasses.qty_cancelled, 4)
