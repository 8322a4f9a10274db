"""The earliest day of a quotation is the expected one once it is confirmed."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import tagged

from .random_common import StoryMixin, a_few_stories
from .test_eta import EtaCommon, march, noon
from .test_eta_random import arrivals, sales

quotation = st.tuples(
    st.integers(1, 12), st.integers(1, 12), st.integers(1, 6), st.booleans()
)


@tagged("post_install", "-at_install")
class TestQuotationsAtRandom(StoryMixin, EtaCommon):
    @a_few_stories
    @given(st.integers(0, 10), arrivals, sales, quotation)
    def test_earliest_is_what_is_expected_once_confirmed(
        self, stock, coming, sold, asked
    ):
        """GIVEN stock, arrivals of glasses, others who want them, and jugs to come
        THEN each line of a quotation has the day that it has when it is confirmed,
            today where all is there, and none where none is known
        """
        with self._undone():
            first, second, jugs, at_once = asked
            jug = self._create_product("Jug")
            self._expect(16, (jug, 4))
            if stock:
                self._put_stock(self.glass, stock)
            for quantity, day in coming:
                self._expect(day, (self.glass, quantity))
            for quantity, day, starred in sold:
                order = self._create_order(
                    (self.glass, quantity), commitment_date=noon(day)
                )
                order.picking_ids.move_ids.priority = "1" if starred else "0"
            self._settle()
            order = self._create_order(
                (self.glass, first),
                (self.glass, second),
                (jug, jugs),
                picking_policy="one" if at_once else "direct",
                confirm=False,
            )
            lines = order.order_line
            earliest = lines.mapped("backorder_earliest")
            order.action_confirm()
            self._settle()
            self.env.invalidate_all()
            for line, day in zip(lines, earliest, strict=True):
                if line.qty_backordered or line.backorder_eta:
                    self.assertEqual(day, line.backorder_eta)
                elif at_once and any(lines.mapped("qty_backordered")):
                    self.assertFalse(day)
                else:
                    self.assertEqual(day, march(1))
