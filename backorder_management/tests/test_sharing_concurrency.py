"""Two people confirm orders at the same moment, and both look at the same free stock.

Two real transactions on two connections.
"""

from contextlib import contextmanager

import psycopg2

from odoo import api
from odoo.modules.registry import Registry
from odoo.tests import tagged
from odoo.tests.common import BaseCase, get_db_name
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestSharingConcurrency(BaseCase):
    def test_the_later_one_is_refused(self):
        """
        GIVEN a transaction that has shared a product's free stock
        WHEN another that began before it ended shares the same
        THEN that one is refused, before it and after it, as what it knows is outdated
        """
        with self._two_transactions() as (ours, theirs, products):
            theirs.cr.execute("SELECT 1")  # from now on it sees nothing new
            ours["backorder.sharing"]._claim(products[0].ids)
            with self._refused(theirs, psycopg2.errors.LockNotAvailable):
                theirs["backorder.sharing"]._claim(products[0].ids)
            ours.cr.commit()
            with self._refused(theirs, psycopg2.errors.SerializationFailure):
                theirs["backorder.sharing"]._claim(products[0].ids)
            self.assertEqual(self._get_patience(theirs), "0", "as it was before")

    def test_nobody_waits_for_each_other(self):
        """
        GIVEN two transactions that have shared a product each
        WHEN each goes on with the other's
        THEN neither waits until PostgreSQL ends a deadlock
        """
        with self._two_transactions() as (ours, theirs, products):
            ours["backorder.sharing"]._claim(products[0].ids)
            theirs["backorder.sharing"]._claim(products[1].ids)
            with self._refused(ours, psycopg2.errors.LockNotAvailable):
                ours["backorder.sharing"]._claim(products[1].ids)
            with self._refused(theirs, psycopg2.errors.LockNotAvailable):
                theirs["backorder.sharing"]._claim(products[0].ids)

    @contextmanager
    def _two_transactions(self):
        """Environments of two connections that see the same, and two products."""
        registry = Registry(get_db_name())
        with registry.cursor() as first, registry.cursor() as second:
            ours = api.Environment(first, api.SUPERUSER_ID, {})
            theirs = api.Environment(second, api.SUPERUSER_ID, {})
            products = ours["product.product"].create(
                [{"name": "Contested"}, {"name": "Contested too"}]
            )
            first.commit()
            try:
                yield ours, theirs, products
            finally:
                second.rollback()
                first.rollback()
                products.unlink()  # and their rows of sharing
                first.commit()

    @contextmanager
    def _refused(self, env, error):
        with (
            self.assertRaises(error),
            mute_logger("odoo.sql_db"),
            env.cr.savepoint(flush=False),
        ):
            # the other one is in this very thread: waiting for it would never end
            env.cr.execute("SET LOCAL statement_timeout = '20s'")
            yield

    def _get_patience(self, env):
        env.cr.execute("SELECT current_setting('lock_timeout')")
        return env.cr.fetchone()[0]
