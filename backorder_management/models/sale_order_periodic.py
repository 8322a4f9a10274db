"""One invoice per customer and period, with a section for each shipment."""

from __future__ import annotations

from dataclasses import dataclass

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import date_utils, format_date, groupby
from odoo.tools.sql import column_exists, create_column

from ..planning.splitting import SEPARATELY

INVOICING_PERIODS = [
    ("day", "Day"),
    ("week", "Week, from Monday"),
    ("month", "Month"),
]
PERIODIC = "periodic"


@dataclass(frozen=True, slots=True)
class ShipmentInvoice:
    """Values of an invoice of an order, and the `stock.picking` that it is for."""

    vals: dict
    order: models.BaseModel
    shipments: models.BaseModel

    @property
    def is_joined(self) -> bool:
        """Whether it is part of an invoice for a period.

        A credit note never is, nor what is to have an invoice of its own.
        """
        others = self.order.company_id.shipment_invoicing_others
        return (
            self.order.shipment_invoicing == PERIODIC
            and self.vals["move_type"] == "out_invoice"
            and bool(self.shipments or others != SEPARATELY)
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    shipment_invoicing_period = fields.Selection(
        INVOICING_PERIODS,
        string="Invoicing Period",
        default="month",
        required=True,
        help="Of customers who get one invoice per period. It is the day of the "
        "shipment, where the company is, that counts.",
    )


class ResPartner(models.Model):
    _inherit = "res.partner"

    shipment_invoicing_period = fields.Selection(
        INVOICING_PERIODS,
        string="Invoicing Period",
        company_dependent=True,
        help="Empty: as the company does.",
    )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "shipment_invoicing_period"]


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    shipment_invoicing_period = fields.Selection(
        related="company_id.shipment_invoicing_period", readonly=False, required=True
    )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    shipment_invoicing_period = fields.Selection(
        INVOICING_PERIODS,
        string="Invoicing Period",
        compute="_compute_shipment_invoicing_period",
        store=True,
        readonly=False,
        precompute=True,
    )

    def _auto_init(self):
        # On install as for all new companies: one statement, no write per order.
        column = "shipment_invoicing_period"
        if not column_exists(self.env.cr, "sale_order", column):
            create_column(self.env.cr, "sale_order", column, "varchar")
            self.env.cr.execute(
                "UPDATE sale_order SET shipment_invoicing_period = 'month'"
            )
        return super()._auto_init()

    @api.depends("partner_id", "company_id")
    def _compute_shipment_invoicing_period(self):
        for order in self:
            customer = order.partner_id.commercial_partner_id.with_company(
                order.company_id
            )
            order.shipment_invoicing_period = (
                customer.shipment_invoicing_period
                or order.company_id.shipment_invoicing_period
            )

    def _get_start_of_period(self, moment):
        """Return the first day of the invoicing period of a moment (UTC)."""
        day = self.company_id._remember_days()(moment)
        return date_utils.start_of(day, self.shipment_invoicing_period or "month")

    @api.model
    def _join_by_period(self, invoices: list[ShipmentInvoice]) -> list[dict]:
        """Join invoices of one customer and period, as core joins those of orders.

        The rest stays as it is, each in its place after the joined ones.
        """
        joined = [invoice for invoice in invoices if invoice.is_joined]
        if not joined:
            return [invoice.vals for invoice in invoices]
        # Core joins what has other terms as well, and the first one's win. Here
        # customers keep the days that each order gives them to pay.
        keys = [*self._get_invoice_grouping_keys(), "invoice_payment_term_id"]

        def get_key(invoice):
            moment = max(
                filter(None, invoice.shipments.mapped("date_done")),
                default=fields.Datetime.now(),
            )
            return (
                *(invoice.vals.get(key) or 0 for key in keys),
                invoice.order._get_start_of_period(moment),
                invoice.order.shipment_invoicing_period,
            )

        ordered = sorted(joined, key=get_key)  # stable: by order and shipment within
        result = [
            self._prepare_joined_vals(group)
            for _key, group in groupby(ordered, key=get_key)
        ]
        return result + [each.vals for each in invoices if not each.is_joined]

    @api.model
    def _prepare_joined_vals(self, invoices: list[ShipmentInvoice]) -> dict:
        """Return the values of one invoice with a section for each of these."""
        vals = dict(invoices[0].vals)
        lines = []
        for invoice in invoices:
            lines.append(invoice.order._prepare_shipment_section(invoice.shipments))
            lines += [
                _as_part_of_section(line)
                for _command, _id, line in invoice.vals["invoice_line_ids"]
            ]
        for sequence, line in enumerate(lines, start=1):
            line["sequence"] = sequence
        vals["invoice_line_ids"] = [Command.create(line) for line in lines]
        if dates := list(filter(None, (i.vals.get("delivery_date") for i in invoices))):
            vals["delivery_date"] = max(dates)
        every = dict.fromkeys(filter(None, (i.vals.get("ref") for i in invoices)))
        vals["ref"] = ", ".join(every)[:2000]
        # The shipments are named by their sections.
        orders = dict.fromkeys(invoice.order.name for invoice in invoices)
        vals["invoice_origin"] = ", ".join(orders)
        references = {invoice.vals.get("payment_reference") for invoice in invoices}
        if len(references) > 1:
            vals["payment_reference"] = False
        vals["transaction_ids"] = [
            Command.link(id_)
            for id_ in dict.fromkeys(
                id_
                for invoice in invoices
                for command in invoice.vals.get("transaction_ids") or ()
                for id_ in (command[2] or [command[1]])
                if id_
            )
        ]
        return vals

    def _prepare_shipment_section(self, shipments) -> dict:
        """Return the values of the section that heads what a shipment brought, in the
        customer's language."""
        self.ensure_one()
        order = self.with_context(lang=self.partner_invoice_id.lang or self.env.lang)
        name = order.env._("Order %(order)s", order=self.name)
        if shipments:
            get_day = self.company_id._remember_days()
            name = order.env._(
                "%(shipments)s (order %(order)s)",
                shipments=", ".join(
                    order.env._(
                        "%(shipment)s of %(date)s",
                        shipment=shipment.name,
                        date=format_date(order.env, get_day(shipment.date_done)),
                    )
                    for shipment in shipments
                ),
                order=self.name,
            )
        if self.client_order_ref:
            name = order.env._(
                "%(section)s, your reference %(reference)s",
                section=name,
                reference=self.client_order_ref,
            )
        return {"display_type": "line_section", "name": name}


def _as_part_of_section(line: dict) -> dict:
    """A section of the order becomes a subsection of the shipment."""
    if line.get("display_type") == "line_section":
        return {**line, "display_type": "line_subsection"}
    return dict(line)
