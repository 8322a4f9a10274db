"""When what is missing can be there: arrivals shared as stock is (DESIGN §2, door 2).

Quantities as in :mod:`allocation`. Moments are anything that can be compared, days for
instance; all of one call are of the same kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .promising import Promise, Shares, Waiting, assign_arrivals, keep_promises

# It is there, and leaves with what is not.
TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Goods that are expected.

    :ivar ready: when they can be taken from there; None: nobody has said when
    """

    id: Hashable
    quantity: float
    ready: Any | None = None


@dataclass(frozen=True, slots=True)
class Eta:
    """What arrivals bring for one demand.

    :ivar shares: arrivals and quantities, the earliest first
    :ivar missing: what nothing brings
    :ivar ready: when all of it can be there; None: not known
    """

    shares: Shares
    missing: float
    ready: Any | None


def find_etas(
    waiting: Iterable[Waiting],
    pools: Mapping[Hashable, Iterable[Arrival]],
    promises: Iterable[Promise] = (),
    *,
    digits: int,
) -> dict[int, Eta]:
    """Divide what is to arrive among those who wait, in the order of their rank.

    Each takes the earliest that is left; what has no date, or nothing of it, comes
    last. So nobody is served later than who is ranked behind him and waits for as much
    at the same place, and no arrival is given twice.

    :param waiting: what stock does not cover
    :param pools: by place, what will be there; one arrival may be in several pools
    :param promises: see :func:`promising.assign_arrivals`
    :return: by id of who waits
    """
    waiting = sorted(waiting, key=lambda each: each.rank)
    promises = list(promises)
    ordered = {pool: sorted(own, key=_by_moment) for pool, own in pools.items()}
    arrivals = {each.id: each for own in ordered.values() for each in own}
    promised = keep_promises(waiting, promises, digits=digits)
    shares = assign_arrivals(
        waiting,
        {pool: [each.id for each in own] for pool, own in ordered.items()},
        {each.id: max(each.quantity, 0.0) for each in arrivals.values()},
        promises,
        digits=digits,
    )
    return {
        each.id: _find_eta(
            each,
            promised.get(each.id, ()) + shares.get(each.id, ()),
            arrivals,
            digits,
        )
        for each in waiting
    }


def _by_moment(arrival: Arrival) -> tuple:
    return (True,) if arrival.ready is None else (False, arrival.ready)


def _find_eta(
    waiting: Waiting, shares: Shares, arrivals: Mapping[Hashable, Arrival], digits: int
) -> Eta:
    missing = round(waiting.quantity - sum(part for _id, part in shares), digits)
    # What is promised of an arrival that is none any more comes at no known time.
    moments = [
        arrivals[arrival_id].ready if arrival_id in arrivals else None
        for arrival_id, _part in shares
    ]
    known = missing <= 0 and None not in moments
    return Eta(shares, max(missing, 0.0), max(moments, default=None) if known else None)


@dataclass(frozen=True, slots=True)
class Part:
    """What is expected of one demand of a document.

    :ivar eta: the day on which it can be there; None: not known
    :ivar kind: how that day comes about; empty where nothing was ever missing
    :ivar planned: the day that was agreed on
    :ivar place: the warehouse that it leaves; None: none of ours
    """

    eta: date | None
    kind: str
    planned: date | None
    place: Hashable = None


def find_latest(parts: Iterable[Part]) -> date | None:
    """Return the day on which all that was missing can be there; where one part has
    none, there is none."""
    missing = [part.eta for part in parts if part.kind]
    return None if None in missing else max(missing, default=None)


def find_last_of_all(parts: Sequence[Part]) -> date | None:
    """The same of a document where something was missing, with all that was not: it is
    in time, but may be the last all the same."""
    latest = find_latest(parts)
    planned = [part.planned for part in parts if not part.kind and part.planned]
    return latest and max([latest, *planned])


class Departures:
    """When lines leave: what ships together or not at all leaves each warehouse on the
    day of its last.

    :param parts: by line
    :param together: lines with the same value ship together; others by themselves
    """

    def __init__(
        self,
        parts: Mapping[Hashable, Sequence[Part]],
        together: Mapping[Hashable, Hashable],
    ):
        self._parts = parts
        self._together = together
        self._days = self._find_days()

    def _find_days(self) -> dict[tuple, date | None]:
        """By what lines have in common, and warehouse; where nothing was ever missing,
        the agreed day holds."""
        gathered = defaultdict(list)
        for line, own in self._parts.items():
            if line in self._together:
                for part in own:
                    if part.place is not None:
                        gathered[self._together[line], part.place].append(part)
        return {
            key: find_last_of_all(own)
            for key, own in gathered.items()
            if any(part.kind for part in own)
        }

    def find_day(self, line: Hashable) -> date | None:
        """Return the day on which the last of it can leave; None: not known, or nothing
        keeps it from leaving as agreed."""
        return find_latest(self.adjust(line, part) for part in self._parts[line])

    def adjust(self, line: Hashable, part: Part) -> Part:
        """Return what is expected of a part of the line, with what it leaves with."""
        key = (self._together.get(line), part.place)
        if key not in self._days:
            return part
        return replace(part, eta=self._days[key], kind=part.kind or TOGETHER)
