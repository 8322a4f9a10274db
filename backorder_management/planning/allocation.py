"""Divide supply among ranked demands, one after the other.

Quantities are in the product's unit of measure and carry `digits` decimals. A *supply*
is anything goods can be taken from; a *pool* is the ordered list of supplies that a
group of demands may take from, first one first. Pools may overlap: what one demand
takes from a shelf is gone for those who may take from the whole warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

Rank = tuple[bool, bool, date, datetime, int]


@dataclass(frozen=True, slots=True)
class Demand:
    """Somebody who waits for goods.

    `rank` decides who is served first, the smallest one; ranks are unique when they
    end with the id. `fit` gives the largest quantity not above its argument that the
    demand's own unit of measure can express.
    """

    id: int
    pool: Hashable
    quantity: float
    rank: tuple
    fit: Callable[[float], float] | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a demand gets, from where, in picking order, and what stays missing."""

    demand_id: int
    shares: tuple[tuple[Hashable, float], ...]
    missing: float


@dataclass(slots=True)
class _Pool:
    """How far a pool has been emptied while the plan is made."""

    supplies: Sequence[Hashable]
    available: float
    position: int = 0


def rank_by_default(
    *,
    demand_id: int,
    starred: bool,
    received_for_it: bool,
    needed: date | None,
    ordered: datetime | None,
) -> Rank:
    """The default order of service as a sortable key, the smallest first.

    Starred demands come first, then those the goods were bought for, then the earliest
    needed, then the earliest ordered; the id breaks ties. What has no date comes last.
    """
    return (
        not starred,
        not received_for_it,
        needed or date.max,
        ordered or datetime.max,
        demand_id,
    )


def allocate_in_sequence(
    demands: Iterable[Demand],
    pools: Mapping[Hashable, Sequence[Hashable]],
    supplies: Mapping[Hashable, float],
    *,
    digits: int,
    limits: Mapping[Hashable, float] | None = None,
) -> list[Allocation]:
    """Serve the demands in the order of their rank, each as far as supply reaches.

    :param pools: supply ids by pool, in picking order; an unknown pool is empty
    :param supplies: quantity by supply id; nothing is taken from zero or less
    :param digits: decimal places of all quantities
    :param limits: the most that may be taken from a pool by anybody, where that is
        less than its supplies together, such as when other stock in it is negative
    :return: one allocation per demand, in the order in which they were served
    """
    remaining = dict(supplies)
    states, users = _open_pools(pools, remaining, digits, limits or {})
    smallest = 0.5 * 10**-digits
    result = []
    for demand in sorted(demands, key=attrgetter("rank")):
        state = states.get(demand.pool)
        wanted = demand.quantity
        if state is None or state.available < smallest:
            result.append(Allocation(demand.id, (), wanted))
            continue
        planned = wanted if wanted < state.available else state.available
        if demand.fit:
            planned = demand.fit(planned)
        shares = _take(state, planned, remaining, users, digits)
        taken = sum([quantity for _supply, quantity in shares])
        result.append(Allocation(demand.id, shares, round(wanted - taken, digits)))
    return result


def _open_pools(pools, remaining, digits, limits):
    """The state of each pool, and by supply the pools that contain it."""
    states: dict[Hashable, _Pool] = {}
    users: dict[Hashable, list[_Pool]] = {}
    for pool, supply_ids in pools.items():
        total = sum(remaining[supply] for supply in supply_ids if remaining[supply] > 0)
        available = round(min(total, limits.get(pool, total)), digits)
        states[pool] = state = _Pool(supply_ids, available)
        for supply in supply_ids:
            users.setdefault(supply, []).append(state)
    return states, users


def _take(state, wanted, remaining, users, digits):
    """Take the wanted quantity from a pool's supplies, in their order."""
    smallest = 0.5 * 10**-digits
    shares = []
    while wanted >= smallest and state.position < len(state.supplies):
        supply = state.supplies[state.position]
        left = remaining[supply]
        if left < smallest:
            state.position += 1
            continue
        share = left if left < wanted else wanted
        shares.append((supply, share))
        wanted = round(wanted - share, digits)
        remaining[supply] = round(left - share, digits)
        for user in users[supply]:
            user.available = round(user.available - share, digits)
    return tuple(shares)
