"""When what is missing can be there: the pure rules."""

from __future__ import annotations

from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.backorder_management.planning.eta import (
    Arrival,
    Part,
    find_etas,
    find_last_of_all,
    find_latest,
)
from odoo.addons.backorder_management.planning.promising import Promise, Waiting


def wait(number, quantity, rank=None, pool="shelf", owner=None):
    return Waiting(number, owner or number, pool, quantity, (rank or number, number))


class TestEtas(TestCase):
    """30 arrive on day 3, 20 on day 10, 5 some day."""

    ARRIVALS = (
        Arrival("PO15", 20.0, 10),
        Arrival("PO99", 5.0),
        Arrival("PO12", 30.0, 3),
    )

    def find(self, *waiting, arrivals=ARRIVALS, promises=(), pools=None):
        found = find_etas(waiting, pools or {"shelf": arrivals}, promises, digits=2)
        return {
            number: (eta.shares, eta.missing, eta.ready)
            for number, eta in found.items()
        }

    def test_two_arrivals_and_three_orders(self):
        """18, 18 and 10: the second one waits for both."""
        self.assertEqual(
            self.find(wait(1, 18.0), wait(2, 18.0), wait(3, 10.0)),
            {
                1: ((("PO12", 18.0),), 0.0, 3),
                2: ((("PO12", 12.0), ("PO15", 6.0)), 0.0, 10),
                3: ((("PO15", 10.0),), 0.0, 10),
            },
        )

    def test_who_comes_first_by_rank(self):
        found = self.find(wait(1, 30.0, rank=2), wait(2, 30.0, rank=1))
        self.assertEqual([found[2][2], found[1][2]], [3, None])

    def test_what_nothing_brings(self):
        """Three of 58 are not ordered: no date, though most of it has one."""
        self.assertEqual(self.find(wait(1, 58.0))[1][1:], (3.0, None))

    def test_without_a_date(self):
        """The last three come with what has no date."""
        shares, missing, ready = self.find(wait(1, 53.0))[1]
        self.assertEqual(shares[-1], ("PO99", 3.0))
        self.assertEqual((missing, ready), (0.0, None))

    def test_nothing_arrives(self):
        self.assertEqual(self.find(wait(1, 2.0), arrivals=()), {1: ((), 2.0, None)})

    def test_nothing_of_it(self):
        """An arrival of nothing, or of less, brings nothing."""
        arrivals = (Arrival("A", 0.0, 1), Arrival("B", -3.0, 1), Arrival("C", 2.0, 2))
        self.assertEqual(
            self.find(wait(1, 2.0), arrivals=arrivals), {1: ((("C", 2.0),), 0.0, 2)}
        )

    def test_promised_to_somebody(self):
        """25 of the first arrival are for the second one, whoever is ranked before."""
        found = self.find(
            wait(1, 10.0), wait(2, 28.0), promises=[Promise(2, "PO12", 25.0)]
        )
        self.assertEqual(found[1][0], (("PO12", 5.0), ("PO15", 5.0)))
        self.assertEqual(found[2][0], (("PO12", 25.0), ("PO15", 3.0)))
        self.assertEqual([found[1][2], found[2][2]], [10, 10])

    def test_promised_by_what_is_cancelled(self):
        """Nobody knows when it comes until the promise is passed on."""
        found = self.find(wait(1, 10.0), promises=[Promise(1, "gone", 10.0)])
        self.assertEqual(found[1][2], None)

    def test_places(self):
        """The shop may take what arrives in the hall, and not the other way round."""
        hall, shelf = Arrival("hall", 5.0, 2), Arrival("shelf", 5.0, 1)
        found = self.find(
            wait(1, 5.0, pool="hall"),
            wait(2, 5.0, pool="shop"),
            pools={"hall": [hall], "shop": [hall, shelf]},
        )
        self.assertEqual([found[1][2], found[2][2]], [2, 1])


worlds = st.tuples(
    st.lists(st.integers(1, 40), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 9)), max_size=8),
)


class TestProperties(TestCase):
    def _find(self, world):
        wanted, expected = world
        waiting = [wait(number, quantity / 4) for number, quantity in enumerate(wanted)]
        arrivals = [
            Arrival(index, quantity / 4, ready)
            for index, (quantity, ready) in enumerate(expected)
        ]
        return waiting, arrivals, find_etas(waiting, {"shelf": arrivals}, digits=2)

    @settings(max_examples=300)
    @given(worlds)
    def test_no_arrival_is_given_twice(self, world):
        waiting, arrivals, etas = self._find(world)
        for arrival in arrivals:
            given_away = sum(
                part
                for eta in etas.values()
                for name, part in eta.shares
                if name == arrival.id
            )
            self.assertLessEqual(given_away, arrival.quantity + 1e-9)
        for each in waiting:
            brought = sum(part for _name, part in etas[each.id].shares)
            self.assertAlmostEqual(brought + etas[each.id].missing, each.quantity, 6)

    @settings(max_examples=300)
    @given(worlds)
    def test_who_ranks_higher_never_waits_longer(self, world):
        """Of those who wait for as much; no date is later than any."""
        waiting, _arrivals, etas = self._find(world)
        for first in waiting:
            for second in waiting[first.id + 1 :]:
                if first.quantity == second.quantity:
                    early, late = etas[first.id].ready, etas[second.id].ready
                    self.assertFalse(early is None and late is not None)
                    if late is not None:
                        self.assertLessEqual(early, late)

    @settings(max_examples=300)
    @given(worlds, st.randoms(use_true_random=False))
    def test_the_order_of_facts_does_not_matter(self, world, random):
        waiting, arrivals, etas = self._find(world)
        random.shuffle(waiting)
        ready = [each.ready for each in arrivals]
        if len(set(ready)) == len(ready):
            random.shuffle(arrivals)
        again = find_etas(waiting, {"shelf": arrivals}, digits=2)
        self.assertEqual(again, etas)


class TestDocuments(TestCase):
    """Days are plain numbers here."""

    def test_the_last_of_its_parts(self):
        parts = [Part(3, "arrival", 1), Part(9, "stock", 1), Part(None, "", 12)]
        self.assertEqual(find_latest(parts), 9)
        self.assertEqual(find_last_of_all(parts), 12)

    def test_one_is_not_known(self):
        parts = [Part(3, "arrival", 1), Part(None, "none", 1)]
        self.assertIsNone(find_latest(parts))
        self.assertIsNone(find_last_of_all(parts))

    def test_nothing_was_ever_missing(self):
        parts = [Part(None, "", 12)]
        self.assertIsNone(find_latest(parts))
        self.assertIsNone(find_last_of_all(parts))
