"""Kits (phantom bills of materials), where manufacturing is installed."""

from __future__ import annotations

from collections import defaultdict

from ..planning.kits import complete_kits, needed_kits


class Kit:
    """Counts a line's kits from the quantities of their components."""

    def __init__(self, line, bom_lines):
        self.line = line
        # sudo: a salesperson may not read bills of materials
        self.bom = (
            line.env["mrp.bom"]
            .sudo()
            ._bom_find(
                line.product_id, company_id=line.company_id.id, bom_type="phantom"
            )[line.product_id]
        )
        self.per_kit = self._get_component_quantities(bom_lines.sudo())

    def _get_component_quantities(self, bom_lines) -> dict[int, float]:
        """Product quantity of each component in one kit, by bill of materials line.

        A component that the bill does not name any more counts as it does on its own
        line.
        """
        unit = self.bom.product_uom_id or self.line.product_uom_id
        quantities = {}
        if self.bom:
            _boms, lines = self.bom.explode(self.line.product_id, 1.0)
            quantities = {
                bom_line: data["qty"] / self.bom.product_qty for bom_line, data in lines
            }
        for bom_line in bom_lines:
            if bom_line not in quantities:
                bom = bom_line.bom_id
                quantities[bom_line] = bom_line.product_qty / bom.product_qty
        self.unit = unit
        return {
            bom_line.id: bom_line.product_uom_id._compute_quantity(
                quantity, bom_line.product_id.uom_id, round=False
            )
            for bom_line, quantity in quantities.items()
            if bom_line in bom_lines and quantity
        }

    def count_open(self, quantities) -> float:
        """Kits that lack something while these quantities are to come.

        By product: core merges a product that stands on two lines of the bill into one
        move when an order is raised.
        """
        per_product = defaultdict(float)
        for bom_line_id, quantity in self.per_kit.items():
            product = (
                self.line.env["mrp.bom.line"].sudo().browse(bom_line_id).product_id
            )
            per_product[product.id] += quantity
        by_product = defaultdict(float)
        for move, quantity in quantities:
            by_product[move.product_id.id] += quantity
        return self._in_unit_of_line(needed_kits(by_product, per_product))

    def count_cancelled(self, quantities) -> float:
        """Kits that lack something as these quantities will not come."""
        by_component = self._sum_by_component(quantities)
        return self._in_unit_of_line(needed_kits(by_component, self.per_kit))

    def count_complete(self, quantities) -> float:
        """Whole kits made of these quantities; by line of the bill, as core counts."""
        by_component = self._sum_by_component(quantities)
        return self._in_unit_of_line(complete_kits(by_component, self.per_kit))

    def _sum_by_component(self, quantities):
        """:param quantities: pairs of move and quantity in the component's unit"""
        by_component = defaultdict(float)
        for move, quantity in quantities:
            by_component[move.bom_line_id.id] += quantity
        return by_component

    def _in_unit_of_line(self, kits: float) -> float:
        unit = self.line.product_uom_id
        return self.unit._compute_quantity(kits, unit, rounding_method="HALF-UP")
