"""When what is missing can be there: worked examples with days written by hand.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BackorderCommon

NOON = timedelta(hours=12)


def march(day):
    return date(2027, 3, day)


def noon(day):
    return datetime(2027, 3, day) + NOON


class EtaCommon(BackorderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2027-03-01 08:00:00"))
        calendar = cls.env["resource.calendar"].create(
            {"name": "Monday to Friday", "tz": "UTC"}
        )
        cls.env.company.resource_calendar_id = calendar
        cls.env.company.partner_id.tz = "UTC"
        cls.calendar = calendar

    @classmethod
    def _expect(cls, day, *products, **values):
        """A receipt that is expected on a day of March."""
        receipt = cls._create_receipt(*products, **values)
        receipt.scheduled_date = noon(day)
        cls._settle()
        return receipt

    def _run_nightly(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("backorder_management.ir_cron_eta").method_direct_trigger()

    def assertEtas(self, *pairs):  # noqa: N802 - unittest's own manner
        """:param pairs: orders (of one line) and days of March, None: not known"""
        self.env.invalidate_all()
        for number, (order, day) in enumerate(pairs):
            expected = march(day) if day else False
            with self.subTest(number=number):
                self.assertEqual(order.order_line.backorder_eta, expected)
                self.assertEqual(order.backorder_eta, expected)
                self.assertEqual(self._get_open(order).backorder_eta, expected)

    def _get_kind(self, order):
        rows = order.order_line.move_ids.backorder_demand_ids
        return rows.mapped("eta_kind")


@tagged("post_install", "-at_install")
class TestArrivals(EtaCommon):
    def test_two_arrivals_and_three_orders(self):
        """Scenario: 30 come on the 3rd and 20 on the 10th; 18, 18 and 10 are sold.

        Expected: the second order waits for both arrivals, the third for the last.
        """
        self._expect(10, (self.glass, 20))
        self._expect(3, (self.glass, 30))
        orders = [self._create_order((self.glass, each)) for each in (18, 18, 10)]
        self.assertEtas(*zip(orders, (3, 10, 10), strict=True))

    def test_arrival_after_the_orders(self):
        orders = [self._create_order((self.glass, each)) for each in (18, 18)]
        self.assertEtas((orders[0], None), (orders[1], None))
        self.assertEqual(self._get_kind(orders[0]), ["none"])
        self._expect(3, (self.glass, 30))
        self.assertEtas((orders[0], 3), (orders[1], None))
        self.assertEqual(self._get_kind(orders[1]), ["arrival"])

    def test_arrival_is_put_off_and_brought_forward(self):
        receipt = self._expect(3, (self.glass, 30))
        order = self._create_order((self.glass, 18))
        receipt.scheduled_date = noon(5)
        self._settle()
        self.assertEtas((order, 5))
        receipt.scheduled_date = noon(2)
        self._settle()
        self.assertEtas((order, 2))

    def test_quantity_and_cancellation_of_an_arrival(self):
        receipt = self._expect(3, (self.glass, 30))
        orders = [self._create_order((self.glass, each)) for each in (18, 12)]
        self.assertEtas((orders[0], 3), (orders[1], 3))
        receipt.move_ids.product_uom_qty = 20
        self._settle()
        self.assertEtas((orders[0], 3), (orders[1], None))
        receipt.action_cancel()
        self._settle()
        self.assertEtas((orders[0], None), (orders[1], None))

    def test_partial_receipt(self):
        """Scenario: 12 of 30 come; who is first has them, the rest stays for the
        3rd."""
        receipt = self._expect(3, (self.glass, 30))
        orders = [self._create_order((self.glass, each)) for each in (12, 18)]
        self._validate(receipt, {self.glass: 12})
        self.assertEqual(self._get_kind(orders[0]), ["stock"])
        self.assertEtas((orders[0], 1), (orders[1], 3))

    def test_priority(self):
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        orders = [self._create_order((self.glass, 10)) for _each in range(2)]
        self.assertEtas((orders[0], 3), (orders[1], 10))
        orders[1].picking_ids.move_ids.priority = "1"
        self._settle()
        self.assertEtas((orders[0], 10), (orders[1], 3))

    def test_cancelled_order_leaves_its_place(self):
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        orders = [self._create_order((self.glass, 10)) for _each in range(2)]
        orders[0]._action_cancel()
        self._settle()
        self.assertEtas((orders[1], 3))
        self.assertFalse(orders[0].backorder_eta)
        self.assertFalse(orders[0].order_line.backorder_eta)

    def test_overdue_arrival(self):
        """What was to come last week comes today at the earliest."""
        self._expect(1, (self.glass, 10)).scheduled_date = datetime(2027, 2, 24)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 1))

    def test_partly_covered(self):
        """4 are there, 3 come, 3 are not ordered: nobody knows."""
        self._put_stock(self.glass, 4)
        self._expect(3, (self.glass, 3))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, None))
        self._expect(9, (self.glass, 5))
        self.assertEtas((order, 9))

    def test_last_line_of_an_order(self):
        """Glasses on the 3rd, jugs on the 9th; the plates are there."""
        jug, plate = self._create_product("Jug"), self._create_product("Plate")
        self._put_stock(plate, 5)
        self._expect(3, (self.glass, 5))
        self._expect(9, (jug, 5))
        order = self._create_order((self.glass, 5), (jug, 5), (plate, 5))
        self.assertEqual(
            order.order_line.mapped("backorder_eta"), [march(3), march(9), False]
        )
        self.assertEqual(order.backorder_eta, march(9))
        self.assertEqual(order.picking_ids.backorder_eta, march(9))

    def test_never_short(self):
        self._put_stock(self.glass, 5)
        order = self._create_order((self.glass, 5))
        self.assertFalse(order.backorder_eta)
        self.assertFalse(order.order_line.backorder_eta)

    def test_delivered(self):
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self._validate(receipt)
        self.assertEtas((order, 1))
        self._validate(order.picking_ids)
        self.env.invalidate_all()
        self.assertFalse(order.backorder_eta)
        self.assertFalse(order.order_line.backorder_eta)
        self.assertFalse(order.picking_ids.backorder_eta)

    def test_agreed_for_later(self):
        """It comes on the 3rd and was agreed for the 17th: nobody expects it before."""
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10), commitment_date=noon(17))
        self.assertEtas((order, 17))

    def test_another_place(self):
        """An arrival at a shelf is no use to who takes from another one."""
        self._expect(3, (self.glass, 10), location=self.shelf)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))
        other = self.env["stock.warehouse"].create({"name": "Harbour", "code": "HRB"})
        away = self._create_order((self.glass, 5), warehouse_id=other.id)
        self.assertEtas((away, None))

    def test_another_unit(self):
        """Two dozen are 24."""
        receipt = self._create_receipt((self.glass, 2))
        receipt.move_ids.product_uom = self.dozen
        receipt.scheduled_date = noon(3)
        self._settle()
        orders = [self._create_order((self.glass, each)) for each in (24, 1)]
        self.assertEtas((orders[0], 3), (orders[1], None))


@tagged("post_install", "-at_install")
class TestPurchase(EtaCommon):
    def test_date_of_a_purchase(self):
        """Odoo leaves the receipt's scheduled date alone when the vendor's changes."""
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.glass.id,
                            "product_qty": 10,
                            "date_planned": noon(3),
                        }
                    )
                ],
            }
        )
        purchase.button_confirm()
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))
        for day in (10, 2):
            purchase.order_line.date_planned = noon(day)
            self._settle()
            self.assertEtas((order, day))
        purchase.picking_ids.scheduled_date = noon(9)
        self._settle()
        self.assertEtas((order, 9))
        purchase.button_cancel()
        self._settle()
        self.assertEtas((order, None))


@tagged("post_install", "-at_install")
class TestDays(EtaCommon):
    def test_weekend_and_holiday(self):
        """Nobody unloads on Saturday, the 6th; on Monday, the 8th, is a holiday."""
        self._expect(6, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 8))
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Women's Day",
                "date_from": datetime(2027, 3, 8),
                "date_to": datetime(2027, 3, 8, 23, 59, 59),
                "company_id": self.env.company.id,
                "resource_id": False,
            }
        )
        self._run_nightly()
        self.assertEtas((order, 9))

    def test_steps_of_receipt_and_delivery(self):
        """Scenario: unloaded on Thursday, the 4th; a day until quality control, another
        one to the shelf; a day from picking to packing and another one to the gate.

        Expected: on the shelf on Monday, the 8th, at the gate on Wednesday, the 10th.
        """
        self.warehouse.reception_steps = "three_steps"
        self.warehouse.delivery_steps = "pick_pack_ship"
        routes = self.warehouse.reception_route_id | self.warehouse.delivery_route_id
        rules = routes.rule_ids.filtered(lambda rule: rule.action == "push")
        self.assertEqual(len(rules), 4)
        rules.delay = 1
        receipt = self._create_receipt(
            (self.glass, 10), location=self.warehouse.wh_input_stock_loc_id
        )
        receipt.move_ids.location_final_id = self.stock
        receipt.scheduled_date = noon(4)
        self._settle()
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 10))
        # Unloaded today, and on the shelf on Wednesday, the 3rd.
        self._validate(receipt)
        self.assertEtas((order, 5))

    def test_security_lead_time(self):
        """Two days of the calendar between what ships and what is promised."""
        self.env.company.security_lead = 2
        self._expect(4, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 6))

    def test_a_day_has_passed(self):
        """What was to come on the 3rd has not, and it is the 4th."""
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        with freeze_time("2027-03-04 08:00:00"):
            self._run_nightly()
            self.assertEtas((order, 4))


@tagged("post_install", "-at_install")
class TestWhoElse(EtaCommon):
    """What else waits for arrivals, and goods that come on other ways."""

    def test_kept_for_a_pinned_line(self):
        """Scenario: 10 come on the 3rd and 10 on the 10th; the second order is pinned
        after the first one has been promised the 3rd, and pinned no more.
        """
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        self._put_stock(self._create_product("Other"), 1)
        pinned = self._create_order((self.glass, 10))
        pinned.order_line._pin("promised by phone")
        self._settle()
        starred = self._create_starred((self.glass, 10))
        self._settle()
        self.assertEtas((pinned, 3), (starred, 10))
        pinned.order_line.action_unpin()
        self._settle()
        self.assertEtas((pinned, 10), (starred, 3))

    def test_blocked_order(self):
        self._expect(3, (self.glass, 10))
        orders = [self._create_order((self.glass, 10)) for _each in range(2)]
        self.assertEtas((orders[0], 3), (orders[1], None))
        orders[0]._block("not paid")
        self._settle()
        self.assertEtas((orders[0], None), (orders[1], 3))
        self.assertEqual(self._get_kind(orders[0]), ["blocked"])
        orders[0].action_unblock()
        self._settle()
        self.assertEtas((orders[0], 3), (orders[1], None))

    def test_production_that_needs_the_same(self):
        """Scenario: 10 come on the 3rd, 10 on the 10th; a starred production needs 10.

        Expected: the order waits until the 10th, and no longer when the production is
        cancelled.
        """
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        production = self.env["mrp.production"].create(
            {
                "product_id": self._create_product("Gift Box").id,
                "product_qty": 1,
                "priority": "1",
                "move_raw_ids": [
                    Command.create({"product_id": self.glass.id, "product_uom_qty": 10})
                ],
            }
        )
        production.action_confirm()
        self._settle()
        self.assertEtas((order, 10))
        production.action_cancel()
        self._settle()
        self.assertEtas((order, 3))

    def test_made_to_order(self):
        """Bought for the very order: the day of its own purchase, whatever else."""
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        self._expect(2, (product, 10))
        order = self._create_order((product, 10))
        self.assertEtas((order, None))
        self.assertEqual(self._get_kind(order), ["own_chain"])
        purchase = self._get_purchase(product)
        purchase.order_line.date_planned = noon(9)
        purchase.button_confirm()
        self._settle()
        self.assertEtas((order, 9))
        purchase.order_line.date_planned = noon(11)
        self._settle()
        self.assertEtas((order, 11))
        # Half of it is no date.
        purchase.picking_ids.move_ids.product_uom_qty = 5
        self._settle()
        self.assertEtas((order, None))

    def test_from_another_warehouse(self):
        """Scenario: 10 in the north, from where a transfer leaves on the 3rd and is to
        be here on the 5th; the goods there are free for nobody here."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._put_stock(self.glass, 10, location=north.lot_stock_id)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, None))
        transit = self.env.company.internal_transit_location_id
        values = {"product_id": self.glass.id, "product_uom_qty": 10}
        leaving, coming = moves = self.env["stock.move"].create(
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
        moves._action_confirm(merge=False)
        self._settle()
        self.assertEtas((order, 5))

    def test_made_to_order_from_another_warehouse(self):
        """Scenario: 10 in the north, sent for the very order; the transfer is put off.

        Expected: the day on which the last transfer is to be here.
        """
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self.warehouse.resupply_wh_ids = north
        to_order = self.warehouse.mto_pull_id.route_id
        to_order.active = True
        routes = self.warehouse.resupply_route_ids | to_order
        product = self._create_product("Decanter", route_ids=[Command.set(routes.ids)])
        self._put_stock(product, 10, location=north.lot_stock_id)
        order = self._create_order((product, 10))
        transfers = self.env["stock.move"].search(
            [("product_id", "=", product.id)]
        ) - order.picking_ids.move_ids.filtered("backorder_demand_ids")
        self.assertTrue(transfers)
        for day in (4, 9):
            transfers.date = noon(day)
            self._settle()
            self.env.invalidate_all()
            self.assertEqual(order.backorder_eta, march(day))

    def test_what_competes_on_a_shelf(self):
        """Scenario: 10 come to a shelf on the 3rd, 10 to the warehouse on the 10th; a
        starred transfer takes 10 from that very shelf.

        Expected: the order, which takes from the whole warehouse, has those of the
        10th.
        """
        self._expect(3, (self.glass, 10), location=self.shelf)
        self._expect(10, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))
        production = self.env.ref("stock.location_production", False) or self.env[
            "stock.location"
        ].search([("usage", "=", "production")], limit=1)
        move = self.env["stock.move"].create(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 10,
                "location_id": self.shelf.id,
                "location_dest_id": production.id,
            }
        )
        move._action_confirm()
        move.priority = "1"
        self._settle()
        self.assertEtas((order, 10))

    def test_deleted_arrival(self):
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        receipt.action_cancel()
        receipt.unlink()
        self._settle()
        self.assertEtas((order, None))

    def test_on_its_way_through_the_steps(self):
        """Scenario: picked on the 1st; a day to the gate.

        Expected: the order still says when it comes, until it has left.
        """
        self._set_steps("pick_ship")
        rules = self.warehouse.delivery_route_id.rule_ids
        rules.filtered(lambda rule: rule.action == "push").delay = 1
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 4))
        self._validate(receipt)
        self.assertEtas((order, 2))
        self._validate(order.picking_ids)
        self.assertEtas((order, 2))
        with freeze_time("2027-03-04 08:00:00"):
            self._run_nightly()
            self.assertEtas((order, 4))
        self._validate(self._get_open(order))
        self.env.invalidate_all()
        self.assertFalse(order.backorder_eta)

    def test_steps_that_exist_from_the_start(self):
        """Both deliveries have the day, the second of what the first waits for."""
        self._set_old_chain()
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.env.invalidate_all()
        self.assertEqual(len(order.picking_ids), 2)
        self.assertEqual(order.picking_ids.mapped("backorder_eta"), [march(3)] * 2)

    def test_another_company(self):
        """Its arrivals are none of ours, nor do its orders take from ours."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= other
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        self._expect(3, (self.glass, 10))
        foreign = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": self.glass.id, "product_uom_qty": 10})
                ],
            }
        )
        foreign.action_confirm()
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3), (foreign, None))


@tagged("post_install", "-at_install")
class TestKept(EtaCommon):
    """How it is kept up to date, and looked for."""

    def test_too_much_at_once_is_queued(self):
        """Above the limit, the scheduled action finds the days."""
        receipt = self._expect(3, (self.glass, 30))
        orders = [self._create_order((self.glass, 10)) for _each in range(3)]
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "2"
        )
        receipt.scheduled_date = noon(9)
        self._settle()
        self.assertEtas(*((order, 3) for order in orders))
        with self.enter_registry_test_mode():
            self.env.ref("backorder_management.ir_cron_refresh").method_direct_trigger()
        self.assertEtas(*((order, 9) for order in orders))

    def test_an_error_stops_no_receipt(self):
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        demands = self.env.registry["backorder.demand"]
        with (
            patch.object(demands, "_store_etas", side_effect=ZeroDivisionError("oops")),
            mute_logger("odoo.addons.backorder_management.models.backorder_demand"),
        ):
            receipt.scheduled_date = noon(9)
            self._settle()
        self.assertEtas((order, 3))
        queued = self.env["backorder.refresh"].search(
            [("product_id", "=", self.glass.id)]
        )
        self.assertEqual(queued.error, "oops")
        self.assertEqual(self.env["backorder.refresh"]._refresh_next(10), 1)
        self.assertEtas((order, 9))

    def test_expected_too_late(self):
        self._expect(9, (self.glass, 20))
        late = self._create_order((self.glass, 10), commitment_date=noon(5))
        intime = self._create_order((self.glass, 10), commitment_date=noon(9))
        demands = (late | intime).order_line.move_ids.backorder_demand_ids
        self.assertEqual(demands.mapped("is_late"), [True, False])
        ours = [("id", "in", demands.ids)]
        found = [
            demands.search([("is_late", "=", value), *ours]).order_id
            for value in (True, False)
        ]
        self.assertEqual(found, [late, intime])
