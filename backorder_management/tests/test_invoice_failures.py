"""Invoices that a scheduled action cannot make: said in words, and tried again."""

from datetime import date, timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models import stock_picking_invoice_creation as creation
from ..models.stock_picking_invoice_creation import CRON
from .invoice_creation_common import InvoiceCreationCommon

ARCHIVED = "is archived."


@tagged("post_install", "-at_install")
class TestFailures(InvoiceCreationCommon):
    def test_account_that_is_archived(self):
        """
        GIVEN a lamp whose income account is archived, on an order that is posted
        WHEN it ships
        THEN there is no invoice, not even a draft; the delivery says why, and it is not
            tried again within the hour
        WHEN the account is back, an hour later
        THEN the invoice is posted and the delivery says nothing any more
        """
        order = self._create_order(
            (self.lamp, 2), customer=self._create_customer("posted")
        )
        self._close_account()
        shipment = self._ship(order, 2)
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(self._get_figures(shipment), [("error", 100.0)])
        self.assertIn(ARCHIVED, shipment.shipment_invoice_error)
        self.assertAlmostEqual(
            shipment.shipment_invoice_next_try,
            fields.Datetime.now() + timedelta(hours=1),
            delta=timedelta(minutes=5),
        )
        self._open_account()
        self._work()
        self.assertFalse(order.invoice_ids)
        self._work(soon=True)
        self.assertEqual(order.invoice_ids.state, "posted")
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])
        self.assertFalse(shipment.shipment_invoice_error)

    def test_posting_that_fails(self):
        """
        GIVEN an order in euros, which somebody archives after the delivery
        WHEN the invoice can be made, but not posted
        THEN not even the draft stays, and the delivery says why
        """
        euro = self.setup_other_currency("EUR")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        order = self._create_order(
            (self.desk, 2, {"price_unit": 100.0}),
            customer=self._create_customer("posted"),
            pricelist_id=pricelist.id,
        )
        shipment = self._ship(order, 2)
        euro.active = False
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(self._get_figures(shipment), [("error", 100.0)])
        self.assertIn("inactive currency", shipment.shipment_invoice_error)

    def test_later_and_later(self):
        """
        GIVEN an invoice that cannot be posted
        WHEN it was tried three times
        THEN the next attempt is 4 hours later; after another failure later, 1 hour
        """
        order = self._create_order(
            (self.lamp, 2), customer=self._create_customer("posted")
        )
        self._close_account()
        shipment = self._ship(order, 1)
        for _time in range(3):
            self._work(soon=True)
        self.assertEqual(shipment.shipment_invoice_attempts, 3)
        self.assertAlmostEqual(
            shipment.shipment_invoice_next_try,
            fields.Datetime.now() + timedelta(hours=4),
            delta=timedelta(minutes=5),
        )
        self._open_account()
        self._work(soon=True)
        self.assertEqual(shipment.shipment_invoice_state, "invoiced")
        order.invoice_ids.button_draft()
        order.invoice_ids.button_cancel()
        self._close_account()
        self._work(soon=True)
        self.assertEqual(shipment.shipment_invoice_state, "error")
        self.assertEqual(shipment.shipment_invoice_attempts, 1)

    def test_cleared_by_whoever_invoices(self):
        """
        GIVEN a delivery whose automatic invoice failed
        WHEN the accountant makes it by hand, as a draft, and deletes it again
        THEN the delivery is invoiced, and to invoice, without a word of the failure
        """
        order = self._create_order(
            (self.lamp, 2), customer=self._create_customer("posted")
        )
        self._close_account()
        shipment = self._ship(order, 2)
        self._work()
        self.assertEqual(shipment.shipment_invoice_state, "error")
        self._open_account()
        shipment.action_invoice_shipment()
        self.assertEqual(shipment.shipment_invoice_state, "invoiced")
        order.invoice_ids.unlink()
        self.assertEqual(shipment.shipment_invoice_state, "to_invoice")
        self.assertFalse(shipment.shipment_invoice_error)

    def test_stays_failed_when_the_order_changes(self):
        """A new price changes the amount, and the reason stays."""
        order = self._create_order(
            (self.lamp, 2), customer=self._create_customer("posted")
        )
        self._close_account()
        shipment = self._ship(order, 2)
        self._work()
        order.order_line.price_unit = 70.0
        self.assertEqual(self._get_figures(shipment), [("error", 140.0)])
        self.assertIn(ARCHIVED, shipment.shipment_invoice_error)

    def test_order_that_is_invoiced_by_hand_from_now_on(self):
        """
        GIVEN a shipment that could not be invoiced
        WHEN its order is to be invoiced by hand, or all at once
        THEN nothing has failed any more: nobody tries it again
        """
        changes = {
            "shipment_invoice_creation": "manual",
            "shipment_invoicing": "per_order",
        }
        customer = self._create_customer("posted")
        for field, value in changes.items():
            with self.subTest(field):
                order = self._create_order((self.lamp, 2), customer=customer)
                shipment = self._ship(order, 2)
                self._close_account()
                self._work()
                self.assertEqual(shipment.shipment_invoice_state, "error")
                order[field] = value
                self.assertEqual(shipment.shipment_invoice_state, "to_invoice")
                self.assertFalse(shipment.shipment_invoice_error)
                self._open_account()

    def test_what_has_nothing_to_invoice_yet_keeps_nobody_waiting(self):
        """
        GIVEN a shipment of empties, which lower what the customer owes, with more of
            them to come; and one of lamps, a day later
        WHEN the scheduled action comes, and again before an hour has passed
        THEN the lamps are invoiced, and the empties are looked at just once
        """
        customer = self._create_customer("posted")
        empties = self._create_order(
            (self.desk, 10, {"price_unit": -5.0}), customer=customer
        )
        waiting = self._ship(empties, 4)
        lamps = self._create_order((self.lamp, 2), customer=customer)
        shipment = self._ship(lamps, 2)
        self._work()
        self.assertEqual(shipment.shipment_invoice_state, "invoiced")
        self.assertEqual(waiting.shipment_invoice_state, "to_invoice")
        self.assertFalse(waiting.shipment_invoice_error)
        pickings = self.env["stock.picking"]
        self.assertNotIn(waiting, pickings._find_invoicing_due([], 20))
        waiting.sudo().shipment_invoice_next_try = fields.Datetime.now()
        new = self._ship(self._create_order((self.lamp, 1), customer=customer), 1)
        self.assertEqual(pickings._find_invoicing_due([], 1), new)
        self._ship(empties, 6)
        self._work(soon=True)
        self.assertEqual(waiting.shipment_invoice_state, "invoiced")

    def test_scheduled_action_of_another_user(self):
        """
        GIVEN an administrator who has put his own name to the scheduled action; two
            lamps that cannot be posted, two desks, and two chairs queued by hand
        WHEN they have shipped and the action comes
        THEN the lamps say why, the others are invoiced, and nothing stays queued
        """
        self.env.ref(CRON).user_id = new_test_user(
            self.env,
            "cron_administrator",
            "base.group_system,account.group_account_manager,"
            "sales_team.group_sale_manager,stock.group_stock_manager",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        customer = self._create_customer("posted")
        bad, good, asked = shipments = [
            self._ship(self._create_order((product, 2), customer=whose), 2)
            for product, whose in (
                (self.lamp, customer),
                (self.desk, customer),
                (self.chair, self.plain_customer),
            )
        ]
        asked._queue_invoicing()
        self._close_account()
        self._work()
        self.assertEqual(
            [shipment.shipment_invoice_state for shipment in shipments],
            ["error", "invoiced", "invoiced"],
        )
        self.assertIn(ARCHIVED, bad.shipment_invoice_error)
        self.assertEqual(good.shipment_invoice_ids.mapped("amount_total"), [200.0])
        self.assertEqual(asked.shipment_invoice_ids.mapped("amount_total"), [60.0])
        self.assertFalse(asked.shipment_invoice_queued)

    def test_the_truck_leaves(self):
        """
        GIVEN lamps at 50, to be posted and sent to a customer without an address; no
            account and no journal to invoice them, and no scheduled action
        WHEN a warehouse user ships 2 of 10, and corrects that to 3 and then to none
        THEN he is never refused, and the delivery says what is to be invoiced
        """
        order = self._create_order(
            (self.lamp, 10), customer=self._create_customer("sent", email=False)
        )
        self._close_account()
        self.company_data["default_journal_sale"].active = False
        self.env.ref(CRON).unlink()
        worker = new_test_user(
            self.env,
            "truck_worker",
            "stock.group_stock_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        delivery = order.picking_ids
        for quantity, state, amount in (
            (2, "to_invoice", 100.0),
            (3, "to_invoice", 150.0),
            (0, "no", 0.0),
        ):
            self.env.invalidate_all()
            with self.subTest(quantity=quantity):
                own = delivery.with_user(worker)
                own.move_ids.write({"quantity": quantity, "picked": True})
                if own.state != "done":
                    own.with_context(skip_backorder=True).button_validate()
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(delivery.state, "done")
                self.assertEqual(self._get_figures(delivery), [(state, amount)])

    def test_company_without_accounts(self):
        """
        GIVEN a company that has no chart of accounts, and posts each shipment's invoice
        WHEN 2 desks have shipped and the action comes
        THEN the delivery says that there is no journal
        """
        company = self.env["res.company"].create(
            {
                "name": "No chart",
                "shipment_invoicing": "per_shipment",
                "shipment_invoice_creation": "posted",
            }
        )
        self.env.user.company_ids += company
        here = self.env["res.partner"].with_company(company).env
        warehouse = here["stock.warehouse"].search([("company_id", "=", company.id)])
        here["stock.quant"]._update_available_quantity(
            self.desk, warehouse.lot_stock_id, 10
        )
        order = here["sale.order"].create(
            {
                "partner_id": self.plain_customer.id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": self.desk.id, "product_uom_qty": 2})
                ],
            }
        )
        order.action_confirm()
        delivery = self._ship(order, 2)
        self._work()
        self.assertEqual(delivery.state, "done")
        self.assertEqual(delivery.shipment_invoice_state, "error")
        self.assertIn("No journal could be found", delivery.shipment_invoice_error)

    def test_failing_ones_of_several_batches(self):
        """
        GIVEN 5 lamps that cannot be posted and 1 desk, in batches of 2
        WHEN the action comes twice within the hour
        THEN each lamp was tried once, at the end nothing is left to do, and the desk,
            which comes last, is invoiced
        """
        self.patch(creation, "BATCH", 2)
        customer = self._create_customer("posted")
        *lamps, desk = [
            self._ship(self._create_order((product, 1), customer=customer), 1)
            for product in (*[self.lamp] * 5, self.desk)
        ]
        self._close_account()
        for _time in range(2):
            self._work()
            self.assertEqual(
                [lamp.shipment_invoice_attempts for lamp in lamps], [1] * 5
            )
        self.assertEqual({lamp.shipment_invoice_state for lamp in lamps}, {"error"})
        self.assertEqual(desk.shipment_invoice_state, "invoiced")
        picking = self.env["stock.picking"]
        self.assertFalse(picking._find_invoicing_due([], limit=2))

    def test_one_bad_one_among_several(self):
        """
        GIVEN five shipments, the third of which cannot be posted
        WHEN the action works on them in one batch
        THEN the four others are posted, and the third one says why it is not
        """
        self._close_account()
        customer = self._create_customer("posted")
        products = [self.desk, self.chair, self.lamp, self.desk, self.chair]
        orders = [self._create_order((each, 2), customer=customer) for each in products]
        shipments = [self._ship(order, 2) for order in orders]
        self._work()
        self.assertEqual(
            [shipment.shipment_invoice_state for shipment in shipments],
            ["invoiced", "invoiced", "error", "invoiced", "invoiced"],
        )
        self.assertEqual(
            [order.invoice_ids.mapped("state") for order in orders],
            [["posted"], ["posted"], [], ["posted"], ["posted"]],
        )

    def test_one_bad_shipment_of_an_order(self):
        """
        GIVEN an order of which desks ship first, lamps next
        WHEN lamps cannot be posted
        THEN the first shipment has its invoice, the second one the reason
        """
        order = self._create_order(
            (self.desk, 1), (self.lamp, 1), customer=self._create_customer("posted")
        )
        self._close_account()
        first = self._ship(order, 1, 0)
        second = self._ship(order, 0, 1)
        self._work()
        self.assertEqual(self._get_figures(first), [("invoiced", 0.0)])
        self.assertEqual(self._get_figures(second), [("error", 50.0)])
        self.assertEqual(order.invoice_ids.shipment_ids, first)

    def test_archived_journal(self):
        """Without a journal there is not even a draft; Odoo's sentence says so."""
        order = self._create_order(
            (self.desk, 2), customer=self._create_customer("draft")
        )
        shipment = self._ship(order, 2)
        self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)]
        ).active = False
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(shipment.shipment_invoice_state, "error")
        self.assertIn("journal", shipment.shipment_invoice_error)

    def test_locked_period(self):
        """
        GIVEN a shipment whose invoice would be dated in a period that is locked
        WHEN the action comes, and again when the period is open
        THEN the delivery names the lock date, then it is invoiced
        """
        order = self._create_order(
            (self.desk, 2), customer=self._create_customer("posted")
        )
        shipment = self._ship(order, 2)
        self.env.flush_all()
        self.company.fiscalyear_lock_date = date.today() + timedelta(days=1)
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(shipment.shipment_invoice_state, "error")
        self.assertIn("Global Lock Date", shipment.shipment_invoice_error)
        self.company.fiscalyear_lock_date = False
        self._work(soon=True)
        self.assertEqual(order.invoice_ids.state, "posted")
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_no_income_account(self):
        """An invoice line without an account is refused by the database, in words."""
        order = self._create_order(
            (self.lamp, 2), customer=self._create_customer("draft")
        )
        shipment = self._ship(order, 2)
        self._forget_accounts_of_lamps()
        with mute_logger("odoo.sql_db"):
            self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(shipment.shipment_invoice_state, "error")
        self.assertEqual(
            shipment.shipment_invoice_error,
            "Missing required account on accountable line.",
        )

    def test_nothing_to_invoice_is_no_failure(self):
        """
        GIVEN 2 desks shipped and taken back before the action comes
        WHEN it comes
        THEN nothing is made, and nothing has failed
        """
        order = self._create_order(
            (self.desk, 2), customer=self._create_customer("posted")
        )
        shipment = self._ship(order, 2)
        self._take_back(shipment, 2)
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(self._get_figures(shipment), [("no", 0.0)])

    def test_unexpected_error(self):
        """
        GIVEN an order of which the database refuses every invoice
        WHEN the action works on it
        THEN the log has the details, the delivery a sentence for people
        """
        order = self._create_order(
            (self.desk, 2), customer=self._create_customer("draft")
        )
        shipment = self._ship(order, 2)
        self.env.flush_all()
        self.env.cr.execute(
            "ALTER TABLE account_move ADD CONSTRAINT bm_refuse"
            " CHECK (invoice_origin NOT LIKE %s)",
            [f"{order.name}%"],
        )
        logger = "odoo.addons.backorder_management.models"
        with (
            mute_logger("odoo.sql_db"),
            self.assertLogs(f"{logger}.stock_picking_invoice_creation", "ERROR"),
        ):
            self._work()
        self.assertEqual(shipment.shipment_invoice_state, "error")
        self.assertIn("log of the server", shipment.shipment_invoice_error)
        self.assertFalse(order.invoice_ids)
