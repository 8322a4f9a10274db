"""Fair shares: hand-written cases, then laws, each judged without the planner."""

from itertools import product
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..planning.fair_share import Sharer, _Tree, share_fairly

STOCK = {"stock": ["shelf"]}
SHELF_IN_STOCK = {"stock": ["shelf", "floor"], "shelf": ["shelf"]}


def asking(sharer_id, most, *, least=0, unit=1, pool="stock", group=None):
    return Sharer(sharer_id, pool, least, most, unit, group)


def share(sharers, pools, supplies, digits=2):
    return share_fairly(sharers, pools, supplies, digits=digits)


@tagged("post_install", "-at_install")
class TestShareFairly(BaseCase):
    def assert_shares(self, sharers, pools, supplies, expected):
        """Expected: what each gets, in the order in which the sharers are given."""
        result = share(sharers, pools, supplies)
        self.assertEqual(list(result), [sharer.id for sharer in sharers])
        self.assertEqual(list(result.values()), expected)

    def test_who_asks_little_gets_it_and_the_others_share_the_rest(self):
        """12 in stock, 10, 10, 2 and 10 asked: 2, and 3 for each of the others; the
        one piece that is left goes to the first."""
        self.assert_shares(
            [asking(1, 10), asking(2, 10), asking(3, 2), asking(4, 10)],
            STOCK,
            {"shelf": 12},
            [4, 3, 2, 3],
        )

    def test_leftovers_go_one_each_in_the_order_given(self):
        self.assert_shares(
            [asking(7, 10), asking(5, 10), asking(6, 10)],
            STOCK,
            {"shelf": 5},
            [2, 2, 1],
        )

    def test_all_get_all_where_there_is_enough(self):
        self.assert_shares(
            [asking(1, 4), asking(2, 7.5, unit=0.5)],
            STOCK,
            {"shelf": 12},
            [4, 7.5],
        )

    def test_what_is_kept_counts_as_share(self):
        """12 in stock: who keeps 3 is raised to 4 like everybody, who keeps 8 is not
        raised, and the others share the 4 that are left."""
        self.assert_shares(
            [asking(1, 10, least=3), asking(2, 10), asking(3, 10)],
            STOCK,
            {"shelf": 12},
            [4, 4, 4],
        )
        self.assert_shares(
            [asking(1, 10, least=8), asking(2, 10), asking(3, 10)],
            STOCK,
            {"shelf": 12},
            [8, 2, 2],
        )

    def test_leftovers_go_to_those_who_have_least(self):
        """The first keeps half a piece, so at a level of 2.75 it has 2.5, the other 2.
        The piece left over goes to the one with 2, although it is given last."""
        self.assert_shares(
            [asking(1, 10, least=0.5), asking(2, 10)],
            STOCK,
            {"shelf": 5.5},
            [2.5, 3],
        )

    def test_pieces_take_what_is_too_little_for_a_dozen(self):
        """31 in stock, a level of 15.5: one dozen, 15 pieces, and the 4 left over."""
        self.assert_shares(
            [asking(1, 60, unit=12), asking(2, 60)],
            STOCK,
            {"shelf": 31},
            [12, 19],
        )

    def test_a_dozen_above_the_level_is_given_where_it_is_left_over(self):
        """33 in stock, a level of 11: two times 11 and 11 left, too little for the
        dozen. Of 34 there are 12 left, and who has nothing comes first."""
        sharers = [asking(1, 60), asking(2, 60), asking(3, 60, unit=12)]
        self.assert_shares(sharers, STOCK, {"shelf": 33}, [17, 16, 0])
        self.assert_shares(sharers, STOCK, {"shelf": 34}, [11, 11, 12])

    def test_who_keeps_more_than_the_level_gets_no_leftovers_before_the_others(self):
        """20 are kept; of the other 14 the level is 7. That is too little for the
        dozen, and what it leaves raises the first, not the one who has 20."""
        self.assert_shares(
            [asking(1, 40), asking(2, 24, unit=12), asking(3, 30, least=20)],
            STOCK,
            {"shelf": 34},
            [14, 0, 20],
        )

    def test_the_last_step_may_be_smaller(self):
        """17 asked by the dozen: 12, or all 17."""
        sharers = [asking(1, 17, unit=12)]
        self.assert_shares(sharers, STOCK, {"shelf": 16}, [12])
        self.assert_shares(sharers, STOCK, {"shelf": 17}, [17])

    def test_pieces_of_a_product_counted_in_dozens(self):
        """A quarter of a dozen is 3 pieces: 2 (0.17) and 1 (0.08)."""
        self.assert_shares(
            [asking(1, 1, unit=1 / 12), asking(2, 1, unit=1 / 12)],
            STOCK,
            {"shelf": 0.25},
            [0.17, 0.08],
        )

    def test_a_scarce_shelf_does_not_hold_back_the_rest(self):
        """2 on the shelf for the two who may only take from there, 10 on the floor
        for the two others."""
        self.assert_shares(
            [
                asking(1, 10, pool="shelf"),
                asking(2, 10),
                asking(3, 10, pool="shelf"),
                asking(4, 10),
            ],
            SHELF_IN_STOCK,
            {"shelf": 2, "floor": 10},
            [1, 5, 1, 5],
        )

    def test_a_shelf_is_shared_with_those_who_may_take_from_everywhere(self):
        """6 on the shelf, 1 on the floor: 3 each, and one left for the first."""
        sharers = [asking(1, 5), asking(2, 5, pool="shelf")]
        supplies = {"shelf": 6, "floor": 1}
        self.assert_shares(sharers, SHELF_IN_STOCK, supplies, [4, 3])
        self.assert_shares(sharers[::-1], SHELF_IN_STOCK, supplies, [4, 3])

    def test_what_a_shelf_cannot_give_in_whole_steps_is_left_to_the_others(self):
        """9 on the shelf, too little for the dozen: all 11 go to the other."""
        self.assert_shares(
            [asking(1, 24, pool="shelf", unit=12), asking(2, 20)],
            SHELF_IN_STOCK,
            {"shelf": 9, "floor": 2},
            [0, 11],
        )

    def test_products_do_not_meet(self):
        self.assert_shares(
            [asking(1, 5, pool="nuts"), asking(2, 5, pool="bolts")],
            {"nuts": ["box"], "bolts": ["bag"]},
            {"box": 1, "bag": 4},
            [1, 4],
        )

    def test_pools_with_the_same_goods_are_one(self):
        self.assert_shares(
            [asking(1, 5, pool="hall"), asking(2, 5, pool="warehouse")],
            {"hall": ["shelf"], "warehouse": ["gate", "shelf"]},
            {"shelf": 6, "gate": 0},
            [3, 3],
        )

    def test_nothing_is_taken_where_nothing_is(self):
        """-2 on the floor neither gives nor takes; an unknown pool is empty."""
        self.assert_shares(
            [asking(1, 9), asking(2, 9, pool="nowhere"), asking(3, 9, pool="floor")],
            {"stock": ["floor", "shelf"], "floor": ["floor"]},
            {"floor": -2, "shelf": 5},
            [5, 0, 0],
        )

    def test_fractions_add_up(self):
        """0.29 and 0.57 are 0.86, in binary fractions slightly less."""
        self.assert_shares(
            [asking(1, 5, unit=0.01), asking(2, 5, unit=0.01)],
            {"stock": ["shelf", "floor"]},
            {"shelf": 0.29, "floor": 0.57},
            [0.43, 0.43],
        )

    def test_hundredths(self):
        self.assert_shares(
            [asking(number, 5, unit=0.01) for number in range(3)],
            STOCK,
            {"shelf": 1},
            [0.34, 0.33, 0.33],
        )

    def test_much_stock_is_shared_in_few_rounds(self):
        """10,000 in stock, a level of 3,333: 277 dozens are 3,324, and the dozens
        leave 10, five for each of the others."""
        sharers = [asking(1, 9000), asking(2, 9000, unit=12), asking(3, 9000)]
        with patch.object(
            _Tree, "set_points", autospec=True, side_effect=_Tree.set_points
        ) as rounds:
            self.assert_shares(sharers, STOCK, {"shelf": 10000}, [3338, 3324, 3338])
        self.assertIn(rounds.call_count, range(1, 5))

    def test_pools_that_cross_are_refused(self):
        """Shares of crossing pools could exceed what is there."""
        with self.assertRaises(ValueError):
            share(
                [asking(1, 1, pool="left"), asking(2, 1, pool="right")],
                {"left": ["a", "b"], "right": ["b", "c"]},
                {"a": 1, "b": 1, "c": 1},
            )

    def test_nothing_in_nothing_out(self):
        self.assertEqual(share([], {}, {}), {})


@tagged("post_install", "-at_install")
class TestGroups(BaseCase):
    """Orders that ship only complete: every line gets all, or no line anything."""

    assert_shares = TestShareFairly.assert_shares

    def test_a_group_that_the_level_covers_is_served(self):
        """12 in stock, a level of 6 beside the two lines of 3."""
        self.assert_shares(
            [asking(1, 10), asking(2, 3, group="A"), asking(3, 3, group="A")],
            STOCK,
            {"shelf": 12},
            [6, 3, 3],
        )

    def test_an_incomplete_group_gets_nothing_not_even_what_it_kept(self):
        self.assert_shares(
            [asking(1, 2, least=2, group="A"), asking(2, 9, group="A"), asking(3, 12)],
            STOCK,
            {"shelf": 10},
            [0, 0, 10],
        )

    def test_one_missing_line_frees_the_other_products(self):
        """The order lacks bolts, so its nuts go to somebody else."""
        self.assert_shares(
            [
                asking(1, 5, pool="nuts", group="A"),
                asking(2, 5, pool="bolts", group="A"),
                asking(3, 5, pool="nuts"),
            ],
            {"nuts": ["box"], "bolts": ["bag"]},
            {"box": 6, "bag": 4},
            [0, 0, 5],
        )

    def test_the_last_given_group_is_dropped_first(self):
        """10 in stock, 6 asked twice: only one of them can be complete."""
        self.assert_shares(
            [asking(1, 6, group="A"), asking(2, 6, group="B")],
            STOCK,
            {"shelf": 10},
            [6, 0],
        )

    def test_a_dropped_group_leaves_all_its_products_to_the_others(self):
        """10 nuts, 6 asked twice: B is dropped, and its bolts go to the last one."""
        self.assert_shares(
            [
                asking(1, 6, pool="nuts", group="A"),
                asking(2, 1, pool="bolts", group="A"),
                asking(3, 6, pool="nuts", group="B"),
                asking(4, 5, pool="bolts", group="B"),
                asking(5, 9, pool="bolts"),
            ],
            {"nuts": ["box"], "bolts": ["bag"]},
            {"box": 10, "bag": 9},
            [6, 1, 0, 0, 8],
        )

    def test_dropping_one_completes_the_others(self):
        """12 in stock, three times 5 asked: without the last there is enough."""
        self.assert_shares(
            [asking(1, 5, group="A"), asking(2, 5, group="B"), asking(3, 5, group="C")],
            STOCK,
            {"shelf": 12},
            [5, 5, 0],
        )

    def test_a_small_group_is_completed_as_soon_as_enough_has_been_dropped(self):
        """20 in stock, a level of 4: nobody is complete. Without E it is 5, and D is
        complete; without C there are 8 and 7 for A and B, so B makes room for A."""
        sharers = [asking(1, 9, group="A"), asking(2, 9, group="B")]
        sharers += [asking(3, 9, group="C"), asking(4, 5, group="D")]
        sharers += [asking(5, 9, group="E")]
        self.assert_shares(sharers, STOCK, {"shelf": 20}, [9, 0, 0, 5, 0])

    def test_a_leftover_may_complete_a_group(self):
        """7 in stock, a level of 3.5: the fourth piece goes to the first."""
        self.assert_shares(
            [asking(1, 4, group="A"), asking(2, 10)], STOCK, {"shelf": 7}, [4, 3]
        )

    def test_a_hopeless_group_does_not_push_out_another(self):
        """20 in stock for one who asks 100: beside that one a group can have 10. The
        group that asks 12 fails in any case, so the one that asks 8 may stay."""
        self.assert_shares(
            [asking(1, 100), asking(2, 12, group="A"), asking(3, 8, group="B")],
            STOCK,
            {"shelf": 20},
            [12, 0, 8],
        )

    def test_a_group_that_a_leftover_would_complete_is_not_hopeless(self):
        """7 in stock: beside the one who asks 10 the level is 3.5, and the first has 4
        as soon as the group that asks 7 is gone."""
        self.assert_shares(
            [asking(1, 4, group="A"), asking(2, 10), asking(3, 7, group="B")],
            STOCK,
            {"shelf": 7},
            [4, 3, 0],
        )

    def test_others_on_a_scarce_shelf_do_not_make_a_group_hopeless(self):
        """3 on the shelf: A takes 1 and leaves 2; the floor has its 6. Neither A nor B
        is complete beside the other, but only B is hopeless."""
        self.assert_shares(
            [
                asking(1, 1, pool="shelf", group="A"),
                asking(2, 6, group="A"),
                asking(3, 3, pool="shelf"),
                asking(4, 9, group="B"),
            ],
            SHELF_IN_STOCK,
            {"shelf": 3, "floor": 6},
            [1, 6, 2, 0],
        )

    def test_a_dropped_group_gets_what_nobody_else_can_take(self):
        """12 in stock, a level of 4. Without C it is 6, and B is complete. A, who has 6
        of its 9, is dropped too; then there are 6 again for C."""
        self.assert_shares(
            [asking(1, 9, group="A"), asking(2, 6, group="B"), asking(3, 6, group="C")],
            STOCK,
            {"shelf": 12},
            [0, 6, 6],
        )

    def test_many_failing_groups_are_dropped_in_few_rounds(self):
        """1,000 in stock, 500 times 3 asked: the first 333 are complete. Filling anew
        after each of 167 drops would take too long."""
        sharers = [asking(number, 3, group=number) for number in range(500)]
        with patch.object(_Tree, "fill", autospec=True, side_effect=_Tree.fill) as fill:
            self.assert_shares(
                sharers, STOCK, {"shelf": 1000}, [3] * 333 + [0] * (500 - 333)
            )
        self.assertIn(fill.call_count, range(2, 50))


SUPPLIES = ("a", "b", "c", "d", "e", "x", "y")
POOLS = {
    "warehouse": ["e", "a", "d", "b", "c"],
    "hall": ["c", "a", "b"],
    "shelf": ["b"],
    "gate": ["d", "e"],
    "box": ["x", "y"],
}
UNITS = (1, 12, 0.5, 2.5, 0.01)


def cents(quantity):
    return round(quantity * 100)


def fits(wanted, pools, supplies):
    """Whether goods can be carried to everybody: those who have the fewest places to
    take from go first.

    :param wanted: pairs of a pool and a quantity
    """
    left = {supply: max(0, cents(quantity)) for supply, quantity in supplies.items()}
    for pool, quantity in sorted(wanted, key=lambda each: len(pools[each[0]])):
        missing = cents(quantity)
        for supply in pools[pool]:
            taken = min(missing, left[supply])
            left[supply] -= taken
            missing -= taken
        if missing:
            return False
    return True


@st.composite
def problems(draw, units=UNITS, groups=(None, None, "A", "B", "C", "D")):
    """Sharers with small asks, who keep together what fits into the supplies."""
    amounts = st.one_of(
        st.integers(-2, 40), st.integers(0, 2000).map(lambda number: number / 100)
    )
    supplies = {supply: draw(amounts) for supply in SUPPLIES}
    sharers, kept = [], []
    for number in range(draw(st.integers(1, 10))):
        pool = draw(st.sampled_from(list(POOLS)))
        least = draw(st.sampled_from([0, 0, 0, 1, 2.5, 12]))
        if not fits([*kept, (pool, least)], POOLS, supplies):
            least = 0
        kept.append((pool, least))
        sharers.append(
            Sharer(
                id=number,
                pool=pool,
                least=least,
                most=round(least + draw(st.integers(0, 3000)) / 100, 2),
                unit=draw(st.sampled_from(units)),
                group=draw(st.sampled_from(groups)),
            )
        )
    return sharers, POOLS, supplies


def with_quantity(sharers, result, changes):
    """Pools and quantities as they would be if some sharers had something else."""
    return [
        (sharer.pool, changes.get(sharer.id, result[sharer.id])) for sharer in sharers
    ]


def took_whole_steps(sharer, result):
    """Whether it has more than it keeps, and that in whole steps."""
    taken = cents(result[sharer.id]) - cents(sharer.least)
    return taken > 0 and taken % cents(sharer.unit) == 0


def members_by_group(sharers):
    groups = {}
    for sharer in sharers:
        if sharer.group is not None:
            groups.setdefault(sharer.group, []).append(sharer)
    return groups.values()


@tagged("post_install", "-at_install")
class TestFairShareProperties(BaseCase):
    @settings(deadline=None)
    @given(problems())
    def test_everybody_gets_whole_steps_between_least_and_most(self, problem):
        sharers, pools, supplies = problem
        result = share(sharers, pools, supplies)
        self.assertEqual(list(result), [sharer.id for sharer in sharers])
        for sharer in sharers:
            given_to_it = result[sharer.id]
            self.assertEqual(given_to_it, round(given_to_it, 2))
            if given_to_it == sharer.most or sharer.group is not None:
                continue
            self.assertGreaterEqual(given_to_it, sharer.least)
            self.assertLess(given_to_it, sharer.most)
            taken = cents(given_to_it) - cents(sharer.least)
            self.assertEqual(taken % cents(sharer.unit), 0)

    @settings(deadline=None)
    @given(problems())
    def test_groups_get_all_or_nothing(self, problem):
        sharers, pools, supplies = problem
        result = share(sharers, pools, supplies)
        for members in members_by_group(sharers):
            shares = [result[member.id] for member in members]
            self.assertIn(
                shares, [[member.most for member in members], [0] * len(members)]
            )

    @settings(deadline=None)
    @given(problems())
    def test_what_is_given_is_there(self, problem):
        sharers, pools, supplies = problem
        result = share(sharers, pools, supplies)
        self.assertTrue(fits(with_quantity(sharers, result, {}), pools, supplies))

    @settings(deadline=None)
    @given(problems())
    def test_nobody_could_have_one_step_more(self, problem):
        sharers, pools, supplies = problem
        result = share(sharers, pools, supplies)
        for sharer in sharers:
            if sharer.group is None and result[sharer.id] < sharer.most:
                more = min(sharer.most, result[sharer.id] + sharer.unit)
                wanted = with_quantity(sharers, result, {sharer.id: more})
                self.assertFalse(fits(wanted, pools, supplies))

    @settings(deadline=None)
    @given(problems())
    def test_no_group_could_be_added(self, problem):
        sharers, pools, supplies = problem
        result = share(sharers, pools, supplies)
        for members in members_by_group(sharers):
            asked = {member.id: member.most for member in members}
            if any(result[number] < most for number, most in asked.items()):
                wanted = with_quantity(sharers, result, asked)
                self.assertFalse(fits(wanted, pools, supplies))

    @settings(deadline=None)
    @given(problems(units=(1, 12), groups=(None,)))
    def test_nobody_is_more_than_a_step_ahead_of_who_could_have_had_it(self, problem):
        """Who goes short and may take from wherever the other takes, in steps of the
        same size, has at most one step less, unless the other just keeps it or its
        last step was a smaller one."""
        sharers, pools, supplies = problem
        result = share(sharers, pools, supplies)
        for short, other in product(sharers, repeat=2):
            if (
                result[short.id] < short.most
                and took_whole_steps(other, result)
                and short.unit == other.unit
                and set(pools[other.pool]) <= set(pools[short.pool])
            ):
                ahead = cents(result[other.id]) - cents(result[short.id])
                self.assertLessEqual(ahead, cents(short.unit))

    @settings(deadline=None)
    @given(problems(), st.randoms())
    def test_the_order_of_pools_and_supplies_is_irrelevant(self, problem, chance):
        sharers, pools, supplies = problem

        def shuffled(values):
            return chance.sample(list(values), len(values))

        other_pools = {pool: shuffled(pools[pool]) for pool in shuffled(pools)}
        other_supplies = {supply: supplies[supply] for supply in shuffled(supplies)}
        self.assertEqual(
            share(sharers, pools, supplies), share(sharers, other_pools, other_supplies)
        )

    @settings(deadline=None)
    @given(problems(groups=(None,)))
    def test_a_group_whose_lines_get_all_is_complete(self, problem):
        """It makes no difference whether they have to ship together."""
        sharers, pools, supplies = problem
        alone = share(sharers, pools, supplies)
        served = [each for each in sharers if alone[each.id] == each.most]
        grouped = [
            Sharer(s.id, s.pool, s.least, s.most, s.unit, "A" if s in served else None)
            for s in sharers
        ]
        self.assertEqual(share(grouped, pools, supplies), alone)


def fairest(sharers, pools, supplies):
    """The best of all that is possible, by trying everything in whole pieces: who has
    least has as much as can be, then who has next to least, and so on."""
    choices = [range(sharer.least, sharer.most + 1) for sharer in sharers]
    names = [sharer.pool for sharer in sharers]
    return max(
        sorted(shares)
        for shares in product(*choices)
        if fits(zip(names, shares, strict=True), pools, supplies)
    )


@st.composite
def small_problems(draw, names):
    supplies = {"shelf": draw(st.integers(0, 8)), "floor": draw(st.integers(0, 8))}
    sharers, kept = [], []
    for number in range(draw(st.integers(1, 4))):
        pool, least = draw(st.sampled_from(names)), draw(st.integers(0, 3))
        if not fits([*kept, (pool, least)], SMALL_POOLS, supplies):
            least = 0
        kept.append((pool, least))
        most = least + draw(st.integers(0, 4))
        sharers.append(asking(number, most, least=least, pool=pool))
    return sharers, supplies


SMALL_POOLS = {"stock": ["shelf", "floor"], "shelf": ["shelf"], "floor": ["floor"]}


@tagged("post_install", "-at_install")
class TestFairestOfAll(BaseCase):
    def assert_fairest(self, sharers, supplies):
        for digits in (0, 2):
            result = share(sharers, SMALL_POOLS, supplies, digits)
            self.assertEqual(
                sorted(result.values()), fairest(sharers, SMALL_POOLS, supplies)
            )

    @settings(deadline=None)
    @given(small_problems(names=("stock",)))
    def test_one_pool(self, problem):
        self.assert_fairest(*problem)

    @settings(deadline=None)
    @given(small_problems(names=("stock", "shelf", "floor")))
    def test_a_pool_with_two_narrower_ones(self, problem):
        self.assert_fairest(*problem)
