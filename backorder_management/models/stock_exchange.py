"""Goods sent in exchange for others: no agreement holds or counts them."""

from odoo import api, fields, models


class StockMove(models.Model):
    _inherit = "stock.move"

    backorder_exchange = fields.Boolean(
        "Exchange",
        readonly=True,
        help="Replaces goods that came back. The agreement on the order is about what "
        "was ordered, and neither holds it nor counts it as a shipment.",
    )

    @api.model
    def _prepare_merge_moves_distinct_fields(self):
        return [*super()._prepare_merge_moves_distinct_fields(), "backorder_exchange"]

    @api.model
    def _prepare_merge_negative_moves_excluded_distinct_fields(self):
        # What is ordered less may come off an exchange, as in Odoo.
        return [
            *super()._prepare_merge_negative_moves_excluded_distinct_fields(),
            "backorder_exchange",
        ]


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _get_custom_move_fields(self):
        return [*super()._get_custom_move_fields(), "backorder_exchange"]
