from __future__ import annotations

from odoo.modules import get_manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools import convert_file

from ..hooks import post_init_hook
from ..models.backorder_state import STATES


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    """The demo data show every state at once, and one receipt changes what is short."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The test database has no demo data, or has them and users played with them:
        # tell the story anew, with the very files that Odoo loads.
        cls.env["ir.model.data"].search(
            [
                ("module", "=", "backorder_management"),
                ("name", "=like", "demo\\_%"),
            ]
        ).unlink()
        for file in get_manifest("backorder_management")["demo"]:
            convert_file(
                cls.env, "backorder_management", file, {}, "init", noupdate=True
            )
        cls.orders = cls.env["sale.order"].browse(
            cls.env["ir.model.data"]
            .search(
                [
                    ("module", "=", "backorder_management"),
                    ("model", "=", "sale.order"),
                    ("name", "=like", "demo\\_order\\_%"),
                ]
            )
            .mapped("res_id")
        )

    def _order(self, name):
        return self.env.ref(f"backorder_management.demo_order_{name}")

    def test_every_state_is_visible_at_once(self):
        """
        Scenario: a newcomer opens orders, lines and deliveries of the demo
        Expected: there is one at least of each state
        """
        states = {state for state, _label in STATES}
        self.assertEqual(set(self.orders.mapped("backorder_state")), states)
        self.assertEqual(set(self.orders.order_line.mapped("backorder_state")), states)
        self.assertEqual(set(self.orders.picking_ids.mapped("backorder_state")), states)

    def test_the_cut_over_leaves_the_story_alone(self):
        """
        Scenario: Odoo loads the demo data first, and runs the hook of the install then
        Expected: what was short before is still known to have been
        """
        before = {order: order.backorder_state for order in self.orders}
        post_init_hook(self.env)
        self.assertEqual(
            {order: order.backorder_state for order in self.orders}, before
        )

    def test_size_of_the_story(self):
        self.assertGreaterEqual(len(self.orders), 30)
        self.assertEqual(len(self.orders.partner_id), 8)
        self.assertEqual(len(self.orders.order_line.product_id), 10)

    def test_some_are_late_and_some_have_time(self):
        short = self.env["backorder.demand"].search(
            [("order_id", "in", self.orders.ids), ("qty_short", ">", 0)]
        )
        today = self.env.cr.now()
        self.assertTrue(short.filtered(lambda demand: demand.date_needed < today))
        self.assertTrue(short.filtered(lambda demand: demand.date_needed > today))

    def test_the_receipt_turns_orders_to_ready(self):
        """
        Scenario: validate the prepared receipt of 22 shakers, 40 corkscrews, 10 bar
            mats and 90 tumblers, with one click
        Expected: who needs the goods first is served first; what was short of one
            article only is ready, larger orders have a part of it
        """
        receipt = self.env.ref("backorder_management.demo_receipt_to_validate")
        self.assertEqual(receipt.state, "assigned")
        self.assertEqual(self._order("rooftop_tumblers").backorder_state, "backordered")
        self.assertEqual(self._order("adler_opening").backorder_state, "held")
        self.assertIs(receipt.button_validate(), True)
        self.env.cr.flush()
        self.assertEqual(receipt.state, "done")
        ready = {
            "fox_tumblers",  # 18 tumblers of 90
            "rooftop_tumblers",  # 60 more of them
            "seaside_shakers",  # 4 shakers of 22
            "lumiere_bar",  # 6 more
            "events_all_at_once",  # 6 more: 6 are left
            "central_corkscrews",  # 10 corkscrews of 40
            "adler_opening",  # 12 more
        }
        for name in ready:
            with self.subTest(name):
                self.assertEqual(self._order(name).backorder_state, "ready")
        # 12 tumblers are left for an order of 72, 6 shakers for one of 8
        self.assertEqual(self._order("davinci_refit").backorder_state, "partial")
        self.assertEqual(self._order("fox_shakers").backorder_state, "partial")
