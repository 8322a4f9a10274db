"""Why a demand takes no part in a run: one reason, the first that counts."""

from unittest import TestCase

from ..planning import exclusion
from ..planning.exclusion import get_exclusion

NOTHING = {
    "picked": False,
    "printed": False,
    "in_batch": False,
    "blocked": False,
    "pinned": False,
    "due": False,
    "method": "at_confirm",
}


class TestExclusion(TestCase):
    def assertExcluded(self, expected, **facts):
        self.assertEqual(get_exclusion(**{**NOTHING, **facts}), expected)

    def test_nothing_stops_it(self):
        self.assertExcluded("")

    def test_each_reason(self):
        for fact in ("picked", "printed", "in_batch", "blocked", "pinned"):
            with self.subTest(fact):
                self.assertExcluded(fact, **{fact: True})

    def test_what_somebody_works_with_comes_first(self):
        """And a block before a pin: a blocked order holds nothing."""
        order = ("picked", "printed", "in_batch", "blocked", "pinned")
        for first, second in zip(order, order[1:], strict=False):
            with self.subTest(first):
                self.assertExcluded(first, **{first: True, second: True})

    def test_how_goods_are_reserved(self):
        self.assertExcluded(exclusion.BY_HAND, method="manual")
        self.assertExcluded(exclusion.LATER, method="by_date")

    def test_its_day_has_come(self):
        self.assertExcluded("", method="by_date", due=True)
        self.assertExcluded("", method="manual", due=True)

    def test_a_pin_counts_more_than_how_goods_are_reserved(self):
        self.assertExcluded(exclusion.PINNED, method="manual", pinned=True)
