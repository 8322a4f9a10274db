"""What customers are told of what they wait for: the pure rules.

A notice tells all that is new about a line. What was told last is kept as what the
customer knows, and a fact is what differs from it: so nothing is told twice.

Days are calendar days of the company. Quantities are of one line, in any one unit,
rounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date

CONFIRMED = "confirmed"
SHIPPED = "shipped"
CANCELLED = "cancelled"
READY = "ready"
DATE = "date"
WAITING = "waiting"

# A line has one fact at a time: the first of these that holds.
KINDS = (CONFIRMED, SHIPPED, CANCELLED, READY, DATE, WAITING)

# These speak of one order; the others, of all that the customer waits for.
OF_ONE_ORDER = frozenset({CONFIRMED, SHIPPED, CANCELLED})

# However often days move to and fro, a customer hears of them once a day.
ONCE_A_DAY = frozenset({DATE, WAITING})


@dataclass(frozen=True, slots=True)
class Rules:
    """What is agreed on with a customer.

    :ivar kinds: what he is told
    :ivar least_days: a day that moves by no more than this is not worth a notice
    :ivar silence_days: he hears again after so many days of waiting; 0: never
    """

    kinds: frozenset[str]
    least_days: int = 0
    silence_days: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What the customer knows of a line.

    :ivar day: on which he expects it; None: he knows that it is not known
    :ivar heard: when he heard of it last
    :ivar shipped: what had left by then
    :ivar cancelled: what would not come any more
    :ivar ready: he knows that the goods are there
    :ivar by_notice: he had a notice; False: he was promised a day, and no more
    """

    day: date | None
    heard: date
    shipped: float = 0.0
    cancelled: float = 0.0
    ready: bool = False
    by_notice: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """How things stand with a line that was short at least once.

    :ivar open: what is still to be delivered
    :ivar short: of it, what is missing
    :ivar shipped: what has left so far; what came back is in it
    :ivar ready: the goods are there for all that is open, and may ship
    :ivar expected: the day that he can be told; None: not known
    :ivar since: the day on which it was found short
    :ivar known: None: he was told nothing
    """

    open: float
    short: float
    shipped: float
    cancelled: float
    ready: bool
    expected: date | None
    since: date
    known: Known | None = None


def find_fact(line: Line, rules: Rules, today: date) -> str | None:
    """Return what the customer has to hear of the line today, one of `KINDS`; None:
    nothing.

    Once he knows the line as it is, there is nothing more to tell that day.
    """
    tests = {
        CONFIRMED: _is_news,
        SHIPPED: _has_shipped_in_part,
        CANCELLED: _has_been_cancelled,
        READY: _is_ready,
        DATE: _has_moved,
        WAITING: _is_silent,
    }
    for kind in KINDS:
        if kind in rules.kinds and tests[kind](line, rules, today):
            return kind
    return None


def _is_news(line: Line, _rules: Rules, _today: date) -> bool:
    return line.short > 0 and not (line.known and line.known.by_notice)


def _has_shipped_in_part(line: Line, _rules: Rules, _today: date) -> bool:
    return line.open > 0 and line.shipped > (line.known.shipped if line.known else 0.0)


def _has_been_cancelled(line: Line, _rules: Rules, _today: date) -> bool:
    return line.cancelled > (line.known.cancelled if line.known else 0.0)


def _is_ready(line: Line, _rules: Rules, _today: date) -> bool:
    return line.ready and not (line.known and line.known.ready)


def _has_moved(line: Line, rules: Rules, _today: date) -> bool:
    """He expects it on another day, on one that is not known any more, or on none where
    there is one now. What is ready has its own notice."""
    if line.known is None or line.open <= 0 or line.ready:
        return False
    expected, known = line.expected, line.known.day
    if expected is None or known is None:
        return expected != known
    return abs((expected - known).days) > rules.least_days


def _is_silent(line: Line, rules: Rules, today: date) -> bool:
    if not rules.silence_days or line.short <= 0:
        return False
    heard = line.known.heard if line.known else line.since
    return (today - heard).days >= rules.silence_days


@dataclass(frozen=True, slots=True)
class Bundle:
    """One notice.

    :ivar order: None: of several
    :ivar lines: what it tells of, and of each line why
    """

    kind: str
    customer: Hashable
    order: Hashable | None
    lines: tuple[tuple[Hashable, str], ...]


def bundle(facts: Iterable[tuple[Hashable, Hashable, Hashable, str]]) -> list[Bundle]:
    """What happens to one order is told in one notice, and what becomes of the days of
    all that a customer waits for in another one.

    :param facts: customer, order, line, and kind of the fact
    """
    bundles = defaultdict(list)
    for customer, order, line, kind in facts:
        own_order = order if kind in OF_ONE_ORDER else None
        bundles[customer, own_order, get_subject(kind)].append((line, kind))
    return [
        Bundle(
            min((kind for _line, kind in own), key=KINDS.index), *key[:2], tuple(own)
        )
        for key, own in bundles.items()
    ]


def get_subject(kind: str) -> str:
    """Those that go into the same notice."""
    return DATE if kind in ONCE_A_DAY else kind
