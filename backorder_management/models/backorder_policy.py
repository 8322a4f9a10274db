from odoo import fields, models


class BackorderPolicy(models.Model):
    """What is agreed with customers about goods that are not there yet."""

    _name = "backorder.policy"
    _description = "Customer Agreement on Backorders"
    _order = "rank, name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        help="Empty: for all companies.",
    )
    rank = fields.Integer(
        default=10,
        required=True,
        help="The customers with the smallest number are served first, where the "
        "strategy looks at it.",
    )
    agreed_days = fields.Integer(
        string="Agreed Waiting Time",
        help="Days from the order that the customer agreed to wait. 0: nothing is "
        "agreed.",
    )

    _agreed_days_positive = models.Constraint(
        "CHECK (agreed_days >= 0)", "The agreed waiting time cannot be negative."
    )
