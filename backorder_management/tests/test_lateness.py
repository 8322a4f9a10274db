"""What vendors have kept so far, and what that says about the next arrival.

Today is Monday, 1 March 2027, and every day is a day of work.
"""

from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_eta import EtaCommon, march


@tagged("post_install", "-at_install")
class TestLateness(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.resource_calendar_id = False

    def _receive_late(self, *delays, product=None, vendor=None):
        """Receipts that were promised for 1 February and came so many days later."""
        promised = datetime(2027, 2, 1, 12)
        for delay in delays:
            receipt = self._create_receipt((product or self.jug, 1))
            receipt.partner_id = vendor or self.vendor
            receipt.move_ids.date_deadline = promised
            self._validate(receipt)
            receipt.move_ids.date = promised + timedelta(days=delay)

    def _count(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            cron = self.env.ref("backorder_management.ir_cron_lateness")
            cron.method_direct_trigger()
        return self.env["backorder.lateness"]

    def setUp(self):
        super().setUp()
        self.jug = self._create_product("Jug")

    def test_records(self):
        """Scenario: ten receipts of jugs: 2 days early, twice on time, then 1, 2, 3, 4,
        5, 8 and 20 days late.

        Expected: 2 days late likely, 8 nine times in ten, three of ten on time.
        """
        self._receive_late(-2, 0, 0, 1, 2, 3, 4, 5, 8, 20)
        row = self._count().search(
            [("partner_id", "=", self.vendor.id), ("product_id", "=", self.jug.id)]
        )
        self.assertEqual(
            (row.receipts, row.likely, row.late, row.on_time), (10, 2, 8, 0.3)
        )

    def test_over_time(self):
        """Scenario: a jug comes on its day, one four days late; the night after,
        another two days late.

        Expected: each is noted once, the second night adds just the third.
        """
        self._receive_late(0, 4)
        self._count()
        self._receive_late(2)
        self._count()
        receipts = self.env["backorder.receipt"].search(
            [("product_id", "=", self.jug.id)], order="received"
        )
        self.assertEqual(receipts.mapped("days_late"), [0, 2, 4])
        self.assertEqual(receipts.mapped("on_time"), [1.0, 0.0, 0.0])
        self.assertEqual(
            receipts.mapped("received"),
            [date(2027, 2, 1), date(2027, 2, 3), date(2027, 2, 5)],
        )
        self.assertEqual(receipts.partner_id, self.vendor)

    def test_day_of_the_company(self):
        """Scenario: promised for noon of 1 February, it came at 23:30 UTC of that day;
        the company is in Paris, where it is half past midnight.

        Expected: a day late.
        """
        self.env.company.partner_id.tz = "Europe/Paris"
        self._receive_late(0)
        move = self.env["stock.move"].search([("product_id", "=", self.jug.id)])
        move.date = datetime(2027, 2, 1, 23, 30)
        self._count()
        receipt = self.env["backorder.receipt"].search([("move_id", "=", move.id)])
        self.assertEqual(receipt.days_late, 1)

    def test_what_nobody_promised_is_not_counted(self):
        """Nothing promised: no receipt. Five older than a year: receipts, no record."""
        unpromised = self._create_receipt((self.jug, 1))
        unpromised.partner_id = self.vendor
        unpromised.move_ids.date_deadline = False
        self._validate(unpromised)
        self._receive_late(*[8] * 5)
        moves = self.env["stock.move"].search([("product_id", "=", self.jug.id)])
        for move in moves - unpromised.move_ids:
            move.date_deadline = datetime(2026, 2, 1)
            move.date = datetime(2026, 2, 9)
        self._count()
        receipts = self.env["backorder.receipt"].search(
            [("product_id", "=", self.jug.id)]
        )
        self.assertEqual(receipts.mapped("days_late"), [8] * 5)
        self.assertFalse(
            self.env["backorder.lateness"].search([("product_id", "=", self.jug.id)])
        )

    def test_other_company(self):
        """A buyer sees the records of his own company alone, and changes none."""
        self._receive_late(*[3] * 5)
        self._count()
        buyer = new_test_user(
            self.env, "buyer", "base.group_user,purchase.group_purchase_user"
        )
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger",
            "base.group_user,purchase.group_purchase_user",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        for name in ("backorder.lateness", "backorder.receipt"):
            with self.subTest(name=name):
                domain = [("product_id", "=", self.jug.id)]
                model = self.env[name]
                found = model.with_user(buyer).search(domain)
                self.assertTrue(found)
                self.assertFalse(model.with_user(stranger).search(domain))
                with self.assertRaises(AccessError), mute_logger("odoo.models"):
                    found[0].unlink()

    def test_opening(self):
        """From a vendor's record to his receipts, and to the transfer."""
        self._receive_late(*[3] * 5)
        self._receive_late(1, product=self.glass)
        record = self._count().search([("product_id", "=", self.jug.id)])
        action = record.action_open_receipts()
        receipts = self.env["backorder.receipt"].search(action["domain"])
        self.assertEqual(len(receipts), 5)
        opened = receipts[0].action_open_receipt()
        self.assertEqual(opened["res_id"], receipts[0].move_id.picking_id.id)

    def test_likely_and_late_day(self):
        """Scenario: the same vendor promises glasses, which he never brought, for the
        3rd.

        Expected: the 5th, and the 11th nine times in ten.
        """
        self._receive_late(-2, 0, 0, 1, 2, 3, 4, 5, 8, 20)
        self._count()
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 5))
        row = order.order_line.move_ids.backorder_demand_ids
        self.assertEqual(row.eta_late, march(11))

    def test_overdue(self):
        """Scenario: they were promised for 26 February, three days ago.

        Expected: of those that were 3 days late or more, half were 5 or less: 3 March;
        all but one were 8 or less, but nine of ten of five are five: 20, 18 March.
        """
        self._receive_late(-2, 0, 0, 1, 2, 3, 4, 5, 8, 20)
        self._count()
        receipt = self._create_receipt((self.glass, 10))
        receipt.scheduled_date = datetime(2027, 2, 26, 12)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))
        row = order.order_line.move_ids.backorder_demand_ids
        self.assertEqual(row.eta_late, march(18))

    def test_few_receipts_say_nothing(self):
        """Four, of anybody: what is promised counts."""
        self._receive_late(9, 9, 9, 9)
        self.env["stock.move"].search(
            [("location_id.usage", "=", "supplier"), ("product_id", "!=", self.jug.id)]
        ).date_deadline = False
        self._count()
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))

    def test_early_ones_are_not_counted_on(self):
        """Always a day early: the promised day all the same."""
        self._receive_late(*[-1] * 10)
        self._count()
        self._expect(3, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 3))
