from odoo import models


class StockReturnPicking(models.TransientModel):
    _inherit = "stock.return.picking"

    def _get_proc_values(self, line):
        # What is sent in exchange is told from what was ordered.
        return {**super()._get_proc_values(line), "backorder_exchange": True}
