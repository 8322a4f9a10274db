"""Whatever happens between, and however often a button is pressed: a choice made twice
counts once, and the customer's figures add up to what he ordered."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import tagged

from ..models.backorder_choice import DONE, TO_DO
from ..models.backorder_choice_making import ChoiceRefused
from .random_common import StoryMixin, a_few_stories, stories
from .test_choices_substitute import SubstituteChoiceCommon

DEEDS = ("receive", "ship", "raise", "choose", "choose", "choose", "do", "refuse")


@tagged("post_install", "-at_install")
class TestRandomChoices(StoryMixin, SubstituteChoiceCommon):
    def _do_receive(self, quantity, choice):
        self._receive((self.glass, quantity))

    def _do_ship(self, quantity, choice):
        picking = self._choose_among(self._get_open(self.order).sorted("id"), choice)
        if any(picking.move_ids.mapped("quantity")):
            self._validate(picking)

    def _do_raise(self, quantity, choice):
        self.line.product_uom_qty += quantity

    def _do_choose(self, quantity, choice):
        """Press a button twice, and then that of a page from before."""
        options = self.line._get_portal_choices()
        if not options:
            return
        option = options[choice % len(options)]
        fingerprint = self.line._get_choice_fingerprint()

        def press(kind=option.kind, substitute=option.substitute_id):
            return self.line._choose(
                kind, fingerprint, self.customer, "page", substitute=substitute
            )

        made = press()
        self._settle()
        before = self._get_facts()
        self.assertEqual(press(), made)
        self._settle()
        self.assertEqual(self._get_facts(), before)
        if fingerprint != self.line._get_choice_fingerprint():
            others = {"wait", "cancel"} - {option.kind}
            for kind in others:
                with self.assertRaises(ChoiceRefused):
                    press(kind, False)
            self.assertEqual(self._get_facts(), before)

    def _do_do(self, quantity, choice):
        for each in self._get_to_do():
            if not each._try_to_do():
                self.assertEqual(each.state, DONE)

    def _do_refuse(self, quantity, choice):
        if to_do := self._get_to_do():
            to_do.action_refuse()

    def _get_to_do(self):
        return self.line.backorder_choice_ids.filtered(lambda c: c.state == TO_DO)

    def _get_facts(self):
        """All that a choice changes."""
        self.env.invalidate_all()
        return (
            self.line.qty_cancelled,
            self.order.order_line.mapped("product_uom_qty"),
            self.line.backorder_choice_ids.mapped("state"),
            self.order.picking_ids.mapped("state"),
            len(self.order.message_ids),
        )

    def _choose_among(self, records, choice):
        return records[choice % len(records)] if records else records

    def _check(self):
        self.assertLessEqual(len(self._get_to_do()), 1)
        for story in self.order._get_portal_stories():
            figures = story.figures
            self.assertEqual(
                figures.shipped
                + figures.on_its_way
                + figures.waiting
                + figures.cancelled
                + figures.returned,
                figures.ordered + figures.beyond,
            )

    @a_few_stories
    @given(
        stories(DEEDS, most=6, shortest=2, longest=8),
        st.sampled_from(["at_once", "task"]),
    )
    def test_stories(self, story, effect):
        with self._undone():
            self.policy.choice_effect = effect
            self.order = self._create_chooser((self.glass, 10))
            self.line = self.order.order_line
            for deed, quantity, choice in story:
                getattr(self, f"_do_{deed}")(quantity, choice)
                self._settle()
                self._check()
            self._settle()
