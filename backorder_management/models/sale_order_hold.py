"""What of an order is held, for people who work with orders."""

from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_hold_reason = fields.Char(
        "Why It Is Held",
        compute="_compute_backorder_hold_reason",
        help="Goods are there, but the agreement with the customer says: not yet.",
    )

    @api.depends("picking_ids.backorder_hold_facts", "picking_ids.backorder_hold_until")
    @api.depends_context("lang")
    def _compute_backorder_hold_reason(self):
        for order in self:
            held = order.picking_ids.filtered("backorder_held").sorted("id")
            several = len(held) > 1
            order.backorder_hold_reason = "; ".join(
                f"{picking.name}: {picking.backorder_hold_reason}"
                if several
                else picking.backorder_hold_reason
                for picking in held
            )
