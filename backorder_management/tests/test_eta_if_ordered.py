"""The day on which goods could be there that nobody has ordered yet.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from datetime import date, datetime
from unittest import TestCase

from odoo.fields import Command
from odoo.tests import tagged

from ..planning.ordering import LeadTime, find_ordered_day, get_quantity_class
from ..planning.work_days import WorkDays
from .test_eta import EtaCommon, march, noon


def is_weekend(day):
    return day.weekday() > 4


class TestOrdering(TestCase):
    """The pure rule; 1 March 2027 is a Monday."""

    def find(self, *args):
        return find_ordered_day(march(1), LeadTime(*args), WorkDays(is_weekend))

    def test_days_of_the_calendar_and_of_work(self):
        """Five days: Saturday, unloaded on Monday, two steps: Wednesday."""
        self.assertEqual(self.find(5), march(8))
        self.assertEqual(self.find(5, 0, 2), march(10))

    def test_likely_delay(self):
        self.assertEqual(self.find(2, 1), march(4))
        # who comes early may do so; nobody counts on it
        self.assertEqual(self.find(2, -1), march(3))

    def test_no_lead_time(self):
        self.assertEqual(self.find(0), march(1))
        self.assertEqual(self.find(-3), march(1))
        self.assertEqual(self.find(-3, 2), march(3))

    def test_part_of_a_day(self):
        self.assertEqual(self.find(0.2), march(2))

    def test_class(self):
        self.assertEqual(get_quantity_class(5, []), 0)
        self.assertEqual(get_quantity_class(5, [10, 1]), 1)
        self.assertEqual(get_quantity_class(10, [10, 1]), 2)


@tagged("post_install", "-at_install")
class TestIfOrdered(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buy = cls.env.ref("purchase_stock.route_warehouse0_buy")

    @classmethod
    def _create_vended(cls, name, *sellers):
        """A product that is bought.

        :param sellers: of each, the days that it takes, and other values
        """
        return cls._create_product(
            name,
            route_ids=[Command.set(cls.buy.ids)],
            seller_ids=[
                Command.create(
                    {"partner_id": cls.vendor.id, "price": 3, "delay": days, **values}
                )
                for days, values in sellers
            ],
        )

    def _get_day(self, order):
        self.env.invalidate_all()
        demands = order.order_line.move_ids.backorder_demand_ids
        self.assertEqual(demands.mapped("eta"), [False])
        self.assertFalse(order.order_line.backorder_eta)
        self.assertEqual(order.order_line.backorder_if_ordered, demands.eta_if_ordered)
        return demands.eta_if_ordered

    def test_bought(self):
        """Nine days from Monday, the 1st: Wednesday, the 10th."""
        order = self._create_order((self._create_vended("Jug", (9, {})), 10))
        self.assertEqual(self._get_day(order), march(10))

    def test_days_to_purchase(self):
        """Odoo's own two days until somebody orders count as well."""
        self.env.company.days_to_purchase = 2
        order = self._create_order((self._create_vended("Jug", (9, {})), 10))
        self.assertEqual(self._get_day(order), march(12))

    def test_no_lead_time(self):
        order = self._create_order((self._create_vended("Jug", (0, {})), 10))
        self.assertEqual(self._get_day(order), march(1))

    def test_weekend(self):
        """On Saturday, the 6th, nobody unloads."""
        order = self._create_order((self._create_vended("Jug", (5, {})), 10))
        self.assertEqual(self._get_day(order), march(8))

    def test_holiday(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Women's Day",
                "date_from": datetime(2027, 3, 8),
                "date_to": datetime(2027, 3, 8, 23, 59, 59),
                "company_id": self.env.company.id,
                "resource_id": False,
            }
        )
        order = self._create_order((self._create_vended("Jug", (5, {})), 10))
        self.assertEqual(self._get_day(order), march(9))

    def test_smallest_quantity(self):
        """From ten on he takes two days, for less seven."""
        jug = self._create_vended("Jug", (7, {}), (2, {"min_qty": 10, "price": 2}))
        orders = [self._create_order((jug, quantity)) for quantity in (9, 10)]
        self.assertEqual(self._get_day(orders[0]), march(8))
        self.assertEqual(self._get_day(orders[1]), march(3))

    def test_smallest_quantity_in_dozens(self):
        self.dozen.active = True
        jug = self._create_vended(
            "Jug",
            (7, {}),
            (2, {"min_qty": 2, "price": 2, "product_uom_id": self.dozen.id}),
        )
        orders = [self._create_order((jug, quantity)) for quantity in (23, 24)]
        self.assertEqual(self._get_day(orders[0]), march(8))
        self.assertEqual(self._get_day(orders[1]), march(3))

    def test_price_that_has_expired(self):
        jug = self._create_vended(
            "Jug", (2, {"date_end": date(2027, 2, 28), "price": 1}), (7, {"price": 5})
        )
        self.assertEqual(self._get_day(self._create_order((jug, 10))), march(8))

    def test_route_of_the_warehouse(self):
        """The warehouse buys what has a vendor, whether the product says so or not."""
        jug = self._create_vended("Jug", (9, {}))
        jug.route_ids = False
        self.assertEqual(self._get_day(self._create_order((jug, 10))), march(10))

    def test_late_vendor(self):
        """Half of his receipts were three days late, or more."""
        self.env["backorder.lateness"].create(
            {
                "company_id": self.env.company.id,
                "partner_id": self.vendor.id,
                "receipts": 5,
                "delays": [[3, 5]],
            }
        )
        order = self._create_order((self._create_vended("Jug", (7, {})), 10))
        self.assertEqual(self._get_day(order), march(11))

    def test_steps_and_security(self):
        """Scenario: unloaded on Wednesday, the 3rd; two steps to the shelf, two to the
        gate, and two days of security.

        Expected: on the shelf on Friday, the 5th, at the gate on Tuesday, the 9th.
        """
        self.warehouse.reception_steps = "three_steps"
        self.warehouse.delivery_steps = "pick_pack_ship"
        routes = self.warehouse.reception_route_id | self.warehouse.delivery_route_id
        routes.rule_ids.filtered(lambda rule: rule.action == "push").delay = 1
        self.env.company.security_lead = 2
        order = self._create_order((self._create_vended("Jug", (2, {})), 10))
        self.assertEqual(self._get_day(order), march(11))

    def test_neither_bought_nor_made(self):
        order = self._create_order((self.glass, 10))
        self.assertFalse(self._get_day(order))

    def test_bought_from_nobody(self):
        order = self._create_order((self._create_vended("Jug"), 10))
        self.assertFalse(self._get_day(order))

    def test_part_is_known_to_come(self):
        """4 of 10 come on the 17th; the rest could be there on the 3rd."""
        jug = self._create_vended("Jug", (2, {}))
        self._expect(17, (jug, 4))
        self.assertEqual(self._get_day(self._create_order((jug, 10))), march(17))

    def test_ordered_after_all(self):
        """What is known to come is expected, and no more asked for."""
        jug = self._create_vended("Jug", (9, {}))
        order = self._create_order((jug, 10))
        self.assertEqual(self._get_day(order), march(10))
        self._expect(4, (jug, 10))
        self.assertEtas((order, 4))
        self.assertFalse(order.order_line.backorder_if_ordered)

    def test_agreed_for_later(self):
        jug = self._create_vended("Jug", (9, {}))
        order = self._create_order((jug, 10), commitment_date=noon(24))
        self.assertEqual(self._get_day(order), march(24))

    def test_blocked(self):
        order = self._create_order((self._create_vended("Jug", (9, {})), 10))
        order._block("not paid")
        self._settle()
        self.assertFalse(self._get_day(order))

    def test_made_to_order(self):
        """A purchase that nobody has confirmed: nine days."""
        routes = self._get_bought_to_order()
        jug = self._create_vended("Jug", (9, {}))
        jug.route_ids = routes
        order = self._create_order((jug, 10))
        self.assertEqual(self._get_kind(order), ["own_chain"])
        self.assertEqual(self._get_day(order), march(10))

    def test_made(self):
        """Four days to make it and one to get what it is made of."""
        if "mrp.bom" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        route = self.warehouse.manufacture_pull_id.route_id
        box = self._create_product("Box", route_ids=[Command.set(route.ids)])
        order = self._create_order((box, 10))
        self.assertFalse(self._get_day(order))
        self.env["mrp.bom"].create(
            {
                "product_tmpl_id": box.product_tmpl_id.id,
                "produce_delay": 4,
                "days_to_prepare_mo": 1,
                "bom_line_ids": [
                    Command.create({"product_id": self.glass.id, "product_qty": 1})
                ],
            }
        )
        self._run_nightly()
        self.assertEqual(self._get_day(order), march(8))

    def test_from_another_warehouse(self):
        """Scenario: it comes from the north, four days; five are there, ten are bought
        in three days more.
        """
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self.warehouse.resupply_wh_ids = north
        route = self.warehouse.resupply_route_ids
        route.rule_ids.filtered(
            lambda rule: rule.location_src_id == north.lot_stock_id
        ).delay = 4
        jug = self._create_product("Jug", route_ids=[Command.set(route.ids)])
        self._put_stock(jug, 5, location=north.lot_stock_id)
        orders = [self._create_order((jug, quantity)) for quantity in (5, 10)]
        self.assertEqual(self._get_day(orders[0]), march(5))
        self.assertFalse(self._get_day(orders[1]))
        self._put_stock(jug, 5, location=north.lot_stock_id)
        self._run_nightly()
        self.assertEqual(self._get_day(orders[1]), march(5))

    def test_rules_in_a_circle(self):
        """Two warehouses that send each other what they do not have."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self.warehouse.resupply_wh_ids = north
        north.resupply_wh_ids = self.warehouse
        routes = self.warehouse.resupply_route_ids | north.resupply_route_ids
        jug = self._create_product("Jug", route_ids=[Command.set(routes.ids)])
        self.assertFalse(self._get_day(self._create_order((jug, 10))))
        routes.rule_ids.procure_method = "make_to_order"
        self._run_nightly()
        self.assertFalse(self._get_day(self._create_order((jug, 5))))
        # and nothing has gone wrong over it
        self.assertFalse(
            self.env["backorder.refresh"].search([("product_id", "=", jug.id)])
        )

    def test_kit(self):
        """Tops take nine days, legs two; legs that nobody sells are no table."""
        table, top, leg = self._create_table()
        for product, days in ((top, 9), (leg, 2)):
            product.route_ids = self.buy
            product.seller_ids = [
                Command.create(
                    {"partner_id": self.vendor.id, "price": 3, "delay": days}
                )
            ]
        order = self._create_order((table, 10))
        self.env.invalidate_all()
        self.assertEqual(order.order_line.backorder_if_ordered, march(10))
        leg.seller_ids.unlink()
        self._run_nightly()
        self.env.invalidate_all()
        self.assertFalse(order.order_line.backorder_if_ordered)

    def test_another_company(self):
        """Its own vendor and its own days."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= other
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        jug = self._create_vended(
            "Jug",
            (9, {"company_id": self.env.company.id}),
            (2, {"company_id": other.id, "price": 1}),
        )
        ours = self._create_order((jug, 10))
        theirs = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": jug.id, "product_uom_qty": 10})
                ],
            }
        )
        theirs.action_confirm()
        self._settle()
        self.assertEqual(self._get_day(ours), march(10))
        self.assertEqual(self._get_day(theirs), march(3))

    def test_who_may_see_it(self):
        """A salesperson sees it of his own orders, and may not change it."""
        user = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._create_order(
            (self._create_vended("Jug", (9, {})), 10), user_id=user.id
        )
        line = order.order_line.with_user(user)
        self.env.invalidate_all()
        self.assertEqual(line.backorder_if_ordered, march(10))
        keeper = self._create_user("keeper", "stock.group_stock_user")
        demands = order.order_line.move_ids.backorder_demand_ids.with_user(keeper)
        self.assertEqual(demands.eta_if_ordered, march(10))

    def test_once_for_products_of_a_kind(self):
        """Twenty demands of a product ask as little as ten."""

        def count(number):
            jug = self._create_vended(f"Jug {number}", (9, {}))
            for _each in range(number):
                self._create_order((jug, 10))
            self.env["backorder.demand"]._refresh_etas(jug.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["backorder.demand"]._refresh_etas(jug.ids)
            return self.env.cr.sql_log_count - before

        count(2)
        self.assertEqual(count(20), count(10))
