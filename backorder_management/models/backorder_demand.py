from __future__ import annotations

import logging
from collections import defaultdict

import psycopg2

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..planning.allocation import Demand, allocate_in_sequence
from ..planning.shortage import reason, short_for_stock
from ..planning.states import Figures, own_state
from .backorder_state import STATES

_logger = logging.getLogger(__name__)

NOISE = 1e-6  # no unit of measure is that fine

PENDING = "backorder_management.pending"


class Pending:
    """What a transaction has changed so far, for the refresh at its end."""

    def __init__(self):
        # those of which anything may have changed, and those of which it is only what
        # they hold
        self.moves: set[int] = set()
        self.reservations: set[int] = set()
        # by product and location: quants that got their first goods less those that
        # lost their last, and the change of what is free; what ships from a
        # reservation changes nothing there
        self.stocked: dict[tuple[int, int], float] = defaultdict(float)
        self.free: dict[tuple[int, int], float] = defaultdict(float)
        # what customers were told
        self.promise_ids: set[int] = set()
        # products of which arrivals are gone, or kept for somebody
        self.arrivals: set[int] = set()
        # order lines of which the days may be others, though none of their moves has
        # changed: what is bought for them, or what they leave with, has
        self.line_ids: set[int] = set()

    def get_moves(self) -> set[int]:
        return self.moves | self.reservations

    @staticmethod
    def get_changed(changes) -> set[int]:
        """Ids of products with a change that did not cancel out."""
        return {
            product_id
            for (product_id, _location_id), change in changes.items()
            if abs(change) > NOISE
        }


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
        "sale.order", readonly=True, index=True, ondelete="cascade"
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
    passed_runs = fields.Integer(
        readonly=True, help="Runs in a row in which others got goods and it did not."
    )
    passed_since = fields.Datetime(readonly=True)
    computed_at = fields.Datetime("As Of", readonly=True)

    _move_unique = models.UniqueIndex("(move_id)")
    _short_needed = models.Index(
        "(date_needed, order_date, id) WHERE qty_short > 0",
    )

    # --------------------------------------------------------------------- noting

    @api.model
    def _note_moves(self, moves):
        """Refresh these moves' figures before this transaction ends.

        Cheap, and may be called any number of times. The hook also runs at each
        savepoint, so the refresh is idempotent.
        """
        self._get_pending().moves.update(moves.ids)

    @api.model
    def _note_reservations(self, moves):
        """The same, where it is only what they hold that has changed."""
        self._get_pending().reservations.update(moves.ids)

    @api.model
    def _forget_moves(self, moves):
        """These moves are about to be deleted; their rows go with them."""
        pending = self._get_pending()
        self._note_expected(moves.product_id.ids)
        pending.moves.difference_update(moves.ids)
        pending.reservations.difference_update(moves.ids)

    @api.model
    def _note_stock(self, product_id, location_id, stocked, free):
        """Stock of a product changed.

        :param stocked: 1 where there are goods now and were none, -1 the other way
        :param free: change of what is not reserved, product's unit
        """
        pending = self._get_pending()
        pending.stocked[product_id, location_id] += stocked
        pending.free[product_id, location_id] += free

    @api.model
    def _get_pending(self) -> Pending:
        precommit = self.env.cr.precommit
        if PENDING not in precommit.data:
            precommit.data[PENDING] = Pending()
            # sudo: whoever moves goods, the figures of all demands must be right
            precommit.add(self.sudo()._refresh_pending)
        return precommit.data[PENDING]

    @api.model
    def _refresh_pending(self):
        """Refresh what was noted; never raises, what fails is queued and shown.

        That somebody else is working on the same products is no failure: it is queued.
        """
        pending = self.env.cr.precommit.data.pop(PENDING, None)
        if not pending:
            return
        # Other modules' hooks run here, outside of our `try`: their veto is theirs.
        self.env.cr.flush()
        moves = self.env["stock.move"].browse(pending.get_moves())
        if len(moves) > self.env["backorder.refresh"]._get_limit():
            self._queue_pending(pending)
            return
        try:
            self._refresh(
                moves,
                pending.get_changed(pending.free),
                pending.get_changed(pending.stocked),
                changed_ids=pending.moves,
            )
            self._forget_arrived(moves)
            self._refresh_days_of_lines(moves, pending.line_ids)
            self._refresh_etas_or_queue(self._get_expecting_products(moves, pending))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._queue_pending(pending)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, it must not stop the warehouse; administrators see it
            _logger.exception("The backorder figures could not be refreshed.")
            self._queue_pending(pending, str(error))

    @api.model
    def _queue_pending(self, pending, error=False):
        """Leave what was noted to the scheduled action."""
        moves = self.env["stock.move"].browse(pending.get_moves()).exists()
        products = pending.get_changed(pending.free)
        products |= pending.get_changed(pending.stocked) | set(moves.product_id.ids)
        products |= pending.arrivals
        lines = self.env["sale.order.line"].browse(pending.line_ids).exists()
        products |= set(lines.product_id.ids)
        products = self.env["product.product"].browse(products).exists()
        self.env["backorder.refresh"]._queue(products.ids, error)

    # ------------------------------------------------------------------ refreshing

    @api.model
    def _refresh(self, moves, product_ids, stocked_ids, changed_ids=None):
        """Compute and store the planner's figures: all of them, or none.

        :param moves: moves that changed; demands without a row get one, and rows of
            moves that are no demand any more go
        :param product_ids: products of which free stock came or went
        :param stocked_ids: products that came to a place that had none, or left none
        :param changed_ids: those of the moves of which more has changed than what they
            hold; None: all of them
        """
        if changed_ids is None:
            changed_ids = set(moves.ids)
        first_steps = moves._filter_backorder_first_steps()
        products = set(product_ids) | self._delete_rows(moves - first_steps)
        # A move that is wholly reserved, or done, leaves the others what they have.
        products |= set(
            moves.filtered(lambda move: move.state not in ("assigned", "done"))
            .product_id.filtered("is_storable")
            .ids
        )
        if first_steps or products or stocked_ids:
            with self.env.cr.savepoint():
                stored, short = self._share_and_store(
                    first_steps, products, changed_ids
                )
                self._store_stock_reasons(short | set(stocked_ids))
                moves |= stored
                self.env["stock.picking"]._decide_holds(moves)
        else:
            self.env["stock.picking"]._decide_holds(moves)

    @api.model
    def _share_and_store(self, first_steps, product_ids, changed_ids):
        """
        :param changed_ids: moves of which more has changed than what they hold
        :return: the moves whose figures were stored; ids of products that are short
            among them
        """
        stock = self._get_stock(product_ids)
        free = self._share_free_stock(stock, self._get_sharing_moves(stock))
        known = self._get_known_rows(first_steps, product_ids)
        others = known.move_id | self.env["stock.move"].browse(free)
        first_steps |= (others - first_steps)._filter_backorder_first_steps()
        return first_steps, self._store(first_steps, known, free, changed_ids)

    @api.model
    def _get_known_rows(self, moves, product_ids):
        """Rows of these moves, and those that free stock of the products covers."""
        if not moves and not product_ids:
            return self.browse()
        return self.search_fetch(
            [
                "|",
                ("move_id", "in", moves.ids),
                "&",
                ("product_id", "in", list(product_ids)),
                ("qty_free", "!=", 0),
            ],
            ["move_id", "qty_short", "qty_free"],
        )

    @api.model
    def _get_stock(self, product_ids):
        """Free stock of these products, where there is stock at all.

        :return: ``{(product id, location id): free}``, product's unit
        """
        if not product_ids:
            return {}
        groups = self.env["stock.quant"]._read_group(
            [
                ("product_id", "in", list(product_ids)),
                ("location_id.usage", "=", "internal"),
            ],
            ["product_id", "location_id"],
            ["quantity:sum", "reserved_quantity:sum"],
        )
        return {
            (product.id, location.id): quantity - reserved
            for product, location, quantity, reserved in groups
        }

    @api.model
    def _get_sharing_moves(self, stock):
        """Open moves that could take free stock: demands and all that competes."""
        products = {product for (product, _location), free in stock.items() if free > 0}
        if not products:
            return self.env["stock.move"]
        moves = self.env["stock.move"].search(
            [
                ("product_id", "in", list(products)),
                ("state", "in", ("waiting", "confirmed", "partially_available")),
                ("location_id.usage", "=", "internal"),
            ]
        )
        return moves._filter_not_blocked().filtered(
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
        # Two transactions that share the same free stock do not see each other's
        # demands: the later one is refused here, and queued.
        self.env["backorder.sharing"]._claim(sharing.product_id.ids)
        return self._divide_free_stock(
            stock, self._get_demands_to_share(sharing, sharing._get_ranks())
        )

    @api.model
    def _get_demands_to_share(self, sharing, ranks, wanted=None):
        """
        :param ranks: by move id
        :param wanted: the most that a reservation could add, by move id; None: what it
            could add as things stand
        """
        return [
            Demand(
                id=move.id,
                pool=(move.product_id.id, move.location_id.id),
                quantity=wanted[move.id] if wanted else move._get_quantity_to_share(),
                rank=ranks[move.id],
                fit=move._get_share_fit(),
            )
            for move in sharing
        ]

    @api.model
    def _divide_free_stock(self, stock, demands):
        """The same without a claim, for who only looks.

        :param demands: of products and places, as :class:`allocation.Demand`
        """
        pools = {
            pool: self._get_pool(
                stock, pool[0], self.env["stock.location"].browse(pool[1])
            )
            for pool in {demand.pool for demand in demands}
        }
        plan = allocate_in_sequence(
            demands,
            pools=pools,
            supplies=stock,
            limits={
                key: sum(stock[place] for place in pool) for key, pool in pools.items()
            },
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
        )
        return {
            allocation.demand_id: sum(share for _place, share in allocation.shares)
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
    def _refresh_products(self, products):
        """Refresh every demand of these products, whatever was noted."""
        self._refresh_figures(products)
        self._refresh_etas(products.ids)
        self._store_etas_left_behind(products.ids)

    @api.model
    def _refresh_figures(self, products):
        """The same, without the days on which what is short is expected."""
        moves = self.env["stock.move"].search(
            [
                ("product_id", "in", products.ids),
                *self.env["stock.move"]._get_open_sale_domain(),
            ]
        )
        gone = self.search(
            [("product_id", "in", products.ids), ("move_id", "not in", moves.ids)]
        )
        self._refresh(moves | gone.move_id, products.ids, products.ids)

    def _store(self, first_steps, known, free, changed_ids):
        if not first_steps:
            return set()
        before = {row.move_id.id: (row.qty_short, row.qty_free) for row in known}
        shortages = first_steps._get_backorder_shortages(free_by_move=free)
        self._store_since(first_steps, shortages, before)
        old = first_steps.filtered(
            lambda move: move.id in before and move.id not in changed_ids
        )
        self.env.flush_all()
        self._store_rows(first_steps - old, shortages)
        self._store_figures(old, shortages)
        self.invalidate_model(flush=False)
        first_steps.invalidate_recordset(["backorder_demand_ids"], flush=False)
        # What was free and is reserved now has already been counted as covered.
        changed = [
            move_id
            for move_id, figures in shortages.items()
            if figures.free
            != min(figures.open - figures.allocated, before.get(move_id, (0.0, 0.0))[1])
        ]
        self._announce(changed)
        return {
            move.product_id.id for move in first_steps if shortages[move.id].short > 0
        }

    def _delete_rows(self, moves):
        """Rows of moves that are no demand any more.

        Not `unlink`: it empties the whole cache, and this runs in every transaction
        that ships something. Nothing hangs on a row of a move that is over. For the
        same reason the savepoint comes with the statement that it is for.

        :return: ids of products of which these left free stock to others
        """
        if not moves:
            return set()
        cr = self.env.cr
        try:
            cr.execute(
                SQL(
                    "SAVEPOINT backorder_rows;"
                    " DELETE FROM backorder_demand WHERE move_id = ANY(%s)"
                    " RETURNING product_id, qty_free",
                    moves.ids,
                )
            )
            gone = cr.fetchall()
        except psycopg2.Error:
            cr.execute("ROLLBACK TO SAVEPOINT backorder_rows")
            raise
        cr.execute("RELEASE SAVEPOINT backorder_rows")
        if gone:
            moves.invalidate_recordset(["backorder_demand_ids"], flush=False)
            self.invalidate_model(flush=False)
        return {product_id for product_id, qty_free in gone if qty_free}

    def _store_since(self, moves, shortages, before):
        """A shortage begins where there was none; a split rest has inherited its."""
        newly_short = moves.filtered(
            lambda move: (
                shortages[move.id].short > 0  # most are not, and comparing takes long
                and move.product_id.uom_id.compare(shortages[move.id].short, 0.0) > 0
                and (
                    not before[move.id][0]
                    if move.id in before
                    else not move.backorder_since
                )
            )
        )
        newly_short.backorder_since = fields.Datetime.now()

    def _store_stock_reasons(self, product_ids):
        """Stock that came, or went to others, changes why the rest is short.

        In one statement, as a product may be short in ten thousand orders.
        """
        if not product_ids:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE backorder_demand d
                   SET reason = fresh.reason, computed_at = now() AT TIME ZONE 'UTC'
                  FROM (SELECT product_id, location_id,
                               CASE WHEN EXISTS (
                                    SELECT FROM stock_quant q
                                      JOIN stock_location l ON l.id = q.location_id
                                      JOIN stock_location place
                                        ON place.id = waiting.location_id
                                     WHERE q.product_id = waiting.product_id
                                       AND q.quantity > 0
                                       AND l.usage = 'internal'
                                       AND l.parent_path LIKE place.parent_path || '%%'
                               ) THEN %(there)s ELSE %(none)s END AS reason
                          FROM backorder_demand waiting
                         WHERE product_id = ANY(%(products)s)
                         GROUP BY product_id, location_id) AS fresh
                 WHERE d.product_id = fresh.product_id
                   AND d.location_id = fresh.location_id
                   AND d.reason IN (%(there)s, %(none)s)
                   AND d.reason <> fresh.reason
                """,
                products=list(product_ids),
                there=short_for_stock(True),
                none=short_for_stock(False),
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model(["reason", "computed_at"], flush=False)

    def _store_figures(self, moves, shortages):
        """Of rows that are there, what the planner has found out: the rest of most of
        them never changes, and to look for it takes half of the time.

        Locked in one order for everybody, so that two processes never wait for each
        other.
        """
        if not moves:
            return
        self.env.cr.execute(
            SQL(
                """
                WITH locked AS (
                    SELECT id, move_id
                      FROM backorder_demand
                     WHERE move_id = ANY(%(moves)s)
                     ORDER BY move_id
                       FOR NO KEY UPDATE)
                UPDATE backorder_demand d
                   SET (qty_open, qty_allocated, qty_free, qty_short, own_chain, state,
                        reason, since, computed_at, write_uid, write_date)
                     = (t.qty_open, t.qty_allocated, t.qty_free, t.qty_short,
                        t.own_chain, t.state, t.reason, m.backorder_since,
                        now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC')
                  FROM %(figures)s
                  JOIN stock_move m ON m.id = t.move_id
                  JOIN locked ON locked.move_id = t.move_id
                 WHERE d.id = locked.id
                """,
                uid=self.env.uid,
                moves=moves.ids,
                figures=self._get_figures(moves, shortages),
            )
        )

    def _get_figures(self, moves, shortages) -> SQL:
        """A table of what the planner has found out about moves."""
        rows = [self._prepare_row(move, shortages[move.id]) for move in moves]
        return SQL(
            """
            unnest(%s::int[], %s::numeric[], %s::numeric[], %s::numeric[],
                   %s::numeric[], %s::boolean[], %s::varchar[], %s::varchar[])
                AS t(move_id, qty_open, qty_allocated, qty_free, qty_short, own_chain,
                     state, reason)
            """,
            *(list(column) for column in zip(*rows, strict=True)),
        )

    def _store_rows(self, moves, shortages):
        if not moves:
            return
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
                  FROM %(figures)s
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
                figures=self._get_figures(moves, shortages),
            )
        )

    def _prepare_row(self, move, figures):
        short = move._round_backorder_qty(figures.short)
        own_chain = move.procure_method == "make_to_order"
        state = own_state(
            Figures(
                open=figures.open, short=short, was_short=bool(move.backorder_since)
            )
        )
        return (
            move.id,
            figures.open,
            move._round_backorder_qty(figures.allocated),
            move._round_backorder_qty(figures.free),
            short,
            own_chain,
            state,
            # whether there is stock is found for all rows of a product at once
            reason(figures, own_chain, stock_at_hand=False),
        )

    def _announce(self, move_ids):
        """Lines, orders and deliveries follow where the planner changed its mind."""
        if not move_ids:
            return
        rows = self.search([("move_id", "in", move_ids)])
        rows.modified(["move_id", "qty_free"])
        self.env.flush_all()
