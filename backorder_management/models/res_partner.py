from odoo import api, fields, models

from .sale_order_invoicing import SHIPMENT_INVOICING


class ResPartner(models.Model):
    _inherit = "res.partner"

    shipment_invoicing = fields.Selection(
        selection=SHIPMENT_INVOICING,
        string="Invoicing of Shipments",
        company_dependent=True,
        help="How this customer's deliveries are invoiced. Empty: as the company does.",
    )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "shipment_invoicing"]
