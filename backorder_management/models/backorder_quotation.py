"""What quotations ask for, placed among the demands that are there already.

Quantities are in the products' units of measure. Nothing is written or claimed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from ..planning.allocation import Demand, rank_by_default
from ..planning.promising import Waiting
from ..planning.quoting import Offer
from ..planning.work_days import find_eta
from .backorder_eta import DemandFact
from .backorder_eta_if_ordered import OrderableEtaFinder
from .backorder_facts import Fact
from .backorder_if_ordered import Source, SourceFinder
from .company_days import CompanyDays


@dataclass(frozen=True, slots=True)
class Wish:
    """Goods that a line of a quotation asks for.

    :ivar id: beyond those of moves: in the order in which moves would be made
    :ivar place_id: where they are taken from
    :ivar rule_ids: of rules that bring them to the customer, the last step first
    :ivar planned: the day before which the product is not to be delivered
    :ivar needed: the moment for which they are asked, UTC: it decides who is before
    :ivar steps: days that the later steps of the delivery take
    :ivar to_order: they come for this very line
    :ivar dropped: the vendor sends them to the customer
    :ivar fit: rounds down to what a reservation could take
    :ivar fact: what criteria of strategies look at
    """

    id: int
    product_id: int
    place_id: int
    quantity: float
    rule_ids: tuple[int, ...]
    planned: date
    needed: datetime
    steps: int
    to_order: bool
    dropped: bool
    fact: Fact
    fit: object = None

    @property
    def pool(self) -> tuple[int, int]:
        return (self.product_id, self.place_id)


class QuotationFinder(OrderableEtaFinder):
    """Finds when what is asked for could be there, if it was confirmed now. Needs the
    rights of the superuser, as who is served before counts whoever may see his orders.

    :param now: UTC
    :param wishes: of one company
    """

    def __init__(self, env, now: datetime, days: CompanyDays, wishes: list[Wish]):
        super().__init__(env["base"].with_company(days.company).env, now)
        self.days = days
        self.wishes = wishes
        self.sharing = [wish for wish in wishes if not wish.to_order]
        self.sources: dict[int, Source] = {}

    @cached_property
    def product_ids(self) -> list[int]:
        return sorted({wish.product_id for wish in self.sharing})

    def find_offers(self) -> dict[int, Offer]:
        """By id of the wish."""
        etas = self.find_shares() if self.sharing else {}
        finder = SourceFinder(
            self.env, self.days, self.steps, {wish.product_id for wish in self.wishes}
        )
        return {
            wish.id: self.make_offer(wish, etas.get(wish.id), finder)
            for wish in self.wishes
        }

    # ---------------------------------------------------------------------- stock

    @cached_property
    def free(self) -> dict[int, float]:
        """What free stock covers, by id of moves and wishes."""
        Rows = self.env["backorder.demand"]
        stock = Rows._get_stock(self.product_ids)
        self.served = Rows._get_sharing_moves(stock)
        ranks = self.get_ranks(self.served)
        return Rows._divide_free_stock(
            stock,
            [
                *Rows._get_demands_to_share(self.served, ranks),
                *(
                    Demand(wish.id, wish.pool, wish.quantity, ranks[wish.id], wish.fit)
                    for wish in self.sharing
                ),
            ],
        )

    def share_free_stock(self, product_ids) -> dict[int, float]:
        # Competitors of other products, at places that wishes take from, do not occur:
        # these are asked for the products of the wishes alone.
        return self.free

    # ------------------------------------------------------------------- arrivals

    def find_shares(self) -> dict:
        """What arrivals bring of what stock does not cover, by id of the wish."""
        self.short = {
            wish.id: quantity
            for wish in self.sharing
            if (quantity := self.get_short(wish.id, wish.quantity)) > 0
        }
        pools = {wish.pool for wish in self.sharing if wish.id in self.short}
        if not pools or not self.read_arrivals(pools, self.days):
            return {}
        short = self.find_others()
        moves = self.env["stock.move"].browse(short)
        pools |= {(move.product_id.id, move.location_id.id) for move in moves}
        return self.share(moves, short, self.read_arrivals(pools, self.days))

    def get_short(self, demand_id: int, quantity: float) -> float:
        return round(quantity - self.free.get(demand_id, 0.0), self.digits)

    def find_others(self) -> dict[int, float]:
        """What others wait for, by move id, if these goods were asked for as well."""
        short = {
            fact.move_id: fact.short
            for fact in self.read_demands(self.product_ids)
            if self.is_waiting(fact)
        }
        short |= self.find_competitors(self.product_ids, self.days.company)
        for move in self.served:
            if move.company_id == self.days.company:
                short[move.id] = self.get_short(move.id, move._get_quantity_to_share())
        return {
            move_id: quantity for move_id, quantity in short.items() if quantity > 0
        }

    def is_waiting(self, fact: DemandFact) -> bool:
        return (
            fact.company_id == self.days.company.id
            and fact.short > 0
            and not fact.own_chain
            and not (fact.is_blocked and self.is_blocked(fact))
        )

    def make_waiting(self, moves, short) -> list[Waiting]:
        ranks = self.get_ranks(moves)
        return [
            *super().make_waiting(moves, short),
            *(
                Waiting(
                    wish.id,
                    ("wish", wish.id),
                    wish.pool,
                    self.short[wish.id],
                    ranks[wish.id],
                    wish.fit,
                )
                for wish in self.sharing
                if wish.id in self.short
            ),
        ]

    # ----------------------------------------------------------- order of service

    def get_ranks(self, moves) -> dict[int, tuple]:
        """The place of moves and wishes in the order of service, by id."""
        ranks = moves._get_ranks_by_strategy()
        places = defaultdict(list)
        for wish in self.sharing:
            places[self.get_warehouse(wish.place_id)].append(wish)
        company = self.days.company
        Strategy = self.env["backorder.strategy"]
        strategies = {place: Strategy._get_for(company, place) for place in places}
        if ranks is None and all(
            strategy._has_standard_order() for strategy in strategies.values()
        ):
            return moves._get_ranks() | {
                wish.id: self.rank_by_default(wish) for wish in self.sharing
            }
        ranks = dict(ranks or self.rank_apart(moves))
        for place, wishes in places.items():
            beside = moves.filtered(
                lambda move, place=place: (
                    move.company_id == company
                    and move.location_id.warehouse_id == place
                )
            )
            found = strategies[place]._rank_moves(
                beside, [wish.fact for wish in wishes]
            )
            for move_id, rank in found.items():
                ranks[move_id] = (company.id, place.id, *rank)
        return ranks

    def rank_apart(self, moves) -> dict[int, tuple]:
        """Moves of warehouses with the standard order, beside those of another one."""
        return {move_id: (0, 0, *rank) for move_id, rank in moves._get_ranks().items()}

    def get_warehouse(self, place_id: int):
        return self.env["stock.location"].browse(place_id).warehouse_id

    def rank_by_default(self, wish: Wish) -> tuple:
        return rank_by_default(
            demand_id=wish.id,
            starred=False,
            received_for_it=False,
            needed=self.days.find_day(wish.needed),
            ordered=wish.fact.ordered,
        )

    # ----------------------------------------------------------------- the offers

    def make_offer(self, wish: Wish, eta, finder: SourceFinder) -> Offer:
        covered = 0.0 if wish.to_order else self.free.get(wish.id, 0.0)
        shares = tuple(
            (move_id, part, self.ready.get(move_id, self.days.first))
            for move_id, part in (eta.shares if eta else ())
        )
        known = covered + sum(part for _move_id, part, _day in shares)
        missing = round(max(wish.quantity - known, 0.0), self.digits)
        ready = [self.days.first, *(day for _move_id, _part, day in shares)]
        days = None
        if missing:
            source = self.find_source(wish, missing, finder)
            if not source:
                return Offer(None, covered, shares, missing)
            self.sources[wish.id] = source
            ready.append(finder.find_day(source))
            days = source.lead.whole_days
            if wish.dropped:  # on the vendor's day, whether we work then or not
                day = finder.find_arrival(source)
                return Offer(day, covered, shares, missing, days)
        return Offer(self.find_wished_day(wish, ready), covered, shares, missing, days)

    def find_wished_day(self, wish: Wish, ready: list[date]) -> date:
        return find_eta(
            max(ready),
            wish.steps,
            self.days.security,
            wish.planned,
            self.days.work_days,
        )

    def find_source(self, wish: Wish, missing: float, finder) -> Source | None:
        if not wish.dropped:
            return finder.find(wish.product_id, wish.place_id, missing)
        return finder.find_by_rules(
            finder.by_id[wish.product_id],
            self.env["stock.rule"].browse(wish.rule_ids),
            missing,
            self.env["stock.location"],
        )
