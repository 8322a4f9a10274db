"""The facts of who waits for what is to arrive, and when it can be there.

Quantities are in the products' units of measure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from odoo.tools import SQL

from ..planning.eta import Arrival, Eta, find_etas
from ..planning.lateness import Estimate, Record, Records, estimate_arrival
from ..planning.promising import Promise, Waiting
from ..planning.work_days import find_eta
from .backorder_facts import get_arrivals_query
from .company_days import CompanyDays
from .stock_move_onward import StepFinder

# How a date comes about.
STOCK = "stock"
ARRIVAL = "arrival"
OWN_CHAIN = "own_chain"
BLOCKED = "blocked"
NONE = "none"

ETA_KINDS = [
    (STOCK, "The goods are there"),
    (ARRIVAL, "From arrivals"),
    (OWN_CHAIN, "Comes for this very order"),
    (BLOCKED, "The order takes no goods"),
    (NONE, "No arrival known"),
]


@dataclass(slots=True)
class Expected:
    """What is known about when a demand's goods can be there.

    :ivar eta: the day on which the customer can have all of it; None: not known
    :ivar late: the day that holds nine times in ten, by the records of the vendors
    :ivar kind: one of ETA_KINDS
    :ivar shares: stock moves that bring it, and quantities
    :ivar missing: what nothing brings
    :ivar if_ordered: the day on which the customer could have all of it, if what is
        missing was ordered today; None: nothing is missing, or it cannot be ordered
    """

    eta: date | None
    kind: str
    shares: tuple = ()
    missing: float = 0.0
    late: date | None = None
    if_ordered: date | None = None


@dataclass(frozen=True, slots=True)
class DemandFact:
    """A demand that is short, or was.

    :ivar short: what stock does not cover
    :ivar needed: the moment that was agreed on, UTC
    :ivar is_blocked: its order takes no goods
    :ivar is_last_step: the customer has the goods when it is done
    """

    move_id: int
    product_id: int
    location_id: int
    company_id: int
    short: float
    needed: datetime | None
    own_chain: bool
    is_blocked: bool
    is_last_step: bool


@dataclass(frozen=True, slots=True)
class ArrivalFact:
    """Goods that a stock move brings to a place, and the day they are there.

    :ivar ready: the likely one
    :ivar late: nine times in ten they are there by then
    """

    move_id: int
    product_id: int
    place_id: int
    quantity: float
    ready: date
    late: date


def make_covered(day: date) -> Expected:
    return Expected(day, STOCK, late=day)


class EtaFinder:
    """Finds when what is short of products can be there. Needs the rights of the
    superuser, as who is served before counts whoever may see his orders.

    :param now: UTC
    """

    def __init__(self, env, now: datetime):
        self.env = env
        self.now = now
        self.digits = env["decimal.precision"].precision_get("Product Unit")
        self.steps = StepFinder(env, self.get_moment)

    def find(self, product_ids: Iterable[int]) -> dict[int, Expected]:
        """
        :return: by move id of the demands that are short, or were
        """
        by_company: dict[int, list[DemandFact]] = defaultdict(list)
        for fact in self.read_demands(product_ids):
            by_company[fact.company_id].append(fact)
        result: dict[int, Expected] = {}
        for company_id, demands in by_company.items():
            company = self.env["res.company"].browse(company_id)
            days = CompanyDays(company, self.now)
            result.update(self.find_of_company(demands, days))
        return result

    def read_demands(self, product_ids: Iterable[int]) -> list[DemandFact]:
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT d.move_id, d.product_id, d.location_id, d.company_id,
                       d.qty_short::float, d.date_needed, d.own_chain,
                       o.backorder_blocked IS TRUE,
                       COALESCE(m.location_final_id, m.location_dest_id)
                           = m.location_dest_id
                  FROM backorder_demand d
                  JOIN stock_move m ON m.id = d.move_id
                  JOIN sale_order o ON o.id = d.order_id
                 WHERE d.product_id = ANY(%s) AND %s
                 ORDER BY d.move_id
                """,
                list(product_ids),
                self.get_condition(),
            )
        )
        return [DemandFact(*row) for row in rows]

    def get_condition(self) -> SQL:
        """Which demands have an expected day: those that are short, or were."""
        return SQL("(d.qty_short > 0 OR d.since IS NOT NULL)")

    def find_of_company(self, demands, days: CompanyDays) -> dict[int, Expected]:
        find_covered = cache(
            lambda needed: make_covered(self.find_day(days, days.first, needed, 0))
        )
        result, waiting = {}, []
        for demand in demands:
            if demand.short <= 0 and demand.is_last_step:  # most of them
                result[demand.move_id] = find_covered(demand.needed)
            elif demand.short <= 0:
                day = self.find_day_of(demand, days.first, days)
                result[demand.move_id] = make_covered(day)
            elif demand.own_chain:
                result[demand.move_id] = self.find_own(demand, days)
            elif demand.is_blocked and self.is_blocked(demand):
                result[demand.move_id] = Expected(None, BLOCKED, missing=demand.short)
            else:
                waiting.append(demand)
        return result | self.find_from_arrivals(waiting, days)

    def is_blocked(self, demand: DemandFact) -> bool:
        return not self.get_move(demand)._filter_not_blocked()

    def get_move(self, demand: DemandFact):
        return self.env["stock.move"].browse(demand.move_id)

    def find_day_of(self, demand: DemandFact, ready: date, days: CompanyDays) -> date:
        steps = 0
        if not demand.is_last_step:
            move = self.get_move(demand)
            steps = self.steps.count_days(move, move.location_final_id)
        return self.find_day(days, ready, demand.needed, steps)

    def find_day(self, days, ready: date, needed: datetime | None, steps: int) -> date:
        planned = days.find_day(needed)
        return find_eta(ready, steps, days.security, planned, days.work_days)

    # ------------------------------------------------------------------ own chain

    def find_own(self, demand: DemandFact, days: CompanyDays) -> Expected:
        """Goods that come for this very demand: when the last of them do."""
        own = self.get_move(demand)
        moves = self.get_own_chain(own)
        brings = sum(
            self.get_quantity(move)
            for move in own.move_orig_ids & moves
            if move.product_id == own.product_id
        )
        shares = tuple((move.id, self.get_quantity(move)) for move in moves)
        if not moves or own.product_id.uom_id.compare(brings, demand.short) < 0:
            missing = round(demand.short - brings, self.digits)
            return Expected(None, OWN_CHAIN, shares, missing)
        records = self.get_records(days.company, moves)
        found = [
            self.find_ready(move, own.location_id, days, records) for move in moves
        ]
        eta, late = (
            self.find_day_of(demand, max(ready), days)
            for ready in zip(*found, strict=True)
        )
        return Expected(eta, OWN_CHAIN, shares, late=late)

    def get_own_chain(self, move):
        """Return the open moves that bring goods for this very one."""
        return move._get_open_backorder_chain() - move

    def get_quantity(self, move) -> float:
        """Return what a move brings."""
        return move.product_qty

    def get_moment(self, move) -> datetime:
        """Return when a move is expected, UTC."""
        return move._get_expected_moment()

    # ------------------------------------------------------------------- arrivals

    def find_from_arrivals(self, demands, days: CompanyDays) -> dict[int, Expected]:
        facts, etas = self.share_arrivals(demands, days)
        late = {fact.move_id: fact.late for fact in facts}
        return {
            demand.move_id: self.make_expected(
                demand, etas.get(demand.move_id), late, days
            )
            for demand in demands
        }

    def share_arrivals(self, demands, days) -> tuple[list[ArrivalFact], dict[int, Eta]]:
        """Divide what is to arrive among these demands and all that competes.

        :return: what is to arrive, and by move id who gets what of it, in the order of
            service; nothing where nothing is to arrive
        """
        pools = {(demand.product_id, demand.location_id) for demand in demands}
        facts = self.read_arrivals(pools, days) if pools else []
        if not facts:
            return [], {}
        products = {fact.product_id for fact in facts}
        competitors = self.find_competitors(products, days.company)
        short = {demand.move_id: demand.short for demand in demands} | competitors
        moves = self.env["stock.move"].browse(short)
        others = {
            (move.product_id.id, move.location_id.id)
            for move in moves.browse(competitors)
        }
        if others - pools:
            facts = self.read_arrivals(others | pools, days)
        return facts, self.share(moves, short, facts)

    def make_expected(self, demand: DemandFact, eta: Eta | None, late, days):
        if not eta:
            return Expected(None, NONE, missing=demand.short)
        if not eta.ready:
            kind = ARRIVAL if eta.shares else NONE
            return Expected(None, kind, eta.shares, eta.missing)
        latest = max(late[move_id] for move_id, _part in eta.shares)
        return Expected(
            self.find_day_of(demand, eta.ready, days),
            ARRIVAL,
            eta.shares,
            late=self.find_day_of(demand, max(latest, eta.ready), days),
        )

    def share(self, moves, short, facts: list[ArrivalFact]) -> dict[int, Eta]:
        """Divide arrivals as a reservation would divide stock.

        :param short: what stock does not cover, by move id
        """
        waiting = self.make_waiting(moves, short)
        pools: dict[tuple, list[Arrival]] = {each.pool: [] for each in waiting}
        for fact in facts:
            if (pool := pools.get((fact.product_id, fact.place_id))) is not None:
                pool.append(Arrival(fact.move_id, fact.quantity, fact.ready))
        return find_etas(waiting, pools, self.read_promises(facts), digits=self.digits)

    def make_waiting(self, moves, short) -> list[Waiting]:
        """Who shares arrivals, as `share`."""
        ranks = self.get_ranks(moves)
        return [
            Waiting(
                move.id,
                (move.sale_line_id.id, move.product_id.id)
                if move.sale_line_id
                else ("move", move.id),
                (move.product_id.id, move.location_id.id),
                short[move.id],
                ranks[move.id],
                move._get_share_fit(),
            )
            for move in moves
        ]

    def get_ranks(self, moves) -> dict[int, tuple]:
        """Return the place of each move in the order of service."""
        return moves._get_ranks()

    def read_arrivals(self, pools, days: CompanyDays) -> list[ArrivalFact]:
        """What is to arrive at these places, the earliest first.

        :param pools: ids of products and locations
        """
        rows = self.read_arrival_rows(pools, days.company)
        moves = self.env["stock.move"].browse(dict.fromkeys(row[0] for row in rows))
        move_by_id = {move.id: move for move in moves}
        records = self.get_records(days.company, moves)
        places = self.env["stock.location"].browse({row[2] for row in rows})
        place_by_id = {place.id: place for place in places}
        return [
            ArrivalFact(
                move_id,
                product_id,
                place_id,
                quantity,
                *self.find_ready(
                    move_by_id[move_id], place_by_id[place_id], days, records
                ),
            )
            for move_id, product_id, place_id, quantity in rows
        ]

    def read_arrival_rows(self, pools, company) -> list[tuple[int, int, int, float]]:
        """
        :return: ids of moves, products and places, and quantities; the earliest first
        """
        return self.env.execute_query(
            SQL(
                "SELECT move_id, product_id, place_id, product_qty::float"
                " FROM (%s) arrival WHERE product_qty > 0 ORDER BY date, move_id",
                get_arrivals_query(
                    company.id,
                    {place_id for _product_id, place_id in pools},
                    {product_id for product_id, _place_id in pools},
                ),
            )
        )

    def find_ready(self, move, place, days: CompanyDays, records) -> tuple[date, date]:
        """When what a move brings can be taken from a place: likely, and at the latest
        nine times in ten."""
        estimate = self.estimate(move, days, records)
        steps = self.steps.count_days(move, place)
        return (
            days.find_ready(estimate.likely, steps),
            days.find_ready(estimate.late, steps),
        )

    def estimate(self, move, days: CompanyDays, records: Records) -> Estimate:
        """When a move can be expected, by the record of the vendor who delivers.

        Not before the open steps that feed it: Odoo does not put it off with them.
        """
        steps = move | move._get_open_backorder_chain()
        promised = days.find_day(max(map(self.get_moment, steps)))
        record = Record("none")
        if vendor := move._get_vendor():
            record = records.find(vendor.id, move.product_id.id)
        return estimate_arrival(promised, days.today, record)

    def get_records(self, company, moves) -> Records:
        vendors = moves._get_vendor()
        return self.env["backorder.lateness"]._get_records(company, vendors)

    def read_promises(self, facts: list[ArrivalFact]) -> list[Promise]:
        """What of these arrivals is kept for pinned lines."""
        Kept = self.env["backorder.pin.arrival"]
        kept = Kept.search([("move_id", "in", [fact.move_id for fact in facts])])
        return kept._get_promises_needed() if kept else []

    def find_competitors(self, product_ids, company) -> dict[int, float]:
        """Moves that are no demands and wait for the same goods, such as components:
        what stock does not cover of them."""
        moves = self.env["stock.move"].search(
            [
                ("product_id", "in", list(product_ids)),
                ("company_id", "=", company.id),
                ("state", "in", ("waiting", "confirmed", "partially_available")),
                ("location_id.usage", "=", "internal"),
                ("backorder_demand_ids", "=", False),
                ("picked", "=", False),
            ]
        )
        moves = moves.filtered(
            lambda move: move.product_id.is_storable and move._may_take_free_stock()
        )
        if not moves:
            return {}
        free = self.share_free_stock(moves.product_id.ids)
        short = {
            move.id: round(
                move._get_quantity_to_share() - free.get(move.id, 0.0), self.digits
            )
            for move in moves
        }
        return {
            move_id: quantity for move_id, quantity in short.items() if quantity > 0
        }

    def share_free_stock(self, product_ids) -> dict[int, float]:
        """Return what free stock covers of moves, by move id."""
        Demand = self.env["backorder.demand"]
        stock = Demand._get_stock(product_ids)
        wanted = self.get_wanted(stock)
        if not wanted:
            return {}
        sharing = self.env["stock.move"].browse(wanted)
        ranks = self.get_ranks(sharing)
        demands = Demand._get_demands_to_share(sharing, ranks, wanted)
        return Demand._divide_free_stock(stock, demands)

    def get_wanted(self, stock) -> dict[int, float]:
        """Return what moves could take of free stock, by move id."""
        moves = self.env["backorder.demand"]._get_sharing_moves(stock)
        return {move.id: move._get_quantity_to_share() for move in moves}
