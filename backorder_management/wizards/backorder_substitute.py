"""What could come instead of what is missing of an order line."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models.sale_order_line_substitute import QUOTATION, SUBSTITUTE_REASON


class BackorderSubstitute(models.TransientModel):
    """Shows the substitutes with day and price, and replaces by one of them."""

    _name = "backorder.substitute"
    _description = "Replace What Is Missing"

    sale_line_id = fields.Many2one(
        "sale.order.line", required=True, readonly=True, ondelete="cascade"
    )
    product_id = fields.Many2one(related="sale_line_id.product_id", related_sudo=False)
    product_uom_id = fields.Many2one(
        related="sale_line_id.product_uom_id", related_sudo=False
    )
    is_quotation = fields.Boolean(compute="_compute_facts")
    missing = fields.Float(
        digits="Product Unit",
        compute="_compute_facts",
        help="What can be replaced, in the unit of the line.",
    )
    expected = fields.Date(
        compute="_compute_facts",
        help="The day on which what was ordered can be there. Empty: not known.",
    )
    quantity = fields.Float(
        "Replace",
        digits="Product Unit",
        help="How much of what was ordered, in the unit of the line.",
    )
    offer_ids = fields.One2many("backorder.substitute.offer", "dialog_id")
    substitute_ids = fields.Many2many(
        "product.product", compute="_compute_substitute_ids"
    )
    substitute_id = fields.Many2one(
        "product.product", "By", domain="[('id', 'in', substitute_ids)]"
    )
    effect = fields.Text(compute="_compute_effect", help="On invoices and deposits.")
    note = fields.Char("In Words", help="Why; stands in the order's log.")

    @api.depends("sale_line_id")
    def _compute_facts(self):
        for dialog in self:
            line = dialog.sale_line_id
            line.order_id.check_access("write")
            dialog.is_quotation = line.state in QUOTATION
            if dialog.is_quotation:
                dialog.missing = line.product_uom_qty
                dialog.expected = line.backorder_earliest
            else:
                # sudo: transfers, which say what is missing
                known = line.sudo()
                dialog.missing = known._get_choice_situation().cancellable
                dialog.expected = known._get_expected_day()

    @api.depends("offer_ids.product_id")
    def _compute_substitute_ids(self):
        for dialog in self:
            dialog.substitute_ids = dialog.offer_ids.product_id

    @api.onchange("quantity")
    def _onchange_quantity(self):
        self._set_offers()

    def _set_offers(self):
        """What could come instead of this quantity; stored, not computed, as looking
        for it reads what has to be written before."""
        line = self.sale_line_id
        line.order_id.check_access("write")
        rows = self.offer_ids.browse()
        self.offer_ids = [
            Command.clear(),
            *(
                Command.create(rows._prepare_values(offer))
                for offer in line._find_substitute_offers(self.quantity)
            ),
        ]

    @api.depends("sale_line_id", "quantity")
    def _compute_effect(self):
        for dialog in self:
            line = dialog.sale_line_id._origin
            line.order_id.check_access("write")
            # sudo: whoever may replace may know what becomes of the money
            order = line.order_id.sudo()
            dialog.effect = (
                order._describe_effect_of_cancelling({line.sudo(): dialog.quantity})
                if line.state == "sale"
                else ""
            )

    def action_replace(self):
        """Sell the chosen substitute instead.

        :raise UserError: none is chosen, the quantity makes no sense, or it cannot be
            replaced
        """
        self.ensure_one()
        line, unit, product = self.sale_line_id, self.product_uom_id, self.substitute_id
        line.order_id.check_access("write")
        if (
            unit.compare(self.quantity, 0.0) <= 0
            or unit.compare(self.quantity, self.missing) > 0
        ):
            raise UserError(
                self.env._(
                    "Replace more than 0, and at most the %s that can be replaced.",
                    line._format_own_quantity(self.missing),
                )
            )
        if self.is_quotation:
            line._replace_quotation(product, self.quantity)
        else:
            line._replace_short(product, self._get_words(), limit=self.quantity)
        return {"type": "ir.actions.act_window_close"}

    def _get_words(self) -> str:
        reason = self.env.ref(SUBSTITUTE_REASON, raise_if_not_found=False)
        parts = (reason and reason.name, (self.note or "").strip())
        return ": ".join(part for part in parts if part)


class BackorderSubstituteOffer(models.TransientModel):
    """One of them, as shown: what the customer is sold is found again.

    Not readonly, as the web client stores only such rows of another quantity.
    """

    _name = "backorder.substitute.offer"
    _description = "Substitute That Can Be Sold Instead"

    dialog_id = fields.Many2one(
        "backorder.substitute", required=True, ondelete="cascade"
    )
    product_id = fields.Many2one("product.product", "Substitute")
    quantity = fields.Float(digits="Product Unit")
    product_uom_id = fields.Many2one("uom.uom", "Unit")
    there = fields.Float(
        digits="Product Unit",
        help="Of this quantity, what is in stock and nobody else is to get.",
    )
    day = fields.Date(
        "Expected",
        help="The day on which the customer could have all of it. In grey: if what is "
        "missing of it is ordered today. Empty: nobody knows.",
    )
    if_ordered = fields.Boolean()
    currency_id = fields.Many2one("res.currency")
    price_unit = fields.Float("Unit Price", digits="Product Price")
    discount = fields.Float("Disc.%", digits="Discount")
    amount = fields.Monetary(help="Without taxes.")
    difference = fields.Monetary(help="To what it replaces, without taxes.")

    @api.model
    def _prepare_values(self, offer) -> dict:
        line, replaced = offer.line, offer.line.substitute_for_id
        return {
            "product_id": offer.product.id,
            "quantity": line.product_uom_qty,
            "product_uom_id": line.product_uom_id.id,
            "there": offer.there,
            "day": offer.day,
            "if_ordered": bool(offer.day) and offer.candidate.unordered > 0,
            "currency_id": replaced.currency_id.id,
            "price_unit": line.price_unit,
            "discount": line.discount,
            "amount": line.price_subtotal,
            "difference": line.price_subtotal - offer.replaced_amount,
        }


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_substitute(self):
        """Show what could come instead of what is missing.

        :raise UserError: nothing is missing, or there is no substitute
        """
        self.ensure_one()
        self.order_id.check_access("write")
        dialog = self.env["backorder.substitute"].create({"sale_line_id": self.id})
        if dialog.missing <= 0:
            self._refuse_to_cancel_rest()
        dialog.quantity = dialog.missing
        dialog._set_offers()
        dialog.substitute_id = dialog.offer_ids[:1].product_id
        if not dialog.offer_ids:
            raise UserError(
                self.env._(
                    "%(product)s has no substitute: name one on the product.",
                    product=self.product_id.display_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Replace What Is Missing"),
            "res_model": dialog._name,
            "res_id": dialog.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    has_substitutes = fields.Boolean(related="sale_line_id.has_substitutes")

    def action_substitute(self):
        """The same from the list of short lines."""
        self.ensure_one()
        return self.sale_line_id.action_substitute()
