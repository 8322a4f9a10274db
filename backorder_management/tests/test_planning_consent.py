"""Where a later date needs the customer's consent: the pure rule."""

from datetime import date

from odoo.tests import TransactionCase, tagged

from ..planning.consent import needs_consent

TOLD = date(2027, 3, 10)


@tagged("post_install", "-at_install")
class TestConsent(TransactionCase):
    def test_later(self):
        self.assertTrue(needs_consent(TOLD, date(2027, 3, 11), 0, 0))

    def test_first_delay_of_up_to_30_days(self):
        self.assertFalse(needs_consent(TOLD, date(2027, 4, 9), 0, 30))
        self.assertTrue(needs_consent(TOLD, date(2027, 4, 10), 0, 30))

    def test_each_further_delay(self):
        self.assertTrue(needs_consent(TOLD, date(2027, 3, 11), 1, 30))

    def test_no_new_date(self):
        self.assertTrue(needs_consent(TOLD, None, 0, 30))

    def test_earlier_the_same_and_never_told(self):
        self.assertFalse(needs_consent(TOLD, date(2027, 3, 9), 1, 0))
        self.assertFalse(needs_consent(TOLD, TOLD, 1, 0))
        self.assertFalse(needs_consent(None, TOLD, 1, 0))
