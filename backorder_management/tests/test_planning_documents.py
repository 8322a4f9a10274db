"""What invoices print of lots and of what is still to come: the pure rules."""

from __future__ import annotations

from datetime import date
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.backorder_management.planning.expected import find_expected_day
from odoo.addons.backorder_management.planning.invoiced_lots import (
    Billed,
    LotPart,
    lots_by_document,
)

MARCH = [date(2026, 3, day) for day in range(1, 32)]


def _serials(*numbers, day=None):
    return [LotPart(number, 1.0, day and MARCH[day - 1]) for number in numbers]


def _billed(document, quantity, day=None):
    return Billed(document, quantity, day and MARCH[day - 1])


class TestInvoicedLots(TestCase):
    def test_two_invoices_share_a_shipment(self):
        lots = lots_by_document(_serials(1, 2, 3), [], [_billed(7, 1), _billed(8, 2)])
        self.assertEqual(lots, {7: {1: 1.0}, 8: {2: 1.0, 3: 1.0}})

    def test_returned_before_the_invoice(self):
        """Serial number 1 came back, two of three were invoiced."""
        lots = lots_by_document(
            _serials(1, 2, 3), _serials(1, day=2), [_billed(7, 2, day=2)]
        )
        self.assertEqual(lots, {7: {2: 1.0, 3: 1.0}})

    def test_returned_after_the_invoice(self):
        """The invoice does not change, before the credit note is made and after it."""
        shipped, returned = _serials(1, 2, 3), _serials(1, day=2)
        invoice, credit = _billed(7, 3, day=2), _billed(8, -1, day=2)
        lots = lots_by_document(shipped, returned, [invoice])
        self.assertEqual(lots, {7: {1: 1.0, 2: 1.0, 3: 1.0}})
        lots = lots_by_document(shipped, returned, [invoice, credit])
        self.assertEqual(lots, {7: {1: 1.0, 2: 1.0, 3: 1.0}, 8: {1: -1.0}})

    def test_one_before_and_one_after_the_invoice(self):
        """Number 3 came back on the 1st, 2 of 3 were invoiced, 1 came back later."""
        lots = lots_by_document(
            _serials(1, 2, 3),
            _serials(3, day=1) + _serials(1, day=5),
            [_billed(7, 2, day=2), _billed(8, -1, day=6)],
        )
        self.assertEqual(lots, {7: {1: 1.0, 2: 1.0}, 8: {1: -1.0}})

    def test_reversed_and_invoiced_again(self):
        """The reversal is for goods that stayed; the credit of the 9th for number 2."""
        lots = lots_by_document(
            _serials(1, 2),
            _serials(2, day=8),
            [
                _billed(7, 2, day=1),
                _billed(8, -2, day=2),
                _billed(9, 2, day=3),
                _billed(10, -1, day=9),
            ],
        )
        both = {1: 1.0, 2: 1.0}
        self.assertEqual(lots, {7: both, 8: {}, 9: both, 10: {2: -1.0}})

    def test_credit_dated_back(self):
        lots = lots_by_document(
            _serials(1, 2),
            _serials(2, day=8),
            [_billed(7, 2, day=1), _billed(8, -1, day=5)],
        )
        self.assertEqual(lots[8], {2: -1.0})

    def test_parts_of_a_lot_and_goods_without_one(self):
        """5 of lot 1 and 3 without a lot, invoiced as 6 and 2; 2 of lot 1 come back."""
        lots = lots_by_document(
            [LotPart(1, 5.0), LotPart(0, 3.0)],
            [LotPart(1, 2.0, MARCH[7])],
            [_billed(7, 6, day=1), _billed(8, 2, day=1), _billed(9, -2, day=8)],
        )
        self.assertEqual(lots, {7: {1: 5.0, 0: 1.0}, 8: {0: 2.0}, 9: {1: -2.0}})

    @given(
        st.lists(st.integers(1, 4), min_size=1, max_size=8), st.data()
    )  # goods by lot, then what happens to them
    def test_no_lot_is_invoiced_or_credited_beyond_what_there_is(self, sizes, data):
        shipped = [
            LotPart(number, float(size)) for number, size in enumerate(sizes, start=1)
        ]
        back = [data.draw(st.integers(0, size)) for size in sizes]
        returned = [
            LotPart(number, float(size), MARCH[3])
            for number, size in enumerate(back, start=1)
            if size
        ]
        billed, net = [], 0
        for document in range(data.draw(st.integers(0, 6))):
            quantity = data.draw(st.integers(-net, sum(sizes) - net))
            net += quantity
            billed.append(_billed(document, quantity, data.draw(st.integers(1, 9))))
        lots = lots_by_document(shipped, returned, billed)
        for bill in billed:
            own = lots[bill.document]
            self.assertLessEqual(sum(map(abs, own.values())), abs(bill.quantity))
            self.assertTrue(all(value * bill.quantity > 0 for value in own.values()))
        for number, size in enumerate(sizes, start=1):
            each = [own.get(number, 0.0) for own in lots.values()]
            self.assertLessEqual(max(each, default=0.0), size)
            self.assertLessEqual(
                -sum(each for each in each if each < 0), back[number - 1]
            )


class TestExpectedDay(TestCase):
    def _find(self, **facts):
        return find_expected_day(
            **{
                "short": False,
                "held": False,
                "planned": [],
                "arrival": None,
                "held_until": [],
                "today": MARCH[9],
                **facts,
            }
        )

    def test_goods_are_there(self):
        """On the planned day; today where it has passed."""
        self.assertEqual(self._find(planned=[MARCH[14]]), MARCH[14])
        self.assertEqual(self._find(planned=[MARCH[4]]), MARCH[9])

    def test_goods_are_missing(self):
        """With the last arrival, and never before the planned day, or today."""
        self.assertEqual(self._find(short=True, arrival=MARCH[24]), MARCH[24])
        late = self._find(short=True, arrival=MARCH[24], planned=[MARCH[29]])
        self.assertEqual(late, MARCH[29])
        self.assertEqual(self._find(short=True, arrival=MARCH[4]), MARCH[9])

    def test_not_known(self):
        self.assertIsNone(self._find(short=True, planned=[MARCH[19]]))

    def test_held(self):
        """Until the day of the agreement; without one nobody knows."""
        self.assertEqual(self._find(held=True, held_until=[MARCH[19]]), MARCH[19])
        self.assertIsNone(self._find(held=True, held_until=[None]))
        self.assertIsNone(self._find(held=True))
