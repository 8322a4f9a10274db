"""Reserving in bulk gives what core gives for the same order of moves."""

import random
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .reservation_common import ReservationCase

SEEDS = range(40)


@tagged("post_install", "-at_install")
class TestReservationDifferential(ReservationCase):
    """Random warehouses: each is reserved twice, by core's routine and in bulk.

    Core is reached by claiming that an unknown module is in the way, so that the gate
    hands it the same moves in the same order.
    """

    def test_bulk_equals_core(self):
        for seed in SEEDS:
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                moves = self._random_warehouse(random.Random(seed))
                core, _planned = self._reserved_by_core(moves)
                bulk, planned = self._reserved_in_bulk(moves)
                self.assertEqual(bulk, core)
                self.assertTrue(planned, "this seed compares core with itself")
                self._assert_reservations_are_sound()
                self.env.flush_all()
                savepoint.rollback()
                self.env.transaction.clear()

    # ------------------------------------------------------------------- two ways

    def _reserved_by_core(self, moves):
        with self.env.cr.savepoint() as savepoint:
            with patch.object(
                self.registry["stock.move"],
                "_has_unknown_reservation_hooks",
                lambda self: True,
            ):
                moves._action_assign()
            result = self._snapshot(moves)
            savepoint.rollback()
        self.env.transaction.clear()
        return result, None

    def _reserved_in_bulk(self, moves):
        planned = []
        original = self.registry["stock.move"]._reserve_in_bulk

        def spy(self):
            result = original(self)
            planned.extend(result.ids)
            return result

        with patch.object(self.registry["stock.move"], "_reserve_in_bulk", spy):
            moves._action_assign()
        return self._snapshot(moves), planned

    # ----------------------------------------------------------- random warehouses

    def _random_warehouse(self, chance):
        """Stock, some reserved, then more stock: lines are increased and created."""
        self.locations = [
            self.stock,
            self.shelf_a,
            self.shelf_b,
            self._location("Shelf A/1", self.shelf_a),
        ]
        self.owners = [False, False, self.customer.id]
        products = [self._random_product(chance) for _index in range(4)]
        self._put(1000, products[0])  # at least this one can be planned
        for product in products[1:]:
            self._random_stock(chance, product)
        moves = self.env["stock.move"]
        for _index in range(chance.randint(6, 14)):
            moves += self._random_demand(chance, chance.choice(products))
        moves += self._random_demand(chance, products[0])
        with patch.object(
            self.registry["stock.move"],
            "_has_unknown_reservation_hooks",
            lambda self: True,
        ):
            moves[: len(moves) // 2]._action_assign()
        for product in products[1:]:
            self._random_stock(chance, product)
        self.env.flush_all()
        return moves

    def _random_product(self, chance):
        strategy = chance.choice([None, "fifo", "lifo", "closest"])
        category = self.env["product.category"].create(
            {
                "name": "Random",
                "removal_strategy_id": self.env["product.removal"]
                .search([("method", "=", strategy)], limit=1)
                .id,
            }
        )
        return self._product(
            "Random",
            categ_id=category.id,
            tracking=chance.choice(["none", "none", "lot"]),
            uom_id=chance.choice([self.unit, self.unit, self.dozen]).id,
        )

    def _random_stock(self, chance, product):
        lots = self._random_lots(chance, product)
        for _index in range(chance.randint(1, 6)):
            location = chance.choice(self.locations)
            quantity = chance.choice([1, 2, 5, 7.5, 12, 30, 0.4, 0])
            if chance.random() < 0.12:
                quantity = -chance.choice([1, 3, 6])
            lot, owner = chance.choice(lots), chance.choice(self.owners)
            package = self._random_package(chance)
            same = self.env["stock.quant"].search(
                [
                    ("product_id", "=", product.id),
                    ("location_id", "=", location.id),
                    ("lot_id", "=", lot),
                    ("owner_id", "=", owner),
                    ("package_id", "=", package),
                ]
            )
            # Two quants of the same characteristics are rare, but they exist.
            if same and chance.random() < 0.9:
                same[0].quantity += max(quantity, 0)
                continue
            self._put(
                quantity,
                product,
                location,
                lot_id=lot,
                owner_id=owner,
                package_id=package,
                in_date=fields.Datetime.from_string("2026-01-01")
                + chance.randint(0, 5) * self._day(),
            )

    def _random_lots(self, chance, product):
        if product.tracking == "none":
            return [False]
        lots = self.env["stock.lot"].search([("product_id", "=", product.id)])
        lots = lots or self.env["stock.lot"].create(
            [{"name": f"L{i}", "product_id": product.id} for i in range(3)]
        )
        # Stock without lot makes core count otherwise: seldom, so that both are tested.
        return lots.ids + ([False] if chance.random() < 0.2 else [])

    def _random_package(self, chance):
        if chance.random() < 0.6:
            return False
        return self.env["stock.package"].create({"name": "P"}).id

    @staticmethod
    def _day():
        return fields.Datetime.from_string("2026-01-02") - fields.Datetime.from_string(
            "2026-01-01"
        )

    def _random_demand(self, chance, product):
        return self._demand(
            chance.choice([1, 2, 3, 5, 8, 0.5, 1.25, 13, 40]),
            product,
            needed=f"2026-02-{chance.randint(1, 9):02d}",
            ordered=f"2026-01-{chance.randint(1, 9):02d}",
            priority=chance.choice(["0", "0", "1"]),
            product_uom=chance.choice([self.unit, self.dozen]).id,
            location_id=chance.choice([self.stock, self.stock, self.shelf_a]).id,
        )
