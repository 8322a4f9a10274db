"""Which notices customers get, by company and by customer."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..planning import notices
from ..planning.notices import Rules

YES = "yes"
NO = "no"

WANTED = [(YES, "Yes"), (NO, "No")]

# The field of a company, and of a customer, that switches each kind.
SWITCHES = {kind: f"backorder_tell_{kind}" for kind in notices.KINDS}


class ResCompany(models.Model):
    _inherit = "res.company"

    backorder_tell_confirmed = fields.Boolean(
        "Order Confirmed With Missing Pieces",
        help="Tell customers what ships now, what later, and when.",
    )
    backorder_tell_shipped = fields.Boolean(
        "Shipped in Part",
        help="Tell customers what has left, and what is still to come and when.",
    )
    backorder_tell_cancelled = fields.Boolean(
        "Rest Cancelled", help="Tell customers what will not come any more."
    )
    backorder_tell_ready = fields.Boolean(
        "Goods Allocated", help="Tell customers that what was missing ships soon."
    )
    backorder_tell_date = fields.Boolean(
        "Date Changed", help="Tell customers that it comes later, or earlier."
    )
    backorder_tell_waiting = fields.Boolean(
        "Still Waiting", help="Tell customers who have not heard for long."
    )
    backorder_tell_least_days = fields.Integer(
        "By More Than",
        default=2,
        help="Days by which it moves that are not worth a notice.",
    )
    backorder_tell_silence_days = fields.Integer(
        "Not Heard For",
        default=14,
        help="Days of waiting after which customers hear again, whatever they heard "
        "last.",
    )
    backorder_tell_by_sms = fields.Boolean(
        "Notices by SMS, Too",
        help="The subject of each notice and a link to the order, to customers with a "
        "phone number.",
    )

    _backorder_tell_days = models.Constraint(
        "CHECK (backorder_tell_least_days >= 0 AND backorder_tell_silence_days > 0)",
        "Days between notices have to be 1 or more, those that are not worth one 0 or "
        "more.",
    )

    def write(self, vals):
        """What is so when a notice is switched on counts as known to customers."""
        before = {company: company._get_told_kinds() for company in self}
        result = super().write(vals)
        if not set(SWITCHES.values()).isdisjoint(vals):
            for company, kinds in before.items():
                if company._get_told_kinds() - kinds:
                    self.env["backorder.notice.line"]._know_from_now(company)
        return result

    def _get_told_kinds(self) -> frozenset[str]:
        self.ensure_one()
        return frozenset(kind for kind, name in SWITCHES.items() if self[name])


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    backorder_tell_confirmed = fields.Boolean(
        related="company_id.backorder_tell_confirmed", readonly=False
    )
    backorder_tell_shipped = fields.Boolean(
        related="company_id.backorder_tell_shipped", readonly=False
    )
    backorder_tell_cancelled = fields.Boolean(
        related="company_id.backorder_tell_cancelled", readonly=False
    )
    backorder_tell_ready = fields.Boolean(
        related="company_id.backorder_tell_ready", readonly=False
    )
    backorder_tell_date = fields.Boolean(
        related="company_id.backorder_tell_date", readonly=False
    )
    backorder_tell_waiting = fields.Boolean(
        related="company_id.backorder_tell_waiting", readonly=False
    )
    backorder_tell_least_days = fields.Integer(
        related="company_id.backorder_tell_least_days", readonly=False
    )
    backorder_tell_silence_days = fields.Integer(
        related="company_id.backorder_tell_silence_days", readonly=False
    )
    backorder_tell_by_sms = fields.Boolean(
        related="company_id.backorder_tell_by_sms", readonly=False
    )
    backorder_has_sms = fields.Boolean(compute="_compute_backorder_has_sms")

    @api.depends("company_id")
    def _compute_backorder_has_sms(self):
        self.backorder_has_sms = "sms.sms" in self.env

    def action_open_notice_templates(self):
        """The texts of notices, to be edited and looked at."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Texts of Notices"),
            "res_model": "mail.template",
            "view_mode": "list,form",
            "domain": [("model", "in", ("backorder.notice", "backorder.digest"))],
        }


class ResPartner(models.Model):
    _inherit = "res.partner"

    backorder_tell_confirmed = fields.Selection(
        WANTED, "Order Confirmed With Missing Pieces", company_dependent=True
    )
    backorder_tell_shipped = fields.Selection(
        WANTED, "Shipped in Part", company_dependent=True
    )
    backorder_tell_cancelled = fields.Selection(
        WANTED, "Rest Cancelled", company_dependent=True
    )
    backorder_tell_ready = fields.Selection(
        WANTED, "Goods Allocated", company_dependent=True
    )
    backorder_tell_date = fields.Selection(
        WANTED, "Date Changed", company_dependent=True
    )
    backorder_tell_waiting = fields.Selection(
        WANTED, "Still Waiting", company_dependent=True
    )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), *SWITCHES.values()]

    def write(self, vals):
        """What is so when a notice is switched on counts as known to the customer."""
        company = self.env.company
        switched = any(vals.get(name) == YES for name in SWITCHES.values())
        before = {
            partner: partner._get_notice_rules(company).kinds
            for partner in self
            if switched
        }
        result = super().write(vals)
        for partner, kinds in before.items():
            if partner._get_notice_rules(company).kinds - kinds:
                self.env["backorder.notice.line"]._know_from_now(
                    company, partner.commercial_partner_id
                )
        return result

    def _get_notice_rules(self, company) -> Rules:
        """What this customer is told by the company."""
        self.ensure_one()
        partner = self.with_company(company)
        kinds = {
            kind
            for kind, name in SWITCHES.items()
            if (partner[name] or (YES if company[name] else NO)) == YES
        }
        return Rules(
            frozenset(kinds),
            least_days=company.backorder_tell_least_days,
            silence_days=company.backorder_tell_silence_days,
        )

    @api.model
    def _search_companies_that_tell(self):
        """Companies that tell some customer something."""
        # sudo: whoever starts the scheduled action
        companies = self.env["res.company"].sudo().search([("active", "=", True)])
        wanted = Domain.OR(Domain(name, "=", YES) for name in SWITCHES.values())
        return companies.filtered(
            lambda company: (
                company._get_told_kinds()
                or self.sudo().with_company(company).search_count(wanted, limit=1)
            )
        )


class BackorderNoticeLine(models.Model):
    _inherit = "backorder.notice.line"

    @api.model
    def _know_from_now(self, company, customer=None):
        """Take all that is so with what customers wait for as known to them.

        The day that they were told last stays the one that they know.

        :param customer: of this commercial partner only
        """
        self.env.flush_all()
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO backorder_notice_line (
                       sale_line_id, order_id, told_at, is_latest, day, qty_ordered,
                       qty_open, qty_short, qty_shipped, qty_shipped_now, qty_cancelled,
                       qty_cancelled_now, is_ready, state_then, qty_delivered_then)
                SELECT line.id, line.order_id, %(now)s, FALSE,
                       CASE WHEN known.told_at > COALESCE(promise.told_at, '-infinity')
                            THEN known.day
                            ELSE COALESCE(promise.date, line.backorder_eta) END,
                       line.product_uom_qty, line.qty_backorder_open,
                       line.qty_backordered,
                       GREATEST(line.qty_delivered, known.qty_shipped), 0,
                       line.qty_cancelled, 0, line.backorder_state = 'ready',
                       line.backorder_state, line.qty_delivered
                  FROM sale_order_line line
                  JOIN sale_order o ON o.id = line.order_id
                  JOIN res_partner partner ON partner.id = o.partner_id
                  LEFT JOIN backorder_notice_line known
                    ON known.sale_line_id = line.id AND known.is_latest
                  LEFT JOIN backorder_promise promise
                    ON promise.sale_line_id = line.id AND promise.is_latest
                 WHERE line.state = 'sale' AND line.company_id = %(company)s
                   AND line.display_type IS NULL
                   AND (%(customer)s IS NULL
                        OR partner.commercial_partner_id = %(customer)s)
                   AND EXISTS (
                        SELECT FROM sale_order_line short
                         WHERE short.order_id = line.order_id
                           AND (short.backorder_state NOT IN ('none', 'fulfilled')
                                OR short.qty_cancelled > 0))
             RETURNING id, sale_line_id, qty_delivered_then
                """,
                now=now,
                company=company.id,
                customer=customer.id if customer else None,
            )
        )
        if not rows:
            return
        ids = [row[0] for row in rows]
        self.env.cr.execute(
            SQL(
                """
                UPDATE backorder_notice_line SET is_latest = FALSE
                 WHERE is_latest AND sale_line_id = ANY(%s)
                """,
                [row[1] for row in rows],
            )
        )
        self.env.cr.execute(
            SQL(
                "UPDATE backorder_notice_line SET is_latest = TRUE WHERE id = ANY(%s)",
                ids,
            )
        )
        self.invalidate_model(flush=False)
        # what came back was shipped before, too
        for line in self.browse(row[0] for row in rows if row[2]):
            line.qty_shipped = line.sale_line_id._get_qty_shipped()
