from odoo import fields, models


class StockMove(models.Model):
    _inherit = "stock.move"

    shipment_link_ids = fields.One2many(
        comodel_name="backorder.shipment.link",
        inverse_name="move_id",
        string="Invoiced Shipments",
    )

    def _action_done(self, cancel_backorder=False):
        # What was invoiced ahead has its shipment now.
        moves = super()._action_done(cancel_backorder=cancel_backorder)
        # The warehouse need not see orders and invoices.
        lines = moves.sudo().sale_line_id
        lines._filtered_invoiced_ahead()._settle_shipment_links()
        # The truck leaves, whatever becomes of its invoice: that is made afterwards.
        automatic = lines.order_id._filtered_invoiced_automatically()
        if "per_shipment" in automatic.mapped("shipment_invoicing"):
            self.env["stock.picking"]._wake_invoicing()
        return moves

    def _get_shipment_order(self):
        """Return the sort key by which an order's shipments are counted, oldest first.

        Moves of one transfer stay together, whenever each was done.
        """
        self.ensure_one()
        done = self.picking_id.date_done or self.date
        return (done, self.picking_id.id, self.id)
