"""How far a shipment is invoiced, and how much of it is left.

Quantities are in the unit of the order line, amounts in one currency, untaxed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .invoicing import Apportionment, Link, ShippedMove

NOTHING = "no"
TO_INVOICE = "to_invoice"
PARTIAL = "partial"
INVOICED = "invoiced"
ERROR = "error"

# States in which something is left to invoice or to credit.
OPEN_STATES = (TO_INVOICE, PARTIAL, ERROR)


@dataclass(slots=True)
class Figures:
    """What is known of one shipment, all its order lines together.

    :ivar open: something is left to invoice or to credit
    :ivar billed: invoices pay for some of it, what was credited again left out
    :ivar linked: there are invoices or credit notes for it
    :ivar amount: what is left, negative where it is to be credited
    """

    open: bool = False
    billed: bool = False
    linked: bool = False
    amount: float = 0.0


def add_line(
    figures: dict[int, Figures],
    moves: Sequence[ShippedMove],
    links: Iterable[Link],
    apportionment: Apportionment,
    get_value: Callable[[float], float],
) -> None:
    """Add an order line to the figures of its shipments.

    :param figures: by shipment, completed here
    :param get_value: the value of so much of the line
    """
    shipments = {move.move: move.shipment for move in moves}
    for shipment in shipments.values():
        figures.setdefault(shipment, Figures())
    billed = dict.fromkeys(shipments, 0.0)
    for link in links:
        billed[link.move] += link.quantity
        figures[shipments[link.move]].linked = True
    for move, quantity in billed.items():
        if round(quantity, 8) > 0:
            figures[shipments[move]].billed = True
    for part in (*apportionment.parts, *apportionment.credits):
        figures[part.shipment].open = True
        figures[part.shipment].amount += get_value(part.quantity)


def find_state(figures: Figures, failed: bool = False) -> str:
    """The state of a shipment.

    :param failed: an invoice for it could not be made
    """
    if figures.open:
        if failed:
            return ERROR
        return PARTIAL if figures.billed else TO_INVOICE
    return INVOICED if figures.linked else NOTHING
