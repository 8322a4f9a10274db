from odoo import api, models


class StockQuant(models.Model):
    _inherit = "stock.quant"

    # Every change of stock, a reservation included, ends in one of these two.

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        for quant in quants:
            quant._note_backorder_change(quant.quantity, quant.reserved_quantity)
        return quants

    def write(self, vals):
        if "quantity" in vals or "reserved_quantity" in vals:
            for quant in self:
                quant._note_backorder_change(
                    vals.get("quantity", quant.quantity) - quant.quantity,
                    vals.get("reserved_quantity", quant.reserved_quantity)
                    - quant.reserved_quantity,
                )
        return super().write(vals)

    def _note_backorder_change(self, quantity, reserved):
        """:param quantity: change on hand; :param reserved: change of what is reserved

        Both in the product's unit of measure. What customers or vendors have is no
        stock of ours.
        """
        if self.location_id.usage != "internal":
            return
        self.env["backorder.demand"]._note_stock(
            self.product_id.id, self.location_id.id, quantity, quantity - reserved
        )
