"""Validating: what the agreement lets ship, and what becomes of the rest."""

from __future__ import annotations

from odoo import models
from odoo.exceptions import UserError

from ..planning import remainder, shipping
from ..planning.shipping import Decision
from .backorder_hold_words import describe_hold
from .backorder_shipping import ArrivalFinder, OrderShipping, find_shippings


class ShipmentCheck:
    """What one shipment of an order, just being validated, may do.

    :param quantities: by id of its moves, what is to be done of them, product's unit
    """

    def __init__(self, facts: OrderShipping, moves, quantities: dict[int, float]):
        self.facts = facts
        self.moves = moves
        self.quantities = quantities
        self.available = facts.get_in_shipment(quantities)
        # less what leaves as a part of this shipment
        own = facts.get_in_these(quantities)
        self.held_elsewhere = {
            line: quantity - (self.available[line] - own[line])
            for line, quantity in facts.get_elsewhere(moves).items()
        }
        self.decision = self._decide()

    def _decide(self) -> Decision:
        if self.is_released:
            order = self.facts.get_order(self.available)
            return shipping.release(self.facts.rules, order)
        return self.facts.decide(self.available)

    @property
    def is_released(self) -> bool:
        return all(move.backorder_override for move in self.shipping)

    @property
    def shipping(self):
        return self.moves.filtered(lambda move: self.quantities.get(move.id))

    @property
    def is_last_step(self) -> bool:
        """Shipments are counted, and rests decided on, where goods leave."""
        return any(move.location_dest_id._is_outgoing() for move in self.shipping)

    def get_excess(self):
        """Moves that are about to ship although they may not."""
        lines = self.facts.env["sale.order.line"].browse(
            shipping.find_excess(
                self.decision,
                self.available,
                self.facts.get_order(self.available).lines,
            )
        )
        barred = self.shipping.filtered(
            lambda move: (
                move.sale_line_id in lines
                or move.sale_line_id.id not in self.decision.ships
            )
        )
        return barred

    def decides_rest(self) -> bool:
        """Does the agreement say what happens to all that this shipment leaves?"""
        return remainder.decides_all(
            self.facts.rules, self.decision, self.facts.open_by_line, self.available
        )

    @property
    def asks(self) -> bool:
        """Is somebody to say what becomes of the rest?"""
        return self.is_last_step and self.decision.rest == shipping.ASK

    def cancels(self, move, *, refused: bool, otherwise: bool) -> bool:
        """Is what this move leaves cancelled, and not kept?"""
        return remainder.is_cancelled(
            self.facts.rules,
            self.decision,
            move.sale_line_id.id,
            leaves=self.is_last_step,
            refused=refused,
            otherwise=otherwise,
        )

    def get_closed(self, *, refused: bool) -> dict[int, float]:
        """What will not come any more, by line."""
        return remainder.get_closed(
            self.decision,
            self.facts.open_by_line,
            self.held_elsewhere,
            refused=refused,
        )


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        # Every way to ship ends here: the form, lists, batches, scripts, later steps.
        # It is here that backorders are made, as others may group transfers.
        if not self._get_ruled_orders():
            return super()._action_done(cancel_backorder=cancel_backorder)
        checks = self._get_shipment_checks(picked=True)
        idle = self._filter_idle(checks)
        if not checks and not idle:
            return super()._action_done(cancel_backorder=cancel_backorder)
        self._check_may_ship(checks)
        fates = {
            move: move not in idle
            and self._get_fate_of_rest(move, checks, cancel_backorder)
            for move in self
        }
        done = self.browse()
        # first what keeps nothing: making a backorder takes along all that is open
        for cancels in (True, False):
            moves = self.browse(move.id for move in self if fates[move] is cancels)
            if moves:
                done |= super(StockMove, moves)._action_done(cancel_backorder=cancels)
        self._keep_what_is_left(fates)
        for check in checks:
            check.moves._finish_shipment(check)
        return done

    def _get_shipment_checks(self, *, picked: bool) -> list[ShipmentCheck]:
        """What is agreed about these moves that are about to ship.

        :param picked: count what is marked as picked; else all that is reserved
        """
        # sudo: warehouse users need not have the right to read orders
        orders = self._get_ruled_orders()
        if not orders:
            return []
        moves = self.sudo().filtered(lambda move: move.state not in ("done", "cancel"))
        if any(not move.location_dest_id._is_outgoing() for move in moves):
            # An earlier step asks what stock covers beside it: as it is by now, where a
            # program has just reserved by hand.
            self.env["backorder.demand"].sudo()._refresh_pending()
        checks = []
        for facts, found in find_shippings(moves, ArrivalFinder(orders)):
            same = found._filter_open()
            quantities = {
                move.id: move._get_quantity_to_ship(picked=picked) for move in same
            }
            if any(quantities.values()):
                checks.append(ShipmentCheck(facts, same, quantities))
        return checks

    def _filter_idle(self, checks: list[ShipmentCheck]):
        """Moves of orders with an agreement of which nothing is about to ship: with
        nothing they wait, whatever becomes of the rest of other orders."""
        ruled = self._get_ruled_orders().filtered(
            lambda order: not order.follows_picking_policy
        )
        if not ruled:
            return self.browse()
        shipping_ids = {move.id for check in checks for move in check.moves}
        # sudo: as above
        idle = self.sudo().filtered(
            lambda move: (
                move.id not in shipping_ids
                and move.sale_line_id.order_id in ruled
                and not move.backorder_exchange
            )
        )
        return idle._filter_open().with_env(self.env)

    def _get_quantity_to_ship(self, *, picked: bool) -> float:
        """In the product's unit."""
        if picked and not self.picked:
            return 0.0
        quantity = self._get_picked_quantity() if picked else self.quantity
        return self._get_backorder_product_qty(quantity)

    def _check_may_ship(self, checks: list[ShipmentCheck]) -> None:
        """
        :raise UserError: the agreement holds what is about to leave
        """
        for check in checks:
            if check.is_released or self._may_ship_as_odoo(check.facts.order):
                continue
            if excess := check.get_excess():
                raise UserError(self._get_hold_error(check, excess))

    def _may_ship_as_odoo(self, order) -> bool:
        """Where nobody has agreed on anything, but chosen Odoo's own shipping policy,
        programs may complete transfers past the button, as they may in Odoo."""
        return order.follows_picking_policy and not self.env.context.get(
            "button_validate_picking_ids"
        )

    def _get_hold_error(self, check: ShipmentCheck, excess) -> str:
        decision, order = check.decision, check.facts.order
        reason = decision.reason
        if reason is None:
            line = excess.sale_line_id[:1]
            code = decision.waiting.get(line.id, shipping.PART_OF_PACKAGE)
            reason = shipping.Reason(code)
        return self.env._(
            "%(order)s must not ship %(products)s yet. %(why)s. Change the quantities, "
            "or ask a manager to release the delivery.",
            order=order.name,
            products=", ".join(excess.product_id.mapped("display_name")),
            why=describe_hold(self.env, reason, decision.until, order),
        )

    # ------------------------------------------------------------------------ the rest

    def _get_fate_of_rest(self, move, checks, cancel_backorder) -> bool:
        """Is what this move leaves cancelled?

        :param cancel_backorder: what the user or the operation type says
        """
        check = next((each for each in checks if move in each.moves), None)
        if check is None:
            return bool(cancel_backorder)
        return check.cancels(
            move,
            refused=self._is_rest_refused(move.picking_id),
            otherwise=bool(cancel_backorder),
        )

    def _is_rest_refused(self, pickings) -> bool:
        """Has somebody who was asked said that what is left is not wanted?"""
        refused = self.env.context.get("picking_ids_not_to_backorder") or ()
        return not set(pickings.ids).isdisjoint(refused)

    def _keep_what_is_left(self, fates) -> None:
        """Core makes a backorder only of transfers in which it has done something that
        may leave a rest; here another line may have."""
        kept = self.browse(move.id for move, cancels in fates.items() if not cancels)
        kept = kept.exists().filtered(lambda move: move.state not in ("done", "cancel"))
        pickings = kept.picking_id.filtered(
            lambda picking: any(move.state == "done" for move in picking.move_ids)
        )
        pickings._create_backorder()

    def _finish_shipment(self, check: ShipmentCheck) -> None:
        """Cancel what is closed with a shipment in all steps, and say so."""
        if not check.is_last_step:
            return
        closed = check.get_closed(refused=self._is_rest_refused(check.moves.picking_id))
        orders = check.facts.orders
        for order, lines in orders.order_line.grouped("order_id").items():
            of_order = {line: closed[line.id] for line in lines if line.id in closed}
            if of_order:
                reader = order.with_context(**order._get_salesperson_terms())
                lines.browse(line.id for line in of_order)._close_with_shipment(
                    of_order,
                    reader.env._(
                        "%(agreement)s: closed with the shipment",
                        agreement=order.backorder_policy_id.name,
                    ),
                )
        if check.asks and not self._was_asked(check):
            self._ask_salesperson(check.facts.order)

    def _was_asked(self, check: ShipmentCheck) -> bool:
        """Has somebody said what is to happen to the rest?"""
        return bool(
            self.env.context.get("backorder_asked")
            or self._is_rest_refused(check.moves.picking_id)
        )

    def _ask_salesperson(self, order) -> None:
        reader = order.with_context(**order._get_salesperson_terms())
        order.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=order.user_id.id or self.env.uid,
            summary=reader.env._("Rest of the last shipment"),
            note=reader.env._(
                "%(order)s has shipped for the last time that was agreed on, and "
                "something is still missing: it was kept as a backorder. Ask the "
                "customer, and cancel the rest if it is not wanted.",
                order=order.name,
            ),
        )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def button_validate(self):
        if not self:
            # a batch puts out what must not ship, and here that is all there was
            self.browse(self.env.context.get("pickings_to_detach"))._check_not_held()
        # said before anybody is asked about backorders
        if self.move_ids._get_ruled_orders():
            moves = self.with_context(button_validate_picking_ids=self.ids).move_ids
            for picking in moves.picking_id:
                if not any(picking.move_ids.mapped("picked")):
                    picking._mark_what_may_ship()
            moves._check_may_ship(moves._get_shipment_checks(picked=True))
        return super().button_validate()

    def _check_not_held(self):
        """
        :raise UserError: the agreement holds one of these deliveries
        """
        if held := self.filtered("backorder_held"):
            raise UserError(
                self.env._(
                    "%(delivery)s must not ship yet. %(why)s. Ask a manager to release "
                    "the delivery.",
                    delivery=held[0].name,
                    why=held[0].backorder_hold_reason,
                )
            )

    def _mark_what_may_ship(self):
        """Where nobody has marked anything Odoo ships all that is reserved; lines that
        may not ship yet stay behind.

        :raise UserError: nothing may ship
        """
        barred = self.env["stock.move"]
        held = []
        for check in self.move_ids._get_shipment_checks(picked=False):
            if not check.is_released:
                barred |= check.get_excess()
                held.append(check)
        ships = self.move_ids.filtered(
            lambda move: move.quantity and move.state not in ("done", "cancel")
        )
        if not ships:
            self._check_not_held()  # more to the point than that nothing is reserved
        if barred and not ships - barred:
            self.move_ids._check_may_ship(held)
        elif barred:
            (ships - barred).picked = True

    def _check_backorder(self):
        # No pop-up where the agreement has decided; one where it says: ask.
        pickings = super()._check_backorder()
        for picking in self:
            checks = picking.move_ids._get_shipment_checks(picked=True)
            if not checks:
                continue
            if any(check.asks for check in checks):
                pickings |= picking
            elif not picking._find_undecided_rest(checks):
                pickings -= picking
        return pickings

    def _find_undecided_rest(self, checks):
        """Moves that leave something of which no agreement says what becomes."""
        decided = self.move_ids._filter_idle(checks)
        for check in checks:
            if check.decides_rest():
                decided |= check.moves
        left = self.move_ids.filtered(
            lambda move: (
                move.state not in ("done", "cancel")
                and not move.backorder_exchange  # it is owed
                and move.product_uom.compare(
                    move._get_picked_quantity() if move.picked else 0.0,
                    move.product_uom_qty,
                )
                < 0
            )
        )
        return left - decided
