"""How far a shipment is invoiced, and when what failed is tried again."""

from odoo.tests import BaseCase, tagged

from ..planning.invoicing import Apportionment, Link, Part, Share, ShippedMove
from ..planning.retrying import get_delay_hours
from ..planning.shipment_state import Figures, add_line, find_state

FIRST, SECOND = 7, 8  # shipments
MOVE, NEXT_MOVE = 71, 81
BILL, CREDIT = 1, 2


@tagged("post_install", "-at_install")
class TestShipmentState(BaseCase):
    def _find(self, links=(), parts=(), credits=()):
        """Two shipments of 4 and 3, at 10 each: {shipment: (state, amount)}."""
        figures: dict[int, Figures] = {}
        add_line(
            figures,
            [ShippedMove(MOVE, FIRST, 4, 4), ShippedMove(NEXT_MOVE, SECOND, 3, 3)],
            links,
            Apportionment(tuple(parts), tuple(credits)),
            lambda quantity: 10 * quantity,
        )
        return {
            shipment: (find_state(each), each.amount)
            for shipment, each in figures.items()
        }

    def test_nothing_open_and_nothing_invoiced(self):
        self.assertEqual(self._find(), {FIRST: ("no", 0), SECOND: ("no", 0)})

    def test_one_invoiced_the_other_not(self):
        found = self._find(
            [Link(BILL, MOVE, 4)], [Part(SECOND, 3, (Share(NEXT_MOVE, 3),))]
        )
        self.assertEqual(found, {FIRST: ("invoiced", 0), SECOND: ("to_invoice", 30)})

    def test_credited_in_full_is_to_invoice_again(self):
        found = self._find(
            [Link(BILL, MOVE, 4), Link(CREDIT, MOVE, -4)],
            [Part(FIRST, 4, (Share(MOVE, 4),))],
        )
        self.assertEqual(found[FIRST], ("to_invoice", 40))

    def test_a_credit_counts_where_the_goods_left(self):
        """1 of the first shipment came back; the second is not invoiced yet."""
        found = self._find(
            [Link(BILL, MOVE, 4)],
            [Part(SECOND, 3, (Share(NEXT_MOVE, 3),))],
            [Part(FIRST, -1, (Share(MOVE, -1),))],
        )
        self.assertEqual(found, {FIRST: ("partial", -10), SECOND: ("to_invoice", 30)})

    def test_a_failure_wins_where_something_is_open(self):
        self.assertEqual(find_state(Figures(open=True), failed=True), "error")
        self.assertEqual(find_state(Figures(linked=True), failed=True), "invoiced")

    def test_later_and_later(self):
        self.assertEqual(
            [get_delay_hours(attempts) for attempts in (1, 2, 3, 4, 5, 6, 7, 5000)],
            [1, 2, 4, 8, 16, 24, 24, 24],
        )
        with self.assertRaises(ValueError):
            get_delay_hours(0)
