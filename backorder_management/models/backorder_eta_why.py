"""Why a demand is expected on its day: the facts of the explanation, not yet in words.

Quantities are in the product's unit of measure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ..planning.lateness import Estimate
from .backorder_eta import (
    ARRIVAL,
    NONE,
    OWN_CHAIN,
    DemandFact,
    EtaFinder,
    Expected,
)
from .company_days import CompanyDays


@dataclass(frozen=True, slots=True)
class Source:
    """What one arrival brings for a demand.

    :ivar quantity: 0: all of it goes to others
    :ivar ready: the day on which it can be taken
    :ivar before: ids of the moves that are served before from the same arrival
    """

    move_id: int
    quantity: float
    ready: date | None
    estimate: Estimate
    before: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    :ivar sources: the earliest first
    :ivar steps: days from there to the customer, without security days
    :ivar agreed: the day that was agreed on
    :ivar earliest: the day on which it could be there, whatever was agreed on
    """

    fact: DemandFact
    expected: Expected
    security: int
    steps: int
    agreed: date | None
    earliest: date | None
    sources: list[Source] = field(default_factory=list)


class EtaExplainer(EtaFinder):
    """Tells what the expected days of one product's demands rest on; writes nothing."""

    def explain(self, demands) -> dict[int, Explanation]:
        """
        :param demands: `backorder.demand`
        :return: by id; who is not short, and never was, has none
        """
        facts = self.read_demands(demands.product_id.ids)
        result: dict[int, Explanation] = {}
        for company in demands.company_id:
            days = CompanyDays(company, self.now)
            own = [fact for fact in facts if fact.company_id == company.id]
            result |= self.explain_company(demands, own, days)
        return result

    def explain_company(self, demands, facts, days) -> dict[int, Explanation]:
        expected = self.find_of_company(facts, days)
        waiting = [
            fact
            for fact in facts
            if expected[fact.move_id].kind in (ARRIVAL, NONE) and fact.short > 0
        ]
        arrivals, etas = self.share_arrivals(waiting, days)
        by_move = {fact.move_id: fact for fact in facts}
        result = {}
        for demand in demands:
            if fact := by_move.get(demand.move_id.id):
                found = expected[fact.move_id]
                if found.kind == OWN_CHAIN:
                    sources = self.get_own_sources(fact, found, days)
                else:
                    sources = self.get_sources(fact, arrivals, etas, days)
                result[demand.id] = self.make_explanation(fact, found, sources, days)
        return result

    def make_explanation(self, fact, expected, sources, days) -> Explanation:
        steps = 0
        if not fact.is_last_step:
            move = self.get_move(fact)
            steps = self.steps.count_days(move, move.location_final_id)
        earliest = None
        if expected.eta:
            ready = max(
                (source.ready for source in sources if source.quantity),
                default=days.first,
            )
            earliest = self.find_day(days, ready, None, steps)
        return Explanation(
            fact,
            expected,
            days.security,
            steps,
            days.find_day(fact.needed),
            earliest,
            sources,
        )

    def get_own_sources(self, fact, found, days) -> list[Source]:
        """Documents that bring goods for this very demand; of one with several steps,
        the last of them."""
        moves = self.env["stock.move"].browse(dict(found.shares))
        records = self.get_records(days.company, moves)
        place = self.get_move(fact).location_id
        sources: dict[object, Source] = {}
        for move in moves:
            ready, _late = self.find_ready(move, place, days, records)
            document = get_document(move)
            if document not in sources or sources[document].ready < ready:
                sources[document] = Source(
                    move.id,
                    move.product_qty,
                    ready,
                    self.estimate(move, days, records),
                )
        return sorted(sources.values(), key=lambda source: source.ready)

    def get_sources(self, fact, arrivals, etas, days) -> list[Source]:
        """Arrivals that bring something for a demand, and earlier ones that do not."""
        eta = etas.get(fact.move_id)
        if not eta:
            return []
        own = dict.fromkeys((move_id for move_id, _part in eta.shares), 0.0)
        for move_id, part in eta.shares:
            own[move_id] += part
        moves = self.env["stock.move"].browse(each.move_id for each in arrivals)
        records = self.get_records(days.company, moves)
        here = [
            each
            for each in arrivals
            if (each.product_id, each.place_id) == (fact.product_id, fact.location_id)
        ]
        kept = self.get_kept(here, etas)
        last = max((each.ready for each in here if each.move_id in own), default=None)
        sources = []
        for arrival in sorted(here, key=lambda each: each.ready):
            before = get_served_before(fact.move_id, arrival.move_id, etas, kept)
            is_earlier = last is None or arrival.ready <= last
            if arrival.move_id in own or (before and is_earlier):
                sources.append(
                    Source(
                        arrival.move_id,
                        own.get(arrival.move_id, 0.0),
                        arrival.ready,
                        self.estimate(moves.browse(arrival.move_id), days, records),
                        before,
                    )
                )
        known = {each.move_id for each in here}
        # what was kept for it of a receipt that is none any more
        lost = moves.browse(move_id for move_id in own if move_id not in known)
        return sources + [
            Source(move.id, own[move.id], None, self.estimate(move, days, records))
            for move in lost.exists()
        ]

    def get_kept(self, arrivals, etas) -> set[tuple[int, int]]:
        """Return moves for which something of an arrival is kept, and that arrival."""
        moves = self.env["stock.move"].browse(etas)
        promised = {
            (promise.owner, promise.arrival) for promise in self.read_promises(arrivals)
        }
        return {
            (move.id, arrival_id)
            for owner, arrival_id in promised
            for move in moves
            if (move.sale_line_id.id, move.product_id.id) == owner
        }


def get_served_before(move_id, arrival_id, etas, kept) -> tuple[int, ...]:
    """Return who takes from an arrival at a better place in the order of service, or
    because it is kept for him.

    :param etas: by move id, in the order of service
    :param kept: moves and arrivals
    """
    before, is_before = [], True
    for other_id, eta in etas.items():
        if other_id == move_id:
            is_before = False
        elif any(source_id == arrival_id for source_id, _part in eta.shares) and (
            is_before or (other_id, arrival_id) in kept
        ):
            before.append(other_id)
    return tuple(before)


def get_document(move):
    """Return the order, or else the transfer, that a move is part of."""
    move = move.sudo()  # sudo: whether one may read it is asked where it is named
    if move._is_arrival() and move.sale_line_id:
        return move.picking_id  # a return, or what comes for an order
    return move._get_source_document() or move.picking_id
