"""What demands are ranked by."""

from __future__ import annotations

from datetime import datetime

from ..planning.ranking import Criterion, get_breach, rank_by


class DemandRanking:
    """A strategy's criteria for demands of one company.

    Demands are :class:`backorder_facts.Fact`, by move id.

    :param at: the moment that ages are counted to, UTC
    """

    def __init__(self, env, company, strategy, at: datetime):
        self.env = env
        self.company = company
        self.criteria = strategy.criterion_ids
        self.at = at
        self.find_day = company._remember_days()

    def rank(self, values, move_ids) -> dict[int, tuple]:
        """By move id, one number per criterion; the smallest is served first."""
        return rank_by(
            move_ids,
            [Criterion(values[each.id], each.descending) for each in self.criteria],
        )

    def get_values(self, facts, shares_complete=None) -> dict[int, dict]:
        """What each demand has, by criterion id and move id.

        :param shares_complete: share of its order that would be complete, by move id;
            None: nothing is known of stock
        """
        self.shares_complete = shares_complete or {}
        return {each.id: self.get_values_of(each, facts) for each in self.criteria}

    def get_values_of(self, criterion, facts) -> dict:
        if criterion.criterion == "field":
            return self.get_field_values(criterion, facts)
        get = getattr(self, f"get_{criterion.criterion}")
        return {move_id: get(fact) for move_id, fact in facts.items()}

    def get_share_complete(self, fact) -> float | None:
        return self.shares_complete.get(fact.move_id)

    def get_star(self, fact) -> bool:
        return fact.priority == "1"

    def get_received_for(self, fact) -> bool:
        return fact.received_for

    def get_policy_rank(self, fact) -> int | None:
        return fact.policy_rank

    def get_date_needed(self, fact):
        """The day, where the company is: who wants goods on one day are equals."""
        return self.find_day(fact.needed)

    def get_order_date(self, fact):
        return self.find_day(fact.ordered)

    def get_order_value(self, fact) -> float | None:
        return fact.order_value if fact.order_id else None

    def get_line_value(self, fact) -> float | None:
        return fact.line_value if fact.order_id else None

    def get_agreed_breach(self, fact) -> int:
        """Days beyond the waiting time agreed with the customer; 0: none."""
        waited = (self.at - fact.ordered).days if fact.ordered else 0
        return get_breach(waited, fact.agreed_days)

    def get_shortage_age(self, fact) -> int | None:
        """Days since the goods were found missing."""
        return (self.at - fact.since).days if fact.since else None

    def get_field_values(self, criterion, facts) -> dict:
        if not criterion._is_sortable():
            criterion._check_field()
        source = {
            "sale.order": "order_id",
            "res.partner": "partner_id",
            "product.product": "product_id",
        }[criterion.field_id.model]
        name = criterion.field_id.name
        ids = {getattr(fact, source) for fact in facts.values()} - {None}
        records = self.env[criterion.field_id.model].with_company(self.company)
        records = records.browse(sorted(ids))
        by_id = {record.id: _get_sortable(record, name) for record in records}
        return {
            move_id: by_id.get(getattr(fact, source)) for move_id, fact in facts.items()
        }


def _get_sortable(record, name: str):
    """A field's value as something that can be compared; None where there is none."""
    value, described = record[name], record._fields[name]
    if described.type == "selection" and value:
        # in the order in which the choices are shown
        choices = [
            each for each, _label in described._description_selection(record.env)
        ]
        return choices.index(value) if value in choices else None
    if described.type == "boolean" or value:
        return value
    return value if described.type in ("integer", "float", "monetary") else None
