"""What order lines ask for, and whether it is accepted."""

from __future__ import annotations

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import float_round

from .backorder_acceptance_check import (
    FROM_STOCK,
    PULLING,
    TO_ORDER,
    AcceptanceCheck,
    Refusal,
)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_acceptance_warning = fields.Char(
        "Not Accepted",
        compute="_compute_backorder_acceptance_warning",
        help="Why the order cannot be confirmed with this line.",
    )

    @api.depends(
        "state",
        "product_id",
        "product_uom_id",
        "product_uom_qty",
        "warehouse_id",
        "order_id.backorder_policy_id",
        # lines of one order share what is there
        "order_id.order_line.product_id",
        "order_id.order_line.product_uom_id",
        "order_id.order_line.product_uom_qty",
    )
    def _compute_backorder_acceptance_warning(self):
        self.backorder_acceptance_warning = False
        for order, lines in self.grouped("order_id").items():
            if order.state not in ("draft", "sent"):
                continue
            # a line that is just being typed may not know the others
            everything = order.order_line if lines <= order.order_line else lines
            for refusal in everything._find_refusals(everything._get_asked()):
                if refusal.line in lines:
                    refusal.line.backorder_acceptance_warning = refusal.describe_line()

    # -------------------------------------------------------------- what is asked for

    def _get_asked(self) -> dict:
        """What each line asks for when its order is confirmed, in its unit."""
        return self.filtered(lambda line: line._asks_for_goods())._get_missing({})

    def _get_asked_more(self, before: dict[int, float]) -> dict:
        """What lines of confirmed orders ask for beyond what they did, in their unit.

        :param before: quantities by line id; unknown: the line is new
        """
        lines = self.filtered(lambda line: line.state == "sale")
        return lines.filtered(lambda line: line._asks_for_goods())._get_missing(before)

    def _get_missing(self, before: dict[int, float]) -> dict:
        """What core will procure: neither delivered nor on its way already, whatever
        unit that was ordered in. Nothing of it: the line is left out.

        :param before: as above
        """
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        result = {}
        for line in self:
            there = 0.0
            # sudo: also for who may not see deliveries and purchases
            known = line.sudo()
            if line.product_id.type == "service":
                there = before.get(line.id, 0.0)  # core procures none
            elif known.move_ids or known.purchase_line_ids:
                there = known._get_qty_procurement(before)
            missing = float_round(line.product_uom_qty - there, precision_digits=digits)
            if missing > 0:
                result[line] = missing
        return result

    def _asks_for_goods(self) -> bool:
        """Could it be refused? What is re-invoiced, paid in advance, or taken back asks
        for nothing."""
        company = self.order_id.company_id
        return bool(
            company
            and company._restricts_backorders()  # costs nothing, and mostly says no
            and self.product_id
            and not self.display_type
            and not self.is_downpayment
            and not self.is_expense
            and self.product_uom_qty > 0
        )

    def _get_backorder_source(self, product) -> tuple:
        """Where a delivery of the product takes it from.

        :return: the place, and after core's `procure_method` whether the goods are
            taken from what is there, are bought, made or done for this very line, or
            the latter where the former does not suffice
        """
        stock = self.warehouse_id.lot_stock_id
        if not product.is_storable:
            return stock, TO_ORDER
        rule = self._get_delivery_rules(product)[-1:]
        if not rule:
            return stock, FROM_STOCK
        if rule.action not in PULLING:
            return stock, TO_ORDER
        return rule.location_src_id, rule.procure_method

    def _get_delivery_rules(self, product):
        """The rules that bring the product to the customer, the last step first, down
        to the one that takes it from stock; steps that are pushed have none here."""
        values = {
            "company_id": self.company_id,
            "packaging_uom_id": self.product_uom_id,
            "route_ids": self.route_ids,
            "warehouse_id": self.warehouse_id,
        }
        Rule = self.env["stock.rule"]
        rule = Rule._get_rule(product, self._get_location_final(), values)
        # older deliveries in steps are pulled, the first step last
        steps = rule
        while rule._is_pulled_on():
            rule = Rule._get_rule(product, rule.location_src_id, values)
            if rule in steps:
                break  # they lead round in a circle
            if not rule:
                return rule
            steps |= rule
        return steps

    # ------------------------------------------------------------------- is it accepted

    @api.model
    def _find_refusals(self, asked: dict) -> list[Refusal]:
        """Which of these lines are not accepted as a whole. Reads only.

        :param asked: by line, what it asks for, in its unit
        """
        return [
            refusal
            for check in self._get_acceptance_checks(asked)
            for refusal in check.find_refusals()
        ]

    @api.model
    def _get_acceptance_checks(self, asked: dict) -> list[AcceptanceCheck]:
        """One for each company."""
        by_company = defaultdict(dict)
        for line, quantity in asked.items():
            by_company[line.order_id.company_id][line] = quantity
        return [AcceptanceCheck(*each) for each in by_company.items()]

    def _action_launch_stock_rule(self, *, previous_product_uom_qty=False):
        # Core passes here whatever asks a confirmed order for more goods: new lines and
        # raised ones. The goods have not been taken from stock yet.
        if not self.env.context.get("skip_procurement"):
            asked = self._get_asked_more(previous_product_uom_qty or {})
            self.order_id._check_acceptance(asked)
        return super()._action_launch_stock_rule(
            previous_product_uom_qty=previous_product_uom_qty
        )
