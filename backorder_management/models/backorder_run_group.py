from odoo import fields, models


class BackorderRunGroup(models.Model):
    """Products whose demands hang together: applied as a whole or refused."""

    _name = "backorder.run.group"
    _description = "Connected Products of a Reallocation Run"
    _order = "state desc, id"
    _log_access = False

    run_id = fields.Many2one(
        "backorder.run", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    strategy_id = fields.Many2one("backorder.strategy", ondelete="cascade")
    product_ids = fields.Many2many(
        "product.product", string="Products", context={"active_test": False}
    )
    fingerprint = fields.Char()
    state = fields.Selection(
        [("proposed", "Proposed"), ("applied", "Applied"), ("refused", "Refused")],
        default="proposed",
    )
    message = fields.Char(help="Why it was refused.")
    has_changes = fields.Boolean()
