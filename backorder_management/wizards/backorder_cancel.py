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
    reason_id = fields.Many2one(
        "backorder.cancel.reason", "Why", domain="[('company_id', 'in', company_ids)]"
    )
    reason = fields.Char("In Words", help="Stands in the order's log.")
    company_ids = fields.Json(compute="_compute_company_ids")
    effect = fields.Text(compute="_compute_effect", help="On invoices and deposits.")

    @api.depends("sale_line_ids")
    def _compute_company_ids(self):
        for wizard in self:
            wizard.company_ids = [False, *wizard.sale_line_ids.company_id.ids]

    @api.depends("sale_line_ids", "scope")
    def _compute_effect(self):
        for wizard in self:
            effects = []
            wizard.sale_line_ids.order_id._origin.check_access("write")
            # sudo: whoever may cancel may know what becomes of the money
            for order, lines in wizard.sale_line_ids.sudo().grouped("order_id").items():
                ending = {line: wizard._get_ending(line) for line in lines._origin}
                if effect := order._origin._describe_effect_of_cancelling(ending):
                    effects.append(f"{order.name}: {effect}")
            wizard.effect = "\n".join(effects)

    def _get_ending(self, line) -> float:
        """What ends of the line, in its unit."""
        return (
            line.qty_backordered if self.scope == "short" else line.qty_backorder_rest
        )

    def action_cancel(self):
        """
        :raise UserError: nobody said why, or there is nothing left to cancel
        """
        lines = self.sale_line_ids
        lines.order_id.check_access("write")
        words = self._get_words()
        if not words:
            raise UserError(
                self.env._(
                    "Say why the rest is cancelled: choose a reason, or write one."
                )
            )
        if self.scope == "short":
            cancelled = lines._cancel_backorder_short(words, kind=self.reason_id)
        else:
            cancelled = lines._cancel_backorder_rest(words, self.reason_id)
        if not cancelled:  # somebody was faster
            lines._refuse_to_cancel_rest()
        return {"type": "ir.actions.act_window_close"}

    def _get_words(self) -> str:
        parts = (self.reason_id.name, (self.reason or "").strip())
        return ": ".join(part for part in parts if part)
