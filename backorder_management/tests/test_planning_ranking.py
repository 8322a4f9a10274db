"""The order of service by any criteria."""

from datetime import date
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..planning.ranking import Criterion, get_share_at_hand, rank_by


class TestRanking(TestCase):
    def assertOrder(self, ranks, *demand_ids):
        self.assertEqual(sorted(ranks, key=ranks.get), list(demand_ids))

    def test_the_first_criterion_decides_then_the_second(self):
        """A star beats any date; of two without, the earlier one is first."""
        ranks = rank_by(
            [1, 2, 3],
            [
                Criterion({1: 0, 2: 0, 3: 1}, descending=True),
                Criterion({1: date(2026, 5, 2), 2: date(2026, 5, 1), 3: None}),
            ],
        )
        self.assertOrder(ranks, 3, 2, 1)

    def test_nothing_known_comes_last_either_way(self):
        for descending in (False, True):
            with self.subTest(descending=descending):
                ranks = rank_by([1, 2], [Criterion({1: None, 2: 5}, descending)])
                self.assertOrder(ranks, 2, 1)
                self.assertEqual(rank_by([9], [Criterion({}, descending)]), {9: (0,)})

    def test_texts_descending(self):
        ranks = rank_by([1, 2, 3], [Criterion({1: "a", 2: "c", 3: "b"}, True)])
        self.assertOrder(ranks, 2, 3, 1)

    def test_equals_have_equal_ranks(self):
        ranks = rank_by([1, 2], [Criterion({1: "gold", 2: "gold"})])
        self.assertEqual(ranks[1], ranks[2])

    @given(
        st.dictionaries(
            st.integers(1, 20), st.none() | st.integers(0, 4), min_size=1, max_size=12
        ),
        st.booleans(),
    )
    def test_as_sorting_by_the_values(self, values, descending):
        """Known values in their order, the unknown behind them."""
        ranks = rank_by(values, [Criterion(values, descending)])
        ordered = [values[number] for number in sorted(ranks, key=ranks.get)]
        known = sorted(
            [value for value in values.values() if value is not None],
            reverse=descending,
        )
        self.assertEqual(ordered, known + [None] * (len(values) - len(known)))


class TestShareAtHand(TestCase):
    def test_lines_that_free_stock_covers(self):
        """5 cups and no mugs: one of two lines, and all of the order without mugs."""
        shares = get_share_at_hand(
            {
                "S1": [("cups", 5.0), ("mugs", 1.0)],
                "S2": [("cups", 4.0)],
                "S3": [("cups", 6.0)],
                "S4": [],
            },
            {"cups": 5.0},
            smallest=0.005,
        )
        self.assertEqual(shares, {"S1": 0.5, "S2": 1.0, "S3": 0.0})
