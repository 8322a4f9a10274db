"""Ending what has not been delivered of order lines."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..planning.cancelling import cut_of_first_step, kept_of_later_step, spread_cut
from .stock_move import OPEN_STATES

CLOSED_REASON = "backorder_management.cancel_reason_closed"


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    qty_backorder_rest = fields.Float(
        string="Not Picked",
        digits="Product Unit",
        compute="_compute_qty_backorder_rest",
        compute_sudo=True,  # whoever may see the line may know what is left of it
        help="Still to be delivered, and nobody has picked it yet: what ends when the "
        "rest of the line is cancelled.",
    )

    # Without dependencies: asked for by the dialog that cancels it, once.
    def _compute_qty_backorder_rest(self):
        for line in self:
            line.qty_backorder_rest = line._sum_backorder_cuts(
                line.move_ids._get_rest_cuts()
            )

    # -------------------------------------------------------------------- actions

    def action_open_cancel_rest(self):
        """Ask why, for what is left of one or many lines.

        :raise UserError: there is nothing left of them that can be cancelled
        """
        self.order_id.check_access("write")
        lines = self.filtered("qty_backorder_rest")
        if not lines:
            self._refuse_to_cancel_rest()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel Rest"),
            "res_model": "backorder.cancel",
            "view_mode": "form",
            "target": "new",
            "context": {"default_sale_line_ids": lines.ids},
        }

    def _refuse_to_cancel_rest(self):
        """
        :raise UserError: always, says why nothing can be cancelled here
        """
        # sudo: salespeople need not have the right to read purchases
        shipped_by_vendor = self.sudo().filtered(
            lambda line: (
                line._is_drop_shipped()
                or (line.purchase_line_ids and not line.move_ids)
            )
        )
        if shipped_by_vendor:
            raise UserError(
                self.env._(
                    "%(products)s: the vendor ships it to the customer. Have it "
                    "cancelled on the purchase order %(purchases)s.",
                    products=", ".join(
                        shipped_by_vendor.product_id.mapped("display_name")
                    ),
                    purchases=", ".join(
                        shipped_by_vendor.purchase_line_ids.order_id.mapped("name")
                    ),
                )
            )
        raise UserError(
            self.env._(
                "There is nothing to cancel: all of it was delivered, cancelled or "
                "picked. What was picked is put back with a return of its transfer."
            )
        )

    # ----------------------------------------------------------------- cancelling

    def _cancel_backorder_rest(self, reason: str, kind=None) -> dict:
        """End what is open of these lines and not picked, in all steps of delivery.

        Drop shipments are left alone: their purchase says what comes. Checks no rights;
        callers do, or act for an agreement while somebody ships.

        :param reason: in words
        :param kind: of the list of reasons, or none
        :return: {line: what was cancelled, in its unit} of lines that had a rest
        """
        # sudo: salespeople may not write transfers, warehouse people no orders
        lines = self.sudo()
        return lines._end_deliveries(lines.move_ids._get_rest_cuts(), reason, kind)

    def _cancel_backorder_short(
        self, reason: str, moves=None, kind=None, limit=None
    ) -> dict:
        """End only what is missing of these lines; what is reserved or can be stays.

        :param moves: of these moves only
        :param kind: as of :meth:`_cancel_backorder_rest`
        :param limit: of each line at most this, in its unit
        :return: as :meth:`_cancel_backorder_rest`
        """
        lines = self.sudo()  # sudo: as above
        cuts = {}
        for line in lines:
            own = line.move_ids if moves is None else line.move_ids & moves.sudo()
            cuts.update(line._get_short_cuts(own._filter_cancellable(), limit))
        return lines._end_deliveries(cuts, reason, kind)

    def _get_short_cuts(self, moves, limit=None) -> dict:
        """What to take off these first steps of the line so that nothing is missing;
        of a kit, whole kits.

        :param limit: at most this, in the line's unit
        """
        shortages = moves._get_backorder_shortages()
        short = {
            move: shortages[move.id].short for move in moves if move.id in shortages
        }
        if not self._sells_kit(moves[:1].product_id):
            return self._limit_cuts(short, limit)
        kit = self._get_backorder_kit()
        missing = self._sum_backorder_qty(list(short.items()))
        kits = self.product_uom_id._compute_quantity(
            missing if limit is None else min(missing, limit), kit.unit
        )
        # Tops without legs are of no use: what would complete them ends as well.
        rest = self.move_ids._get_rest_cuts()
        cuts = {}
        for bom_line_id, per_kit in kit.per_kit.items():
            parts = {
                move.id: (short.get(move, 0.0), quantity)
                for move, quantity in rest.items()
                if move.bom_line_id.id == bom_line_id
            }
            for move_id, cut in spread_cut(kits * per_kit, parts).items():
                cuts[moves.browse(move_id)] = cut
        return cuts

    def _limit_cuts(self, short, limit) -> dict:
        """
        :param short: by move, what is missing, in the product's unit
        :param limit: at most this of all of it, in the line's unit; None: no limit
        """
        cuts = {move: quantity for move, quantity in short.items() if quantity > 0}
        if limit is None:
            return cuts
        left = self.product_uom_id._compute_quantity(limit, self.product_id.uom_id)
        for move, quantity in cuts.items():
            cuts[move] = min(quantity, left)
            left -= cuts[move]
        return {move: quantity for move, quantity in cuts.items() if quantity > 0}

    def _sum_backorder_cuts(self, cuts) -> float:
        """What a cut means for the line, in its unit; kits that lack something."""
        own = [(move, cut) for move, cut in cuts.items() if move.sale_line_id == self]
        return self._sum_backorder_qty(own) if own else 0.0

    def _end_deliveries(self, cuts, reason: str, kind=None) -> dict:
        """
        :param cuts: by first step of a delivery, what ends of it, in the product's unit
        """
        cancelled = {
            line: quantity
            for line in self
            if (quantity := line._sum_backorder_cuts(cuts))
        }
        if cuts:
            self._cut_deliveries(cuts, cancelled)
            self._log_cancelled(cancelled, reason, kind)
        return cancelled

    def _close_with_shipment(self, closed, reason: str) -> None:
        """End what is left of lines that have shipped for the last time.

        What the shipment itself was to bring has ended with it; here ends what earlier
        steps were still to bring, picked or not reserved at all.

        :param closed: by line, what will not come any more, in its unit
        """
        lines = self.sudo()  # sudo: whoever ships acts for the agreement
        cuts = {
            move: cut
            for move, quantity in lines.move_ids._get_rest_cuts().items()
            # what other transfers hold leaves with a shipment of its own
            if not move.backorder_exchange
            and (cut := min(quantity, move._get_quantity_to_reserve())) > 0
        }
        if cuts:
            lines._cut_deliveries(cuts, closed)
        kind = self.env.ref(CLOSED_REASON, raise_if_not_found=False)
        lines._log_cancelled(closed, reason, kind)

    def _cut_deliveries(self, cuts, cancelled) -> None:
        """:param cancelled: by line, what that means for it, in its unit"""
        moves = self.env["stock.move"].concat(*cuts)
        suppliers = self._get_documents_to_tell(moves, cancelled)
        moves._cut(cuts)
        self.order_id._serve_again()
        for order, documents in suppliers.items():
            order._log_decrease_ordered_quantity(documents, cancel=True)

    def _log_cancelled(self, cancelled, reason: str, kind=None) -> None:
        self.env["backorder.cancellation"]._note(cancelled, reason, kind)
        lines = self.browse(line.id for line in cancelled)
        for order, same in lines.grouped("order_id").items():
            order._log_cancelled_rest({line: cancelled[line] for line in same}, reason)

    def _get_documents_to_tell(self, moves, cancelled) -> dict:
        """Purchases and productions for these very lines, as core finds them when an
        order is lowered; nothing of them is cancelled, others may need the goods.

        :return: by order, what `_log_decrease_ordered_quantity` wants
        """
        documents = defaultdict(dict)
        for line, quantity in cancelled.items():
            own = moves & line.move_ids
            if not any(
                move.procure_method == "make_to_order" or move.move_orig_ids
                for move in own
            ):
                continue
            ordered = line.product_uom_qty
            order = line.order_id
            found = self.env["stock.picking"]._log_activity_get_documents(
                {line: (ordered - quantity, ordered)}, "move_ids", "UP"
            )
            for (document, responsible), context in found.items():
                own_delivery = document._name == "stock.picking" and (
                    document in order.picking_ids
                )
                if not own_delivery:
                    documents[order][document, responsible] = context
        return documents


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_open_cancel_rest(self):
        """Ask why, for what is left of one or many orders."""
        return self.order_line.action_open_cancel_rest()

    def _log_cancelled_rest(self, cancelled, reason: str):
        """:param cancelled: by line, in its unit"""
        self.ensure_one()
        entries = [
            self.env._(
                "Cancelled: %(quantity)s %(unit)s of %(product)s",
                quantity=formatLang(self.env, quantity, dp="Product Unit"),
                unit=line.product_uom_id.name,
                product=line.product_id.display_name,
            )
            for line, quantity in cancelled.items()
        ]
        body = Markup("<br/>").join([*entries, self.env._("Reason: %s", reason)])
        self._message_log(body=body)


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    def action_open_cancel_rest(self):
        return self.sale_line_id.action_open_cancel_rest()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _filter_cancellable(self):
        """Open first steps of deliveries out of stock, consumable goods included."""
        return self.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move.location_id.usage != "supplier"
                and move._is_backorder_delivery()
                and move._is_backorder_first_step()
            )
        )

    def _get_rest_cuts(self) -> dict:
        """By first step of a delivery, what nobody has picked of it; product's unit."""
        cuts = {}
        for move in self._filter_cancellable():
            cut = cut_of_first_step(move.product_qty, move._get_picked_qty())
            if move.product_id.uom_id.compare(cut, 0.0) > 0:
                cuts[move] = cut
        return cuts

    def _get_picked_qty(self) -> float:
        """What was picked for this move, here or in earlier steps; product's unit."""
        picked = sum(
            line.quantity_product_uom for line in self.move_line_ids if line.picked
        )
        return max(picked, self._get_arrived_qty())

    def _get_arrived_qty(self) -> float:
        """What done steps of the same delivery brought and no other move has taken."""
        upstream = self._get_backorder_upstream()
        brought = sum(
            move._get_backorder_product_qty(move.quantity)
            for move in upstream
            if move.state == "done"
        )
        taken = sum(
            move._get_backorder_product_qty(move.quantity)
            for move in upstream.move_dest_ids - self
            if move.state != "cancel"
        )
        return max(0.0, brought - taken)

    def _cut(self, cuts) -> None:
        """Take these quantities off first steps, and off the later ones they feed."""
        self._lower_later_steps(cuts)
        ending, freed = self.browse(), set()
        for move, cut in cuts.items():
            if move.product_id.uom_id.compare(cut, move.product_qty) >= 0:
                ending |= move
            else:
                freed |= move._free_for_cut(cut)
                ending |= self.create(move._split(cut))
        ending._action_cancel()
        ending._remember_destination()
        self._wake_demands_for(freed)

    def _remember_destination(self) -> None:
        """A cancelled first step of a pulled chain has lost the later ones, by which it
        was known to work for the customer."""
        for move in self:
            if not move._is_backorder_delivery():
                move.location_final_id = move.sale_line_id._get_location_final()

    def _free_for_cut(self, cut: float) -> set[tuple]:
        """Give back what the move holds beyond what it will want.

        :return: product and location of what became free
        """
        unit = self.product_id.uom_id
        surplus = self._get_backorder_product_qty(self.quantity) - (
            self.product_qty - cut
        )
        freed = set()
        for line in self.move_line_ids.sorted("id", reverse=True):
            given = min(surplus, line.quantity_product_uom)
            if line.picked or unit.compare(given, 0.0) <= 0:
                continue
            freed.add((line.product_id, line.location_id))
            line._lower_reservation(given)
            surplus -= given
        return freed

    def _lower_later_steps(self, cuts) -> None:
        """Later steps that were pulled want no more than will reach them.

        Before the first steps end, as core ends with them what has no other source,
        and would count it twice.
        """
        kept = {move: move.product_qty - cut for move, cut in cuts.items()}
        steps = self
        while steps := steps._get_later_steps():
            for move in steps:
                kept[move] = kept_of_later_step(
                    move.product_qty,
                    move._get_arrived_qty(),
                    sum(
                        kept.get(earlier, earlier.product_qty)
                        for earlier in move._get_backorder_upstream()
                        if earlier.state in OPEN_STATES
                    ),
                )
        later = [move for move in kept if move not in cuts]
        for move in later:
            unit = move.product_id.uom_id
            if unit.compare(kept[move], move.product_qty) < 0:
                move.product_uom_qty = unit._compute_quantity(
                    kept[move], move.product_uom, rounding_method="HALF-UP"
                )
        emptied = self.concat(*later).filtered(
            lambda move: move.product_uom.is_zero(move.product_uom_qty)
        )
        emptied._action_cancel()

    def _get_later_steps(self):
        """Open moves of the same deliveries that these feed."""
        return self.move_dest_ids.filtered(
            lambda move: (
                move.state in OPEN_STATES
                and move.sale_line_id in self.sale_line_id
                and move._is_backorder_delivery()
            )
        )
