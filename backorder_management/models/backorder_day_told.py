"""Which day customers are told."""

from __future__ import annotations

from odoo import fields, models

from ..planning.promises import find_day_to_tell

LIKELY = "likely"
LATE = "late"


class ResCompany(models.Model):
    _inherit = "res.company"

    backorder_day_told = fields.Selection(
        [
            (LATE, "The day that holds nine times in ten"),
            (LIKELY, "The likely day"),
        ],
        "Day Told to Customers",
        default=LATE,
        required=True,
        help="By what the vendors have kept so far.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    backorder_day_told = fields.Selection(
        related="company_id.backorder_day_told", readonly=False, required=True
    )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_day_to_tell(self):
        """Return the day on which the customer can be told to have all that is open of
        the line, where the company is; None where it is not known, or where nothing was
        ever missing."""
        self.ensure_one()
        # what this transaction has changed so far counts
        self.env["backorder.demand"]._refresh_pending()
        # sudo: whoever asks, the day is the same
        lines = self.sudo()._get_leaving_together()
        demands = lines.move_ids.backorder_demand_ids.filtered("eta_kind")
        if not demands:
            return self.backorder_eta or None
        name = "eta" if self.company_id.backorder_day_told == LIKELY else "eta_late"
        day = find_day_to_tell(demand[name] or None for demand in demands)
        # the line knows of goods that are on their way, too
        return day and max(day, self.backorder_eta or day)
