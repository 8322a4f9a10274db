from odoo import api, fields, models
from odoo.tools import format_date

from ..planning.days import find_day, find_zone
from .account_move import SHIPMENT_READERS


class AccountMove(models.Model):
    _inherit = "account.move"

    shipment_summary = fields.Char(
        string="Shipments Invoiced",
        compute="_compute_shipment_summary",
        # Its dependencies are transfers; who may not read those may read their names.
        compute_sudo=True,
        groups=SHIPMENT_READERS,
        help="Each delivery that this invoice is for, and when it left, in the time "
        "zone of the customer.",
    )

    @api.depends("shipment_ids.name", "shipment_ids.date_done", "partner_id.tz")
    @api.depends_context("lang", "tz", "uid")
    def _compute_shipment_summary(self):
        for invoice in self:
            invoice.shipment_summary = invoice._describe_shipments()

    def _describe_shipments(self):
        """Return "WH/OUT/00012 (11/21/2026), ..." in the language of the context.

        For whoever may read the invoice: the customer on the portal, and accountants,
        who see no transfers. Empty for an invoice without shipments.
        """
        return ", ".join(
            f"{name} ({format_date(self.env, day)})" if day else name
            for name, day in self._get_shipment_days()
        )

    def _get_shipment_days(self):
        """Return reference and day of each shipment, oldest first.

        The day is that of the customer's time zone; of the user's, where the customer
        has none.
        """
        self.ensure_one()
        zone_name = self.partner_id.tz
        zone = find_zone(zone_name) if zone_name else self.env.tz
        return [
            (shipment.name, find_day(shipment.date_done, zone))
            for shipment in self._get_shipments()
        ]
