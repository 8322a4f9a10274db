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
DAYS = 365


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
        "On Time", readonly=True, help="The share of receipts that came in time."
    )
    likely = fields.Integer(
        "Likely Days Late",
        readonly=True,
        help="Half of the receipts were this late, or less.",
    )
    late = fields.Integer(
        "Late Days",
        readonly=True,
        help="Nine of ten receipts were this late, or less.",
    )
    delays = fields.Json(readonly=True, help="Receipts by the days they were late.")

    @api.model
    def _cron_refresh(self):
        """Count the receipts of the last year again."""
        now = fields.Datetime.now()
        for company in self.env["res.company"].search([]):
            self._refresh_company(company, now)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _refresh_company(self, company, now):
        delays = collect_delays(self._read_receipts(company, now))
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
    def _read_receipts(self, company, now) -> list[Receipt]:
        """What vendors have brought, and how many days after the promised one."""
        find_day = company._remember_days()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT vendor.commercial_partner_id, move.product_id, move.date,
                       move.date_deadline
                  FROM stock_move move
                  JOIN stock_location source ON source.id = move.location_id
                  JOIN stock_picking picking ON picking.id = move.picking_id
                  JOIN res_partner vendor ON vendor.id = picking.partner_id
                 WHERE move.company_id = %s AND move.state = 'done'
                   AND source.usage = 'supplier' AND move.date >= %s
                   AND move.date_deadline IS NOT NULL
                """,
                company.id,
                now - timedelta(days=DAYS),
            )
        )
        return [
            Receipt(vendor, product, (find_day(done) - find_day(promised)).days)
            for vendor, product, done, promised in rows
        ]


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_vendor(self):
        """Return who delivers these goods: nobody where they are our own."""
        bought = self.filtered(lambda move: move.location_id.usage == "supplier")
        return bought.picking_id.partner_id.commercial_partner_id
