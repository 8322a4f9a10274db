from odoo import models

from .backorder_acceptance_check import PULLING


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _is_pulled_on(self) -> bool:
        """Does another step of the same delivery bring what this one moves?"""
        source = self.location_src_id
        stock = source.warehouse_id.lot_stock_id
        return (
            self.action in PULLING
            and self.procure_method == "make_to_order"
            and source.usage == "internal"
            and bool(stock)
            and not source._child_of(stock)
        )
