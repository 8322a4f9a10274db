"""Several quants of one kind, as two transactions at the same moment leave them."""

from odoo.tests import tagged

from .run_common import RunCommon


@tagged("post_install", "-at_install")
class TestDuplicateQuants(RunCommon):
    def _split_reserved(self, *parts):
        """The quants of glasses hold these parts of what is reserved, oldest first."""
        quant = self.env["stock.quant"].search(
            [
                ("product_id", "=", self.glass.id),
                ("location_id", "=", self.warehouse.lot_stock_id.id),
            ]
        )
        self.assertEqual(sum(parts), quant.reserved_quantity, "that is not the sum")
        quants = quant.sudo()
        for _part in parts[1:]:
            quants |= quants.create(
                {
                    "product_id": self.glass.id,
                    "location_id": self.warehouse.lot_stock_id.id,
                    "quantity": 0,
                }
            )
        for day, (each, part) in enumerate(zip(quants, parts, strict=True), start=1):
            each.write({"reserved_quantity": part, "in_date": f"2025-01-0{day}"})

    def _assert_reserved(self, quantity):
        quants = self.env["stock.quant"].search([("product_id", "=", self.glass.id)])
        lines = self.env["stock.move.line"].search(
            [("product_id", "=", self.glass.id), ("state", "!=", "done")]
        )
        self.assertEqual(sum(lines.mapped("quantity_product_uom")), quantity)
        self.assertEqual(sum(quants.mapped("reserved_quantity")), quantity)

    def test_one_holds_less_than_nothing(self):
        """
        GIVEN 20 in stock, 8 reserved: the first quant holds -5 of them, the other 13
        WHEN another order of 3 is reserved
        THEN 11 are reserved, in the quants as on the deliveries
        """
        self._put_stock(self.glass, 20)
        self._create_order((self.glass, 8))
        self._split_reserved(-5, 13)
        self._create_order((self.glass, 3))
        self._assert_reserved(11)

    def test_each_holds_too_little_to_give_back(self):
        """
        GIVEN 20 in stock, 6 and 2 reserved: the quants hold 4 each
        WHEN the 6 are given back
        THEN 2 are reserved
        """
        self._put_stock(self.glass, 20)
        order = self._create_order((self.glass, 6))
        self._create_order((self.glass, 2))
        self._split_reserved(4, 4)
        order.picking_ids.do_unreserve()
        self._assert_reserved(2)

    def test_shipping_what_is_spread(self):
        """
        GIVEN the same
        WHEN the 6 are shipped
        THEN 2 are reserved, and 14 are there
        """
        self._put_stock(self.glass, 20)
        order = self._create_order((self.glass, 6))
        self._create_order((self.glass, 2))
        self._split_reserved(4, 4)
        self._validate(order.picking_ids)
        self._assert_reserved(2)
        self.assertEqual(self.glass.qty_available, 14)

    def test_goods_without_a_lot_are_another_kind(self):
        """
        GIVEN quants of a lot that hold 3 and 2 reserved, and one without lot that
            holds 10
        WHEN 5 of the lot are given back, and 4 more, which only the latter holds
        THEN the lot holds none at first, and then the one without lot 6
        """
        wine = self._create_product("Wine", tracking="lot")
        lot = self.env["stock.lot"].create({"name": "L", "product_id": wine.id})
        quants = self.env["stock.quant"].sudo()
        for each, reserved in ((lot, 3), (lot, 2), (lot.browse(), 10)):
            quants.create(
                {
                    "product_id": wine.id,
                    "location_id": self.stock.id,
                    "lot_id": each.id,
                    "quantity": 20,
                    "reserved_quantity": reserved,
                }
            )

        def give_back(quantity):
            quants._update_reserved_quantity(wine, self.stock, -quantity, lot_id=lot)
            found = quants.search([("product_id", "=", wine.id)])
            return [
                sum(same.mapped("reserved_quantity"))
                for same in (found.filtered("lot_id"), found - found.filtered("lot_id"))
            ]

        self.assertEqual(give_back(5), [0, 10])
        self.assertEqual(give_back(4), [0, 6])

    def test_a_run_takes_what_is_spread(self):
        """
        GIVEN an order that holds 6, of which the quants hold 4 and 2
        WHEN a run gives them to a starred order, and when that is undone
        THEN 6 are reserved
        """
        holder, starred = self._contest(self.glass, 6)
        self._split_reserved(4, 2)
        strategy = self._create_strategy("-star", segments=[("[]", "redistribute")])
        run = self._simulate(strategy, product_ids=self.glass.ids)
        run.action_apply()
        self.assertReserved(starred, 6)
        self._assert_reserved(6)
        run.action_undo()
        self.assertReserved(holder, 6)
        self._assert_reserved(6)
