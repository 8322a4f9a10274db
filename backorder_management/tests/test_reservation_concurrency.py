"""Two processes reserve the last goods at the same moment."""

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from odoo import sql_db
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import config
from odoo.tools.misc import exec_pg_environ

WORKER = Path(__file__).with_name("concurrent_reservation.py")


@tagged("post_install", "-at_install")
class TestReservationConcurrency(BaseCase):
    """Real processes and real commits, on a copy of the database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = f"{get_db_name()}_concurrent"
        cls._execute(f'DROP DATABASE IF EXISTS "{cls.database}"')
        cls._execute(f'CREATE DATABASE "{cls.database}" TEMPLATE template0')
        cls.addClassCleanup(
            cls._execute, f'DROP DATABASE IF EXISTS "{cls.database}" WITH (FORCE)'
        )
        environment = os.environ | exec_pg_environ()
        # Not `createdb -T`: that needs a database to which nobody is connected.
        with subprocess.Popen(
            ["pg_dump", "--no-owner", get_db_name()],
            env=environment,
            stdout=subprocess.PIPE,
        ) as dump:
            subprocess.run(
                ["psql", "-q", "-d", cls.database],
                env=environment,
                stdin=dump.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )

    @classmethod
    def _execute(cls, statement):
        with closing(sql_db.db_connect("postgres").cursor()) as cr:
            cr._cnx.autocommit = True
            cr.execute(statement)

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

    def _start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, WORKER, config["config"], self.database, *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )

    def _reserved(self):
        """What is reserved on quants, and on move lines."""
        with closing(sql_db.db_connect(self.database).cursor()) as cr:
            cr.execute(
                """
                SELECT (SELECT sum(reserved_quantity) FROM stock_quant q
                         WHERE q.product_id = p.id),
                       (SELECT sum(quantity_product_uom) FROM stock_move_line l
                         WHERE l.product_id = p.id)
                  FROM product_product p ORDER BY p.id DESC LIMIT 1
                """
            )
            on_quants, on_lines = cr.fetchone()
        sql_db.close_db(self.database)
        return float(on_quants), float(on_lines)
