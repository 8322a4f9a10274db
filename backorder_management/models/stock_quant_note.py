from odoo import api, models


class StockQuant(models.Model):
    _inherit = "stock.quant"

    # Every change of stock, a reservation included, ends in one of these two.

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        for quant in quants:
            quant._note_backorder_change(
                0.0, 0.0, quant.quantity, quant.reserved_quantity
            )
        return quants

    def write(self, vals):
        if "quantity" in vals or "reserved_quantity" in vals:
            for quant in self:
                quantity, reserved = quant.quantity, quant.reserved_quantity
                quant._note_backorder_change(
                    quantity,
                    reserved,
                    vals.get("quantity", quantity),
                    vals.get("reserved_quantity", reserved),
                )
        return super().write(vals)

    def _note_backorder_change(self, quantity, reserved, new_quantity, new_reserved):
        """On hand and reserved, before and after, in the product's unit of measure.

        What customers or vendors have is no stock of ours.
        """
        location = self.location_id
        if location.usage != "internal":
            return
        self.env["backorder.demand"]._note_stock(
            self.product_id.id,
            location.id,
            stocked=(new_quantity > 0) - (quantity > 0),
            free=(new_quantity - new_reserved) - (quantity - reserved),
        )
