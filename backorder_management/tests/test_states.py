"""States and quantities after everything that happens to an order."""

from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import STEPS, BackorderCommon


@tagged("post_install", "-at_install")
class TestStates(BackorderCommon):
    def test_changed_in_the_form_and_not_saved(self):
        """
        GIVEN free stock that covers a line, and nobody reserves by himself
        WHEN its quantity is typed in the form
        THEN it is not short there
        """
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 8))
        with Form(order) as form, form.order_line.edit(0) as line:
            line.product_uom_qty = 9
            self.assertEqual(line.qty_backordered, 0)

    def test_stock_at_hand(self):
        """
        GIVEN 10 in stock
        WHEN 10 are sold
        THEN nothing was ever short
        """
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self.assertLine(order.order_line, "none", allocated=10)
        self.assertEqual(order.backorder_state, "none")
        self.assertEqual(self._get_open(order).backorder_state, "none")
        self.assertFalse(order.order_line.backorder_since)

    def test_nothing_in_stock(self):
        order = self._create_order((self.glass, 10))
        self.assertLine(order.order_line, "backordered", backordered=10)
        self.assertEqual(order.backorder_state, "backordered")
        self.assertEqual(self._get_open(order).backorder_state, "backordered")
        self.assertTrue(order.order_line.backorder_since)
        self.assertEqual(order.order_line.move_ids.backorder_qty, 10)

    def test_a_quotation_is_never_short(self):
        order = self._create_order((self.glass, 10), confirm=False)
        self.assertLine(order.order_line, "none")

    def test_receive_in_parts_until_delivered(self):
        """
        GIVEN 10 sold and none in stock
        WHEN 4 arrive, are shipped, 6 arrive, and are shipped
        THEN partial, backordered, ready, fulfilled
        """
        order = self._create_order((self.glass, 10))
        line = order.order_line
        self._receive((self.glass, 4))
        self.assertLine(line, "partial", backordered=6, allocated=4)
        first = self._get_open(order)
        self.assertEqual(first.backorder_state, "partial")

        second = self._validate(first)
        self.assertLine(line, "backordered", backordered=6)
        self.assertEqual(first.backorder_state, "fulfilled")
        self.assertEqual(second.backorder_state, "backordered")
        self.assertEqual(order.backorder_state, "backordered")

        self._receive((self.glass, 6))
        self.assertLine(line, "ready", allocated=6)
        self.assertEqual(second.backorder_state, "ready")
        self.assertEqual(order.backorder_state, "ready")

        self._validate(second)
        self.assertLine(line, "fulfilled")
        self.assertEqual(order.backorder_state, "fulfilled")
        self.assertEqual((first.release_number, second.release_number), (1, 2))

    def test_backorder_of_a_backorder(self):
        order = self._create_order((self.glass, 10))
        since = order.order_line.backorder_since
        for quantity, rest in ((3, 7), (2, 5)):
            self._receive((self.glass, quantity))
            self._validate(self._get_open(order))
            self.assertLine(order.order_line, "backordered", backordered=rest)
        self.assertEqual(order.order_line.backorder_since, since)

    def test_no_backorder_cancels_the_rest(self):
        """
        GIVEN 10 sold, 4 in stock
        WHEN 4 are shipped without a backorder
        THEN 6 are cancelled; raising to 12 reopens 2, lowering to 9 opens none
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._validate(self._get_open(order), backorder=False)
        line = order.order_line
        self.assertLine(line, "cancelled", cancelled=6)
        self.assertEqual(order.backorder_state, "cancelled")

        line.product_uom_qty = 9
        self._settle()
        self.assertLine(line, "cancelled", cancelled=5)
        self.assertFalse(self._get_open(order))

        line.product_uom_qty = 12
        self._settle()
        self.assertEqual(self._get_open(order).move_ids.product_uom_qty, 3)
        self.assertLine(line, "backordered", backordered=3, cancelled=5)

    def test_raising_after_a_cancelled_rest(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._validate(self._get_open(order), backorder=False)
        order.order_line.product_uom_qty = 12
        self._settle()
        self.assertEqual(self._get_open(order).move_ids.product_uom_qty, 2)
        self.assertLine(order.order_line, "backordered", backordered=2, cancelled=6)

    def test_cancelling_the_delivery(self):
        order = self._create_order((self.glass, 10))
        self._get_open(order).action_cancel()
        self._settle()
        self.assertLine(order.order_line, "cancelled", cancelled=10)

    def test_cancelling_the_order_and_selling_again(self):
        order = self._create_order((self.glass, 10))
        order._action_cancel()
        self._settle()
        self.assertLine(order.order_line, "cancelled", cancelled=10)
        self.assertEqual(order.backorder_state, "cancelled")
        order.action_draft()
        self.assertLine(order.order_line, "none")
        self._put_stock(self.glass, 10)
        order.action_confirm()
        self._settle()
        self.assertLine(order.order_line, "none", allocated=10)

    def test_unreserve_leaves_free_stock(self):
        """What free stock covers is not backordered, reserved or not."""
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self._get_open(order).do_unreserve()
        self._settle()
        self.assertLine(order.order_line, "none")
        demand = order.order_line.move_ids.backorder_demand_ids
        self.assertEqual((demand.qty_free, demand.qty_short), (10, 0))
        self.assertEqual(demand.reason, "free_stock")

    def test_manual_reservation_shares_free_stock_in_order(self):
        """
        GIVEN manual reservation, 10 in stock, orders of 8 and 5
        THEN the earlier is covered, the later lacks 3
        """
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 10)
        first = self._create_order((self.glass, 8))
        second = self._create_order((self.glass, 5))
        self.assertLine(first.order_line, "none")
        self.assertLine(second.order_line, "partial", backordered=3)

    def test_raising_and_lowering_an_open_line(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        line = order.order_line
        line.product_uom_qty = 15
        self._settle()
        self.assertLine(line, "partial", backordered=11, allocated=4)
        line.product_uom_qty = 4
        self._settle()
        self.assertLine(line, "ready", allocated=4)

    def test_adding_a_line(self):
        jug = self._create_product("Jug")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self._add_line(order, jug, 2)
        self.assertLine(order.order_line[1], "backordered", backordered=2)
        self.assertEqual(order.backorder_state, "partial")
        self.assertEqual(self._get_open(order).backorder_state, "partial")

    def test_ship_when_all_is_ready_is_held(self):
        """
        GIVEN an order that ships when all products are ready, one product lacking
        THEN the line whose goods are there is on hold, without keeping them from
        others, and the other is backordered
        """
        jug = self._create_product("Jug")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), (jug, 2), picking_policy="one")
        self.assertLine(order.order_line[0], "held")
        self.assertLine(order.order_line[1], "backordered", backordered=2)
        self.assertEqual(order.backorder_state, "held")
        self.assertEqual(self._get_open(order).backorder_state, "held")
        self._receive((jug, 2))
        self.assertEqual(order.order_line.mapped("qty_allocated"), [10, 2])
        self.assertEqual(order.backorder_state, "ready")

    def test_refunded_return_opens_nothing(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        delivery = self._get_open(order)
        self._validate(delivery)
        self._return(delivery, 3, refund=True)
        self.assertLine(order.order_line, "none")
        self.assertEqual(order.order_line.qty_delivered, 7)

    def test_exchange_is_open(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        delivery = self._get_open(order)
        self._validate(delivery)
        self._return(delivery, 3, refund=False, exchange=True)
        self.assertEqual(order.order_line.qty_backorder_open, 3)
        self.assertEqual(order.order_line.qty_allocated, 3)

    def test_scrapping_makes_short(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        scrap = self.env["stock.scrap"].create(
            {
                "product_id": self.glass.id,
                "scrap_qty": 4,
                "location_id": self.stock.id,
            }
        )
        scrap.do_scrap()
        self._settle()
        self.assertLine(order.order_line, "partial", backordered=4, allocated=6)

    def test_archived_product_keeps_its_figures(self):
        order = self._create_order((self.glass, 10))
        self.glass.active = False
        self.glass.product_tmpl_id.active = False
        self._settle()
        self.assertLine(order.order_line, "backordered", backordered=10)

    def test_two_and_three_steps_stay_allocated(self):
        for steps in STEPS[1:]:
            with self.subTest(steps=steps):
                self._set_steps(steps)
                product = self._create_product(steps)
                order = self._create_order((product, 10))
                line = order.order_line
                self.assertLine(line, "backordered", backordered=10)
                self._receive((product, 4))
                self.assertLine(line, "partial", backordered=6, allocated=4)
                pick = self._get_open(order)
                self._validate(pick)
                self.assertLine(line, "partial", backordered=6, allocated=4)
                later = self._get_open(order).filtered(
                    lambda p: p.location_id != self.stock
                )
                later.do_unreserve()
                self._settle()
                self.assertLine(line, "partial", backordered=6, allocated=4)
                self._receive((product, 6))
                self.assertLine(line, "ready", allocated=10)
                while self._get_open(order):
                    for picking in self._get_open(order):
                        picking.action_assign()
                        self._validate(picking)
                self.assertLine(line, "fulfilled")

    def test_pull_chain_counts_each_piece_once(self):
        self._set_old_chain()
        order = self._create_order((self.glass, 10))
        self.assertEqual(len(order.picking_ids), 2)
        line = order.order_line
        self._receive((self.glass, 7))
        self.assertEqual(line.qty_backorder_open, 10)
        self.assertLine(line, "partial", backordered=3, allocated=7)
        pick = order.picking_ids.filtered(lambda p: p.location_id == self.stock)
        ship = order.picking_ids - pick
        self._validate(pick)
        self.assertLine(line, "partial", backordered=3, allocated=7)
        self._validate(ship)
        self.assertLine(line, "backordered", backordered=3)

    def test_make_to_order_is_short_until_its_chain_delivers(self):
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        self._put_stock(product, 50)
        order = self._create_order((product, 10))
        self.assertLine(order.order_line, "backordered", backordered=10)
        self.assertEqual(
            order.order_line.move_ids.backorder_demand_ids.reason, "own_chain"
        )
        purchase = self._get_purchase(product)
        purchase.button_confirm()
        self._validate(purchase.picking_ids)
        self.assertLine(order.order_line, "ready", allocated=10)

    def test_drop_shipment_is_never_short(self):
        route = self.env.ref("stock_dropshipping.route_drop_shipping")
        product = self._create_bought("Bar Counter", route)
        order = self._create_order((product, 2))
        purchase = self._get_purchase(product)
        purchase.button_confirm()
        self._settle()
        self.assertEqual(order.order_line.backorder_state, "none")
        self.assertEqual(order.order_line.qty_backordered, 0)
        self._validate(order.picking_ids)
        self.assertLine(order.order_line, "none")
        self.assertEqual(order.picking_ids.release_number, 0)

    def test_resupply_from_another_warehouse_is_no_demand(self):
        second = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self.warehouse.resupply_wh_ids = second
        route = self.warehouse.resupply_route_ids
        mto = self.warehouse.mto_pull_id.route_id
        mto.active = True
        product = self._create_product(
            "Decanter", route_ids=[Command.set((route | mto).ids)]
        )
        self._put_stock(product, 10, location=second.lot_stock_id)
        order = self._create_order((product, 10))
        line = order.order_line
        self.assertEqual(line.qty_backorder_open, 10)
        self.assertLine(line, "backordered", backordered=10)
        resupply = self.env["stock.move"].search(
            [
                ("product_id", "=", product.id),
                ("location_id", "=", second.lot_stock_id.id),
            ]
        )
        self.assertTrue(resupply)
        self.assertFalse(resupply._filter_backorder_demands())

    def test_services_and_consumables(self):
        service = self.env["product.product"].create(
            {"name": "Setup", "type": "service"}
        )
        napkin = self.env["product.product"].create(
            {"name": "Napkins", "type": "consu", "is_storable": False}
        )
        order = self._create_order((service, 1), (napkin, 100), (self.glass, 2))
        by_product = {line.product_id: line for line in order.order_line}
        self.assertLine(by_product[service], "none")
        self.assertLine(by_product[napkin], "none", allocated=100)
        self.assertLine(by_product[self.glass], "backordered", backordered=2)

    def test_dozens(self):
        """
        GIVEN 30 pieces in stock
        WHEN 4 dozen are sold
        THEN 2.5 dozen are allocated, 1.5 short
        """
        self._put_stock(self.glass, 30)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 4,
                "product_uom_id": self.dozen.id,
            }
        )
        line = order.order_line
        self.assertLine(line, "partial", backordered=1.5, allocated=2.5)
        demand = line.move_ids.backorder_demand_ids
        self.assertEqual((demand.qty_open, demand.qty_short), (48, 18))

    def test_fractions_and_zero(self):
        kilo = self.env.ref("uom.product_uom_kgm")
        coffee = self._create_product("Coffee", uom_id=kilo.id)
        self._put_stock(coffee, 0.3)
        order = self._create_order((coffee, 1.25), (self.glass, 0))
        self.assertLine(order.order_line[0], "partial", 0.95, 0.3)
        self.assertLine(order.order_line[1], "none")

    def test_negative_stock_covers_nothing(self):
        self._put_stock(self.glass, -5)
        order = self._create_order((self.glass, 10))
        self._receive((self.glass, 8))
        self.assertLine(order.order_line, "partial", backordered=7, allocated=3)

    def test_another_warehouse_does_not_help(self):
        second = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._put_stock(self.glass, 10, location=second.lot_stock_id)
        order = self._create_order((self.glass, 10))
        self.assertLine(order.order_line, "backordered", backordered=10)

    def test_filters_and_groups(self):
        """Stored, so that lists filter, group and pivot."""
        self._create_order((self.glass, 10))
        lines = self.env["sale.order.line"]
        found = lines._read_group(
            [("product_id", "=", self.glass.id), ("backorder_state", "!=", "none")],
            ["backorder_state"],
            ["qty_backordered:sum"],
        )
        self.assertEqual(found, [("backordered", 10.0)])

    def test_validating_through_the_wizard(self):
        """The way a user goes: Validate, then Create Backorder."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        action = self._get_open(order).button_validate()
        wizard = Form(
            self.env[action["res_model"]].with_context(**action["context"])
        ).save()
        wizard.process()
        self._settle()
        self.assertLine(order.order_line, "backordered", backordered=6)
