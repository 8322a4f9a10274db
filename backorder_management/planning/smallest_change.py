"""What smallest change would have covered a demand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from time import monotonic

from .reallocation import SEQUENCE, Claim, Situation, reallocate

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
    *,
    around: Collection[Hashable] = (),
    debts: Mapping[Hashable, float] | None = None,
    seconds: float = 5.0,
) -> SmallestChange | None:
    """Ask the planner itself, with other facts.

    More goods need not be better: they may make an order complete that then takes more
    than was added. What is named as enough is enough; a smaller quantity may be, too.

    :param situation: of the connected group of the claim
    :param around: the other pools that goods for the claim would also come to
    :param debts: by pool, how much must come in before any of it is free, since other
        stock of the pool is negative
    :return: None where it is not known in time
    """
    [claim] = [each for each in situation.claims if each.id == claim_id]
    pools = {claim.pool, *around}
    debt = max((debts.get(pool, 0.0) for pool in pools), default=0.0) if debts else 0.0
    end = monotonic() + seconds

    def get_lack(changed: Situation) -> float:
        left = end - monotonic()
        if left <= 0:
            raise TimeoutError
        plan = reallocate(changed, sharing, left / QUESTIONS)
        [decision] = [each for each in plan.decisions if each.claim.id == claim_id]
        return max(0.0, round(claim.wanted - decision.after, situation.digits))

    def is_enough(quantity: float) -> bool:
        return not get_lack(_add(situation, pools, quantity - debt))

    try:
        lack = get_lack(situation)
        if not lack:
            return SmallestChange(more=0.0, first_in_line=False)
        everything = sum(each.wanted for each in situation.claims)
        return SmallestChange(
            more=_find_least((lack + debt, everything + debt), is_enough, situation),
            first_in_line=not get_lack(_put_first(situation, claim)),
        )
    except TimeoutError:
        return None


def _find_least(
    candidates: Iterable[float],
    is_enough: Callable[[float], bool],
    situation: Situation,
) -> float | None:
    """The least quantity that is enough, by halving what lies below the first of the
    candidates, growing, that is."""
    steps_per_unit = 10**situation.digits

    def reaches(steps: int) -> bool:
        return is_enough(round(steps / steps_per_unit, situation.digits))

    too_few = 0
    for candidate in candidates:
        enough = round(candidate * steps_per_unit)
        if reaches(enough):
            break
        too_few = enough
    else:
        return None
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if reaches(middle):
            enough = middle
        else:
            too_few = middle
    return round(enough / steps_per_unit, situation.digits)


def _add(
    situation: Situation, pools: Collection[Hashable], quantity: float
) -> Situation:
    """Put goods where all of these pools take from, behind what is there."""
    arrival = ("added",)
    reached = {pool: (*situation.pools.get(pool, ()), arrival) for pool in pools}
    return replace(
        situation,
        pools={**situation.pools, **reached},
        supplies={**situation.supplies, arrival: max(0.0, quantity)},
        limits={
            pool: limit + quantity if pool in pools else limit
            for pool, limit in situation.limits.items()
        },
    )


def _put_first(situation: Situation, claim: Claim) -> Situation:
    """The claim before all others: no rank is smaller than that of nothing."""
    width = len(claim.rank)
    first = replace(claim, overdue=True, rank=(-1,) * width)
    return replace(
        situation,
        claims=[first if each.id == claim.id else each for each in situation.claims],
    )
