"""Runs, blocks and pins where somebody or something comes in between."""

from datetime import date, timedelta

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Datetime
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.backorder_facts import FactFinder
from .run_common import RunCommon

REDISTRIBUTE = (("[]", "redistribute"),)


@tagged("post_install", "-at_install")
class TestUndoCorners(RunCommon):
    """An order of 6 loses its glasses to a starred one; then something happens."""

    def setUp(self):
        super().setUp()
        self.loser, self.winner = self._contest(self.glass, 6)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        self.run_ = self._simulate(strategy, product_ids=self.glass.ids)
        self.run_.action_apply()
        self.assertReserved(self.winner, 6)

    def test_a_line_pinned_meanwhile_keeps_its_goods(self):
        self.winner.order_line._pin("promised")
        with self.assertRaisesRegex(UserError, "its stock is pinned"):
            self.run_.action_undo()
        self.assertReserved(self.winner, 6)

    def test_a_blocked_order_gets_nothing_back(self):
        """And the one that has the goods keeps them: nobody else is to have them."""
        self.loser._block("credit limit")
        with self.assertRaisesRegex(UserError, "the order has been blocked"):
            self.run_.action_undo()
        self.assertReserved(self.winner, 6)
        self.assertReserved(self.loser, 0)

    def test_goods_that_cannot_go_back_stay(self):
        self.loser.picking_ids.printed = True
        with self.assertRaisesRegex(UserError, "who had the goods cannot have them"):
            self.run_.action_undo()
        self.assertReserved(self.winner, 6)

    def test_lines_that_were_cleaned_up(self):
        self.run_.sudo().line_ids.unlink()
        with self.assertRaisesRegex(UserError, "have been cleaned up"):
            self.run_.action_undo()

    def test_who_loses_by_an_undo_is_told(self):
        self.run_.action_undo()
        body = self.winner.message_ids[:1].body
        self.assertIn(self.run_.name, body)
        self.assertIn("undone", body)


@tagged("post_install", "-at_install")
class TestRunCorners(RunCommon):
    def test_a_scope_that_is_gone_is_not_everything(self):
        order = self._create_order((self.glass, 4), confirm=False)
        run = self.env["backorder.run"].create({"sale_line_ids": order.order_line.ids})
        order.order_line.unlink()
        with self.assertRaisesRegex(UserError, "are gone. Start another run"):
            run.action_simulate()

    def test_an_archived_product_stays_the_scope(self):
        run = self.env["backorder.run"].create({"product_ids": self.glass.ids})
        self.glass.active = False
        self.env.invalidate_all()
        self.assertEqual(run.product_ids, self.glass)

    def test_more_than_wanted_given_by_hand_is_kept(self):
        """A worker reserves 6 for an order of 5; a receipt takes nothing from it."""
        self._put_stock(self.glass, 6)
        first = self._create_order((self.glass, 5))
        first.picking_ids.move_ids.quantity = 6
        other = self._create_order((self.glass, 3))
        self._receive((self.glass, 1))
        self.assertReserved(first, 6)
        self.assertReserved(other, 1)

    def test_a_part_reserved_by_hand_is_kept_by_a_receipt_only(self):
        """Of an order that ships complete: the nightly run gives it to others."""
        self._put_stock(self.glass, 3)
        both = self._create_order((self.glass, 3), (self.cup, 2), picking_policy="one")
        self.assertReserved(both, 0, 0)
        both.picking_ids.move_ids.filtered(
            lambda move: move.product_id == self.glass
        ).quantity = 3
        other = self._create_order((self.glass, 4))
        self._receive((self.glass, 1))
        self.assertReserved(both, 3, 0)
        self.assertReserved(other, 1)
        [run] = self.env["backorder.run"]._queue_all(self.env.company, self.warehouse)
        with self.enter_registry_test_mode():
            run._work_queued()
        self.assertReserved(both, 0, 0)
        self.assertReserved(other, 4)

    def test_the_last_part_completes_an_order_whoever_asks_for_it(self):
        """Check Availability on one of two transfers of an order that ships complete
        reserves both, once all is there."""
        both = self._create_order((self.glass, 4), (self.cup, 4), picking_policy="one")
        delivery = both.picking_ids
        split = delivery.copy({"move_ids": []})
        delivery.move_ids.filtered(
            lambda move: move.product_id == self.cup
        ).picking_id = split
        self._put_stock(self.glass, 4)
        delivery.action_assign()
        self.assertReserved(both, 0, 0)
        self._put_stock(self.cup, 4)
        delivery.action_assign()
        self.assertReserved(both, 4, 4)

    def test_what_would_help_where_stock_is_negative(self):
        """Five glasses that somebody shipped without having them come first."""
        self._put_stock(self.glass, -5)
        order = self._create_order((self.glass, 3))
        run = self._simulate(product_ids=self.glass.ids)
        self.assertIn(
            "8.00 Units more of Wine Glass in stock",
            self._line(run, order).smallest_change,
        )
        self._receive((self.glass, 8))
        self.assertReserved(order, 3)

    def test_what_would_help_where_others_take_it_too(self):
        """Who may take glasses from anywhere, and comes first, takes them from a shelf
        that is empty now, too."""
        order = self._create_order((self.glass, 3))
        order.picking_ids.move_ids.location_id = self.shelf
        other = self._create_order((self.glass, 4))
        other.picking_ids.move_ids.priority = "1"
        run = self._simulate(product_ids=self.glass.ids)
        self.assertIn("7.00 Units more", self._line(run, order).smallest_change)
        self._receive((self.glass, 7), location=self.shelf)
        self.assertReserved(order, 3)

    def test_a_pinned_line_gets_more(self):
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 10))
        first.order_line._pin("promised")
        later = self._create_order((self.glass, 6))
        self._receive((self.glass, 6))
        self.assertReserved(first, 10)
        self.assertReserved(later, 0)

    def test_overdue_goes_before_complete_orders(self):
        patient = self._create_order((self.glass, 9))
        strategy = self._create_strategy(
            "order_date", sharing="complete_orders", max_passed_runs=1
        )
        self.warehouse.backorder_strategy_id = strategy
        for quantity in (1, 1):
            self._create_order((self.glass, 1))
            self._put_stock(self.glass, quantity)
            run = self._simulate(strategy, product_ids=self.glass.ids)
            run.action_apply()
        self.assertReserved(patient, 1)

    def test_a_shared_strategy_is_the_administrators(self):
        manager = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        standard = self.env["backorder.strategy"]._get_standard().with_user(manager)
        self.assertTrue(standard.name)
        with self.assertRaises(AccessError):
            standard.company_id = self.env.company
        with self.assertRaises(AccessError):
            standard.criterion_ids[0].descending = False
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            standard.sudo().unlink()

    def test_a_strategy_moved_to_another_company_stops_no_receipt(self):
        company = self.env["res.company"].create({"name": "Other"})
        strategy = self._create_strategy("order_date")
        self.warehouse.backorder_strategy_id = strategy
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE backorder_strategy SET company_id = %s WHERE id = %s",
            [company.id, strategy.id],
        )
        self.env.invalidate_all()
        order = self._create_order((self.glass, 4))
        self._receive((self.glass, 4))
        self.assertReserved(order, 4)


@tagged("post_install", "-at_install")
class TestBlockCorners(RunCommon):
    def test_packed_goods_stay(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 4))
        box = self.env["stock.package"].create({})
        order.picking_ids.move_line_ids.result_package_id = box
        order._block("credit limit")
        self.assertReserved(order, 4)

    def test_who_may_lift_a_block(self):
        salesman = new_test_user(self.env, "seller", "sales_team.group_sale_salesman")
        manager = new_test_user(self.env, "boss", "sales_team.group_sale_manager")
        order = self._create_order((self.glass, 4), user_id=salesman.id)
        order._block("credit limit")
        with self.assertRaisesRegex(AccessError, "has blocked"):
            order.with_user(salesman).action_unblock()
        with self.assertRaises(AccessError):
            order.with_user(salesman).write({"backorder_blocked": False})
        with self.assertRaises(AccessError):
            order.order_line.with_user(salesman).write({"backorder_pinned": True})
        order.with_user(manager).action_unblock()
        self.assertFalse(order.backorder_blocked)
        order.with_user(salesman)._block("wish of customer")
        order.with_user(salesman).action_unblock()
        self.assertFalse(order.backorder_blocked)

    def test_no_step_leaves(self):
        self._set_steps("pick_ship")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 4))
        pick = order.picking_ids
        pick.move_ids.picked = True
        order._block("credit limit")
        with self.assertRaisesRegex(UserError, "must not ship"):
            pick.button_validate()
        with self.assertRaisesRegex(UserError, "must not ship"):
            pick.move_ids._action_done()

    def test_others_see_the_free_stock(self):
        """Where nothing is reserved by itself, free stock covers the next in line."""
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 5)
        blocked = self._create_order((self.glass, 5))
        other = self._create_order((self.glass, 5))
        self.assertEqual(other.order_line.qty_backordered, 5)
        blocked._block("credit limit")
        self._settle()
        self.assertEqual(other.order_line.qty_backordered, 0)
        self.assertEqual(blocked.order_line.qty_backordered, 5)


@tagged("post_install", "-at_install")
class TestCompleteOrders(RunCommon):
    def test_whoever_picks_decides(self):
        """
        GIVEN 7 glasses and 2 cups in stock, an order of 10 and 5 that ships only
            complete and so holds nothing
        WHEN somebody picks for it, first the glasses, then the cups, and a program
            ships them past the button
        THEN 7 and 2 are picked and shipped, and a backorder waits for the rest
        """
        self._put_stock(self.glass, 7)
        self._put_stock(self.cup, 2)
        order = self._create_order(
            (self.glass, 10), (self.cup, 5), picking_policy="one"
        )
        self.assertReserved(order, 0, 0)
        glasses, cups = order.picking_ids.move_ids
        glasses.picked = True
        self.assertReserved(order, 7, 0)
        cups.picked = True
        self.assertReserved(order, 7, 2)
        self.assertTrue(all(order.picking_ids.move_line_ids.mapped("picked")))
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            order.picking_ids.button_validate()
        order.picking_ids._action_done()
        self._settle()
        self.assertEqual(order.order_line.mapped("qty_delivered"), [7, 2])
        rest = order.picking_ids.filtered(lambda picking: picking.state == "confirmed")
        self.assertEqual(rest.move_ids.mapped("product_uom_qty"), [3, 3])
        self.assertStockSound(self.glass, self.cup)

    def test_whoever_stops_picking_leaves_the_goods_to_others(self):
        """
        GIVEN the same, both picked; another order waits for 4 glasses and 3 cups
        WHEN the glasses are not picked any more
        THEN the other order has its 4 glasses; the 2 cups, which are picked, stay, and
            so do those of an order that is complete
        """
        self._put_stock(self.glass, 7)
        self._put_stock(self.cup, 2)
        order = self._create_order(
            (self.glass, 10), (self.cup, 5), picking_policy="one"
        )
        other = self._create_order((self.glass, 4), (self.cup, 3))
        other.picking_ids.do_unreserve()
        glasses, cups = order.picking_ids.move_ids
        glasses.picked = True
        cups.picked = True
        self.assertReserved(order, 7, 2)
        glasses.picked = False
        self.assertReserved(order, 0, 2)
        self.assertReserved(other, 4, 0)
        self._put_stock(self.cup, 2)
        whole = self._create_order((self.cup, 2), picking_policy="one")
        self.assertReserved(whole, 2)
        whole.picking_ids.move_ids.picked = True
        whole.picking_ids.move_ids.picked = False
        self.assertReserved(whole, 2)
        self.assertStockSound(self.glass, self.cup)

    def test_a_pinned_line_keeps_what_nobody_picks_any_more(self):
        self._put_stock(self.glass, 7)
        order = self._create_order((self.glass, 10), picking_policy="one")
        move = order.picking_ids.move_ids
        move.picked = True
        order.order_line._pin("promised")
        move.picked = False
        self.assertReserved(order, 7)

    def test_what_stays_behind_is_left_to_others(self):
        """
        GIVEN an order that ships only complete: 7 of 10 glasses given to it by hand,
            its 2 cups picked
        WHEN the cups are shipped by a program
        THEN the backorder, which cannot use the 7 glasses, leaves them to others
        """
        self._put_stock(self.glass, 7)
        self._put_stock(self.cup, 2)
        order = self._create_order(
            (self.glass, 10), (self.cup, 2), picking_policy="one"
        )
        glasses, cups = order.picking_ids.move_ids
        glasses.quantity = 7
        cups.picked = True
        order.picking_ids._action_done()
        self.assertEqual(order.order_line.mapped("qty_delivered"), [0, 2])
        self.assertReserved(order, 0, 0)
        self.assertStockSound(self.glass, self.cup)

    def test_what_is_cancelled_is_passed_on_once(self):
        """Core takes the mark away before it cancels: that is no decision to leave the
        goods to others, and no run of its own."""
        self._put_stock(self.glass, 7)
        order = self._create_order((self.glass, 10), picking_policy="one")
        order.picking_ids.move_ids.picked = True
        other = self._create_order((self.glass, 9))
        self.assertReserved(other, 0)
        before = self.env["backorder.run"].search([])
        order.picking_ids.action_cancel()
        self.assertReserved(other, 7)  # and still waits, for a second run as well
        self.assertEqual(len(self.env["backorder.run"].search([]) - before), 1)
        self.assertStockSound(self.glass)

    def test_what_nobody_picks_is_not_taken(self):
        """
        GIVEN the same
        WHEN somebody types 3 glasses, and a program ships them
        THEN no cups are taken
        """
        self._put_stock(self.glass, 7)
        self._put_stock(self.cup, 2)
        order = self._create_order(
            (self.glass, 10), (self.cup, 5), picking_policy="one"
        )
        order.picking_ids.move_ids[0].write({"quantity": 3, "picked": True})
        order.picking_ids._action_done()
        self.assertEqual(order.order_line.mapped("qty_delivered"), [3, 0])
        self.assertStockSound(self.glass, self.cup)

    def test_nothing_is_taken_where_nothing_is_reserved_by_itself(self):
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 7)
        order = self._create_order((self.glass, 10), picking_policy="one")
        order.picking_ids.move_ids.picked = True
        self.assertReserved(order, 0)

    def test_demands_that_are_not_known_yet(self):
        """
        GIVEN 7 glasses, an order of 10 that ships only complete and a blocked one of 5,
            of which the planner's rows are still to be written
        WHEN a run is simulated
        THEN neither is to get glasses
        """
        self._create_order((self.glass, 10), picking_policy="one")
        blocked = self._create_order((self.glass, 5))
        blocked._block("credit limit")
        self._put_stock(self.glass, 7)
        self._settle()
        self.env["backorder.demand"].search([]).sudo().unlink()
        run = self._simulate(product_ids=self.glass.ids)
        self.assertFalse(run.line_ids.filtered("changes"))

    def test_nobody_picks_for_a_blocked_order(self):
        self._put_stock(self.glass, 7)
        order = self._create_order((self.glass, 10), picking_policy="one")
        order._block("credit limit")
        order.picking_ids.move_ids.picked = True
        self.assertReserved(order, 0)

    def test_goods_made_to_order_complete_an_order(self):
        """
        GIVEN an order that ships only complete: 4 glasses, which are in stock, and 2
            bowls, which are bought for it
        THEN the glasses are left to others
        WHEN the bowls are received
        THEN all of it is reserved
        """
        bowl = self._create_bought("Bowl", self._get_bought_to_order())
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 4), (bowl, 2), picking_policy="one")
        self.assertReserved(order, 0, 0)
        purchase = self._get_purchase(bowl)
        purchase.button_confirm()
        self._validate(purchase.picking_ids)
        self.assertReserved(order, 4, 2)


@tagged("post_install", "-at_install")
class TestPins(RunCommon):
    def test_a_pin_ends_where_its_owner_lives(self):
        """
        GIVEN a line that somebody has pinned until 22 November
        THEN the pin ends with that day's last minute in his time zone
        """
        line = self._create_order((self.glass, 4)).order_line
        run = self.env["backorder.run"].create({})
        for tz, last, over in (
            ("Pacific/Auckland", "2030-11-22 10:59", "2030-11-22 11:00"),
            ("America/Los_Angeles", "2030-11-23 07:59", "2030-11-23 08:00"),
            (False, "2030-11-22 23:59", "2030-11-23 00:00"),
        ):
            self.env.user.tz = tz
            line._pin("promised", date(2030, 11, 22))
            for moment, expected in ((last, True), (over, False)):
                with self.subTest(tz=tz, moment=moment), freeze_time(moment):
                    self.assertEqual(line._is_pinned(), expected)
                    at = Datetime.now()
                    facts = FactFinder(run.sudo(), run.strategy_id, at).find()
                    [fact] = facts.fact_by_move.values()
                    self.assertEqual(fact.pinned, expected)


@tagged("post_install", "-at_install")
class TestWizards(RunCommon):
    def test_pin_and_block_ask_for_a_reason(self):
        order = self._create_order((self.glass, 4))
        action = order.order_line.action_open_pin()
        wizard = (
            self.env[action["res_model"]]
            .with_context(**action["context"])
            .create({"reason": "promised", "until": Datetime.now() - timedelta(days=2)})
        )
        with self.assertRaisesRegex(UserError, "choose a day to come"):
            wizard.action_pin()
        wizard.until = False
        wizard.action_pin()
        line = order.order_line
        self.assertEqual(
            [
                line.backorder_pinned,
                line.backorder_pinned_by,
                line.backorder_pin_reason,
            ],
            [True, self.env.user, "promised"],
        )
        action = order.action_open_block()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"reason": "credit limit"}).action_block()
        self.assertEqual(order.backorder_block_reason, "credit limit")

    def test_negative_limits(self):
        with mute_logger("odoo.sql_db"):
            with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self.env.company.backorder_run_limit = -1
            with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self._create_strategy(max_passed_runs=-1)

    def test_what_is_bought_for_another_order_is_no_arrival(self):
        self.cup.write(
            {
                "route_ids": [Command.set(self._get_bought_to_order().ids)],
                "seller_ids": [Command.create({"partner_id": self.vendor.id})],
            }
        )
        self._create_order((self.cup, 10))
        purchase = self._get_purchase(self.cup)
        purchase.button_confirm()
        self.cup.route_ids = False
        order = self._create_order((self.cup, 3))
        run = self._simulate(product_ids=self.cup.ids)
        self.assertEqual(self._line(run, order).reason, "No stock left and no arrival")

    def test_what_comes_from_another_warehouse_arrives(self):
        """10 cups on their way through transit, in two transfers of which the second
        waits for the first."""
        transit = self.env["stock.location"].create(
            {"name": "On the road", "usage": "transit"}
        )
        other = self.env["stock.warehouse"].create({"name": "Other", "code": "OTH"})
        places = other.lot_stock_id, transit, self.stock
        moves = self.env["stock.move"].create(
            [
                {
                    "product_id": self.cup.id,
                    "product_uom_qty": 10,
                    "location_id": start.id,
                    "location_dest_id": end.id,
                    "location_final_id": end.id,
                }
                for start, end in zip(places, places[1:], strict=False)
            ]
        )
        moves[1].move_orig_ids = moves[0]
        moves._action_confirm()
        order = self._create_order((self.cup, 20))
        run = self._simulate(product_ids=self.cup.ids)
        self.assertEqual(
            self._line(run, order).reason, "No stock left; 10.00 Units are to arrive"
        )

    def test_what_is_to_arrive_is_named(self):
        """
        GIVEN receipts of 7 and 5 glasses expected, one of them in two steps, no cups
        WHEN orders that wait for them are looked at, and after one has been received
        THEN the reason names the quantity that is still to come, once
        """
        self._create_receipt((self.glass, 7))
        self.warehouse.reception_steps = "two_steps"
        inbound = self._create_receipt(
            (self.glass, 5), location=self.warehouse.wh_input_stock_loc_id
        )
        inbound.move_ids.location_final_id = self.stock
        order = self._create_order((self.glass, 20), (self.cup, 1))
        glasses, cups = order.order_line
        run = self._simulate()
        reasons = {line.sale_line_id: line.reason for line in run.line_ids}
        self.assertEqual(reasons[glasses], "No stock left; 12.00 Units are to arrive")
        self.assertEqual(reasons[cups], "No stock left and no arrival")
        self._validate(inbound)
        run.action_simulate()
        reasons = {line.sale_line_id: line.reason for line in run.line_ids}
        self.assertEqual(reasons[glasses], "No stock left; 12.00 Units are to arrive")
