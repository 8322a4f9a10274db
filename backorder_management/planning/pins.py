"""How long a pin holds."""

from __future__ import annotations

from datetime import date, datetime

from .days import find_day, find_zone


def has_ended(until: date | None, at: datetime, time_zone: str | None) -> bool:
    """Is the last day of a pin over where the one lives who has set it?

    :param until: the last day; None: until somebody releases it
    :param at: the moment in question, UTC without a time zone
    :param time_zone: such as ``Europe/Vienna``; None: UTC
    """
    if until is None:
        return False
    return until < find_day(at, find_zone(time_zone))
