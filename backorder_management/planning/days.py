"""Days as people count them, where they live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache

# Odoo offers its names, of which a system's own database may lack the older ones.
import pytz


def find_zone(name: str | None) -> pytz.BaseTzInfo:
    """:param name: such as ``Europe/Vienna``; None: UTC"""
    return pytz.timezone(name or "UTC")


def find_day(moment: datetime | None, zone: pytz.BaseTzInfo) -> date | None:
    """The day of a moment, which is UTC without a time zone."""
    return zone.fromutc(moment).date() if moment else None


def remember_days(zone_name: str | None) -> Callable[[datetime | None], date | None]:
    """The same, looked up once for each moment: lines of an order share theirs.

    :param zone_name: as that of :func:`find_zone`
    """
    zone = find_zone(zone_name)
    return cache(lambda moment: find_day(moment, zone))


def find_start(day: date, zone_name: str | None) -> datetime:
    """The first moment of a day, UTC without a time zone.

    :param zone_name: as that of :func:`find_zone`
    """
    zone = find_zone(zone_name)
    start = zone.localize(datetime(day.year, day.month, day.day))
    return start.astimezone(pytz.utc).replace(tzinfo=None)
