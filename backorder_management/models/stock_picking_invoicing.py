from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.sql import column_exists, create_column

from ..planning.shipment_state import (
    ERROR,
    INVOICED,
    NOTHING,
    OPEN_STATES,
    PARTIAL,
    TO_INVOICE,
    Figures,
    find_state,
)

# Who sees invoices of orders in Odoo: accounting, and sales.
INVOICE_READERS = (
    "account.group_account_invoice,account.group_account_readonly,"
    "sales_team.group_sale_salesman"
)
# Computed on install for the past transfers of orders, for no others.
_NEW_COLUMNS = {
    "shipment_invoice_state": "varchar",
    "shipment_amount_to_invoice": "numeric",
    "shipment_invoice_error": "text",
    "shipment_invoice_queued": "bool",
}


_FOLLOWS = frozenset(
    {
        *_NEW_COLUMNS,
        "shipment_invoice_attempts",
        "shipment_invoice_next_try",
    }
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
        groups=INVOICE_READERS,
        help="The invoices and credit notes for this shipment.",
    )
    shipment_invoice_count = fields.Integer(
        compute="_compute_shipment_invoice_ids",
        compute_sudo=True,
        groups=INVOICE_READERS,
    )
    shipment_invoice_state = fields.Selection(
        selection=[
            (NOTHING, "Nothing to Invoice"),
            (TO_INVOICE, "To Invoice"),
            (PARTIAL, "Partly Invoiced"),
            (INVOICED, "Invoiced"),
            (ERROR, "Invoice Failed"),
        ],
        string="Invoicing",
        compute="_compute_shipment_invoicing",
        store=True,
        index="btree_not_null",
        help="Whether the products of this shipment that are invoiced on delivery have "
        "been invoiced. Partly: some of them are, and some are left to invoice or to "
        "credit. Failed: an automatic invoice could not be made.",
    )
    shipment_amount_to_invoice = fields.Monetary(
        string="Amount to Invoice",
        currency_field="shipment_currency_id",
        compute="_compute_shipment_invoicing",
        store=True,
        groups=INVOICE_READERS,
        help="What is left to invoice of this shipment at the prices of the order, "
        "discounts deducted, without taxes, in the currency of the company. Negative: "
        "to be credited.",
    )
    shipment_currency_id = fields.Many2one(related="company_id.currency_id")
    shipment_invoice_error = fields.Text(
        string="Why the Invoice Failed",
        compute="_compute_shipment_invoicing",
        store=True,
        readonly=True,
        copy=False,
        groups=INVOICE_READERS,
        help="Why an automatic invoice could not be made. It is tried again.",
    )
    shipment_invoice_queued = fields.Boolean(
        string="Queued",
        compute="_compute_shipment_invoicing",
        store=True,
        readonly=True,
        copy=False,
        help="A scheduled action is about to make the invoice, as somebody has asked.",
    )

    def _auto_init(self):
        # On install the states of years of transfers are computed in batches, together
        # with the matching of their invoices, see ``_match_past_invoices``.
        if not column_exists(self.env.cr, "stock_picking", "shipment_invoice_state"):
            for column, kind in _NEW_COLUMNS.items():
                create_column(self.env.cr, "stock_picking", column, kind)
            self.env.cr.execute(
                "UPDATE stock_picking SET shipment_invoice_state = 'no'"
            )
        return super()._auto_init()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_invoicing_untouched(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_invoicing_untouched(vals)
        return super().write(vals)

    def _check_invoicing_untouched(self, vals):
        """Refuse to be told how far a shipment is invoiced.

        That a field is read-only is a matter of screens: who may change transfers, but
        invoices nothing, could have them invoiced, or never invoiced, all the same.

        :raises AccessError: a user writes what follows from invoices
        """
        touched = _FOLLOWS.intersection(vals)
        if touched and not self.env.su:
            raise AccessError(
                self.env._(
                    "How far a delivery is invoiced follows from its invoices: make, "
                    "change or cancel these. Nobody may write %(fields)s.",
                    fields=", ".join(sorted(touched)),
                )
            )

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
        "move_ids.sale_line_id.price_unit",
        "move_ids.sale_line_id.discount",
        "move_ids.sale_line_id.order_id.shipment_invoicing",
        "move_ids.sale_line_id.order_id.shipment_invoice_creation",
        "move_ids.shipment_link_ids.quantity",
    )
    def _compute_shipment_invoicing(self):
        """State and amount in one go; where nothing is left, or nobody tries any more,
        nothing has failed."""
        done = self.filtered(lambda picking: picking.state == "done")
        lines = done.move_ids.sale_line_id
        by_shipment = lines._get_invoiced_shipments() if lines else {}
        nothing = Figures()
        for picking in self:
            figures = by_shipment.get(picking.id, nothing)
            failed = bool(picking.shipment_invoice_error) and picking._is_tried_again()
            state = find_state(figures, failed)
            picking.shipment_invoice_state = state
            picking.shipment_amount_to_invoice = figures.amount
            if state != ERROR:
                picking.shipment_invoice_error = False
            if state not in OPEN_STATES:
                picking.shipment_invoice_queued = False

    def _is_tried_again(self) -> bool:
        """Whether the scheduled action is to invoice this delivery."""
        self.ensure_one()
        orders = self.move_ids.sale_line_id.order_id
        return bool(
            self.shipment_invoice_queued or orders._filtered_invoiced_automatically()
        )

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
        invoices = self._check_may_invoice()._create_invoices_of(self)
        if not invoices:
            raise UserError(self._describe_nothing_to_invoice())
        return invoices

    def _describe_nothing_to_invoice(self) -> str:
        shipments = ", ".join(self.mapped("name"))
        cancelled = self.move_ids.sale_line_id.order_id.filtered(
            lambda order: order.state == "cancel"
        )
        if cancelled:
            return self.env._(
                "Nothing to invoice in %(shipments)s: %(orders)s was cancelled, and "
                "Odoo invoices no cancelled orders. Set it back to a quotation, lower "
                "it to what was delivered, and confirm it.",
                shipments=shipments,
                orders=", ".join(cancelled.mapped("name")),
            )
        if any(each.shipment_invoice_state in OPEN_STATES for each in self):
            return self.env._(
                "Nothing to invoice in %(shipments)s for now: what is left lowers what "
                "the customer owes, and waits for an invoice that can carry it, or for "
                "the last shipment of its order. Select all shipments of the order.",
                shipments=shipments,
            )
        return self.env._(
            "Nothing to invoice in %(shipments)s. Only what was delivered, is invoiced "
            "on delivery, and is not invoiced yet can be invoiced.",
            shipments=shipments,
        )

    def _check_may_invoice(self):
        """Return the orders of these deliveries, which the user may invoice.

        :raises UserError: no delivery chosen
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
        return orders

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
