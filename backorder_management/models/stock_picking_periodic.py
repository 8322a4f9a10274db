"""Shipments that a scheduled action invoices together once their period is over."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import date_utils

from ..planning.days import find_start
from .sale_order_periodic import PERIODIC
from .shipment_invoice_creation import MANUAL


class StockPicking(models.Model):
    _inherit = "stock.picking"

    @api.model
    def _get_automatic_domain(self):
        # Of what is invoiced per period only what left before the present one.
        domain = super()._get_automatic_domain()
        periodic = self._get_orders_domain([("shipment_invoicing", "=", PERIODIC)])
        return domain & (~periodic | Domain.OR(self._get_past_periods_domains()))

    @api.model
    def _get_past_periods_domains(self):
        """Yield the domain of shipments before the present period, for each company
        and kind of period that there is."""
        now = fields.Datetime.now()
        kinds = self.env["sale.order"]._read_group(
            [
                ("shipment_invoicing", "=", PERIODIC),
                ("shipment_invoice_creation", "not in", [MANUAL, False]),
                ("shipment_invoicing_period", "!=", False),
            ],
            ["company_id", "shipment_invoicing_period"],
        )
        for company, period in kinds:
            today = company._remember_days()(now)
            first = date_utils.start_of(today, period)
            yield (
                Domain("company_id", "=", company.id)
                & Domain("date_done", "<", find_start(first, company.partner_id.tz))
                & self._get_orders_domain([("shipment_invoicing_period", "=", period)])
            )

    def _with_their_period(self):
        """Add what is due of the same customers: it goes on the same invoice."""
        customers = self._get_periodic_customers()
        if not customers:
            return self
        orders = [
            ("shipment_invoicing", "=", PERIODIC),
            ("partner_id", "child_of", customers.ids),
        ]
        due = self._get_invoicing_due_domain() & self._get_orders_domain(orders)
        return self | self.search(due, order="date_done, id")

    def _get_periodic_customers(self):
        orders = self.move_ids.sale_line_id.order_id
        return orders.filtered(
            lambda order: order.shipment_invoicing == PERIODIC
        ).partner_id.commercial_partner_id

    def _get_invoicing_units(self):
        # One customer's shipments of a period have one invoice, or none.
        units = []
        by_customer = self.grouped(lambda picking: picking._get_periodic_customers())
        for customers, pickings in by_customer.items():
            if customers:
                units.append(pickings)
            else:
                units += super(StockPicking, pickings)._get_invoicing_units()
        return units
