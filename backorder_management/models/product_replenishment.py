"""How far what is missing of products is under way."""

from __future__ import annotations

from odoo import api, fields, models

from ..planning.replenishment import find_least_advanced
from .backorder_replenishment import STAGES

HELP = "How far what is missing is under way; in several places, the last of it."


class ProductProduct(models.Model):
    _inherit = "product.product"

    backorder_replenishment = fields.Selection(
        STAGES,
        "Replenishment",
        compute="_compute_backorder_replenishment",
        help=HELP,
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
    )

    @api.depends_context("company")
    def _compute_backorder_replenishment(self):
        by_product = self._get_short_demands().grouped("product_id")
        for product in self:
            demands = by_product.get(product._origin)
            product.backorder_replenishment = demands and find_least_advanced(
                demands.mapped("replenishment")
            )

    def _get_short_demands(self):
        """Those in the user's company, whoever's orders they are."""
        # sudo: what is under way is the same for whoever may see the product
        return (
            self.env["backorder.demand"]
            .sudo()
            .search(
                [
                    ("product_id", "in", self._origin.ids),
                    ("company_id", "=", self.env.company.id),
                    ("qty_short", ">", 0),
                ]
            )
        )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    backorder_replenishment = fields.Selection(
        STAGES,
        "Replenishment",
        compute="_compute_backorder_replenishment",
        help=HELP,
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
    )

    @api.depends_context("company")
    def _compute_backorder_replenishment(self):
        for template in self:
            stages = template.product_variant_ids.mapped("backorder_replenishment")
            short = [stage for stage in stages if stage]
            template.backorder_replenishment = bool(short) and find_least_advanced(
                short
            )
