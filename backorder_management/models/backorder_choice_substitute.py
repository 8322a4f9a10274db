"""Taking another product instead of what is missing, by the customer's choice."""

from __future__ import annotations

from odoo import api, fields, models


class BackorderChoice(models.Model):
    _inherit = "backorder.choice"

    substitute_id = fields.Many2one(
        "product.product", "Instead", readonly=True, ondelete="set null"
    )
    # he is charged what he saw, even if it is done days later
    price_unit = fields.Float(digits="Product Price", readonly=True)
    discount = fields.Float(digits="Discount", readonly=True)
    substitute_uom_id = fields.Many2one("uom.uom", readonly=True)
    substitute_line_id = fields.Many2one(
        "sale.order.line",
        "New Line",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    def _do_substitute(self) -> str:
        """
        :raise UserError: it cannot be replaced, and why
        """
        line = self.sale_line_id
        new_line = line._replace_short(
            self.substitute_id,
            self.env._("The customer chose so."),
            limit=self.quantity,
        )
        self.substitute_line_id = new_line
        self._keep_price()
        return self.env._("Instead: %s", self.format_replacement())

    def _keep_price(self):
        """What he was shown, whatever the price is by now."""
        line = self.substitute_line_id
        if line.product_uom_id != self.substitute_uom_id:
            return  # the product is sold in another unit since: it is its price
        shown = {"price_unit": self.price_unit, "discount": self.discount}
        changed = {name: value for name, value in shown.items() if line[name] != value}
        if changed:
            line.write(changed)

    @api.private
    def format_replacement(self) -> str:
        """What comes instead, with its unit, in the words of who reads it."""
        return self.substitute_line_id._describe_quantity_and_product()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _prepare_choice(self, option, person, way: str) -> dict:
        values = super()._prepare_choice(option, person, way)
        if not option.substitute:
            return values
        line = option.substitute.line
        return {
            **values,
            "substitute_id": option.substitute_id,
            "price_unit": line.price_unit,
            "discount": line.discount,
            "substitute_uom_id": line.product_uom_id.id,
        }

    def _describe_quantity_and_product(self) -> str:
        """For the customer; empty where there is no line."""
        if not self:
            return ""
        product = self.product_id.with_context(display_default_code=False)
        return self.env._(
            "%(quantity)s of %(product)s",
            quantity=self._format_own_quantity(self.product_uom_qty),
            product=product.display_name,
        )

    def _describe_replacement(self) -> str:
        """What replaces missing goods of this line, or what it replaces."""
        self.ensure_one()
        parts = []
        if self.substitute_line_ids:
            names = [
                line._describe_quantity_and_product()
                for line in self.substitute_line_ids
            ]
            parts.append(self.env._("Instead: %s", ", ".join(names)))
        if replaced := self.substitute_for_id.product_id:
            name = replaced.with_context(display_default_code=False).display_name
            parts.append(self.env._("Instead of: %s", name))
        return ". ".join(parts)


class BackorderNoticeLine(models.Model):
    _inherit = "backorder.notice.line"

    @api.private
    def get_substitutes(self) -> list[str]:
        """What could come sooner instead: the product, how much of it, for how much and
        when, in the words of who reads it."""
        line = self.sale_line_id
        return [
            self.env._(
                "%(product)s: %(offer)s",
                product=offer.product.display_name,
                offer=line._describe_offer(offer),
            )
            for offer in line._find_sooner_offers()
        ]

    @api.private
    def describe_replacement(self) -> str:
        return self.sale_line_id._describe_replacement()
