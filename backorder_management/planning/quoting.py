"""The earliest day for which a quotation can be promised: the pure rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Offer:
    """When goods that are only asked for could be there.

    :ivar day: None: nobody knows
    :ivar covered: what stock covers, product's unit
    :ivar shares: arrivals, quantities, and the days on which these are in stock
    :ivar missing: what nothing that is known brings
    :ivar days: of the calendar that it takes to order what is missing; None: nothing is
        missing, or it cannot be ordered
    """

    day: date | None
    covered: float = 0.0
    shares: tuple[tuple[int, float, date], ...] = ()
    missing: float = 0.0
    days: int | None = None


def find_last(offers: Iterable[Offer]) -> date | None:
    """Return the day on which all of it can be there; where one has none, there is
    none."""
    days = [offer.day for offer in offers]
    return None if None in days else max(days, default=None)
