"""Later dates that need the customer's consent, and what happens without it."""

from __future__ import annotations

import logging
from datetime import timedelta

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import format_date

from ..planning import choices, notices
from ..planning.consent import needs_consent
from ..planning.notices import Rules
from .backorder_choice import OFFERED, VOID
from .error_words import describe_failure

_logger = logging.getLogger(__name__)

SILENT = "silent"
NO_ANSWER = "backorder_management.cancel_reason_no_answer"


class BackorderPolicy(models.Model):
    _inherit = "backorder.policy"

    consent_needed = fields.Boolean(
        "Later Dates Need Consent",
        help="When it comes later than the customer was told, he is asked whether he "
        "waits. Such notices are sent whether or not they are switched on.",
    )
    consent_free_days = fields.Integer(
        "Silence Is Consent Up To",
        help="Days by which it may be late the first time without an answer. 0: each "
        "later date needs one.",
    )
    consent_days = fields.Integer("Answer Within", default=14)
    consent_else = fields.Selection(
        [
            ("ask", "Ask the salesperson"),
            ("cancel", "Cancel what is missing"),
        ],
        "Without an Answer",
        default="ask",
        required=True,
    )

    _consent_days_positive = models.Constraint(
        "CHECK (consent_days > 0 AND consent_free_days >= 0)",
        "Give customers a day at least to answer, and no less than 0 days of delay.",
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _search_companies_that_tell(self):
        """Where an agreement asks for consent, customers are told of it."""
        # sudo: whoever starts the scheduled action
        policies = self.env["backorder.policy"].sudo()
        asking = policies.search([("consent_needed", "=", True)])
        companies = super()._search_companies_that_tell()
        if not asking:
            return companies
        if any(not policy.company_id for policy in asking):
            return self.env["res.company"].sudo().search([("active", "=", True)])
        return companies | asking.company_id


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_notice_rules(self, rules: Rules) -> Rules:
        """What is told of this line: where consent is asked for, also each later date,
        and that it was cancelled."""
        rules = super()._get_notice_rules(rules)
        if not self.order_id.backorder_policy_id.consent_needed:
            return rules
        return Rules(
            rules.kinds | {notices.DATE, notices.CANCELLED}, 0, rules.silence_days
        )

    def _get_agreed_choices(self) -> frozenset[str]:
        """Whoever is asked may wait, or cancel."""
        agreed = super()._get_agreed_choices()
        if self.backorder_choice_ids.filtered(lambda each: each._is_demanded()):
            return agreed | {choices.WAIT, choices.CANCEL}
        return agreed

    def _needs_consent(self, day, day_before) -> bool:
        """
        :param day: that is told now, or none
        :param day_before: that was told before, or none
        """
        policy = self.order_id.backorder_policy_id
        if not policy.consent_needed or self.qty_backordered <= 0:
            return False
        delays = self.backorder_promise_ids.filtered(
            lambda promise: promise.reason == "later"
        )
        return needs_consent(
            day_before or None, day or None, len(delays), policy.consent_free_days
        )

    def _demand_consent(self, told):
        """
        :param told: the line of the notice that says it
        """
        policy = self.order_id.backorder_policy_id
        find_day = self.company_id._remember_days()
        today = find_day(fields.Datetime.now())
        self.backorder_choice_ids.filtered(
            lambda choice: choice.state == OFFERED
        ).state = VOID
        days = max(policy.choice_days, policy.consent_days + 1)
        self.env["backorder.choice"].create(
            self._prepare_offer(
                notice_id=told.notice_id.id,
                expires_at=fields.Datetime.add(fields.Datetime.now(), days=days),
                answer_by=today + timedelta(days=policy.consent_days),
                day_before=told.day_before,
            )
        )


class BackorderNotice(models.Model):
    _inherit = "backorder.notice"

    def _offer_choices(self):
        """Ask for consent first: what may be chosen depends on it."""
        for line in self.line_ids:
            sale_line = line.sale_line_id
            if sale_line._needs_consent(line.day, line.day_before):
                sale_line._demand_consent(line)
        return super()._offer_choices()


class BackorderNoticeLine(models.Model):
    _inherit = "backorder.notice.line"

    @api.private
    def get_demand(self):
        """The consent that this notice asks for; empty: none."""
        return self.env["backorder.choice"].search(
            [
                ("notice_id", "=", self.notice_id.id),
                ("sale_line_id", "=", self.sale_line_id.id),
                ("answer_by", "!=", False),
            ],
            limit=1,
        )


class BackorderChoice(models.Model):
    _inherit = "backorder.choice"

    state = fields.Selection(
        selection_add=[(SILENT, "No Answer")], ondelete={SILENT: "cascade"}
    )
    answer_by = fields.Date(
        readonly=True, index="btree_not_null", help="Consent to a later date is needed."
    )
    day_before = fields.Date(
        "Told Before", readonly=True, help="The day that is put off."
    )

    def _is_demanded(self) -> bool:
        self.ensure_one()
        return self.state == OFFERED and bool(self.answer_by)

    @api.model
    def _cron_consent(self):
        """Follow the agreement where no answer came in time; each by itself: one that
        fails says so and stops no other."""
        now = fields.Datetime.now()
        tomorrow = fields.Date.to_date(now) + timedelta(days=1)
        waiting = self.search(
            [("state", "=", OFFERED), ("answer_by", "<", tomorrow)], order="id"
        )
        due = waiting.filtered(
            lambda choice: choice.answer_by < choice.company_id._remember_days()(now)
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(due))
        for choice in due:
            choice._get_salesperson_view()._end_or_record()
            if not cron._commit_progress(1):
                return

    def _end_or_record(self):
        self.env.flush_all()  # what came before fails, if it does, as without us
        try:
            with self.env.cr.savepoint():
                self._end_without_answer()
        except psycopg2.Error as error:
            if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                _logger.info("%s is in use and waits for a day", self.order_id.name)
            else:
                self._record_silence(error)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, other customers are not to wait for it
            self._record_silence(error)

    def _record_silence(self, error: Exception):
        """For the salesperson to decide."""
        words = describe_failure(self.env, error, _logger, f"choice {self.id}")
        self.write({"state": SILENT, "result": words})
        self._ask_about_silence()

    def _end_without_answer(self):
        line = self.sale_line_id
        day = line._get_expected_day()
        if line.qty_backordered <= 0 or (day and day <= self.day_before):
            self.write(
                {"state": VOID, "result": self.env._("It comes in time after all.")}
            )
            return
        policy = self.order_id.backorder_policy_id
        stays = self.order_id.backorder_blocked or line._is_pinned()
        if policy.consent_else != "cancel" or stays:
            self.write({"state": SILENT, "result": self.env._("No answer came.")})
            self._ask_about_silence()
            return
        cancelled = line._cancel_backorder_short(
            self.env._("No consent to the later date came."),
            kind=self.env.ref(NO_ANSWER, raise_if_not_found=False),
        )
        if not cancelled:
            line._refuse_to_cancel_rest()
        quantity = line._format_own_quantity(sum(cancelled.values()))
        self.write(
            {
                "state": SILENT,
                "result": self.env._("No answer came, cancelled: %s", quantity),
            }
        )

    def _ask_about_silence(self):
        note = Markup("<p>%s</p><p>%s</p>") % (
            self.env._(
                "%(product)s: no answer to the later date by %(day)s. Wait or cancel?",
                product=self.product_id.display_name,
                day=format_date(self.env, self.answer_by),
            ),
            self.result or "",
        )
        self._schedule(note)
