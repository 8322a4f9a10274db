from datetime import timedelta

from odoo import api, fields, models

SCHEDULE = "backorder_management.ir_cron_run_schedule"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    shipment_invoicing = fields.Selection(
        related="company_id.shipment_invoicing", readonly=False, required=True
    )
    shipment_invoicing_others = fields.Selection(
        related="company_id.shipment_invoicing_others", readonly=False, required=True
    )
    deposit_deduction = fields.Selection(
        related="company_id.deposit_deduction", readonly=False, required=True
    )
    backorder_strategy_id = fields.Many2one(
        related="company_id.backorder_strategy_id", readonly=False
    )
    backorder_policy_id = fields.Many2one(
        related="company_id.backorder_policy_id", readonly=False
    )
    backorder_on_receipt = fields.Selection(
        related="company_id.backorder_on_receipt", readonly=False, required=True
    )
    backorder_run_limit = fields.Integer(
        related="company_id.backorder_run_limit", readonly=False
    )
    backorder_nightly = fields.Boolean(
        related="company_id.backorder_nightly", readonly=False
    )
    backorder_nightly_next = fields.Datetime(
        "Next Time",
        compute="_compute_backorder_nightly_next",
        inverse="_inverse_backorder_nightly_next",
        help="From then on every day at that hour, for all companies.",
    )
    backorder_retention_days = fields.Integer(
        related="company_id.backorder_retention_days", readonly=False
    )
    backorder_responsible_id = fields.Many2one(
        related="company_id.backorder_responsible_id", readonly=False
    )

    @api.depends("company_id")
    def _compute_backorder_nightly_next(self):
        schedule = self.env.ref(SCHEDULE, raise_if_not_found=False)
        for settings in self:
            settings.backorder_nightly_next = schedule and schedule.sudo().nextcall

    def _inverse_backorder_nightly_next(self):
        schedule = self.env.ref(SCHEDULE, raise_if_not_found=False)
        for settings in self:
            at = settings.backorder_nightly_next
            if not schedule or not at:
                continue
            passed = fields.Datetime.now() - at
            if passed >= timedelta():  # at that hour, the next time
                at += timedelta(days=passed.days + 1)
            if at != schedule.nextcall:
                schedule.nextcall = at
