"""What customers were told: the promise does not move by itself."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.tools import SQL

from ..planning.promises import BROKEN, KEPT, OPEN, VOID
from .backorder_demand import PENDING

CONFIRMED = "confirmed"
DELIVERY_DATE = "delivery_date"
NOTICE = "notice"

REASONS = [
    (CONFIRMED, "The order was confirmed"),
    (DELIVERY_DATE, "The delivery date of the order was changed"),
    (NOTICE, "A notice gave it"),
    ("wish", "The customer wished so"),
    ("later", "The goods come later"),
    ("earlier", "The goods come earlier"),
    ("correction", "It was wrong"),
    ("other", "Another reason"),
]

STATES = [
    (OPEN, "Open"),
    (KEPT, "Kept"),
    (BROKEN, "Broken"),
    (VOID, "Cancelled before"),
]


class BackorderPromise(models.Model):
    """One day that was told about one order line, and what has become of it.

    The latest one of a line counts; the others are its history, which nobody changes.
    """

    _name = "backorder.promise"
    _description = "Promise to a Customer"
    _order = "told_at desc, id desc"
    _rec_name = "sale_line_id"
    _log_access = False

    sale_line_id = fields.Many2one(
        "sale.order.line",
        "Order Line",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    order_id = fields.Many2one(
        "sale.order", readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    salesperson_id = fields.Many2one("res.users", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    date = fields.Date("Promised", required=True, readonly=True)
    told_at = fields.Datetime("Told", required=True, readonly=True)
    user_id = fields.Many2one("res.users", "Told By", readonly=True)
    reason = fields.Selection(REASONS, required=True, readonly=True)
    note = fields.Char(readonly=True)
    expected = fields.Date(
        "Expected Then",
        readonly=True,
        help="The day on which it was expected when this was told.",
    )
    is_first = fields.Boolean(readonly=True, help="Nothing had been told before.")
    is_latest = fields.Boolean(readonly=True, default=True)
    state = fields.Selection(STATES, required=True, readonly=True, default=OPEN)
    delivered = fields.Date(
        readonly=True, help="The day on which the last of the line left."
    )
    days_late = fields.Integer(
        readonly=True,
        aggregator="avg",
        help="Days from the promised one to the delivery, or to today where it is to "
        "come; below zero: before.",
    )
    kept = fields.Float(
        readonly=True, aggregator="avg", help="100 % where the promise was kept."
    )

    _latest_unique = models.UniqueIndex("(sale_line_id) WHERE is_latest")
    _unsettled = models.Index("(date) WHERE delivered IS NULL AND state <> 'void'")

    def _store_expected(self):
        """Note what is expected of these promises' lines by now."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE backorder_promise promise
                   SET expected = line.backorder_eta
                  FROM sale_order_line line
                 WHERE promise.id = ANY(%s) AND line.id = promise.sale_line_id
                   AND promise.expected IS DISTINCT FROM line.backorder_eta
                """,
                self.ids,
            )
        )
        self.invalidate_recordset(["expected"], flush=False)

    @api.model
    def _give(self, days, reason: str, note: str = ""):
        """Note that customers were told these days.

        Lines of which the same day is promised already are left out; a promise that was
        void, as the order was cancelled, is given anew.

        :param days: by order line, where the company is
        :param reason: one of REASONS
        """
        same = {
            line.id for line, day in days.items() if line.backorder_promise_date == day
        }
        void = self._search_void(same).sale_line_id if same else ()
        told = {
            line: day
            for line, day in days.items()
            if line.id not in same or line in void
        }
        if not told:
            return self.browse()
        lines = self.env["sale.order.line"].union(*told)
        # sudo: nobody writes promises himself; who may give them has been checked
        promises = self.sudo()
        before = promises.browse()
        if told_before := lines.filtered("backorder_promise_date"):
            before = promises.search(
                [("sale_line_id", "in", told_before.ids), ("is_latest", "=", True)]
            )
            before.is_latest = False
            before.flush_recordset()
        now = fields.Datetime.now()
        result = promises.create(
            [
                {
                    **line._prepare_promise(),
                    "date": day,
                    "told_at": now,
                    "user_id": self.env.uid,
                    "reason": reason,
                    "note": note,
                    "is_first": line not in before.sale_line_id,
                }
                for line, day in told.items()
            ]
        )
        for day, same in lines.grouped(told.get).items():
            same.sudo().backorder_promise_date = day
        for order in before.order_id.filtered("backorder_promise_warned"):
            order._watch_promises()
        # what is expected may not have been found yet
        self.env["backorder.demand"]._get_pending().promise_ids.update(result.ids)
        return result.sudo(False)

    @api.model
    def _search_void(self, line_ids):
        """The latest promises of these order lines that hold no more."""
        # sudo: whose lines they are has been checked
        return self.sudo().search(
            [
                ("sale_line_id", "in", list(line_ids)),
                ("is_latest", "=", True),
                ("state", "=", VOID),
            ]
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_promise_ids = fields.One2many(
        "backorder.promise", "sale_line_id", "Promises", readonly=True
    )
    backorder_promise_date = fields.Date(
        "Promised",
        readonly=True,
        copy=False,
        help="The day that the customer was told last.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """What is added to a confirmed order is promised with its delivery date."""
        lines = super().create(vals_list)
        added = lines.filtered(
            lambda line: line.state == "sale" and line.order_id.commitment_date
        )
        added._promise_delivery_date(CONFIRMED)
        return lines

    def _prepare_promise(self) -> dict:
        self.ensure_one()
        order = self.order_id
        return {
            "sale_line_id": self.id,
            "order_id": order.id,
            "company_id": order.company_id.id,
            "partner_id": order.partner_id.id,
            "salesperson_id": order.user_id.id,
            "product_id": self.product_id.id,
            "expected": self.backorder_eta,
        }

    def _promise_delivery_date(self, reason: str):
        """Promise the delivery date of their orders for these lines."""
        days = {}
        for line in self._filter_promisable():
            find_day = line.company_id._remember_days()
            days[line] = find_day(line.order_id.commitment_date)
        return self.env["backorder.promise"]._give(days, reason)

    def _filter_promisable(self):
        """Lines of goods of which something is still to be delivered."""
        return self.filtered(
            lambda line: (
                not line.display_type
                and line.product_id.type == "consu"
                and line.product_uom_id.compare(
                    line.product_uom_qty - line.qty_cancelled, line.qty_delivered
                )
                > 0
            )
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_promise_count = fields.Integer(
        compute="_compute_backorder_promise_count",
        compute_sudo=True,  # the form of an order asks, whoever may open it
    )

    def _compute_backorder_promise_count(self):
        counts = dict(
            self.env["backorder.promise"]._read_group(
                [("order_id", "in", self.ids)], ["order_id"], ["__count"]
            )
        )
        for order in self:
            order.backorder_promise_count = counts.get(order._origin, 0)

    def action_view_promises(self):
        """What was told about this order, the latest first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "backorder_management.backorder_promise_action"
        )
        return {
            **action,
            "domain": [("order_id", "=", self.id)],
            "context": {},
            "view_mode": "list",
            "views": [(False, "list")],
        }

    def _action_confirm(self):
        """The hook after which the lines are to be delivered."""
        result = super()._action_confirm()
        dated = self.filtered("commitment_date")
        dated.order_line._promise_delivery_date(CONFIRMED)
        return result

    def write(self, vals):
        result = super().write(vals)
        if vals.get("commitment_date"):
            confirmed = self.filtered(lambda order: order.state == "sale")
            confirmed.order_line._promise_delivery_date(DELIVERY_DATE)
        return result


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    promise_date = fields.Date(related="sale_line_id.backorder_promise_date")

    @api.model
    def _refresh_pending(self):
        """Promises of this transaction say what has just been found."""
        pending = self.env.cr.precommit.data.get(PENDING)
        promise_ids = set(pending.promise_ids) if pending else set()
        result = super()._refresh_pending()
        if promise_ids:
            self.env["backorder.promise"].browse(promise_ids)._store_expected()
        return result

    def action_open_promise(self):
        """Open the dialog to tell the customers of these lines a day."""
        return self.sale_line_id.action_open_promise()
