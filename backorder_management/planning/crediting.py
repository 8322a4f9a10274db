"""What is to be credited as its delivery was cancelled after it had been invoiced.

Quantities are in the unit of the order line, amounts in the order's currency, taxes
included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of an order.

    :param due: what the customer is to pay for in the end: what was delivered and is
        still open, or what was ordered and not cancelled
    :param cancelled: what was ordered and will not come
    :param invoiced: invoiced less credited, drafts included
    :param unit_amount: amount of one unit after discount
    """

    due: float
    cancelled: float
    invoiced: float
    unit_amount: float


@dataclass(frozen=True, slots=True)
class Credit:
    """:param quantities: by line, invoiced and cancelled
    :param amount: the value of these quantities
    :param deposit: what deposits exceed all that can still be invoiced by
    """

    quantities: Mapping[int, float] = field(default_factory=dict)
    amount: float = 0.0
    deposit: float = 0.0


def quantity_to_credit(facts: LineFacts) -> float:
    """What was invoiced and cancelled; what was invoiced too much for another reason
    (a return, a price by weight) is not ours to say."""
    return max(0.0, min(facts.cancelled, facts.invoiced - facts.due))


def find_credit(lines: Mapping[int, LineFacts], deposits: float) -> Credit:
    """What an order is to be credited for its cancelled quantities.

    :param lines: by id, without deposits
    :param deposits: deposits invoiced and not deducted yet
    """
    if not any(facts.cancelled > 0 for facts in lines.values()):
        return Credit()
    quantities = {
        line: quantity
        for line, facts in lines.items()
        if (quantity := quantity_to_credit(facts)) > 0
    }
    amount = sum(lines[line].unit_amount * each for line, each in quantities.items())
    to_come = sum(
        facts.unit_amount * max(0.0, facts.due - facts.invoiced)
        for facts in lines.values()
    )
    return Credit(quantities, amount, max(0.0, deposits - max(0.0, to_come)))
