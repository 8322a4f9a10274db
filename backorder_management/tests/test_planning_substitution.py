"""How much of a substitute, and which one first: numbers written by hand."""

from datetime import date
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import tagged

from ..planning.substitution import (
    Candidate,
    find_measure,
    find_pieces,
    is_sooner,
    rank_candidates,
)


def march(day):
    return date(2027, 3, day)


@tagged("post_install", "-at_install")
class TestQuantity(TestCase):
    def test_worked_examples(self):
        for missing, ratio, expected in (
            (6, 1, 6),
            (6, 2, 12),
            (12, 1 / 6, 2),
            (10, 1 / 6, 2),  # 1.67 boxes: no bottle less than ordered
            (12, 0.166667, 2),  # as it is typed
            (12, 0.1667, 2),
            (13, 1 / 6, 3),
            (1, 0.1, 1),
            (2.5, 0.5, 2),
        ):
            with self.subTest(missing=missing, ratio=ratio):
                self.assertEqual(find_pieces(missing, ratio), expected)

    def test_what_is_weighed(self):
        for missing, ratio, expected in (
            (10, 1, 10),
            (10, 1 / 3, 3.34),  # 3.3333, rather more
            (2.5, 0.5, 1.25),
            (2.55, 1 / 3, 0.85),
            (2.5, 1 / 3, 0.84),
        ):
            with self.subTest(missing=missing, ratio=ratio):
                self.assertEqual(find_measure(missing, ratio, 2), expected)

    @given(st.integers(1, 10**5), st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0, 12.0]))
    def test_never_less_and_less_than_a_piece_more(self, missing, ratio):
        found = find_pieces(float(missing), ratio)
        self.assertEqual(found, int(found))
        self.assertGreaterEqual(found, missing * ratio)
        self.assertLess(found, missing * ratio + 1)

    @given(st.integers(1, 10**4), st.integers(1, 24))
    def test_boxes_and_back(self, boxes, pieces):
        """What boxes hold is replaced by as many boxes."""
        bottles = find_pieces(float(boxes), float(pieces))
        self.assertEqual(find_pieces(bottles, 1 / pieces), boxes)

    @given(st.integers(1, 10**6), st.sampled_from([0.1, 1 / 3, 0.5, 1.0, 2.5]))
    def test_measures(self, cents, ratio):
        """Never less, and less than the smallest quantity more."""
        missing = cents / 100
        found = find_measure(missing, ratio, 2)
        self.assertGreaterEqual(found, missing * ratio - 1e-4)
        self.assertLess(found, missing * ratio + 0.01 + 1e-9)


@tagged("post_install", "-at_install")
class TestOrder(TestCase):
    def test_known_days_first_then_what_could_be_ordered(self):
        unknown = Candidate("unknown", 0, None)
        orderable = Candidate("orderable", 1, march(2), unordered=3)
        later = Candidate("later", 2, march(9))
        soon = Candidate("soon", 3, march(3))
        same = Candidate("same", 4, march(3))
        self.assertEqual(
            rank_candidates([unknown, orderable, later, same, soon]),
            [soon, same, later, orderable, unknown],
        )

    def test_sooner(self):
        candidate = Candidate("cup", 0, march(3))
        self.assertTrue(is_sooner(candidate, march(4)))
        self.assertTrue(is_sooner(candidate, None))
        self.assertFalse(is_sooner(candidate, march(3)))
        self.assertFalse(is_sooner(Candidate("cup", 0, None), None))
        # nobody has ordered it: no day to count on
        self.assertFalse(is_sooner(Candidate("cup", 0, march(3), 1), march(4)))
