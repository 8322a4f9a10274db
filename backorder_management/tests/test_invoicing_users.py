"""Who invoices shipments, and what he may see of them."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .invoicing_common import InvoicingCommon


class UsersCommon(InvoicingCommon):
    @classmethod
    def _create_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def _forget_cache(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def _links_of(self, picking):
        """Return [(invoice, quantity)] that pay for the shipment, read afresh."""
        self._forget_cache()
        links = picking.sudo().move_ids.shipment_link_ids
        return [(link.invoice_id, link.quantity) for link in links]


@tagged("post_install", "-at_install")
class TestSalesmanOfOwnDocuments(UsersCommon):
    """He has the order; a colleague is the salesperson of its first invoice."""

    def _create_scene(self, mode):
        self.salesman = self._create_user(
            f"inv_own_{mode}", "sales_team.group_sale_salesman"
        )
        order = self._create_order(
            (self.desk, 10), user_id=self.salesman.id, shipment_invoicing=mode
        )
        first = self._ship(order, 2)
        invoice = order._create_invoices()
        invoice.invoice_user_id = self.env.user
        second = self._ship(order, 3)
        self._forget_cache()
        return order, first, invoice, second

    def test_invoicing_with_the_wizard_keeps_earlier_links(self):
        """Scenario: 2 shipped and invoiced, 3 shipped; the salesman, who has looked at
        his order, invoices it with Odoo's wizard.

        Expected: the first shipment stays on the colleague's invoice, the second is on
        the new one; in both modes.
        """
        for mode in ("per_shipment", "per_order"):
            with self.subTest(mode):
                order, first, invoice, second = self._create_scene(mode)
                order.with_user(self.salesman).order_line.read(["invoice_lines"])
                self.env["sale.advance.payment.inv"].with_user(
                    self.salesman
                ).with_context(active_model="sale.order", active_ids=order.ids).create(
                    {"advance_payment_method": "delivered"}
                ).create_invoices()
                self.assertEqual(self._links_of(first), [(invoice, 2.0)])
                new = order.sudo().invoice_ids - invoice
                self.assertEqual(self._links_of(second), [(new, 3.0)])

    def test_invoicing_from_the_delivery_keeps_earlier_links(self):
        _order, first, invoice, second = self._create_scene("per_shipment")
        second.with_user(self.salesman).action_invoice_shipment()
        self.assertEqual(self._links_of(first), [(invoice, 2.0)])
        self.assertEqual([qty for _inv, qty in self._links_of(second)], [3.0])

    def test_validating_keeps_the_states(self):
        """Scenario: the salesman, who is in the warehouse as well, has looked at his
        order and validates its last transfer.

        Expected: the first shipment stays invoiced.
        """
        order, first, _invoice, second = self._create_scene("per_shipment")
        self.salesman.group_ids += self.env.ref("stock.group_stock_user")
        order.with_user(self.salesman).order_line.read(["invoice_lines"])
        last = (order.picking_ids - first - second).with_user(self.salesman)
        last.move_ids.write({"quantity": 5, "picked": True})
        last.button_validate()
        self._forget_cache()
        self.assertEqual(
            (first | second | last).sudo().mapped("shipment_invoice_state"),
            ["invoiced", "to_invoice", "to_invoice"],
        )

    def test_opening_the_delivery(self):
        """Scenario: he opens the delivery whose invoice he may not read. (What our view
        adds to the form, that is; some of Odoo's own modules close it to him.)

        Expected: it opens and says that there is an invoice; opening that is refused
        by Odoo. Of two invoices he sees his own.
        """
        _order, first, invoice, _second = self._create_scene("per_shipment")
        delivery = first.with_user(self.salesman)
        shown = ["shipment_invoice_ids", "shipment_invoice_count"]
        self.assertEqual(delivery.read(shown)[0]["shipment_invoice_count"], 1)
        self._forget_cache()
        with self.assertRaises(AccessError):
            delivery.action_view_shipment_invoices()
        invoice.invoice_line_ids.quantity = 1
        self._forget_cache()
        delivery.action_invoice_shipment()
        self._forget_cache()
        self.assertEqual(delivery.shipment_invoice_count, 2)
        self._forget_cache()
        own = first.sudo().shipment_invoice_ids - invoice
        self._forget_cache()
        self.assertEqual(delivery.action_view_shipment_invoices()["res_id"], own.id)


@tagged("post_install", "-at_install")
class TestWhoMayInvoice(UsersCommon):
    def test_auditor_in_the_warehouse(self):
        """Scenario: a warehouse user who may read the accounts calls the button's
        method.

        Expected: Odoo's access error, as where he opens Odoo's own wizard; no invoice.
        """
        auditor = self._create_user(
            "inv_auditor", "stock.group_stock_user,account.group_account_readonly"
        )
        order = self._create_order((self.desk, 10), user_id=False)
        shipment = self._ship(order, 2)
        self._forget_cache()
        with self.assertRaises(AccessError):
            shipment.with_user(auditor).action_invoice_shipment()
        self.assertFalse(order.invoice_ids)

    def test_invoice_of_another_company(self):
        """Scenario: an accountant of another company calls the button's method.

        Expected: refused, as the invoice is; he learns of no deliveries.
        """
        other = self.env["res.company"].create({"name": "Other"})
        accountant = new_test_user(
            self.env,
            "inv_other_company",
            "account.group_account_invoice",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        order = self._create_order((self.desk, 10))
        self._ship(order, 2)
        invoice = order._create_invoices()
        self._forget_cache()
        with self.assertRaises(AccessError):
            invoice.with_user(accountant).action_view_shipments()

    def test_nobody_links_invoices_to_shipments_himself(self):
        """An accountant writes an invoice; he may not say which shipment it is for."""
        order = self._create_order((self.desk, 1))
        shipment = self._ship(order, 1)
        accountant = self._create_user(
            "inv_links_himself", "account.group_account_invoice"
        )
        line = {"name": "Desk", "quantity": 1, "price_unit": 1}
        values = {"move_type": "out_invoice", "partner_id": order.partner_id.id}
        invoices = self.env["account.move"].with_user(accountant)
        self.assertTrue(
            invoices.create({**values, "invoice_line_ids": [Command.create(line)]})
        )
        share = {
            "move_id": shipment.move_ids.id,
            "sale_line_id": order.order_line.id,
            "quantity": 1,
        }
        line["shipment_shares"] = [share]
        with self.assertRaises(AccessError):
            invoices.create({**values, "invoice_line_ids": [Command.create(line)]})
        self.assertFalse(shipment.move_ids.shipment_link_ids)

    def test_purchaser_searches_bills(self):
        """Scenario: a purchaser, who may not see transfers' invoices, opens the search
        of bills.

        Expected: "Shipments" is not offered; for billing it is, and finds the invoice.
        """
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 2)
        invoice = order._create_invoices()
        found = {}
        for group in ("purchase.group_purchase_user", "account.group_account_invoice"):
            user = self._create_user(f"inv_{group}", group)
            moves = self.env["account.move"].with_user(user)
            view = moves.get_view(
                self.env.ref("account.view_account_invoice_filter").id, "search"
            )
            found[group] = 'name="shipment_ids"' in view["arch"]
        self.assertEqual(
            found,
            {
                "purchase.group_purchase_user": False,
                "account.group_account_invoice": True,
            },
        )
        self.assertEqual(
            moves.search([("shipment_ids", "ilike", shipment.name)]).ids, invoice.ids
        )

    def test_nothing_selected(self):
        with self.assertRaisesRegex(UserError, "Select the deliveries to invoice"):
            self.env["stock.picking"].action_invoice_shipment()
