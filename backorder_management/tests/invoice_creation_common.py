from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models.stock_picking_invoice_creation import CRON
from .invoicing_common import InvoicingCommon


class InvoiceCreationCommon(InvoicingCommon, CronMixinCase):
    """Customers by who makes their invoices, and a product that cannot be posted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account_in_use = cls.company_data["default_account_revenue"].copy()
        cls.lamp = cls._create_good(
            "Lamp", price=50.0, property_account_income_id=cls.account_in_use.id
        )

    @classmethod
    def _create_customer(cls, mode, **values):
        return cls.env["res.partner"].create(
            {
                "name": f"Customer {mode}",
                "email": "customer@example.com",
                "shipment_invoicing": "per_shipment",
                "shipment_invoice_creation": mode,
                **values,
            }
        )

    def _work(self, soon=False):
        """The scheduled action comes.

        :param soon: it is past the time of the next attempt of everything
        """
        self.env.flush_all()
        if soon:
            self.env["stock.picking"].sudo().search(
                [("shipment_invoice_next_try", "!=", False)]
            ).shipment_invoice_next_try = "2020-01-01 00:00:00"
            self.env["account.move"].search(
                [("shipment_send_next_try", "!=", False)]
            ).shipment_send_next_try = "2020-01-01 00:00:00"
        with self.enter_registry_test_mode():
            self.env.ref(CRON).method_direct_trigger()
        self.env.invalidate_all()

    def _close_account(self):
        """Invoices of lamps cannot be posted from now on."""
        self.account_in_use.active = False

    def _open_account(self):
        self.account_in_use.active = True

    def _forget_accounts_of_lamps(self):
        """Invoices of lamps cannot even be made from now on."""
        goods = self.desk | self.chair
        goods.property_account_income_id = self.company_data["default_account_revenue"]
        self.lamp.property_account_income_id = False
        self.lamp.categ_id = self.env["product.category"].create({"name": "No account"})
        self.lamp.categ_id.property_account_income_categ_id = False
        self.company.income_account_id = False
        self.company_data["default_journal_sale"].default_account_id = False

    def _get_figures(self, shipments):
        return [
            (shipment.shipment_invoice_state, shipment.shipment_amount_to_invoice)
            for shipment in shipments
        ]
