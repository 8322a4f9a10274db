"""Shipments that somebody invoices many at a time."""

from __future__ import annotations

from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..planning.shipment_state import OPEN_STATES
from .error_words import IN_WORDS, get_words
from .stock_picking_invoice_creation import CRON
from .stock_picking_invoicing import INVOICE_READERS

# More than that are left to the scheduled action: nobody waits for a minute.
AT_ONCE = 50


class StockPicking(models.Model):
    _inherit = "stock.picking"

    # Without dependencies: it changes with the day, not with the record.
    shipment_age = fields.Integer(
        string="Days",
        compute="_compute_shipment_age",
        groups=INVOICE_READERS,
        help="Days since the delivery was validated.",
    )

    def _compute_shipment_age(self):
        now = fields.Datetime.now()
        for picking in self:
            done = picking.date_done or now
            picking.shipment_age = max(self._count_days(done, now), 0)

    def _count_days(self, start: datetime, end: datetime) -> int:
        """Days between two moments as the user's calendar shows them."""
        in_zone = fields.Datetime.context_timestamp
        return (in_zone(self, end).date() - in_zone(self, start).date()).days

    def action_invoice_shipments(self):
        """Invoice these deliveries, as many of them as can be.

        Of a few the invoices are opened; those that could not be made are named with
        the reason. Many are left to the scheduled action.

        :raises UserError: nothing to invoice, none of them can be invoiced, or nobody
            is there to work through many
        :raises AccessError: the user may create neither invoices nor change the orders
        """
        self._check_may_invoice()
        shipments = self.filtered(
            lambda picking: picking.shipment_invoice_state in OPEN_STATES
        )
        if len(shipments) <= 1:
            return (shipments or self).action_invoice_shipment()
        if len(shipments) > AT_ONCE:
            return shipments._queue_invoicing()
        invoices, reasons = shipments._invoice_each_possible()
        if not invoices:
            raise UserError("\n".join(reasons))
        action = self.move_ids.sale_line_id.order_id.action_view_invoice(
            invoices=invoices
        )
        return self._warn_of_failures(reasons, action) if reasons else action

    def _invoice_each_possible(self):
        """Invoice all of them at once or, where that fails, one by one.

        :return: the new invoices, and a line of text for each delivery without one
        """
        try:
            with self.env.cr.savepoint():
                return self._invoice_shipments(), []
        except IN_WORDS:
            invoices = self.env["account.move"]
        reasons = []
        for picking in self:
            try:
                with self.env.cr.savepoint():
                    # The one before may have been credited together with this one.
                    if picking.shipment_invoice_state in OPEN_STATES:
                        invoices |= picking._invoice_shipments()
            except IN_WORDS as error:
                words = get_words(self.env, error)
                if not words:
                    raise
                reasons.append(f"{picking.name}: {words}")
        return invoices, reasons

    def _warn_of_failures(self, reasons, action):
        return self._prepare_notification(
            "warning",
            self.env._("Not invoiced: %(count)s", count=len(reasons)),
            # A notification shows no line breaks.
            " · ".join(reasons),
            action,
        )

    def _queue_invoicing(self):
        """Leave these deliveries to the scheduled action, and say so.

        :raises UserError: there is none
        """
        self._check_invoicing_is_scheduled()
        # sudo: not every salesperson or accountant may change transfers
        self.sudo().write(
            {"shipment_invoice_queued": True, "shipment_invoice_next_try": False}
        )
        self._wake_invoicing()
        waiting = self.search_count([("shipment_invoice_queued", "=", True)])
        return self._prepare_notification(
            "info",
            self.env._("%(count)s deliveries are queued", count=len(self)),
            self.env._(
                "Their invoices are made in the background; until then the list "
                "shows them as queued. %(waiting)s are waiting in all.",
                waiting=waiting,
            ),
            {"type": "ir.actions.client", "tag": "soft_reload"},
        )

    @api.model
    def _check_invoicing_is_scheduled(self):
        cron = self.env.ref(CRON, raise_if_not_found=False)
        # sudo: who invoices need not see scheduled actions
        if not cron or not cron.sudo().active:
            raise UserError(
                self.env._(
                    "More than %(count)s deliveries are invoiced by a scheduled "
                    "action, which somebody has archived or deleted. Select fewer of "
                    "them, or ask your administrator to bring it back.",
                    count=AT_ONCE,
                )
            )

    @api.model
    def _prepare_notification(self, kind, title, message, following):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "title": title,
                "message": message,
                "sticky": kind != "info",
                "next": following,
            },
        }
