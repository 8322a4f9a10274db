"""Telling customers by hand: from the list of short lines, after a look.

Today is Monday, 1 March 2027.
"""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext, mute_logger

from .notice_common import NoticeCommon
from .test_eta import march, noon


@tagged("post_install", "-at_install")
class TestTell(NoticeCommon):
    """No notice is switched on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "seller", "sales_team.group_sale_salesman", email="s@us.example"
        )
        cls.receipt = cls._expect(10, (cls.glass, 50))
        cls.orders = cls.env["sale.order"].union(
            *(
                cls._create_order(
                    (cls.glass, 10), partner=partner, user_id=cls.seller.id
                )
                for partner in (cls.customer, cls.other_customer, cls.customer)
            )
        )

    def _open(self, records=None):
        records = records or self.orders.order_line.move_ids.backorder_demand_ids
        action = records.with_user(self.seller).action_open_tell()
        return (
            self.env[action["res_model"]]
            .with_user(self.seller)
            .browse(action["res_id"])
        )

    def test_preview(self):
        """Customer by customer; nothing is kept of what is only looked at."""
        dialog = self._open()
        self.assertEqual(
            dialog.line_ids.partner_id, self.customer | self.other_customer
        )
        first, second = dialog.line_ids
        self.assertEqual(
            first.order_names, f"{self.orders[0].name}, {self.orders[2].name}"
        )
        self.assertIn(self.orders[0].name, dialog.subject)
        self.assertIn("03/10/2027", html2plaintext(dialog.preview))
        second.action_preview()
        self.assertIn(self.orders[1].name, dialog.subject)
        self.assertNotIn(self.orders[0].name, dialog.preview)
        self.assertFalse(self._get_notices())
        self.assertFalse(self.orders.order_line.backorder_promise_ids)

    def test_tell(self):
        dialog = self._open()
        with self.mock_mail_gateway():
            result = dialog.action_tell()
        self.assertEqual(result["params"]["message"], "Customers told: 2")
        self.assertEqual(
            self._new_mails.recipient_ids, self.customer | self.other_customer
        )
        notice = self._get_notices("sent")[0]
        self.assertEqual(notice.asked_by_id, self.seller)
        promises = self.orders.order_line.backorder_promise_ids
        self.assertEqual(promises.mapped("date"), [march(10)] * 3)
        self.assertEqual(promises.user_id, self.seller)

    def test_one_is_left_out(self):
        dialog = self._open()
        dialog.line_ids[1].unlink()
        with self.mock_mail_gateway():
            dialog.action_tell()
        self.assertEqual(self._new_mails.recipient_ids, self.customer)

    def test_tells_what_was_to_be_sent(self):
        """Scenario: he could not be told that the day changed; he is told by hand.

        Expected: once, with the day before; the notice that failed is gone.
        """
        self._switch_on("date", "confirmed")
        self._open(self.orders[0]).action_tell()
        self.receipt.scheduled_date = noon(17)
        self.customer.email = False
        with freeze_time("2027-03-02 08:00:00"):
            self._tell(days=True)
        self.assertEqual(self._get_notices("failed").partner_id, self.customer)
        self.customer.email = "adler@example.com"
        self._open(self.orders[0] | self.orders[2]).action_tell()
        self.assertFalse(self._get_notices("failed"))
        told = self._get_notices()[-1]
        self.assertEqual(told.kind, "date")
        self.assertIn(
            "03/17/2027 instead of 03/10/2027", self._get_text(told.message_id)
        )
        self.assertFalse(self._tell(days=True))

    def test_customer_without_address(self):
        """The others are told; he is shown."""
        self.customer.email = False
        result = self._open().action_tell()
        self.assertEqual(result["res_model"], "backorder.notice")
        self.assertEqual(self._get_notices("sent").partner_id, self.other_customer)
        self.assertEqual(self._get_notices("failed").partner_id, self.customer)

    def test_nothing_is_to_come(self):
        self.orders.order_line._cancel_backorder_rest("no")
        with self.assertRaisesRegex(UserError, "choose other lines"):
            self._open(self.orders)

    def test_it_was_cancelled_meanwhile(self):
        dialog = self._open()
        self.orders.order_line._cancel_backorder_rest("no")
        with self.assertRaisesRegex(UserError, "nobody to tell"):
            dialog.action_tell()

    def test_many(self):
        """More than 20 are left to the scheduled action."""
        partners = self.env["res.partner"].create(
            [
                {"name": f"Buyer {number}", "email": f"b{number}@example.com"}
                for number in range(21)
            ]
        )
        for partner in partners:
            self.orders |= self._create_order(
                (self.glass, 1), partner=partner, user_id=self.seller.id
            )
        self._open(self.orders[3:]).action_tell()
        self.assertEqual(len(self._get_notices("queued")), 21)
        self.assertEqual(len(self._tell()), 21)

    def test_text_that_fails(self):
        template = self.env.ref("backorder_management.mail_template_notice_waiting")
        template.body_html = '<p t-out="object.no_such_thing"/>'
        with (
            self.assertRaisesRegex(UserError, "Failed to render"),
            mute_logger("odoo.addons.mail.models.mail_render_mixin"),
        ):
            self._open()
        self.assertFalse(self._get_notices())

    def test_rights(self):
        """Of a colleague's orders, and in a colleague's dialog."""
        dialog = self._open()
        colleague = new_test_user(
            self.env, "colleague", "sales_team.group_sale_salesman"
        )
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            self.orders.with_user(colleague).action_open_tell()
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            dialog.with_user(colleague).action_tell()
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            self.env["backorder.tell.line"].with_user(colleague).create(
                {
                    "tell_id": dialog.id,
                    "sale_line_ids": [Command.set(self.orders.order_line.ids)],
                }
            )
        self.assertFalse(self._get_notices())
