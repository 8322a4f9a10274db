from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

KEEP = "keep"
LOWER = "lower"
SWAP = "swap"


class BackorderAcceptance(models.TransientModel):
    """Asks what to do with an order that asks for more than is accepted."""

    _name = "backorder.acceptance"
    _description = "Order That Is Not Accepted"

    order_id = fields.Many2one(
        "sale.order", required=True, readonly=True, ondelete="cascade"
    )
    line_ids = fields.One2many("backorder.acceptance.line", "dialog_id")
    message = fields.Text(readonly=True)
    may_accept = fields.Boolean(compute="_compute_may_accept")
    reason = fields.Char(help="Why it is confirmed all the same; noted on the order.")

    @api.depends_context("uid")
    def _compute_may_accept(self):
        self.may_accept = self.env["sale.order"]._may_accept()

    @api.model
    def _create_for(self, order, refusals):
        """
        :param refusals: of lines of this order
        """
        lines = self.env["backorder.acceptance.line"]
        return self.create(
            {
                "order_id": order.id,
                "message": "\n".join(refusal.describe() for refusal in refusals),
                "line_ids": [
                    Command.create(lines._prepare_values(refusal))
                    for refusal in refusals
                ],
            }
        )

    def action_apply(self):
        """Change the order as chosen, and confirm it. Where that is still not accepted,
        ask again: several lines may share what is there."""
        for line in self.line_ids:
            line._apply()
        return self._close(self.order_id.action_confirm_or_ask())

    def action_confirm_all_the_same(self):
        """
        :raise AccessError: the user may not decide that
        :raise UserError: there is no reason
        """
        self.order_id._check_may_accept()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why the order is confirmed all the same."))
        return self._close(self.order_id._confirm_all_the_same(self.reason.strip()))

    def _close(self, result):
        """What the confirmation wants to show, or nothing."""
        if isinstance(result, dict):
            return result
        return {"type": "ir.actions.act_window_close"}


class BackorderAcceptanceLine(models.TransientModel):
    """A line that is not accepted as a whole."""

    _name = "backorder.acceptance.line"
    _description = "Line That Is Not Accepted"

    dialog_id = fields.Many2one(
        "backorder.acceptance", required=True, readonly=True, ondelete="cascade"
    )
    sale_line_id = fields.Many2one(
        "sale.order.line", required=True, readonly=True, ondelete="cascade"
    )
    product_id = fields.Many2one(related="sale_line_id.product_id")
    product_uom_id = fields.Many2one(related="sale_line_id.product_uom_id")
    ordered_qty = fields.Float(
        "Ordered", related="sale_line_id.product_uom_qty", digits="Product Unit"
    )
    accepted_qty = fields.Float(
        "Accepted",
        digits="Product Unit",
        readonly=True,
        help="In the unit of the line. 0: the line is removed.",
    )
    there = fields.Char(readonly=True)
    coming = fields.Char(readonly=True)
    reason = fields.Char(readonly=True)
    substitute_ids = fields.Many2many(
        "product.product", string="Substitutes", readonly=True
    )
    substitutes = fields.Char(
        "Instead", readonly=True, help="Substitutes, and what is there of each."
    )
    choice = fields.Selection(
        [
            (KEEP, "Keep"),
            (LOWER, "Lower to what is accepted"),
            (SWAP, "Replace"),
        ],
        default=KEEP,
        required=True,
    )
    substitute_id = fields.Many2one(
        "product.product", "By", domain="[('id', 'in', substitute_ids)]"
    )

    @api.model
    def _prepare_values(self, refusal) -> dict:
        # what is delivered already is not asked for again, and stays on the line
        line = refusal.line
        accepted = line.product_uom_qty - refusal.quantity + refusal.accepted
        return {
            "sale_line_id": line.id,
            "accepted_qty": accepted,
            "there": refusal.get_there(),
            "coming": refusal.get_coming(),
            "reason": refusal.get_reason(),
            "substitute_ids": [Command.set(refusal.substitutes.ids)],
            "substitutes": refusal.get_substitutes(),
            # removing a line is for the user to decide
            "choice": LOWER if accepted > 0 else KEEP,
        }

    @api.onchange("substitute_id")
    def _onchange_substitute_id(self):
        if self.substitute_id:
            self.choice = SWAP

    @api.onchange("choice")
    def _onchange_choice(self):
        if self.choice != SWAP:
            self.substitute_id = False
        elif len(self.substitute_ids) == 1:
            self.substitute_id = self.substitute_ids

    def _apply(self):
        if self.choice == LOWER:
            self._lower()
        elif self.choice == SWAP:
            self._swap()

    def _lower(self):
        line = self.sale_line_id
        if self.accepted_qty <= 0:
            line.unlink()
        elif self.accepted_qty < line.product_uom_qty:
            line.product_uom_qty = self.accepted_qty

    def _swap(self):
        """As much of another product; core finds its price.

        :raise UserError: no substitute is chosen, or another product
        """
        line = self.sale_line_id
        line._replace_quotation(self.substitute_id, line.product_uom_qty)
