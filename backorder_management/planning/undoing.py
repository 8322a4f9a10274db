"""What can be put back of a reallocation, when things have gone on since.

Quantities are in the product's unit of measure; keys name a product at a place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

GONE = "gone"  # others have the goods by now
STRANDED = "stranded"  # those who had the goods cannot have them back


@dataclass(frozen=True, slots=True)
class Moved:
    """What a run did to one demand.

    :param given: what it lost, by key: to be had back
    :param taken: what it gained, by key: to be given back
    """

    id: int
    given: Mapping[Hashable, float]
    taken: Mapping[Hashable, float]


def choose_restorable(
    possible: Sequence[Moved],
    impossible: Iterable[Moved],
    free: Mapping[Hashable, float],
    *,
    digits: int,
) -> dict[int, str]:
    """Which of the demands that could be put back cannot be, and why.

    :param possible: in the order of service; nothing is in their own way
    :param impossible: demands that cannot be put back, whatever the others do
    :param free: what nobody holds now, by key
    :return: reason by id; all others can be put back together
    """
    smallest = 0.5 * 10**-digits
    refused = _refuse_what_is_gone(possible, free, smallest)
    left = [each for each in possible if each.id not in refused]
    without = [*impossible, *(each for each in possible if each.id in refused)]
    spare = _get_balance(left, free)
    return refused | _keep_what_nobody_takes_back(left, without, spare, smallest)


def _refuse_what_is_gone(possible, free, smallest) -> dict[int, str]:
    """Who does not find enough once all that can has been given back.

    One that is refused gives nothing back either, so that all are looked at again; in
    the end it is asked once more whether what is left is enough for it.
    """
    refused: dict[int, str] = {}
    while True:
        left = [each for each in possible if each.id not in refused]
        available = defaultdict(float, free)
        for each in left:
            for key, quantity in each.taken.items():
                available[key] += quantity
        failed = [each for each in left if not _take(available, each.given, smallest)]
        if not failed:
            break
        refused.update((each.id, GONE) for each in failed)
    for each in possible:
        if each.id in refused and _take(available, each.given, smallest):
            del refused[each.id]
            for key, quantity in each.taken.items():
                available[key] += quantity
    return refused


def _get_balance(restored, free) -> dict[Hashable, float]:
    """What nobody holds when these have been put back, by key."""
    balance = defaultdict(float, free)
    for each in restored:
        for key, quantity in each.taken.items():
            balance[key] += quantity
        for key, quantity in each.given.items():
            balance[key] -= quantity
    return balance


def _keep_what_nobody_takes_back(possible, impossible, spare, smallest):
    """Who gained keeps it where those who had it before cannot have it back: the first
    in the order of service, as far as nobody else needs it.

    :param spare: what nobody would hold, by key
    :return: reason by id
    """
    stranded: dict[Hashable, float] = defaultdict(float)
    for each in impossible:
        for key, quantity in each.given.items():
            stranded[key] += quantity
    for key in stranded:
        stranded[key] = min(stranded[key], spare[key])
    return {
        each.id: STRANDED
        for each in possible
        if each.taken and _take(stranded, each.taken, smallest)
    }


def _take(available, wanted: Mapping[Hashable, float], smallest: float) -> bool:
    """Take all of it, or nothing."""
    if any(quantity - available[key] >= smallest for key, quantity in wanted.items()):
        return False
    for key, quantity in wanted.items():
        available[key] -= quantity
    return True
