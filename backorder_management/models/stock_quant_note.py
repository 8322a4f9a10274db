from odoo import api, models


class StockQuant(models.Model):
    _inherit = "stock.quant"

    # Every change of stock, a reservation included, ends in one of these two.

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        quants._note_backorder_change()
        return quants

    def write(self, vals):
        if not {"quantity", "reserved_quantity", "location_id"}.isdisjoint(vals):
            self._note_backorder_change()
        return super().write(vals)

    def _note_backorder_change(self):
        self.env["backorder.demand"]._note(products=self.product_id.ids)
