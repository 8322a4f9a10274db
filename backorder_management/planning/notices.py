"""What customers are told of what they wait for: the pure rules.

Days are calendar days of the company. Quantities are of one line, in any one unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date

# Why a customer hears of a line.
CONFIRMED = "confirmed"
DATE = "date"
READY = "ready"
WAITING = "waiting"

# One line has one reason at a time, the first of these.
ORDER = (CONFIRMED, READY, DATE, WAITING)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is agreed on with a customer.

    :ivar kinds: what he wants to hear of
    :ivar least_days: a day that moves by no more than this is not worth a notice
    :ivar silence_days: he hears again after so many days of waiting; 0: never
    """

    kinds: frozenset[str]
    least_days: int = 0
    silence_days: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a line that was ever short, and what its customer knows of it.

    :ivar open: what is still to be delivered
    :ivar short: of it, what is missing
    :ivar expected: the day that he can be told; None: not known
    :ivar told: the day that he was told last; None: none, or that it is not known
    :ivar heard: the last day on which he heard of it; None: he never did
    :ivar heard_ready: he knows that the goods are there
    """

    id: Hashable
    customer: Hashable
    open: float
    short: float
    expected: date | None
    told: date | None
    heard: date | None
    heard_ready: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to tell.

    :ivar day: to tell; None: that it is not known
    :ivar before: the day that was told before
    """

    kind: str
    line: Hashable
    day: date | None
    before: date | None


def find_fact(line: Line, rules: Rules, today: date) -> Fact | None:
    """Return what the customer has to hear of the line today; None: nothing.

    Once it has been told, the same state gives nothing: what was told is a part of it.
    """
    holds = {
        CONFIRMED: line.short > 0 and line.heard is None,
        READY: line.open > 0 >= line.short and not line.heard_ready,
        DATE: line.short > 0 and _has_moved(line, rules.least_days),
        WAITING: line.short > 0 and _is_silent(line, rules.silence_days, today),
    }
    for kind in ORDER:
        if holds[kind] and kind in rules.kinds:
            return Fact(kind, line.id, line.expected, line.told)
    return None


def _has_moved(line: Line, least_days: int) -> bool:
    """He knows another day, or one where none is known, or none where one is."""
    if line.heard is None or line.expected == line.told:
        return False
    if line.expected is None or line.told is None:
        return True
    return abs((line.expected - line.told).days) > least_days


def _is_silent(line: Line, silence_days: int, today: date) -> bool:
    if not silence_days or line.heard is None:
        return False
    return (today - line.heard).days >= silence_days


def bundle(
    facts: Iterable[tuple[Hashable, Fact]],
) -> dict[Hashable, list[Fact]]:
    """By customer, all that he hears today: one notice, the most pressing first.

    :param facts: customers, and what each of them is to hear
    """
    result = defaultdict(list)
    for customer, fact in facts:
        result[customer].append(fact)
    for own in result.values():
        own.sort(key=lambda fact: ORDER.index(fact.kind))
    return dict(result)
