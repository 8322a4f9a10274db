"""What orders may ship: their facts for :mod:`planning.shipping`.

Quantities are in the lines' units of measure, unless they are of moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property

from odoo import fields

from ..planning import shipping
from ..planning.agreement import ORDER
from ..planning.shipping import Decision
from ..planning.shortage import Shortage
from .backorder_kit import Kit
from .stock_move import OPEN_STATES


class OrderShipping:
    """One order's goods from one warehouse: a shipment comes out of one.

    Where it is agreed that the open orders of an address ship together, all of them.
    Needs rights of the superuser, whoever asks.

    :param orders: that ship together, all under the same agreement
    :param arrivals: finds what is to arrive for whom; None: nothing is known
    :param shortages: those of its moves at least, by their id
    """

    def __init__(self, orders, warehouse, arrivals, shortages: Mapping[int, Shortage]):
        self.env = orders.env
        self.orders = orders
        self.order = orders[:1]
        self.warehouse = warehouse
        self.arrivals = arrivals
        self.shortages = shortages
        self.rules = self.order._get_shipping_rules()
        self.find_day = self.order.company_id._remember_days()
        self.today = self.find_day(fields.Datetime.now())

    # ---------------------------------------------------------------------- facts

    @cached_property
    def moves(self):
        """All steps of its deliveries out of this warehouse."""
        return self.orders.order_line.move_ids.filtered(
            lambda move: (
                not move._is_void()
                and not move.backorder_exchange
                and move.location_id.warehouse_id == self.warehouse
                and move._is_backorder_delivery()
            )
        )

    @cached_property
    def lines(self):
        return self.moves.sale_line_id

    @cached_property
    def last_steps(self):
        """Open moves; what they want is what must still be brought."""
        return self.moves.filtered(
            lambda move: move.id in self.shortages and move._is_last_backorder_step()
        )

    @cached_property
    def first_steps(self):
        return self.moves._filter_backorder_first_steps()

    @cached_property
    def past_shipments(self):
        """Transfers that have left with goods of these orders, whoever else's were in
        them."""
        return self.orders.order_line.move_ids.filtered(
            lambda move: (
                move._is_backorder_shipment()
                and move.location_id.warehouse_id == self.warehouse
            )
        ).picking_id

    @cached_property
    def parts_of_today(self):
        """What has left today counts as a part of what leaves now, where several
        orders ship as one: their deliveries are validated one after the other."""
        if self.rules.ship_together == ORDER:
            return self.past_shipments.browse()
        now = fields.Datetime.now()  # what is just being validated has no date yet
        return self.past_shipments.filtered(
            lambda picking: self.find_day(picking.date_done or now) == self.today
        )

    @property
    def shipments(self) -> int:
        return len(self.past_shipments - self.parts_of_today)

    def get_left_today(self, line) -> float:
        """In the line's unit."""
        if not self.parts_of_today:
            return 0.0
        moves = line.move_ids.filtered(
            lambda move: move.picking_id in self.parts_of_today and move.state == "done"
        )
        return line._sum_backorder_qty(
            [(move, move._get_backorder_product_qty(move.quantity)) for move in moves],
            count_kits=Kit.count_complete,
        )

    @cached_property
    def needed(self) -> date | None:
        """The day that was agreed with the customer; Odoo's own deadline is nothing but
        its lead time, which nobody has promised."""
        days = [self.find_day(order.commitment_date or None) for order in self.orders]
        return min((day for day in days if day), default=None)

    @cached_property
    def waiting_since(self) -> date | None:
        """Since when goods that are there wait for more."""
        days = self.last_steps.picking_id.mapped("backorder_waiting_since")
        days += self.first_steps.picking_id.mapped("backorder_waiting_since")
        return min((day for day in days if day), default=None)

    @cached_property
    def open_by_line(self) -> dict[int, float]:
        moves = self.last_steps.grouped("sale_line_id")
        return {
            line.id: line._sum_backorder_shortages(moves[line], self.shortages)[0]
            if line in moves
            else 0.0
            for line in self.lines
        }

    @cached_property
    def with_nothing(self) -> shipping.Order:
        """The order as it stands, if nothing were there for it."""
        lines = [
            shipping.Line(
                id=line.id,
                # what was refunded was ordered; what is cancelled nothing brings
                ordered=line._get_backorder_kept() + self.open_by_line[line.id],
                open=self.open_by_line[line.id],
                available=0.0,
                price=line._get_unit_value(),
                weight=line._get_unit_weight(),
                group=line.delivery_group and (line.order_id.id, line.delivery_group),
                package=line._get_package(),
                left=self.get_left_today(line),
            )
            for line in self.lines
        ]
        return shipping.Order(
            lines=lines,
            today=self.today,
            shipments=self.shipments,
            needed=self.needed,
            waiting_since=self.waiting_since,
            ordered_on=self.find_day(min(self.orders.mapped("date_order"))),
        )

    def get_order(self, available: Mapping[int, float]) -> shipping.Order:
        """
        :param available: by line, what would be in the shipment
        """
        return self.with_nothing.with_available(available)

    # ------------------------------------------------------------ what is available

    def get_covered(self) -> dict[int, float]:
        """What stock covers of each line, reserved or free, or on its way."""
        short = {move.id: self.shortages[move.id].short for move in self.last_steps}
        return self.get_missing_by(self.last_steps, short)

    def get_missing_by(self, steps, missing: Mapping[int, float]) -> dict[int, float]:
        """What is there of each line where moves of one step miss what is said; whole
        kits.

        :param missing: by move id, product's unit
        """
        moves = steps.grouped("sale_line_id")
        there = {}
        for line in self.lines:
            lacking = line._sum_backorder_qty(
                [(move, missing.get(move.id, 0.0)) for move in moves.get(line, ())]
            )
            there[line.id] = max(0.0, self.open_by_line[line.id] - lacking)
        return there

    def get_in_shipment(self, quantities: Mapping[int, float]) -> dict[int, float]:
        """What would be in a shipment that takes these quantities, and what other
        transfers hold that are about to leave, too.

        :param quantities: by id of the moves that are about to be done, product's unit
        """
        there: dict[int, float] = defaultdict(float)
        validating = self.moves.browse(quantities)
        leaves = any(move.location_dest_id._is_outgoing() for move in validating)
        for move in self.moves.filtered(lambda move: move.state in OPEN_STATES):
            if move.id in quantities:
                there[self._get_last_step(move).id] += quantities[move.id]
            elif move.picking_id not in validating.picking_id and (
                move.location_dest_id._is_outgoing() or not leaves
            ):
                held = move._get_backorder_product_qty(move.quantity)
                there[self._get_last_step(move).id] += held
        if leaves:
            return self._count_there(there)
        # An earlier step is no shipment yet: what stock covers may still join it.
        for move in validating & self.first_steps:
            there[self._get_last_step(move).id] += move._get_free_stock_beside()
        covered = self.get_covered()
        return {
            line: max(quantity, covered.get(line, 0.0))
            for line, quantity in self._count_there(there).items()
        }

    def get_in_these(self, quantities: Mapping[int, float]) -> dict[int, float]:
        """The part of it that these moves bring."""
        there: dict[int, float] = defaultdict(float)
        for move in self.moves.browse(quantities):
            there[self._get_last_step(move).id] += quantities[move.id]
        return self._count_there(there)

    def get_elsewhere(self, moves) -> dict[int, float]:
        """What other open transfers of the orders hold or have picked, by line."""
        held: dict[int, float] = defaultdict(float)
        for move in self.moves.filtered(lambda move: move.state in OPEN_STATES) - moves:
            quantity = move._get_backorder_product_qty(move.quantity)
            held[self._get_last_step(move).id] += quantity
        return self._count_there(held)

    def _count_there(self, there: Mapping[int, float]) -> dict[int, float]:
        """Quantities of moves at the last step, by line in its unit; whole kits."""
        lacking = {
            move.id: max(0.0, self.shortages[move.id].open - there.get(move.id, 0.0))
            for move in self.last_steps
        }
        return self.get_missing_by(self.last_steps, lacking)

    def _get_last_step(self, move):
        """Where on its way to the customer an open move's goods are counted."""
        while move not in self.last_steps:
            following = move.move_dest_ids.filtered(
                lambda each: each in self.moves and each.id in self.shortages
            )
            if not following:
                break
            move = following[0]
        return move

    # ------------------------------------------------------------------- decisions

    def decide(self, available: Mapping[int, float]) -> Decision:
        """What of the order ships now, with these goods."""
        order = self.get_order(available)
        decision = shipping.decide(self.rules, order)
        if self.arrivals is None or not self._depends_on_arrivals(decision, order):
            return decision
        arrivals = self.arrivals.get_shipping_arrivals(self)
        if not arrivals:
            return decision
        return shipping.decide(self.rules, replace(order, arrivals=arrivals))

    def _depends_on_arrivals(self, decision: Decision, order) -> bool:
        """Would knowing what is to arrive change the decision, or its date?"""
        if decision.is_held:
            return decision.until is None
        missing = any(line.open > line.available for line in order.lines)
        return bool(self.rules.consolidate_days and decision.ships and missing)

    def make_rule(self, wanted: Mapping[int, float]):
        """A rule for the planner: which demands may hold what they would get.

        :param wanted: what the planner may give, by move id, product's unit; all other
            demands of the order have what they have
        """
        missing = {
            move.id: wanted.get(
                move.id,
                self.shortages[move.id].open - self.shortages[move.id].allocated,
            )
            for move in self.first_steps
        }

        def find_usable(got: Mapping[int, float]) -> set[int]:
            lacking = {
                move_id: max(0.0, quantity - got.get(move_id, 0.0))
                for move_id, quantity in missing.items()
            }
            lines = self.get_usable(lacking)
            return {
                move.id
                for move in self.first_steps
                if move.sale_line_id.id in lines or move.backorder_override
            }

        return find_usable

    def get_usable(self, missing: Mapping[int, float]) -> set[int]:
        """Lines that may hold goods, where first steps miss what is said."""
        available = self.get_missing_by(self.first_steps, missing)
        keeps = shipping.may_use(self.rules, self.get_order(available))
        return {line_id for line_id, quantity in keeps.items() if quantity > 0}


class ArrivalFinder:
    """What is to arrive for the lines of orders, looked up once for all of them.

    :param orders: those that may be asked about
    """

    def __init__(self, orders):
        self.env = orders.env
        self.orders = orders
        self._shares: dict[tuple, dict] = {}

    def get_shipping_arrivals(self, facts: OrderShipping) -> list[shipping.Arrival]:
        """What is to arrive for one order; each arrival in the line's unit."""
        place = (facts.order.company_id, facts.warehouse)
        if place not in self._shares:
            demands = self.orders.order_line.move_ids._filter_backorder_demands()
            self._shares[place] = self.env["backorder.pin.arrival"]._find_arrivals(
                *place,
                demands.filtered(
                    lambda move: move.location_id.warehouse_id == facts.warehouse
                ),
            )
        return list(self._describe(facts, self._shares[place]))

    def _describe(self, facts, shares) -> Iterable[shipping.Arrival]:
        for move in facts.first_steps:
            line = move.sale_line_id
            for arrival, quantity in shares.get(move.id, ()):
                yield shipping.Arrival(
                    day=facts.find_day(arrival.date),
                    line=line.id,
                    quantity=line._sum_backorder_qty([(move, quantity)]),
                    name=arrival.origin
                    or arrival.picking_id.origin
                    or arrival.reference
                    or "",
                )


def find_shippings(moves, arrivals=None) -> list[tuple]:
    """Who decides about these moves.

    :param moves: with the superuser's rights
    :return: pairs of :class:`OrderShipping` and its moves; moves of orders of which
        simply all ships that is there are left out
    """
    ruled = moves._get_ruled_orders()
    deliveries = moves.filtered(
        lambda move: (
            move.sale_line_id.order_id in ruled
            and not move.backorder_exchange
            and move.location_id.usage == "internal"
            and move._is_backorder_delivery()
        )
    )
    together = ruled._map_shipping_together()
    moves_by_place = deliveries.grouped(lambda move: move._get_shipping_place(together))
    facts = gather_shippings(moves_by_place, arrivals)
    return [(facts[place], same) for place, same in moves_by_place.items()]


def gather_shippings(places, arrivals=None) -> dict[tuple, OrderShipping]:
    """What orders may ship, for many of them: what all look at is read together.

    :param places: pairs of orders that ship together, and the warehouse they ship from
    """
    places = list(dict.fromkeys(places))
    if not places:
        return {}
    orders = places[0][0].union(*(orders for orders, _warehouse in places))
    moves = _read_together(orders)
    shortages = moves._get_backorder_shortages()
    return {place: OrderShipping(*place, arrivals, shortages) for place in places}


def _read_together(orders):
    """
    :return: all moves of the orders
    """
    _fetch(
        orders,
        "backorder_policy_id commitment_date company_id currency_rate date_order "
        "has_delivery_groups picking_policy",
    )
    lines = orders.order_line
    _fetch(
        lines,
        "company_id delivery_group order_id price_subtotal product_id product_uom_id "
        "product_uom_qty state",
    )
    moves = lines.move_ids
    _fetch(
        moves,
        "backorder_exchange backorder_override bom_line_id company_id location_dest_id "
        "location_final_id location_id picked picking_id procure_method product_id "
        "product_qty product_uom product_uom_qty quantity sale_line_id state to_refund",
    )
    linked = moves.move_orig_ids | moves.move_dest_ids
    _fetch((linked - moves), "sale_line_id state")
    _fetch(moves.picking_id, "backorder_waiting_since date_done state")
    return moves


def _fetch(records, names: str) -> None:
    """Read fields, those of modules that are not there left out."""
    records.fetch([name for name in names.split() if name in records._fields])
