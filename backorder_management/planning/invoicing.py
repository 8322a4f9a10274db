"""Which quantity of which shipment is still to be invoiced, and on which document.

All quantities are in the unit of measure of the order line, as Odoo counts delivered
and invoiced quantities there: parts of a line then add up to what core invoices, to the
last digit. Records are named by their database id. Shipped moves and bills come in the
order in which they happened, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .deposits import Deposit, deduct

# Ten times finer than any unit of measure in use; cuts off the noise of float sums.
_DECIMALS = 8


def _clean(quantity: float) -> float:
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
    """A line of an invoice that is not cancelled; a credit note's is negative."""

    invoice_line: int
    quantity: float


@dataclass(frozen=True, slots=True)
class Link:
    """The part of an invoice line that pays for a move; negative where credited."""

    invoice_line: int
    move: int
    quantity: float


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
        ShippedMove(move, shipment, _clean(quantity), _clean(kept[move]))
        for move, shipment, quantity in shipped
    ]


def kit_increments(delivered_up_to: Sequence[float]) -> list[float]:
    """Return the kits of each shipment: delivered up to n less delivered up to n-1."""
    previous = [0.0, *delivered_up_to]
    return [
        _clean(after - before)
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
        self.quantities[key] = _clean(self.quantities.get(key, 0.0) + quantity)
        self.linked[move] = _clean(self.linked[move] + quantity)

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
            if _clean(room) > 0:
                self.add(invoice_line, move, room)
                quantity = _clean(quantity - room)
        return quantity

    def drain(self, invoice_line: int, quantity: float, limit: dict[int, float]):
        """Credit moves down to their limit, first named first; return the rest."""
        for move, least in limit.items():
            room = min(quantity, self.linked[move] - least)
            if _clean(room) > 0:
                self.add(invoice_line, move, -room)
                quantity = _clean(quantity - room)
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
            surplus = _clean(surplus - cut)
            link = replace(link, quantity=_clean(link.quantity - cut))
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
        surplus = _clean(sum(link.quantity for link in own) - bill.quantity)
        own = _shrunk(own, surplus) if surplus else own
        by_line[bill.invoice_line] = own
        for link in own:
            ledger.add(link.invoice_line, link.move, link.quantity)
    for bill in bills:
        found = sum(link.quantity for link in by_line[bill.invoice_line])
        ledger.match(bill.invoice_line, _clean(bill.quantity - found))
    settled = [
        Link(line, move, quantity)
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

    The shares add up to ``quantity``. A share may be negative: what came back from an
    earlier shipment and is still to be credited is deducted here.
    ``shipment`` is 0 where the whole line is a credit.
    """

    shipment: int
    quantity: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Apportionment:
    """An order line's quantity to invoice by shipment; ``rest`` has no shipment."""

    parts: tuple[Part, ...] = ()
    rest: float = 0.0


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
    surplus = _clean(sum(open_quantities.values()) - to_invoice)
    for move in reversed(open_quantities):
        quantity = open_quantities[move]
        if quantity * surplus > 0:
            cut = min(abs(quantity), abs(surplus)) * (1 if surplus > 0 else -1)
            open_quantities[move] = quantity - cut
            surplus = _clean(surplus - cut)
    cleaned = {move: _clean(quantity) for move, quantity in open_quantities.items()}
    return {move: quantity for move, quantity in cleaned.items() if quantity}


def apportion(
    moves: Sequence[ShippedMove], links: Iterable[Link], to_invoice: float
) -> Apportionment:
    """Divide core's quantity to invoice of a line among its shipments.

    :param links: settled, see :func:`settle`
    :param to_invoice: core's figure. The parts and the rest add up to it, always.
    """
    to_invoice = _clean(to_invoice)
    if not to_invoice:
        return Apportionment()
    shares = _open_shares(moves, links, to_invoice)
    rest = _clean(to_invoice - sum(shares.values()))
    if to_invoice < 0:
        credited = tuple(Share(move, quantity) for move, quantity in shares.items())
        part = Part(0, _clean(to_invoice - rest), credited)
        return Apportionment((part,) if credited else (), rest)
    waiting = [
        Share(move, quantity) for move, quantity in shares.items() if quantity < 0
    ]
    by_shipment: dict[int, list[Share]] = {}
    for move in moves:
        if shares.get(move.move, 0.0) > 0:
            share = Share(move.move, shares[move.move])
            by_shipment.setdefault(move.shipment, []).append(share)
    parts = []
    for shipment, own in by_shipment.items():
        waiting += own
        quantity = _clean(sum(share.quantity for share in waiting))
        if quantity > 0:
            parts.append(Part(shipment, quantity, tuple(waiting)))
            waiting = []
    # Nothing can wait here unless all of it adds up to less than nothing.
    return Apportionment(tuple(parts), rest)


# ------------------------------------------------------------- splitting an invoice


Kind = Literal["line", "note", "section", "subsection"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the invoice that core would make for an order.

    :ivar unit_amount: price of one unit after discount, in document currency
    :ivar apportionment: None for what is not invoiced by shipment
    :ivar deposit: what of a deposit this line deducts at most
    """

    kind: Kind
    quantity: float = 0.0
    unit_amount: float = 0.0
    apportionment: Apportionment | None = None
    deposit: Deposit | None = None

    @property
    def deducts(self) -> bool:
        """Whether the line lowers the invoice: a deposit, a return, a rebate."""
        return self.quantity * self.unit_amount < 0 or self.quantity < 0


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of one of the invoices: which entry, how much of it, for which moves.

    :ivar deposit: what it deducts of a deposit
    """

    entry: int
    quantity: float
    shares: tuple[Share, ...] = ()
    deposit: Deposit | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One of the invoices and the shipments it names."""

    shipments: tuple[int, ...]
    lines: tuple[DocumentLine, ...]


class _Draft:
    """A document while its lines are being collected, keyed by entry."""

    def __init__(self, shipments: Sequence[int] = ()):
        self.shipments = tuple(shipments)
        self.lines: dict[int, DocumentLine] = {}

    def add(self, entry: int, quantity: float, shares: tuple[Share, ...] = ()) -> None:
        line = self.lines.get(entry, DocumentLine(entry, 0.0))
        self.lines[entry] = DocumentLine(
            entry, _clean(line.quantity + quantity), _joined(line.shares, shares)
        )

    def merge(self, other: _Draft) -> None:
        self.shipments += other.shipments
        for line in other.lines.values():
            self.add(line.entry, line.quantity, line.shares)

    def deduct(self, entry: int, deposit: Deposit) -> None:
        if deposit.quantity:
            self.lines[entry] = _deducted(entry, deposit)

    def amount(self, entries: Sequence[Entry]) -> float:
        """Untaxed, before deposits."""
        return sum(
            line.quantity * entries[line.entry].unit_amount
            for line in self.lines.values()
        )

    def get_quantities(self) -> dict[int, float]:
        return {line.entry: line.quantity for line in self.lines.values()}


def _joined(shares: tuple[Share, ...], more: tuple[Share, ...]) -> tuple[Share, ...]:
    """Add up shares, one per move."""
    total: dict[int, float] = {}
    for share in shares + more:
        total[share.move] = _clean(total.get(share.move, 0.0) + share.quantity)
    return tuple(Share(move, quantity) for move, quantity in total.items() if quantity)


def whole_line(entry: int, line: Entry) -> DocumentLine:
    """Return the line undivided, with all its shares: Odoo's one invoice per order."""
    if line.deposit:
        return _deducted(entry, line.deposit)
    parts = line.apportionment.parts if line.apportionment else ()
    shares: tuple[Share, ...] = ()
    for part in parts:
        shares = _joined(shares, part.shares)
    return DocumentLine(entry, line.quantity, shares)


def _deducted(entry: int, deposit: Deposit) -> DocumentLine:
    return DocumentLine(entry, -deposit.quantity, deposit=deposit)


@dataclass(frozen=True, slots=True)
class Deduction:
    """How deposits are deducted.

    :ivar way: see ``deposits.deduct``
    :ivar value: what is still to be invoiced of the order, what is invoiced now
        included; untaxed, before deposits, in document currency
    :ivar digits: decimals of the currency
    :ivar get_total: what an invoice of so much of these entries comes to, with taxes
    """

    way: str
    value: float
    digits: int
    get_total: Callable[[Mapping[int, float]], float]


def split(
    entries: Sequence[Entry],
    shipments: Sequence[int],
    only: frozenset[int] | None = None,
    deduct_later: bool = False,
    deduction: Deduction | None = None,
) -> list[Document]:
    """Make one invoice per shipment out of core's one invoice for an order.

    - A line that is invoiced by shipment goes, in parts, where its shipments go.
    - All else goes with the first invoice.
    - What lowers an invoice (returns, rebates) goes with the last one, and as many of
      the last shipments share an invoice as it takes not to turn into a credit note.
      With nothing else to invoice this is core's one credit note.
    - Deposits are deducted as the company does. What no invoice of the order can carry
      any more is a credit note of its own.

    :param shipments: the order's shipments, oldest first
    :param only: make invoices for these shipments and no others
    :param deduct_later: where the invoices cannot carry the deductions, leave these
        for a later one (else the last one becomes a credit note)
    """
    drafts = {shipment: _Draft([shipment]) for shipment in shipments}
    others = _Draft()
    deductions = _Draft()
    for number, entry in enumerate(entries):
        if entry.kind != "line" or entry.deposit:
            continue
        if entry.deducts:
            line = whole_line(number, entry)
            deductions.add(number, line.quantity, line.shares)
            continue
        divided = entry.apportionment or Apportionment(rest=entry.quantity)
        for part in divided.parts:
            drafts[part.shipment].add(number, part.quantity, part.shares)
        if divided.rest:
            others.add(number, divided.rest)
    made = [
        draft
        for shipment, draft in drafts.items()
        if draft.lines and (only is None or shipment in only)
    ]
    if not made:
        if only is not None:
            return []
        made = [_Draft()]
    made[0].merge(others)
    _deduct(made, deductions, entries, deduct_later)
    if deduction:
        _deduct_deposits(made, entries, deduction)
    return _with_headings([draft for draft in made if draft.lines], entries)


def _deduct(
    made: list[_Draft],
    deductions: _Draft,
    entries: Sequence[Entry],
    deduct_later: bool,
) -> None:
    """Put the deductions on the last document, joined with those before as needed."""
    if not deductions.lines:
        return
    deducted = deductions.amount(entries)
    total = deducted + sum(draft.amount(entries) for draft in made)
    if deduct_later and total < 0:
        return
    while len(made) > 1 and _clean(made[-1].amount(entries) + deducted) < 0:
        last = made.pop()
        made[-1].merge(last)
    made[-1].merge(deductions)


def _deduct_deposits(
    made: list[_Draft], entries: Sequence[Entry], deduction: Deduction
) -> None:
    """Deduct deposits from the documents; what none of an order's last ones can carry
    is given back with a document of its own."""
    numbers = [number for number, entry in enumerate(entries) if entry.deposit]
    values = [draft.amount(entries) for draft in made]
    to_come = round(deduction.value - sum(values), deduction.digits)
    parts_by_document, rest = deduct(
        deduction.way,
        [deposit for entry in entries if (deposit := entry.deposit)],
        values,
        [deduction.get_total(draft.get_quantities()) for draft in made],
        to_come,
        deduction.digits,
    )
    if to_come <= 0 and any(each.quantity for each in rest):
        made.append(_Draft())
        parts_by_document.append(rest)
    for draft, parts in zip(made, parts_by_document, strict=True):
        for number, part in zip(numbers, parts, strict=True):
            draft.deduct(number, part)


def _with_headings(made: list[_Draft], entries: Sequence[Entry]) -> list[Document]:
    """Order the lines as on core's invoice; put sections and notes where they belong.

    A section or subsection heads each document that has a line of it. A note goes once,
    with the first document that has the line it follows.
    """
    owner = _owners_of_notes(entries)
    noted: set[int] = set()
    documents = []
    for draft in made:
        lines: list[DocumentLine] = []
        pending: dict[str, int] = {}
        for number, entry in enumerate(entries):
            if entry.kind == "section":
                pending = {"section": number}
            elif entry.kind == "subsection":
                pending["subsection"] = number
            elif entry.kind == "note":
                if number not in noted and owner[number] in {None, *draft.lines}:
                    noted.add(number)
                    lines.append(DocumentLine(number, entry.quantity))
            elif number in draft.lines:
                lines += [DocumentLine(head, 0.0) for head in pending.values()]
                pending = {}
                lines.append(draft.lines[number])
        documents.append(Document(draft.shipments, tuple(lines)))
    return documents


def _owners_of_notes(entries: Sequence[Entry]) -> dict[int, int | None]:
    """Return for each note the line above it, else the first line, else None."""
    numbers = [number for number, entry in enumerate(entries) if entry.kind == "line"]
    previous = numbers[0] if numbers else None
    owners: dict[int, int | None] = {}
    for number, entry in enumerate(entries):
        if entry.kind == "line":
            previous = number
        elif entry.kind == "note":
            owners[number] = previous
    return owners
