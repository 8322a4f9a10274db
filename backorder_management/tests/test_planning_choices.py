"""What a customer may choose: the pure rule."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import TransactionCase, tagged

from ..planning.choices import (
    CANCEL,
    CHOICES,
    SHIP,
    SUBSTITUTE,
    WAIT,
    Situation,
    find_choices,
)

ALL = frozenset(CHOICES)
quantities = st.integers(0, 3).map(float)


@tagged("post_install", "-at_install")
class TestChoices(TransactionCase):
    def test_some_is_missing(self):
        situation = Situation(there=4, short=6, cancellable=6)
        self.assertEqual(find_choices(situation, ALL), (WAIT, CANCEL))

    def test_held(self):
        """What is there could leave, what is missing could be cancelled."""
        situation = Situation(there=4, short=6, held=True, cancellable=6)
        self.assertEqual(find_choices(situation, ALL), (WAIT, SHIP, CANCEL))

    def test_held_and_complete(self):
        situation = Situation(there=4, short=0, held=True)
        self.assertEqual(find_choices(situation, ALL), (WAIT, SHIP))

    def test_substitute(self):
        situation = Situation(there=0, short=6, has_substitute=True)
        self.assertEqual(find_choices(situation, ALL), (WAIT, SUBSTITUTE))

    def test_nothing_but_waiting_is_no_choice(self):
        situation = Situation(there=0, short=6)
        self.assertEqual(find_choices(situation, ALL), ())

    def test_what_was_picked_cannot_be_cancelled(self):
        situation = Situation(there=0, short=6, cancellable=0)
        self.assertEqual(find_choices(situation, frozenset({CANCEL})), ())

    def test_only_what_is_agreed_on(self):
        situation = Situation(there=4, short=6, held=True, cancellable=6)
        self.assertEqual(find_choices(situation, frozenset({SHIP})), (SHIP,))

    @given(
        situation=st.builds(
            Situation,
            there=quantities,
            short=quantities,
            held=st.booleans(),
            cancellable=quantities,
            has_substitute=st.booleans(),
        ),
        agreed=st.frozensets(st.sampled_from(CHOICES)),
    )
    def test_no_choice_beyond_the_agreement(self, situation, agreed):
        found = find_choices(situation, agreed)
        self.assertLessEqual(set(found), agreed)
        if found:
            self.assertTrue(situation.short > 0 or situation.held)
