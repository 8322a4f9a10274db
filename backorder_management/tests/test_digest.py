"""What salespeople are told every morning.

Today is Monday, 1 March 2027.
"""

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext, mute_logger

from .notice_common import NoticeCommon
from .test_eta import noon


@tagged("post_install", "-at_install")
class TestDigest(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "sales_team.group_sale_salesman"
        cls.seller = new_test_user(cls.env, "seller", group, email="s@us.example")
        cls.colleague = new_test_user(cls.env, "colleague", group, email="c@us.example")
        cls.env.company.backorder_digest = True

    def _send(self):
        """The digests of today, by the users who got one."""
        before = self.env["mail.message"].search([], limit=1, order="id desc").id
        self._run_cron("backorder_management.ir_cron_digest")
        messages = self.env["mail.message"].search(
            [("id", ">", before), ("message_type", "=", "user_notification")]
        )
        return {message.notified_partner_ids.user_ids: message for message in messages}

    def _get_words(self, message):
        return " ".join(html2plaintext(message.body).split())

    def test_what_it_says(self):
        """Scenario: one order is short since today, one is expected after the promised
        day, and of one the promised day has passed; its agreement ends it on the 11th.
        """
        receipt = self._expect(3, (self.glass, 10))
        jug, vase = self._create_product("Jug"), self._create_product("Vase")
        self._create_order(
            (self.glass, 10), user_id=self.seller.id, commitment_date=noon(5)
        )
        policy = self.env["backorder.policy"].create(
            {"name": "Ten days", "expire_days": 10}
        )
        self._create_order(
            (jug, 5),
            user_id=self.seller.id,
            commitment_date=noon(2),
            backorder_policy_id=policy.id,
        )
        receipt.scheduled_date = noon(9)
        with freeze_time("2027-03-04 08:00:00"):
            self._send()
        with freeze_time("2027-03-05 07:00:00"):
            self._create_order((vase, 7), user_id=self.seller.id)
        with freeze_time("2027-03-05 08:00:00"):
            digests = self._send()
            self.assertEqual(list(digests), [self.seller])
            message = digests[self.seller]
            self.assertEqual(
                message.subject,
                "Your backorders: 1 broken promises, 1 later than promised, 1 new, "
                "1 expiring",
            )
            words = self._get_words(message)
            for part in (
                "Jug promised for 03/02/2027",
                "Wine Glass promised for 03/05/2027 expected 03/09/2027",
                "Vase 7 Units missing",
                "Jug 5 Units missing since 03/01/2027, ends after 10 days",
            ):
                self.assertIn(part, words)
            self.assertFalse(self._send())

    def test_nothing_to_say(self):
        self._put_stock(self.glass, 10)
        self._create_order((self.glass, 10), user_id=self.seller.id)
        self.assertFalse(self._send())
        self._create_order((self.glass, 1), user_id=self.seller.id)
        with freeze_time("2027-03-05 08:00:00"):
            self._send()
        with freeze_time("2027-03-06 08:00:00"):
            self.assertFalse(self._send())

    def test_each_his_own(self):
        for user in (self.seller, self.colleague):
            product = self._create_product(f"Vase of {user.login}")
            self._create_order((product, 1), user_id=user.id)
        digests = self._send()
        self.assertEqual(set(digests), {self.seller, self.colleague})
        self.assertNotIn("Vase of seller", self._get_words(digests[self.colleague]))
        self.assertIn("Vase of colleague", self._get_words(digests[self.colleague]))
        found = self.env["backorder.digest"].with_user(self.seller).search([])
        self.assertEqual(found.user_id, self.seller)

    def test_who_does_not_want_it(self):
        self._create_order((self.glass, 1), user_id=self.seller.id)
        self.seller.with_user(self.seller).backorder_digest = False
        self.assertFalse(self._send())

    def test_who_has_left(self):
        self._create_order((self.glass, 1), user_id=self.seller.id)
        self.seller.active = False
        self.assertFalse(self._send())

    def test_company_does_not_send_it(self):
        self.env.company.backorder_digest = False
        self._create_order((self.glass, 1), user_id=self.seller.id)
        self.assertFalse(self._send())

    def test_text_that_fails(self):
        """Others get theirs; who looks after runs is told."""
        responsible = new_test_user(self.env, "boss", "base.group_user")
        self.env.company.backorder_responsible_id = responsible
        template = self.env.ref("backorder_management.mail_template_digest")
        template.subject = "{{ object.user_id.login.no_such_thing }}"
        self._create_order((self.glass, 1), user_id=self.seller.id)
        with mute_logger(
            "odoo.addons.backorder_management.models.backorder_digest",
            "odoo.addons.mail.models.mail_render_mixin",
        ):
            self.assertNotIn(self.seller, self._send())
        activity = self.seller.partner_id.activity_ids
        self.assertEqual(activity.user_id, responsible)
        self.assertIn("No digest of backorders", activity.note)

    def test_nobody_else_reads_it(self):
        for group in ("base.group_portal", "stock.group_stock_user"):
            user = new_test_user(self.env, group, group)
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                self.env["backorder.digest"].with_user(user).search([])
