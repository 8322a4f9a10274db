"""Two processes reserve the last goods at the same moment."""

import time

from odoo.tests import tagged

from .concurrency_common import ConcurrencyCase


@tagged("post_install", "-at_install")
class TestReservationConcurrency(ConcurrencyCase):
    """Real processes and real commits, on a copy of the database."""

    worker = "concurrent_reservation.py"

    def test_the_same_goods_are_never_reserved_twice(self):
        """Ten pieces, both want ten: one gets them, the other looks again and waits."""
        moves = self._start("prepare").communicate()[0].split()
        start = str(time.time() + 8)  # both have loaded Odoo by then
        workers = [self._start("reserve", move, start) for move in moves]
        results = [worker.communicate()[0].split() for worker in workers]
        self.assertEqual([worker.returncode for worker in workers], [0, 0])
        quantities = sorted(float(quantity) for quantity, _tries in results)
        self.assertEqual(quantities, [0, 10])
        tries = sorted(int(tries) for _quantity, tries in results)
        self.assertEqual(tries, [1, 2], "they did not meet: the test proves nothing")
        self.assertEqual(self._reserved(), (10, 10))

    def _reserved(self):
        """What is reserved on quants, and on move lines."""
        [(on_quants, on_lines)] = self._query(
            """
            SELECT (SELECT sum(reserved_quantity) FROM stock_quant q
                     WHERE q.product_id = p.id),
                   (SELECT sum(quantity_product_uom) FROM stock_move_line l
                     WHERE l.product_id = p.id)
              FROM product_product p ORDER BY p.id DESC LIMIT 1
            """
        )
        return float(on_quants), float(on_lines)
