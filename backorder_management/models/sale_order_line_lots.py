from collections import defaultdict

from odoo import models

from ..planning.invoiced_lots import Billed, LotPart, cut_out, lots_by_document
from .backorder_kit import Kit


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_lots_of_invoice(self, invoice):
        """Return {lot id: quantity} of this line on the invoice, see
        ``planning.invoiced_lots``; 0 stands for goods without a lot.

        Of a kit: the lots of its components. Needs sudo, as the links do.
        """
        self.ensure_one()
        links = self.shipment_link_ids.filtered(
            lambda link: link.invoice_id.state != "cancel" or link.invoice_id == invoice
        ).sorted("id")
        quantities = defaultdict(float)
        before = 0.0
        for shipped in self._get_shipped_moves():
            own = links.filtered(lambda link, id_=shipped.move: link.move_id.id == id_)
            if shipped.gross and invoice in own.invoice_id:
                for goods in self._get_shipped_goods(shipped, before):
                    lots = self._get_lots_by_document(*goods, own, shipped.gross)
                    for lot_id, quantity in lots.get(invoice.id, {}).items():
                        quantities[lot_id] += quantity
            before += shipped.gross
        return quantities

    def _get_lots_by_document(self, product, goods, returned, links, gross):
        """Divide shipped goods of one product among the documents of these links.

        A part of the goods, not of a quantity, so that 5 pieces sold as 0.42 dozen are
        5 again.
        """
        total = sum(part.quantity for part in goods)
        bills = []
        for link in links:
            quantity = product.uom_id.round(total * link.quantity / gross)
            if product.tracking == "serial":
                quantity = float(round(quantity))
            day = link.invoice_id.invoice_date or None
            bills.append(Billed(link.invoice_id.id, quantity, day))
        return lots_by_document(goods, returned, bills)

    def _get_shipped_goods(self, shipped, before):
        """Return (product, lots shipped, lots that came back) of a shipment's goods.

        :param shipped: ``planning.invoicing.ShippedMove``
        :param before: what earlier shipments brought, in the unit of the line
        """
        if moves := self._get_kit_moves():
            return self._get_shipped_components(moves, shipped, before)
        move = self.env["stock.move"].browse(shipped.move)
        returned = move.returned_move_ids.filtered(
            lambda each: each.state == "done" and each.to_refund
        )
        goods = (move.product_id, move._get_lot_parts(), returned._get_lot_parts())
        return [goods]

    def _get_shipped_components(self, moves, shipped, before):
        """The same for a kit: the components of the kits that the shipment completed,
        whichever shipment brought them.

        :param moves: the done moves of the components
        """
        kit = Kit(self, moves.bom_line_id)
        start, quantity = (
            self.product_uom_id._compute_quantity(kits, kit.unit, round=False)
            for kits in (before, shipped.gross)
        )
        components = []
        for bom_line, own in moves.grouped("bom_line_id").items():
            per_kit = kit.per_kit.get(bom_line.id, 0.0)
            outgoing = own.filtered(self._is_to_customer)
            goods = cut_out(
                outgoing._get_lot_parts(), start * per_kit, quantity * per_kit
            )
            lots = {part.lot for part in goods}
            returned = (own - outgoing).filtered("to_refund")._get_lot_parts()
            back = [part for part in returned if part.lot in lots]
            components.append((own.product_id[:1], goods, back))
        return components


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_lot_parts(self):
        """Return the goods of these moves by lot, in the product's unit, oldest first;
        their day is that of the move.
        """
        return [
            LotPart(
                detail.lot_id.id or 0, detail.quantity_product_uom, move.date.date()
            )
            for move in self.sorted(lambda move: move._get_shipment_order())
            for detail in move.move_line_ids.sorted("id")
        ]
