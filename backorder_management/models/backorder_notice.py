"""What customers are told of what they wait for: the queue, and what was told."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..planning import notices

QUEUED = "queued"
SENT = "sent"
FAILED = "failed"
RETURNED = "returned"

STATES = [
    (QUEUED, "To Send"),
    (SENT, "Sent"),
    (FAILED, "Not Sent"),
    (RETURNED, "Came Back"),
]

KINDS = [
    (notices.CONFIRMED, "Confirmed With Missing Pieces"),
    (notices.SHIPPED, "Shipped in Part"),
    (notices.CANCELLED, "Rest Cancelled"),
    (notices.READY, "Goods Allocated"),
    (notices.DATE, "Date Changed"),
    (notices.WAITING, "Still Waiting"),
]


class BackorderNotice(models.Model):
    """One message to one customer. Its text is the template of its kind.

    While it is to be sent, its lines say what it is about; what they tell is looked up
    again when it is sent.
    """

    _name = "backorder.notice"
    _description = "Notice to a Customer"
    _order = "id desc"
    _rec_name = "subject"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        STATES, required=True, readonly=True, default=QUEUED, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        required=True,
        index=True,
        ondelete="cascade",
        help="The order that it is logged on, the first of several.",
    )
    order_ids = fields.Many2many(
        "sale.order",
        string="Orders",
        compute="_compute_order_ids",
        compute_sudo=True,  # a notice may speak of other people's orders, too
    )
    order_names = fields.Char(
        compute="_compute_order_names",
        compute_sudo=True,  # as the orders
    )
    user_id = fields.Many2one(
        "res.users", "Salesperson", related="order_id.user_id", store=True
    )
    line_ids = fields.One2many("backorder.notice.line", "notice_id", readonly=True)
    subject = fields.Char(readonly=True)
    told_at = fields.Datetime("Sent On", readonly=True)
    message_id = fields.Many2one(
        "mail.message", readonly=True, index="btree_not_null", ondelete="set null"
    )
    error = fields.Text("Why Not", readonly=True)

    _daily = models.Index("(company_id, partner_id, told_at)")

    @api.depends("line_ids.order_id")
    def _compute_order_ids(self):
        for notice in self:
            notice.order_ids = notice.order_id | notice.line_ids.order_id

    @api.depends("order_id.name", "line_ids.order_id.name")
    def _compute_order_names(self):
        for notice in self:
            notice.order_names = ", ".join(notice.order_ids.mapped("name"))

    @api.depends("kind", "order_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for notice in self:
            order = notice.order_id.name or ""
            notice.display_name = f"{order}: {kinds.get(notice.kind, '')}"

    def action_retry(self):
        """Send again what was not sent, or came back, with what holds by now.

        :raise UserError: it was sent, or nothing of it holds any more
        """
        self.order_ids.check_access("write")
        failed = self.filtered(lambda notice: notice.state in (FAILED, RETURNED))
        if not failed:
            raise UserError(
                self.env._("Choose notices that were not sent, or came back.")
            )
        # sudo: nobody writes notices himself; who may send them has been checked
        for notice in failed.sudo():
            notice._send_or_record()
        still = failed.exists().filtered("error")
        if still:
            raise UserError(still[0].error)

    def action_open_order(self):
        self.ensure_one()
        return self.order_id.get_formview_action()


class BackorderNoticeLine(models.Model):
    """What a customer was told about one order line; the latest is what he knows.

    Quantities are in the line's unit, days where the company is.
    """

    _name = "backorder.notice.line"
    _description = "Line of a Notice to a Customer"
    _order = "order_id, sale_line_id, id"
    _log_access = False

    notice_id = fields.Many2one(
        "backorder.notice",
        readonly=True,
        index=True,
        ondelete="cascade",
        help="Empty: what held when notices were switched on.",
    )
    sale_line_id = fields.Many2one(
        "sale.order.line", required=True, readonly=True, ondelete="cascade"
    )
    order_id = fields.Many2one(
        "sale.order", required=True, readonly=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(related="sale_line_id.product_id")
    kind = fields.Selection(
        KINDS, readonly=True, help="What is new about it. Empty: it is told beside."
    )
    told_at = fields.Datetime(readonly=True, help="Empty: it is to be told.")
    is_latest = fields.Boolean(readonly=True)
    day = fields.Date("Expected", readonly=True, help="Empty: it was not known.")
    day_before = fields.Date(
        "Told Before", readonly=True, help="The day that was told before."
    )
    qty_ordered = fields.Float("Ordered", digits="Product Unit", readonly=True)
    qty_open = fields.Float("To Come", digits="Product Unit", readonly=True)
    qty_short = fields.Float("Missing", digits="Product Unit", readonly=True)
    qty_shipped = fields.Float("Shipped", digits="Product Unit", readonly=True)
    qty_shipped_now = fields.Float(
        "Shipped Now",
        digits="Product Unit",
        readonly=True,
        help="Shipped since the notice before.",
    )
    qty_cancelled = fields.Float("Cancelled", digits="Product Unit", readonly=True)
    qty_cancelled_now = fields.Float(
        "Cancelled Now",
        digits="Product Unit",
        readonly=True,
        help="Cancelled since the notice before.",
    )
    is_ready = fields.Boolean(
        "Goods There", readonly=True, help="For all that is to come."
    )
    # as the line was then: whether it has changed since is asked of all lines at once
    state_then = fields.Char(readonly=True)
    eta_then = fields.Date(readonly=True)
    eta_late_then = fields.Date(readonly=True)
    qty_delivered_then = fields.Float(readonly=True)

    # whoever comes second, has nothing to tell any more
    _latest_unique = models.UniqueIndex("(sale_line_id) WHERE is_latest")
    _to_tell_unique = models.UniqueIndex("(sale_line_id) WHERE told_at IS NULL")

    @api.private
    def format_quantity(self, quantity: float) -> str:
        """A quantity of the line with its unit, in the words of who reads it."""
        return self.sale_line_id._format_own_quantity(quantity)
