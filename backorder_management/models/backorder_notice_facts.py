"""What there is to tell: found by looking at what customers wait for, now and then.

Nothing is noted while somebody ships or receives, so that nobody waits for it.
"""

from __future__ import annotations

import logging

import psycopg2
from psycopg2.errorcodes import UNIQUE_VIOLATION

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import SQL

from ..planning import notices
from ..planning.notices import Known, Line, Rules, bundle, find_fact
from ..planning.states import BACKORDERED, HELD, NONE, PARTIAL, READY
from .backorder_kit import Kit

_logger = logging.getLogger(__name__)

WAITING_STATES = (BACKORDERED, PARTIAL, HELD, READY)

# What is told as soon as it happens; the others, once a day.
EVENTS = frozenset(notices.KINDS) - notices.ONCE_A_DAY

# Lines that are looked at together.
CHUNK = 500


class BackorderNotice(models.Model):
    _inherit = "backorder.notice"

    @api.model
    def _queue(self, kinds):
        """Queue what there is to tell.

        :param kinds: to look for
        """
        for company in self.env["res.partner"]._search_companies_that_tell():
            lines = self._search_candidates(company, kinds)
            found = []
            for start in range(0, len(lines), CHUNK):
                chunk = lines[start : start + CHUNK].with_company(company)
                found += chunk._find_notice_facts(kinds)
            self._create_bundles_or_wait(company, found)

    @api.model
    def _create_bundles_or_wait(self, company, found):
        """Whoever else has found the same at the same time queues it."""
        try:
            with self.env.cr.savepoint():
                self._create_bundles(company, found)
        except psycopg2.Error as error:
            if error.pgcode not in (UNIQUE_VIOLATION, *PG_CONCURRENCY_ERRORS_TO_RETRY):
                raise
            _logger.info("Notices of %s are being queued", company.name)

    @api.model
    def _create_bundles(self, company, found):
        """
        :param found: lines, the kinds of what is to be told of them, and their values
        """
        values = {line.id: line_values for line, _kind, line_values in found}
        bundles = bundle(
            (line.order_id.partner_id.id, line.order_id.id, line.id, kind)
            for line, kind, _values in found
        )
        lines = self.env["sale.order.line"]
        # sudo: nobody writes notices himself
        notice_lines = self.env["backorder.notice.line"].sudo()
        created = self.sudo().create(
            [
                {
                    "kind": each.kind,
                    "company_id": company.id,
                    "partner_id": each.customer,
                    "order_id": lines.browse(
                        min(id_ for id_, _kind in each.lines)
                    ).order_id.id,
                }
                for each in bundles
            ]
        )
        notice_lines.create(
            [
                {**values[line_id], "notice_id": notice.id, "kind": kind}
                for notice, each in zip(created, bundles, strict=True)
                for line_id, kind in each.lines
            ]
        )
        return created

    @api.model
    def _search_candidates(self, company, kinds):
        """Lines of which something has changed since their customers were told.

        Those whose days alone have changed only if days are looked for.
        """
        self.env.flush_all()
        by_days = SQL("FALSE")
        if kinds & notices.ONCE_A_DAY:
            by_days = SQL(
                """
                line.backorder_eta IS DISTINCT FROM known.eta_then
                OR late.day IS DISTINCT FROM known.eta_late_then
                OR line.backorder_state = 'held'
                OR known.told_at IS NULL
                OR known.told_at < %s
                """,
                fields.Datetime.subtract(
                    fields.Datetime.now(), days=company.backorder_tell_silence_days - 1
                ),
            )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id
                  FROM sale_order_line line
                  LEFT JOIN backorder_notice_line known
                    ON known.sale_line_id = line.id AND known.is_latest
                  LEFT JOIN LATERAL (
                       SELECT MAX(d.eta_late) AS day
                         FROM backorder_demand d
                        WHERE d.sale_line_id = line.id) late ON TRUE
                 WHERE line.state = 'sale' AND line.company_id = %(company)s
                   AND (line.backorder_state IN %(states)s OR line.qty_cancelled > 0)
                   AND NOT EXISTS (
                        SELECT FROM backorder_notice_line pending
                         WHERE pending.sale_line_id = line.id
                           AND pending.told_at IS NULL)
                   AND (known.id IS NULL
                        OR line.backorder_state <> known.state_then
                        OR line.qty_delivered <> known.qty_delivered_then
                        OR line.qty_cancelled > known.qty_cancelled
                        OR EXISTS (
                           SELECT FROM stock_move move
                            WHERE move.sale_line_id = line.id AND move.state = 'done'
                              AND move.date >= known.told_at)
                        OR %(by_days)s)
                 ORDER BY line.order_id, line.id
                """,
                company=company.id,
                states=WAITING_STATES,
                by_days=by_days,
            )
        )
        return self.env["sale.order.line"].browse(line_id for [line_id] in rows)

    def _search_told_today(self, company):
        """Customers who have heard of days today."""
        find_day = company._remember_days()
        now = fields.Datetime.now()
        recent = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("kind", "in", list(notices.ONCE_A_DAY)),
                ("told_at", ">", fields.Datetime.subtract(now, days=2)),
            ]
        )
        return recent.filtered(
            lambda notice: find_day(notice.told_at) == find_day(now)
        ).partner_id


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_notice_line_ids = fields.One2many(
        "backorder.notice.line",
        "sale_line_id",
        "Notices",
        readonly=True,
        groups="sales_team.group_sale_salesman",  # customers read their lines, too
    )

    def _find_notice_facts(self, kinds):
        """What there is to tell of these lines of one company.

        :param kinds: to look for
        :return: lines, the kind of each, and the values of what is to be told
        """
        if not self:
            return []
        company = self.company_id
        find_day = company._remember_days()
        today = find_day(fields.Datetime.now())
        told_today = self.env["backorder.notice"]._search_told_today(company)
        known = self._map_known()
        rules = {}
        found = []
        for line in self:
            customer = line.order_id.partner_id
            if customer not in rules:
                rules[customer] = customer._get_notice_rules(company)
            own = line._get_notice_rules(rules[customer])
            own_kinds = own.kinds & kinds
            if customer in told_today:
                own_kinds -= notices.ONCE_A_DAY
            if not own_kinds:
                continue
            values = line._prepare_notice_line(known.get(line))
            fact = find_fact(
                line._get_notice_figures(values, known.get(line)),
                Rules(own_kinds, own.least_days, own.silence_days),
                today,
            )
            if fact:
                found.append((line, fact, values))
        return found

    def _get_notice_rules(self, rules: Rules) -> Rules:
        """What is told of this line.

        :param rules: of its customer
        """
        self.ensure_one()
        return rules

    def _map_known(self) -> dict:
        """By line, what its customer knows; left out: he was told nothing."""
        if not self:
            return {}
        find_day = self.company_id._remember_days()
        # sudo: nobody looks at these, and what is told does not depend on who tells it
        told = self.env["backorder.notice.line"].sudo()
        latest = {
            each.sale_line_id.id: each
            for each in told.search(
                [("sale_line_id", "in", self.ids), ("is_latest", "=", True)]
            )
        }
        promises = {
            each.sale_line_id.id: each
            for each in self.env["backorder.promise"]
            .sudo()
            .search([("sale_line_id", "in", self.ids), ("is_latest", "=", True)])
        }
        result = {}
        for line in self:
            notice, promise = latest.get(line.id), promises.get(line.id)
            if not notice and not promise:
                continue
            newer = promise and (not notice or promise.told_at >= notice.told_at)
            result[line] = Known(
                day=(promise.date if newer else notice.day) or None,
                heard=find_day((promise if newer else notice).told_at),
                shipped=notice.qty_shipped if notice else 0.0,
                cancelled=notice.qty_cancelled if notice else 0.0,
                ready=bool(notice and notice.is_ready),
                by_notice=bool(notice),
            )
        return result

    def _prepare_notice_line(self, known: Known | None) -> dict:
        """What can be told of the line now."""
        self.ensure_one()
        shipped = self._get_qty_shipped()
        open_qty = self.qty_backorder_open
        late = self.move_ids.backorder_demand_ids.mapped("eta_late")
        return {
            "sale_line_id": self.id,
            "order_id": self.order_id.id,
            "day": self._get_expected_day() if open_qty > 0 else False,
            "day_before": (known.day or False) if known else False,
            "qty_ordered": self.product_uom_qty,
            "qty_open": open_qty,
            "qty_short": self.qty_backordered,
            "qty_shipped": shipped,
            "qty_shipped_now": max(0.0, shipped - (known.shipped if known else 0.0)),
            "qty_cancelled": self.qty_cancelled,
            "qty_cancelled_now": max(
                0.0, self.qty_cancelled - (known.cancelled if known else 0.0)
            ),
            "is_ready": self._is_ready_to_ship(),
            "state_then": self.backorder_state,
            "eta_then": self.backorder_eta,
            "eta_late_then": max([day for day in late if day], default=False),
            "qty_delivered_then": self.qty_delivered,
        }

    def _get_notice_figures(self, values, known: Known | None) -> Line:
        """
        :param values: as of :meth:`_prepare_notice_line`
        """
        find_day = self.company_id._remember_days()
        return Line(
            open=values["qty_open"],
            short=values["qty_short"],
            shipped=values["qty_shipped"],
            cancelled=values["qty_cancelled"],
            ready=values["is_ready"],
            expected=values["day"] or None,
            since=find_day(self.backorder_since or self.order_id.date_order),
            known=known,
        )

    def _is_ready_to_ship(self) -> bool:
        """Are the goods there for all that is open, and held by nothing?"""
        return self.backorder_state in (READY, NONE) and (
            self.qty_allocated > 0
            and self.product_uom_id.compare(self.qty_allocated, self.qty_backorder_open)
            >= 0
        )

    def _get_qty_shipped(self) -> float:
        """All that has left for the customer, in the line's unit; what came back is in
        it."""
        self.ensure_one()
        return self._sum_backorder_qty(
            [
                (move, move._get_backorder_product_qty(move.quantity))
                for move, sign in self._get_backorder_done_moves()
                if sign > 0
            ],
            count_kits=Kit.count_complete,
        )
