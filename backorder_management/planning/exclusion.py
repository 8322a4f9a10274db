"""Which demands take no part in a run, and why."""

from __future__ import annotations

BLOCKED = "blocked"
PINNED = "pinned"
PICKED = "picked"
PRINTED = "printed"
IN_BATCH = "in_batch"
BY_HAND = "by_hand"
LATER = "later"

# Goods that somebody is working with.
IN_HAND = frozenset({PICKED, PRINTED, IN_BATCH})

# How the operation type reserves, after Odoo's `reservation_method`.
MANUAL = "manual"
BY_DATE = "by_date"


def get_exclusion(
    *,
    picked: bool,
    printed: bool,
    in_batch: bool,
    blocked: bool,
    pinned: bool,
    due: bool,
    method: str,
) -> str:
    """The one reason why a demand takes no part; empty: it does.

    What somebody is working with comes before a block, which concerns what is not
    picked yet. A pin counts more than how goods are reserved: somebody wants them.

    :param pinned: whether the pin is still on
    :param due: the day has come from which on it may be reserved
    :param method: how its operation type reserves
    """
    if picked:
        return PICKED
    if printed:
        return PRINTED
    if in_batch:
        return IN_BATCH
    if blocked:
        return BLOCKED
    if pinned:
        return PINNED
    if due:
        return ""
    return {MANUAL: BY_HAND, BY_DATE: LATER}.get(method, "")
