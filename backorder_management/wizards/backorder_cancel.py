from odoo import api, fields, models
from odoo.exceptions import UserError


class BackorderCancel(models.TransientModel):
    """Asks why the rest of order lines is cancelled, and how much of it."""

    _name = "backorder.cancel"
    _description = "Cancel Rest of Order Lines"

    sale_line_ids = fields.Many2many("sale.order.line", string="Lines", required=True)
    scope = fields.Selection(
        [
            ("rest", "All that nobody has picked"),
            ("short", "Only what is missing: what is there ships"),
        ],
        string="Cancel",
        default="rest",
        required=True,
    )
    reason = fields.Char(required=True)
    is_invoiced = fields.Boolean(compute="_compute_is_invoiced")

    @api.depends("sale_line_ids")
    def _compute_is_invoiced(self):
        for wizard in self:
            wizard.is_invoiced = any(
                line._is_paid_beyond_delivery() for line in wizard.sale_line_ids
            )

    def action_cancel(self):
        lines = self.sale_line_ids
        lines.order_id.check_access("write")
        if not self.reason.strip():
            raise UserError(self.env._("Say why the rest is cancelled."))
        if self.scope == "short":
            cancelled = lines._cancel_backorder_short(self.reason)
        else:
            cancelled = lines._cancel_backorder_rest(self.reason)
        if not cancelled:  # somebody was faster
            lines._refuse_to_cancel_rest()
        return {"type": "ir.actions.act_window_close"}
