"""When goods could be there that nobody has ordered yet, if somebody did so today."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from .work_days import WorkDays, find_ready_day


@dataclass(frozen=True, slots=True)
class LeadTime:
    """How long goods take once they are ordered.

    :ivar days: days of the calendar until they reach the first place of their receipt
    :ivar delay: days by which who delivers them is likely to be late
    :ivar steps: days that the other steps of the receipt take, on which somebody works
    """

    days: float
    delay: int = 0
    steps: int = 0

    @property
    def whole_days(self) -> int:
        """Days of the calendar, likely delay included; less than none is none."""
        return max(ceil(self.days), 0) + max(self.delay, 0)


def find_ordered_day(today: date, lead: LeadTime, work_days: WorkDays) -> date:
    """Return the day on which goods can be taken from stock if they are ordered
    today."""
    arrival = today + timedelta(days=lead.whole_days)
    return find_ready_day(arrival, today, lead.steps, work_days)


def get_quantity_class(quantity: float, smallest: Iterable[float]) -> int:
    """Return the same number for all quantities that the same prices are meant for.

    :param smallest: the quantities from which on prices count
    """
    return bisect_right(sorted(smallest), quantity)
