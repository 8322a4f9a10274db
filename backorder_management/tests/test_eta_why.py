"""Why something is expected on its day, in words: worked examples.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from datetime import datetime

from freezegun import freeze_time
from lxml.html import fromstring as html_fromstring

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .test_eta import EtaCommon, noon

DAY = "03/%02d/2027"


@tagged("post_install", "-at_install")
class TestWhy(EtaCommon):
    def _explain(self, order, user=None):
        """The sentences about an order of one line."""
        self.env.invalidate_all()
        rows = order.order_line.move_ids.backorder_demand_ids
        html = rows.with_user(user or self.env.user).eta_reason
        return [item.text_content() for item in html_fromstring(html).iter("li")]

    def test_two_arrivals(self):
        """Scenario: 30 come on the 3rd and 20 on the 10th; 18 and 30 are sold."""
        first = self._expect(3, (self.glass, 30))
        second = self._expect(10, (self.glass, 20))
        orders = [self._create_order((self.glass, each)) for each in (18, 30)]
        self.assertEqual(
            self._explain(orders[0]),
            [f"18.00 of 18.00 Units from {first.name} on {DAY % 3}"],
        )
        self.assertEqual(
            self._explain(orders[1]),
            [
                f"12.00 of 30.00 Units from {first.name} on {DAY % 3}, after "
                f"{orders[0].name}",
                f"18.00 of 30.00 Units from {second.name} on {DAY % 10}",
            ],
        )

    def test_earlier_arrival_goes_to_others(self):
        first = self._expect(3, (self.glass, 30))
        second = self._expect(10, (self.glass, 20))
        third = self._expect(12, (self.glass, 20))
        orders = [self._create_order((self.glass, each)) for each in (10, 20, 5, 15, 8)]
        names = [order.name for order in orders]
        self.assertEqual(
            self._explain(orders[4]),
            [
                f"Nothing from {first.name} on {DAY % 3}: it goes to {names[0]}, "
                f"{names[1]}",
                f"Nothing from {second.name} on {DAY % 10}: it goes to {names[2]}, "
                f"{names[3]}",
                f"8.00 of 8.00 Units from {third.name} on {DAY % 12}",
            ],
        )

    def test_many_before(self):
        """Three by name, the others are counted."""
        receipt = self._expect(3, (self.glass, 30))
        orders = [self._create_order((self.glass, 2)) for _each in range(6)]
        names = ", ".join(order.name for order in orders[:3])
        self.assertEqual(
            self._explain(orders[5]),
            [
                f"2.00 of 2.00 Units from {receipt.name} on {DAY % 3}, after {names}, "
                "2 others"
            ],
        )

    def test_not_all_of_it(self):
        receipt = self._expect(3, (self.glass, 4))
        order = self._create_order((self.glass, 10))
        self.assertEqual(
            self._explain(order),
            [
                f"4.00 of 10.00 Units from {receipt.name} on {DAY % 3}",
                "6.00 of 10.00 Units: no arrival is known",
            ],
        )

    def test_kept_for_a_pinned_line(self):
        """Who comes later in the order of service is before all the same."""
        receipt = self._expect(3, (self.glass, 10))
        pinned = self._create_order((self.glass, 10))
        pinned.order_line._pin("promised by phone")
        starred = self._create_starred((self.glass, 10))
        self._settle()
        self.assertEqual(
            self._explain(starred),
            [
                f"Nothing from {receipt.name} on {DAY % 3}: it goes to {pinned.name}",
                "10.00 of 10.00 Units: no arrival is known",
            ],
        )

    def test_component_is_named_by_its_transfer(self):
        receipt = self._expect(3, (self.glass, 10))
        transfer = self._create_transfer_out(self.glass, 6)
        order = self._create_order((self.glass, 10))
        self.assertEqual(
            self._explain(order)[0],
            f"4.00 of 10.00 Units from {receipt.name} on {DAY % 3}, after "
            f"{transfer.name}",
        )

    def _create_transfer_out(self, product, quantity):
        customers = self.env.ref("stock.stock_location_customers")
        transfer = self.env["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.int_type_id.id,
                "location_id": self.stock.id,
                "location_dest_id": customers.id,
                "priority": "1",
                "move_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "location_id": self.stock.id,
                            "location_dest_id": customers.id,
                        }
                    )
                ],
            }
        )
        transfer.action_confirm()
        self._settle()
        return transfer

    def test_the_rest_of_the_way(self):
        """A day each for two steps of the delivery, two days of security; and agreed
        for the 17th."""
        self.warehouse.delivery_steps = "pick_pack_ship"
        rules = self.warehouse.delivery_route_id.rule_ids
        rules.filtered(lambda rule: rule.action == "push").delay = 1
        self.env.company.security_lead = 2
        receipt = self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 5))
        self.assertEqual(
            self._explain(order),
            [
                f"5.00 of 5.00 Units from {receipt.name} on {DAY % 3}",
                "Then 2 working days for the steps of the delivery",
                "Then 2 days of security lead time for sales",
            ],
        )
        later = self._create_order((self.glass, 5), commitment_date=noon(17))
        self.assertEqual(self._explain(later)[-1], f"Not before {DAY % 17}, as agreed")

    def test_overdue(self):
        receipt = self._create_receipt((self.glass, 10))
        receipt.scheduled_date = datetime(2027, 2, 24, 12)
        order = self._create_order((self.glass, 10))
        self.assertEqual(
            self._explain(order),
            [
                f"10.00 of 10.00 Units from {receipt.name} on {DAY % 1} Overdue since "
                "02/24/2027."
            ],
        )

    def test_late_vendor(self):
        """Ten of ten were two days late, or three; what he promises for the 3rd."""
        values = {"company_id": self.env.company.id, "partner_id": self.vendor.id}
        self.env["backorder.lateness"].create(
            {**values, "receipts": 10, "delays": [[2, 8], [3, 2]]}
        )
        receipt = self._expect(3, (self.glass, 10))
        receipt.partner_id = self.vendor
        order = self._create_order((self.glass, 10))
        self.assertEqual(
            self._explain(order),
            [
                f"10.00 of 10.00 Units from {receipt.name} on {DAY % 5} Promised for "
                f"{DAY % 3}; by past receipts it comes on {DAY % 5}, nine times in ten "
                f"by {DAY % 6}."
            ],
        )
        with freeze_time("2027-03-05 08:00:00"):
            self._run_nightly()
            self.assertEqual(
                self._explain(order),
                [
                    f"10.00 of 10.00 Units from {receipt.name} on {DAY % 5} Overdue "
                    f"since {DAY % 3}; by past receipts it comes on {DAY % 5}, nine "
                    f"times in ten by {DAY % 6}."
                ],
            )

    def test_blocked_and_there(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        order._block("not paid")
        self._settle()
        self.assertEqual(
            self._explain(order),
            ["The order takes no goods, so nothing is kept for it."],
        )
        order.action_unblock()
        self._put_stock(self.glass, 6)
        self._settle()
        self.assertEqual(self._explain(order), ["The goods are there."])

    def test_never_short(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self.assertFalse(order.order_line.move_ids.backorder_demand_ids.eta_reason)
        with self.assertRaisesRegex(UserError, "Nothing of it is missing"):
            order.order_line.action_why_expected()

    def test_own_documents_only(self):
        """Who may see just his own orders learns that there is another one, and no
        more; the link to what he may not open is none."""
        receipt = self._expect(3, (self.glass, 30))
        self._create_order((self.glass, 10)).user_id = self.env.ref("base.user_admin")
        user = new_test_user(
            self.env, "own", "base.group_user,sales_team.group_sale_salesman"
        )
        order = self._create_order((self.glass, 10), user_id=user.id)
        self.assertEqual(
            self._explain(order, user),
            [f"10.00 of 10.00 Units from {receipt.name} on {DAY % 3}, after one other"],
        )

    def test_links(self):
        """A purchase is a link for who may open it, and a name for who may not."""
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
        planner = new_test_user(
            self.env,
            "planner",
            "base.group_user,backorder_management.group_backorder_user",
        )
        order = self._create_order((self.glass, 10))
        rows = order.order_line.move_ids.backorder_demand_ids
        link = f'data-oe-model="purchase.order" data-oe-id="{purchase.id}"'
        admin = rows.with_user(self.env.ref("base.user_admin"))
        self.assertRegex(admin.eta_reason, f"<a href=.*{link}")
        text = rows.with_user(planner).eta_reason
        self.assertIn(purchase.name, text)
        self.assertNotIn("<a ", text)

    def test_made_to_order(self):
        """Scenario: bought for the order, for the 9th; then 4 of the 10 fewer."""
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        order = self._create_order((product, 10))
        self.assertEqual(
            self._explain(order), ["10.00 of 10.00 Units: no arrival is known"]
        )
        purchase = self._get_purchase(product)
        purchase.order_line.date_planned = noon(9)
        purchase.button_confirm()
        self._settle()
        self.assertEqual(
            self._explain(order),
            [f"10.00 of 10.00 Units from {purchase.name} on {DAY % 9}"],
        )
        purchase.picking_ids.move_ids.product_uom_qty = 6
        self._settle()
        self.assertEqual(
            self._explain(order),
            [
                f"6.00 of 10.00 Units from {purchase.name} on {DAY % 9}",
                "4.00 of 10.00 Units: no arrival is known",
            ],
        )

    def test_nothing_is_written(self):
        self._expect(3, (self.glass, 10))
        self._put_stock(self.glass, 1)
        self._create_transfer_out(self.glass, 6)
        order = self._create_order((self.glass, 10))
        rows = order.order_line.move_ids.backorder_demand_ids
        self.env.flush_all()
        savepoint = self.env.cr.savepoint()
        self.env.cr.execute("SET TRANSACTION READ ONLY")
        self.assertIn("no arrival is known", rows.eta_reason)
        savepoint.close(rollback=True)

    def test_opening(self):
        """From a line, or its delivery: the one demand."""
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        rows = order.order_line.move_ids.backorder_demand_ids
        for record in (order.order_line, order.picking_ids):
            action = record.action_why_expected()
            self.assertEqual((action["res_id"], action["target"]), (rows.id, "new"))

    def test_opening_many(self):
        """A line of two deliveries: a list."""
        self._expect(3, (self.glass, 10))
        orders = self.env["sale.order"].union(
            *(self._create_order((self.glass, 2)) for _each in range(2))
        )
        rows = orders.order_line.move_ids.backorder_demand_ids
        action = orders.order_line.action_why_expected()
        self.assertEqual(action["domain"], [("id", "in", rows.ids)])
