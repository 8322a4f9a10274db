from odoo import models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        # What is not tracked in stock any more is never short, and the other way round.
        result = super().write(vals)
        if not {"is_storable", "type"}.isdisjoint(vals):
            self.product_variant_ids._note_backorder_change()
        return result


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _note_backorder_change(self):
        """Have the figures of all open demands of these products refreshed."""
        moves = self.env["stock.move"].sudo()  # whoever may see the orders or not
        moves.search(
            [("product_id", "in", self.ids), *moves._get_open_sale_domain()]
        )._note_backorder_change()
