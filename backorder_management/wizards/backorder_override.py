from odoo import fields, models


class BackorderOverride(models.TransientModel):
    """Asks why deliveries that are held may ship all the same."""

    _name = "backorder.override"
    _description = "Release Deliveries That Are Held"

    picking_ids = fields.Many2many("stock.picking", string="Deliveries", required=True)
    reason = fields.Char(required=True, help="Such as: agreed with the customer.")

    def action_release(self):
        self.picking_ids._override_hold(self.reason)
        return {"type": "ir.actions.act_window_close"}
