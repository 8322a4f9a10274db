"""Reallocation as pure functions: who keeps, gains and loses, and why."""

import unittest
from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ..planning import reallocation as planner
from ..planning.complete_orders import find_solver
from ..planning.reallocation import Claim, Reason, Situation, reallocate

SHELF, STOCK = "shelf", "stock"


def claim(number, wanted, held=0, *, order=None, pool="cups", supply=None, **facts):
    """A claim whose place and rank are its number, unless told otherwise."""
    holdings = ((supply or pool, float(held)),) if held else ()
    values = {"rank": (number,), "place": (number,), **facts}
    return Claim(
        number,
        order or f"S{number}",
        pool,
        float(wanted),
        holdings,
        **values,
    )


def situation(claims, *, digits=2, **supplies):
    """One supply per pool, of the same name; what the claims hold is part of it."""
    facts = {
        name: supplies.pop(name)
        for name in ("lacking", "values", "elsewhere", "arriving", "limits")
        if name in supplies
    }
    return Situation(
        claims,
        {name: (name,) for name in supplies},
        {name: float(quantity) for name, quantity in supplies.items()},
        digits,
        **facts,
    )


class PlanCase(unittest.TestCase):
    def assertPlan(self, plan, *quantities):
        """:param quantities: what each claim holds afterwards, by its number"""
        found = {decision.claim.id: decision.after for decision in plan.decisions}
        self.assertEqual([found[number] for number in sorted(found)], list(quantities))

    def get_reason(self, plan, number) -> Reason:
        [reason] = [each.reason for each in plan.decisions if each.claim.id == number]
        return reason


class TestOutcomes(PlanCase):
    def test_gain_takes_nothing_from_anybody(self):
        """10 cups, all held by the last: the first gets none, as it is kept."""
        plan = reallocate(situation([claim(1, 8), claim(2, 10, 10)], cups=10))
        self.assertPlan(plan, 0, 10)
        self.assertEqual(self.get_reason(plan, 1), Reason(planner.KEPT, by=2))
        self.assertFalse(plan.violated)

    def test_redistribute_goes_to_who_ranks_first(self):
        plan = reallocate(
            situation(
                [claim(1, 8), claim(2, 10, 10, outcome=planner.REDISTRIBUTE)], cups=10
            )
        )
        self.assertPlan(plan, 8, 2)
        self.assertEqual(
            self.get_reason(plan, 2), Reason(planner.OUTRANKED, by=1, criterion=0)
        )

    def test_a_winner_takes_from_who_may_lose_and_not_from_who_gains(self):
        """Of 10 cups 6 are kept; the winner of 8 gets the other 4: an exception."""
        plan = reallocate(
            situation(
                [
                    claim(1, 6, 6),
                    claim(2, 4, 4, outcome=planner.IMPROVE),
                    claim(3, 8, outcome=planner.WIN),
                ],
                cups=10,
            )
        )
        self.assertPlan(plan, 6, 0, 4)
        self.assertEqual(plan.violated, {3})

    def test_improve_keeps_what_nobody_must_win(self):
        """The better ranked one, who may lose, loses to it what it had."""
        plan = reallocate(
            situation(
                [
                    claim(1, 8, outcome=planner.REDISTRIBUTE),
                    claim(2, 9, 5, outcome=planner.IMPROVE),
                ],
                cups=10,
            )
        )
        self.assertPlan(plan, 5, 5)

    def test_fill_gets_back_what_is_left_and_never_more(self):
        plan = reallocate(
            situation(
                [claim(1, 9, 6, outcome=planner.FILL), claim(2, 5)],
                cups=20,
            )
        )
        self.assertPlan(plan, 6, 5)
        self.assertEqual(self.get_reason(plan, 1), Reason(planner.NO_GAIN))
        scarce = reallocate(
            situation([claim(1, 9, 6, outcome=planner.FILL), claim(2, 5)], cups=7)
        )
        self.assertPlan(scarce, 2, 5)

    def test_lose_gives_all_back_and_skip_takes_no_part(self):
        plan = reallocate(
            situation(
                [
                    claim(1, 9, 6, outcome=planner.LOSE),
                    claim(2, 7, 3, outcome=planner.SKIP),
                    claim(3, 20),
                ],
                cups=10,
            )
        )
        self.assertPlan(plan, 0, 3, 7)
        self.assertEqual(self.get_reason(plan, 1), Reason(planner.GIVEN_BACK))
        self.assertEqual(self.get_reason(plan, 2), Reason(planner.SKIPPED))

    def test_goods_that_are_gone_violate_a_gain(self):
        plan = reallocate(situation([claim(1, 5, 5)], cups=3))
        self.assertPlan(plan, 3)
        self.assertEqual(plan.violated, {1})


class TestReasons(PlanCase):
    def test_covered_in_full(self):
        plan = reallocate(situation([claim(1, 5)], cups=5))
        self.assertEqual(self.get_reason(plan, 1), Reason(planner.COVERED))

    def test_the_criterion_that_decides_is_named(self):
        """Same first criterion; the second one makes the difference."""
        plan = reallocate(
            situation([claim(1, 5, rank=(0, 1)), claim(2, 5, rank=(0, 0))], cups=5)
        )
        self.assertPlan(plan, 0, 5)
        self.assertEqual(
            self.get_reason(plan, 1), Reason(planner.OUTRANKED, by=2, criterion=1)
        )

    def test_equals_are_served_in_their_places(self):
        plan = reallocate(
            situation([claim(1, 5, rank=(0,)), claim(2, 5, rank=(0,))], cups=5)
        )
        self.assertEqual(self.get_reason(plan, 2), Reason(planner.OUTRANKED, by=1))

    def test_the_last_one_served_before_is_named(self):
        plan = reallocate(situation([claim(1, 3), claim(2, 3), claim(3, 3)], cups=6))
        self.assertEqual(self.get_reason(plan, 3).by, 2)

    def test_who_only_keeps_its_own_is_not_named(self):
        """The first takes the last one's goods; the second keeps what it has."""
        claims = [
            claim(1, 6, outcome=planner.REDISTRIBUTE),
            claim(2, 4, 4, outcome=planner.REDISTRIBUTE),
            claim(3, 6, 6, outcome=planner.REDISTRIBUTE),
        ]
        plan = reallocate(situation(claims, cups=10))
        self.assertPlan(plan, 6, 4, 0)
        self.assertEqual(
            self.get_reason(plan, 3), Reason(planner.OUTRANKED, by=1, criterion=0)
        )

    def test_nothing_there(self):
        plan = reallocate(
            situation(
                [
                    claim(1, 5),
                    claim(2, 5, pool="mugs"),
                    claim(3, 5, pool="jugs"),
                    claim(4, 5, pool="bowls"),
                ],
                cups=3,
                mugs=0,
                jugs=0,
                bowls=0,
                elsewhere={"mugs": (9.0, 8.0)},
                arriving={"cups": 0.0, "jugs": 7.0},
            )
        )
        codes = [self.get_reason(plan, number).code for number in (1, 2, 3, 4)]
        self.assertEqual(
            codes,
            [
                planner.NO_STOCK,  # it got all 3 there were
                planner.OTHER_LOCATION,
                planner.AWAITS_ARRIVAL,
                planner.NO_STOCK,
            ],
        )
        self.assertEqual(self.get_reason(plan, 2).numbers, (9.0, 8.0))
        self.assertEqual(self.get_reason(plan, 3).numbers, (7.0,))

    def test_what_is_left_to_wait_for(self):
        """It got all 3 that were there; 4 are to arrive."""
        plan = reallocate(situation([claim(1, 5)], cups=3, arriving={"cups": 4.0}))
        self.assertEqual(
            self.get_reason(plan, 1), Reason(planner.AWAITS_ARRIVAL, numbers=(4.0,))
        )

    def test_passed_over_too_often(self):
        plan = reallocate(situation([claim(1, 5), claim(2, 5, overdue=True)], cups=5))
        self.assertPlan(plan, 0, 5)
        self.assertEqual(
            self.get_reason(plan, 1), Reason(planner.OUTRANKED, by=2, criterion=-1)
        )


class TestCompleteOrders(PlanCase):
    """Orders that ship only complete."""

    def both(self, cups, mugs, **facts):
        """An order of 5 cups and 5 mugs that ships complete, and one of 5 cups."""
        return situation(
            [
                claim(1, 5, 3, order="S1", ships_complete=True),
                claim(2, 5, order="S1", pool="mugs", ships_complete=True),
                claim(3, 5, order="S2"),
            ],
            cups=cups,
            mugs=mugs,
            **facts,
        )

    def test_all_of_it_or_nothing(self):
        """4 mugs of 5: the cups it holds go to the other order."""
        plan = reallocate(self.both(cups=6, mugs=4))
        self.assertPlan(plan, 0, 0, 5)
        self.assertEqual(
            self.get_reason(plan, 1), Reason(planner.WAITS_FOR_ORDER, numbers=(2, 2))
        )
        self.assertFalse(plan.violated)

    def test_it_keeps_its_goods_where_they_can_be_used(self):
        plan = reallocate(self.both(cups=6, mugs=5))
        self.assertPlan(plan, 5, 5, 1)

    def test_a_pinned_line_keeps_goods_that_its_order_cannot_use(self):
        """4 mugs of 5: its 3 cups stay, it gets no more, the other order has 3."""
        facts = self.both(cups=6, mugs=4)
        pinned = replace(facts.claims[0], pinned=True)
        plan = reallocate(replace(facts, claims=[pinned, *facts.claims[1:]]))
        self.assertPlan(plan, 3, 0, 3)
        self.assertEqual(self.get_reason(plan, 1).code, planner.WAITS_FOR_ORDER)

    def test_a_line_made_to_order_is_not_there_yet(self):
        plan = reallocate(self.both(cups=6, mugs=5, lacking={"S1": 1}))
        self.assertPlan(plan, 0, 0, 5)
        self.assertEqual(self.get_reason(plan, 2).code, planner.WAITS_FOR_ORDER)

    def test_what_one_gives_back_completes_another(self):
        """S1 holds cups and lacks mugs; S2 holds mugs and lacks cups: with what the
        second gives back the first is complete."""
        plan = reallocate(
            situation(
                [
                    claim(1, 5, 5, order="S1", ships_complete=True),
                    claim(2, 5, order="S1", pool="mugs", ships_complete=True),
                    claim(3, 5, order="S2", ships_complete=True),
                    claim(4, 5, 5, order="S2", pool="mugs", ships_complete=True),
                ],
                cups=5,
                mugs=5,
            )
        )
        self.assertPlan(plan, 5, 5, 0, 0)

    def test_shelf_first(self):
        """2 on the shelf, 3 elsewhere; the line that may take anywhere leaves the
        shelf to the one that may not."""
        plan = reallocate(
            Situation(
                [
                    claim(1, 3, order="S1", pool=STOCK, ships_complete=True),
                    claim(2, 2, order="S1", pool=SHELF, ships_complete=True),
                ],
                {STOCK: ("A", "B"), SHELF: ("A",)},
                {"A": 2.0, "B": 3.0},
                2,
            )
        )
        self.assertPlan(plan, 3, 2)


class TestSharing(PlanCase):
    def test_fair_share_among_equals(self):
        """12 among asks of 10, 10, 2 and 10: 2 for who wants no more, then 4, 3, 3."""
        plan = reallocate(
            situation(
                [
                    claim(number, wanted, rank=())
                    for number, wanted in enumerate((10, 10, 2, 10), start=1)
                ],
                cups=12,
            ),
            planner.FAIR_SHARE,
        )
        self.assertPlan(plan, 4, 3, 2, 3)
        self.assertEqual(
            self.get_reason(plan, 4), Reason(planner.SHARED, numbers=(12, 4))
        )

    def test_a_better_rank_does_not_share(self):
        plan = reallocate(
            situation(
                [claim(1, 9), claim(2, 6, rank=(2,)), claim(3, 6, rank=(2,))], cups=12
            ),
            planner.FAIR_SHARE,
        )
        self.assertPlan(plan, 9, 2, 1)

    def test_most_orders(self):
        """One order of both, ranked first, or one of each: two are more than one."""
        claims = [
            claim(1, 2, order="S1"),
            claim(2, 2, order="S1", pool="mugs"),
            claim(3, 2, order="S2"),
            claim(4, 2, order="S3", pool="mugs"),
        ]
        plan = reallocate(situation(claims, cups=2, mugs=2), planner.COMPLETE_ORDERS)
        self.assertPlan(plan, 0, 0, 2, 2)
        self.assertEqual(plan.choice.value, 2)
        self.assertEqual(
            self.get_reason(plan, 1), Reason(planner.COMPLETES_ORDER, by=3)
        )
        by_value = reallocate(
            situation(
                claims, cups=2, mugs=2, values={"S1": 100.0, "S2": 40.0, "S3": 40.0}
            ),
            planner.COMPLETE_ORDERS,
        )
        self.assertPlan(by_value, 2, 2, 0, 0)


# ---------------------------------------------------------------- whatever happens

OUTCOMES = (
    planner.WIN,
    planner.GAIN,
    planner.GAIN,
    planner.IMPROVE,
    planner.REDISTRIBUTE,
    planner.REDISTRIBUTE,
    planner.FILL,
    planner.LOSE,
    planner.SKIP,
)
POOLS = {
    ("cups", STOCK): ("cups shelf", "cups rest"),
    ("cups", SHELF): ("cups shelf",),
    ("mugs", STOCK): ("mugs shelf", "mugs rest"),
    ("mugs", SHELF): ("mugs shelf",),
}


def random_situation(seed):
    """Two products, nested places, orders of several lines, any outcome."""
    chance = Random(seed)
    supplies = {
        supply: float(chance.randint(0, 8))
        for supplies in POOLS.values()
        for supply in supplies
    }
    claims = []
    number_of_orders = chance.randint(1, 6)
    bound = [order for order in range(number_of_orders) if chance.random() < 0.3]
    for number in range(1, chance.randint(2, 12)):
        pool = chance.choice(list(POOLS))
        order = chance.randrange(number_of_orders)
        wanted, holdings = float(chance.randint(1, 8)), ()
        if chance.random() < 0.5:
            supply = chance.choice(POOLS[pool])
            held = float(chance.randint(1, int(wanted)))
            holdings = ((supply, held),)
            supplies[supply] += held
        pinned = chance.random() < 0.15
        claims.append(
            Claim(
                number,
                order,
                pool,
                wanted,
                holdings,
                rank=(chance.randint(0, 3),),
                place=(number,),
                outcome=planner.GAIN if pinned else chance.choice(OUTCOMES),
                pinned=pinned,
                ships_complete=order in bound,
                overdue=chance.random() < 0.1,
            )
        )
    lacking = {order: 1 for order in range(number_of_orders) if chance.random() < 0.1}
    return Situation(claims, POOLS, supplies, 2, lacking=lacking)


SHARINGS = (planner.SEQUENCE, planner.FAIR_SHARE, planner.COMPLETE_ORDERS)


class TestAnySituation(PlanCase):
    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_stock_is_conserved(self, seed, sharing):
        """No place gives more than it has, also where places are nested."""
        facts = random_situation(seed)
        plan = reallocate(facts, sharing)
        self.assertEqual(len(plan.decisions), len(facts.claims))
        for pool, supplies in POOLS.items():
            inside = {
                other for other, own in POOLS.items() if set(own) <= set(supplies)
            }
            self.assertIn(pool, inside)
            self.assertLessEqual(
                sum(each.after for each in plan.decisions if each.claim.pool in inside),
                sum(facts.supplies[supply] for supply in supplies),
            )

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_shares_say_where_all_of_it_comes_from(self, seed, sharing):
        """Each takes from places that it may take from, or where it has goods."""
        facts = random_situation(seed)
        taken = Counter()
        for each in reallocate(facts, sharing).decisions:
            allowed = {*POOLS[each.claim.pool], *dict(each.claim.holdings)}
            self.assertLessEqual(set(dict(each.shares)), allowed)
            self.assertAlmostEqual(sum(dict(each.shares).values()), each.after)
            taken.update(dict(each.shares))
        for supply, quantity in taken.items():
            self.assertLessEqual(quantity, facts.supplies[supply])

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_each_outcome_is_respected(self, seed, sharing):
        facts = random_situation(seed)
        bound = {each.order for each in facts.claims if each.ships_complete}
        for decision in reallocate(facts, sharing).decisions:
            own, after = decision.claim, decision.after
            self.assertLessEqual(after, own.wanted)
            if own.outcome == planner.SKIP:
                self.assertEqual(after, own.held)
            elif own.outcome == planner.LOSE and own.order not in bound:
                self.assertEqual(after, 0.0)
            elif own.outcome == planner.FILL:
                self.assertLessEqual(after, own.held)
            elif own.outcome in planner.KEEPING and (
                own.pinned or own.order not in bound
            ):
                self.assertGreaterEqual(after, own.held)

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_an_order_that_ships_complete_gets_all_or_nothing(self, seed, sharing):
        facts = random_situation(seed)
        bound = {each.order for each in facts.claims if each.ships_complete}
        plan = reallocate(facts, sharing)
        for order in bound:
            members = [each for each in plan.decisions if each.claim.order == order]
            complete = all(each.after == each.claim.wanted for each in members)
            if not complete or facts.lacking.get(order):
                for each in members:
                    keeps = each.claim.pinned or each.claim.outcome == planner.SKIP
                    self.assertEqual(each.after, each.claim.held if keeps else 0.0)

    def test_what_stays_with_an_incomplete_order_is_not_shared(self):
        """Found by chance: order 1 cannot be complete, and one of its lines, which no
        run touches, keeps its cup all the same. Of the 10 others one line takes 3, so
        that order 2, which ships only complete, cannot have the 8 it holds."""
        plan = reallocate(random_situation(419789), planner.FAIR_SHARE)
        after = {each.claim.id: each.after for each in plan.decisions}
        self.assertEqual((after[4], after[2], after[9]), (1, 3, 0))

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_nothing_is_left_that_somebody_could_use(self, seed, sharing):
        facts = random_situation(seed)
        bound = {each.order for each in facts.claims if each.ships_complete}
        plan = reallocate(facts, sharing)
        for decision in plan.decisions:
            own = decision.claim
            if own.outcome not in planner.GAINING or own.order in bound:
                continue
            if decision.after == own.wanted:
                continue
            if own.pool[1] == SHELF:
                continue  # whoever may take anywhere may have emptied the shelf
            given = sum(
                each.after
                for each in plan.decisions
                if each.claim.pool[0] == own.pool[0]
            )
            there = sum(facts.supplies[supply] for supply in POOLS[own.pool])
            self.assertGreater(given + 1.0, there, decision)

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_same_facts_same_plan_and_one_reason_each(self, seed, sharing):
        facts = random_situation(seed)
        plan = reallocate(facts, sharing)
        shuffled = list(facts.claims)
        Random(seed).shuffle(shuffled)
        pools = dict(reversed(POOLS.items()))
        other = reallocate(
            Situation(shuffled, pools, dict(facts.supplies), 2, lacking=facts.lacking),
            sharing,
        )
        self.assertEqual(plan, other)
        for decision in plan.decisions:
            self.assertEqual(
                decision.reason.code == planner.COVERED,
                decision.after == decision.claim.wanted,
            )

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9), st.sampled_from(SHARINGS))
    def test_who_was_passed_over_too_often_comes_first(self, seed, sharing):
        """Where one still misses something, nobody else has gained the same goods."""
        facts = random_situation(seed)
        plan = reallocate(facts, sharing)
        bound = {each.order for each in facts.claims if each.ships_complete}
        in_time = {each.order for each in facts.claims} - {
            each.order  # where one line must win, an order that ships complete wins
            for each in facts.claims
            if each.overdue or each.outcome == planner.WIN
        }
        missing = {
            each.claim.pool
            for each in plan.decisions
            if each.claim.overdue
            and each.claim.outcome in planner.GAINING
            and each.claim.order not in bound
            and each.after < each.claim.wanted
        }
        for each in plan.decisions:
            own = each.claim
            waits = own.order in in_time if own.order in bound else not own.overdue
            if waits and own.outcome in (planner.GAIN, planner.REDISTRIBUTE):
                self.assertFalse(each.change > 0 and own.pool in missing, each)

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 10**9))
    def test_never_fewer_complete_orders_than_in_sequence(self, seed):
        facts = random_situation(seed)

        def count(plan):
            short = {
                each.claim.order
                for each in plan.decisions
                if each.after < each.claim.wanted
            } | set(facts.lacking)
            return len({each.order for each in facts.claims} - short)

        self.assertGreaterEqual(
            count(reallocate(facts, planner.COMPLETE_ORDERS)), count(reallocate(facts))
        )


def order_situation(seed):
    """Up to five orders for cups and mugs, all of which may lose what they hold."""
    chance = Random(seed)
    total = {pool: chance.randint(0, 9) for pool in ("cups", "mugs")}
    left = dict(total)
    claims, values = [], {}
    for order in range(chance.randint(1, 5)):
        bound = chance.random() < 0.3
        values[order] = chance.choice((1.0, 2.0, 3.5))
        for pool in chance.sample(sorted(total), chance.randint(1, 2)):
            wanted = chance.randint(1, 6)
            held = min(left[pool], chance.randint(0, wanted)) if not bound else 0
            left[pool] -= held
            claims.append(
                claim(
                    len(claims) + 1,
                    wanted,
                    held,
                    order=order + 100,
                    pool=pool,
                    rank=(chance.randint(0, 2),),
                    outcome=planner.REDISTRIBUTE,
                    ships_complete=bound,
                )
            )
    values = {order + 100: value for order, value in values.items()}
    return situation(claims, values=values if seed % 2 else None, **{**total})


def best_of_all_orders(facts):
    """The number, or value, of the orders that what is there can complete together."""
    wanted = {}
    for each in facts.claims:
        wanted.setdefault(each.order, Counter())[each.pool] += each.wanted
    best = 0
    for size in range(len(wanted) + 1):
        for some in combinations(wanted, size):
            needed = sum((wanted[order] for order in some), Counter())
            if all(needed[pool] <= facts.supplies[pool] for pool in needed):
                worth = sum(
                    facts.values[order] if facts.values else 1 for order in some
                )
                best = max(best, worth)
    return best


@unittest.skipUnless(find_solver(), "highspy is NOT installed: the best NOT tested")
class TestBestOfAll(PlanCase):
    def test_brute_force_finds_no_better_plan(self):
        """The whole engine, by number and by value, in three thousand small cases."""
        better_than_in_sequence = 0
        for seed in range(3000):
            facts = order_situation(seed)
            plan = reallocate(facts, planner.COMPLETE_ORDERS)
            reached = self.get_worth(facts, plan)
            self.assertEqual(reached, best_of_all_orders(facts), seed)
            if plan.choice:
                self.assertTrue(plan.choice.exact)
                self.assertEqual(plan.choice.bound, plan.choice.value)
            in_sequence = self.get_worth(facts, reallocate(facts))
            self.assertGreaterEqual(reached, in_sequence)
            better_than_in_sequence += reached > in_sequence
        self.assertGreater(better_than_in_sequence, 100, "these cases prove nothing")

    def get_worth(self, facts, plan):
        short = {
            each.claim.order
            for each in plan.decisions
            if each.after < each.claim.wanted
        }
        orders = {each.claim.order for each in plan.decisions} - short
        return sum(facts.values[order] if facts.values else 1 for order in orders)
