"""Replacing what is missing of an order line by another product."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from ..planning.substitution import find_measure, find_pieces, is_sooner
from .backorder_substitute_finder import SubstituteFinder, SubstituteOffer

SUBSTITUTE_REASON = "backorder_management.cancel_reason_substitute"
QUOTATION = ("draft", "sent")


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    substitute_for_id = fields.Many2one(
        "sale.order.line",
        "Instead Of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="The line whose missing goods this one replaces.",
    )
    substitute_for_qty = fields.Float(
        "Replaces",
        digits="Product Unit",
        readonly=True,
        copy=False,
        help="How much of that line, in its unit.",
    )
    substitute_line_ids = fields.One2many(
        "sale.order.line", "substitute_for_id", "Replaced By", readonly=True
    )
    has_substitutes = fields.Boolean(
        compute="_compute_has_substitutes",
        compute_sudo=True,  # customers, who read their lines, read no substitutes
        help="Another product could come instead.",
    )

    @api.depends("product_id")
    def _compute_has_substitutes(self):
        with_substitutes = self.product_id._filter_with_substitutes()
        for line in self:
            line.has_substitutes = (
                line.product_id in with_substitutes and line._is_replaceable()
            )

    def _is_replaceable(self) -> bool:
        """What was sold as a part of a combo has no price of its own."""
        return bool(
            self.product_id
            and not self.display_type
            and not self.is_downpayment
            and not self.combo_item_id
        )

    def _get_sale_order_line_multiline_description_sale(self):
        # Called in the customer's language, wherever the description is made.
        description = super()._get_sale_order_line_multiline_description_sale()
        if replaced := self.substitute_for_id.product_id:
            name = replaced.with_context(display_default_code=False).display_name
            description += "\n" + self.env._("Instead of: %s", name)
        return description

    # -------------------------------------------------------------------- how much

    def _get_base_quantity(self) -> float:
        """Its quantity in the product's unit."""
        return self.product_uom_id._compute_quantity(
            self.product_uom_qty, self.product_id.uom_id, round=False
        )

    def _find_substitute_quantity(self, product, ratio: float, missing: float):
        """How much of a product replaces so much of this line, and in which unit: that
        of the line, where the substitute is sold in it.

        :param missing: in the line's unit
        """
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        unit, own = self.product_uom_id, product.uom_id
        if unit._has_common_reference(own):
            sold = unit if unit in own | product.uom_ids else own
            common = sold
        else:
            sold, common = own, self.product_id.uom_id
        missing = round(unit._compute_quantity(missing, common, round=False), digits)
        if sold._counts_pieces() and (missing % 1 == 0 or not common._counts_pieces()):
            return find_pieces(missing, ratio), sold
        return find_measure(missing, ratio, digits), sold

    def _prepare_substitute(self, product, ratio: float, missing: float) -> dict:
        """The line that replaces so much of this one. Core finds its description, and
        its price and taxes by the rules of the order; what was granted by hand for this
        line is granted for that one, too.

        :param missing: in the line's unit
        """
        quantity, unit = self._find_substitute_quantity(product, ratio, missing)
        return {
            "order_id": self.order_id.id,
            "product_id": product.id,
            "product_uom_qty": quantity,
            "product_uom_id": unit.id,
            "substitute_for_id": self.id,
            "substitute_for_qty": missing,
            "linked_line_id": self.linked_line_id.id,
            "delivery_group": self.delivery_group,
            "analytic_distribution": self.analytic_distribution,
            **self._get_granted_by_hand(),
        }

    def _get_granted_by_hand(self) -> dict:
        """What Odoo's rules would not give this line."""
        by_rules = self.new(
            {
                "order_id": self.order_id.id,
                "product_id": self.product_id.id,
                "product_uom_qty": self.product_uom_qty,
                "product_uom_id": self.product_uom_id.id,
            }
        )
        granted = {}
        if self.tax_ids != by_rules.tax_ids._origin:
            granted["tax_ids"] = [fields.Command.set(self.tax_ids.ids)]
        digits = self.env["decimal.precision"].precision_get("Discount")
        if round(self.discount - by_rules.discount, digits):
            granted["discount"] = self.discount
        return granted

    # ----------------------------------------------------------------- what there is

    def _find_substitute_offers(self, missing: float) -> list[SubstituteOffer]:
        """What could come instead, the first one first; nothing is changed.

        :param missing: what is to be replaced, in the line's unit
        """
        self.ensure_one()
        if not self.has_substitutes or missing <= 0:
            return []
        # sudo: who is served before counts, whoever may see it
        return SubstituteFinder(self.sudo(), missing).find()

    def _find_sooner_offers(self) -> list[SubstituteOffer]:
        """Of these, what customers can count on having before what they wait for."""
        self.ensure_one()
        expected = self._get_expected_day() or None
        missing = self._get_choice_situation().cancellable
        return [
            offer
            for offer in self._find_substitute_offers(missing)
            if is_sooner(offer.candidate, expected)
        ]

    def _describe_offer(self, offer: SubstituteOffer) -> str:
        """For the customer: how much, for how much, and when."""
        line = offer.line
        return self.env._(
            "%(quantity)s for %(amount)s, expected: %(day)s",
            quantity=line._format_own_quantity(line.product_uom_qty),
            amount=self._format_portal_amount(line),
            day=format_date(self.env, offer.day),
        )

    def _format_portal_amount(self, line) -> str:
        """As amounts of lines are shown on the page of the order."""
        amount = formatLang(
            self.env, line.price_subtotal, currency_obj=self.order_id.currency_id
        )
        if line.tax_ids:
            return self.env._("%s without taxes", amount)
        return amount

    # ------------------------------------------------------------------- replacing

    def _replace_quotation(self, product, replaced_qty: float) -> None:
        """Sell another product on this line, as nothing was ordered yet; of a part of
        it, on a line right after.

        :param replaced_qty: how much of it, in the line's unit
        :raise UserError: the product is no substitute
        """
        self.ensure_one()
        ratio = self._get_substitute_ratio(product)
        if self.product_uom_id.compare(replaced_qty, self.product_uom_qty) < 0:
            # nothing was ordered yet: the two stand on their own
            self._add_substitute(product, ratio, replaced_qty, substitute_for_id=False)
            self.product_uom_qty -= replaced_qty
            return
        replaced = self.product_id
        quantity, unit = self._find_substitute_quantity(product, ratio, replaced_qty)
        words = self._format_own_quantity(replaced_qty)
        self.write(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "product_uom_id": unit.id,
            }
        )
        self._log_replaced(words, replaced, self)

    def _replace_short(self, product, words: str, limit=None):
        """Cancel what is missing of this line, and sell another product instead, on a
        line right after it. The line keeps what was ordered.

        Checks no rights; callers do.

        :param words: why
        :param limit: at most this, in the line's unit
        :return: the new line
        :raise UserError: it cannot be replaced, and why
        """
        self.ensure_one()
        ratio = self._get_substitute_ratio(product)
        if self.order_id.locked:
            raise UserError(
                self.env._(
                    "%(order)s is locked: unlock it to replace %(product)s.",
                    order=self.order_id.name,
                    product=self.product_id.display_name,
                )
            )
        cancelled = self._cancel_backorder_short(
            words,
            kind=self.env.ref(SUBSTITUTE_REASON, raise_if_not_found=False),
            limit=limit,
        )
        if not cancelled:
            self._refuse_to_cancel_rest()
        return self._add_substitute(product, ratio, sum(cancelled.values()))

    def _add_substitute(self, product, ratio: float, replaced_qty: float, **values):
        """
        :return: the line that replaces so much of this one
        """
        # core would only say that a line was added
        line = self.with_context(sale_no_log_for_new_lines=True).create(
            {
                **self._prepare_substitute(product, ratio, replaced_qty),
                "sequence": self._make_room(),
                **values,
            }
        )
        line = line.with_env(self.env)
        self.order_id.invalidate_recordset(["order_line"])  # in their new order
        words = self._format_own_quantity(replaced_qty)
        self._log_replaced(words, self.product_id, line)
        return line

    def _get_substitute_ratio(self, product) -> float:
        """
        :raise UserError: the product is no substitute
        """
        ratios = self.product_id._find_substitutes(self.company_id)
        if product not in ratios or not self._is_replaceable():
            raise UserError(
                self.env._(
                    "Choose a substitute for %(product)s.",
                    product=self.product_id.display_name,
                )
            )
        return ratios[product]

    def _make_room(self) -> int:
        """The place right after this line, in its section; lines may share one."""
        lines = self.order_id.order_line.sorted(lambda line: (line.sequence, line.id))
        following = lines[lines.ids.index(self.id) + 1 :]
        if following[:1].sequence <= self.sequence + 1:
            for line in following:
                line.sequence += 2
        return self.sequence + 1

    def _log_replaced(self, replaced_qty: str, replaced, line):
        """
        :param replaced_qty: in words
        :param replaced: the product that does not come
        :param line: that sells another one instead
        """
        self.order_id._message_log(
            body=self.env._(
                "%(quantity)s of %(product)s are replaced by %(new_quantity)s of "
                "%(substitute)s",
                quantity=replaced_qty,
                product=replaced.display_name,
                new_quantity=line._format_own_quantity(line.product_uom_qty),
                substitute=line.product_id.display_name,
            )
        )

    def _settle_replaced(self):
        """Of what these lines replace, as much is ordered less: in a quotation, nothing
        is cancelled, and both would be delivered."""
        for line in self.filtered("substitute_for_id"):
            replaced = line.substitute_for_id
            kept = replaced.product_uom_qty - line.substitute_for_qty
            replaced.product_uom_qty = max(kept, replaced.qty_delivered, 0.0)
            line.write({"substitute_for_id": False, "substitute_for_qty": 0.0})


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_draft(self):
        result = super().action_draft()
        self.order_line._settle_replaced()
        return result

    def _get_copiable_order_lines(self):
        # What replaced something else was not ordered: the copy asks for what was.
        lines = super()._get_copiable_order_lines()
        return lines.filtered(
            lambda line: (
                not line.substitute_for_id
                or line.substitute_for_id.order_id != line.order_id
            )
        )


class UomUom(models.Model):
    _inherit = "uom.uom"

    def _counts_pieces(self) -> bool:
        """Pieces, dozens and packs, but nothing that is weighed or measured."""
        piece = self.env.ref("uom.product_uom_unit", raise_if_not_found=False)
        return bool(piece and self._has_common_reference(piece))
