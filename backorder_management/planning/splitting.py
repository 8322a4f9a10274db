"""On which document goes what is to be invoiced of an order.

Quantities and records as in ``planning.invoicing``; amounts are in the currency of the
order, untaxed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .deposits import Deposit
from .deposits_by_tax import Taxes, Worth, deduct_by_tax, is_more_to_come
from .invoicing import Apportionment, Credit, Share, clean

# With which invoice goes what is not invoiced by shipment: products invoiced on order,
# services, delivery charges, expenses.
FIRST = "first"
LAST = "last"
SEPARATELY = "separately"

Kind = Literal["line", "note", "section", "subsection"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the invoice that core would make for an order.

    :ivar unit_amount: price of one unit after discount, in document currency
    :ivar apportionment: None for what is not invoiced by shipment
    :ivar credits: whom the apportionment's credits are credited to
    :ivar deposit: what of a deposit this line deducts at most
    :ivar taxes: ids of its taxes, in their order
    """

    kind: Kind
    quantity: float = 0.0
    unit_amount: float = 0.0
    apportionment: Apportionment | None = None
    credits: Sequence[Credit] = ()
    deposit: Deposit | None = None
    taxes: Taxes = ()

    @property
    def is_divided(self) -> bool:
        """Whether the line goes, in parts, where its shipments go."""
        return bool(self.apportionment) and self.unit_amount >= 0

    @property
    def rest(self) -> float:
        """What of it belongs to no shipment, or is not divided."""
        if self.is_divided and self.apportionment:
            return self.apportionment.rest
        return self.quantity

    @property
    def overbilled(self) -> float:
        """What is credited for it and belongs to no shipment."""
        return sum(credit.quantity for credit in self.credits if not credit.shares)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of one of the invoices: which entry, how much of it, for which moves.

    :ivar deposit: what it deducts of a deposit
    :ivar source: the invoice line that a credit note's line reverses; its quantity is
        positive, as on the document, its shares are negative
    """

    entry: int
    quantity: float
    shares: tuple[Share, ...] = ()
    deposit: Deposit | None = None
    source: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One of the invoices and the shipments it names.

    :ivar credited: the invoice that a credit note is for, 0: no credit note
    """

    shipments: tuple[int, ...]
    lines: tuple[DocumentLine, ...]
    credited: int = 0


class _Draft:
    """A document while its lines are being collected, keyed by entry."""

    def __init__(self, shipments: Sequence[int] = ()):
        self.shipments = tuple(shipments)
        self.lines: dict[int, DocumentLine] = {}

    def add(self, entry: int, quantity: float, shares: tuple[Share, ...] = ()) -> None:
        line = self.lines.get(entry, DocumentLine(entry, 0.0))
        self.lines[entry] = DocumentLine(
            entry, clean(line.quantity + quantity), _joined(line.shares, shares)
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
        return sum(self.amounts(entries).values())

    def amounts(self, entries: Sequence[Entry]) -> dict[Taxes, float]:
        """The same by taxes."""
        result: dict[Taxes, float] = {}
        for line in self.lines.values():
            entry = entries[line.entry]
            amount = line.quantity * entry.unit_amount
            result[entry.taxes] = result.get(entry.taxes, 0.0) + amount
        return result

    def get_quantities(self) -> dict[int, float]:
        return {line.entry: line.quantity for line in self.lines.values()}


def _joined(shares: tuple[Share, ...], more: tuple[Share, ...]) -> tuple[Share, ...]:
    """Add up shares, one per move."""
    total: dict[int, float] = {}
    for share in shares + more:
        total[share.move] = clean(total.get(share.move, 0.0) + share.quantity)
    return tuple(Share(move, quantity) for move, quantity in total.items() if quantity)


def whole_line(entry: int, line: Entry) -> DocumentLine:
    """Return the line undivided, with all its shares: Odoo's one invoice per order."""
    if line.deposit:
        return _deducted(entry, line.deposit)
    shares: tuple[Share, ...] = ()
    if line.apportionment:
        for part in (*line.apportionment.parts, *line.apportionment.credits):
            shares = _joined(shares, part.shares)
    return DocumentLine(entry, line.quantity, shares)


def _deducted(entry: int, deposit: Deposit) -> DocumentLine:
    return DocumentLine(entry, -deposit.quantity, deposit=deposit)


@dataclass(frozen=True, slots=True)
class Deduction:
    """How deposits are deducted.

    :ivar way: see ``deposits.deduct``
    :ivar values: what is still to be invoiced of the order, what is invoiced now
        included; by taxes, untaxed, before deposits, in document currency
    :ivar ordered: the same, what was invoiced before included
    :ivar digits: decimals of the currency
    :ivar get_totals: what the next invoice, of so much of these entries, comes to by
        taxes, with these; called once for each, in their order
    """

    way: str
    values: Mapping[Taxes, float]
    ordered: Mapping[Taxes, float]
    digits: int
    get_totals: Callable[[Mapping[int, float]], Mapping[Taxes, float]]


@dataclass(frozen=True, slots=True)
class Rules:
    """How an order is split.

    :ivar others: with which invoice goes what is not invoiced by shipment
    :ivar only: make invoices for these shipments and no others; None: for all
    :ivar more_to_come: whether later invoices of the order are expected, for goods that
        have not left yet or for shipments that are not chosen now
    :ivar deduction: None where there is no deposit
    """

    others: str = FIRST
    only: frozenset[int] | None = None
    more_to_come: bool = False
    deduction: Deduction | None = None

    def takes(self, shipment: int) -> bool:
        return self.only is None or shipment in self.only


def split(
    entries: Sequence[Entry], shipments: Sequence[int], rules: Rules | None = None
) -> list[Document]:
    """Make one invoice per shipment out of core's one invoice for an order.

    - A line that is invoiced by shipment goes, in parts, where its shipments go.
    - What came back after it had been invoiced is credited to the invoice that it was
      on, with a credit note for each.
    - All else goes with the first invoice, with the order's last one, or on one of its
      own.
    - What lowers an invoice (rebates) goes with the last one of these, and as many of
      the last shipments share an invoice as it takes not to turn into a credit note.
      Where they cannot carry it, it waits for those to come; where none are to come,
      this is core's one credit note.
    - Deposits are deducted as the company does. What no invoice of the order can carry
      any more is a credit note of its own.

    :param shipments: the order's shipments, oldest first
    """
    rules = rules or Rules()
    drafts = {shipment: _Draft([shipment]) for shipment in shipments}
    others, deductions = _Draft(), _Draft()
    for number, entry in enumerate(entries):
        if entry.kind == "line" and not entry.deposit:
            _collect(number, entry, drafts, others, deductions)
    made = [
        draft
        for shipment, draft in drafts.items()
        if draft.lines and rules.takes(shipment)
    ]
    if not made:
        made = _draft_rebate(entries, rules)
    if made or rules.only is None:
        made = _add_others(made, others, rules)
        _deduct(made, deductions, entries, rules)
        if rules.deduction:
            _deduct_deposits(made, entries, rules.deduction)
    documents = _with_headings([draft for draft in made if draft.lines], entries)
    return documents + _make_credit_notes(entries, rules)


def _draft_rebate(entries: Sequence[Entry], rules: Rules) -> list[_Draft]:
    """Return a document for chosen shipments of nothing but goods that lower what the
    customer owes, if it need not wait for others."""
    shipments = {
        part.shipment
        for entry in entries
        if entry.apportionment and not entry.is_divided
        for part in entry.apportionment.parts
    }
    waits = rules.only is None or rules.more_to_come
    if waits or not any(map(rules.takes, shipments)):
        return []
    return [_Draft(sorted(shipments))]


def _collect(number: int, entry: Entry, drafts, others: _Draft, deductions: _Draft):
    """Put an entry where it belongs, in parts where it is divided."""
    rest = clean(entry.rest + entry.overbilled)
    if entry.is_divided and entry.apportionment:
        for part in entry.apportionment.parts:
            drafts[part.shipment].add(number, part.quantity, part.shares)
    if not rest:
        return
    line = replace(whole_line(number, entry), quantity=rest)
    if entry.is_divided:
        line = replace(line, shares=())
    lowers = rest < 0 or rest * entry.unit_amount < 0
    (deductions if lowers else others).add(number, line.quantity, line.shares)


def _add_others(made: list[_Draft], others: _Draft, rules: Rules) -> list[_Draft]:
    """Add what is not invoiced by shipment; at least one document, maybe empty."""
    waits = rules.others == LAST and rules.more_to_come
    if not others.lines or waits:
        return made or [_Draft()]
    if not made or rules.others == SEPARATELY:
        return [others, *made]
    made[-1 if rules.others == LAST else 0].merge(others)
    return made


def _deduct(
    made: list[_Draft], deductions: _Draft, entries: Sequence[Entry], rules: Rules
) -> None:
    """Put the deductions on the last document, joined with those before as needed."""
    if not deductions.lines:
        return
    deducted = deductions.amount(entries)
    total = deducted + sum(draft.amount(entries) for draft in made)
    if rules.more_to_come and (rules.others == LAST or total < 0):
        return
    while len(made) > 1 and clean(made[-1].amount(entries) + deducted) < 0:
        last = made.pop()
        made[-1].merge(last)
    made[-1].merge(deductions)


def _make_credited_lines(
    credits: Sequence[tuple[int, Credit]],
) -> dict[int, list[DocumentLine]]:
    """One line for each line of the invoice, by entry."""
    by_source: dict[tuple[int, int], list[Credit]] = {}
    for number, credit in credits:
        by_source.setdefault((number, credit.invoice_line), []).append(credit)
    lines: dict[int, list[DocumentLine]] = {}
    for (number, source), own in by_source.items():
        quantity = clean(sum(credit.quantity for credit in own))
        shares = tuple(share for credit in own for share in credit.shares)
        line = DocumentLine(number, quantity, shares, source=source)
        lines.setdefault(number, []).append(line)
    return lines


def _make_credit_notes(entries: Sequence[Entry], rules: Rules) -> list[Document]:
    """Make a credit note for each invoice of which something came back."""
    by_invoice: dict[int, list[tuple[int, Credit]]] = {}
    for number, entry in enumerate(entries):
        for credit in entry.credits:
            if rules.takes(credit.shipment):
                own = by_invoice.setdefault(credit.invoice, [])
                own.append((number, credit))
    documents = []
    for invoice, credits in by_invoice.items():
        lines = _make_credited_lines(credits)
        shipments = dict.fromkeys(credit.shipment for _number, credit in credits)
        headed = _add_headings(lines, entries, frozenset())
        documents.append(Document(tuple(shipments), tuple(headed), invoice))
    return documents


def _deduct_deposits(
    made: list[_Draft], entries: Sequence[Entry], deduction: Deduction
) -> None:
    """Deduct deposits from the documents; what none of an order's last ones can carry
    is given back with a document of its own."""
    numbers = [number for number, entry in enumerate(entries) if entry.deposit]
    invoices = [_find_worth(draft, entries, deduction) for draft in made]
    to_come = dict(deduction.values)
    for invoice in invoices:
        for taxes, worth in invoice.items():
            to_come[taxes] = to_come.get(taxes, 0.0) - worth.value
    parts_by_document, rest = deduct_by_tax(
        deduction.way,
        [deposit for entry in entries if (deposit := entry.deposit)],
        invoices,
        to_come,
        deduction.ordered,
        deduction.digits,
    )
    ends = not is_more_to_come(to_come, deduction.digits)
    if ends and any(each.quantity for each in rest):
        made.append(_Draft())
        parts_by_document.append(rest)
    for draft, parts in zip(made, parts_by_document, strict=True):
        for number, part in zip(numbers, parts, strict=True):
            draft.deduct(number, part)


def _find_worth(
    draft: _Draft, entries: Sequence[Entry], deduction: Deduction
) -> dict[Taxes, Worth]:
    totals = deduction.get_totals(draft.get_quantities())
    values = draft.amounts(entries)
    return {
        taxes: Worth(values.get(taxes, 0.0), totals.get(taxes, 0.0))
        for taxes in {**values, **totals}
    }


def _with_headings(made: list[_Draft], entries: Sequence[Entry]) -> list[Document]:
    """Order the lines as on core's invoice; put sections and notes where they belong.

    A section or subsection heads each document that has a line of it. A note goes once,
    with the first document that has the line it follows.
    """
    owner = _owners_of_notes(entries)
    left = set(owner)
    documents = []
    for draft in made:
        notes = frozenset(note for note in left if owner[note] in {None, *draft.lines})
        left -= notes
        lines = {number: [line] for number, line in draft.lines.items()}
        headed = _add_headings(lines, entries, notes)
        documents.append(Document(draft.shipments, tuple(headed)))
    return documents


def _add_headings(
    lines: Mapping[int, list[DocumentLine]],
    entries: Sequence[Entry],
    notes: frozenset[int],
) -> list[DocumentLine]:
    """Order a document's lines, by entry, with these notes and what heads them."""
    result: list[DocumentLine] = []
    pending: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if entry.kind == "section":
            pending = {"section": number}
        elif entry.kind == "subsection":
            pending["subsection"] = number
        elif number in notes:
            result.append(DocumentLine(number, entry.quantity))
        elif number in lines:
            result += [DocumentLine(head, 0.0) for head in pending.values()]
            pending = {}
            result += lines[number]
    return result


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
