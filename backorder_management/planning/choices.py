"""What a customer may choose about goods that are not there: the pure rule.

Quantities are of one line, in any one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

WAIT = "wait"
SHIP = "ship"
CANCEL = "cancel"
SUBSTITUTE = "substitute"

CHOICES = (WAIT, SHIP, CANCEL, SUBSTITUTE)


@dataclass(frozen=True, slots=True)
class Situation:
    """
    :ivar there: what is there for the line, and has not left
    :ivar short: what is missing
    :ivar held: the agreement keeps what is there from leaving
    :ivar cancellable: what could be cancelled of what is missing
    :ivar has_substitute: another product could come instead
    """

    there: float
    short: float
    held: bool = False
    cancellable: float = 0.0
    has_substitute: bool = False


def find_choices(situation: Situation, agreed: frozenset[str]) -> tuple[str, ...]:
    """Return what makes sense now, of what is agreed on.

    Nothing where nothing but waiting is left: that is no choice.
    """
    makes_sense = {
        WAIT: situation.short > 0 or situation.held,
        SHIP: situation.held and situation.there > 0,
        CANCEL: situation.short > 0 and situation.cancellable > 0,
        SUBSTITUTE: situation.short > 0 and situation.has_substitute,
    }
    found = tuple(kind for kind in CHOICES if kind in agreed and makes_sense[kind])
    return found if any(kind != WAIT for kind in found) else ()
