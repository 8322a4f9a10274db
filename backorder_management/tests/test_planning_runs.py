"""Plans compared, what can be undone, what there is to divide: pure functions."""

import unittest
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ..planning.connected import connect_products, get_fingerprint
from ..planning.plans import (
    VIOLATED,
    as_before,
    get_effect,
    get_moves,
    leave_alone,
    only,
)
from ..planning.ranking import get_breach, is_overdue
from ..planning.reallocation import (
    COMPLETE_ORDERS,
    REDISTRIBUTE,
    Claim,
    Situation,
    reallocate,
)
from ..planning.smallest_change import SmallestChange, find_smallest_change
from ..planning.supply import add_up_supplies, cut_to_limits
from ..planning.undoing import GONE, STRANDED, Moved, choose_restorable


def contest():
    """The first wants 4 of the 6 that the second holds."""
    claims = [
        Claim(1, "S1", "cups", 4.0, rank=(1,), place=(1,), outcome=REDISTRIBUTE),
        Claim(
            2, "S2", "cups", 6.0, (("shelf", 6.0),), (2,), (2,), outcome=REDISTRIBUTE
        ),
    ]
    return Situation(claims, {"cups": ("shelf",)}, {"shelf": 6.0}, 2)


parts = st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), max_size=2)


class TestPlans(unittest.TestCase):
    def test_effects_and_moves(self):
        gain, loss = reallocate(contest()).decisions
        self.assertEqual([get_effect(gain, 2), get_effect(loss, 2)], ["gain", "loss"])
        self.assertEqual(get_moves(gain, 2), {"shelf": (0.0, 4.0)})
        self.assertEqual(get_moves(loss, 2), {"shelf": (6.0, 2.0)})

    def test_as_before_and_left_alone(self):
        plan = reallocate(contest())
        self.assertEqual([each.after for each in as_before(plan).decisions], [0, 6])
        left = leave_alone(plan, {2}).decisions
        self.assertEqual([each.after for each in left], [4, 6])
        self.assertEqual(left[1].reason.code, VIOLATED)
        self.assertEqual(get_moves(left[1], 2), {})

    def test_how_good_a_choice_is_in_part(self):
        """Two small orders of S1's cups and mugs are better than S1; nobody disputes
        the plates of S4."""
        claims = [
            Claim(1, "S1", "cups", 2.0, rank=(1,), place=(1,)),
            Claim(2, "S1", "mugs", 2.0, rank=(1,), place=(2,)),
            Claim(3, "S2", "cups", 2.0, rank=(1,), place=(3,)),
            Claim(4, "S3", "mugs", 2.0, rank=(1,), place=(4,)),
            Claim(5, "S4", "plates", 3.0, rank=(1,), place=(5,)),
        ]
        pools = {name: (name,) for name in ("cups", "mugs", "plates")}
        supplies = {"cups": 2.0, "mugs": 2.0, "plates": 3.0}
        plan = reallocate(Situation(claims, pools, supplies, 2), COMPLETE_ORDERS)
        self.assertEqual((plan.choice.value, plan.choice.bound), (3, 3))
        for part in (only(plan, {1, 2, 3, 4}), leave_alone(plan, {5})):
            self.assertEqual((part.choice.value, part.choice.bound), (2, 2))
            self.assertEqual(part.choice.chosen, {"S2", "S3"})
        alone = only(plan, {5}).choice
        self.assertEqual((alone.value, alone.bound, alone.exact), (1, 1, True))
        self.assertIsNone(only(reallocate(contest()), {1}).choice)

    def test_smallest_change(self):
        """Four more pieces, or to be first: the second one would have all."""
        self.assertEqual(
            find_smallest_change(contest(), 2),
            SmallestChange(more=4.0, first_in_line=True),
        )
        self.assertEqual(
            find_smallest_change(contest(), 1),
            SmallestChange(more=0.0, first_in_line=False),
        )
        self.assertIsNone(find_smallest_change(contest(), 2, seconds=0.0))

    def test_smallest_change_where_stock_is_negative(self):
        """Three more fill the hole first."""
        found = find_smallest_change(contest(), 2, debts={"cups": 3.0, "mugs": 9.0})
        self.assertEqual(found.more, 7.0)

    def test_smallest_change_on_an_empty_shelf(self):
        """Who may take from anywhere comes first and takes 4 of what is put there."""
        claims = [
            Claim(1, "S1", "stock", 4.0, rank=(1,), place=(1,)),
            Claim(2, "S2", "shelf", 3.0, rank=(2,), place=(2,)),
        ]
        situation = Situation(claims, {"stock": (), "shelf": ()}, {}, 2)
        found = find_smallest_change(situation, 2, around=["stock"])
        self.assertEqual(found, SmallestChange(more=7.0, first_in_line=False))
        # the other way round, what is not on the shelf is of no use to the other one
        self.assertEqual(find_smallest_change(situation, 1).more, 4.0)

    def test_smallest_change_where_more_would_hurt(self):
        """
        GIVEN 2 glasses, for an order of 5 that ships only complete, then one of 3
        WHEN there are 1 or 2 more, the second has its 3; with 3 to 5 more, the first
            takes 5 and leaves too few; from 6 more on both have all
        THEN one more is enough
        """
        claims = [
            Claim(1, "S1", "cups", 5.0, rank=(1,), place=(1,), ships_complete=True),
            Claim(2, "S2", "cups", 3.0, rank=(2,), place=(2,)),
        ]
        situation = Situation(claims, {"cups": ("shelf",)}, {"shelf": 2.0}, 2)
        self.assertEqual(find_smallest_change(situation, 2).more, 1.0)
        self.assertEqual(find_smallest_change(situation, 1).more, 3.0)

    def test_smallest_change_where_no_goods_help(self):
        claims = [Claim(1, "S1", "cups", 5.0, place=(1,), ships_complete=True)]
        situation = Situation(
            claims, {"cups": ("shelf",)}, {"shelf": 2.0}, 2, lacking={"S1": 1}
        )
        self.assertEqual(
            find_smallest_change(situation, 1),
            SmallestChange(more=None, first_in_line=False),
        )


class TestUndoing(unittest.TestCase):
    def choose(self, possible, impossible=(), **free):
        return choose_restorable(possible, impossible, free, digits=2)

    def test_all_go_back(self):
        winner, loser = Moved(1, {}, {"a": 6.0}), Moved(2, {"a": 6.0}, {})
        self.assertEqual(self.choose([winner, loser]), {})

    def test_goods_that_have_gone(self):
        self.assertEqual(self.choose([Moved(2, {"a": 6.0}, {})], a=5.0), {2: GONE})

    def test_goods_that_cannot_go_back_stay(self):
        winner, loser = Moved(1, {}, {"a": 6.0}), Moved(2, {"a": 6.0}, {})
        self.assertEqual(self.choose([winner], [loser]), {1: STRANDED})

    def test_the_first_in_line_keeps_what_is_stranded(self):
        """Six came from one who cannot have them back; four were free before."""
        first, second = Moved(1, {}, {"a": 6.0}), Moved(2, {}, {"a": 4.0})
        lost = Moved(3, {"a": 6.0}, {})
        self.assertEqual(self.choose([first, second], [lost]), {1: STRANDED})

    def test_one_that_is_refused_gives_nothing_back(self):
        """It would give 2 of b and wants 3 of a, which are not there; so the one that
        waits for the 2 of b does not get them either."""
        mixed = Moved(1, {"a": 3.0}, {"b": 2.0})
        waits = Moved(2, {"b": 2.0}, {})
        self.assertEqual(self.choose([mixed, waits]), {1: GONE, 2: GONE})

    def test_goods_are_not_kept_that_somebody_takes_back(self):
        """1 and 2 lost five each to 3 and 4; the order of 2 is cancelled, what 4 had is
        shipped: 3 gives to 1."""
        possible = [Moved(1, {"a": 5.0}, {}), Moved(3, {}, {"a": 5.0})]
        impossible = [Moved(2, {"a": 5.0}, {}), Moved(4, {}, {"a": 5.0})]
        self.assertEqual(self.choose(possible, impossible), {})

    def test_who_was_refused_gets_what_is_left(self):
        """1 would take all 5 of a, but does not get its 3 of b: so 2 may have them."""
        possible = [
            Moved(1, {"a": 5.0, "b": 3.0}, {}),
            Moved(2, {"a": 5.0}, {}),
            Moved(3, {"c": 2.0}, {"b": 3.0}),
        ]
        self.assertEqual(self.choose(possible, a=5.0), {1: GONE, 3: GONE})

    @given(
        st.lists(st.tuples(parts, parts, st.booleans()), max_size=7),
        parts,
    )
    def test_what_is_put_back_is_there(self, moved, free):
        """Whatever has happened: all that goes back goes back together."""
        everything = [
            Moved(number, lost, gained)
            for number, (lost, gained, _) in enumerate(moved)
        ]
        possible = [each for each in everything if moved[each.id][2]]
        impossible = [each for each in everything if not moved[each.id][2]]
        refused = choose_restorable(possible, impossible, free, digits=2)
        self.assertLessEqual(set(refused), {each.id for each in possible})
        balance = Counter(free)
        for each in possible:
            if each.id not in refused:
                balance.update(each.taken)
                balance.subtract(each.given)
        self.assertGreaterEqual(min(balance.values(), default=0), 0)


class TestSupply(unittest.TestCase):
    def test_what_is_kept_counts_where_too_much_is_reserved(self):
        """4 on hand, 6 reserved: 5 by one who keeps it, 1 by one who need not."""
        self.assertEqual(
            add_up_supplies({"a": -2.0, "b": 3.0}, {"a": 6.0}, {"a": 5.0}, 2),
            {"a": 5.0, "b": 3.0},
        )

    def test_negative_stock_takes_from_the_last_place(self):
        """3 and 4 free, 5 owed elsewhere in the pool: 2 may be taken, of the first."""
        self.assertEqual(
            cut_to_limits({"a": 3.0, "b": 4.0}, {}, [(("a", "b"), 2.0)], 2),
            {"a": 2.0, "b": 0.0},
        )

    def test_what_is_held_is_not_cut(self):
        self.assertEqual(
            cut_to_limits({"a": 3.0}, {"a": 2.0}, [(("a",), -9.0)], 2), {"a": 2.0}
        )


class TestRules(unittest.TestCase):
    def test_breach(self):
        self.assertEqual(
            [get_breach(9, 5), get_breach(4, 5), get_breach(9, 0)], [4, 0, 0]
        )

    def test_overdue(self):
        self.assertTrue(is_overdue(3, 0, 3, 0))
        self.assertTrue(is_overdue(0, 7, 3, 7))
        self.assertFalse(is_overdue(2, 6, 3, 7))
        self.assertFalse(is_overdue(99, 99, 0, 0))

    def test_connected_products(self):
        lines = [("a", 1, False), ("b", 1, True), ("c", 2, True), ("b", 2, True)]
        numbers = connect_products(lines)
        self.assertEqual(numbers["b"], numbers["c"])
        self.assertNotEqual(numbers["a"], numbers["b"])

    def test_fingerprints(self):
        self.assertEqual(get_fingerprint([(1,), (2,)]), get_fingerprint([(2,), (1,)]))
        self.assertNotEqual(get_fingerprint([(1,)]), get_fingerprint([(1.5,)]))
