"""Whatever is received, shipped, cancelled and replaced, to and fro: the figures of
each line add up to what was ordered, nothing is short that was replaced, and what is
invoiced in the end is what the order says is left of it."""

from hypothesis import given

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..planning.substitution import find_pieces
from .random_common import StoryMixin, a_few_stories, stories
from .test_substitutes import SubstituteCommon

DEEDS = (
    "receive_glasses",
    "receive_jugs",
    "replace",
    "replace",
    "replace",
    "ship",
    "ship_part",
    "cancel",
)


@tagged("post_install", "-at_install")
class TestRandomReplacing(StoryMixin, SubstituteCommon):
    """A jug replaces 2 glasses, and 2 glasses a jug."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ratios = {cls.glass: 0.5, cls.jug: 2.0}
        cls._replace_by(cls.glass, cls.jug, ratio=0.5, both_ways=True)
        cls.other = {cls.glass: cls.jug, cls.jug: cls.glass}

    def _do_receive_glasses(self, quantity, choice):
        self._receive((self.glass, quantity))

    def _do_receive_jugs(self, quantity, choice):
        self._receive((self.jug, quantity))

    def _do_replace(self, quantity, choice):
        line = self._choose(self.order.order_line, choice)
        before = line.qty_cancelled
        short = line.qty_backordered
        if not short:
            with self.assertRaises(UserError), self.cr.savepoint():
                line._replace_short(self.other[line.product_id], "A story")
            self.env.invalidate_all()
            return
        new_line = line._replace_short(
            self.other[line.product_id], "A story", limit=quantity
        )
        self._settle()
        replaced = line.qty_cancelled - before
        self.assertEqual(replaced, min(short, quantity))
        self.assertEqual(
            new_line.product_uom_qty,
            find_pieces(replaced, self.ratios[line.product_id]),
        )
        self.assertEqual(line.qty_backordered, short - replaced)

    def _do_ship(self, quantity, choice):
        picking = self._choose(self._get_open(self.order).sorted("id"), choice)
        if any(picking.move_ids.mapped("quantity")):
            self._validate(picking)

    def _do_ship_part(self, quantity, choice):
        picking = self._choose(self._get_open(self.order).sorted("id"), choice)
        if move := picking.move_ids.filtered("quantity")[:1]:
            move.quantity = min(quantity, move.quantity)
            self._validate(picking)

    def _do_cancel(self, quantity, choice):
        self._choose(self.order.order_line, choice)._cancel_backorder_short("A story")

    def _check(self):
        for line in self.order.order_line:
            figures = line._get_whereabouts()
            self.assertEqual(
                figures.shipped
                + figures.on_its_way
                + figures.waiting
                + figures.cancelled
                + figures.returned,
                figures.ordered + figures.beyond,
                line.name,
            )
            self.assertEqual(figures.beyond, 0)

    def _finish(self):
        """All that is missing comes, ships, and is invoiced."""
        for product in (self.glass, self.jug):
            lines = self.order.order_line.filtered(
                lambda line, product=product: line.product_id == product
            )
            if short := sum(lines.mapped("qty_backordered")):
                self._receive((product, short))
        while picking := self._get_open(self.order)[:1]:
            self._validate(picking)
        self._check()
        if any(self.order.order_line.mapped("qty_delivered")):
            invoice = self.order._create_invoices()
            self.assertEqual(invoice.amount_total, self.order.amount_kept)
        else:
            self.assertEqual(self.order.amount_kept, 0)

    @a_few_stories
    @given(stories(DEEDS, most=9, shortest=2, longest=10))
    def test_stories(self, story):
        with self._undone():
            self.order = self._create_order((self.glass, 12), (self.jug, 5))
            for deed, quantity, choice in story:
                getattr(self, f"_do_{deed}")(quantity, choice)
                self._settle()
                self._check()
            self._finish()
            self._settle()
