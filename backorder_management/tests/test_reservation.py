"""Who gets the goods, when, and from where."""

from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .reservation_common import ReservationCase


@tagged("post_install", "-at_install")
class TestOrderOfService(ReservationCase):
    """Scarce goods come in: star, received for it, needed date, order date."""

    def test_receipt_serves_the_star_before_the_earlier_date(self):
        early = self._demand(5, needed="2026-02-01")
        starred = self._demand(5, needed="2026-03-01", priority="1")
        self._receive(7)
        self.assertEqual((starred.quantity, early.quantity), (5, 2))
        self.assertEqual(starred.state, "assigned")
        self.assertEqual(early.state, "partially_available")

    def test_receipt_serves_the_order_it_was_bought_for_before_the_earlier_date(self):
        early = self._demand(5, needed="2026-02-01")
        reference = self.env["stock.reference"].create({"name": "S1"})
        bought_for = self._demand(
            5, needed="2026-03-01", reference_ids=[Command.set(reference.ids)]
        )
        self._receive(7, reference_ids=[Command.set(reference.ids)])
        self.assertEqual((bought_for.quantity, early.quantity), (5, 2))

    def test_star_comes_before_the_order_the_goods_were_bought_for(self):
        reference = self.env["stock.reference"].create({"name": "S1"})
        bought_for = self._demand(5, reference_ids=[Command.set(reference.ids)])
        starred = self._demand(5, priority="1")
        self._receive(5, reference_ids=[Command.set(reference.ids)])
        self.assertEqual((starred.quantity, bought_for.quantity), (5, 0))

    def test_needed_date_comes_before_order_date(self):
        ordered_first = self._demand(5, needed="2026-02-02", ordered="2026-01-01")
        needed_first = self._demand(5, needed="2026-02-01", ordered="2026-01-02")
        self._receive(5)
        self.assertEqual((needed_first.quantity, ordered_first.quantity), (5, 0))

    def test_order_date_decides_between_equals(self):
        later = self._demand(5, ordered="2026-01-02")
        earlier = self._demand(5, ordered="2026-01-01")
        self._receive(5)
        self.assertEqual((earlier.quantity, later.quantity), (5, 0))

    def test_a_transfer_competes_at_the_place_of_its_date(self):
        """Not a demand, but it waits for the same 6 pieces, and longer."""
        demand = self._demand(5, needed="2026-02-02")
        transfer = self._demand(
            4,
            needed="2026-02-01",
            sale_line_id=False,
            location_dest_id=self.suppliers.id,
            location_final_id=False,
        )
        self._receive(6)
        self.assertEqual((transfer.quantity, demand.quantity), (4, 2))

    def test_scheduler_keeps_the_same_order(self):
        early = self._demand(5, needed="2026-02-01")
        starred = self._demand(5, needed="2026-03-01", priority="1")
        self._put(7)
        self.env["stock.rule"].run_scheduler(company_id=self.env.company.id)
        self.assertEqual((starred.quantity, early.quantity), (5, 2))

    def test_check_availability_serves_exactly_what_was_asked_for(self):
        asked = self._demand(5, needed="2026-03-01")
        urgent = self._demand(5, priority="1")
        self._put(5)
        asked.picking_id.action_assign()
        self.assertEqual((asked.quantity, urgent.quantity), (5, 0))

    def test_serial_numbers_go_to_the_first_in_the_order_of_service(self):
        """Core's own routine, in our order."""
        camera = self._product("Camera", tracking="serial")
        lots = self.env["stock.lot"].create(
            [{"name": f"SN{index}", "product_id": camera.id} for index in range(3)]
        )
        for lot in lots:
            self._put(1, camera, lot_id=lot.id)
        later = self._demand(2, camera, needed="2026-03-01")
        earlier = self._demand(2, camera, needed="2026-02-01")
        (later | earlier)._action_assign()
        self.assertEqual((earlier.quantity, later.quantity), (2, 1))
        self.assertEqual(len(earlier.move_line_ids), 2)
        self.assertEqual(earlier.next_serial_count, 2)


@tagged("post_install", "-at_install")
class TestWaking(ReservationCase):
    """Which events give goods to those who wait."""

    def test_receipt_into_a_shelf_below_stock(self):
        demand = self._demand(5)
        self._receive(8, location=self.shelf_a)
        self.assertEqual(demand.quantity, 5)
        self.assertEqual(demand.move_line_ids.location_id, self.shelf_a)

    def test_inventory_adjustment_of_a_shelf_below_stock(self):
        demand = self._demand(5)
        quant = self._put(0, location=self.shelf_a)
        quant.inventory_quantity = 4
        quant.action_apply_inventory()
        self.assertEqual(demand.quantity, 4)

    def test_receipt_elsewhere_wakes_nobody(self):
        demand = self._demand(5, location_id=self.shelf_b.id)
        self._receive(8, location=self.shelf_a)
        self.assertEqual(demand.quantity, 0)

    def test_cancelling_a_delivery_passes_its_stock_on(self):
        self._put(6)
        holder = self._demand(6)
        holder._action_assign()
        second = self._demand(4, needed="2026-02-03")
        first = self._demand(4, needed="2026-02-02")
        holder.picking_id.action_cancel()
        self.assertEqual((first.quantity, second.quantity), (4, 2))

    def test_lowering_an_order_keeps_its_rest_and_passes_on_what_is_freed(self):
        self._put(10)
        holder = self._demand(10, needed="2026-02-09")
        holder._action_assign()
        waiting = self._demand(8, needed="2026-02-01", priority="1")
        holder.product_uom_qty = 7
        self.assertEqual((holder.quantity, waiting.quantity), (7, 3))
        self.assertEqual(holder.state, "assigned")

    def test_a_salesperson_cancels_and_an_order_of_somebody_else_is_served(self):
        salesperson = new_test_user(
            self.env, login="own orders only", groups="sales_team.group_sale_salesman"
        )
        other = new_test_user(
            self.env, login="somebody else", groups="sales_team.group_sale_salesman"
        )
        self._put(6)
        holder = self._demand(6)
        holder._action_assign()
        waiting = self._demand(4)
        waiting.sale_line_id.order_id.user_id = other
        order = holder.sale_line_id.order_id
        order.user_id = salesperson
        holder.picking_id.sale_id = order
        order.state = "sale"
        order.with_user(salesperson).action_cancel()
        self.assertEqual((holder.state, waiting.quantity), ("cancel", 4))

    def test_a_warehouse_worker_without_rights_on_sales_receives(self):
        worker = new_test_user(
            self.env, login="warehouse only", groups="stock.group_stock_user"
        )
        demand = self._demand(5)
        receipt = self.env["stock.picking"].create(
            {
                "picking_type_id": self.in_type.id,
                "location_id": self.suppliers.id,
                "location_dest_id": self.shelf_a.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_uom_qty": 5,
                            "location_id": self.suppliers.id,
                            "location_dest_id": self.shelf_a.id,
                        }
                    )
                ],
            }
        )
        receipt.action_confirm()
        receipt.with_user(worker).button_validate()
        self.assertEqual((receipt.state, demand.quantity), ("done", 5))

    def test_another_company_is_not_served(self):
        """Its goods lie in its own locations; nothing of it shows or moves here."""
        company = self.env["res.company"].create({"name": "Other"})
        stock = (
            self.env["stock.warehouse"]
            .search([("company_id", "=", company.id)], limit=1)
            .lot_stock_id
        )
        demand = self._demand(5)
        quant = self._put(0, location=stock)
        quant.inventory_quantity = 5
        quant.action_apply_inventory()
        self.assertEqual(demand.quantity, 0)
        self.assertEqual((quant.quantity, quant.reserved_quantity), (5, 0))

    def test_unreserve_wakes_nobody(self):
        self._put(6)
        holder = self._demand(6)
        holder._action_assign()
        waiting = self._demand(4)
        holder.picking_id.do_unreserve()
        self.assertEqual((holder.quantity, waiting.quantity), (0, 0))

    def test_no_automatic_reservation_where_it_is_switched_off(self):
        self.env["ir.config_parameter"].set_param("stock.picking_no_auto_reserve", "1")
        self._put(6)
        holder = self._demand(6)
        holder._action_assign()
        waiting = self._demand(4)
        self._receive(3, location=self.shelf_a)
        holder.picking_id.action_cancel()
        self.assertEqual(waiting.quantity, 0)

    def test_manual_reservation_stays_manual(self):
        waiting = self._demand(4)
        self.out_type.reservation_method = "manual"
        self._receive(9)
        self.env["stock.rule"].run_scheduler(company_id=self.env.company.id)
        self.assertEqual(waiting.quantity, 0)
        waiting.picking_id.action_assign()
        self.assertEqual(waiting.quantity, 4)

    def test_reservation_by_date_waits_for_its_date(self):
        self.out_type.reservation_method = "by_date"
        due = self._demand(4, confirm=False, date=fields.Datetime.now())
        later = self._demand(4, confirm=False, date="2099-01-01")
        (due | later)._action_confirm(merge=False)
        self._receive(9)
        self.assertEqual((due.quantity, later.quantity), (4, 0))

    def test_archived_product_and_service_receipts_do_no_harm(self):
        demand = self._demand(4)
        self.product.active = False
        self._receive(4, location=self.shelf_a)
        self.assertEqual(demand.quantity, 4)
        service = self._product("Advice", type="service", is_storable=False)
        self._receive(1, service)


@tagged("post_install", "-at_install")
class TestQueue(ReservationCase, CronMixinCase):
    def test_above_the_limit_the_rest_is_left_to_the_scheduled_action(self):
        self.env.company.backorder_run_limit = 2
        moves = [self._demand(1, needed=f"2026-02-0{day}") for day in range(1, 5)]
        self.env.flush_all()
        self.env.cr.precommit.run()
        with self.capture_triggers("backorder_management.ir_cron_run_queue") as (
            triggered
        ):
            self._receive(3)
        self.assertEqual([move.quantity for move in moves], [0, 0, 0, 0])
        self.assertEqual(len(triggered.records), 1)
        self._run_cron("backorder_management.ir_cron_run_queue")
        self.assertEqual([move.quantity for move in moves], [1, 1, 1, 0])

    def test_reservation_without_runs_leaves_the_rest_to_the_scheduled_action(self):
        self.env.company.backorder_on_receipt = "no"
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "2"
        )
        moves = [self._demand(1, needed=f"2026-02-0{day}") for day in range(1, 5)]
        with self.capture_triggers("backorder_management.ir_cron_reserve_waiting") as (
            triggered
        ):
            self._receive(3)
        self.assertEqual([move.quantity for move in moves], [1, 1, 0, 0])
        self.assertEqual(len(triggered.records), 1)
        self._run_cron("backorder_management.ir_cron_reserve_waiting")
        self.assertEqual([move.quantity for move in moves], [1, 1, 1, 0])

    def _run_cron(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(name).method_direct_trigger()
        self.env.invalidate_all()

    def test_below_the_limit_nothing_is_queued(self):
        self._demand(1)
        with self.capture_triggers("backorder_management.ir_cron_reserve_waiting") as (
            triggered
        ):
            self._receive(3)
        self.assertFalse(triggered.records)


@tagged("post_install", "-at_install")
class TestBulk(ReservationCase):
    """What reserving many at once has to get right on the way."""

    def _reserve(self, moves):
        """Reserve, and make sure that core's routine was not needed."""
        with patch.object(
            self.registry["stock.quant"],
            "_get_reserve_quantity",
            lambda *args, **kwargs: self.fail("core's routine was used"),
        ):
            moves._action_assign()
        self._assert_reservations_are_sound()

    def test_oldest_goods_first_over_several_shelves(self):
        self._put(3, location=self.shelf_a, in_date="2026-01-02")
        self._put(4, location=self.shelf_b, in_date="2026-01-01")
        demand = self._demand(5)
        self._reserve(demand)
        self.assertEqual(
            {line.location_id: line.quantity for line in demand.move_line_ids},
            {self.shelf_b: 4, self.shelf_a: 1},
        )

    def test_line_at_the_same_place_is_increased(self):
        self._put(3)
        demand = self._demand(5)
        self._reserve(demand)
        line = demand.move_line_ids
        self.env["stock.quant"]._update_available_quantity(self.product, self.stock, 9)
        self._reserve(demand)
        self.assertEqual(demand.move_line_ids, line)
        self.assertEqual((line.quantity, demand.state), (5, "assigned"))

    def test_dozens_are_rounded_down_to_what_a_dozen_can_express(self):
        """31 pieces are 2.58 dozens and a bit: 30.96 pieces."""
        self._put(31)
        demand = self._demand(5, product_uom=self.dozen.id)
        self._reserve(demand)
        self.assertEqual(demand.quantity, 2.58)
        self.assertEqual(demand.move_line_ids.quantity_product_uom, 30.96)

    def test_owner_lot_and_package_are_kept(self):
        wine = self._product("Wine", tracking="lot")
        lot = self.env["stock.lot"].create({"name": "L1", "product_id": wine.id})
        package = self.env["stock.package"].create({"name": "P1"})
        self._put(
            6, wine, lot_id=lot.id, package_id=package.id, owner_id=self.customer.id
        )
        demand = self._demand(6, wine)
        self._reserve(demand)
        line = demand.move_line_ids
        self.assertEqual(
            (line.lot_id, line.package_id, line.owner_id), (lot, package, self.customer)
        )
        self.assertEqual(line.result_package_id, package)  # the whole package goes

    def test_negative_stock_elsewhere_is_kept_back(self):
        self._put(5, location=self.shelf_a)
        self._put(-2, location=self.shelf_b)
        demand = self._demand(5)
        self._reserve(demand)
        self.assertEqual(demand.quantity, 3)

    def test_picked_goods_are_left_alone(self):
        self._put(3)
        demand = self._demand(5)
        self._reserve(demand)
        demand.picked = True
        self._put(9, location=self.shelf_a)
        demand._action_assign()
        self.assertEqual(demand.quantity, 3)

    def test_putaway_below_the_output_location(self):
        self.warehouse.delivery_steps = "pick_ship"
        output = self.warehouse.wh_output_stock_loc_id
        lane = self._location("Lane 1", output)
        self.env["stock.putaway.rule"].create(
            {
                "location_in_id": output.id,
                "location_out_id": lane.id,
                "product_id": self.product.id,
            }
        )
        self._put(5)
        demand = self._demand(5, location_dest_id=output.id)
        self._reserve(demand)
        self.assertEqual(demand.move_line_ids.location_dest_id, lane)

    def test_zero_demand_is_assigned_as_in_core(self):
        self._put(5)
        nothing, something = self._demand(0), self._demand(2)
        (nothing | something)._action_assign()
        self.assertEqual((nothing.state, nothing.quantity), ("assigned", 0))
        self.assertEqual(something.quantity, 2)

    def test_the_number_of_queries_does_not_grow_with_the_demands(self):
        few, many = self._product("Few"), self._product("Many")
        self._put(100, few)
        self._put(100, many)
        two = self.env["stock.move"].concat(*[self._demand(1, few) for _i in range(2)])
        forty = self.env["stock.move"].concat(
            *[self._demand(1, many) for _i in range(40)]
        )
        self.assertLessEqual(self._count(forty), self._count(two) + 5)

    def _count(self, moves):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        moves._reserve_in_bulk()
        queries = self.env.cr.sql_log_count - before
        self.assertEqual(set(moves.mapped("state")), {"assigned"})
        return queries

    def test_unknown_extension_of_a_hook_is_respected(self):
        """Another module forbids everything: core's routine asks it, so do we."""

        class Forbidding:
            __module__ = "odoo.addons.strange_rules.models.stock_move"

            def _get_reserve_quantity(self):
                """Only its being there counts."""

        quant_class = self.registry["stock.quant"]
        Move = self.env["stock.move"]
        self.assertFalse(Move._has_unknown_reservation_hooks())
        with patch.object(
            type(Move),
            "_get_reservation_classes",
            lambda self, model: [Forbidding, *quant_class.__mro__],
        ):
            self.assertTrue(Move._has_unknown_reservation_hooks())


@tagged("post_install", "-at_install")
class TestOtherRemovalRules(ReservationCase):
    """Rules that need core's routine keep it, in our order of service."""

    def test_expired_goods_are_not_reserved(self):
        """3 fresh and 4 expired: the earlier demand gets the 3, the later nothing."""
        if "use_expiration_date" not in self.product:
            self.skipTest("product_expiry is NOT installed: expiry dates NOT tested")
        milk = self._product("Milk", tracking="lot", use_expiration_date=True)
        lots = self.env["stock.lot"].create(
            [{"name": name, "product_id": milk.id} for name in ("fresh", "expired")]
        )
        lots[0].removal_date = "2099-01-01"
        lots[1].removal_date = "2020-01-01"
        self._put(3, milk, lot_id=lots[0].id)
        self._put(4, milk, lot_id=lots[1].id)
        later = self._demand(5, milk, needed="2026-03-01")
        earlier = self._demand(5, milk, needed="2026-02-01")
        (later | earlier)._action_assign()
        self.assertEqual((earlier.quantity, later.quantity), (3, 0))
        self.assertEqual(earlier.move_line_ids.lot_id, lots[0])
        self._assert_reservations_are_sound()

    def test_least_packages(self):
        """Packages of 5 and 3, wanted 5 then 3: each opens one package."""
        self.product.categ_id = self._category("least_packages")
        five, three = self.env["stock.package"].create([{"name": "5"}, {"name": "3"}])
        self._put(3, package_id=three.id)
        self._put(5, package_id=five.id)
        later = self._demand(3, needed="2026-03-01")
        earlier = self._demand(5, needed="2026-02-01")
        (later | earlier)._action_assign()
        self.assertEqual(earlier.move_line_ids.package_id, five)
        self.assertEqual(later.move_line_ids.package_id, three)

    def test_full_packaging_only(self):
        """20 pieces, sold by the dozen in full dozens only: 12, and 8 stay."""
        category = self._category("fifo")
        category.packaging_reserve_method = "full"
        self.product.categ_id = category
        self._put(20)
        demand = self._demand(24)
        demand.packaging_uom_id = self.dozen
        demand._action_assign()
        self.assertEqual(demand.quantity, 12)

    def test_goods_brought_by_an_earlier_step_stay_with_it(self):
        """A chained move takes what its own chain brought, not what lies around."""
        self.warehouse.delivery_steps = "pick_ship"
        output = self.warehouse.wh_output_stock_loc_id
        self._put(4)
        self._put(9, location=output)
        pick = self._demand(4, location_dest_id=output.id)
        ship = self._demand(6, location_id=output.id, move_orig_ids=pick.ids)
        (pick | ship)._action_assign()
        self.assertEqual((pick.quantity, ship.quantity), (4, 0))
        pick.picked = True
        pick._action_done()
        self.assertEqual(ship.quantity, 4)

    def _category(self, strategy):
        return self.env["product.category"].create(
            {
                "name": strategy,
                "removal_strategy_id": self.env["product.removal"]
                .search([("method", "=", strategy)])
                .id,
            }
        )
