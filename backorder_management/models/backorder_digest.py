"""What a salesperson has to know of his backorders this morning, in one message."""

from __future__ import annotations

import logging
from datetime import timedelta

import psycopg2
from markupsafe import Markup
from psycopg2.errorcodes import UNIQUE_VIOLATION

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

from .backorder_notice_sending import LAYOUT

_logger = logging.getLogger(__name__)

TEMPLATE = "backorder_management.mail_template_digest"

# What expires within so many days is named.
EXPIRING_DAYS = 7


class BackorderDigest(models.Model):
    """One message to one salesperson: what has become short, what comes later than
    promised, what has not come in time, and what expires soon."""

    _name = "backorder.digest"
    _description = "Digest of Backorders for a Salesperson"
    _order = "date desc, id desc"

    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    date = fields.Date(required=True, readonly=True)
    since = fields.Datetime(
        readonly=True, help="What became short after this is new to him."
    )
    new_line_ids = fields.Many2many(
        "sale.order.line", string="New Shortages", compute="_compute_line_ids"
    )
    slipped_line_ids = fields.Many2many(
        "sale.order.line", string="Later Than Promised", compute="_compute_line_ids"
    )
    broken_line_ids = fields.Many2many(
        "sale.order.line", string="Broken Promises", compute="_compute_line_ids"
    )
    expiring_line_ids = fields.Many2many(
        "sale.order.line", string="Expiring Soon", compute="_compute_line_ids"
    )
    count = fields.Integer(compute="_compute_line_ids")

    # nobody gets two on one day, whoever starts it
    _daily_unique = models.UniqueIndex("(user_id, company_id, date)")

    @api.depends("user_id", "company_id", "date", "since")
    def _compute_line_ids(self):
        for digest in self:
            lines = self.env["sale.order.line"]
            own = Domain(
                [
                    ("order_id.user_id", "=", digest.user_id.id),
                    ("company_id", "=", digest.company_id.id),
                    ("state", "=", "sale"),
                ]
            )
            late = own & Domain("backorder_promise_late", "=", True)
            passed = Domain("backorder_promise_date", "<", digest.date)
            short = own & Domain("qty_backordered", ">", 0)
            digest.new_line_ids = lines.search(
                short & Domain("backorder_since", ">=", digest.since)
            )
            digest.broken_line_ids = lines.search(late & passed)
            digest.slipped_line_ids = lines.search(late & ~passed)
            digest.expiring_line_ids = lines.search(
                short & digest._get_expiring_domain()
            )
            digest.count = len(
                digest.new_line_ids
                | digest.broken_line_ids
                | digest.slipped_line_ids
                | digest.expiring_line_ids
            )

    @api.depends("user_id", "date")
    def _compute_display_name(self):
        for digest in self:
            digest.display_name = f"{digest.user_id.name}, {digest.date}"

    def _get_expiring_domain(self) -> Domain:
        """Missing for so long that its agreement ends it, or has somebody asked, within
        days."""
        now = fields.Datetime.now()
        policies = (
            self.env["backorder.policy"]
            .with_context(active_test=False)
            .search([("expire_days", ">", 0)])
        )
        return Domain.OR(
            Domain("order_id.backorder_policy_id", "in", same.ids)
            & Domain("backorder_since", ">=", now - timedelta(days=days))
            & Domain("backorder_since", "<", now - timedelta(days=days - EXPIRING_DAYS))
            for days, same in policies.grouped("expire_days").items()
        )

    # ------------------------------------------------------------------------- sending

    @api.model
    def _cron_send(self):
        """Each salesperson by himself: one that fails says so and stops no other."""
        pairs = [
            (company, user)
            for company in self.env["res.company"].search(
                [("backorder_digest", "=", True)]
            )
            for user in self._search_salespeople(company)
        ]
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(pairs))
        for company, user in pairs:
            self._send_or_log(company, user)
            if not cron._commit_progress(1):
                return

    @api.model
    def _search_salespeople(self, company):
        """Of orders of which something is missing, or that are late."""
        rows = self.env["sale.order"]._read_group(
            [
                ("company_id", "=", company.id),
                ("state", "=", "sale"),
                ("backorder_state", "not in", ("none", "fulfilled", "cancelled")),
                ("user_id.active", "=", True),
                ("user_id.share", "=", False),
                ("user_id.backorder_digest", "=", True),
                ("user_id.company_ids", "in", company.ids),
            ],
            ["user_id"],
        )
        return [user for [user] in rows]

    @api.model
    def _send_or_log(self, company, user):
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self.with_company(company)._send(company, user)
        except psycopg2.Error as error:
            if error.pgcode not in (UNIQUE_VIOLATION, *PG_CONCURRENCY_ERRORS_TO_RETRY):
                raise
            _logger.info("The digest of %s is being sent", user.login)
        except UserError as error:
            # such as a template that cannot be rendered: for who looks after runs
            _logger.error("No digest for %s: %s", user.login, error)
            self._tell_responsible(company, user, error)

    @api.model
    def _tell_responsible(self, company, user, error: UserError):
        responsible = company.backorder_responsible_id or self.env.ref(
            "base.user_admin", raise_if_not_found=False
        )
        if responsible:
            user.partner_id.activity_schedule(
                "mail.mail_activity_data_warning",
                note=self.env._(
                    "No digest of backorders could be sent to %(user)s: %(error)s",
                    user=user.name,
                    error=error.args[0],
                ),
                user_id=responsible.id,
            )

    @api.model
    def _send(self, company, user):
        now = fields.Datetime.now()
        today = company._remember_days()(now)
        before = self.search(
            [("user_id", "=", user.id), ("company_id", "=", company.id)], limit=1
        )
        if before.date == today:
            return
        digest = self.create(
            {
                "user_id": user.id,
                "company_id": company.id,
                "date": today,
                "since": before.create_date or now - timedelta(days=1),
            }
        )
        if digest.count:
            digest._notify()

    def _notify(self):
        """By e-mail or in Odoo's inbox, as the user likes it.

        :raise UserError: its template is missing, or faulty
        """
        template = self.env.ref(TEMPLATE, raise_if_not_found=False)
        if not template:
            raise UserError(
                self.env._(
                    "The text of the digest was deleted. Update the add-on to have it "
                    "back, or switch the digest off."
                )
            )
        rendered = template._generate_template(self.ids, ("subject", "body_html"))
        self.env["mail.thread"].with_context(
            mail_notify_force_send=False
        ).message_notify(
            body=Markup(rendered[self.id]["body_html"] or ""),
            subject=rendered[self.id]["subject"],
            partner_ids=self.user_id.partner_id.ids,
            author_id=self.company_id.partner_id.id,
            email_from=self.company_id.email_formatted or self.user_id.email_formatted,
            email_layout_xmlid=LAYOUT,
            force_email_company=self.company_id,
            force_email_lang=self.user_id.lang,
        )

    @api.autovacuum
    def _gc_old(self):
        """What it says is looked up; the last one of each says what is new."""
        limit = fields.Datetime.now() - timedelta(days=90)
        self.search([("create_date", "<", limit)]).unlink()


class ResCompany(models.Model):
    _inherit = "res.company"

    backorder_digest = fields.Boolean(
        "Daily Digest for Salespeople",
        help="New shortages, dates that slipped, broken promises, and what expires "
        "soon. Users can do without in their preferences.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    backorder_digest = fields.Boolean(
        related="company_id.backorder_digest", readonly=False
    )


class ResUsers(models.Model):
    _inherit = "res.users"

    backorder_digest = fields.Boolean(
        "Digest of Backorders",
        default=True,
        help="Every morning, what has become of the backorders of your orders, where "
        "the company sends it.",
    )

    @property
    def SELF_READABLE_FIELDS(self):  # noqa: N802 - Odoo's own name
        return [*super().SELF_READABLE_FIELDS, "backorder_digest"]

    @property
    def SELF_WRITEABLE_FIELDS(self):  # noqa: N802 - Odoo's own name
        return [*super().SELF_WRITEABLE_FIELDS, "backorder_digest"]
