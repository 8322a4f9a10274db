"""Which lines leave together or not at all, and so are expected together."""

from __future__ import annotations

from odoo import api, fields, models

from ..planning.agreement import COMPLETE_ORDER


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def write(self, vals):
        result = super().write(vals)
        if not {"picking_policy", "backorder_policy_id"}.isdisjoint(vals):
            self.order_line._note_expected_days()
        return result


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def write(self, vals):
        result = super().write(vals)
        if "delivery_group" in vals:
            self._note_expected_days()
        return result

    def _note_expected_days(self):
        """Find their days again, although none of their goods has moved."""
        self.env["backorder.demand"]._note_lines(
            self.filtered(lambda line: line.state == "sale").ids
        )

    def _map_leaving_together(self) -> dict[int, tuple]:
        """By id, what lines have in common that leave a warehouse together; those that
        leave by themselves are left out."""
        result = {}
        for order, lines in self.grouped("order_id").items():
            at_once = order._get_shipping_rules().shipping == COMPLETE_ORDER
            for line in lines:
                if at_once:
                    result[line.id] = (order.id,)
                elif line.delivery_group:
                    result[line.id] = (order.id, line.delivery_group)
        return result

    def _get_leaving_together(self):
        """Return the line and those that leave with it."""
        self.ensure_one()
        lines = self.order_id.order_line
        together = lines._map_leaving_together()
        own = together.get(self.id)
        return lines.filtered(
            lambda line: line == self or (own and together.get(line.id) == own)
        )


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    @api.model
    def _refresh_products(self, products):
        result = super()._refresh_products(products)
        self._refresh_documents(products.ids)
        return result

    @api.model
    def _refresh_documents(self, product_ids):
        """Store again the days of the documents of what is expected of these products,
        as what leaves together may have changed."""
        demands = self.search(
            [("product_id", "in", list(product_ids)), ("eta_kind", "!=", False)]
        )
        changed = [
            (demand.sale_line_id.id, demand.order_id.id, demand.move_id.id)
            for demand in demands
        ]
        if changed:
            self._store_document_etas(changed, fields.Datetime.now())
