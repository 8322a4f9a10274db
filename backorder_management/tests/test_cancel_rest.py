"""Cancelling what has not been delivered, and changing quantities beside backorders."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import STEPS, BackorderCommon


class CancelCommon(BackorderCommon):
    """Words for what is open of an order."""

    def _get_open_quantities(self, order):
        """Demand and reserved quantity of open moves, from stock to the customer."""
        return [
            (move.product_uom_qty, move.quantity)
            for move in self._get_open(order).move_ids.sorted("id")
            if move.state != "cancel"
        ]

    def _ship_all(self, order):
        """Everybody does what can be done, in all steps; rests stay open."""
        for _step in range(3):
            for picking in self._get_open(order):
                picking.action_assign()
                if any(picking.move_ids.mapped("quantity")):
                    self._validate(picking)

    def assertNoPhantom(self, order):  # noqa: N802 - unittest's own manner
        """Nothing is open that brings nothing, or less than nothing."""
        for picking in self._get_open(order):
            moves = picking.move_ids.filtered(lambda move: move.state != "cancel")
            self.assertTrue(moves, f"{picking.name} is open and empty")
            for move in moves:
                self.assertGreater(move.product_uom_qty, 0, move.display_name)

    def assertBalance(self, line):  # noqa: N802 - unittest's own manner
        """What was ordered was delivered, is open, or was cancelled."""
        self.assertEqual(
            line.qty_delivered + line.qty_backorder_open + line.qty_cancelled,
            line.product_uom_qty,
        )


@tagged("post_install", "-at_install")
class TestCancelRest(CancelCommon):
    def _cancel(self, records, reason="bought elsewhere"):
        line = records.order_line if records._name == "sale.order" else records
        cancelled = line._cancel_backorder_rest(reason)
        self._settle()
        return cancelled

    def test_after_a_partial_delivery(self):
        """
        GIVEN 10 sold, 4 shipped, 6 on a backorder, in one, two and three steps
        WHEN the rest is cancelled
        THEN 6 are cancelled, no transfer is open, the order says so once
        """
        for steps in STEPS:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                self._ship_all(order)
                line = order.order_line
                self.assertEqual(line.qty_delivered, 4)

                self.assertEqual(self._cancel(order), {line: 6.0})
                self.assertLine(line, "cancelled", cancelled=6)
                self.assertFalse(self._get_open(order))
                self.assertEqual(order.backorder_state, "cancelled")
                self.assertBalance(line)
                [note] = [
                    body
                    for body in order.message_ids.mapped("body")
                    if "bought elsewhere" in body
                ]
                self.assertIn(f"6.00 Units of {line.product_id.display_name}", note)

    def test_reserved_goods_go_to_who_waits(self):
        """
        GIVEN an order of 10 that holds 4, another of 3 that waits
        WHEN the rest of the first is cancelled
        THEN all 10 are cancelled, and the other has its 3
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        other = self._create_order((self.glass, 3), partner=self.other_customer)
        self._cancel(order)
        self.assertLine(order.order_line, "cancelled", cancelled=10)
        self.assertLine(other.order_line, "ready", allocated=3)

    def test_picked_goods_still_ship(self):
        """
        GIVEN 4 of 10 picked, waiting to be packed
        WHEN the rest is cancelled
        THEN 6 are cancelled, and the 4 ship
        """
        for steps in STEPS[1:]:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                self._validate(order.picking_ids)
                self._cancel(order)
                line = order.order_line
                self.assertLine(line, "ready", allocated=4, cancelled=6)
                self.assertEqual(self._get_open_quantities(order), [(4, 4)])
                self._ship_all(order)
                self.assertEqual(line.qty_delivered, 4)
                self.assertLine(line, "cancelled", cancelled=6)
                self.assertFalse(self._get_open(order))

    def test_goods_marked_as_picked_stay(self):
        """
        GIVEN one step, 4 of 10 marked as picked
        WHEN the rest is cancelled
        THEN the transfer is left with these 4
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        order.picking_ids.move_line_ids.picked = True
        self._cancel(order)
        self.assertEqual(self._get_open_quantities(order), [(4, 4)])
        self._validate(order.picking_ids)
        self.assertEqual(order.order_line.qty_delivered, 4)
        self.assertLine(order.order_line, "cancelled", cancelled=6)

    def test_pulled_chain(self):
        """
        GIVEN pick and ship made from the start, 4 of 10 picked
        WHEN the rest is cancelled
        THEN the shipping move is left with 4, which ship
        """
        for propagate in (True, False):
            with self.subTest(propagate=propagate):
                self._set_old_chain().propagate_cancel = propagate
                product = self._create_product(f"Jug {propagate}")
                self._put_stock(product, 4)
                order = self._create_order((product, 10))
                pick = order.picking_ids.filtered(lambda p: p.location_id == self.stock)
                self._validate(pick)
                self._cancel(order)
                self.assertEqual(self._get_open_quantities(order), [(4, 4)])
                self.assertLine(order.order_line, "ready", allocated=4, cancelled=6)
                self._ship_all(order)
                self.assertEqual(order.order_line.qty_delivered, 4)
                self.assertLine(order.order_line, "cancelled", cancelled=6)
                self.assertFalse(self._get_open(order))
                self._set_steps("ship_only")

    def test_pulled_chain_of_which_nothing_was_picked(self):
        self._set_old_chain()
        order = self._create_order((self.glass, 10))
        self.assertEqual(len(self._get_open(order)), 2)
        self._cancel(order)
        self.assertFalse(self._get_open(order))
        self.assertLine(order.order_line, "cancelled", cancelled=10)
        # counted once, though it was cancelled in both steps
        self.assertEqual(order.order_line._get_backorder_cancel_evidence(), 10)

    def test_dozens(self):
        """
        GIVEN 4 dozen sold, 30 pieces shipped
        THEN 1.5 dozen are cancelled
        """
        self._put_stock(self.glass, 30)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 4,
                "product_uom_id": self.dozen.id,
            }
        )
        self._validate(order.picking_ids)
        self.assertEqual(self._cancel(order), {order.order_line: 1.5})
        self.assertLine(order.order_line, "cancelled", cancelled=1.5)

    def test_kit(self):
        """
        GIVEN 5 tables, 2 shipped
        THEN 3 are cancelled with all their parts
        """
        table, top, leg = self._create_table()
        self._put_stock(top, 2)
        self._put_stock(leg, 8)
        order = self._create_order((table, 5))
        self._validate(order.picking_ids)
        self.assertEqual(self._cancel(order), {order.order_line: 3.0})
        self.assertLine(order.order_line, "cancelled", cancelled=3)
        self.assertFalse(self._get_open(order))

    def test_what_is_missing_of_a_kit(self):
        """
        GIVEN 5 tables: 5 tops and 8 legs are there
        WHEN only what is missing is cancelled
        THEN 3 tables end, the 3 tops too many with them; 2 whole tables ship
        """
        table, top, leg = self._create_table()
        self._put_stock(top, 5)
        self._put_stock(leg, 8)
        order = self._create_order((table, 5))
        other = self._create_order((top, 3), partner=self.other_customer)
        order.order_line._cancel_backorder_short("too late")
        self._settle()
        self.assertLine(order.order_line, "ready", allocated=2, cancelled=3)
        self.assertEqual(self._get_open_quantities(order), [(2, 2), (8, 8)])
        self.assertLine(other.order_line, "ready", allocated=3)
        self._validate(order.picking_ids)
        self.assertEqual(order.order_line.qty_delivered, 2)

    def test_only_what_is_missing(self):
        """
        GIVEN 10 sold, 4 reserved
        WHEN only what is missing is cancelled
        THEN 4 are open and reserved, 6 are cancelled
        """
        for steps in STEPS:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                order.order_line._cancel_backorder_short("too late")
                self._settle()
                self.assertEqual(self._get_open_quantities(order), [(4, 4)])
                self.assertLine(order.order_line, "ready", allocated=4, cancelled=6)

    def test_return_in_the_middle(self):
        """
        GIVEN 4 of 10 shipped, 1 came back without a refund, the rest is cancelled
        THEN 6 are cancelled: what came back is not
        """
        self._set_old_chain()
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._ship_all(order)
        shipped = order.picking_ids.filtered("release_number")
        self._return(shipped, 1, refund=False)
        self._cancel(order)
        self.assertEqual(order.order_line.qty_cancelled, 6)

    def test_raising_reopens_the_increase(self):
        """
        GIVEN 10 sold, 4 shipped, 6 cancelled
        WHEN the order is raised to 12
        THEN 2 are open, in every step; lowered to 10 again, nothing is
        """
        for steps in STEPS:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                self._ship_all(order)
                self._cancel(order)
                line = order.order_line
                line.product_uom_qty = 12
                self._settle()
                self.assertLine(line, "backordered", backordered=2, cancelled=6)
                self.assertNoPhantom(order)
                line.product_uom_qty = 10
                self._settle()
                self.assertEqual(line.qty_delivered, 4)
                self.assertNoPhantom(order)
                self.assertBalance(line)

    def test_lowering_uses_up_what_was_cancelled(self):
        for steps in STEPS:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                self._ship_all(order)
                self._cancel(order)
                order.order_line.product_uom_qty = 4
                self._settle()
                self.assertEqual(order.order_line.qty_cancelled, 0)
                self.assertFalse(self._get_open(order))

    def test_make_to_order_tells_the_buyer(self):
        """
        GIVEN 10 bought for this very order
        WHEN its salesperson, who sees no purchases, cancels the rest
        THEN the purchase stays, and its buyer has something to do
        """
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._create_order((product, 10), user_id=seller.id)
        purchase = self._get_purchase(product)
        purchase.button_confirm()
        self.env.invalidate_all()
        self._cancel(order.with_user(seller))
        self.assertLine(order.order_line, "cancelled", cancelled=10)
        self.assertEqual(purchase.state, "purchase")
        self.assertEqual(purchase.picking_ids.move_ids.product_uom_qty, 10)
        self.assertTrue(purchase.activity_ids | purchase.picking_ids.activity_ids)
        self._validate(purchase.picking_ids)
        self.assertEqual(product.free_qty, 10)

    def test_drop_shipment_is_refused_in_one_sentence(self):
        route = self.env.ref("stock_dropshipping.route_drop_shipping")
        product = self._create_bought("Bar Counter", route)
        order = self._create_order((product, 2))
        purchase = self._get_purchase(product)
        for _confirmed in range(2):
            with self.assertRaisesRegex(UserError, f"vendor.*{purchase.name}"):
                order.action_open_cancel_rest()
            purchase.button_confirm()
        self.assertEqual(self._cancel(order), {})
        self.assertEqual(order.picking_ids.state, "assigned")

    def test_nothing_left(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 4))
        self._validate(order.picking_ids)
        with self.assertRaisesRegex(UserError, "nothing to cancel"):
            order.action_open_cancel_rest()

    def test_consumable_goods(self):
        napkin = self._create_product("Napkins", is_storable=False)
        order = self._create_order((napkin, 100))
        self.assertEqual(self._cancel(order), {order.order_line: 100.0})
        self.assertFalse(self._get_open(order))
        self.assertEqual(order.order_line.qty_cancelled, 100)

    # --------------------------------------------------------------- the dialog

    def _open_dialog(self, records):
        action = records.action_open_cancel_rest()
        return Form(records.env[action["res_model"]].with_context(**action["context"]))

    def test_dialog_of_a_salesperson(self):
        """
        GIVEN an order with a delivered line and one of which 4 of 10 were shipped
        WHEN its salesperson cancels the rest with a reason
        THEN the dialog shows the one line with its 6, which are cancelled
        """
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        jug = self._create_product("Jug")
        self._put_stock(jug, 2)
        self._put_stock(self.glass, 4)
        order = self._create_order((jug, 2), (self.glass, 10), user_id=seller.id)
        self._validate(order.picking_ids)
        dialog = self._open_dialog(order.with_user(seller))
        wizard = dialog.save() if dialog.reason else None
        self.assertIsNone(wizard)
        with self.assertRaises(AssertionError):  # the reason is required
            dialog.save()
        dialog.reason = "bought elsewhere"
        wizard = dialog.save()
        self.assertEqual(wizard.sale_line_ids.product_id, self.glass)
        self.assertEqual(wizard.sale_line_ids.qty_backorder_rest, 6)
        wizard.action_cancel()
        self._settle()
        self.assertEqual(order.order_line.mapped("qty_cancelled"), [0, 6])
        with self.assertRaisesRegex(UserError, "nothing to cancel"):
            wizard.action_cancel()

    def test_dialog_only_what_is_missing(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        demand = order.order_line.move_ids.backorder_demand_ids
        dialog = self._open_dialog(demand)
        dialog.scope = "short"
        dialog.reason = "too late"
        dialog.save().action_cancel()
        self._settle()
        self.assertLine(order.order_line, "ready", allocated=4, cancelled=6)

    def test_order_of_a_colleague(self):
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._create_order(
            (self.glass, 10), user_id=self.env.ref("base.user_admin").id
        )
        with self.assertRaises(AccessError):
            order.with_user(seller).action_open_cancel_rest()
        with self.assertRaises(AccessError):
            self.env["backorder.cancel"].with_user(seller).create(
                {"sale_line_ids": order.order_line.ids, "reason": "mine"}
            ).action_cancel()
        auditor = self._create_user("auditor", "account.group_account_readonly")
        with self.assertRaises(AccessError):  # sees all orders, and writes none
            order.with_user(auditor).action_open_cancel_rest()
        picker = self._create_user("picker", "stock.group_stock_user")
        with self.assertRaises(AccessError):
            self.env["backorder.cancel"].with_user(picker).create(
                {"sale_line_ids": order.order_line.ids, "reason": "mine"}
            )

    def test_while_a_warehouse_user_ships(self):
        """
        GIVEN an agreement has the rest cancelled when the last shipment leaves
        WHEN a warehouse user, without rights on orders, validates it
        THEN the rest is cancelled within the validation, and logged in their name
        """
        picker = self._create_user("picker", "stock.group_stock_user")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        delivery = order.picking_ids.with_user(picker)
        delivery.move_ids.picked = True
        delivery.move_ids._action_done()
        lines = delivery.move_ids.sudo().sale_line_id.sudo(False)
        lines._cancel_backorder_rest("last shipment agreed")
        self._settle()
        self.assertLine(order.order_line, "cancelled", cancelled=6)
        self.assertFalse(self._get_open(order))
        [note] = order.message_ids.filtered(
            lambda message: "last shipment agreed" in message.body
        )
        self.assertEqual(note.author_id, picker.partner_id)

    def test_inside_of_a_validation(self):
        """
        GIVEN something that cancels the rest as soon as a last step is done
        WHEN a warehouse user validates the transfer, in one to three steps
        THEN it is validated, and nothing is left open
        """
        picker = self._create_user("picker", "stock.group_stock_user")
        core = self.registry["stock.move"]._action_done

        def _action_done(moves, cancel_backorder=False):
            done = core(moves, cancel_backorder=cancel_backorder)
            last = done.filtered(lambda move: move.location_dest_id._is_outgoing())
            last.sale_line_id._cancel_backorder_rest("last shipment agreed")
            return done

        self.patch(self.registry["stock.move"], "_action_done", _action_done)
        for steps in STEPS:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                while opened := self._get_open(order):
                    [picking] = opened.filtered(
                        lambda p: any(p.move_ids.mapped("quantity"))
                    )
                    self._validate(picking.with_user(picker))
                self.assertEqual(order.order_line.qty_delivered, 4)
                self.assertLine(order.order_line, "cancelled", cancelled=6)
                self.assertEqual(order.delivery_status, "cut_short")


@tagged("post_install", "-at_install")
class TestDeliveryStatus(CancelCommon):
    def test_cut_short(self):
        """
        GIVEN 4 of 10 delivered without a backorder
        THEN the order is not fully delivered; raised to 12 it is partially delivered,
        lowered to what was delivered it is fully delivered
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self.assertEqual(order.delivery_status, "pending")
        self.assertFalse(order.has_cancelled_rest)
        self._validate(order.picking_ids, backorder=False)
        self.assertEqual(order.delivery_status, "cut_short")
        self.assertTrue(order.has_cancelled_rest)
        order.order_line.product_uom_qty = 12
        self._settle()
        self.assertEqual(order.delivery_status, "partial")
        order.order_line._cancel_backorder_rest("no more")
        self._settle()
        self.assertEqual(order.delivery_status, "cut_short")
        order.order_line.product_uom_qty = 4
        self.assertEqual(order.delivery_status, "full")  # at once, on the saved form
        self.assertFalse(order.has_cancelled_rest)

    def test_a_line_cancelled_altogether(self):
        jug = self._create_product("Jug")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), (jug, 2))
        self._validate(order.picking_ids)
        self.assertEqual(order.delivery_status, "partial")
        order.order_line._cancel_backorder_rest("no more")
        self._settle()
        self.assertEqual(order.delivery_status, "cut_short")

    def test_done_quantity_corrected(self):
        """Somebody unlocks the transfer and enters the 10 that really left."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._validate(order.picking_ids, backorder=False)
        self._put_stock(self.glass, 6)
        order.picking_ids.is_locked = False
        order.picking_ids.move_ids.quantity = 10
        self._settle()
        self.assertEqual(order.order_line.qty_cancelled, 0)
        self.assertEqual(order.delivery_status, "full")

    def test_everything_delivered_or_nothing(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 4))
        self._validate(order.picking_ids)
        self.assertEqual(order.delivery_status, "full")
        order = self._create_order((self.glass, 4))
        order.order_line._cancel_backorder_rest("no more")
        self.assertFalse(order.delivery_status)

    def test_the_portal_knows_it(self):
        page = self.env.ref("sale.portal_my_orders")._get_combined_arch()
        texts = page.xpath("//span[contains(@t-elif, 'cut_short')]/text()")
        self.assertEqual(
            [text.strip() for text in texts], ["Delivered, Rest Cancelled"]
        )

    def test_no_queries_for_orders_that_were_not_cut(self):
        """The status asks for nothing that is not at hand when a delivery is done."""
        orders = []
        for _order in range(2):
            self._put_stock(self.glass, 4)
            orders.append(self._create_order((self.glass, 4)))
            self._validate(orders[-1].picking_ids)
        for order in orders:
            order.order_line.mapped("qty_cancelled")
            order.picking_ids.mapped("state")
        with self.assertQueryCount(0):
            for order in orders:
                order._compute_delivery_status()
        self.assertEqual(orders[0].delivery_status, "full")


@tagged("post_install", "-at_install")
class TestChangingQuantities(CancelCommon):
    """Raising and lowering orders beside open backorders leaves no phantom transfer."""

    def _check(self, order, open_quantity):
        self._settle()
        self.assertNoPhantom(order)
        line = order.order_line
        self.assertEqual(line.qty_backorder_open, open_quantity)
        self.assertBalance(line)

    def test_with_a_backorder(self):
        """
        GIVEN 10 sold, 4 shipped, of the other 6 on a backorder 2 are reserved
        WHEN the order is changed to 12, 7, 6, 4 and 9
        THEN what is open is 8, 3, 2, 0 and 5, and the 2 stay reserved meanwhile
        """
        for steps in STEPS:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                self._ship_all(order)
                line = order.order_line
                self._receive((line.product_id, 2))
                for ordered, reserved in ((12, 2), (7, 2), (6, 2)):
                    line.product_uom_qty = ordered
                    self._check(order, ordered - 4)
                    self.assertEqual(line.qty_allocated, reserved)
                line.product_uom_qty = 4
                self._check(order, 0)
                self.assertFalse(self._get_open(order))
                self.assertEqual(line.product_id.free_qty, 2)
                line.product_uom_qty = 9
                self._check(order, 5)
                self.assertEqual(line.qty_allocated, 2)

    def test_with_goods_on_their_way(self):
        """
        GIVEN 10 sold, 4 picked and not shipped yet
        WHEN the order is lowered to 7 and to 4
        THEN 3 and none are left to pick, and the 4 ship
        """
        for steps in STEPS[1:]:
            with self.subTest(steps=steps):
                order = self._create_order_in_steps(steps)
                self._validate(order.picking_ids)
                order.order_line.product_uom_qty = 7
                self._check(order, 7)
                order.order_line.product_uom_qty = 4
                self._check(order, 4)
                self.assertEqual(self._get_open_quantities(order), [(4, 4)])
                self._ship_all(order)
                self.assertEqual(order.order_line.qty_delivered, 4)
                self.assertFalse(self._get_open(order))

    def test_in_a_pulled_chain(self):
        self._set_old_chain()
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._ship_all(order)
        self.assertEqual(order.order_line.qty_delivered, 4)
        for ordered in (12, 7, 4):
            order.order_line.product_uom_qty = ordered
            self._check(order, ordered - 4)
        self.assertFalse(self._get_open(order))

    def test_kit(self):
        table, top, leg = self._create_table()
        self._put_stock(top, 2)
        self._put_stock(leg, 8)
        order = self._create_order((table, 5))
        self._validate(order.picking_ids)
        for ordered in (6, 3, 2):
            order.order_line.product_uom_qty = ordered
            self._check(order, ordered - 2)
        self.assertFalse(self._get_open(order))

    def test_after_cancelling(self):
        """
        GIVEN 4 of 10 shipped, 6 cancelled, raised to 12 with 1 of the 2 reserved
        WHEN lowered to 11, to 8 and raised to 10
        THEN 2 minus what was cancelled first: always what core would leave open
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._ship_all(order)
        line = order.order_line
        line._cancel_backorder_rest("no more")
        line.product_uom_qty = 12
        self._settle()
        self._receive((self.glass, 1))
        self.assertLine(line, "partial", backordered=1, allocated=1, cancelled=6)
        line.product_uom_qty = 8
        self._check(order, 2)
        self.assertLine(line, "partial", backordered=1, allocated=1, cancelled=2)
        line.product_uom_qty = 5
        self._check(order, 1)
        self.assertLine(line, "ready", allocated=1)
        line.product_uom_qty = 4
        self._check(order, 0)
        self.assertFalse(self._get_open(order))

    def test_adding_and_removing_quantity_with_two_lines(self):
        jug = self._create_product("Jug")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), (jug, 5))
        self._ship_all(order)
        first, second = order.order_line
        second.product_uom_qty = 0
        self._settle()
        self.assertNoPhantom(order)
        self.assertEqual(second.qty_backorder_open, 0)
        first.product_uom_qty = 4
        self._settle()
        self.assertFalse(self._get_open(order))
