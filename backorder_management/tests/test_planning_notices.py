"""What customers are told of what they wait for: the pure rules."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import TransactionCase, tagged

from ..planning.notices import (
    CANCELLED,
    CONFIRMED,
    DATE,
    KINDS,
    READY,
    SHIPPED,
    WAITING,
    Bundle,
    Known,
    Line,
    Rules,
    bundle,
    find_fact,
)

TODAY = date(2027, 3, 10)
ALL = Rules(frozenset(KINDS), least_days=2, silence_days=14)


def march(day):
    return date(2027, 3, day)


def make_known(**values):
    return Known(**{"day": march(20), "heard": march(8), **values})


def make_line(**values):
    """Of 10, 6 are there; the rest is expected on the 20th, as he was told."""
    waiting = {
        "open": 10.0,
        "short": 4.0,
        "shipped": 0.0,
        "cancelled": 0.0,
        "ready": False,
        "expected": march(20),
        "since": march(1),
        "known": make_known(),
    }
    return Line(**{**waiting, **values})


@tagged("post_install", "-at_install")
class TestNotices(TransactionCase):
    def assertFact(self, line, kind, rules=ALL):  # noqa: N802 - unittest's manner
        self.assertEqual(find_fact(line, rules, TODAY), kind)

    def test_all_is_as_he_knows(self):
        self.assertFact(make_line(), None)

    def test_first_notice(self):
        self.assertFact(make_line(known=None), CONFIRMED)
        self.assertFact(make_line(known=None, expected=None), CONFIRMED)
        self.assertFact(make_line(known=None, short=0.0), None)

    def test_a_promised_day_is_no_notice(self):
        """The order was confirmed with a delivery date, and pieces are missing."""
        promised = make_line(known=make_known(day=march(12), by_notice=False))
        self.assertFact(promised, CONFIRMED)
        self.assertFact(promised, DATE, Rules(frozenset({DATE}), least_days=2))

    def test_day_has_moved(self):
        """Two days are not worth a notice here, three are, both ways."""
        for day, kind in ((22, None), (23, DATE), (18, None), (17, DATE)):
            with self.subTest(day=day):
                self.assertFact(make_line(expected=march(day)), kind)

    def test_day_is_not_known_any_more_or_now_known(self):
        self.assertFact(make_line(expected=None), DATE)
        self.assertFact(make_line(known=make_known(day=None)), DATE)
        self.assertFact(make_line(known=make_known(day=None), expected=None), None)

    def test_day_of_a_held_line_moves_too(self):
        self.assertFact(make_line(short=0.0, expected=march(30)), DATE)

    def test_goods_are_there(self):
        ready = make_line(short=0.0, ready=True, expected=march(30))
        self.assertFact(ready, READY)
        self.assertFact(replace(ready, known=make_known(ready=True)), None)
        self.assertFact(replace(ready, known=None), READY)

    def test_goods_were_taken_away_again(self):
        """He knew that they were there; now they are expected as late as the 20th."""
        known = make_known(day=march(11), ready=True)
        self.assertFact(make_line(known=known), DATE)

    def test_shipped_in_part(self):
        rest = make_line(open=6.0, shipped=4.0)
        self.assertFact(rest, SHIPPED)
        self.assertFact(replace(rest, known=make_known(shipped=4.0)), None)
        self.assertFact(replace(rest, known=make_known(shipped=1.0)), SHIPPED)

    def test_all_has_shipped(self):
        self.assertFact(make_line(open=0.0, short=0.0, shipped=10.0), None)

    def test_rest_is_cancelled(self):
        ended = make_line(open=0.0, short=0.0, shipped=4.0, cancelled=6.0)
        self.assertFact(ended, CANCELLED)
        self.assertFact(replace(ended, known=make_known(cancelled=6.0)), None)
        self.assertFact(replace(ended, known=make_known(cancelled=2.0)), CANCELLED)

    def test_long_silence(self):
        """Once in 14 days; who was never told counts from when it was found short."""
        for days, kind in ((13, None), (14, WAITING), (30, WAITING)):
            heard = TODAY - timedelta(days=days)
            with self.subTest(days=days):
                self.assertFact(make_line(known=make_known(heard=heard)), kind)
        waiting = Rules(frozenset({WAITING}), silence_days=9)
        self.assertFact(make_line(known=None), WAITING, waiting)
        self.assertFact(make_line(known=None), None, replace(waiting, silence_days=10))

    def test_silence_is_agreed_on(self):
        long_ago = make_line(known=make_known(heard=march(1)))
        self.assertFact(long_ago, None, Rules(frozenset(KINDS), silence_days=0))

    def test_only_what_he_wants(self):
        ready = make_line(short=0.0, ready=True)
        self.assertFact(ready, None, Rules(frozenset({DATE, CONFIRMED})))

    def test_most_pressing_first(self):
        """4 have left, 2 are cancelled and the rest comes later: one notice says it."""
        line = make_line(open=4.0, shipped=4.0, cancelled=2.0, expected=march(30))
        self.assertFact(line, SHIPPED)

    def test_bundles(self):
        """Scenario: of Adler's two orders both days moved and in one line nothing has
        for long, one shipped; Zentral's day moved.

        Expected: Adler gets one notice of days and one of the shipment, Zentral one.
        """
        facts = [
            ("Adler", "S1", 1, WAITING),
            ("Adler", "S1", 2, DATE),
            ("Zentral", "S3", 5, DATE),
            ("Adler", "S2", 3, DATE),
            ("Adler", "S2", 4, SHIPPED),
        ]
        self.assertEqual(
            bundle(facts),
            [
                Bundle(DATE, "Adler", None, ((1, WAITING), (2, DATE), (3, DATE))),
                Bundle(DATE, "Zentral", None, ((5, DATE),)),
                Bundle(SHIPPED, "Adler", "S2", ((4, SHIPPED),)),
            ],
        )

    def test_bundle_of_what_has_not_changed(self):
        facts = [("Adler", "S1", 1, WAITING), ("Adler", "S2", 2, WAITING)]
        self.assertEqual([each.kind for each in bundle(facts)], [WAITING])


quantities = st.integers(0, 4).map(float)
days = st.none() | st.dates(march(1), march(31))
knowledge = st.none() | st.builds(
    Known,
    day=days,
    heard=st.dates(march(1), TODAY),
    shipped=quantities,
    cancelled=quantities,
    ready=st.booleans(),
    by_notice=st.booleans(),
)
lines = st.builds(
    Line,
    open=quantities,
    short=quantities,
    shipped=quantities,
    cancelled=quantities,
    ready=st.booleans(),
    expected=days,
    since=st.dates(march(1), TODAY),
    known=knowledge,
)
rules = st.builds(
    Rules,
    kinds=st.frozensets(st.sampled_from(KINDS)),
    least_days=st.integers(0, 5),
    silence_days=st.integers(0, 10),
)


@tagged("post_install", "-at_install")
class TestNoticesProperties(TransactionCase):
    @given(line=lines, own_rules=rules)
    def test_nothing_is_told_twice(self, line, own_rules):
        """Once he knows the line as it is, there is nothing left to tell that day."""
        if not find_fact(line, own_rules, TODAY):
            return
        known = Known(
            day=line.expected,
            heard=TODAY,
            shipped=max(line.shipped, line.known.shipped if line.known else 0.0),
            cancelled=line.cancelled,
            ready=line.ready,
        )
        self.assertIsNone(find_fact(replace(line, known=known), own_rules, TODAY))

    @given(line=lines, own_rules=rules)
    def test_only_what_is_switched_on(self, line, own_rules):
        fact = find_fact(line, own_rules, TODAY)
        self.assertTrue(fact is None or fact in own_rules.kinds)

    @given(
        facts=st.lists(
            st.tuples(
                st.integers(1, 3),
                st.integers(1, 3),
                st.integers(1, 99),
                st.sampled_from(KINDS),
            ),
            unique_by=lambda fact: fact[2],
        )
    )
    def test_bundles_lose_nothing(self, facts):
        told = [pair for each in bundle(facts) for pair in each.lines]
        self.assertEqual(
            sorted(told), sorted((line, kind) for _c, _o, line, kind in facts)
        )
