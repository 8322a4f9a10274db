from collections import defaultdict

from odoo import models
from odoo.tools.misc import formatLang


class AccountMove(models.Model):
    _inherit = "account.move"

    def _get_invoiced_lot_values(self):
        """Print the lots of the very shipments that the invoice is for.

        Core guesses them from what was invoiced before. Its rows stay for products
        without a link to a shipment, and so does its rule that a draft has none.
        """
        rows = super()._get_invoiced_lot_values()
        if (
            self.state == "draft"
            or not self.invoice_date
            or not self.is_sale_document()
        ):
            return rows
        # Who prints the invoice need not see transfers and lots.
        linked = self.sudo().invoice_line_ids.filtered("shipment_link_ids")
        if not linked:
            return rows
        products = (
            linked.product_id
            | linked.shipment_link_ids.sale_line_id.move_ids.product_id
        )
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
        for sale_line in linked.shipment_link_ids.sale_line_id:
            for lot_id, quantity in sale_line._get_lots_of_invoice(self).items():
                quantities[lot_id] += quantity
        lots = linked.env["stock.lot"]
        return {
            lots.browse(lot_id): quantity
            for lot_id, quantity in quantities.items()
            if lot_id  # what carries no lot counts, and is not printed
        }
