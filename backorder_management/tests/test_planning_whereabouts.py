"""What has become of what was ordered: the pure rule."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import TransactionCase, tagged

from ..planning.whereabouts import Whereabouts, find_whereabouts

quantities = st.integers(0, 20).map(float)


@tagged("post_install", "-at_install")
class TestWhereabouts(TransactionCase):
    def test_shipped_in_part(self):
        """Of 10, 4 have left, 2 are reserved, 3 are missing and 1 was cancelled."""
        self.assertEqual(
            find_whereabouts(10, 4, 0, 5, 3, 1),
            Whereabouts(10, shipped=4, on_its_way=2, waiting=3, cancelled=1),
        )

    def test_sent_back(self):
        """Of 10 that left, 2 came back for a refund."""
        self.assertEqual(
            find_whereabouts(10, 10, 2, 0, 0, 0), Whereabouts(10, shipped=8, returned=2)
        )

    def test_sent_by_the_vendor(self):
        """No transfer of ours brings it."""
        self.assertEqual(
            find_whereabouts(10, 0, 0, 0, 0, 0), Whereabouts(10, on_its_way=10)
        )

    def test_more_than_ordered(self):
        self.assertEqual(
            find_whereabouts(10, 12, 0, 0, 0, 0), Whereabouts(10, shipped=12, beyond=2)
        )

    @given(
        ordered=quantities,
        kept=quantities,
        refunded=quantities,
        open_quantity=quantities,
        short=quantities,
        cancelled=quantities,
    )
    def test_adds_up(self, ordered, kept, refunded, open_quantity, short, cancelled):
        """Nothing is lost, nothing is below zero."""
        found = find_whereabouts(
            ordered,
            kept,
            min(refunded, kept),
            open_quantity,
            min(short, open_quantity),
            cancelled,
        )
        parts = (
            found.shipped,
            found.on_its_way,
            found.waiting,
            found.cancelled,
            found.returned,
        )
        self.assertEqual(sum(parts), ordered + found.beyond)
        self.assertGreaterEqual(min(*parts, found.beyond), 0)
