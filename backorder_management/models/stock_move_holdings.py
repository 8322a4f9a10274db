"""Move reservations from demand to demand, exactly as a run has proposed."""

from __future__ import annotations

from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..planning.allocation import Allocation
from .stock_quant import DeferredReservations, Place, get_place


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model
    def _change_holdings(self, changes: dict[int, dict[Place, float]], special=()):
        """Give back and take what is reserved: all of it or, with an error, nothing.

        :param changes: by move id and place: what to add, negative to give back, in
            the product's unit
        :param special: ids of products that core's own routine must reserve
        :raise UserError: core does not reserve what was planned
        """
        moves = self.browse(changes)
        moves._give_back(changes)
        plain = moves.filtered(lambda move: move.product_id.id not in special)
        plain._take(changes)
        (moves - plain)._take_by_core(changes)

    def _give_back(self, changes) -> None:
        deferred = DeferredReservations()
        losing = self.filtered(
            lambda move: any(change < 0 for change in changes[move.id].values())
        )
        if not losing:
            return
        losing = losing.with_context(
            backorder_deferred_reservations=deferred, preserve_state=True
        )
        quants = losing._get_quants_at(changes)
        for move in losing:
            for key, change in changes[move.id].items():
                if change < 0:
                    move._give_back_at(key, -change)
        quants._apply_deferred_reservations(deferred)
        self.browse(losing.ids)._recompute_state()

    def _get_quants_at(self, changes):
        """The quants at all places that change for these moves."""
        locations = {key[0] for move in self for key in changes[move.id]}
        return (
            self.env["stock.quant"]
            .sudo()
            .search(
                [
                    ("product_id", "in", self.product_id.ids),
                    ("location_id", "in", list(locations)),
                ]
            )
        )

    def _give_back_at(self, key: Place, quantity: float) -> None:
        """Lower what is reserved at one place, the newest line first."""
        unit = self.product_id.uom_id
        lines = self.move_line_ids.filtered(
            lambda line: line._get_holding_key() == key and line._is_movable()
        )
        for line in lines.sorted("id", reverse=True):
            given = min(quantity, line.quantity_product_uom)
            if unit.compare(given, 0.0) <= 0:
                break
            line._lower_reservation(given)
            quantity -= given
        if unit.compare(quantity, 0.0) > 0:
            raise UserError(
                self.env._(
                    "%(move)s does not hold what the run would take from it any more. "
                    "Simulate it again.",
                    move=self.display_name,
                )
            )

    def _take(self, changes) -> None:
        gains = {
            move: {key: each for key, each in changes[move.id].items() if each > 0}
            for move in self
        }
        gaining = self.browse(move.id for move, each in gains.items() if each)
        if not gaining:
            return
        quants = gaining._get_quants_at(changes)
        by_key = quants.grouped(
            lambda quant: (quant.product_id.id, *quant._get_holding_key())
        )
        allocations = []
        for move in gaining:
            shares = []
            for key, quantity in gains[move].items():
                same = by_key.get((move.product_id.id, *key))
                if not same or same._lack(quantity):
                    raise UserError(
                        self.env._(
                            "The goods that the run gives to %(move)s are not free any "
                            "more. Simulate it again.",
                            move=move.display_name,
                        )
                    )
                shares.append((same[:1].id, quantity))
            missing = move.product_id.uom_id.round(
                move.product_qty
                - move._get_backorder_product_qty(move.quantity)
                - sum(quantity for _quant, quantity in shares)
            )
            allocations.append(Allocation(move.id, tuple(shares), max(0.0, missing)))
        self._apply_allocations(allocations, quants)

    def _take_by_core(self, changes) -> None:
        """Serial numbers, expiry dates and the like: core chooses which, not how
        much."""
        for move in self:
            quantity = sum(each for each in changes[move.id].values() if each > 0)
            if not quantity:
                continue
            taken = move._update_reserved_quantity(
                quantity, move.location_id, strict=False
            )
            if move.product_id.uom_id.compare(taken, quantity) != 0:
                raise UserError(
                    self.env._(
                        "Odoo can reserve %(taken)s for %(move)s, not %(quantity)s.",
                        taken=taken,
                        quantity=quantity,
                        move=move.display_name,
                    )
                )
        self._recompute_state()
        self._place_reserved_lines()

    def _get_holdings(self) -> dict[int, dict[Place, float]]:
        """What is reserved and may be moved, by move id and place; product's unit."""
        holdings: dict[int, dict[Place, float]] = defaultdict(
            lambda: defaultdict(float)
        )
        for line in self.move_line_ids:
            if line._is_movable():
                quantity = line.quantity_product_uom
                holdings[line.move_id.id][line._get_holding_key()] += quantity
        return holdings

    def _release(self) -> None:
        """Give what these demands hold to others; picked and packed goods stay."""
        movable = self.filtered(lambda move: move._is_movable() and move.quantity)
        lines = movable.move_line_ids.filtered(lambda line: line._is_movable())
        freed = {(line.product_id, line.location_id) for line in lines}
        lines.unlink()
        self._note_backorder_change()
        movable._wake_demands_for(freed)

    def _is_movable(self) -> bool:
        """May a run take from this move, or put back what it took?"""
        self.ensure_one()
        picking = self.picking_id
        return (
            self.state in ("confirmed", "partially_available", "assigned")
            and not self.picked
            and not picking.printed
            and not ("batch_id" in picking and picking.batch_id)
        )


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    def _is_movable(self) -> bool:
        # a whole package that core reserved as such has not been packed by anybody
        packed = self.result_package_id and not self.is_entire_pack
        return not self.picked and not packed

    def _get_holding_key(self) -> Place:
        return get_place(self)

    def _lower_reservation(self, quantity: float) -> None:
        """Take a quantity in the product's unit off the line."""
        unit = self.product_id.uom_id
        left = unit.round(self.quantity_product_uom - quantity)
        if unit.compare(left, 0.0) <= 0:
            self.unlink()
            return
        if self.is_entire_pack:  # it is whole no longer
            self.write({"result_package_id": False, "is_entire_pack": False})
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        in_line_unit = unit._compute_quantity(
            left, self.product_uom_id, rounding_method="HALF-UP"
        )
        back = self.product_uom_id._compute_quantity(
            in_line_unit, unit, rounding_method="HALF-UP"
        )
        if float_compare(left, back, precision_digits=digits) == 0:
            self.quantity = in_line_unit
        else:  # the line's unit cannot express it
            self.write({"product_uom_id": unit.id, "quantity": left})


class StockQuant(models.Model):
    _inherit = "stock.quant"

    def _get_holding_key(self) -> Place:
        return get_place(self)

    def _lack(self, quantity: float) -> bool:
        """Is less than this quantity free in quants of one kind?"""
        return self.product_uom_id.compare(self._get_unreserved_total(), quantity) < 0
