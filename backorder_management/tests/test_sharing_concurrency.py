"""Two people confirm orders at the same moment, and both look at the same free stock.

Two real transactions on two connections. They only plan, and are rolled back.
"""

import threading

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
        THEN that one waits, and is refused, as what it knows is outdated
        """
        registry = Registry(get_db_name())
        first, second = registry.cursor(), registry.cursor()
        try:
            ours = api.Environment(first, api.SUPERUSER_ID, {})
            theirs = api.Environment(second, api.SUPERUSER_ID, {})
            product = theirs["product.product"].search([], limit=1)
            ours["backorder.sharing"]._claim(product.ids)
            outcome = []

            def claim():
                try:
                    with mute_logger("odoo.sql_db"):
                        theirs["backorder.sharing"]._claim(product.ids)
                    outcome.append("claimed")
                except psycopg2.errors.SerializationFailure:
                    outcome.append("refused")

            thread = threading.Thread(target=claim)
            thread.start()
            thread.join(1)
            self.assertEqual(outcome, [], "the second one must wait")
            first.commit()
            thread.join(10)
            self.assertEqual(outcome, ["refused"])
        finally:
            second.rollback()
            first.execute("DELETE FROM backorder_sharing")
            first.commit()
            first.close()
            second.close()
