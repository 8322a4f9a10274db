"""Why, by whom and how much was cancelled, and what becomes of the money."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import BackorderCommon

REASON = "backorder_management.cancel_reason_too_late"


@tagged("post_install", "-at_install")
class TestCancellations(BackorderCommon):
    def _open(self, order, user=None):
        action = order.with_user(user or self.env.user).action_open_cancel_rest()
        dialog = self.env[action["res_model"]].with_user(user or self.env.user)
        return Form(dialog.with_context(**action["context"]))

    def test_reason_from_the_list(self):
        """Scenario: 6 of 10 at 10.00 each are cancelled by a salesperson.

        Expected: it is noted with the reason, 60.00, and who it was.
        """
        seller = new_test_user(self.env, "seller", "sales_team.group_sale_salesman")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), user_id=seller.id)
        dialog = self._open(order, seller)
        dialog.scope = "short"
        dialog.reason_id = self.env.ref(REASON)
        dialog.reason = "they close"
        dialog.save().action_cancel()
        noted = order.order_line.backorder_cancellation_ids
        self.assertEqual(noted.quantity, 6)
        self.assertEqual(noted.value, 60)
        self.assertEqual(noted.reason_id, self.env.ref(REASON))
        self.assertEqual(noted.note, "Comes too late: they close")
        self.assertEqual((noted.user_id, noted.partner_id), (seller, self.customer))
        self.assertIn("Comes too late: they close", order.message_ids[0].body)

    def test_nobody_says_why(self):
        order = self._create_order((self.glass, 10))
        wizard = self.env["backorder.cancel"].create(
            {"sale_line_ids": order.order_line.ids, "reason": "  "}
        )
        with self.assertRaisesRegex(UserError, "choose a reason, or write one"):
            wizard.action_cancel()
        self.assertFalse(order.order_line.backorder_cancellation_ids)

    def test_effect_on_an_invoice(self):
        """Ordered goods were invoiced: 10 at 10.00, of which 6 are to end."""
        glass = self._create_product("Prepaid Glass", invoice_policy="order")
        self._put_stock(glass, 4)
        order = self._create_order((glass, 10))
        order._create_invoices().action_post()
        dialog = self._open(order)
        dialog.scope = "short"
        self.assertIn("60.00", dialog.effect)
        self.assertIn(order.name, dialog.effect)
        dialog.scope = "rest"
        self.assertIn("100.00", dialog.effect)
        dialog.scope = "short"
        dialog.reason = "no"
        dialog.save().action_cancel()
        self._settle()
        self.assertEqual(order.backorder_credit_amount, 60)

    def test_effect_on_a_deposit(self):
        """A deposit of 80 % was paid: 40.00 are left to deliver, so 40.00 come back."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self.env["sale.advance.payment.inv"].with_context(
            active_model="sale.order", active_ids=order.ids
        ).create(
            {"advance_payment_method": "percentage", "amount": 80}
        ).create_invoices()
        order.invoice_ids.action_post()
        dialog = self._open(order)
        dialog.scope = "short"
        self.assertIn("The deposit is more than what is left", dialog.effect)
        before = dialog.effect
        dialog.reason = "no"
        dialog.save().action_cancel()
        self._settle()
        self.assertIn(order.backorder_credit_note, before)

    def test_no_effect(self):
        order = self._create_order((self.glass, 10))
        self.assertFalse(self._open(order).effect)

    def test_by_itself(self):
        """Closed with a shipment, and older than agreed."""
        policy = self.env["backorder.policy"].create(
            {
                "name": "One shipment",
                "max_shipments": 1,
                "remainder": "cancel",
            }
        )
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), backorder_policy_id=policy.id)
        self._validate(order.picking_ids)
        noted = order.order_line.backorder_cancellation_ids
        self.assertEqual(noted.quantity, 6)
        self.assertEqual(
            noted.reason_id, self.env.ref("backorder_management.cancel_reason_closed")
        )

    def test_reason_of_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        other = self.env["backorder.cancel.reason"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        seller = new_test_user(self.env, "seller", "sales_team.group_sale_salesman")
        found = self.env["backorder.cancel.reason"].with_user(seller).search([])
        self.assertNotIn(other, found)

    def test_who_may_read_and_write_them(self):
        seller = new_test_user(self.env, "seller", "sales_team.group_sale_salesman")
        colleague = new_test_user(
            self.env, "colleague", "sales_team.group_sale_salesman"
        )
        order = self._create_order((self.glass, 10), user_id=seller.id)
        order.order_line._cancel_backorder_rest("no")
        noted = self.env["backorder.cancellation"]
        own = [("order_id", "=", order.id)]
        self.assertEqual(noted.with_user(seller).search_count(own), 1)
        self.assertEqual(noted.with_user(colleague).search_count(own), 0)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            order.order_line.backorder_cancellation_ids.with_user(seller).note = "x"
        portal = new_test_user(self.env, "portal", "base.group_portal")
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            noted.with_user(portal).search([])
