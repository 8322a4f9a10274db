"""The expected day of what a vendor sends to the customer: no demand stands for it, as
it is never short of our stock, so its changes are noted here."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.tools import split_every

from .stock_move import OPEN_STATES

# Transfers between two commits of the nightly action.
NIGHTLY = 500


class StockMove(models.Model):
    _inherit = "stock.move"

    def _is_arrival(self) -> bool:
        # The date of the purchase counts for the customer as it does for us.
        return super()._is_arrival() or self._is_open_drop_shipment()

    def _is_open_drop_shipment(self) -> bool:
        self.ensure_one()
        return bool(
            self.state in OPEN_STATES and self.sale_line_id and self._is_dropshipped()
        )


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    @api.model
    def _note_lines(self, line_ids):
        """Find the days of these order lines before this transaction ends, though none
        of their moves has changed."""
        if line_ids:
            self._get_pending().line_ids.update(line_ids)

    @api.model
    def _refresh_days_of_lines(self, moves, line_ids=()):
        """Store the days of what vendors send to customers, and of these lines.

        :param moves: of which something has changed; others than what vendors send are
            left alone
        """
        dropped = moves.filtered(lambda move: move._is_open_drop_shipment())
        if not dropped and not line_ids:
            return
        lines = self.env["sale.order.line"].browse(line_ids).exists()
        changed = [
            (line.id, line.order_id.id, move_id)
            for line in lines | dropped.sale_line_id
            for move_id in line.move_ids.ids or [0]
        ]
        if changed:
            with self.env.cr.savepoint():
                self._store_document_etas(changed, fields.Datetime.now())

    @api.model
    def _refresh_products(self, products):
        result = super()._refresh_products(products)
        self._refresh_days_of_lines(
            self._get_open_drop_shipments([("product_id", "in", products.ids)])
        )
        return result

    @api.model
    def _get_open_drop_shipments(self, domain=()):
        return self.env["stock.move"].search(
            [
                *self.env["stock.move"]._get_open_sale_domain(),
                ("location_id.usage", "in", ("supplier", "transit")),
                *domain,
            ]
        )

    @api.model
    def _cron_refresh_etas(self):
        super()._cron_refresh_etas()
        cron = self.env["ir.cron"]
        moves = self._get_open_drop_shipments()
        cron._commit_progress(remaining=len(moves))
        for move_ids in split_every(NIGHTLY, moves.ids, list):
            self._refresh_days_of_lines(moves.browse(move_ids))
            if not cron._commit_progress(len(move_ids)):
                return


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self.order_line._note_drop_shipped()
        return result


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._note_drop_shipped()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if "product_qty" in vals:
            self._note_drop_shipped()
        return result

    def unlink(self):
        self._note_drop_shipped()
        return super().unlink()

    def _note_drop_shipped(self):
        # sudo: whoever buys need not see the order it is for
        lines = self.sudo().sale_line_id.filtered(
            lambda line: line.product_id.type == "consu"
        )
        self.env["backorder.demand"]._note_lines(lines.ids)
