"""What may be sold instead of a product: how much of it, in which order, and whether
the other way round as well."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL
from odoo.tools.sql import table_exists

OLD_TABLE = "product_template_substitute_rel"


class ProductSubstitute(models.Model):
    """One product that stands in for another."""

    _name = "product.substitute"
    _description = "Substitute of a Product"
    _order = "sequence, id"
    _rec_name = "product_id"
    _check_company_auto = True

    product_tmpl_id = fields.Many2one(
        "product.template", "Product", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="product_tmpl_id.company_id")
    variant_id = fields.Many2one(
        "product.product",
        "Only for Variant",
        domain="[('product_tmpl_id', '=', product_tmpl_id)]",
        ondelete="cascade",
        help="Empty: for all variants.",
    )
    product_id = fields.Many2one(
        "product.product",
        "Substitute",
        required=True,
        index=True,
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        ondelete="cascade",
    )
    sequence = fields.Integer(default=10, help="What is offered first.")
    ratio = fields.Float(
        "For 1",
        digits=(12, 6),
        default=1.0,
        required=True,
        help="How much of the substitute replaces 1 of the product, in the same unit; "
        "where their units have nothing in common, in the unit of each. A formula can "
        "be typed: =1/6",
    )
    both_ways = fields.Boolean(
        help="The product replaces its substitute as well, by the same ratio."
    )

    _ratio_positive = models.Constraint(
        "CHECK (ratio > 0)", "How much of a substitute replaces 1 is more than 0."
    )
    _substitute_unique = models.UniqueIndex(
        "(product_tmpl_id, product_id, COALESCE(variant_id, 0))",
        "This substitute is in the list already.",
    )

    def init(self):
        """Take over what was a plain list of products."""
        if not table_exists(self.env.cr, OLD_TABLE):
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO product_substitute
                       (product_tmpl_id, product_id, sequence, ratio)
                SELECT product_tmpl_id, product_id, 10, 1 FROM %(old)s
                    ON CONFLICT DO NOTHING
                """,
                old=SQL.identifier(OLD_TABLE),
            )
        )
        self.env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(OLD_TABLE)))

    @api.constrains("product_tmpl_id", "variant_id", "product_id")
    def _check_products(self):
        for substitute in self:
            template, variant = substitute.product_tmpl_id, substitute.variant_id
            if variant and variant.product_tmpl_id != template:
                raise ValidationError(
                    self.env._(
                        "%(variant)s is no variant of %(product)s: choose one of them.",
                        variant=variant.display_name,
                        product=template.display_name,
                    )
                )
            replaced = variant or template.product_variant_ids
            if replaced == substitute.product_id:
                raise ValidationError(
                    self.env._(
                        "%(product)s does not replace itself: choose another product.",
                        product=template.display_name,
                    )
                )


class ProductTemplate(models.Model):
    _inherit = "product.template"

    substitute_ids = fields.One2many(
        "product.substitute",
        "product_tmpl_id",
        "Substitutes",
        help="What is offered instead where goods are missing, the best first.",
    )
    substitute_product_ids = fields.Many2many(
        "product.product",
        string="Substitute Products",
        compute="_compute_substitute_product_ids",
        inverse="_inverse_substitute_product_ids",
        search="_search_substitute_product_ids",
        check_company=True,
        help="The same as a plain list, for imports and other programs.",
    )

    @api.depends("substitute_ids.product_id")
    def _compute_substitute_product_ids(self):
        for template in self:
            template.substitute_product_ids = template.substitute_ids.product_id

    def _inverse_substitute_product_ids(self):
        """What stays in the list keeps its ratio and its place."""
        for template in self:
            wanted = template.substitute_product_ids._origin
            known = template.substitute_ids
            template.substitute_ids = [
                *(
                    Command.delete(each.id)
                    for each in known
                    if each.product_id not in wanted
                ),
                *(
                    Command.create({"product_id": product.id})
                    for product in wanted - known.product_id
                ),
            ]

    @api.model
    def _search_substitute_product_ids(self, operator, value):
        return Domain("substitute_ids.product_id", operator, value)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _find_substitutes(self, company) -> dict:
        """Return by product that may be sold instead how much of it replaces 1, the
        best first; its own list goes before those that it is in."""
        self.ensure_one()
        template, variant = self.product_tmpl_id, self
        own = template.substitute_ids.filtered(
            lambda each: not each.variant_id or each.variant_id == variant
        )
        reverse = self.env["product.substitute"].search(
            [("both_ways", "=", True), ("product_id", "=", variant._origin.id)]
        )
        found = [(each.product_id, each.ratio) for each in own]
        for each in reverse:
            replaced = each.variant_id or each.product_tmpl_id.product_variant_ids
            found += [(product, 1.0 / each.ratio) for product in replaced]
        allowed = self.browse(product.id for product, _ratio in found).filtered_domain(
            Domain(self._check_company_domain(company))
            & Domain("sale_ok", "=", True)
            & Domain("active", "=", True)
            & Domain("id", "!=", variant._origin.id)
        )
        ratios = {}
        for product, ratio in found:
            if product in allowed:
                ratios.setdefault(product, ratio)
        return ratios

    def _get_substitutes(self, company):
        """What may be sold instead of this product, the best first."""
        return self.browse(product.id for product in self._find_substitutes(company))

    def _filter_with_substitutes(self):
        """Those for which any is named; whether it may be sold is not asked."""
        own = self.filtered("product_tmpl_id.substitute_ids")
        named = self.env["product.substitute"].search(
            [("both_ways", "=", True), ("product_id", "in", (self - own)._origin.ids)]
        )
        return own | (self & named.product_id)
