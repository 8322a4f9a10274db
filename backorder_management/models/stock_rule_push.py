from odoo import models


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _push_prepare_move_copy_values(self, move_to_copy, new_date):
        # The next step carries on the history of the goods that were missing.
        vals = super()._push_prepare_move_copy_values(move_to_copy, new_date)
        vals["backorder_since"] = move_to_copy.backorder_since
        # Who has released the goods has released them for all of their way.
        vals["backorder_override"] = move_to_copy.backorder_override
        return vals
