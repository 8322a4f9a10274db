"""What was delivered, what of it is invoiced and to be invoiced, and what differs."""

from odoo import fields, models
from odoo.tools import SQL

from .reconciliation_query import get_query

REASONS = [
    ("none", "No Difference"),
    ("price", "Another Price, Discount or Tax"),
    ("ahead", "Invoiced Ahead of Delivery"),
    ("rate", "Another Rate of Exchange"),
    ("cancelled", "Order Cancelled After Delivery"),
    ("quantity", "Quantity to Invoice Is Out of Date"),
    ("product", "Something Else on the Invoice"),
    ("rounding", "Rounding"),
]


class BackorderInvoiceReconciliation(models.Model):
    """One row per order line that is invoiced by what is delivered, once shipped or
    invoiced.

    Quantities are in the unit of the order line. Amounts are untaxed, after discount,
    in the company's currency, each rounded to it: delivered and to invoice at the price
    and the rate of the order, invoiced as in the books. Delivered = posted + draft + to
    invoice + difference, to the cent, by line and in any sum.

    Deposits are lines of their own, of orders and of invoices, and are not goods:
    amounts here are before deposits.
    """

    _name = "backorder.invoice.reconciliation"
    _description = "Delivered and Invoiced"
    _auto = False
    _rec_name = "sale_line_id"
    _order = "date_order desc, order_id desc, id"
    # Odoo writes to the database what the query below reads before it is run.
    _depends = {
        "sale.order": [
            "partner_id",
            "user_id",
            "date_order",
            "company_id",
            "currency_id",
            "currency_rate",
            "state",
        ],
        "sale.order.line": [
            "order_id",
            "product_id",
            "product_uom_id",
            "product_uom_qty",
            "qty_delivered",
            "qty_delivered_method",
            "qty_invoiced",
            "qty_to_invoice",
            "price_unit",
            "discount",
            "price_subtotal",
            "tax_ids",
            "is_downpayment",
            "display_type",
            "invoice_lines",
        ],
        "account.move": ["state", "move_type", "payment_state"],
        "account.move.line": [
            "move_id",
            "balance",
            "price_subtotal",
            "price_unit",
            "discount",
            "product_id",
            "product_uom_id",
            "currency_id",
            "display_type",
            "parent_state",
        ],
        "account.tax": ["amount", "amount_type", "price_include_override"],
        "backorder.shipment.link": ["sale_line_id", "invoice_line_id", "quantity"],
        "product.product": ["product_tmpl_id"],
        "product.template": ["invoice_policy"],
        "res.company": ["currency_id", "account_price_include"],
        "res.currency": ["rounding"],
    }

    sale_line_id = fields.Many2one("sale.order.line", "Order Line", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    product_uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    date_order = fields.Datetime("Order Date", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    # Not added up: glasses and dozens of chairs make no sum.
    qty_delivered = fields.Float(
        "Delivered Quantity", digits="Product Unit", readonly=True, aggregator=None
    )
    qty_invoiced = fields.Float(
        "Invoiced Quantity",
        digits="Product Unit",
        readonly=True,
        aggregator=None,
        help="On invoices that are not cancelled, drafts included, less credit notes.",
    )
    qty_to_invoice = fields.Float(
        "Quantity to Invoice",
        digits="Product Unit",
        readonly=True,
        aggregator=None,
        help="Negative where goods came back that are still to be credited. What was "
        "invoiced ahead of its delivery is not to be credited.",
    )
    amount_delivered = fields.Monetary(
        "Delivered",
        readonly=True,
        help="Delivered quantity at the price of the order, untaxed, at its rate.",
    )
    amount_posted = fields.Monetary(
        "Posted",
        readonly=True,
        help="Untaxed, as in the books: posted invoices less posted credit notes.",
    )
    amount_draft = fields.Monetary(
        "Draft", readonly=True, help="Untaxed: draft invoices less draft credit notes."
    )
    amount_to_invoice = fields.Monetary(
        "To Invoice",
        readonly=True,
        help="Quantity to invoice at the price of the order, untaxed, at its rate.",
    )
    difference = fields.Monetary(
        readonly=True,
        help="Delivered less posted, draft and to invoice.",
    )
    difference_price = fields.Monetary(
        "Of It Price and Rounding",
        readonly=True,
        help="What was invoiced, at the price of the order, less the invoiced amount.",
    )
    difference_ahead = fields.Monetary(
        "Of It Invoiced Ahead",
        readonly=True,
        help="Negative: invoiced for goods that have not been delivered yet.",
    )
    difference_rate = fields.Monetary("Of It Rate of Exchange", readonly=True)
    difference_quantity = fields.Monetary(
        "Of It Quantity",
        readonly=True,
        help="Delivered, neither invoiced nor to invoice: the order was cancelled, or "
        "the product had another invoicing policy.",
    )
    reason = fields.Selection(
        REASONS,
        readonly=True,
        help="Where a difference has several reasons: the greatest.",
    )

    @property
    def _table_query(self) -> SQL:
        return get_query()

    def action_open_order(self):
        """Open the order."""
        self.ensure_one()
        return self.order_id.get_formview_action()

    def action_open_invoices(self):
        """Open the invoices and credit notes of the line, cancelled ones included."""
        self.ensure_one()
        return self.order_id.action_view_invoice(
            invoices=self.sale_line_id.invoice_lines.move_id
        )
