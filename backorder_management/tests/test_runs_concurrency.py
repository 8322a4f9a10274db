"""Many processes divide, receive, ship and cancel the same goods."""

import logging
import signal
import time
from collections import Counter
from contextlib import closing

from odoo.sql_db import db_connect
from odoo.tests import tagged

from .concurrency_common import ConcurrencyCase

_logger = logging.getLogger(__name__)

WORKERS = 8
SECONDS = 60
# What Odoo's own check of reservations would repair: quants whose reserved quantity is
# not that of their move lines.
UNSOUND = """
    SELECT product_id, both_sides.location_id, sum(reserved), sum(held)
      FROM (SELECT product_id, location_id, reserved_quantity AS reserved, 0 AS held
              FROM stock_quant
             UNION ALL
            SELECT product_id, location_id, 0, quantity_product_uom
              FROM stock_move_line
             WHERE state NOT IN ('done', 'cancel', 'draft')) both_sides
      JOIN stock_location l ON l.id = both_sides.location_id AND l.usage = 'internal'
      JOIN product_product p ON p.id = product_id
      JOIN product_template t ON t.id = p.product_tmpl_id
                             AND t.name->>'en_US' LIKE 'Contested %'
     GROUP BY 1, 2
    HAVING sum(reserved) <> sum(held)
"""
# Core adds a quant where another transaction holds the one that is there; it merges
# them later, and they count together.
BEYOND = """
    SELECT q.product_id, q.location_id, q.lot_id, q.package_id, q.owner_id,
           sum(q.quantity), sum(q.reserved_quantity)
      FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
     WHERE l.usage = 'internal'
     GROUP BY 1, 2, 3, 4, 5
    HAVING sum(q.reserved_quantity) > sum(q.quantity) OR sum(q.reserved_quantity) < 0
"""
# What is kept for pinned lines from arrivals that have come, or never will.
LATE = """
    SELECT a.id FROM backorder_pin_arrival a JOIN stock_move m ON m.id = a.move_id
     WHERE m.state IN ('done', 'cancel') OR a.failed
"""
PROMISED_TWICE = """
    SELECT m.id, m.product_qty, sum(a.quantity)
      FROM backorder_pin_arrival a JOIN stock_move m ON m.id = a.move_id
     GROUP BY 1, 2
    HAVING sum(a.quantity) > m.product_qty
"""
JOBS = (
    "work_on_queue",
    "order",
    "expect",
    "receive",
    "receive_part",
    "pin",
    "unpin",
    "ship",
    "cancel",
    "simulate",
    "apply",
    "undo",
)
STAGES = "SELECT stage FROM backorder_run_progress"
RESERVED = "SELECT sum(reserved_quantity) FROM stock_quant WHERE reserved_quantity > 0"


@tagged("post_install", "-at_install")
class TestRunsConcurrency(ConcurrencyCase):
    worker = "concurrent_runs.py"

    def test_eight_workers_for_a_minute(self):
        """Nothing reserved twice or beyond stock, and no error that a user sees."""
        self._finish(self._start("prepare"))
        workers = [self._start("work", seed, SECONDS) for seed in range(WORKERS)]
        answers = [self._finish(worker) for worker in workers]
        done = " ".join(answers)
        for job in JOBS:
            self.assertIn(
                f"do_{job}=", done, "this was never done: the test proves nothing"
            )
        counts = Counter()
        for name, count in (word.split("=") for word in done.split()):
            counts[name] += int(count)
        requests = sum(n for name, n in counts.items() if name != "attempts")
        self.assertGreater(counts["attempts"], requests, "they never met")
        self.assertEqual(self._query(UNSOUND), [])
        self.assertEqual(self._query(BEYOND), [])
        _logger.info("requests: %s", dict(counts))
        failed = self._query("SELECT error FROM backorder_run WHERE error IS NOT NULL")
        self.assertEqual(failed, [])
        # that two meet is no failure: what they changed is refreshed a little later
        failed = self._query("SELECT error FROM backorder_refresh WHERE error <> ''")
        self.assertEqual(failed, [])
        # what was promised in the very moment in which it came is settled after that
        self._finish(self._start("cron"))
        self.assertEqual(self._query(LATE), [])
        self.assertEqual(self._query("SELECT id FROM backorder_run WHERE queued"), [])
        self.assertEqual(self._query(UNSOUND), [])
        self.assertEqual(self._query(BEYOND), [])
        self.assertEqual(self._query(PROMISED_TWICE), [])
        self.assertEqual(self._finish(self._start("repair")).strip(), "")

    def test_a_worker_killed_in_the_middle_of_a_run(self):
        """What it had not committed is as if it had never been; another one does it."""
        self._finish(self._start("prepare"))
        self._finish(self._start("queue", 6))
        victim = self._start("cron")
        victim.stdout.readline()
        self._wait_until(lambda: self._count_queued() < 6)
        # others see how far it is with the next one
        self._wait_until(lambda: self._query(STAGES) == [("applying",)])
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        self.assertGreater(self._count_queued(), 0, "killed too late")
        self.assertEqual(self._query(UNSOUND), [])
        survivors = [self._start("cron") for _each in range(2)]
        for survivor in survivors:
            self._finish(survivor)
        self._finish(self._start("cron"))
        states = self._query("SELECT state, queued FROM backorder_run")
        self.assertEqual(set(states), {("applied", False)})
        self.assertEqual(self._query(STAGES), [])
        self.assertEqual(self._query(UNSOUND), [])
        self.assertEqual(self._query(BEYOND), [])
        self.assertGreater(self._query(RESERVED)[0][0], 0)

    def test_another_one_has_just_worked_on_it(self):
        """Both begin; what one has changed meanwhile, the other one reads again."""
        self._finish(self._start("prepare"))
        self._finish(self._start("queue", 2))
        late = self._start("cron_late")
        self.assertEqual(late.stdout.readline().strip(), "ready")
        with closing(db_connect(self.database).cursor()) as cr:
            cr.execute("UPDATE backorder_run SET write_date = now()")
            cr.commit()  # pylint: disable=invalid-commit
        output, errors = late.communicate("\n")
        self.assertEqual(late.returncode, 0, output + errors)
        states = self._query("SELECT state, queued FROM backorder_run")
        self.assertEqual(set(states), {("applied", False)})

    def test_nobody_queues_a_run_that_another_one_works_on(self):
        self._finish(self._start("prepare"))
        self._finish(self._start("queue", 1))
        with closing(db_connect(self.database).cursor()) as cr:
            cr.execute("SELECT id FROM backorder_run FOR UPDATE")
            answer = self._finish(self._start("simulate_later"))
        self.assertIn("Somebody else is just working on", answer)

    def _count_queued(self):
        return self._query("SELECT count(*) FROM backorder_run WHERE queued")[0][0]

    def _wait_until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, "the scheduled action does nothing")
            time.sleep(0.02)

    def _finish(self, process):
        output, errors = process.communicate()
        self.assertEqual(process.returncode, 0, errors)
        return output
