"""Kits: the line sells tables, the moves carry tops and legs."""

from odoo.tests import tagged

from .common import BackorderCommon


@tagged("post_install", "-at_install")
class TestKits(BackorderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table, cls.top, cls.leg = cls._create_table()

    def test_the_scarcest_component_decides(self):
        """
        GIVEN 5 tops and 10 legs in stock
        WHEN 5 tables are sold
        THEN 2 are allocated and 3 short: a third table lacks legs
        """
        self._put_stock(self.top, 5)
        self._put_stock(self.leg, 10)
        order = self._create_order((self.table, 5))
        self.assertLine(order.order_line, "partial", backordered=3, allocated=2)

        self._receive((self.leg, 10))
        self.assertLine(order.order_line, "ready", allocated=5)

        self._validate(order.picking_ids)
        self.assertLine(order.order_line, "fulfilled")
        self.assertEqual(order.order_line.qty_delivered, 5)

    def test_a_pinned_kit_keeps_what_comes_for_its_parts(self):
        """
        GIVEN 2 tables are pinned; 5 tops and 6 legs are to come
        WHEN a starred order of 5 tables comes, and then the goods
        THEN the tables have their 2 tops and 6 legs, the other order 3 tops
        """
        order = self._create_order((self.table, 2))
        receipt = self._create_receipt((self.top, 5), (self.leg, 6))
        order.order_line._pin("promised by phone")
        starred = self._create_starred((self.table, 5))
        self._validate(receipt, {self.top: 5, self.leg: 6})
        self.assertEqual(order.picking_ids.move_ids.mapped("quantity"), [2, 6])
        self.assertEqual(starred.picking_ids.move_ids.mapped("quantity"), [3, 0])

    def test_cancelled_rest(self):
        """
        GIVEN 2 of 5 tables were shipped and the rest cancelled
        THEN 3 are cancelled, and raising the order to 6 opens one table
        """
        self._put_stock(self.top, 2)
        self._put_stock(self.leg, 8)
        order = self._create_order((self.table, 5))
        self._validate(order.picking_ids, backorder=False)
        line = order.order_line
        self.assertEqual(line.qty_delivered, 2)
        self.assertLine(line, "cancelled", cancelled=3)
        line.product_uom_qty = 6
        self._settle()
        self.assertLine(line, "backordered", backordered=1, cancelled=3)

    def test_incomplete_shipment_leaves_whole_kits_open(self):
        """
        GIVEN 5 tops and 10 legs, all of them shipped
        THEN 2 tables are delivered and 3 are open, lacking 10 legs
        """
        self._put_stock(self.top, 5)
        self._put_stock(self.leg, 10)
        order = self._create_order((self.table, 5))
        self._validate(order.picking_ids)
        line = order.order_line
        self.assertEqual(line.qty_delivered, 2)
        self.assertLine(line, "backordered", backordered=3)

    def test_dozen_of_kits(self):
        order = self._create_order(
            {
                "product_id": self.table.id,
                "product_uom_qty": 1,
                "product_uom_id": self.dozen.id,
            }
        )
        self.assertLine(order.order_line, "backordered", backordered=1)
        self._receive((self.leg, 24), (self.top, 12))
        self.assertLine(order.order_line, "partial", backordered=0.5, allocated=0.5)
