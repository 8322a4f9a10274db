"""Reads off lines of quotations what they ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from .backorder_acceptance_check import PULLING, TO_ORDER, AcceptanceCheck
from .backorder_facts import Fact
from .backorder_quotation import Wish
from .company_days import CompanyDays
from .stock_move_onward import StepFinder

# No move has such an id; new ones get the greatest of all.
FIRST_ID = 2**31


class WishReader:
    """What lines of quotations of one company ask for.

    :param lines: in the order in which their moves would be made
    :param now: UTC
    """

    def __init__(self, lines, days: CompanyDays, now: datetime):
        self.env = lines.env
        self.lines = lines
        self.days = days
        self.now = now
        self.steps = StepFinder(self.env)
        self.check = AcceptanceCheck(
            days.company, {line: line.product_uom_qty for line in lines}
        )
        self._rules: dict[tuple, object] = {}
        self._count = FIRST_ID

    def find_wishes(self) -> dict:
        """Wishes by line: one for each product; of kits, for each storable
        component."""
        return {
            line: [
                self._make(line, product, per_unit * line.product_uom_qty)
                for product, per_unit in self.check._get_components(line).items()
                if product.is_storable and per_unit > 0
            ]
            for line in self.lines
            if line.warehouse_id
        }

    def _make(self, line, product, quantity: float) -> Wish:
        rules = self._get_rules(line, product)
        last = rules[-1:]
        pulled = not last or last.action in PULLING
        lead = timedelta(days=sum(rule.delay for rule in rules if pulled))
        expected = line._expected_date()
        needed = (line.order_id.commitment_date or expected) - lead
        place = last.location_src_id if last and pulled else None
        place = place or line.warehouse_id.lot_stock_id
        self._count += 1
        return Wish(
            id=self._count,
            product_id=product.id,
            place_id=place.id,
            quantity=quantity,
            rule_ids=tuple(rules.ids),
            planned=self.days.find_day(expected - lead),
            needed=needed,
            steps=self._count_steps(line, product, rules) if last and pulled else 0,
            to_order=not pulled or last.procure_method == TO_ORDER,
            dropped=not pulled,
            fact=self._make_fact(line, product, quantity, place, needed),
            fit=self._get_fit(line, product),
        )

    def _get_rules(self, line, product):
        # Odoo looks at no more than these to choose a rule.
        key = (
            tuple(product.route_ids.ids),
            product.categ_id.id,
            tuple(line.route_ids.ids),
            line.product_uom_id.id,
            line.warehouse_id.id,
            line._get_location_final().id,
        )
        if key not in self._rules:
            self._rules[key] = line._get_delivery_rules(product)
        return self._rules[key]

    def _count_steps(self, line, product, rules) -> int:
        """Days of the steps that follow the first one."""
        first = rules[-1]
        final = line._get_location_final()
        move = self.env["stock.move"].new(
            {
                "product_id": product.id,
                "rule_id": first.id,
                "picking_type_id": first.picking_type_id.id,
                "location_id": first.location_src_id.id,
                "location_final_id": final.id,
                "location_dest_id": self._get_target(first, final).id,
                "warehouse_id": first.warehouse_id.id,
                "route_ids": [(6, 0, line.route_ids.ids)],
                "packaging_uom_id": line.product_uom_id.id,
            }
        )
        pulled_on = sum(rule.delay for rule in rules[:-1])
        return pulled_on if len(rules) > 1 else self.steps.count_days(move, final)

    def _get_target(self, rule, final):
        """As Odoo finds the destination of a move that a rule makes."""
        if rule.location_dest_from_rule:
            target = rule.location_dest_id
        else:
            target = rule.picking_type_id.default_location_dest_id
        return final if not target or final._child_of(target) else target

    def _get_fit(self, line, product):
        if product.categ_id.packaging_reserve_method != "full":
            return None
        return partial(
            line.product_uom_id._check_qty,
            uom_id=product.uom_id,
            rounding_method="DOWN",
        )

    def _make_fact(self, line, product, quantity: float, place, needed) -> Fact:
        """As that of a move that is made when the order is confirmed, or the line added
        to it, now."""
        order = line.order_id
        policy = order.backorder_policy_id
        return Fact(
            move_id=self._count,
            product_id=product.id,
            location_id=place.id,
            product_qty=quantity,
            order=("order", order._origin.id or self._count),
            order_id=order._origin.id or None,
            sale_line_id=line._origin.id or None,
            partner_id=order.partner_id._origin.id or None,
            needed=needed,
            ordered=order.date_order if order.state == "sale" else self.now,
            policy_rank=policy.rank if policy else None,
            agreed_days=policy.agreed_days,
            order_value=order._to_company_currency(order.amount_untaxed),
            line_value=order._to_company_currency(line.price_subtotal),
        )
