"""What each invoice of an order deducts of its deposits: the pure rules."""

from __future__ import annotations

from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.backorder_management.planning.deposits import (
    EARLY,
    LAST,
    PROPORTION,
    TAX,
    UNTAXED,
    Deposit,
    deduct,
)
from odoo.addons.backorder_management.planning.invoicing import (
    Apportionment,
    Part,
    Share,
)
from odoo.addons.backorder_management.planning.splitting import (
    Deduction,
    Entry,
    Rules,
    split,
)

VAT = (TAX, 7)
IN_COMPANY = ("untaxed, company currency",)


def _deposit(untaxed, vat=0.0, quantity=1.0, rate=2.0):
    return Deposit(
        quantity, {(UNTAXED,): untaxed, VAT: vat}, {IN_COMPANY: untaxed * rate}
    )


def _totals(parts_by_invoice):
    return [round(sum(each.total for each in parts), 2) for parts in parts_by_invoice]


class TestDeducting(TestCase):
    def test_in_proportion(self):
        """A deposit of 300 with 57 VAT; 500 of 1000 invoiced, then 250, then the rest.

        178.50 = 357 × 500 / 1000, 89.25 = 178.50 × 250 / 500, and what is left.
        """
        left, found = [_deposit(300, 57)], []
        for value, to_come in ((500, 500), (250, 250), (250, 0)):
            [parts], left = deduct(
                PROPORTION, left, [value], [value * 1.19], to_come, 2
            )
            found += parts
        self.assertEqual([each.total for each in found], [178.5, 89.25, 89.25])
        self.assertEqual([each.amounts[VAT] for each in found], [28.5, 14.25, 14.25])
        self.assertEqual([each.quantity for each in found], [0.5, 0.25, 0.25])
        self.assertEqual(
            [each.others[IN_COMPANY] for each in found], [300.0, 150.0, 150.0]
        )
        self.assertEqual(left, [_deposit(0, 0, quantity=0)])

    def test_three_invoices_at_once_to_the_cent(self):
        """100.00 in thirds: 33.33, 33.34 of the 66.67 left, 33.33."""
        parts, _left = deduct(PROPORTION, [_deposit(100)], [50] * 3, [50] * 3, 0, 2)
        self.assertEqual(_totals(parts), [33.33, 33.34, 33.33])
        self.assertEqual([each.quantity for [each] in parts], [0.33, 0.33, 0.34])

    def test_as_early_as_possible(self):
        parts, left = deduct(EARLY, [_deposit(100)], [40, 80], [40, 80], 50, 2)
        self.assertEqual(_totals(parts), [40, 60])
        self.assertEqual(left, [_deposit(0, quantity=0)])

    def test_on_the_last(self):
        """Not before the order ends; then on the last one, and on those before as far
        as it takes."""
        deposits = [_deposit(100)]
        parts, left = deduct(LAST, deposits, [200], [200], 70, 2)
        self.assertEqual((_totals(parts), left), ([0], deposits))
        parts, left = deduct(LAST, deposits, [200, 70], [200, 70], 0, 2)
        self.assertEqual(_totals(parts), [30, 70])

    def test_more_than_the_order_came_to(self):
        """A deposit of 100, of the order only 60 were left: 40 are still to be given
        back."""
        parts, [left] = deduct(PROPORTION, [_deposit(100)], [60], [60], 0, 2)
        self.assertEqual(_totals(parts), [60])
        self.assertEqual((left.total, left.quantity), (40, 0.4))

    def test_order_that_grew(self):
        """The deposit of 100 was for 200; after 100 of them 300 more are to come."""
        [_parts], left = deduct(PROPORTION, [_deposit(100)], [100], [100], 100, 2)
        [parts], left = deduct(PROPORTION, left, [200], [200], 200, 2)
        self.assertEqual(parts[0].total, 25)  # 50 left × 200 / 400

    def test_untaxed_deposit_on_taxed_goods(self):
        """Goods of 100 with 19 VAT: all of 119 may be deducted, and no more."""
        parts, [left] = deduct(EARLY, [_deposit(130)], [100], [119], 0, 2)
        self.assertEqual((_totals(parts), left.total), ([119], 11))

    def test_two_deposits(self):
        """Of each as much as it is of both."""
        [parts], _left = deduct(
            PROPORTION, [_deposit(100), _deposit(50)], [300], [300], 700, 2
        )
        self.assertEqual([each.total for each in parts], [30, 15])

    def test_credit_carries_nothing(self):
        parts, _left = deduct(EARLY, [_deposit(100)], [-20, 50], [-20, 50], 0, 2)
        self.assertEqual(_totals(parts), [0, 50])

    def test_currency_without_decimals(self):
        parts, _left = deduct(PROPORTION, [_deposit(100)], [1] * 3, [70] * 3, 0, 0)
        self.assertEqual(_totals(parts), [33, 34, 33])

    def test_hundreds_of_invoices(self):
        """The piece has a hundred parts: who would get less than one gets none, and
        later ones get more."""
        deposits, found = [_deposit(1000)], []
        for number in range(300):
            [parts], deposits = deduct(
                PROPORTION, deposits, [10], [10], 10 * (299 - number), 2
            )
            found += parts
        self.assertEqual(round(sum(each.quantity for each in found), 2), 1)
        self.assertLessEqual(max(each.total for each in found), 10)
        self.assertEqual(round(sum(each.total for each in found), 2), 1000)


class TestSplitting(TestCase):
    """Two shipments of 100 each with 20 % VAT, transfers 10 and 20."""

    def _split(self, *deposits, way=PROPORTION, value=200, **options):
        goods = Apportionment(
            (Part(10, 1.0, (Share(1, 1.0),)), Part(20, 1.0, (Share(2, 1.0),)))
        )
        entries = [Entry("line", 2.0, 100.0, goods), Entry("section")]
        entries += [
            Entry("line", -1.0, each.amounts[UNTAXED,], deposit=each)
            for each in deposits
        ]
        deduction = Deduction(way, value, 2, lambda lines: 120.0 * sum(lines.values()))
        return split(entries, [10, 20], Rules(deduction=deduction, **options))

    def _read(self, documents):
        return [
            [
                (line.entry, line.quantity, line.deposit and line.deposit.total)
                for line in document.lines
            ]
            for document in documents
        ]

    def test_each_deducts_its_share_under_the_heading(self):
        documents = self._split(_deposit(60, 12))
        self.assertEqual(
            self._read(documents),
            [
                [(0, 1.0, None), (1, 0.0, None), (2, -0.5, 36.0)],
                [(0, 1.0, None), (1, 0.0, None), (2, -0.5, 36.0)],
            ],
        )

    def test_on_the_last(self):
        documents = self._split(_deposit(60, 12), way=LAST)
        self.assertEqual(
            self._read(documents),
            [[(0, 1.0, None)], [(0, 1.0, None), (1, 0.0, None), (2, -1.0, 72.0)]],
        )

    def test_chosen_shipment(self):
        """The other one is still to come."""
        documents = self._split(_deposit(60, 12), only=frozenset([20]))
        self.assertEqual([each.shipments for each in documents], [(20,)])
        self.assertEqual(self._read(documents)[0][-1], (2, -0.5, 36.0))

    def test_more_than_both_are_worth(self):
        """No shipment becomes a credit note: what is too much is one of its own."""
        documents = self._split(_deposit(250, 50))
        self.assertEqual([each.shipments for each in documents], [(10,), (20,), ()])
        self.assertEqual(self._read(documents)[2], [(1, 0.0, None), (2, -0.2, 60.0)])


cents = st.integers(1, 50_000).map(lambda number: number / 100)


@st.composite
def stories(draw):
    """Deposits, and an order invoiced in some turns of some invoices each."""
    deposits = [
        Deposit(1.0, {(UNTAXED,): untaxed, VAT: tax}, {})
        for untaxed, tax in draw(
            st.lists(st.tuples(cents, st.just(0.0) | cents), min_size=1, max_size=3)
        )
    ]
    turns = draw(
        st.lists(st.lists(cents, min_size=1, max_size=4), min_size=1, max_size=5)
    )
    return deposits, turns


class TestProperties(TestCase):
    @settings(max_examples=400)
    @given(st.sampled_from([PROPORTION, EARLY, LAST]), stories())
    def test_all_of_it_once_and_nothing_below_zero(self, way, story):
        """WHATEVER is invoiced in whatever turns
        THEN no invoice falls below zero, and deductions and rest are the deposit
        """
        deposits, turns = story
        left, taken = deposits, [[] for _each in deposits]
        for number, values in enumerate(turns):
            to_come = sum(map(sum, turns[number + 1 :]))
            parts_by_invoice, left = deduct(way, left, values, values, to_come, 2)
            for value, parts in zip(values, parts_by_invoice, strict=True):
                self.assertLessEqual(sum(each.total for each in parts), value + 1e-9)
                for each, part in zip(taken, parts, strict=True):
                    self.assertGreaterEqual(min(part.amounts.values()), 0)
                    self.assertEqual(bool(part.quantity), bool(part.total))
                    each.append(part)
        for deposit, parts, rest in zip(deposits, taken, left, strict=True):
            for name, amount in deposit.amounts.items():
                self.assertAlmostEqual(
                    sum(part.amounts[name] for part in (*parts, rest)), amount, 6
                )
            self.assertAlmostEqual(
                sum(part.quantity for part in (*parts, rest)), 1.0, 6
            )

    @settings(max_examples=400)
    @given(st.sampled_from([PROPORTION, EARLY, LAST]), stories())
    def test_nothing_is_left_that_the_last_ones_can_carry(self, way, story):
        deposits, turns = story
        turns[-1].append(sum(each.total for each in deposits))
        left = deposits
        for number, values in enumerate(turns):
            to_come = sum(map(sum, turns[number + 1 :]))
            _parts, left = deduct(way, left, values, values, to_come, 2)
        self.assertEqual([each.total for each in left], [0] * len(left))
        self.assertEqual([each.quantity for each in left], [0] * len(left))
