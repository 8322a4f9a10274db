"""What customers are told of what they wait for: the pure rules."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import TransactionCase, tagged

from ..planning.notices import (
    CONFIRMED,
    DATE,
    ORDER,
    READY,
    WAITING,
    Fact,
    Line,
    Rules,
    bundle,
    find_fact,
)

TODAY = date(2027, 3, 10)
ALL = Rules(frozenset(ORDER), least_days=2, silence_days=14)


def march(day):
    return date(2027, 3, day)


def make_line(**values):
    waiting = {
        "id": 1,
        "customer": "Adler",
        "open": 10.0,
        "short": 4.0,
        "expected": march(20),
        "told": march(20),
        "heard": march(8),
    }
    return Line(**{**waiting, **values})


@tagged("post_install", "-at_install")
class TestNotices(TransactionCase):
    def assertFact(self, line, kind, rules=ALL):  # noqa: N802 - unittest's manner
        fact = find_fact(line, rules, TODAY)
        self.assertEqual(fact and fact.kind, kind)
        return fact

    def test_never_heard(self):
        """He has heard nothing: the first notice, with the day, or that none is
        known."""
        fact = self.assertFact(make_line(heard=None, told=None), CONFIRMED)
        self.assertEqual(fact, Fact(CONFIRMED, 1, march(20), None))
        fact = self.assertFact(
            make_line(heard=None, told=None, expected=None), CONFIRMED
        )
        self.assertIsNone(fact.day)
        self.assertFact(make_line(heard=None, told=None, short=0.0, open=0.0), None)

    def test_day_has_moved(self):
        """By more than two days, in both directions."""
        for day, kind in ((20, None), (22, None), (23, DATE), (18, None), (17, DATE)):
            with self.subTest(day=day):
                self.assertFact(make_line(expected=march(day)), kind)
        fact = self.assertFact(make_line(expected=march(25)), DATE)
        self.assertEqual((fact.day, fact.before), (march(25), march(20)))

    def test_day_is_lost_and_found(self):
        self.assertFact(make_line(expected=None), DATE)
        self.assertFact(make_line(told=None), DATE)
        self.assertFact(make_line(told=None, expected=None), None)

    def test_goods_are_there(self):
        """Once; what has all left is none."""
        self.assertFact(make_line(short=0.0), READY)
        self.assertFact(make_line(short=0.0, heard_ready=True), None)
        self.assertFact(make_line(short=0.0, open=0.0), None)

    def test_silence(self):
        """Two weeks after he heard last, on the 24th of February; then again."""
        self.assertFact(make_line(heard=date(2027, 2, 25)), None)
        self.assertFact(make_line(heard=date(2027, 2, 24)), WAITING)
        never = replace(ALL, silence_days=0)
        self.assertFact(make_line(heard=date(2026, 1, 1)), None, never)

    def test_what_he_does_not_want_to_hear(self):
        without_dates = replace(ALL, kinds=frozenset({CONFIRMED, WAITING}))
        moved = make_line(expected=march(25))
        self.assertFact(moved, None, without_dates)
        self.assertFact(replace(moved, heard=date(2027, 2, 1)), WAITING, without_dates)
        self.assertFact(make_line(short=0.0), None, without_dates)

    def test_one_notice_for_all(self):
        facts = [
            ("Adler", Fact(WAITING, 1, None, None)),
            ("Zentral", Fact(DATE, 2, None, None)),
            ("Adler", Fact(CONFIRMED, 3, None, None)),
        ]
        bundled = bundle(facts)
        self.assertEqual([fact.line for fact in bundled["Adler"]], [3, 1])
        self.assertEqual([fact.line for fact in bundled["Zentral"]], [2])

    days = st.none() | st.integers(1, 60).map(lambda n: TODAY + timedelta(days=n - 20))

    @given(
        st.builds(
            Line,
            id=st.just(1),
            customer=st.just("Adler"),
            open=st.integers(0, 5).map(float),
            short=st.integers(0, 5).map(float),
            expected=days,
            told=days,
            heard=st.none() | st.integers(0, 30).map(lambda n: TODAY - timedelta(n)),
            heard_ready=st.booleans(),
        ),
        st.builds(
            Rules,
            kinds=st.sets(st.sampled_from(ORDER)).map(frozenset),
            least_days=st.integers(0, 5),
            silence_days=st.integers(0, 20),
        ),
    )
    def test_nothing_is_told_twice(self, line, rules):
        """WHATEVER is told
        THEN it was wanted, and the same state says nothing more on that day
        """
        fact = find_fact(line, rules, TODAY)
        if fact is None:
            return
        self.assertIn(fact.kind, rules.kinds)
        told = replace(
            line,
            told=fact.day,
            heard=TODAY,
            heard_ready=line.heard_ready or fact.kind == READY,
        )
        self.assertIsNone(find_fact(told, rules, TODAY))
