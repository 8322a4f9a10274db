"""The expected day on the documents that people look at.

The planner writes it, see `backorder.demand`: no computed fields, so that no save of a
user's waits for them.
"""

from odoo import api, fields, models

HELP = (
    "The day on which the customer can have all that is missing, as far as is known "
    "today. Nothing: nothing is missing, or it is not known."
)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_eta = fields.Date("Expected", readonly=True, copy=False, help=HELP)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_eta = fields.Date(
        "Expected",
        readonly=True,
        copy=False,
        help="The day on which the last line of the order can be there, as far as is "
        "known today, where something of it is missing.",
    )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    backorder_eta = fields.Date("Expected", readonly=True, copy=False, help=HELP)


class StockMove(models.Model):
    _inherit = "stock.move"

    backorder_eta = fields.Date(
        "Expected",
        compute="_compute_backorder_eta",
        compute_sudo=True,  # the same day for whoever may see the move
        help=HELP,
    )

    @api.depends("backorder_demand_ids.eta")
    def _compute_backorder_eta(self):
        for move in self:
            move.backorder_eta = move.backorder_demand_ids[:1].eta
