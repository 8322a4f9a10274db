from __future__ import annotations

from ast import literal_eval

from lxml import etree

from odoo.tests import Form, new_test_user, tagged

from .common import BackorderCommon


@tagged("post_install", "-at_install")
class TestScreens(BackorderCommon):
    """What each user sees of short lines, and where a click leads."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "backorder_seller", groups="sales_team.group_sale_salesman"
        )
        cls.picker = new_test_user(
            cls.env, "backorder_picker", groups="stock.group_stock_user"
        )
        cls.clerk = new_test_user(
            cls.env, "backorder_clerk", groups="account.group_account_invoice"
        )
        cls._put_stock(cls.glass, 4)
        cls.order = cls._create_order((cls.glass, 10), user_id=cls.seller.id)
        cls.others_order = cls._create_order((cls.glass, 3), user_id=cls.picker.id)

    def _open(self, action, user):
        """What the list of an action shows to a user."""
        demands = self.env[action["res_model"]].with_user(user)
        return demands.search(action["domain"])

    def test_from_the_order_to_its_short_lines(self):
        """
        Scenario: the seller presses "Short Lines" on an order with one short line
        Expected: the button counts it and opens it
        """
        order = self.order.with_user(self.seller)
        self.assertEqual(order.backorder_short_count, 1)
        demand = self._open(order.action_view_short_lines(), self.seller)
        self.assertEqual(demand.order_id, self.order)
        self.assertEqual(demand.qty_short, 6)

    def test_from_the_product_to_its_short_lines(self):
        """
        Scenario: 6 glasses are short on one order, 3 on another one of somebody else
        Expected: warehouse staff see 9 on the product, the seller sees the own 6
        """
        for product in (self.glass, self.glass.product_tmpl_id):
            seen = product.with_user(self.picker)
            self.assertEqual(seen.backorder_short_qty, 9)
            self.assertEqual(
                self._open(seen.action_view_short_lines(), self.picker).order_id,
                self.order | self.others_order,
            )
            self.env.invalidate_all()
            self.assertEqual(product.with_user(self.seller).backorder_short_qty, 6)
            self.env.invalidate_all()

    def test_a_row_leads_to_what_the_user_may_open(self):
        demand = self.order.order_line.move_ids.backorder_demand_ids
        action = demand.with_user(self.seller).action_open_document()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("sale.order", self.order.id)
        )
        action = demand.with_user(self.picker).action_open_document()
        self.assertEqual(
            (action["res_model"], action["res_id"]),
            ("stock.picking", self.order.picking_ids.id),
        )

    def test_a_row_leads_to_the_reasons_where_the_order_is_a_colleagues(self):
        """A planner who may see his own orders only sees all short lines."""
        planner = new_test_user(
            self.env,
            "planner",
            "sales_team.group_sale_salesman,backorder_management.group_backorder_user",
        )
        self.order.user_id = self.seller
        self.env["backorder.run"].create({}).action_simulate()
        demand = self.order.order_line.move_ids.backorder_demand_ids
        action = demand.with_user(planner).action_open_document()
        self.assertEqual(action["res_model"], "backorder.run.line")
        self.order.user_id = planner
        action = demand.with_user(planner).action_open_document()
        self.assertEqual(action["res_model"], "sale.order")

    def test_forms_open_for_who_knows_nothing_of_backorders(self):
        """
        Scenario: an accountant without rights in Sales and Inventory opens an order and
            a product
        Expected: no access error, and no button that leads to one
        """
        for record in (self.order, self.glass):
            form = Form(record.with_user(self.clerk))
            self.assertNotIn(
                "action_view_short_lines", form._view["tree"].xpath("//button/@name")
            )

    def test_a_retry_asks_for_the_scheduled_action(self):
        manager = new_test_user(
            self.env, "backorder_manager", groups="stock.group_stock_manager"
        )
        cron = self.env.ref("backorder_management.ir_cron_refresh")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.env["backorder.refresh"].with_user(manager).action_retry()
        after = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.assertEqual(after, before + 1)

    def test_runs_for_who_has_no_other_right(self):
        """
        GIVEN a planner without rights in Sales and Inventory
        WHEN he simulates a run and looks at it and at the short lines: form, lists,
            filters, groups
        THEN he sees what the views show of all orders, and no access error
        """
        planner = new_test_user(
            self.env, "planner", "backorder_management.group_backorder_user"
        )
        run = self.env["backorder.run"].with_user(planner).create({})
        run.action_simulate()
        line = run.line_ids.filtered(lambda line: line.order_id == self.order)
        self._look_at(run)
        [seen] = self._look_at(line)
        self.assertEqual(seen["order_id"]["display_name"], self.order.name)
        self.assertEqual(seen["product_id"]["display_name"], "Wine Glass")
        self.assertEqual(Form(run).name, run.name)
        short = self.env["backorder.demand"].with_user(planner).search([])
        self.assertEqual(short.order_id, self.order | self.others_order)
        self._look_at(short)
        action = short.filtered(lambda row: row.order_id == self.order)
        action = action.action_open_document()
        self.assertEqual((action["res_model"], action["res_id"]), (line._name, line.id))

    def _look_at(self, records):
        """Read, search and group as the views of these records do."""
        views = records.get_views(
            [(False, kind) for kind in ("list", "form", "search")]
        )
        fields = views["models"][records._name]["fields"]
        arch = {
            kind: etree.fromstring(view["arch"])
            for kind, view in views["views"].items()
        }
        for name in arch["search"].xpath("//field/@name"):
            records.search([(name, "ilike", "a")])
        for context in arch["search"].xpath("//filter/@context"):
            group = literal_eval(context)["group_by"]
            records.formatted_read_group(
                [("id", "in", records.ids)], [group], ["__count"]
            )
        shown = {name for name in arch["list"].xpath("//field/@name") if name in fields}
        return records.web_read(
            {
                name: {"fields": {"display_name": {}}}
                if fields[name]["type"] in ("many2one", "many2many")
                else {}
                for name in shown
            }
        )
