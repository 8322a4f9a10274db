"""Vendors' records of lateness, and estimates from them: the pure rules."""

from __future__ import annotations

from datetime import date, timedelta
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.backorder_management.planning.lateness import (
    LATE,
    LIKELY,
    Receipt,
    Record,
    Records,
    collect_delays,
    estimate_arrival,
)

TODAY = date(2026, 12, 1)
TEN = Record("vendor", (-2, 0, 0, 1, 2, 3, 4, 5, 8, 20))


class TestRecords(TestCase):
    def test_median_and_nine_of_ten(self):
        """The fifth and the ninth of ten."""
        self.assertEqual([TEN.find_delay(LIKELY), TEN.find_delay(LATE)], [2, 8])

    def test_one_receipt(self):
        record = Record("vendor", (7,))
        self.assertEqual([record.find_delay(LIKELY), record.find_delay(LATE)], [7, 7])

    def test_no_record_is_on_time(self):
        self.assertEqual(Record("none").find_delay(LATE), 0)

    def test_late_already(self):
        """Of those that were 3 days late or more (3, 4, 5, 8, 20): the third, the last;
        nobody was 21 days late before."""
        self.assertEqual([TEN.find_delay(LIKELY, 3), TEN.find_delay(LATE, 3)], [5, 20])
        self.assertEqual(TEN.find_delay(LIKELY, 21), 21)

    def test_as_near_as_there_is_enough(self):
        """Five receipts of a product, or of a vendor, or of anybody."""
        receipts = [Receipt("V", "P", 1)] * 5 + [Receipt("V", "Q", 9)] * 4
        records = Records(collect_delays([*receipts, Receipt("W", "Q", 4)]))
        self.assertEqual(records.find("V", "P"), Record("product", (1,) * 5))
        self.assertEqual(records.find("V", "Q"), Record("vendor", (1,) * 5 + (9,) * 4))
        self.assertEqual(
            records.find("W", "Q"), Record("company", (1,) * 5 + (4,) + (9,) * 4)
        )
        few = Records(collect_delays(receipts[:4]))
        self.assertEqual(few.find("V", "P"), Record("none"))


class TestEstimates(TestCase):
    def estimate(self, day, record=TEN):
        found = estimate_arrival(date(2026, *day), TODAY, record)
        return [
            each and (each.month, each.day)
            for each in (found.promised, found.likely, found.late, found.overdue_since)
        ]

    def test_to_come(self):
        """Promised for December 10: the 12th is likely, the 18th late."""
        self.assertEqual(self.estimate((12, 10)), [(12, 10), (12, 12), (12, 18), None])

    def test_today(self):
        self.assertEqual(self.estimate((12, 1)), [(12, 1), (12, 3), (12, 9), None])

    def test_overdue(self):
        """Three days late: five in the middle of those, 20 at most."""
        self.assertEqual(
            self.estimate((11, 28)), [(11, 28), (12, 3), (12, 18), (11, 28)]
        )

    def test_overdue_as_never_before(self):
        """Today, every day anew."""
        self.assertEqual(self.estimate((11, 1)), [(11, 1), (12, 1), (12, 1), (11, 1)])

    def test_early_is_nothing_to_count_on(self):
        record = Record("vendor", (-9, -8, -7, -6, 1))
        self.assertEqual(
            self.estimate((12, 10), record), [(12, 10), (12, 10), (12, 11), None]
        )

    @given(
        st.integers(-60, 60), st.lists(st.integers(-30, 60), max_size=20).map(sorted)
    )
    def test_never_in_the_past_and_in_order(self, days, delays):
        promised = TODAY + timedelta(days=days)
        found = estimate_arrival(promised, TODAY, Record("vendor", tuple(delays)))
        self.assertLessEqual(max(TODAY, promised), found.likely)
        self.assertLessEqual(found.likely, found.late)
        self.assertEqual(found.overdue_since, promised if promised < TODAY else None)
