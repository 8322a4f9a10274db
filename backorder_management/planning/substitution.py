"""What stands in for goods that are missing: how much of it, and whether it helps."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date

# Ratios are typed with few decimals: 12 bottles at 0.1667 boxes each are 2 boxes.
_RATIO_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that could come instead.

    :ivar place: in the list of substitutes, the best first
    :ivar day: on which the customer could have all of it; None: not known
    :ivar unordered: of it, what nobody has ordered yet, in any unit
    """

    product: Hashable
    place: int
    day: date | None
    unordered: float = 0.0


def find_pieces(missing: float, ratio: float) -> float:
    """Return how many whole pieces replace what is missing, rather more than less.

    :param missing: in a unit that both have, or in that of the product
    :param ratio: how much of the substitute replaces 1
    """
    return float(math.ceil(round(missing * ratio, _RATIO_DIGITS)))


def find_measure(missing: float, ratio: float, digits: int) -> float:
    """Return how much of what is weighed or measured replaces what is missing, rather
    more than less.

    :param digits: decimals of quantities
    """
    scale = 10**digits
    return math.ceil(round(missing * ratio * scale, _RATIO_DIGITS)) / scale


def rank_candidates(candidates: Iterable[Candidate]) -> list[Candidate]:
    """What is known to come goes first, the earliest first, then what could be ordered;
    on the same day, in the order of the list."""

    def get_rank(candidate):
        return (
            candidate.day is None,
            candidate.unordered > 0,
            candidate.day or date.max,
            candidate.place,
        )

    return sorted(candidates, key=get_rank)


def is_sooner(candidate: Candidate, expected: date | None) -> bool:
    """Can customers count on having it sooner than what they ordered?

    :param expected: when that comes; None: not known
    """
    if candidate.day is None or candidate.unordered > 0:
        return False
    return expected is None or candidate.day < expected
