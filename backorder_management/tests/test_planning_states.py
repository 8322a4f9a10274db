"""The pure rules of states, shortages and kits: hand-written cases, then laws."""

from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.backorder_management.planning.kits import complete_kits, needed_kits
from odoo.addons.backorder_management.planning.shortage import (
    MoveFacts,
    cancelled_quantity,
    reason,
    shortage,
)
from odoo.addons.backorder_management.planning.states import (
    Figures,
    common_state,
    line_state,
    own_state,
)

quantities = st.integers(0, 20).map(float)
facts = st.builds(
    MoveFacts,
    open=quantities,
    reserved=quantities,
    arrived=st.integers(-5, 20).map(float),
    free=quantities,
    never_short=st.booleans(),
)


class TestStates(TestCase):
    def test_line_states(self):
        cases = [
            (Figures(), "none"),
            (Figures(open=5), "none"),
            (Figures(open=5, was_short=True), "ready"),
            (Figures(open=5, short=2, was_short=True), "partial"),
            (Figures(open=5, short=5, was_short=True), "backordered"),
            (Figures(was_short=True), "fulfilled"),
            (Figures(was_short=True, cancelled=2), "cancelled"),
            (Figures(cancelled=2), "none"),
        ]
        for figures, state in cases:
            with self.subTest(figures=figures):
                self.assertEqual(own_state(figures), state)

    def test_a_line_without_goods_is_not_held(self):
        short = Figures(open=5, short=5, was_short=True)
        self.assertEqual(line_state(short, held=True), "backordered")
        self.assertEqual(line_state(Figures(open=5), held=True), "held")

    def test_orders_take_the_neediest(self):
        covered, short = Figures(open=1), Figures(open=1, short=1, was_short=True)
        cases = [
            ([], [], "none"),
            (["held", "backordered"], [covered, short], "held"),
            (["none", "backordered"], [covered, short], "partial"),
            (["backordered", "fulfilled"], [short, Figures()], "backordered"),
            (["ready", "fulfilled"], [covered, Figures()], "ready"),
            (["fulfilled", "cancelled"], [Figures(), Figures()], "fulfilled"),
            (["none", "cancelled"], [Figures(), Figures()], "cancelled"),
        ]
        for states, figures, expected in cases:
            with self.subTest(states=states):
                self.assertEqual(common_state(states, figures), expected)


class TestShortage(TestCase):
    def test_parts(self):
        found = shortage(MoveFacts(open=10, reserved=3, free=4))
        self.assertEqual((found.allocated, found.free, found.short), (3, 4, 3))

    def test_goods_on_their_way_stay_allocated(self):
        self.assertEqual(shortage(MoveFacts(open=10, arrived=10)).allocated, 10)

    def test_cancelled(self):
        self.assertEqual(cancelled_quantity(10, 4, 6), 6)
        self.assertEqual(cancelled_quantity(12, 6, 6), 6)
        self.assertEqual(cancelled_quantity(10, 4, 0), 0)
        self.assertEqual(cancelled_quantity(9, 4, 6), 5)
        self.assertEqual(cancelled_quantity(3, 4, 6), 0)

    @given(facts)
    def test_parts_add_up(self, known):
        found = shortage(known)
        parts = (found.allocated, found.free, found.short)
        self.assertEqual(sum(parts), known.open)
        self.assertGreaterEqual(min(parts), 0)

    @given(facts, st.booleans(), st.booleans())
    def test_one_reason_each(self, known, own_chain, stock_at_hand):
        found = shortage(known)
        why = reason(found, own_chain, stock_at_hand)
        short_reasons = ("own_chain", "served_before", "no_stock")
        self.assertEqual(why in short_reasons, found.short > 0)


class TestKits(TestCase):
    PER_KIT = {1: 1.0, 2: 4.0}

    def test_whole_kits(self):
        self.assertEqual(complete_kits({1: 5, 2: 10}, self.PER_KIT), 2)
        self.assertEqual(needed_kits({1: 0, 2: 10}, self.PER_KIT), 3)
        self.assertEqual(complete_kits({1: 5}, self.PER_KIT), 0)
        self.assertEqual(needed_kits({}, self.PER_KIT), 0)
        self.assertEqual(complete_kits({1: 0.3, 2: 1.2}, {1: 0.1, 2: 0.4}), 3)

    @given(st.integers(0, 50), st.integers(0, 200))
    def test_complete_and_needed_make_the_whole(self, tops, legs):
        """Of 50 tables, those that can be made and those that cannot."""
        complete = complete_kits({1: tops, 2: legs}, self.PER_KIT)
        missing = {1: 50 - tops, 2: 200 - legs}
        self.assertEqual(complete + needed_kits(missing, self.PER_KIT), 50)
