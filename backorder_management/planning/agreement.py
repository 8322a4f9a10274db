"""What a customer agreement may say, and which of its rules go together.

Shares are in percent of what is ordered and not cancelled, amounts in the company's
currency, times in days.
"""

from __future__ import annotations

from dataclasses import dataclass

# What may leave, of what is there.
AVAILABLE = "available"
COMPLETE_LINES = "complete_lines"
COMPLETE_ORDER = "complete_order"
THRESHOLD = "threshold"

# What a smallest share is measured by.
BY_QUANTITY = "quantity"
BY_VALUE = "value"
BY_LINES = "lines"

# What happens to what the last shipment allowed would leave.
WAIT = "wait"
CANCEL = "cancel"
ASK = "ask"

# When an order that may not ship yet begins to hold goods.
NEVER = "never"
AFTER_DAYS = "after_days"

# Whose open goods decide together.
ORDER = "order"
ADDRESS = "address"

# Why rules do not go together, or say nothing.
NOT_A_SHARE = "not_a_share"
NEGATIVE = "negative"
SHARE_WITH_AVAILABLE = "share_with_available"
THRESHOLD_WITHOUT_SHARE = "threshold_without_share"
COMPLETE_WITH_SHARE = "complete_with_share"
COMPLETE_WITH_AMOUNT = "complete_with_amount"
COMPLETE_WITH_SHIPMENTS = "complete_with_shipments"
COMPLETE_WITH_CONSOLIDATION = "complete_with_consolidation"
SHIPMENTS_WITHOUT_REMAINDER = "shipments_without_remainder"
ADDRESS_WITH_SHIPMENTS = "address_with_shipments"


@dataclass(frozen=True, slots=True)
class Rules:
    """One agreement.

    :param first_min_percent: smallest share of the first shipment; 0: none
    :param next_min_percent: that of each later one
    :param min_amount: smallest value of a shipment; 0: none
    :param max_shipments: 0: any number
    :param remainder: what happens to the rest that the last shipment allowed would
        leave; empty where there is no last one
    :param consolidate_days: wait that long for more of the order; 0: do not wait
    :param close_tolerance_percent: a rest of a line up to this share of it is closed
        with the shipment
    :param weekdays: ships on these only, Monday is 0; empty: every day
    :param whole_packages: lines that are short are covered in whole packagings
    """

    shipping: str = AVAILABLE
    first_min_percent: float = 0.0
    next_min_percent: float = 0.0
    min_basis: str = BY_QUANTITY
    min_amount: float = 0.0
    max_shipments: int = 0
    remainder: str = ""
    consolidate_days: int = 0
    close_tolerance_percent: float = 0.0
    weekdays: frozenset[int] = frozenset()
    whole_packages: bool = False
    accumulate: str = NEVER
    accumulate_after_days: int = 0
    ship_together: str = ORDER
    expire_days: int = 0

    @property
    def has_share(self) -> bool:
        return bool(self.first_min_percent or self.next_min_percent)

    @property
    def ships_as_available(self) -> bool:
        """Nothing is ever held or closed: what Odoo does by itself."""
        return (
            self.shipping == AVAILABLE
            and not self.min_amount
            and not self.max_shipments
            and not self.consolidate_days
            and not self.close_tolerance_percent
            and not self.weekdays
            and not self.whole_packages
        )

    @property
    def ships_all_or_nothing(self) -> bool:
        """Holds nothing, and ships nothing, before all of it is there."""
        return (
            self.shipping == COMPLETE_ORDER
            and not self.close_tolerance_percent
            and self.accumulate == NEVER
            and self.ship_together == ORDER
        )


def find_contradiction(rules: Rules) -> str:
    """The first reason why rules cannot be followed together; empty: there is none."""
    return next((code for code, found in _list_contradictions(rules) if found), "")


def _list_contradictions(rules: Rules):
    percents = (
        rules.first_min_percent,
        rules.next_min_percent,
        rules.close_tolerance_percent,
    )
    yield NOT_A_SHARE, not all(0 <= percent <= 100 for percent in percents)
    amounts = (
        rules.min_amount,
        rules.max_shipments,
        rules.consolidate_days,
        rules.accumulate_after_days,
        rules.expire_days,
    )
    yield NEGATIVE, not all(amount >= 0 for amount in amounts)
    complete = rules.shipping == COMPLETE_ORDER
    yield COMPLETE_WITH_SHARE, complete and rules.has_share
    yield COMPLETE_WITH_AMOUNT, complete and rules.min_amount > 0
    yield COMPLETE_WITH_SHIPMENTS, complete and rules.max_shipments > 0
    yield COMPLETE_WITH_CONSOLIDATION, complete and rules.consolidate_days > 0
    yield SHARE_WITH_AVAILABLE, rules.shipping == AVAILABLE and rules.has_share
    yield THRESHOLD_WITHOUT_SHARE, rules.shipping == THRESHOLD and not rules.has_share
    yield SHIPMENTS_WITHOUT_REMAINDER, rules.max_shipments > 0 and not rules.remainder
    # at one address there is always another order to come: no shipment is the last
    yield (
        ADDRESS_WITH_SHIPMENTS,
        rules.ship_together == ADDRESS and rules.max_shipments > 0,
    )
