from odoo import api, fields, models

from .sale_order_invoicing import SHIPMENT_INVOICING


class ResPartner(models.Model):
    _inherit = "res.partner"

    shipment_invoicing = fields.Selection(
        selection=SHIPMENT_INVOICING,
        string="Invoicing of Shipments",
        company_dependent=True,
        help="How this customer's deliveries are invoiced: all of an order together, "
        "each on its own, or all that left in a period, of any order, together. "
        "Empty: as the company does.",
    )

    backorder_policy_id = fields.Many2one(
        "backorder.policy",
        "Backorder Agreement",
        company_dependent=True,
        check_company=True,
        help="What is agreed with this customer about missing goods. Empty: as for all "
        "customers of the company.",
    )

    @api.constrains("backorder_policy_id")
    def _check_backorder_policy_id(self):
        self.backorder_policy_id._check_usable_in(self.env.company)

    @api.model
    def _commercial_fields(self):
        return [
            *super()._commercial_fields(),
            "shipment_invoicing",
            "backorder_policy_id",
        ]
