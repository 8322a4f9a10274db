"""A plan beside what was before, in part, or with some of it left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import replace

from .complete_orders import Choice
from .reallocation import Decision, Plan, Reason

VIOLATED = "violated"
GAIN, LOSS, SAME = "gain", "loss", "same"


def as_before(plan: Plan) -> Plan:
    """The same demands with what they hold now."""
    return _map(
        plan,
        lambda each: Decision(each.claim, each.claim.held, each.reason, each.shares),
    )


def only(plan: Plan, claim_ids: Collection[int]) -> Plan:
    """The part of a plan that is about these claims, whole connected groups."""
    decisions = [each for each in plan.decisions if each.claim.id in claim_ids]
    return replace(
        plan,
        decisions=tuple(decisions),
        choice=_get_choice_among(plan, decisions),
    )


def leave_alone(plan: Plan, claim_ids: Collection[int]) -> Plan:
    """The same plan with these claims, whole connected groups, left as they are: a
    promise cannot be kept."""
    others = [each for each in plan.decisions if each.claim.id not in claim_ids]
    plan = replace(plan, choice=_get_choice_among(plan, others))
    return _map(
        plan,
        lambda each: (
            Decision(each.claim, each.claim.held, Reason(VIOLATED), each.claim.holdings)
            if each.claim.id in claim_ids
            else each
        ),
    )


def _get_choice_among(plan: Plan, decisions: Iterable[Decision]) -> Choice | None:
    """How good the choice of complete orders is among those of these decisions."""
    return plan.choice and plan.choice.only({each.claim.order for each in decisions})


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
