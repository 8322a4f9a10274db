"""Which quantity of which shipment is still to be invoiced, or credited.

All quantities are in the unit of measure of the order line, as Odoo counts delivered
and invoiced quantities there: parts of a line then add up to what core invoices, to the
last digit. Records are named by their database id. Shipped moves and bills come in the
order in which they happened, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

# Ten times finer than any unit of measure in use; cuts off the noise of float sums.
_DECIMALS = 8


def clean(quantity: float) -> float:
    """Return the quantity without float noise; a tiny one becomes exactly zero."""
    return round(quantity, _DECIMALS) or 0.0


# ------------------------------------------------------------------ facts of one line


@dataclass(frozen=True, slots=True)
class ShippedMove:
    """Goods of one order line that reached the customer with one stock move.

    :ivar shipment: the transfer, 0 for goods that left without one
    :ivar gross: what was shipped
    :ivar kept: ``gross`` less what came back for a refund
    """

    move: int
    shipment: int
    gross: float
    kept: float


@dataclass(frozen=True, slots=True)
class Return:
    """Goods that came back for a refund; ``origin`` is the shipped move, 0: unknown."""

    quantity: float
    origin: int = 0


@dataclass(frozen=True, slots=True)
class Bill:
    """A line of an invoice that is not cancelled; a credit note's is negative.

    :ivar source: the invoice line that a credit note's line reverses, 0: unknown
    """

    invoice_line: int
    quantity: float
    source: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """The part of an invoice line that pays for a move; negative where credited.

    :ivar source: as that of the bill
    """

    invoice_line: int
    move: int
    quantity: float
    source: int = 0


def shipped_less_returned(
    shipped: Sequence[tuple[int, int, float]], returns: Iterable[Return]
) -> list[ShippedMove]:
    """Take what came back from the moves that brought it.

    :param shipped: (move, shipment, quantity), oldest first
    :param returns: a return of unknown origin, or of more than its origin brought,
        is taken from the newest move that still has something
    """
    kept = {move: quantity for move, _shipment, quantity in shipped}
    adrift = 0.0
    for returned in returns:
        taken = min(returned.quantity, max(kept.get(returned.origin, 0.0), 0.0))
        if taken:
            kept[returned.origin] -= taken
        adrift += returned.quantity - taken
    for move in reversed(kept):
        taken = min(adrift, max(kept[move], 0.0))
        kept[move] -= taken
        adrift -= taken
    return [
        ShippedMove(move, shipment, clean(quantity), clean(kept[move]))
        for move, shipment, quantity in shipped
    ]


def kit_increments(delivered_up_to: Sequence[float]) -> list[float]:
    """Return the kits of each shipment: delivered up to n less delivered up to n-1."""
    previous = [0.0, *delivered_up_to]
    return [
        clean(after - before)
        for before, after in zip(previous, delivered_up_to, strict=False)
    ]


# ------------------------------------------------------------------------ matching


class _Ledger:
    """The links of one order line while they are being matched."""

    def __init__(self, moves: Sequence[ShippedMove]):
        self.moves = moves
        self.linked = {move.move: 0.0 for move in moves}
        self.quantities: dict[tuple[int, int], float] = {}

    def add(self, invoice_line: int, move: int, quantity: float) -> None:
        key = (invoice_line, move)
        self.quantities[key] = clean(self.quantities.get(key, 0.0) + quantity)
        self.linked[move] = clean(self.linked[move] + quantity)

    def fill(
        self,
        invoice_line: int,
        quantity: float,
        limit: dict[int, float],
        once: bool = False,
    ) -> float:
        """Bill moves up to their limit, oldest first; return what found no room.

        :param once: the invoice line alone keeps to the limit as well, whatever of it
            was credited
        """
        for move, most in limit.items():
            linked = self.linked[move]
            if once:
                linked = max(linked, self.quantities.get((invoice_line, move), 0.0))
            room = min(quantity, most - linked)
            if clean(room) > 0:
                self.add(invoice_line, move, room)
                quantity = clean(quantity - room)
        return quantity

    def drain(self, invoice_line: int, quantity: float, limit: dict[int, float]):
        """Credit moves down to their limit, first named first; return the rest."""
        for move, least in limit.items():
            room = min(quantity, self.linked[move] - least)
            if clean(room) > 0:
                self.add(invoice_line, move, -room)
                quantity = clean(quantity - room)
        return quantity

    def match(self, invoice_line: int, quantity: float) -> None:
        """Find the moves for a quantity of an invoice line that has none yet."""
        kept = {move.move: move.kept for move in self.moves}
        if quantity > 0:
            gross = {move.move: move.gross for move in self.moves}
            # A bill made ahead and credited since pays for a later shipment sooner
            # than for the same one twice.
            rest = self.fill(invoice_line, quantity, kept, once=True)
            rest = self.fill(invoice_line, rest, kept)
            self.fill(invoice_line, rest, gross)
        elif quantity < 0:
            rest = self.drain(invoice_line, -quantity, kept)
            self.drain(invoice_line, rest, dict.fromkeys(reversed(kept), 0.0))


def _shrunk(links: Sequence[Link], surplus: float) -> list[Link]:
    """Shorten the links of one invoice line by the surplus, newest first.

    Only links of the surplus' own sign are shortened, and never beyond zero.
    """
    shortened = []
    for link in reversed(links):
        if link.quantity * surplus > 0:
            sign = 1 if surplus > 0 else -1
            cut = sign * min(abs(link.quantity), abs(surplus))
            surplus = clean(surplus - cut)
            link = replace(link, quantity=clean(link.quantity - cut))
        if link.quantity:
            shortened.append(link)
    return shortened[::-1]


def settle(
    moves: Sequence[ShippedMove], bills: Sequence[Bill], links: Iterable[Link]
) -> list[Link]:
    """Return the links as they have to be for these bills.

    A link that agrees with its invoice line stays. An invoice line that was lowered
    loses links, newest first. What is invoiced and has no link (made before the add-on,
    by hand, or for more than was delivered) is matched by quantity, oldest bill and
    oldest shipment first: with what the customer kept, then with what came back later.
    A rest that finds no shipment stays unlinked: it was invoiced before any shipment.
    """
    known = {move.move for move in moves}
    by_line: dict[int, list[Link]] = {bill.invoice_line: [] for bill in bills}
    for link in links:
        if link.move in known and link.invoice_line in by_line:
            by_line[link.invoice_line].append(link)
    ledger = _Ledger(moves)
    for bill in bills:
        own = by_line[bill.invoice_line]
        surplus = clean(sum(link.quantity for link in own) - bill.quantity)
        own = _shrunk(own, surplus) if surplus else own
        by_line[bill.invoice_line] = own
        for link in own:
            ledger.add(link.invoice_line, link.move, link.quantity)
    for bill in bills:
        found = sum(link.quantity for link in by_line[bill.invoice_line])
        ledger.match(bill.invoice_line, clean(bill.quantity - found))
    sources = {bill.invoice_line: bill.source for bill in bills}
    settled = [
        Link(line, move, quantity, sources.get(line, 0))
        for (line, move), quantity in ledger.quantities.items()
        if quantity
    ]
    place = {bill.invoice_line: number for number, bill in enumerate(bills)}
    return sorted(settled, key=lambda link: place[link.invoice_line])


# ----------------------------------------------------------------- apportioning a line


@dataclass(frozen=True, slots=True)
class Share:
    """A quantity of a move that an invoice line to be made pays for."""

    move: int
    quantity: float


@dataclass(frozen=True, slots=True)
class Part:
    """What a shipment contributes to an order line's quantity to invoice.

    The shares add up to ``quantity``, which is negative for what came back (or was
    corrected) after it had been invoiced.
    """

    shipment: int
    quantity: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Apportionment:
    """An order line's quantity to invoice by shipment.

    :ivar parts: what is to be invoiced, oldest shipment first
    :ivar credits: what is to be credited, oldest shipment first
    :ivar rest: what has no shipment
    """

    parts: tuple[Part, ...] = ()
    credits: tuple[Part, ...] = ()
    rest: float = 0.0

    @property
    def quantity(self) -> float:
        """All of it together: core's quantity to invoice."""
        every = (*self.parts, *self.credits)
        return clean(sum(part.quantity for part in every) + self.rest)


def _open_shares(
    moves: Sequence[ShippedMove], links: Iterable[Link], to_invoice: float
) -> dict[int, float]:
    """Return what each move has still to be invoiced (or credited), capped in all.

    Core's quantity decides. Where the moves have more, the newest wait.
    """
    open_quantities = {move.move: move.kept for move in moves}
    for link in links:
        if link.move in open_quantities:
            open_quantities[link.move] -= link.quantity
    surplus = clean(sum(open_quantities.values()) - to_invoice)
    for move in reversed(open_quantities):
        quantity = open_quantities[move]
        if quantity * surplus > 0:
            cut = min(abs(quantity), abs(surplus)) * (1 if surplus > 0 else -1)
            open_quantities[move] = quantity - cut
            surplus = clean(surplus - cut)
    cleaned = {move: clean(quantity) for move, quantity in open_quantities.items()}
    return {move: quantity for move, quantity in cleaned.items() if quantity}


def apportion(
    moves: Sequence[ShippedMove], links: Iterable[Link], to_invoice: float
) -> Apportionment:
    """Divide core's quantity to invoice of a line among its shipments.

    What came back of one shipment and what another one brought are not set off against
    each other: the one is credited, the other invoiced.

    :param links: settled, see :func:`settle`
    :param to_invoice: core's figure. Parts, credits and the rest add up to it, always.
    """
    to_invoice = clean(to_invoice)
    shares = _open_shares(moves, links, to_invoice)
    rest = clean(to_invoice - sum(shares.values()))
    by_shipment: dict[tuple[bool, int], list[Share]] = {}
    for move in moves:
        if quantity := shares.get(move.move):
            key = (quantity > 0, move.shipment)
            by_shipment.setdefault(key, []).append(Share(move.move, quantity))
    parts, credits = [], []
    for (invoiced, shipment), own in by_shipment.items():
        quantity = clean(sum(share.quantity for share in own))
        part = Part(shipment, quantity, tuple(own))
        (parts if invoiced else credits).append(part)
    return Apportionment(tuple(parts), tuple(credits), rest)


# ------------------------------------------------------------------------ crediting


@dataclass(frozen=True, slots=True)
class Credit:
    """A quantity of an invoice line to be credited.

    :ivar shares: negative; none for what was billed and belongs to no shipment
    """

    invoice: int
    invoice_line: int
    shipment: int
    quantity: float
    shares: tuple[Share, ...]


def find_credits(
    parts: Iterable[Part],
    overbilled: float,
    bills: Sequence[Bill],
    links: Sequence[Link],
    invoices: Mapping[int, int],
) -> list[Credit]:
    """Return which invoice lines are credited for all that an order line has to credit.

    :param parts: what is to be credited of shipments
    :param overbilled: what was billed beyond all shipments, as much of it as there is
    :param bills: of the order line, oldest first; read where something is overbilled
    :param links: settled
    :param invoices: by invoice line
    """
    credits = [
        credit
        for part in parts
        for credit in find_shipment_credits(part, links, invoices)
    ]
    if overbilled > 0:
        credits += find_overbilled(overbilled, bills, links, invoices)
    return credits


def find_shipment_credits(
    part: Part, links: Sequence[Link], invoices: Mapping[int, int]
) -> list[Credit]:
    """Return which invoice lines paid for what is to be credited, newest first.

    :param part: what is to be credited of a shipment
    :param links: settled; those of a credit note lower the line that they credit, or,
        where that is not known, the newest that paid for the move
    :param invoices: by invoice line
    """
    found: dict[int, list[Share]] = {}
    for share in part.shares:
        missing = -share.quantity
        for invoice_line, paid in reversed(_get_paid(share.move, links).items()):
            taken = clean(min(paid, missing))
            if taken > 0:
                found.setdefault(invoice_line, []).append(Share(share.move, -taken))
                missing = clean(missing - taken)
    return [
        Credit(
            invoices[line],
            line,
            part.shipment,
            clean(-sum(share.quantity for share in own)),
            tuple(own),
        )
        for line, own in found.items()
    ]


def find_overbilled(
    quantity: float,
    bills: Sequence[Bill],
    links: Iterable[Link],
    invoices: Mapping[int, int],
) -> list[Credit]:
    """Return which invoice lines billed what nothing was delivered for, newest first.

    :param quantity: to be credited, as much of it as was billed
    :param bills: of the order line, oldest first
    :param links: settled; what pays for a shipment is not credited here
    :param invoices: by invoice line
    """
    billed = {bill.invoice_line: bill.quantity for bill in bills if bill.quantity > 0}
    for bill in bills:
        if bill.quantity < 0:
            _lower(billed, bill.source, -bill.quantity)
    paid: dict[int, float] = {}
    for link in links:
        if link.quantity > 0:
            paid[link.invoice_line] = paid.get(link.invoice_line, 0.0) + link.quantity
    for link in links:
        if link.quantity < 0:
            _lower(paid, link.source, -link.quantity)
    credits = []
    for line in reversed(billed):
        taken = clean(min(billed[line] - paid.get(line, 0.0), quantity))
        if taken > 0:
            credits.append(Credit(invoices[line], line, 0, taken, ()))
            quantity = clean(quantity - taken)
    return credits


def _lower(quantities: dict[int, float], line: int, credited: float) -> None:
    """Take what a credit note credits off the line, or off the newest."""
    for each in (line, *reversed(quantities)):
        taken = min(credited, quantities.get(each, 0.0))
        if taken:
            quantities[each] -= taken
            credited -= taken


def _get_paid(move: int, links: Sequence[Link]) -> dict[int, float]:
    """What invoice lines paid for a move and was not credited, oldest first."""
    paid: dict[int, float] = {}
    for link in links:
        if link.move == move and link.quantity > 0:
            paid[link.invoice_line] = paid.get(link.invoice_line, 0.0) + link.quantity
    for link in links:
        if link.move == move and link.quantity < 0:
            _lower(paid, link.source, -link.quantity)
    return paid
