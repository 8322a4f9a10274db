"""Backorders that are older than the customer agreed to."""

from __future__ import annotations

import logging
from datetime import date, timedelta

import psycopg2
from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools.misc import formatLang

from ..planning import agreement
from ..planning.expiry import is_expired, is_to_ask

_logger = logging.getLogger(__name__)

EXPIRED = "backorder_management.mail_activity_expired"
EXPIRED_REASON = "backorder_management.cancel_reason_expired"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model
    def _cron_expire_backorders(self):
        """Ask about, or cancel, what has been missing for longer than agreed.

        Each order by itself: one that fails says so and stops no other.
        """
        orders = self._search_expiring()
        for index, order in enumerate(orders, start=1):
            order._expire_or_record()
            remaining = len(orders) - index
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                return

    @api.model
    def _search_expiring(self):
        """Orders with lines that may be too old, wherever their day has begun."""
        policies = (
            self.env["backorder.policy"]
            .with_context(active_test=False)
            .search([("expire_days", ">", 0)])
        )
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        domain = Domain.OR(
            Domain("order_id.backorder_policy_id", "in", same.ids)
            & Domain("backorder_since", "<", tomorrow - timedelta(days=days))
            for days, same in policies.grouped("expire_days").items()
        )
        short = Domain("state", "=", "sale") & Domain("qty_backordered", ">", 0)
        lines = self.env["sale.order.line"].search(short & domain)
        return lines.order_id.sorted("id")

    def _expire_or_record(self):
        order = self.with_company(self.company_id).with_context(
            **self._get_salesperson_terms()
        )
        self.env.cr.flush()  # what came before fails, if it does, as without us
        try:
            with self.env.cr.savepoint():
                find_day = order.company_id._remember_days()
                order._expire_backorders(find_day(fields.Datetime.now()))
        except psycopg2.Error as error:
            if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                _logger.info("%s is in use, its expiry waits for a day", order.name)
            else:
                order._record_expiry_failure(error)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, other orders are not to wait for it
            order._record_expiry_failure(error)

    def _expire_backorders(self, today: date):
        """Follow the agreement for all lines that are expired today."""
        self.ensure_one()
        policy = self.backorder_policy_id
        lines = self.order_line.filtered(
            lambda line: line._get_expired_moves(today, policy.expire_days)
        )
        if policy.expire_action == agreement.CANCEL and not self.backorder_blocked:
            asking = lines.filtered(lambda line: line._is_pinned())
            (lines - asking)._cancel_expired(today)
        else:
            asking = lines
        if asking:
            asking._ask_about_expired(today)

    def _record_expiry_failure(self, error: Exception):
        """For the salesperson to see; the next night tries again."""
        _logger.error("%s: expiry of backorders failed", self.name, exc_info=error)
        note = self.env._("Expired backorders could not be handled: %s", error)
        try:
            with self.env.cr.savepoint():
                self._schedule_expired(escape(note))
        except Exception:  # pylint: disable=broad-except
            # nobody could be asked; the log of the server has both
            _logger.exception("%s: nobody could be told", self.name)

    def _schedule_expired(self, note):
        """One open question per order, brought up to date."""
        activity_type = self.env.ref(EXPIRED, raise_if_not_found=False)
        if not activity_type:  # somebody has deleted it
            self._message_log(body=note)
            return
        opened = self.activity_ids.filtered(
            lambda activity: activity.activity_type_id == activity_type
        )
        if opened:
            opened[:1].note = note
            return
        self.activity_schedule(
            EXPIRED, note=note, user_id=self._get_user_to_ask().id or self.env.uid
        )

    def _get_user_to_ask(self):
        """The salesperson, else the head of the team, else who looks after runs."""
        users = (
            self.user_id
            | self.team_id.user_id
            | self.company_id.backorder_responsible_id
            | self.env.ref("sales_team.group_sale_manager").all_user_ids
        )
        return users.filtered(
            lambda user: (
                user.active
                and not user.share
                and user.id != self.env.uid
                and self.company_id in user.company_ids
            )
        )[:1]


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_asked_on = fields.Date(
        readonly=True,
        copy=False,
        help="When the salesperson was last asked about its expired backorder.",
    )

    def _get_expired_moves(self, today: date, days: int):
        """First steps of its delivery that have been short for too long."""
        moves = self.move_ids._filter_cancellable()
        shortages = moves._get_backorder_shortages()
        get_day = self.company_id._remember_days()
        return moves.filtered(
            lambda move: (
                move.id in shortages
                and shortages[move.id].short > 0
                and is_expired(get_day(move.backorder_since), today, days)
            )
        )

    def _cancel_expired(self, today: date):
        """Cancel what is missing; what is there for the line still ships."""
        for line in self:
            policy = line.order_id.backorder_policy_id
            line._cancel_backorder_short(
                self.env._(
                    "%(policy)s: missing for more than %(days)s days",
                    policy=policy.name,
                    days=policy.expire_days,
                ),
                line._get_expired_moves(today, policy.expire_days),
                kind=self.env.ref(EXPIRED_REASON, raise_if_not_found=False),
            )

    def _ask_about_expired(self, today: date):
        days = self.order_id.backorder_policy_id.expire_days
        find_day = self.company_id._remember_days()
        due = self.filtered(
            lambda line: is_to_ask(
                find_day(line.backorder_since),
                line.backorder_asked_on or None,
                today,
                days,
            )
        )
        if not due:
            return
        due.backorder_asked_on = today
        self.order_id._schedule_expired(
            Markup("<p>%s</p><ul>%s</ul>")
            % (
                self.env._("Missing for more than %s days. Wait or cancel?", days),
                Markup().join(
                    Markup("<li>%s</li>") % line._describe_missing() for line in self
                ),
            )
        )

    def _describe_missing(self) -> str:
        return self.env._(
            "%(quantity)s %(unit)s of %(product)s",
            quantity=formatLang(self.env, self.qty_backordered, dp="Product Unit"),
            unit=self.product_uom_id.name,
            product=self.product_id.display_name,
        )
