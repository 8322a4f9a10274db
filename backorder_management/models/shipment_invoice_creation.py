"""Who makes the invoice of a shipment: somebody by hand, or a scheduled action."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column

MANUAL = "manual"
DRAFT = "draft"
POSTED = "posted"
SENT = "sent"

SHIPMENT_INVOICE_CREATION = [
    (MANUAL, "By hand"),
    (DRAFT, "Draft, on validation"),
    (POSTED, "Posted, on validation"),
    (SENT, "Posted and sent, on validation"),
]


# Salespeople make drafts in Odoo; what is posted and sent, accountants decide.
_DECIDERS = "account.group_account_invoice"


class ResCompany(models.Model):
    _inherit = "res.company"

    shipment_invoice_creation = fields.Selection(
        selection=SHIPMENT_INVOICE_CREATION,
        string="Creation of Shipment Invoices",
        default=MANUAL,
        required=True,
        help="For customers who have no choice of their own. It counts for orders with "
        "an invoice for each shipment, or for a period once that is over.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    shipment_invoice_creation = fields.Selection(
        related="company_id.shipment_invoice_creation", readonly=False, required=True
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    shipment_invoice_creation = fields.Selection(
        selection=SHIPMENT_INVOICE_CREATION,
        string="Creation of Shipment Invoices",
        company_dependent=True,
        groups=_DECIDERS,
        help="Who makes the invoices of this customer's deliveries, where each has its "
        "own, or there is one for a period. Empty: as the company does.",
    )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "shipment_invoice_creation"]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    shipment_invoice_creation = fields.Selection(
        selection=SHIPMENT_INVOICE_CREATION,
        string="Creation of Shipment Invoices",
        compute="_compute_shipment_invoice_creation",
        store=True,
        readonly=False,
        # not computed ahead: Odoo would do so with the rights of who makes the order
        copy=False,
        groups=_DECIDERS,
        help="Who makes the invoice of a delivery. A scheduled action makes it soon "
        "after the delivery was validated, or, of orders invoiced per period, when it "
        "is over. Orders with one invoice for all are invoiced by hand.",
    )

    def _auto_init(self):
        # On install every order keeps Odoo's way: one statement, no write per order.
        column = "shipment_invoice_creation"
        if not column_exists(self.env.cr, "sale_order", column):
            create_column(self.env.cr, "sale_order", column, "varchar")
            self.env.cr.execute(
                "UPDATE sale_order SET shipment_invoice_creation = 'manual'"
            )
        return super()._auto_init()

    @api.depends("partner_id", "company_id")
    def _compute_shipment_invoice_creation(self):
        for order in self:
            customer = order.partner_id.commercial_partner_id.with_company(
                order.company_id
            )
            order.shipment_invoice_creation = (
                customer.shipment_invoice_creation
                or order.company_id.shipment_invoice_creation
                or MANUAL
            )

    def _filtered_invoiced_automatically(self):
        """Return the orders whose shipments a scheduled action invoices."""
        return self.filtered(
            lambda order: (
                order.shipment_invoicing != "per_order"
                and order.shipment_invoice_creation != MANUAL
            )
        )
