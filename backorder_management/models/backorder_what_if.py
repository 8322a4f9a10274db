"""When what is short could be there if something changed: nothing is written."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime

from odoo.tools import SQL

from ..planning.eta import Departures, find_last_of_all
from ..planning.lateness import Record, estimate_arrival
from ..planning.promising import Promise, pass_on
from .backorder_drop_shipment_days import find_drop_shipped
from .backorder_eta import ArrivalFact, DemandFact, EtaFinder, Expected
from .backorder_eta_documents import read_parts_of_orders
from .backorder_imagined import AS_IT_IS, Bought, Imagined
from .company_days import CompanyDays

# Nothing of it is missing, or it would be cancelled.
NEVER_SHORT = ""
CANCELLED = "cancelled"


class WhatIfFinder(EtaFinder):
    """The same as `EtaFinder`, with other facts.

    Demands that were never short are among them, as they may be short then; as long as
    they are not, they have no expected day.
    """

    def __init__(self, env, now, imagined: Imagined):
        super().__init__(env, now)
        self.imagined = imagined

    # -------------------------------------------------------------------- demands

    def get_condition(self) -> SQL:
        return SQL("TRUE")

    def read_demands(self, product_ids) -> list[DemandFact]:
        facts = super().read_demands(product_ids)
        if not facts:
            return []
        rows = self.env["backorder.demand"].search_fetch(
            [("move_id", "in", [fact.move_id for fact in facts])],
            ["move_id", "qty_free"],
        )
        covered = {row.move_id.id: row.qty_free for row in rows}
        free = self.share_free_stock(list(product_ids))
        return [
            self.imagine_demand(
                fact, covered.get(fact.move_id, 0.0) - free.get(fact.move_id, 0.0)
            )
            for fact in facts
        ]

    def imagine_demand(self, fact: DemandFact, less: float) -> DemandFact:
        """:param less: what free stock would cover less of it, or below zero: more"""
        return replace(
            fact,
            short=max(round(fact.short + less, self.digits), 0.0),
            needed=self.imagined.needed.get(fact.move_id, fact.needed),
            own_chain=fact.own_chain and fact.move_id not in self.imagined.freed,
        )

    def find_of_company(self, demands, days: CompanyDays) -> dict[int, Expected]:
        cancelled = self.imagined.cancelled
        there = [demand for demand in demands if demand.move_id not in cancelled]
        found = super().find_of_company(there, days)
        moves = self.env["stock.move"].browse(found)
        never_short = {move.id for move in moves if not move.backorder_since}
        for demand in demands:
            if demand.move_id in cancelled:
                found[demand.move_id] = Expected(None, CANCELLED)
            elif demand.short <= 0 and demand.move_id in never_short:
                found[demand.move_id] = Expected(None, NEVER_SHORT)
        return found

    def get_ranks(self, moves) -> dict[int, tuple]:
        return moves._get_ranks(self.imagined)

    def get_wanted(self, stock) -> dict[int, float]:
        wanted = super().get_wanted(stock)
        for move in self.env["stock.move"].browse(self.imagined.freed).exists():
            if any(product_id == move.product_id.id for product_id, _place in stock):
                wanted[move.id] = move._get_quantity_to_reserve()
        for move_id in self.imagined.cancelled:
            wanted.pop(move_id, None)
        return wanted

    def find_competitors(self, product_ids, company) -> dict[int, float]:
        competitors = super().find_competitors(product_ids, company)
        return {
            move_id: quantity
            for move_id, quantity in competitors.items()
            if move_id not in self.imagined.cancelled
        }

    # ------------------------------------------------------------------- arrivals

    def get_quantity(self, move) -> float:
        return self.imagined.get_quantity(move)

    def get_moment(self, move):
        return self.imagined.get_moment(move)

    def get_own_chain(self, move):
        chain = super().get_own_chain(move)
        return chain.filtered(lambda each: each.id not in self.imagined.cancelled)

    def read_arrival_rows(self, pools, company):
        rows = super().read_arrival_rows(pools, company)
        rows += self.read_orphans(pools, {row[0] for row in rows})
        moves = self.env["stock.move"].browse(dict.fromkeys(row[0] for row in rows))
        by_id = {move.id: move for move in moves}
        changed = [
            (move_id, product_id, place_id, self.imagine_quantity(by_id[move_id], full))
            for move_id, product_id, place_id, full in rows
        ]
        # of two that are ready on one day, it does not matter which comes first
        return [row for row in changed if row[3] > 0]

    def imagine_quantity(self, move, quantity: float) -> float:
        if move.id in self.imagined.cancelled:
            return 0.0
        return self.imagined.quantities.get(move.id, quantity)

    def read_orphans(self, pools, known) -> list[tuple[int, int, int, float]]:
        """Arrivals that would come although the steps before them are cancelled."""
        moves = self.env["stock.move"].browse(self.imagined.freed - known)
        places = self.env["stock.location"]
        return [
            (move.id, product_id, place_id, move.product_qty)
            for move in moves.exists()
            if move._is_arrival()
            for product_id, place_id in pools
            if product_id == move.product_id.id
            and move._get_target()._child_of(places.browse(place_id))
            and not move.location_id._child_of(places.browse(place_id))
        ]

    def read_arrivals(self, pools, days: CompanyDays) -> list[ArrivalFact]:
        facts = super().read_arrivals(pools, days)
        for number, bought in enumerate(self.imagined.bought):
            if bought.warehouse.company_id == days.company:
                facts += self.make_bought(-1 - number, bought, pools, days)
        return facts

    def make_bought(self, number: int, bought: Bought, pools, days):
        """The receipts that a purchase would be: they come after all that is ordered
        for the same day."""
        move = self.env["stock.move"].new(self.prepare_receipt(bought))
        records = self.env["backorder.lateness"]._get_records(
            days.company, bought.vendor
        )
        record = Record("none")
        if bought.vendor:
            record = records.find(bought.vendor.id, bought.product.id)
        estimate = estimate_arrival(bought.day, days.today, record)
        for product_id, place_id in pools:
            place = self.env["stock.location"].browse(place_id)
            target = bought.warehouse.lot_stock_id
            if product_id == bought.product.id and target._child_of(place):
                steps = self.steps.count_days(move, place)
                yield ArrivalFact(
                    number,
                    product_id,
                    place_id,
                    bought.quantity,
                    days.find_ready(estimate.likely, steps),
                    days.find_ready(estimate.late, steps),
                )

    def prepare_receipt(self, bought: Bought) -> dict:
        receipts = bought.warehouse.in_type_id
        return {
            "product_id": bought.product.id,
            "product_uom_qty": bought.quantity,
            "picking_type_id": receipts.id,
            "warehouse_id": bought.warehouse.id,
            "company_id": bought.warehouse.company_id.id,
            "location_id": self.env.ref("stock.stock_location_suppliers").id,
            "location_dest_id": receipts.default_location_dest_id.id,
            "location_final_id": bought.warehouse.lot_stock_id.id,
        }

    def read_promises(self, facts) -> list[Promise]:
        promises = super().read_promises([fact for fact in facts if fact.move_id > 0])
        kept = pass_on(
            promises,
            {fact.move_id: fact.quantity for fact in facts},
            {},
            digits=self.digits,
        )
        return [
            replace(promise, quantity=quantity)
            for promise, parts in zip(promises, kept, strict=True)
            for _arrival, quantity in parts
        ]


@dataclass(frozen=True, slots=True)
class Change:
    """A line whose expected day would be another one.

    Days are where the company is; None: not known, or nothing is missing.

    :ivar kind: how the day would come about, see ETA_KINDS; empty: never short
    """

    line_id: int
    order_id: int
    before: date | None
    after: date | None
    kind: str
    order_before: date | None
    order_after: date | None


def find_changes(env, product_ids, imagined: Imagined, now: datetime) -> list[Change]:
    """Return the lines of which the expected day would change.

    :param env: of the superuser, as who is served before counts whoever may see his
        orders
    """
    product_ids = list(product_ids)
    finder_before = WhatIfFinder(env, now, AS_IT_IS)
    finder_after = WhatIfFinder(env, now, imagined)
    before = finder_before.find(product_ids)
    after = finder_after.find(product_ids)
    touched = imagined.get_touched() | {
        move_id
        for move_id, expected in after.items()
        if (before[move_id].eta, before[move_id].kind) != (expected.eta, expected.kind)
    }
    orders = env["stock.move"].browse(touched).sale_line_id.order_id
    together = orders.order_line._map_leaving_together()
    parts = list(read_parts_of_orders(env, orders.ids, now))
    lines_before, orders_before = find_days(
        [*parts, *find_drop_shipped(env, orders.ids, (), finder_before)],
        before,
        together,
    )
    dropped = [
        (ids, part)
        for ids, part in find_drop_shipped(env, orders.ids, (), finder_after)
        if ids[-1] not in imagined.cancelled
    ]
    lines_after, orders_after = find_days([*parts, *dropped], after, together)
    changes = []
    for (line_id, order_id), (day, _kind) in lines_before.items():
        new_day, kind = lines_after.get((line_id, order_id), (None, CANCELLED))
        if day != new_day:
            changes.append(
                Change(
                    line_id,
                    order_id,
                    day,
                    new_day,
                    kind,
                    orders_before[order_id],
                    orders_after.get(order_id),
                )
            )
    return changes


def find_days(parts, found, together) -> tuple[dict, dict]:
    """Return the day of each line and how it comes about, and the day of each order.

    :param parts: as of `read_parts_of_orders`
    :param found: `Expected` by move id
    :param together: what lines that leave together have in common, by their id
    """
    by_line, by_order = defaultdict(list), defaultdict(list)
    orders, kinds = {}, {}
    for (_owner, line_id, order_id, move_id), part in parts:
        if expected := found.get(move_id):
            if expected.kind == CANCELLED:
                continue
            part = replace(part, eta=expected.eta, kind=expected.kind)
        by_line[line_id].append(part)
        by_order[order_id].append(part)
        orders[line_id] = order_id
        kinds[line_id] = part.kind
    departures = Departures(by_line, together)
    return (
        {
            (line_id, orders[line_id]): (departures.find_day(line_id), kinds[line_id])
            for line_id in by_line
        },
        {order_id: find_last_of_all(own) for order_id, own in by_order.items()},
    )
