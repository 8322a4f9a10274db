"""What vendors have kept so far, and what that says about the next arrival.

Today is Monday, 1 March 2027, and every day is a day of work.
"""

from datetime import datetime, timedelta

from odoo.tests import tagged

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
        lateness = self.env["backorder.lateness"]
        lateness._refresh_company(self.env.company, datetime(2027, 3, 1, 8))
        return lateness

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
