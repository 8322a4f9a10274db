"""Arrivals that come, change or fall away, for those who wait for more."""

from __future__ import annotations

from odoo import api, models
from odoo.tools import ormcache

# What of an arrival changes who waits for it, and until when.
ARRIVAL_FIELDS = frozenset({"date", "product_uom_qty", "state"})


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        moves._note_arrivals()
        return moves

    def write(self, vals):
        result = super().write(vals)
        if not ARRIVAL_FIELDS.isdisjoint(vals):
            self._note_arrivals()
        return result

    def _note_arrivals(self):
        """Have deliveries decided on again that wait for more of these products."""
        if not self or not self.env["backorder.policy"]._does_any_wait_for_more():
            return
        arrivals = self.filtered(
            lambda move: (
                move.location_id.usage in ("supplier", "production", "transit")
                and move.location_dest_id.usage == "internal"
            )
        )
        if arrivals:
            moves = self.env["stock.move"].sudo()  # whoever may see their orders
            moves.search(
                [
                    *moves._get_open_sale_domain(),
                    ("product_id", "in", arrivals.product_id.ids),
                    (
                        "sale_line_id.order_id.backorder_policy_id.consolidate_days",
                        ">",
                        0,
                    ),
                ]
            )._note_backorder_change()


class BackorderPolicy(models.Model):
    _inherit = "backorder.policy"

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("consolidate_days") for vals in vals_list):
            self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("consolidate_days"):
            self.env.registry.clear_cache()
        return super().write(vals)

    @api.model
    @ormcache()
    def _does_any_wait_for_more(self) -> bool:
        # sudo: of all companies; that there is one says nothing about it
        policies = self.sudo().with_context(active_test=False)
        return bool(policies.search_count([("consolidate_days", ">", 0)], limit=1))
