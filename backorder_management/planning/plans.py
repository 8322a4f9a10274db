"""A plan beside what was before, in part, or with some of it left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import replace

from .reallocation import Decision, Plan, Reason

VIOLATED = "violated"
GAIN, LOSS, SAME = "gain", "loss", "same"


def as_before(plan: Plan) -> Plan:
    """The same demands with what they hold now."""
    return _map(plan, lambda each: replace(each, after=each.claim.held))


def only(plan: Plan, claim_ids: Collection[int]) -> Plan:
    """The part of a plan that is about these claims."""
    return replace(
        plan,
        decisions=tuple(each for each in plan.decisions if each.claim.id in claim_ids),
    )


def leave_alone(plan: Plan, claim_ids: Collection[int]) -> Plan:
    """The same plan with these claims left as they are: a promise cannot be kept."""
    return _map(
        plan,
        lambda each: (
            Decision(each.claim, each.claim.held, Reason(VIOLATED), each.claim.holdings)
            if each.claim.id in claim_ids
            else each
        ),
    )


def _map(plan: Plan, change: Callable[[Decision], Decision]) -> Plan:
    return replace(plan, decisions=tuple(map(change, plan.decisions)))


def get_effect(decision: Decision, digits: int) -> str:
    """Whether a demand gains, loses, or has as much as before."""
    change = round(decision.change, digits)
    if not change:
        return SAME
    return GAIN if change > 0 else LOSS


def get_moves(decision: Decision, digits: int) -> dict[Hashable, tuple[float, float]]:
    """By supply, what a demand holds and is to hold, where that is not the same."""
    before, after = dict(decision.claim.holdings), dict(decision.shares)
    pairs = {
        supply: (before.get(supply, 0.0), after.get(supply, 0.0))
        for supply in {**before, **after}
    }
    return {
        supply: (old, new)
        for supply, (old, new) in pairs.items()
        if round(new - old, digits)
    }
