from __future__ import annotations

from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain

from ..planning.shortage import MoveFacts, Shortage, shortage
from ..planning.states import Figures

OPEN_STATES = ("waiting", "confirmed", "partially_available", "assigned")
# A write to one of these can change what a demand needs or may take.
DEMAND_FIELDS = frozenset(
    {
        "date",
        "date_deadline",
        "location_dest_id",
        "location_final_id",
        "location_id",
        "move_orig_ids",
        "picked",
        "picking_id",
        "priority",
        "procure_method",
        "product_id",
        "product_uom",
        "product_uom_qty",
        "sale_line_id",
        "state",
    }
)
# Of these, what the planner's table repeats of a move.
FACT_FIELDS = DEMAND_FIELDS - {
    "location_dest_id",
    "location_final_id",
    "move_orig_ids",
    "picked",
    "procure_method",
    "product_uom",
    "product_uom_qty",
    "state",
}


class StockMove(models.Model):
    _inherit = "stock.move"

    backorder_demand_ids = fields.One2many(
        "backorder.demand",
        "move_id",
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
    )
    backorder_since = fields.Datetime(
        string="Short Since",
        readonly=True,
        copy=False,
        help="When the goods were first found missing, or again after they had been "
        "there. Kept after they have arrived.",
    )
    backorder_qty = fields.Float(
        string="Backordered",
        digits="Product Unit",
        compute="_compute_backorder_qty",
        compute_sudo=True,  # the same figure for whoever may see the move
        help="What is neither reserved nor covered by free stock, in the product's "
        "unit of measure.",
    )
    backorder_reason = fields.Char(
        compute="_compute_backorder_reason",
        compute_sudo=True,
    )

    # ------------------------------------------------------------ what is a demand

    @api.model
    def _get_backorder_demand_domain(self) -> Domain:
        """Open demands: see `_filter_backorder_demands`."""
        return (
            Domain("state", "in", OPEN_STATES)
            & Domain("sale_line_id", "!=", False)
            & Domain("procure_method", "=", "make_to_stock")
            & Domain("move_orig_ids", "=", False)
            & Domain("location_id.usage", "=", "internal")
            & (
                Domain("location_final_id.usage", "=", "customer")
                | Domain("location_dest_id.usage", "=", "customer")
                | Domain("location_final_id", "child_of", self._inter_company().ids)
                | Domain("location_dest_id", "child_of", self._inter_company().ids)
            )
        )

    @api.model
    def _get_open_sale_domain(self):
        """Open moves that work for an order, steps of deliveries or not."""
        return [("sale_line_id", "!=", False), ("state", "in", OPEN_STATES)]

    @api.model
    def _inter_company(self):
        """Transit between companies: a customer as far as the seller is concerned."""
        return (
            self.env.ref("stock.stock_location_inter_company", raise_if_not_found=False)
            or self.env["stock.location"]
        )

    def _filter_backorder_demands(self):
        """Moves that take sold goods from stock: the first step of a delivery.

        Make to stock, for a sale order line, bound for a customer, out of an internal
        location, fed by no earlier step. A later step whose link to the earlier one
        was cut by core (its goods were lost on the way) is one as well: it has to
        take its goods from where it stands.
        """
        return self.filtered(lambda move: move._is_backorder_demand())

    def _is_backorder_demand(self) -> bool:
        self.ensure_one()
        return (
            self.state in OPEN_STATES
            and self.procure_method == "make_to_stock"
            and self._is_backorder_delivery()
            and self.location_id.usage == "internal"
            and not self.move_orig_ids
        )

    def _filter_backorder_first_steps(self):
        """First steps of a delivery out of stock: demands, and make to order.

        These have a row in the planner's table. Consumable products and drop
        shipments are never short and have none.
        """
        return self.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move._is_backorder_delivery()
                and move.location_id.usage == "internal"
                and move.product_id.is_storable
                and move._is_backorder_first_step()
            )
        )

    def _is_backorder_first_step(self) -> bool:
        """No earlier step of its delivery will bring what it still misses.

        Also true of a later step whose goods were taken back on the way.
        """
        if not self.move_orig_ids:
            return True
        upstream = self._get_backorder_upstream()
        if any(move.state in OPEN_STATES for move in upstream):
            return False
        arrived, _free = self._get_backorder_arrivals(upstream, {}, {})
        missing = self.product_qty - arrived
        return not upstream or self.product_id.uom_id.compare(missing, 0.0) > 0

    def _may_take_free_stock(self) -> bool:
        """Would a reservation now take free stock, whoever the move works for?

        Moves that wait for goods of their own chain may not; once these have come
        (and nothing holds them), the move takes as much as its chain has brought.
        """
        self.ensure_one()
        if not self.move_orig_ids:
            return self.procure_method == "make_to_stock"
        return all(origin.state in ("done", "cancel") for origin in self.move_orig_ids)

    def _get_quantity_to_share(self) -> float:
        """The most that a reservation now could add, in the product's unit."""
        missing = self._get_quantity_to_reserve()
        if not self.move_orig_ids:
            return missing
        brought = sum(
            origin._get_backorder_product_qty(origin.quantity)
            for origin in self.move_orig_ids
            if origin.state == "done"
        )
        taken = sum(
            move._get_backorder_product_qty(move.quantity)
            for move in self.move_orig_ids.move_dest_ids
            if move.state != "cancel"
        )
        return max(0.0, min(missing, brought - taken))

    def _get_share_fit(self):
        """Rounds down to what a reservation could take; None where all fits."""
        packaging = self.packaging_uom_id
        if packaging and self.product_id.categ_id.packaging_reserve_method == "full":
            return partial(
                packaging._check_qty,
                uom_id=self.product_id.uom_id,
                rounding_method="DOWN",
            )
        return self._get_reservation_fit()

    def _get_backorder_upstream(self):
        """Earlier steps of the same delivery."""
        origins = self.move_orig_ids
        return origins and origins.filtered(
            lambda move: (
                move.sale_line_id == self.sale_line_id and move._is_backorder_delivery()
            )
        )

    def _is_backorder_delivery(self) -> bool:
        """Is this a step on a sold product's way to the customer?

        Goods on the way leave the stock for good: what brings them into the stock of
        the delivering warehouse first (resupply, production) is supply.
        """
        self.ensure_one()
        if not self.sale_line_id:
            return False
        final = self.location_final_id
        if final and final._is_outgoing():
            return True
        destination = self.location_dest_id
        if not final and destination._is_outgoing():
            return True
        # Steps that rules pulled one after the other name only their own destination.
        stock = destination.warehouse_id.lot_stock_id
        if destination.usage != "internal" or (stock and destination._child_of(stock)):
            return False
        return any(
            later.sale_line_id == self.sale_line_id and later._is_backorder_delivery()
            for later in self.move_dest_ids
        )

    def _is_backorder_shipment(self) -> bool:
        """Has it brought sold goods from stock to a customer? What was sent instead of
        goods that came back belongs to the shipment that brought those."""
        return (
            self.state == "done"
            and bool(self.sale_line_id)
            and not self.backorder_exchange
            and self.location_dest_id._is_outgoing()
            and self.location_id.usage == "internal"
        )

    # ------------------------------------------------------------------ quantities

    def _get_backorder_shortages(self, free_by_move=None) -> dict[int, Shortage]:
        """Open, allocated, free and short quantity of open moves to customers.

        :param free_by_move: what free stock covers of each move, by id, in the
            product's unit; by default what the planner said last
        :return: by move id, in the product's unit; other moves are left out
        """
        result: dict[int, Shortage] = {}
        wanting = self.filtered(lambda move: not move._add_satisfied(result))
        if free_by_move is None:
            free_by_move = wanting._get_open_backorder_chain()._get_free_by_move()
        for move in wanting:
            move._add_backorder_shortage(result, free_by_move)
        return result

    def _add_satisfied(self, result) -> bool:
        """Does it have all it wants? Then nothing else needs to be looked at: most
        moves, most of the time."""
        if self.state not in OPEN_STATES or self.quantity < self.product_uom_qty:
            return False
        if self._is_backorder_delivery():
            wanted = max(self.product_qty, 0.0)
            result[self.id] = Shortage(wanted, allocated=wanted, free=0.0, short=0.0)
        return True

    def _get_free_by_move(self) -> dict[int, float]:
        """What free stock covers of each of these moves, as the planner said last."""
        if not self:
            return {}
        demands = self.env["backorder.demand"].search_fetch(
            Domain("move_id", "in", self.ids) & Domain("qty_free", "!=", 0),
            ["move_id", "qty_free"],
        )
        return {demand.move_id.id: demand.qty_free for demand in demands}

    def _get_open_backorder_chain(self):
        """The open ones of these moves, and earlier open steps that feed them."""
        chain = upstream = self.filtered(lambda move: move.state in OPEN_STATES)
        while upstream := upstream.move_orig_ids - chain:
            upstream = upstream.filtered(lambda move: move.state in OPEN_STATES)
            chain |= upstream
        return chain

    def _add_backorder_shortage(self, result, free_by_move) -> Shortage | None:
        if self.id in result:
            return result[self.id]
        if self._add_satisfied(result):
            return result.get(self.id)
        if self.state not in OPEN_STATES or not self._is_backorder_delivery():
            return None
        upstream = self._get_backorder_upstream()
        arrived, free = self._get_backorder_arrivals(upstream, result, free_by_move)
        result[self.id] = shortage(
            MoveFacts(
                open=max(self.product_qty, 0.0),
                reserved=self._get_backorder_product_qty(self.quantity),
                arrived=arrived,
                free=free,
                never_short=self._should_bypass_reservation(),
            )
        )
        return result[self.id]

    def _get_backorder_arrivals(self, upstream, result, free_by_move):
        """What earlier steps have brought or hold for this move, and free cover."""
        if not upstream:
            return 0.0, free_by_move.get(self._origin.id, 0.0)
        arrived, free = 0.0, 0.0
        for move in upstream:
            if move.state == "done":
                arrived += move._get_backorder_product_qty(move.quantity)
            elif waiting := move._add_backorder_shortage(result, free_by_move):
                arrived += waiting.allocated
                free += waiting.free
        for sibling in upstream.move_dest_ids - self:
            if sibling.state != "cancel":
                arrived -= sibling._get_backorder_product_qty(sibling.quantity)
        return arrived, free

    def _get_backorder_figures(self, found: Shortage | None):
        """What decides the state of this move, in the product's unit."""
        # an open quantity is a demand as it stands; what is subtracted is rounded
        return Figures(
            open=found.open if found else 0.0,
            short=self._round_backorder_qty(found.short) if found else 0.0,
            cancelled=self._round_backorder_qty(self._get_backorder_cancelled_qty()),
            was_short=bool(self.backorder_since),
        )

    def _round_backorder_qty(self, quantity: float) -> float:
        """Round to the product's unit; whole quantities are round in every unit."""
        return self.product_id.uom_id.round(quantity) if quantity % 1 else quantity

    def _get_backorder_product_qty(self, quantity: float) -> float:
        """Convert from the move's to the product's unit of measure."""
        if not quantity:
            return quantity
        unit = self.product_id.uom_id
        if self.product_uom == unit:
            return quantity
        return self.product_uom._compute_quantity(
            quantity, unit, rounding_method="HALF-UP"
        )

    def _is_void(self) -> bool:
        """Cancelled because nothing was left of its demand: it never was one."""
        return self.state == "cancel" and not self.product_qty

    def _is_last_backorder_step(self) -> bool:
        """No later open step of the same delivery brings the same goods."""
        return not any(
            later.state in OPEN_STATES
            and later.sale_line_id == self.sale_line_id
            and later._is_backorder_delivery()
            for later in self.move_dest_ids
        )

    def _get_backorder_cancelled_qty(self) -> float:
        """What this move was to bring and never will, in the product's unit."""
        state = self.state
        if state not in ("cancel", "done"):
            return 0.0
        missing = self.product_qty
        if state == "done":
            missing -= self._get_backorder_product_qty(self.quantity)
        return missing if missing > 0.0 and self._is_backorder_delivery() else 0.0

    @api.depends(
        "state",
        "product_qty",
        "quantity",
        "sale_line_id",
        "move_orig_ids.state",
        "move_orig_ids.quantity",
        "backorder_demand_ids.qty_free",
    )
    def _compute_backorder_qty(self):
        shortages = self._get_backorder_shortages()
        for move in self:
            figures = shortages.get(move.id)
            move.backorder_qty = figures.short if figures else 0.0

    @api.depends("backorder_demand_ids.reason")
    def _compute_backorder_reason(self):
        labels = dict(
            self.env["backorder.demand"]
            ._fields["reason"]
            ._description_selection(self.env)
        )
        for move in self:
            move.backorder_reason = labels.get(
                move.backorder_demand_ids[:1].reason, False
            )

    # --------------------------------------------------------- history of a shortage

    def _prepare_move_split_vals(self, qty):
        # The rest of a partial delivery has been short for as long as the whole.
        vals = super()._prepare_move_split_vals(qty)
        vals["backorder_since"] = self.backorder_since
        return vals

    # ------------------------------------------------- tell the planner what changed

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves._note_backorder_change()
        return moves

    def write(self, vals):
        if DEMAND_FIELDS.isdisjoint(vals):
            return super().write(vals)
        if FACT_FIELDS.isdisjoint(vals):
            self._note_reservation_change()
        else:
            self._note_backorder_change()
        result = super().write(vals)
        if "product_id" in vals or "sale_line_id" in vals:
            self._note_backorder_change()
        return result

    def _compute_priority(self):
        # A star reaches moves as a stored computed field, without a `write`.
        result = super()._compute_priority()
        self._origin._note_backorder_change()
        return result

    def unlink(self):
        self.env["backorder.demand"]._forget_moves(self)
        return super().unlink()

    def _note_backorder_change(self):
        """Have the planner look at these moves before the transaction ends."""
        if self:
            self.env["backorder.demand"]._note_moves(self)

    def _note_reservation_change(self):
        """The same, where nothing has changed but how much they hold or want."""
        if self:
            self.env["backorder.demand"]._note_reservations(self)
