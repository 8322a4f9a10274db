"""The earliest day of a quotation, and what becomes of it.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from datetime import datetime
from unittest import TestCase

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..planning.quoting import Offer, find_last
from .test_eta import EtaCommon, march, noon


class TestLast(TestCase):
    """The pure rule."""

    def test_last(self):
        self.assertEqual(find_last([Offer(march(3)), Offer(march(2))]), march(3))
        self.assertIsNone(find_last([Offer(march(3)), Offer(None)]))
        self.assertIsNone(find_last([]))


class QuotationCommon(EtaCommon):
    def _quote(self, *lines, **values):
        quotation = self._create_order(*lines, confirm=False, **values)
        self.env.invalidate_all()
        return quotation

    def _expect_from(self, day, quantity):
        """A purchase of glasses for a day of March."""
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.glass.id,
                            "product_qty": quantity,
                            "date_planned": noon(day),
                        }
                    )
                ],
            }
        )
        purchase.button_confirm()
        self._settle()
        return purchase

    def assertEarliest(self, quotation, *days):  # noqa: N802 - unittest's own manner
        """:param days: of March, one for each line; None: not known"""
        self.env.invalidate_all()
        self.assertEqual(
            quotation.order_line.mapped("backorder_earliest"),
            [march(day) if day else False for day in days],
        )

    def assertKept(self, quotation):  # noqa: N802
        """What was shown is what comes out: the line's day, or all is there."""
        shown = quotation.order_line.mapped("backorder_earliest")
        quotation.action_confirm()
        self._settle()
        self.env.invalidate_all()
        for line, day in zip(quotation.order_line, shown, strict=True):
            if line.backorder_since:
                self.assertEqual(line.backorder_eta, day)
            else:
                self.assertEqual(day, march(1))


@tagged("post_install", "-at_install")
class TestQuotation(QuotationCommon):
    def test_all_is_there(self):
        self._put_stock(self.glass, 10)
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 1)
        self.assertEqual(
            quotation.order_line.backorder_earliest_reason, "10.00 on hand"
        )
        self.assertFalse(quotation.order_line.backorder_earliest_if_ordered)
        self.assertKept(quotation)

    def test_on_hand_and_to_come(self):
        """12 are there, 18 come on the 10th."""
        self._put_stock(self.glass, 12)
        purchase = self._expect_from(10, 18)
        quotation = self._quote((self.glass, 30))
        self.assertEarliest(quotation, 10)
        self.assertEqual(
            quotation.order_line.backorder_earliest_reason,
            f"12.00 on hand, 18.00 from {purchase.name} on 03/10/2027",
        )
        self.assertKept(quotation)

    def test_taken_by_others(self):
        """Scenario: 10 are there and reserved; 10 come on the 3rd for who waits, 10 on
        the 10th.
        """
        self._put_stock(self.glass, 10)
        self._create_order((self.glass, 10))
        self._create_order((self.glass, 10))
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 10)
        self.assertKept(quotation)

    def test_before_who_needs_it_later(self):
        """Who needs it by the 24th is served after a customer who asks for it now."""
        later = self._create_order((self.glass, 10), commitment_date=noon(24))
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        self.assertEtas((later, 24))
        self.assertEarliest(self._quote((self.glass, 20)), 10)
        self.assertEarliest(self._quote((self.glass, 21)), None)
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 3)
        self.assertKept(quotation)

    def test_free_stock_that_others_would_take(self):
        """Scenario: nobody reserves; 10 are there, which an order of today needs; 5
        come on the 3rd.

        Expected: it has them first, and a quotation what comes.
        """
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self.assertFalse(order.backorder_eta)
        self._expect(3, (self.glass, 5))
        quotation = self._quote((self.glass, 5))
        self.assertEarliest(quotation, 3)
        self.assertKept(quotation)

    def test_takes_free_stock_from_who_needs_it_later(self):
        """The same, needed by the 24th: the quotation is served before."""
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 10)
        self._create_order((self.glass, 10), commitment_date=noon(24))
        self._expect(3, (self.glass, 5))
        quotation = self._quote((self.glass, 5), (self.glass, 5), (self.glass, 5))
        self.assertEarliest(quotation, 1, 1, 3)
        self.assertKept(quotation)

    def test_two_lines_of_a_product(self):
        """The second one does not see the same goods again."""
        self._put_stock(self.glass, 12)
        self._expect(4, (self.glass, 10))
        quotation = self._quote((self.glass, 10), (self.glass, 10), (self.glass, 5))
        self.assertEarliest(quotation, 1, 4, None)
        self.assertRegex(
            quotation.order_line[2].backorder_earliest_reason,
            r"^2\.00 from .* on 03/04/2027, no date for 3\.00: ",
        )

    def test_production_that_needs_the_same(self):
        """A starred production needs the 10 of the 3rd."""
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
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
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 10)
        self.assertKept(quotation)

    def test_kept_for_a_pinned_line(self):
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        pinned = self._create_order((self.glass, 10), commitment_date=noon(24))
        pinned.order_line._pin("promised by phone")
        self._settle()
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 10)
        self.assertKept(quotation)

    def test_blocked_order_leaves_its_place(self):
        self._expect(3, (self.glass, 10))
        self._create_order((self.glass, 10))._block("not paid")
        self._settle()
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 3)
        self.assertKept(quotation)

    def test_strategy_of_the_company(self):
        """Scenario: who pays most is served first, and the order pays 100.

        Expected: a quotation of 990 is before it, one of 10 behind it.
        """
        self.env.company.backorder_strategy_id = self.env["backorder.strategy"].create(
            {
                "name": "Most dear first",
                "criterion_ids": [
                    Command.create({"criterion": "line_value", "descending": True})
                ],
            }
        )
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))
        dear = self._quote(
            {"product_id": self.glass.id, "product_uom_qty": 10, "price_unit": 99}
        )
        self.assertEarliest(dear, 3)
        cheap = self._quote(
            {"product_id": self.glass.id, "product_uom_qty": 10, "price_unit": 1}
        )
        self.assertEarliest(cheap, 10)
        self.assertKept(cheap)

    def test_if_ordered_today(self):
        jug = self._create_bought(
            "Jug", self.env.ref("purchase_stock.route_warehouse0_buy")
        )
        jug.seller_ids.delay = 9
        self._put_stock(jug, 4)
        quotation = self._quote((jug, 10))
        self.assertEarliest(quotation, 10)
        self.assertEqual(
            quotation.order_line.backorder_earliest_reason,
            "4.00 on hand, 6.00 if ordered today from Glashütte, 9 days",
        )
        self.assertTrue(quotation.order_line.backorder_earliest_if_ordered)
        self.assertEqual(
            quotation.backorder_earliest_summary,
            "03/10/2027, if what is missing is ordered today",
        )
        quotation.action_confirm()
        self._settle()
        self.env.invalidate_all()
        self.assertFalse(quotation.order_line.backorder_eta)
        self.assertEqual(quotation.order_line.backorder_if_ordered, march(10))

    def test_neither_bought_nor_made(self):
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, None)
        self.assertEqual(
            quotation.order_line.backorder_earliest_reason,
            "no date for 10.00: not coming, and neither bought nor made",
        )
        self.assertEqual(
            quotation.backorder_earliest_summary, "No date is known for Wine Glass"
        )

    def test_made_to_order(self):
        """Its own purchase, whatever is there."""
        jug = self._create_bought("Jug", self._get_bought_to_order())
        jug.seller_ids.delay = 4
        self._put_stock(jug, 10)
        quotation = self._quote((jug, 10))
        self.assertEarliest(quotation, 5)
        quotation.action_confirm()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(quotation.order_line.backorder_if_ordered, march(5))

    def test_drop_shipment(self):
        """Five days, Saturday: who brings it may work when we do not."""
        route = self.env.ref("stock_dropshipping.route_drop_shipping", False)
        if not route:
            self.skipTest("stock_dropshipping is NOT installed: NOT tested")
        lamp = self._create_bought("Lamp", route)
        lamp.seller_ids.delay = 5
        self._put_stock(lamp, 10)
        quotation = self._quote((lamp, 10))
        self.assertEarliest(quotation, 6)
        self.assertEqual(
            quotation.order_line.backorder_earliest_reason,
            "10.00 if ordered today from Glashütte, 5 days",
        )

    def test_steps_weekend_and_security(self):
        """Scenario: on the shelf on Friday, the 5th; a day to packing and one to the
        gate, two days of security.

        Expected: at the gate on Tuesday, the 9th, there on the 11th.
        """
        self.warehouse.delivery_steps = "pick_pack_ship"
        rules = self.warehouse.delivery_route_id.rule_ids
        rules.filtered(lambda rule: rule.action == "push").delay = 1
        self.env.company.security_lead = 2
        self._expect(5, (self.glass, 10))
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 11)
        self.assertKept(quotation)

    def test_steps_pulled(self):
        """The old way, where both moves exist from the start, with a day between."""
        pull = self._set_old_chain()
        ship = pull.route_id.rule_ids.filtered(
            lambda rule: rule.action == "pull" and rule != pull
        )
        ship.delay = 1
        self._expect(5, (self.glass, 10))
        quotation = self._quote((self.glass, 10))
        self.assertEarliest(quotation, 8)

    def test_lead_time_of_the_product(self):
        """Not before the four days that are engraved on it."""
        self.glass.sale_delay = 4
        self._put_stock(self.glass, 10)
        self.assertEarliest(self._quote((self.glass, 10)), 5)

    def test_holiday_today(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "date_from": datetime(2027, 3, 1),
                "date_to": datetime(2027, 3, 1, 23, 59, 59),
                "company_id": self.env.company.id,
                "resource_id": False,
            }
        )
        self._put_stock(self.glass, 10)
        self.assertEarliest(self._quote((self.glass, 10)), 2)

    def test_in_dozens(self):
        """Two dozen: one is there, the other one comes on the 3rd."""
        self.dozen.active = True
        self._put_stock(self.glass, 12)
        self._expect(3, (self.glass, 12))
        quotation = self._quote(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 2,
                "product_uom_id": self.dozen.id,
            }
        )
        self.assertEarliest(quotation, 3)
        reason = quotation.order_line.backorder_earliest_reason
        self.assertRegex(reason, r"^1\.00 on hand, 1\.00 from .* on 03/03/2027$")
        self.assertKept(quotation)

    def test_kit(self):
        """Tops are there, legs come on the 3rd: 40 of them for ten tables."""
        table, top, leg = self._create_table()
        self._put_stock(top, 10)
        self._expect(3, (leg, 40))
        quotation = self._quote((table, 10))
        self.assertEarliest(quotation, 3)
        reason = quotation.order_line.backorder_earliest_reason
        self.assertIn("Table Top: 10.00 on hand", reason)
        self.assertIn("Table Leg: 40.00 from", reason)
        self.assertKept(quotation)

    def test_part_of_a_kit_is_not_known(self):
        table, top, _leg = self._create_table()
        self._put_stock(top, 10)
        self.assertEarliest(self._quote((table, 10)), None)

    def test_what_is_not_kept_in_stock(self):
        service = self._create_product("Engraving", type="service", is_storable=False)
        paper = self._create_product("Paper", is_storable=False)
        quotation = self._quote((service, 1), (paper, 1))
        self.assertEarliest(quotation, None, None)
        self.assertEqual(
            quotation.order_line.mapped("backorder_earliest_reason"), [False, False]
        )
        self.assertFalse(quotation.backorder_earliest_summary)

    def test_nothing_asked_for(self):
        """No quantity, less than none, and a note."""
        self._put_stock(self.glass, 10)
        quotation = self._quote(
            (self.glass, 0),
            (self.glass, -5),
            {"name": "Thank you", "display_type": "line_note"},
        )
        self.assertEarliest(quotation, None, None, None)

    def test_confirmed(self):
        """A confirmed order has an expected day, and no earliest one."""
        self._put_stock(self.glass, 30)
        order = self._create_order((self.glass, 10))
        self.assertEarliest(order, None)
        self.assertFalse(order.backorder_earliest)

    def test_while_it_is_typed(self):
        """Lines that nobody has saved yet share as well."""
        self._put_stock(self.glass, 12)
        self._expect(4, (self.glass, 10))
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.customer
            for _each in range(2):
                with form.order_line.new() as line:
                    line.product_id = self.glass
                    line.product_uom_qty = 10
            days = [
                form.order_line.edit(index).backorder_earliest for index in range(2)
            ]
            self.assertEqual(days, [march(1), march(4)])

    def test_nothing_is_written(self):
        """Looking at a quotation claims nothing and changes nobody's day: neither of
        who waits nor of what competes."""
        self.warehouse.out_type_id.reservation_method = "manual"
        self._put_stock(self.glass, 3)
        order = self._create_order((self.glass, 10), commitment_date=noon(24))
        self.env["stock.move"].create(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 5,
                "location_id": self.stock.id,
                "location_dest_id": self.env["stock.location"]
                .search([("usage", "=", "production")], limit=1)
                .id,
            }
        )._action_confirm()
        self._expect(3, (self.glass, 15))
        self.env["backorder.sharing"].search([]).unlink()
        quotation = self._quote((self.glass, 10))
        self.env.cr.execute("SAVEPOINT looking; SET TRANSACTION READ ONLY")
        self.assertEqual(quotation.order_line.backorder_earliest, march(3))
        self.env.cr.execute("ROLLBACK TO SAVEPOINT looking")
        self.assertEtas((order, 24))

    def test_as_little_is_asked_for_many_lines(self):
        products = [self._create_product(f"Glass {number}") for number in range(10)]
        for product in products:
            self._put_stock(product, 5)

        def count(quotation):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            quotation.order_line.mapped("backorder_earliest")
            return self.env.cr.sql_log_count - before

        few = self._quote(*((product, 1) for product in products[:2]))
        many = self._quote(*((product, 1) for product in products))
        count(few)
        self.assertEqual(count(many), count(few))


@tagged("post_install", "-at_install")
class TestUseEarliest(QuotationCommon):
    def test_last_line(self):
        """At the hour at which Odoo expects it: now, at eight."""
        jug = self._create_product("Jug")
        self._put_stock(jug, 5)
        self._expect(3, (self.glass, 10))
        quotation = self._quote((self.glass, 10), (jug, 5))
        self.assertEqual(quotation.backorder_earliest, march(3))
        quotation.action_use_earliest_date()
        self.assertEqual(quotation.commitment_date, datetime(2027, 3, 3, 8))
        quotation.action_confirm()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(quotation.backorder_eta, march(3))

    def test_again_after_a_later_date(self):
        """A date that was set too late is brought forward."""
        self._expect(3, (self.glass, 10))
        quotation = self._quote((self.glass, 10), commitment_date=noon(24))
        quotation.action_use_earliest_date()
        self.assertEqual(quotation.commitment_date, datetime(2027, 3, 3, 8))

    def test_time_zone_of_the_company(self):
        """Eight in the evening in Auckland, also after summer time has ended.

        Summer time there ends on 4 April 2027.
        """
        self.env.company.partner_id.tz = "Pacific/Auckland"
        receipt = self._expect(3, (self.glass, 10))
        receipt.scheduled_date = datetime(2027, 4, 6, 12)
        self._settle()
        quotation = self._quote((self.glass, 10))
        quotation.action_use_earliest_date()
        # 21:00 on 7 April, twelve hours before Greenwich
        self.assertEqual(quotation.commitment_date, datetime(2027, 4, 7, 9))

    def test_not_known(self):
        """The sentence names the line, and nothing is set."""
        self._put_stock(self.glass, 5)
        jug = self._create_product("Jug")
        quotation = self._quote((self.glass, 5), (jug, 5))
        with self.assertRaisesRegex(UserError, "Nobody knows when Jug can be there"):
            quotation.action_use_earliest_date()
        self.assertFalse(quotation.commitment_date)
        self.assertFalse(quotation.backorder_earliest)

    def test_nothing_from_stock(self):
        service = self._create_product("Engraving", type="service", is_storable=False)
        quotation = self._quote((service, 1))
        with self.assertRaisesRegex(UserError, "no goods that are kept in stock"):
            quotation.action_use_earliest_date()

    def test_confirmed(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        with self.assertRaisesRegex(UserError, "no quotation any more"):
            order.action_use_earliest_date()

    def test_own_documents_only(self):
        """A salesperson sees what others wait for in the day alone, and sets the date
        of his own quotations."""
        user = self._create_user("seller", "sales_team.group_sale_salesman")
        other = self._create_user("other", "sales_team.group_sale_salesman")
        self._create_order((self.glass, 10), user_id=other.id)
        self._expect(3, (self.glass, 10))
        self._expect(10, (self.glass, 10))
        quotation = self._quote((self.glass, 10), user_id=user.id)
        own = quotation.with_user(user)
        self.assertEqual(own.order_line.backorder_earliest, march(10))
        own.action_use_earliest_date()
        self.assertEqual(own.commitment_date, datetime(2027, 3, 10, 8))
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            quotation.with_user(other).action_use_earliest_date()

    def test_another_company(self):
        """Neither our goods nor our vendor's days count for it, but its own do."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        self.env.user.company_ids |= other
        self._put_stock(self.glass, 10)
        self.glass.seller_ids = [
            Command.create(
                {
                    "partner_id": self.vendor.id,
                    "delay": 2,
                    "company_id": self.env.company.id,
                }
            )
        ]
        foreign = self._quote(
            (self.glass, 10), company_id=other.id, warehouse_id=warehouse.id
        )
        ours = self._quote((self.glass, 10))
        self.assertEarliest(foreign, None)
        self.assertEarliest(ours, 1)
        self.glass.seller_ids = [
            Command.create(
                {"partner_id": self.vendor.id, "delay": 4, "company_id": other.id}
            )
        ]
        self.assertEarliest(foreign, 5)
        theirs = self._create_user("theirs", "sales_team.group_sale_salesman_all_leads")
        theirs.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            ours.with_user(theirs).with_company(other).action_use_earliest_date()
