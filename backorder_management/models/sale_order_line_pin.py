"""Order lines whose stock no run touches."""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

from ..planning.pins import has_ended


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_pinned = fields.Boolean(
        "Pinned",
        readonly=True,
        copy=False,
        help="No reallocation run touches what is reserved for this line, nor the "
        "arrivals that are kept for it.",
    )
    backorder_pinned_by = fields.Many2one(
        "res.users", "Pinned By", readonly=True, copy=False
    )
    backorder_pinned_until = fields.Date("Pinned Until", readonly=True, copy=False)
    backorder_pin_reason = fields.Char("Reason of Pin", readonly=True, copy=False)
    backorder_pin_arrival_ids = fields.One2many(
        "backorder.pin.arrival",
        "sale_line_id",
        readonly=True,
        copy=False,
        groups="base.group_system",
    )
    backorder_pinned_arrivals = fields.Char(
        "Arrivals Kept",
        compute="_compute_backorder_pinned_arrivals",
        groups="sales_team.group_sale_salesman,stock.group_stock_user",
        help="What of the expected arrivals is for this line, whoever else waits.",
    )

    @api.depends("backorder_pin_arrival_ids.quantity")
    def _compute_backorder_pinned_arrivals(self):
        # sudo: whoever may see the line may know what it waits for
        for line, rows in zip(self, self.sudo(), strict=True):
            line.backorder_pinned_arrivals = "; ".join(
                row._describe(needed)
                for row, needed in rows.backorder_pin_arrival_ids._get_needed()
                if row.move_id and needed
            )

    def _get_pinned_demands(self, product):
        """The moves that wait for a product of these lines."""
        return self.move_ids._filter_backorder_demands().filtered(
            lambda move: (
                move.product_id == product and move._get_quantity_to_reserve() > 0
            )
        )

    def _is_pinned(self) -> bool:
        """Is the pin still on?"""
        return self.backorder_pinned and not has_ended(
            self.backorder_pinned_until or None,
            fields.Datetime.now(),
            self.sudo().backorder_pinned_by.tz,  # sudo: of a colleague
        )

    def action_open_pin(self):
        """Ask until when and why, for one or many lines."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Pin Stock"),
            "res_model": "backorder.pin",
            "view_mode": "form",
            "target": "new",
            "context": {"default_sale_line_ids": self.ids},
        }

    def _pin(self, reason: str, until=None):
        """Fix what is reserved for these lines, and the arrivals they wait for.

        Pinned once more, a line is promised what it still lacks.

        :param until: the last day, in the user's time zone; None: until it is released
        """
        self.check_access("write")
        # sudo: what a pin kept that is over has been open to others since
        over = self.sudo().filtered(lambda line: not line._is_pinned())
        over.backorder_pin_arrival_ids.unlink()
        # sudo: written here only, so that nothing is pinned without a reason
        self.sudo().write(
            {
                "backorder_pinned": True,
                "backorder_pinned_by": self.env.uid,
                "backorder_pinned_until": until or False,
                "backorder_pin_reason": reason,
            }
        )
        self._log_pin(
            self.env._("pinned until %s", format_date(self.env, until))
            if until
            else self.env._("pinned"),
            reason,
        )
        self._keep_arrivals()

    def _keep_arrivals(self):
        # sudo: whom else the arrivals are for counts, whoever may see these orders
        lines = self.sudo()
        lines.env["backorder.pin.arrival"]._promise(lines)._tell_promised()

    def action_unpin(self):
        self.check_access("write")
        lines = self.filtered("backorder_pinned")
        lines.sudo().backorder_pin_arrival_ids.unlink()  # sudo: as when it was pinned
        lines.sudo().write(
            {
                "backorder_pinned": False,
                "backorder_pinned_by": False,
                "backorder_pinned_until": False,
                "backorder_pin_reason": False,
            }
        )
        lines._log_pin(self.env._("released"), "")
        return True

    @api.model
    def _release_ended(self):
        """Pins whose last day is over, so that nothing looks pinned that is not."""
        tomorrow = fields.Date.today() + timedelta(days=1)  # somewhere it has begun
        pinned = self.search(
            [("backorder_pinned", "=", True), ("backorder_pinned_until", "<", tomorrow)]
        )
        pinned.filtered(lambda line: not line._is_pinned()).action_unpin()

    def write(self, vals):
        # Through the actions only, which say who, until when and why.
        if not self.env.su and any(name.startswith("backorder_pin") for name in vals):
            raise AccessError(self.env._("Use “Pin Stock” and “Release Pinned Stock”."))
        return super().write(vals)

    def _log_pin(self, what: str, reason: str):
        self.order_id._message_log_batch(
            {
                order.id: Markup("%s: %s. %s")
                % (", ".join(lines.product_id.mapped("display_name")), what, reason)
                for order, lines in self.grouped("order_id").items()
            }
        )
