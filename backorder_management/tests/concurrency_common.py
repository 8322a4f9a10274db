"""A copy of the test database for tests with real processes and real commits."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from odoo import sql_db
from odoo.tests import BaseCase
from odoo.tests.common import get_db_name
from odoo.tools import config
from odoo.tools.misc import exec_pg_environ


class ConcurrencyCase(BaseCase):
    worker: str  # file name of the process that is started several times

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = f"{get_db_name()}_{Path(cls.worker).stem}"
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

    def _start(self, *arguments):
        return subprocess.Popen(
            [
                sys.executable,
                Path(__file__).with_name(self.worker),
                config["config"],
                self.database,
                *map(str, arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _query(self, statement):
        """All rows of a query on the copy."""
        with closing(sql_db.db_connect(self.database).cursor()) as cr:
            cr.execute(statement)
            rows = cr.fetchall()
        sql_db.close_db(self.database)
        return rows
