from odoo import fields, models

from .sale_order_invoicing import SHIPMENT_INVOICING


class ResCompany(models.Model):
    _inherit = "res.company"

    shipment_invoicing = fields.Selection(
        selection=SHIPMENT_INVOICING,
        string="Invoicing of Shipments",
        default="per_order",
        required=True,
        help="For customers who have no choice of their own.",
    )
