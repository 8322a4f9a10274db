"""What becomes of promises, and salespeople who are told in time."""

from __future__ import annotations

import logging

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import SQL, format_date

from ..planning.promises import KEPT, judge

_logger = logging.getLogger(__name__)

# The last order that was looked at, where time ran out.
WATCHED = "backorder_management.promises_watched_to"

AT_RISK = "backorder_management.mail_activity_promise"


class BackorderPromise(models.Model):
    _inherit = "backorder.promise"

    @api.model
    def _cron_watch(self):
        """Note what has become of promises, and tell salespeople which are at risk.

        Each order by itself: one that fails says so and stops no other. Where time runs
        out, the next call goes on with the next order.
        """
        cron = self.env["ir.cron"]
        watched = int(self._get_parameters().get_param(WATCHED, 0))
        if not watched:
            self._settle()
        orders = self._search_orders_to_watch().filtered(lambda each: each.id > watched)
        cron._commit_progress(remaining=len(orders))
        for order in orders:
            order._watch_promises_or_record()
            if not cron._commit_progress(1) and order != orders[-1:]:
                self._get_parameters().set_param(WATCHED, order.id)
                cron._commit_progress()
                return
        if watched:
            self._get_parameters().set_param(WATCHED, 0)

    @api.model
    def _get_parameters(self):
        # sudo: whoever starts the scheduled action
        return self.env["ir.config_parameter"].sudo()

    @api.model
    def _search_orders_to_watch(self):
        """Orders that are late against a promise, or were."""
        return self.env["sale.order"].search(
            [
                "|",
                ("backorder_promise_late", "=", True),
                ("backorder_promise_warned", "!=", False),
            ],
            order="id",
        )

    # ----------------------------------------------------------- what became of it

    @api.model
    def _settle(self):
        """Judge each promise of which something is still open by what has come.

        What was cancelled, and is to be delivered after all, is judged again.
        """
        self.env.flush_all()
        rows = self._read_unsettled()
        companies = self.env["res.company"].browse({row[2] for row in rows})
        find_day = {company.id: company._remember_days() for company in companies}
        now = fields.Datetime.now()
        changed = []
        for promise_id, date, company_id, complete, last, before in rows:
            delivered = find_day[company_id](last) if complete and last else None
            outcome = judge(
                date,
                delivered,
                find_day[company_id](now),
                is_cancelled=complete and not last,
            )
            if delivered or (outcome.state, outcome.days_late) != before:
                changed.append((promise_id, outcome, delivered))
        self._store_outcomes(changed)

    @api.model
    def _read_unsettled(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT promise.id, promise.date, promise.company_id,
                       line.product_uom_qty - COALESCE(line.qty_cancelled, 0)
                           <= line.qty_delivered + 0.000001,
                       last.date, promise.state, promise.days_late
                  FROM backorder_promise promise
                  JOIN sale_order_line line ON line.id = promise.sale_line_id
                  LEFT JOIN LATERAL (
                       SELECT MAX(move.date) AS date
                         FROM stock_move move
                         JOIN stock_location target ON target.id = move.location_dest_id
                        WHERE move.sale_line_id = line.id AND move.state = 'done'
                          AND target.usage IN ('customer', 'transit')) last ON TRUE
                 WHERE promise.delivered IS NULL
                   AND (promise.state <> 'void'
                        OR promise.is_latest AND line.state = 'sale'
                           AND line.qty_backorder_open > 0)
                 ORDER BY promise.id
                """
            )
        )
        return [(*row[:5], (row[5], row[6])) for row in rows]

    @api.model
    def _store_outcomes(self, changed):
        """
        :param changed: ids, `Outcome`, and the day of the delivery
        """
        if not changed:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE backorder_promise promise
                   SET state = fresh.state, days_late = fresh.days_late,
                       delivered = fresh.delivered, kept = fresh.kept
                  FROM unnest(%s::int[], %s::varchar[], %s::int[], %s::date[],
                              %s::float[])
                    AS fresh(id, state, days_late, delivered, kept)
                 WHERE promise.id = fresh.id
                """,
                [promise_id for promise_id, _outcome, _delivered in changed],
                [outcome.state for _id, outcome, _delivered in changed],
                [outcome.days_late for _id, outcome, _delivered in changed],
                [delivered for _id, _outcome, delivered in changed],
                [float(outcome.state == KEPT) for _id, outcome, _delivered in changed],
            )
        )
        self.invalidate_model(["state", "days_late", "delivered", "kept"], flush=False)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_promise_warned = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Of which promises the salesperson has been told that they are at risk.",
    )

    def _watch_promises_or_record(self):
        order = self.with_company(self.company_id).with_context(
            **self._get_salesperson_terms()
        )
        self.env.cr.flush()  # what came before fails, if it does, as without us
        try:
            with self.env.cr.savepoint():
                order._watch_promises()
        except psycopg2.Error as error:
            if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                _logger.info("%s is in use, its promises wait for a day", order.name)
            else:
                order._record_promise_failure(error)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, other orders are not to wait for it
            order._record_promise_failure(error)

    def _record_promise_failure(self, error: Exception):
        """For the salesperson to see; the next night tries again."""
        _logger.error("%s: promises could not be watched", self.name, exc_info=error)
        self._message_log(
            body=self.env._("Promises at risk could not be followed up: %s", error)
        )

    def _watch_promises(self):
        """Tell the salesperson once what is at risk; done by itself when it is not."""
        self.ensure_one()
        late = self.order_line.filtered("backorder_promise_late")
        if not late:
            self._close_promise_activity()
            return
        situation = ",".join(
            f"{line.id}:{line.backorder_promise_date}" for line in late.sorted("id")
        )
        opened = self._get_promise_activities()
        if opened:
            opened[:1].note = self._describe_late(late)
        elif self.backorder_promise_warned != situation:
            self._schedule_promise(self._describe_late(late))
        self.backorder_promise_warned = situation

    def _schedule_promise(self, note):
        if not self.env.ref(AT_RISK, raise_if_not_found=False):  # somebody deleted it
            self._message_log(body=note)
            return
        user = self._get_user_to_ask()
        self.activity_schedule(AT_RISK, note=note, user_id=user.id or self.env.uid)

    def _get_promise_activities(self):
        activity_type = self.env.ref(AT_RISK, raise_if_not_found=False)
        return self.activity_ids.filtered(
            lambda activity: (
                activity_type and activity.activity_type_id == activity_type
            )
        )

    def _close_promise_activity(self):
        if opened := self._get_promise_activities():
            opened.action_feedback(
                feedback=self.env._("What was promised can be kept.")
            )
        if self.backorder_promise_warned:
            self.backorder_promise_warned = False

    def _describe_late(self, lines):
        return Markup("<p>%s</p><ul>%s</ul>") % (
            self.env._("What was promised cannot be kept as things stand:"),
            Markup().join(
                Markup("<li>%s</li>") % line._describe_late_promise() for line in lines
            ),
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _describe_late_promise(self) -> str:
        values = {
            "product": self.product_id.display_name,
            "promised": format_date(self.env, self.backorder_promise_date),
        }
        if not self.backorder_eta and self.backorder_if_ordered:
            return self.env._(
                "%(product)s: promised for %(promised)s, and no arrival is known; if "
                "it was ordered today, it could be had on %(day)s",
                **values,
                day=format_date(self.env, self.backorder_if_ordered),
            )
        if not self.backorder_eta:
            return self.env._(
                "%(product)s: promised for %(promised)s, and no arrival is known",
                **values,
            )
        return self.env._(
            "%(product)s: promised for %(promised)s, expected on %(expected)s",
            **values,
            expected=format_date(self.env, self.backorder_eta),
        )
