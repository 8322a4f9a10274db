"""What is accepted where goods are not there: said by product, category, agreement or
company. The rule itself is in `planning.acceptance`."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..planning import acceptance
from ..planning.acceptance import choose_rule

ACCEPTANCE = [
    (acceptance.ALLOW, "Any backorder"),
    (acceptance.INCOMING, "What is there or on its way"),
    (acceptance.LIMIT, "Backorders up to the product's limit"),
    (acceptance.REFUSE, "Only what is there"),
]
RESTRICTING = (acceptance.INCOMING, acceptance.LIMIT, acceptance.REFUSE)


class BackorderAcceptanceMixin(models.AbstractModel):
    """Something that can say what is accepted."""

    _name = "backorder.acceptance.mixin"
    _description = "Says Which Backorders Are Accepted"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self._note_restrictions(vals_list)
        return records

    def write(self, vals):
        result = super().write(vals)
        self._note_restrictions([vals])
        return result

    @api.model
    def _note_restrictions(self, vals_list):
        """Have companies look again whether anything restricts what they accept.

        What allows more needs no second look: that somebody once said otherwise only
        costs time.
        """
        if any(vals.get("backorder_acceptance") in RESTRICTING for vals in vals_list):
            self.env.registry.clear_cache()


class ProductTemplate(models.Model):
    """The rule and the limit are each company's own: one may discontinue what another
    still buys, or sell it from another warehouse. So they hold for the company that
    they are entered in, on products shared by several, too. What replaces a product is
    the same everywhere."""

    _name = "product.template"
    _inherit = ["product.template", "backorder.acceptance.mixin"]

    backorder_acceptance = fields.Selection(
        ACCEPTANCE,
        string="Accept",
        company_dependent=True,
        help="What orders of this product may ask for. Empty: as the category, the "
        "customer's agreement, or the company says.",
    )
    backorder_limit_qty = fields.Float(
        "Backorders at Most",
        digits="Product Unit",
        company_dependent=True,
        help="How much may be short in total, over all customers, where backorders are "
        "accepted up to a limit; of each variant. In the product's unit of measure. "
        "0: nothing.",
    )

    @api.constrains("backorder_limit_qty")
    def _check_backorder_limit_qty(self):
        # not by the database, where it is one value per company
        for product in self:
            if product.backorder_limit_qty < 0:
                raise ValidationError(
                    self.env._(
                        "%(product)s: the limit of backorders cannot be negative.",
                        product=product.display_name,
                    )
                )


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _get_backorder_acceptance(self, company, policy) -> str:
        """The rule for orders of this product.

        :param policy: the customer agreement of the order, or none
        """
        product = self.with_company(company)
        # sudo: whoever takes the order, the agreement and the company count
        return choose_rule(
            product.backorder_acceptance,
            product.categ_id._get_backorder_acceptance(),
            policy.sudo().backorder_acceptance,
            company.sudo().backorder_acceptance,
        )


class ProductCategory(models.Model):
    """Categories are shared by all companies; what they say is each company's own."""

    _name = "product.category"
    _inherit = ["product.category", "backorder.acceptance.mixin"]

    backorder_acceptance = fields.Selection(
        ACCEPTANCE,
        string="Accept",
        company_dependent=True,
        help="What orders of these products may ask for. Empty: as the parent "
        "category, the customer's agreement, or the company says.",
    )

    def _get_backorder_acceptance(self) -> str | bool:
        """What the category says, or the first above it that says something."""
        category = self
        while category and not category.backorder_acceptance:
            category = category.parent_id
        return category.backorder_acceptance


class BackorderPolicy(models.Model):
    _name = "backorder.policy"
    _inherit = ["backorder.policy", "backorder.acceptance.mixin"]

    backorder_acceptance = fields.Selection(
        ACCEPTANCE,
        string="Accept",
        help="What orders of these customers may ask for, unless the product or its "
        "category says something else. Empty: as the company says.",
    )


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "backorder.acceptance.mixin"]

    backorder_acceptance = fields.Selection(
        ACCEPTANCE,
        string="Accept",
        default=acceptance.ALLOW,
        required=True,
        help="What orders may ask for, unless the product, its category or the "
        "customer's agreement says something else.",
    )

    @ormcache("self.id")
    def _restricts_backorders(self) -> bool:
        """Could any order of this company be refused? Where nobody ever said so,
        confirming orders costs nothing more."""
        company = self.sudo()  # whoever asks
        if company.backorder_acceptance != acceptance.ALLOW:
            return True
        return any(
            company.env[model]
            .with_company(company)
            .with_context(active_test=False)
            .search_count([("backorder_acceptance", "in", RESTRICTING)], limit=1)
            for model in ("product.template", "product.category", "backorder.policy")
        )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    backorder_acceptance = fields.Selection(
        related="company_id.backorder_acceptance", readonly=False, required=True
    )
