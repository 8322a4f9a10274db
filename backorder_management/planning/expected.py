"""The day on which a customer may expect what is still open: the pure rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date


def find_expected_day(
    *,
    short: bool,
    held: bool,
    planned: Iterable[date],
    arrivals: Iterable[date | None],
    held_until: Iterable[date | None],
    today: date,
) -> date | None:
    """Return the day that can be named in good faith; None: it is not known.

    :param short: goods are missing that stock does not cover
    :param held: the goods wait for the customer's agreement
    :param planned: the days for which open transfers are scheduled; one that has passed
        is no reason to be late where the goods are there
    :param arrivals: of each step that misses goods, the day on which the last of them
        arrive; an arrival that is overdue has no day
    :param held_until: of each held delivery, the day on which it may ship at last
    """
    days = [today, *planned]
    if short:
        expected = list(arrivals)
        if not expected or any(day is None or day < today for day in expected):
            return None
        days += expected
    if held:
        until = list(held_until)
        if not until or None in until:
            return None
        days += until
    return max(days)
