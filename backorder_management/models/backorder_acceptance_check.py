"""Judges what order lines ask for, for the check, the warning and the dialog alike."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from functools import cached_property

from ..planning.acceptance import (
    ALLOW,
    INCOMING,
    LIMIT,
    REFUSE,
    Finding,
    Part,
    Request,
    Supply,
    Verdict,
    decide,
)
from .backorder_acceptance_supply import SupplyFinder
from .backorder_acceptance_words import Words

# Rules whose moves take goods to the customer themselves.
PULLING = ("pull", "pull_push")
# How they get them, after core's `procure_method`.
FROM_STOCK = "make_to_stock"
TO_ORDER = "make_to_order"


class AcceptanceCheck:
    """What lines of orders of one company ask for, and whether it is accepted.

    :param quantities: by line, in its unit, what it asks for
    """

    def __init__(self, company, quantities: dict):
        self.company = company
        self.quantities = quantities
        self.lines = company.env["sale.order.line"].union(*quantities)
        self.env = company.env
        self.finder = SupplyFinder(self.env, company)

    # -------------------------------------------------------------- what is asked for

    @cached_property
    def requests(self) -> list[Request]:
        return [
            Request(
                line,
                quantity,
                tuple(self._get_parts(line)),
                self._get_step(line),
            )
            for line, quantity in self.quantities.items()
        ]

    @cached_property
    def kits(self):
        """Bills of materials of kits, by product."""
        if "mrp.bom" not in self.env:
            return defaultdict(lambda: None)  # manufacturing is not installed
        # sudo: a salesperson may not read bills of materials
        return (
            self.env["mrp.bom"]
            .sudo()
            ._bom_find(
                self.lines.product_id, company_id=self.company.id, bom_type="phantom"
            )
        )

    def _get_parts(self, line):
        """What one unit of the line takes. A kit that is refused itself is sold as far
        as its components are there; otherwise they alone count."""
        refused = self._get_own_word(line.product_id) == REFUSE
        for product, per_unit in self._get_components(line).items():
            rule = product._get_backorder_acceptance(
                self.company, line.order_id.backorder_policy_id
            )
            if refused:
                rule = REFUSE
            yield self._get_part(line, product, per_unit, rule)

    def _get_part(self, line, product, per_unit: float, rule: str) -> Part:
        if rule == ALLOW:
            # where it comes from does not matter unless somebody else is restricted
            place, method = line.warehouse_id.lot_stock_id, FROM_STOCK
        else:
            place, method = line._get_backorder_source(product)
        if method != FROM_STOCK and self._get_own_word(product) != REFUSE:
            rule = ALLOW  # its own goods come: what others wait for does not matter
        procured = method == TO_ORDER or not product.is_storable
        return Part((product.id, place.id), product.id, per_unit, rule, procured)

    def _get_components(self, line) -> dict:
        """Products and how much of each, in its unit, one unit of the line takes."""
        product = line.product_id
        unit = line.product_uom_id or product.uom_id
        bom = self.kits[product]
        if not bom:
            return {product: unit._compute_quantity(1.0, product.uom_id, round=False)}
        kits = unit._compute_quantity(1.0, bom.product_uom_id, round=False)
        _boms, bom_lines = bom.explode(
            product,
            1.0,
            never_attribute_values=line.product_no_variant_attribute_value_ids,
        )
        quantities = defaultdict(float)
        for bom_line, data in bom_lines:
            component = bom_line.product_id
            quantity = bom_line.product_uom_id._compute_quantity(
                data["qty"], component.uom_id, round=False
            )
            if quantity:
                component = component.with_env(self.env)
                quantities[component] += kits * quantity / bom.product_qty
        return quantities

    def _get_step(self, line) -> float:
        """Kits, dozens and the like are sold whole."""
        product = line.product_id
        same_unit = line.product_uom_id in (product.uom_id, self.env["uom.uom"])
        if self.kits[product] or not same_unit:
            return 1.0
        return 10.0**-self.finder.digits

    def _get_own_word(self, product) -> str | bool:
        return product.with_company(self.company).backorder_acceptance

    # ------------------------------------------------------------------ is it accepted

    @cached_property
    def restricted(self) -> set:
        """Pools of goods that are not accepted in any quantity. Where there is no
        warehouse, nothing is there."""
        return {
            part.pool
            for request in self.requests
            for part in request.parts
            if part.rule != ALLOW and not part.procured and all(part.pool)
        }

    def settle(self) -> None:
        """Know what has just been done in this transaction, and nobody else does the
        same meanwhile.

        :raise psycopg2.Error: somebody else is just being promised the same goods;
            Odoo repeats what the user did
        """
        product_ids = {product_id for product_id, _place_id in self.restricted}
        if product_ids:
            # sudo: as the finder
            self.env["backorder.demand"].sudo()._refresh_pending()
            self.env["backorder.sharing"].sudo()._claim(product_ids)

    def find_refusals(self) -> list[Refusal]:
        """Lines that are not accepted as a whole."""
        if not any(
            part.rule != ALLOW for request in self.requests for part in request.parts
        ):
            return []
        limited = {
            part.product
            for request in self.requests
            for part in request.parts
            if part.rule == LIMIT
        }
        verdicts = decide(
            self.requests,
            self.finder.find(self.restricted),
            self.finder.find_rooms(self.env["product.product"].browse(limited)),
            digits=self.finder.digits,
        )
        return [Refusal(self, verdict) for verdict in verdicts if verdict.findings]


class Refusal:
    """A line that is not accepted as a whole, in words."""

    def __init__(self, check: AcceptanceCheck, verdict: Verdict):
        self.check = check
        self.line = verdict.request.id
        self.quantity = verdict.request.quantity
        self.accepted = verdict.accepted
        self.findings = verdict.findings
        self.words = Words(self.line.env)

    def with_language_of(self, env) -> Refusal:
        """The same, said in the language and time zone of this environment."""
        same = copy(self)
        same.words = Words(env)
        return same

    @cached_property
    def substitutes(self):
        return self.line.product_id._get_substitutes(self.check.company)

    @cached_property
    def substitute_supplies(self) -> dict[int, Supply]:
        """What is there and coming of each substitute, by product id."""
        place = self.line.warehouse_id.lot_stock_id
        storable = self.substitutes.filtered("is_storable")
        supplies = self.check.finder.find(
            (product.id, place.id) for product in storable if place
        )
        return {product_id: supply for (product_id, _place), supply in supplies.items()}

    # -------------------------------------------------------------------- in words

    def describe(self) -> str:
        """All about it in some sentences, with the name of the product."""
        env = self.words.env
        return env._(
            "%(product)s: %(text)s",
            product=self.line.product_id.with_env(env).display_name,
            text=self.describe_line(),
        )

    def describe_line(self) -> str:
        """The same for who sees the product beside it."""
        env = self.words.env
        unit = self.line.product_uom_id or self.line.product_id.uom_id
        sentences = [
            env._(
                "%(accepted)s of %(ordered)s accepted.",
                accepted=self.words.get_number(self.accepted),
                ordered=self.words.get_quantity(self.quantity, unit),
            ),
            self.get_reason(),
            *(self._get_whereabouts(finding) for finding in self._get_stocked()),
        ]
        if self.substitutes:
            sentences.append(
                env._("Instead: %(products)s.", products=self.get_substitutes())
            )
        return " ".join(sentences)

    def get_reason(self) -> str:
        return " ".join(dict.fromkeys(map(self._get_reason, self.findings)))

    def _get_reason(self, finding: Finding) -> str:
        env, words = self.words.env, self.words
        product = self._get_product(finding)
        if finding.part.procured:
            return env._("%(product)s is not procured any more.", product=product.name)
        if finding.part.rule == INCOMING:
            return env._("Only what is there or on its way is accepted.")
        if finding.part.rule == LIMIT:
            limit = product.with_company(self.check.company).backorder_limit_qty
            return env._(
                "At most %(limit)s may be short over all customers, %(room)s more "
                "than now.",
                limit=words.get_quantity(limit, product.uom_id),
                room=words.get_quantity(finding.room, product.uom_id),
            )
        return env._("Only what is there is accepted.")

    def _get_stocked(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.part.procured]

    def _get_whereabouts(self, finding: Finding) -> str:
        env = self.words.env
        product = self._get_product(finding)
        there = self.words.get_quantity(finding.supply.there, product.uom_id)
        coming = self.words.get_arrivals(finding.supply.arrivals)
        if product == self.line.product_id:
            return env._(
                "There: %(there)s. Coming: %(coming)s.", there=there, coming=coming
            )
        return env._(
            "%(product)s: %(needed)s needed, %(there)s there, coming: %(coming)s.",
            product=product.display_name,
            needed=self.words.get_quantity(finding.needed, product.uom_id),
            there=there,
            coming=coming,
        )

    def get_there(self) -> str:
        """What is there of each product that is not enough."""
        return self._list_per_product(
            lambda finding, unit: self.words.get_quantity(finding.supply.there, unit)
        )

    def get_coming(self) -> str:
        """What is coming of each product that is not enough, and when."""
        return self._list_per_product(
            lambda finding, _unit: self.words.get_arrivals(finding.supply.arrivals)
        )

    def _list_per_product(self, get_text) -> str:
        texts = []
        for finding in self._get_stocked():
            product = self._get_product(finding)
            text = get_text(finding, product.uom_id)
            if product != self.line.product_id:
                text = f"{product.display_name}: {text}"
            texts.append(text)
        return "; ".join(texts)

    def get_substitutes(self) -> str:
        """Their names, and what is there of each."""
        return ", ".join(map(self._get_substitute, self.substitutes))

    def _get_substitute(self, product) -> str:
        name = product.with_env(self.words.env).display_name
        supply = self.substitute_supplies.get(product.id)
        if not supply:
            return name
        return self.words.env._(
            "%(product)s (%(there)s there)",
            product=name,
            there=self.words.get_quantity(supply.there, product.uom_id),
        )

    def _get_product(self, finding: Finding):
        return self.words.env["product.product"].browse(finding.part.product)
