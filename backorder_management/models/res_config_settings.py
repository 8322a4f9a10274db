from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    shipment_invoicing = fields.Selection(
        related="company_id.shipment_invoicing", readonly=False, required=True
    )
