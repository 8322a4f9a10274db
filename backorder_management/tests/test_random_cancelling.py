"""Whatever is cancelled, raised and lowered, in whatever order: what was ordered was
delivered, is open or was cancelled, and no transfer is open for nothing."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import STEPS
from .random_common import StoryMixin, a_few_stories, stories
from .test_cancel_rest import CancelCommon

OPERATIONS = (
    "receive",
    "receive",
    "ship",
    "ship",
    "ship_part",
    "ship_no_backorder",
    "unreserve",
    "assign",
    "cancel_rest",
    "cancel_short",
    "raise",
    "lower",
)


@tagged("post_install", "-at_install")
class TestRandomCancelling(StoryMixin, CancelCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.glass.invoice_policy = "order"

    def _do(self, name, quantity, choice):
        getattr(self, f"_do_{name}")(quantity, choice)
        self._settle()

    def _pick(self, choice):
        return self._choose(self._get_open(self.order).sorted("id"), choice)

    def _do_receive(self, quantity, choice):
        self._receive((self.glass, quantity))

    def _do_ship(self, quantity, choice):
        picking = self._pick(choice)
        if any(picking.move_ids.mapped("quantity")):
            self._validate(picking)

    def _do_ship_part(self, quantity, choice):
        picking = self._pick(choice)
        if move := picking.move_ids.filtered("quantity")[:1]:
            move.quantity = min(quantity, move.quantity)
            self._validate(picking)

    def _do_ship_no_backorder(self, quantity, choice):
        picking = self._pick(choice)
        if any(picking.move_ids.mapped("quantity")):
            self._validate(picking, backorder=False)

    def _do_unreserve(self, quantity, choice):
        self._pick(choice).do_unreserve()

    def _do_assign(self, quantity, choice):
        if picking := self._pick(choice):
            with suppress(UserError):  # nothing to reserve, says core
                picking.action_assign()

    def _do_cancel_rest(self, quantity, choice):
        self.line._cancel_backorder_rest("a story")
        self._settle()
        self.assertEqual(self.line.qty_backorder_rest, 0)

    def _do_cancel_short(self, quantity, choice):
        self.line._cancel_backorder_short("a story")
        self._settle()
        self.assertEqual(self.line.qty_backordered, 0)

    def _do_raise(self, quantity, choice):
        cancelled = self.line.qty_cancelled
        open_before = self.line.qty_backorder_open
        self.line.product_uom_qty += quantity
        self._settle()
        self.assertEqual(self.line.qty_cancelled, cancelled)
        self.assertEqual(self.line.qty_backorder_open, open_before + quantity)

    def _do_lower(self, quantity, choice):
        line = self.line
        line.product_uom_qty = max(line.qty_delivered, line.product_uom_qty - quantity)

    def _check(self):
        self.env.invalidate_all()
        self.assertNoPhantom(self.order)
        self.assertBalance(self.line)
        self.assertEqual(
            self.line.qty_to_invoice,
            self.line.product_uom_qty - self.line.qty_cancelled,
        )
        opened = self._get_open(self.order)
        cut = self.line.qty_cancelled > 0
        if opened or not self.line.qty_delivered:
            self.assertNotIn(self.order.delivery_status, ("full", "cut_short"))
        else:
            self.assertEqual(self.order.delivery_status, "cut_short" if cut else "full")

    @a_few_stories
    @given(st.sampled_from((*STEPS, "pulled")), stories(OPERATIONS))
    def test_balance(self, steps, story):
        with self.env.cr.savepoint() as savepoint:
            if steps == "pulled":
                self._set_old_chain()
            else:
                self._set_steps(steps)
            self.order = self._create_order((self.glass, 10))
            self.line = self.order.order_line
            for operation in story:
                self._do(*operation)
                try:
                    self._check()
                except AssertionError as error:
                    raise AssertionError(f"{steps}, {operation} of {story}") from error
            savepoint.rollback()
            self.env.invalidate_all()
