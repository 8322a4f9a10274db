"""Which lots of a shipped move each of its invoices and credit notes prints.

All quantities are in the unit of measure of the product. Lots and documents are named
by their database id; goods that carry no lot have the id 0. Everything comes in the
order in which it happened, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

# Finer than any unit of measure in use; cuts off the noise of float sums.
_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class LotPart:
    """Some goods of one lot; ``day``: of goods that came back, when they did."""

    lot: int
    quantity: float
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """What an invoice or a credit note says of the move.

    :ivar quantity: negative where it is credited
    :ivar day: the date of the document, None for a draft
    """

    document: int
    quantity: float
    day: date | None = None


def lots_by_document(
    shipped: Sequence[LotPart], returned: Sequence[LotPart], billed: Sequence[Billed]
) -> dict[int, dict[int, float]]:
    """Return ``{document: {lot: quantity}}``; negative where it is credited.

    Invoices take the shipped lots in turn, without those that came back and were never
    invoiced. Credits are for lots that came back. What is credited beyond them (a
    reversed invoice) prints no lot, and the next invoice has those goods again.
    """
    matched = _match_credits(returned, billed)
    never_invoiced, to_credit = _take(
        returned, _never_invoiced(shipped, returned, billed, sum(matched))
    )
    pool = _without(shipped, never_invoiced)
    printed: list[LotPart] = []
    lots: dict[int, dict[int, float]] = {}
    for bill, came_back in zip(billed, matched, strict=True):
        if bill.quantity > 0:
            parts, pool = _take(pool, bill.quantity)
            printed += parts
            sign = 1
        else:
            parts, to_credit = _take(to_credit, came_back)
            printed = _without(printed, parts)
            given_back, rest = _take(printed[::-1], -bill.quantity - came_back)
            printed = rest[::-1]
            pool = given_back[::-1] + pool
            sign = -1
        own = lots.setdefault(bill.document, {})
        for part in parts:
            own[part.lot] = own.get(part.lot, 0.0) + sign * part.quantity
    return lots


def cut_out(parts: Iterable[LotPart], start: float, quantity: float) -> list[LotPart]:
    """Return so much of the parts, after what comes before ``start``.

    What a shipment completes of kits: the components after those of the kits before.
    """
    _before, rest = _take(parts, start)
    return _take(rest, quantity)[0]


def _match_credits(
    returned: Sequence[LotPart], billed: Sequence[Billed]
) -> list[float]:
    """Return for each bill how much of what came back it credits.

    A credit is for what came back up to its day; one that was dated back is for what is
    left.
    """
    matched = [0.0] * len(billed)
    for in_time in (True, False):
        for index, bill in enumerate(billed):
            back = sum(
                part.quantity
                for part in returned
                if not in_time or not (part.day and bill.day) or part.day <= bill.day
            )
            open_credit = -bill.quantity - matched[index]
            matched[index] += max(min(open_credit, back - sum(matched)), 0.0)
    return matched


def _never_invoiced(
    shipped: Sequence[LotPart],
    returned: Sequence[LotPart],
    billed: Sequence[Billed],
    credited_back: float,
) -> float:
    """Return how much came back before anybody invoiced it.

    Not what came back after its invoice and waits for its credit note.
    """
    invoiced = sum(bill.quantity for bill in billed) + credited_back
    not_credited = _sum(returned) - credited_back
    return max(min(not_credited, _sum(shipped) - invoiced), 0.0)


def _sum(parts: Iterable[LotPart]) -> float:
    return sum(part.quantity for part in parts)


def _take(
    parts: Iterable[LotPart], quantity: float
) -> tuple[list[LotPart], list[LotPart]]:
    """Return the first parts up to the quantity, and the others."""
    taken, others = [], []
    for part in parts:
        used = min(part.quantity, max(quantity, 0.0))
        quantity -= used
        if used > _NOISE:
            taken.append(replace(part, quantity=used))
        if part.quantity - used > _NOISE:
            others.append(replace(part, quantity=part.quantity - used))
    return taken, others


def _without(parts: Iterable[LotPart], gone: Iterable[LotPart]) -> list[LotPart]:
    """Return the parts less the quantities of the same lots that are gone."""
    missing: dict[int, float] = {}
    for part in gone:
        missing[part.lot] = missing.get(part.lot, 0.0) + part.quantity
    left = []
    for part in parts:
        used = min(part.quantity, missing.get(part.lot, 0.0))
        if used:
            missing[part.lot] -= used
        if part.quantity - used > _NOISE:
            left.append(replace(part, quantity=part.quantity - used))
    return left
