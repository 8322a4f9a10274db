from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    shipment_invoicing = fields.Selection(
        related="company_id.shipment_invoicing", readonly=False, required=True
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
    backorder_retention_days = fields.Integer(
        related="company_id.backorder_retention_days", readonly=False
    )
    backorder_responsible_id = fields.Many2one(
        related="company_id.backorder_responsible_id", readonly=False
    )
