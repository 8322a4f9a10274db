"""Kits: a shipment's quantity is what it completed, see ``planning.invoicing``."""

from collections import defaultdict

from odoo import models

from ..planning.invoicing import (
    Return,
    ShippedMove,
    kit_increments,
    shipped_less_returned,
)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_kit_moves(self):
        """Return the done moves of the line's components where the line is a kit."""
        moves = self.move_ids
        if "bom_line_id" not in moves._fields:  # sale_mrp is not installed
            return moves.browse()
        product = self.product_id
        moves = moves.filtered(
            lambda move: (
                move.product_id != product
                and move.state == "done"
                and move.location_dest_usage != "inventory"
            )
        )
        return moves if moves.bom_line_id else moves.browse()

    def _get_shipped_kits(self, moves) -> list[ShippedMove]:
        """Return the kits that each shipment completed.

        :param moves: the done moves of the components
        """
        transfers = defaultdict(moves.browse)
        for move in moves.sorted(lambda move: move._get_shipment_order()):
            if self._is_to_customer(move) or move.to_refund:
                transfers[move.picking_id] |= move
        shipped, returns, first_moves = [], [], {}
        increments = kit_increments(self._get_kits_delivered_up_to(transfers))
        for (picking, own), quantity in zip(transfers.items(), increments, strict=True):
            first_moves[picking] = own[:1].id
            if any(self._is_to_customer(move) for move in own):
                # Also with nothing: it may have been invoiced before it came back.
                shipped.append((own[:1].id, picking.id or 0, max(quantity, 0.0)))
            if quantity < 0:
                origin = own.origin_returned_move_id.picking_id[:1]
                returns.append(Return(-quantity, first_moves.get(origin, 0)))
        return shipped_less_returned(shipped, returns)

    def _get_kits_delivered_up_to(self, transfers):
        """Return for each transfer the kits delivered up to and including it.

        :param transfers: {picking: moves}, oldest first
        """
        if not transfers:
            return []
        bom = self._get_delivered_kit_bom()
        delivered_up_to = [0.0] * len(transfers)
        if bom:
            moves = self.env["stock.move"]
            ordered = self.product_uom_id._compute_quantity(
                self.product_uom_qty, bom.product_uom_id
            )
            for index, own in enumerate(transfers.values()):
                moves |= own
                delivered_up_to[index] = bom.product_uom_id._compute_quantity(
                    moves._compute_kit_quantities(
                        self.product_id, ordered, bom, self._get_kit_move_filters()
                    ),
                    self.product_uom_id,
                )
        # Core has the last word; where it counts all or nothing, the last shipment has.
        delivered_up_to[-1] = self.qty_delivered
        return delivered_up_to

    def _get_delivered_kit_bom(self):
        """Return the kit that core counts deliveries with, none where it counts all
        or nothing (drop shipments, kits made of kits only).
        """
        moves = self.move_ids.filtered(lambda move: move.state != "cancel")
        boms = moves.bom_line_id.bom_id
        if any(move._is_dropshipped() for move in moves):
            return boms.browse()
        product = self.product_id
        own = boms.filtered(
            lambda bom: (
                bom.type == "phantom"
                and bom.product_tmpl_id == product.product_tmpl_id
                and bom.product_id in (product, product.browse())
            )
        )[:1]
        return (
            own
            or boms._bom_find(
                product, company_id=self.company_id.id, bom_type="phantom"
            )[product]
        )

    def _is_to_customer(self, move):
        return move._is_outgoing() and (
            not move.origin_returned_move_id or move.to_refund
        )

    def _get_kit_move_filters(self):
        """Return what counts as delivered and as returned, seen from the order."""
        return {
            "incoming_moves": self._is_to_customer,
            "outgoing_moves": lambda move: move._is_incoming() and move.to_refund,
        }
