"""Corners that people get into: stars, chains cut short, bills changed, queues."""

from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models import backorder_refresh
from .common import BackorderCommon

DEMAND_LOGGER = "odoo.addons.backorder_management.models.backorder_demand"


@tagged("post_install", "-at_install")
class TestCorners(CronMixinCase, BackorderCommon):
    def _reserve_by_hand(self):
        self.warehouse.out_type_id.reservation_method = "manual"

    def test_a_star_moves_free_stock(self):
        """
        GIVEN manual reservation, 10 in stock, orders of 8 and 5
        WHEN the second delivery gets a star
        THEN the second is covered, the first lacks 3
        """
        self._reserve_by_hand()
        self._put_stock(self.glass, 10)
        first = self._create_order((self.glass, 8))
        second = self._create_order((self.glass, 5))
        second.picking_ids.priority = "1"
        self._settle()
        self.assertLine(second.order_line, "ready")
        self.assertLine(first.order_line, "partial", backordered=3)
        self.assertEqual(second.order_line.move_ids.backorder_demand_ids.priority, "1")

    def test_everybody_reads_the_same_figure(self):
        """What free stock covers is covered for a colleague's eyes, too."""
        self._reserve_by_hand()
        self._put_stock(self.glass, 10)
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        colleague = self._create_user(
            "colleague", "sales_team.group_sale_salesman,stock.group_stock_user"
        )
        buyer = self._create_user("buyer", "purchase.group_purchase_user")
        order = self._create_order((self.glass, 10), user_id=seller.id)
        move = order.order_line.move_ids
        for user in (seller, colleague, buyer):
            with self.subTest(user=user.login):
                self.env.invalidate_all()
                self.assertEqual(move.with_user(user).backorder_qty, 0)

    def test_a_buyer_opens_a_receipt(self):
        """Whoever may open a transfer in Odoo may open it with the add-on."""
        buyer = self._create_user("buyer", "purchase.group_purchase_user")
        receipt = self._create_receipt((self.glass, 5)).with_user(buyer)
        self.env.invalidate_all()
        names = ("backorder_qty", "backorder_reason", "product_uom_qty")
        self.assertEqual(receipt.move_ids.read(names)[0]["product_uom_qty"], 5)
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            self.env["backorder.refresh"].with_user(buyer).action_retry()

    def test_make_to_order_cut_short_takes_nothing_from_others(self):
        """
        GIVEN 10 made to order of which only 4 came, and 50 free in stock
        THEN 6 are short, and an order of 50 on stock is covered
        """
        self._reserve_by_hand()
        self.glass.seller_ids = [
            Command.create({"partner_id": self.vendor.id, "price": 3})
        ]
        self._put_stock(self.glass, 50)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 10,
                "route_ids": [Command.set(self._get_bought_to_order().ids)],
            }
        )
        purchase = self._get_purchase(self.glass)
        purchase.button_confirm()
        self._validate(purchase.picking_ids, {self.glass: 4}, backorder=False)
        self._get_open(order).action_assign()
        self._settle()
        self.assertLine(order.order_line, "partial", backordered=6, allocated=4)
        other = self._create_order((self.glass, 50))
        self.assertLine(other.order_line, "none")

    def test_steps_linked_from_the_earlier_one(self):
        """
        GIVEN a pick of 10 glasses, and a shipment of 10 to which it is not linked yet,
            neither in a transfer: the states of transfers hang on the link as well
        WHEN the pick gets the shipment as its next step, and loses it again
        THEN the line has 10 open instead of 20, and 20 again
        """
        self._set_steps("pick_ship")
        line = self._create_order((self.glass, 10)).order_line
        pick = line.move_ids
        ship = pick.copy(
            {
                "location_id": pick.location_dest_id.id,
                "location_dest_id": pick.location_final_id.id,
                "picking_id": False,
                "picking_type_id": self.warehouse.out_type_id.id,
                "sale_line_id": line.id,
            }
        )
        ship._action_confirm()
        (pick | ship).picking_id = False
        self._settle()
        self.assertEqual(line.qty_backorder_open, 20)
        pick.move_dest_ids = [Command.link(ship.id)]
        self.assertEqual(line.qty_backorder_open, 10)
        pick.move_dest_ids = [Command.unlink(ship.id)]
        self.assertEqual(line.qty_backorder_open, 20)

    def test_a_hole_on_a_shelf_is_not_shared(self):
        """
        GIVEN 10 in stock and a shelf below it at minus 5, manual reservation
        THEN an order of 10 lacks 5, as a reservation would find
        """
        self._reserve_by_hand()
        self._put_stock(self.glass, 10)
        self._put_stock(self.glass, -5, location=self.shelf)
        order = self._create_order((self.glass, 10))
        self.assertLine(order.order_line, "partial", backordered=5)
        self._get_open(order).action_assign()
        self._settle()
        self.assertLine(order.order_line, "partial", backordered=5, allocated=5)

    def test_whole_packagings_only(self):
        """
        GIVEN a category that reserves whole packagings, 7 free, 2 dozen ordered
        THEN nothing is covered: 7 fill no dozen
        """
        self._reserve_by_hand()
        self.glass.categ_id = self.env["product.category"].create(
            {"name": "Whole boxes", "packaging_reserve_method": "full"}
        )
        self._put_stock(self.glass, 7)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 2,
                "product_uom_id": self.dozen.id,
            }
        )
        self.assertLine(order.order_line, "backordered", backordered=2)

    def test_goods_taken_back_from_output_are_on_the_list(self):
        """
        GIVEN two steps, 10 picked, 6 of them taken back into stock
        THEN 6 are short, and the list of short lines says so
        """
        self._set_steps("pick_ship")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        pick = self._get_open(order)
        self._validate(pick)
        self._return(pick, 6, refund=False)
        self.assertLine(order.order_line, "partial", backordered=6, allocated=4)
        demand = self.env["backorder.demand"].search(
            [("order_id", "=", order.id), ("qty_short", ">", 0)]
        )
        self.assertEqual(demand.qty_short, 6)

    def test_lowering_after_the_shipment_was_cancelled(self):
        """
        GIVEN two steps, 10 picked, the shipment cancelled
        WHEN the order is lowered to 9
        THEN 9 are cancelled and no transfer is made
        """
        self._set_steps("pick_ship")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self._validate(self._get_open(order))
        self._get_open(order).action_cancel()
        self._settle()
        transfers = order.picking_ids
        order.order_line.product_uom_qty = 9
        self._settle()
        self.assertEqual(order.order_line.qty_cancelled, 9)
        self.assertEqual(order.picking_ids, transfers)

    def test_lowered_to_nothing_is_not_fulfilled(self):
        order = self._create_order((self.glass, 10))
        order.order_line.product_uom_qty = 0
        self._settle()
        self.assertLine(order.order_line, "none")
        self.assertEqual(order.picking_ids.mapped("backorder_state"), ["none"])

    def test_pull_chain_deliveries_follow_their_pick(self):
        """
        GIVEN two steps the old way, 10 sold
        WHEN 10 arrive
        THEN the delivery lacks nothing any more, as the pick holds them all
        """
        self._pull_in_two_steps()
        order = self._create_order((self.glass, 10))
        pick = order.picking_ids.filtered(lambda p: p.location_id == self.stock)
        ship = order.picking_ids - pick
        self.assertEqual(ship.backorder_state, "backordered")
        self._receive((self.glass, 10))
        self.assertEqual(pick.backorder_state, "ready")
        self.assertEqual(ship.backorder_state, "none")

    def _pull_in_two_steps(self):
        self._set_steps("pick_ship")
        rules = self.warehouse.delivery_route_id.rule_ids
        push = rules.filtered(lambda rule: rule.action == "push")
        pull = rules.filtered(lambda rule: rule.action == "pull")[:1]
        pull.copy(
            {
                "location_src_id": push.location_src_id.id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "procure_method": "make_to_order",
                "picking_type_id": self.warehouse.out_type_id.id,
            }
        )
        pull.location_dest_id = push.location_src_id
        pull.location_dest_from_rule = True
        push.active = False

    def test_a_product_leaves_the_stock_keeping(self):
        order = self._create_order((self.glass, 10))
        self.glass.is_storable = False
        self._settle()
        self.assertEqual(order.order_line.qty_backordered, 0)
        self.assertFalse(order.order_line.move_ids.backorder_demand_ids)

    def test_a_shelf_joins_the_warehouse(self):
        """Manual reservation: what stands on the shelf covers the order from now on."""
        self._reserve_by_hand()
        outside = self.env["stock.location"].create(
            {
                "name": "Rented hall",
                "location_id": self.warehouse.view_location_id.id,
            }
        )
        self._put_stock(self.glass, 10, location=outside)
        order = self._create_order((self.glass, 10))
        self.assertLine(order.order_line, "backordered", backordered=10)
        outside.location_id = self.stock
        self._settle()
        self.assertLine(order.order_line, "ready")

    def test_kit_with_one_component_twice(self):
        """
        GIVEN a kit of 8 bolts, a top, and 2 more bolts; 12 sold, raised to 24
        THEN 24 are open, however core merged the bolts
        """
        bolt, top = self._create_product("Bolt"), self._create_product("Top")
        kit = self._create_kit("Shelf", (bolt, 8), (top, 1), (bolt, 2))
        order = self._create_order((kit, 12))
        order.order_line.product_uom_qty = 24
        self._settle()
        self.assertEqual(order.order_line.qty_backorder_open, 24)
        self.assertLine(order.order_line, "backordered", backordered=24)

    def test_kit_whose_bill_was_changed(self):
        """Five tables stay five tables, whatever the next ones are made of."""
        top, leg = self._create_product("Top"), self._create_product("Leg")
        table = self._create_kit("Table", (top, 1), (leg, 4))
        order = self._create_order((table, 5))
        bill = self.env["mrp.bom"].search(
            [("product_tmpl_id", "=", table.product_tmpl_id.id)]
        )
        bill.bom_line_ids.filtered(lambda line: line.product_id == leg).product_qty = 3
        self._receive((top, 5), (leg, 20))
        self.assertLine(order.order_line, "ready", allocated=5)

    # ---------------------------------------------------------------- the refresh

    def test_another_hooks_veto_is_respected(self):
        """What another module refuses at the end of a transaction stays refused."""

        def veto():
            raise UserError(self.env._("Not today"))

        self.glass.write({"is_storable": True})
        self._create_order((self.glass, 1), confirm=False).action_confirm()
        self.env.cr.precommit.add(veto)
        with self.assertRaisesRegex(UserError, "Not today"):
            self._settle()

    def test_no_error_of_the_refresh_stops_a_save(self):
        """Not even one that nobody thought of."""
        demands = self.env.registry["backorder.demand"]
        order = self._create_order((self.glass, 10), confirm=False)
        order.action_confirm()
        with (
            patch.object(demands, "_refresh", side_effect=ZeroDivisionError("oops")),
            mute_logger(DEMAND_LOGGER),
        ):
            self._settle()
        pending = self.env["backorder.refresh"].search(
            [("product_id", "=", self.glass.id)]
        )
        self.assertEqual(pending.error, "oops")

    def test_a_row_that_cannot_be_deleted_stops_no_delivery(self):
        """The database itself refuses, as when another transaction is faster."""
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self.env.cr.execute("""
            CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE 'not now'; END $$;
            CREATE TRIGGER refuse BEFORE DELETE ON backorder_demand
               FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()
        """)
        with mute_logger(DEMAND_LOGGER, "odoo.sql_db"):
            self._validate(order.picking_ids)
        self.assertEqual(order.order_line.qty_delivered, 10)
        queue = self.env["backorder.refresh"]
        queued = queue.search([("product_id", "=", self.glass.id)])
        self.assertIn("not now", queued.error)
        self.env.cr.execute("DROP TRIGGER refuse ON backorder_demand")
        self.assertEqual(queue._refresh_next(10), 1)
        self.assertFalse(order.order_line.move_ids.backorder_demand_ids)

    def test_one_bad_product_does_not_block_the_queue(self):
        """
        GIVEN two products wait for their refresh, and that of one fails
        THEN the other's figures come, and the bad one is named
        """
        jug = self._create_product("Jug")
        demands = self.env.registry["backorder.demand"]
        original = demands._refresh_products
        bad = self.glass

        def refresh(self, products):
            if bad in products:
                raise ZeroDivisionError("bad glass")
            return original(self, products)

        queue = self.env["backorder.refresh"]
        queue._queue((self.glass | jug).ids)
        with (
            patch.object(demands, "_refresh_products", refresh),
            mute_logger("odoo.addons.backorder_management.models.backorder_refresh"),
        ):
            self.assertEqual(queue._refresh_next(10), 1)
        left = queue.search([])
        self.assertEqual(left.product_id, self.glass)
        self.assertEqual(left.error, "bad glass")

    def test_who_is_in_the_way_holds_up_nobody_else(self):
        """
        GIVEN more entries than are worked on at once of a product that another
            transaction is sharing, and behind them one of another product
        WHEN the queue is worked on
        THEN the other's figures come, and both entries are tried again a minute later
        """
        jug = self._create_product("Jug")
        self.env.cr.execute(f"""
            CREATE FUNCTION pg_temp.busy() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN
                IF NEW.product_id = {int(self.glass.id)} THEN
                    RAISE 'busy' USING ERRCODE = 'lock_not_available';
                END IF; RETURN NEW; END $$;
            CREATE TRIGGER busy BEFORE INSERT ON backorder_sharing
               FOR EACH ROW EXECUTE FUNCTION pg_temp.busy()
        """)
        self._reserve_by_hand()
        for product in (self.glass, jug):
            self._put_stock(product, 4)
        queue = self.env["backorder.refresh"]
        with mute_logger("odoo.sql_db"):
            self._create_order((self.glass, 10))
            self.env.cr.flush()
            queue._queue(self.glass.ids)
            order = self._create_order((jug, 10))
            self.env.cr.flush()
            order.order_line.move_ids.backorder_demand_ids.sudo().unlink()
            queue._queue(jug.ids)
            self.assertEqual(len(queue.search([])), 3)
            with (
                patch.object(backorder_refresh, "BATCH", 1),
                self.capture_triggers("backorder_management.ir_cron_refresh") as later,
                self.enter_registry_test_mode(),
            ):
                self.env.ref(
                    "backorder_management.ir_cron_refresh"
                ).method_direct_trigger()
        self.assertEqual(order.order_line.move_ids.backorder_demand_ids.qty_free, 4)
        self.assertEqual(queue.search([]).product_id, self.glass)
        minutes = [
            round((record.call_at - fields.Datetime.now()).total_seconds() / 60)
            for record in later.records
        ]
        self.assertEqual(minutes, [1, 1])

    def test_somebody_in_the_way_is_no_failure(self):
        """
        GIVEN another transaction is just sharing the same product
        WHEN an order is confirmed, and when the queue is worked on
        THEN its figures come later, and nothing is shown or logged as failed
        """
        self.env.cr.execute("""
            CREATE FUNCTION pg_temp.busy() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE 'busy' USING ERRCODE = 'lock_not_available'; END $$;
            CREATE TRIGGER busy BEFORE INSERT ON backorder_sharing
               FOR EACH ROW EXECUTE FUNCTION pg_temp.busy()
        """)
        self._reserve_by_hand()
        self._put_stock(self.glass, 4)
        moves = self._create_order((self.glass, 10)).order_line.move_ids
        queue = self.env["backorder.refresh"]
        with mute_logger("odoo.sql_db"):
            self.env.cr.flush()
            with (
                freeze_time("2030-01-01 12:00"),
                self.capture_triggers("backorder_management.ir_cron_refresh") as later,
            ):
                self.assertEqual(queue._refresh_next(10), 0)
        self.assertEqual(
            set(later.records.mapped("call_at")), {datetime(2030, 1, 1, 12, 1)}
        )
        self.assertEqual(queue.search([]).mapped("error"), [False])
        self.env.cr.execute("DROP TRIGGER busy ON backorder_sharing")
        self.assertEqual(queue._refresh_next(10), 1)
        self.assertEqual(moves.backorder_demand_ids.qty_free, 4)

    def test_stock_without_a_move_is_not_forgotten_above_the_limit(self):
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "1"
        )
        jug = self._create_product("Jug")
        self.env["stock.quant"]._update_available_quantity(self.glass, self.stock, 5)
        self._create_order((jug, 1), (jug, 2))
        queued = self.env["backorder.refresh"].search([]).product_id
        self.assertIn(self.glass, queued)
        self.assertIn(jug, queued)
