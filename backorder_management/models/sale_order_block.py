"""An order that takes part in nothing until the block is lifted."""

from __future__ import annotations

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

BLOCK_FIELDS = frozenset(
    {"backorder_blocked", "backorder_blocked_by", "backorder_block_reason"}
)
MAY_UNBLOCK = (
    "sales_team.group_sale_manager",
    "backorder_management.group_backorder_manager",
)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_blocked = fields.Boolean(
        string="Delivery Blocked",
        readonly=True,
        copy=False,
        tracking=True,
        index="btree_not_null",
        help="Takes part in no reallocation, holds nothing that is not picked, and "
        "does not ship until the block is lifted.",
    )
    backorder_blocked_by = fields.Many2one(
        "res.users", "Blocked By", readonly=True, copy=False
    )
    backorder_block_reason = fields.Char("Reason of Block", readonly=True, copy=False)

    def action_open_block(self):
        """Ask for the reason, for one or many orders."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Block Delivery"),
            "res_model": "backorder.block",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def _block(self, reason: str):
        """Stop these orders; what they hold and nobody has picked goes to others."""
        self.check_access("write")
        orders = self.filtered(lambda order: not order.backorder_blocked)
        # sudo: written here only, so that nothing is blocked without a reason
        orders.sudo().write(
            {
                "backorder_blocked": True,
                "backorder_block_reason": reason,
                "backorder_blocked_by": self.env.uid,
            }
        )
        orders._log(self.env._("Delivery blocked: %s", reason))
        # sudo: nor is anything kept that is to come
        orders.sudo().order_line.backorder_pin_arrival_ids.unlink()
        # sudo: sales staff stop an order, its reservations follow
        moves = orders.sudo().order_line.move_ids._filter_backorder_demands()
        moves._release()

    def action_unblock(self):
        """Lift the block; the order takes part again from now on."""
        self.check_access("write")
        orders = self.filtered("backorder_blocked")
        orders._check_may_unblock()
        # sudo: as when it was blocked
        orders.sudo().write(
            {
                "backorder_blocked": False,
                "backorder_block_reason": False,
                "backorder_blocked_by": False,
            }
        )
        orders._log(self.env._("Block of delivery lifted"))
        # sudo: as when it was blocked
        moves = orders.sudo().order_line.move_ids._filter_backorder_demands()
        moves._note_backorder_change()
        if moves._is_auto_reservation():
            moves.filtered(
                lambda move: move._should_assign_at_confirm()
            )._action_assign()
        orders.order_line.filtered(lambda line: line._is_pinned())._keep_arrivals()
        return True

    def _check_may_unblock(self):
        """
        :raise AccessError: somebody else has blocked it
        """
        user = self.env.user
        if self.env.su or any(user.has_group(group) for group in MAY_UNBLOCK):
            return
        if foreign := self.filtered(lambda order: order.backorder_blocked_by != user):
            raise AccessError(
                self.env._(
                    "%(user)s has blocked %(order)s. Ask them, or a sales manager, to "
                    "lift the block.",
                    user=foreign[0].sudo().backorder_blocked_by.name,
                    order=foreign[0].name,
                )
            )

    def write(self, vals):
        # Through the actions only, which say why and give back what is held.
        if not self.env.su and not BLOCK_FIELDS.isdisjoint(vals):
            raise AccessError(
                self.env._("Use “Block Delivery” and “Lift Block of Delivery”.")
            )
        return super().write(vals)

    def _log(self, text: str):
        self._message_log_batch({order.id: Markup("%s") % text for order in self})


class StockPicking(models.Model):
    _inherit = "stock.picking"

    backorder_block_reason = fields.Char(
        "Reason of Block", compute="_compute_backorder_block_reason"
    )

    def _compute_backorder_block_reason(self):
        """Of the orders that it ships, for the people who are about to ship it."""
        for picking in self:
            # sudo: warehouse users need not have the right to read orders
            orders = picking.sudo().move_ids.sale_line_id.order_id
            picking.backorder_block_reason = ", ".join(
                orders.filtered("backorder_blocked").mapped(
                    lambda order: f"{order.name}: {order.backorder_block_reason}"
                )
            )

    def button_validate(self):
        # said before anybody is asked about backorders
        self.move_ids._check_not_blocked()
        return super().button_validate()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _action_done(self, cancel_backorder=False):
        # Every way to ship ends here: batches, scripts, later steps.
        self._check_not_blocked()
        return super()._action_done(cancel_backorder=cancel_backorder)

    def _check_not_blocked(self):
        """
        :raise UserError: goods of a blocked order are about to leave
        """
        # sudo: warehouse users need not have the right to read orders
        blocked = self.sudo().sale_line_id.order_id.filtered("backorder_blocked")
        if not blocked:
            return
        moves = self.sudo().filtered(
            lambda move: (
                move.sale_line_id.order_id in blocked
                and move.state not in ("done", "cancel")
                and move.quantity
                and move._is_backorder_delivery()
            )
        )
        if moves:
            orders = moves.sale_line_id.order_id
            raise UserError(
                self.env._(
                    "%(orders)s must not ship: %(reason)s. Lift the block on the order "
                    "first.",
                    orders=", ".join(orders.mapped("name")),
                    reason=orders[0].backorder_block_reason
                    or self.env._("delivery blocked"),
                )
            )
