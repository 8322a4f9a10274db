"""Any agreement, any order, any stock, whatever people do with it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError

from ..planning.agreement import find_contradiction
from ..planning.shipping import CALENDAR
from .random_common import StoryMixin
from .test_agreements import AgreementCommon

RULES = {
    "shipping": ["available", "complete_lines", "complete_order", "threshold"],
    "first_min_percent": [0, 40, 80],
    "next_min_percent": [0, 30],
    "min_basis": ["quantity", "value", "lines"],
    "min_amount": [0, 25],
    "max_shipments": [0, 1, 2],
    "remainder": ["wait", "cancel", "ask"],
    "consolidate_days": [0, 6],
    "close_tolerance_percent": [0, 30],
    "whole_packages": [False, True],
    "accumulate": ["never", "after_days"],
    "ship_together": ["order", "address"],
}
rules = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in RULES.items()}
)
actions = st.lists(
    st.tuples(
        st.sampled_from(
            ["receive", "ship", "type", "release", "order", "raise", "lower", "expect"]
        ),
        st.integers(1, 9),
        st.integers(0, 7),
    ),
    min_size=3,
    max_size=8,
)


class TestAnyAgreement(StoryMixin, AgreementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.glass.product_tmpl_id.uom_ids = cls.env.ref("uom.product_uom_pack_6")

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(rules, st.sampled_from(["ship_only", "pick_ship"]), actions)
    def test_stories(self, values, steps, story):
        with self.env.cr.savepoint() as savepoint:
            self._tell(values, steps, story)
            savepoint.rollback()
        self.env.invalidate_all()

    def _tell(self, values, steps, story):
        policy = self.env["backorder.policy"].new({"name": "Any", **values})
        if find_contradiction(policy._get_rules()):
            return
        self.policy = self._agree(**values)
        self._set_steps(steps)
        self.orders = self._create_order((self.glass, 6), (self.cup, 4))
        for action, quantity, choice in story:
            getattr(self, f"_do_{action}")(quantity, choice)
            self._settle()
            self._check()

    # ------------------------------------------------------------------- what people do

    def _choose_delivery(self, choice):
        return self._choose(self._get_open(self.orders).sorted("id"), choice)

    def _choose_line(self, choice):
        lines = self.orders.order_line.sorted("id")
        return lines[choice % len(lines)]

    def _do_receive(self, quantity, choice):
        self._receive((self.cup if choice % 2 else self.glass, quantity))

    def _do_expect(self, quantity, choice):
        self._expect(self.cup if choice % 2 else self.glass, quantity, 1 + choice)

    def _do_order(self, quantity, choice):
        product = self.cup if choice % 2 else self.glass
        needed = fields.Datetime.now() + timedelta(days=choice)
        partner = self.other_customer if choice > 5 else self.customer
        self.orders |= self._create_order(
            (product, quantity), partner=partner, commitment_date=needed
        )

    def _do_raise(self, quantity, choice):
        self._choose_line(choice).product_uom_qty += quantity

    def _do_lower(self, quantity, choice):
        line = self._choose_line(choice)
        least = line.qty_delivered + line.qty_allocated
        line.product_uom_qty = max(least, line.product_uom_qty - quantity)

    def _do_ship(self, quantity, choice):
        self._ship(self._choose_delivery(choice))

    def _do_type(self, quantity, choice):
        """What is there of one line, typed by hand."""
        delivery = self._choose_delivery(choice)
        move = delivery.move_ids[choice % len(delivery.move_ids or [0]) :][:1]
        if not move or move.state in ("done", "cancel"):
            return
        free = self.env["stock.quant"]._get_available_quantity(
            move.product_id, move.location_id
        )
        move.quantity = min(quantity, move.product_qty, free + move.quantity)
        move.picked = bool(move.quantity)
        self._ship(delivery)
        if delivery.state != "done":
            move.picked = False

    def _ship(self, delivery):
        """Ships, or is refused with a sentence; nothing else."""
        if not any(delivery.move_ids.mapped("quantity")):
            return
        try:
            with self.env.cr.savepoint():
                delivery.with_context(skip_backorder=True).button_validate()
        except UserError as error:
            self.assertIn("must not ship", str(error))
            self.env.invalidate_all()

    def _do_release(self, quantity, choice):
        delivery = self._choose_delivery(choice)
        if delivery.backorder_held:
            delivery._override_hold("Whoever asks")

    # ------------------------------------------------------------------ what must hold

    def _check(self):
        self.assertStockSound(self.glass, self.cup)
        for line in self.orders.order_line:
            self.assertEqual(
                line.product_uom_id.compare(
                    line.qty_delivered + line.qty_backorder_open + line.qty_cancelled,
                    max(line.product_uom_qty, line.qty_delivered),
                ),
                0,
                (line, line.qty_delivered, line.qty_backorder_open, line.qty_cancelled),
            )
        for picking in self.orders.picking_ids:
            if picking.state not in ("done", "cancel"):
                self._check_delivery(picking)

    def _check_delivery(self, picking):
        """What is stored is what would be decided now; what must not ship holds nothing
        but for days, by agreement, or in somebody's hands."""
        stored = (picking.backorder_held, picking.backorder_hold_facts)
        self.env["stock.picking"]._decide_holds(picking.move_ids)
        self.assertEqual((picking.backorder_held, picking.backorder_hold_facts), stored)
        if not picking.backorder_held:
            return
        self.assertNotEqual(picking.state, "assigned")
        self.assertTrue(picking.backorder_hold_reason)
        demands = picking.move_ids._filter_backorder_demands()
        if (
            self.policy.accumulate == "never"
            and picking.backorder_hold_facts["code"] not in CALENDAR
        ):
            for move in demands.filtered(lambda move: not move.picked):
                self.assertEqual(move.quantity, 0, move)
