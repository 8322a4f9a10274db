"""A purchase is put off while a colleague is saving the order that waits for it."""

from contextlib import closing
from datetime import timedelta

from odoo import sql_db
from odoo.tests import tagged

from .concurrency_common import ConcurrencyCase


@tagged("post_install", "-at_install")
class TestEtaConcurrency(ConcurrencyCase):
    """Real processes and real commits, on a copy of the database."""

    worker = "concurrent_purchase.py"

    def test_nobody_waits_for_an_expected_day(self):
        """
        GIVEN a colleague who is saving the order, and has not finished
        WHEN its purchase is put off by ten days
        THEN the buyer does not wait for him; the order's day follows by the scheduled
            action, as soon as he has saved
        """
        order, purchase = self._run("prepare")
        before = self._get_days(order)
        with closing(sql_db.db_connect(self.database).cursor()) as colleague:
            colleague.execute(
                "UPDATE sale_order SET client_order_ref = 'his' WHERE id = %s", [order]
            )
            [seconds] = self._run("put_off", purchase)
            self.assertLess(float(seconds), 10, "the buyer waits for him")
            self.assertEqual(self._query_days(order), before)
            queued = "SELECT COUNT(*) FROM backorder_refresh"
            self.assertEqual(self._ask(queued), [(1,)])
            colleague.commit()
        self._run("refresh")
        later = {name: day + timedelta(days=10) for name, day in before.items()}
        self.assertEqual(self._get_days(order), later)
        self.assertEqual(self._query(queued), [(0,)])

    def _run(self, *arguments):
        process = self._start(*arguments)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        return output.split()

    def _get_days(self, order):
        days = self._query_days(order)
        sql_db.close_db(self.database)
        return days

    def _query_days(self, order):
        [row] = self._ask(
            f"""
            SELECT o.backorder_eta, l.backorder_eta, d.eta
              FROM sale_order o
              JOIN sale_order_line l ON l.order_id = o.id
              JOIN backorder_demand d ON d.sale_line_id = l.id
             WHERE o.id = {int(order)}
            """
        )
        return dict(zip(("order", "line", "demand"), row, strict=True))

    def _ask(self, statement):
        """All rows of a query on the copy, while the colleague is connected to it."""
        with closing(sql_db.db_connect(self.database).cursor()) as cr:
            cr.execute(statement)
            return cr.fetchall()
