"""Where stock is, per warehouse, and how it comes here.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .test_eta import EtaCommon

NAMES = ("on_hand", "committed", "free", "backordered", "incoming")


class WhereCommon(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse.out_type_id.reservation_method = "manual"
        cls.north = cls.env["stock.warehouse"].create(
            {"name": "North", "code": "NORTH"}
        )
        cls.north.out_type_id.reservation_method = "manual"

    def _ask(self, record, user=None):
        self.env.invalidate_all()
        record = record.with_user(user or self.env.user)
        action = record.action_where()
        where = self.env[action["res_model"]].browse(action["res_id"])
        return where.with_user(user or self.env.user)

    def _get_line(self, where, warehouse):
        return where.line_ids.filtered(lambda line: line.warehouse_id == warehouse)

    def assertFigures(self, where, warehouse, *figures):  # noqa: N802 - as unittest
        line = self._get_line(where, warehouse)
        self.assertEqual(tuple(line[name] for name in NAMES), figures)


@tagged("post_install", "-at_install")
class TestWhereStock(WhereCommon):
    def _short_here_free_there(self):
        """Scenario: 4 here, of which 1 is reserved for an order of 6; another wants 8;
        20 in the north, of which 5 are to go to an order there; 7 come here."""
        self._put_stock(self.glass, 4, location=self.shelf)
        self._put_stock(self.glass, 20, location=self.north.lot_stock_id)
        first = self._create_order((self.glass, 6))
        first.picking_ids.move_ids._update_reserved_quantity(1, self.stock)
        second = self._create_order((self.glass, 8))
        self._create_order((self.glass, 5), warehouse_id=self.north.id)
        self._expect(3, (self.glass, 7))
        return first, second

    def test_figures(self):
        """Expected: here all 4 are committed, 10 are missing, 7 come; in the north 15
        of 20 are free."""
        _first, second = self._short_here_free_there()
        where = self._ask(second.order_line)
        self.assertFigures(where, self.warehouse, 4, 4, 0, 10, 7)
        self.assertFigures(where, self.north, 20, 5, 15, 0, 0)
        self.assertEqual((where.short, where.warehouse_id), (8, self.warehouse))
        rows = self.env["backorder.demand"].search(
            [
                ("product_id", "=", self.glass.id),
                ("warehouse_id", "=", self.warehouse.id),
            ]
        )
        self.assertEqual(sum(rows.mapped("qty_short")), 10)
        self.assertEqual(sum(rows.mapped(lambda r: r.qty_allocated + r.qty_free)), 4)

    def test_product(self):
        """The same on its form: the sums, or those of a warehouse."""
        self._short_here_free_there()
        self.env.invalidate_all()
        names = ("available", "committed", "incoming")
        for record in (self.glass, self.glass.product_tmpl_id):
            found = [record[f"backorder_{name}_qty"] for name in names]
            self.assertEqual(found, [15, 9, 7])
        here = self.glass.with_context(warehouse_id=self.warehouse.id)
        self.assertEqual([here[f"backorder_{name}_qty"] for name in names], [0, 4, 7])
        where = self._ask(self.glass.product_tmpl_id)
        self.assertFigures(where, self.north, 20, 5, 15, 0, 0)
        self.assertFalse(any(where.line_ids.mapped("can_send")))
        action = self.glass.action_open_arrivals()
        moves = self.env["stock.move"].search(action["domain"])
        self.assertEqual(sum(moves.mapped("product_qty")), 7)

    def test_counted_for_the_first_time(self):
        """A count that nobody has applied is a place without a quantity."""
        self.env["stock.quant"].create(
            {
                "product_id": self.glass.id,
                "location_id": self.stock.id,
                "inventory_quantity": 7,
            }
        )
        where = self._ask(self.glass)
        self.assertFigures(where, self.warehouse, 0, 0, 0, 0, 0)
        self.assertEqual(self.glass.backorder_available_qty, 0)

    def test_service_and_several_variants(self):
        service = self.env["product.product"].create({"name": "A", "type": "service"})
        self.assertEqual(service.backorder_available_qty, 0)
        attribute = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [Command.create({"name": name}) for name in "SL"],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Shirt",
                "is_storable": True,
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": attribute.id,
                            "value_ids": [Command.set(attribute.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        with self.assertRaisesRegex(UserError, "Open one of the variants"):
            template.action_where()

    def test_transfer_here(self):
        """Scenario: 8 are missing here, 15 free in the north; they are sent.

        Expected: one transfer of 8, reserved; the line is expected with it, and has it
        when it arrives.
        """
        order = self._create_order((self.glass, 8))
        self._put_stock(self.glass, 15, location=self.north.lot_stock_id)
        self.assertEtas((order, None))
        where = self._ask(order.order_line)
        self.assertFalse(self._get_line(where, self.warehouse).can_send)
        line = self._get_line(where, self.north)
        self.assertTrue(line.can_send)
        action = line.action_transfer_here()
        transfer = self.env["stock.picking"].browse(action["res_id"])
        self._settle()
        self.assertEqual(transfer.origin, order.name)
        self.assertEqual(transfer.state, "assigned")
        self.assertEqual(transfer.move_ids.product_qty, 8)
        self.assertIn(transfer.name, order.message_ids[0].body)
        self.assertEtas((order, 1))
        self._validate(transfer)
        self.env.invalidate_all()
        self.assertEqual(order.order_line.qty_backordered, 0)

    def test_as_much_as_is_free(self):
        """5 of 8 are free there; the rest stays unknown. Pressed again: refused."""
        order = self._create_order((self.glass, 8))
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        line = self._get_line(self._ask(order.order_line), self.north)
        action = line.action_transfer_here()
        transfer = self.env["stock.picking"].browse(action["res_id"])
        self.assertEqual(transfer.move_ids.product_qty, 5)
        with self.assertRaisesRegex(UserError, "Nothing of Wine Glass is free"):
            line.action_transfer_here()

    def test_sent_twice(self):
        """Scenario: 20 are free in the north, 8 are missing here; somebody presses
        again, by either way.

        Expected: what is on its way is not sent again.
        """
        self._put_stock(self.glass, 20, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 8))
        line = self._get_line(self._ask(order.order_line), self.north)
        line.action_transfer_here()
        self._settle()
        with self.assertRaisesRegex(UserError, f"8.00 Units .* {order.name} already"):
            line.action_transfer_here()
        self.warehouse.resupply_wh_ids = self.north
        other = self._create_order((self.glass, 3))
        line = self._get_line(self._ask(other.order_line), self.north)
        line.action_transfer_here()
        self._settle()
        with self.assertRaisesRegex(UserError, f"3.00 Units .* {other.name} already"):
            line.action_transfer_here()

    def test_two_lines_of_the_order(self):
        """Each of them has its 4 sent, and no more."""
        self._put_stock(self.glass, 20, location=self.north.lot_stock_id)
        order = self._create_order((self.glass, 4), (self.glass, 4))
        lines = [
            self._get_line(self._ask(each), self.north) for each in order.order_line
        ]
        for line in lines:
            line.action_transfer_here()
            self._settle()
        with self.assertRaisesRegex(UserError, "8.00 Units .* already"):
            lines[0].action_transfer_here()

    def test_by_the_route_between_the_warehouses(self):
        """Odoo's own: out of the north, through the transit, into stock here."""
        self.warehouse.resupply_wh_ids = self.north
        order = self._create_order((self.glass, 8))
        self._put_stock(self.glass, 15, location=self.north.lot_stock_id)
        line = self._get_line(self._ask(order.order_line), self.north)
        line.action_transfer_here()
        moves = self.env["stock.move"].search(
            [("product_id", "=", self.glass.id), ("sale_line_id", "=", False)]
        )
        transit = self.env.company.internal_transit_location_id
        self.assertIn(transit, moves.location_dest_id | moves.location_id)
        self.assertIn(self.north.lot_stock_id, moves.location_id)
        self._settle()
        self.env.invalidate_all()
        self.assertTrue(order.backorder_eta)

    def test_added_to_a_transfer_that_is_open(self):
        """Scenario: 10 are missing here; 4 are sent by the route, then 3 more.

        Expected: Odoo adds them to the open transfer: 7 leave in all, and no other
        transfer is made; the last 3 can still be sent.
        """
        self.warehouse.resupply_wh_ids = self.north
        order = self._create_order((self.glass, 10))
        for quantity in (4, 3):
            self._put_stock(self.glass, quantity, location=self.north.lot_stock_id)
            line = self._get_line(self._ask(order.order_line), self.north)
            action = line.action_transfer_here()
            self._settle()
        self.assertTrue(action.get("res_id") or action.get("domain"))
        leaving = self.env["stock.move"].search(
            [
                ("product_id", "=", self.glass.id),
                ("location_id", "child_of", self.north.lot_stock_id.id),
            ]
        )
        self.assertEqual(sum(leaving.mapped("product_qty")), 7)
        self.assertEqual(line._count_unsent(), 3)
        # and so for another order: what Odoo has merged is for both
        other = self._create_order((self.glass, 5))
        self._put_stock(self.glass, 5, location=self.north.lot_stock_id)
        line = self._get_line(self._ask(other.order_line), self.north)
        line.action_transfer_here()
        self._settle()
        self.assertLessEqual(line._count_unsent(), 0)

    def test_other_company(self):
        """Its warehouses are not shown, its stock is not counted."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)])
        self._put_stock(self.glass, 50, location=theirs[:1].lot_stock_id)
        order = self._create_order((self.glass, 8))
        where = self._ask(order.order_line)
        self.assertFalse(where.line_ids.warehouse_id & theirs)
        self.assertEqual(sum(where.line_ids.mapped("on_hand")), 0)
        self.assertEqual(self.glass.backorder_available_qty, 0)

    def test_rights(self):
        """A salesperson sees the figures, sends nothing; nobody sees another's
        dialog."""
        order = self._create_order((self.glass, 8))
        self._put_stock(self.glass, 15, location=self.north.lot_stock_id)
        seller = new_test_user(
            self.env, "seller", "base.group_user,sales_team.group_sale_salesman"
        )
        order.user_id = seller
        self._settle()
        where = self._ask(order.order_line, seller)
        self.assertFigures(where, self.north, 15, 0, 15, 0, 0)
        with self.assertRaisesRegex(AccessError, "Ask the warehouse"):
            self._get_line(where, self.north).action_transfer_here()
        colleague = new_test_user(
            self.env, "picker", "base.group_user,stock.group_stock_user"
        )
        with self.assertRaises(AccessError):
            where.with_user(colleague).read(["short"])
        with self.assertRaises(AccessError):
            where.write({"short": 15})
        row = order.order_line.move_ids.backorder_demand_ids
        own = self._ask(row, colleague)
        with self.assertRaises(AccessError):
            own.create({"product_id": self.glass.id, "company_id": 1})
        self._get_line(own, self.north).action_transfer_here()
        self.assertIn("are sent from North", order.message_ids[0].body)
