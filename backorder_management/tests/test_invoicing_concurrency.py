import json
import os
import subprocess
import sys
import uuid
from contextlib import contextmanager

import psycopg2

from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config
from odoo.tools.misc import exec_pg_environ, find_pg_tool

OPTIONS = ("db_host", "db_port", "db_user", "db_password", "addons_path", "data_dir")
PROCESS = os.path.join(os.path.dirname(__file__), "invoicing_process.py")


@tagged("post_install", "-at_install")
class TestTwoUsersAtTheSameMoment(BaseCase):
    """Two real processes on a database of their own, as they have to commit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = f"{get_db_name()}_{uuid.uuid4().hex[:8]}"
        cls._pg("createdb", cls.database)
        cls.addClassCleanup(cls._pg, "dropdb", "--if-exists", "--force", cls.database)
        # A copy by template needs a database that nobody is connected to.
        dump = subprocess.Popen(
            [find_pg_tool("pg_dump"), get_db_name()],
            env=exec_pg_environ(),
            stdout=subprocess.PIPE,
        )
        with dump, dump.stdout:
            cls._pg("psql", "--quiet", cls.database, stdin=dump.stdout)

    def setUp(self):
        super().setUp()
        with self._start() as process:
            self.order_id = process.stdout.readline().strip()

    @classmethod
    def _pg(cls, tool, *arguments, **kwargs):
        subprocess.run(
            [find_pg_tool(tool), *arguments],
            env=exec_pg_environ(),
            stdout=subprocess.DEVNULL,
            check=True,
            **kwargs,
        )

    @classmethod
    @contextmanager
    def _start(cls, *task):
        options = {
            name: value
            for name in OPTIONS
            if (value := config[name]) not in (None, False)
        }
        command = [sys.executable, PROCESS, json.dumps(options), cls.database, *task]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.stdin.close()
                if process.poll() is None and sys.exc_info()[0]:
                    process.kill()

    def _expect(self, process, message):
        self.assertEqual(process.stdout.readline().strip(), message)

    def _go_on(self, process):
        process.stdin.write("\n")
        process.stdin.flush()

    def test_each_shipment_is_invoiced_once(self):
        """Scenario: both see 7 to invoice; one invoices and has not committed yet when
        the other one starts; then the first one commits.

        Expected: two invoices in all. The second one waits before it creates anything,
        is refused by PostgreSQL, tries again as Odoo does, and finds nothing left.
        """
        with self._start(self.order_id) as one, self._start(self.order_id) as other:
            self._expect(one, "has read")
            self._expect(other, "has read")
            self._go_on(one)
            self._expect(one, "has invoiced")
            self._go_on(other)
            self._go_on(one)
            self._expect(one, "made 2, tried 1 times, got to creating 1")
            self._go_on(other)
            self._expect(other, "made 0, tried 2 times, got to creating 0")
        self.assertEqual(self._count_invoices(), (2, 7))

    def test_the_schedule_comes_while_a_user_invoices(self):
        """Scenario: a user has invoiced and not committed; the scheduled action comes.

        Expected: it waits for nobody, leaves the order alone, and comes again; then it
        finds nothing to do.
        """
        with self._start(self.order_id) as user:
            self._expect(user, "has read")
            self._go_on(user)
            self._expect(user, "has invoiced")
            with self._start("work") as schedule:
                self._expect(schedule, "tried 0 times, comes again: True")
            self._go_on(user)
            self._expect(user, "made 2, tried 1 times, got to creating 1")
        with self._start("work") as schedule:
            self.assertIn("tried 0 times", schedule.stdout.readline())
        self.assertEqual(self._count_invoices(), (2, 7))

    def test_a_user_invoices_while_the_schedule_does(self):
        """Scenario: the scheduled action has invoiced and not committed; a user who has
        seen 7 to invoice goes on.

        Expected: he waits, is refused by PostgreSQL, tries again as Odoo does, and
        finds nothing left.
        """
        with self._start(self.order_id) as user, self._start("work") as schedule:
            self._expect(user, "has read")
            self._expect(schedule, "has invoiced")
            self._go_on(user)
            self._go_on(schedule)
            self.assertIn("tried 1 times", schedule.stdout.readline())
            self._go_on(user)
            self._expect(user, "made 0, tried 2 times, got to creating 0")
        self.assertEqual(self._count_invoices(), (2, 7))

    def test_two_schedules_at_the_same_moment(self):
        """Each shipment once; the second leaves to the first what it is at."""
        with self._start("work") as one:
            self._expect(one, "has invoiced")
            with self._start("work") as other:
                self._expect(other, "tried 0 times, comes again: True")
            self._go_on(one)
            self.assertIn("tried 1 times", one.stdout.readline())
        self.assertEqual(self._count_invoices(), (2, 7))

    def _count_invoices(self):
        connection = psycopg2.connect(dbname=self.database, **self._get_connection())
        try:
            with connection.cursor() as cr:
                cr.execute(
                    """
                    SELECT COUNT(DISTINCT line.move_id), SUM(line.quantity)
                      FROM account_move_line line
                      JOIN sale_order_line_invoice_rel rel
                        ON rel.invoice_line_id = line.id
                      JOIN sale_order_line sold ON sold.id = rel.order_line_id
                     WHERE sold.order_id = %s
                    """,
                    [self.order_id],
                )
                return cr.fetchone()
        finally:
            connection.close()

    def _get_connection(self):
        return {
            key: config[name]
            for key, name in (
                ("host", "db_host"),
                ("port", "db_port"),
                ("user", "db_user"),
                ("password", "db_password"),
            )
            if config[name]
        }
