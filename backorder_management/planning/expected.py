"""The day on which a customer may expect what is still open: the pure rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date


def find_expected_day(
    *,
    short: bool,
    held: bool,
    planned: Iterable[date],
    arrival: date | None,
    held_until: Iterable[date | None],
    today: date,
) -> date | None:
    """Return the day that can be named in good faith; None: it is not known.

    :param short: goods are missing that stock does not cover
    :param held: the goods wait for the customer's agreement
    :param planned: the days for which open transfers are scheduled; one that has passed
        is no reason to be late where the goods are there
    :param arrival: the day on which the last of what is missing can be there; None: it
        is not known
    :param held_until: of each held delivery, the day on which it may ship at last
    """
    days = [today, *planned]
    if short:
        if arrival is None:
            return None
        days.append(arrival)
    if held:
        until = list(held_until)
        if not until or None in until:
            return None
        days += until
    return max(days)
