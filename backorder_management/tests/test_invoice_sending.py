"""Invoices of shipments that are sent without anybody asking."""

from odoo.tests import tagged

from odoo.addons.base.tests.common import MockSmtplibCase

from .invoice_creation_common import InvoiceCreationCommon


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
