"""Words for what customers are told."""

from odoo.tools import html2plaintext

from odoo.addons.mail.tests.common import MailCommon

from .test_eta import EtaCommon


class NoticeCommon(EtaCommon, MailCommon):
    """Today is Monday, 1 March 2027."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "adler@example.com"
        cls.other_customer.email = "zentral@example.com"

    @classmethod
    def _switch_on(cls, *kinds, partner=None):
        record, value = (partner, "yes") if partner else (cls.env.company, True)
        record.write({f"backorder_tell_{kind}": value for kind in kinds})

    def _tell(self, days=False):
        """What is told by the scheduled action.

        :param days: the one that tells of days
        :return: the messages on orders, the oldest first
        """
        before = self.env["mail.message"].search([], limit=1, order="id desc").id
        name = "ir_cron_notice_days" if days else "ir_cron_notice"
        self._run_cron(f"backorder_management.{name}")
        return self.env["mail.message"].search(
            [
                ("id", ">", before),
                ("id", "in", self.env["backorder.notice"].search([]).message_id.ids),
            ],
            order="id",
        )

    def _run_cron(self, xmlid):
        self._settle()
        with self.enter_registry_test_mode(), self.mock_mail_gateway():
            self.env.ref(xmlid).method_direct_trigger()
        self.env.invalidate_all()

    def _get_notices(self, *states):
        return self.env["backorder.notice"].search(
            [("state", "in", states)] if states else [], order="id"
        )

    def _get_text(self, message):
        return " ".join(html2plaintext(message.body).split())

    def _get_activities(self, order):
        activity_type = self.env.ref("backorder_management.mail_activity_notice")
        return order.activity_ids.filtered(
            lambda activity: activity.activity_type_id == activity_type
        )

    def assertTold(self, message, customer, subject, *parts):  # noqa: N802
        """One message, to this customer alone, that says all of this."""
        self.assertEqual(len(message), 1)
        self.assertEqual(message.subject, subject)
        self.assertEqual(message.notified_partner_ids, customer)
        text = self._get_text(message)
        for part in parts:
            self.assertIn(part, text)
