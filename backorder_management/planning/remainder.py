"""What becomes of what a shipment leaves, where goods are in other transfers, too, and
where somebody may have been asked.

Quantities of a line are in its unit.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from .agreement import Rules
from .shipping import ASK, SMALLEST, Decision


def decides_all(
    rules: Rules,
    decision: Decision,
    open_qty: Mapping[Hashable, float],
    leaving: Mapping[Hashable, float],
) -> bool:
    """Does the agreement say what happens to all that a shipment leaves, so that nobody
    is to be asked?"""
    if rules.max_shipments:
        return True
    rest = {
        line
        for line, quantity in open_qty.items()
        if quantity > leaving.get(line, 0.0) + SMALLEST
    }
    return bool(rest) and rest <= {*decision.closes, *decision.incomplete}


def is_cancelled(
    rules: Rules,
    decision: Decision,
    line: Hashable,
    *,
    leaves: bool,
    refused: bool,
    otherwise: bool,
) -> bool:
    """Is what is left of a line cancelled, and not kept as a backorder?

    :param leaves: goods leave for the customer; an earlier step is no shipment yet
    :param refused: somebody was asked, and wants no backorder
    :param otherwise: what the user or the operation type says where nothing is agreed
    """
    if leaves and line in decision.closes:
        return True
    if line in decision.incomplete:
        return False  # it waits, whatever else is left
    if leaves and decision.rest == ASK:
        return refused
    return otherwise and not rules.max_shipments


def get_closed(
    decision: Decision,
    open_qty: Mapping[Hashable, float],
    held_elsewhere: Mapping[Hashable, float],
    *,
    refused: bool,
) -> dict[Hashable, float]:
    """What will not come any more, by line.

    :param held_elsewhere: what transfers hold that are not a part of the shipment:
        picked for the customer, it still ships
    :param refused: as that of :func:`is_cancelled`
    """
    closed = decision.closes
    if decision.rest == ASK and refused:
        closed = {
            line: quantity - decision.ships.get(line, 0.0)
            for line, quantity in open_qty.items()
        }
    still_closed = {
        line: quantity - max(0.0, held_elsewhere.get(line, 0.0))
        for line, quantity in closed.items()
    }
    return {line: qty for line, qty in still_closed.items() if qty > SMALLEST}
