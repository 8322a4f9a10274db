"""Invoices of shipments that are sent to the customer without anybody asking."""

from __future__ import annotations

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..planning.retrying import get_delay_hours
from .error_words import describe_failure
from .stock_picking_invoice_creation import BUSY_MINUTES
from .stock_picking_invoicing import INVOICE_READERS

_logger = logging.getLogger(__name__)


class AccountMove(models.Model):
    _inherit = "account.move"

    # With groups: the customer may read his invoices, but not what a mail server says.
    shipment_to_send = fields.Boolean(
        string="Send by Itself",
        readonly=True,
        copy=False,
        groups=INVOICE_READERS,
        help="A scheduled action sends the invoice to the customer.",
    )
    shipment_send_error = fields.Text(
        string="Why It Was Not Sent",
        readonly=True,
        copy=False,
        groups=INVOICE_READERS,
        help="Why the invoice could not be sent. It is tried again.",
    )
    shipment_send_attempts = fields.Integer(
        string="Failed Attempts to Send",
        readonly=True,
        copy=False,
        groups=INVOICE_READERS,
    )
    shipment_send_next_try = fields.Datetime(
        string="Next Attempt to Send",
        readonly=True,
        copy=False,
        groups=INVOICE_READERS,
    )

    _shipment_to_send_index = models.Index("(id) WHERE shipment_to_send IS TRUE")

    @api.model
    def _get_shipment_invoices_to_send_domain(self, seen=()):
        return [
            ("shipment_to_send", "=", True),
            ("state", "=", "posted"),
            # Somebody may have sent it by hand in the meantime.
            ("is_move_sent", "=", False),
            "|",
            ("shipment_send_next_try", "=", False),
            ("shipment_send_next_try", "<=", fields.Datetime.now()),
            ("id", "not in", list(seen)),
        ]

    @api.model
    def _count_shipment_invoices_to_send(self, seen=()) -> int:
        return self.search_count(self._get_shipment_invoices_to_send_domain(seen))

    @api.model
    def _send_shipment_invoices(self):
        """Send what is to be sent, committing after each: an e-mail cannot be taken
        back."""
        seen: list[int] = []
        while invoice := self.search(
            self._get_shipment_invoices_to_send_domain(seen), limit=1, order="id"
        ):
            seen += invoice.ids
            company = invoice.company_id
            invoice.with_company(company).with_context(
                lang=company.partner_id.lang
            )._try_sending()
            left = self._count_shipment_invoices_to_send(seen)
            if not self.env["ir.cron"]._commit_progress(1, remaining=left):
                return

    def _try_sending(self):
        """Send the invoice; where that fails, say why; never raises."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                if not self.try_lock_for_update(allow_referencing=True):
                    self._put_sending_off()
                    return
                self._send_to_customer()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._put_sending_off()
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, the accountant sees it on the invoice
            self._record_sending_failure(error)

    def _put_sending_off(self):
        at = fields.Datetime.now() + timedelta(minutes=BUSY_MINUTES)
        self.env["stock.picking"]._wake_invoicing(at)

    def _send_to_customer(self):
        """Send the invoice the way the customer gets invoices.

        No pro-forma where the document cannot be made: nobody has asked for that.

        :raises UserError: there is no address, or no e-mail could be sent
        """
        # Core sends e-mails after the commit, when it is too late to say what failed.
        sender = self.env["account.move.send"].with_context(
            mail_notify_force_send=False
        )
        settings = sender._get_default_sending_settings(self)
        if "email" in settings["sending_methods"]:
            self._check_recipients(settings["mail_partner_ids"])
        sender._generate_and_send_invoices(self)
        self._deliver_mails()
        self.write({"shipment_to_send": False, "shipment_send_error": False})

    def _check_recipients(self, partner_ids):
        if not partner_ids:
            raise UserError(
                self.env._(
                    "%(customer)s has no e-mail address. Enter one on the contact.",
                    customer=self.partner_id.display_name,
                )
            )

    def _deliver_mails(self):
        """Send the e-mails just made.

        :raises UserError: none of them could be sent. Where only some could not, the
            message shows it, as all that Odoo sends.
        """
        # sudo: e-mails are the administrator's. Notes to colleagues go by themselves.
        mails = self.env["mail.mail"].sudo()
        mails = mails.search(
            [
                ("model", "=", self._name),
                ("res_id", "=", self.id),
                ("mail_message_id.message_type", "=", "comment"),
                ("state", "=", "outgoing"),
            ]
        )
        mails.send()
        failed = mails.exists().filtered(lambda mail: mail.state == "exception")
        if mails and failed == mails:
            raise UserError(
                self.env._(
                    "The e-mail could not be sent: %(reason)s",
                    reason=failed[0].failure_reason or failed[0].failure_type,
                )
            )

    def _record_sending_failure(self, error):
        """Say on the invoice and its shipments why it was not sent."""
        self.ensure_one()
        first = not self.shipment_send_error
        attempts = 1 if first else self.shipment_send_attempts + 1
        at = fields.Datetime.now() + timedelta(hours=get_delay_hours(attempts))
        reason = describe_failure(self.env, error, _logger, self.name)
        self.write(
            {
                "shipment_send_error": reason,
                "shipment_send_attempts": attempts,
                "shipment_send_next_try": at,
            }
        )
        if first:
            note = self.env._(
                "%(invoice)s could not be sent to the customer: %(reason)s It will be "
                "tried again.",
                invoice=self.name,
                reason=reason,
            )
            for document in [self, *self.shipment_ids]:
                document.message_post(body=note)
        self.env["stock.picking"]._wake_invoicing(at)
