"""Which shipment is still to be invoiced: the pure rules."""

import unittest
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.backorder_management.planning import invoicing
from odoo.addons.backorder_management.planning.invoicing import (
    Bill,
    Credit,
    Link,
    Part,
    Return,
    Share,
    ShippedMove,
    apportion,
    find_overbilled,
    find_shipment_credits,
    settle,
)
from odoo.addons.backorder_management.planning.splitting import (
    LAST,
    SEPARATELY,
    Document,
    DocumentLine,
    Entry,
    Rules,
    split,
)

# Moves 1, 2, 3 are shipped with transfers 10, 20, 30.
A = ShippedMove(1, 10, 4.0, 4.0)
B = ShippedMove(2, 20, 3.0, 3.0)
C = ShippedMove(3, 30, 5.0, 5.0)


class TestReturns(unittest.TestCase):
    def test_a_return_is_taken_from_the_move_that_brought_it(self):
        moves = invoicing.shipped_less_returned(
            [(1, 10, 4.0), (2, 20, 3.0)], [Return(1.0, 1)]
        )
        self.assertEqual([move.kept for move in moves], [3.0, 3.0])
        self.assertEqual([move.gross for move in moves], [4.0, 3.0])

    def test_a_return_of_unknown_origin_is_taken_from_the_newest(self):
        moves = invoicing.shipped_less_returned(
            [(1, 10, 4.0), (2, 20, 3.0)], [Return(5.0)]
        )
        self.assertEqual([move.kept for move in moves], [2.0, 0.0])


class TestKits(unittest.TestCase):
    def test_each_shipment_has_what_it_completed(self):
        self.assertEqual(
            invoicing.kit_increments([0.0, 2.0, 2.0, 5.0, 4.0]),
            [0.0, 2.0, 0.0, 3.0, -1.0],
        )


class TestSettle(unittest.TestCase):
    def test_past_invoices_pay_for_the_oldest_shipments(self):
        links = settle([A, B, C], [Bill(91, 5.0), Bill(92, 3.0)], [])
        self.assertEqual(
            links,
            [Link(91, 1, 4.0), Link(91, 2, 1.0), Link(92, 2, 2.0), Link(92, 3, 1.0)],
        )

    def test_what_was_invoiced_before_any_shipment_stays_unlinked(self):
        self.assertEqual(settle([A], [Bill(91, 9.0)], []), [Link(91, 1, 4.0)])

    def test_links_that_agree_stay(self):
        links = [Link(91, 2, 3.0)]
        self.assertEqual(settle([A, B], [Bill(91, 3.0)], links), links)

    def test_a_lowered_invoice_line_frees_its_newest_shipment(self):
        links = [Link(91, 1, 4.0), Link(91, 2, 3.0)]
        self.assertEqual(
            settle([A, B], [Bill(91, 5.0)], links), [Link(91, 1, 4.0), Link(91, 2, 1.0)]
        )

    def test_a_cancelled_invoice_does_not_count(self):
        self.assertEqual(settle([A], [], [Link(91, 1, 4.0)]), [])

    def test_invoice_and_credit_of_goods_that_came_back(self):
        # 10 shipped and invoiced, 3 came back and were credited.
        move = ShippedMove(1, 10, 10.0, 7.0)
        self.assertEqual(
            settle([move], [Bill(91, 10.0), Bill(92, -3.0)], []),
            [Link(91, 1, 10.0), Link(92, 1, -3.0)],
        )

    def test_a_return_before_the_invoice_leaves_room_for_the_next_shipment(self):
        move = ShippedMove(1, 10, 10.0, 7.0)
        self.assertEqual(
            settle([move, B], [Bill(91, 10.0)], []),
            [Link(91, 1, 7.0), Link(91, 2, 3.0)],
        )

    def test_a_credited_bill_pays_for_the_next_move_first(self):
        # 7 invoiced when 4 had shipped, all of it credited, then 3 more shipped.
        links = [Link(91, 1, 4.0), Link(92, 1, -4.0)]
        self.assertEqual(
            settle([A, B], [Bill(91, 7.0), Bill(92, -7.0)], links),
            [*links[:1], Link(91, 2, 3.0), links[1], Link(92, 2, -3.0)],
        )

    def test_a_bill_made_ahead_and_credited_in_part_leaves_no_move_open(self):
        # 10 invoiced when 4 had shipped, these 4 credited: 6 are invoiced ahead.
        links = [Link(91, 1, 4.0), Link(92, 1, -4.0)]
        settled = settle([A, B], [Bill(91, 10.0), Bill(92, -4.0)], links)
        self.assertEqual(settled, [Link(91, 1, 7.0), Link(91, 2, 3.0), links[1]])

    def test_invoiced_again_after_a_credit_note(self):
        self.assertEqual(
            settle([A], [Bill(91, 4.0), Bill(92, -4.0), Bill(93, 4.0)], []),
            [Link(91, 1, 4.0), Link(92, 1, -4.0), Link(93, 1, 4.0)],
        )


class TestApportion(unittest.TestCase):
    def test_each_shipment_has_what_it_brought(self):
        result = apportion([A, B], [], 7.0)
        self.assertEqual(
            result.parts,
            (Part(10, 4.0, (Share(1, 4.0),)), Part(20, 3.0, (Share(2, 3.0),))),
        )
        self.assertEqual(result.rest, 0.0)

    def test_what_is_invoiced_is_not_invoiced_again(self):
        result = apportion([A, B], [Link(91, 1, 4.0)], 3.0)
        self.assertEqual(result.parts, (Part(20, 3.0, (Share(2, 3.0),)),))

    def test_core_wants_less_than_was_shipped(self):
        result = apportion([A, B], [], 5.0)
        self.assertEqual([part.quantity for part in result.parts], [4.0, 1.0])

    def test_core_wants_more_than_was_shipped(self):
        result = apportion([A], [], 6.0)
        self.assertEqual([part.quantity for part in result.parts], [4.0])
        self.assertEqual(result.rest, 2.0)

    def test_a_return_is_credited_to_its_shipment(self):
        move = ShippedMove(1, 10, 4.0, 1.0)
        result = apportion([move], [Link(91, 1, 4.0)], -3.0)
        self.assertEqual(result.parts, ())
        self.assertEqual(result.credits, (Part(10, -3.0, (Share(1, -3.0),)),))

    def test_a_return_and_the_next_shipment_are_not_set_off(self):
        move = ShippedMove(1, 10, 4.0, 2.0)
        result = apportion([move, C], [Link(91, 1, 4.0)], 3.0)
        self.assertEqual(result.parts, (Part(30, 5.0, (Share(3, 5.0),)),))
        self.assertEqual(result.credits, (Part(10, -2.0, (Share(1, -2.0),)),))
        self.assertEqual(result.quantity, 3.0)

    def test_a_return_and_as_much_shipped_again(self):
        move, again = ShippedMove(1, 10, 4.0, 2.0), ShippedMove(3, 30, 2.0, 2.0)
        result = apportion([move, again], [Link(91, 1, 4.0)], 0.0)
        self.assertEqual(result.parts, (Part(30, 2.0, (Share(3, 2.0),)),))
        self.assertEqual(result.credits, (Part(10, -2.0, (Share(1, -2.0),)),))


class TestCredits(unittest.TestCase):
    """Line 91 of invoice 9 paid for 3 of move 1, line 92 of invoice 8 for 2 of it."""

    LINKS = (Link(91, 1, 3.0), Link(92, 1, 2.0))
    INVOICES = {91: 9, 92: 8}

    def find(self, quantity, links=LINKS):
        part = Part(10, -quantity, (Share(1, -quantity),))
        return [
            (credit.invoice, credit.invoice_line, credit.quantity)
            for credit in find_shipment_credits(part, links, self.INVOICES)
        ]

    def test_the_newest_invoice_first(self):
        self.assertEqual(self.find(1.0), [(8, 92, 1.0)])
        self.assertEqual(self.find(4.0), [(8, 92, 2.0), (9, 91, 2.0)])

    def test_shares_of_a_credit_are_negative(self):
        part = Part(10, -1.0, (Share(1, -1.0),))
        [credit] = find_shipment_credits(part, self.LINKS, self.INVOICES)
        self.assertEqual(credit, Credit(8, 92, 10, 1.0, (Share(1, -1.0),)))

    def test_what_was_credited_is_not_credited_again(self):
        credited = (*self.LINKS, Link(93, 1, -2.0, source=91))
        self.assertEqual(self.find(3.0, credited), [(8, 92, 2.0), (9, 91, 1.0)])

    def test_a_credit_note_by_hand_lowers_the_newest(self):
        credited = (*self.LINKS, Link(93, 1, -2.0))
        self.assertEqual(self.find(3.0, credited), [(9, 91, 3.0)])


class TestOverbilled(unittest.TestCase):
    """5 billed with line 91 of invoice 9, then 4 with line 92 of invoice 8."""

    BILLS = (Bill(91, 5.0), Bill(92, 4.0))
    INVOICES = {91: 9, 92: 8}

    def find(self, quantity, bills=BILLS, links=()):
        return [
            (credit.invoice, credit.invoice_line, credit.quantity, credit.shares)
            for credit in find_overbilled(quantity, bills, links, self.INVOICES)
        ]

    def test_the_newest_invoice_first(self):
        self.assertEqual(self.find(3.0), [(8, 92, 3.0, ())])
        self.assertEqual(self.find(6.0), [(8, 92, 4.0, ()), (9, 91, 2.0, ())])

    def test_no_more_than_was_billed(self):
        self.assertEqual(self.find(11.0), [(8, 92, 4.0, ()), (9, 91, 5.0, ())])
        self.assertEqual(self.find(1.0, ()), [])

    def test_what_was_credited_is_not_credited_again(self):
        credited = (*self.BILLS, Bill(93, -3.0, source=91))
        self.assertEqual(self.find(6.0, credited), [(8, 92, 4.0, ()), (9, 91, 2.0, ())])
        by_hand = (*self.BILLS, Bill(93, -3.0))
        self.assertEqual(self.find(3.0, by_hand), [(8, 92, 1.0, ()), (9, 91, 2.0, ())])

    def test_what_pays_for_a_shipment_is_left(self):
        links = (Link(92, 1, 4.0), Link(91, 1, 4.0), Link(93, 1, -1.0, source=91))
        self.assertEqual(
            self.find(9.0, (*self.BILLS, Bill(93, -1.0, source=91)), links),
            [(9, 91, 1.0, ())],
        )


class TestSplit(unittest.TestCase):
    def product(self, to_invoice, price=10.0, moves=(A, B, C)):
        return Entry("line", to_invoice, price, apportion(moves, [], to_invoice))

    def lines(self, documents):
        return [
            [(line.entry, line.quantity) for line in doc.lines] for doc in documents
        ]

    def test_goods_that_lower_what_is_owed(self):
        """Chosen, they are one document once nothing else is to come."""
        entries = [self.product(7.0, price=-5.0, moves=(A, B))]
        rules = Rules(only=frozenset([20]))
        [document] = split(entries, [10, 20], rules)
        self.assertEqual(document.shipments, (10, 20))
        self.assertEqual(self.lines([document]), [[(0, 7.0)]])
        self.assertEqual(split(entries, [10, 20], Rules(only=frozenset([30]))), [])
        waits = replace(rules, more_to_come=True)
        self.assertEqual(split(entries, [10, 20], waits), [])

    def test_all_else_with_the_last(self):
        entries = [self.product(7.0, moves=(A, B)), Entry("line", 1.0, 5.0)]
        documents = split(entries, [10, 20], Rules(others=LAST))
        self.assertEqual(self.lines(documents), [[(0, 4.0)], [(0, 3.0), (1, 1.0)]])

    def test_all_else_waits_for_the_last(self):
        entries = [self.product(7.0, moves=(A, B)), Entry("line", 1.0, 5.0)]
        rules = Rules(others=LAST, more_to_come=True)
        documents = split(entries, [10, 20], rules)
        self.assertEqual(self.lines(documents), [[(0, 4.0)], [(0, 3.0)]])
        self.assertEqual(split([Entry("line", 1.0, 5.0)], [], rules), [])

    def test_a_rebate_waits_for_the_last_as_well(self):
        entries = [self.product(4.0, moves=(A,)), Entry("line", 1.0, -5.0)]
        documents = split(entries, [10], Rules(others=LAST, more_to_come=True))
        self.assertEqual(self.lines(documents), [[(0, 4.0)]])

    def test_all_else_on_its_own(self):
        entries = [self.product(7.0, moves=(A, B)), Entry("line", 1.0, 5.0)]
        documents = split(entries, [10, 20], Rules(others=SEPARATELY))
        self.assertEqual(self.lines(documents), [[(1, 1.0)], [(0, 4.0)], [(0, 3.0)]])
        self.assertEqual([doc.shipments for doc in documents], [(), (10,), (20,)])

    def credited(self):
        """4 of move 1 invoiced with line 91 of invoice 9, 2 came back; 3 shipped."""
        move = ShippedMove(1, 10, 4.0, 2.0)
        links = [Link(91, 1, 4.0)]
        apportionment = apportion([move, B], links, 1.0)
        credits = find_shipment_credits(apportionment.credits[0], links, {91: 9})
        return Entry("line", 1.0, 10.0, apportionment, tuple(credits))

    def test_a_return_has_a_credit_note_of_its_own(self):
        invoice, credit_note = split(
            [Entry("section"), self.credited(), Entry("note")], [10, 20]
        )
        self.assertEqual(
            invoice,
            Document(
                (20,),
                (
                    DocumentLine(0, 0.0),
                    DocumentLine(1, 3.0, (Share(2, 3.0),)),
                    DocumentLine(2, 0.0),
                ),
            ),
        )
        self.assertEqual(
            credit_note,
            Document(
                (10,),
                (
                    DocumentLine(0, 0.0),
                    DocumentLine(1, 2.0, (Share(1, -2.0),), source=91),
                ),
                credited=9,
            ),
        )

    def test_only_the_return_of_a_chosen_shipment(self):
        entries = [self.credited(), Entry("line", 1.0, 5.0)]
        [document] = split(entries, [10, 20], Rules(only=frozenset([10])))
        self.assertEqual(document.credited, 9)
        [document] = split(entries, [10, 20], Rules(only=frozenset([20])))
        self.assertEqual(document.credited, 0)

    def test_one_document_per_shipment_the_rest_with_the_first(self):
        documents = split([self.product(12.0), Entry("line", 1.0, 5.0)], [10, 20, 30])
        self.assertEqual([doc.shipments for doc in documents], [(10,), (20,), (30,)])
        self.assertEqual(
            [[(line.entry, line.quantity) for line in doc.lines] for doc in documents],
            [[(0, 4.0), (1, 1.0)], [(0, 3.0)], [(0, 5.0)]],
        )

    def test_without_shipments_all_goes_on_one_plain_invoice(self):
        documents = split([Entry("line", 1.0, 5.0)], [])
        self.assertEqual(documents, [Document((), (DocumentLine(0, 1.0),))])

    def test_a_deposit_is_deducted_on_the_last(self):
        documents = split([self.product(12.0), Entry("line", -1.0, 50.0)], [10, 20, 30])
        self.assertEqual([doc.shipments for doc in documents], [(10,), (20,), (30,)])
        self.assertEqual(documents[2].lines[1], DocumentLine(1, -1.0))

    def test_shipments_share_an_invoice_rather_than_become_a_credit_note(self):
        # 40, 30 and 50 shipped; a deposit of 60 is more than the last one.
        documents = split([self.product(12.0), Entry("line", -1.0, 60.0)], [10, 20, 30])
        self.assertEqual([doc.shipments for doc in documents], [(10,), (20, 30)])
        self.assertEqual(
            [(line.entry, line.quantity) for line in documents[1].lines],
            [(0, 8.0), (1, -1.0)],
        )

    def test_a_deposit_above_all_shipments_gives_cores_credit_note(self):
        documents = split([self.product(4.0), Entry("line", -1.0, 60.0)], [10])
        self.assertEqual(len(documents), 1)

    def test_only_the_chosen_shipments(self):
        documents = split(
            [self.product(12.0)], [10, 20, 30], Rules(only=frozenset([20]))
        )
        self.assertEqual([doc.shipments for doc in documents], [(20,)])

    def test_a_chosen_shipment_leaves_a_deposit_that_it_cannot_carry(self):
        entries = [self.product(12.0), Entry("line", -1.0, 60.0)]
        rules = Rules(only=frozenset([20]), more_to_come=True)
        documents = split(entries, [10, 20, 30], rules)
        self.assertEqual([line.entry for line in documents[0].lines], [0])

    def test_a_section_heads_each_invoice_that_has_a_line_of_it(self):
        entries = [
            Entry("section"),
            self.product(4.0, moves=(A,)),
            Entry("note"),
            Entry("section"),
            self.product(3.0, moves=(B,)),
        ]
        documents = split(entries, [10, 20])
        self.assertEqual(
            [[line.entry for line in doc.lines] for doc in documents],
            [[0, 1, 2], [3, 4]],
        )


# Hundredths, as quantities with two decimals are.
quantities = st.integers(1, 1000).map(lambda number: number / 100)
histories = st.lists(
    st.one_of(
        st.tuples(st.just("ship"), quantities),
        st.tuples(st.just("return"), quantities),
        st.tuples(st.just("invoice"), quantities),
        st.tuples(st.just("by_hand"), quantities),
        st.tuples(st.just("cancel"), quantities),
    ),
    max_size=14,
)


class _Line:
    """An order line on which things happen one after the other."""

    def __init__(self):
        self.shipped, self.returns, self.bills, self.links = [], [], {}, []
        self.number = 100

    @property
    def moves(self):
        return invoicing.shipped_less_returned(self.shipped, self.returns)

    @property
    def to_invoice(self):
        return round(
            sum(move.kept for move in self.moves) - sum(self.bills.values()), 8
        )

    def settle(self):
        bills = [Bill(line, quantity) for line, quantity in self.bills.items()]
        self.links = settle(self.moves, bills, self.links)

    def bill(self, quantity, shares=()):
        self.number += 1
        self.bills[self.number] = quantity
        self.links += [Link(self.number, *share) for share in shares]

    def ship(self, quantity):
        move = len(self.shipped) + 1
        self.shipped.append((move, move * 10, quantity))

    def return_(self, quantity):
        kept = [move for move in self.moves if move.kept]
        if kept:
            origin = kept[int(quantity * 100) % len(kept)]
            self.returns.append(Return(min(quantity, origin.kept), origin.move))

    def invoice(self, _quantity):
        self.settle()
        result = apportion(self.moves, self.links, self.to_invoice)
        for part in (*result.parts, *result.credits):
            self.bill(
                part.quantity, [(share.move, share.quantity) for share in part.shares]
            )

    def by_hand(self, quantity):
        self.bill(quantity)

    def cancel(self, quantity):
        if self.bills:
            lines = list(self.bills)
            del self.bills[lines[int(quantity * 100) % len(lines)]]


class TestAnyHistory(unittest.TestCase):
    @settings(max_examples=400, deadline=None)
    @given(histories)
    def test_each_shipment_is_invoiced_once_and_in_full(self, history):
        """Whatever happened before: parts add up to core's figure, and with nothing
        invoiced ahead of the shipments each move ends with what the customer kept.
        """
        line = _Line()
        for event, quantity in history:
            getattr(line, "return_" if event == "return" else event)(quantity)
        line.settle()
        before = line.to_invoice
        result = apportion(line.moves, line.links, before)
        self.assertAlmostEqual(result.quantity, before, 6)
        for part in result.parts:
            self.assertGreater(part.quantity, 0.0)
        for part in result.credits:
            self.assertLess(part.quantity, 0.0)
        if before > 0:
            self.assertEqual(result.rest, 0.0)
        for part in (*result.parts, *result.credits):
            self.assertAlmostEqual(
                sum(share.quantity for share in part.shares), part.quantity, 6
            )
        line.invoice(0)
        line.settle()
        self.assertEqual(line.to_invoice, result.rest)
        # With less than nothing, something is invoiced ahead of the shipments.
        if before >= 0:
            linked = dict.fromkeys((move.move for move in line.moves), 0.0)
            for link in line.links:
                linked[link.move] += link.quantity
            for move in line.moves:
                self.assertAlmostEqual(linked[move.move], move.kept, 6)

    @settings(max_examples=200, deadline=None)
    @given(histories)
    def test_settling_twice_changes_nothing(self, history):
        line = _Line()
        for event, quantity in history:
            getattr(line, "return_" if event == "return" else event)(quantity)
        line.settle()
        once = line.links
        line.settle()
        self.assertEqual(once, line.links)
