"""How late vendors have been: what the next arrival of theirs can be expected to be."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..planning.lateness import (
    LATE,
    LIKELY,
    Receipt,
    Record,
    Records,
    collect_delays,
)

# Older receipts say little about the next one.
DAYS = timedelta(days=365)


class BackorderLateness(models.Model):
    """One row for each vendor and product, each vendor, and each company: the days by
    which receipts were late, against the day they were promised for.

    Written every night. Early ones count as well, with days below zero.
    """

    _name = "backorder.lateness"
    _description = "Lateness of Vendors"
    _order = "receipts desc, id"
    _rec_name = "partner_id"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Vendor", readonly=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(
        "product.product", readonly=True, index=True, ondelete="cascade"
    )
    receipts = fields.Integer(readonly=True)
    on_time = fields.Float(
        readonly=True, help="The share of receipts that came in time."
    )
    likely = fields.Integer(
        "Likely Days Late",
        readonly=True,
        help="Half of the receipts were this late, or less.",
    )
    late = fields.Integer(
        "Late at Worst",
        readonly=True,
        help="Nine of ten receipts were this late, or less.",
    )
    delays = fields.Json(readonly=True, help="Receipts by the days they were late.")

    @api.model
    def _cron_refresh(self):
        """Count the receipts of the last year again."""
        for company in self.env["res.company"].search([("active", "=", True)]):
            while self.env["backorder.receipt"]._store_some(company):
                self.env["ir.cron"]._commit_progress()
            self._refresh_company(company)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _refresh_company(self, company):
        today = company._remember_days()(fields.Datetime.now())
        delays = collect_delays(self._read_receipts(company, today - DAYS))
        self.search([("company_id", "=", company.id)]).unlink()
        self.create(
            [
                self._prepare_values(company, *key, Record("", tuple(sorted(own))))
                for key, own in delays.items()
            ]
        )

    @api.model
    def _prepare_values(self, company, vendor_id, product_id, record: Record) -> dict:
        delays = record.delays
        return {
            "company_id": company.id,
            "partner_id": vendor_id,
            "product_id": product_id,
            "receipts": len(delays),
            "on_time": sum(delay <= 0 for delay in delays) / len(delays),
            "likely": record.find_delay(LIKELY),
            "late": record.find_delay(LATE),
            "delays": sorted(Counter(delays).items()),
        }

    def action_open_receipts(self):
        """Open the receipts that a record was counted from, and older ones."""
        self.ensure_one()
        domain = [
            ("company_id", "=", self.company_id.id),
            ("partner_id", "=", self.partner_id.id),
        ]
        if self.product_id:
            domain.append(("product_id", "=", self.product_id.id))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "backorder_management.backorder_receipt_action"
        )
        return {**action, "domain": domain, "name": self.partner_id.display_name}

    @api.model
    def _get_records(self, company, vendors) -> Records:
        """What is known about these vendors, and about all vendors of a company."""
        rows = self.search_fetch(
            [
                ("company_id", "=", company.id),
                ("partner_id", "in", [*vendors.ids, False]),
            ],
            ["partner_id", "product_id", "delays"],
        )
        return Records(
            {
                (row.partner_id.id or None, row.product_id.id or None): [
                    delay for delay, count in row.delays for _each in range(count)
                ]
                for row in rows
            }
        )

    @api.model
    def _read_receipts(self, company, since) -> list[Receipt]:
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner_id, product_id, days_late
                  FROM backorder_receipt
                 WHERE company_id = %s AND received >= %s
                """,
                company.id,
                since,
            )
        )
        return [Receipt(*row) for row in rows]


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_vendor(self):
        """Return who delivers these goods: nobody where they are our own."""
        bought = self.filtered(lambda move: move.location_id.usage == "supplier")
        return bought.picking_id.partner_id.commercial_partner_id
