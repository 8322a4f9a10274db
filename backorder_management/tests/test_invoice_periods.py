"""Invoices for a period that a scheduled action makes once the period is over."""

from datetime import datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .invoice_creation_common import InvoiceCreationCommon


@tagged("post_install", "-at_install")
class TestAutomaticPeriods(InvoiceCreationCommon):
    """Two orders of a customer who gets a draft invoice a month, and a neighbour."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.monthly = cls._create_customer("draft", shipment_invoicing="periodic")
        cls.neighbour = cls._create_customer("draft", shipment_invoicing="periodic")

    def _ship_on(self, order, day, quantity):
        shipment = self._ship(order, quantity)
        shipment.date_done = datetime.fromisoformat(f"{day} 12:00:00")
        return shipment

    def _work_on(self, day, hour=10):
        with freeze_time(f"{day} {hour:02}:00:00"):
            self._work()

    def test_once_the_month_is_over(self):
        """
        GIVEN 4 desks and 2 desks of another order shipped in May, 1 in June
        WHEN the scheduled action comes on May 31, on June 1, and again
        THEN nothing; one invoice of May over 600; nothing more before July
        """
        order = self._create_order((self.desk, 10), customer=self.monthly)
        other = self._create_order((self.desk, 2), customer=self.monthly)
        may = self._ship_on(order, "2026-05-04", 4)
        may |= self._ship_on(other, "2026-05-31", 2)
        self._work_on("2026-05-31", 23)
        self.assertFalse(order.invoice_ids)
        self._work_on("2026-06-01", 0)
        invoice = order.invoice_ids
        self.assertEqual(invoice.amount_total, 600.0)
        self.assertEqual(invoice.state, "draft")
        self.assertEqual(invoice.shipment_ids, may)
        june = self._ship_on(order, "2026-06-02", 1)
        self._work_on("2026-06-30")
        self.assertEqual(order.invoice_ids, invoice)
        self._work_on("2026-07-01")
        self.assertEqual((order.invoice_ids - invoice).shipment_ids, june)

    def test_where_the_company_is(self):
        """
        GIVEN a shipment of the last evening of May in New York, June in Greenwich
        WHEN it is June in Greenwich, and still May 31 there
        THEN there is no invoice before it is June there, at 4 o'clock in Greenwich
        """
        self.company.partner_id.tz = "America/New_York"
        order = self._create_order((self.desk, 1), customer=self.monthly)
        self._ship(order, 1).date_done = datetime(2026, 6, 1, 2)
        self._work_on("2026-06-01", 3)
        self.assertFalse(order.invoice_ids)
        self._work_on("2026-06-01", 4)
        self.assertEqual(order.invoice_ids.amount_total, 100.0)

    def test_each_order_its_period(self):
        """
        GIVEN an order that is invoiced by the week, one by the day
        WHEN two days have gone, and when the week is over
        THEN the one of the day has its invoice, then the other
        """
        weekly, daily = (
            self._create_order(
                (self.desk, 1),
                customer=self.monthly,
                shipment_invoicing_period=period,
            )
            for period in ("week", "day")
        )
        self._ship_on(weekly, "2026-05-05", 1)  # a Tuesday
        self._ship_on(daily, "2026-05-05", 1)
        self._work_on("2026-05-05", 23)
        self.assertFalse(daily.invoice_ids)
        self._work_on("2026-05-07")
        self.assertEqual([len(daily.invoice_ids), len(weekly.invoice_ids)], [1, 0])
        self._work_on("2026-05-11")
        self.assertEqual([len(daily.invoice_ids), len(weekly.invoice_ids)], [1, 1])

    def test_more_than_a_batch(self):
        """
        GIVEN 23 shipments of a customer, more than are invoiced between two commits,
            and one of the neighbour in between
        WHEN the month is over
        THEN each of both has one invoice
        """
        order = self._create_order((self.desk, 23), customer=self.monthly)
        shipments = [self._ship_on(order, "2026-05-04", 1) for _number in range(23)]
        theirs = self._create_order((self.desk, 1), customer=self.neighbour)
        self._ship_on(theirs, "2026-05-03", 1)
        self._work_on("2026-06-01")
        self.assertEqual(order.invoice_ids.amount_total, 2300.0)
        self.assertEqual(len(order.invoice_ids.shipment_ids), len(shipments))
        self.assertEqual(theirs.invoice_ids.amount_total, 100.0)

    def test_one_that_fails(self):
        """
        GIVEN two shipments of a customer, one with a lamp whose invoice cannot be made,
            and one of the neighbour
        WHEN the month is over
        THEN the neighbour has his invoice; both of the customer fail, with the reason,
            and have one invoice together when it is mended
        """
        order = self._create_order((self.desk, 1), customer=self.monthly)
        other = self._create_order((self.lamp, 1), customer=self.monthly)
        theirs = self._create_order((self.desk, 1), customer=self.neighbour)
        failing = self._ship_on(order, "2026-05-04", 1)
        failing |= self._ship_on(other, "2026-05-05", 1)
        self._ship_on(theirs, "2026-05-04", 1)
        (order | other).shipment_invoice_creation = "posted"
        self._close_account()
        self._work_on("2026-06-01")
        self.assertEqual(theirs.invoice_ids.amount_total, 100.0)
        self.assertFalse((order | other).invoice_ids)
        self.assertEqual(failing.mapped("shipment_invoice_state"), ["error"] * 2)
        self.assertTrue(all(failing.mapped("shipment_invoice_error")))
        self._open_account()
        self._work_on("2026-06-02")
        invoice = (order | other).invoice_ids
        self.assertEqual(len(invoice), 1)
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(invoice.amount_total, 150.0)

    def test_queued_by_hand(self):
        """
        GIVEN a shipment of the present month
        WHEN somebody queues it by hand
        THEN it is invoiced now
        """
        order = self._create_order((self.desk, 1), customer=self.monthly)
        shipment = self._ship_on(order, "2026-05-04", 1)
        shipment._queue_invoicing()
        self._work_on("2026-05-05")
        self.assertEqual(order.invoice_ids.shipment_ids, shipment)
