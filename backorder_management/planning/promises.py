"""What was promised to customers, held against what is expected and what came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

OPEN = "open"
KEPT = "kept"
BROKEN = "broken"
VOID = "void"


def find_days_late(
    promised: date | None, expected: date | None, today: date, is_open: bool
) -> int:
    """Return the days by which a promise will be missed as things stand; 0: it holds.

    :param expected: or could be had, if it was ordered today; None: not known; it is
        late when the promised day has passed
    :param is_open: something of it is still to come
    """
    if not promised or not is_open:
        return 0
    return max((max(expected or today, today) - promised).days, 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a promise.

    :ivar days_late: days after the promised one; below zero: before it
    """

    state: str
    days_late: int = 0


def judge(
    promised: date, delivered: date | None, today: date, is_cancelled: bool
) -> Outcome:
    """
    :param delivered: the day on which the last of it left; None: something is missing
    :param is_cancelled: nothing is to come any more, and not all of it came
    """
    if delivered:
        late = (delivered - promised).days
        return Outcome(BROKEN if late > 0 else KEPT, late)
    late = (today - promised).days
    if is_cancelled:
        return Outcome(BROKEN if late > 0 else VOID, max(late, 0))
    return Outcome(BROKEN, late) if late > 0 else Outcome(OPEN)


def find_day_to_tell(expected: Iterable[date | None]) -> date | None:
    """Return the day on which all parts can be there; None: of one it is not known."""
    days = list(expected)
    return None if None in days else max(days, default=None)
