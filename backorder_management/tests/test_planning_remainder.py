from __future__ import annotations

from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..planning.agreement import Rules
from ..planning.remainder import decides_all, get_closed, is_cancelled
from ..planning.shipping import ASK, CANCEL, KEEP, Decision

ANY_NUMBER = Rules()
ONE = Rules(max_shipments=1, remainder="ask")


class TestDecidesAll(TestCase):
    def _decides(self, rules=ANY_NUMBER, leaving=None, **decision):
        open_qty = {"A": 10, "B": 4}
        return decides_all(rules, Decision(**decision), open_qty, leaving or {"A": 10})

    def test_nothing_is_said_of_the_rest(self):
        self.assertFalse(self._decides())

    def test_last_shipment(self):
        self.assertTrue(self._decides(ONE))

    def test_rest_is_closed(self):
        self.assertTrue(self._decides(closes={"B": 4}))

    def test_rest_waits(self):
        self.assertTrue(self._decides(incomplete=frozenset("B")))

    def test_only_a_part_of_the_rest(self):
        self.assertFalse(self._decides(closes={"B": 4}, leaving={"A": 9}))

    def test_closed_and_waiting(self):
        self.assertTrue(
            self._decides(closes={"B": 4}, incomplete=frozenset("A"), leaving={"A": 9})
        )

    def test_nothing_is_left(self):
        """Then Odoo asks nobody anyway."""
        self.assertFalse(self._decides(leaving={"A": 10, "B": 4}, closes={"B": 0}))


class TestIsCancelled(TestCase):
    def _is_cancelled(self, rules=ANY_NUMBER, decision=None, **facts):
        facts = {"leaves": True, "refused": False, "otherwise": False, **facts}
        return is_cancelled(rules, decision or Decision(), "A", **facts)

    def test_closed_with_the_shipment(self):
        closing = Decision(closes={"A": 2})
        self.assertTrue(self._is_cancelled(decision=closing))

    def test_earlier_steps_close_nothing(self):
        closing = Decision(closes={"A": 2})
        self.assertFalse(self._is_cancelled(decision=closing, leaves=False))

    def test_another_line_is_closed(self):
        closing = Decision(closes={"B": 2})
        self.assertFalse(self._is_cancelled(decision=closing))

    def test_what_waits_is_kept_whoever_says_otherwise(self):
        waiting = Decision(incomplete=frozenset("A"), rest=ASK)
        self.assertFalse(
            self._is_cancelled(decision=waiting, refused=True, otherwise=True)
        )

    def test_somebody_was_asked(self):
        asking = Decision(rest=ASK)
        self.assertTrue(self._is_cancelled(ONE, asking, refused=True))
        self.assertFalse(self._is_cancelled(ONE, asking, otherwise=True))

    def test_where_nothing_is_agreed_the_user_decides(self):
        self.assertTrue(self._is_cancelled(otherwise=True))
        self.assertFalse(self._is_cancelled(otherwise=False))

    def test_where_a_later_shipment_is_agreed_it_is_kept(self):
        two = Rules(max_shipments=2, remainder="cancel")
        self.assertFalse(self._is_cancelled(two, otherwise=True))

    def test_earlier_steps_keep_the_rest_of_the_last_shipment(self):
        self.assertFalse(
            self._is_cancelled(ONE, Decision(rest=ASK), leaves=False, refused=True)
        )


class TestGetClosed(TestCase):
    def _get_closed(self, decision, held=None, refused=False):
        open_qty = {"A": 10, "B": 4}
        return get_closed(decision, open_qty, held or {}, refused=refused)

    def test_what_the_agreement_closes(self):
        closing = Decision(closes={"A": 6}, rest=CANCEL)
        self.assertEqual(self._get_closed(closing), {"A": 6})

    def test_what_is_picked_already_still_ships(self):
        closing = Decision(closes={"A": 6, "B": 4}, rest=CANCEL)
        self.assertEqual(self._get_closed(closing, {"A": 2, "B": 4}), {"A": 4})

    def test_what_joins_the_shipment_is_not_held_elsewhere(self):
        closing = Decision(closes={"A": 6}, rest=CANCEL)
        self.assertEqual(self._get_closed(closing, {"A": -2}), {"A": 6})

    def test_nobody_wants_the_rest(self):
        asking = Decision(ships={"A": 7}, rest=ASK)
        self.assertEqual(self._get_closed(asking, refused=True), {"A": 3, "B": 4})
        self.assertEqual(self._get_closed(asking), {})

    def test_who_was_not_asked_refuses_nothing(self):
        keeping = Decision(ships={"A": 7}, rest=KEEP)
        self.assertEqual(self._get_closed(keeping, refused=True), {})

    @given(
        st.dictionaries(st.sampled_from("AB"), st.integers(0, 10)),
        st.dictionaries(st.sampled_from("AB"), st.integers(0, 10)),
    )
    def test_never_more_than_is_closed(self, closes, held):
        closed = self._get_closed(Decision(closes=closes), held)
        for line, quantity in closes.items():
            self.assertEqual(closed.get(line, 0), max(0, quantity - held.get(line, 0)))
