"""How late those are who promise us goods, and what that says about the next arrival.

Delays are whole days between the day for which goods were promised and the day on which
they came; negative where they came early.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

LIKELY = 0.5
LATE = 0.9

# Fewer say nothing about the next one.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that came: from whom, which, and how many days after the promised one."""

    vendor: Hashable
    product: Hashable
    delay: int


@dataclass(frozen=True, slots=True)
class Record:
    """Delays, the smallest first, and whose they are.

    :ivar scope: "product" (this vendor's, of this product), "vendor" (all of his),
        "company" (all vendors'), "none" (nobody's)
    """

    scope: str
    delays: tuple[int, ...] = ()

    def find_delay(self, part: float, least: int | None = None) -> int:
        """Return the delay that so large a part of the receipts did not exceed.

        By nearest rank: of ten delays the ninth is that of 90 %. Without a record: on
        time.

        :param least: only receipts with at least this delay count, as the one in
            question is that late already; where none was, this is what is returned
        """
        delays = self.delays
        if least is not None:
            delays = tuple(delay for delay in delays if delay >= least)
            if not delays:
                return least
        if not delays:
            return 0
        return delays[max(ceil(part * len(delays)), 1) - 1]


def collect_delays(receipts: Iterable[Receipt]) -> dict[Hashable, list[int]]:
    """Return the delays of each vendor and product, of each vendor, and of all."""
    delays: dict[Hashable, list[int]] = {}
    for receipt in receipts:
        for key in (
            (receipt.vendor, receipt.product),
            (receipt.vendor, None),
            (None, None),
        ):
            delays.setdefault(key, []).append(receipt.delay)
    return delays


class Records:
    """What is known about each vendor and product: as near as there is enough of it.

    :param delays: as of `collect_delays`
    """

    def __init__(self, delays: Mapping[Hashable, Sequence[int]], enough: int = ENOUGH):
        self._enough = enough
        self._delays = delays

    def find(self, vendor: Hashable, product: Hashable) -> Record:
        """Return the record of this vendor and product, of the vendor, or of all."""
        for scope, key in (
            ("product", (vendor, product)),
            ("vendor", (vendor, None)),
            ("company", (None, None)),
        ):
            delays = self._delays.get(key, ())
            if len(delays) >= self._enough:
                return Record(scope, tuple(sorted(delays)))
        return Record("none")


@dataclass(frozen=True, slots=True)
class Estimate:
    """When goods are there: as promised, likely, and at the latest nine times in ten.

    :ivar overdue_since: the day for which they were promised, where it has passed
    """

    promised: date
    likely: date
    late: date
    overdue_since: date | None = None


def estimate_arrival(promised: date, today: date, record: Record) -> Estimate:
    """Return when goods that were promised for a day can be expected.

    Never in the past: what is overdue by n days comes as those came that were n days
    late, or later; today at the earliest.
    """
    overdue = (today - promised).days
    least = overdue if overdue > 0 else None
    # Who comes early may do so; nobody should count on it.
    likely, late = (
        promised + timedelta(days=max(record.find_delay(part, least), 0))
        for part in (LIKELY, LATE)
    )
    return Estimate(promised, likely, late, promised if least is not None else None)
