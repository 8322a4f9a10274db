from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    backorder_short_qty = fields.Float(
        string="Short",
        digits="Product Unit",
        compute="_compute_backorder_short_qty",
        help="What open orders miss of this product.",
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
    )

    def _compute_backorder_short_qty(self):
        for template in self:
            template.backorder_short_qty = sum(
                template.product_variant_ids.mapped("backorder_short_qty")
            )

    def action_view_short_lines(self):
        return self.env["backorder.demand"]._open_short_lines(
            [("product_id.product_tmpl_id", "in", self.ids)]
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    backorder_short_qty = fields.Float(
        string="Short",
        digits="Product Unit",
        compute="_compute_backorder_short_qty",
        help="What open orders miss of this product.",
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
    )

    def _compute_backorder_short_qty(self):
        short = dict(
            self.env["backorder.demand"]._read_group(
                [("product_id", "in", self.ids), ("qty_short", ">", 0)],
                ["product_id"],
                ["qty_short:sum"],
            )
        )
        for product in self:
            product.backorder_short_qty = short.get(product._origin, 0.0)

    def action_view_short_lines(self):
        return self.env["backorder.demand"]._open_short_lines(
            [("product_id", "in", self.ids)]
        )
