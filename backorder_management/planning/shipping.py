"""What of an order may ship now, what waits and until when, what is closed.

One rule for the screen, the reservation and the validation. Quantities of a line are in
any one unit, the same for all of that line; those that `min_basis` adds up over lines
are in the products' units. Days are calendar days of the company.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from .agreement import (
    AFTER_DAYS,
    ASK,
    BY_LINES,
    BY_VALUE,
    CANCEL,
    COMPLETE_LINES,
    COMPLETE_ORDER,
    WAIT,
    Rules,
)

# Why an order, or a line, does not ship.
NO_GOODS = "no_goods"
INCOMPLETE_ORDER = "incomplete_order"
INCOMPLETE_LINE = "incomplete_line"
INCOMPLETE_GROUP = "incomplete_group"
PART_OF_PACKAGE = "part_of_package"
LAST_SHIPMENT = "last_shipment"
BELOW_SHARE = "below_share"
BELOW_AMOUNT = "below_amount"
MORE_ARRIVES = "more_arrives"
OTHER_WEEKDAY = "other_weekday"

# What will ship as it is, later: it keeps its goods.
CALENDAR = frozenset({MORE_ARRIVES, OTHER_WEEKDAY})

# What happens to what a shipment leaves.
KEEP = "keep"

SMALLEST = 1e-6  # no unit of measure is that fine


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of one line of the order.

    :param ordered: what is ordered and not cancelled
    :param open: what must still be brought
    :param available: what of it could ship now
    :param price: untaxed value of one of its units, company currency
    :param weight: how many units of the product its unit is; shares by quantity count
        these
    :param group: lines of the same group ship together or not at all
    :param package: what a whole packaging holds; 0: goods come loose
    :param left: what has left today already, as a part of the same shipment
    """

    id: Hashable
    ordered: float
    open: float
    available: float
    price: float = 0.0
    weight: float = 1.0
    group: Hashable = ""
    package: float = 0.0
    left: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A part of an expected arrival that is to come to a line."""

    day: date
    line: Hashable
    quantity: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """All that a decision is about: one order, or all that ship together.

    :param shipments: how many have left already
    :param needed: the day the customer needs it; None: nobody said
    :param ordered_on: from this day goods may be collected after some days
    :param waiting_since: the day on which it began to wait for more; None: today
    """

    lines: Sequence[Line]
    today: date
    shipments: int = 0
    needed: date | None = None
    ordered_on: date | None = None
    waiting_since: date | None = None
    arrivals: Sequence[Arrival] = ()

    def with_available(self, available: Mapping[Hashable, float]) -> Order:
        """The same order with other goods there; never more of a line than is open.

        :param available: by line; nothing is there of lines that are not named
        """
        lines = [
            replace(line, available=min(available.get(line.id, 0.0), line.open))
            for line in self.lines
        ]
        return replace(self, lines=lines)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something does not ship.

    :param numbers: what the sentence names: percent reached and wanted, value reached
        and wanted, lines complete and in all, or how much more arrives
    :param names: of the arrivals it waits for
    """

    code: str
    numbers: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen to an order now.

    :param ships: quantity of each line that ships; empty: nothing does
    :param closes: what of each line is closed with the shipment
    :param rest: what happens to all else that is open then: keep, cancel or ask
    :param keeps: quantity of each line that may be held for it until it ships
    :param reason: why nothing ships; None: something does
    :param until: the first day on which that may change; None: nobody knows
    :param waiting: why a line does not ship although goods are there for it
    :param incomplete: lines that do not ship before they, or their group, are complete
    """

    ships: Mapping[Hashable, float] = field(default_factory=dict)
    closes: Mapping[Hashable, float] = field(default_factory=dict)
    rest: str = KEEP
    keeps: Mapping[Hashable, float] = field(default_factory=dict)
    reason: Reason | None = None
    until: date | None = None
    waiting: Mapping[Hashable, str] = field(default_factory=dict)
    incomplete: frozenset[Hashable] = frozenset()

    @property
    def is_held(self) -> bool:
        """Goods are there, but the rule says: not yet."""
        return self.reason is not None and self.reason.code != NO_GOODS


def decide(rules: Rules, order: Order) -> Decision:
    """What of an order ships now.

    More goods never turn "ship" into "hold", except that it is worth waiting for the
    rest then, or is the wrong weekday; neither ever reaches beyond the needed day.
    """
    decision = _decide(rules, order)
    if decision.reason is None:
        return decision
    if decision.until is None:
        decision = replace(decision, until=_find_day_of_change(rules, order))
    return replace(decision, keeps=_get_kept(rules, order, decision))


def _decide(rules: Rules, order: Order) -> Decision:
    shipment = _Shipment(rules, order)
    if not shipment.ships:
        return Decision(reason=shipment.explain_empty(), waiting=shipment.waiting)
    reason = shipment.find_obstacle()
    if reason is None and (arriving := shipment.find_more()):
        return Decision(
            keeps=shipment.ships,
            reason=Reason(
                MORE_ARRIVES,
                (sum(each.quantity for each in arriving),),
                tuple(dict.fromkeys(each.name for each in arriving if each.name)),
            ),
            until=max(each.day for each in arriving),
            waiting=shipment.waiting,
        )
    if reason is None and (day := shipment.find_next_weekday()) != order.today:
        return Decision(
            keeps=shipment.ships,
            reason=Reason(OTHER_WEEKDAY),
            until=day,
            waiting=shipment.waiting,
        )
    if reason is not None:
        return Decision(reason=reason, waiting=shipment.waiting)
    return Decision(
        ships=shipment.ships,
        closes=shipment.get_closed(),
        rest=shipment.get_fate_of_rest(),
        keeps=shipment.ships,
        waiting=shipment.waiting,
        incomplete=frozenset(shipment.incomplete),
    )


def release(rules: Rules, order: Order) -> Decision:
    """What happens where somebody lets all ship that is there, whatever is agreed.

    Rests are closed, or asked about, as with any shipment.
    """
    shipment = _Shipment(rules, order)
    shipment.ships = {
        line.id: line.available
        for line in shipment.open_lines
        if line.available > SMALLEST
    }
    shipment.completed = [
        line for line in shipment.open_lines if line.id in shipment.done_with
    ]
    return Decision(
        ships=shipment.ships,
        closes=shipment.get_closed(),
        rest=shipment.get_fate_of_rest(),
        keeps=shipment.ships,
    )


class _Shipment:
    """What would ship of an order, if nothing else spoke against it."""

    def __init__(self, rules: Rules, order: Order):
        self.rules = rules
        self.order = order
        self.open_lines = [line for line in order.lines if line.open > SMALLEST]
        self.waiting: dict[Hashable, str] = {}
        self.incomplete: set[Hashable] = set()
        self.quantities = {line.id: self.get_fitting(line) for line in self.open_lines}
        self.done_with = {line.id for line in self.open_lines if self.completes(line)}
        self.ships = {
            line.id: self.quantities[line.id]
            for line in self.open_lines
            if self.may_ship(line) and self.quantities[line.id] > SMALLEST
        }
        self.completed = [
            line
            for line in self.open_lines
            if line.id in self.done_with and line.id in self.ships
        ]

    # ---------------------------------------------------------------------- lines

    def get_fitting(self, line: Line) -> float:
        """What is there, in whole packagings where it is short."""
        available = max(line.available, 0.0)
        if not self.rules.whole_packages or not line.package:
            return available
        whole = fit_to_packages(line.package, 0.0, line.open, None, available)
        if not whole and available > SMALLEST:
            self.waiting[line.id] = PART_OF_PACKAGE
        return whole

    def completes(self, line: Line) -> bool:
        """Would the line be done with, a rest within the tolerance closed?"""
        rest = line.open - self.quantities[line.id]
        if rest <= SMALLEST:
            return True
        tolerated = line.ordered * self.rules.close_tolerance_percent / 100.0
        return self.quantities[line.id] > SMALLEST and rest <= tolerated + SMALLEST

    def may_ship(self, line: Line) -> bool:
        reason = ""
        if line.group and not self.get_group(line) <= self.done_with:
            reason = INCOMPLETE_GROUP
        elif self.rules.shipping == COMPLETE_LINES and line.id not in self.done_with:
            reason = INCOMPLETE_LINE
        if reason:
            self.incomplete.add(line.id)
            if line.available > SMALLEST:
                self.waiting[line.id] = reason
        return not reason

    def get_group(self, line: Line) -> set[Hashable]:
        return {each.id for each in self.open_lines if each.group == line.group}

    # ------------------------------------------------------------------ the whole

    @property
    def completes_all(self) -> bool:
        return len(self.completed) == len(self.open_lines)

    @property
    def is_last_allowed(self) -> bool:
        most = self.rules.max_shipments
        return bool(most) and self.order.shipments + 1 >= most

    def explain_empty(self) -> Reason:
        """Why there is nothing to ship at all."""
        for code in (INCOMPLETE_GROUP, INCOMPLETE_LINE, PART_OF_PACKAGE):
            if code in self.waiting.values():
                if self.rules.shipping == COMPLETE_ORDER:
                    return self.explain_incomplete_order()
                return Reason(code)
        return Reason(NO_GOODS)

    def explain_incomplete_order(self) -> Reason:
        return Reason(INCOMPLETE_ORDER, (len(self.completed), len(self.open_lines)))

    def find_obstacle(self) -> Reason | None:
        """Why this may not ship as it is; what completes the order always may."""
        if self.completes_all:
            return None
        if self.rules.shipping == COMPLETE_ORDER:
            return self.explain_incomplete_order()
        if self.is_last_allowed and self.rules.remainder == WAIT:
            return Reason(
                LAST_SHIPMENT, (self.order.shipments + 1, self.rules.max_shipments)
            )
        share, wanted = self.get_share(), self.get_wanted_share()
        if share < wanted - SMALLEST:
            return Reason(BELOW_SHARE, (share, wanted))
        amount = self.get_amount()
        if amount < self.rules.min_amount - SMALLEST:
            return Reason(BELOW_AMOUNT, (amount, self.rules.min_amount))
        return None

    def get_wanted_share(self) -> float:
        if self.order.shipments:
            return self.rules.next_min_percent
        return self.rules.first_min_percent

    def get_share(self) -> float:
        """Percent of what is ordered and not cancelled."""
        if self.rules.min_basis == BY_LINES:
            # what is cancelled altogether is no line any more
            wanted = [line for line in self.order.lines if line.ordered > SMALLEST]
            done = [line for line in wanted if line.left and not line.open]
            part, whole = len(self.completed) + len(done), len(wanted)
        else:
            weights = {
                line.id: line.price if self.rules.min_basis == BY_VALUE else line.weight
                for line in self.order.lines
            }
            part = _add_up(self.get_leaving(), weights)
            whole = _add_up({e.id: e.ordered for e in self.order.lines}, weights)
        return 100.0 * part / whole if whole > 0 else 100.0

    def get_amount(self) -> float:
        prices = {line.id: line.price for line in self.order.lines}
        return _add_up(self.get_leaving(), prices)

    def get_leaving(self) -> dict[Hashable, float]:
        """The shipment with what has left today as a part of it."""
        return {
            line.id: self.ships.get(line.id, 0.0) + line.left
            for line in self.order.lines
        }

    # ------------------------------------------------------------------- calendar

    def find_more(self) -> list[Arrival]:
        """Arrivals it is worth to wait for: with them more would ship."""
        if not self.rules.consolidate_days or self.completes_all:
            return []
        start = self.order.waiting_since or self.order.today
        last = start + timedelta(days=self.rules.consolidate_days)
        if self.order.needed is not None:
            last = min(last, self.order.needed)
        coming = [
            each for each in self.order.arrivals if self.order.today < each.day <= last
        ]
        useful = []
        before = self.ships
        for day in sorted({each.day for each in coming}):
            later = _Shipment(self.rules, _at_day(self.order, day))
            gaining = {
                line
                for line, quantity in later.ships.items()
                if quantity > before.get(line, 0.0) + SMALLEST
            }
            if gaining:
                # what completes a line or a group may have come on days before
                useful = [
                    each
                    for each in coming
                    if each.day <= day and (each in useful or each.line in gaining)
                ]
                before = later.ships
        return useful

    def find_next_weekday(self) -> date:
        """Today, or the next day of delivery that is not too late."""
        today, needed = self.order.today, self.order.needed
        if not self.rules.weekdays:
            return today
        for days in range(7):
            day = today + timedelta(days=days)
            if needed is not None and day > needed:
                break
            if day.weekday() in self.rules.weekdays:
                return day
        return today

    # ------------------------------------------------------------------- the rest

    def get_closed(self) -> dict[Hashable, float]:
        """What is cancelled with this shipment."""
        cancels = self.get_fate_of_rest() == CANCEL
        lines = self.open_lines if cancels else self.completed
        rests = {line.id: line.open - self.ships.get(line.id, 0.0) for line in lines}
        return {line: rest for line, rest in rests.items() if rest > SMALLEST}

    def get_fate_of_rest(self) -> str:
        if self.is_last_allowed and not self.completes_all:
            return {CANCEL: CANCEL, ASK: ASK}.get(self.rules.remainder, KEEP)
        return KEEP


def _add_up(
    quantities: Mapping[Hashable, float], weights: Mapping[Hashable, float]
) -> float:
    """A credit never makes a shipment smaller than its goods."""
    return sum(
        max(0.0, quantity) * max(0.0, weights[line])
        for line, quantity in quantities.items()
    )


def _at_day(order: Order, day: date) -> Order:
    """The order as it would stand with all that arrives up to a day."""
    there: dict[Hashable, float] = defaultdict(float)
    for line in order.lines:
        there[line.id] = line.available
    for arrival in order.arrivals:
        if order.today < arrival.day <= day:
            there[arrival.line] += arrival.quantity
    return order.with_available(there)


def _find_day_of_change(rules: Rules, order: Order) -> date | None:
    """The first day whose arrivals let something ship, as far as is known today."""
    for day in sorted({each.day for each in order.arrivals if each.day > order.today}):
        later = _Shipment(rules, _at_day(order, day))
        if later.ships and later.find_obstacle() is None:
            return day
    return None


def _get_kept(
    rules: Rules, order: Order, decision: Decision
) -> Mapping[Hashable, float]:
    """What an order that does not ship may hold meanwhile."""
    collected = _get_collected(rules, order)
    if decision.reason is not None and decision.reason.code in CALENDAR:
        return {**collected, **decision.keeps}
    return collected


def _get_collected(rules: Rules, order: Order) -> dict[Hashable, float]:
    """What an order may collect before it ships; in whole packagings, too."""
    if not may_accumulate(rules, order.ordered_on, order.today):
        return {}
    quantities = _Shipment(rules, order).quantities
    return {line: quantity for line, quantity in quantities.items() if quantity > 0}


def may_accumulate(rules: Rules, ordered_on: date | None, today: date) -> bool:
    """May an order that ships later already collect goods?"""
    return (
        rules.accumulate == AFTER_DAYS
        and ordered_on is not None
        and ordered_on + timedelta(days=rules.accumulate_after_days) <= today
    )


def may_use(rules: Rules, order: Order) -> dict[Hashable, float]:
    """What of the goods that are there an order may hold: what ships now, and what is
    kept for a shipment that is only a matter of days."""
    decision = decide(rules, order)
    if decision.reason is None and decision.waiting:
        return {**_get_collected(rules, order), **decision.keeps}
    return dict(decision.keeps)


def fit_to_packages(
    package: float,
    held: float,
    missing: float,
    fit: Callable[[float], float] | None,
    quantity: float,
) -> float:
    """The largest quantity up to a given one that may be added to what a line holds.

    :param package: what a whole packaging holds
    :param missing: what completes the line; that much need not be whole packagings
    :param fit: as that of :class:`allocation.Demand`
    """
    if fit:
        quantity = fit(quantity)
    if quantity >= missing - SMALLEST:
        return quantity
    whole = int((held + quantity + SMALLEST) / package) * package
    return max(0.0, whole - held)


def find_excess(
    decision: Decision, shipping: Mapping[Hashable, float], lines: Iterable[Line]
) -> list[Hashable]:
    """Lines of which more is about to ship than may."""
    return [
        line.id
        for line in lines
        if shipping.get(line.id, 0.0) > decision.ships.get(line.id, 0.0) + SMALLEST
    ]
