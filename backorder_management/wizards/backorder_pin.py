from odoo import fields, models
from odoo.exceptions import UserError


class BackorderPin(models.TransientModel):
    """Asks until when and why the stock of order lines is fixed."""

    _name = "backorder.pin"
    _description = "Pin Stock of Order Lines"

    sale_line_ids = fields.Many2many("sale.order.line", string="Lines", required=True)
    until = fields.Date(help="The last day. Empty: until somebody releases it.")
    reason = fields.Char(required=True)

    def action_pin(self):
        if self.until and self.until < fields.Date.context_today(self):
            raise UserError(
                self.env._("The pin would be over already: choose a day to come.")
            )
        self.sale_line_ids._pin(self.reason, self.until or None)
        return {"type": "ir.actions.act_window_close"}
