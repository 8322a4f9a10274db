"""How far goods are on their way to where somebody waits for them."""

from __future__ import annotations

from collections.abc import Mapping

NONE = "none"
DRAFT = "draft"
CONFIRMED = "confirmed"
TRANSIT = "transit"
RECEIVED = "received"

# The least advanced first.
STAGES = (NONE, DRAFT, CONFIRMED, TRANSIT, RECEIVED)


def find_most_advanced(quantities: Mapping[str, float]) -> str:
    """Return how far the part is that is most advanced.

    :param quantities: by stage
    """
    reached = [stage for stage in STAGES if quantities.get(stage, 0.0) > 0]
    return reached[-1] if reached else NONE


def find_least_advanced(stages) -> str:
    """Return how far the last part of something is: all of them are needed."""
    return min(stages, key=STAGES.index, default=NONE)


def get_left(quantity: float, behind: float, digits: int) -> float:
    """Return what of a step is on its way: all but what the step before is to bring.

    :param behind: what is open of the steps before
    """
    return min(max(round(quantity - behind, digits), 0.0), quantity)


def get_stage(*, is_draft: bool, leaves_transit: bool, is_in_warehouse: bool) -> str:
    """Return how far goods are that a transfer is to bring.

    :param leaves_transit: it brings them from between two places
    :param is_in_warehouse: they are in the very warehouse, but not in stock
    """
    if is_draft:
        return DRAFT
    if leaves_transit:
        return TRANSIT
    return RECEIVED if is_in_warehouse else CONFIRMED
