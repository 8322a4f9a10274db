"""Where stock is: per product and warehouse, the planner's own figures.

Quantities are in the products' units of measure.
"""

from __future__ import annotations

from dataclasses import dataclass

from odoo import fields
from odoo.tools import SQL

from .backorder_eta import EtaFinder
from .backorder_facts import get_arrivals_query


@dataclass(slots=True)
class StockFigures:
    """
    :ivar on_hand: in stock
    :ivar committed: of that, reserved, or what waiting moves are to get of it
    :ivar backordered: what orders miss there
    :ivar incoming: what is to arrive there
    """

    on_hand: float = 0.0
    committed: float = 0.0
    backordered: float = 0.0
    incoming: float = 0.0

    @property
    def free(self) -> float:
        return self.on_hand - self.committed


class StockFigureFinder:
    """Needs the rights of the superuser, as who is served before counts whoever may see
    his orders. Reads only."""

    def __init__(self, env, company):
        self.env = env["base"].with_company(company).env
        self.company = company
        self.warehouses = self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)]
        )

    def find(self, product_ids) -> dict[tuple[int, int], StockFigures]:
        """By ids of product and warehouse: all warehouses of the company."""
        product_ids = list(product_ids)
        result = {
            (product_id, warehouse.id): StockFigures()
            for product_id in product_ids
            for warehouse in self.warehouses
        }
        self.env.flush_all()
        for key, on_hand, reserved in self._read_stock(product_ids):
            result[key].on_hand = on_hand
            result[key].committed = reserved
        for key, covered in self._find_covered(product_ids):
            if key in result:
                result[key].committed += covered
        for key, short in self._read_short(product_ids):
            if key in result:
                result[key].backordered = short
        for key, incoming in self._read_incoming(product_ids):
            result[key].incoming = incoming
        return result

    def _read_stock(self, product_ids):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT quant.product_id, warehouse.id,
                       COALESCE(SUM(quant.quantity), 0)::float,
                       COALESCE(SUM(quant.reserved_quantity), 0)::float
                  FROM stock_quant quant
                  JOIN stock_location location ON location.id = quant.location_id
                  JOIN stock_warehouse warehouse ON warehouse.id = ANY(%s)
                  JOIN stock_location stock ON stock.id = warehouse.lot_stock_id
                 WHERE quant.product_id = ANY(%s) AND location.usage = 'internal'
                   AND starts_with(location.parent_path, stock.parent_path)
                 GROUP BY 1, 2
                """,
                self.warehouses.ids,
                product_ids,
            )
        )
        return [((row[0], row[1]), row[2], row[3]) for row in rows]

    def _find_covered(self, product_ids):
        """What moves that have not reserved it yet are to get of free stock."""
        free = EtaFinder(self.env, fields.Datetime.now()).share_free_stock(product_ids)
        for move in self.env["stock.move"].browse(free):
            yield (move.product_id.id, move.location_id.warehouse_id.id), free[move.id]

    def _read_short(self, product_ids):
        groups = self.env["backorder.demand"]._read_group(
            [
                ("product_id", "in", product_ids),
                ("company_id", "=", self.company.id),
                ("qty_short", ">", 0),
            ],
            ["product_id", "warehouse_id"],
            ["qty_short:sum"],
        )
        return [
            ((product.id, warehouse.id), quantity)
            for product, warehouse, quantity in groups
        ]

    def find_arrivals(self, product_ids) -> list[int]:
        """Return ids of the moves that are to bring these products into stock."""
        rows = self.env.execute_query(
            SQL("SELECT move_id FROM (%s) arrival", self._get_arrivals(product_ids))
        )
        return [move_id for [move_id] in rows]

    def _read_incoming(self, product_ids):
        warehouses = {each.lot_stock_id.id: each.id for each in self.warehouses}
        rows = self.env.execute_query(
            SQL(
                "SELECT product_id, place_id, SUM(product_qty)::float"
                " FROM (%s) arrival WHERE product_qty > 0 GROUP BY 1, 2",
                self._get_arrivals(product_ids),
            )
        )
        return [((row[0], warehouses[row[1]]), row[2]) for row in rows]

    def _get_arrivals(self, product_ids) -> SQL:
        return get_arrivals_query(
            self.company.id, self.warehouses.lot_stock_id.ids, product_ids
        )
