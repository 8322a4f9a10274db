"""How much of a move is allocated and short, and why (DESIGN §1)."""

from __future__ import annotations

from dataclasses import dataclass

ALLOCATED = "allocated"
FREE_STOCK = "free_stock"
SERVED_BEFORE = "served_before"
OWN_CHAIN = "own_chain"
NO_STOCK = "no_stock"


@dataclass(frozen=True, slots=True)
class MoveFacts:
    """Facts of one open move to the customer, quantities in the product's unit.

    :param open: quantity the move must still bring
    :param reserved: quantity on its own move lines
    :param arrived: what earlier steps of its delivery have brought and no sibling
        has taken yet; goods on their way stay allocated whoever unreserves the step
    :param free: what free stock covers beyond the reservation, as the planner says
    :param never_short: consumable products and drop shipments
    """

    open: float
    reserved: float = 0.0
    arrived: float = 0.0
    free: float = 0.0
    never_short: bool = False


@dataclass(frozen=True, slots=True)
class Shortage:
    """What became of a move's open quantity, in the product's unit."""

    open: float
    allocated: float
    free: float
    short: float


def shortage(facts: MoveFacts) -> Shortage:
    """Split the open quantity of a move; its parts are never negative.

    ``open = allocated + free + short`` always, except that what is never short
    counts as free where nothing is reserved.
    """
    allocated = min(facts.open, max(facts.reserved, facts.arrived, 0.0))
    missing = facts.open - allocated
    free = missing if facts.never_short else min(missing, max(facts.free, 0.0))
    return Shortage(facts.open, allocated, free, missing - free)


def reason(result: Shortage, own_chain: bool, stock_at_hand: bool) -> str:
    """The one primary reason of a demand's situation (invariant 6).

    :param own_chain: make to order, the goods come for this very order
    :param stock_at_hand: there is stock where the demand takes it from, but it went
        to demands that are served before
    """
    if result.short > 0:
        if own_chain:
            return OWN_CHAIN
        return short_for_stock(stock_at_hand)
    return FREE_STOCK if result.free > 0 else ALLOCATED


def short_for_stock(stock_at_hand: bool) -> str:
    """Why a demand on stock is short: others got what there is, or there is none."""
    return SERVED_BEFORE if stock_at_hand else NO_STOCK


def cancelled_quantity(ordered: float, procured: float, evidence: float) -> float:
    """Ordered quantity that was cancelled in the deliveries and reopens nothing.

    :param ordered: ordered quantity
    :param procured: what was delivered or is still open
    :param evidence: demand of cancelled moves plus the rest of moves that were done
        without a backorder; without it a gap is not a cancellation
    All three in one unit, as is the result.
    """
    return max(0.0, min(evidence, ordered - procured))


def lowered_quantity(before: float, after: float, cancelled: float) -> float:
    """What lowering an order takes from open deliveries: the cancelled goes first.

    :param before: ordered quantity; :param after: the new, smaller one
    :param cancelled: what of the former nothing brings any more
    """
    return max(0.0, before - after - cancelled)
