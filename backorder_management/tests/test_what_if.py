"""What would change: worked examples, and the same as what really happens then.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from contextlib import contextmanager
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..models.backorder_imagined import Bought, Imagined
from ..models.backorder_what_if import find_changes
from .random_common import StoryMixin, a_few_stories
from .test_eta import EtaCommon, march, noon


class WhatIfCommon(EtaCommon):
    def _find_changes(self, imagined, products=None):
        """Days of the orders before and after, by order; nothing is written."""
        products = products or self.glass
        self.env.invalidate_all()
        savepoint = self.env.cr.savepoint()
        self.env.cr.execute("SET TRANSACTION READ ONLY")
        now = fields.Datetime.now()
        changes = find_changes(self.env, products.ids, imagined, now)
        savepoint.close(rollback=True)
        return changes

    def assertChanges(self, changes, *expected):  # noqa: N802 - unittest's manner
        """:param expected: orders of one line, days of March before and after"""
        found = {
            change.order_id: (change.order_before, change.order_after)
            for change in changes
        }
        days = {
            order.id: (
                march(before) if before else None,
                march(after) if after else None,
            )
            for order, before, after in expected
        }
        self.assertEqual(found, days)

    def _get_days(self):
        self.env.invalidate_all()
        orders = self.env["sale.order"].search(
            [("order_line.product_id", "in", self.products.ids)]
        )
        lines = orders.order_line
        return {
            **{line: line.backorder_eta or None for line in lines},
            **{order: order.backorder_eta or None for order in orders},
        }

    def assertReality(self, imagined, do):  # noqa: N802 - unittest's manner
        """What is said to change is what changes when it is done.

        :return: the changes
        """
        before = self._get_days()
        changes = self._find_changes(imagined, self.products)
        self.assertEqual(self._get_days(), before)
        do()
        self._settle()
        predicted = dict(before)
        for change in changes:
            line = self.env["sale.order.line"].browse(change.line_id)
            self.assertEqual(before[line], change.before)
            predicted[line] = change.after
            predicted[line.order_id] = change.order_after
        self.assertEqual(self._get_days(), predicted)
        return changes

    @property
    def products(self):
        return self.glass

    def _create_purchase(self, day, quantity, product=None, vendor=None, **values):
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": (vendor or self.vendor).id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (product or self.glass).id,
                            "product_qty": quantity,
                            "date_planned": noon(day),
                        }
                    )
                ],
                **values,
            }
        )
        purchase.button_confirm()
        self._settle()
        return purchase


@tagged("post_install", "-at_install")
class TestWhatIf(WhatIfCommon):
    def setUp(self):
        super().setUp()
        self.first = self._create_purchase(3, 30)
        self.second = self._create_purchase(10, 20)
        self.orders = [self._create_order((self.glass, each)) for each in (18, 18, 10)]
        self.assertEtas(*zip(self.orders, (3, 10, 10), strict=True))

    def _get_moves(self, purchase):
        return purchase.order_line.move_ids

    def test_purchase_slips(self):
        """Scenario: the first purchase slips by 14 days, to the 17th.

        Expected: the first order takes those of the 10th; the others wait for the
        17th.
        """
        imagined = Imagined()
        imagined.put_off_purchase(self._get_moves(self.first), 14)
        changes = self.assertReality(
            imagined, lambda: self._put_off(self.first, days=14)
        )
        one, two, three = self.orders
        self.assertChanges(changes, (one, 3, 10), (two, 10, 17), (three, 10, 17))

    def _put_off(self, purchase, days):
        purchase.order_line.date_planned += timedelta(days=days)

    def test_purchase_comes_earlier(self):
        """The second one on the 4th instead of the 10th, six days earlier."""
        imagined = Imagined()
        imagined.put_off_purchase(self._get_moves(self.second), -6)
        changes = self.assertReality(
            imagined, lambda: self._put_off(self.second, days=-6)
        )
        _one, two, three = self.orders
        self.assertChanges(changes, (two, 10, 4), (three, 10, 4))

    def test_receipt_is_put_off(self):
        receipt = self.first.picking_ids
        imagined = Imagined()
        imagined.put_off(receipt.move_ids, 1)
        changes = self.assertReality(
            imagined, lambda: receipt.write({"scheduled_date": noon(4)})
        )
        self.assertChanges(changes, (self.orders[0], 3, 4))

    def test_arrives_short(self):
        """10 instead of 30: for the third nothing is left."""
        imagined = Imagined()
        imagined.cut(self._get_moves(self.first), 10)
        changes = self.assertReality(
            imagined,
            lambda: self._get_moves(self.first).write({"product_uom_qty": 10}),
        )
        one, two, three = self.orders
        self.assertChanges(changes, (one, 3, 10), (two, 10, None), (three, 10, None))

    def test_is_cancelled(self):
        imagined = Imagined()
        imagined.cancel_purchase(self.first)
        changes = self.assertReality(imagined, self.first.button_cancel)
        one, two, three = self.orders
        self.assertChanges(changes, (one, 3, 10), (two, 10, None), (three, 10, None))

    def test_receipt_is_cancelled(self):
        imagined = Imagined()
        imagined.cancel(self.second.picking_ids.move_ids)
        changes = self.assertReality(imagined, self.second.picking_ids.action_cancel)
        _one, two, three = self.orders
        self.assertChanges(changes, (two, 10, None), (three, 10, None))

    def test_we_buy_more(self):
        """Scenario: 16 more by Saturday, the 6th, which are on the shelf on Monday, the
        8th.

        Expected: the second order has 12 of the 3rd and 6 of these, the third the rest:
        both on the 8th.
        """
        imagined = Imagined()
        bought = Bought(self.glass, self.warehouse, 16, march(6), self.vendor)
        imagined.buy([bought])
        changes = self.assertReality(imagined, lambda: self._create_purchase(6, 16))
        _one, two, three = self.orders
        self.assertChanges(changes, (two, 10, 8), (three, 10, 8))

    def test_we_buy_more_in_steps_of_a_late_vendor(self):
        """Scenario: another vendor, mostly three days late; two steps of a day each
        from the gate to the shelf. 16 more by the 2nd.

        Expected: on the 5th at the gate, on the 9th on the shelf.
        """
        self.warehouse.reception_steps = "three_steps"
        rules = self.warehouse.reception_route_id.rule_ids
        rules.filtered(lambda rule: rule.action == "push").delay = 1
        late = self.env["res.partner"].create({"name": "Late"})
        self.env["backorder.lateness"].create(
            {
                "company_id": self.env.company.id,
                "partner_id": late.id,
                "receipts": 9,
                "delays": [[3, 9]],
            }
        )
        imagined = Imagined()
        imagined.buy([Bought(self.glass, self.warehouse, 16, march(2), late)])
        changes = self.assertReality(
            imagined, lambda: self._create_purchase(2, 16, vendor=late)
        )
        _one, two, three = self.orders
        self.assertChanges(changes, (two, 10, 9), (three, 10, 9))

    def test_order_gets_a_star(self):
        """The last order comes first: 10 of the 3rd; the first has the 18 next."""
        starred = self.orders[2].picking_ids.move_ids
        imagined = Imagined()
        imagined.star(starred)
        changes = self.assertReality(imagined, lambda: self._star(starred))
        self.assertChanges(changes, (self.orders[2], 10, 3))

    def _star(self, moves):
        moves.priority = "1"

    def test_star_takes_free_stock(self):
        """Scenario: 5 are found, free for the first order alone, which then needs but
        13; the last one gets a star.

        Expected: the last has the 5, and 5 of the 3rd, as the first waits as before.
        """
        self._put_stock(self.glass, 5)
        self.orders[0].picking_ids.do_unreserve()
        self._settle()
        starred = self.orders[2].picking_ids.move_ids
        imagined = Imagined()
        imagined.star(starred)
        self.assertReality(imagined, lambda: self._star(starred))

    def test_star_makes_short_what_never_was(self):
        """Scenario: 8 jugs, free for an order that was never short; the next order
        needs 8 and gets a star.

        Expected: the first has none, as nothing comes; the second has them.
        """
        jug = self._create_product("Jug")
        self._put_stock(jug, 8)
        self.warehouse.out_type_id.reservation_method = "manual"
        one, two = (self._create_order((jug, 8)) for _each in range(2))
        self._expect(9, (jug, 8))
        self.assertEtas((one, None), (two, 9))
        starred = two.picking_ids.move_ids
        imagined = Imagined()
        imagined.star(starred)
        changes = self._find_changes(imagined, jug)
        self.assertChanges(changes, (one, None, 9), (two, 9, 1))
        self._star(starred)
        self._settle()
        self.assertEtas((one, 9), (two, 1))

    def test_rank_of_a_customer(self):
        """Scenario: the strategy looks at the agreement's rank; the last order's
        customer is served first from now on."""
        self._rank_by_agreement()
        imagined = Imagined()
        imagined.rank(self.orders[2], 1)
        policy = self.orders[2].backorder_policy_id.copy({"rank": 1, "name": "VIP"})
        changes = self.assertReality(
            imagined,
            lambda: (
                self.orders[2].write({"backorder_policy_id": policy.id}),
                self.env["backorder.demand"]._refresh_etas(self.glass.ids),
            ),
        )
        self.assertChanges(changes, (self.orders[2], 10, 3))

    def _rank_by_agreement(self):
        strategy = self.env["backorder.strategy"].create(
            {
                "name": "By agreement",
                "criterion_ids": [Command.create({"criterion": "policy_rank"})],
            }
        )
        self.warehouse.backorder_strategy_id = strategy
        self._settle()

    def test_pinned_line(self):
        """Scenario: the third order is pinned, 10 of the second purchase are kept for
        it; that purchase brings 4.

        Expected: 4 are kept, the rest of it is not known.
        """
        self.orders[2].order_line._pin("promised by phone")
        self._settle()
        imagined = Imagined()
        imagined.cut(self._get_moves(self.second), 4)
        self.assertReality(
            imagined,
            lambda: self._get_moves(self.second).write({"product_uom_qty": 4}),
        )

    def test_made_to_order(self):
        """Scenario: bought for the order, for the 9th: it slips by 2 days, brings half,
        is cancelled.

        Expected: the 11th; not known; then those that come for anybody on the 12th.
        """
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        order = self._create_order((product, 10))
        purchase = self._get_purchase(product)
        purchase.order_line.date_planned = noon(9)
        purchase.button_confirm()
        self._expect(12, (product, 10))
        self.assertEtas((order, 9))
        moves = self._get_moves(purchase)
        slipped, halved, cancelled = Imagined(), Imagined(), Imagined()
        slipped.put_off_purchase(moves, 2)
        halved.cut(moves, 5)
        cancelled.cancel_purchase(purchase)
        self.assertChanges(self._find_changes(slipped, product), (order, 9, 11))
        self.assertChanges(self._find_changes(halved, product), (order, 9, None))
        self.assertChanges(self._find_changes(cancelled, product), (order, 9, 12))
        self._put_off(purchase, 2)
        self._settle()
        self.assertEtas((order, 11))
        purchase.button_cancel()
        self._settle()
        self.assertEtas((order, 12))

    def test_purchase_of_a_receipt_that_was_put_off(self):
        """Scenario: the warehouse expects the first purchase on the 5th, not the 3rd;
        it slips by two days.

        Expected: the 5th and two days more are Sunday, the 7th: Monday, the 8th.
        """
        self.first.picking_ids.scheduled_date = noon(5)
        self._settle()
        imagined = Imagined()
        imagined.put_off_purchase(self._get_moves(self.first), 2)
        changes = self.assertReality(
            imagined, lambda: self._put_off(self.first, days=2)
        )
        self.assertChanges(changes, (self.orders[0], 5, 8))

    def test_made_to_order_for_an_agreed_day(self):
        """Scenario: bought for the order, which was agreed for the 17th; the purchase
        slips by two days, and Odoo moves the deadline of the delivery with it."""
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        order = self._create_order((product, 10), commitment_date=noon(17))
        purchase = self._get_purchase(product)
        purchase.button_confirm()
        purchase.picking_ids.scheduled_date = noon(3)
        self._settle()
        self.assertEtas((order, 17))
        imagined = Imagined()
        imagined.put_off_purchase(self._get_moves(purchase), 2)
        [change] = self._find_changes(imagined, product)
        self._put_off(purchase, 2)
        self._settle()
        self.env.invalidate_all()
        self.assertEqual((change.before, change.after), (march(17), march(19)))
        self.assertEtas((order, 19))

    def test_request_for_quotation_is_cancelled(self):
        """Scenario: it was made for the order; 10 are there for anybody, and free.

        Expected: it takes them.
        """
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        order = self._create_order((product, 10))
        self._put_stock(product, 10)
        self.assertEtas((order, None))
        purchase = self._get_purchase(product)
        imagined = Imagined()
        imagined.cancel_purchase(purchase)
        changes = self._find_changes(imagined, product)
        self.assertChanges(changes, (order, None, 1))
        purchase.button_cancel()
        self._settle()
        self.assertEtas((order, 1))

    def test_delivery_is_cancelled_with_it(self):
        """Scenario: the receipt for an order cancels what follows; the order's jugs
        come on the 12th."""
        jug = self._create_product("Jug")
        self._create_purchase(12, 5, jug)
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        order = self._create_order((product, 10), (jug, 5))
        purchase = self._get_purchase(product)
        purchase.order_line.date_planned = noon(9)
        purchase.button_confirm()
        self._settle()
        receipt = self._get_moves(purchase)
        receipt.propagate_cancel = True
        imagined = Imagined()
        imagined.cancel(receipt)
        [change] = self._find_changes(imagined, product)
        receipt._action_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(order.order_line[0].move_ids.mapped("state"), ["cancel"])
        self.assertEqual((change.before, change.after), (march(9), None))
        self.assertEqual(change.order_after, march(12))
        self.assertFalse(order.order_line[0].backorder_eta)
        self.assertEqual(order.backorder_eta, march(12))

    def _send(self, product, quantity, **values):
        """From the north on the 3rd, here on the 5th."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._put_stock(product, quantity, location=north.lot_stock_id)
        transit = self.env.company.internal_transit_location_id
        values = {"product_id": product.id, "product_uom_qty": quantity, **values}
        leaving, coming = self.env["stock.move"].create(
            [
                {
                    **values,
                    "location_id": north.lot_stock_id.id,
                    "location_dest_id": transit.id,
                    "location_final_id": self.stock.id,
                    "date": noon(3),
                },
                {
                    **values,
                    "location_id": transit.id,
                    "location_dest_id": self.stock.id,
                    "date": noon(5),
                },
            ]
        )
        coming.move_orig_ids = leaving
        (leaving | coming)._action_confirm(merge=False)
        self._settle()
        return leaving, coming

    def test_transfer_leaves_later(self):
        jug = self._create_product("Jug")
        leaving, coming = self._send(jug, 10)
        order = self._create_order((jug, 10))
        self.assertEtas((order, 5))
        for moves in (leaving, coming, leaving | coming):
            with self.subTest(moves=moves):
                imagined = Imagined()
                imagined.put_off(moves, 3)
                found = {
                    change.order_id: change.after
                    for change in self._find_changes(imagined, jug)
                }
                with self._undone():
                    for move in moves:
                        move.date += timedelta(days=3)
                    self._settle()
                    self.env.invalidate_all()
                    after = order.backorder_eta
                self.assertEqual(found.get(order.id, march(5)), after)

    @contextmanager
    def _undone(self):
        savepoint = self.env.cr.savepoint()
        yield
        savepoint.close(rollback=True)
        self.env.invalidate_all()

    def test_transfer_is_cancelled(self):
        """The first step alone: with what follows, or without."""
        jug = self._create_product("Jug")
        leaving, _coming = self._send(jug, 10)
        order = self._create_order((jug, 10))
        for propagates in (False, True):
            with self.subTest(propagates=propagates):
                leaving.propagate_cancel = propagates
                imagined = Imagined()
                imagined.cancel(leaving)
                found = {
                    change.order_id: change.after
                    for change in self._find_changes(imagined, jug)
                }
                with self._undone():
                    leaving._action_cancel()
                    self._settle()
                    self.env.invalidate_all()
                    after = order.backorder_eta or None
                self.assertEqual(found.get(order.id, march(5)), after)

    def test_drop_shipment(self):
        """Scenario: the vendor sends to the customer on the 9th: two days later, then
        not at all."""
        route = self.env.ref(
            "stock_dropshipping.route_drop_shipping", raise_if_not_found=False
        )
        if not route:
            self.skipTest("stock_dropshipping is NOT installed: NOT tested")
        product = self._create_bought("Piano", route)
        order = self._create_order((product, 1))
        purchase = self._get_purchase(product)
        purchase.order_line.date_planned = noon(9)
        purchase.button_confirm()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_eta, march(9))
        slipped, cancelled = Imagined(), Imagined()
        slipped.put_off_purchase(self._get_moves(purchase), 2)
        cancelled.cancel_purchase(purchase)
        self.assertChanges(self._find_changes(slipped, product), (order, 9, 11))
        self.assertChanges(self._find_changes(cancelled, product), (order, 9, None))
        self._put_off(purchase, 2)
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_eta, march(11))

    def test_nothing_imagined(self):
        self.assertFalse(self._find_changes(Imagined()))

    def test_other_warehouse_and_company(self):
        """What is bought for elsewhere brings nothing here."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        imagined = Imagined()
        nobody = self.env["res.partner"]
        imagined.buy([Bought(self.glass, north, 99, march(2), nobody)])
        self.assertFalse(self._find_changes(imagined))

    def test_last_line_of_an_order(self):
        """Scenario: an order of glasses and jugs, which come on the 12th; the glasses
        come on the 15th instead of the 10th.

        Expected: the line of glasses moves, and with it the order from the 12th.
        """
        jug = self._create_product("Jug")
        self._create_purchase(12, 5, jug)
        order = self._create_order((self.glass, 2), (jug, 5))
        self.assertEqual(order.backorder_eta, march(12))
        imagined = Imagined()
        imagined.put_off_purchase(self._get_moves(self.second), 5)
        changes = self.assertReality(
            imagined, lambda: self._put_off(self.second, days=5)
        )
        [change] = [each for each in changes if each.order_id == order.id]
        self.assertEqual(change.line_id, order.order_line[0].id)
        self.assertEqual((change.before, change.after), (march(10), march(15)))
        self.assertEqual(
            (change.order_before, change.order_after), (march(12), march(15))
        )

    def test_order_that_leaves_at_once(self):
        """The same, where all of it leaves together: both lines move."""
        jug = self._create_product("Jug")
        self._create_purchase(12, 5, jug)
        order = self._create_order((self.glass, 2), (jug, 5), picking_policy="one")
        imagined = Imagined()
        imagined.put_off_purchase(self._get_moves(self.second), 5)
        changes = self.assertReality(
            imagined, lambda: self._put_off(self.second, days=5)
        )
        own = [each for each in changes if each.order_id == order.id]
        self.assertEqual([each.line_id for each in own], order.order_line.ids)
        for change in own:
            self.assertEqual((change.before, change.after), (march(12), march(15)))


arrivals = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 26)), min_size=1, max_size=4
)
sales = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 26), st.booleans()),
    min_size=1,
    max_size=5,
)
changes_of_one = st.tuples(
    st.sampled_from(["slip", "put_off", "cut", "cancel", "cancel_receipt", "buy"])
    | st.sampled_from(["star", "unstar"]),
    st.integers(0, 3),
    st.integers(-10, 12),
)


@tagged("post_install", "-at_install")
class TestWhatIfAtRandom(StoryMixin, WhatIfCommon):
    @a_few_stories
    @given(st.integers(0, 15), arrivals, sales, changes_of_one, st.booleans())
    def test_equals_what_really_happens(self, stock, coming, sold, change, pinned):
        """WHATEVER is imagined
        THEN just what was said to change has changed when it is done
        """
        with self._undone():
            self.warehouse.out_type_id.reservation_method = "manual"
            if stock:
                self._put_stock(self.glass, stock)
            self.purchases = [
                self._create_purchase(1, quantity) for quantity, _day in coming
            ]
            for purchase, (_quantity, day) in zip(self.purchases, coming, strict=True):
                purchase.order_line.date_planned = noon(1) + timedelta(days=day - 3)
            jug = self._create_product("Jug")
            self._create_purchase(12, 99, jug)
            # every other day all of it at once
            self.orders = [
                self._create_order(
                    (self.glass, quantity),
                    (jug, 1),
                    commitment_date=noon(day),
                    picking_policy="one" if day % 2 else "direct",
                )
                for quantity, day, _starred in sold
            ]
            for order, (_quantity, _day, starred) in zip(
                self.orders, sold, strict=True
            ):
                order.picking_ids.move_ids.priority = "1" if starred else "0"
            if pinned:
                self.orders[-1].order_line[0]._pin("promised by phone")
            self._settle()
            imagined = Imagined()
            kind, index, number = change
            do = getattr(self, f"_imagine_{kind}")(imagined, index, number)
            self.assertReality(imagined, do)

    def _choose_moves(self, index):
        purchase = self.purchases[index % len(self.purchases)]
        return purchase, purchase.order_line.move_ids

    def _imagine_slip(self, imagined, index, number):
        purchase, moves = self._choose_moves(index)
        imagined.put_off_purchase(moves, number)
        line = purchase.order_line
        return lambda: line.write(
            {"date_planned": line.date_planned + timedelta(days=number)}
        )

    def _imagine_put_off(self, imagined, index, number):
        _purchase, moves = self._choose_moves(index)
        imagined.put_off(moves, number)
        return lambda: moves.write(
            {"date": moves._get_expected_moment() + timedelta(days=number)}
        )

    def _imagine_cut(self, imagined, index, number):
        _purchase, moves = self._choose_moves(index)
        imagined.cut(moves, abs(number))
        quantity = min(abs(number), moves.product_qty)
        return lambda: moves.write({"product_uom_qty": quantity})

    def _imagine_cancel(self, imagined, index, _number):
        purchase, _moves = self._choose_moves(index)
        imagined.cancel_purchase(purchase)
        return purchase.button_cancel

    def _imagine_cancel_receipt(self, imagined, index, _number):
        _purchase, moves = self._choose_moves(index)
        imagined.cancel(moves)
        return moves._action_cancel

    def _imagine_buy(self, imagined, index, number):
        quantity, day = abs(number) + 1, 2 + 5 * index
        imagined.buy(
            [Bought(self.glass, self.warehouse, quantity, march(day), self.vendor)]
        )
        return lambda: self._create_purchase(day, quantity)

    def _imagine_star(self, imagined, index, _number):
        moves = self.orders[index % len(self.orders)].picking_ids.move_ids
        imagined.star(moves)
        return lambda: moves.write({"priority": "1"})

    def _imagine_unstar(self, imagined, index, _number):
        moves = self.orders[index % len(self.orders)].picking_ids.move_ids
        imagined.star(moves, starred=False)
        return lambda: moves.write({"priority": "0"})
