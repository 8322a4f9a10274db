"""Days on which a warehouse works, and when goods leave that are there on one of them.

Vendors and security margins count the days of the calendar; what a warehouse does with
goods takes days on which somebody is there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
# A calendar without a day of work within a year says nothing.
LIMIT = 366


def is_never_off(_day: date) -> bool:
    return False


class WorkDays:
    """:param is_off: whether nobody works on a day"""

    def __init__(self, is_off: Callable[[date], bool] = is_never_off):
        self._is_off = is_off

    def find_first(self, day: date) -> date:
        """The day itself where somebody works, else the next one."""
        for ahead in range(LIMIT):
            if not self._is_off(day + ahead * ONE_DAY):
                return day + ahead * ONE_DAY
        return day

    def add(self, day: date, number: int) -> date:
        """The so manieth day of work after a day."""
        for _each in range(number):
            day = self.find_first(day + ONE_DAY)
        return day


def find_ready_day(arrival: date, today: date, steps: int, work_days: WorkDays) -> date:
    """The day on which goods can be taken from stock.

    :param arrival: when they are expected at the first place of their receipt; what is
        overdue comes today at the earliest
    :param steps: days that the other steps of the receipt take
    """
    return work_days.add(work_days.find_first(max(arrival, today)), steps)


def find_eta(
    ready: date, steps: int, security: int, planned: date | None, work_days: WorkDays
) -> date:
    """The day for which goods can be expected by the customer.

    :param ready: when they can be taken from stock
    :param steps: days that the later steps of the delivery take
    :param security: Odoo's security lead time for sales, days of the calendar
    :param planned: the day that was agreed on; nothing is there before
    """
    day = work_days.add(ready, steps) + security * ONE_DAY
    return max(day, planned) if planned else day
