"""Invoices that nobody makes by hand: when, by whom, and what if they fail."""

from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.common import MockSmtplibCase

from ..models import stock_picking_invoice_batch as batch
from ..models.stock_picking_invoice_creation import CRON
from .invoice_creation_common import InvoiceCreationCommon

ARCHIVED = "is archived."


@tagged("post_install", "-at_install")
class TestFigures(InvoiceCreationCommon):
    """How much of a shipment is left to invoice."""

    def test_partly_invoiced(self):
        """
        GIVEN 4 desks of 100 shipped
        WHEN the invoice is lowered to 1, then deleted, then made anew
        THEN 300 are left and it is partly invoiced; 400, to invoice; nothing, invoiced
        """
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 400.0)])
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 1
        self.assertEqual(self._get_figures(shipment), [("partial", 300.0)])
        invoice.unlink()
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 400.0)])
        order._create_invoices()
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_what_came_back_is_negative(self):
        """
        GIVEN 4 desks of 100 shipped and invoiced
        WHEN 1 comes back for a refund, and is credited
        THEN 100 are to be credited on that shipment, then nothing
        """
        order = self._create_order((self.desk, 4))
        shipment = self._ship(order, 4)
        order._create_invoices().action_post()
        self._take_back(shipment, 1)
        self.assertEqual(self._get_figures(shipment), [("partial", -100.0)])
        order._create_invoices(final=True)
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_discount_and_currency(self):
        """
        GIVEN 3 desks of 120 euros less 25 % and 2 chairs of 30 euros, 2 euros for each
            of the company's dollars
        WHEN 2 desks and both chairs are shipped
        THEN 240 euros are to be invoiced: 120 dollars
        WHEN the price of a desk is 100 euros
        THEN 210 euros: 105 dollars
        """
        euro = self.setup_other_currency("EUR")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 120.0, "discount": 25.0}),
            (self.chair, 2, {"price_unit": 30.0}),
            pricelist_id=pricelist.id,
        )
        self.assertEqual((order.currency_id, order.currency_rate), (euro, 2.0))
        shipment = self._ship(order, 2, 2)
        self.assertEqual(shipment.shipment_currency_id, self.company.currency_id)
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 120.0)])
        order.order_line[0].price_unit = 100.0
        self.assertEqual(self._get_figures(shipment), [("to_invoice", 105.0)])

    def test_tax_in_the_price(self):
        """
        GIVEN a desk of 110 with a tax of 10 % in the price
        WHEN 2 are shipped
        THEN 200 are to be invoiced
        """
        tax = self.env["account.tax"].create(
            {
                "name": "10 % included",
                "amount": 10.0,
                "price_include_override": "tax_included",
            }
        )
        order = self._create_order(
            (self.desk, 3, {"price_unit": 110.0, "tax_ids": [Command.set(tax.ids)]})
        )
        self.assertEqual(
            self._get_figures(self._ship(order, 2)), [("to_invoice", 200.0)]
        )

    def test_age(self):
        order = self._create_order((self.desk, 1))
        shipment = self._ship(order, 1)
        shipment.date_done = fields.Datetime.now() - timedelta(days=9)
        self.assertEqual(shipment.shipment_age, 9)


@tagged("post_install", "-at_install")
class TestModes(InvoiceCreationCommon):
    def test_company_customer_order(self):
        """
        GIVEN a company that posts
        WHEN orders of a customer without a choice, and of one with drafts, are made
        THEN each order says so, and one of them is switched by hand; contacts follow
            their company; other companies ask their own settings
        """
        self.company.shipment_invoice_creation = "posted"
        plain = self._create_customer(False)
        drafts = self._create_customer("draft")
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": drafts.id}
        )
        orders = self.env["sale.order"].create(
            [{"partner_id": partner.id} for partner in (plain, drafts, contact)]
        )
        self.assertEqual(
            orders.mapped("shipment_invoice_creation"), ["posted", "draft", "draft"]
        )
        orders[0].shipment_invoice_creation = "manual"
        self.company.shipment_invoice_creation = "sent"
        self.assertEqual(orders[0].shipment_invoice_creation, "manual")
        other = self.setup_other_company(name="Other")["company"]
        order = self.env["sale.order"].create(
            {"partner_id": drafts.id, "company_id": other.id}
        )
        self.assertEqual(order.shipment_invoice_creation, "manual")

    def test_by_hand(self):
        """By default validating wakes nobody, and nobody makes an invoice."""
        order = self._create_order((self.desk, 10))
        with self.capture_triggers(CRON) as triggered:
            shipment = self._ship(order, 4)
        self.assertFalse(triggered.records)
        self._work()
        self.assertFalse(order.invoice_ids)
        self.assertEqual(shipment.shipment_invoice_state, "to_invoice")

    def test_only_orders_per_shipment(self):
        """An order with one invoice for all that was delivered is left to the user."""
        order = self._create_order(
            (self.desk, 10),
            customer=self._create_customer("posted", shipment_invoicing="per_order"),
        )
        with self.capture_triggers(CRON) as triggered:
            self._ship(order, 4)
        self.assertFalse(triggered.records)
        self._work()
        self.assertFalse(order.invoice_ids)

    def test_draft(self):
        """
        GIVEN an order whose invoices are made as drafts
        WHEN a picker without any right in accounting validates two deliveries
        THEN he waits for no invoice; the action makes two drafts, for the order's
            salesperson, and no more the next time
        """
        order = self._create_order(
            (self.desk, 10), customer=self._create_customer("draft")
        )
        picker = new_test_user(
            self.env,
            "inv_picker",
            "stock.group_stock_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        seller = order.user_id
        with self.capture_triggers(CRON) as triggered:
            for quantity in (4, 3):
                delivery = order.picking_ids.filtered(lambda p: p.state == "assigned")
                delivery.move_ids.write({"quantity": quantity, "picked": True})
                self.env.flush_all()
                delivery.with_user(picker).with_context(
                    skip_backorder=True
                ).button_validate()
        self.assertEqual(len(triggered.records), 2)
        self.assertFalse(order.invoice_ids)
        self._work()
        invoices = order.invoice_ids.sorted("id")
        self.assertEqual(self._lines(invoices), [[("Desk", 4.0)], [("Desk", 3.0)]])
        self.assertEqual(invoices.mapped("state"), ["draft", "draft"])
        self.assertEqual(invoices.invoice_user_id, seller)
        self.assertEqual(invoices.company_id, self.company)
        self._work()
        self.assertEqual(order.invoice_ids, invoices)

    def test_posted(self):
        """
        GIVEN orders of two customers, one with drafts, one whose invoices are posted
        WHEN both ship
        THEN the one has a draft, the other one a posted invoice that nobody sends
        """
        drafts = self._create_order(
            (self.desk, 2), customer=self._create_customer("draft")
        )
        posted = self._create_order(
            (self.desk, 3), customer=self._create_customer("posted")
        )
        self._ship(drafts, 2)
        shipment = self._ship(posted, 3)
        self._work()
        self.assertEqual(drafts.invoice_ids.state, "draft")
        invoice = posted.invoice_ids
        self.assertEqual((invoice.state, invoice.amount_total), ("posted", 300.0))
        self.assertEqual(invoice.shipment_ids, shipment)
        self.assertFalse(invoice.shipment_to_send)
        self.assertFalse(invoice.is_move_sent)

    def test_refunded_return_is_credited(self):
        """
        GIVEN 4 desks shipped, invoiced and posted by the action
        WHEN 1 comes back for a refund
        THEN the action is told, and posts a credit note of 100 for that shipment
        """
        order = self._create_order(
            (self.desk, 4), customer=self._create_customer("posted")
        )
        shipment = self._ship(order, 4)
        self._work()
        invoice = order.invoice_ids
        with self.capture_triggers(CRON) as triggered:
            self._take_back(shipment, 1)
        self.assertTrue(triggered.records)
        self._work()
        credit_note = order.invoice_ids - invoice
        self.assertEqual(
            (credit_note.move_type, credit_note.state, credit_note.amount_total),
            ("out_refund", "posted", 100.0),
        )
        self.assertEqual(credit_note.shipment_ids, shipment)
        self.assertEqual(self._get_figures(shipment), [("invoiced", 0.0)])

    def test_other_companies(self):
        """
        GIVEN shipments of two companies, one of which has its invoices made
        WHEN the action has come
        THEN there are invoices of that company alone, with its journal
        """
        ours = self._create_order(
            (self.desk, 2), customer=self._create_customer("posted")
        )
        self._ship(ours, 2)
        other = self.setup_other_company(name="Other")["company"]
        self.env.user.company_ids += other
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        env = self.env(context={**self.env.context, "allowed_company_ids": other.ids})
        self.env["stock.quant"]._update_available_quantity(
            self.desk, warehouse.lot_stock_id, 10
        )
        theirs = env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "warehouse_id": warehouse.id,
                "shipment_invoicing": "per_shipment",
                "order_line": [
                    Command.create({"product_id": self.desk.id, "product_uom_qty": 5})
                ],
            }
        )
        self.assertEqual(theirs.shipment_invoice_creation, "manual")
        theirs.action_confirm()
        delivery = theirs.picking_ids
        delivery.move_ids.write({"quantity": 5, "picked": True})
        delivery.button_validate()
        self.assertEqual(delivery.shipment_invoice_state, "to_invoice")
        self._work()
        self.assertEqual(ours.invoice_ids.company_id, self.company)
        self.assertFalse(theirs.invoice_ids)
        theirs.shipment_invoice_creation = "posted"
        self._work()
        self.assertEqual(theirs.invoice_ids.journal_id.company_id, other)
        self.assertEqual(theirs.invoice_ids.state, "posted")


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


@tagged("post_install", "-at_install")
class TestSending(InvoiceCreationCommon, MockSmtplibCase):
    def _create_shipped(self, **values):
        order = self._create_order(
            (self.desk, 2), customer=self._create_customer("sent", **values)
        )
        return order, self._ship(order, 2)

    def test_sent(self):
        """
        GIVEN a customer whose invoices are posted and sent
        WHEN a shipment leaves
        THEN the invoice is posted, and one message with its PDF goes to the customer
        """
        order, _shipment = self._create_shipped()
        with self.mock_smtplib_connection():
            self._work()
        [sent] = self.emails
        self.assertEqual(sent["smtp_to_list"], ["customer@example.com"])
        self.assertIn('.pdf"', sent["message"])
        invoice = order.invoice_ids
        self.assertEqual(invoice.state, "posted")
        self.assertTrue(invoice.is_move_sent)
        self.assertFalse(invoice.shipment_to_send)
        [message] = invoice.message_ids.filtered(
            lambda message: message.message_type == "comment"
        )
        self.assertEqual(message.notified_partner_ids, order.partner_id)
        self.assertEqual(message.attachment_ids.mapped("mimetype"), ["application/pdf"])
        self.assertTrue(message.attachment_ids.name.endswith(".pdf"))
        count = len(invoice.message_ids)
        self._work(soon=True)
        self.assertEqual(len(invoice.message_ids), count)

    def test_no_address(self):
        """
        GIVEN a customer without an e-mail address
        WHEN the invoice is to be sent
        THEN it stays posted, says why it was not sent, in its log and the delivery's,
            and is sent once there is an address
        """
        order, shipment = self._create_shipped(email=False)
        self._work()
        invoice = order.invoice_ids
        self.assertEqual((invoice.state, invoice.is_move_sent), ("posted", False))
        reason = "Customer sent has no e-mail address. Enter one on the contact."
        self.assertEqual(invoice.shipment_send_error, reason)
        for document in (invoice, shipment):
            self.assertIn(reason, "".join(document.message_ids.mapped("body")))
        self.assertEqual(shipment.shipment_invoice_state, "invoiced")
        order.partner_id.email = "customer@example.com"
        self._work()
        self.assertFalse(invoice.is_move_sent)
        self._work(soon=True)
        self.assertTrue(invoice.is_move_sent)
        self.assertFalse(invoice.shipment_send_error)

    def test_no_mail_goes_out(self):
        """
        GIVEN a mail server that nobody can reach
        WHEN the invoice is to be sent
        THEN it is not marked as sent, no message pretends it was, and it says why
        """
        self.env["ir.mail_server"].create(
            {"name": "Down", "smtp_host": "127.0.0.1", "smtp_port": 1}
        )
        # Odoo sends nothing in tests unless told to.
        server = self.env.registry["ir.mail_server"]
        self.patch(server, "_disable_send", lambda *_arguments: False)
        order, _shipment = self._create_shipped()
        self._work()
        invoice = order.invoice_ids
        self.assertEqual((invoice.state, invoice.is_move_sent), ("posted", False))
        self.assertIn("could not be sent", invoice.shipment_send_error)
        self.assertNotIn("comment", invoice.message_ids.mapped("message_type"))
        self.assertTrue(invoice.shipment_to_send)

    def test_sent_by_hand_in_the_meantime(self):
        """What somebody has sent is not sent again."""
        order, _shipment = self._create_shipped(email=False)
        self._work()
        invoice = order.invoice_ids
        order.partner_id.email = "customer@example.com"
        self.env["account.move.send"]._generate_and_send_invoices(invoice)
        count = len(invoice.message_ids)
        self._work(soon=True)
        self.assertEqual(len(invoice.message_ids), count)


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
