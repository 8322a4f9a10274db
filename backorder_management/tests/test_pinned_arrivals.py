"""A pinned line keeps the arrival it waits for, whoever comes after it."""

from unittest.mock import patch

from hypothesis import given

from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import mute_logger

from .random_common import StoryMixin, a_few_stories, stories
from .run_common import RunCommon

QUEUE = "backorder_management.ir_cron_run_queue"


class ArrivalCommon(RunCommon):
    def _work(self):
        """The scheduled action comes."""
        with self.enter_registry_test_mode():
            self.env.ref(QUEUE).method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestPinnedArrivals(ArrivalCommon):
    """Two orders wait for glasses; a starred one comes after them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.soon = cls._create_receipt((cls.glass, 10))
        cls.soon.move_ids.date = Datetime.to_datetime("2031-03-01 08:00:00")
        cls.first = cls._create_order((cls.glass, 8))
        cls.line = cls.first.order_line

    def _star(self, quantity=10):
        return self._create_starred((self.glass, quantity))

    def _get_kept(self, line):
        rows = line.sudo().backorder_pin_arrival_ids.filtered("move_id")
        return [(row.move_id, row.quantity) for row in rows]

    def _get_notes(self, order):
        return " ".join(order.message_ids.mapped("body"))

    def test_without_a_pin_the_star_is_first(self):
        starred = self._star()
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 0)
        self.assertReserved(starred, 10)

    def test_the_arrival_is_for_the_pinned_line(self):
        """
        GIVEN an order of 8 that waits for a receipt of 10, pinned
        WHEN a starred order of 10 comes, and then the goods
        THEN the first order has its 8, and the starred one 2
        """
        self.line._pin("promised by phone")
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 8.0)])
        starred = self._star()
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 2)
        self.assertFalse(self._get_kept(self.line))
        self.assertStockSound(self.glass)

    def test_without_runs_on_receipt(self):
        self.env.company.backorder_on_receipt = "no"
        self.line._pin("promised by phone")
        starred = self._star()
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 2)

    def test_while_the_run_is_queued(self):
        """Its goods are safe before the run: nobody can take them meanwhile."""
        self.env.company.backorder_on_receipt = "queued"
        self.line._pin("promised by phone")
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 8)
        new = self._create_order((self.glass, 10))
        self.assertReserved(new, 2)

    def test_each_waits_for_what_reaches_it_in_the_order_of_service(self):
        """
        GIVEN orders of 8 and 5, receipts of 10 in March and 20 in May
        WHEN the second order is pinned
        THEN 2 of March and 3 of May are for it: 8 of March are for the first one
        AND a starred order does not change that
        """
        late = self._create_receipt((self.glass, 20))
        late.move_ids.date = Datetime.to_datetime("2031-05-01 08:00:00")
        second = self._create_order((self.glass, 5))
        second.order_line._pin("promised by phone")
        self.assertEqual(
            self._get_kept(second.order_line),
            [(self.soon.move_ids, 2.0), (late.move_ids, 3.0)],
        )
        starred = self._star()
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(second, 2)
        self.assertReserved(starred, 8)
        self._validate(late, {self.glass: 3})
        self.assertReserved(second, 5)
        self.assertReserved(starred, 8)

    def test_what_is_kept_for_one_is_not_kept_for_another(self):
        """Both pinned: 8 and 2 of the ten. A third one finds nothing left."""
        second, third = (self._create_order((self.glass, 5)) for _each in range(2))
        self.line._pin("promised by phone")
        second.order_line._pin("promised by phone")
        third.order_line._pin("promised by phone")
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 8.0)])
        self.assertEqual(self._get_kept(second.order_line), [(self.soon.move_ids, 2.0)])
        self.assertEqual(self._get_kept(third.order_line), [])

    def test_who_may_not_gain_waits_for_nothing(self):
        """The first order only fills up what others leave: all 5 are for the second."""
        self.warehouse.backorder_strategy_id = self._create_strategy(
            segments=[(f"[('order_id', '=', {self.first.id})]", "fill")]
        )
        second = self._create_order((self.glass, 5))
        second.order_line._pin("promised by phone")
        self.assertEqual(self._get_kept(second.order_line), [(self.soon.move_ids, 5.0)])

    def test_only_what_stock_does_not_cover(self):
        """Three are there: they are fixed by the pin itself, five are to come."""
        self._put_stock(self.glass, 3)
        self.first.picking_ids.action_assign()
        self.line._pin("promised by phone")
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 5.0)])

    def test_pinned_once_more(self):
        """A receipt that was not known yet is kept as well, the other one only once."""
        self.line.product_uom_qty = 14
        self._settle()
        self.line._pin("promised by phone")
        late = self._create_receipt((self.glass, 20))
        late.move_ids.date = Datetime.to_datetime("2031-05-01 08:00:00")
        self.line._pin("promised once more")
        self.assertEqual(
            self._get_kept(self.line),
            [(self.soon.move_ids, 10.0), (late.move_ids, 4.0)],
        )

    # --------------------------------------------------- arrivals that are different

    def test_a_receipt_in_two_parts(self):
        """
        GIVEN 8 of a receipt of 10 are kept, and a starred order of 10 waits
        WHEN 5 come, and the rest later
        THEN the pinned one has 5, then 8, the starred one 2
        """
        self.line._pin("promised by phone")
        starred = self._star()
        rest = self._validate(self.soon, {self.glass: 5})
        self.assertReserved(self.first, 5)
        self.assertReserved(starred, 0)
        self.assertEqual(self._get_kept(self.line), [(rest.move_ids, 3.0)])
        self._validate(rest, {self.glass: 5})
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 2)

    def test_the_rest_does_not_come(self):
        """What is missing is kept from the next receipt, and the order says so."""
        late = self._create_receipt((self.glass, 20))
        late.move_ids.date = Datetime.to_datetime("2031-05-01 08:00:00")
        self.line._pin("promised by phone")
        self._validate(self.soon, {self.glass: 5}, backorder=False)
        self.assertReserved(self.first, 5)
        self._work()
        self.assertEqual(self._get_kept(self.line), [(late.move_ids, 3.0)])
        self.assertIn("does not bring 3.00 Units", self._get_notes(self.first))

    def test_a_cancelled_receipt(self):
        self.line._pin("promised by phone")
        late = self._create_receipt((self.glass, 20))
        self.soon.action_cancel()
        self._work()
        self.assertEqual(self._get_kept(self.line), [(late.move_ids, 8.0)])
        notes = self._get_notes(self.first)
        self.assertIn(f"{self.soon.name} does not bring 8.00 Units", notes)
        self.assertIn(f"from {late.name}", notes)

    def test_a_lowered_receipt(self):
        self.line._pin("promised by phone")
        self.soon.move_ids.product_uom_qty = 6
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 6.0)])
        self.assertIn("does not bring 2.00 Units", self._get_notes(self.first))

    def test_a_merged_receipt(self):
        """A second line of the same receipt becomes one with the first."""
        self.line._pin("promised by phone")
        other = self.soon.move_ids.copy({"product_uom_qty": 4})
        other._action_confirm()
        self.assertEqual(len(self.soon.move_ids), 1)
        self.assertEqual(self.soon.move_ids.product_uom_qty, 14)
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 8.0)])

    def test_a_receipt_in_two_steps(self):
        """
        GIVEN a warehouse where goods come to Input before they come to Stock
        WHEN they reach Input
        THEN they are still to come, with the next transfer
        """
        self.soon.action_cancel()
        self.warehouse.reception_steps = "two_steps"
        receipt = self._create_receipt(
            (self.glass, 10), location=self.warehouse.wh_input_stock_loc_id
        )
        receipt.move_ids.location_final_id = self.stock
        self.line._pin("promised by phone")
        self.assertEqual(self._get_kept(self.line), [(receipt.move_ids, 8.0)])
        starred = self._star()
        self._validate(receipt, {self.glass: 10})
        onward = receipt.move_ids.move_dest_ids
        self.assertEqual(onward.location_dest_id, self.stock)
        self.assertEqual(self._get_kept(self.line), [(onward, 8.0)])
        self._validate(onward.picking_id, {self.glass: 10})
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 2)

    def test_what_is_put_elsewhere(self):
        """The goods come to a place that the line does not take from: it is told, and
        has no other goods instead."""
        self.line._pin("promised by phone")
        self._put_stock(self.glass, 8)
        self.soon.move_ids.location_dest_id = self.warehouse.wh_qc_stock_loc_id
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 0)
        self.assertIn("not free where the line takes", self._get_notes(self.first))

    def test_the_rest_of_another_product(self):
        """
        GIVEN a receipt of 10 glasses and 10 cups; 8 glasses are kept
        WHEN all glasses but 4 come, and no cups
        THEN 2 of the rest of the glasses are kept
        """
        self.soon.action_cancel()
        receipt = self._create_receipt((self.cup, 10), (self.glass, 10))
        self.line._pin("promised by phone")
        rest = self._validate(receipt, {self.glass: 6})
        glasses = rest.move_ids.filtered(lambda move: move.product_id == self.glass)
        self.assertEqual(self._get_kept(self.line), [(glasses, 2.0)])

    def test_while_its_delivery_is_being_picked(self):
        """
        GIVEN 3 of 8 glasses are being picked for the pinned line
        WHEN the others come
        THEN Odoo adds nothing to what is being picked, and the order says so
        """
        self._put_stock(self.glass, 3)
        self.first.picking_ids.action_assign()
        self.line._pin("promised by phone")
        self.first.picking_ids.move_ids.picked = True
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 3)
        self.assertIn("its delivery is being picked", self._get_notes(self.first))

    def test_what_is_left_of_a_delivery_that_was_picked(self):
        """
        GIVEN 3 of 8 glasses are being picked when the line is pinned
        WHEN they have shipped, and the scheduled action comes
        THEN the other 5 are kept
        """
        self._put_stock(self.glass, 3)
        delivery = self.first.picking_ids
        delivery.action_assign()
        delivery.move_ids.picked = True
        self.line._pin("promised by phone")
        self.assertFalse(self._get_kept(self.line))
        self._validate(delivery, {self.glass: 3})
        self._work()
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 5.0)])

    def test_what_has_come_counts_before_what_is_late(self):
        """
        GIVEN 4 of a late receipt and 4 of another one are kept; 4 others are found
        WHEN the other one comes before the late one
        THEN its goods are taken; the late one is not waited for
        """
        self.soon.action_cancel()
        late, other = (self._create_receipt((self.glass, 4)) for _each in range(2))
        late.move_ids.date = Datetime.to_datetime("2020-01-01 08:00:00")
        self.line._pin("promised by phone")
        self._put_stock(self.glass, 4)
        self.first.picking_ids.action_assign()
        starred = self._star(4)
        self._validate(other, {self.glass: 4})
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 0)
        self.assertFalse(self._get_kept(self.line))

    def test_what_it_needs_no_more(self):
        """
        GIVEN 8 of 10 are kept; 5 other pieces are found and reserved for it
        WHEN another line of 7 is pinned, and the 10 come
        THEN 3 are for the first one and 7 for the other; nobody is told of a loss
        """
        self.line._pin("promised by phone")
        second = self._create_order((self.glass, 7))
        self._put_stock(self.glass, 5)
        self.first.picking_ids.action_assign()
        self.assertIn("3.00 Units", self.line.backorder_pinned_arrivals)
        second.order_line._pin("promised by phone")
        starred = self._star()
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 8)
        self.assertReserved(second, 7)
        self.assertReserved(starred, 0)
        self.assertNotIn("does not bring", self._get_notes(second))
        self.assertNotIn("could not be reserved", self._get_notes(self.first))

    def test_what_it_needs_no_more_when_a_part_comes(self):
        """
        GIVEN 8 and 2 of 10 are kept; then 5 are found and reserved for the first one
        WHEN 5 of the 10 come
        THEN 3 are for the first one and 2 for the other
        """
        second = self._create_order((self.glass, 2))
        (self.line | second.order_line)._pin("promised by phone")
        self._put_stock(self.glass, 5)
        self.first.picking_ids.action_assign()
        starred = self._star()
        self._validate(self.soon, {self.glass: 5})
        self.assertReserved(self.first, 8)
        self.assertReserved(second, 2)
        self.assertReserved(starred, 0)
        self.assertFalse(self._get_kept(second.order_line))

    def test_what_a_pin_kept_that_is_over(self):
        """It is free for others, though nobody has released it yet."""
        self.line._pin("promised by phone", Datetime.now().date())
        self.line.sudo().backorder_pinned_until = "2020-01-01"
        second = self._create_order((self.glass, 2))
        self.first.picking_ids.move_ids.priority = "0"
        second.picking_ids.move_ids.priority = "1"
        second.order_line.product_uom_qty = 10
        self._settle()
        second.order_line._pin("promised by phone")
        self.assertEqual(
            self._get_kept(second.order_line), [(self.soon.move_ids, 10.0)]
        )
        self.assertFalse(self._get_kept(self.line))

    def test_what_others_hold_is_not_there(self):
        """
        GIVEN a strategy that may redistribute; another order holds 8
        WHEN the first one is pinned
        THEN the arrival is kept: nobody knows whether a run will be applied
        """
        self.warehouse.backorder_strategy_id = self._create_strategy(
            segments=[("[]", "redistribute")]
        )
        holder = self._create_order((self.glass, 8))
        self._put_stock(self.glass, 8)
        holder.picking_ids.action_assign()
        self.assertReserved(holder, 8)
        self.line._pin("promised by phone")
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 8.0)])

    def test_an_arrival_that_becomes_known(self):
        """Nothing brings it yet: the scheduled action keeps what is bought later."""
        self.soon.action_cancel()
        self.line._pin("promised by phone")
        self._work()
        self.assertFalse(self._get_kept(self.line))
        self.assertFalse(self.line.backorder_pinned_arrivals)
        late = self._create_receipt((self.glass, 5))
        self._work()
        self.assertEqual(self._get_kept(self.line), [(late.move_ids, 5.0)])
        later = self._create_receipt((self.glass, 5))
        self._work()
        self.assertEqual(
            self._get_kept(self.line), [(late.move_ids, 5.0), (later.move_ids, 3.0)]
        )

    def test_a_part_is_assigned_to_somebody(self):
        """
        GIVEN 8 of 10 are kept; Odoo's reception report assigns 4 to another order
        WHEN the 10 come
        THEN 6 are for the pinned line, which is told that 2 are missing
        """
        self.line._pin("promised by phone")
        other = self._create_order((self.glass, 4))
        starred = self._star()
        self.env["report.stock.report_reception"].action_assign(
            other.picking_ids.move_ids.ids, [4], [self.soon.move_ids.ids]
        )
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 6)
        self.assertReserved(other, 4)
        self.assertReserved(starred, 0)
        self.assertIn("does not bring 2.00 Units", self._get_notes(self.first))

    def test_a_transfer_that_is_split(self):
        """
        GIVEN 8 of a receipt of 10 are kept, and it is split into 4 and 6
        WHEN the 6 come first
        THEN the line has 4 of them, and the starred one 2
        """
        self.line._pin("promised by phone")
        starred = self._star()
        self.soon.move_ids.quantity = 4
        self.soon.action_split_transfer()
        rest = self.soon.backorder_ids
        self.assertEqual(
            self._get_kept(self.line), [(self.soon.move_ids, 4.0), (rest.move_ids, 4.0)]
        )
        self._validate(rest, {self.glass: 6})
        self.assertReserved(self.first, 4)
        self.assertReserved(starred, 2)

    def test_an_arrival_that_is_deleted(self):
        self.line._pin("promised by phone")
        late = self._create_receipt((self.glass, 20))
        self.soon.move_ids.unlink()
        self.assertIn("does not bring 8.00 Units", self._get_notes(self.first))
        self._work()
        self.assertEqual(self._get_kept(self.line), [(late.move_ids, 8.0)])

    def test_a_production_in_two_parts(self):
        """
        GIVEN 8 of a production of 10 are kept, and a starred order of 10 waits
        WHEN 5 are made, and the rest later
        THEN the pinned one has 5, then 8, the starred one 2
        """
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        self.soon.action_cancel()
        production = self.env["mrp.production"].create(
            {"product_id": self.glass.id, "product_qty": 10}
        )
        production.action_confirm()
        self.line._pin("promised by phone")
        self.assertEqual(
            self._get_kept(self.line), [(production.move_finished_ids, 8.0)]
        )
        starred = self._star()
        production.qty_producing = 5
        production.with_context(
            skip_backorder=True, mo_ids_to_backorder=production.ids
        ).button_mark_done()
        self._settle()
        rest = production.production_group_id.production_ids - production
        self.assertReserved(self.first, 5)
        self.assertReserved(starred, 0)
        self.assertEqual(self._get_kept(self.line), [(rest.move_finished_ids, 3.0)])
        rest.qty_producing = 5
        rest.with_context(skip_backorder=True).button_mark_done()
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 2)

    def test_a_dozen(self):
        """A line of 2 dozen waits for 24 pieces of 30; 15 come, and then the rest."""
        order = self._create_order(
            {
                "product_id": self.cup.id,
                "product_uom_qty": 2,
                "product_uom_id": self.dozen.id,
            }
        )
        receipt = self._create_receipt((self.cup, 30))
        order.order_line._pin("promised by phone")
        self.assertEqual(self._get_kept(order.order_line), [(receipt.move_ids, 24.0)])
        rest = self._validate(receipt, {self.cup: 15})
        self.assertReserved(order, 15)
        self.assertEqual(self._get_kept(order.order_line), [(rest.move_ids, 9.0)])
        self._validate(rest, {self.cup: 15})
        self.assertReserved(order, 24)

    # ------------------------------------------------------ pins that are different

    def test_released(self):
        self.line._pin("promised by phone")
        starred = self._star()
        self.line.action_unpin()
        self.assertFalse(self._get_kept(self.line))
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(starred, 10)

    def test_a_pin_that_is_over(self):
        self.line._pin("promised by phone", until=Datetime.now().date())
        starred = self._star()
        self.line.sudo().backorder_pinned_until = "2020-01-01"
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(starred, 10)
        self.assertFalse(self._get_kept(self.line))

    def test_a_blocked_order(self):
        """It takes part in nothing: what comes goes to others."""
        self.line._pin("promised by phone")
        starred = self._star()
        self.first._block("credit limit")
        self.assertFalse(self._get_kept(self.line))
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 0)
        self.assertReserved(starred, 10)

    def test_what_a_blocked_order_gave_up_is_kept_for_others(self):
        """
        GIVEN 8 of 10 were kept for an order; it was blocked, and 7 kept for another
        WHEN the block is lifted
        THEN what is left is kept for the first one, and nothing twice
        """
        self.line._pin("promised by phone")
        second = self._create_order((self.glass, 7))
        self.first._block("credit limit")
        second.order_line._pin("promised by phone")
        self.first.action_unblock()
        self.assertEqual(self._get_kept(second.order_line), [(self.soon.move_ids, 7.0)])
        self.assertEqual(self._get_kept(self.line), [(self.soon.move_ids, 3.0)])

    def test_where_nothing_is_reserved_by_itself(self):
        self.env["ir.config_parameter"].set_param("stock.picking_no_auto_reserve", "1")
        self.line._pin("promised by phone")
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(self.first, 0)
        self.assertIn(
            "automatic reservation is switched off", self._get_notes(self.first)
        )

    def test_an_order_that_ships_complete(self):
        """
        GIVEN an order of 8 glasses and 3 cups that ships only complete, the glasses
            pinned
        WHEN the glasses come, and no cups
        THEN they are reserved: a pin says so; a run does not take them
        AND the cups do not wait in vain: with them the order is ready
        """
        order = self._create_order((self.glass, 8), (self.cup, 3), picking_policy="one")
        self.first._action_cancel()
        glasses = order.order_line[0]
        glasses._pin("promised by phone")
        starred = self._star()
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(order, 8, 0)
        self.assertReserved(starred, 2)
        strategy = self._create_strategy("-star", segments=[("[]", "redistribute")])
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(self._line(run, order)[:1].qty_proposed, 8)
        self._receive((self.cup, 3))
        self.assertReserved(order, 8, 3)
        self.assertEqual(order.picking_ids.state, "assigned")

    def test_a_shipped_line_waits_for_nothing(self):
        """It was delivered from other stock meanwhile; nothing is kept any more."""
        self.line._pin("promised by phone")
        self._put_stock(self.glass, 8)
        self.first.picking_ids.action_assign()
        self._validate(self.first.picking_ids, {self.glass: 8})
        starred = self._star()
        self.assertFalse(self.line.backorder_pinned_arrivals)
        self._validate(self.soon, {self.glass: 10})
        self.assertReserved(starred, 10)
        self.assertFalse(self._get_kept(self.line))
        self.assertNotIn("could not be reserved", self._get_notes(self.first))

    # ---------------------------------------------------------------------- people

    def test_a_salesperson_pins_and_sees_it(self):
        salesman = self._create_user("pinner", "sales_team.group_sale_salesman")
        self.first.user_id = salesman
        line = self.line.with_user(salesman)
        line._pin("promised by phone")
        self.assertIn(
            f"8.00 Units of Wine Glass from {self.soon.name}",
            self._get_notes(self.first),
        )
        self.assertIn(self.soon.name, line.backorder_pinned_arrivals)

    def test_customers_see_nothing_of_arrivals(self):
        customer = self._create_user("customer", "base.group_portal")
        self.first.partner_id = customer.partner_id
        self.first.message_subscribe(customer.partner_id.ids)
        self.line._pin("promised by phone")
        line = self.line.with_user(customer)
        self.assertEqual(line.read(["product_uom_qty"])[0]["product_uom_qty"], 8)
        with self.assertRaisesRegex(AccessError, "backorder_pinned_arrivals"):
            line.read(["backorder_pinned_arrivals"])

    def test_warehouse_staff_receives_it(self):
        clerk = self._create_user("clerk", "stock.group_stock_user")
        self.line._pin("promised by phone")
        starred = self._star()
        self._validate(self.soon.with_user(clerk), {self.glass: 10})
        self.assertReserved(self.first, 8)
        self.assertReserved(starred, 2)

    def test_what_fails_is_recorded_and_tried_again(self):
        """The receipt is validated all the same; the order says what happened."""
        self.line._pin("promised by phone")
        Arrival = type(self.env["backorder.pin.arrival"])
        with (
            patch.object(Arrival, "_reserve", side_effect=ValueError("out of order")),
            mute_logger(
                "odoo.addons.backorder_management.models.backorder_pin_arrival"
            ),
        ):
            self._validate(self.soon, {self.glass: 10})
        self.assertEqual(self.soon.state, "done")
        self.assertIn("out of order", self._get_notes(self.first))
        self.first.picking_ids.do_unreserve()
        self._work()
        self.assertReserved(self.first, 8)
        self.assertFalse(self._get_kept(self.line))

    def test_promised_at_the_moment_in_which_it_came(self):
        """Two transactions that do not see each other: a scheduled action mends it."""
        self.env.company.backorder_on_receipt = "queued"
        self._validate(self.soon, {self.glass: 10})
        self.line._pin("promised by phone")
        self.env["backorder.pin.arrival"].create(
            {
                "sale_line_id": self.line.id,
                "product_id": self.glass.id,
                "move_id": self.soon.move_ids.id,
                "quantity": 8,
            }
        )
        self._work()
        self.assertReserved(self.first, 8)
        self.assertFalse(self._get_kept(self.line))


DEEDS = (
    "order",
    "order",
    "star",
    "expect",
    "expect",
    "pin",
    "pin",
    "receive",
    "receive",
    "receive_less",
    "cancel_receipt",
    "lower_receipt",
    "raise_order",
    "unpin",
    "block",
    "unblock",
    "nightly",
    "find",
    "lower_order",
    "split",
    "delete_receipt",
    "work",
)
# Somebody who is pinned waits for a receipt, and somebody else is served first.
BEGINNING = (("order", 9, 0), ("expect", 9, 3), ("pin", 1, 0), ("star", 9, 0))


@tagged("post_install", "-at_install")
class TestAnyArrivals(StoryMixin, ArrivalCommon):
    """Whatever comes, or does not: what is kept for pinned lines reaches them."""

    def _get_receipts(self):
        return self.receipts.filtered(
            lambda receipt: receipt.state not in ("done", "cancel")
        )

    def _get_rows(self):
        return self.env["backorder.pin.arrival"].search(
            [("sale_line_id", "in", self.orders.order_line.ids)]
        )

    def _get_held(self):
        return {
            line: sum(
                line.move_ids.move_line_ids.filtered(
                    lambda each: each.state not in ("done", "cancel")
                ).mapped("quantity_product_uom")
            )
            for line in self.orders.order_line
        }

    def _do_order(self, quantity, choice):
        values = {"picking_policy": "one"} if choice == 5 else {}
        self.orders |= self._create_order((self.glass, quantity), **values)

    def _do_star(self, quantity, choice):
        self.orders |= self._create_starred((self.glass, quantity))

    def _do_expect(self, quantity, choice):
        self.receipts |= self._create_receipt((self.glass, quantity + choice))

    def _do_pin(self, quantity, choice):
        self._choose(self.orders.order_line, choice)._pin("promised by phone")

    def _do_unpin(self, quantity, choice):
        self._choose(self.orders.order_line, choice).action_unpin()

    def _do_block(self, quantity, choice):
        self._choose(self.orders, choice)._block("credit limit")

    def _do_unblock(self, quantity, choice):
        self.orders.filtered("backorder_blocked").action_unblock()

    def _do_raise_order(self, quantity, choice):
        if line := self._choose(self.orders.order_line, choice):
            line.product_uom_qty += quantity

    def _do_find(self, quantity, choice):
        self._put_stock(self.glass, quantity)
        self._choose(self.orders.picking_ids, choice).action_assign()

    def _do_lower_order(self, quantity, choice):
        if line := self._choose(self.orders.order_line, choice):
            line.product_uom_qty = min(quantity, line.product_uom_qty)

    def _do_split(self, quantity, choice):
        if receipt := self._choose(self._get_receipts(), choice):
            if quantity < receipt.move_ids.product_uom_qty:
                receipt.move_ids.quantity = quantity
                receipt.action_split_transfer()
                self.receipts |= receipt.backorder_ids

    def _do_delete_receipt(self, quantity, choice):
        if receipt := self._choose(self._get_receipts(), choice):
            receipt.move_ids.unlink()
            self.receipts -= receipt

    def _do_work(self, quantity, choice):
        self._work()

    def _do_lower_receipt(self, quantity, choice):
        if move := self._choose(self._get_receipts(), choice).move_ids:
            move.product_uom_qty = min(quantity, move.product_uom_qty)

    def _do_cancel_receipt(self, quantity, choice):
        self._choose(self._get_receipts(), choice).action_cancel()

    def _do_receive(self, quantity, choice):
        self._receive_part(quantity, choice, backorder=True)

    def _do_receive_less(self, quantity, choice):
        self._receive_part(quantity, choice, backorder=False)

    def _receive_part(self, quantity, choice, backorder):
        receipt = self._choose(self._get_receipts(), choice)
        if not receipt:
            return
        comes = min(quantity, receipt.move_ids.product_uom_qty)
        before, left, due, later = self._get_held(), comes, {}, {}
        for row in self._get_rows().filtered(
            lambda row: row.move_id == receipt.move_ids
        ):
            part = min(row.quantity, left)
            left -= part
            line = row.sale_line_id
            if not line.order_id.backorder_blocked:
                due[line] = due.get(line, 0) + part
                later[line] = later.get(line, 0) + row.quantity - part
        rest = self._validate(receipt, {self.glass: comes}, backorder)
        self.receipts |= rest
        held, rows = self._get_held(), self._get_rows()
        for line, part in due.items():
            wanted = line.product_uom_qty
            self.assertGreaterEqual(held[line], min(before[line] + part, wanted))
            if rest:
                kept = rows.filtered(
                    lambda row, line=line: (
                        row.sale_line_id == line and row.move_id in rest.move_ids
                    )
                )
                self.assertGreaterEqual(
                    sum(kept.mapped("quantity")), min(later[line], wanted - held[line])
                )

    def _do_nightly(self, quantity, choice):
        run = self._simulate(self.strategy, product_ids=self.glass.ids)
        if run.gain_count + run.loss_count:
            run.action_apply()

    def _check(self, before):
        for line, quantity in self._get_held().items():
            if line._is_pinned() and not line.order_id.backorder_blocked:
                self.assertGreaterEqual(quantity, before.get(line, 0.0))
        rows = self._get_rows()
        self.assertFalse(rows.filtered(lambda row: not row.sale_line_id._is_pinned()))
        for move, kept in rows.filtered("move_id").grouped("move_id").items():
            self.assertNotIn(move.state, ("done", "cancel"))
            self.assertLessEqual(sum(kept.mapped("quantity")), move.product_qty)
        self.assertStockSound(self.glass)

    def _tell(self, story):
        self.orders = self.env["sale.order"]
        self.receipts = self.env["stock.picking"]
        self.strategy = self._create_strategy(
            "-star", segments=[("[]", "redistribute")]
        )
        self.warehouse.backorder_strategy_id = self.strategy
        for name, quantity, choice in (*BEGINNING, *story):
            before = self._get_held()
            getattr(self, f"_do_{name}")(quantity, choice)
            self._settle()
            self._check(before)

    @a_few_stories
    @given(story=stories(DEEDS, most=9, shortest=6, longest=16))
    def test_a_promise_is_kept(self, story):
        with self._undone():
            self._tell(story)
