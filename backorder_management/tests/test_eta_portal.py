"""What customers, who may read their own orders, do not read of ours."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_eta import EtaCommon

OF_LINES = (
    "backorder_earliest_reason",
    "backorder_replenishment",
    "backorder_promise_ids",
)
OF_ORDERS = ("backorder_promise_warned",)


@tagged("post_install", "-at_install")
class TestCustomerReadsHisOrder(EtaCommon):
    def test_nothing_of_vendors_stock_and_other_orders(self):
        """His quotation rests on a vendor's lead time: neither he nor the goods at hand
        are named to the customer, by whatever way he asks."""
        user = new_test_user(self.env, "customer", "base.group_portal")
        order = self._create_order(
            (self.glass, 10), partner=user.partner_id, confirm=False
        )
        order.state = "sent"
        order.message_subscribe(user.partner_id.ids)
        self.env.flush_all()
        own = order.with_user(user)
        self.assertEqual(own.read(["name"])[0]["name"], order.name)
        for record, names in ((own, OF_ORDERS), (own.order_line, OF_LINES)):
            for name in names:
                self.env.invalidate_all()
                with (
                    self.subTest(name=name),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models", "odoo.models"),
                ):
                    record.read([name])
        [line] = own.order_line.read(["backorder_eta", "backorder_promise_date"])
        self.assertEqual(
            (line["backorder_eta"], line["backorder_promise_date"]), (0, 0)
        )
