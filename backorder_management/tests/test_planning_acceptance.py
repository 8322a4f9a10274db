"""What of an order is accepted, given what is there, what is coming and the rule."""

from dataclasses import replace
from datetime import datetime
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from ..planning.acceptance import (
    ALLOW,
    INCOMING,
    LIMIT,
    REFUSE,
    Part,
    Request,
    Supply,
    choose_rule,
    decide,
    get_uncommitted,
)

MARCH = datetime(2031, 3, 1)
MAY = datetime(2031, 5, 1)


def ask(quantity, rule, pool="glass", *, per_unit=1.0, step=0.01, procured=False):
    part = Part(pool, pool, per_unit, rule, procured)
    return Request(pool, quantity, (part,), step)


def accept(*requests, supplies=None, rooms=None):
    """What of each request is accepted."""
    verdicts = decide(requests, supplies or {}, rooms or {}, digits=2)
    for verdict in verdicts:
        whole = verdict.accepted == verdict.request.quantity
        assert whole == (not verdict.findings)
    return [verdict.accepted for verdict in verdicts]


def add_supplies(stock, more):
    return {
        pool: Supply(each.there + more[pool].there, each.arrivals + more[pool].arrivals)
        for pool, each in stock.items()
    }


class TestRule(TestCase):
    def test_the_first_that_says_something(self):
        self.assertEqual(choose_rule(REFUSE, INCOMING, ALLOW), REFUSE)
        self.assertEqual(choose_rule(False, None, INCOMING, REFUSE), INCOMING)
        self.assertEqual(choose_rule(ALLOW, REFUSE), ALLOW)
        self.assertEqual(choose_rule(False), ALLOW)


class TestDecide(TestCase):
    """4 glasses are there, 3 come in March and 2 in May."""

    supplies = {"glass": Supply(4, ((MARCH, 3), (MAY, 2)))}

    def accept(self, *requests, **facts):
        return accept(*requests, **{"supplies": self.supplies, **facts})

    def test_allowed_whatever_is_there(self):
        self.assertEqual(self.accept(ask(100, ALLOW)), [100])

    def test_as_far_as_arrivals_cover_it(self):
        self.assertEqual(self.accept(ask(9, INCOMING)), [9])
        self.assertEqual(self.accept(ask(10, INCOMING)), [9])

    def test_up_to_a_limit(self):
        """Arrivals do not count: 6 may be short in all."""
        self.assertEqual(self.accept(ask(10, LIMIT), rooms={"glass": 6}), [10])
        self.assertEqual(self.accept(ask(11, LIMIT), rooms={"glass": 6}), [10])

    def test_a_limit_that_others_have_used_up(self):
        """More is short already than may be: what is there can still be sold."""
        self.assertEqual(self.accept(ask(5, LIMIT), rooms={"glass": -3}), [4])

    def test_refused(self):
        self.assertEqual(self.accept(ask(4, REFUSE)), [4])
        self.assertEqual(self.accept(ask(5, REFUSE)), [4])

    def test_nothing_is_known(self):
        self.assertEqual(
            accept(ask(1, REFUSE), ask(1, LIMIT), ask(1, INCOMING)), [0] * 3
        )

    def test_lines_share(self):
        """What the first line takes, the second one cannot have."""
        self.assertEqual(self.accept(ask(3, REFUSE), ask(3, REFUSE)), [3, 1])
        self.assertEqual(self.accept(ask(3, INCOMING), ask(7, INCOMING)), [3, 6])
        self.assertEqual(
            self.accept(ask(6, LIMIT), ask(3, LIMIT), rooms={"glass": 4}), [6, 2]
        )

    def test_who_is_allowed_takes_as_well(self):
        """An order without a limit before one with it."""
        self.assertEqual(self.accept(ask(6, ALLOW), ask(4, INCOMING)), [6, 3])
        self.assertEqual(
            self.accept(ask(6, ALLOW), ask(3, LIMIT), rooms={"glass": 4}), [6, 2]
        )

    def test_goods_that_are_procured_for_the_line(self):
        """They take nothing from others, and cannot be procured where refused."""
        self.assertEqual(
            self.accept(
                ask(100, INCOMING, procured=True),
                ask(100, LIMIT, procured=True),
                ask(4, REFUSE, procured=True),
                ask(4, REFUSE),
            ),
            [100, 100, 0, 4],
        )

    def test_in_steps(self):
        """7 pieces are half a dozen and one: no whole dozen."""
        supplies = {"glass": Supply(31)}
        dozens = ask(3, REFUSE, per_unit=12, step=1)
        self.assertEqual(accept(dozens, supplies=supplies), [2])
        self.assertEqual(accept(replace(dozens, step=0.5), supplies=supplies), [2.5])

    def test_what_fits_exactly_fits(self):
        """A third of a dozen of what is counted in dozens."""
        supplies = {"glass": Supply(0.3)}
        self.assertEqual(accept(ask(3, REFUSE, per_unit=0.1), supplies=supplies), [3])

    def test_the_scarcest_part_of_a_kit_decides(self):
        """
        GIVEN 5 tops and 10 legs, none of which is restocked
        WHEN 5 tables of 1 top and 4 legs are ordered, and then 3 tops
        THEN 2 tables are accepted, and all 3 tops
        """
        table = Request(
            "table",
            5,
            (Part("top", "top", 1, REFUSE), Part("leg", "leg", 4, REFUSE)),
            1,
        )
        supplies = {"top": Supply(5), "leg": Supply(10)}
        [verdict, tops] = decide([table, ask(3, REFUSE, "top")], supplies, {}, digits=2)
        self.assertEqual(verdict.accepted, 2)
        [finding] = verdict.findings
        self.assertEqual((finding.part.product, finding.needed), ("leg", 20))
        self.assertEqual(finding.supply.there, 10)
        self.assertEqual(tops.accepted, 3)

    def test_what_is_left_is_said(self):
        """The second line is told what the first one left: 2 in March, 2 in May."""
        [_first, second] = decide(
            [ask(5, INCOMING), ask(9, INCOMING)], self.supplies, {}, digits=2
        )
        [finding] = second.findings
        self.assertEqual(finding.supply, Supply(0, ((MARCH, 2), (MAY, 2))))


class TestUncommitted(TestCase):
    arrivals = [("a", MARCH, 5), ("b", MAY, 6)]

    def get(self, free=0, covered=0, short=0, others=0, promised=None):
        return get_uncommitted(
            free, covered, short, others, self.arrivals, promised or {}, digits=2
        )

    def test_nobody_else(self):
        self.assertEqual(self.get(free=4), Supply(4, ((MARCH, 5), (MAY, 6))))

    def test_what_others_have_not_reserved_yet(self):
        self.assertEqual(self.get(free=4, covered=3).there, 1)

    def test_who_is_short_takes_what_comes_first(self):
        self.assertEqual(self.get(short=7), Supply(0, ((MAY, 4),)))

    def test_what_is_there_is_not_for_who_is_short(self):
        """It was left over, such as a broken package: it can be sold."""
        self.assertEqual(self.get(free=2, short=7), Supply(2, ((MAY, 4),)))

    def test_promises_are_kept_from_their_own_arrival(self):
        """Of 7 short, 4 are promised in May: 3 of March and 4 of May are gone."""
        self.assertEqual(
            self.get(short=7, promised={"b": 4}), Supply(0, ((MARCH, 2), (MAY, 2)))
        )

    def test_a_promise_of_more_than_comes(self):
        self.assertEqual(self.get(short=9, promised={"a": 9}), Supply(0, ((MAY, 2),)))

    def test_productions_take_stock_first(self):
        self.assertEqual(self.get(free=4, others=6), Supply(0, ((MARCH, 3), (MAY, 6))))
        self.assertEqual(self.get(free=4, others=1).there, 3)

    def test_more_is_reserved_than_there_is(self):
        self.assertEqual(self.get(free=-3).there, 0)

    def test_all_is_spoken_for(self):
        self.assertEqual(self.get(short=50), Supply(0, ()))


quantities = st.integers(0, 3000).map(lambda hundredths: hundredths / 100)
rules = st.sampled_from([ALLOW, INCOMING, LIMIT, REFUSE])
pools = st.sampled_from(["glass", "cup"])


@st.composite
def requests(draw):
    parts = draw(
        st.lists(
            st.builds(
                lambda pool, per_unit, rule, procured: Part(
                    pool, pool, per_unit, rule, procured
                ),
                pools,
                st.sampled_from([0.1, 1.0, 3.0, 12.0]),
                rules,
                st.booleans(),
            ),
            min_size=1,
            max_size=2,
            unique_by=lambda part: part.pool,
        )
    )
    # a line is sold in whole steps of its unit
    step = draw(st.sampled_from([0.5, 1.0]))
    return Request("line", step * draw(st.integers(1, 30)), tuple(parts), step)


supplies = st.fixed_dictionaries(
    {
        pool: st.builds(
            Supply,
            quantities,
            st.lists(
                quantities.map(lambda quantity: (MARCH, quantity)), max_size=3
            ).map(tuple),
        )
        for pool in ("glass", "cup")
    }
)
rooms = st.fixed_dictionaries({pool: quantities for pool in ("glass", "cup")})
orders = st.lists(requests(), min_size=1, max_size=5)


class TestAlways(TestCase):
    @given(orders, supplies, rooms)
    def test_never_more_than_asked_for_nor_less_than_nothing(self, order, stock, room):
        for verdict in decide(order, stock, room, digits=2):
            self.assertGreaterEqual(verdict.accepted, 0)
            self.assertLessEqual(verdict.accepted, verdict.request.quantity)
            whole = verdict.accepted == verdict.request.quantity
            self.assertEqual(whole, not verdict.findings)

    @given(orders, supplies, rooms)
    def test_lowered_to_what_is_accepted_all_is_accepted(self, order, stock, room):
        verdicts = decide(order, stock, room, digits=2)
        lowered = [
            replace(verdict.request, quantity=verdict.accepted) for verdict in verdicts
        ]
        for verdict in decide(lowered, stock, room, digits=2):
            self.assertFalse(verdict.findings)

    @given(orders, supplies, rooms, supplies, rooms)
    def test_more_goods_never_refuse_what_was_accepted(
        self, order, stock, room, more_stock, more_room
    ):
        if any(each.findings for each in decide(order, stock, room, digits=2)):
            return
        plenty = add_supplies(stock, more_stock)
        rooms_then = {pool: each + more_room[pool] for pool, each in room.items()}
        for verdict in decide(order, plenty, rooms_then, digits=2):
            self.assertFalse(verdict.findings)

    @given(requests(), supplies, rooms, supplies, rooms)
    def test_more_goods_never_accept_less_of_a_line(
        self, request, stock, room, more_stock, more_room
    ):
        plenty = add_supplies(stock, more_stock)
        rooms_then = {pool: each + more_room[pool] for pool, each in room.items()}
        [before] = decide([request], stock, room, digits=2)
        [after] = decide([request], plenty, rooms_then, digits=2)
        self.assertGreaterEqual(after.accepted, before.accepted)

    @given(quantities, quantities, quantities, quantities, supplies, quantities)
    def test_nothing_is_promised_twice(
        self, free, covered, short, others, stock, promise
    ):
        arrivals = [
            (index, date, quantity)
            for index, (date, quantity) in enumerate(stock["glass"].arrivals)
        ]
        promised = {0: min(promise, short)} if arrivals else {}
        left = get_uncommitted(
            free, covered, short, others, arrivals, promised, digits=2
        )
        coming = stock["glass"].coming
        self.assertGreaterEqual(left.there, 0)
        self.assertLessEqual(left.there, max(0.0, free - covered) + 0.001)
        self.assertLessEqual(left.coming, max(0.0, coming - short) + 0.02)
        self.assertLessEqual(
            left.there + left.coming,
            max(0.0, max(0.0, free - covered) + coming - others) + 0.02,
        )
