"""Delivering from another warehouse what an order line misses in its own."""

from __future__ import annotations

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import formatLang


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _deliver_from(self, warehouse, missing_in, product, quantity: float):
        """Deliver what the line misses in one warehouse from another.

        What has been picked or can be reserved stays where it is; so does what the
        line ordered. The other warehouse delivers in its own steps, as if the line had
        been sold there. Checks no rights; callers do.

        :param product: the line's, or a component of the kit it sells
        :param quantity: at most this, in the product's unit of measure
        :return: the new transfers, first steps and later ones
        :raise UserError: nothing of it is missing there any more
        """
        self.ensure_one()
        line = self.sudo()  # sudo: salespeople may not write transfers
        cuts = line._get_cuts_elsewhere(missing_in, product, quantity)
        if not cuts:
            raise UserError(
                self.env._(
                    "Nothing of %(product)s is missing in %(warehouse)s any more: open "
                    "the order again.",
                    product=product.display_name,
                    warehouse=missing_in.name,
                )
            )
        bom_line = line._get_component(next(iter(cuts)))
        waited = [move.backorder_since for move in cuts if move.backorder_since]
        in_line_unit = line._sum_backorder_cuts(cuts)
        line._cut_deliveries(cuts, {line: in_line_unit} if in_line_unit else {})
        earlier = line.move_ids
        line._procure_from(warehouse, product, sum(cuts.values()), bom_line)
        moves = line.move_ids - earlier
        if waited:
            # the customer has not begun to wait today
            moves._filter_cancellable().backorder_since = min(waited)
        pickings = moves.picking_id
        line._log_deliver_from(pickings, warehouse, missing_in, product, cuts)
        return pickings.with_env(self.env)

    def _get_cuts_elsewhere(self, missing_in, product, quantity: float) -> dict:
        """By first step of a delivery of that warehouse, what it will not deliver."""
        moves = self.move_ids._filter_cancellable().filtered(
            lambda move: (
                move.product_id == product
                and move.location_id.warehouse_id == missing_in
            )
        )
        shortages = moves._get_backorder_shortages()
        cuts = {}
        # the latest gives way first
        for move in moves.sorted("id", reverse=True):
            short = shortages[move.id].short if move.id in shortages else 0.0
            cut = min(short, quantity - sum(cuts.values()))
            if product.uom_id.compare(cut, 0.0) > 0:
                cuts[move] = cut
        return cuts

    def _get_component(self, move):
        """The line of the kit that the move is for, where kits are known."""
        return move.bom_line_id if "bom_line_id" in move._fields else False

    def _procure_from(self, warehouse, product, quantity: float, bom_line) -> None:
        """As `_action_launch_stock_rule` does, from that warehouse's stock: neither
        the line's own routes nor those of the product may lead elsewhere."""
        values = {
            **self._prepare_procurement_values(),
            "warehouse_id": warehouse,
            "route_ids": warehouse.delivery_route_id,
        }
        if bom_line:
            values["bom_line_id"] = bom_line.id
        procurement = self.env["stock.rule"].Procurement(
            product,
            quantity,
            product.uom_id,
            self._get_location_final(),
            product.display_name,
            self.order_id.name,
            self.company_id,
            values,
        )
        self.env["stock.rule"].run([procurement])

    def _log_deliver_from(self, pickings, warehouse, missing_in, product, cuts):
        self.order_id._message_log(
            body=self.env._(
                "%(quantity)s %(unit)s of %(product)s are delivered from %(warehouse)s "
                "instead of %(missing_in)s: %(transfer)s",
                quantity=formatLang(self.env, sum(cuts.values()), dp="Product Unit"),
                unit=product.uom_id.name,
                product=product.display_name,
                warehouse=warehouse.name,
                missing_in=missing_in.name,
                transfer=pickings[:1]._get_html_link(),
            )
        )
