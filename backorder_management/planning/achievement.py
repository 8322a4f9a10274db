"""What a plan achieves, in figures that can be compared."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from .reallocation import Plan


@dataclass(frozen=True, slots=True)
class Achievement:
    """
    :param covered: demands that miss nothing
    :param completed: orders of which every line is covered
    :param value: what the orders pay for all goods that the demands hold, company
        currency
    :param waiting: days that the oldest demand that still misses something has waited
    """

    covered: int
    completed: int
    value: float
    waiting: int


def measure(
    plan: Plan,
    *,
    digits: int,
    prices: Mapping[int, float],
    ages: Mapping[int, int],
    lacking: Mapping[Hashable, int],
) -> Achievement:
    """Figures of a plan.

    :param digits: decimal places of quantities
    :param prices: by claim id, company currency per product's unit
    :param ages: by claim id, days since it was ordered
    :param lacking: see :class:`reallocation.Situation`
    """
    smallest = 0.5 * 10**-digits
    waiting = {
        each.claim.id: each.claim.order
        for each in plan.decisions
        if each.claim.wanted - each.after >= smallest
    }
    incomplete = set(waiting.values())
    incomplete.update(order for order, lines in lacking.items() if lines)
    orders = {each.claim.order for each in plan.decisions}
    return Achievement(
        covered=len(plan.decisions) - len(waiting),
        completed=len(orders - incomplete),
        value=sum(
            each.after * prices.get(each.claim.id, 0.0) for each in plan.decisions
        ),
        waiting=max((ages.get(claim, 0) for claim in waiting), default=0),
    )
