"""Installing on a database with orders made before: the hooks, on core's own records.

The figures are wiped as if the add-on had never been there; benchmarks/bench_install.py
installs on a real database of 100,000 open lines.
"""

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.backorder_management.hooks import (
    NEW_COLUMNS,
    post_init_hook,
    uninstall_hook,
)

from .common import BackorderCommon


@tagged("post_install", "-at_install")
class TestCutOver(BackorderCommon):
    def _forget(self):
        """Back to the day before the installation."""
        self.env.flush_all()
        self.env.cr.execute(SQL("DELETE FROM backorder_demand"))
        self.env.cr.execute(SQL("UPDATE stock_move SET backorder_since = NULL"))
        self.env.cr.execute(SQL("UPDATE stock_picking SET release_number = NULL"))
        for table, columns in NEW_COLUMNS.items():
            for column, (_kind, default) in columns.items():
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        default,
                    )
                )
        self.env.invalidate_all()

    def _install(self):
        self._forget()
        post_init_hook(self.env)
        self._settle()
        self.env.invalidate_all()

    def test_half_delivered_order(self):
        """
        GIVEN 10 sold, 4 shipped, 1 of the rest reserved
        WHEN the add-on is installed
        THEN 5 are short since the backorder was made; shipment no. 1 is known
        """
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        first = order.picking_ids
        self._validate(first)
        self._receive((self.glass, 1))
        self._install()
        self.assertLine(order.order_line, "partial", backordered=5, allocated=1)
        self.assertEqual(order.backorder_state, "partial")
        rest = order.picking_ids - first
        self.assertEqual(rest.backorder_state, "partial")
        self.assertEqual(order.order_line.backorder_since, rest.move_ids.create_date)
        self.assertEqual((first.release_number, rest.release_number), (1, 0))
        self.assertEqual(first.backorder_state, "none")
        demand = rest.move_ids.backorder_demand_ids
        self.assertEqual((demand.qty_short, demand.state), (5, "partial"))

    def test_rest_cancelled_before(self):
        """Core would reopen the cancelled rest when the order is raised; we know it."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._validate(order.picking_ids, backorder=False)
        self._install()
        self.assertEqual(order.order_line.qty_cancelled, 6)
        self.assertEqual(order.order_line.backorder_state, "none")
        order.order_line.product_uom_qty = 12
        self._settle()
        self.assertEqual(order.order_line.qty_backordered, 2)

    def test_rest_cancelled_before_is_not_fully_delivered(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._validate(order.picking_ids, backorder=False)
        self.env.cr.execute(SQL("UPDATE sale_order SET delivery_status = 'full'"))
        self._install()
        self.assertEqual(order.delivery_status, "cut_short")

    def test_covered_by_free_stock(self):
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self._install()
        self.assertLine(order.order_line, "none")
        self.assertFalse(order.order_line.backorder_since)
        demand = order.order_line.move_ids.backorder_demand_ids
        self.assertEqual((demand.qty_free, demand.state), (10, "none"))

    def test_twice_is_as_good_as_once(self):
        order = self._create_order((self.glass, 10))
        self._install()
        before = order.order_line.read(list(NEW_COLUMNS["sale_order_line"]))
        self._install()
        self.assertEqual(
            order.order_line.read(list(NEW_COLUMNS["sale_order_line"])), before
        )

    def test_sends_nothing(self):
        self._create_order((self.glass, 10))
        messages = self.env["mail.message"].search_count([])
        mails = self.env["mail.mail"].search_count([])
        self._install()
        self.assertEqual(self.env["mail.message"].search_count([]), messages)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def _create_as_before(self, policy, **values):
        """An order of 10 glasses with Odoo's shipping policy and nothing agreed."""
        order = self._create_order((self.glass, 10), **values)
        order.write({"picking_policy": policy})
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE sale_order SET follows_picking_policy = NULL,"
                " backorder_policy_id = NULL, backorder_policy_source = NULL"
                " WHERE id = %s",
                order.id,
            )
        )
        self.env.invalidate_all()
        return order

    def _get_agreement(self, order):
        return (
            order.backorder_policy_id,
            order.backorder_policy_source,
            order.follows_picking_policy,
        )

    def test_open_orders_that_ship_when_all_is_ready(self):
        """
        GIVEN an open order and a quotation with “When all products are ready”
        WHEN the add-on is installed
        THEN both show the agreement on everything in one shipment, chosen on the order
        """
        self._put_stock(self.glass, 4)
        opened = self._create_as_before("one")
        quotation = self._create_as_before("one", confirm=False)
        self._install()
        complete = self.env.ref("backorder_management.policy_complete_order")
        for order in (opened, quotation):
            with self.subTest(order.state):
                self.assertEqual(self._get_agreement(order), (complete, "order", True))
                self.assertEqual(order.picking_policy, "one")
        self.assertEqual(opened.picking_ids.move_type, "one")
        self.assertEqual(opened.picking_ids.state, "confirmed")
        quotation.action_confirm()
        self._settle()
        self.assertEqual(self._get_agreement(quotation), (complete, "order", True))

    def test_orders_that_ship_as_soon_as_possible_or_are_closed(self):
        """Nothing is agreed for them: nobody has said anything."""
        self._put_stock(self.glass, 10)
        closed = self._create_as_before("one")
        self._validate(closed.picking_ids)
        cancelled = self._create_as_before("one")
        cancelled._action_cancel()
        self._settle()
        orders = [closed, cancelled, self._create_as_before("direct")]
        self._install()
        nothing = self.env["backorder.policy"]
        for order in orders:
            with self.subTest(order.state):
                self.assertEqual(self._get_agreement(order), (nothing, False, False))


@tagged("post_install", "-at_install")
class TestUninstall(BackorderCommon):
    """What the hook leaves; that the tables go is Odoo's own matter."""

    def _hold(self, **values):
        """5 of 10 glasses or all of them are there, on a Monday."""
        policy = self.env["backorder.policy"].create({"name": "Agreed", **values})
        self.customer.backorder_policy_id = policy
        with freeze_time("2026-11-23 09:00"):
            order = self._create_order(
                (self.glass, 10), commitment_date="2026-12-10 09:00"
            )
        return order.picking_ids

    def test_a_held_delivery_is_ready(self):
        """
        GIVEN shipments on Thursdays only, and all goods reserved on a Monday
        WHEN the add-on is uninstalled
        THEN the delivery is ready, as Odoo says, and nobody decides about it again
        """
        self._put_stock(self.glass, 10)
        thursday = self.env.ref("backorder_management.weekday_3")
        delivery = self._hold(delivery_weekdays=thursday.ids)
        self.assertEqual(
            (delivery.state, delivery.move_ids.quantity), ("confirmed", 10)
        )
        with freeze_time("2026-11-23 10:00"):
            uninstall_hook(self.env)
            self._settle()
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "assigned")
        self.assertFalse(delivery.backorder_held)
        self.assertFalse(delivery.backorder_hold_facts)

    def test_one_that_might_ship_waits_as_in_odoo(self):
        """
        GIVEN everything in one shipment by Odoo's policy, 5 of 10 there, released
        WHEN the add-on is uninstalled
        THEN Odoo waits for the other 5
        """
        self._put_stock(self.glass, 5)
        delivery = self._hold()
        delivery.move_type = "one"
        delivery.write({"backorder_may_ship": True})
        self.env.flush_all()
        self.assertEqual(delivery.state, "assigned")
        uninstall_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "confirmed")

    def test_what_has_left_stays_as_it_is(self):
        self._put_stock(self.glass, 10)
        delivery = self._create_order((self.glass, 10)).picking_ids
        self._validate(delivery)
        written = delivery.write_date
        uninstall_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual((delivery.state, delivery.write_date), ("done", written))
