"""The whole story of what customers waited for, in one timeline."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.tools import SQL, format_date
from odoo.tools.misc import formatLang

from .event_query import get_query

KINDS = [
    ("confirmed", "Order confirmed"),
    ("short", "Found missing"),
    ("promised", "Promised"),
    ("slipped", "Put off"),
    ("advanced", "Brought forward"),
    ("allocated", "Allocated by a run"),
    ("passed_on", "Passed on by a run"),
    ("shipped", "Shipped"),
    ("returned", "Came back"),
    ("invoiced", "Invoiced"),
    ("credited", "Credited"),
    ("told", "Customer told"),
    ("chosen", "Customer chose"),
    ("cancelled", "Rest cancelled"),
    ("replaced", "Sold instead"),
]


class BackorderEvent(models.Model):
    """One thing that happened to an order of which something was ever missing.

    Read from what is kept of it anyway; nothing is written twice.
    """

    _name = "backorder.event"
    _description = "Event of a Backorder"
    _auto = False
    _order = "date desc, sequence desc, id desc"
    _rec_name = "kind"
    # Odoo writes to the database what the query below reads before it is run.
    _depends = {
        "sale.order": ["state", "date_order", "partner_id", "user_id", "company_id"],
        "sale.order.line": [
            "order_id",
            "product_id",
            "product_uom_qty",
            "backorder_since",
            "substitute_for_id",
        ],
        "backorder.promise": ["sale_line_id", "date", "told_at", "reason", "user_id"],
        "backorder.run": ["state", "applied_at", "name"],
        "backorder.run.line": ["sale_line_id", "qty_before", "qty_after"],
        "stock.move": ["sale_line_id", "state", "date", "quantity"],
        "account.move": ["state", "move_type", "invoice_date"],
        "account.move.line": ["move_id"],
        "backorder.notice": ["state", "told_at", "subject", "asked_by_id"],
        "backorder.notice.line": ["notice_id", "order_id"],
        "backorder.choice": ["made_at", "kind", "quantity", "sale_line_id"],
        "backorder.cancellation": ["sale_line_id", "date", "quantity", "note"],
    }

    date = fields.Datetime("When", readonly=True)
    sequence = fields.Integer(
        readonly=True, help="Of what happened at the same moment."
    )
    kind = fields.Selection(KINDS, "What", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    sale_line_id = fields.Many2one("sale.order.line", "Order Line", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    salesperson_id = fields.Many2one("res.users", readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    product_uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    day = fields.Date(readonly=True, help="That was told.")
    note = fields.Char(readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Integer(readonly=True)
    text = fields.Char("In Words", compute="_compute_text")

    @property
    def _table_query(self) -> SQL:
        return get_query()

    @api.depends_context("lang")
    def _compute_text(self):
        chosen = dict(
            self.env["backorder.choice"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        for event in self:
            note = event.note or ""
            parts = [
                event._format_quantity(),
                format_date(self.env, event.day) if event.day else "",
                chosen.get(note, note) if event.kind == "chosen" else note,
            ]
            event.text = ", ".join(part for part in parts if part)

    def _format_quantity(self) -> str:
        if not self.quantity:
            return ""
        return self.env._(
            "%(quantity)s %(unit)s",
            quantity=formatLang(self.env, self.quantity, dp="Product Unit"),
            unit=self.product_uom_id.name,
        )

    def action_open_source(self):
        """What it is read from; where the user may not, Odoo says so."""
        self.ensure_one()
        model, record_id = self.res_model, self.res_id
        if not record_id:  # a move without a transfer
            model, record_id = "sale.order", self.order_id.id
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "res_id": record_id,
            "view_mode": "form",
            "views": [(False, "form")],
        }


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_view_story(self):
        """All that happened to what was missing of these orders, the latest first."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "backorder_management.backorder_event_action"
        )
        return {**action, "domain": [("order_id", "in", self.ids)], "context": {}}


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_view_backorder_story(self):
        """The same of all orders of these customers."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "backorder_management.backorder_event_action"
        )
        return {
            **action,
            "domain": [("partner_id", "child_of", self.commercial_partner_id.ids)],
            "context": {"search_default_group_by_order": 1},
        }
