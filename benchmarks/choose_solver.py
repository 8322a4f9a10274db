#!/usr/bin/env python3
"""Compare solvers for `planning/complete_orders`: the figures that chose HiGHS.

    python3 -m venv /tmp/solvers
    /tmp/solvers/bin/pip install highspy ortools
    /tmp/solvers/bin/python benchmarks/choose_solver.py [ORDERS...]

Random groups of orders of 3 lines compete for stock that covers about half. Each
solver has a process of its own (`highspy` and `ortools` cannot be imported into one),
one thread, and the seconds that a user's click may take. It is no budget: nothing
fails here.
"""

import argparse
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from random import Random
from statistics import mean, median

PLANNING = Path(__file__).resolve().parents[1] / "backorder_management" / "planning"
sys.path.insert(0, str(PLANNING))

from complete_orders import (  # noqa: E402
    Answer,
    OrderNeed,
    Solver,
    choose_complete_orders,
    find_solver,
)

SIZES = (20, 50, 100, 200)
GROUPS = 3  # of each kind
SECONDS = 5.0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("orders", nargs="*", type=int, default=SIZES)
    parser.add_argument("--only", choices=SOLVERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        measure(arguments.only, arguments.orders)
        return
    for name in SOLVERS:
        sizes = map(str, arguments.orders)
        subprocess.run([sys.executable, __file__, "--only", name, *sizes], check=True)


def measure(name, sizes):
    package, find = SOLVERS[name]
    start = time.perf_counter()
    solver = find()
    title = (
        f"{solver.name}, import {time.perf_counter() - start:.2f} s" if solver else name
    )
    print(f"\n{title}{facts(package)}")
    print("orders products of      median s  longest s  proven   mean gap  mean value")
    for size in sizes:
        for products in (20, size // 2):
            for money in (False, True):
                figures = [
                    run(find, *case(size, products, money, seed))
                    for seed in range(GROUPS)
                ]
                seconds, choices = zip(*figures, strict=True)
                gaps = [choice.bound / choice.value - 1 for choice in choices]
                print(
                    f"{size:6} {products:8} {'value' if money else 'count':5}"
                    f"{median(seconds):11.3f}{max(seconds):11.3f}"
                    f"{sum(choice.exact for choice in choices):5} of {GROUPS}"
                    f"{mean(gaps):10.2%}{mean(c.value for c in choices):12.2f}",
                    flush=True,
                )


def run(find, orders, pools, supplies):
    start = time.perf_counter()
    choice = choose_complete_orders(
        orders, pools, supplies, seconds=SECONDS, find_solver=find
    )
    return time.perf_counter() - start, choice


def case(size, products, money, seed):
    chance = Random(f"{size} {products} {seed}")
    prices = [chance.randint(100, 20000) / 100 for _product in range(products)]
    orders = []
    for number in range(size):
        lines = chance.sample(range(products), 3)
        needs = {product: chance.randint(1, 20) for product in lines}
        discount = chance.randint(70, 100) / 100
        value = sum(prices[product] * need for product, need in needs.items())
        value = round(value * discount, 2) if money else 1.0
        orders.append(OrderNeed(number, needs, value))
    stock = {
        product: sum(order.needs.get(product, 0) for order in orders) // 2
        for product in range(products)
    }
    return orders, {product: [product] for product in stock}, stock


def facts(package):
    """Size and licence of a package and of what it needs."""
    if not package:
        return ""
    found, waiting = {}, [package]
    while waiting:
        name = waiting.pop()
        if name not in found:
            try:
                found[name] = metadata.distribution(name)
            except metadata.PackageNotFoundError:  # not needed on this Python or system
                continue
            wanted = [
                each for each in found[name].requires or () if "extra" not in each
            ]
            waiting += [re.match(r"[\w.-]+", each).group() for each in wanted]
    size = sum(
        path.locate().stat().st_size
        for each in found.values()
        for path in each.files
        if path.locate().exists()
    )
    own = metadata.metadata(package)
    licence = own["License-Expression"] or own["License"]
    needed = ", ".join(sorted(set(found) - {package}))
    return f", {size / 1e6:.0f} MB with {needed}; {licence}"


def find_cp_sat():
    """OR-Tools' solver for whole numbers, with the options that suit it best."""
    import ortools
    from ortools.sat.python import cp_model

    def solve(program, start, seconds):
        model = cp_model.CpModel()
        taken = [model.new_bool_var(str(order)) for order in range(len(program.values))]
        rows = [[] for _row in program.capacities]
        for order, load in enumerate(program.loads):
            for row, amount in load:
                rows[row].append(amount * taken[order])
        for row, capacity in zip(rows, program.capacities, strict=True):
            model.add(sum(row) <= capacity)
        weights = zip(program.values, taken, strict=True)
        model.maximize(sum(value * each for value, each in weights))
        for order, each in enumerate(taken):
            model.add_hint(each, order in start)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.linearization_level = 2
        solver.parameters.max_time_in_seconds = seconds
        if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        chosen = [order for order, each in enumerate(taken) if solver.value(each)]
        return Answer(chosen, solver.best_objective_bound)

    return Solver(f"OR-Tools CP-SAT {ortools.__version__}", solve)


SOLVERS = {
    "rules of thumb": (None, lambda: None),
    "HiGHS": ("highspy", find_solver),
    "CP-SAT": ("ortools", find_cp_sat),
}

if __name__ == "__main__":
    main()
