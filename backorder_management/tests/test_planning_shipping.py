from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from unittest import TestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from ..planning import agreement, shipping
from ..planning.agreement import Rules, find_contradiction
from ..planning.shipping import (
    Arrival,
    Line,
    Order,
    decide,
    find_excess,
    fit_to_packages,
    may_use,
    release,
)

MONDAY = date(2026, 11, 2)


def _day(number: int) -> date:
    return MONDAY + timedelta(days=number)


# ---------------------------------------------------------------- examples of the docs


def _read_examples():
    """Rows of the table of worked examples."""
    text = (Path(__file__).parents[1] / "docs" / "agreements.md").read_text("utf-8")
    table = text.split("## Worked examples")[1]
    for row in table.splitlines():
        if row.startswith("| `"):
            yield [cell.strip() for cell in row.strip("|").split("|")]


def _read_rules(cell: str) -> Rules:
    values = {}
    for pair in cell.strip("`").split():
        name, value = pair.split("=")
        if name == "weekdays":
            values[name] = frozenset(int(each) for each in value.split(","))
        elif value == "yes":
            values[name] = True
        else:
            values[name] = float(value) if value[0].isdigit() else value
    return Rules(**values)


def _read_quantities(cell: str) -> dict[str, float]:
    return {
        name: float(quantity)
        for name, quantity in re.findall(r"\b([A-Z]) ([\d.]+)", cell)
    }


def _read_order(lines, there, before, arrives, needed) -> Order:
    available = _read_quantities(there)
    rows = []
    for part in lines.split(", "):
        if part.startswith("done "):
            rows[-1] = replace(rows[-1], open=rows[-1].ordered - float(part[5:]))
            continue
        name, ordered, price = re.match(r"([A-Z]) ([\d.]+) × ([\d.]+)", part).groups()
        rows.append(
            Line(
                name,
                float(ordered),
                float(ordered),
                available.get(name, 0.0),
                float(price),
                group="set" if " with " in part else "",
                package=10.0 if "in tens" in part else 0.0,
            )
        )
    arrivals = [
        Arrival(_day(int(day)), name, float(quantity))
        for name, quantity, day in re.findall(r"([A-Z]) ([\d.]+) on day (\d+)", arrives)
    ]
    return Order(
        rows,
        MONDAY,
        int(before),
        _day(int(needed.removeprefix("day "))),
        arrivals=arrivals,
    )


def _describe(decision) -> str:
    """A decision in the words of the table."""

    def list_(quantities):
        return ", ".join(f"{name} {quantity:g}" for name, quantity in quantities)

    if decision.reason is None:
        words = f"ships {list_(decision.ships.items())}"
        if decision.closes:
            words += f"; closes {list_(decision.closes.items())}"
        return words + (f"; {decision.rest}" if decision.rest != "keep" else "")
    words = decision.reason.code
    numbers = [
        f"{number:.2f}".rstrip("0").rstrip(".") for number in decision.reason.numbers
    ]
    words += f" {' of '.join(numbers)}" if numbers else ""
    if decision.until:
        words += f" until day {(decision.until - MONDAY).days}"
    return words


class TestWorkedExamples(TestCase):
    def test_examples_of_the_docs(self):
        examples = list(_read_examples())
        self.assertGreaterEqual(len(examples), 30)
        for rules, *facts, outcome in examples:
            with self.subTest(rules=rules, facts=facts):
                decision = decide(_read_rules(rules), _read_order(*facts))
                self.assertEqual(_describe(decision), outcome)


# ---------------------------------------------------------------------------- by hand


class TestShipping(TestCase):
    def _order(self, *lines, **values):
        return Order(list(lines), MONDAY, **values)

    def test_arrivals_that_are_late_are_not_waited_for(self):
        order = self._order(
            Line("A", 50, 50, 10), arrivals=[Arrival(_day(-1), "A", 40)]
        )
        self.assertEqual(decide(Rules(consolidate_days=9), order).ships, {"A": 10})

    def test_no_needed_day_waits_as_agreed(self):
        order = self._order(
            Line("A", 50, 50, 10), arrivals=[Arrival(_day(3), "A", 40, "PO12")]
        )
        decision = decide(Rules(consolidate_days=3), order)
        self.assertEqual(decision.until, _day(3))
        self.assertEqual(decision.reason.names, ("PO12",))
        self.assertEqual(decision.keeps, {"A": 10})

    def test_waits_for_all_days_that_bring_more(self):
        """The last of the arrivals that help counts; one for a line that stays
        incomplete does not."""
        order = self._order(
            Line("A", 9, 9, 0),
            Line("B", 5, 5, 5),
            Line("C", 7, 7, 0),
            arrivals=[
                Arrival(_day(1), "A", 4, "P1"),
                Arrival(_day(3), "A", 5, "P2"),
                Arrival(_day(4), "C", 6, "P3"),
            ],
        )
        rules = Rules(shipping=agreement.COMPLETE_LINES, consolidate_days=5)
        decision = decide(rules, order)
        self.assertEqual(decision.until, _day(3))
        self.assertEqual(decision.reason.names, ("P1", "P2"))
        self.assertEqual(decision.reason.numbers, (9,))

    def test_share_counts_units_of_products(self):
        """Two dozen of five dozen, and no piece of ten."""
        order = self._order(Line("A", 5, 5, 2, weight=12), Line("B", 10, 10, 0))
        rules = Rules(shipping=agreement.THRESHOLD, first_min_percent=35)
        self.assertAlmostEqual(decide(rules, order).reason.numbers[0], 100 * 24 / 70)

    def test_cancelled_does_not_count(self):
        order = self._order(Line("A", 4, 4, 2))  # ten ordered, six cancelled
        rules = Rules(shipping=agreement.THRESHOLD, first_min_percent=50)
        self.assertEqual(decide(rules, order).ships, {"A": 2})

    def test_a_credit_makes_no_shipment_smaller(self):
        order = self._order(
            Line("A", 2, 2, 2, 30), Line("B", 1, 1, 1, -50), Line("C", 9, 9, 0)
        )
        self.assertEqual(decide(Rules(min_amount=60), order).ships, {"A": 2, "B": 1})

    def test_more_shipments_than_allowed_count_as_the_last(self):
        order = self._order(Line("A", 9, 9, 2), shipments=5)
        rules = Rules(max_shipments=2, remainder=agreement.WAIT)
        self.assertEqual(decide(rules, order).reason.numbers, (6, 2))

    def test_what_is_kept_while_it_waits(self):
        order = self._order(
            Line("A", 9, 9, 2), ordered_on=_day(-4), arrivals=[Arrival(_day(2), "A", 7)]
        )
        for days, kept in ((None, {}), (5, {}), (4, {"A": 2}), (0, {"A": 2})):
            with self.subTest(days=days):
                rules = Rules(
                    shipping=agreement.COMPLETE_ORDER,
                    accumulate=agreement.NEVER
                    if days is None
                    else agreement.AFTER_DAYS,
                    accumulate_after_days=days or 0,
                )
                self.assertEqual(decide(rules, order).keeps, kept)
                self.assertEqual(may_use(rules, order.with_available({"A": 2})), kept)

    def test_wrong_weekday_keeps_its_goods(self):
        order = self._order(Line("A", 9, 9, 2))
        self.assertEqual(
            may_use(Rules(weekdays=frozenset({3})), order.with_available({"A": 2})),
            {"A": 2},
        )

    def test_lines_that_wait_hold_nothing(self):
        order = self._order(Line("A", 9, 9, 0), Line("B", 5, 5, 0))
        rules = Rules(shipping=agreement.COMPLETE_LINES)
        self.assertEqual(
            may_use(rules, order.with_available({"A": 8, "B": 5})), {"B": 5}
        )

    def test_lines_that_wait_may_be_collected(self):
        """Whole packagings only, where that is agreed."""
        order = self._order(
            Line("A", 25, 25, 0, package=10), Line("B", 5, 5, 0), ordered_on=_day(-1)
        )
        rules = Rules(
            shipping=agreement.COMPLETE_LINES,
            accumulate=agreement.AFTER_DAYS,
            whole_packages=True,
        )
        self.assertEqual(
            may_use(rules, order.with_available({"A": 17, "B": 5})), {"A": 10, "B": 5}
        )
        self.assertEqual(may_use(rules, order.with_available({"A": 17})), {"A": 10})

    def test_what_was_collected_stays_while_the_rest_is_waited_for(self):
        """A is complete now, and waits for what completes B tomorrow."""
        order = self._order(
            Line("A", 1, 1, 0),
            Line("B", 2, 2, 0),
            ordered_on=MONDAY,
            arrivals=[Arrival(_day(1), "B", 1)],
        )
        rules = Rules(
            shipping=agreement.COMPLETE_LINES,
            consolidate_days=1,
            accumulate=agreement.AFTER_DAYS,
        )
        self.assertEqual(may_use(rules, order.with_available({"B": 1})), {"B": 1})
        there = order.with_available({"A": 1, "B": 1})
        self.assertEqual(decide(rules, there).reason.code, shipping.MORE_ARRIVES)
        self.assertEqual(may_use(rules, there), {"A": 1, "B": 1})

    def test_lines_that_must_be_complete(self):
        """Kept as a backorder whatever else happens, with goods or without."""
        order = self._order(Line("A", 9, 9, 0), Line("B", 5, 5, 5), Line("C", 2, 2, 1))
        decision = decide(Rules(shipping=agreement.COMPLETE_LINES), order)
        self.assertEqual(decision.incomplete, {"A", "C"})
        self.assertEqual(decision.waiting, {"C": shipping.INCOMPLETE_LINE})

    def test_a_line_of_which_nothing_is_there_is_not_closed(self):
        order = self._order(
            Line("A", 9, 9, 9, group="set"), Line("B", 5, 5, 0, group="set")
        )
        decision = decide(Rules(close_tolerance_percent=100), order)
        self.assertEqual(decision.reason.code, shipping.INCOMPLETE_GROUP)

    def test_waits_for_more_since_a_day(self):
        order = self._order(
            Line("A", 50, 50, 10),
            arrivals=[Arrival(_day(-1), "A", 5), Arrival(_day(3), "A", 40)],
        )
        rules = Rules(consolidate_days=5)
        for since, until in ((None, 3), (0, 3), (-2, 3), (-3, None)):
            with self.subTest(since=since):
                waiting = replace(
                    order, waiting_since=None if since is None else _day(since)
                )
                decision = decide(rules, waiting)
                self.assertEqual(decision.until, until and _day(until))
                if until:
                    self.assertEqual(decision.reason.numbers, (40,))

    def test_what_has_left_today_counts(self):
        """Two of three lines and eight of ten pieces, half of them gone already."""
        order = self._order(
            Line("A", 4, 0, 0, price=5, left=4),
            Line("B", 4, 4, 4, price=5),
            Line("C", 2, 2, 0, price=5),
        )
        for rules in (
            Rules(shipping=agreement.THRESHOLD, first_min_percent=80),
            Rules(
                shipping=agreement.THRESHOLD,
                first_min_percent=66,
                min_basis=agreement.BY_LINES,
            ),
            Rules(min_amount=40),
        ):
            with self.subTest(rules=rules):
                self.assertEqual(decide(rules, order).ships, {"B": 4})

    def test_released_ships_all_that_is_there(self):
        order = self._order(
            Line("A", 9, 9, 2), Line("B", 50, 50, 49), Line("C", 1, 1, 0)
        )
        rules = Rules(
            shipping=agreement.COMPLETE_ORDER,
            close_tolerance_percent=2,
            weekdays=frozenset({3}),
        )
        decision = release(rules, order)
        self.assertEqual(decision.ships, {"A": 2, "B": 49})
        self.assertEqual(decision.closes, {"B": 1})
        self.assertEqual(decision.rest, shipping.KEEP)

    def test_released_for_the_last_time(self):
        order = self._order(Line("A", 9, 9, 2), Line("B", 1, 1, 0))
        rules = Rules(max_shipments=1, remainder=agreement.CANCEL, min_amount=99)
        self.assertEqual(release(rules, order).closes, {"A": 7, "B": 1})

    def test_excess(self):
        lines = [Line("A", 25, 25, 17, package=10), Line("B", 2, 2, 2)]
        decision = decide(Rules(whole_packages=True), self._order(*lines))
        self.assertEqual(find_excess(decision, {"A": 17, "B": 2}, lines), ["A"])
        self.assertEqual(find_excess(decision, {"A": 10, "B": 2}, lines), [])

    def test_fit_to_packages(self):
        cases = [
            # package, held, missing, quantity, fits
            (10, 0, 25, 17, 10),
            (10, 0, 25, 25, 25),
            (10, 10, 15, 9, 0),
            (10, 10, 15, 10, 10),
            (10, 7, 18, 4, 3),
            (0.1, 0, 1, 0.3, 0.3),
        ]
        for package, held, missing, quantity, fits in cases:
            with self.subTest(held=held, quantity=quantity):
                found = fit_to_packages(package, held, missing, None, quantity)
                self.assertAlmostEqual(found, fits)


class TestContradictions(TestCase):
    def test_each(self):
        cases = [
            (Rules(), ""),
            (Rules(close_tolerance_percent=100.5), agreement.NOT_A_SHARE),
            (Rules(first_min_percent=-1, shipping="threshold"), agreement.NOT_A_SHARE),
            (Rules(consolidate_days=-1), agreement.NEGATIVE),
            (Rules(first_min_percent=10), agreement.SHARE_WITH_AVAILABLE),
            (Rules(shipping="threshold"), agreement.THRESHOLD_WITHOUT_SHARE),
            (Rules(shipping="threshold", next_min_percent=1), ""),
            (Rules(shipping="complete_lines", first_min_percent=1), ""),
            (
                Rules(shipping="complete_order", next_min_percent=1),
                agreement.COMPLETE_WITH_SHARE,
            ),
            (
                Rules(shipping="complete_order", min_amount=1),
                agreement.COMPLETE_WITH_AMOUNT,
            ),
            (
                Rules(shipping="complete_order", max_shipments=1, remainder="wait"),
                agreement.COMPLETE_WITH_SHIPMENTS,
            ),
            (
                Rules(shipping="complete_order", consolidate_days=1),
                agreement.COMPLETE_WITH_CONSOLIDATION,
            ),
            (Rules(max_shipments=1), agreement.SHIPMENTS_WITHOUT_REMAINDER),
            (
                Rules(max_shipments=1, remainder="ask", ship_together="address"),
                agreement.ADDRESS_WITH_SHIPMENTS,
            ),
        ]
        for rules, code in cases:
            with self.subTest(rules=rules):
                self.assertEqual(find_contradiction(rules), code)


# -------------------------------------------------------------------------- properties

percent = st.sampled_from([0, 10, 25, 50, 75, 100])
rules_ = st.builds(
    Rules,
    shipping=st.sampled_from(
        ["available", "complete_lines", "complete_order", "threshold"]
    ),
    first_min_percent=percent,
    next_min_percent=percent,
    min_basis=st.sampled_from(["quantity", "value", "lines"]),
    min_amount=st.sampled_from([0, 20, 60]),
    max_shipments=st.integers(0, 3),
    remainder=st.sampled_from(["wait", "cancel", "ask"]),
    consolidate_days=st.integers(0, 6),
    close_tolerance_percent=st.sampled_from([0, 20, 50]),
    weekdays=st.frozensets(st.integers(0, 6), max_size=2),
    whole_packages=st.booleans(),
    accumulate=st.sampled_from(["never", "after_days"]),
    accumulate_after_days=st.integers(0, 4),
).filter(lambda rules: not find_contradiction(rules))


@st.composite
def orders(draw):
    lines, arrivals = [], []
    for name in "ABC"[: draw(st.integers(1, 3))]:
        ordered = draw(st.integers(1, 9))
        open_ = draw(st.integers(0, ordered))
        lines.append(
            Line(
                name,
                ordered,
                open_,
                draw(st.integers(0, open_)),
                price=draw(st.sampled_from([0.0, 2.5, 7.0])),
                group=draw(st.sampled_from(["", "", "set"])),
                package=draw(st.sampled_from([0.0, 2.0, 3.0])),
            )
        )
        for _each in range(draw(st.integers(0, 2))):
            arrivals.append(
                Arrival(
                    _day(draw(st.integers(-2, 8))), name, draw(st.integers(1, 6)), "PO"
                )
            )
    return Order(
        lines,
        MONDAY,
        shipments=draw(st.integers(0, 3)),
        needed=draw(st.none() | st.integers(-2, 8).map(_day)),
        ordered_on=_day(-draw(st.integers(0, 6))),
        arrivals=arrivals,
    )


class TestProperties(TestCase):
    @settings(max_examples=400)
    @given(rules_, orders())
    def test_total(self, rules, order):
        """It either ships something or says why not, and never more than is there."""
        decision = decide(rules, order)
        self.assertEqual(not decision.ships, decision.reason is not None)
        there = {line.id: line.available for line in order.lines}
        for quantities in (decision.ships, decision.keeps):
            for line, quantity in quantities.items():
                self.assertGreater(quantity, 0)
                self.assertLessEqual(quantity, there[line] + 1e-9)
        if decision.is_held:
            self.assertTrue(any(there.values()))

    @settings(max_examples=400)
    @given(rules_, orders())
    def test_shipped_open_and_cancelled_are_what_was_ordered(self, rules, order):
        decision = decide(rules, order)
        for line in order.lines:
            shipped = decision.ships.get(line.id, 0)
            closed = decision.closes.get(line.id, 0)
            self.assertGreaterEqual(line.open - shipped - closed, -1e-9)
        if decision.reason is not None:
            self.assertFalse(decision.closes)

    @settings(max_examples=600)
    @given(rules_, orders(), st.integers(0, 2), st.integers(1, 9))
    def test_more_stock_never_holds(self, rules, order, index, more):
        """Except by the calendar, which never reaches beyond the needed day."""
        lines = list(order.lines)
        line = lines[index % len(lines)]
        lines[index % len(lines)] = replace(
            line, available=min(line.open, line.available + more)
        )
        before, after = decide(rules, order), decide(rules, replace(order, lines=lines))
        if before.ships:
            if after.reason is not None:
                self.assertIn(after.reason.code, shipping.CALENDAR)
            else:
                for each, quantity in before.ships.items():
                    self.assertGreaterEqual(after.ships[each], quantity)
        used = may_use(rules, replace(order, lines=lines))
        for each, quantity in may_use(rules, order).items():
            self.assertGreaterEqual(used.get(each, 0.0), quantity)

    @settings(max_examples=400)
    @given(rules_, orders())
    def test_the_calendar_never_reaches_beyond_the_needed_day(self, rules, order):
        decision = decide(rules, order)
        if decision.reason is not None and decision.reason.code in shipping.CALENDAR:
            self.assertGreater(decision.until, order.today)
            if order.needed:
                self.assertLessEqual(decision.until, order.needed)

    @settings(max_examples=400)
    @given(rules_, orders())
    def test_what_completes_all_ships(self, rules, order):
        lines = [replace(line, available=line.open) for line in order.lines]
        decision = decide(rules, replace(order, lines=lines))
        if any(line.open for line in lines):
            if decision.reason is None:
                self.assertFalse(decision.closes)
            else:
                self.assertEqual(decision.reason.code, shipping.OTHER_WEEKDAY)

    @settings(max_examples=300)
    @given(rules_, orders())
    def test_on_the_day_it_says_it_ships(self, rules, order):
        """If all comes as expected, what is held is held no longer for that reason."""
        decision = decide(rules, order)
        if decision.until is None:
            return
        self.assertGreater(decision.until, order.today)
        come = {}
        for arrival in order.arrivals:
            if order.today < arrival.day <= decision.until:
                come[arrival.line] = come.get(arrival.line, 0) + arrival.quantity
        then = replace(
            order,
            today=decision.until,
            lines=[
                replace(
                    line,
                    available=min(line.open, line.available + come.get(line.id, 0)),
                )
                for line in order.lines
            ],
        )
        later = decide(rules, then)
        if later.reason is not None:
            self.assertIn(later.reason.code, shipping.CALENDAR)
