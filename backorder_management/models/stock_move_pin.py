"""Tells pinned order lines what became of the arrivals they wait for."""

from odoo import models

from .stock_move import OPEN_STATES


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        # Whoever validates an arrival, the rest of it is split off here; nobody else
        # has been woken yet to take the goods.
        done = super()._action_done(cancel_backorder=cancel_backorder)
        done._settle_pins()
        return done

    def _action_cancel(self):
        # Also where an arrival is merged into another one.
        result = super()._action_cancel()
        self._settle_pins()
        return result

    def write(self, vals):
        result = super().write(vals)
        # Said by core while it splits a move; what came of it is seen when it is done.
        if (
            "product_uom_qty" in vals
            and self.env.context.get("do_not_unreserve") is None
        ):
            self._settle_pins()
        return result

    def _settle_pins(self):
        """Have pinned lines get what these moves brought, or wait for something else
        where they do not bring it any more."""
        arriving = self.filtered(
            lambda move: move.location_dest_id.usage in ("internal", "transit")
        )
        if arriving:
            # sudo: whoever moves the goods, and whoever's order they are for
            rows = self.env["backorder.pin.arrival"].sudo()
            if rows := rows.search([("move_id", "in", arriving.ids)]):
                rows._settle_or_record()

    def _get_quantity_to_arrive(self) -> float:
        """What promises from this arrival can be kept with, in the product's unit."""
        if self.state == "cancel" or self._get_onward_moves():
            return 0.0
        if self.state == "done":
            return self._get_backorder_product_qty(self.quantity)
        return self.product_qty

    def _get_onward_moves(self):
        """Steps that take what has come further on."""
        if self.state != "done":
            return self.browse()
        return self.move_dest_ids.filtered(
            lambda move: (
                move.state in OPEN_STATES and move.product_id == self.product_id
            )
        )

    def _get_arrival_successors(self):
        """What brings what this arrival did not: its next step, the rest of a receipt,
        or what it was merged into."""
        if self.state not in ("done", "cancel"):
            return self.browse()
        picking = self.picking_id
        rest = (picking | picking.backorder_ids).move_ids.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move.product_id == self.product_id
                and move.location_dest_id == self.location_dest_id
            )
        )
        return self._get_onward_moves() | (rest - self)
