"""Choose which orders to complete where stock is not enough for all of them.

Serving one order after the other may leave many orders half served. Here the orders
compete as wholes: as many of them as possible, or those worth most together.

The question is a 0/1 program: an order is chosen or not, and by pool the chosen ones
together take no more than there is. Everything that decides is counted in whole numbers
(the smallest quantity that `digits` can express, a millionth of the currency), so that
no rounding ever promises a piece that does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain
from time import monotonic

VALUE_DIGITS = 6  # decimals of an order's value that are told apart
TOLERANCE = 1e-9  # as part of the bound: nearer than this counts as reached
CANDIDATES = 30  # orders tried per row when others make way for one
STEPS = 300  # the most steps towards better prices
EFFORT = 4_000_000  # the most pairs of order and row looked at per search in a group
PRICE_UNIT = 1 << 60  # parts of a price: prices are whole numbers where it counts
HIGHS_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 1,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.99,  # values are whole numbers: nearer than one is there
}


@dataclass(frozen=True, slots=True)
class OrderNeed:
    """An order that may be completed.

    :param needs: quantity still needed by pool, in the product's unit, above zero
    :param value: 1.0 to count orders, or the order's value in company currency
    """

    id: int
    needs: Mapping[Hashable, float]
    value: float = 1.0


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """How good the choice is among orders that compete with each other.

    :param value: of the chosen ones, in millionths, as is the bound
    """

    orders: frozenset[int]
    value: int
    bound: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The orders to complete, and how good that choice is.

    :param value: total value of the chosen orders
    :param bound: no choice whatever can reach more than this
    :param exact: proven best, the value reaches the bound
    :param solver: name and version of the solver that was asked; None where there was
        none, or no need of one
    :param groups: the same of each group of orders that compete
    :param unaided: a solver might have found better, and none is installed
    """

    chosen: frozenset[int]
    value: float
    bound: float
    exact: bool
    solver: str | None
    groups: tuple[GroupChoice, ...] = field(default=(), compare=False, repr=False)
    unaided: bool = field(default=False, compare=False)

    def only(self, orders: Collection[int]) -> Choice:
        """The part of it that is about these orders, and all who compete with them."""
        groups = [each for each in self.groups if not each.orders.isdisjoint(orders)]
        known = frozenset(chain.from_iterable(each.orders for each in groups))
        part = _add_up(groups, self.chosen & known, self.solver)
        return replace(part, unaided=self.unaided and not part.exact)


@dataclass(frozen=True, slots=True)
class Program:
    """A connected group of orders as a 0/1 program in whole numbers.

    Orders are numbered by rank, best first; rows are the limits that matter.

    :param values: what each order counts
    :param loads: what each order takes, as pairs of row and amount
    :param capacities: what all chosen orders together may take from each row
    """

    values: Sequence[int]
    loads: Sequence[Sequence[tuple[int, int]]]
    capacities: Sequence[int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver says of a program; the bound is good for any choice."""

    chosen: Iterable[int]
    bound: float


@dataclass(frozen=True, slots=True)
class Solver:
    """A solver for 0/1 programs.

    :param name: with its version
    :param solve: called with a program, a feasible choice to start from, and seconds;
        returns None where it fails
    """

    name: str
    solve: Callable[[Program, frozenset[int], float], Answer | None]


@dataclass(slots=True)
class _Group:
    """A connected group with its best known choice.

    :param ids: the orders' own ids by number
    :param unit: what one unit of the program's values is worth in millionths
    :param bound: in the program's values, as is the value of the choice
    """

    ids: Sequence[int]
    unit: int
    program: Program
    chosen: Sequence[int] = ()
    bound: int = 0

    @property
    def value(self) -> int:
        return sum([self.program.values[order] for order in self.chosen])

    @property
    def proven(self) -> bool:
        return self.bound - self.value <= TOLERANCE * self.bound


def find_solver() -> Solver | None:
    """HiGHS where it is installed. It is imported when first needed, not before.

    Any failure to import counts: `highspy` and OR-Tools cannot be loaded into the same
    process, whichever comes second.
    """
    try:
        import highspy
    except ImportError:
        return None
    version = highspy.Highs().version()
    return Solver(f"HiGHS {version}", _solve_with_highs)


def choose_complete_orders(
    orders: Sequence[OrderNeed],
    pools: Mapping[Hashable, Sequence[Hashable]],
    supplies: Mapping[Hashable, float],
    *,
    at_least: frozenset[int] = frozenset(),
    exact_up_to: int = 200,
    seconds: float = 5.0,
    digits: int = 2,
    find_solver: Callable[[], Solver | None] = find_solver,
) -> Choice:
    """Choose the orders to complete, so that their total value is as large as possible.

    Groups of orders that compete for nothing in common are solved one by one: exactly
    by a solver, up to a size and where one is installed, otherwise by rules of thumb
    that say how far from the best they can be at most. Of two orders worth the same
    the better ranked is chosen wherever one can simply take the other's place.

    Same input, same choice, as long as the solver finishes. Where it runs out of time
    the choice depends on the machine's speed; `exact` is false then.

    :param orders: in order of rank, best first
    :param pools: supply ids by pool; any two pools are disjoint or one contains the
        other; an unknown pool is empty
    :param supplies: quantity by supply id; nothing is taken from zero or less
    :param at_least: orders that can be completed together, such as those that serving
        in sequence completes; the result is never worth less than these
    :param exact_up_to: number of orders in a group up to which the solver is asked
    :param seconds: time for the solver in all groups together
    :param digits: decimal places of all quantities
    :param find_solver: where the solver comes from
    :raise ValueError: the orders in `at_least` cannot be completed together
    """
    undisputed, groups = _split(orders, pools, supplies, digits)
    _check_possible(at_least, undisputed, groups)
    for group in groups:
        _choose_by_rules(group, at_least)
    open_groups = [
        group
        for group in groups
        if len(group.ids) <= exact_up_to and not group.proven and seconds > 0
    ]
    solver = find_solver() if open_groups else None
    if solver:
        _ask_for_all(solver, open_groups, seconds)
    choice = _summary(undisputed, groups, solver)
    return replace(choice, unaided=bool(open_groups) and not solver)


def _summary(undisputed, groups, solver):
    results = []
    chosen = set()
    for order in undisputed:
        value = _millionths(order)
        results.append(GroupChoice(frozenset({order.id}), value, value, exact=True))
        chosen.add(order.id)
    for group in groups:
        value, bound = group.value * group.unit, group.bound * group.unit
        orders = frozenset(group.ids)
        results.append(GroupChoice(orders, value, bound, group.proven))
        chosen.update(group.ids[order] for order in group.chosen)
    return _add_up(results, frozenset(chosen), solver.name if solver else None)


def _add_up(groups: Sequence[GroupChoice], chosen, solver: str | None) -> Choice:
    return Choice(
        chosen=chosen,
        value=sum(each.value for each in groups) / 10**VALUE_DIGITS,
        bound=sum(each.bound for each in groups) / 10**VALUE_DIGITS,
        exact=all(each.exact for each in groups),
        solver=solver,
        groups=tuple(groups),
    )


def _millionths(order):
    return round(order.value * 10**VALUE_DIGITS)


def _check_possible(at_least, undisputed, groups):
    known = {order.id for order in undisputed}.union(*[group.ids for group in groups])
    impossible = at_least - known
    for group in groups:
        served = _numbers(group, at_least)
        if min(_Basket(group.program, served).left) < 0:
            impossible |= {group.ids[order] for order in served}
    if impossible:
        raise ValueError(f"Not to be completed together: orders {sorted(impossible)}")


def _numbers(group, ids):
    return [number for number, id_ in enumerate(group.ids) if id_ in ids]


# --- From orders and stock to programs ---------------------------------------------


def _split(orders, pools, supplies, digits):
    """Leave out what cannot be met, and split the rest into groups that compete.

    :return: the orders that nobody disputes, and the groups
    """
    rows, capacities = _rows(orders, pools, supplies, digits)
    possible, loads, totals = [], [], [0] * len(capacities)
    for order in orders:
        load = _load(order, rows, digits)
        # What can never be met takes nothing, so it makes nothing scarce either.
        if all(amount <= capacities[row] for row, amount in load.items()):
            possible.append(order)
            loads.append(load)
            for row, amount in load.items():
                totals[row] += amount
    scarce = [
        total > capacity for total, capacity in zip(totals, capacities, strict=True)
    ]
    loads = [{row: load[row] for row in load if scarce[row]} for load in loads]
    undisputed = [
        order for order, load in zip(possible, loads, strict=True) if not load
    ]
    groups = [
        _group([possible[number] for number in numbers], numbers, loads, capacities)
        for numbers in _connected(loads)
    ]
    return undisputed, groups


def _rows(orders, pools, supplies, digits):
    """The limits that the pools in use set.

    What is taken from a shelf is also taken from the warehouse around it: a pool's
    needs count in its own row and in that of every pool that contains it. For pools
    that are disjoint or nested these limits are all there are.

    :return: row numbers by pool, and capacity by row
    """
    contents = {
        pool: frozenset(pools.get(pool, ())) for order in orders for pool in order.needs
    }
    numbers: dict[frozenset, int] = {}
    around: dict[Hashable, list[frozenset]] = {}
    for content in contents.values():
        if content not in numbers:
            numbers[content] = len(numbers)
            for supply in content:
                around.setdefault(supply, []).append(content)
    capacities = [
        sum(max(0, round(supplies.get(each, 0) * 10**digits)) for each in content)
        for content in numbers
    ]

    def rows(content):
        if not content:
            return [numbers[content]]
        near = around[next(iter(content))]
        return [numbers[other] for other in near if content <= other]

    return {pool: rows(content) for pool, content in contents.items()}, capacities


def _load(order, rows, digits):
    """What an order takes, by row."""
    load: dict[int, int] = {}
    for pool, quantity in order.needs.items():
        amount = round(quantity * 10**digits)
        if amount > 0:
            for row in rows[pool]:
                load[row] = load.get(row, 0) + amount
    return load


def _connected(loads):
    """Numbers of the orders in each group that shares rows, in order of rank."""
    leaders = list(range(len(loads)))

    def leader(number):
        while leaders[number] != number:
            leaders[number] = leaders[leaders[number]]
            number = leaders[number]
        return number

    first_user: dict[int, int] = {}
    for number, load in enumerate(loads):
        for row in load:
            one, other = leader(first_user.setdefault(row, number)), leader(number)
            leaders[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = {}
    for number, load in enumerate(loads):
        if load:
            groups.setdefault(leader(number), []).append(number)
    return groups.values()


def _group(orders, numbers, loads, capacities):
    """The smallest whole numbers that say the same; small ones are solved faster."""
    values = [_millionths(order) for order in orders]
    unit = math.gcd(*values) or 1
    amounts: dict[int, list[int]] = {}
    for number in numbers:
        for row, amount in loads[number].items():
            amounts.setdefault(row, []).append(amount)
    divisors = {row: math.gcd(*each) for row, each in amounts.items()}
    places = {row: place for place, row in enumerate(divisors)}
    return _Group(
        ids=[order.id for order in orders],
        unit=unit,
        program=Program(
            values=[value // unit for value in values],
            loads=[
                [
                    (places[row], amount // divisors[row])
                    for row, amount in loads[number].items()
                ]
                for number in numbers
            ],
            capacities=[capacities[row] // divisors[row] for row in divisors],
        ),
    )


# --- Rules of thumb -----------------------------------------------------------------


class _Basket:
    """Orders chosen so far, and what they leave in each row."""

    __slots__ = ("program", "chosen", "left", "value")

    def __init__(self, program, chosen=()):
        self.program = program
        self.chosen = set()
        self.left = list(program.capacities)
        self.value = 0
        for order in chosen:
            self.put(order)

    def fits(self, order):
        left = self.left
        for row, amount in self.program.loads[order]:
            if amount > left[row]:
                return False
        return True

    def missing(self, order):
        """What an order needs beyond what is left, as pairs of row and amount."""
        return [
            (row, amount - self.left[row])
            for row, amount in self.program.loads[order]
            if amount > self.left[row]
        ]

    def put(self, order):
        self.chosen.add(order)
        self.value += self.program.values[order]
        for row, amount in self.program.loads[order]:
            self.left[row] -= amount

    def take_out(self, order):
        self.chosen.remove(order)
        self.value -= self.program.values[order]
        for row, amount in self.program.loads[order]:
            self.left[row] += amount

    def loss(self, order):
        """What giving an order up costs per part of the missing room that it makes."""
        room = 0
        for row, amount in self.program.loads[order]:
            missing = -self.left[row]
            if missing > 0:
                room += min(1, amount / missing)
        return self.program.values[order] / room

    def fill(self, orders):
        """Put in what fits, in the order given; return it."""
        added = []
        for order in orders:
            if order not in self.chosen and self.fits(order):
                self.put(order)
                added.append(order)
        return added


def _choose_by_rules(group, at_least):
    """Choose in several ways, keep the best, and note what no choice can exceed."""
    program = group.program
    by_rank = range(len(group.ids))
    baskets = [_Basket(program, _numbers(group, at_least))]
    baskets[0].fill(by_rank)
    for prices in _simple_prices(program):
        baskets.append(_Basket(program))
        baskets[-1].fill(_by_merit(program, prices))
    best = max(baskets, key=lambda basket: basket.value)
    group.bound, prices = _upper_bound(program, best.value)
    by_merit = _by_merit(program, prices)
    baskets.append(_Basket(program))
    baskets[-1].fill(by_merit)
    effort = EFFORT
    for basket in sorted(baskets, key=lambda basket: -basket.value):
        if basket.value < group.bound:
            effort = _exchange(basket, by_merit, effort)
    best = max(baskets, key=lambda basket: basket.value)
    _prefer_rank(best)
    group.chosen = sorted(best.chosen)


def _simple_prices(program):
    """Prices of a piece by row: all alike, and the scarcer the dearer."""
    wanted = [0] * len(program.capacities)
    for load in program.loads:
        for row, amount in load:
            wanted[row] += amount
    yield [1.0] * len(wanted)
    yield [
        each / capacity**2
        for each, capacity in zip(wanted, program.capacities, strict=True)
    ]


def _by_merit(program, prices):
    """Orders by their value per price of what they take, the best first."""

    def merit(order):
        cost = sum([prices[row] * amount for row, amount in program.loads[order]])
        return -program.values[order] / cost if cost > 0 else -math.inf

    return sorted(range(len(program.values)), key=merit)


def _exchange(basket, by_merit, effort):
    """Put in orders in place of others where that pays, until that is exhausted.

    :return: the effort that is left
    """
    cost = CANDIDATES * sum(map(len, basket.program.loads))
    improved = True
    while improved and effort > 0:
        improved = False
        effort -= cost
        waiting = _by_row(basket, [o for o in by_merit if o not in basket.chosen])
        weakest = _by_row(basket, [o for o in reversed(by_merit) if o in basket.chosen])
        for order in by_merit:
            if order not in basket.chosen:
                improved |= _force_in(basket, order, waiting, weakest)
    return effort


def _by_row(basket, orders):
    """The first few of the orders that take from each row."""
    result = [[] for _row in basket.left]
    for order in orders:
        for row, _amount in basket.program.loads[order]:
            if len(result[row]) < CANDIDATES:
                result[row].append(order)
    return result


def _force_in(basket, order, waiting, weakest):
    """Make room for an order and fill up; undo it where the total is no larger then."""
    before = basket.value
    basket.put(order)
    added, removed = [order], []
    for row, _amount in basket.program.loads[order]:
        while basket.left[row] < 0:
            others = [o for o in weakest[row] if o in basket.chosen and o != order]
            if not others:
                return _put_back(basket, added, removed)
            removed.append(min(others, key=basket.loss))
            basket.take_out(removed[-1])
    for other in removed:
        for row, _amount in basket.program.loads[other]:
            added += basket.fill([o for o in waiting[row] if o not in removed])
    added += basket.fill(removed)
    return basket.value > before or _put_back(basket, added, removed)


def _put_back(basket, added, removed):
    for order in added:
        basket.take_out(order)
    for order in removed:
        basket.put(order)
    return False


def _prefer_rank(basket):
    """Let better ranked orders take the place of others that are worth the same."""
    program = basket.program
    alike: dict[tuple[int, int], list[int]] = {}  # by row and value, worst rank first
    for order in reversed(range(len(program.values))):
        for row, _amount in program.loads[order]:
            alike.setdefault((row, program.values[order]), []).append(order)
    effort = EFFORT
    changed = True
    while changed:
        changed = False
        for order in range(len(program.values)):
            if order in basket.chosen or effort < 0:
                continue
            missing = basket.missing(order)
            others = alike[missing[0][0], program.values[order]] if missing else ()
            effort -= len(others)
            changed |= _take_place(basket, order, missing, others)


def _take_place(basket, order, missing, others):
    """Put an order in, if need be for the worst ranked other that makes room for it."""
    if not missing:
        basket.put(order)
        return True
    for other in others:
        if other <= order:
            return False
        if other in basket.chosen:
            room = dict(basket.program.loads[other])
            if all(room.get(row, 0) >= amount for row, amount in missing):
                basket.take_out(other)
                basket.put(order)
                return True
    return False


# --- What no choice can exceed ------------------------------------------------------


def _upper_bound(program, reached):
    """The most that any choice can be worth, and the prices that prove it.

    Suppose pieces could be bought beyond what there is, and sold back, at some price by
    row. Every choice then earns at least what it is worth, so that the most that can be
    earned is a bound, whatever the prices; the better the prices, the tighter it is.
    They are sought in fractions, but the bound is counted in whole numbers.
    """
    prices = _better_prices(program, reached)
    whole = [int(price * PRICE_UNIT) for price in prices]
    values = [value * PRICE_UNIT for value in program.values]
    return _earned(values, program, whole)[0] // PRICE_UNIT, prices


def _earned(values, program, prices):
    """What is earned at most at given prices, and what it leaves in each row."""
    left = list(program.capacities)
    earned = sum([price * each for price, each in zip(prices, left, strict=True)])
    for value, load in zip(values, program.loads, strict=True):
        for row, amount in load:
            value -= prices[row] * amount
        if value > 0:
            earned += value
            for row, amount in load:
                left[row] -= amount
    return earned, left


def _better_prices(program, reached):
    """Improve prices step by step: what is overdrawn gets dearer, what is left cheaper.

    :param reached: value of a known choice; what is earned can come down to it at best
    """
    starts = (_even_prices(program), _single_price(program))
    prices = min(starts, key=lambda each: _earned(program.values, program, each)[0])
    best, best_prices = math.inf, prices
    pace, idle = 1.0, 0
    for _step in range(min(STEPS, EFFORT // sum(map(len, program.loads)))):
        earned, left = _earned(program.values, program, prices)
        if earned < best:
            best, best_prices, idle = earned, prices, 0
        else:
            idle += 1
        if best < reached + 1:
            break
        if idle >= 10:
            pace, idle = pace / 2, 0
            prices = best_prices
            continue
        prices = _step_from(prices, program, left, pace * (earned - reached))
    return best_prices


def _step_from(prices, program, left, distance):
    """Prices nearer to the best; a row counts by the part of it that is left over."""
    parts = [
        each / capacity for each, capacity in zip(left, program.capacities, strict=True)
    ]
    length = sum([part * part for part in parts]) or 1.0
    return [
        max(0.0, price - distance / length * part / capacity)
        for price, part, capacity in zip(prices, parts, program.capacities, strict=True)
    ]


def _even_prices(program):
    """The best prices by which every row as a whole costs the same."""
    sizes = [
        sum([amount / program.capacities[row] for row, amount in load])
        for load in program.loads
    ]
    pairs = zip(program.values, sizes, strict=True)
    price = _break_price(pairs, len(program.capacities))
    return [price / capacity for capacity in program.capacities]


def _single_price(program):
    """A price for the one row that by itself limits most, nothing for the others."""
    users = [[] for _row in program.capacities]
    for value, load in zip(program.values, program.loads, strict=True):
        for row, amount in load:
            users[row].append((value, amount))
    best, prices = 0, [0.0] * len(users)
    for row, capacity in enumerate(program.capacities):
        price = _break_price(users[row], capacity)
        saved = sum([min(value, price * amount) for value, amount in users[row]])
        saved -= price * capacity
        if saved > best:
            best, prices = saved, [0.0] * len(users)
            prices[row] = price
    return prices


def _break_price(pairs, capacity):
    """Value per size of the first that no longer fits, the best of them taken first.

    At this price what may be cut in parts just fills the capacity.

    :param pairs: value and size
    """
    for value, size in sorted(pairs, key=lambda pair: pair[0] / pair[1], reverse=True):
        capacity -= size
        if capacity < 0:
            return value / size
    return 0.0


# --- The solver ---------------------------------------------------------------------


def _ask_for_all(solver, groups, seconds):
    """Ask for each group, the small ones first; the time they leave goes to the others.

    What had too little time in its turn is asked again where time is left at the end.
    """
    end = monotonic() + seconds
    for _round in range(2):
        groups = [group for group in groups if not group.proven]
        waiting = sum([len(group.ids) for group in groups])
        for group in sorted(groups, key=lambda group: len(group.ids)):
            share = (end - monotonic()) * len(group.ids) / waiting
            waiting -= len(group.ids)
            if share > 0:
                _ask(solver, group, share)


def _ask(solver, group, seconds):
    """Take a solver's answer where it holds and is better than what is known.

    Solvers count in fractions with a tolerance: what they call feasible is counted
    again here, and their bound is believed only beyond that tolerance.
    """
    answer = solver.solve(group.program, frozenset(group.chosen), seconds)
    if answer is None:
        return
    basket = _Basket(group.program, set(answer.chosen))
    if min(basket.left) >= 0 and basket.value > group.value:
        _prefer_rank(basket)
        group.chosen = sorted(basket.chosen)
    bound = answer.bound + max(1e-3, TOLERANCE * abs(answer.bound))
    # A bound below what is already reached proves the solver wrong, not the choice.
    if group.value <= bound < group.bound:
        group.bound = math.floor(bound)


def _solve_with_highs(program, start, seconds):
    """Solve a program with HiGHS, in one thread and always in the same way."""
    import highspy

    pairs = list(chain.from_iterable(program.loads))
    lp = highspy.HighsLp()
    lp.num_col_ = len(program.values)
    lp.num_row_ = len(program.capacities)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = program.values
    lp.col_lower_ = [0] * lp.num_col_
    lp.col_upper_ = [1] * lp.num_col_
    lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    lp.row_lower_ = [0] * lp.num_row_
    lp.row_upper_ = program.capacities
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = list(accumulate(map(len, program.loads), initial=0))
    lp.a_matrix_.index_ = [row for row, _amount in pairs]
    lp.a_matrix_.value_ = [amount for _row, amount in pairs]

    highs = highspy.Highs()
    for option, value in HIGHS_OPTIONS.items():
        highs.setOptionValue(option, value)
    highs.setOptionValue("time_limit", float(seconds))
    highs.passModel(lp)
    known = highspy.HighsSolution()
    known.col_value = [float(order in start) for order in range(lp.num_col_)]
    highs.setSolution(known)
    if highs.run() == highspy.HighsStatus.kError:
        return None
    taken = highs.getSolution().col_value
    return Answer(
        chosen=[order for order, part in enumerate(taken) if part > 0.5],
        bound=highs.getInfo().mip_dual_bound,
    )
