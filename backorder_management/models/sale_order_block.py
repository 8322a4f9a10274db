"""An order that takes part in nothing until the block is lifted."""

from __future__ import annotations

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError


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
    backorder_block_reason = fields.Char("Reason of Block", readonly=True, copy=False)
    backorder_policy_id = fields.Many2one(
        "backorder.policy",
        string="Backorder Agreement",
        check_company=True,
        compute="_compute_backorder_policy_id",
        store=True,
        readonly=False,
        precompute=True,
        help="From the customer, else from the company.",
    )

    @api.depends("partner_id", "company_id")
    def _compute_backorder_policy_id(self):
        for order in self:
            partner = order.partner_id.commercial_partner_id
            order.backorder_policy_id = (
                partner.with_company(order.company_id).backorder_policy_id
                or order.company_id.backorder_policy_id
            )

    def action_open_block(self):
        """Ask for the reason, for one or many orders."""
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
        orders.write({"backorder_blocked": True, "backorder_block_reason": reason})
        orders._log(self.env._("Delivery blocked: %s", reason))
        # sudo: sales staff stop an order, its reservations follow
        moves = orders.sudo().order_line.move_ids._filter_backorder_demands()
        movable = moves.filtered(lambda move: move._is_movable() and move.quantity)
        freed = movable._get_reserved_places()
        movable._do_unreserve()
        moves._note_backorder_change()
        movable._wake_demands_for(freed)

    def action_unblock(self):
        """Lift the block; the order takes part again from now on."""
        self.check_access("write")
        orders = self.filtered("backorder_blocked")
        orders.write({"backorder_blocked": False, "backorder_block_reason": False})
        orders._log(self.env._("Block of delivery lifted"))
        # sudo: as when it was blocked
        moves = orders.sudo().order_line.move_ids._filter_backorder_demands()
        moves._note_backorder_change()
        if moves._is_auto_reservation():
            moves.filtered(
                lambda move: move._should_assign_at_confirm()
            )._action_assign()
        return True

    def _log(self, text: str):
        self._message_log_batch({order.id: Markup("%s") % text for order in self})


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        # Every way to ship ends here, `button_validate` and batches included.
        self._check_not_blocked()
        return super()._action_done()

    def button_validate(self):
        # said before anybody is asked about backorders
        self._check_not_blocked()
        return super().button_validate()

    def _check_not_blocked(self):
        """
        :raise UserError: a delivery of a blocked order is about to leave
        """
        # sudo: warehouse users need not have the right to read orders
        leaving = self.sudo().filtered(
            lambda picking: picking.location_dest_id._is_outgoing()
        )
        blocked = leaving.move_ids.sale_line_id.order_id.filtered("backorder_blocked")
        if blocked:
            raise UserError(
                self.env._(
                    "%(orders)s must not ship: %(reason)s. Lift the block on the order "
                    "first.",
                    orders=", ".join(blocked.mapped("name")),
                    reason=blocked[0].backorder_block_reason
                    or self.env._("delivery blocked"),
                )
            )
