"""How long a product takes if it is ordered today: Odoo's own rules and lead times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from odoo.exceptions import UserError

from ..planning.lateness import LIKELY
from ..planning.ordering import LeadTime, find_ordered_day, get_quantity_class
from .backorder_acceptance_supply import SupplyFinder
from .company_days import CompanyDays
from .stock_move_onward import StepFinder

BUY = "buy"
MAKE = "manufacture"
# From another place of ours.
MOVE = "move"

PULLING = ("pull", "pull_push")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a product comes from if it is ordered today, and how long that takes.

    :ivar how: BUY, MAKE or MOVE
    :ivar partner_id: the vendor it is bought from
    :ivar place_id: the place of ours it comes from
    """

    how: str
    lead: LeadTime
    partner_id: int | None = None
    place_id: int | None = None


class SourceFinder:
    """Finds where products of a company come from if they are ordered today. Needs the
    rights of the superuser. Reads only.

    :param product_ids: all that may be asked for
    """

    def __init__(self, env, days: CompanyDays, steps: StepFinder, product_ids):
        self.env = env["base"].with_company(days.company).env
        self.days = days
        self.steps = steps
        self.products = self.env["product.product"].browse(sorted(product_ids))
        # iterated, so that what is read for one is read for all
        self.by_id = {product.id: product for product in self.products}
        self._rules: dict[tuple, object] = {}
        self._found: dict[tuple, Source | None] = {}
        self._smallest: dict[int, list[float]] = {}
        self._there: dict[int, dict] = {}

    def find(self, product_id: int, place_id: int, quantity: float) -> Source | None:
        """
        :param quantity: what is missing, in the product's unit
        :return: None where it is neither bought nor made, nor to be had from elsewhere
        """
        product = self.by_id[product_id]
        place = self.env["stock.location"].browse(place_id)
        rules = self._get_rules(product, place)
        if rules and rules[-1].action in PULLING:
            rules = self._go_on(product, rules, quantity)
        return self.find_by_rules(product, rules, quantity, place)

    def find_by_rules(self, product, rules, quantity: float, place) -> Source | None:
        """
        :param rules: `stock.rule` that bring it, the last step first
        :param place: where it is to be taken from; empty: the customer's
        """
        if not rules:
            return None
        kind = self._get_class(product, quantity)
        key = (product.id, place.id, tuple(rules.ids), kind)
        if key not in self._found:
            self._found[key] = self._make(product, rules, quantity, place)
        return self._found[key]

    def find_day(self, source: Source) -> date:
        """The day on which it can be taken from stock."""
        return find_ordered_day(self.days.today, source.lead, self.days.work_days)

    def find_arrival(self, source: Source) -> date:
        """The day on which whoever delivers it is there."""
        return self.days.today + timedelta(days=source.lead.whole_days)

    # ---------------------------------------------------------------------- rules

    def _get_rules(self, product, place):
        # Odoo looks at no more of a product than these.
        key = (place.id, tuple(product.route_ids.ids), product.categ_id.id)
        if key not in self._rules:
            self._rules[key] = self._find_rules(product, place)
        return self._rules[key]

    def _find_rules(self, product, place):
        try:
            return product._get_rules_from_location(place)
        except UserError:  # rules that lead round in a circle bring nothing
            return self.env["stock.rule"]

    def _go_on(self, product, rules, quantity: float):
        """Rules that take goods from another place of ours: where these are not there,
        they have to come to that place first. None: they cannot."""
        last, seen = rules[-1], self.env["stock.location"]
        while last.action in PULLING and last.location_src_id.usage == "internal":
            source = last.location_src_id
            if self._get_there(source, product) >= quantity:
                break
            onward = self._get_rules(product, source)
            if source in seen or not onward:
                return self.env["stock.rule"]
            seen |= source
            rules |= onward
            last = onward[-1]
        return rules

    def _get_there(self, place, product) -> float:
        """What nobody else is to get of what is there."""
        if place.id not in self._there:
            supplies = SupplyFinder(self.env, self.days.company).find(
                (product_id, place.id) for product_id in self.products.ids
            )
            self._there[place.id] = {
                product_id: supply.there
                for (product_id, _place_id), supply in supplies.items()
            }
        return self._there[place.id].get(product.id, 0.0)

    # ------------------------------------------------------------------ lead times

    def _get_class(self, product, quantity: float) -> int:
        if product.id not in self._smallest:
            self._smallest[product.id] = [
                seller.product_uom_id._compute_quantity(
                    seller.min_qty, product.uom_id, round=False
                )
                for seller in product.seller_ids
            ]
        return get_quantity_class(quantity, self._smallest[product.id])

    def _make(self, product, rules, quantity: float, place) -> Source | None:
        values, vendor = {}, None
        if any(rule.action == BUY for rule in rules):
            seller = self._select_seller(product, quantity)
            if not seller:
                return None
            values = {"supplierinfo": seller}
            vendor = seller.partner_id.commercial_partner_id
        # Odoo's own switches: no texts, and no horizon of what is looked ahead
        delays, _words = rules.with_context(
            bypass_delay_description=True, bypass_global_horizon_days=True
        )._get_lead_days(product, **values)
        if delays["no_vendor_found_delay"] or delays["no_bom_found_delay"]:
            return None
        lead = LeadTime(
            delays["total_delay"],
            self._get_likely_delay(vendor, product) if vendor else 0,
            self._count_steps(product, rules[0], place),
        )
        return Source(
            BUY if vendor else MAKE if self._is_made(rules) else MOVE,
            lead,
            vendor.id if vendor else None,
            None if vendor else rules[-1].location_src_id.id or None,
        )

    def _select_seller(self, product, quantity: float):
        """As the purchase rule of Odoo does, its fallback included. Not by its
        `_get_matching_supplier`, which asks the database for each product."""
        own = self.days.company, self.env["res.company"]
        seller = product._select_seller(
            quantity=quantity, date=self.days.today, uom_id=product.uom_id
        )
        return (
            seller
            or product._prepare_sellers().filtered(
                lambda seller: seller.company_id in own
            )[:1]
        )

    def _is_made(self, rules) -> bool:
        return any(rule.action == MAKE for rule in rules)

    def _get_likely_delay(self, vendor, product) -> int:
        return self._records.find(vendor.id, product.id).find_delay(LIKELY)

    @cached_property
    def _records(self):
        vendors = self.products.seller_ids.partner_id.commercial_partner_id
        return self.env["backorder.lateness"]._get_records(self.days.company, vendors)

    def _count_steps(self, product, rule, place) -> int:
        """Days from the first place of a receipt to where the goods are taken from."""
        target = (
            rule.location_dest_id
            if rule.location_dest_from_rule
            else rule.picking_type_id.default_location_dest_id
        )
        if not place or not target or target._child_of(place):
            return 0
        move = self.env["stock.move"].new(
            {
                "product_id": product.id,
                "picking_type_id": rule.picking_type_id.id,
                "location_id": rule.location_src_id.id,
                "location_dest_id": target.id,
                "location_final_id": place.id,
                "warehouse_id": rule.warehouse_id.id,
            }
        )
        return self.steps.count_days(move, place)
