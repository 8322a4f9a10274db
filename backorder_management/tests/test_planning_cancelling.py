"""Rules of cancelling, crediting and expiring: pure, without a database."""

from datetime import date
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..planning.cancelling import cut_of_first_step, kept_of_later_step, spread_cut
from ..planning.crediting import Credit, LineFacts, find_credit, quantity_to_credit
from ..planning.expiry import is_expired, is_to_ask
from . import hypothesis_profile  # noqa: F401 - how properties are run

quantities = st.integers(0, 50).map(float)


class TestCancelling(TestCase):
    def test_what_is_picked_stays(self):
        self.assertEqual(cut_of_first_step(10, 4), 6)
        self.assertEqual(cut_of_first_step(10, 0), 10)
        self.assertEqual(cut_of_first_step(4, 10), 0)

    def test_a_later_step_wants_what_reaches_it(self):
        self.assertEqual(kept_of_later_step(10, 4, 0), 4)
        self.assertEqual(kept_of_later_step(10, 4, 3), 7)
        self.assertEqual(kept_of_later_step(5, 4, 3), 5)
        self.assertEqual(kept_of_later_step(10, 0, 0), 0)

    def test_what_is_missing_goes_first(self):
        """
        GIVEN two moves of a component, one lacks 2 of its 5, the other nothing of 4
        WHEN 3 are taken off
        THEN the first gives its 2 missing and one more, the other nothing
        """
        self.assertEqual(spread_cut(3, {1: (2, 5), 2: (0, 4)}), {1: 3})
        self.assertEqual(spread_cut(3, {2: (0, 4), 1: (2, 5)}), {2: 1, 1: 2})
        self.assertEqual(spread_cut(20, {1: (2, 5), 2: (0, 4)}), {1: 5, 2: 4})

    @given(
        quantities,
        st.dictionaries(st.integers(), st.tuples(quantities, quantities).map(sorted)),
    )
    def test_as_much_as_there_is_and_no_more(self, needed, parts):
        parts = {move: tuple(sizes) for move, sizes in parts.items()}
        cuts = spread_cut(needed, parts)
        available = sum(sizes[1] for sizes in parts.values())
        self.assertEqual(sum(cuts.values()), min(needed, available))
        for move, cut in cuts.items():
            self.assertLessEqual(cut, parts[move][1])


class TestExpiry(TestCase):
    def test_expired(self):
        since = date(2026, 3, 1)
        self.assertFalse(is_expired(since, date(2026, 3, 31), 30))
        self.assertTrue(is_expired(since, date(2026, 4, 1), 30))
        self.assertFalse(is_expired(since, date(2030, 1, 1), 0))
        self.assertFalse(is_expired(None, date(2030, 1, 1), 30))

    def test_asked_once_a_period(self):
        since, today = date(2026, 3, 1), date(2026, 4, 10)
        self.assertTrue(is_to_ask(since, None, today, 30))
        self.assertFalse(is_to_ask(since, date(2026, 4, 1), today, 30))
        self.assertTrue(is_to_ask(since, date(2026, 3, 10), today, 30))

    def test_a_new_shortage_is_a_new_question(self):
        self.assertTrue(
            is_to_ask(date(2026, 3, 1), date(2026, 2, 27), date(2026, 3, 9), 30)
        )


class TestCrediting(TestCase):
    def test_invoiced_and_cancelled(self):
        """10 invoiced, 4 due, 6 cancelled at 10 each: 60."""
        facts = LineFacts(due=4, cancelled=6, invoiced=10, unit_amount=10)
        self.assertEqual(find_credit({7: facts}, 0), Credit({7: 6}, 60, 0))

    def test_not_invoiced_yet(self):
        facts = LineFacts(due=4, cancelled=6, invoiced=4, unit_amount=10)
        self.assertEqual(find_credit({7: facts}, 0), Credit({}, 0, 0))

    def test_invoiced_too_much_for_another_reason(self):
        self.assertEqual(quantity_to_credit(LineFacts(4, 1, 10, 10)), 1)
        self.assertEqual(quantity_to_credit(LineFacts(4, 0, 10, 10)), 0)

    def test_deposit(self):
        """500 of deposit, 4 of 10 left at 100, none of them invoiced: 100 too much."""
        facts = LineFacts(due=4, cancelled=6, invoiced=0, unit_amount=100)
        self.assertEqual(find_credit({7: facts}, 500), Credit({}, 0, 100))

    def test_deposit_beside_invoices(self):
        """
        GIVEN a line invoiced in full, of which 6 x 10 are to be credited
        THEN what it is credited is not deducted from the deposit as well
        """
        lines = {
            7: LineFacts(due=4, cancelled=6, invoiced=10, unit_amount=10),
            8: LineFacts(due=3, cancelled=0, invoiced=0, unit_amount=10),
        }
        self.assertEqual(find_credit(lines, 50), Credit({7: 6}, 60, 20))

    def test_deposit_of_an_order_that_was_not_cut(self):
        facts = LineFacts(due=4, cancelled=0, invoiced=4, unit_amount=10)
        self.assertEqual(find_credit({7: facts}, 500), Credit())

    @given(
        st.dictionaries(
            st.integers(),
            st.builds(LineFacts, quantities, quantities, quantities, st.integers(0, 9)),
        ),
        quantities,
    )
    def test_never_more_than_was_invoiced(self, lines, deposits):
        credit = find_credit(lines, deposits)
        for line, quantity in credit.quantities.items():
            self.assertLessEqual(quantity, lines[line].invoiced)
            self.assertLessEqual(quantity, lines[line].cancelled)
        self.assertLessEqual(credit.deposit, deposits)
        self.assertGreaterEqual(credit.deposit, 0)
