from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..models.backorder_promise import CONFIRMED, DELIVERY_DATE, NOTICE


class BackorderPromiseGive(models.TransientModel):
    """Asks for the days that customers are told."""

    _name = "backorder.promise.give"
    _description = "Promise a Day to Customers"

    line_ids = fields.One2many("backorder.promise.give.line", "give_id")
    date = fields.Date(
        "For All", store=False, help="Sets the day of all lines; each can be changed."
    )
    reason = fields.Selection("_get_reasons")
    note = fields.Char()
    is_changing = fields.Boolean(compute="_compute_is_changing")

    @api.model
    def _get_reasons(self):
        """What people may say; the others are said by what happens."""
        return [
            (reason, label)
            for reason, label in self.env["backorder.promise"]
            ._fields["reason"]
            ._description_selection(self.env)
            if reason not in (CONFIRMED, DELIVERY_DATE, NOTICE)
        ]

    @api.depends("line_ids.date")
    def _compute_is_changing(self):
        for give in self:
            give.is_changing = any(
                line.promised and line.date != line.promised for line in give.line_ids
            )

    @api.onchange("date")
    def _onchange_date(self):
        if self.date:
            self.line_ids.date = self.date

    def action_give(self):
        """
        :raise UserError: a day is missing or has passed, or nobody said why it changes
        """
        self.ensure_one()
        days = self.line_ids._get_days()
        if self.is_changing and not self.reason:
            raise UserError(
                self.env._(
                    "Say why the day changes: the customer has been told another."
                )
            )
        lines = self.env["sale.order.line"].union(*days)
        lines.order_id.check_access("write")
        before = {line: line.backorder_promise_date for line in lines}
        promises = self.env["backorder.promise"]._give(
            days, self.reason or "other", self.note or ""
        )
        self._log(promises.sudo(), before)
        return {"type": "ir.actions.act_window_close"}

    def _log(self, promises, before):
        """
        :param before: the days promised so far, by line
        """
        texts = defaultdict(list)
        for promise in promises:
            texts[promise.order_id].append(
                self._describe(promise, before[promise.sale_line_id.sudo(False)])
            )
        for order, own in texts.items():
            order._message_log(
                body=Markup("%s<ul>%s</ul>")
                % (
                    self.note or "",
                    Markup().join(Markup("<li>%s</li>") % t for t in own),
                )
            )

    def _describe(self, promise, before):
        values = {
            "product": promise.product_id.display_name,
            "day": format_date(self.env, promise.date),
            "before": format_date(self.env, before) if before else "",
            "reason": dict(self._get_reasons()).get(promise.reason, ""),
        }
        if not before:
            return self.env._("%(product)s: promised for %(day)s", **values)
        return self.env._(
            "%(product)s: promised for %(day)s instead of %(before)s (%(reason)s)",
            **values,
        )


class BackorderPromiseGiveLine(models.TransientModel):
    _name = "backorder.promise.give.line"
    _description = "Day of an Order Line to Promise"

    give_id = fields.Many2one(
        "backorder.promise.give", required=True, ondelete="cascade"
    )
    sale_line_id = fields.Many2one(
        "sale.order.line", required=True, readonly=True, ondelete="cascade"
    )
    order_id = fields.Many2one(related="sale_line_id.order_id", related_sudo=False)
    partner_id = fields.Many2one(
        related="sale_line_id.order_id.partner_id", related_sudo=False
    )
    product_id = fields.Many2one(related="sale_line_id.product_id", related_sudo=False)
    promised = fields.Date(
        "Promised so Far",
        related="sale_line_id.backorder_promise_date",
        related_sudo=False,
    )
    expected = fields.Date(
        "Expected", related="sale_line_id.backorder_eta", related_sudo=False
    )
    date = fields.Date("To Tell")

    def _get_days(self):
        """
        :raise UserError: a day is missing, or has passed
        """
        lines = self.sale_line_id
        if not lines:
            raise UserError(self.env._("Choose the lines to promise a day for."))
        lines._check_promisable()
        unknown = self.filtered(lambda line: not line.date)
        if unknown:
            raise UserError(
                self.env._(
                    "Enter the day to tell for %(product)s of %(order)s.",
                    product=unknown[0].product_id.display_name,
                    order=unknown[0].order_id.name,
                )
            )
        now = fields.Datetime.now()
        for line in self:
            company = line.sale_line_id.company_id
            if line.date < company._remember_days()(now):
                raise UserError(
                    self.env._(
                        "Nobody can promise a day that has passed: enter a day to come "
                        "for %(product)s of %(order)s.",
                        product=line.product_id.display_name,
                        order=line.order_id.name,
                    )
                )
        return {line.sale_line_id: line.date for line in self}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_open_promise(self):
        """Open the dialog to tell the customers of these lines a day.

        :raise UserError: nothing of them is to come
        """
        lines = self._filter_promisable()
        (lines or self)._check_promisable()
        give = self.env["backorder.promise.give"].create(
            {
                "line_ids": [
                    Command.create(
                        {"sale_line_id": line.id, "date": line._get_day_to_tell()}
                    )
                    for line in lines
                ]
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise"),
            "res_model": give._name,
            "res_id": give.id,
            "view_mode": "form",
            "target": "new",
        }

    def _check_promisable(self):
        """
        :raise UserError: a line is not of a confirmed order, or all of it has come
        """
        draft = self.filtered(lambda line: line.state != "sale")
        if draft:
            raise UserError(
                self.env._(
                    "Confirm %(order)s first: its delivery date is what is promised.",
                    order=draft[0].order_id.name,
                )
            )
        if not self or self - self._filter_promisable():
            raise UserError(
                self.env._(
                    "Nothing of it is to be delivered any more: choose other lines."
                )
            )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_open_promise(self):
        """Open the dialog to tell the customers of these orders days."""
        return self.order_line.action_open_promise()
