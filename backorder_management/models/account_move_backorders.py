from odoo import fields, models
from odoo.tools import format_date
from odoo.tools.misc import formatLang


class AccountMove(models.Model):
    """What is still to come of the orders, on their invoices.

    A draft says what is true at the moment; what was posted stays as it was sent, so
    the list is stored when the invoice is posted.
    """

    _inherit = "account.move"

    backorder_list = fields.Json(
        copy=False,
        readonly=True,
        help="What was still to come of the orders when the invoice was posted.",
    )

    def _post(self, soft=True):
        # Every way of posting comes here; what it returns has really been posted.
        posted = super()._post(soft=soft)
        for invoice in posted.filtered("backorder_list"):
            invoice.backorder_list = False
        for invoice in posted._filtered_with_backorder_list():
            invoice.backorder_list = invoice._prepare_backorder_list()
        return posted

    def _filtered_with_backorder_list(self):
        """Return the invoices that are to say what is still to come."""
        return self.filtered(
            lambda invoice: (
                invoice.move_type == "out_invoice"
                and invoice.company_id.invoice_backorder_list
            )
        )

    def _prepare_backorder_list(self):
        """Return what is open of the orders now, in the customer's language.

        :return: dictionaries with "order", "product", "quantity" (in the unit of the
            order line), "unit" and "expected" (an ISO day, or False: not known)
        """
        self.ensure_one()
        # Who posts invoices need not see orders; the customer knows what he ordered.
        lines = self.sudo().with_context(lang=self.partner_id.lang).invoice_line_ids
        return [
            {
                "order": line.order_id.name,
                "product": line.product_id.display_name,
                "quantity": line.qty_backorder_open,
                "unit": line.product_uom_id.name,
                "expected": fields.Date.to_string(line._get_expected_day()),
            }
            for line in lines.sale_line_ids.order_id.order_line
            if line.qty_backorder_open  # sections and deposits have no unit either
            and line.product_uom_id.compare(line.qty_backorder_open, 0.0) > 0
        ]

    def _get_backorder_rows(self):
        """Return the stored list, or a draft's of the moment, as words to print."""
        self.ensure_one()
        if self.state == "draft":
            drafts = self._filtered_with_backorder_list()
            rows = drafts._prepare_backorder_list() if drafts else []
        else:
            rows = self.backorder_list or []
        return [
            {
                **row,
                "quantity": formatLang(self.env, row["quantity"], dp="Product Unit"),
                "expected": format_date(self.env, row["expected"])
                or self.env._("date to follow"),
            }
            for row in rows
        ]
