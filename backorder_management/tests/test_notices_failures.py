"""What cannot be told is seen by the salesperson, and nobody else waits for it.

Today is Monday, 1 March 2027.
"""

from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server

from .notice_common import NoticeCommon
from .test_eta import noon

LOGGER = "odoo.addons.backorder_management.models.backorder_notice_sending"


@tagged("post_install", "-at_install")
class TestNoticeFailures(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._switch_on("confirmed", "date")
        cls.seller = new_test_user(
            cls.env, "seller", "sales_team.group_sale_salesman", email="s@us.example"
        )

    def assertNotTold(self, order, words):  # noqa: N802 - unittest's own manner
        """One open question to the salesperson, and the list of notices says why."""
        activity = self._get_activities(order)
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, order.user_id)
        self.assertIn(words, activity.note)
        notice = self._get_notices().filtered(lambda each: each.order_id == order)
        self.assertEqual(notice.state, "failed")
        self.assertIn(words, notice.error)

    def test_customer_without_address(self):
        """Scenario: one of two customers has no address; he gets one the next day.

        Expected: the other one is told; the salesperson is asked once; then it is sent,
        and the question is closed.
        """
        self.customer.email = False
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        other = self._create_order((self.glass, 10), partner=self.other_customer)
        self.assertEqual(self._tell().res_id, other.id)
        words = (
            "Hotel Adler has no e-mail address that can be used: enter one, or call."
        )
        self.assertNotTold(order, words)
        self.assertFalse(order.order_line.backorder_promise_ids)
        self.assertFalse(self._tell())
        with freeze_time("2027-03-02 08:00:00"):
            self.assertFalse(self._tell(days=True))
        self.assertNotTold(order, words)
        self.customer.email = "adler@example.com"
        with freeze_time("2027-03-03 08:00:00"):
            self.assertEqual(self._tell(days=True).res_id, order.id)
        self.assertFalse(self._get_activities(order))
        self.assertEqual(self._get_notices("sent").order_id, order | other)

    def test_question_that_was_answered_is_not_asked_again(self):
        """The salesperson called the customer, and marked it as done."""
        self.customer.email = False
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        self._get_activities(order).action_feedback()
        with freeze_time("2027-03-02 08:00:00"):
            self._tell(days=True)
        self.assertFalse(self._get_activities(order))
        self.assertEqual(self._get_notices("failed").order_id, order)

    def test_address_that_is_none(self):
        self.customer.email = "to be asked"
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self.assertFalse(self._tell())
        self.assertNotTold(order, "has no e-mail address")

    def test_salesperson_sends_it_again(self):
        self.customer.email = False
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        notice = self._get_notices("failed").with_user(self.seller)
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            notice.action_retry()
        self.customer.email = "adler@example.com"
        with self.mock_mail_gateway():
            notice.action_retry()
        self.assertEqual(notice.state, "sent")
        self.assertEqual(self._new_mails.recipient_ids, self.customer)
        self.assertFalse(self._get_activities(order))
        with self.assertRaisesRegex(UserError, "not sent, or came back"):
            notice.action_retry()

    def test_two_that_could_not_be_sent(self):
        """The question is answered when both are."""
        self.customer.email = False
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        jug = self._create_product("Jug")
        self._add_line(order, jug, 1)
        self._tell()
        first, second = self._get_notices("failed")
        self.customer.email = "adler@example.com"
        first.action_retry()
        self.assertEqual(len(self._get_activities(order)), 1)
        second.exists().action_retry()
        self.assertFalse(self._get_activities(order))

    def test_template_that_fails(self):
        """What the text asks for does not exist: nothing is half done."""
        template = self.env.ref("backorder_management.mail_template_notice_confirmed")
        template.body_html = '<p t-out="object.no_such_thing"/>'
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            self.assertFalse(self._tell())
        self.assertNotTold(order, "Failed to render")
        self.assertFalse(order.message_ids.filtered("subject"))
        template.body_html = "<p>Later.</p>"
        with freeze_time("2027-03-02 08:00:00"):
            self.assertEqual(self._get_text(self._tell(days=True)), "Later.")

    def test_template_that_was_deleted(self):
        self.env.ref("backorder_management.mail_template_notice_confirmed").unlink()
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self.assertFalse(self._tell())
        self.assertNotTold(order, "The text of this notice was deleted")

    def test_crash_in_the_middle(self):
        """It ends after the message was written: there is none, and it is sent once
        when it can be."""
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        notices = self.env.registry["backorder.notice"]
        with patch.object(notices, "_note_told", side_effect=MemoryError):
            with mute_logger(LOGGER):
                self.assertFalse(self._tell())
        self.assertNotTold(order, "An unexpected error")
        with freeze_time("2027-03-02 08:00:00"):
            self.assertEqual(len(self._tell(days=True)), 1)
            self.assertFalse(self._tell(days=True))

    def test_salesperson_has_left(self):
        """Somebody who is there is asked, and the company writes."""
        self.env.company.email = "hello@us.example"
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self.seller.active = False
        message = self._tell()
        self.assertEqual(message.author_id, self.env.company.partner_id)
        self.assertIn("hello@us.example", message.email_from)
        self.customer.email = False
        self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        activity = self._get_activities(self._get_notices("failed").order_id)
        self.assertTrue(activity.user_id.active)
        self.assertNotEqual(activity.user_id, self.seller)
        self.assertFalse(self._get_activities(order))

    def test_customer_is_archived(self):
        self._create_order((self.glass, 10))
        self.customer.active = False
        self.assertEqual(len(self._tell()), 1)

    def test_nobody_can_be_asked(self):
        """The kind of activity was deleted: the order's log says it."""
        self.env.ref("backorder_management.mail_activity_notice").unlink()
        self.customer.email = False
        order = self._create_order((self.glass, 10))
        self._tell()
        self.assertIn("has no e-mail address", order.message_ids[0].body)

    def _return_mail(self, message):
        """The customer's mail server does not take it."""
        self.env["mail.thread"]._routing_handle_bounce(
            None,
            {
                "bounced_email": self.customer.email_normalized,
                "bounced_partner": self.customer,
                "bounced_message": message,
                "bounced_msg_ids": [message.message_id],
                "email_from": "MAILER-DAEMON@adler.example",
                "to": "bounce@us.example",
                "message_id": "<returned@adler.example>",
                "body": "550 no such user; relayed by mx.internal",
            },
        )

    def test_mail_comes_back(self):
        """Scenario: the address is wrong; it is corrected, and sent again.

        Expected: the salesperson is asked once; the customer hears the same again.
        """
        receipt = self._expect(10, (self.glass, 30))
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        receipt.scheduled_date = noon(17)
        with freeze_time("2027-03-02 08:00:00"):
            message = self._tell(days=True)
        self._return_mail(message)
        self.assertFalse(self._tell())
        self.assertFalse(self._tell())
        notice = self._get_notices("returned")
        self.assertEqual(notice.message_id, message)
        activity = self._get_activities(order)
        self.assertEqual(activity.user_id, self.seller)
        self.assertIn("adler@example.com", activity.note)
        self.customer.email = "office@adler.example"
        with freeze_time("2027-03-04 08:00:00"), self.mock_mail_gateway():
            notice.with_user(self.seller).action_retry()
        self.assertIn("office@adler.example", self._new_mails.recipient_ids.email)
        text = self._get_text(notice.message_id)
        self.assertIn("03/17/2027 instead of 03/10/2027", text)
        self.assertFalse(self._get_activities(order))
        self.assertEqual(notice.state, "sent")

    def _send_mails(self, *, fail):
        mails = self.env["mail.mail"].search([("state", "=", "outgoing")])
        if not fail:
            with self.mock_mail_gateway():
                mails.send()
            return mails
        with (
            patch.object(IrMail_Server, "_connect__", side_effect=OSError("no route")),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ):
            mails.send()
        return mails

    def test_our_mail_server_fails(self):
        """Scenario: it takes no mail for an hour.

        Expected: nobody is bothered; the mail is sent when it does.
        """
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        self.assertEqual(len(self._send_mails(fail=True)), 1)
        with freeze_time("2027-03-01 09:00:00"):
            self.assertFalse(self._tell())
            self.assertEqual(len(self._send_mails(fail=False)), 1)
            self._tell()
        self.assertEqual(self._get_notices("sent").order_id, order)
        self.assertFalse(self._get_activities(order))

    def test_our_mail_server_fails_for_long(self):
        order = self._create_order((self.glass, 10), user_id=self.seller.id)
        self._tell()
        self._send_mails(fail=True)
        with freeze_time("2027-03-02 08:00:00"):
            self._tell()
        self.assertEqual(self._get_notices("returned").order_id, order)
        self.assertIn(
            "have the mail server looked at", self._get_activities(order).note
        )
