"""What is seldom, and was decided all the same: releases, transfers of several orders,
rests in several transfers."""

from __future__ import annotations

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from .test_agreements_operations import OperationsCommon


class TestReleased(OperationsCommon):
    """A manager has let ship what is there."""

    def _release(self, **agreed):
        order = self._sell_four_of_ten(
            "Hotel", shipping="threshold", first_min_percent=80, **agreed
        )
        self._delivery(order)._override_hold("Agreed by phone")
        self._settle()
        return order

    def test_rest_is_cancelled_as_agreed(self):
        order = self._release(max_shipments=1, remainder="cancel")
        self.assertShips(order, 4)
        self.assertRest(order, [4], [0], [6])

    def test_rest_is_asked_about_as_agreed(self):
        order = self._release(max_shipments=1, remainder="ask")
        action = self._press_validate(self._delivery(order))
        self._answer(action, backorder=False)
        self.assertRest(order, [4], [0], [6])

    def test_line_that_came_later(self):
        """It was not released: nothing ships before it is taken out, or released."""
        order = self._release()
        self._put_stock(self.cup, 1)
        order.order_line = [
            Command.create({"product_id": self.cup.id, "product_uom_qty": 90})
        ]
        self._settle()
        delivery = self._delivery(order)
        self.assertEqual(len(delivery.move_ids), 2)
        self.assertTrue(delivery.backorder_held)
        delivery.move_ids[1].quantity = 1
        delivery.move_ids.picked = True
        with self.assertRaisesRegex(UserError, "% of 80 % by quantity"):
            delivery.button_validate()

    def test_more_than_ordered(self):
        """
        GIVEN a released delivery
        WHEN more than was ordered is typed for one of its lines
        THEN that ships as well
        """
        self._agree(shipping="complete_order")
        self._put_stock(self.cup, 3)
        self._put_stock(self.glass, 20)
        plate = self._create_product("Plate")
        order = self._create_order((self.glass, 10), (self.cup, 3), (plate, 1))
        delivery = self._delivery(order)
        delivery._override_hold("Agreed by phone")
        self._settle()
        delivery.move_ids[0].quantity = 12
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(order.order_line.mapped("qty_delivered"), [12, 3, 0])

    def test_line_that_stays_behind(self):
        """It was released with the delivery that has left, and is held again."""
        self._agree(shipping="threshold", first_min_percent=80)
        self._put_stock(self.glass, 1)
        order = self._create_order((self.glass, 1), (self.cup, 9))
        self._delivery(order)._override_hold("Agreed by phone")
        self._settle()
        self._walk(order)
        self.assertRest(order, [1, 0], [0, 9], [0, 0])
        self.customer.backorder_policy_id.next_min_percent = 80
        self._receive((self.cup, 1))
        self.assertHeld(order, "10 % of 80 % by quantity")

    def test_steps_that_were_pulled(self):
        self._set_steps("pick_pack_ship")
        self._pull()
        order = self._release()
        self.assertEqual(len(self._walk(order)), 3)
        self.assertRest(order, [4], [6], [0])

    def test_manager_of_another_company(self):
        order = self._sell_four_of_ten(
            "Hotel", shipping="threshold", first_min_percent=80
        )
        other = self.env["res.company"].create({"name": "Other"})
        manager = new_test_user(
            self.env,
            "foreigner",
            "stock.group_stock_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self._delivery(order).with_user(manager)._override_hold("In a hurry")

    def test_sales_manager_releases(self):
        order = self._sell_four_of_ten(
            "Hotel", shipping="threshold", first_min_percent=80
        )
        manager = self._create_user("boss", "sales_team.group_sale_manager")
        self._delivery(order).with_user(manager)._override_hold("Agreed by phone")
        self.assertReserved(order, 4)

    def test_nobody_creates_what_is_released(self):
        packer = self._create_user("packer", "stock.group_stock_user")
        seller = self._create_user("seller", "sales_team.group_sale_manager")
        out = self.warehouse.out_type_id
        with self.assertRaises(AccessError):
            self.env["stock.picking"].with_user(packer).create(
                {"picking_type_id": out.id, "backorder_override_reason": "mine"}
            )
        order = (
            self.env["sale.order"]
            .with_user(seller)
            .create({"partner_id": self.customer.id, "follows_picking_policy": True})
        )
        self.assertFalse(order.follows_picking_policy)


class TestTypedByHand(OperationsCommon):
    def test_more_than_whole_packagings(self):
        """One dozen of three may ship, not one and a half."""
        self.glass.product_tmpl_id.uom_ids = self.dozen
        self._agree(whole_packages=True)
        self._put_stock(self.glass, 18)
        order = self._create_order((self.glass, 36))
        self.assertReserved(order, 12)
        delivery = self._delivery(order)
        delivery.move_ids.quantity = 18
        with self.assertRaisesRegex(UserError, "Less than a whole packaging is there"):
            delivery.button_validate()

    def test_smallest_packaging_counts(self):
        """Eight pieces are one pack of six, and no dozen."""
        self.glass.product_tmpl_id.uom_ids = self.dozen | self.env.ref(
            "uom.product_uom_pack_6"
        )
        self._agree(whole_packages=True)
        self._put_stock(self.glass, 8)
        self.assertReserved(self._create_order((self.glass, 20)), 6)

    def test_what_is_picked_counts(self):
        """
        GIVEN complete lines only: cups are picked, plates are there and not picked,
            glasses were typed and are not complete
        THEN the cups ship, and nothing else
        """
        self._agree(shipping="complete_lines")
        plate = self._create_product("Plate")
        for product, quantity in ((self.glass, 4), (self.cup, 3), (plate, 2)):
            self._put_stock(product, quantity)
        order = self._create_order((self.glass, 10), (self.cup, 3), (plate, 2))
        delivery = self._delivery(order)
        delivery.move_ids[0].quantity = 4
        delivery.move_ids[1].picked = True
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertRest(order, [0, 3, 0], [10, 0, 2], [0, 0, 0])

    def test_part_of_a_kit(self):
        """A pot without its lids is no set."""
        if "mrp.bom" not in self.env:
            self.skipTest("manufacturing is not installed")
        pot, lid = self._create_product("Pot"), self._create_product("Lid")
        kit = self._create_product("Set")
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": kit.product_tmpl_id.id,
                "type": "phantom",
                "bom_line_ids": [
                    Command.create({"product_id": pot.id, "product_qty": 1}),
                    Command.create({"product_id": lid.id, "product_qty": 2}),
                ],
            }
        )
        self._agree(max_shipments=1, remainder="cancel")
        self._put_stock(pot, 3)
        order = self._create_order((kit, 3))
        delivery = self._delivery(order)
        delivery.move_ids.filtered(lambda move: move.product_id == pot).quantity = 3
        with self.assertRaisesRegex(UserError, "must not ship Pot yet"):
            delivery.button_validate()


class TestOdoosShippingPolicy(OperationsCommon):
    """Programs complete transfers past the button, where Odoo's own policy counts."""

    def _complete(self, **values):
        """A program completes four of ten."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), **values)
        move = self._delivery(order).move_ids
        move.write({"quantity": 4, "picked": True})
        move._action_done()
        self._settle()
        return order

    def test_odoos_own(self):
        order = self._complete(picking_policy="one")
        self.assertRest(order, [4], [6], [0])

    def test_no_agreement_says_the_same(self):
        """Odoo's own policy counts where no such agreement is left."""
        self.env["backorder.policy"].search(
            [("shipping", "=", "complete_order")]
        ).active = False
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), picking_policy="one")
        self.assertNotEqual(order.backorder_policy_id.shipping, "complete_order")
        self.assertHeld(order, "Ships all at once")
        self.assertReserved(order, 0)

    def test_agreement(self):
        complete = self.env.ref("backorder_management.policy_complete_order")
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            self._complete(backorder_policy_id=complete.id)

    def test_button(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), picking_policy="one")
        delivery = self._delivery(order)
        delivery.move_ids.write({"quantity": 4, "picked": True})
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            delivery.button_validate()


class TestRests(OperationsCommon):
    def test_earlier_step_cancels_nothing(self):
        """
        GIVEN two steps, and it is to be asked about the rest
        WHEN the first step is validated with the rest refused
        THEN it is kept: shipments alone decide on rests
        """
        self._set_steps("pick_ship")
        order = self._sell_four_of_ten("Hotel", max_shipments=1, remainder="ask")
        self._validate(self._delivery(order), backorder=False)
        self.assertRest(order, [0], [10], [0])

    def test_second_pick_has_no_goods_yet(self):
        """
        GIVEN everything in one shipment, in two transfers of the first step, the
            second of which has been unreserved
        THEN the first can be picked, as the other's goods are still there
        """
        self._set_steps("pick_ship")
        self._agree(shipping="complete_order")
        self._put_stock(self.glass, 10)
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10))
        first = self._delivery(order)
        first.printed = True
        order.order_line = [
            Command.create({"product_id": self.cup.id, "product_uom_qty": 3})
        ]
        self._settle()
        second = order.picking_ids - first
        second.do_unreserve()
        self._settle()
        self._press_validate(first)
        self.assertEqual(first.state, "done")

    def test_nobody_is_asked_at_an_earlier_step(self):
        self._set_steps("pick_ship")
        order = self._sell_four_of_ten("Hotel", max_shipments=1, remainder="ask")
        self.assertIs(self._press_validate(self._delivery(order)), True)
        self._answer(self._press_validate(self._get_shipments(order)), backorder=True)
        self.assertRest(order, [4], [6], [0])

    def test_rest_of_a_later_step_is_not_wanted(self):
        """
        GIVEN two steps, four of ten picked, nothing agreed about rests
        WHEN three are shipped, and the rest is not wanted
        THEN that one is cancelled, what is still to be picked is not
        """
        self._set_steps("pick_ship")
        order = self._sell_four_of_ten("Hotel", min_amount=1)
        self._validate(self._delivery(order))
        self._validate(
            self._get_shipments(order),
            {order.order_line.product_id: 3},
            backorder=False,
        )
        self.assertRest(order, [3], [6], [1])

    def test_line_that_must_be_complete_is_never_refused(self):
        self._agree(shipping="complete_lines")
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self._validate(self._delivery(order), backorder=False)
        self.assertRest(order, [0, 3], [10, 0], [0, 0])

    def test_told_is_what_is_cancelled(self):
        """
        GIVEN two transfers of one line, the second with goods
        WHEN the first one ships for the last time
        THEN the order says what is really cancelled
        """
        order = self._sell_four_of_ten("Hotel", max_shipments=1, remainder="cancel")
        first = self._delivery(order)
        first.printed = True
        order.order_line.product_uom_qty = 16
        self._settle()
        self._put_stock(order.order_line.product_id, 2)
        (order.picking_ids - first).move_ids.quantity = 2
        self._settle()
        self.assertEqual(order.picking_ids.move_ids.mapped("quantity"), [4, 2])
        self._press_validate(first)
        self.assertRest(order, [4], [2], [10])
        self.assertIn("Cancelled: 10.00", order.message_ids[0].body)

    def test_told_is_nothing_that_is_being_picked(self):
        """Two more are reserved in the first step when the last shipment leaves."""
        self._set_steps("pick_ship")
        order = self._sell_four_of_ten("Hotel", max_shipments=1, remainder="cancel")
        self._press_validate(self._delivery(order))
        self._receive((order.order_line.product_id, 2))
        self._press_validate(self._get_shipments(order))
        self.assertRest(order, [4], [2], [4])
        self.assertIn("Cancelled: 4.00", order.message_ids[0].body)

    def test_told_is_nothing_of_another_transfer(self):
        self._agree(max_shipments=1, remainder="cancel")
        order, first = self._order_in_two_transfers()
        self._press_validate(first)
        self.assertRest(order, [4, 0], [0, 3], [6, 0])
        self.assertIn("Cancelled: 6.00", order.message_ids[0].body)
        self.assertNotIn("Cup", order.message_ids[0].body)

    def test_salesperson_is_asked(self):
        """Not whoever ships."""
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        packer = self._create_user("packer", "stock.group_stock_user")
        order = self._sell_four_of_ten("Hotel", max_shipments=1, remainder="ask")
        order.user_id = seller
        delivery = self._delivery(order).with_user(packer)
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(
            order.activity_ids.mapped(lambda each: (each.summary, each.user_id)),
            [("Rest of the last shipment", seller)],
        )


class TestTransfersOfOneOrder(OperationsCommon):
    def test_one_waits_while_the_other_ships(self):
        """Lines that must be complete, each in a transfer of its own."""
        self._agree(shipping="complete_lines")
        order, first = self._order_in_two_transfers()
        second = order.picking_ids - first
        self.assertEqual(first.backorder_hold_reason, "Only complete lines ship")
        self.assertEqual((second.backorder_held, second.state), (False, "assigned"))


class TestTransferOfSeveralOrders(OperationsCommon):
    """Deliveries put into one transfer."""

    def _join(self, *orders):
        transfer = self._delivery(orders[0])
        for order in orders[1:]:
            self._delivery(order).move_ids.picking_id = transfer
        self._settle()
        return transfer

    def test_rests_agreed_on_and_not(self):
        cancels = self._sell_four_of_ten("Bistro", max_shipments=1, remainder="cancel")
        free = self._sell_four_of_ten("Café", min_amount=1)
        transfer = self._join(cancels, free)
        self._answer(self._press_validate(transfer), backorder=True)
        self.assertRest(cancels | free, [4, 4], [0, 6], [6, 0])

    def test_rest_nobody_has_agreed_on(self):
        """It is asked about, although the other's rest is cancelled."""
        cancels = self._sell_four_of_ten("Bistro", max_shipments=1, remainder="cancel")
        free = self._sell_four_of_ten("Café")
        transfer = self._join(cancels, free)
        self._answer(self._press_validate(transfer), backorder=False)
        self.assertRest(cancels | free, [4, 4], [0, 0], [6, 6])

    def _never_keeps(self, **agreed):
        """An order without goods in a transfer whose type never keeps a rest."""
        self.warehouse.out_type_id.create_backorder = "never"
        ships = self._sell_four_of_ten("Bistro")
        partner = self.env["res.partner"].create({"name": "Hotel"})
        self._agree(partner, **agreed)
        waits = self._create_order((self.cup, 5), partner=partner)
        self._press_validate(self._join(ships, waits))
        self.assertRest(ships, [4], [0], [6])
        return waits

    def test_line_that_must_be_complete_stays_open(self):
        waits = self._never_keeps(shipping="complete_lines")
        self.assertRest(waits, [0], [5], [0])

    def test_order_of_one_shipment_without_goods_stays_open(self):
        waits = self._never_keeps(max_shipments=1, remainder="cancel")
        self.assertRest(waits, [0], [5], [0])

    def test_rest_of_something_added_by_hand(self):
        """
        GIVEN goods added to a delivery that no order asked for, part of them there
        THEN it is asked about these
        """
        order = self._sell_four_of_ten("Bistro", min_amount=1)
        order.order_line.product_uom_qty = 4
        self._settle()
        delivery = self._delivery(order)
        self._put_stock(self.cup, 1)
        move = self.env["stock.move"].create(
            {
                "product_id": self.cup.id,
                "product_uom_qty": 2,
                "picking_id": delivery.id,
                "location_id": delivery.location_id.id,
                "location_dest_id": delivery.location_dest_id.id,
            }
        )
        move._action_confirm()
        move._action_assign()
        self._settle()
        self._answer(self._press_validate(delivery), backorder=True)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [4, 1])


class TestContacts(OperationsCommon):
    def test_tag_of_the_company(self):
        """It counts for whoever orders for the company."""
        gold = self.env["backorder.policy"].create({"name": "Gold", "min_amount": 1})
        tag = self.env["res.partner.category"].create(
            {"name": "A", "backorder_policy_id": gold.id}
        )
        self.customer.write({"is_company": True, "category_id": tag.ids})
        cook = self.env["res.partner"].create(
            {"name": "Cook", "parent_id": self.customer.id}
        )
        order = self._create_order((self.glass, 1), partner=cook, confirm=False)
        self.assertEqual(
            (order.backorder_policy_id, order.backorder_policy_source), (gold, "tag")
        )


class TestShares(OperationsCommon):
    """One of three lines is there; half is agreed, of what is still ordered."""

    def _order_three(self, basis, held):
        self._agree(shipping="threshold", first_min_percent=50, min_basis=basis)
        self._put_stock(self.glass, 4)
        order = self._create_order(
            (self.glass, 4), (self.cup, 3), (self._create_product("Plate"), 2)
        )
        self.assertHeld(order, held)
        return order

    def assertMayShip(self, order):  # noqa: N802
        self.assertReserved(order, 4, 0, 0)
        self.assertEqual(self._delivery(order).state, "assigned")

    def test_line_that_is_not_ordered_any_more(self):
        order = self._order_three("lines", "33 % of 50 % of the lines")
        order.order_line[2].product_uom_qty = 0
        self.assertMayShip(order)

    def test_line_that_is_cancelled(self):
        order = self._order_three("lines", "33 % of 50 % of the lines")
        order.order_line[2]._cancel_backorder_rest("not wanted")
        self.assertMayShip(order)

    def test_quantity_that_is_cancelled(self):
        """Four of nine, then of seven."""
        order = self._order_three("quantity", "44 % of 50 % by quantity")
        order.order_line[2]._cancel_backorder_rest("not wanted")
        self.assertMayShip(order)


class TestOrdersOfAnAddress(OperationsCommon):
    """They ship together: half of all of them first, then more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._agree(
            shipping="threshold",
            first_min_percent=50,
            next_min_percent=30,
            ship_together="address",
        )

    def test_other_order_is_cancelled(self):
        """What is left is complete: it may ship."""
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 4))
        second = self._create_order((self.cup, 6))
        self.assertHeld(first, "40 % of 50 % by quantity")
        second._action_cancel()
        self._settle()
        self.assertFalse(self._delivery(first).backorder_held)
        self.assertReserved(first, 4)

    def test_first_day_that_is_needed(self):
        """They wait for more no longer than the first of them may."""
        self._agree(consolidate_days=5, ship_together="address")
        self._put_stock(self.glass, 10)
        self._put_stock(self.cup, 1)
        self._expect(self.glass, 40, 3)
        today = fields.Datetime.now()
        first = self._create_order(
            (self.glass, 50), commitment_date=today + timedelta(days=9)
        )
        self.assertHeld(first, "Waits until")
        self._create_order((self.cup, 1), commitment_date=today + timedelta(days=2))
        self.assertFalse(self._delivery(first).backorder_held)

    def test_who_ships_together(self):
        """Neither orders to other addresses do, nor under other agreements."""
        order = self._create_order((self.glass, 1))
        same = self._create_order((self.glass, 1))
        shop = self.env["res.partner"].create(
            {"name": "Shop", "parent_id": self.customer.id, "type": "delivery"}
        )
        elsewhere = self._create_order((self.glass, 1), partner_shipping_id=shop.id)
        self._agree(min_amount=5, ship_together="address")
        otherwise = self._create_order((self.glass, 1))
        together = (
            (order | same | elsewhere | otherwise).sudo()._map_shipping_together()
        )
        self.assertEqual(
            together,
            {
                order: order | same,
                same: order | same,
                elsewhere: elsewhere,
                otherwise: otherwise,
            },
        )

    def test_shipment_of_another_day(self):
        """What left yesterday is no part of what leaves today."""
        self._put_stock(self.glass, 6)
        with freeze_time(fields.Datetime.now() - timedelta(days=1)):
            order = self._create_order((self.glass, 10))
            self._walk(order)
        self.assertRest(order, [6], [4], [0])
        self._receive((self.glass, 2))
        self.assertHeld(order, "20 % of 30 % by quantity")

    def test_shipment_of_the_same_day(self):
        """
        GIVEN half of two orders is there, and 80 % is agreed for later shipments
        WHEN the first one has left
        THEN the second one leaves as a part of the same shipment
        """
        self.customer.backorder_policy_id.next_min_percent = 80
        self._put_stock(self.glass, 4)
        self._put_stock(self.cup, 1)
        first = self._create_order((self.glass, 4))
        second = self._create_order((self.cup, 6))
        self.assertShips(first, 4)
        self._walk(second)
        self.assertRest(second, [1], [5], [0])


class TestAsTimeGoesBy(OperationsCommon):
    def test_arrival_comes_near(self):
        """
        GIVEN up to five days to wait for more, and more in eight days
        THEN it may ship today, and waits when three days have passed
        """
        self._agree(consolidate_days=5)
        self._put_stock(self.glass, 10)
        with freeze_time("2026-11-02 09:00"):
            self._expect(self.glass, 40, 8)
            order = self._create_order((self.glass, 50))
            self.assertFalse(self._delivery(order).backorder_held)
        with freeze_time("2026-11-06 09:00"):
            self._run_schedule()
            self.assertHeld(order, "Waits until 11/10/2026")

    def test_exchange_is_no_shipment(self):
        """
        GIVEN three shipments, the last one complete
        WHEN the first has left, and two of its pieces were exchanged
        THEN the next one is the second
        """
        self._agree(max_shipments=3, remainder="wait")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        shipped = self._walk(order)
        self._return(shipped, 2, refund=False, exchange=True)
        exchange = order.order_line.move_ids.filtered("backorder_exchange")
        delivery = exchange.picking_id
        delivery.do_unreserve()
        exchange.write({"quantity": 2, "picked": True})
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(exchange.state, "done")
        self._receive((self.glass, 2))
        self.assertReserved(order, 2)


class TestReservedByHand(OperationsCommon):
    def test_waits_for_somebody_to_reserve(self):
        """All of it is there; it is not Ready before it holds its goods."""
        self.warehouse.out_type_id.reservation_method = "manual"
        self._agree(shipping="complete_order")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 4))
        delivery = self._delivery(order)
        self.assertEqual(
            (delivery.state, delivery.backorder_held), ("confirmed", False)
        )
        delivery.action_assign()
        self.assertShips(order, 4)


class TestChangedAgreement(OperationsCommon):
    def test_goods_are_given_back_where_nothing_is_reserved_by_itself(self):
        order = self._sell_four_of_ten("Hotel")
        self.assertReserved(order, 4)
        self.env["ir.config_parameter"].set_param("stock.picking_no_auto_reserve", "1")
        order.backorder_policy_id = self.env.ref(
            "backorder_management.policy_complete_order"
        )
        self.assertReserved(order, 0)

    def test_the_same_agreement_reserves_nothing(self):
        """A delivery that somebody has unreserved stays so."""
        order = self._sell_four_of_ten("Hotel", min_amount=1)
        self._delivery(order).do_unreserve()
        self._settle()
        order.write({"backorder_policy_id": order.backorder_policy_id.id})
        self.assertReserved(order, 0)

    def test_later_where_there_is_much_to_do(self):
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "0"
        )
        order = self._sell_four_of_ten("Hotel")
        cron = self.env.ref("backorder_management.ir_cron_decide_again")
        domain = [("cron_id", "=", cron.id)]
        before = self.env["ir.cron.trigger"].search_count(domain)
        order.backorder_policy_id = self.env.ref(
            "backorder_management.policy_complete_order"
        )
        self.assertEqual(self.env["ir.cron.trigger"].search_count(domain), before + 1)
