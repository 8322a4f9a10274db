"""Deliveries that are held: why, until when, and who released them."""

from __future__ import annotations

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import groupby, split_every

from ..planning.shipping import MORE_ARRIVES, Decision, Reason
from .backorder_hold_words import describe_hold
from .backorder_shipping import ArrivalFinder, OrderShipping, find_shippings

# Deliveries looked at between two commits of the scheduled action.
BATCH = 100
# Written by the planner and by releasing alone.
HOLD_FIELDS = frozenset(
    {
        "backorder_held",
        "backorder_may_ship",
        "backorder_hold_facts",
        "backorder_hold_until",
        "backorder_waiting_since",
        "backorder_override_reason",
        "backorder_override_by",
    }
)
# What is stored of a hold in fields of its own.
COLUMNS = ("until", "ships", "since")
MAY_RELEASE = (
    "stock.group_stock_manager",
    "sales_team.group_sale_manager",
    "backorder_management.group_backorder_manager",
)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    backorder_held = fields.Boolean(
        "Held by Agreement",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Goods are there, but the agreement with the customer says: not yet.",
    )
    backorder_may_ship = fields.Boolean(
        readonly=True,
        copy=False,
        help="The agreement lets it ship although not all of it is there.",
    )
    # code, numbers and names of the reason, and lines that wait although others ship
    backorder_hold_facts = fields.Json(readonly=True, copy=False)
    backorder_hold_until = fields.Date(
        "Held Until",
        readonly=True,
        copy=False,
        help="The first day on which it may ship, as far as is known.",
    )
    backorder_waiting_since = fields.Date(
        "Waiting for More Since",
        readonly=True,
        copy=False,
        help="Since when goods that are there wait for more of the order.",
    )
    backorder_hold_reason = fields.Char(
        "Why It Is Held", compute="_compute_backorder_hold_reason"
    )
    backorder_override_reason = fields.Char(
        "Released Because", readonly=True, copy=False
    )
    backorder_override_by = fields.Many2one(
        "res.users", "Released By", readonly=True, copy=False
    )
    may_override_hold = fields.Boolean(compute="_compute_may_override_hold")

    # ---------------------------------------------------------------------- deciding

    @api.model
    def _decide_holds(self, moves) -> None:
        """Store what the deliveries of these moves' orders wait for, where it changed.

        The planner calls this at the end of a transaction, with the superuser's rights.
        """
        orders = moves.sale_line_id.order_id
        # nothing is agreed on any more, or it was never held
        free = orders.filtered(lambda order: not order._is_ruled())
        free.picking_ids.filtered(
            lambda picking: picking.backorder_hold_facts or picking.backorder_may_ship
        )._store_hold({})
        ruled = orders - free
        if not ruled:
            return
        ruled = ruled._add_orders_shipping_together()
        ruled.order_line.move_ids.picking_id.filtered(
            lambda picking: (
                picking.state in ("done", "cancel") and picking.backorder_hold_facts
            )
        )._store_hold({})
        deliveries = ruled.order_line.move_ids._filter_open()
        facts_by_move = {
            move: facts
            for facts, moves in find_shippings(deliveries, ArrivalFinder(ruled))
            for move in moves
        }
        holds = [
            (picking, picking._find_hold(facts_by_move))
            for picking in deliveries.picking_id
        ]
        # most are held for the same reason, or for none
        for _hold, same in groupby(holds, key=lambda each: repr(each[1])):
            self.concat(*(picking for picking, _each in same))._store_hold(same[0][1])

    @api.model
    def _decide_again(self) -> None:
        """What hangs on the calendar and on arrivals: deliveries that are held, whose
        day or goods may come or not, and those that wait for more."""
        cron = self.env["ir.cron"]
        agreed = Domain("sale_id.backorder_policy_id.consolidate_days", ">", 0)
        left = self.search(
            Domain("state", "in", ("waiting", "confirmed", "assigned"))
            & (Domain("backorder_held", "=", True) | agreed),
            order="id",
        )
        for pickings in split_every(BATCH, left.ids, self.browse):
            pickings._try_to_ship()
            left -= pickings
            if not cron._commit_progress(len(pickings), remaining=len(left)):
                return

    def _try_to_ship(self) -> None:
        moves = self.move_ids._filter_open()
        moves._note_backorder_change()
        if moves._is_auto_reservation():
            demands = moves._filter_backorder_demands()
            demands.filtered(
                lambda move: move._should_assign_at_confirm()
            )._action_assign()

    def _find_hold(self, facts_by_move: dict) -> dict:
        """Why this delivery is held; empty: it is not.

        A delivery for several orders is held while none of them may ship.
        """
        holds = []
        moves = self.move_ids._filter_open()
        for facts, same in moves.grouped(facts_by_move.get).items():
            if all(same.mapped("backorder_override")):
                return {"ships": True}
            holds.append(same._find_hold_of_order(facts) if facts else {})
        held = [hold for hold in holds if "code" in hold]
        if held and len(held) == len(holds):
            return held[0]
        waiting = [line for hold in holds for line in hold.get("waiting", ())]
        return {
            **({"waiting": waiting} if waiting else {}),
            "ships": all(hold.get("ships") for hold in holds),
        }

    def _holds_line(self, line) -> bool:
        """Does the agreement hold a line although others of the delivery may ship?"""
        return line.id in (self.backorder_hold_facts or {}).get("waiting", ())

    def _store_hold(self, hold: dict) -> None:
        """Write what has changed of what holds these deliveries."""
        for since, pickings in self.grouped("backorder_waiting_since").items():
            values = {
                "backorder_held": "code" in hold,
                "backorder_may_ship": hold.get("ships", False),
                "backorder_hold_facts": {
                    name: value for name, value in hold.items() if name not in COLUMNS
                }
                or False,
                "backorder_hold_until": fields.Date.to_date(hold.get("until")),
                "backorder_waiting_since": since or hold["since"]
                if "since" in hold
                else False,
            }
            changed = pickings.filtered(
                lambda picking, values=values: any(
                    (picking[name] or False) != (value or False)
                    for name, value in values.items()
                )
            )
            if changed:
                changed.write(values)

    @api.depends("backorder_held", "backorder_may_ship")
    def _compute_state(self):
        # A held delivery is Waiting: the goods are there, but must not leave yet. One
        # that may ship as it is, is Ready, though a rest that will be closed is not
        # there and Odoo waits for it.
        result = super()._compute_state()
        for picking in self:
            if picking.backorder_held and picking.state == "assigned":
                picking.state = "confirmed"
            elif (
                picking.backorder_may_ship
                and picking.state == "confirmed"
                and picking.move_type == "one"
                and any(move.quantity for move in picking.move_ids)
            ):
                picking.state = "assigned"
        return result

    # ----------------------------------------------------------------------- in words

    @api.depends("backorder_hold_facts", "backorder_hold_until")
    @api.depends_context("lang")
    def _compute_backorder_hold_reason(self):
        for picking in self:
            facts = picking.backorder_hold_facts or {}
            picking.backorder_hold_reason = bool(facts.get("code")) and describe_hold(
                self.env,
                Reason(
                    facts["code"],
                    tuple(facts.get("numbers", ())),
                    tuple(facts.get("names", ())),
                ),
                picking.backorder_hold_until or None,
                # sudo: warehouse users need not have the right to read orders
                picking.sudo().move_ids.sale_line_id.order_id[:1],
            )

    # ---------------------------------------------------------------------- releasing

    @api.depends("state", "backorder_held", "backorder_hold_facts")
    @api.depends_context("uid")
    def _compute_may_override_hold(self):
        may = self._has_right_to_release()
        for picking in self:
            picking.may_override_hold = may and picking._holds_something()

    def _holds_something(self) -> bool:
        """Does the agreement hold it, or lines of it?"""
        return self.state not in ("done", "cancel") and bool(
            self.backorder_held or (self.backorder_hold_facts or {}).get("waiting")
        )

    @api.model
    def _has_right_to_release(self) -> bool:
        user = self.env.user
        return self.env.su or any(user.has_group(group) for group in MAY_RELEASE)

    def action_override_hold(self):
        """Ask why these deliveries may ship all the same.

        :raise AccessError: the user is no manager
        """
        self._check_may_release()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Release Delivery"),
            "res_model": "backorder.override",
            "view_mode": "form",
            "target": "new",
            "context": {"default_picking_ids": self.ids},
        }

    def _check_may_release(self):
        if not self._has_right_to_release():
            raise AccessError(
                self.env._(
                    "Ask a manager of the warehouse, of sales or of backorders to "
                    "release the delivery."
                )
            )

    def _override_hold(self, reason: str) -> None:
        """Let these deliveries ship what is there, now and at later steps.

        What stays behind is held again.

        :raise AccessError: the user is no manager
        :raise UserError: nothing holds one of them
        """
        self._check_may_release()
        self.check_access("read")
        # sudo: from here on; a sales manager need not have rights on transfers
        pickings = self.sudo()
        if not reason.strip():
            raise UserError(self.env._("Say why the delivery is released."))
        if free := pickings.filtered(lambda picking: not picking._holds_something()):
            raise UserError(
                self.env._(
                    "Nothing holds %(delivery)s: there is nothing to release.",
                    delivery=free[0].display_name,
                )
            )
        for picking in pickings:
            moves = picking.move_ids._filter_open()
            picking._log_release(reason)
            moves._get_following_steps().backorder_override = True
            picking.write(
                {
                    "backorder_override_reason": reason,
                    "backorder_override_by": self.env.uid,
                }
            )
            picking._store_hold({})
            moves._note_backorder_change()
            if moves._is_auto_reservation():
                moves._action_assign()

    def _log_release(self, reason: str) -> None:
        what = self.backorder_hold_reason or self.env._("some lines wait")
        for record in (self, *self.move_ids.sale_line_id.order_id):
            record._message_log(
                author_id=self.env.user.partner_id.id,
                body=Markup("%s")
                % self.env._(
                    "%(delivery)s released: %(reason)s (it was held: %(hold)s)",
                    delivery=self.name,
                    reason=reason,
                    hold=what,
                ),
            )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_not_written(*vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_not_written(vals)
        return super().write(vals)

    def _check_not_written(self, *vals_list):
        """
        :raise AccessError: somebody tries to hold or release by hand, without a reason
        """
        if not self.env.su and any(not HOLD_FIELDS.isdisjoint(v) for v in vals_list):
            raise AccessError(self.env._("Use “Release” on the delivery."))

    def _create_backorder(self, backorder_moves=None):
        # What was released has shipped; what stays behind is held again.
        backorders = super()._create_backorder(backorder_moves=backorder_moves)
        # sudo: written here only, see `write`
        released = backorders.sudo().move_ids.filtered("backorder_override")
        released.backorder_override = False
        return backorders


class StockMove(models.Model):
    _inherit = "stock.move"

    backorder_override = fields.Boolean(
        "Released",
        readonly=True,
        copy=False,
        help="A manager has released it: no agreement holds it.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_released(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_not_released(vals)
        return super().write(vals)

    def _check_not_released(self, vals):
        """
        :raise AccessError: somebody tries to release by hand, without a reason
        """
        if not self.env.su and vals.get("backorder_override"):
            raise AccessError(self.env._("Use “Release” on the delivery."))

    @api.model
    def _prepare_merge_moves_distinct_fields(self):
        # What is ordered later was not released.
        return [*super()._prepare_merge_moves_distinct_fields(), "backorder_override"]

    @api.model
    def _prepare_merge_negative_moves_excluded_distinct_fields(self):
        # What is ordered less may come off what was released.
        return [
            *super()._prepare_merge_negative_moves_excluded_distinct_fields(),
            "backorder_override",
        ]

    def _filter_open(self):
        """Open steps of deliveries out of our own places, in a transfer."""
        return self.filtered(
            lambda move: (
                move.state not in ("draft", "done", "cancel")
                and move.picking_id
                and move.location_id.usage == "internal"
                and move._is_backorder_delivery()
            )
        )

    def _get_shipping_place(self, together: dict) -> tuple:
        """Orders that ship together, and the warehouse they ship from.

        :param together: by order, see `_map_shipping_together`
        """
        return (together[self.sale_line_id.order_id], self.location_id.warehouse_id)

    def _get_free_stock_beside(self) -> float:
        """What is free where it takes its goods from, as far as it does not take all
        it wants; product's unit."""
        taken = self._get_backorder_product_qty(self.quantity)
        free = self.env["stock.quant"]._get_available_quantity(
            self.product_id, self.location_id
        )
        return max(0.0, min(self.product_qty - taken, free))

    def _get_following_steps(self):
        """These moves and the open ones on their goods' way to the customer."""
        steps = following = self
        while following := following.move_dest_ids._filter_open() - steps:
            steps |= following
        return steps

    def _find_hold_of_order(self, facts: OrderShipping) -> dict:
        """Why moves of one order in one delivery are held; empty: they are not."""
        if self & facts.first_steps:
            available = facts.get_covered()
        else:
            quantities = {
                move.id: move._get_backorder_product_qty(move.quantity) for move in self
            }
            if not any(quantities.values()):
                return {}  # nothing has come to this step
            available = facts.get_in_shipment(quantities)
        lines = self.sale_line_id
        if not any(available.get(line.id) for line in lines):
            return {}
        decision = facts.decide(available)
        return self._describe_hold(decision, lines, facts)

    def _describe_hold(self, decision: Decision, lines, facts) -> dict:
        waiting = [line.id for line in lines if line.id in decision.waiting]
        if decision.is_held:
            hold = _to_json(decision.reason, decision.until)
            if decision.reason.code == MORE_ARRIVES:
                hold["since"] = facts.today
            return hold
        if waiting and not any(line.id in decision.ships for line in lines):
            return _to_json(Reason(decision.waiting[waiting[0]]), None)
        hold = {"ships": bool(decision.ships)}
        return {**hold, "waiting": waiting} if waiting else hold


def _to_json(reason: Reason, until) -> dict:
    hold = {"code": reason.code, "numbers": list(reason.numbers)}
    if reason.names:
        hold["names"] = list(reason.names)
    if until:
        hold["until"] = fields.Date.to_string(until)
    return hold
