"""Shipments that somebody selects and invoices, many at a time."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import stock_picking_invoice_batch as batch
from ..models.stock_picking_invoice_creation import CRON
from .invoice_creation_common import InvoiceCreationCommon


@tagged("post_install", "-at_install")
class TestBatch(InvoiceCreationCommon):
    """Shipments selected in the list."""

    def _ship_each(self, *products):
        shipments = self.env["stock.picking"]
        for product in products:
            shipments |= self._ship(self._create_order((product, 1)), 1)
        return shipments

    def test_all_selected(self):
        shipments = self._ship_each(self.desk, self.chair)
        action = shipments.action_invoice_shipments()
        self.assertEqual(action["res_model"], "account.move")
        self.assertEqual(
            shipments.mapped("shipment_invoice_state"), ["invoiced", "invoiced"]
        )

    def test_one_bad_one(self):
        """
        GIVEN three shipments, the second of a product without an account
        WHEN the accountant invoices all three
        THEN two invoices are there, and the warning names the second with the reason
        """
        shipments = self._ship_each(self.desk, self.lamp, self.chair)
        bad = shipments[1]
        self._forget_accounts_of_lamps()
        with mute_logger("odoo.sql_db"):
            action = shipments.action_invoice_shipments()
        self.assertEqual(
            shipments.mapped("shipment_invoice_state"),
            ["invoiced", "to_invoice", "invoiced"],
        )
        params = action["params"]
        self.assertEqual(params["title"], "Not invoiced: 1")
        self.assertTrue(params["message"].startswith(f"{bad.name}: "))
        self.assertEqual(params["next"]["res_model"], "account.move")

    def test_all_bad(self):
        shipments = self._ship_each(self.lamp, self.lamp)
        self._forget_accounts_of_lamps()
        with mute_logger("odoo.sql_db"), self.assertRaises(UserError) as raised:
            shipments.action_invoice_shipments()
        for shipment in shipments:
            self.assertIn(shipment.name, str(raised.exception))

    def test_nothing_left(self):
        shipments = self._ship_each(self.desk, self.chair)
        shipments.action_invoice_shipments()
        with self.assertRaisesRegex(UserError, "Nothing to invoice in"):
            shipments.action_invoice_shipments()

    def test_many_are_queued(self):
        """
        GIVEN 3 shipments where 2 are made at once at most
        WHEN all are selected
        THEN they are queued, the message counts them, and the action makes drafts
        """
        self.patch(batch, "AT_ONCE", 2)
        shipments = self._ship_each(self.desk, self.chair, self.lamp)
        with self.capture_triggers(CRON) as triggered:
            action = shipments.action_invoice_shipments()
        self.assertEqual(len(triggered.records), 1)
        self.assertEqual(action["params"]["title"], "3 deliveries are queued")
        self.assertIn("3 are waiting in all", action["params"]["message"])
        self.assertEqual(shipments.mapped("shipment_invoice_queued"), [True] * 3)
        self._work()
        self.assertEqual(shipments.mapped("shipment_invoice_state"), ["invoiced"] * 3)
        self.assertEqual(shipments.mapped("shipment_invoice_queued"), [False] * 3)
        self.assertEqual(set(shipments.shipment_invoice_ids.mapped("state")), {"draft"})

    def test_many_without_the_scheduled_action(self):
        """
        GIVEN 2 shipments where 1 is made at once at most, and a scheduled action that
            an administrator has archived, and then deleted
        WHEN both are selected
        THEN the user is told, and neither waits for what never comes
        """
        self.patch(batch, "AT_ONCE", 1)
        shipments = self._ship_each(self.desk, self.chair)
        cron = self.env.ref(CRON)
        for remove in (cron.action_archive, cron.unlink):
            remove()
            with self.assertRaisesRegex(UserError, "ask your administrator"):
                shipments.action_invoice_shipments()
            self.assertEqual(shipments.mapped("shipment_invoice_queued"), [False] * 2)

    def test_queued_and_made_by_hand(self):
        """What somebody has invoiced meanwhile is not queued any more."""
        self.patch(batch, "AT_ONCE", 1)
        shipments = self._ship_each(self.desk, self.chair)
        shipments.action_invoice_shipments()
        shipments[0].action_invoice_shipment()
        self.assertEqual(shipments.mapped("shipment_invoice_queued"), [False, True])

    def test_queued_and_failed(self):
        """
        GIVEN two shipments that are queued, one of a product without an account
        WHEN the action comes, and again when there is one
        THEN the one fails, stays queued and is made the next time
        """
        self.patch(batch, "AT_ONCE", 1)
        shipments = self._ship_each(self.desk, self.lamp)
        account = self.lamp.property_account_income_id
        self._forget_accounts_of_lamps()
        shipments.action_invoice_shipments()
        with mute_logger("odoo.sql_db"):
            self._work()
        self.assertEqual(
            shipments.mapped("shipment_invoice_state"), ["invoiced", "error"]
        )
        self.lamp.property_account_income_id = account
        self._work(soon=True)
        self.assertEqual(
            shipments.mapped("shipment_invoice_state"), ["invoiced", "invoiced"]
        )
