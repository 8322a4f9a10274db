"""Whether an order is accepted at all, where the goods are not there.

Quantities of parts, supplies and rooms are in the product's unit of measure, those of
requests in the line's. All carry at most `digits` decimals.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

# What is accepted beyond the goods that are there.
ALLOW = "allow"
INCOMING = "incoming"
LIMIT = "limit"
REFUSE = "refuse"

# Quantities carry at most a handful of decimals; this only undoes float noise.
_NOISE = 1e-6

Arrivals = tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Supply:
    """What nobody else is to get.

    :param there: free stock
    :param arrivals: date and quantity of what is to come, the earliest first
    """

    there: float = 0.0
    arrivals: Arrivals = ()

    @property
    def coming(self) -> float:
        return sum(quantity for _date, quantity in self.arrivals)


@dataclass(frozen=True, slots=True)
class Part:
    """A product that a line takes: what it sells, or a component of a kit.

    :param pool: the supply it is taken from
    :param product: whose room for backorders it takes
    :param per_unit: product quantity in one unit of the line
    :param procured: its goods are bought, made or done for this very line, so that it
        takes nothing from the supply; it is accepted unless it is refused
    """

    pool: Hashable
    product: Hashable
    per_unit: float
    rule: str
    procured: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What a line asks for, in its own unit.

    :param parts: no two of the same product
    :param step: the smallest quantity that it can be lowered by
    """

    id: Hashable
    quantity: float
    parts: tuple[Part, ...]
    step: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of a request that is not accepted as a whole.

    :param needed: what the request needs of it
    :param supply: what is left for it
    :param room: what may still be short of it, where there is a limit
    """

    part: Part
    needed: float
    supply: Supply
    room: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    :param accepted: how much of the request, in the line's unit
    :param findings: why not all of it; empty: it is accepted
    """

    request: Request
    accepted: float
    findings: tuple[Finding, ...] = ()


def choose_rule(*words: str | bool | None) -> str:
    """The first that says something: of the product, its categories from its own up,
    the customer agreement, the company."""
    return next((word for word in words if word), ALLOW)


def get_uncommitted(
    free: float,
    covered: float,
    short: float,
    others: float,
    arrivals: Sequence[tuple[Hashable, datetime, float]],
    promised: Mapping[Hashable, float],
    *,
    digits: int,
) -> Supply:
    """What is left when everybody has got his share who has asked before.

    :param free: unreserved stock, less than nothing where more is reserved than there
    :param covered: what of it is for demands that have not reserved it yet
    :param short: what demands wait for that stock does not cover
    :param others: what productions and transfers still need, from stock or arrivals
    :param arrivals: id, date and quantity, the earliest first
    :param promised: what of each arrival is for a pinned line, whose demands are among
        those that are short
    """
    left = free - covered
    there = max(0.0, left - others)
    waiting = short + others - min(others, max(0.0, left))
    kept = {
        arrival: min(quantity, promised.get(arrival, 0.0))
        for arrival, _date, quantity in arrivals
    }
    waiting = max(0.0, waiting - sum(kept.values()))
    result = []
    for arrival, date, quantity in arrivals:
        rest = quantity - kept[arrival]
        taken = min(waiting, rest)
        waiting -= taken
        if (rest := round(rest - taken, digits)) > 0:
            result.append((date, rest))
    return Supply(round(there, digits), tuple(result))


@dataclass(slots=True)
class _Left:
    """What is left while requests are served one after the other."""

    supplies: dict[Hashable, Supply]
    rooms: dict[Hashable, float]
    digits: int

    def get_supply(self, part: Part) -> Supply:
        return self.supplies.get(part.pool, Supply())

    def get_room(self, part: Part) -> float:
        return max(0.0, self.rooms.get(part.product, 0.0))

    def get_most(self, part: Part) -> float:
        """How much of a part can be accepted."""
        if part.rule == ALLOW or (part.procured and part.rule != REFUSE):
            return math.inf
        if part.procured:
            return 0.0
        supply = self.get_supply(part)
        if part.rule == INCOMING:
            return supply.there + supply.coming
        if part.rule == LIMIT:
            return supply.there + self.get_room(part)
        return supply.there

    def take(self, part: Part, quantity: float) -> None:
        if part.procured:
            return
        supply = self.get_supply(part)
        short = quantity - min(quantity, supply.there)
        there = round(supply.there - (quantity - short), self.digits)
        self.rooms[part.product] = round(self.get_room(part) - short, self.digits)
        arrivals = []
        for date, rest in supply.arrivals:
            taken = min(short, rest)
            short -= taken
            if (rest := round(rest - taken, self.digits)) > 0:
                arrivals.append((date, rest))
        self.supplies[part.pool] = Supply(there, tuple(arrivals))


def decide(
    requests: Iterable[Request],
    supplies: Mapping[Hashable, Supply],
    rooms: Mapping[Hashable, float],
    *,
    digits: int,
) -> list[Verdict]:
    """Accept requests one after the other: what one takes, the next cannot have.

    A request that is not accepted as a whole takes what of it is, so that all of them
    are accepted once they are lowered to that.

    :param supplies: by pool; unknown: nothing
    :param rooms: by product, how much more may be short of it; unknown: nothing
    """
    left = _Left(dict(supplies), dict(rooms), digits)
    return [_decide_one(request, left) for request in requests]


def _decide_one(request: Request, left: _Left) -> Verdict:
    accepted, findings = request.quantity, []
    for part in request.parts:
        needed = request.quantity * part.per_unit
        most = left.get_most(part)
        if needed > most + _NOISE:
            findings.append(
                Finding(
                    part,
                    round(needed, left.digits),
                    left.get_supply(part),
                    left.get_room(part),
                )
            )
            steps = math.floor(most / part.per_unit / request.step + _NOISE)
            accepted = min(accepted, round(steps * request.step, left.digits))
    for part in request.parts:
        left.take(part, accepted * part.per_unit)
    return Verdict(request, accepted, tuple(findings))
