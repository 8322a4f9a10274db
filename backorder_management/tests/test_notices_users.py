"""Who may see notices and switch them, and what goes by SMS.

Today is Monday, 1 March 2027.
"""

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestNoticeUsers(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._switch_on("confirmed")
        group = "sales_team.group_sale_salesman"
        cls.seller = new_test_user(cls.env, "seller", group)
        cls.colleague = new_test_user(cls.env, "colleague", group)

    def _tell_of_an_order(self, **values):
        order = self._create_order((self.glass, 10), user_id=self.seller.id, **values)
        self._tell()
        return order

    def test_salespeople_see_those_of_their_orders(self):
        order = self._tell_of_an_order()
        notices = self.env["backorder.notice"]
        own = [("order_id", "=", order.id)]
        self.assertEqual(notices.with_user(self.seller).search_count(own), 1)
        self.assertEqual(notices.with_user(self.colleague).search_count(own), 0)
        lines = self.env["backorder.notice.line"]
        self.assertEqual(lines.with_user(self.seller).search_count(own), 1)
        self.assertEqual(lines.with_user(self.colleague).search_count(own), 0)

    def test_nobody_writes_them(self):
        self._tell_of_an_order()
        notice = self._get_notices().with_user(self.seller)
        for write in (
            lambda: notice.write({"state": "queued"}),
            lambda: notice.line_ids.write({"qty_open": 1}),
            lambda: notice.copy(),
            notice.unlink,
        ):
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                write()

    def test_colleague_cannot_send_them_again(self):
        self._tell_of_an_order()
        self._get_notices().state = "failed"
        notice = self._get_notices().with_user(self.colleague)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            notice.action_retry()

    def test_customers_and_warehouse_staff_see_none(self):
        self._tell_of_an_order()
        for login, group in (
            ("cu", "base.group_portal"),
            ("wh", "stock.group_stock_user"),
        ):
            user = new_test_user(self.env, login, group)
            for model in ("backorder.notice", "backorder.notice.line"):
                with (
                    self.subTest(user=login, model=model),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    self.env[model].with_user(user).search([])

    def test_customer_does_not_read_them_by_his_order(self):
        user = new_test_user(self.env, "customer", "base.group_portal")
        order = self._tell_of_an_order(partner=user.partner_id)
        order.message_subscribe(user.partner_id.ids)
        own = order.with_user(user)
        self.assertEqual(own.order_line.read(["qty_delivered"])[0]["qty_delivered"], 0)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            own.order_line.read(["backorder_notice_line_ids"])

    def test_other_company(self):
        order = self._tell_of_an_order()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = new_test_user(
            self.env,
            "elsewhere",
            "sales_team.group_sale_manager",
            company_id=company.id,
            company_ids=company.ids,
        )
        for model in ("backorder.notice", "backorder.notice.line"):
            found = self.env[model].with_user(user).search([])
            self.assertNotIn(order, found.order_id)

    def test_settings(self):
        """An administrator switches a notice on, where the company is."""
        self.env.company.backorder_tell_waiting = False
        with Form(self.env["res.config.settings"]) as settings:
            settings.backorder_tell_waiting = True
            settings.backorder_tell_silence_days = 21
        settings.record.execute()
        self.assertTrue(self.env.company.backorder_tell_waiting)
        self.assertEqual(self.env.company.backorder_tell_silence_days, 21)

    def test_days_that_make_no_sense(self):
        with (
            self.assertRaises(CheckViolation),
            mute_logger("odoo.sql_db"),
        ):
            self.env.company.backorder_tell_silence_days = 0
            self.env.flush_all()

    def test_order_without_salesperson(self):
        order = self._create_order((self.glass, 10), user_id=False)
        message = self._tell()
        self.assertEqual(message.res_id, order.id)
        self.assertEqual(message.author_id, self.env.company.partner_id)


@tagged("post_install", "-at_install")
class TestNoticeBySms(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "sms.sms" not in cls.env:
            cls.skipTest(cls, "sms is NOT installed: notices by SMS NOT tested")
        cls._switch_on("confirmed")
        cls.env.company.backorder_tell_by_sms = True
        cls.env.company.country_id = cls.env.ref("base.at")
        cls.customer.write(
            {"phone": "+43 1 5123456", "country_id": cls.env.ref("base.at").id}
        )

    def _get_sms(self):
        return self.env["sms.sms"].search([("partner_id", "=", self.customer.id)])

    def test_by_mail_and_sms(self):
        order = self._create_order((self.glass, 10))
        self.assertEqual(len(self._tell()), 1)
        sms = self._get_sms()
        self.assertEqual(sms.number.replace(" ", ""), "+4315123456")
        self.assertEqual(sms.state, "outgoing")
        subject, link = sms.body.split("\n")
        self.assertEqual(
            subject, f"Your order {order.name}: not everything is there yet"
        )
        self.assertTrue(link.startswith("http"))
        self.assertIn(f"/my/orders/{order.id}?access_token=", link)
        self._tell()
        self.assertEqual(len(self._get_sms()), 1)

    def test_by_sms_alone(self):
        """He has no address, but a phone: he was told."""
        self.customer.email = False
        self._create_order((self.glass, 10))
        self.assertEqual(self._tell().message_type, "sms")
        self.assertEqual(len(self._get_sms()), 1)
        self.assertEqual(self._get_notices().state, "sent")

    def test_company_does_not_want_it(self):
        self.env.company.backorder_tell_by_sms = False
        self._create_order((self.glass, 10))
        self._tell()
        self.assertFalse(self._get_sms())
