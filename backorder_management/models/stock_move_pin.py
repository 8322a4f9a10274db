"""Tells pinned order lines what became of the arrivals they wait for."""

from odoo import models

from .stock_move import OPEN_STATES


class StockMove(models.Model):
    _inherit = "stock.move"

    def _create_backorder(self):
        # Whoever splits a transfer, validated or not, what it will not bring is split
        # off here.
        rest = super()._create_backorder()
        if rest:
            self._settle_pins()
        return rest

    def _action_done(self, cancel_backorder=False):
        # Whoever validates an arrival; nobody has been woken yet to take the goods.
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
        # Said by core while it splits a move: what came of it is seen after that.
        if (
            "product_uom_qty" in vals
            and self.env.context.get("do_not_unreserve") is None
        ):
            self._settle_pins()
        return result

    def unlink(self):
        if self:  # core merges moves and then deletes those left over, mostly none
            # sudo: as below; the orders are to be told
            rows = self.env["backorder.pin.arrival"].sudo()
            if rows := rows.search([("move_id", "in", self.ids)]):
                rows._lose_arrivals()
        return super().unlink()

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

    def _get_promise_values(self, quantity: float, move_id: int | bool = False) -> dict:
        """Of a promise to this demand, in the product's unit.

        :param move_id: the arrival; none: nothing is known yet that brings it
        """
        return {
            "sale_line_id": self.sale_line_id.id,
            "product_id": self.product_id.id,
            "move_id": move_id,
            "quantity": quantity,
        }

    def _get_quantity_to_arrive(self) -> float:
        """What promises from this arrival can be kept with, in the product's unit."""
        if self.state == "cancel" or self._get_onward_moves():
            return 0.0
        brought = self.product_qty
        if self.state == "done":
            brought = self._get_backorder_product_qty(self.quantity)
        return max(0.0, brought - self._get_assigned_quantity())

    def _get_assigned_quantity(self) -> float:
        """What of this arrival somebody has assigned to deliveries or productions."""
        others = self.move_dest_ids.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move.procure_method == "make_to_order"
                and not move._brings_onward()
            )
        )
        return sum(others.mapped("product_qty"))

    def _get_onward_moves(self):
        """Steps that take what has come further on, to where it is kept."""
        if self.state != "done":
            return self.browse()
        return self.move_dest_ids.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move.product_id == self.product_id
                and move._brings_onward()
            )
        )

    def _brings_onward(self) -> bool:
        usage = self.location_dest_id.usage
        return usage in ("internal", "transit") and not self._is_backorder_delivery()

    def _get_arrival_successors(self):
        """What brings what this arrival does not: its next step, the rest of a receipt
        or of a production, or what it was merged into."""
        picking = self.picking_id
        rest = (picking | picking.backorder_ids).move_ids
        if "production_id" in self._fields:  # where Manufacturing is installed
            rest |= (
                self.production_id.production_group_id.production_ids.move_finished_ids
            )
        rest = rest.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move.product_id == self.product_id
                and move.location_dest_id == self.location_dest_id
            )
        )
        return self._get_onward_moves() | (rest - self)
