"""What a cancelled rest means for the delivery and the invoicing of an order."""

from __future__ import annotations

from odoo import api, fields, models

CUT_SHORT = "cut_short"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # A value of its own: "Fully Delivered" is not true of it, and "Partially
    # Delivered" means, in Odoo's lists and in the portal, that more is on its way.
    delivery_status = fields.Selection(
        selection_add=[(CUT_SHORT, "Delivered, Rest Cancelled")],
        ondelete={CUT_SHORT: "set full"},
    )
    has_cancelled_rest = fields.Boolean(compute="_compute_has_cancelled_rest")

    amount_cancelled = fields.Monetary(
        "Of It Cancelled",
        compute="_compute_amount_cancelled",
        help="Of the total, with taxes: the lines keep what was ordered, and nobody is "
        "charged for what was cancelled.",
    )
    amount_kept = fields.Monetary(
        "Left of It",
        compute="_compute_amount_cancelled",
        help="The total without what was cancelled, with taxes.",
    )

    @api.depends("amount_total", "order_line.qty_cancelled")
    def _compute_amount_cancelled(self):
        for order in self:
            order.amount_cancelled = sum(
                order.currency_id.round(line._get_cancelled_share(line.price_total))
                for line in order.order_line
                if line.qty_cancelled
            )
            order.amount_kept = order.amount_total - order.amount_cancelled

    @api.depends("order_line.qty_cancelled")
    def _compute_has_cancelled_rest(self):
        for order in self:
            order.has_cancelled_rest = any(order.order_line.mapped("qty_cancelled"))

    def _compute_delivery_status(self):
        # The cancelled quantities are no declared dependency, see `_compute_backorder`.
        result = super()._compute_delivery_status()
        for order in self:
            if order.delivery_status == "full" and any(
                order.order_line.mapped("qty_cancelled")
            ):
                order.delivery_status = CUT_SHORT
        return result

    def _compute_invoice_status(self):
        # A line that was cancelled altogether has nothing left to invoice, as one that
        # was lowered to 0. Of nothing but such lines, nothing was invoiced.
        result = super()._compute_invoice_status()
        for order in self:
            if order.invoice_status == "invoiced":
                lines = order.order_line
                if any(lines.mapped("qty_cancelled")) and not any(
                    lines.mapped("qty_invoiced")
                ):
                    order.invoice_status = "no"
        return result

    def _force_lines_to_invoice_policy_order(self):
        # Paid in full and invoiced at once: what was cancelled meanwhile is not.
        cut_short = self.order_line.filtered("qty_cancelled")
        result = super()._force_lines_to_invoice_policy_order()
        for line in cut_short:
            if line.state == "sale":
                line.qty_to_invoice -= line.qty_cancelled
        return result


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _set_backorder_value(self, name, value):
        # What is invoiced and delivered hangs on the cancelled quantity, which hardly
        # ever changes, while its own sources do with every reservation: as a declared
        # dependency it would have all of that computed anew each time.
        changed = self.browse()
        if name == "qty_cancelled":
            changed = self.filtered(lambda line: line._origin.qty_cancelled != value)
        result = super()._set_backorder_value(name, value)
        changed._recompute_after_cancelling()
        return result

    def _recompute_after_cancelling(self):
        if not self:
            return
        lines = ("qty_to_invoice", "untaxed_amount_to_invoice", "invoice_status")
        orders = ("invoice_status", "delivery_status")
        for records, names in ((self, lines), (self.order_id, orders)):
            for name in names:
                field = records._fields[name]
                # what is just being computed has asked for the new quantity
                waiting = records.filtered(
                    lambda record, field=field: not self.env.is_protected(field, record)
                )
                self.env.add_to_compute(field, waiting)

    def _filter_invoiced_as_ordered(self):
        """Lines that were cut short and whose price is due on the order."""
        return self.filtered(
            lambda line: (
                line.qty_cancelled  # hardly ever
                and line.state == "sale"
                and line.product_id.invoice_policy == "order"
            )
        )

    def _compute_qty_to_invoice(self):
        result = super()._compute_qty_to_invoice()
        for line in self._filter_invoiced_as_ordered():
            line.qty_to_invoice -= line.qty_cancelled
        return result

    def _compute_untaxed_amount_to_invoice(self):
        result = super()._compute_untaxed_amount_to_invoice()
        for line in self._filter_invoiced_as_ordered():
            line.untaxed_amount_to_invoice -= line._get_cancelled_share(
                line.price_subtotal
            )
        return result

    def _compute_amount_to_invoice(self):
        result = super()._compute_amount_to_invoice()
        for line in self._filter_invoiced_as_ordered():
            line.amount_to_invoice -= line._get_cancelled_share(line.price_total)
        return result

    def _get_cancelled_share(self, amount: float) -> float:
        """:param amount: of the whole line; :return: of what of it was cancelled"""
        ordered = self.product_uom_qty
        return amount * self.qty_cancelled / ordered if ordered else 0.0

    def _compute_invoice_status(self):
        # Core says "nothing to invoice" as long as less was invoiced than ordered.
        result = super()._compute_invoice_status()
        for line in self:
            if (
                line.state == "sale"
                and line.invoice_status == "no"
                and line.qty_cancelled
                and line._is_invoiced_up_to_cancelled()
            ):
                line.invoice_status = "invoiced"
        return result

    def _is_invoiced_up_to_cancelled(self) -> bool:
        """Has all been invoiced of what was not cancelled?"""
        return (
            self.product_uom_id.compare(
                self.qty_invoiced, self.product_uom_qty - self.qty_cancelled
            )
            >= 0
        )
