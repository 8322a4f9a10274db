"""How much of a deposit each invoice of an order deducts.

Amounts are in the currency of the order. What invoices deduct adds up to the deposit,
to the cent, tax by tax: each takes a share of what the ones before it have left, and
the last one takes all that is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

PROPORTION = "proportion"
EARLY = "early"
LAST = "last"

# What a deposit takes off an invoice: its untaxed amount, and one of each tax.
UNTAXED = "untaxed"
TAX = "tax"

# Odoo counts a deposit as one piece. An invoice that deducts a part of it deducts so
# many hundredths of the piece; the amounts are exact, whatever they are.
_PIECES = 100
_RESERVE = 10


@dataclass(frozen=True, slots=True)
class Deposit:
    """What of a deposit is still to be deducted, or what an invoice deducts of it.

    :ivar quantity: how much of the one piece, see above
    :ivar amounts: what the customer gets off, by (UNTAXED,) or (TAX, its id)
    :ivar others: what has to add up as well, such as the same in another currency
    :ivar taxes: ids of its taxes, in their order
    :ivar whole: what it was in the beginning, untaxed
    """

    quantity: float
    amounts: Mapping[tuple, float]
    others: Mapping[tuple, float]
    taxes: tuple[int, ...] = ()
    whole: float = 0.0

    @property
    def total(self) -> float:
        """Taxes included."""
        return sum(self.amounts.values())


def deduct(
    way: str,
    deposits: Sequence[Deposit],
    values: Sequence[float],
    limits: Sequence[float],
    to_come: float,
    digits: int,
) -> tuple[list[list[Deposit]], list[Deposit]]:
    """What each of some invoices deducts of each deposit of their order.

    In proportion: as much of what is left as the invoice is of what is still to be
    invoiced, so that a changed order changes what later invoices deduct. No invoice
    deducts more than it is about. With the last invoices of the order all is deducted
    that they can carry.

    :param way: in proportion to values, as early as possible, or on the last
    :param deposits: what is left of each
    :param values: of the invoices in their order, untaxed and before deposits
    :param limits: the same with taxes
    :param to_come: what will be invoiced later of the order, untaxed
    :param digits: decimals of the currency
    :return: by invoice what it deducts of each deposit; what is left of each
    """
    scale = 10**digits
    left = _to_cents(sum(each.total for each in deposits), scale)
    rooms = [max(0, _to_cents(limit, scale)) for limit in limits]
    pieces = min((round(each.quantity * _PIECES) for each in deposits), default=0)
    wanted = _find_wanted(way, left, pieces, values, rooms, to_come)
    if round(to_come * scale) <= 0:
        _fill_up(wanted, left - sum(wanted), rooms)
    rest = list(deposits)
    result = []
    for cents in wanted:
        parts = _take(rest, cents, scale)
        rest = [
            _subtract(each, part, digits)
            for each, part in zip(rest, parts, strict=True)
        ]
        result.append(parts)
    return result, rest


def _find_wanted(
    way: str, left: int, pieces: int, values, rooms: list[int], to_come: float
) -> list[int]:
    """Cents that each invoice deducts, before the last ones take what is left."""
    wanted = []
    rest = sum(values) + max(to_come, 0.0)
    for value, room in zip(values, rooms, strict=True):
        cents = 0
        if way == EARLY:
            cents = left
        elif way == PROPORTION and rest > 0:
            cents = _find_share(left, pieces, min(1.0, max(value, 0.0) / rest))
            if room - cents == 1:  # a deposit of all of it: nobody is to pay a cent
                cents = min(room, left)
        wanted.append(min(cents, room))
        if left and wanted[-1]:
            pieces -= _count_pieces(pieces, wanted[-1], left)
        left -= wanted[-1]
        rest -= value
    return wanted


def _find_share(left: int, pieces: int, share: float) -> int:
    """Cents of a share of what is left; of a deposit that very many invoices deduct
    each takes a whole piece, or none."""
    if share >= 1 or pieces * share >= 1:
        return round(left * share)
    return left // pieces if pieces * share >= 0.5 else 0


def _fill_up(wanted: list[int], left: int, rooms: list[int]) -> None:
    """Deduct what is left, from the last invoice on."""
    for index in reversed(range(len(wanted))):
        more = min(rooms[index] - wanted[index], left)
        wanted[index] += more
        left -= more


def _take(deposits: Sequence[Deposit], cents: int, scale: int) -> list[Deposit]:
    """Divide what an invoice deducts among deposits and taxes, as they are left."""
    total = _to_cents(sum(each.total for each in deposits), scale)
    left = {
        (index, name): _to_cents(amount, scale)
        for index, deposit in enumerate(deposits)
        for name, amount in deposit.amounts.items()
        if cents >= total or _may_be_divided(deposit)
    }
    shares = _divide(min(cents, sum(left.values())), left)
    return [
        _get_part(
            deposit,
            {name: shares.get((index, name), 0) for name in deposit.amounts},
            scale,
        )
        for index, deposit in enumerate(deposits)
    ]


def _may_be_divided(deposit: Deposit) -> bool:
    """The last hundredth stays for who deducts all that is left."""
    return round(deposit.quantity * _PIECES) > 1


def _divide(cents: int, left: Mapping[tuple, int]) -> dict[tuple, int]:
    """In proportion, adding up exactly: largest remainders first."""
    total = sum(left.values())
    if total <= 0:
        return {}
    exact = {name: Fraction(cents * amount, total) for name, amount in left.items()}
    shares = {name: int(amount) for name, amount in exact.items()}
    missing = cents - sum(shares.values())
    for name in sorted(exact, key=lambda name: shares[name] - exact[name])[:missing]:
        shares[name] += 1
    return shares


def _get_part(deposit: Deposit, cents: Mapping[tuple, int], scale: int) -> Deposit:
    """The deduction of so many cents, by tax."""
    total = _to_cents(deposit.total, scale)
    taken = sum(cents.values())
    if taken and taken == total:
        return deposit
    share = taken / total if total else 0.0
    pieces = round(deposit.quantity * _PIECES)
    return Deposit(
        _count_pieces(pieces, taken, total) / _PIECES,
        {name: amount / scale for name, amount in cents.items()},
        {name: amount * share for name, amount in deposit.others.items()},
        deposit.taxes,
        deposit.whole,
    )


def _count_pieces(pieces: int, taken: int, total: int) -> int:
    """Of what is left of the piece, as much as is taken of the amount; a few stay for
    those who come later, however little of the amount that may be."""
    if not taken or taken == total:
        return pieces if taken else 0
    most = max(1, pieces - _RESERVE)
    return min(max(pieces * taken // total, 1), most)


def _subtract(deposit: Deposit, part: Deposit, digits: int) -> Deposit:
    """What is left when an invoice has deducted a part."""
    return Deposit(
        round((deposit.quantity - part.quantity) * _PIECES) / _PIECES,
        {
            name: round(amount - part.amounts[name], digits)
            for name, amount in deposit.amounts.items()
        },
        {name: amount - part.others[name] for name, amount in deposit.others.items()},
        deposit.taxes,
        deposit.whole,
    )


def _to_cents(amount: float, scale: int) -> int:
    return round(amount * scale)
