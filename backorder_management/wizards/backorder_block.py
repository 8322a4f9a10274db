from odoo import fields, models


class BackorderBlock(models.TransientModel):
    """Asks why orders are blocked."""

    _name = "backorder.block"
    _description = "Block Delivery of Orders"

    order_ids = fields.Many2many("sale.order", string="Orders", required=True)
    reason = fields.Char(required=True, help="Such as: credit limit, wish of customer.")

    def action_block(self):
        self.order_ids._block(self.reason)
        return {"type": "ir.actions.act_window_close"}
