"""Receipts of vendors, and how many days after the promised one they came."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.tools import SQL

BATCH = 5000


class BackorderReceipt(models.Model):
    """One row for each done move that a vendor delivered for a promised day.

    Written every night, and never changed: what lateness over time is measured by.
    Days are those of the company's time zone.
    """

    _name = "backorder.receipt"
    _description = "Vendor Receipt Against Its Promised Day"
    _order = "received desc, id desc"
    _rec_name = "move_id"
    _log_access = False

    move_id = fields.Many2one(
        "stock.move", "Receipt", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Vendor", required=True, readonly=True, ondelete="cascade"
    )
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="cascade"
    )
    promised = fields.Date(
        readonly=True, help="The deadline of the receipt: the date of the purchase."
    )
    received = fields.Date(readonly=True)
    days_late = fields.Integer(
        readonly=True,
        aggregator="avg",
        help="Days after the promised one; below zero where it came early.",
    )
    on_time = fields.Float(
        readonly=True,
        aggregator="avg",
        help="100 % where it came on the promised day, or before.",
    )

    _move_unique = models.UniqueIndex("(move_id)")
    _recent = models.Index("(company_id, received)")

    @api.model
    def _store_some(self, company):
        """Note what has come and is not noted yet, some thousands at a time.

        :return: those rows; none: nothing is left
        """
        return self.create(self._read_some(company))

    @api.model
    def _read_some(self, company) -> list[dict]:
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id, vendor.commercial_partner_id, move.product_id,
                       move.date, move.date_deadline
                  FROM stock_move move
                  JOIN stock_location source ON source.id = move.location_id
                  JOIN stock_picking picking ON picking.id = move.picking_id
                  JOIN res_partner vendor ON vendor.id = picking.partner_id
                 WHERE move.company_id = %s AND move.state = 'done'
                   AND source.usage = 'supplier' AND move.date_deadline IS NOT NULL
                   AND NOT EXISTS (
                        SELECT FROM backorder_receipt known
                         WHERE known.move_id = move.id)
                 ORDER BY move.id
                 LIMIT %s
                """,
                company.id,
                BATCH,
            )
        )
        find_day = company._remember_days()
        return [
            self._prepare_values(
                company, *keys, promised=find_day(deadline), received=find_day(done)
            )
            for *keys, done, deadline in rows
        ]

    @api.model
    def _prepare_values(self, company, move_id, vendor_id, product_id, **days) -> dict:
        late = (days["received"] - days["promised"]).days
        return {
            "company_id": company.id,
            "move_id": move_id,
            "partner_id": vendor_id,
            "product_id": product_id,
            **days,
            "days_late": late,
            "on_time": 1.0 if late <= 0 else 0.0,
        }

    def action_open_receipt(self):
        """Open the transfer that brought the goods."""
        self.ensure_one()
        return self.move_id.picking_id._get_records_action()
