"""Stock and arrivals that nobody else is to get."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from ..planning.acceptance import Supply, get_uncommitted
from .backorder_facts import get_arrivals_query

Pool = tuple[int, int]


class SupplyFinder:
    """Reads what orders of a company may still be promised, as the planner knows it.

    Quantities are in the products' units of measure.
    """

    def __init__(self, env, company):
        # sudo: what others are to get counts, whoever may see their orders
        self.env = env["base"].sudo().with_company(company).env
        self.company = company
        self.digits = self.env["decimal.precision"].precision_get("Product Unit")

    def find_rooms(self, products) -> dict[int, float]:
        """How much more may be short of these products; less than nothing where more
        is short already. By product id."""
        short = dict(
            self.env["backorder.demand"]._read_group(
                Domain("product_id", "in", products.ids)
                & Domain("company_id", "=", self.company.id)
                & Domain("qty_short", ">", 0),
                ["product_id"],
                ["qty_short:sum"],
            )
        )
        return {
            product.id: product.backorder_limit_qty - short.get(product, 0.0)
            for product in products.with_env(self.env)
        }

    def find(self, pools: Iterable[Pool]) -> dict[Pool, Supply]:
        """
        :param pools: ids of products and of the places that they are taken from; no
            place: nothing is there
        """
        products_by_place = defaultdict(set)
        for product_id, place_id in pools:
            products_by_place[place_id].add(product_id)
        result = {}
        for place_id, product_ids in products_by_place.items():
            if not place_id:  # no warehouse, or a rule without a source
                result.update(((each, place_id), Supply()) for each in product_ids)
                continue
            place = self.env["stock.location"].browse(place_id)
            found = self._find_at(place, sorted(product_ids))
            result.update(
                ((product_id, place_id), supply) for product_id, supply in found
            )
        return result

    def _find_at(self, place, product_ids: list[int]):
        free = self._find_free(place, product_ids)
        covered, short = self._find_waiting(place, product_ids)
        others = self._find_others(place, product_ids)
        arrivals = self._find_arrivals(place, product_ids)
        promised = self._find_promised(arrivals)
        for product_id in product_ids:
            yield (
                product_id,
                get_uncommitted(
                    free[product_id],
                    covered[product_id],
                    short[product_id],
                    others[product_id],
                    arrivals[product_id],
                    promised,
                    digits=self.digits,
                ),
            )

    def _find_free(self, place, product_ids):
        """What is not reserved, by product id."""
        Quant = self.env["stock.quant"]
        domain = (
            Domain("product_id", "in", product_ids)
            & Domain("location_id", "child_of", place.id)
            & Domain("location_id.usage", "=", "internal")
        )
        if "removal_date" in Quant._fields:
            # core reserves no lot that is to be removed
            domain &= Domain("removal_date", "=", False) | Domain(
                "removal_date", ">=", fields.Datetime.now()
            )
        groups = Quant._read_group(
            domain, ["product_id"], ["quantity:sum", "reserved_quantity:sum"]
        )
        return defaultdict(
            float, {product.id: there - taken for product, there, taken in groups}
        )

    def _find_waiting(self, place, product_ids):
        """What demands have not reserved yet that stock covers, and what they wait for
        that it does not; each by product id.

        What is made to order waits for its own goods.
        """
        covered, short = defaultdict(float), defaultdict(float)
        groups = self.env["backorder.demand"]._read_group(
            Domain("product_id", "in", product_ids)
            & (
                Domain("location_id", "child_of", place.id)
                | Domain("location_id", "parent_of", place.id)
            ),
            ["product_id", "own_chain"],
            ["qty_free:sum", "qty_short:sum"],
        )
        for product, own_chain, qty_free, qty_short in groups:
            covered[product.id] += qty_free
            short[product.id] += 0.0 if own_chain else qty_short
        return covered, short

    def _find_others(self, place, product_ids):
        """What components and transfers still need from there, by product id."""
        moves = self.env["stock.move"].search(
            Domain("product_id", "in", product_ids)
            & Domain("state", "in", ("waiting", "confirmed", "partially_available"))
            & Domain("backorder_demand_ids", "=", False)
            & Domain("location_id", "child_of", place.id)
            & Domain("location_id.usage", "=", "internal")
            & Domain("picked", "=", False)
        )
        result = defaultdict(float)
        for move in moves:
            if move._may_take_free_stock() and not move.location_dest_id._child_of(
                place
            ):
                result[move.product_id.id] += move._get_quantity_to_share()
        return result

    def _find_arrivals(self, place, product_ids):
        """Id, date and quantity of what is to arrive, the earliest first, by product
        id."""
        self.env["stock.move"].flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT product_id, move_id, date, product_qty"
                " FROM (%s) arrival ORDER BY date, move_id",
                get_arrivals_query(self.company.id, [place.id], product_ids),
            )
        )
        result = defaultdict(list)
        for product_id, move_id, date, quantity in rows:
            result[product_id].append((move_id, date, float(quantity)))
        return result

    def _find_promised(self, arrivals) -> dict[int, float]:
        """What of these arrivals is kept for pinned lines, by their moves' ids."""
        move_ids = [move_id for found in arrivals.values() for move_id, *_rest in found]
        if not move_ids:
            return {}
        Promise = self.env["backorder.pin.arrival"]
        kept = Promise.search([("move_id", "in", move_ids)])
        if not kept:
            return {}
        all_of_them = Promise.search([("sale_line_id", "in", kept.sale_line_id.ids)])
        result = defaultdict(float)
        for row, needed in all_of_them._get_needed():
            result[row.move_id.id] += needed
        return result
