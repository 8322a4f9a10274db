"""The earliest day of what nobody has ordered yet, beside the expected one and never
mixed with it."""

from odoo import api, fields, models

LABEL = "Earliest If Ordered Today"
HELP = (
    "The day on which the customer could have it if what is not known to come was "
    "ordered today, by the lead times of vendors, production and warehouse. Nobody has "
    "ordered it yet. Nothing: all of it is known to come, or it is neither bought nor "
    "made."
)


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    eta_if_ordered = fields.Date(LABEL, readonly=True, help=HELP)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_if_ordered = fields.Date(
        LABEL,
        compute="_compute_backorder_if_ordered",
        compute_sudo=True,  # the same day for whoever may see the line
        help=HELP,
    )

    @api.depends(
        "move_ids.backorder_demand_ids.eta",
        "move_ids.backorder_demand_ids.eta_kind",
        "move_ids.backorder_demand_ids.eta_if_ordered",
    )
    def _compute_backorder_if_ordered(self):
        for line in self:
            demands = line.move_ids.backorder_demand_ids.filtered("eta_kind")
            days = [demand.eta or demand.eta_if_ordered for demand in demands]
            # Of a kit, the last component; one that cannot be had is no kit.
            known = any(demands.mapped("eta_if_ordered")) and all(days)
            line.backorder_if_ordered = known and max(days)
