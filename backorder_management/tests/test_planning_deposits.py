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
from odoo.addons.backorder_management.planning.deposits_by_tax import (
    Worth,
    deduct_by_tax,
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
        deduction = Deduction(
            way,
            {(): value},
            {(): 200},
            2,
            lambda lines: {(): 120.0 * sum(lines.values())},
        )
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


class TestByTax(TestCase):
    """Goods with tax 1, 19 %, and without any."""

    def _deposit(self, untaxed, *taxes):
        vat = {(TAX, 1): round(untaxed * 0.19, 2)} if taxes else {}
        return Deposit(1.0, {(UNTAXED,): untaxed, **vat}, {}, taxes, untaxed)

    def _deduct(self, way, deposits, invoices, to_come):
        """Deducted totals by invoice, one for each deposit, and what is left."""
        parts, rest = deduct_by_tax(
            way,
            deposits,
            [
                {
                    taxes: Worth(value, round(value * (1.19 if taxes else 1), 2))
                    for taxes, value in invoice.items()
                }
                for invoice in invoices
            ],
            to_come,
            {
                taxes: to_come.get(taxes, 0)
                + sum(invoice.get(taxes, 0) for invoice in invoices)
                for taxes in ((), (1,))
            },
            2,
        )
        return (
            [tuple(round(part.total, 2) for part in each) for each in parts],
            [round(each.total, 2) for each in rest],
        )

    def test_goods_carry_the_deposit_with_their_tax(self):
        """Half of 200 and of 100; the first invoice has but goods without tax."""
        deposits = [self._deposit(100, 1), self._deposit(50)]
        result = self._deduct(
            PROPORTION, deposits, [{(): 40}, {(1,): 100, (): 60}], {(1,): 100, (): 0}
        )
        self.assertEqual(result, ([(0, 20), (59.5, 30)], [59.5, 0]))

    def test_early_but_no_tax_below_zero(self):
        deposits = [self._deposit(100, 1), self._deposit(50)]
        result = self._deduct(
            EARLY, deposits, [{(): 40}, {(1,): 100}], {(1,): 100, (): 60}
        )
        self.assertEqual(result, ([(0, 40), (119, 0)], [0, 10]))

    def test_rebate(self):
        """Half of 300 with tax less 130: the rebate has its half of the deposit."""
        deposits = [self._deposit(150, 1), self._deposit(-65)]
        result = self._deduct(
            PROPORTION,
            deposits,
            [{(): 20}, {(1,): 100}, {(1,): 200, (): -150}],
            {(1,): 0, (): 0},
        )
        self.assertEqual(result, ([(0, 0), (59.5, 0), (119, -65)], [0, 0]))

    def test_no_line_has_its_taxes(self):
        """A third of all, as far as goods with other taxes can carry it."""
        deposits = [self._deposit(60)]
        result = self._deduct(PROPORTION, deposits, [{(1,): 100}], {(1,): 200})
        self.assertEqual(result, ([(20,)], [40]))

    def test_more_than_the_lines_with_its_taxes(self):
        """500 with 19 % on 100 with it and 900 without: all lines carry it."""
        deposits = [self._deposit(500, 1)]
        result = self._deduct(PROPORTION, deposits, [{(): 900}], {(1,): 100, (): 0})
        self.assertEqual(result, ([(535.5,)], [59.5]))

    def test_more_than_was_delivered_in_the_end(self):
        """Half of 100 with 19 % and of 100 without; 20 and 40 came, the rest was
        cancelled: each first takes what the goods with its tax are."""
        deposits = [self._deposit(50, 1), self._deposit(50)]
        result = self._deduct(
            PROPORTION, deposits, [{(1,): 20, (): 40}], {(1,): 0, (): 0}
        )
        self.assertEqual(result, ([(23.8, 40)], [35.7, 10]))

    def test_one_is_more_than_was_delivered_in_the_end(self):
        """The same, but all 100 came without tax: they carry the rest of both."""
        deposits = [self._deposit(50, 1), self._deposit(50)]
        invoices = [{(1,): 20}, {(): 100}]
        result = self._deduct(PROPORTION, deposits, invoices, {(1,): 0, (): 0})
        self.assertEqual(result, ([(23.8, 0), (35.7, 50)], [0, 0]))

    def test_lines_with_its_taxes_are_a_rebate(self):
        """60 with 19 %, where 100 with 19 % are given back: all lines carry it."""
        result = self._deduct(
            EARLY, [self._deposit(60, 1)], [{(): 200}], {(1,): -100, (): 50}
        )
        self.assertEqual(result, ([(71.4,)], [0]))

    def test_rebate_without_a_part_of_the_deposit(self):
        """119 less a rebate of 80: 39 can be carried; the other invoice carries, at the
        end, what is left."""
        deposits = [self._deposit(100, 1)]
        invoices = [{(1,): 100, (): -80}]
        result = self._deduct(EARLY, deposits, invoices, {(1,): 0, (): 100})
        self.assertEqual(result, ([(39,)], [80]))
        invoices.append({(): 100})
        result = self._deduct(EARLY, deposits, invoices, {(1,): 0, (): 0})
        self.assertEqual(result, ([(39,), (80,)], [0]))

    def test_what_any_line_carries_comes_last(self):
        """Goods of 119 carry the deposit with their tax; no room is left for one with
        a tax that nothing has."""
        deposits = [self._deposit(60, 2), self._deposit(100, 1)]
        result = self._deduct(EARLY, deposits, [{(1,): 100}], {(1,): 50})
        self.assertEqual(result, ([(0, 119)], [71.4, 0]))

    def test_half_of_a_rebate(self):
        """A rebate of 75 now, and another one later: each has its half."""
        deposits = [self._deposit(-65)]
        invoices = [{(1,): 200, (): -75}]
        result = self._deduct(PROPORTION, deposits, invoices, {(1,): 50, (): -75})
        self.assertEqual(result, ([(-32.5,)], [-32.5]))

    def test_no_invoice(self):
        """Nobody is there to carry it."""
        deposits = [self._deposit(-65), self._deposit(65)]
        self.assertEqual(self._deduct(EARLY, deposits, [], {}), ([], [-65, 65]))

    def test_at_the_end_nothing_is_left(self):
        """The goods with its tax were cancelled: the others carry it on the last."""
        deposits = [self._deposit(100, 1), self._deposit(-20)]
        result = self._deduct(LAST, deposits, [{(): 50}, {(): 200}], {(): 0, (1,): 0})
        self.assertEqual(result, ([(0, 0), (119, -20)], [0, 0]))


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


@st.composite
def orders(draw):
    """Values of invoices by tax, in turns, and the part that was paid before."""
    keys = ((), (1,), (2,))
    turns = draw(
        st.lists(
            st.lists(
                st.dictionaries(st.sampled_from(keys), cents, min_size=1),
                min_size=1,
                max_size=3,
            ),
            min_size=1,
            max_size=4,
        )
    )
    part = draw(st.integers(1, 100)) / 100
    return turns, part


class TestProperties(TestCase):
    @settings(max_examples=400)
    @given(st.sampled_from([PROPORTION, EARLY, LAST]), orders())
    def test_no_tax_below_zero(self, way, order):
        """WHATEVER part of each tax was paid before, and in whatever turns
        THEN no invoice deducts more with a tax than it has with it, and in the end all
            of it is deducted, or the last ones carry all they can; with all that they
            have, as some were too small for a hundredth of the deposit, or all waits
        """
        turns, part = order
        every = [invoice for turn in turns for invoice in turn]
        worth = {
            key: round(sum(invoice.get(key, 0.0) for invoice in every), 2)
            for key in {key for invoice in every for key in invoice}
        }
        left = [
            Deposit(1.0, {(UNTAXED,): round(value * part, 2)}, {}, key, value * part)
            for key, value in worth.items()
        ]
        to_come = dict(worth)
        for turn in turns:
            for invoice in turn:
                for key, value in invoice.items():
                    to_come[key] = round(to_come[key] - value, 2)
            invoices = [
                {key: Worth(value, value) for key, value in invoice.items()}
                for invoice in turn
            ]
            parts_by_invoice, left = deduct_by_tax(
                way, left, invoices, to_come, worth, 2
            )
            for invoice, parts in zip(turn, parts_by_invoice, strict=True):
                for deducted in parts if turn is not turns[-1] else ():
                    most = invoice.get(deducted.taxes, 0.0)
                    self.assertLessEqual(deducted.total, most + 1e-9)
        if any(each.total for each in left):
            for invoice, parts in zip(turns[-1], parts_by_invoice, strict=True):
                deducted = sum(part.total for part in parts)
                self.assertAlmostEqual(sum(invoice.values()), deducted, 6)

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
