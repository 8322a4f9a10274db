"""The same agreement through one, two and three steps, with kits, units, returns and
warehouses."""

from __future__ import annotations

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form

from .common import STEPS
from .test_agreements import AgreementCommon


class TestSteps(AgreementCommon):
    """
    GIVEN half of the goods for the first shipment, two shipments, the last one complete
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._agree(
            shipping="threshold",
            first_min_percent=50,
            max_shipments=2,
            remainder="wait",
        )

    def _walk(self, order):
        """Validate what is ready until it has left.

        :return: the transfers, first step first
        """
        walked = self.env["stock.picking"]
        while ready := order.picking_ids.filtered(
            lambda each: each.state == "assigned"
        ):
            self.assertIs(self._press_validate(ready[0]), True)
            walked |= ready[0]
        return walked

    def _play(self, order, number):
        """The story, up to the end."""
        self.assertHeld(order, "40 % of 50 % by quantity")
        self.assertReserved(order, *([0] * number))
        self._receive((self.glass, 2))
        first = self._walk(order)
        self.assertEqual(first[-1].release_number, 1)
        self.assertEqual(order.order_line.qty_delivered, 6)
        self._receive((self.glass, 3))
        self.assertHeld(order, "Shipment 2 of 2 at most")
        self._receive((self.glass, 1))
        second = self._walk(order)
        self.assertEqual(second[-1].release_number, 2)
        self.assertEqual(order.order_line.qty_delivered, 10)
        self.assertEqual(order.delivery_status, "full")
        self.assertStockSound(self.glass)

    def _run_steps(self, steps):
        self._set_steps(steps)
        self._put_stock(self.glass, 4)
        self._play(self._create_order((self.glass, 10)), 1)

    def test_one_step(self):
        self._run_steps("ship_only")

    def test_two_steps(self):
        self._run_steps("pick_ship")

    def test_three_steps(self):
        self._run_steps("pick_pack_ship")

    def test_later_step_checks_again(self):
        """
        GIVEN six of ten were picked, and three of them are lost on the way
        THEN the last step holds the three that are left
        """
        self._set_steps("pick_ship")
        self._put_stock(self.glass, 6)
        order = self._create_order((self.glass, 10))
        self._press_validate(self._delivery(order))
        out = order.picking_ids.filtered(lambda each: each.state == "assigned")
        self.assertEqual(out.picking_type_id, self.warehouse.out_type_id)
        out.move_ids.quantity = 3
        out.move_ids.picked = True
        with self.assertRaisesRegex(UserError, "30 % of 50 % by quantity"):
            out.button_validate()

    def test_typed_and_validated_by_a_program(self):
        """What it has just typed is no free stock any more."""
        self._set_steps("pick_ship")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        pick = self._delivery(order)
        pick.move_ids.write({"quantity": 4, "picked": True})
        with self.assertRaisesRegex(UserError, "40 % of 50 % by quantity"):
            pick.button_validate()

    def test_release_counts_for_all_steps(self):
        self._set_steps("pick_pack_ship")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._delivery(order)._override_hold("Agreed by phone")
        self._settle()
        self.assertEqual(len(self._walk(order)), 3)
        self.assertEqual(order.order_line.qty_delivered, 4)

    def test_rest_is_cancelled_in_all_steps(self):
        for steps in STEPS:
            with self.subTest(steps=steps):
                self._agree(max_shipments=1, remainder="cancel")
                order = self._create_order_in_steps(steps)
                self._walk(order)
                self.assertEqual(order.order_line.qty_delivered, 4)
                self.assertEqual(order.order_line.qty_cancelled, 6)
                self.assertFalse(self._delivery(order))
                self.assertEqual(order.delivery_status, "cut_short")
                self.assertEqual(
                    sum("6.00" in note.body for note in order.message_ids), 1
                )

    def test_what_is_at_packing_ships_as_one_more(self):
        """
        GIVEN three steps and one shipment, the rest of which is cancelled
        WHEN it leaves while three more are picked and wait to be packed
        THEN these are not cancelled, and leave after it
        """
        self._set_steps("pick_pack_ship")
        self._agree(max_shipments=1, remainder="cancel")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        for _step in ("pick", "pack"):
            self._press_validate(self._find_ready(order))
        out = self._find_ready(order)
        self._receive((self.glass, 3))
        self._press_validate(self._find_ready(order) - out)
        self._press_validate(out)
        self.assertEqual(order.order_line.qty_delivered, 4)
        self.assertEqual(order.order_line.qty_cancelled, 3)
        self._walk(order)
        self.assertEqual(order.order_line.qty_delivered, 7)
        self.assertEqual(order.delivery_status, "cut_short")

    def _find_ready(self, order):
        return order.picking_ids.filtered(lambda each: each.state == "assigned")

    def test_whoever_is_asked_wants_no_rest(self):
        """
        GIVEN two steps, four of ten picked, and the agreement says: ask
        WHEN whoever ships says that no backorder is wanted
        THEN the rest ends in all steps, and the order says so
        """
        for pulled in (False, True):
            with self.subTest(pulled=pulled):
                self._set_steps("pick_ship")
                if pulled:
                    self._pull()
                self._agree(max_shipments=1, remainder="ask")
                product = self._create_product("Jug")
                self._put_stock(product, 4)
                order = self._create_order((product, 10))
                pick = self._delivery(order)
                pick.with_context(skip_backorder=True).button_validate()
                self._settle()
                out = order.picking_ids.filtered(lambda each: each.state == "assigned")
                action = self._press_validate(out)
                Form.from_action(self.env, action).save().process_cancel_backorder()
                self._settle()
                self.assertEqual(order.order_line.qty_delivered, 4)
                self.assertEqual(order.order_line.qty_cancelled, 6)
                self.assertFalse(self._delivery(order))
                self.assertNotIn(
                    "Rest of the last shipment", order.activity_ids.mapped("summary")
                )
                self.assertIn("6.00", order.message_ids[0].body)

    def test_pulled_steps(self):
        """Steps that were pulled one after the other, as in older databases."""
        for steps in STEPS[1:]:
            with self.subTest(steps=steps):
                self._set_steps(steps)
                self._pull()
                product = self._create_product(steps)
                self._put_stock(product, 4)
                order = self._create_order((product, 10))
                self.assertGreater(len(order.picking_ids), 1)
                first = order.picking_ids.filtered("backorder_held")
                self.assertEqual(len(first), 1)
                self.assertEqual(
                    first.backorder_hold_reason, "40 % of 50 % by quantity"
                )
                self.assertEqual(order.backorder_state, "held")
                self.assertReserved(order, 0)
                self._receive((product, 2))
                self._walk(order)
                self.assertEqual(order.order_line.qty_delivered, 6)

    def test_two_picks(self):
        """
        GIVEN an order that ships at once, in two transfers of the first step
        THEN each can be picked, and both leave together
        """
        self._set_steps("pick_ship")
        self._agree(shipping="complete_order")
        self._put_stock(self.glass, 10)
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10))
        self._delivery(order).printed = True
        self._add_line(order, self.cup, 3)
        picks = order.picking_ids.sorted("id")
        self.assertEqual(len(picks), 2)
        for pick in picks:
            self._press_validate(pick)
            self.assertEqual(pick.state, "done")
        self._walk(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [10, 3])

    def test_part_of_what_is_there_is_picked(self):
        """It is no shipment yet; the last step counts."""
        self._set_steps("pick_ship")
        self._put_stock(self.glass, 6)
        order = self._create_order((self.glass, 10))
        pick = self._delivery(order)
        pick.move_ids.write({"quantity": 2, "picked": True})
        self._settle()
        pick.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(pick.state, "done")
        out = order.picking_ids.filtered(
            lambda each: each.picking_type_id == self.warehouse.out_type_id
        )
        self.assertEqual(out.backorder_hold_reason, "20 % of 50 % by quantity")
        with self.assertRaisesRegex(UserError, "20 % of 50 %"):
            out.button_validate()

    def test_second_pick_joins_the_first(self):
        """
        GIVEN the rest of a shipment that may be cancelled
        WHEN more is picked before the first part has left
        THEN all of it leaves as one shipment
        """
        self._set_steps("pick_ship")
        self._agree(max_shipments=1, remainder="cancel")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._press_validate(self._delivery(order))
        self._receive((self.glass, 6))
        pick = order.picking_ids.filtered(
            lambda each: (
                each.state == "assigned"
                and each.picking_type_id == self.warehouse.pick_type_id
            )
        )
        self._press_validate(pick)
        self._walk(order)
        self.assertEqual(order.order_line.qty_delivered, 10)
        self.assertEqual(order.order_line.qty_cancelled, 0)

    def test_two_units(self):
        """Five of ten dozen are half of it, two pieces less are not."""
        self._put_stock(self.glass, 58)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 10,
                "product_uom_id": self.dozen.id,
            }
        )
        self.assertHeld(order, "4")
        self._receive((self.glass, 2))
        self._walk(order)
        self.assertEqual(order.order_line.qty_delivered, 5)

    def test_return_in_the_middle(self):
        """
        WHEN goods of the first shipment come back for a refund, or for others
        THEN the second shipment is still the last one, and complete with the rest
        """
        self._put_stock(self.glass, 6)
        order = self._create_order((self.glass, 10))
        shipped = self._walk(order)
        self._return(shipped, 2, refund=True)
        # what came back is free again
        self.assertHeld(order, "Shipment 2 of 2 at most")
        self._receive((self.glass, 2))
        self.assertReserved(order, 4)
        self._walk(order)
        self.assertEqual(order.order_line.qty_delivered, 8)

    def test_exchange_is_no_shipment(self):
        """
        GIVEN no backorders: ten shipped, four come back for others, one is there
        WHEN the one is shipped
        THEN the other three are not cancelled, and follow
        """
        self._agree(max_shipments=1, remainder="cancel")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        shipped = self._walk(order)
        self.env["stock.quant"]._update_available_quantity(self.glass, self.stock, -3)
        self._return(shipped, 4, refund=False, exchange=True)
        exchange = self._delivery(order)
        self.assertTrue(exchange.move_ids.backorder_exchange)
        exchange.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual((shipped.release_number, exchange.release_number), (1, 0))
        self.assertEqual(order.order_line.qty_cancelled, 0)
        self.assertEqual(order.order_line.qty_backorder_open, 3)
        self._receive((self.glass, 3))
        self._walk(order)
        self.assertEqual(order.order_line.qty_backorder_open, 0)

    def test_exchange_in_the_middle(self):
        self._put_stock(self.glass, 6)
        order = self._create_order((self.glass, 10))
        shipped = self._walk(order)
        self._return(shipped, 2, refund=False, exchange=True)
        self.assertEqual(order.order_line.qty_backorder_open, 6)
        self._receive((self.glass, 4))
        self._walk(order)
        self.assertEqual(order.order_line.qty_backorder_open, 0)

    def test_transfer_of_two_orders_typed_by_hand(self):
        """What may not ship stays behind, though somebody gave it goods."""
        self._put_stock(self.cup, 5)
        self._put_stock(self.glass, 4)
        held = self._create_order((self.glass, 10))
        free = self._create_order((self.cup, 5), partner=self.other_customer)
        transfer = free.picking_ids
        move = held.picking_ids.move_ids
        move.picking_id = transfer
        move.quantity = 4
        self._settle()
        transfer.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(free.order_line.qty_delivered, 5)
        self.assertEqual(held.order_line.qty_delivered, 0)

    def test_shipments_in_another_orders_transfer_count(self):
        self._put_stock(self.cup, 5)
        self._put_stock(self.glass, 6)
        order = self._create_order((self.glass, 10))
        other = self._create_order((self.cup, 5), partner=self.other_customer)
        transfer = other.picking_ids
        order.picking_ids.move_ids.picking_id = transfer
        self._settle()
        self._validate(transfer)
        self.assertEqual(order.order_line.qty_delivered, 6)
        self._receive((self.glass, 1))
        rest = order.order_line.move_ids.picking_id - transfer
        self.assertTrue(
            rest.backorder_hold_reason.startswith("Shipment 2 of 2"),
            rest.backorder_hold_reason,
        )

    def test_second_warehouse(self):
        """
        GIVEN an order with lines from two warehouses
        THEN each warehouse's goods are decided by themselves
        """
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC"})
        route = second.delivery_route_id
        route.sale_selectable = True
        self._put_stock(self.glass, 10)
        self._put_stock(self.cup, 1, location=second.lot_stock_id)
        order = self._create_order(
            (self.glass, 10),
            {
                "product_id": self.cup.id,
                "product_uom_qty": 4,
                "route_ids": [Command.set(route.ids)],
            },
        )
        here, there = order.order_line.move_ids.mapped("picking_id").sorted(
            lambda picking: picking.picking_type_id.warehouse_id != self.warehouse
        )
        self.assertFalse(here.backorder_held)
        self.assertEqual(there.backorder_hold_reason, "25 % of 50 % by quantity")
        self.assertEqual(order.backorder_hold_reason, there.backorder_hold_reason)
        self.assertIs(self._press_validate(here), True)
        self.assertEqual(here.state, "done")
        with self.assertRaisesRegex(UserError, "25 % of 50 %"):
            there.move_ids.quantity = 1
            there.button_validate()

    def test_transfer_of_two_orders(self):
        """
        GIVEN deliveries of two orders put into one transfer
        WHEN one of the orders may ship
        THEN the transfer is ready with its goods; the other's stay
        """
        self._put_stock(self.cup, 5)
        self._put_stock(self.glass, 4)
        held = self._create_order((self.glass, 10))
        free = self._create_order((self.cup, 5), partner=self.other_customer)
        transfer = free.picking_ids
        held.picking_ids.move_ids.picking_id = transfer
        self._settle()
        self.assertFalse(transfer.backorder_held)
        self.assertEqual(transfer.state, "assigned")
        transfer.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(free.order_line.qty_delivered, 5)
        self.assertEqual(held.order_line.qty_delivered, 0)
        self.assertEqual(held.order_line.qty_backorder_open, 10)


class TestKits(AgreementCommon):
    """A set is a pot and two lids."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pot, cls.lid = cls._create_product("Pot"), cls._create_product("Lid")
        cls.set = cls._create_kit("Set", (cls.pot, 1), (cls.lid, 2), list_price=30.0)

    def test_whole_kits_count(self):
        """Ten pots and eight lids are four sets of ten."""
        self._agree(shipping="threshold", first_min_percent=50)
        self._put_stock(self.pot, 10)
        self._put_stock(self.lid, 8)
        order = self._create_order((self.set, 10))
        self.assertHeld(order, "40 % of 50 % by quantity")
        self._receive((self.lid, 2))
        delivery = self._delivery(order)
        self.assertEqual(delivery.state, "assigned")
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(order.order_line.qty_delivered, 5)

    def test_complete_lines(self):
        self._agree(shipping="complete_lines")
        self._put_stock(self.pot, 3)
        self._put_stock(self.lid, 5)
        self._put_stock(self.cup, 1)
        order = self._create_order((self.set, 3), (self.cup, 1))
        delivery = self._delivery(order)
        held = {move.product_id.name: move.quantity for move in delivery.move_ids}
        self.assertEqual(held, {"Pot": 0, "Lid": 0, "Cup": 1})
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self._receive((self.lid, 1))
        self.assertShips(order, 3, 1)

    def test_rest_of_kits_is_cancelled(self):
        self._agree(max_shipments=1, remainder="cancel")
        self._put_stock(self.pot, 2)
        self._put_stock(self.lid, 4)
        order = self._create_order((self.set, 5))
        self.assertShips(order, 2)
        self.assertEqual(order.order_line.qty_cancelled, 3)
        self.assertFalse(self._delivery(order))
