"""Invoices that a scheduled action makes of shipments, and what became of them."""

from __future__ import annotations

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..planning.retrying import get_delay_hours
from ..planning.shipment_state import ERROR, OPEN_STATES
from .error_words import describe_failure
from .shipment_invoice_creation import MANUAL, POSTED, SENT

_logger = logging.getLogger(__name__)

CRON = "backorder_management.ir_cron_invoice"
# Transfers invoiced between two commits.
BATCH = 20
# Until it is tried again where another transaction was in the way.
BUSY_MINUTES = 1
# Until one is looked at again that has something left, but nothing to invoice yet.
AGAIN_HOURS = 1


class StockPicking(models.Model):
    _inherit = "stock.picking"

    shipment_invoice_attempts = fields.Integer(
        string="Failed Attempts",
        readonly=True,
        copy=False,
        help="How often an automatic invoice could not be made, while it cannot.",
    )
    shipment_invoice_next_try = fields.Datetime(
        string="Next Attempt",
        readonly=True,
        copy=False,
        help="An invoice that could not be made is not tried again before.",
    )

    # ------------------------------------------------------------------ the queue

    @api.model
    def _wake_invoicing(self, at=None):
        """Have the scheduled action look for shipments to invoice.

        :param at: not before, UTC
        """
        # sudo: whoever validates a transfer need not see scheduled actions; somebody
        # may have deleted this one
        if cron := self.env.ref(CRON, raise_if_not_found=False):
            cron.sudo()._trigger(at=at)

    @api.model
    def _cron_invoice_shipments(self):
        """Make the invoices that are due, a batch at a time, committing after each;
        then send those that are to be sent."""
        cron = self.env["ir.cron"]
        invoices = self.env["account.move"]
        seen: list[int] = []
        while waiting := self._find_invoicing_due(seen, limit=BATCH):
            seen += waiting.ids
            for company, pickings in waiting.grouped("company_id").items():
                pickings._in_company(company)._invoice_due()
            left = self.search_count(self._get_invoicing_due_domain(seen))
            left += invoices._count_shipment_invoices_to_send()
            if not cron._commit_progress(len(waiting), remaining=left):
                return
        invoices._send_shipment_invoices()

    def _in_company(self, company):
        return self.with_company(company).with_context(lang=company.partner_id.lang)

    @api.model
    def _get_invoicing_due_domain(self, seen=()):
        """Return the domain of transfers that a scheduled action is to invoice now.

        :param seen: ids of transfers it has tried already
        """
        return (
            Domain("state", "=", "done")
            & Domain("shipment_invoice_state", "in", OPEN_STATES)
            & (
                Domain("shipment_invoice_queued", "=", True)
                | self._get_automatic_domain()
            )
            & (
                Domain("shipment_invoice_next_try", "=", False)
                | Domain("shipment_invoice_next_try", "<=", fields.Datetime.now())
            )
            & Domain("id", "not in", list(seen))
        )

    @api.model
    def _get_automatic_domain(self):
        """Return the domain of shipments that are invoiced without being asked for."""
        return self._get_orders_domain(
            [
                ("shipment_invoicing", "!=", "per_order"),
                ("shipment_invoice_creation", "not in", [MANUAL, False]),
            ]
        )

    @api.model
    def _get_orders_domain(self, domain):
        """Return the domain of transfers of such orders."""
        return Domain("move_ids.sale_line_id.order_id", "any", domain)

    @api.model
    def _find_invoicing_due(self, seen, limit):
        domain = self._get_invoicing_due_domain(seen)
        # What was tried before waits behind what was not, or it would keep it waiting.
        found = self.search(
            domain,
            limit=limit,
            order="shipment_invoice_next_try nulls first, date_done, id",
        )
        return found._with_their_period()

    # --------------------------------------------------------------------- a batch

    def _invoice_due(self):
        """Invoice these transfers of one company; never raises.

        As a whole first, which is faster; where that fails, one by one, so that one
        that cannot be invoiced keeps no other one waiting.
        """
        free = self._filtered_free()
        if free < self:
            self._put_off()
        units = free._get_invoicing_units()
        if len(units) > 1 and free._try_together():
            return
        for unit in units:
            unit._try_alone()

    def _get_invoicing_units(self):
        """Return these transfers in parts that can each be invoiced, or not."""
        return list(self)

    def _filtered_free(self):
        """Return the transfers whose orders nobody else is just working on, locked."""
        orders = self.move_ids.sale_line_id.order_id
        try:
            with self.env.cr.savepoint():
                locked = orders.try_lock_for_update(allow_referencing=True)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Somebody has changed one since we read it.
            return self.browse()
        return self.filtered(
            lambda picking: picking.move_ids.sale_line_id.order_id <= locked
        )

    def _put_off(self):
        self._wake_invoicing(fields.Datetime.now() + timedelta(minutes=BUSY_MINUTES))

    def _try_together(self) -> bool:
        """Invoice all of them or none.

        :return: False: one of them cannot be invoiced
        """
        try:
            with self.env.cr.savepoint():
                self._make_due_invoices()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # Odoo repeats users' requests in this case, but not scheduled actions; and
            # within this transaction we would see the same again.
            self._put_off()
        except Exception as error:  # pylint: disable=broad-except
            _logger.info("One of %s cannot be invoiced: %s", self.ids, error)
            return False
        return True

    def _try_alone(self):
        """Invoice what cannot be invoiced in parts."""
        try:
            with self.env.cr.savepoint():
                self._make_due_invoices()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._put_off()
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, the accountant sees it on the transfer
            for picking in self:
                picking._record_invoice_failure(error)

    def _make_due_invoices(self):
        """Make the invoices of these transfers, and post those that are to be posted.

        :raises Exception: whatever keeps one of them from being made or posted
        """
        invoices = self._get_orders_due()._create_invoices_of(self)
        invoices._post_as_ordered()
        # Nothing more to be done for those that had nothing to invoice, either.
        queued = self.filtered("shipment_invoice_queued")
        # sudo: nobody may write it, whosoever's name the scheduled action bears
        queued.sudo().shipment_invoice_queued = False
        self._filtered_still_open().sudo().shipment_invoice_next_try = (
            fields.Datetime.now() + timedelta(hours=AGAIN_HOURS)
        )

    def _filtered_still_open(self):
        """Return those with something left that could not be invoiced now: goods of
        another order that is invoiced by hand, a rebate that nothing carries yet."""
        return self.filtered(
            lambda picking: picking.shipment_invoice_state in OPEN_STATES
        )

    def _get_orders_due(self):
        """Return the orders to invoice: all where somebody has asked for it, else those
        that are invoiced automatically."""
        orders = self.move_ids.sale_line_id.order_id
        asked = self.filtered("shipment_invoice_queued").move_ids.sale_line_id.order_id
        return asked | orders._filtered_invoiced_automatically()

    # --------------------------------------------------------------------- failures

    def _record_invoice_failure(self, error):
        """Say on the transfer why there is no invoice, and when it is tried again."""
        self.ensure_one()
        failed_before = self.shipment_invoice_error
        attempts = self.shipment_invoice_attempts + 1 if failed_before else 1
        at = fields.Datetime.now() + timedelta(hours=get_delay_hours(attempts))
        reason = describe_failure(self.env, error, _logger, self.name)
        # sudo: as in ``_make_due_invoices``
        self.sudo().write(
            {
                "shipment_invoice_error": reason,
                # One method computes both, so the one cannot depend on the other.
                "shipment_invoice_state": ERROR,
                "shipment_invoice_attempts": attempts,
                "shipment_invoice_next_try": at,
            }
        )
        self._wake_invoicing(at)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _create_invoices_of(self, shipments):
        """Return new draft invoices of these orders for these shipments, if any."""
        invoices = self.with_context(
            invoice_shipment_ids=tuple(shipments.ids), raise_if_nothing_to_invoice=False
        )._create_invoices(final=True)
        # Without the choice of shipments, and without core's sudo.
        return self.env["account.move"].browse(invoices.ids)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post_as_ordered(self):
        """Post the invoices of orders that say so, and mark those to be sent."""
        posted = self.filtered(lambda invoice: invoice._has_orders_with(POSTED, SENT))
        for company, invoices in posted.grouped("company_id").items():
            invoices.with_company(company).action_post()
        sent = posted.filtered(lambda invoice: invoice._has_orders_with(SENT))
        if sent:
            sent.shipment_to_send = True

    def _has_orders_with(self, *modes) -> bool:
        self.ensure_one()
        orders = self.line_ids.sale_line_ids.order_id._filtered_invoiced_automatically()
        return any(order.shipment_invoice_creation in modes for order in orders)
