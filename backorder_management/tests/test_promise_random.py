"""What customers were told, under stories drawn at random."""

from datetime import timedelta

from hypothesis import given

from odoo import fields
from odoo.tests import tagged

from .random_common import a_few_stories, stories
from .test_eta import noon
from .test_eta_random import DEEDS, StoriesOfGlasses

TELLING = ("sell_for_later", "promise", "agree_on_a_day")
KEPT = (
    "sale_line_id",
    "date",
    "told_at",
    "user_id",
    "reason",
    "note",
    "expected",
    "is_first",
)


@tagged("post_install", "-at_install")
class TestPromisesAtRandom(StoriesOfGlasses):
    def _promise(self, quantity, choice):
        if order := self._choose(self._get_open_orders(), choice):
            day = fields.Date.today() + timedelta(days=quantity % 3)
            for _each in ("told", "and told again"):
                self.env["backorder.promise"]._give({order.order_line: day}, "other")

    def _agree_on_a_day(self, quantity, choice):
        if order := self._choose(self._get_open_orders(), choice):
            order.commitment_date = noon(quantity)

    @a_few_stories
    @given(stories((*DEEDS, "promise", "promise", "agree_on_a_day")))
    def test_after_any_story(self, story):
        """WHATEVER happens
        THEN only telling makes promises, what was told once stays as it was told, and
            a line has the day that was told last
        """
        with self._undone():
            self.orders = self.env["sale.order"]
            self.receipts = self.env["stock.picking"]
            history = {}
            for deed, quantity, choice in story:
                self._do(deed, quantity, choice)
                history = self._check_history(history, deed)
                self._check_latest()

    def _get_promises(self):
        self.env.invalidate_all()
        return self.env["backorder.promise"].search(
            [("order_id", "in", self.orders.ids)], order="id"
        )

    def _check_history(self, before, deed):
        now = {each.id: [each[name] for name in KEPT] for each in self._get_promises()}
        self.assertEqual(
            {promise_id: now.get(promise_id) for promise_id in before}, before
        )
        if deed not in TELLING:
            self.assertEqual(now, before)
        return now

    def _check_latest(self):
        told = self._get_promises().grouped("sale_line_id")
        for line in self.orders.order_line:
            promises = told.get(line, self.env["backorder.promise"])
            last = promises[-1:]
            self.assertEqual(line.backorder_promise_date, last.date)
            self.assertEqual(promises.filtered("is_latest"), last)
            self.assertEqual(promises.filtered("is_first"), promises[:1])
            days = promises.mapped("date")
            for first, second in zip(days, days[1:], strict=False):
                self.assertNotEqual(first, second)
