from collections import defaultdict

from odoo import models
from odoo.tools.misc import formatLang

from ..planning.invoiced_lots import Billed, LotPart, lots_by_document


class AccountMove(models.Model):
    _inherit = "account.move"

    def _get_invoiced_lot_values(self):
        """Print the lots of the very shipments that the invoice is for.

        Core guesses them from what was invoiced before. Its rows stay for products
        without a link to a shipment, and so does its rule that a draft has none.
        """
        rows = super()._get_invoiced_lot_values()
        if self.state == "draft" or not self.invoice_date or not self.is_sale_document():
            return rows
        # Lots and transfers are not for accountants' eyes, their names on an invoice are.
        linked = self.sudo().invoice_line_ids.filtered("shipment_link_ids")
        if not linked:
            return rows
        products = linked.product_id
        lots = self.env["stock.lot"].sudo()
        others = [
            row
            for row in rows
            if lots.browse(row.get("lot_id") or ()).product_id not in products
        ]
        return others + self._prepare_shipped_lot_values(linked)

    def _prepare_shipped_lot_values(self, linked):
        """Return the rows of the lots of these lines, in the form of core's.

        A credit note prints what came back as a positive quantity.
        """
        sign = -1 if self.move_type == "out_refund" else 1
        return [
            {
                "product_name": lot.product_id.with_env(self.env).sudo().display_name,
                "quantity": formatLang(self.env, sign * quantity, dp="Product Unit"),
                "uom_name": lot.product_uom_id.with_env(self.env).sudo().name,
                "lot_name": lot.name,
                "lot_id": lot.id,
            }
            for lot, quantity in self._sum_shipped_lots(linked).items()
            if not lot.product_uom_id.is_zero(quantity)
        ]

    def _sum_shipped_lots(self, linked):
        """Return {lot: quantity in the product's unit}, negative where credited.

        :param linked: lines of this invoice, with sudo
        """
        quantities = defaultdict(float)
        for line in linked:
            # The components of a kit are not on the invoice; core prints none either.
            moves = line.shipment_link_ids.move_id.filtered(
                lambda move, line=line: move.product_id == line.product_id
            )
            for move in moves:
                for lot_id, quantity in move._get_lots_of_invoice(self).items():
                    quantities[lot_id] += quantity
        lots = linked.env["stock.lot"]
        return {
            lots.browse(lot_id): quantity
            for lot_id, quantity in quantities.items()
            if lot_id
        }


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_lots_of_invoice(self, invoice):
        """Return {lot id: quantity} of this move on the invoice, see
        ``planning.invoiced_lots``; 0 stands for goods without a lot.
        """
        self.ensure_one()
        returned = self.returned_move_ids.filtered(
            lambda move: move.state == "done" and move.to_refund
        )
        return lots_by_document(
            self._get_lot_parts(),
            returned.sorted(lambda move: (move.date, move.id))._get_lot_parts(),
            self._get_billed_parts(invoice),
        ).get(invoice.id, {})

    def _get_lot_parts(self):
        """Return the goods of these moves by lot, in the product's unit."""
        return [
            LotPart(
                detail.lot_id.id or 0,
                detail.quantity_product_uom,
                detail.move_id.date.date(),
            )
            for move in self
            for detail in move.move_line_ids.sorted("id")
        ]

    def _get_billed_parts(self, invoice):
        """Return what the documents that count, and this one, say of the move."""
        shipped = self.product_uom._compute_quantity(
            self.quantity, self.product_id.uom_id, rounding_method="HALF-UP"
        )
        parts = []
        for link in self.shipment_link_ids.sorted("id"):
            document = link.invoice_id
            shipped_on_line = link.sale_line_id._convert_shipped(self)
            if not shipped_on_line or (
                document.state == "cancel" and document != invoice
            ):
                continue
            # A part of the move, so that 5 pieces sold as 0.42 dozen are 5 again.
            quantity = self.product_id.uom_id.round(
                shipped * link.quantity / shipped_on_line
            )
            parts.append(Billed(document.id, quantity, document.invoice_date or None))
        return parts
