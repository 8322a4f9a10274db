"""The earliest day of a quotation, and the button that promises it."""

from __future__ import annotations

from datetime import datetime

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..planning.days import find_zone


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_earliest = fields.Date(
        "Earliest",
        compute="_compute_backorder_earliest",
        compute_sudo=True,
        help="The day on which the last line could be there if the quotation was "
        "confirmed now. Nothing: of some line nobody knows.",
    )
    backorder_earliest_summary = fields.Char(
        compute="_compute_backorder_earliest", compute_sudo=True
    )

    @api.depends(
        "order_line.backorder_earliest",
        "order_line.backorder_earliest_reason",
        "order_line.backorder_earliest_if_ordered",
    )
    def _compute_backorder_earliest(self):
        for order in self:
            lines = order._get_lines_with_reason()
            days = lines.mapped("backorder_earliest")
            order.backorder_earliest = lines and all(days) and max(days)
            order.backorder_earliest_summary = (
                lines and order._describe_earliest(lines) or False
            )

    def _get_lines_with_reason(self):
        """Lines of goods of a quotation."""
        return self.order_line.filtered("backorder_earliest_reason")

    def _describe_earliest(self, lines) -> str:
        if unknown := lines.filtered(lambda line: not line.backorder_earliest):
            return self.env._(
                "No date is known for %(products)s",
                products=", ".join(unknown.mapped("product_id.display_name")),
            )
        day = format_date(self.env, self.backorder_earliest)
        if any(lines.mapped("backorder_earliest_if_ordered")):
            return self.env._("%(day)s, if what is missing is ordered today", day=day)
        return day

    def action_use_earliest_date(self):
        """Set the delivery date to the day on which the last line can be there.

        :raise UserError: of some line nobody knows, or it is no quotation
        """
        for order in self:
            order._check_earliest()
            order.commitment_date = order._get_earliest_moment()

    def _check_earliest(self):
        lines = self._get_lines_with_reason()
        if self.state not in ("draft", "sent"):
            raise UserError(
                self.env._(
                    "%(order)s is no quotation any more: set its delivery date by "
                    "hand.",
                    order=self.name,
                )
            )
        if not lines:
            raise UserError(
                self.env._(
                    "%(order)s has no goods that are kept in stock: set its delivery "
                    "date by hand.",
                    order=self.name,
                )
            )
        if unknown := lines.filtered(lambda line: not line.backorder_earliest):
            raise UserError(
                self.env._(
                    "Nobody knows when %(products)s can be there: order or make what "
                    "is missing first, or set the delivery date by hand.",
                    products=", ".join(unknown.mapped("product_id.display_name")),
                )
            )

    def _get_earliest_moment(self) -> datetime:
        """The earliest day, at the hour of Odoo's own expected date, where the company
        is; UTC."""
        zone = find_zone(self.company_id.partner_id.tz)
        expected = self.expected_date or fields.Datetime.now()
        hour = zone.fromutc(expected).time()
        moment = zone.localize(datetime.combine(self.backorder_earliest, hour))
        return moment.astimezone(pytz.utc).replace(tzinfo=None)
