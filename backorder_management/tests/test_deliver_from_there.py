"""What a line misses is delivered from another warehouse.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .test_eta import march
from .test_where_stock import WhereCommon


@tagged("post_install", "-at_install")
class TestDeliverFromThere(WhereCommon):
    def _press(self, order, user=None, line=None):
        where = self._ask(line or order.order_line, user)
        action = self._get_line(where, self.north).action_deliver_from_there()
        self._settle()
        self.env.invalidate_all()
        return self.env["stock.picking"].browse(action.get("res_id")).sudo()

    def _ship(self, order):
        """All that can be reserved, step by step."""
        while opened := self._get_open(order):
            opened[:1].action_assign()
            self._validate(opened[:1])

    def _get_quantities(self, order):
        """By warehouse, what its open first steps deliver."""
        moves = order.order_line.move_ids._filter_cancellable()
        return {
            warehouse: sum(same.mapped("product_qty"))
            for warehouse, same in moves.grouped("warehouse_id").items()
        }

    def test_all_of_it_is_there(self):
        """Scenario: 3 of 8 are here, 15 free in the north, 5 come on the 3rd.

        Expected: 3 from here, 5 from the north, today; the line orders 8 as before.
        """
        self._put_stock(self.glass, 3, location=self.shelf)
        self._put_stock(self.glass, 15, location=self.north.lot_stock_id)
        self._expect(3, (self.glass, 5))
        order = self._create_order((self.glass, 8))
        self.assertEtas((order, 3))
        since = order.order_line.backorder_since
        delivery = self._press(order)
        self.assertEqual(delivery.picking_type_id, self.north.out_type_id)
        self.assertEqual(delivery.partner_id, self.customer)
        self.assertEqual(delivery.origin, order.name)
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 3, self.north: 5}
        )
        line = order.order_line
        self.assertEqual(line.product_uom_qty, 8)
        self.assertEqual((line.backorder_state, line.qty_cancelled), ("ready", 0))
        self.assertEqual(line.backorder_since, since)
        self.assertEqual(delivery.move_ids.backorder_since, since)
        self.assertEqual(line.backorder_eta, march(1))
        body = order.message_ids[0].body
        self.assertIn("5.00 Units of Wine Glass are delivered from North", body)
        self.assertIn(delivery.name, body)
        self._ship(order)
        self.assertEqual(line.qty_delivered, 8)

    def test_quantity_of_the_line_is_raised_later(self):
        """What the other warehouse delivers counts: 10 instead of 8 are 2 more."""
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 8))
        self._press(order)
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 3, self.north: 5}
        )
        order.order_line.product_uom_qty = 10
        self._settle()
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 5, self.north: 5}
        )

    def test_quantity_of_the_line_is_lowered_later(self):
        """Scenario: 3 from here, 5 from the north; 8 become 7, then 2.

        Expected: the own warehouse gives way first, then the north; nobody returns
        what he never got.
        """
        route = self.warehouse.delivery_route_id
        route.sale_selectable = True
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 8,
                "route_ids": [Command.set(route.ids)],
            }
        )
        self._press(order)
        line = order.order_line
        self.assertEqual(
            line._spread_lowering(9, self.unit), {self.warehouse: 4, self.north: 5}
        )
        for quantity, here, there in ((7, 2, 5), (2, 0, 2)):
            order.order_line.product_uom_qty = quantity
            self._settle()
            self.env.invalidate_all()
            found = self._get_quantities(order)
            self.assertEqual(found.get(self.warehouse, 0), here)
            self.assertEqual(found.get(self.north, 0), there)
        types = order.picking_ids.picking_type_id
        self.assertEqual(types, self.warehouse.out_type_id | self.north.out_type_id)

    def test_raised_and_lowered_again(self):
        """Scenario: all 5 come from the north; 5 become 7 and then 6."""
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 5))
        self._press(order)
        for quantity, here in ((7, 2), (6, 1)):
            order.order_line.product_uom_qty = quantity
            self._settle()
            self.env.invalidate_all()
            self.assertEqual(
                self._get_quantities(order), {self.warehouse: here, self.north: 5}
            )

    def test_lowered_in_dozens(self):
        """Scenario: 2 dozen; 6 from here, 18 from the north; one dozen is enough.
        Odoo is told to keep to the unit that was sold."""
        self.env["ir.config_parameter"].set_param("stock.propagate_uom", "1")
        self._put_stock(self.glass, 18, location=self.north.lot_stock_id)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 2,
                "product_uom_id": self.dozen.id,
            }
        )
        self._press(order)
        order.order_line.product_uom_qty = 1
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(self._get_quantities(order), {self.north: 12})

    def test_delivery_goes_on_without_it(self):
        """Scenario: jugs are here, glasses in the north.

        Expected: the delivery from here knows nothing of glasses any more.
        """
        jug = self._create_product("Jug")
        self._put_stock(jug, 5)
        self._put_stock(self.glass, 8, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 8), (jug, 5))
        here = order.picking_ids
        self._press(order, line=order.order_line[0])
        self.assertEqual(here.move_ids.product_id, jug)
        self.assertEqual(here.backorder_state, "none")

    def test_cancelled_after_all(self):
        """A delivery that is cancelled is expected no more, though the rest of the
        line never was."""
        self._put_stock(self.glass, 3, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 5))
        delivery = self._press(order)
        self.assertEqual(delivery.backorder_eta, march(1))
        delivery.action_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertFalse(delivery.backorder_eta)

    def test_steps_of_both_warehouses(self):
        """Scenario: picking and shipping here and in the north.

        Expected: what is to be picked here and there, no step wants more than comes.
        """
        self._set_steps("pick_ship")
        self.north.delivery_steps = "pick_ship"
        self._put_stock(self.glass, 3, location=self.shelf)
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 8))
        self._press(order)
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 3, self.north: 5}
        )
        self.assertEqual(order.order_line.qty_backordered, 0)
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 8)

    def test_bought_to_order(self):
        """Scenario: 8 are bought for this order; 8 are free in the north.

        Expected: the north delivers; nobody waits for the purchase any more, and its
        buyer is told.
        """
        product = self._create_bought("Decanter", self._get_bought_to_order())
        order = self._create_order((product, 8))
        purchase = self._get_purchase(product)
        purchase.button_confirm()
        self._put_stock(product, 8, location=self.north.lot_stock_id)
        delivery = self._press(order)
        self.assertEqual(delivery.move_ids.procure_method, "make_to_stock")
        self.assertEqual(self._get_quantities(order), {self.north: 8})
        self.assertEqual(order.order_line.qty_backordered, 0)
        self.assertTrue(purchase.activity_ids | purchase.picking_ids.activity_ids)
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 8)

    def test_component_of_a_kit(self):
        """Scenario: two tables; 5 of 8 legs are here, both tops in the north.

        Expected: the tops come from the north, the legs from here; with the last legs
        the tables are delivered.
        """
        table, top, leg = self._create_table()
        self._put_stock(leg, 5)
        self._put_stock(top, 2, location=self.north.lot_stock_id)
        order = self._create_order((table, 2))
        rows = order.order_line.move_ids.backorder_demand_ids
        row = rows.filtered(lambda row: row.product_id == top)
        delivery = self._press(order, line=row)
        self.assertEqual(delivery.move_ids.product_id, top)
        self.assertEqual(delivery.move_ids.bom_line_id.product_id, top)
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 8, self.north: 2}
        )
        self._put_stock(leg, 3)
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)

    def test_missing_in_two_deliveries(self):
        """Scenario: 8 in two deliveries from here, 5 are free in the north.

        Expected: the dialog asks for 8; the later delivery ends, the first keeps 3.
        """
        order = self._create_order((self.glass, 8))
        first = order.order_line.move_ids
        later = self.env["stock.move"].create(first._split(4))
        later.picking_id = first.picking_id.copy({"move_ids": []})
        later._action_confirm(merge=False)
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        self.assertEqual(self._ask(order.order_line).short, 8)
        self._press(order)
        self.assertEqual((first.product_qty, later.state), (3, "cancel"))
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 3, self.north: 5}
        )

    def test_missing_in_two_warehouses(self):
        """Scenario: 3 are missing here and 5 in the north, 10 are in the west.

        Expected: what is asked of the one stays in the other.
        """
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 8))
        self._press(order)
        self._put_stock(self.glass, -5, location=self.north.lot_stock_id)
        west = self.env["stock.warehouse"].create({"name": "West", "code": "WEST"})
        self._put_stock(self.glass, 10, location=west.lot_stock_id)
        rows = order.order_line.move_ids.backorder_demand_ids
        here = rows.filtered(lambda row: row.warehouse_id == self.warehouse)
        self._get_line(self._ask(here), west).action_deliver_from_there()
        self.assertEqual(self._get_quantities(order), {self.north: 5, west: 3})

    def test_dozens(self):
        """A line of 2 dozen, of which 18 glasses are free in the north."""
        self._put_stock(self.glass, 18, location=self.north.lot_stock_id)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 2,
                "product_uom_id": self.dozen.id,
            }
        )
        self._press(order)
        self.assertEqual(
            self._get_quantities(order), {self.warehouse: 6, self.north: 18}
        )
        self.assertEqual(order.order_line.qty_backordered, 0.5)

    def test_pressed_twice(self):
        """By two people: the second is told, and nothing is ordered twice."""
        self._put_stock(self.glass, 15, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 8))
        line = self._get_line(self._ask(order.order_line), self.north)
        line.action_deliver_from_there()
        self._settle()
        with self.assertRaisesRegex(UserError, "open the order again"):
            line.action_deliver_from_there()
        self.assertEqual(self._get_quantities(order), {self.north: 8})

    def test_rights(self):
        """The order's salesperson and the warehouse may, a colleague who cannot change
        the order may not."""
        self._put_stock(self.glass, 15, location=self.north.lot_stock_id)
        seller, colleague = (
            new_test_user(
                self.env, name, "base.group_user,sales_team.group_sale_salesman"
            )
            for name in ("seller", "colleague")
        )
        picker = new_test_user(
            self.env, "picker", "base.group_user,stock.group_stock_user"
        )
        orders = self._create_order((self.glass, 2)) | self._create_order(
            (self.glass, 3)
        )
        orders.user_id = colleague
        self._settle()
        hers = self._get_line(self._ask(orders[0].order_line, colleague), self.north)
        orders.user_id = seller
        self._settle()
        with self.assertRaisesRegex(AccessError, "Sales Order"):
            hers.action_deliver_from_there()
        delivery = self._press(orders[0], seller)
        self.assertEqual(delivery.move_ids.product_qty, 2)
        row = orders[1].order_line.move_ids.backorder_demand_ids
        delivery = self._press(orders[1], picker, line=row)
        self.assertEqual(delivery.move_ids.product_qty, 3)

    def test_what_was_told_stays(self):
        """A promise belongs to the line, and does not move."""
        self._expect(10, (self.glass, 8))
        order = self._create_order((self.glass, 8))
        day = order.order_line.backorder_eta
        self.env["backorder.promise"]._give({order.order_line: day}, "wish", "by phone")
        self._put_stock(self.glass, 8, location=self.north.lot_stock_id)
        self._press(order)
        self.assertEqual(order.order_line.backorder_promise_date, march(10))
        self.assertEqual(order.order_line.backorder_eta, march(1))
