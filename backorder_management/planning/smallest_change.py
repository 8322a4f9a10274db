"""What smallest change would have covered a demand."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from time import monotonic

from .reallocation import SEQUENCE, Claim, Plan, Situation, reallocate

# About as often is the planner asked until the least quantity is found.
QUESTIONS = 30


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """
    :param more: what would have to be there in addition, in the product's unit; 0 where
        a run would cover it as it is, None where no amount of goods helps
    :param first_in_line: it would do to serve this demand before all others
    """

    more: float | None
    first_in_line: bool


def find_smallest_change(
    situation: Situation,
    claim_id: int,
    sharing: str = SEQUENCE,
    seconds: float = 5.0,
) -> SmallestChange | None:
    """Ask the planner itself, with other facts.

    :param situation: of the connected group of the claim
    :return: None where it is not known in time
    """
    [claim] = [each for each in situation.claims if each.id == claim_id]
    end = monotonic() + seconds

    def covers(changed: Situation) -> bool:
        left = end - monotonic()
        if left <= 0:
            raise TimeoutError
        plan = reallocate(changed, sharing, left / QUESTIONS)
        return _is_covered(plan, claim_id, 0.5 * 10**-situation.digits)

    try:
        if covers(situation):
            return SmallestChange(more=0.0, first_in_line=False)
        return SmallestChange(
            more=_find_least(situation, claim, covers),
            first_in_line=covers(_put_first(situation, claim)),
        )
    except TimeoutError:
        return None


def _find_least(
    situation: Situation, claim: Claim, covers: Callable[[Situation], bool]
) -> float | None:
    """The least addition that covers a claim: found between none and all."""

    def is_enough(steps: int) -> bool:
        quantity = round(steps / 10**situation.digits, 12)
        return covers(_add(situation, claim.pool, quantity))

    everything = sum(each.wanted for each in situation.claims)
    too_few, enough = 0, round(everything * 10**situation.digits)
    if not is_enough(enough):
        return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if is_enough(middle):
            enough = middle
        else:
            too_few = middle
    return round(enough / 10**situation.digits, situation.digits)


def _add(situation: Situation, pool: Hashable, quantity: float) -> Situation:
    """Put goods where the claim may take them, and all who take from around it."""
    own = tuple(situation.pools.get(pool, ()))
    arrival = ("added", pool)
    around = {
        other: (*supplies, arrival)
        for other, supplies in situation.pools.items()
        if set(own) <= set(supplies) and (own or other == pool)
    }
    limits = {
        other: limit + quantity if other in around else limit
        for other, limit in situation.limits.items()
    }
    return replace(
        situation,
        pools={**situation.pools, pool: (*own, arrival), **around},
        supplies={**situation.supplies, arrival: quantity},
        limits=limits,
    )


def _put_first(situation: Situation, claim: Claim) -> Situation:
    """The claim before all others: no rank is smaller than that of nothing."""
    width = len(claim.rank)
    first = replace(claim, overdue=True, rank=(-1,) * width)
    return replace(
        situation,
        claims=[first if each.id == claim.id else each for each in situation.claims],
    )


def _is_covered(plan: Plan, claim_id: int, smallest: float) -> bool:
    return any(
        each.claim.id == claim_id and each.claim.wanted - each.after < smallest
        for each in plan.decisions
    )
