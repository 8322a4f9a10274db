from __future__ import annotations

import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..planning.allocation import Demand, allocate_in_sequence
from ..planning.shortage import NO_STOCK, SERVED_BEFORE, reason, short_for_stock
from ..planning.states import Figures, own_state
from .backorder_state import STATES
from .stock_move import OPEN_STATES

_logger = logging.getLogger(__name__)

PENDING = "backorder_management.pending"


class BackorderDemand(models.Model):
    """The planner's own table: one row per open first step of a delivery.

    Written by the planner alone, once per transaction, so that a user's save of an
    order never collides with it. Quantities are in the product's unit of measure.
    """

    _name = "backorder.demand"
    _description = "Backorder Demand"
    _order = "date_needed, order_date, id"
    _rec_name = "move_id"

    move_id = fields.Many2one(
        "stock.move", required=True, readonly=True, ondelete="cascade"
    )
    picking_id = fields.Many2one(
        "stock.picking", "Delivery", readonly=True, ondelete="set null"
    )
    sale_line_id = fields.Many2one(
        "sale.order.line", readonly=True, index=True, ondelete="cascade"
    )
    order_id = fields.Many2one(
        "sale.order", "Order", readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, index=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    product_id = fields.Many2one(
        "product.product", readonly=True, index=True, ondelete="cascade"
    )
    product_uom_id = fields.Many2one(
        "uom.uom", "Unit", related="product_id.uom_id", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True)
    location_id = fields.Many2one("stock.location", "From", readonly=True)
    priority = fields.Selection([("0", "Normal"), ("1", "Urgent")], readonly=True)
    date_needed = fields.Datetime("Needed", readonly=True)
    order_date = fields.Datetime("Ordered", readonly=True)
    since = fields.Datetime("Short Since", readonly=True)
    qty_open = fields.Float("Open", digits="Product Unit", readonly=True)
    qty_allocated = fields.Float("Allocated", digits="Product Unit", readonly=True)
    qty_free = fields.Float(
        "Covered by Free Stock",
        digits="Product Unit",
        readonly=True,
        help="Free stock covers it, but nobody has reserved it yet.",
    )
    qty_short = fields.Float("Short", digits="Product Unit", readonly=True)
    own_chain = fields.Boolean("Made to Order", readonly=True)
    state = fields.Selection(STATES, readonly=True)
    reason = fields.Selection(
        [
            ("allocated", "All of it is reserved"),
            ("free_stock", "Free stock covers it, it is not reserved yet"),
            ("served_before", "The stock at hand goes to orders served before"),
            ("own_chain", "Made to order, its own goods have not arrived"),
            ("no_stock", "There is no stock"),
        ],
        readonly=True,
    )
    computed_at = fields.Datetime("As Of", readonly=True)

    _move_unique = models.UniqueIndex("(move_id)")
    _short_needed = models.Index(
        "(date_needed, order_date, id) WHERE qty_short > 0",
    )

    # --------------------------------------------------------------------- noting

    @api.model
    def _note(self, products, moves=()):
        """Refresh these products and moves before this transaction ends.

        Cheap, and may be called any number of times. The hook also runs at each
        savepoint, so the refresh is idempotent.

        :param products: ids of products whose stock or demands changed
        :param moves: ids of moves that changed
        """
        pending = self._get_pending()
        pending[0].update(products)
        pending[1].update(moves)

    @api.model
    def _get_pending(self) -> tuple[set[int], set[int]]:
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = (set(), set())
            # sudo: whoever moves goods, the figures of all demands must be right
            precommit.add(self.sudo().with_context({})._refresh_pending)
        return precommit.data[PENDING]

    @api.model
    def _refresh_pending(self):
        """Refresh what was noted; never raises, what fails is queued and shown."""
        products, moves = self.env.cr.precommit.data.pop(PENDING, ((), ()))
        products, moves = set(products), set(moves)
        if not products:
            return
        if len(moves) > self.env["backorder.refresh"]._get_limit():
            self.env["backorder.refresh"]._queue(products)
            return
        try:
            with self.env.cr.savepoint():
                self._refresh(products, moves)
        except (psycopg2.Error, UserError, ValueError, KeyError) as error:
            _logger.exception("The backorder figures could not be refreshed.")
            self.env["backorder.refresh"]._queue(products, str(error))

    # ------------------------------------------------------------------ refreshing

    @api.model
    def _refresh(self, product_ids, move_ids=()):
        """Compute and store the planner's figures of these products.

        :param product_ids: products whose free stock is shared again
        :param move_ids: moves that changed; those without a row get one, and rows
            of moves that are no demand any more go
        """
        stock = self._get_stock(product_ids)
        sharing = self._get_sharing_moves(stock)
        free = self._share_free_stock(stock, sharing)
        known = self.search_fetch(
            [
                "|",
                ("move_id", "in", list(move_ids)),
                "&",
                ("product_id", "in", list(product_ids)),
                ("qty_free", "!=", 0),
            ],
            ["move_id", "qty_short", "qty_free"],
        )
        moves = self.env["stock.move"].browse(set(move_ids)).exists()
        moves |= known.move_id | self.env["stock.move"].browse(free)
        in_stock = self._get_places_in_stock(stock)
        self._store(moves, known, in_stock, free)
        self._store_stock_reasons(product_ids, in_stock)

    @api.model
    def _get_stock(self, product_ids):
        """Stock on hand and free of these products.

        :return: ``{(product id, location id): (on hand, free)}``, product's unit
        """
        groups = self.env["stock.quant"]._read_group(
            [
                ("product_id", "in", list(product_ids)),
                ("location_id.usage", "=", "internal"),
            ],
            ["product_id", "location_id"],
            ["quantity:sum", "reserved_quantity:sum"],
        )
        return {
            (product.id, location.id): (quantity, quantity - reserved)
            for product, location, quantity, reserved in groups
        }

    @api.model
    def _get_sharing_moves(self, stock):
        """Open moves that could take free stock: demands and all that competes."""
        products = {
            product
            for (product, _location), (_quantity, free) in stock.items()
            if free > 0
        }
        if not products:
            return self.env["stock.move"]
        moves = self.env["stock.move"].search(
            [
                ("product_id", "in", list(products)),
                ("state", "in", ("waiting", "confirmed", "partially_available")),
                ("location_id.usage", "=", "internal"),
            ]
        )
        return moves.filtered(
            lambda move: (
                move.product_id.is_storable
                and not move.picked
                and move._may_take_free_stock()
            )
        )

    @api.model
    def _share_free_stock(self, stock, sharing):
        """Share free stock among unreserved demands, as a reservation would.

        :return: what it covers of each move, by move id, in the product's unit
        """
        if not sharing:
            return {}
        ranks = sharing._get_ranks()
        places = {(move.product_id.id, move.location_id) for move in sharing}
        plan = allocate_in_sequence(
            [
                Demand(
                    id=move.id,
                    pool=(move.product_id.id, move.location_id.id),
                    quantity=move._get_quantity_to_reserve(),
                    rank=ranks[move.id],
                )
                for move in sharing
            ],
            pools={
                (product_id, location.id): self._get_pool(stock, product_id, location)
                for product_id, location in places
            },
            supplies={place: free for place, (_quantity, free) in stock.items()},
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
        )
        return {
            allocation.demand_id: sum(quantity for _place, quantity in allocation.shares)
            for allocation in plan
            if allocation.shares
        }

    @api.model
    def _get_pool(self, stock, product_id, location):
        """Places in and below a location that hold the product."""
        return [
            (product_id, place_id)
            for product, place_id in sorted(stock)
            if product == product_id
            and self.env["stock.location"].browse(place_id)._child_of(location)
        ]

    @api.model
    def _get_open_states(self):
        """States of moves that still have to happen."""
        return OPEN_STATES

    @api.model
    def _refresh_products(self, products):
        """Refresh every demand of these products, whatever was noted."""
        moves = self.env["stock.move"].search(
            [
                ("product_id", "in", products.ids),
                ("sale_line_id", "!=", False),
                ("state", "in", OPEN_STATES),
            ]
        )
        gone = self.search(
            [("product_id", "in", products.ids), ("move_id", "not in", moves.ids)]
        )
        self._refresh(products.ids, moves.ids + gone.move_id.ids)

    def _store(self, moves, known, in_stock, free):
        before = {row.move_id.id: (row.qty_short, row.qty_free) for row in known}
        first_steps = moves._filter_backorder_first_steps()
        known.filtered(lambda row: row.move_id not in first_steps).unlink()
        shortages = first_steps._get_backorder_shortages(free_by_move=free)
        self._store_since(first_steps, shortages, before)
        self._store_rows(first_steps, shortages, in_stock)
        changed = [
            move_id
            for move_id, figures in shortages.items()
            if figures.free != before.get(move_id, (0.0, 0.0))[1]
        ]
        self._announce(changed)

    def _store_since(self, moves, shortages, before):
        """A shortage begins where there was none; a split rest has inherited its."""
        newly_short = moves.filtered(
            lambda move: (
                move.product_id.uom_id.compare(shortages[move.id].short, 0.0) > 0
                and (
                    not before[move.id][0]
                    if move.id in before
                    else not move.backorder_since
                )
            )
        )
        newly_short.backorder_since = fields.Datetime.now()

    def _store_stock_reasons(self, product_ids, in_stock):
        """Stock that came and went to others changes why the rest is short.

        One grouped query for the products; rows are written only where it did.
        """
        groups = self._read_group(
            [
                ("product_id", "in", list(product_ids)),
                ("reason", "in", (NO_STOCK, SERVED_BEFORE)),
            ],
            ["product_id", "location_id", "reason"],
        )
        for product, location, stored in groups:
            reason_now = short_for_stock((product.id, location.id) in in_stock)
            if reason_now != stored:
                self.search(
                    [
                        ("product_id", "=", product.id),
                        ("location_id", "=", location.id),
                        ("reason", "=", stored),
                    ]
                ).write({"reason": reason_now, "computed_at": fields.Datetime.now()})

    def _get_places_in_stock(self, stock):
        """Locations, and all above them, that hold a product: ``{(product, loc)}``."""
        places = set()
        for (product_id, location_id), (quantity, _free) in stock.items():
            if quantity > 0:
                location = self.env["stock.location"].browse(location_id)
                for parent in location.parent_path.split("/")[:-1]:
                    places.add((product_id, int(parent)))
        return places

    def _store_rows(self, moves, shortages, in_stock):
        if not moves:
            return
        rows = [self._prepare_row(move, shortages[move.id], in_stock) for move in moves]
        self.env.flush_all()
        columns = [list(column) for column in zip(*rows, strict=True)]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO backorder_demand (
                    move_id, qty_open, qty_allocated, qty_free, qty_short, own_chain,
                    state, reason, picking_id, sale_line_id, order_id, partner_id,
                    user_id, product_id, company_id, warehouse_id, location_id,
                    priority, date_needed, order_date, since, computed_at,
                    create_uid, create_date, write_uid, write_date)
                SELECT t.*, m.picking_id, m.sale_line_id, l.order_id, o.partner_id,
                       o.user_id, m.product_id, m.company_id, s.warehouse_id,
                       m.location_id, m.priority, COALESCE(m.date_deadline, m.date),
                       o.date_order, m.backorder_since, now() AT TIME ZONE 'UTC',
                       %(uid)s, now() AT TIME ZONE 'UTC',
                       %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM unnest(%(moves)s::int[], %(open)s::numeric[],
                              %(allocated)s::numeric[], %(free)s::numeric[],
                              %(short)s::numeric[], %(own_chain)s::boolean[],
                              %(states)s::varchar[], %(reasons)s::varchar[])
                       AS t(move_id, qty_open, qty_allocated, qty_free, qty_short,
                            own_chain, state, reason)
                  JOIN stock_move m ON m.id = t.move_id
                  JOIN stock_location s ON s.id = m.location_id
                  JOIN sale_order_line l ON l.id = m.sale_line_id
                  JOIN sale_order o ON o.id = l.order_id
                 ORDER BY t.move_id
                ON CONFLICT (move_id) DO UPDATE SET
                    (qty_open, qty_allocated, qty_free, qty_short, own_chain, state,
                     reason, picking_id, sale_line_id, order_id, partner_id, user_id,
                     product_id, company_id, warehouse_id, location_id, priority,
                     date_needed, order_date, since, computed_at, write_uid,
                     write_date)
                  = (EXCLUDED.qty_open, EXCLUDED.qty_allocated, EXCLUDED.qty_free,
                     EXCLUDED.qty_short, EXCLUDED.own_chain, EXCLUDED.state,
                     EXCLUDED.reason, EXCLUDED.picking_id, EXCLUDED.sale_line_id,
                     EXCLUDED.order_id, EXCLUDED.partner_id, EXCLUDED.user_id,
                     EXCLUDED.product_id, EXCLUDED.company_id,
                     EXCLUDED.warehouse_id, EXCLUDED.location_id,
                     EXCLUDED.priority, EXCLUDED.date_needed, EXCLUDED.order_date,
                     EXCLUDED.since, EXCLUDED.computed_at, EXCLUDED.write_uid,
                     EXCLUDED.write_date)
                """,
                uid=self.env.uid,
                moves=columns[0],
                open=columns[1],
                allocated=columns[2],
                free=columns[3],
                short=columns[4],
                own_chain=columns[5],
                states=columns[6],
                reasons=columns[7],
            )
        )
        self.invalidate_model()
        moves.invalidate_recordset(["backorder_demand_ids"])

    def _prepare_row(self, move, figures, in_stock):
        unit = move.product_id.uom_id
        own_chain = move.procure_method == "make_to_order"
        state = own_state(
            Figures(
                open=unit.round(figures.open),
                short=unit.round(figures.short),
                was_short=bool(move.backorder_since),
            )
        )
        place = (move.product_id.id, move.location_id.id)
        return (
            move.id,
            unit.round(figures.open),
            unit.round(figures.allocated),
            unit.round(figures.free),
            unit.round(figures.short),
            own_chain,
            state,
            reason(figures, own_chain, place in in_stock),
        )

    def _announce(self, move_ids):
        """Lines, orders and deliveries follow where the planner changed its mind."""
        if not move_ids:
            return
        rows = self.search([("move_id", "in", move_ids)])
        rows.modified(["move_id", "qty_free"])
        self.env.flush_all()
