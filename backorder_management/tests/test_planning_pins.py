"""How long a pin holds, in the time zone of whoever has set it."""

from datetime import date, datetime
from unittest import TestCase

from ..planning.pins import has_ended

SUNDAY = date(2026, 3, 1)


class TestPins(TestCase):
    def test_a_pin_without_an_end_holds(self):
        self.assertFalse(has_ended(None, datetime(2126, 1, 1), "UTC"))

    def test_the_last_day_belongs_to_the_pin(self):
        self.assertFalse(has_ended(SUNDAY, datetime(2026, 3, 1, 23, 59), "UTC"))
        self.assertTrue(has_ended(SUNDAY, datetime(2026, 3, 2, 0, 0), "UTC"))

    def test_without_a_time_zone_the_day_is_that_of_utc(self):
        self.assertFalse(has_ended(SUNDAY, datetime(2026, 3, 1, 23, 59), None))
        self.assertTrue(has_ended(SUNDAY, datetime(2026, 3, 2, 0, 0), None))

    def test_the_day_ends_where_the_owner_lives(self):
        # Monday begins in Vienna at 23:00 UTC, in Los Angeles at 08:00 UTC.
        late = datetime(2026, 3, 1, 23, 0)
        self.assertTrue(has_ended(SUNDAY, late, "Europe/Vienna"))
        self.assertFalse(has_ended(SUNDAY, late, "America/Los_Angeles"))
        early = datetime(2026, 3, 2, 8, 0)
        self.assertTrue(has_ended(SUNDAY, early, "America/Los_Angeles"))

    def test_older_names_of_time_zones_are_known(self):
        self.assertFalse(has_ended(SUNDAY, datetime(2026, 3, 2, 4, 59), "US/Eastern"))
        self.assertTrue(has_ended(SUNDAY, datetime(2026, 3, 2, 5, 0), "US/Eastern"))
