"""Backorder states: one rule for lines, orders and deliveries (DESIGN §4).

All quantities of one call share one unit; only their being zero or not, and whether
the short part is the whole open part, decides. Callers pass rounded quantities.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

NONE = "none"
FULFILLED = "fulfilled"
READY = "ready"
PARTIAL = "partial"
BACKORDERED = "backordered"
HELD = "held"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known about one line, or one move of a delivery.

    :param open: quantity that open moves must still bring to the customer
    :param short: part of ``open`` that is neither allocated nor covered by free stock
    :param cancelled: ordered quantity that no move will bring any more
    :param was_short: it was short at least once
    """

    open: float = 0.0
    short: float = 0.0
    cancelled: float = 0.0
    was_short: bool = False

    @property
    def covered(self) -> float:
        """Part of the open quantity for which the goods are there."""
        return self.open - self.short


def own_state(figures: Figures) -> str:
    """State of a line or move that looks at nothing but itself."""
    if figures.open > 0:
        if figures.short <= 0:
            return READY if figures.was_short else NONE
        return PARTIAL if figures.covered > 0 else BACKORDERED
    if not figures.was_short:
        return NONE
    return CANCELLED if figures.cancelled > 0 else FULFILLED


def line_state(figures: Figures, held: bool) -> str:
    """State of an order line.

    :param held: the agreement holds the line or its delivery; only a line that has
        goods there waits, one without any is simply backordered
    """
    if held and figures.covered > 0:
        return HELD
    return own_state(figures)


def common_state(states: Collection[str], figures: Collection[Figures]) -> str:
    """State of an order or a delivery: the neediest of its parts.

    One that has both covered and short parts is partial, even where each part by
    itself is wholly covered or wholly short.

    :param states: the states of the parts
    :param figures: the figures of the parts
    """
    if HELD in states:
        return HELD
    if any(each.short > 0 for each in figures):
        covered = any(each.covered > 0 for each in figures)
        return PARTIAL if covered else BACKORDERED
    for state in (READY, FULFILLED, CANCELLED):
        if state in states:
            return state
    return NONE
