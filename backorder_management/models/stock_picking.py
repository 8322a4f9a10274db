from __future__ import annotations

from odoo import api, fields, models

from ..planning.states import HELD, Figures, common_state, own_state
from .backorder_state import STATES


class StockPicking(models.Model):
    _inherit = "stock.picking"

    backorder_state = fields.Selection(
        STATES,
        compute="_compute_backorder_state",
        store=True,
        default="none",
        index="btree_not_null",
        copy=False,
    )
    release_number = fields.Integer(
        string="Shipment No.",
        readonly=True,
        copy=False,
        help="This is the order's n-th shipment from stock.",
    )

    @api.model
    def get_empty_list_help(self, help_message):
        # Odoo shows the same words in every list of transfers, "let's create one";
        # nobody creates one in the lists that ask for their own words.
        if self.env.context.get("own_empty_list_help"):
            return help_message
        return super().get_empty_list_help(help_message)

    @api.depends(
        "backorder_held",
        "move_ids.state",
        "move_ids.product_uom_qty",
        "move_ids.quantity",
        "move_ids.sale_line_id",
        "move_ids.product_id.is_storable",
        "move_ids.backorder_since",
        "move_ids.backorder_demand_ids.qty_free",
        "move_ids.move_orig_ids.state",
        "move_ids.move_orig_ids.quantity",
        # steps that were pulled one after the other wait for what the first one gets
        "move_ids.move_orig_ids.backorder_demand_ids.qty_free",
        "move_ids.move_orig_ids.move_orig_ids.state",
        "move_ids.move_orig_ids.move_orig_ids.quantity",
        "move_ids.move_orig_ids.move_orig_ids.backorder_demand_ids.qty_free",
    )
    def _compute_backorder_state(self):
        # of all transfers at once, so that what moves depend on is read together
        shortages = self.move_ids._get_backorder_shortages()
        for picking in self:
            figures = picking._get_backorder_figures(shortages)
            if picking.backorder_held and any(each.covered > 0 for each in figures):
                picking.backorder_state = HELD
            else:
                states = [own_state(each) for each in figures]
                picking.backorder_state = common_state(states, figures)

    def _get_backorder_figures(self, shortages) -> list[Figures]:
        """Figures of the moves that bring sold goods to a customer."""
        return [
            move._get_backorder_figures(shortages.get(move.id))
            for move in self.move_ids
            if move.id in shortages
            or (move._is_backorder_delivery() and not move._is_void())
        ]

    def _action_done(self):
        # Numbered here, not in a compute: a number once given stays.
        result = super()._action_done()
        self._set_release_numbers()
        return result

    def _is_backorder_shipment(self) -> bool:
        """A done transfer of sold goods from stock to the customer."""
        self.ensure_one()
        return bool(self.sale_id) and any(
            move._is_backorder_shipment() for move in self.move_ids
        )

    def _set_release_numbers(self):
        shipments = self.filtered(
            lambda picking: (
                not picking.release_number and picking._is_backorder_shipment()
            )
        )
        if not shipments:
            return
        # The order's transfers are at hand: core has just found its delivery status.
        # sudo: whoever ships need not have the right to read the order
        for picking in shipments.sudo().sorted("id"):
            numbers = picking.sale_id.picking_ids.mapped("release_number")
            picking.release_number = max(numbers) + 1
