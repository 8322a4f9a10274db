"""Who waits for which arrival: pure, so every case is a handful of numbers."""

from collections import defaultdict
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..planning.promising import Promise, Waiting, assign_arrivals, pass_on


def wait(number, quantity, owner=None, pool="stock", **values):
    return Waiting(number, owner or number, pool, quantity, (number,), **values)


class TestAssignArrivals(TestCase):
    def assign(self, waiting, arrivals, promises=(), pools=None):
        pools = pools or {"stock": list(arrivals)}
        return assign_arrivals(waiting, pools, arrivals, promises, digits=2)

    def test_the_earliest_arrival_goes_to_the_first_one(self):
        """8 and 5 wait for 10 in March and 20 in May: 8, then 2 and 3."""
        self.assertEqual(
            self.assign([wait(2, 5), wait(1, 8)], {"march": 10, "may": 20}),
            {1: (("march", 8),), 2: (("march", 2), ("may", 3))},
        )

    def test_who_gets_nothing_is_left_out(self):
        self.assertEqual(
            self.assign([wait(1, 8), wait(2, 5)], {"march": 8}), {1: (("march", 8),)}
        )

    def test_what_is_promised_is_left_alone(self):
        """The second one has 4 of the 10; the first one finds 6."""
        self.assertEqual(
            self.assign(
                [wait(1, 8), wait(2, 5)], {"march": 10}, [Promise(2, "march", 4)]
            ),
            {1: (("march", 6),)},
        )

    def test_a_promise_counts_for_its_owner(self):
        """5 are wanted and 4 promised: one more."""
        self.assertEqual(
            self.assign([wait(2, 5)], {"march": 10}, [Promise(2, "march", 4)]),
            {2: (("march", 1),)},
        )

    def test_two_demands_of_one_owner_share_its_promise(self):
        """Of 6, the first one has 5 and the second one 1: it wants two more."""
        self.assertEqual(
            self.assign(
                [wait(1, 5, "line"), wait(2, 3, "line")],
                {"march": 10},
                [Promise("line", "march", 6)],
            ),
            {2: (("march", 2),)},
        )

    def test_more_is_promised_than_comes(self):
        self.assertEqual(
            self.assign(
                [wait(1, 8), wait(2, 6)], {"march": 4}, [Promise(2, "march", 6)]
            ),
            {},
        )

    def test_a_promise_to_who_waits_no_more(self):
        """He wants 2 by now of the 6 that were promised: 8 of the 10 are left."""
        self.assertEqual(
            self.assign(
                [wait(1, 9), wait(2, 2)], {"march": 10}, [Promise(2, "march", 6)]
            ),
            {1: (("march", 8),)},
        )

    def test_a_promise_from_elsewhere_counts_for_its_owner_only(self):
        """It comes by an arrival that nobody else can take from."""
        self.assertEqual(
            self.assign(
                [wait(1, 8), wait(2, 5)], {"march": 10}, [Promise(1, "ship", 6)]
            ),
            {1: (("march", 2),), 2: (("march", 5),)},
        )

    def test_one_shelf_of_the_warehouse(self):
        """What comes to the shelf is also for those who take from anywhere."""
        self.assertEqual(
            self.assign(
                [wait(1, 4), wait(2, 5, pool="shelf")],
                {"shelf": 6, "floor": 3},
                pools={"stock": ["shelf", "floor"], "shelf": ["shelf"]},
            ),
            {1: (("shelf", 4),), 2: (("shelf", 2),)},
        )

    def test_whole_dozens_only(self):
        self.assertEqual(
            self.assign(
                [wait(1, 24, fit=lambda quantity: quantity // 12 * 12)], {"march": 20}
            ),
            {1: (("march", 12),)},
        )

    @given(
        wanted=st.lists(st.integers(1, 9), max_size=6),
        coming=st.lists(st.integers(0, 9), max_size=4),
        promised=st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(1, 9)),
            max_size=5,
        ),
    )
    def test_nothing_is_promised_twice(self, wanted, coming, promised):
        """Of no arrival more than it brings; to nobody more than he waits for; and
        nobody waits while something is left."""
        arrivals = dict(enumerate(coming))
        promises = [Promise(*each) for each in promised]
        shares = self.assign(
            [wait(number, each) for number, each in enumerate(wanted)],
            arrivals,
            promises,
        )
        taken, owed = defaultdict(float), defaultdict(float)
        for promise in promises:
            wants = dict(enumerate(wanted)).get(promise.owner, 0)
            usable = min(promise.quantity, wants - owed[promise.owner])
            taken[promise.arrival] += usable
            owed[promise.owner] += usable
        free = {
            arrival: max(0, quantity - taken[arrival])
            for arrival, quantity in arrivals.items()
        }
        for parts in shares.values():
            for arrival, quantity in parts:
                self.assertGreater(quantity, 0)
                free[arrival] -= quantity
        self.assertFalse([left for left in free.values() if left < 0])
        missing = {
            number: max(0, each - owed[number])
            - sum(quantity for _arrival, quantity in shares.get(number, ()))
            for number, each in enumerate(wanted)
        }
        self.assertFalse([left for left in missing.values() if left < 0])
        self.assertEqual(min(sum(free.values()), sum(missing.values())), 0)


class TestPassOn(TestCase):
    def pass_on(self, promises, brings, successors=None):
        return pass_on(promises, brings, successors or {}, digits=2)

    def test_the_first_promise_is_kept_first(self):
        """5 of 10 come, 4 and 3 are promised: the second one has 1 of it."""
        self.assertEqual(
            self.pass_on(
                [Promise("a", "march", 4), Promise("b", "march", 3)],
                {"march": 5, "rest": 5},
                {"march": ["rest"]},
            ),
            [(("march", 4),), (("march", 1), ("rest", 2))],
        )

    def test_what_nothing_brings_is_lost(self):
        self.assertEqual(
            self.pass_on([Promise("a", "march", 4)], {"march": 1}), [(("march", 1),)]
        )

    def test_the_rest_may_be_promised_to_others(self):
        """3 of the rest of 5 are another's; 2 are left."""
        self.assertEqual(
            self.pass_on(
                [Promise("a", "march", 4), Promise("b", "rest", 3)],
                {"march": 0, "rest": 5},
                {"march": ["rest"]},
            ),
            [(("rest", 2),), (("rest", 3),)],
        )

    @given(
        promised=st.lists(
            st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=6
        ),
        brings=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    )
    def test_no_arrival_keeps_more_than_it_brings(self, promised, brings):
        """Nobody gets more than he was promised, and nothing is lost that fits."""
        promises = [
            Promise(number, arrival, quantity)
            for number, (arrival, quantity) in enumerate(promised)
        ]
        successors = {0: [1, 2], 1: [2]}
        shares = self.pass_on(promises, dict(enumerate(brings)), successors)
        room = dict(enumerate(brings))
        for promise, parts in zip(promises, shares, strict=True):
            self.assertLessEqual(sum(each for _move, each in parts), promise.quantity)
            for arrival, quantity in parts:
                self.assertIn(
                    arrival, [promise.arrival, *successors.get(promise.arrival, ())]
                )
                room[arrival] -= quantity
        self.assertFalse([left for left in room.values() if left < 0])
        for promise, parts in zip(promises, shares, strict=True):
            if sum(each for _move, each in parts) < promise.quantity:
                reachable = [promise.arrival, *successors.get(promise.arrival, ())]
                self.assertFalse([each for each in reachable if room[each]])
