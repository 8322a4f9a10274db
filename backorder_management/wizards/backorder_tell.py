from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..planning import notices

# More than that is left to the scheduled action.
AT_ONCE = 20


class Undone(Exception):
    """What was made to be looked at is not kept."""


class BackorderTell(models.TransientModel):
    """Shows what customers would be told, and tells them."""

    _name = "backorder.tell"
    _description = "Tell Customers"

    line_ids = fields.One2many("backorder.tell.line", "tell_id")
    previewed_id = fields.Many2one("backorder.tell.line", readonly=True)
    subject = fields.Char(readonly=True)
    preview = fields.Html(readonly=True, sanitize="email_outgoing")

    def action_tell(self):
        """
        :raise UserError: nobody is left to be told
        """
        self.ensure_one()
        lines = self.line_ids._filter_open()
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing of it is to come any more: there is nobody to tell."
                )
            )
        told = self.env["backorder.notice"].sudo()  # sudo: nobody writes notices
        for line in lines:
            told |= line._queue()
        if len(told) > AT_ONCE:
            self.env.ref("backorder_management.ir_cron_notice").sudo()._trigger()
        else:
            for notice in told:
                notice._send_or_record()
        return self._get_result(told.exists())

    def _get_result(self, told):
        """What has become of it: a note where all went well, else the notices."""
        failed = told.filtered(lambda notice: notice.error)
        if failed:
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "backorder_management.backorder_notice_action"
            )
            return {**action, "domain": [("id", "in", told.ids)]}
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Customers told: %s", len(told)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _show(self, line):
        """Put what this customer would be told into the dialog."""
        rendered = line._render()
        self.write(
            {
                "previewed_id": line.id,
                "subject": rendered["subject"],
                "preview": rendered["body_html"],
            }
        )

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Tell Customers"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class BackorderTellLine(models.TransientModel):
    """One customer, and what he would be told of."""

    _name = "backorder.tell.line"
    _description = "Customer to Tell"

    tell_id = fields.Many2one("backorder.tell", required=True, ondelete="cascade")
    sale_line_ids = fields.Many2many("sale.order.line", readonly=True)
    # of the lines, whatever else somebody would write
    partner_id = fields.Many2one("res.partner", "Customer", compute="_compute_orders")
    company_id = fields.Many2one("res.company", compute="_compute_orders")
    email = fields.Char(related="partner_id.email")
    order_names = fields.Char("Orders", compute="_compute_orders")
    count = fields.Integer("Lines", compute="_compute_orders")

    @api.depends("sale_line_ids")
    def _compute_orders(self):
        for line in self:
            orders = line.sale_line_ids.order_id.sorted("id")
            line.partner_id = orders[:1].partner_id
            line.company_id = orders[:1].company_id
            line.order_names = ", ".join(orders.mapped("name"))
            line.count = len(line.sale_line_ids)

    def action_preview(self):
        """Show what this customer would be told."""
        self.ensure_one()
        self.tell_id._show(self)
        return self.tell_id._open()

    def _filter_open(self):
        """Customers who still wait for something of it."""
        return self.filtered(lambda line: line.sale_line_ids._filter_to_tell())

    def _queue(self):
        """Queue the notice: all that is known of these lines, whether or not it is new.

        What was to be sent about them is told by this one.

        :raise AccessError: an order is not the user's to change
        """
        self.ensure_one()
        orders = self.sale_line_ids.order_id
        orders.check_access("write")
        # sudo: nobody writes notices himself
        notices_to_send = self.env["backorder.notice"].sudo()
        own = orders.filtered(
            lambda order: (
                order.partner_id == self.partner_id
                and order.company_id == self.company_id
            )
        )
        lines = (self.sudo().sale_line_ids & own.sudo().order_line)._filter_to_tell()
        lines._take_from_unsent_notices()
        known = lines._map_known()
        values = [line._prepare_notice_line(known.get(line)) for line in lines]
        moved = any(
            each["day_before"] and each["day"] != each["day_before"] for each in values
        )
        kind = notices.DATE if moved else notices.WAITING
        return notices_to_send.create(
            {
                "kind": kind,
                "company_id": self.company_id.id,
                "partner_id": self.partner_id.id,
                "order_id": lines.order_id.sorted("id")[:1].id,
                "asked_by_id": self.env.uid,
                "line_ids": [Command.create({**each, "kind": kind}) for each in values],
            }
        )

    def _render(self) -> dict:
        """Subject and text as they would be sent; nothing of it is kept.

        :raise UserError: the text cannot be rendered, and why
        """
        self.env.flush_all()
        rendered = {}
        try:
            with self.env.cr.savepoint():
                notice = self._queue().with_company(self.company_id)
                rendered = notice._render()
                raise Undone
        except Undone:
            return rendered


class BackorderNotice(models.Model):
    _inherit = "backorder.notice"

    asked_by_id = fields.Many2one(
        "res.users",
        "Asked For By",
        readonly=True,
        help="Who told these customers by hand. Empty: it was told by itself.",
    )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_open_tell(self):
        """Open the dialog that shows what the customers of these lines would be told.

        :raise UserError: nothing of them is to come
        """
        lines = self._filter_to_tell()
        if not lines:
            raise UserError(
                self.env._(
                    "Nothing of it is to be delivered any more: choose other lines."
                )
            )
        tell = self.env["backorder.tell"].create(
            {
                "line_ids": [
                    Command.create({"sale_line_ids": [Command.set(same.ids)]})
                    for same in lines.grouped(
                        lambda line: (line.company_id, line.order_id.partner_id)
                    ).values()
                ]
            }
        )
        tell._show(tell.line_ids[:1])
        return tell._open()

    def _filter_to_tell(self):
        """Lines of confirmed orders of which something is to come."""
        return self.filtered(
            lambda line: (
                line.state == "sale"
                and line.product_uom_id.compare(line.qty_backorder_open, 0.0) > 0
            )
        )

    def _take_from_unsent_notices(self):
        """What is to be sent about these lines is told by somebody else."""
        waiting = self.env["backorder.notice.line"].search(
            [("sale_line_id", "in", self.ids), ("told_at", "=", False)]
        )
        unsent = waiting.notice_id
        waiting.unlink()
        unsent.filtered(lambda notice: not notice.line_ids).unlink()


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_open_tell(self):
        return self.order_line.action_open_tell()


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    def action_open_tell(self):
        return self.sale_line_id.action_open_tell()
