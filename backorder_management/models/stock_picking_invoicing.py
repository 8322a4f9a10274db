from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.sql import column_exists, create_column

# Who sees invoices of orders in Odoo: accounting, and sales.
_INVOICE_READERS = (
    "account.group_account_invoice,account.group_account_readonly,"
    "sales_team.group_sale_salesman"
)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    shipment_invoice_ids = fields.Many2many(
        comodel_name="account.move",
        string="Shipment Invoices",
        compute="_compute_shipment_invoice_ids",
        # Who may not read an invoice of the delivery may still open the delivery.
        compute_sudo=True,
        search="_search_shipment_invoice_ids",
        groups=_INVOICE_READERS,
        help="The invoices and credit notes for this shipment.",
    )
    shipment_invoice_count = fields.Integer(
        compute="_compute_shipment_invoice_ids",
        compute_sudo=True,
        groups=_INVOICE_READERS,
    )
    shipment_invoice_state = fields.Selection(
        selection=[
            ("no", "Nothing to Invoice"),
            ("to_invoice", "To Invoice"),
            ("invoiced", "Invoiced"),
        ],
        string="Invoicing",
        compute="_compute_shipment_invoice_state",
        store=True,
        index="btree_not_null",
        help="Whether the products of this shipment that are invoiced on delivery have "
        "been invoiced.",
    )

    def _auto_init(self):
        # On install the states of years of transfers are computed in batches, together
        # with the matching of their invoices, see ``_match_past_invoices``.
        if not column_exists(self.env.cr, "stock_picking", "shipment_invoice_state"):
            create_column(
                self.env.cr, "stock_picking", "shipment_invoice_state", "varchar"
            )
            self.env.cr.execute(
                "UPDATE stock_picking SET shipment_invoice_state = 'no'"
            )
        return super()._auto_init()

    @api.depends("move_ids.shipment_link_ids.invoice_id")
    def _compute_shipment_invoice_ids(self):
        for picking in self:
            # The groups of the field decide who sees it, not rights on the links.
            invoices = picking.move_ids.shipment_link_ids.invoice_id
            picking.shipment_invoice_ids = invoices.sorted("id").ids
            picking.shipment_invoice_count = len(invoices)

    def _search_shipment_invoice_ids(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        links = Domain("shipment_link_ids.invoice_id", operator, value)
        return Domain("move_ids", "any", links)

    @api.depends(
        "state",
        "move_ids.sale_line_id.qty_to_invoice",
        "move_ids.shipment_link_ids.quantity",
    )
    def _compute_shipment_invoice_state(self):
        self.shipment_invoice_state = "no"
        done = self.filtered(lambda picking: picking.state == "done")
        lines = done.move_ids.sale_line_id
        if not lines:
            return
        to_invoice, invoiced = lines._get_invoiced_shipments()
        for picking in done:
            if picking.id in to_invoice:
                picking.shipment_invoice_state = "to_invoice"
            elif picking.id in invoiced:
                picking.shipment_invoice_state = "invoiced"

    # -------------------------------------------------------------- actions

    def action_invoice_shipment(self):
        """Invoice these deliveries, one invoice each, and open the invoices.

        :raises UserError: none of them has anything to invoice
        """
        invoices = self._invoice_shipments()
        return self.move_ids.sale_line_id.order_id.action_view_invoice(
            invoices=invoices
        )

    def _invoice_shipments(self):
        """Create one draft invoice per order and delivery.

        An order whose invoicing is per order is invoiced per shipment here: the user
        has chosen the shipment.

        :return: the new `account.move`
        :raises UserError: no delivery chosen, or none of them has anything to invoice
        :raises AccessError: the user may create neither invoices nor change the orders
        """
        if not self:
            raise UserError(self.env._("Select the deliveries to invoice."))
        orders = self.move_ids.sale_line_id.order_id
        if not self.env["account.move"].has_access("create"):
            # Others invoice orders through core's wizard only, where core asks for the
            # right to change the orders, and goes on with nothing.
            self.env["sale.advance.payment.inv"].check_access("create")
            orders.check_access("write")
        invoices = orders.with_context(
            invoice_shipment_ids=tuple(self.ids), raise_if_nothing_to_invoice=False
        )._create_invoices(final=True)
        if not invoices:
            raise UserError(
                self.env._(
                    "Nothing to invoice in %(shipments)s. Only what was delivered, is "
                    "invoiced on delivery, and is not invoiced yet can be invoiced.",
                    shipments=", ".join(self.mapped("name")),
                )
            )
        # Without the choice of shipments, and without core's sudo.
        return self.env["account.move"].browse(invoices.ids)

    def action_view_shipment_invoices(self):
        """Open those invoices for these deliveries that the user may read.

        :raises AccessError: he may read none of them
        """
        invoices = self.shipment_invoice_ids
        readable = invoices._filtered_access("read")
        if not readable:
            invoices.check_access("read")
        return self.move_ids.sale_line_id.order_id.action_view_invoice(
            invoices=readable
        )
