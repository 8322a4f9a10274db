from odoo import api, fields, models


class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"

    backorder_policy_id = fields.Many2one(
        "backorder.policy",
        "Backorder Agreement",
        company_dependent=True,
        check_company=True,
        help="For customers with this tag who have no agreement of their own.",
    )
    backorder_sequence = fields.Integer(
        "Order of Agreements",
        default=10,
        help="Of a customer's tags with an agreement, the lowest number counts.",
    )

    @api.constrains("backorder_policy_id")
    def _check_backorder_policy_id(self):
        self.backorder_policy_id._check_usable_in(self.env.company)
