from odoo import api, fields, models

from ..planning.states import common_state
from .backorder_state import STATES


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_state = fields.Selection(
        STATES,
        compute="_compute_backorder_state",
        store=True,
        default="none",
        index="btree_not_null",
        copy=False,
    )

    @api.depends(
        "order_line.backorder_state",
        "order_line.qty_backordered",
        "order_line.qty_backorder_open",
    )
    def _compute_backorder_state(self):
        for order in self:
            lines = order.order_line
            order.backorder_state = common_state(
                lines.mapped("backorder_state"),
                [line._get_stored_backorder_figures() for line in lines],
            )

    def _to_company_currency(self, amount: float) -> float:
        """An amount of the order, at its own rate, as Odoo's reports have it."""
        return amount / (self.currency_rate or 1.0)

    def _get_salesperson_terms(self) -> dict[str, str]:
        """Language and time zone of who looks after the order: the context of notes."""
        reader = self.user_id.partner_id or self.company_id.partner_id
        return {"lang": reader.lang, "tz": reader.tz}

    def write(self, vals):
        # Who may see a short line and in which order it is served hangs on these.
        result = super().write(vals)
        if not {"partner_id", "user_id", "date_order"}.isdisjoint(vals):
            self.order_line.move_ids._note_backorder_change()
        return result

    def action_draft(self):
        # A quotation starts afresh: the shortages of its former life are history.
        self.order_line.move_ids.backorder_since = False
        return super().action_draft()
