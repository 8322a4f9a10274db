"""Where “Where is it?” is asked, and the same figures on products."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError

from .backorder_stock_figures import StockFigureFinder, StockFigures

USERS = "sales_team.group_sale_salesman,stock.group_stock_user"


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    def action_where(self):
        """Show per warehouse where the goods are that this line misses."""
        self.ensure_one()
        return self.env["backorder.where"]._open_for(
            self.product_id, self.company_id, self
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_where(self):
        """Show per warehouse where the goods are that this line misses.

        :raise UserError: nothing is missing
        """
        first = self._get_short_demand()
        demands = self.move_ids.backorder_demand_ids.filtered(
            lambda demand: (
                demand.qty_short > 0
                and demand.product_id == first.product_id
                and demand.warehouse_id == first.warehouse_id
            )
        )
        return self.env["backorder.where"]._open_for(
            first.product_id, first.company_id, demands
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    backorder_available_qty = fields.Float(
        "Available",
        digits="Product Unit",
        compute="_compute_backorder_figures",
        help="In stock, and neither reserved nor to go to those who wait.",
        groups=USERS,
    )
    backorder_committed_qty = fields.Float(
        "Committed",
        digits="Product Unit",
        compute="_compute_backorder_figures",
        help="In stock, and reserved or to go to those who wait.",
        groups=USERS,
    )
    backorder_incoming_qty = fields.Float(
        "To Arrive",
        digits="Product Unit",
        compute="_compute_backorder_figures",
        help="What is ordered and to arrive in stock.",
        groups=USERS,
    )

    @api.depends_context("company", "warehouse_id")
    def _compute_backorder_figures(self):
        storable = self.filtered(
            lambda product: product.is_storable and product._origin
        )
        totals = storable._origin._find_stock_figures()
        for product in self:
            figures = totals.get(product._origin.id, StockFigures())
            product.backorder_available_qty = figures.free
            product.backorder_committed_qty = figures.committed
            product.backorder_incoming_qty = figures.incoming

    def _find_stock_figures(self) -> dict[int, StockFigures]:
        """The sums of all warehouses of the company, or of the chosen one."""
        if not self:
            return {}
        # sudo: who is served before counts, whoever may see his orders
        finder = StockFigureFinder(self.sudo().env, self.env.company)
        chosen = self.env.context.get("warehouse_id")
        totals: dict[int, StockFigures] = {}
        for (product_id, warehouse_id), figures in finder.find(self.ids).items():
            if not isinstance(chosen, int) or chosen == warehouse_id:
                total = totals.setdefault(product_id, StockFigures())
                total.on_hand += figures.on_hand
                total.committed += figures.committed
                total.incoming += figures.incoming
        return totals

    def action_where(self):
        """Show per warehouse where this product is."""
        self.ensure_one()
        return self.env["backorder.where"]._open_for(self, self.env.company)

    def action_open_arrivals(self):
        """Open what is to arrive of these products."""
        # sudo: the user's own rights count for what is shown of them
        finder = StockFigureFinder(self.sudo().env, self.env.company)
        domain = [("id", "in", finder.find_arrivals(self.ids))]
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "stock.stock_move_action"
        )
        return {**action, "domain": domain, "context": {}}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    backorder_available_qty = fields.Float(
        "Available",
        digits="Product Unit",
        compute="_compute_backorder_figures",
        help="In stock, and neither reserved nor to go to those who wait.",
        groups=USERS,
    )
    backorder_committed_qty = fields.Float(
        "Committed",
        digits="Product Unit",
        compute="_compute_backorder_figures",
        help="In stock, and reserved or to go to those who wait.",
        groups=USERS,
    )
    backorder_incoming_qty = fields.Float(
        "To Arrive",
        digits="Product Unit",
        compute="_compute_backorder_figures",
        help="What is ordered and to arrive in stock.",
        groups=USERS,
    )

    @api.depends_context("company", "warehouse_id")
    def _compute_backorder_figures(self):
        for template in self:
            variants = template.product_variant_ids
            for name in ("available", "committed", "incoming"):
                field_name = f"backorder_{name}_qty"
                template[field_name] = sum(variants.mapped(field_name))

    def action_where(self):
        """
        :raise UserError: there are several variants to choose from
        """
        if len(self.product_variant_ids) != 1:
            raise UserError(self.env._("Open one of the variants to see where it is."))
        return self.product_variant_ids.action_where()

    def action_open_arrivals(self):
        return self.product_variant_ids.action_open_arrivals()
