"""Reservation: the order of service, and reserving many demands at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import contextmanager
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import float_compare, float_round, groupby

from ..planning.allocation import (
    Allocation,
    Demand,
    allocate_in_sequence,
    rank_by_default,
)
from ..planning.shipping import fit_to_packages
from .backorder_imagined import AS_IT_IS, Imagined
from .stock_quant import DeferredReservations, get_place

# Methods that reserving in bulk does not call. Where a module we do not know extends
# one of them, its rules count: the moves are then left to core's own routine.
BYPASSED_HOOKS = {
    "stock.move": (
        "_get_available_quantity",
        "_update_reserved_quantity",
        "_update_reserved_quantity_vals",
    ),
    "stock.quant": (
        "_gather",
        "_get_available_quantity",
        "_get_gather_domain",
        "_get_removal_strategy_order",
        "_get_reserve_quantity",
    ),
    "stock.location": ("_get_putaway_strategy",),
}
KNOWN_MODULES = ("stock", "product_expiry", "backorder_management")
# Here it hangs on place, product and company alone whether goods are reserved at all.
KNOWN_BYPASSES = ("stock", "mrp", "backorder_management")

# Above this many waiting moves the rest is left to a scheduled action.
QUEUE_ABOVE = 5000
# Of many moves, what reserving looks at is read at once: Odoo would read all of their
# columns, in thousands. What another module looks at comes when it does.
MANY = 100
LOOKED_AT = (
    "backorder_since",
    "company_id",
    "date",
    "date_deadline",
    "is_in",
    "is_out",
    "location_dest_id",
    "location_final_id",
    "location_id",
    "picked",
    "picking_id",
    "picking_type_id",
    "priority",
    "procure_method",
    "product_id",
    "product_qty",
    "product_uom",
    "product_uom_qty",
    "production_id",
    "purchase_line_id",
    "quantity",
    "raw_material_production_id",
    "sale_line_id",
    "scrap_id",
    "state",
)


class StockMove(models.Model):
    _inherit = "stock.move"

    # ------------------------------------------------------------------- the gate

    def _action_assign(self, force_qty=False):
        # The one place that every reservation passes, whoever asks for it. Everything
        # is handed on, what is reserved by now too: other modules extend this method
        # to see what has been reserved (automatic waves do).
        if len(self) > MANY:
            self._read_together()
        if force_qty or not any(move._is_backorder_demand() for move in self):
            result = super()._action_assign(force_qty=force_qty)
            siblings = self.browse() if force_qty else self._get_bound_siblings()
            if siblings:
                siblings._action_assign()
            return result
        ruled = bool(self._get_ruled_orders())
        demands = self | self._get_bound_siblings() if ruled else self
        moves = demands._filter_not_blocked()._sorted_by_order_of_service()
        if ruled:
            moves = moves._without_useless_reservations()
        planned = moves._reserve_in_bulk()
        planned_ids = frozenset(planned.ids)
        planned = moves.with_context(
            backorder_planned_move_ids=planned_ids,
            backorder_stocked_move_ids=planned_ids,
        )
        result = super(StockMove, planned)._action_assign(force_qty=force_qty)
        if ruled:
            demands._give_back_useless_reservations()
        return result

    def _read_together(self) -> None:
        self.fetch([name for name in LOOKED_AT if name in self._fields])
        # sudo: warehouse users need not have the right to read orders
        orders = self.sudo().sale_line_id.order_id
        orders.fetch(orders._get_reservation_fields())

    def _update_reserved_quantity(
        self,
        need,
        location_id,
        lot_id=None,
        package_id=None,
        owner_id=None,
        strict=True,
    ):
        # Core's routine comes here for what free stock did not cover: looking again for
        # each such move is most of what reserving costs.
        if self.id in self.env.context.get("backorder_planned_move_ids", ()):
            return 0
        # What core reserves by itself, such as serial numbers.
        if not self.move_orig_ids and self._get_whole_package():
            available = self._get_available_quantity(
                location_id, lot_id, package_id, owner_id, strict
            )
            need = self._get_reservation_fit()(min(need, max(0.0, available)))
        return super()._update_reserved_quantity(
            need, location_id, lot_id, package_id, owner_id, strict
        )

    def _should_bypass_reservation(self, forced_location=False):
        # Of these it has just been found out that they do not, and core asks for each
        # of its lines again.
        stocked = self.env.context.get("backorder_stocked_move_ids")
        if stocked and not forced_location and self.id in stocked:
            return False
        return super()._should_bypass_reservation(forced_location)

    def _sorted_by_order_of_service(self):
        """The same moves, those to be served first in front."""
        ranks = self._get_ranks()
        return self.sorted(key=lambda move: ranks[move.id])

    def _get_ranks(self, facts: Imagined = AS_IT_IS) -> dict[int, tuple]:
        """The place of each move in the order of service, by move id.

        Moves that are not demands, such as components of production, compete for the
        same goods at the place of their priority and date.

        :param facts: what would be other than it is
        """
        special = self._get_ranks_by_strategy(facts)
        if special is not None:
            return special
        received = self.env.context.get("backorder_received_reference_ids", frozenset())
        # Warehouse users need not have the right to read sales orders.
        moves = self.sudo()
        # of the orders, this is all that is looked at
        orders = moves.sale_line_id.order_id
        orders.fetch(orders._get_reservation_fields())
        find_day = {each.id: each._remember_days() for each in moves.company_id}
        return {
            move.id: rank_by_default(
                demand_id=move.id,
                starred=facts.is_starred(move),
                received_for_it=bool(received)
                and not received.isdisjoint(move.reference_ids.ids),
                # the day the customer needs it; core moves only the deadline along
                # when a promised date changes
                needed=find_day[move.company_id.id](facts.get_needed(move)),
                ordered=move.sale_line_id.order_id.date_order,
            )
            for move in moves
        }

    # --------------------------------------------------------- what goes in bulk

    def _filter_reservable_in_bulk(self):
        """Moves for which sorting their quants tells all that core would reserve.

        By product: moves of one product compete for the same goods, so that either all
        of them are planned together or none is.
        """
        if self.env["stock.move"]._has_unknown_reservation_hooks():
            return self.browse()
        candidates = self._filter_taking_from_stock()
        left_to_core = candidates.product_id.filtered(
            lambda product: not product._has_plain_reservations()
        )
        if candidates.move_orig_ids:
            left_to_core |= candidates.filtered("move_orig_ids").product_id
        if not left_to_core:
            return candidates
        return candidates.filtered(lambda move: move.product_id not in left_to_core)

    def _filter_taking_from_stock(self):
        """Moves for which core would look for quants."""
        if self._is_extended(
            "stock.move", "_should_bypass_reservation", KNOWN_BYPASSES
        ):
            return self.filtered(lambda move: move._takes_from_stock())
        # asking takes long: once for moves of a kind
        wanting = self.filtered(lambda move: move._wants_more())
        kinds = wanting.grouped(
            lambda move: (move.product_id.id, move.location_id.id, move.company_id.id)
        )
        bypassing = self.browse().union(
            *(
                moves
                for moves in kinds.values()
                # iterated, so that what is read for one is read for all
                if next(iter(moves))._should_bypass_reservation()
            )
        )
        return wanting - bypassing if bypassing else wanting

    def _takes_from_stock(self) -> bool:
        """Would core look for quants for this move?"""
        return self._wants_more() and not self._should_bypass_reservation()

    def _wants_more(self) -> bool:
        return (
            not self.picked
            and self.state in ("confirmed", "waiting", "partially_available")
            and (self.procure_method != "make_to_order" or bool(self.move_orig_ids))
            and self.product_uom_qty > self.quantity
        )

    def _get_quantity_to_reserve(self) -> float:
        """What is not reserved yet, in the product's unit, as core counts it."""
        if not self.quantity:
            return max(self.product_qty, 0.0)  # the same, and at hand
        unit = self.product_id.uom_id
        missing = self.product_uom_qty - self.quantity
        rounded = unit.round(missing) if missing % 1 else missing
        if rounded <= 0:
            return 0.0
        if self.product_uom == unit:
            return rounded
        return self.product_uom._compute_quantity(
            missing, unit, rounding_method="HALF-UP"
        )

    @api.model
    def _has_unknown_reservation_hooks(self) -> bool:
        """Does a module that we do not know change what may be reserved?"""
        return any(
            self._is_extended(model, name, KNOWN_MODULES)
            for model, names in BYPASSED_HOOKS.items()
            for name in names
        )

    @api.model
    def _is_extended(self, model: str, name: str, known: Iterable[str]) -> bool:
        """Does a module other than the known ones extend a method?"""
        known_names = tuple(f"odoo.addons.{module}." for module in known)
        return any(
            name in definition.__dict__
            and definition.__module__.startswith("odoo.addons.")
            and not definition.__module__.startswith(known_names)
            for definition in self._get_reservation_classes(model)
        )

    @api.model
    def _get_reservation_classes(self, model: str) -> Iterable[type]:
        """The classes that all modules together make a model of."""
        return type(self.env[model]).__mro__

    # ------------------------------------------------------------ reserve in bulk

    def _reserve_in_bulk(self):
        """Reserve what free stock covers, with one plan for all these moves.

        The plan is core's own for the same order of moves; what differs is that quants
        are read, move lines created and states written once for all of them.

        :return: the moves planned; core need not look for goods for them again
        """
        moves_by_place = self._filter_reservable_in_bulk()._group_by_place()
        if not moves_by_place:
            return self.browse()
        quants = self._get_quants_to_reserve(moves_by_place)
        pools = quants._get_reservation_pools(moves_by_place)
        allocations = self._plan_reservation(moves_by_place, pools)
        self._apply_allocations(allocations, quants)
        return self.browse(allocation.demand_id for allocation in allocations)

    def _group_by_place(self) -> dict[tuple, models.Model]:
        """The moves by product and location; ids first, as records are slow as keys."""
        moves_by_ids = self.grouped(
            lambda move: (move.product_id.id, move.location_id.id)
        )
        places = self.env["stock.quant"]._get_places(moves_by_ids)
        return dict(zip(places, moves_by_ids.values(), strict=True))

    @api.model
    def _get_quants_to_reserve(self, places):
        """All quants of products in and below locations, oldest first.

        :param places: pairs of product and location
        """
        return (
            self.env["stock.quant"]
            .sudo()
            .search(
                [
                    ("product_id", "in", {product.id for product, _place in places}),
                    (
                        "location_id",
                        "child_of",
                        {place.id for _product, place in places},
                    ),
                ],
                order="in_date, id",
            )
        )

    def _plan_reservation(self, moves_by_place, pools) -> list[Allocation]:
        """Divide the free stock of the pools among moves, in the order of `self`."""
        ranks = {move_id: (rank,) for rank, move_id in enumerate(self.ids)}
        packed = self._may_come_in_packages()
        demands = [
            Demand(
                id=move.id,
                pool=number,
                quantity=move._get_quantity_to_reserve(),
                rank=ranks[move.id],
                fit=move._get_reservation_fit() if packed else move._get_unit_fit(unit),
            )
            for number, place in enumerate(pools)
            for unit in place[0].uom_id
            for move in moves_by_place[place]
        ]
        free = self.env["stock.quant"].concat(*pools.values())._get_free_quantities()
        return allocate_in_sequence(
            demands,
            dict(enumerate(pool.ids for pool in pools.values())),
            free,
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
            limits=dict(
                enumerate(pool._get_unreserved_total() for pool in pools.values())
            ),
        )

    def _get_unit_fit(self, unit):
        """Rounds down to what the move's own unit can express; None where it is the
        product's.

        :param unit: the product's
        """
        if self.product_uom == unit:
            return None
        return partial(_fit_to_unit, unit, self.product_uom)

    def _get_reservation_fit(self):
        """The same, and whole packagings only, where that is agreed."""
        fit = self._get_unit_fit(self.product_id.uom_id)
        package = self._get_whole_package()
        if not package:
            return fit
        return partial(
            fit_to_packages,
            package,
            self._get_backorder_product_qty(self.quantity),
            self._get_quantity_to_reserve(),
            fit,
        )

    def _may_come_in_packages(self) -> bool:
        """Is it agreed for any of these moves that only whole packagings ship?"""
        # sudo: warehouse users need not have the right to read orders
        orders = self.sudo().sale_line_id.order_id
        return any(orders.backorder_policy_id.mapped("whole_packages"))

    def _get_whole_package(self) -> float:
        """What a packaging holds of which only whole ones ship, in the product's unit;
        0: it comes loose."""
        # sudo: warehouse users need not have the right to read orders
        line = self.sudo().sale_line_id
        policy = line.order_id.backorder_policy_id
        if not policy.whole_packages or line.product_id != self.product_id:
            return 0.0
        return line._get_package() * line._get_unit_weight()

    def _apply_allocations(self, allocations: list[Allocation], quants) -> None:
        """Write a plan: move lines, quants, states, packages and putaway."""
        served = [allocation for allocation in allocations if allocation.shares]
        if not served:
            return
        deferred = DeferredReservations()
        lines = self.sale_line_id
        pending = lines._get_pending_delivered()
        # The states are known; core would find them out once per move line.
        moves = self.browse(allocation.demand_id for allocation in served)
        moves = moves.with_context(
            backorder_deferred_reservations=deferred,
            backorder_stocked_move_ids=frozenset(moves.ids),
            preserve_state=True,
        )
        states = {
            allocation.demand_id: (
                "partially_available" if allocation.missing else "assigned"
            )
            for allocation in served
        }
        with moves._in_states_to_come(states):
            moves._create_reserved_lines(served, quants, states)
        quants._apply_deferred_reservations(deferred)
        for state, ids in groupby(states, key=states.get):
            self.browse(ids).write({"state": state})
        lines._keep_delivered(pending)
        moves.with_env(self.env)._place_reserved_lines()

    @contextmanager
    def _in_states_to_come(self, states: dict[int, str]):
        """Lines that are created meanwhile get the state that they will keep: half of
        what creating them costs the database is writing it again.

        The moves themselves are as before when this ends, so that everybody who
        follows their states sees them change when the lines are there.

        :param states: by move id
        """
        before = self.grouped("state")
        # protected: nothing but the value is set
        with self.env.protecting([self._fields["state"]], self):
            for state, moves in self.grouped(lambda move: states[move.id]).items():
                moves.state = state
            try:
                yield
            finally:
                for state, moves in before.items():
                    moves.state = state

    def _create_reserved_lines(self, allocations, quants, states) -> None:
        # Iterated together, so that what is read for one is read for all.
        quant_by_id = {quant.id: (quant, get_place(quant)) for quant in quants}
        vals_list = []
        for move, allocation in zip(self, allocations, strict=True):
            if move.company_id != move.env.company:
                move = move.with_company(move.company_id)
            for vals in move._reserve_shares(
                [(quant_by_id[quant], qty) for quant, qty in allocation.shares]
            ):
                vals["state"] = states[move.id]
                vals_list.append(vals)
        self.env["stock.move.line"].create(vals_list)

    def _reserve_shares(self, shares) -> list[dict]:
        """Add quantities of quants to the move's lines.

        :param shares: quant with its place, and quantity
        :return: values of the move lines that are still to be created
        """
        lines = {
            get_place(line): line
            for line in self.move_line_ids
            if not line.result_package_id
        }
        by_key: dict[tuple, list] = {}
        for (quant, key), quantity in shares:
            by_key.setdefault(key, [quant, 0.0])[1] += quantity
        vals_list = []
        for key, (quant, quantity) in by_key.items():
            line = lines.get(key)
            if not line or not line._increase_reservation(quantity):
                vals = self._prepare_move_line_vals(
                    quantity=quantity, reserved_quant=quant.with_env(self.env)
                )
                # core computes the same, and would update each new line with it
                vals_list.append({"quantity_product_uom": quantity, **vals})
        return vals_list

    def _place_reserved_lines(self) -> None:
        """What core does with lines just reserved: whole packages, then putaway."""
        if not self.env.context.get("bypass_entire_pack"):
            self.picking_id._check_entire_pack()
        places = self.location_dest_id
        redirecting = places.filtered(
            lambda place: place.usage == "view" or place.putaway_rule_ids
        )
        if len(places) == 1 and not redirecting:
            if self.move_line_ids.location_dest_id == places:
                return
        self.filtered(
            lambda move: (
                move.location_dest_id in redirecting
                or move.move_line_ids.location_dest_id != move.location_dest_id
            )
        ).move_line_ids._apply_putaway_strategy()

    def _update_orderpoints(self):
        # Core asks once per move; one per product and place says as much.
        if len(self.product_id) == len(self):
            return super()._update_orderpoints()
        places = {
            (move.product_id, move.location_id, move.location_dest_id): move.id
            for move in self
        }
        moves = self.browse(places.values())
        return super(StockMove, moves)._update_orderpoints()

    # ------------------------------------------------------- waking those who wait

    def _trigger_assign(self):
        # Core wakes who waits at the very location the goods went to. A demand takes
        # from the whole stock, wherever in it they were put.
        if not self or not self._is_auto_reservation():
            return super()._trigger_assign()
        places = {(move.product_id, move.location_dest_id) for move in self}
        waiting = self._search_waiting(places)
        demands = waiting._filter_backorder_demands()
        if not demands:
            return super()._trigger_assign()
        others = (waiting - demands).filtered(
            lambda move: (move.product_id, move.location_id) in places
        )
        return (demands | others)._reallocate(self.reference_ids)

    @api.model
    def _is_auto_reservation(self) -> bool:
        return (
            not self.env["ir.config_parameter"]
            .sudo()
            .get_param("stock.picking_no_auto_reserve")
        )

    def _search_waiting(self, places):
        """Moves waiting for products at or above locations, no more than can be served
        at once; the rest is left to a scheduled action.

        :param places: pairs of product and location where there are goods now
        """
        if not places:
            return self.browse()
        limit = self._get_queue_limit()
        domain = self._get_waiting_domain(places)
        waiting = self.search(
            domain,
            # as near to the order of service as the database can sort
            order="priority desc, date_deadline asc, date asc, id asc",
            limit=limit + 1,
        )
        if len(waiting) > limit:
            # Those for whom the goods were bought must not be lost behind the limit.
            bought_for = Domain("reference_ids", "in", self.reference_ids.ids)
            waiting = waiting[:limit] | self.search(domain & bought_for, order="id")
            self.env["stock.rule"]._queue_waiting_demands()
        return waiting

    @api.model
    def _get_waiting_domain(self, places) -> Domain:
        """Core's domain of `_trigger_assign`, parent locations included."""
        products_by_location = defaultdict(list)
        for product, location in places:
            products_by_location[location.id].append(product.id)
        return (
            Domain("state", "in", ["confirmed", "partially_available"])
            & Domain("procure_method", "=", "make_to_stock")
            & (
                Domain("reservation_date", "<=", fields.Date.today())
                | Domain("picking_type_id.reservation_method", "=", "at_confirm")
            )
            & Domain.OR(
                Domain("product_id", "in", products)
                & Domain("location_id", "parent_of", location)
                for location, products in products_by_location.items()
            )
        )

    @api.model
    def _get_queue_limit(self) -> int:
        """Waiting moves served at once (`backorder_management.queue_above`)."""
        value = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("backorder_management.queue_above")
        )
        return int(value) if value and value.isdecimal() else QUEUE_ABOVE

    # ---------------------------------------------------- freed stock is passed on

    def _action_cancel(self):
        # Core gives the stock that a cancelled move held to nobody.
        if not self:
            return super()._action_cancel()
        freed = self._get_reserved_places()
        moves = self.with_context(backorder_cancelling=True)
        ruled = self._get_ruled_orders()
        result = super(StockMove, moves)._action_cancel()
        self._wake_demands_for(freed)
        ruled._serve_again()
        return result

    def write(self, vals):
        # Lowering an order ends here, with the new quantity, after core has merged the
        # decrease into the waiting move. It frees all that the move held.
        if "product_uom_qty" not in vals:
            return super().write(vals)
        lowered = self._filter_lowered(vals["product_uom_qty"])
        fewer = self.filtered(
            lambda move: move.product_uom_qty > vals["product_uom_qty"]
        )._get_ruled_orders()
        freed = lowered._get_reserved_places()
        result = super().write(vals)
        if freed:
            lowered.filtered("product_uom_qty")._action_assign()
            self._wake_demands_for(freed)
        if fewer:
            fewer._serve_again()
        return result

    def _filter_lowered(self, quantity: float):
        """Demands that core is about to unreserve as they hold more than they want.

        :param quantity: what each wants from now on, in its own unit
        """
        if self.env.context.get("do_not_unreserve") is not None:
            return self.browse()
        return self._filter_backorder_demands().filtered(
            lambda move: move.product_uom.compare(move.quantity, quantity) > 0
        )

    def _get_reserved_places(self) -> set[tuple]:
        """Product and location of everything that is reserved for these moves."""
        return {
            (line.product_id, line.location_id)
            for line in self.move_line_ids
            if line.state not in ("done", "cancel")
            and line.quantity_product_uom
            and not line.move_id._should_bypass_reservation(line.location_id)
        }

    def _wake_demands_for(self, places: Iterable[tuple]) -> None:
        """Give freed stock to the demands that wait for it."""
        if places and self._is_auto_reservation():
            # Whoever cancels an order need not be allowed to see who is served next.
            waiting = self.sudo()._search_waiting(places)
            waiting._filter_backorder_demands()._reallocate()


def _fit_to_unit(unit, move_unit, quantity: float) -> float:
    """The largest quantity up to the given one that the move's unit can express."""
    in_move_unit = unit._compute_quantity(quantity, move_unit, rounding_method="DOWN")
    return move_unit._compute_quantity(in_move_unit, unit, rounding_method="HALF-UP")


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_delivered_fields(self):
        """Stored fields that follow deliveries, and nothing else of a move."""
        line, order = self._fields, self.env["sale.order"]._fields
        return [
            line["qty_delivered"],
            line["qty_to_invoice"],
            line["untaxed_amount_to_invoice"],
            line["invoice_status"],
            order["invoice_status"],
        ]

    def _get_pending_delivered(self):
        """Records whose delivered quantity, or what follows from it, is to be computed
        again anyway, by field."""
        return {
            field: self.env.records_to_compute(field)
            for field in self._get_delivered_fields()
        }

    def _keep_delivered(self, pending):
        """A reservation delivers nothing, although it changes states and quantities of
        moves: computing again costs a search for kits per line, and more."""
        for field, records in pending.items():
            touched = self if field.model_name == self._name else self.order_id
            self.env.remove_to_compute(field, touched - records)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _has_plain_reservations(self) -> bool:
        """Free of rules that need core's own routine, move by move."""
        self.ensure_one()
        return (
            self.tracking != "serial"
            and self.categ_id.packaging_reserve_method != "full"
            and not ("use_expiration_date" in self and self.use_expiration_date)
        )


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    def _increase_reservation(self, quantity: float) -> bool:
        """Add a quantity in the product's unit, unless the line's unit cannot express
        it; then say so and leave the line as it is."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        unit = self.product_id.uom_id
        in_line_unit = float_round(
            unit._compute_quantity(
                quantity, self.product_uom_id, rounding_method="HALF-UP"
            ),
            precision_digits=digits,
        )
        back = self.product_uom_id._compute_quantity(
            in_line_unit, unit, rounding_method="HALF-UP"
        )
        if float_compare(quantity, back, precision_digits=digits) != 0:
            return False
        self.quantity += in_line_unit
        return True
