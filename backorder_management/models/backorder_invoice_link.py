from odoo import api, fields, models
from odoo.tools import SQL, split_every

# Orders matched between two flushes at cut-over: bounds memory, keeps queries few.
_BATCH = 500


class BackorderShipmentLink(models.Model):
    """Which part of an invoice line pays for which stock move.

    These links decide what is "already invoiced" per shipment. A link lives and dies
    with its invoice line; the links of a cancelled invoice stay but do not count.
    """

    _name = "backorder.shipment.link"
    _description = "Invoiced Shipment"
    _rec_name = "picking_id"
    _order = "id"
    # Thousands at a time, and all that could be logged is on the invoice.
    _log_access = False

    invoice_line_id = fields.Many2one(
        comodel_name="account.move.line",
        required=True,
        readonly=True,
        index=False,  # the constraint has one that begins with it
        ondelete="cascade",
    )
    move_id = fields.Many2one(
        comodel_name="stock.move",
        string="Stock Move",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        help="The move that brought the goods to the customer. For a kit: the first of "
        "its components' moves in that shipment.",
    )
    sale_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Sales Order Line",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    # Not stored: each would be one more column, key and index for thousands of rows.
    picking_id = fields.Many2one(related="move_id.picking_id", string="Shipment")
    invoice_id = fields.Many2one(related="invoice_line_id.move_id")
    company_id = fields.Many2one(related="invoice_line_id.company_id")
    quantity = fields.Float(
        digits="Product Unit",
        required=True,
        readonly=True,
        help="In the unit of measure of the order line. Negative where it is credited.",
    )
    product_uom_id = fields.Many2one(related="sale_line_id.product_uom_id")

    _once_per_move = models.Constraint(
        "UNIQUE (invoice_line_id, move_id)",
        "An invoice line names each stock move once.",
    )

    @api.model
    def _match_all_past_invoices(self):
        """Match the past invoices of all orders that were ever shipped: on install."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT line.order_id
                  FROM stock_move move
                  JOIN sale_order_line line ON line.id = move.sale_line_id
                 WHERE move.state = 'done'
                 ORDER BY 1
                """
            )
        )
        self._match_past_invoices(
            self.env["sale.order"].browse([order_id for [order_id] in rows])
        )

    @api.model
    def _match_past_invoices(self, orders):
        """Match what was invoiced of these orders to their shipments, oldest first.

        Safe to call again: links that agree with their invoice line stay as they are.
        What cannot be matched gets no link: it was invoiced before any shipment, and
        core's quantity to invoice keeps counting it.

        :param orders: `sale.order`, of any number; worked through in batches
        """
        # Invoices and transfers of colleagues count, whoever switches the mode.
        orders = orders.sudo()
        for order_ids in split_every(_BATCH, orders.ids):
            line_ids, picking_ids = self._find_shipped(order_ids)
            self.env["sale.order.line"].sudo().browse(line_ids)._settle_shipment_links()
            pickings = self.env["stock.picking"].sudo().browse(picking_ids)
            self.env.add_to_compute(
                pickings._fields["shipment_invoice_state"], pickings
            )
            self.env.flush_all()
            # Years of orders must not pile up in the cache.
            self.env.invalidate_all(flush=False)

    @api.model
    def _find_shipped(self, order_ids):
        """Return ids of the order lines that were shipped and invoiced, and of all done
        transfers of these orders.
        """
        self.env.flush_all()
        moves = SQL(
            """
            SELECT line.id AS line_id, move.picking_id
              FROM sale_order_line line
              JOIN stock_move move ON move.sale_line_id = line.id
             WHERE line.order_id = ANY(%(orders)s) AND move.state = 'done'
            """,
            orders=list(order_ids),
        )
        lines = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT shipped.line_id
                  FROM (%s) shipped
                  JOIN sale_order_line_invoice_rel invoiced
                    ON invoiced.order_line_id = shipped.line_id
                 ORDER BY 1
                """,
                moves,
            )
        )
        pickings = self.env.execute_query(
            SQL(
                "SELECT DISTINCT picking_id FROM (%s) shipped"
                " WHERE picking_id IS NOT NULL ORDER BY 1",
                moves,
            )
        )
        return [row[0] for row in lines], [row[0] for row in pickings]
