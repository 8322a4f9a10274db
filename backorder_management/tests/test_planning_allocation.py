"""The planner in sequence: pure, so every case is a handful of numbers."""

from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..planning.allocation import (
    Allocation,
    Demand,
    allocate_in_sequence,
    rank_by_default,
)

MAY_1 = datetime(2026, 5, 1)
MAY_2 = datetime(2026, 5, 2)
DAY_1, DAY_2 = date(2026, 5, 1), date(2026, 5, 2)


def plan(demands, pools, supplies, **options):
    return allocate_in_sequence(demands, pools, supplies, digits=2, **options)


@tagged("post_install", "-at_install")
class TestAllocateInSequence(BaseCase):
    def test_first_rank_takes_first_supply_first(self):
        """Shelf 3, floor 10; wanted 5 then 6: 3+2 and 6."""
        result = plan(
            [
                Demand(id=1, pool="stock", quantity=6, rank=(2,)),
                Demand(id=2, pool="stock", quantity=5, rank=(1,)),
            ],
            {"stock": ["shelf", "floor"]},
            {"shelf": 3, "floor": 10},
        )
        self.assertEqual(
            result,
            [
                Allocation(2, (("shelf", 3), ("floor", 2)), 0),
                Allocation(1, (("floor", 6),), 0),
            ],
        )

    def test_the_last_one_gets_what_is_left(self):
        result = plan(
            [
                Demand(id=1, pool="stock", quantity=4, rank=(1,)),
                Demand(id=2, pool="stock", quantity=4, rank=(2,)),
                Demand(id=3, pool="stock", quantity=4, rank=(3,)),
            ],
            {"stock": ["shelf"]},
            {"shelf": 6},
        )
        self.assertEqual([each.missing for each in result], [0, 2, 4])

    def test_overlapping_pools_share_one_shelf(self):
        """Whoever may take from the shelf alone finds what the other left there."""
        result = plan(
            [
                Demand(id=1, pool="stock", quantity=3, rank=(1,)),
                Demand(id=2, pool="shelf", quantity=3, rank=(2,)),
                Demand(id=3, pool="stock", quantity=3, rank=(3,)),
            ],
            {"stock": ["shelf", "floor"], "shelf": ["shelf"]},
            {"shelf": 4, "floor": 1},
        )
        self.assertEqual(
            result,
            [
                Allocation(1, (("shelf", 3),), 0),
                Allocation(2, (("shelf", 1),), 2),
                Allocation(3, (("floor", 1),), 2),
            ],
        )

    def test_limit_holds_back_what_is_owed_elsewhere(self):
        """5 on the shelf, -2 on the floor: only 3 may be given away."""
        result = plan(
            [Demand(id=1, pool="stock", quantity=5, rank=(1,))],
            {"stock": ["floor", "shelf"]},
            {"floor": -2, "shelf": 5},
            limits={"stock": 3},
        )
        self.assertEqual(result, [Allocation(1, (("shelf", 3),), 2)])

    def test_unit_that_does_not_divide_leaves_the_rest(self):
        """31 pieces, sold by the dozen: 24 can be expressed, 7 stay."""
        result = plan(
            [
                Demand(1, "stock", 60, (1,), fit=lambda pieces: pieces // 12 * 12),
                Demand(2, "stock", 9, (2,)),
            ],
            {"stock": ["shelf"]},
            {"shelf": 31},
        )
        self.assertEqual(
            result,
            [Allocation(1, (("shelf", 24),), 36), Allocation(2, (("shelf", 7),), 2)],
        )

    def test_unknown_pool_and_no_supply(self):
        result = plan(
            [Demand(1, "nowhere", 2, (1,)), Demand(2, "empty", 2, (2,))],
            {"empty": ["shelf"]},
            {"shelf": 0},
        )
        self.assertEqual(result, [Allocation(1, (), 2), Allocation(2, (), 2)])

    def test_fractions_add_up(self):
        """Ten times 0.1 of 1.0: nothing is left over and nobody goes short."""
        result = plan(
            [Demand(index, "stock", 0.1, (index,)) for index in range(10)],
            {"stock": ["shelf"]},
            {"shelf": 1.0},
        )
        self.assertEqual([each.missing for each in result], [0] * 10)

    def test_nothing_in_nothing_out(self):
        self.assertEqual(plan([], {}, {}), [])


@tagged("post_install", "-at_install")
class TestDefaultRank(BaseCase):
    """Star, then goods received for it, then needed, then ordered, then id."""

    def rank(
        self, demand_id, starred=False, received=False, needed=DAY_1, ordered=MAY_1
    ):
        return rank_by_default(
            demand_id=demand_id,
            starred=starred,
            received_for_it=received,
            needed=needed,
            ordered=ordered,
        )

    def test_order(self):
        served = [
            self.rank(9, starred=True, received=True, needed=DAY_2),
            self.rank(8, starred=True, needed=DAY_1),
            self.rank(7, received=True, needed=DAY_2),
            self.rank(6, needed=DAY_1, ordered=MAY_1),
            self.rank(5, needed=DAY_1, ordered=MAY_2),
            self.rank(3, needed=DAY_2, ordered=MAY_1),
            self.rank(4, needed=DAY_2, ordered=MAY_1),
            self.rank(2, needed=DAY_2, ordered=None),
            self.rank(1, needed=None),
        ]
        self.assertEqual(sorted(served), served)


QUANTITIES = st.integers(0, 2000).map(lambda cents: cents / 100)


@st.composite
def problems(draw):
    supplies = draw(
        st.dictionaries(st.integers(1, 6), QUANTITIES.map(lambda q: q - 3), min_size=1)
    )
    shelves = sorted(supplies)
    pools = {
        "stock": draw(st.permutations(shelves)),
        "part": draw(st.lists(st.sampled_from(shelves), unique=True)),
    }
    demands = [
        Demand(
            id=index,
            pool=draw(st.sampled_from(["stock", "part", "nowhere"])),
            quantity=draw(QUANTITIES),
            rank=(draw(st.integers(0, 3)), index),
        )
        for index in range(draw(st.integers(0, 8)))
    ]
    return demands, pools, supplies


@tagged("post_install", "-at_install")
class TestAllocationProperties(BaseCase):
    @settings(deadline=None)
    @given(problems())
    def test_supply_is_conserved(self, problem):
        demands, pools, supplies = problem
        taken = dict.fromkeys(supplies, 0)
        wanted = {demand.id: demand for demand in demands}
        for allocation in plan(demands, pools, supplies):
            demand = wanted.pop(allocation.demand_id)
            got = sum(quantity for _supply, quantity in allocation.shares)
            self.assertAlmostEqual(got + allocation.missing, demand.quantity, places=6)
            self.assertGreaterEqual(round(allocation.missing, 6), 0)
            for supply, quantity in allocation.shares:
                self.assertGreater(quantity, 0)
                self.assertIn(supply, pools[demand.pool])
                taken[supply] += quantity
        self.assertFalse(wanted)
        for supply, quantity in taken.items():
            self.assertLessEqual(round(quantity, 6), max(0, round(supplies[supply], 6)))

    @settings(deadline=None)
    @given(problems())
    def test_nobody_goes_short_while_goods_are_left(self, problem):
        demands, pools, supplies = problem
        result = plan(demands, pools, supplies)
        left = dict(supplies)
        pool_of = {demand.id: demand.pool for demand in demands}
        for allocation in result:
            for supply, quantity in allocation.shares:
                left[supply] -= quantity
        for allocation in result:
            if allocation.missing:
                for supply in pools.get(pool_of[allocation.demand_id], []):
                    self.assertLessEqual(round(left[supply], 6), 0)

    @settings(deadline=None)
    @given(problems())
    def test_a_later_demand_takes_nothing_from_an_earlier_one(self, problem):
        """Leaving out the last in rank changes nothing for the others."""
        demands, pools, supplies = problem
        result = plan(demands, pools, supplies)
        if demands:
            last = max(demands, key=lambda demand: demand.rank)
            others = [demand for demand in demands if demand.id != last.id]
            self.assertEqual(plan(others, pools, supplies), result[:-1])

    @settings(deadline=None)
    @given(problems(), st.randoms())
    def test_same_input_same_plan(self, problem, chance):
        demands, pools, supplies = problem
        shuffled = list(demands)
        chance.shuffle(shuffled)
        self.assertEqual(
            plan(demands, pools, supplies), plan(shuffled, pools, supplies)
        )
