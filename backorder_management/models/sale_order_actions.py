from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_short_count = fields.Integer(
        string="Short Lines",
        compute="_compute_backorder_short_count",
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
    )

    def _compute_backorder_short_count(self):
        # Of saved orders only: the form of a new one asks as well.
        counts = dict(
            self.env["backorder.demand"]._read_group(
                [("order_id", "in", self.ids), ("qty_short", ">", 0)],
                ["order_id"],
                ["__count"],
            )
        )
        for order in self:
            order.backorder_short_count = counts.get(order._origin, 0)

    def action_view_short_lines(self):
        return self.env["backorder.demand"]._open_short_lines(
            [("order_id", "in", self.ids)]
        )
