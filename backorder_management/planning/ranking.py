"""The order of service by any criteria."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the things that demands are compared by.

    :param values: what each demand has, by its id; numbers, texts, dates: anything
        that can be sorted. None, or nothing: it comes last either way.
    :param descending: the greatest first
    """

    values: Mapping[int, Any]
    descending: bool = False


def rank_by(
    demand_ids: Iterable[int], criteria: Sequence[Criterion]
) -> dict[int, tuple[int, ...]]:
    """The rank of each demand, the smallest first; equal ranks are equals.

    One whole number per criterion: two ranks differ first at the criterion that
    decides between the two.
    """
    places = [_get_places(criterion) for criterion in criteria]
    return {
        demand_id: tuple(
            place.get(_get_value(criterion, demand_id), len(place))
            for criterion, place in zip(criteria, places, strict=True)
        )
        for demand_id in demand_ids
    }


def _get_places(criterion: Criterion) -> dict[Hashable, int]:
    """The place of each value among all that occur."""
    values = set(criterion.values.values()) - {None}
    ordered = sorted(values, reverse=criterion.descending)
    return {value: place for place, value in enumerate(ordered)}


def _get_value(criterion: Criterion, demand_id: int):
    return criterion.values.get(demand_id)


def get_share_at_hand(
    missing: Mapping[Hashable, Sequence[tuple[Hashable, float]]],
    available: Mapping[Hashable, float],
    smallest: float,
) -> dict[Hashable, float]:
    """Share of each order's lines that free stock would cover, each by itself.

    :param missing: by order, the pool of each of its lines and what the line misses
    :param available: what is free by pool; product's unit, as is what is missing
    :param smallest: less than this counts as nothing
    """
    return {
        order: sum(
            quantity - available.get(pool, 0.0) < smallest for pool, quantity in lines
        )
        / len(lines)
        for order, lines in missing.items()
        if lines
    }


def get_breach(waited_days: int, agreed_days: int) -> int:
    """Days beyond the waiting time agreed with the customer; 0 agreed: no breach."""
    return max(0, waited_days - agreed_days) if agreed_days else 0


def is_overdue(
    passed_runs: int, passed_days: int, max_runs: int, max_days: int
) -> bool:
    """Has a demand been passed over as often, or as long, as is allowed?

    :param max_runs: 0: as often as it may be
    :param max_days: 0: as long as it may be
    """
    return bool(
        (max_runs and passed_runs >= max_runs) or (max_days and passed_days >= max_days)
    )
