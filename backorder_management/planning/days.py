"""Days as people count them, where they live."""

from __future__ import annotations

from datetime import date, datetime

# Odoo offers its names, of which a system's own database may lack the older ones.
import pytz


def find_zone(name: str | None) -> pytz.BaseTzInfo:
    """:param name: such as ``Europe/Vienna``; None: UTC"""
    return pytz.timezone(name or "UTC")


def find_day(moment: datetime | None, zone: pytz.BaseTzInfo) -> date | None:
    """The day of a moment, which is UTC without a time zone."""
    return moment and zone.fromutc(moment).date()
