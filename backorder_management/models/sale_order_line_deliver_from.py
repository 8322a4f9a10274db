"""Delivering from another warehouse what an order line misses in its own."""

from __future__ import annotations

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..planning.cancelling import spread_cut


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
        # what the cut may end is read before
        first = next(iter(cuts))
        unit, bom_line = first.product_uom, line._get_component(first)
        since = min(
            (m.backorder_since for m in cuts if m.backorder_since), default=None
        )
        line._take_away(cuts)
        moves = line._procure_from(
            warehouse, product, sum(cuts.values()), unit, bom_line
        )
        if since:
            # the customer has not begun to wait today
            moves._filter_cancellable().backorder_since = since
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
        # the latest gives way first
        parts = {
            move.id: (shortages[move.id].short, shortages[move.id].short)
            for move in moves.sorted("id", reverse=True)
            if move.id in shortages
        }
        return {
            moves.browse(move_id): cut
            for move_id, cut in spread_cut(quantity, parts).items()
            if not product.uom_id.is_zero(cut)
        }

    def _take_away(self, cuts) -> None:
        """Nothing is cancelled: what moves away leaves no trace in deliveries that go
        on without it."""
        ended = self.move_ids.filtered(lambda move: move.state == "cancel")
        quantity = self._sum_backorder_cuts(cuts)
        self._cut_deliveries(cuts, {self: quantity} if quantity else {})
        moved = (self.move_ids - ended).filtered(
            lambda move: (
                move.state == "cancel"
                and any(each.state != "cancel" for each in move.picking_id.move_ids)
            )
        )
        moved.unlink()

    def _create_procurements(self, product_qty, procurement_uom, values):
        """Lowering an order takes from all warehouses that deliver it. Core asks the
        line's own one alone, and has the customer return what that does not have."""
        if product_qty >= 0 or not self._get_rest_elsewhere():
            return super()._create_procurements(product_qty, procurement_uom, values)
        procurements = []
        for warehouse, quantity in self._spread_lowering(
            -product_qty, procurement_uom
        ).items():
            changed = {"warehouse_id": warehouse}
            if warehouse != self.warehouse_id:
                changed["route_ids"] = warehouse.delivery_route_id
            procurements += super()._create_procurements(
                -quantity, procurement_uom, {**values, **changed}
            )
        return procurements

    def _get_rest_by_warehouse(self) -> dict:
        """What nobody has picked, in the product's unit; the line's own warehouse is
        the first."""
        rest = {self.warehouse_id: 0.0}
        for move, quantity in self.move_ids._get_rest_cuts().items():
            if move.product_id == self.product_id:
                warehouse = move.location_id.warehouse_id
                rest[warehouse] = rest.get(warehouse, 0.0) + quantity
        return rest

    def _get_rest_elsewhere(self) -> dict:
        rest = self._get_rest_by_warehouse()
        return {
            warehouse: quantity
            for warehouse, quantity in rest.items()
            if warehouse and warehouse != self.warehouse_id
        }

    def _spread_lowering(self, quantity: float, unit) -> dict:
        """
        :return: by warehouse, in this unit; what none has is for the line's own
        """
        product_unit = self.product_id.uom_id
        parts = {}
        for warehouse, rest in self._get_rest_by_warehouse().items():
            there = product_unit._compute_quantity(rest, unit, round=False)
            parts[warehouse] = (there, there)
        own = self.warehouse_id
        result = {own: 0.0, **spread_cut(quantity, parts)}
        result[own] += quantity - sum(result.values())
        return {
            warehouse: taken
            for warehouse, taken in result.items()
            if not unit.is_zero(taken)
        }

    def _get_component(self, move):
        """The line of the kit that the move is for, where kits are known."""
        return move.bom_line_id if "bom_line_id" in move._fields else False

    def _procure_from(self, warehouse, product, quantity: float, unit, bom_line):
        """As `_action_launch_stock_rule` does, from that warehouse's stock: neither
        the line's own routes nor those of the product may lead elsewhere.

        :param quantity: in the product's unit
        :param unit: of the move that it was taken from; kept where nothing is lost, as
            Odoo adds what is lowered later to moves of the same unit only
        :return: the new moves
        """
        converted = product.uom_id._compute_quantity(quantity, unit)
        if product.uom_id.compare(
            unit._compute_quantity(converted, product.uom_id), quantity
        ):
            converted, unit = quantity, product.uom_id
        values = {
            **self._prepare_procurement_values(),
            "warehouse_id": warehouse,
            "route_ids": warehouse.delivery_route_id,
        }
        if bom_line:
            values["bom_line_id"] = bom_line.id
        earlier = self.move_ids
        procurement = self.env["stock.rule"].Procurement(
            product,
            converted,
            unit,
            self._get_location_final(),
            product.display_name,
            self.order_id.name,
            self.company_id,
            values,
        )
        self.env["stock.rule"].run([procurement])
        return self.move_ids - earlier

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
