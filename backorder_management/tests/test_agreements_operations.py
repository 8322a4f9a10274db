"""Agreements where goods leave in other ways: batches, lists, drop shipments, lots,
kits in several steps, other units; and beside the operation type's own settings."""

from __future__ import annotations

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form

from .test_agreements import AgreementCommon

# Steps of a delivery, and how many they are.
MORE_STEPS = {"pick_ship": 2, "pick_pack_ship": 3}


class OperationsCommon(AgreementCommon):
    """Customers that have agreed on different things, four of ten there for each."""

    @classmethod
    def _sell_four_of_ten(cls, name, **values):
        """An order of a new customer for ten of a new product, of which four are there.

        :param values: what is agreed with the customer
        """
        partner = cls.env["res.partner"].create({"name": name})
        if values:
            cls._agree(partner, **values)
        product = cls._create_product(name)
        cls._put_stock(product, 4)
        return cls._create_order((product, 10), partner=partner)

    @classmethod
    def _order_in_two_transfers(cls):
        """An order for ten glasses, of which four are there and about to leave, and
        for three cups that were added since and are there, too.

        :return: the order, and the transfer of the glasses
        """
        cls._put_stock(cls.glass, 4)
        order = cls._create_order((cls.glass, 10))
        first = order.picking_ids
        first.printed = True
        cls._put_stock(cls.cup, 3)
        order.order_line = [
            Command.create({"product_id": cls.cup.id, "product_uom_qty": 3})
        ]
        cls._settle()
        return order, first

    def _answer(self, action, *, backorder):
        """What the user is asked about backorders is answered."""
        self.assertEqual(action["res_model"], "stock.backorder.confirmation")
        wizard = Form.from_action(self.env, action).save()
        if backorder:
            wizard.process()
        else:
            wizard.process_cancel_backorder()
        self._settle()

    def _get_asked_about(self, action):
        """Deliveries that the user is asked about."""
        return Form.from_action(self.env, action).save().pick_ids

    @classmethod
    def _walk(cls, order):
        """Validate what is ready, as it is, until it has left.

        :return: the transfers, first step first
        """
        walked = cls.env["stock.picking"]
        while ready := order.picking_ids.filtered(
            lambda each: each.state == "assigned"
        ).sorted("id"):
            ready[0].with_context(skip_backorder=True).button_validate()
            cls._settle()
            walked |= ready[0]
        return walked

    @classmethod
    def _get_shipments(cls, order):
        return order.picking_ids.filtered(
            lambda picking: (
                picking.picking_type_id == cls.warehouse.out_type_id
                and picking.state not in ("done", "cancel")
            )
        )

    def assertRest(self, order, shipped, left, cancelled):  # noqa: N802
        """What of each line has shipped, is still to come, and is cancelled."""
        lines = order.order_line
        self.assertEqual(
            {
                "shipped": lines.mapped("qty_delivered"),
                "left": lines.mapped("qty_backorder_open"),
                "cancelled": lines.mapped("qty_cancelled"),
            },
            {"shipped": shipped, "left": left, "cancelled": cancelled},
        )

    def assertNotAsked(self, order):  # noqa: N802
        """The salesperson has nothing to decide about the rest."""
        self.assertNotIn(
            "Rest of the last shipment", order.activity_ids.mapped("summary")
        )


class TestBatch(OperationsCommon):
    """Deliveries validated as a batch."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "stock.picking.batch" not in cls.env:
            return
        cls.ships_all = cls._sell_four_of_ten("Hotel Post")
        cls.ships_all.order_line.product_uom_qty = 4
        cls._settle()

    def setUp(self):
        super().setUp()
        if "stock.picking.batch" not in self.env:
            self.skipTest("batch transfers are not installed")

    def _put_into_batch(self, *orders):
        batch = self.env["stock.picking.batch"].create(
            {
                "picking_type_id": self.warehouse.out_type_id.id,
                "picking_ids": [
                    Command.link(self._delivery(order).id) for order in orders
                ],
            }
        )
        batch.action_confirm()
        self._settle()
        return batch

    def test_one_is_held(self):
        """
        GIVEN goods typed by hand on a delivery that must not ship
        WHEN its batch is validated
        THEN nothing of it ships, and it is said why
        """
        held = self._sell_four_of_ten(
            "Hotel Adler", shipping="threshold", first_min_percent=80
        )
        self._delivery(held).move_ids.write({"quantity": 4, "picked": True})
        batch = self._put_into_batch(self.ships_all, held)
        self._delivery(self.ships_all).move_ids.picked = True
        with self.assertRaisesRegex(
            UserError, f"{held.name} must not ship Hotel Adler yet. 40 % of 80 %"
        ):
            batch.action_done()
        self.assertEqual(batch.state, "in_progress")
        self.assertEqual(self.ships_all.order_line.qty_delivered, 0)

    def test_one_is_held_and_has_no_goods(self):
        """It leaves the batch, as in Odoo what has no goods does."""
        held = self._sell_four_of_ten(
            "Hotel Adler", shipping="threshold", first_min_percent=80
        )
        batch = self._put_into_batch(self.ships_all, held)
        self.assertIs(batch.action_done(), True)
        self._settle()
        self.assertEqual(self.ships_all.order_line.qty_delivered, 4)
        self.assertFalse(self._delivery(held).batch_id)
        self.assertHeld(held, "40 % of 80 %")

    @freeze_time("2026-11-23 09:00")
    def test_one_waits_with_its_goods(self):
        """
        GIVEN goods kept for Thursday, and it is Monday
        THEN the batch ships without them
        """
        thursday = self.env.ref("backorder_management.weekday_3")
        held = self._sell_four_of_ten("Hotel Adler", delivery_weekdays=thursday.ids)
        batch = self._put_into_batch(self.ships_all, held)
        self.assertIs(batch.action_done(), True)
        self._settle()
        self.assertEqual(self.ships_all.order_line.qty_delivered, 4)
        self.assertHeld(held, "Ships on Thursday only")
        self.assertReserved(held, 4)

    def test_nothing_of_it_may_ship(self):
        """Odoo would put the delivery out of the batch, and say nothing."""
        held = self._sell_four_of_ten(
            "Hotel Adler", shipping="threshold", first_min_percent=80
        )
        batch = self._put_into_batch(held)
        with self.assertRaisesRegex(
            UserError, "must not ship yet. 40 % of 80 % by quantity. Ask a manager"
        ):
            batch.action_done()
        self.assertEqual(self._delivery(held).batch_id, batch)

    def test_rest_is_cancelled(self):
        order = self._sell_four_of_ten(
            "Hotel Adler", max_shipments=1, remainder="cancel"
        )
        batch = self._put_into_batch(self.ships_all, order)
        self.assertIs(batch.action_done(), True)
        self._settle()
        self.assertEqual(batch.state, "done")
        self.assertRest(order, [4], [0], [6])

    def _ask_in_batch(self):
        """
        :return: an order with whom to ask, one whose rest is cancelled, and the batch
        """
        asks = self._sell_four_of_ten("Hotel Adler", max_shipments=1, remainder="ask")
        cancels = self._sell_four_of_ten("Bistro", max_shipments=1, remainder="cancel")
        return asks, cancels, self._put_into_batch(self.ships_all, asks, cancels)

    def _answer_in_batch(self, *, backorder, left, cancelled):
        asks, cancels, batch = self._ask_in_batch()
        delivery = self._delivery(asks)
        action = batch.action_done()
        self.assertEqual(self._get_asked_about(action), delivery)
        self._answer(action, backorder=backorder)
        self.assertEqual(batch.state, "done")
        self.assertRest(asks, [4], [left], [cancelled])
        self.assertRest(cancels, [4], [0], [6])
        self.assertNotAsked(asks)

    def test_rest_is_kept(self):
        self._answer_in_batch(backorder=True, left=6, cancelled=0)

    def test_rest_is_not_wanted(self):
        self._answer_in_batch(backorder=False, left=0, cancelled=6)

    def test_nobody_can_be_asked(self):
        asks, cancels, batch = self._ask_in_batch()
        batch.with_context(skip_backorder=True).action_done()
        self._settle()
        self.assertEqual(batch.state, "done")
        self.assertRest(asks, [4], [6], [0])
        self.assertEqual(asks.activity_ids.summary, "Rest of the last shipment")
        self.assertRest(cancels, [4], [0], [6])
        self.assertNotAsked(cancels)


class TestNothingReserved(OperationsCommon):
    def test_held(self):
        """The user reads why, and not that nothing is reserved."""
        held = self._sell_four_of_ten(
            "Hotel Adler", shipping="threshold", first_min_percent=80
        )
        self.assertReserved(held, 0)
        with self.assertRaisesRegex(
            UserError, "must not ship yet. 40 % of 80 % by quantity"
        ):
            self._press_validate(self._delivery(held))

    def test_nothing_is_there(self):
        """Odoo says it by itself."""
        order = self._create_order((self.glass, 10))
        with self.assertRaisesRegex(UserError, "zero"):
            self._press_validate(self._delivery(order))


class TestListOfDeliveries(OperationsCommon):
    """
    GIVEN deliveries that leave a rest: one customer is asked about it, one wants none,
        with one nothing is agreed
    WHEN all are validated from the list
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asks = cls._sell_four_of_ten("Hotel", max_shipments=1, remainder="ask")
        cls.cancels = cls._sell_four_of_ten(
            "Bistro", max_shipments=1, remainder="cancel"
        )
        cls.free = cls._sell_four_of_ten("Café")
        cls.orders = cls.asks | cls.cancels | cls.free
        cls.deliveries = cls.orders.picking_ids

    def test_who_is_asked_about(self):
        """Nothing has shipped before somebody has answered."""
        action = self.deliveries.button_validate()
        self.assertEqual(
            self._get_asked_about(action), self.asks.picking_ids | self.free.picking_ids
        )
        self.assertRest(self.orders, [0, 0, 0], [10, 10, 10], [0, 0, 0])

    def test_rest_is_kept(self):
        self._answer(self.deliveries.button_validate(), backorder=True)
        self.assertRest(self.orders, [4, 4, 4], [6, 0, 6], [0, 6, 0])
        self.assertNotAsked(self.asks)

    def test_rest_is_not_wanted(self):
        self._answer(self.deliveries.button_validate(), backorder=False)
        self.assertRest(self.orders, [4, 4, 4], [0, 0, 0], [6, 6, 6])
        self.assertNotAsked(self.asks)

    def _answer_for_each(self, refused):
        """A backorder of all deliveries but that of one order."""
        action = self.deliveries.button_validate()
        with Form.from_action(self.env, action) as form:
            for number, delivery in enumerate(form.pick_ids[:]):
                if delivery in refused.picking_ids:
                    with form.backorder_confirmation_line_ids.edit(number) as line:
                        line.to_backorder = False
        form.record.process()
        self._settle()

    def test_only_the_rest_that_is_asked_about_is_not_wanted(self):
        self._answer_for_each(refused=self.asks)
        self.assertRest(self.orders, [4, 4, 4], [0, 0, 6], [6, 6, 0])
        self.assertNotAsked(self.asks)

    def test_only_the_other_rest_is_not_wanted(self):
        self._answer_for_each(refused=self.free)
        self.assertRest(self.orders, [4, 4, 4], [6, 0, 0], [0, 6, 6])
        self.assertNotAsked(self.asks)

    def test_nobody_is_asked_where_all_is_agreed(self):
        self.asks.backorder_policy_id.write({"max_shipments": 2, "remainder": "wait"})
        deliveries = self.asks.picking_ids | self.cancels.picking_ids
        self.assertIs(deliveries.button_validate(), True)
        self._settle()
        self.assertRest(self.orders, [4, 4, 0], [6, 0, 10], [0, 6, 0])

    def test_one_must_not_ship(self):
        self.free.backorder_policy_id = self.env.ref(
            "backorder_management.policy_complete_order"
        )
        self._settle()
        self.free.picking_ids.move_ids.quantity = 4
        with self.assertRaisesRegex(UserError, f"{self.free.name} must not ship Café"):
            self.deliveries.button_validate()
        self.assertRest(self.orders, [0, 0, 0], [10, 10, 10], [0, 0, 0])


class TestDropShipments(OperationsCommon):
    """Bar counters come from the vendor, glasses from stock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.route = cls.env.ref(
            "stock_dropshipping.route_drop_shipping", raise_if_not_found=False
        )
        if not cls.route:
            return
        cls.counter = cls._create_product(
            "Bar Counter",
            route_ids=[Command.set(cls.route.ids)],
            seller_ids=[Command.create({"partner_id": cls.vendor.id, "price": 3})],
        )
        cls._put_stock(cls.glass, 4)

    def setUp(self):
        super().setUp()
        if not self.route:
            self.skipTest("drop shipping is not installed")

    def _order_both(self, **agreed):
        self._agree(**agreed)
        order = self._create_order((self.glass, 10), (self.counter, 5))
        order._get_purchase_orders().button_confirm()
        self._settle()
        return order

    @staticmethod
    def _get_dropped(order):
        return order.picking_ids.filtered(
            lambda picking: (
                picking.picking_type_id.code == "dropship" and picking.state != "done"
            )
        )

    def test_vendor_ships_first(self):
        """A part, at that: what the vendor still has is not cancelled."""
        order = self._order_both(max_shipments=1, remainder="cancel")
        self._validate(self._get_dropped(order), {self.counter: 2})
        self.assertRest(order, [0, 2], [10, 3], [0, 0])
        stock = self._get_shipments(order)
        self.assertIs(self._press_validate(stock), True)
        self.assertEqual(stock.release_number, 1)
        self.assertRest(order, [4, 2], [0, 3], [6, 0])
        self._validate(self._get_dropped(order), {self.counter: 3})
        self.assertRest(order, [4, 5], [0, 0], [6, 0])

    def test_vendor_ships_last(self):
        order = self._order_both(max_shipments=1, remainder="cancel")
        self.assertIs(self._press_validate(self._get_shipments(order)), True)
        self.assertRest(order, [4, 0], [0, 5], [6, 0])
        self._validate(self._get_dropped(order))
        self.assertRest(order, [4, 5], [0, 0], [6, 0])

    def test_no_shipment_of_two(self):
        """The last shipment must be complete; what the vendor ships is none."""
        order = self._order_both(max_shipments=2, remainder="wait")
        self._validate(self._get_dropped(order))
        stock = self._get_shipments(order)
        self.assertFalse(stock.backorder_held)
        self.assertIs(self._press_validate(stock), True)
        self._receive((self.glass, 5))
        self.assertEqual(
            self._get_shipments(order).backorder_hold_reason,
            "Shipment 2 of 2 at most: waits until everything is there",
        )

    def test_complete_from_stock(self):
        """“Everything in one shipment” is everything from stock."""
        self._put_stock(self.glass, 6)
        order = self._order_both(shipping="complete_order")
        self.assertIs(self._press_validate(self._get_shipments(order)), True)
        self.assertRest(order, [10, 0], [0, 5], [0, 0])

    def test_vendor_is_not_held(self):
        order = self._order_both(shipping="threshold", first_min_percent=80)
        self._validate(self._get_dropped(order), {self.counter: 1})
        self.assertRest(order, [0, 1], [10, 4], [0, 0])


class TestLots(OperationsCommon):
    """Beer glasses have serial numbers; wine comes in lots."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.beer_glass = cls._create_product("Beer Glass", tracking="serial")
        cls.wine = cls._create_product("Wine", tracking="lot")

    @classmethod
    def _put_serials(cls, *names):
        for name in names:
            cls._put_lot(cls.beer_glass, name, 1)

    @classmethod
    def _put_lot(cls, product, name, quantity):
        lot = cls.env["stock.lot"].create({"name": name, "product_id": product.id})
        cls._put_stock(product, quantity, lot_id=lot)

    @staticmethod
    def _get_lots(delivery):
        return sorted(delivery.move_line_ids.lot_id.mapped("name"))

    def test_share_of_serial_numbers(self):
        self._agree(shipping="threshold", first_min_percent=75)
        self._put_serials("S1", "S2")
        order = self._create_order((self.beer_glass, 4))
        self.assertHeld(order, "50 % of 75 % by quantity")
        self.assertReserved(order, 0)
        self._put_serials("S3")
        delivery = self._delivery(order)
        delivery.action_assign()
        self._settle()
        self.assertEqual(delivery.state, "assigned")
        self._validate(delivery)
        self.assertRest(order, [3], [1], [0])
        self.assertEqual(self._get_lots(delivery), ["S1", "S2", "S3"])

    def test_serial_numbers_typed_by_hand(self):
        self._agree(shipping="threshold", first_min_percent=75)
        self._put_serials("S1", "S2")
        order = self._create_order((self.beer_glass, 4))
        move = self._delivery(order).move_ids
        move.lot_ids = self.env["stock.lot"].search(
            [("product_id", "=", self.beer_glass.id)]
        )
        self.assertEqual(move.quantity, 2)
        with self.assertRaisesRegex(UserError, "50 % of 75 %"):
            self._delivery(order).button_validate()

    def test_complete_lines(self):
        """
        GIVEN a line that two lots together complete, and one of which a serial number
            is missing
        THEN the first ships, the other stays
        """
        self._agree(shipping="complete_lines")
        self._put_lot(self.wine, "Red", 4)
        self._put_lot(self.wine, "Dry", 2)
        self._put_serials("S1", "S2")
        order = self._create_order((self.wine, 6), (self.beer_glass, 3))
        delivery = self._delivery(order)
        self.assertReserved(order, 6, 0)
        self.assertIs(self._press_validate(delivery), True)
        self.assertEqual(self._get_lots(delivery), ["Dry", "Red"])
        self.assertRest(order, [6, 0], [0, 3], [0, 0])
        self.assertHeld(order, "Only complete lines ship")

    def test_whole_packages(self):
        self.beer_glass.product_tmpl_id.uom_ids = self.env["uom.uom"].create(
            {
                "name": "Box of 2",
                "relative_factor": 2,
                "relative_uom_id": self.unit.id,
            }
        )
        self._agree(whole_packages=True)
        self._put_serials("S1", "S2", "S3")
        order = self._create_order((self.beer_glass, 5))
        self.assertReserved(order, 2)
        self._put_serials("S4", "S5")
        self._delivery(order).action_assign()
        self.assertReserved(order, 5)

    def test_rest_is_cancelled(self):
        self._agree(max_shipments=1, remainder="cancel")
        self._put_serials("S1", "S2")
        order = self._create_order((self.beer_glass, 5))
        self.assertShips(order, 2)
        self.assertRest(order, [2], [0], [3])


class TestOperationType(OperationsCommon):
    """What the operation type does with a rest counts, unless it is agreed on."""

    def _ship(self, setting, **agreed):
        """Four of ten, where the operation type has this setting.

        :return: the order, and what pressing the button gives
        """
        self.warehouse.out_type_id.create_backorder = setting
        order = self._sell_four_of_ten("Bistro", **agreed)
        return order, self._press_validate(self._delivery(order))

    def _check_asks(self, setting, **agreed):
        for backorder, left, cancelled in ((True, 6, 0), (False, 0, 6)):
            with self.subTest(setting=setting, backorder=backorder, **agreed):
                order, action = self._ship(setting, **agreed)
                self._answer(action, backorder=backorder)
                self.assertRest(order, [4], [left], [cancelled])

    def _check_rest(self, setting, left, cancelled, **agreed):
        with self.subTest(setting=setting, **agreed):
            order, action = self._ship(setting, **agreed)
            self.assertIs(action, True)
            self.assertRest(order, [4], [left], [cancelled])

    def test_nothing_is_agreed_about_rests(self):
        for agreed in (
            {},
            {"min_amount": 1},
            {"shipping": "threshold", "first_min_percent": 30},
            {"close_tolerance_percent": 10},
        ):
            self._check_asks("ask", **agreed)
            self._check_rest("always", 6, 0, **agreed)
            self._check_rest("never", 0, 6, **agreed)

    def test_rest_waits(self):
        for setting in ("ask", "always", "never"):
            self._check_rest(setting, 6, 0, max_shipments=2, remainder="wait")

    def test_rest_of_the_last_shipment_is_cancelled(self):
        for setting in ("ask", "always", "never"):
            self._check_rest(setting, 0, 6, max_shipments=1, remainder="cancel")

    def test_rest_of_an_earlier_shipment_is_kept(self):
        for setting in ("ask", "always", "never"):
            self._check_rest(setting, 6, 0, max_shipments=2, remainder="cancel")

    def test_rest_is_asked_about(self):
        for setting in ("ask", "always", "never"):
            self._check_asks(setting, max_shipments=1, remainder="ask")

    def test_small_rest_is_closed(self):
        for setting in ("ask", "always", "never"):
            self._check_rest(setting, 0, 6, close_tolerance_percent=60)

    def test_lines_that_wait_stay_open(self):
        for setting in ("ask", "always", "never"):
            with self.subTest(setting=setting):
                self.warehouse.out_type_id.create_backorder = setting
                self._agree(shipping="complete_lines")
                product = self._create_product(setting)
                self._put_stock(product, 3)
                order = self._create_order((product, 3), (self.cup, 5))
                self.assertIs(self._press_validate(self._delivery(order)), True)
                self.assertRest(order, [3, 0], [0, 5], [0, 0])

    def test_delivery_group_stays_open(self):
        for setting in ("ask", "always", "never"):
            with self.subTest(setting=setting):
                self.warehouse.out_type_id.create_backorder = setting
                product = self._create_product(setting)
                self._put_stock(product, 3)
                group = [
                    {
                        "product_id": each.id,
                        "product_uom_qty": 2,
                        "delivery_group": "1",
                    }
                    for each in (self.glass, self.cup)
                ]
                order = self._create_order((product, 3), *group)
                self.assertIs(self._press_validate(self._delivery(order)), True)
                self.assertRest(order, [3, 0, 0], [0, 2, 2], [0, 0, 0])

    def test_earlier_step_that_never_keeps_a_rest(self):
        """What is agreed counts for it, too."""
        self._set_steps("pick_ship")
        self.warehouse.pick_type_id.create_backorder = "never"
        order = self._sell_four_of_ten("Bistro", max_shipments=2, remainder="wait")
        self._walk(order)
        self.assertRest(order, [4], [6], [0])
        self._receive((order.order_line.product_id, 6))
        self._walk(order)
        self.assertRest(order, [10], [0], [0])


class TestKitsInSteps(OperationsCommon):
    """A set is a pot and two lids; it leaves in two steps, or in three."""

    def setUp(self):
        super().setUp()
        if "mrp.bom" not in self.env:
            self.skipTest("manufacturing is not installed")

    def _begin(self, steps):
        self._set_steps(steps)
        self.pot = self._create_product("Pot")
        self.lid = self._create_product("Lid")
        self.set = self._create_product("Set", list_price=30.0)
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": self.set.product_tmpl_id.id,
                "type": "phantom",
                "bom_line_ids": [
                    Command.create({"product_id": self.pot.id, "product_qty": 1}),
                    Command.create({"product_id": self.lid.id, "product_qty": 2}),
                ],
            }
        )

    def test_share(self):
        for steps, count in MORE_STEPS.items():
            with self.subTest(steps=steps):
                self._begin(steps)
                self._agree(shipping="threshold", first_min_percent=50)
                self._put_stock(self.pot, 10)
                self._put_stock(self.lid, 8)
                order = self._create_order((self.set, 10))
                self.assertHeld(order, "40 % of 50 % by quantity")
                self.assertReserved(order, 0)
                self._receive((self.lid, 2))
                self.assertEqual(len(self._walk(order)), count)
                self.assertRest(order, [5], [5], [0])

    def test_held_pick_typed_by_hand(self):
        for steps in MORE_STEPS:
            with self.subTest(steps=steps):
                self._begin(steps)
                self._agree(shipping="threshold", first_min_percent=50)
                self._put_stock(self.pot, 10)
                self._put_stock(self.lid, 8)
                order = self._create_order((self.set, 10))
                pick = self._delivery(order)
                for move in pick.move_ids:
                    move.quantity = 4 if move.product_id == self.pot else 8
                pick.move_ids.picked = True
                self._settle()
                with self.assertRaisesRegex(UserError, "40 % of 50 % by quantity"):
                    pick.button_validate()

    def test_complete_lines(self):
        for steps, count in MORE_STEPS.items():
            with self.subTest(steps=steps):
                self._begin(steps)
                self._agree(shipping="complete_lines")
                self._put_stock(self.pot, 3)
                self._put_stock(self.lid, 5)
                plate = self._create_product("Plate")
                self._put_stock(plate, 1)
                order = self._create_order((self.set, 3), (plate, 1))
                self.assertEqual(len(self._walk(order)), count)
                self.assertRest(order, [0, 1], [3, 0], [0, 0])
                self._receive((self.lid, 1))
                self.assertEqual(len(self._walk(order)), count)
                self.assertRest(order, [3, 1], [0, 0], [0, 0])

    def test_rest_is_cancelled_in_all_steps(self):
        for steps, count in MORE_STEPS.items():
            with self.subTest(steps=steps):
                self._begin(steps)
                self._agree(max_shipments=1, remainder="cancel")
                self._put_stock(self.pot, 2)
                self._put_stock(self.lid, 4)
                order = self._create_order((self.set, 5))
                self.assertEqual(len(self._walk(order)), count)
                self.assertRest(order, [2], [0], [3])
                self.assertFalse(self._delivery(order))
                self.assertStockSound(self.pot, self.lid)

    def test_components_of_a_broken_kit(self):
        """
        GIVEN three pots and four lids, two whole sets
        THEN two sets ship, with whatever else was picked; three are cancelled
        """
        for steps in MORE_STEPS:
            with self.subTest(steps=steps):
                self._begin(steps)
                self._agree(max_shipments=1, remainder="cancel")
                self._put_stock(self.pot, 3)
                self._put_stock(self.lid, 4)
                order = self._create_order((self.set, 5))
                self._walk(order)
                self.assertRest(order, [2], [0], [3])
                self.assertFalse(self._delivery(order))


class TestTwoUnits(OperationsCommon):
    """Sold by the dozen, stocked by the piece."""

    def _order_dozens(self, quantity, product=None):
        return self._create_order(
            {
                "product_id": (product or self.glass).id,
                "product_uom_qty": quantity,
                "product_uom_id": self.dozen.id,
            }
        )

    def test_rest_is_cancelled(self):
        """Thirty pieces of ten dozen: seven and a half dozen are cancelled."""
        for steps in ("ship_only", *MORE_STEPS):
            with self.subTest(steps=steps):
                self._set_steps(steps)
                self._agree(max_shipments=1, remainder="cancel")
                product = self._create_product(steps)
                self._put_stock(product, 30)
                order = self._order_dozens(10, product)
                self._walk(order)
                self.assertRest(order, [2.5], [0], [7.5])
                self.assertIn("7.50", order.message_ids[0].body)

    def test_sold_by_the_piece_and_stocked_by_the_dozen(self):
        self._agree(max_shipments=1, remainder="cancel")
        crate = self._create_product("Crate", uom_id=self.dozen.id)
        self._put_stock(crate, 1)
        order = self._create_order(
            {
                "product_id": crate.id,
                "product_uom_qty": 30,
                "product_uom_id": self.unit.id,
            }
        )
        self._walk(order)
        self.assertRest(order, [12], [0], [18])

    def test_last_of_two_shipments(self):
        self._agree(max_shipments=2, remainder="cancel")
        self._put_stock(self.glass, 30)
        order = self._order_dozens(10)
        self._walk(order)
        self.assertRest(order, [2.5], [7.5], [0])
        self._receive((self.glass, 42))
        self._walk(order)
        self.assertRest(order, [6], [0], [4])

    def test_small_rest_is_closed(self):
        """Five pieces of ten dozen are 4.2 percent; seven are 5.8."""
        self._agree(close_tolerance_percent=5)
        for there, left, cancelled in ((115, 0, 5 / 12), (113, 7 / 12, 0)):
            with self.subTest(there=there):
                product = self._create_product("Jug")
                self._put_stock(product, there)
                order = self._order_dozens(10, product)
                self._walk(order)
                line = order.order_line
                self.assertAlmostEqual(line.qty_cancelled, cancelled, 2)
                self.assertAlmostEqual(line.qty_backorder_open, left, 2)

    def test_whoever_is_asked_wants_no_rest(self):
        self._agree(max_shipments=1, remainder="ask")
        self._put_stock(self.glass, 30)
        order = self._order_dozens(10)
        self._answer(self._press_validate(self._delivery(order)), backorder=False)
        self.assertRest(order, [2.5], [0], [7.5])


class TestHalfPicked(OperationsCommon):
    """
    GIVEN two steps, and four of ten picked or being picked
    WHEN what is agreed changes
    THEN what somebody has in hand stays there, and ships by what is agreed now
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_steps("pick_ship")
        cls.order = cls._sell_four_of_ten("Hotel", min_amount=1)
        cls.policy = cls.order.backorder_policy_id

    def _change(self, **values):
        self.policy.write(values)
        self._settle()

    def _pick(self):
        self._delivery(self.order).with_context(skip_backorder=True).button_validate()
        self._settle()
        return self._get_shipments(self.order)

    def _receive_more(self, quantity):
        self._receive((self.order.order_line.product_id, quantity))

    def assertLeavesAtOnce(self):
        self._walk(self.order)
        self.assertRest(self.order, [10], [0], [0])
        self.assertEqual(
            self.order.picking_ids.filtered("release_number").mapped("release_number"),
            [1],
        )

    def test_being_picked(self):
        pick = self._delivery(self.order)
        pick.move_ids.picked = True
        self._change(shipping="complete_order", min_amount=0)
        self.assertReserved(self.order, 4)
        self.assertHeld(self.order, "Ships all at once")
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            pick.button_validate()
        self._receive_more(6)
        # the other six are there: they can be picked after these, and join them
        self._pick()
        self.assertLeavesAtOnce()

    def test_picked(self):
        """What has been picked waits at the last step for the rest."""
        out = self._pick()
        self._change(shipping="complete_order", min_amount=0)
        self.assertEqual(
            (out.backorder_held, out.state, out.move_ids.quantity),
            (True, "confirmed", 4),
        )
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            out.button_validate()
        self._receive_more(6)
        self.assertLeavesAtOnce()

    def test_share_changes(self):
        out = self._pick()
        self._change(shipping="threshold", first_min_percent=50, min_amount=0)
        self.assertEqual(out.backorder_hold_reason, "40 % of 50 % by quantity")
        self._change(first_min_percent=40)
        self.assertEqual((out.backorder_held, out.state), (False, "assigned"))
        self._walk(self.order)
        self.assertRest(self.order, [4], [6], [0])

    def test_no_backorders_from_now_on(self):
        """The rest, of which nothing is picked, ends with what is picked already."""
        out = self._pick()
        self._change(max_shipments=1, remainder="cancel", min_amount=0)
        self.assertIs(self._press_validate(out), True)
        self.assertRest(self.order, [4], [0], [6])
        self.assertFalse(self._delivery(self.order))

    def test_backorders_from_now_on(self):
        self._change(max_shipments=1, remainder="cancel", min_amount=0)
        out = self._pick()
        self._change(max_shipments=0, remainder=False)
        self._validate(out)
        self.assertRest(self.order, [4], [6], [0])

    def test_another_agreement(self):
        """Chosen on the order."""
        out = self._pick()
        self.order.backorder_policy_id = self.env.ref(
            "backorder_management.policy_complete_order"
        )
        self._settle()
        self.assertTrue(out.backorder_held)
        self.order.backorder_policy_id = self.policy
        self._settle()
        self.assertEqual((out.backorder_held, out.state), (False, "assigned"))


class TestWhoValidates(OperationsCommon):
    """Whoever validates a held delivery reads the same sentence."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._sell_four_of_ten(
            "Hotel", shipping="threshold", first_min_percent=80
        )
        # not everybody may read it
        cls.order.user_id = cls._create_user("owner", "sales_team.group_sale_salesman")
        cls.delivery = cls._delivery(cls.order)
        cls.delivery.move_ids.write({"quantity": 4, "picked": True})
        cls._settle()

    def test_sentence(self):
        sentence = (
            f"{self.order.name} must not ship Hotel yet. 40 % of 80 % by quantity. "
            "Change the quantities, or ask a manager to release the delivery."
        )
        for groups in (
            "stock.group_stock_user",
            "stock.group_stock_manager",
            "sales_team.group_sale_salesman",
            "sales_team.group_sale_manager",
            "backorder_management.group_backorder_manager",
        ):
            with self.subTest(groups=groups):
                user = self._create_user(groups, f"base.group_user,{groups}")
                self.env.invalidate_all()
                with self.assertRaises(UserError) as refused:
                    self.delivery.with_user(user).button_validate()
                self.assertEqual(str(refused.exception), sentence)

    def test_portal(self):
        """Odoo's own refusal; nothing is told about the agreement."""
        user = self._create_user("guest", "base.group_portal")
        self.env.invalidate_all()
        with self.assertRaises(AccessError) as refused:
            self.delivery.with_user(user).button_validate()
        self.assertNotIn("80 %", str(refused.exception))
