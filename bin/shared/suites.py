"""Odoo's own test suites, and which of their tests fail on plain Odoo already."""

import re
from collections import Counter
from datetime import date

from shared.paths import ROOT

SUITES = (
    "sale_stock",
    "stock",
    "stock_account",
    "sale",
    "purchase_stock",
    "sale_mrp",
    "stock_dropshipping",
    "stock_delivery",
    "sale_purchase_stock",
    "stock_picking_batch",
)
BASELINE = ROOT / "tests_odoo/plain_failures.txt"
_HEAD = """\
# Tests of Odoo's own suites that fail on plain Odoo, without the add-on.
# Made by `bin/test --odoo-baseline` on {day} with Odoo {version};
# see README.md beside this file. Do not edit by hand.
"""
_COUNT = re.compile(r"^## (\w+): (\d+) tests")


def suite_of(name):
    return name.split("/", 1)[0]


def counts(outcomes):
    """{suite: number of tests that ran}"""
    return Counter(suite_of(name) for name in outcomes)


def failures(outcomes):
    return {name for name, outcome in outcomes.items() if outcome == "failed"}


def write_baseline(outcomes, version):
    BASELINE.parent.mkdir(exist_ok=True)
    failed, ran = failures(outcomes), counts(outcomes)
    lines = [_HEAD.format(day=date.today(), version=version)]
    for suite in SUITES:
        names = sorted(name for name in failed if suite_of(name) == suite)
        lines.append(f"\n## {suite}: {ran[suite]} tests, {len(names)} fail\n")
        lines += [f"{name}\n" for name in names]
    BASELINE.write_text("".join(lines))


def read_baseline():
    """The names that fail on plain Odoo, and how many tests each suite has there."""
    lines = BASELINE.read_text().splitlines()
    known = {line for line in lines if line and not line.startswith("#")}
    found = filter(None, map(_COUNT.match, lines))
    return known, {match[1]: int(match[2]) for match in found}


def compare(outcomes, wanted):
    """What is wrong with a run of these suites with the add-on installed."""
    known, expected = read_baseline()
    ran = counts(outcomes)
    for suite in wanted:
        if not ran[suite]:
            yield f"{suite}: no test ran"
        elif ran[suite] < expected.get(suite, 0):
            yield f"{suite}: {ran[suite]} tests ran, {expected[suite]} on plain Odoo"
    for name in sorted(failures(outcomes) - known):
        yield f"{name} fails, but not on plain Odoo"
