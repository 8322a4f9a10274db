"""Later dates that need the customer's consent.

Today is Monday, 1 March 2027.
"""

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_choices import ChoiceCommon
from .test_eta import march, noon


@tagged("post_install", "-at_install")
class TestConsent(ChoiceCommon):
    """10 glasses are promised for the 10th. No notice is switched on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["backorder.policy"].create(
            {
                "name": "Consent",
                "consent_needed": True,
                "consent_days": 5,
                "consent_else": "cancel",
            }
        )
        cls.receipt = cls._expect(9, (cls.glass, 50))
        cls.order = cls._create_chooser((cls.glass, 10), commitment_date=noon(10))
        cls.line = cls.order.order_line

    def _put_off(self, to, on):
        """The goods come later, and the customer is told in the morning of a day."""
        self.receipt.scheduled_date = noon(to)
        with freeze_time(f"2027-03-{on:02} 08:00:00"):
            return self._tell(days=True)

    def _follow_up(self, on):
        with freeze_time(f"2027-03-{on:02} 08:00:00"):
            self._run_cron("backorder_management.ir_cron_consent")
            self._settle()

    def test_no_answer_cancels(self):
        """Told on the 2nd that it is the 19th, he has until the 7th; on the 8th it is
        cancelled, and he is told that, too."""
        text = self._get_text(self._put_off(19, on=2))
        self.assertIn("03/19/2027 instead of 03/10/2027", text)
        self.assertIn("Please answer by 03/07/2027, whether you wait.", text)
        self.assertIn("Without an answer we cancel what is missing.", text)
        demand = self.line.backorder_choice_ids
        self.assertEqual((demand.state, demand.answer_by), ("offered", march(7)))
        self.assertEqual(self.line._get_choices(), ("wait", "cancel"))
        self._follow_up(on=7)
        self.assertEqual(self.line.qty_cancelled, 0)
        self._follow_up(on=8)
        self.assertEqual((self.line.qty_cancelled, demand.state), (10, "silent"))
        noted = self.line.backorder_cancellation_ids
        self.assertEqual(noted.reason_id.name, "No consent to a later date")
        with freeze_time("2027-03-08 09:00:00"):
            self.assertEqual(
                self._tell().subject,
                f"Your order {self.order.name}: a rest will not be delivered",
            )

    def test_no_answer_asks_the_salesperson(self):
        self.policy.consent_else = "ask"
        text = self._get_text(self._put_off(19, on=2))
        self.assertNotIn("Without an answer", text)
        self._follow_up(on=8)
        self.assertEqual(self.line.qty_cancelled, 0)
        task = self._get_tasks(self.order)
        self.assertEqual(task.user_id, self.seller)
        self.assertIn("no answer to the later date by 03/07/2027", task.note)
        self._follow_up(on=9)
        self.assertEqual(len(self._get_tasks(self.order)), 1)

    def test_he_waits(self):
        self._put_off(19, on=2)
        with freeze_time("2027-03-04 08:00:00"):
            self._choose(self.line, "wait")
        self._follow_up(on=8)
        self.assertEqual(self.line.qty_cancelled, 0)
        self.assertEqual(self.line._get_choices(), (), "he is asked nothing more")
        self.assertIn("Please answer by", self._get_text(self._put_off(26, on=9)))

    def test_he_cancels(self):
        self.policy.choice_effect = "at_once"
        self._put_off(19, on=2)
        with freeze_time("2027-03-04 08:00:00"):
            self._choose(self.line, "cancel")
        self.assertEqual(self.line.qty_cancelled, 10)
        self._follow_up(on=8)
        self.assertEqual(len(self.line.backorder_cancellation_ids), 1)

    def test_first_delay_needs_none(self):
        """Up to 10 days the first time; the second time any day more."""
        self.policy.consent_free_days = 10
        self.assertNotIn("Please answer", self._get_text(self._put_off(19, on=2)))
        self.assertIn("Please answer", self._get_text(self._put_off(22, on=3)))

    def test_no_date_any_more(self):
        self.policy.consent_free_days = 30
        self.receipt.action_cancel()
        with freeze_time("2027-03-02 08:00:00"):
            self.assertIn("Please answer", self._get_text(self._tell(days=True)))

    def test_earlier(self):
        self._put_off(19, on=2)
        text = self._get_text(self._put_off(12, on=3))
        self.assertIn("03/12/2027 instead of 03/19/2027", text)
        self.assertNotIn("Please answer", text)

    def test_goods_come_in_time_after_all(self):
        self._put_off(19, on=2)
        self.receipt.scheduled_date = noon(9)
        self._follow_up(on=8)
        self.assertEqual(self.line.qty_cancelled, 0)
        self.assertEqual(self.line.backorder_choice_ids.state, "void")

    def test_put_off_again_before_he_answered(self):
        """The last date counts, and he has his days again."""
        self._put_off(19, on=2)
        self._put_off(26, on=5)
        self._follow_up(on=8)
        self.assertEqual(self.line.qty_cancelled, 0)
        self._follow_up(on=11)
        self.assertEqual(self.line.qty_cancelled, 10)

    def test_pinned_and_blocked_lines_are_asked_about(self):
        self._put_off(19, on=2)
        self.order.backorder_blocked = True
        self._follow_up(on=8)
        self.assertEqual(self.line.qty_cancelled, 0)
        self.assertTrue(self._get_tasks(self.order))

    def test_one_that_cannot_be_cancelled(self):
        """It is picked between: the salesperson is asked, other orders are followed
        up."""
        other = self._create_chooser(
            (self.glass, 3), partner=self.other_customer, commitment_date=noon(10)
        )
        self._put_off(19, on=2)
        template = self.env.registry["sale.order.line"]
        original = template._cancel_backorder_short

        def fail_for_one(lines, *args, **kwargs):
            if lines == self.line:
                lines._refuse_to_cancel_rest()
            return original(lines, *args, **kwargs)

        self.patch(template, "_cancel_backorder_short", fail_for_one)
        self._follow_up(on=8)
        self.assertEqual(self.line.qty_cancelled, 0)
        self.assertIn("There is nothing to cancel", self._get_tasks(self.order).note)
        self.assertEqual(other.order_line.qty_cancelled, 3)

    def test_agreement_without_consent(self):
        self.policy.consent_needed = False
        self.assertFalse(self._put_off(19, on=2))

    def test_days_that_make_no_sense(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self.policy.consent_days = 0
            self.env.flush_all()
