from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    invoice_backorder_list = fields.Boolean(
        string="Backorders on Invoices",
        help="Invoices list what is still to come of their orders, and when.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    invoice_backorder_list = fields.Boolean(
        related="company_id.invoice_backorder_list", readonly=False
    )
