"""Which expected arrival brings whom what stock does not cover (DESIGN §2, door 2).

Quantities are in the product's unit of measure and carry `digits` decimals. Supplies
and pools are those of :mod:`allocation`; here the supplies are arrivals.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .allocation import Demand, allocate_in_sequence

Shares = tuple[tuple[Hashable, float], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A demand that stock does not cover wholly.

    :param owner: to whom arrivals are promised; several demands may have one owner
    :param quantity: what stock does not cover
    :param rank: unique, the smallest is served first
    :param fit: as that of :class:`allocation.Demand`
    """

    id: int
    owner: Hashable
    pool: Hashable
    quantity: float
    rank: tuple
    fit: Callable[[float], float] | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A part of an arrival that is for one owner, whoever else waits."""

    owner: Hashable
    arrival: Hashable
    quantity: float


def assign_arrivals(
    waiting: Iterable[Waiting],
    pools: Mapping[Hashable, Sequence[Hashable]],
    arrivals: Mapping[Hashable, float],
    promises: Iterable[Promise] = (),
    *,
    digits: int,
) -> dict[int, Shares]:
    """Divide what is to arrive among those who wait, in the order of their rank.

    What is promised is left to whom it is promised, who waits for that much less; a
    promise of more than its owner waits for is none.

    :param pools: arrivals by pool, the earliest first
    :param arrivals: quantity of each arrival, what is promised of it included
    :return: arrivals and quantities by id of who waits, promises not counted; who gets
        nothing is left out
    """
    smallest = 0.5 * 10**-digits
    waiting = sorted(waiting, key=lambda each: each.rank)
    promised = keep_promises(waiting, promises, digits=digits)
    left = dict(arrivals)
    demands = []
    for each in waiting:
        quantity = each.quantity
        for arrival, part in promised.get(each.id, ()):
            quantity = round(quantity - part, digits)
            if arrival in left:
                left[arrival] -= part
        if quantity >= smallest:
            demands.append(Demand(each.id, each.pool, quantity, each.rank, each.fit))
    supplies = {
        each: round(max(0.0, quantity), digits) for each, quantity in left.items()
    }
    allocations = allocate_in_sequence(demands, pools, supplies, digits=digits)
    return {each.demand_id: each.shares for each in allocations if each.shares}


def keep_promises(
    waiting: Iterable[Waiting], promises: Iterable[Promise], *, digits: int
) -> dict[int, Shares]:
    """Return what is promised to those who wait, by id; their owner's first ones first.

    :param waiting: in the order of their rank
    :param promises: the first one is used up first; what is more than its owner waits
        for is none
    """
    smallest = 0.5 * 10**-digits
    queues: dict[Hashable, deque[Promise]] = defaultdict(deque)
    for promise in promises:
        queues[promise.owner].append(promise)
    result: dict[int, Shares] = {}
    for each in waiting:
        queue, missing, shares = queues[each.owner], each.quantity, []
        while queue and missing >= smallest:
            promise = queue.popleft()
            taken = min(promise.quantity, missing)
            shares.append((promise.arrival, taken))
            missing = round(missing - taken, digits)
            if (rest := round(promise.quantity - taken, digits)) >= smallest:
                queue.appendleft(Promise(promise.owner, promise.arrival, rest))
        if shares:
            result[each.id] = tuple(shares)
    return result


def pass_on(
    promises: Sequence[Promise],
    brings: Mapping[Hashable, float],
    successors: Mapping[Hashable, Sequence[Hashable]],
    *,
    digits: int,
) -> list[Shares]:
    """What becomes of promises when arrivals bring less, or others bring the rest.

    Each is kept by its own arrival as far as that brings enough, the first promise
    first; what is left goes to the arrival's successors, as far as they have room.

    :param promises: all about these arrivals and their successors, oldest first
    :param brings: quantity of each arrival; unknown: nothing
    :param successors: what brings the rest of an arrival, such as the rest of a receipt
    :return: for each promise its arrivals and quantities; what is missing is lost
    """
    smallest = 0.5 * 10**-digits
    room = dict(brings)
    results: list[list[tuple[Hashable, float]]] = [[] for _promise in promises]
    left = [promise.quantity for promise in promises]

    def use(index: int, arrival: Hashable) -> None:
        taken = round(min(left[index], room.get(arrival, 0.0)), digits)
        if taken >= smallest:
            room[arrival] = round(room[arrival] - taken, digits)
            left[index] = round(left[index] - taken, digits)
            results[index].append((arrival, taken))

    for index, promise in enumerate(promises):
        use(index, promise.arrival)
    for index, promise in enumerate(promises):
        for arrival in successors.get(promise.arrival, ()):
            use(index, arrival)
    return [tuple(shares) for shares in results]
