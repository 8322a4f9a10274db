"""The expected days of demands, with those of what nobody has ordered yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from .backorder_eta import BLOCKED, EtaFinder
from .backorder_if_ordered import SourceFinder
from .company_days import CompanyDays


class OrderableEtaFinder(EtaFinder):
    """Finds as well when what is not known to come could be there if it was ordered
    today."""

    def __init__(self, env, now):
        super().__init__(env, now)
        self.ready: dict[int, date] = {}

    def read_arrivals(self, pools, days):
        facts = super().read_arrivals(pools, days)
        for fact in facts:
            before = self.ready.get(fact.move_id, fact.ready)
            self.ready[fact.move_id] = max(before, fact.ready)
        return facts

    def find_of_company(self, demands, days: CompanyDays):
        found = super().find_of_company(demands, days)
        missing = [
            demand
            for demand in demands
            if found[demand.move_id].missing > 0
            and found[demand.move_id].kind != BLOCKED
        ]
        if missing:
            self.add_if_ordered(missing, found, days)
        return found

    def add_if_ordered(self, demands: Iterable, found, days: CompanyDays) -> None:
        sources = SourceFinder(
            self.env, days, self.steps, {demand.product_id for demand in demands}
        )
        for demand in demands:
            expected = found[demand.move_id]
            source = sources.find(
                demand.product_id, demand.location_id, expected.missing
            )
            if source:
                ready = max(
                    sources.find_day(source), *self.get_ready(expected), days.first
                )
                expected.if_ordered = self.find_day_of(demand, ready, days)

    def get_ready(self, expected) -> list[date]:
        """When the part that is known to come is there."""
        return [
            self.ready[move_id]
            for move_id, _part in expected.shares
            if move_id in self.ready
        ]
