from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_portal_shipment_invoices(self, shipment):
        """Return the invoices for a shipment that the page of the order may link to.

        Those that core links to on the same page: of this order, and posted. A shipment
        may carry goods of other customers' orders, too.

        :param shipment: a transfer, with sudo, as the order of that page is
        """
        self.ensure_one()
        invoices = shipment.shipment_invoice_ids & self.invoice_ids
        return invoices.filtered(lambda invoice: invoice.state == "posted").sorted("id")
