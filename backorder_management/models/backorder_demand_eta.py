"""When what is short can be there: stored, so that lists sort and filter by it."""

from __future__ import annotations

import logging

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, split_every

from .backorder_eta import ETA_KINDS
from .backorder_eta_documents import store_document_etas
from .backorder_eta_if_ordered import OrderableEtaFinder
from .backorder_sharing import impatient

_logger = logging.getLogger(__name__)

# Products between two commits of the nightly action.
NIGHTLY = 200


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    eta = fields.Date(
        "Expected",
        readonly=True,
        help="The day on which the customer can have all that is open, where the "
        "company is.",
    )
    eta_late = fields.Date(
        "Expected at the Latest",
        readonly=True,
        help="The day that holds nine times in ten, by what the vendors have kept so "
        "far.",
    )
    is_late = fields.Boolean(
        "Expected Too Late",
        compute="_compute_is_late",
        search="_search_is_late",
        help="It is expected after the day on which it is needed.",
    )
    eta_kind = fields.Selection(ETA_KINDS, "Expected How", readonly=True)

    _expecting = models.Index(
        "(product_id) WHERE (qty_short > 0 OR eta_kind IS NOT NULL)"
    )

    @api.depends("eta", "date_needed")
    def _compute_is_late(self):
        for demand in self:
            find_day = demand.company_id._remember_days()
            needed = find_day(demand.date_needed or None)
            demand.is_late = bool(demand.eta and needed and demand.eta > needed)

    @api.model
    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, company_id, eta, date_needed
                  FROM backorder_demand
                 WHERE eta >= date_needed::date
                """
            )
        )
        companies = self.env["res.company"].browse({row[1] for row in rows})
        # the day where the company is
        find_day = {each.id: each._remember_days() for each in companies}
        late = [
            demand_id
            for demand_id, company_id, eta, needed in rows
            if eta > find_day[company_id](needed)
        ]
        return Domain("id", "in" if True in value else "not in", late)

    @api.model
    def _note_expected(self, product_ids):
        """Find the expected days of these products before this transaction ends."""
        if product_ids:
            self._get_pending().arrivals.update(product_ids)

    @api.model
    def _get_expecting_products(self, moves, pending) -> set[int]:
        """Products of which the expected days may have changed.

        :param moves: what was noted
        """
        products = pending.get_changed(pending.free)
        products |= pending.get_changed(pending.stocked) | pending.arrivals
        for move in moves:
            target = move.location_final_id or move.location_dest_id
            # Demands that are short or were, arrivals, and what competes for both.
            if (
                move.backorder_since
                or target.usage == "internal"
                or not move.sale_line_id
            ):
                products.add(move.product_id.id)
        return products

    @api.model
    def _refresh_etas_or_queue(self, product_ids):
        """The same as `_refresh_etas`, by the scheduled action where it is much."""
        counts = self._count_expecting(product_ids)
        if sum(counts.values()) > self.env["backorder.refresh"]._get_limit():
            self.env["backorder.refresh"]._queue(counts)
        elif counts:
            with self.env.cr.savepoint():
                self._find_and_store_etas(sorted(counts))

    @api.model
    def _refresh_etas(self, product_ids):
        """Find again when what is short of these products can be there, and store it.

        Orders, lines and deliveries are touched only where their date changes.
        """
        if counts := self._count_expecting(product_ids):
            self._find_and_store_etas(sorted(counts))

    @api.model
    def _find_and_store_etas(self, product_ids):
        # Two that share the same arrivals do not see each other's demands.
        self.env["backorder.sharing"]._claim(product_ids)
        now = fields.Datetime.now()
        self._store_etas(OrderableEtaFinder(self.env, now).find(product_ids), now)

    @api.model
    def _count_expecting(self, product_ids) -> dict[int, int]:
        """Demands that are short, or were, by product."""
        if not product_ids:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT product_id, COUNT(*) FROM backorder_demand"
                    " WHERE product_id = ANY(%s)"
                    " AND (qty_short > 0 OR eta_kind IS NOT NULL OR since IS NOT NULL)"
                    " GROUP BY 1",
                    list(product_ids),
                )
            )
        )

    def _store_etas(self, found, now):
        """
        :param found: `Expected` by move id
        """
        if not found:
            return
        cr = self.env.cr
        cr.execute(
            SQL(
                """
                WITH locked AS (
                    SELECT id, move_id
                      FROM backorder_demand
                     WHERE move_id = ANY(%(moves)s)
                     ORDER BY move_id
                       FOR NO KEY UPDATE)
                UPDATE backorder_demand d
                   SET eta = t.eta, eta_late = t.late, eta_kind = t.kind,
                       eta_if_ordered = t.if_ordered
                  FROM unnest(%(moves)s::int[], %(etas)s::date[], %(lates)s::date[],
                              %(kinds)s::varchar[], %(if_ordered)s::date[])
                    AS t(move_id, eta, late, kind, if_ordered)
                  JOIN locked ON locked.move_id = t.move_id
                 WHERE d.id = locked.id
                   AND (d.eta, d.eta_late, d.eta_kind, d.eta_if_ordered)
                       IS DISTINCT FROM (t.eta, t.late, t.kind, t.if_ordered)
             RETURNING d.sale_line_id, d.order_id, d.move_id
                """,
                moves=list(found),
                etas=[each.eta for each in found.values()],
                lates=[each.late for each in found.values()],
                kinds=[each.kind for each in found.values()],
                if_ordered=[each.if_ordered for each in found.values()],
            )
        )
        changed = cr.fetchall()
        if changed:
            self.invalidate_model(
                ["eta", "eta_late", "eta_kind", "eta_if_ordered"], flush=False
            )
            self._store_document_etas(changed, now)

    @api.model
    def _forget_arrived(self, moves):
        """What has left with the last step of its delivery is expected no more."""
        arrived = moves.filtered(
            lambda move: (
                move.state in ("done", "cancel")
                and move.sale_line_id
                and (move.sale_line_id.backorder_eta or move.picking_id.backorder_eta)
            )
        )
        if arrived:
            changed = [
                (move.sale_line_id.id, move.sale_line_id.order_id.id, move.id)
                for move in arrived
            ]
            with self.env.cr.savepoint():
                self._store_document_etas(changed, fields.Datetime.now())

    @api.model
    def _store_document_etas(self, changed, now):
        """
        :param changed: ids of order lines, orders and moves of which days have changed
        """
        lines, orders, moves = map(set, zip(*changed, strict=True))
        # No transfer waits for a colleague who is just saving one of these orders.
        with impatient(self.env.cr):
            store_document_etas(self.env, lines, orders, moves, now)

    @api.model
    def _store_etas_left_behind(self, product_ids=None):
        """Of goods on their way that have not arrived, and of lines whose demands are
        gone, which somebody else was just saving then.

        :param product_ids: None: of all products
        """
        day = fields.Date.today()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, line.order_id, move.id
                  FROM sale_order_line line
                  JOIN stock_move move ON move.sale_line_id = line.id
                 WHERE line.backorder_eta IS NOT NULL AND %(ours)s
                   AND (line.backorder_eta < %(day)s
                        OR NOT EXISTS (
                            SELECT FROM backorder_demand d
                             WHERE d.sale_line_id = line.id
                               AND d.eta_kind IS NOT NULL))
                """,
                day=day,
                ours=SQL("TRUE")
                if product_ids is None
                else SQL("line.product_id = ANY(%s)", list(product_ids)),
            )
        )
        if rows:
            self._store_document_etas(rows, fields.Datetime.now())

    # -------------------------------------------------------------------- nightly

    @api.model
    def _cron_refresh_etas(self):
        """Find all expected days again: what has not come by today comes later.

        Works some products at a time, committing on the way.
        """
        cron = self.env["ir.cron"]
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT product_id FROM backorder_demand"
                " WHERE qty_short > 0 OR eta_kind IS NOT NULL ORDER BY 1"
            )
        )
        product_ids = [product_id for [product_id] in rows]
        cron._commit_progress(remaining=len(product_ids))
        for batch in split_every(NIGHTLY, product_ids, list):
            self._refresh_etas_or_report(batch)
            if not cron._commit_progress(len(batch)):
                return
        self._store_etas_left_behind()

    @api.model
    def _refresh_etas_or_report(self, product_ids):
        """What fails is tried again by the scheduled refresh, which shows why."""
        try:
            with self.env.cr.savepoint():
                self._refresh_etas(product_ids)
                self._refresh_documents(product_ids)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env["backorder.refresh"]._queue(product_ids)
        except Exception as error:  # pylint: disable=broad-except
            # some products must not keep the others from being right
            _logger.exception("Expected days of %s", product_ids)
            self.env["backorder.refresh"]._queue(product_ids, str(error))


class BackorderPinArrival(models.Model):
    """What is kept of an arrival for one comes later for others."""

    _inherit = "backorder.pin.arrival"

    @api.model_create_multi
    def create(self, vals_list):
        promises = super().create(vals_list)
        promises._note_expected_days()
        return promises

    def write(self, vals):
        self._note_expected_days()
        result = super().write(vals)
        self._note_expected_days()
        return result

    def unlink(self):
        self._note_expected_days()
        return super().unlink()

    def _note_expected_days(self):
        self.env["backorder.demand"]._note_expected(self.product_id.ids)
