"""What smallest change would have covered a demand."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from .reallocation import SEQUENCE, Claim, Situation, reallocate


@dataclass(frozen=True, slots=True)
class SmallestChange:
    """
    :param more: what would have to be there in addition, in the product's unit; None
        where no amount of goods helps
    :param first_in_line: it would do to serve this demand before all others
    """

    more: float | None
    first_in_line: bool


def find_smallest_change(
    situation: Situation, claim_id: int, sharing: str = SEQUENCE
) -> SmallestChange:
    """Ask the planner itself, with other facts.

    :param situation: of the connected group of the claim
    """
    [claim] = [each for each in situation.claims if each.id == claim_id]
    return SmallestChange(
        more=_find_least(situation, claim, sharing),
        first_in_line=_is_covered(_put_first(situation, claim), claim_id, sharing),
    )


def _find_least(situation: Situation, claim: Claim, sharing: str) -> float | None:
    """The least addition that covers a claim: found between none and all."""
    everything = sum(each.wanted for each in situation.claims)
    steps = round(everything * 10**situation.digits)
    if not _is_covered_with(situation, claim, steps, sharing):
        return None
    too_few, enough = 0, steps
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if _is_covered_with(situation, claim, middle, sharing):
            enough = middle
        else:
            too_few = middle
    return round(enough / 10**situation.digits, situation.digits)


def _is_covered_with(situation, claim: Claim, steps: int, sharing: str) -> bool:
    added = _add(situation, claim.pool, round(steps / 10**situation.digits, 12))
    return _is_covered(added, claim.id, sharing)


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


def _is_covered(situation: Situation, claim_id: int, sharing: str) -> bool:
    smallest = 0.5 * 10**-situation.digits
    return any(
        each.claim.id == claim_id and each.claim.wanted - each.after < smallest
        for each in reallocate(situation, sharing).decisions
    )
