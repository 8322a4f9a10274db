"""What agreements let ship, from the order to the shipment."""

from __future__ import annotations

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form

from .run_common import RunCommon


class AgreementCommon(RunCommon):
    """Words for what is agreed with customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dozen.active = True

    @classmethod
    def _agree(cls, partner=None, **values):
        """A new agreement with a customer."""
        policy = cls.env["backorder.policy"].create({"name": "Agreed", **values})
        (partner or cls.customer).backorder_policy_id = policy
        return policy

    @classmethod
    def _delivery(cls, order):
        """The first step that is open."""
        return cls._get_open(order).sorted("id")[:1]

    @classmethod
    def _pull(cls):
        """Routes as upgraded databases have them."""
        for rule in cls.warehouse.delivery_route_id.rule_ids:
            if rule.action == "push":
                rule.write({"action": "pull", "procure_method": "make_to_order"})
            else:
                rule.location_dest_id = rule.picking_type_id.default_location_dest_id

    def assertHeld(self, order, reason):  # noqa: N802 - unittest's own manner
        """The order's delivery waits, for a reason that begins like this."""
        delivery = self._delivery(order)
        self.assertEqual(
            (delivery.backorder_held, delivery.backorder_state, delivery.state),
            (True, "held", "confirmed"),
        )
        self.assertTrue(
            delivery.backorder_hold_reason.startswith(reason),
            delivery.backorder_hold_reason,
        )
        self.assertEqual(order.backorder_state, "held")

    def assertShips(self, order, *quantities):  # noqa: N802
        """The order's delivery is ready with so much of each line, and ships it."""
        delivery = self._delivery(order)
        self.assertEqual(delivery.state, "assigned")
        self.assertFalse(delivery.backorder_held)
        self._press_validate(delivery)
        self.assertEqual(delivery.state, "done")
        self.assertEqual(
            [line.qty_delivered for line in order.order_line], list(quantities)
        )
        return delivery

    @classmethod
    def _press_validate(cls, delivery):
        """As the button does.

        :return: True, or what the user is asked
        """
        result = delivery.button_validate()
        cls._settle()
        return result

    def _run_schedule(self):
        """The scheduled action that decides again."""
        cron = self.env.ref("backorder_management.ir_cron_decide_again")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    @classmethod
    def _expect(cls, product, quantity, days, origin="PO1"):
        """Goods that are to come."""
        receipt = cls._create_receipt((product, quantity), origin=origin)
        receipt.move_ids.date = fields.Datetime.now() + timedelta(days=days)
        cls._settle()
        return receipt


class TestWhichAgreement(AgreementCommon):
    """Order, customer, tag, company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Policy = cls.env["backorder.policy"]
        cls.gold, cls.silver, cls.iron = Policy.create(
            [{"name": "Gold"}, {"name": "Silver"}, {"name": "Iron"}]
        )
        cls.env.company.backorder_policy_id = cls.iron

    def _resolve(self, **values):
        order = self._create_order((self.glass, 1), confirm=False, **values)
        return order.backorder_policy_id, order.backorder_policy_source

    def test_company_by_default(self):
        self.assertEqual(self._resolve(), (self.iron, "company"))

    def test_nothing_is_agreed(self):
        self.env.company.backorder_policy_id = False
        self.assertEqual(self._resolve(), (self.env["backorder.policy"], "none"))

    def test_tag_with_the_lowest_number(self):
        tags = self.env["res.partner.category"].create(
            [
                {"name": "A", "backorder_sequence": 5},
                {"name": "B", "backorder_sequence": 2},
                {"name": "C", "backorder_sequence": 1},
            ]
        )
        tags[0].backorder_policy_id = self.gold
        tags[1].backorder_policy_id = self.silver
        self.customer.category_id = tags
        self.assertEqual(self._resolve(), (self.silver, "tag"))

    def test_customer_before_tag(self):
        tag = self.env["res.partner.category"].create({"name": "A"})
        tag.backorder_policy_id = self.silver
        self.customer.write({"category_id": tag.ids, "backorder_policy_id": self.gold})
        self.assertEqual(self._resolve(), (self.gold, "customer"))

    def test_contact_of_a_company(self):
        self.customer.is_company = True
        self.customer.backorder_policy_id = self.gold
        cook = self.env["res.partner"].create(
            {"name": "Cook", "parent_id": self.customer.id}
        )
        self.assertEqual(self._resolve(partner=cook), (self.gold, "customer"))

    def test_chosen_on_the_order(self):
        order = self._create_order((self.glass, 1), confirm=False)
        order.backorder_policy_id = self.silver
        self.assertEqual(order.backorder_policy_source, "order")
        self.assertEqual(
            self._resolve(backorder_policy_id=self.gold.id), (self.gold, "order")
        )

    def test_another_customer(self):
        """Another customer on a quotation brings another agreement."""
        order = self._create_order((self.glass, 1), confirm=False)
        self.other_customer.backorder_policy_id = self.gold
        order.partner_id = self.other_customer
        self.assertEqual(
            (order.backorder_policy_id, order.backorder_policy_source),
            (self.gold, "customer"),
        )

    def test_archived_counts_no_more(self):
        """As in databases where one was archived before that was refused."""
        self.customer.backorder_policy_id = self.gold
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE backorder_policy SET active = false WHERE id = %s", [self.gold.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self._resolve(), (self.iron, "company"))
        self.gold.write({"active": False, "name": "Old Gold"})  # it changes nothing
        self.assertEqual(self.gold.name, "Old Gold")

    def test_each_company_its_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.customer.backorder_policy_id = self.gold
        self.assertFalse(self.customer.with_company(other).backorder_policy_id)
        as_available = self.env.ref("backorder_management.policy_as_available")
        self.assertEqual(other.backorder_policy_id, as_available)

    def test_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        theirs = self.env["backorder.policy"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        with self.assertRaises(UserError):
            self._resolve(backorder_policy_id=theirs.id)

    # ------------------------------------------------------- Odoo's own shipping policy

    def test_complete_order_is_when_all_products_are_ready(self):
        complete = self._agree(shipping="complete_order")
        order = self._create_order((self.glass, 1), confirm=False)
        self.assertEqual(order.picking_policy, "one")
        order.backorder_policy_id = self.gold
        self.assertEqual(order.picking_policy, "direct")
        order.backorder_policy_id = complete
        self.assertEqual(order.picking_policy, "one")

    def test_when_all_products_are_ready_is_complete_order(self):
        order = self._create_order((self.glass, 1), confirm=False, picking_policy="one")
        complete = self.env.ref("backorder_management.policy_complete_order")
        self.assertEqual(order.backorder_policy_id, complete)
        self.assertEqual(order.backorder_policy_source, "order")
        order.picking_policy = "direct"
        self.assertEqual(
            (order.backorder_policy_id, order.backorder_policy_source),
            (self.iron, "company"),
        )

    def test_another_customer_keeps_what_was_chosen(self):
        order = self._create_order((self.glass, 1), confirm=False, picking_policy="one")
        order.partner_id = self.other_customer
        complete = self.env.ref("backorder_management.policy_complete_order")
        self.assertEqual(
            (order.picking_policy, order.backorder_policy_id), ("one", complete)
        )
        order.backorder_policy_id = self.gold
        order.partner_id = self.customer
        self.assertEqual(order.picking_policy, "direct")

    def test_default_shipping_policy_of_odoo(self):
        self.env["ir.default"].set("sale.order", "picking_policy", "one")
        complete = self.env.ref("backorder_management.policy_complete_order")
        self.assertEqual(self._resolve(), (complete, "company"))
        self.customer.backorder_policy_id = self.gold
        order = self._create_order((self.glass, 1), confirm=False)
        self.assertEqual(order.picking_policy, "direct")

    def test_form(self):
        """Each writes the other as soon as it is chosen."""
        form = Form(self.env["sale.order"])
        form.partner_id = self.customer
        form.picking_policy = "one"
        complete = self.env.ref("backorder_management.policy_complete_order")
        self.assertEqual(form.backorder_policy_id, complete)
        form.backorder_policy_id = self.gold
        self.assertEqual(form.picking_policy, "direct")
        order = form.save()
        self.assertEqual(order.backorder_policy_source, "order")


class TestRules(AgreementCommon):
    """A scenario for each rule: wine glasses at 10, cups at 10."""

    def test_ships_what_is_there(self):
        self._agree()
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self.assertReserved(order, 4)
        delivery = self._delivery(order)
        self.assertFalse(delivery.backorder_held)
        # Odoo's own question, as nothing is agreed about the rest
        self.assertEqual(
            self._press_validate(delivery)["res_model"], "stock.backorder.confirmation"
        )

    def test_complete_lines(self):
        """
        GIVEN four of ten glasses, and all cups
        THEN the cups ship, the glasses are left to others, and wait
        """
        self._agree(shipping="complete_lines")
        self._put_stock(self.glass, 4)
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self.assertReserved(order, 0, 3)
        self.assertLine(order.order_line[0], "held", backordered=6)
        self.assertLine(order.order_line[1], "none", allocated=3)
        self.assertEqual(self._delivery(order).state, "assigned")
        self._create_order((self.glass, 4), partner=self.other_customer)
        self.assertLine(order.order_line[0], "backordered", backordered=10)

    def test_no_complete_line(self):
        self._agree(shipping="complete_lines")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self.assertHeld(order, "Only complete lines ship")
        self.assertReserved(order, 0, 0)
        self._receive((self.glass, 6))
        self.assertReserved(order, 10, 0)
        self.assertEqual(self._delivery(order).state, "assigned")

    def test_complete_order(self):
        self._agree(shipping="complete_order")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self.assertHeld(order, "Ships all at once: 1 of 2 lines are there")
        self.assertReserved(order, 0, 0)
        self._receive((self.cup, 3))
        self.assertReserved(order, 10, 3)
        self.assertShips(order, 10, 3)

    def test_threshold_by_value(self):
        """
        GIVEN ten glasses at 10 and two jugs at 100
        THEN the glasses are a third by value, not a half
        """
        jug = self._create_product("Jug", list_price=100.0)
        self._agree(shipping="threshold", first_min_percent=50, min_basis="value")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), (jug, 2))
        self.assertHeld(order, "33 % of 50 % by value")
        self._receive((jug, 1))
        self.assertReserved(order, 10, 1)
        self.assertEqual(self._delivery(order).state, "assigned")

    def test_threshold_by_quantity_and_units(self):
        """Two dozen of five dozen and ten pieces: 24 of 70."""
        self._agree(shipping="threshold", first_min_percent=50)
        self._put_stock(self.glass, 24)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 5,
                "product_uom_id": self.dozen.id,
            },
            (self.cup, 10),
        )
        self.assertHeld(order, "34 % of 50 % by quantity")
        self._receive((self.glass, 12))
        self.assertReserved(order, 36, 0)

    def test_threshold_by_lines(self):
        self._agree(shipping="threshold", first_min_percent=60, min_basis="lines")
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self.assertHeld(order, "50 % of 60 % of the lines")

    def test_later_shipments(self):
        """
        GIVEN half for the first shipment, 30 % for later ones
        WHEN six of ten have shipped
        THEN two more wait, three ship
        """
        self._agree(shipping="threshold", first_min_percent=50, next_min_percent=30)
        self._put_stock(self.glass, 6)
        order = self._create_order((self.glass, 10))
        self._validate(self._delivery(order))
        self._receive((self.glass, 2))
        self.assertHeld(order, "20 % of 30 % by quantity")
        self.assertReserved(order, 0)
        self._receive((self.glass, 1))
        self.assertReserved(order, 3)

    def test_smallest_value(self):
        self._agree(min_amount=50)
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self.assertHeld(order, "Worth")
        self._receive((self.glass, 1))
        self.assertReserved(order, 5)

    def test_smallest_value_in_the_companys_currency(self):
        """An order in another currency at half the value: 8 at 10 are worth 40."""
        currency = self.env["res.currency"].create({"name": "XHF", "symbol": "h"})
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "rate": 2.0, "name": "2020-01-01"}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Half", "currency_id": currency.id}
        )
        self._agree(min_amount=50)
        self._put_stock(self.glass, 8)
        order = self._create_order(
            {"product_id": self.glass.id, "product_uom_qty": 20, "price_unit": 10},
            pricelist_id=pricelist.id,
        )
        self.assertEqual(order.currency_rate, 2.0)
        self.assertHeld(order, "Worth")
        self._receive((self.glass, 2))
        self.assertReserved(order, 10)

    def test_last_shipment_waits(self):
        self._agree(max_shipments=2, remainder="wait")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        delivery = self._delivery(order)
        self.assertIs(self._press_validate(delivery), True)  # nobody is asked
        self.assertEqual(delivery.state, "done")
        self._receive((self.glass, 5))
        self.assertHeld(order, "Shipment 2 of 2 at most")
        self.assertReserved(order, 0)
        self._receive((self.glass, 1))
        self.assertShips(order, 10)

    def test_group(self):
        """A set ships together or not at all."""
        self._put_stock(self.glass, 10)
        self._put_stock(self.cup, 2)
        order = self._create_order(
            {"product_id": self.glass.id, "product_uom_qty": 10, "delivery_group": "1"},
            {"product_id": self.cup.id, "product_uom_qty": 3, "delivery_group": "1"},
        )
        self.assertHeld(order, "Lines of one delivery group")
        self.assertReserved(order, 0, 0)
        self._receive((self.cup, 1))
        self.assertShips(order, 10, 3)

    def test_whole_packages_of_the_unit(self):
        """Of three dozen 17 pieces are there: one dozen is reserved."""
        self._agree(whole_packages=True)
        self._put_stock(self.glass, 17)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 3,
                "product_uom_id": self.dozen.id,
            }
        )
        self.assertReserved(order, 12)
        self._receive((self.glass, 6))
        self.assertReserved(order, 12)
        self._receive((self.glass, 1))
        self.assertReserved(order, 24)

    def test_whole_packages_of_the_product(self):
        self.glass.product_tmpl_id.uom_ids = self.dozen
        self._agree(whole_packages=True)
        self._put_stock(self.glass, 17)
        order = self._create_order((self.glass, 20))
        self.assertReserved(order, 12)
        self._receive((self.glass, 3))
        self.assertReserved(order, 20)  # complete: no whole packaging needed

    def test_less_than_a_package(self):
        self.glass.product_tmpl_id.uom_ids = self.dozen
        self._agree(whole_packages=True)
        self._put_stock(self.glass, 7)
        order = self._create_order((self.glass, 20))
        self.assertReserved(order, 0)

    def test_weekdays(self):
        """
        GIVEN shipments on Thursdays only
        WHEN it is Monday
        THEN the delivery keeps its goods and waits until Thursday
        """
        thursday = self.env.ref("backorder_management.weekday_3")
        self._agree(delivery_weekdays=thursday.ids)
        self._put_stock(self.glass, 10)
        with freeze_time("2026-11-23 09:00"):
            # Odoo's own deadline, today, is no date that anybody has asked for
            order = self._create_order((self.glass, 10))
            self.assertHeld(order, "Ships on Thursday only")
            self.assertReserved(order, 10)
            self.assertEqual(
                str(self._delivery(order).backorder_hold_until), "2026-11-26"
            )
            with self.assertRaisesRegex(UserError, "Ships on Thursday only"):
                self._press_validate(self._delivery(order))
        with freeze_time("2026-11-26 09:00"):
            self._run_schedule()
            self.assertShips(order, 10)

    def test_weekday_after_the_needed_day(self):
        thursday = self.env.ref("backorder_management.weekday_3")
        self._agree(delivery_weekdays=thursday.ids)
        self._put_stock(self.glass, 10)
        with freeze_time("2026-11-23 09:00"):
            order = self._create_order(
                (self.glass, 10), commitment_date="2026-11-25 09:00"
            )
            self.assertShips(order, 10)

    def test_waits_for_more(self):
        """
        GIVEN ten of fifty glasses, and forty to arrive in three days
        THEN the ten are kept and wait, and ship when the forty do not come
        """
        self._agree(consolidate_days=5)
        self._put_stock(self.glass, 10)
        needed = fields.Datetime.now() + timedelta(days=9)
        self._expect(self.glass, 40, 3, "PO00012")
        order = self._create_order((self.glass, 50), commitment_date=needed)
        self.assertHeld(order, "Waits until")
        self.assertIn(
            "40.00 more units arriving on PO00012",
            self._delivery(order).backorder_hold_reason,
        )
        self.assertReserved(order, 10)

    def test_waits_no_longer_than_agreed(self):
        """
        GIVEN ten of fifty glasses that wait for more for five days at most
        WHEN the arrival is put off again and again
        THEN they ship after five days
        """
        self._agree(consolidate_days=5)
        self._put_stock(self.glass, 10)
        with freeze_time("2026-11-02 09:00"):
            receipt = self._expect(self.glass, 40, 3)
            order = self._create_order((self.glass, 50))
            self.assertHeld(order, "Waits until 11/05/2026")
        with freeze_time("2026-11-04 09:00"):
            receipt.move_ids.date = "2026-11-07 09:00"
            self._settle()
            self.assertHeld(order, "Waits until 11/07/2026")
        with freeze_time("2026-11-06 09:00"):
            receipt.move_ids.date = "2026-11-09 09:00"
            self._settle()
            self.assertFalse(self._delivery(order).backorder_held)
            self.assertEqual(self._delivery(order).state, "assigned")

    def test_waits_no_more_when_nothing_comes(self):
        self._agree(consolidate_days=5)
        self._put_stock(self.glass, 10)
        receipt = self._expect(self.glass, 40, 3)
        order = self._create_order((self.glass, 50))
        self.assertHeld(order, "Waits until")
        receipt.action_cancel()
        self._settle()
        self.assertFalse(self._delivery(order).backorder_held)
        self._expect(self.glass, 40, 2)
        self.assertHeld(order, "Waits until")

    def test_does_not_wait_beyond_the_needed_day(self):
        self._agree(consolidate_days=5)
        self._put_stock(self.glass, 10)
        needed = fields.Datetime.now() + timedelta(days=2)
        self._expect(self.glass, 40, 3)
        order = self._create_order((self.glass, 50), commitment_date=needed)
        self.assertFalse(self._delivery(order).backorder_held)

    def test_does_not_wait_for_goods_of_others(self):
        """What arrives goes to those who are served before."""
        self._agree(consolidate_days=5)
        needed = fields.Datetime.now() + timedelta(days=9)
        first = self._create_order(
            (self.glass, 50), partner=self.other_customer, commitment_date=needed
        )
        first.picking_ids.move_ids.priority = "1"
        self._put_stock(self.cup, 3)
        self._expect(self.glass, 40, 3)
        order = self._create_order(
            (self.glass, 40), (self.cup, 3), commitment_date=needed
        )
        self.assertFalse(self._delivery(order).backorder_held)

    def test_accumulate(self):
        """
        GIVEN an order that ships at once and collects goods after five days
        WHEN it was ordered six days ago
        THEN it holds what is there, and still does not ship
        """
        self._agree(
            shipping="complete_order", accumulate="after_days", accumulate_after_days=5
        )
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self.assertReserved(order, 0)
        order.date_order = fields.Datetime.now() - timedelta(days=6)
        self._delivery(order).action_assign()
        self._settle()
        self.assertReserved(order, 4)
        self.assertHeld(order, "Ships all at once")
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            self._press_validate(self._delivery(order))

    def test_says_when_it_will_ship(self):
        self._agree(shipping="complete_order")
        self._put_stock(self.glass, 4)
        self._expect(self.glass, 6, 3)
        order = self._create_order((self.glass, 10))
        self.assertHeld(order, "Ships all at once")
        self.assertEqual(
            self._delivery(order).backorder_hold_until,
            fields.Date.today() + timedelta(days=3),
        )


class TestShipTogether(AgreementCommon):
    """All open orders of one address, under the same agreement."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._agree(shipping="threshold", first_min_percent=50, ship_together="address")

    def test_decide_together(self):
        """
        GIVEN half of two orders together is there, all of it for the first one
        THEN both may ship, one after the other on the same day
        """
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 4))
        self.assertFalse(self._delivery(first).backorder_held)  # it is complete
        second = self._create_order((self.cup, 6))
        self.assertHeld(first, "40 % of 50 % by quantity")
        self.assertReserved(first, 0)
        self._receive((self.cup, 1))
        self.assertReserved(first, 4)
        self.assertReserved(second, 1)
        self.assertShips(first, 4)
        delivery = self._delivery(second)
        self.assertFalse(delivery.backorder_held)
        delivery.with_context(skip_backorder=True).button_validate()
        self.assertEqual(second.order_line.qty_delivered, 1)

    def test_all_of_an_address_in_one_shipment(self):
        """An order that comes later is a part of it, until the others have left."""
        self.customer.backorder_policy_id.write(
            {"shipping": "complete_order", "first_min_percent": 0}
        )
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 4))
        self.assertReserved(first, 4)
        second = self._create_order((self.cup, 6))
        self.assertHeld(first, "Ships all at once")
        self.assertReserved(first, 0)
        self._receive((self.cup, 6))
        self.assertShips(first, 4)
        third = self._create_order((self.cup, 5))
        self.assertHeld(second, "Ships all at once")
        self._receive((self.cup, 5))
        self.assertShips(second, 6)
        self.assertShips(third, 5)

    def test_validated_at_once(self):
        self._put_stock(self.glass, 2)
        self._put_stock(self.cup, 3)
        first = self._create_order((self.glass, 4))
        second = self._create_order((self.cup, 6))
        deliveries = first.picking_ids | second.picking_ids
        self.assertEqual(deliveries.mapped("state"), ["assigned", "assigned"])
        deliveries.with_context(skip_backorder=True).button_validate()
        self.assertEqual(deliveries.mapped("state"), ["done", "done"])

    def test_a_blocked_order_stops_no_other(self):
        self._put_stock(self.glass, 4)
        blocked = self._create_order((self.cup, 60))
        blocked._block("not paid")
        order = self._create_order((self.glass, 4))
        self.assertFalse(self._delivery(order).backorder_held)

    def test_groups_are_those_of_one_order(self):
        self._put_stock(self.glass, 4)
        orders = [
            self._create_order(
                {
                    "product_id": product.id,
                    "product_uom_qty": 4,
                    "delivery_group": "1",
                }
            )
            for product in (self.glass, self.cup)
        ]
        self.assertFalse(self._delivery(orders[0]).backorder_held)

    def test_smallest_value_of_both(self):
        """What leaves second is a part of what left first."""
        self.customer.backorder_policy_id.write(
            {
                "shipping": "available",
                "first_min_percent": 0,
                "min_amount": 80,
            }
        )
        self._put_stock(self.glass, 4)
        self._put_stock(self.cup, 4)
        first = self._create_order((self.glass, 9))
        second = self._create_order((self.cup, 9))
        self._validate(first.picking_ids)
        self.assertReserved(second, 4)
        self.assertEqual(self._delivery(second).state, "assigned")

    def test_searches_once(self):
        """Not for each move, in each way of validating."""
        self._put_stock(self.glass, 40)
        orders = self.env["sale.order"].union(
            *(self._create_order((self.glass, 4)) for _each in range(4))
        )
        with self.assertQueryCount(1):
            orders.sudo()._map_shipping_together()

    def test_another_address(self):
        """Goods for another address do not count, nor do other agreements."""
        self._put_stock(self.glass, 4)
        shop = self.env["res.partner"].create(
            {"name": "Shop", "parent_id": self.customer.id, "type": "delivery"}
        )
        first = self._create_order((self.glass, 4), partner_shipping_id=shop.id)
        self._create_order((self.cup, 60), partner_shipping_id=self.customer.id)
        self.assertFalse(self._delivery(first).backorder_hold_reason)

    def test_later_day(self):
        """What left yesterday was another shipment."""
        self.customer.backorder_policy_id.next_min_percent = 30
        self._put_stock(self.glass, 4)
        with freeze_time(fields.Datetime.now() - timedelta(days=1)):
            first = self._create_order((self.glass, 4))
            second = self._create_order((self.cup, 4))
            self.assertShips(first, 4)
        self._receive((self.cup, 1))
        # the first order is done: one of four is left to decide about
        self.assertHeld(second, "25 % of 50 % by quantity")

    def test_runs_decide_together(self):
        """
        GIVEN an address of which less than half is there
        THEN a run gives its goods to others
        """
        first = self._create_order((self.glass, 4))
        self._create_order((self.cup, 6))
        other = self._create_order((self.glass, 4), partner=self.other_customer)
        first.picking_ids.move_ids.priority = "1"
        self._put_stock(self.glass, 4)
        run = self._simulate()
        self.assertEqual(
            (self._line(run, first).qty_proposed, self._line(run, other).qty_proposed),
            (0, 4),
        )
        self.assertEqual(self._line(run, first).reason_code, "waits_for_rule")


class TestRunsFollowAgreements(AgreementCommon):
    """Runs give nothing to whom may not use it, and take it back."""

    def test_nothing_that_cannot_ship(self):
        self._agree(shipping="threshold", first_min_percent=80)
        first = self._create_order((self.glass, 10))
        second = self._create_order((self.glass, 5), partner=self.other_customer)
        first.picking_ids.move_ids.priority = "1"
        self._settle()
        self._put_stock(self.glass, 6)
        run = self._simulate()
        self.assertEqual(
            (self._line(run, first).qty_proposed, self._line(run, second).qty_proposed),
            (0, 5),
        )
        run.action_apply()
        self.assertReserved(first, 0)
        self.assertReserved(second, 5)
        self.assertStockSound(self.glass)

    def test_enough_to_ship(self):
        self._agree(shipping="threshold", first_min_percent=80)
        first = self._create_order((self.glass, 10))
        second = self._create_order((self.glass, 5), partner=self.other_customer)
        first.picking_ids.move_ids.priority = "1"
        self._settle()
        self._put_stock(self.glass, 9)
        run = self._simulate()
        self.assertEqual(
            (self._line(run, first).qty_proposed, self._line(run, second).qty_proposed),
            (9, 0),
        )

    def test_gives_back_what_it_cannot_use(self):
        """What is held against the rules, as the rules came later, goes to others."""
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 10))
        policy = self.env["backorder.policy"].create(
            {"name": "Half", "shipping": "threshold", "first_min_percent": 50}
        )
        first.picking_ids.printed = True  # somebody has it in hand just now
        first.backorder_policy_id = policy
        first.picking_ids.printed = False
        self._settle()
        self.assertReserved(first, 4)
        second = self._create_order((self.glass, 4), partner=self.other_customer)
        run = self._simulate()
        self.assertEqual(
            (self._line(run, first).qty_proposed, self._line(run, second).qty_proposed),
            (0, 4),
        )

    def test_fair_share(self):
        """Whoever ships from a share on takes part in its turn, the others share."""
        self._agree(shipping="threshold", first_min_percent=80)
        strategy = self._create_strategy("star", sharing="fair_share")
        bound = self._create_order((self.glass, 10))
        others = [
            self._create_order((self.glass, 10), partner=self.other_customer)
            for _each in range(2)
        ]
        self._put_stock(self.glass, 6)
        run = self._simulate(strategy)
        self.assertEqual(
            [self._line(run, order).qty_proposed for order in (bound, *others)],
            [0, 3, 3],
        )

    def test_complete_lines(self):
        self._agree(shipping="complete_lines")
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self._put_stock(self.glass, 9)
        self._put_stock(self.cup, 3)
        run = self._simulate()
        lines = self._line(run, order)
        self.assertEqual(
            {line.product_id.name: line.qty_proposed for line in lines},
            {"Wine Glass": 0, "Cup": 3},
        )

    def test_receipt(self):
        """A receipt that is not enough for one order serves the next."""
        self._agree(shipping="threshold", first_min_percent=80)
        first = self._create_order((self.glass, 10))
        second = self._create_order((self.glass, 5), partner=self.other_customer)
        self._receive((self.glass, 6))
        self.assertReserved(first, 0)
        self.assertReserved(second, 5)
        self._receive((self.glass, 7))
        self.assertReserved(first, 8)
        self.assertStockSound(self.glass)


class TestValidating(AgreementCommon):
    """Whatever way it is tried."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)

    def _hold(self):
        self._agree(shipping="threshold", first_min_percent=80)
        return self._create_order((self.glass, 10))

    def test_typed_by_hand(self):
        order = self._hold()
        delivery = self._delivery(order)
        delivery.move_ids.write({"quantity": 4, "picked": True})
        with self.assertRaisesRegex(UserError, "40 % of 80 % by quantity"):
            delivery.button_validate()

    def test_typed_and_not_marked(self):
        order = self._hold()
        delivery = self._delivery(order)
        delivery.move_ids.quantity = 4
        with self.assertRaisesRegex(UserError, "40 % of 80 % by quantity"):
            delivery.button_validate()

    def test_by_script(self):
        order = self._hold()
        move = self._delivery(order).move_ids
        move.write({"quantity": 4, "picked": True})
        with self.assertRaisesRegex(UserError, "must not ship Wine Glass"):
            move._action_done()

    def test_list_of_several(self):
        order = self._hold()
        other = self._create_order((self.glass, 1), partner=self.other_customer)
        deliveries = order.picking_ids | other.picking_ids
        order.picking_ids.move_ids.quantity = 3
        with self.assertRaisesRegex(UserError, order.name):
            deliveries.button_validate()
        self.assertNotIn("done", deliveries.mapped("state"))

    def test_order_says_why_it_waits(self):
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._hold()
        order.user_id = seller
        own = order.with_user(seller)
        self.assertEqual(own.backorder_hold_reason, "40 % of 80 % by quantity")
        self._receive((self.glass, 6))
        self.assertFalse(own.backorder_hold_reason)

    def test_as_a_warehouse_user(self):
        order = self._hold()
        user = self._create_user("packer", "stock.group_stock_user")
        delivery = self._delivery(order)
        delivery.move_ids.quantity = 4
        self.assertTrue(delivery.with_user(user).backorder_hold_reason)
        with self.assertRaisesRegex(UserError, "40 % of 80 %"):
            delivery.with_user(user).button_validate()

    def test_enough_typed_by_hand(self):
        """A user may type more than there is; the agreement counts what ships."""
        order = self._hold()
        delivery = self._delivery(order)
        delivery.move_ids.write({"quantity": 8, "picked": True})
        delivery.with_context(skip_backorder=True).button_validate()
        self.assertEqual(delivery.state, "done")

    def test_line_that_waits_stays_behind(self):
        """
        GIVEN complete lines only; glasses were typed by hand, not marked as picked
        THEN the cups ship and the glasses stay
        """
        self._agree(shipping="complete_lines")
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        delivery = self._delivery(order)
        delivery.move_ids[0].quantity = 4
        delivery.with_context(skip_backorder=True).button_validate()
        self.assertEqual(order.order_line.mapped("qty_delivered"), [0, 3])
        self.assertEqual(delivery.backorder_ids.move_ids.product_uom_qty, 10)

    def test_line_that_waits_and_is_picked(self):
        self._agree(shipping="complete_lines")
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        delivery = self._delivery(order)
        delivery.move_ids[0].quantity = 4
        delivery.move_ids.picked = True
        with self.assertRaisesRegex(
            UserError, "must not ship Wine Glass yet. Only complete lines ship"
        ):
            delivery.button_validate()

    # ----------------------------------------------------------------- release

    def test_release(self):
        order = self._hold()
        delivery = self._delivery(order)
        self.assertHeld(order, "40 % of 80 %")
        manager = self._create_user("boss", "stock.group_stock_manager")
        wizard = (
            self.env["backorder.override"]
            .with_user(manager)
            .create({"picking_ids": delivery.ids, "reason": "Agreed by phone"})
        )
        wizard.action_release()
        self._settle()
        self.assertEqual(
            (delivery.backorder_held, delivery.backorder_override_by), (False, manager)
        )
        self.assertReserved(order, 4)
        self.assertEqual(delivery.state, "assigned")
        for record in (order, delivery):
            note = record.message_ids[0]
            self.assertIn("Agreed by phone (it was held: 40 % of 80 %", note.body)
            self.assertEqual(note.author_id, manager.partner_id)
        delivery.with_user(manager).with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(order.order_line.qty_delivered, 4)
        # what stayed behind is held again
        self.assertFalse(delivery.backorder_ids.move_ids.backorder_override)

    def test_release_needs_a_manager(self):
        order = self._hold()
        user = self._create_user("packer", "stock.group_stock_user")
        delivery = self._delivery(order).with_user(user)
        self.assertFalse(delivery.may_override_hold)
        with self.assertRaises(AccessError):
            delivery.action_override_hold()
        with self.assertRaises(AccessError):
            delivery._override_hold("I want to")
        with self.assertRaises(AccessError):
            self.env["backorder.override"].with_user(user).create(
                {"picking_ids": delivery.ids, "reason": "I want to"}
            )

    def test_nothing_to_release(self):
        order = self._create_order((self.glass, 1))
        with self.assertRaisesRegex(UserError, "Nothing holds"):
            self._delivery(order)._override_hold("In a hurry")

    def test_release_of_lines_that_wait(self):
        """Lines that stay behind while others ship can be released as well."""
        self._agree(shipping="complete_lines")
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        delivery = self._delivery(order)
        self.assertTrue(delivery.may_override_hold)
        delivery._override_hold("Agreed by phone")
        self._settle()
        self.assertReserved(order, 4, 3)
        delivery.with_context(skip_backorder=True).button_validate()
        self.assertEqual(order.order_line.mapped("qty_delivered"), [4, 3])

    def test_what_is_ordered_later_is_not_released(self):
        order = self._hold()
        self._delivery(order)._override_hold("Agreed by phone")
        self._settle()
        order.order_line.product_uom_qty = 100
        self._settle()
        self._receive((self.glass, 20))
        released = order.order_line.move_ids.filtered("backorder_override")
        self.assertEqual(released.product_uom_qty, 10)
        self.assertReserved(order, 10)
        order.order_line.product_uom_qty = 8
        self._settle()
        moves = order.order_line.move_ids.filtered(lambda move: move.state != "cancel")
        self.assertEqual(sum(moves.mapped("product_uom_qty")), 8)
        self.assertFalse(moves.filtered(lambda move: move.product_uom_qty < 0))

    def test_nobody_releases_by_writing(self):
        order = self._hold()
        delivery = self._delivery(order)
        packer = self._create_user("packer", "stock.group_stock_user")
        seller = self._create_user("seller", "sales_team.group_sale_manager")
        for record, values in (
            (delivery.move_ids.with_user(packer), {"backorder_override": True}),
            (delivery.with_user(packer), {"backorder_held": False}),
            (delivery.with_user(packer), {"backorder_override_reason": "mine"}),
            (order.with_user(seller), {"follows_picking_policy": True}),
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                record.write(values)

    def test_reason_is_needed(self):
        order = self._hold()
        with self.assertRaisesRegex(UserError, "Say why"):
            self._delivery(order)._override_hold("  ")

    def test_a_hold_ends_with_its_delivery(self):
        order = self._hold()
        delivery = self._delivery(order)
        delivery.action_cancel()
        self._settle()
        self.assertFalse(delivery.backorder_held)
        self.assertFalse(delivery.may_override_hold)

    def test_not_reached_never_looks_reached(self):
        self._agree(shipping="threshold", first_min_percent=80)
        self._put_stock(self.glass, 795)
        order = self._create_order((self.glass, 1000))
        self.assertHeld(order, "79.90 % of 80.00 % by quantity")

    # ------------------------------------------------------------- what is left

    def test_what_is_missing_is_cancelled(self):
        """
        GIVEN an order that ships at once: its glasses are there, its cups are not
        WHEN the cups are cancelled, or not ordered any more
        THEN it is complete: the glasses are reserved, and ship
        """
        for way in ("cancel", "lower", "delivery"):
            with self.subTest(way=way):
                self._agree(shipping="complete_order")
                product = self._create_product(way)
                self._put_stock(product, 4)
                order = self._create_order((product, 4), (self.cup, 3))
                self.assertReserved(order, 0, 0)
                cups = order.order_line[1]
                if way == "cancel":
                    cups._cancel_backorder_rest("not wanted")
                elif way == "lower":
                    cups.product_uom_qty = 0
                else:
                    cups.move_ids._action_cancel()
                self.assertReserved(order, 4, 0)
                self.assertEqual(self._delivery(order).state, "assigned")

    def test_goods_in_another_transfer_are_not_cancelled(self):
        """
        GIVEN one shipment, the rest is cancelled; a line came after the first transfer
            was printed, so that there are two, both ready
        WHEN one is validated, and then the other
        THEN both ship, and what is missing is cancelled
        """
        self._agree(max_shipments=1, remainder="cancel")
        order = self._create_order((self.glass, 10))
        self._delivery(order).printed = True
        self._put_stock(self.cup, 3)
        order.write(
            {
                "order_line": [
                    Command.create({"product_id": self.cup.id, "product_uom_qty": 3})
                ]
            }
        )
        self._settle()
        first, second = order.picking_ids.sorted("id")
        self._press_validate(first)
        self.assertEqual(second.state, "assigned")
        self.assertReserved(order, 0, 3)
        self.assertEqual(order.order_line.mapped("qty_cancelled"), [6, 0])
        self._press_validate(second)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [4, 3])

    def test_lines_that_wait_are_kept(self):
        """Even where the operation type never keeps a rest."""
        self.warehouse.out_type_id.create_backorder = "never"
        self._agree(shipping="complete_lines")
        self._put_stock(self.cup, 3)
        order = self._create_order((self.glass, 10), (self.cup, 3))
        self._press_validate(self._delivery(order))
        self.assertEqual(order.order_line.mapped("qty_delivered"), [0, 3])
        self.assertEqual(order.order_line.mapped("qty_backorder_open"), [10, 0])

    def test_no_backorders(self):
        """One of ten ships, nine are cancelled; with none, it waits."""
        self._agree(max_shipments=1, remainder="cancel")
        order = self._create_order((self.glass, 10), (self.cup, 2))
        delivery = self._delivery(order)
        self.assertIs(self._press_validate(delivery), True)
        self.assertEqual(delivery.state, "done")
        self.assertFalse(self._delivery(order))
        self.assertEqual(order.order_line.mapped("qty_delivered"), [4, 0])
        self.assertEqual(order.order_line.mapped("qty_cancelled"), [6, 2])
        self.assertIn("Agreed: closed with the shipment", order.message_ids[0].body)

    def test_no_backorders_with_nothing(self):
        self._agree(max_shipments=1, remainder="cancel")
        order = self._create_order((self.cup, 2))
        self.assertEqual(order.backorder_state, "backordered")
        with self.assertRaises(UserError):  # Odoo's own: nothing to validate
            self._press_validate(self._delivery(order))

    def test_close_a_small_rest(self):
        self._agree(close_tolerance_percent=20)
        order = self._create_order((self.glass, 5), (self.cup, 2))
        self.assertEqual(self._delivery(order).backorder_held, False)
        delivery = self._delivery(order)
        delivery.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertEqual(order.order_line.mapped("qty_cancelled"), [1, 0])
        self.assertEqual(self._delivery(order).move_ids.product_id, self.cup)

    def test_close_all_that_is_left(self):
        """Nobody is asked where all that is left is closed."""
        self._agree(close_tolerance_percent=20)
        order = self._create_order((self.glass, 5))
        self.assertIs(self._press_validate(self._delivery(order)), True)
        self.assertEqual(order.order_line.qty_cancelled, 1)
        self.assertFalse(self._delivery(order))

    def test_complete_with_a_small_rest(self):
        self._agree(shipping="complete_order", close_tolerance_percent=20)
        order = self._create_order((self.glass, 5))
        self.assertReserved(order, 4)
        self.assertShips(order, 4)
        self.assertEqual(order.order_line.qty_cancelled, 1)

    def test_ask(self):
        """Whoever validates is asked, even where the operation type never asks."""
        self.warehouse.out_type_id.create_backorder = "never"
        self._agree(max_shipments=1, remainder="ask")
        order = self._create_order((self.glass, 10))
        delivery = self._delivery(order)
        action = self._press_validate(delivery)
        self.assertEqual(action["res_model"], "stock.backorder.confirmation")
        wizard = Form.from_action(self.env, action).save()
        wizard.process()
        self._settle()
        self.assertEqual(self._delivery(order).move_ids.product_uom_qty, 6)
        self.assertFalse(order.activity_ids)

    def test_ask_and_cancel(self):
        self._agree(max_shipments=1, remainder="ask")
        order = self._create_order((self.glass, 10))
        action = self._press_validate(self._delivery(order))
        Form.from_action(self.env, action).save().process_cancel_backorder()
        self._settle()
        self.assertFalse(self._delivery(order))
        self.assertEqual(order.order_line.qty_cancelled, 6)

    def test_ask_where_nobody_can_be_asked(self):
        self._agree(max_shipments=1, remainder="ask")
        order = self._create_order((self.glass, 10))
        move = self._delivery(order).move_ids
        move.picked = True
        move._action_done(cancel_backorder=True)
        self._settle()
        self.assertEqual(self._delivery(order).move_ids.product_uom_qty, 6)
        self.assertEqual(order.activity_ids.summary, "Rest of the last shipment")
        self.assertEqual(order.activity_ids.user_id, order.user_id)

    def test_operation_type_decides_where_nothing_is_agreed(self):
        self.warehouse.out_type_id.create_backorder = "never"
        self._agree(min_amount=1)
        order = self._create_order((self.glass, 10))
        self._press_validate(self._delivery(order))
        self.assertEqual(order.order_line.qty_cancelled, 6)

    def test_other_transfers_are_left_alone(self):
        """Receipts and returns follow their operation type."""
        self._agree(max_shipments=1, remainder="cancel")
        receipt = self._create_receipt((self.glass, 10))
        receipt.move_ids.write({"quantity": 3, "picked": True})
        self.assertEqual(
            receipt.button_validate()["res_model"], "stock.backorder.confirmation"
        )
        order = self._create_order((self.glass, 4))
        shipped = self.assertShips(order, 4)
        self._return(shipped, 2)
        self.assertEqual(order.order_line.qty_delivered, 2)


class TestChangesOfRules(AgreementCommon):
    """What is agreed later counts for what is still open."""

    def test_on_a_confirmed_order(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self.assertReserved(order, 4)
        order.backorder_policy_id = self.env.ref(
            "backorder_management.policy_complete_order"
        )
        self._settle()
        self.assertReserved(order, 0)
        self.assertHeld(order, "Ships all at once")
        self.assertEqual(self._delivery(order).move_type, "one")
        order.backorder_policy_id = False
        self._settle()
        self.assertReserved(order, 4)
        self.assertEqual(self._delivery(order).state, "assigned")
        self.assertEqual(self._delivery(order).move_type, "direct")

    def test_of_the_agreement(self):
        policy = self._agree()
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        policy.write({"shipping": "threshold", "first_min_percent": 50})
        self._settle()
        self.assertHeld(order, "40 % of 50 %")
        policy.first_min_percent = 40
        self._settle()
        self.assertReserved(order, 4)

    def test_more_than_can_be_served_at_once(self):
        """A salesperson changes it; scheduled actions give back and hold."""
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "0"
        )
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._delivery(order).action_assign()
        self._settle()
        seller = self._create_user("seller", "sales_team.group_sale_salesman_all_leads")
        complete = self.env.ref("backorder_management.policy_complete_order")
        order.with_user(seller).backorder_policy_id = complete
        self._settle()
        with self.enter_registry_test_mode():
            self.env.ref("backorder_management.ir_cron_refresh").method_direct_trigger()
        self._run_schedule()
        self.assertReserved(order, 0)
        self.assertTrue(self._delivery(order).backorder_held)

    def test_half_picked(self):
        """Goods that somebody has picked stay; they do not ship."""
        policy = self._agree()
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._delivery(order).move_ids.picked = True
        policy.shipping = "complete_order"
        self._settle()
        self.assertReserved(order, 4)
        with self.assertRaisesRegex(UserError, "Ships all at once"):
            self._delivery(order).button_validate()

    def test_delivery_group_on_a_confirmed_order(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10), (self.cup, 2))
        order.order_line.write({"delivery_group": "A"})
        self._settle()
        self.assertHeld(order, "Lines of one delivery group")
        self.assertReserved(order, 0, 0)


class TestBadInput(AgreementCommon):
    def test_contradictions(self):
        Policy = self.env["backorder.policy"]
        cases = [
            ({"first_min_percent": 101, "shipping": "threshold"}, "between 0 and 100"),
            ({"close_tolerance_percent": -1}, "between 0 and 100"),
            ({"shipping": "complete_order", "first_min_percent": 50}, "one shipment"),
            ({"shipping": "complete_order", "max_shipments": 2}, "shipments at 0"),
            ({"shipping": "complete_order", "consolidate_days": 2}, "days at 0"),
            ({"shipping": "threshold"}, "Give the smallest share"),
            ({"next_min_percent": 5}, "From a share of the order on"),
            ({"max_shipments": 1, "remainder": False}, "Say what happens"),
            ({"max_shipments": 1, "ship_together": "address"}, "of one address"),
            ({"consolidate_days": -1}, "cannot be negative"),
        ]
        for values, text in cases:
            with (
                self.subTest(values=values),
                self.assertRaisesRegex(ValidationError, f"Bad: .*{text}"),
            ):
                Policy.create({"name": "Bad", **values})

    def test_form_empties_what_does_not_combine(self):
        form = Form(self.env["backorder.policy"])
        form.name = "New"
        form.shipping = "threshold"
        form.first_min_percent = 50
        form.max_shipments = 2
        form.shipping = "complete_order"
        policy = form.save()
        self.assertEqual(policy.first_min_percent, 0)
        self.assertEqual(policy.max_shipments, 0)

    def test_form_empties_what_orders_of_one_address_cannot_have(self):
        form = Form(self.env["backorder.policy"])
        form.name = "New"
        form.max_shipments = 2
        form.remainder = "wait"
        form.ship_together = "address"
        self.assertEqual(form.save().max_shipments, 0)

    def test_delete_one_in_use(self):
        policy = self._agree()
        with self.assertRaisesRegex(UserError, "is agreed with Hotel Adler: choose"):
            policy.unlink()
        self.customer.backorder_policy_id = False
        order = self._create_order((self.glass, 1), backorder_policy_id=policy.id)
        with self.assertRaisesRegex(UserError, f"for {order.name}, .* archive it"):
            policy.unlink()

    def test_archive_one_in_use(self):
        """New orders would silently ship as the company's default says."""
        policy = self._agree()
        order = self._create_order((self.glass, 1))
        with self.assertRaisesRegex(UserError, "is agreed with Hotel Adler: choose"):
            policy.action_archive()
        self.assertTrue(policy.active)
        self.customer.backorder_policy_id = False
        policy.action_archive()
        self.assertFalse(policy.active)
        self.assertEqual(order.backorder_policy_id, policy)

    def test_archive_one_of_a_contact_that_follows_no_more(self):
        """Contacts have what their company had when they were archived."""
        policy = self._agree()
        contact = self.env["res.partner"].create(
            {"name": "Chef", "parent_id": self.customer.id}
        )
        contact.backorder_policy_id = policy
        contact.active = False
        self.customer.backorder_policy_id = False
        self.env.flush_all()
        policy.action_archive()
        self.assertFalse(policy.active)

    def test_archived_ones_cannot_be_given(self):
        policy = self.env["backorder.policy"].create({"name": "Old", "active": False})
        for record in (self.customer, self.env.company):
            with (
                self.subTest(record=record),
                self.assertRaisesRegex(ValidationError, "Old is archived: choose"),
            ):
                record.backorder_policy_id = policy

    def test_archive_by_number(self):
        """As other programs say it."""
        policy = self._agree()
        with self.assertRaisesRegex(UserError, "is agreed with Hotel Adler: choose"):
            policy.write({"active": 0})

    def test_archive_the_default_of_a_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaisesRegex(UserError, "is agreed with "):
            other.backorder_policy_id.active = False

    def test_archive_that_of_a_tag(self):
        policy = self.env["backorder.policy"].create({"name": "Tagged"})
        tag = self.env["res.partner.category"].create(
            {"name": "Hotels", "backorder_policy_id": policy.id}
        )
        with self.assertRaisesRegex(UserError, f"is agreed with {tag.name}"):
            policy.active = False

    def test_delete_one_of_another_company(self):
        """Whoever deletes need not be allowed to see the customer's other company."""
        other = self.env["res.company"].create({"name": "Other"})
        policy = self.env["backorder.policy"].create(
            {"name": "Shared", "company_id": False}
        )
        self.customer.with_company(other).backorder_policy_id = policy
        with self.assertRaisesRegex(UserError, "is agreed with Hotel Adler"):
            policy.unlink()

    def test_users_choose_and_managers_configure(self):
        policy = self._agree()
        seller = self._create_user("seller", "sales_team.group_sale_salesman_all_leads")
        order = self._create_order((self.glass, 1), confirm=False)
        order.with_user(seller).backorder_policy_id = policy
        with self.assertRaises(AccessError):
            policy.with_user(seller).max_shipments = 3
        manager = self._create_user(
            "manager", "backorder_management.group_backorder_manager"
        )
        policy.with_user(manager).max_shipments = 3
        self.assertEqual(policy.max_shipments, 3)
