"""Which orders to complete: small cases by hand, thousands against every subset."""

from itertools import combinations
from random import Random

from odoo.tests import BaseCase, tagged

from ..planning.complete_orders import (
    Answer,
    Choice,
    OrderNeed,
    Solver,
    choose_complete_orders,
    find_solver,
)

SHELF = {"shelf": ["shelf"]}
# Each order needs two of three products, and there is one of each: one order at most.
# The value 3 is the best, yet half of every order would be worth 4.
TRIANGLE = [
    OrderNeed(1, {"A": 1, "B": 1}, value=3),
    OrderNeed(2, {"B": 1, "C": 1}, value=3),
    OrderNeed(3, {"C": 1, "A": 1}, value=2),
]
TRIANGLE_POOLS = {"A": ["a"], "B": ["b"], "C": ["c"]}
TRIANGLE_STOCK = {"a": 1, "b": 1, "c": 1}
# In sequence the orders 1 and 2 are complete, by the rules of thumb three orders. Four
# orders fit together, 4, 6, 7 and 8: A 3 + 4, B 4 + 1, C 1 + 5, D 5 + 1.
HARD_NEEDS = (
    {"A": 2, "D": 3},
    {"A": 2, "C": 3},
    {"A": 4, "B": 5},
    {"D": 5, "B": 4},
    {"C": 4, "D": 5},
    {"A": 3, "C": 1},
    {"B": 1, "C": 5},
    {"D": 1, "A": 4},
)
HARD_POOLS = {"A": ["a"], "B": ["b"], "C": ["c"], "D": ["d"]}
HARD_STOCK = {"a": 7, "b": 5, "c": 6, "d": 7}
HARD_BEST = frozenset({4, 6, 7, 8})


def no_solver():
    return None


def choose(orders, pools, supplies, **options):
    """A choice by the rules of thumb alone, unless a solver is given."""
    return choose_complete_orders(
        orders, pools, supplies, **{"find_solver": no_solver, **options}
    )


def count(*needs):
    """Orders 1, 2, 3... in order of rank, each counting one."""
    return [OrderNeed(number, need) for number, need in enumerate(needs, 1)]


def hundredths(supplies):
    return {supply: round(quantity * 100) for supply, quantity in supplies.items()}


def take(quantity, content, left):
    """Take a quantity from a pool's supplies as they come; what is missing, if any."""
    missing = round(quantity * 100)
    for supply in content:
        taken = max(0, min(missing, left[supply]))
        left[supply] -= taken
        missing -= taken
    return missing


def can_serve(orders, pools, supplies):
    """Whether stock really covers all the orders: hand it out, the narrowest first."""
    left = hundredths(supplies)
    needs = [need for order in orders for need in order.needs.items()]
    needs.sort(key=lambda need: len(pools.get(need[0], ())))
    return not any(take(need, pools.get(pool, ()), left) for pool, need in needs)


def complete_in_sequence(orders, pools, supplies):
    """Ids of the orders that are complete when each takes what it can get in turn."""
    left = hundredths(supplies)
    return frozenset(
        order.id
        for order in orders
        if not sum(
            [
                take(need, pools.get(pool, ()), left)
                for pool, need in order.needs.items()
            ]
        )
    )


def best_of_all_subsets(orders, pools, supplies):
    """The most that orders which stock covers together are worth."""
    best = 0
    for size in range(len(orders) + 1):
        for some in combinations(orders, size):
            value = sum(order.value for order in some)
            if value > best and can_serve(some, pools, supplies):
                best = value
    return round(best, 2)


def random_values(chance, kind):
    """What an order counts: one, a small number, or an amount of money."""
    return (1.0, chance.randint(1, 3), chance.randint(1, 2000) / 100)[kind]


def nested_case(seed):
    """Up to eight orders for two products in nested and separate locations."""
    chance = Random(seed)
    pools, supplies = {}, {}
    for product in "AB":
        places = [f"{product}{place}" for place in ("bin", "shelf", "yard")]
        supplies |= {place: chance.randint(-10, 60) / 10 for place in places}
        contents = {"bin": places[:1], "rack": places[:2], "all": places}
        contents |= {"yard": places[2:], "empty": []}
        for name, content in contents.items():
            pools[product, name] = chance.sample(content, len(content))
    names = [*pools, ("B", "unknown")]
    likely = [1 if name in ("empty", "unknown") else 8 for _product, name in names]
    orders = []
    for number in range(chance.randint(1, 8)):
        lines = chance.choices(names, likely, k=chance.randint(1, 3))
        needs = {line: chance.randint(1, 30) / 10 for line in lines}
        orders.append(OrderNeed(99 - number, needs, random_values(chance, seed % 3)))
    return orders, pools, supplies


def tight_case(seed, orders=8, products=4, lines=2):
    """Orders that all compete, for about half of what they need."""
    chance = Random(seed)
    pools = {product: [f"stock of {product}"] for product in range(products)}
    needs = [
        {product: chance.randint(1, 5) for product in chance.sample(list(pools), lines)}
        for _order in range(orders)
    ]
    supplies = {
        supply: max(1, sum(need.get(product, 0) for need in needs) // 2)
        for product, [supply] in pools.items()
    }
    values = [random_values(chance, seed % 3) for _need in needs]
    orders = [
        OrderNeed(*each) for each in zip(range(orders), needs, values, strict=True)
    ]
    return orders, pools, supplies


def total(orders, ids):
    return round(sum(order.value for order in orders if order.id in ids), 2)


def best_in_one_pool(orders, pools, supplies, pool):
    """What orders are worth if only this pool is scarce and they may be cut."""

    def need(order):
        inside = set(pools[pool])
        return sum(
            quantity
            for other, quantity in order.needs.items()
            if other in pools and set(pools[other]) <= inside
        )

    left = sum(max(0, supplies[supply]) for supply in pools[pool])
    worth = 0
    users = [order for order in orders if need(order)]
    for order in sorted(users, key=lambda order: -order.value / need(order)):
        part = min(1, left / need(order))
        worth += part * order.value
        left -= part * need(order)
    return worth + sum(order.value for order in orders if not need(order))


@tagged("post_install", "-at_install")
class TestCompleteOrders(BaseCase):
    """What is chosen, with numbers small enough to check by eye."""

    def assertChosen(self, choice, *ids):
        self.assertEqual(choice.chosen, frozenset(ids))

    def test_enough_for_all(self):
        """12 there, 5 + 7 wanted: nobody has to be chosen, no solver is looked for."""
        choice = choose(
            count({"shelf": 5}, {"shelf": 7}),
            SHELF,
            {"shelf": 12},
            find_solver=lambda: self.fail("asked for a solver"),
        )
        self.assertEqual(choice, Choice(frozenset({1, 2}), 2.0, 2.0, True, None))

    def test_no_orders(self):
        self.assertEqual(choose([], {}, {}), Choice(frozenset(), 0.0, 0.0, True, None))

    def test_two_small_ones_rather_than_a_big_one(self):
        """10 there; the first in rank wants all of it, two others want 5 each."""
        choice = choose(
            count({"shelf": 10}, {"shelf": 5}, {"shelf": 5}), SHELF, {"shelf": 10}
        )
        self.assertEqual(choice, Choice(frozenset({2, 3}), 2.0, 2.0, True, None))

    def test_the_big_one_where_it_is_worth_more(self):
        """The same, but worth 100.50 against 30.00 and 40.00."""
        choice = choose(
            [
                OrderNeed(1, {"shelf": 5}, value=30.0),
                OrderNeed(2, {"shelf": 5}, value=40.0),
                OrderNeed(3, {"shelf": 10}, value=100.5),
            ],
            SHELF,
            {"shelf": 10},
        )
        self.assertChosen(choice, 3)
        self.assertEqual(choice.value, 100.5)

    def test_order_of_several_products_makes_way(self):
        """5 of A and of B: one order wants both, two others want one each."""
        choice = choose(
            count({"A": 5, "B": 5}, {"A": 5}, {"B": 5}),
            {"A": ["a"], "B": ["b"]},
            {"a": 5, "b": 5},
        )
        self.assertChosen(choice, 2, 3)

    def test_one_goes_for_two_others(self):
        """Each in turn, the cheapest first: 2 orders. Without the second it is 3."""
        choice = choose(
            count({"A": 1, "B": 6}, {"A": 2, "B": 3}, {"A": 6}, {"B": 1}),
            {"A": ["a"], "B": ["b"]},
            {"a": 7, "b": 9},
        )
        self.assertChosen(choice, 1, 3, 4)

    def test_one_goes_for_a_dearer_one(self):
        """3 there: 5 for one piece is the better price, 8 for all three is more."""
        choice = choose(
            [OrderNeed(1, {"shelf": 1}, value=5), OrderNeed(2, {"shelf": 3}, value=8)],
            SHELF,
            {"shelf": 3},
        )
        self.assertChosen(choice, 2)

    def test_what_can_never_be_met_is_in_nobodys_way(self):
        """3 there: the first wants 4, so the second has all for itself."""
        choice = choose(count({"shelf": 4}, {"shelf": 3}), SHELF, {"shelf": 3})
        self.assertEqual(choice, Choice(frozenset({2}), 1.0, 1.0, True, None))

    def test_unknown_and_empty_pools_have_nothing(self):
        choice = choose(
            count({"nowhere": 1}, {"empty": 1}, {"shelf": 1}),
            {"empty": [], "shelf": ["shelf"]},
            {"shelf": 1},
        )
        self.assertChosen(choice, 3)

    def test_shelf_is_part_of_the_stock(self):
        """4 on the shelf, 3 on the floor: what the shelf gives is gone for all."""
        pools = {"all": ["shelf", "floor"], "shelf": ["shelf"]}
        supplies = {"shelf": 4, "floor": 3}
        choice = choose(count({"shelf": 4}, {"all": 3}, {"all": 4}), pools, supplies)
        self.assertChosen(choice, 1, 2)

    def test_all_together_are_no_more_than_the_stock(self):
        """5 on the shelf, 1 on the floor; each alone fits, two together never do."""
        pools = {"all": ["shelf", "floor"], "shelf": ["shelf"]}
        choice = choose(
            count({"all": 4}, {"shelf": 3}), pools, {"shelf": 5, "floor": 1}
        )
        self.assertChosen(choice, 1)

    def test_one_order_taking_from_shelf_and_all(self):
        """3 on the shelf, 1 elsewhere: 3 + 2 is more than there is, 3 + 1 is not."""
        pools = {"all": ["shelf", "floor"], "shelf": ["shelf"]}
        choice = choose(
            count({"shelf": 3, "all": 2}, {"shelf": 3, "all": 1}),
            pools,
            {"shelf": 3, "floor": 1},
        )
        self.assertChosen(choice, 2)

    def test_negative_stock_is_none(self):
        pools = {"all": ["shelf", "floor"]}
        choice = choose(count({"all": 5}), pools, {"shelf": 5, "floor": -2})
        self.assertChosen(choice, 1)

    def test_fractions_add_up(self):
        """0.1 + 0.2 of 0.3: a little more than 0.3 to a computer, yet it fits."""
        orders = count({"shelf": 0.1}, {"shelf": 0.2}, {"shelf": 0.1})
        self.assertChosen(choose(orders, SHELF, {"shelf": 0.3}), 1, 2)
        pools = {"one": ["bin", "box"], "other": ["box", "bin"]}
        orders = count({"one": 0.1, "other": 0.2})
        self.assertChosen(choose(orders, pools, {"bin": 0.1, "box": 0.2}), 1)

    def test_digits_say_what_is_too_much(self):
        """1.004 of 1.00 fits where the hundredth counts, not where the thousandth."""
        orders = count({"shelf": 1.004})
        self.assertChosen(choose(orders, SHELF, {"shelf": 1.0}, digits=2), 1)
        self.assertChosen(choose(orders, SHELF, {"shelf": 1.0}, digits=3))

    def test_whole_packs_prove_the_bound(self):
        """7 there, packs of 2: three orders, and no fraction of a fourth."""
        choice = choose(
            count(*[{"shelf": 2}] * 4),
            SHELF,
            {"shelf": 7},
            find_solver=lambda: self.fail("asked for a solver"),
        )
        self.assertEqual(choice, Choice(frozenset({1, 2, 3}), 3.0, 3.0, True, None))

    def test_equal_orders_go_by_rank(self):
        choice = choose(count(*[{"shelf": 2}] * 5), SHELF, {"shelf": 4})
        self.assertChosen(choice, 1, 2)

    def test_better_rank_though_it_takes_more(self):
        """4 there: with 1 + 1 as with 3 + 1 two orders are complete."""
        choice = choose(
            count({"shelf": 3}, {"shelf": 4}, {"shelf": 1}, {"shelf": 1}),
            SHELF,
            {"shelf": 4},
        )
        self.assertChosen(choice, 1, 3)

    def test_rank_decides_between_equals_only(self):
        """The second is worth a cent more than the first; there is enough for one."""
        choice = choose(
            [OrderNeed(1, {"shelf": 1}, 10.0), OrderNeed(2, {"shelf": 1}, 10.01)],
            SHELF,
            {"shelf": 1},
        )
        self.assertChosen(choice, 2)

    def test_at_least_is_kept_where_the_rules_find_less(self):
        orders = count(*HARD_NEEDS)
        alone = choose(orders, HARD_POOLS, HARD_STOCK)
        self.assertLess(alone.value, 4, "no longer hard: find a harder one")
        choice = choose(orders, HARD_POOLS, HARD_STOCK, at_least=HARD_BEST)
        self.assertEqual(choice, Choice(HARD_BEST, 4.0, 4.0, True, None))

    def test_at_least_that_cannot_be_is_refused(self):
        """3 there: not 2 and 2, not 9, and not an order that nobody knows."""
        orders = count({"shelf": 2}, {"shelf": 2}, {"shelf": 9})
        for together, named in (({1, 2}, "1, 2"), ({1, 3}, "3"), ({1, 77}, "77")):
            with self.assertRaisesRegex(ValueError, rf"\[{named}\]"):
                choose(orders, SHELF, {"shelf": 3}, at_least=frozenset(together))


@tagged("post_install", "-at_install")
class TestAskingTheSolver(BaseCase):
    """When a solver is asked, and what of its answer is believed."""

    def setUp(self):
        super().setUp()
        self.asked = []

    def solver(self, *answers):
        """A solver that gives these answers in turn, the last one again and again."""
        answers = list(answers)

        def solve(program, start, seconds):
            self.asked.append((program, start, seconds))
            return answers.pop(0) if len(answers) > 1 else answers[0]

        return lambda: Solver("Oracle 1.0", solve)

    def triangle(self, find_solver=no_solver, **options):
        return choose(
            TRIANGLE, TRIANGLE_POOLS, TRIANGLE_STOCK, find_solver=find_solver, **options
        )

    def test_none_there(self):
        """The rules find an order worth 3 and cannot exclude that 4 is possible."""
        self.assertEqual(
            self.triangle(), Choice(frozenset({1}), 3.0, 4.0, exact=False, solver=None)
        )
        self.assertTrue(self.triangle().unaided, "a solver might have found better")
        self.assertFalse(
            self.triangle(self.solver(Answer([1], 3.0))).unaided, "it was asked"
        )

    def test_it_proves_the_choice(self):
        choice = self.triangle(self.solver(Answer([1], 3.0)))
        self.assertEqual(choice, Choice(frozenset({1}), 3.0, 3.0, True, "Oracle 1.0"))
        [(program, start, seconds)] = self.asked
        self.assertEqual(program.values, [3, 3, 2])
        self.assertEqual(program.capacities, [1, 1, 1])
        self.assertEqual(start, {0})
        self.assertGreater(seconds, 0)
        self.assertLessEqual(seconds, 5)

    def test_it_finds_a_better_one(self):
        choice = choose(
            count(*HARD_NEEDS),
            HARD_POOLS,
            HARD_STOCK,
            find_solver=self.solver(Answer([3, 5, 6, 7], 4.0)),
        )
        self.assertEqual(choice, Choice(HARD_BEST, 4.0, 4.0, True, "Oracle 1.0"))
        [(program, start, _seconds)] = self.asked
        self.assertEqual(len(start), 3)
        self.assertEqual(len(program.values), 8)

    def test_infeasible_answer_is_not_believed(self):
        """All three orders together: there is not enough, whatever it says."""
        choice = self.triangle(self.solver(Answer([0, 1, 2], 8.0)))
        self.assertEqual(choice, Choice(frozenset({1}), 3.0, 4.0, False, "Oracle 1.0"))

    def test_worse_answer_is_not_taken(self):
        choice = self.triangle(self.solver(Answer([2], 3.0)))
        self.assertEqual(choice, Choice(frozenset({1}), 3.0, 3.0, True, "Oracle 1.0"))

    def test_bound_below_what_is_reached_is_not_believed(self):
        choice = self.triangle(self.solver(Answer([2], 2.0)))
        self.assertEqual((choice.value, choice.bound, choice.exact), (3.0, 4.0, False))

    def test_bound_is_believed_up_to_its_tolerance(self):
        """2.9999 is 3 in the solver's own precision, and so may be 3.9999 4."""
        for bound, expected in ((2.9999, 3.0), (3.9999, 4.0), (float("nan"), 4.0)):
            choice = self.triangle(self.solver(Answer([0], bound)))
            self.assertEqual((choice.value, choice.bound), (3.0, expected))

    def test_no_answer(self):
        choice = self.triangle(self.solver(None))
        self.assertEqual(choice, Choice(frozenset({1}), 3.0, 4.0, False, "Oracle 1.0"))

    def test_too_short_of_time_it_is_asked_again(self):
        """No proof in its share of the time, one in what is left at the end."""
        choice = self.triangle(self.solver(Answer([0], 4.0), Answer([0], 3.0)))
        self.assertEqual(len(self.asked), 2)
        self.assertTrue(choice.exact)

    def test_too_large_a_group_is_not_given_to_it(self):
        """Three orders: asked where three are allowed, not where two are."""
        find = self.solver(Answer([0], 3.0))
        self.assertTrue(self.triangle(find, exact_up_to=3).exact)
        self.assertEqual(len(self.asked), 1)
        choice = self.triangle(find, exact_up_to=2)
        self.assertEqual(choice, Choice(frozenset({1}), 3.0, 4.0, False, None))
        self.assertEqual(len(self.asked), 1)

    def test_no_time_no_question(self):
        choice = self.triangle(self.solver(Answer([0], 3.0)), seconds=0)
        self.assertEqual(choice, Choice(frozenset({1}), 3.0, 4.0, False, None))
        self.assertFalse(self.asked)

    def test_plenty_of_something_links_nobody(self):
        """Two triangles and a product that all need and nobody lacks: two questions."""
        orders = [
            OrderNeed(
                id=order.id + 10 * side,
                needs={f"{pool}{side}": 1 for pool in order.needs} | {"salt": 1},
                value=order.value,
            )
            for order in TRIANGLE
            for side in (1, 2)
        ]
        pools = {
            f"{pool}{side}": [f"{pool}{side}"] for pool in "ABC" for side in (1, 2)
        }
        supplies = dict.fromkeys(pools, 1)
        for salt, groups in ((6, [3, 3]), (5, [6])):
            self.asked.clear()
            choose(
                orders,
                pools | {"salt": ["salt"]},
                supplies | {"salt": salt},
                find_solver=self.solver(None),
            )
            sizes = [len(program.values) for program, _start, _seconds in self.asked]
            self.assertEqual(sizes, groups * 2)  # each is asked again at the end

    def test_small_groups_come_first_and_leave_their_time(self):
        """Groups of 4 and 3 orders, 7 s: the small one may take 3 s of them."""
        orders = [
            OrderNeed(4, {"D": 1, "E": 1}, value=3),
            OrderNeed(5, {"E": 1, "F": 1}, value=3),
            OrderNeed(6, {"F": 1, "D": 1}, value=2),
            OrderNeed(7, {"D": 1, "E": 1}, value=1),
            *TRIANGLE,
        ]
        pools = {name: [name] for name in "ABCDEF"}
        choose(
            orders,
            pools,
            dict.fromkeys(pools, 1),
            seconds=7.0,
            find_solver=self.solver(None),
        )
        sizes = [len(program.values) for program, _start, _seconds in self.asked]
        self.assertEqual(sizes, [3, 4, 3, 4])
        self.assertAlmostEqual(self.asked[0][2], 3.0, delta=0.1)
        self.assertAlmostEqual(self.asked[1][2], 7.0, delta=0.1)


@tagged("post_install", "-at_install")
class TestHighs(BaseCase):
    """The solver that is really used."""

    def setUp(self):
        super().setUp()
        if find_solver() is None:
            self.skipTest("highspy is NOT installed: exact choice NOT tested")

    def test_triangle(self):
        choice = choose_complete_orders(TRIANGLE, TRIANGLE_POOLS, TRIANGLE_STOCK)
        self.assertRegex(choice.solver, r"^HiGHS \d+\.\d+\.\d+$")
        self.assertEqual(
            choice, Choice(frozenset({1}), 3.0, 3.0, True, solver=choice.solver)
        )

    def test_better_than_sequence_and_rules(self):
        choice = choose_complete_orders(count(*HARD_NEEDS), HARD_POOLS, HARD_STOCK)
        self.assertEqual(choice, Choice(HARD_BEST, 4.0, 4.0, True, choice.solver))

    def test_best_of_all_subsets(self):
        asked = 0
        for seed in range(600):
            for orders, pools, supplies in (nested_case(seed), tight_case(seed)):
                optimum = best_of_all_subsets(orders, pools, supplies)
                choice = choose_complete_orders(orders, pools, supplies)
                case = f"seed {seed}: {choice}"
                self.assertEqual(choice.value, optimum, case)
                self.assertEqual(choice.bound, optimum, case)
                self.assertTrue(choice.exact, case)
                self.assertEqual(total(orders, choice.chosen), optimum, case)
                chosen = [order for order in orders if order.id in choice.chosen]
                self.assertTrue(can_serve(chosen, pools, supplies), case)
                asked += choice.solver is not None
        self.assertGreater(asked, 200, "the rules alone prove nearly everything")

    def test_no_better_than_what_it_proves(self):
        """Forty orders: the same value from other choices to start from."""
        orders, pools, supplies = tight_case(4, orders=40, products=10, lines=3)
        rules = choose(orders, pools, supplies)
        sequence = complete_in_sequence(orders, pools, supplies)
        results = [
            choose_complete_orders(orders, pools, supplies, at_least=start, seconds=60)
            for start in (frozenset(), sequence, rules.chosen)
        ]
        self.assertEqual([result.exact for result in results], [True] * 3)
        self.assertEqual(len({result.value for result in results}), 1)
        self.assertGreater(results[0].value, total(orders, sequence))
        self.assertGreaterEqual(results[0].value, rules.value)
        self.assertLess(results[0].bound, rules.bound)

    def test_a_hundredth_of_a_million_counts(self):
        """3,000,000.00 there, 3,000,000.02 wanted: within what a solver tolerates."""
        orders = [
            OrderNeed(1, {"shelf": 1_000_000.01}, value=3),
            OrderNeed(2, {"shelf": 1_000_000.02}, value=3),
            OrderNeed(3, {"shelf": 999_999.99}, value=2),
        ]
        choice = choose_complete_orders(orders, SHELF, {"shelf": 3_000_000.0})
        self.assertEqual((choice.chosen, choice.value), (frozenset({1, 2}), 6.0))
        self.assertIsNotNone(choice.solver)
        self.assertGreaterEqual(choice.bound, 6.0)

    def test_same_input_same_choice(self):
        orders, pools, supplies = tight_case(7, orders=30, products=8, lines=3)
        first, second = (
            choose_complete_orders(orders, pools, supplies, seconds=60)
            for _time in range(2)
        )
        self.assertIsNotNone(first.solver)
        self.assertTrue(first.exact)
        self.assertEqual(first, second)


@tagged("post_install", "-at_install")
class TestCompleteOrdersProperties(BaseCase):
    """The rules of thumb, on thousands of small cases, against every subset."""

    def test_between_sequence_and_bound(self):
        better = unproven = missed = 0
        for seed in range(1500):
            for orders, pools, supplies in (nested_case(seed), tight_case(seed)):
                sequence = complete_in_sequence(orders, pools, supplies)
                optimum = best_of_all_subsets(orders, pools, supplies)
                choice = choose(orders, pools, supplies, at_least=sequence)
                case = f"seed {seed}: {choice}"
                self.assertEqual(choice.value, total(orders, choice.chosen), case)
                self.assertGreaterEqual(choice.value, total(orders, sequence), case)
                self.assertLessEqual(choice.value, optimum, case)
                self.assertLessEqual(optimum, choice.bound, case)
                self.assertEqual(choice.exact, choice.value == choice.bound, case)
                self.assertIsNone(choice.solver)
                better += choice.value > total(orders, sequence)
                unproven += not choice.exact
                missed += choice.value < optimum
        self.assertGreater(better, 1000)
        self.assertGreater(unproven, 300)
        self.assertLess(missed, 8, "of 3,000: the rules have become worse")

    def test_no_more_than_there_is_and_nothing_left_over(self):
        """The chosen can all be served; no order that is left out could be as well."""
        left_out = 0
        for seed in range(1000):
            for orders, pools, supplies in (nested_case(seed), tight_case(seed)):
                ids = choose(orders, pools, supplies).chosen
                chosen = [order for order in orders if order.id in ids]
                self.assertEqual(len(chosen), len(ids))
                self.assertTrue(can_serve(chosen, pools, supplies), f"seed {seed}")
                for order in orders:
                    if order.id not in ids:
                        left_out += 1
                        self.assertFalse(
                            can_serve([*chosen, order], pools, supplies), f"seed {seed}"
                        )
        self.assertGreater(left_out, 1000)

    def test_nobody_could_take_the_place_of_an_equal_of_worse_rank(self):
        pairs = 0
        for seed in range(1000):
            for orders, pools, supplies in (nested_case(seed), tight_case(seed)):
                ids = choose(orders, pools, supplies).chosen
                for better, worse in combinations(orders, 2):
                    if better.id in ids or worse.id not in ids:
                        continue
                    if better.value == worse.value:
                        swapped = ids - {worse.id} | {better.id}
                        some = [order for order in orders if order.id in swapped]
                        self.assertFalse(
                            can_serve(some, pools, supplies), f"seed {seed}"
                        )
                        pairs += 1
        self.assertGreater(pairs, 1000)

    def test_bound_is_no_looser_than_that_of_any_single_pool(self):
        compared = 0
        for seed in range(1000):
            for orders, pools, supplies in (nested_case(seed), tight_case(seed)):
                choice = choose(orders, pools, supplies)
                for pool in pools:
                    single = best_in_one_pool(orders, pools, supplies, pool)
                    self.assertLessEqual(choice.bound, single + 1e-6, f"seed {seed}")
                compared += not choice.exact
        self.assertGreater(compared, 200)

    def test_same_input_same_choice(self):
        """In whatever order the stock is listed."""
        for seed in range(300):
            orders, pools, supplies = nested_case(seed)
            turned = {pool: content[::-1] for pool, content in reversed(pools.items())}
            self.assertEqual(
                choose(orders, pools, supplies),
                choose(orders, turned, dict(reversed(supplies.items()))),
            )

    def test_many_orders_in_one_group(self):
        """2,000 orders of 3 lines for 100 products: next to the bound."""
        orders, pools, supplies = tight_case(0, orders=2000, products=100, lines=3)
        sequence = complete_in_sequence(orders, pools, supplies)
        choice = choose(orders, pools, supplies, at_least=sequence)
        chosen = [order for order in orders if order.id in choice.chosen]
        self.assertTrue(can_serve(chosen, pools, supplies))
        self.assertGreater(choice.value, 1.1 * len(sequence))
        self.assertGreater(choice.value, 0.98 * choice.bound)
