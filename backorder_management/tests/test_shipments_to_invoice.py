"""The list of shipments to invoice: who sees what of it."""

from ast import literal_eval

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .test_invoicing_users import UsersCommon


@tagged("post_install", "-at_install")
class TestShipmentsToInvoice(UsersCommon):
    def _open(self, action, user):
        """What the list of an action shows to a user, as the screen reads it."""
        action = self.env.ref(f"backorder_management.{action}").sudo()
        name = {"fields": {"display_name": {}}}
        shipments = self.env["stock.picking"].with_user(user)
        views = shipments.get_views(
            [*action.views, (action.search_view_id.id, "search")]
        )
        self.assertEqual(set(views["views"]), {"list", "kanban", "form", "search"})
        found = shipments.web_search_read(
            literal_eval(action.domain),
            {
                "name": {},
                "partner_id": name,
                "sale_id": name,
                "shipment_age": {},
                "shipment_amount_to_invoice": {},
                "shipment_invoice_state": {},
                "shipment_invoice_error": {},
                "shipment_invoice_count": {},
                "move_ids": {
                    "fields": {"product_id": {"fields": {"display_name": {}}}}
                },
            },
        )
        return {
            row["name"]: row["shipment_amount_to_invoice"] for row in found["records"]
        }

    def test_accountant_without_rights_in_the_warehouse(self):
        """She sees the amounts, opens a shipment, and invoices it."""
        clerk = self._create_user("inv_clerk", "account.group_account_invoice")
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        self._forget_cache()
        found = self._open("shipments_to_invoice_action", clerk)
        self.assertEqual(found[shipment.name], 400.0)
        shipment.with_user(clerk).action_invoice_shipments()
        self.assertEqual(shipment.shipment_invoice_state, "invoiced")
        invoice = order.invoice_ids.with_user(clerk)
        form = self.env.ref("backorder_management.stock_picking_view_form_to_invoice")
        self.assertEqual(invoice.action_view_shipments()["views"], [(form.id, "form")])

    def test_salesman_of_own_documents(self):
        """He finds the shipments of his own orders, and no colleague's."""
        salesman = self._create_user("inv_seller", "sales_team.group_sale_salesman")
        own = self._ship(self._create_order((self.desk, 2), user_id=salesman.id), 2)
        others = self._ship(self._create_order((self.desk, 3)), 3)
        self._forget_cache()
        found = self._open("shipments_to_invoice_sale_action", salesman)
        self.assertEqual(found.get(own.name), 200.0)
        self.assertNotIn(others.name, found)

    def test_words_of_the_empty_list(self):
        """Expected: the lists of shipments and of deliveries with backorders say what
        they are for, transfers still what Odoo says."""
        for action, words in (
            ("backorder_management.shipments_to_invoice_action", "shipped is invoiced"),
            (
                "backorder_management.shipments_to_invoice_sale_action",
                "shipped is invoiced",
            ),
            ("backorder_management.stock_picking_action", "No delivery waits"),
            ("stock.action_picking_tree_all", "No transfer found"),
        ):
            with self.subTest(action=action):
                shown = self.env["ir.actions.act_window"]._for_xml_id(action)["help"]
                self.assertIn(words, shown)

    def test_warehouse_sees_no_amounts(self):
        picker = self._create_user("inv_picker_2", "stock.group_stock_user")
        shipment = self._ship(self._create_order((self.desk, 2)), 2).with_user(picker)
        self._forget_cache()
        for name in ("shipment_amount_to_invoice", "shipment_invoice_error"):
            with self.assertRaises(AccessError):
                shipment.read([name])
        self.assertEqual(shipment.shipment_invoice_state, "to_invoice")


@tagged("post_install", "-at_install")
class TestInvoicingTour(HttpCase):
    """The accountant's morning."""

    def test_shipments_to_invoice(self):
        """
        Scenario: an accountant opens the list, looks at the shipment whose invoice
            failed, selects the two of a hotel and invoices them
        Expected: two draft invoices; the failed one stays in the list
        """
        goblet = self.env["product.product"].create(
            {
                "name": "Tour Goblet",
                "is_storable": True,
                "invoice_policy": "delivery",
                "list_price": 12.0,
                "taxes_id": [Command.clear()],
            }
        )
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        self.env["stock.quant"]._update_available_quantity(
            goblet, warehouse.lot_stock_id, 100
        )
        shipments = [
            self._ship(goblet, warehouse, name, quantity)
            for name, quantity in (
                ("Tour Hotel", 2),
                ("Tour Hotel", 3),
                ("Tour Bar", 4),
            )
        ]
        shipments[2]._record_invoice_failure(UserError("The account is archived."))
        new_test_user(self.env, "tour_accountant", "account.group_account_invoice")
        self.start_tour(
            "/odoo",
            "backorder_management_shipments_to_invoice",
            login="tour_accountant",
            timeout=120,
        )
        self.assertEqual(
            [shipment.shipment_invoice_state for shipment in shipments],
            ["invoiced", "invoiced", "error"],
        )

    def _ship(self, product, warehouse, customer, quantity):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": customer}).id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                ],
            }
        )
        order.action_confirm()
        order.picking_ids.move_ids.write({"quantity": quantity, "picked": True})
        order.picking_ids.button_validate()
        return order.picking_ids
