from odoo import fields, models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    backorder_strategy_id = fields.Many2one(
        "backorder.strategy",
        "Reallocation Strategy",
        check_company=True,
        help="How scarce stock of this warehouse is divided. Empty: as the company's.",
    )
