from odoo import models


class StockBackorderConfirmation(models.TransientModel):
    _inherit = "stock.backorder.confirmation"

    def process(self):
        # who answers has been asked: nobody else needs to be
        return super(
            StockBackorderConfirmation, self.with_context(backorder_asked=True)
        ).process()
