"""Which goods carry which deposit: those with its taxes.

An invoice deducts of a deposit with 19 % what its goods with 19 % carry, so that its
taxes are those of what is left, and none is negative. Amounts as in ``deposits``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .deposits import LAST, Deposit, deduct

# Ids of the taxes of a line.
Taxes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Worth:
    """What the lines of an invoice with the same taxes come to, before deposits.

    :ivar value: untaxed
    :ivar total: taxes included
    """

    value: float = 0.0
    total: float = 0.0


Invoice = Mapping[Taxes, Worth]


def deduct_by_tax(
    way: str,
    deposits: Sequence[Deposit],
    invoices: Sequence[Invoice],
    to_come: Mapping[Taxes, float],
    ordered: Mapping[Taxes, float],
    digits: int,
) -> tuple[list[list[Deposit]], list[Deposit]]:
    """What each of some invoices deducts of each deposit of their order.

    A deposit whose taxes no line of the order has, or which was more than the lines
    with its taxes are worth, is carried by all of them together; with the last
    invoices of the order by those with its taxes first.

    A deposit below zero belongs to rebates, which Odoo divides a deposit among as well:
    invoices with such a rebate have that much less of it.

    :param to_come: what will be invoiced later, untaxed
    :param ordered: all of the order, invoiced before, now or later, untaxed
    :return: as of ``deposits.deduct``, whose parameters the others are
    """
    pool = _Pool(way, list(deposits), invoices, to_come, digits)
    groups: dict[Taxes | None, list[int]] = {}
    for index, deposit in enumerate(deposits):
        taxes = deposit.taxes if _is_worth(deposit, ordered, digits) else None
        groups.setdefault(taxes, []).append(index)
    # Below zero first: it makes room. What anything carries comes last.
    for taxes, indices in groups.items():
        below = [index for index in indices if deposits[index].total < 0]
        pool.deduct_below_zero(taxes, below)
    for taxes in sorted(groups, key=lambda taxes: (taxes is None, taxes or ())):
        above = [index for index in groups[taxes] if deposits[index].total >= 0]
        if taxes is None and not is_more_to_come(to_come, digits):
            for own in dict.fromkeys(deposits[index].taxes for index in above):
                pool.deduct(
                    own, [index for index in above if deposits[index].taxes == own]
                )
        pool.deduct(taxes, above)
    pool.deduct_the_rest()
    return pool.parts, pool.rest


def _is_worth(deposit: Deposit, ordered: Mapping[Taxes, float], digits: int) -> bool:
    """Whether the lines with its taxes are worth the deposit.

    It is the whole of both that counts: what is left of them comes and goes.
    """
    value = ordered.get(deposit.taxes, 0.0)
    return round(abs(deposit.whole) - abs(value), digits) <= 0 < deposit.whole * value


def is_more_to_come(to_come: Mapping[Taxes, float], digits: int) -> bool:
    """Whether anything will be invoiced later that could carry a deposit."""
    return any(round(value, digits) > 0 for value in to_come.values())


class _Pool:
    """Deposits and invoices while the one is deducted from the other."""

    def __init__(self, way, deposits, invoices, to_come, digits):
        self.way = way
        self.rest: list[Deposit] = deposits
        self.invoices = invoices
        self.to_come = to_come
        self.digits = digits
        self.parts = [[_nothing(each) for each in deposits] for _each in invoices]

    def deduct(self, taxes: Taxes | None, indices: Sequence[int]) -> None:
        """Deduct deposits from the lines with these taxes; None: from all lines."""
        rooms = self._get_rooms()
        if taxes is None:
            values = [_sum(invoice).value for invoice in self.invoices]
            limits = rooms
            to_come = sum(self.to_come.values())
        else:
            own = [_get(invoice, taxes) for invoice in self.invoices]
            values = [worth.value for worth in own]
            limits = [
                min(worth.total, room) for worth, room in zip(own, rooms, strict=True)
            ]
            to_come = self.to_come.get(taxes, 0.0)
        self._deduct(self.way, indices, values, limits, to_come)

    def deduct_below_zero(self, taxes: Taxes | None, indices: Sequence[int]) -> None:
        """Give rebates with these taxes their part of the deposit; None: no rebate."""
        if taxes is None:
            return
        own = [_get(invoice, taxes) for invoice in self.invoices]
        values = [-worth.value for worth in own]
        limits = [-worth.total for worth in own]
        self._negate(indices)
        self._deduct(self.way, indices, values, limits, -self.to_come.get(taxes, 0.0))
        self._negate(indices)

    def deduct_the_rest(self) -> None:
        """Where nothing is to come, deduct what the invoices can carry at all."""
        if not self.invoices or is_more_to_come(self.to_come, self.digits):
            return
        last = self.parts[-1]
        for index, rest in enumerate(self.rest):
            if rest.total < 0:
                last[index] = _add(last[index], rest, self.digits)
                self.rest[index] = _nothing(rest)
        indices = [index for index, rest in enumerate(self.rest) if rest.total > 0]
        values = [_sum(invoice).value for invoice in self.invoices]
        self._deduct(LAST, indices, values, self._get_rooms(), 0.0)

    def _get_rooms(self) -> list[float]:
        """What invoices come to, less what they have deducted already."""
        return [
            _sum(invoice).total - sum(part.total for part in parts)
            for invoice, parts in zip(self.invoices, self.parts, strict=True)
        ]

    def _deduct(self, way, indices, values, limits, to_come) -> None:
        if not indices:
            return
        deposits = [self.rest[index] for index in indices]
        by_invoice, rest = deduct(way, deposits, values, limits, to_come, self.digits)
        for parts, more in zip(self.parts, by_invoice, strict=True):
            for index, part in zip(indices, more, strict=True):
                parts[index] = _add(parts[index], part, self.digits)
        for index, left in zip(indices, rest, strict=True):
            self.rest[index] = left

    def _negate(self, indices) -> None:
        for index in indices:
            self.rest[index] = _negated(self.rest[index])
            for parts in self.parts:
                parts[index] = _negated(parts[index])


def _get(invoice: Invoice, taxes: Taxes) -> Worth:
    return invoice.get(taxes, Worth())


def _sum(invoice: Invoice) -> Worth:
    return Worth(
        sum(worth.value for worth in invoice.values()),
        sum(worth.total for worth in invoice.values()),
    )


def _nothing(deposit: Deposit) -> Deposit:
    return replace(
        deposit,
        quantity=0.0,
        amounts=dict.fromkeys(deposit.amounts, 0.0),
        others=dict.fromkeys(deposit.others, 0.0),
    )


def _add(part: Deposit, more: Deposit, digits: int) -> Deposit:
    return replace(
        part,
        quantity=round(part.quantity + more.quantity, 2),
        amounts={
            name: round(amount + more.amounts[name], digits)
            for name, amount in part.amounts.items()
        },
        others={
            name: amount + more.others[name] for name, amount in part.others.items()
        },
    )


def _negated(deposit: Deposit) -> Deposit:
    """Amounts the other way round; how much of its one piece it is, stays."""
    return replace(
        deposit,
        amounts={name: -amount for name, amount in deposit.amounts.items()},
        others={name: -amount for name, amount in deposit.others.items()},
    )
