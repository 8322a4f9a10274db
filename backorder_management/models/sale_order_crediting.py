"""What was cancelled after it had been invoiced, or paid for with a deposit."""

from __future__ import annotations

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..planning.crediting import Credit, LineFacts, find_credit


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # Without dependencies: looked at on the form of the order.
    backorder_credit_amount = fields.Monetary(
        string="To Credit",
        compute="_compute_backorder_credit",
        compute_sudo=True,
        help="Invoiced, and cancelled in the delivery since; taxes included.",
    )
    backorder_credit_note = fields.Text(
        compute="_compute_backorder_credit", compute_sudo=True
    )
    backorder_credit_ready = fields.Boolean(
        compute="_compute_backorder_credit", compute_sudo=True
    )

    def _compute_backorder_credit(self):
        for order in self:
            credit = order._find_backorder_credit()
            deposit = order._is_deposit_creditable() and credit.deposit
            order.backorder_credit_amount = credit.amount + credit.deposit
            order.backorder_credit_note = order._describe_credit(credit)
            # core makes no documents of a cancelled order: its invoices are reversed
            order.backorder_credit_ready = order.state == "sale" and bool(
                credit.amount or deposit
            )

    def _find_backorder_credit(self, ending=None) -> Credit:
        """What this order is to be credited for, quantities in units of the lines.

        :param ending: by line, what would be cancelled as well
        """
        self.ensure_one()
        ending = ending or {}
        lines = self.order_line.filtered(
            lambda line: not line.display_type and not line.is_downpayment
        )
        if not ending and not any(lines.mapped("qty_cancelled")):
            return Credit()
        credit = find_credit(
            {line.id: line._get_credit_facts(ending.get(line, 0.0)) for line in lines},
            self._get_invoiced_deposits(),
        )
        currency = self.currency_id
        return Credit(
            credit.quantities,
            currency.round(credit.amount),
            currency.round(credit.deposit),
        )

    def _get_invoiced_deposits(self) -> float:
        """Deposits invoiced and not deducted yet, drafts included, taxes included."""
        deposits = self.order_line.filtered("is_downpayment")
        if not deposits:
            return 0.0
        # Searched for: the lines at hand may be those that the user may see.
        invoiced = self.env["account.move.line"].search(
            [
                ("sale_line_ids", "in", deposits.ids),
                ("parent_state", "!=", "cancel"),
                ("move_id.move_type", "in", ("out_invoice", "out_refund")),
            ]
        )
        return sum(
            -line.move_id.direction_sign
            * line.currency_id._convert(
                line.price_total,
                self.currency_id,
                self.company_id,
                line.move_id.invoice_date or fields.Date.context_today(self),
            )
            for line in invoiced
        )

    def _is_deposit_creditable(self) -> bool:
        """Can all that is still to be invoiced be invoiced now?

        While goods are to come, what is left of a deposit may still be deducted: its
        excess is credited with the last invoice.
        """
        return not any(
            line._is_invoiced_by_shipment() and line.qty_backorder_open
            for line in self.order_line
        )

    def _describe_effect_of_cancelling(self, ending) -> str:
        """What will be credited, beside what is to be already, in words.

        :param ending: by line of this order, what would be cancelled
        """
        before = self._find_backorder_credit()
        after = self._find_backorder_credit(ending)
        quantities = {
            line_id: more
            for line_id, quantity in after.quantities.items()
            if (more := quantity - before.quantities.get(line_id, 0.0)) > 0
        }
        deposit = max(0.0, after.deposit - before.deposit)
        return self._describe_credit(Credit(quantities, 0.0, deposit))

    def _describe_credit(self, credit: Credit) -> str:
        parts = []
        for line_id, quantity in credit.quantities.items():
            line = self.env["sale.order.line"].browse(line_id)
            parts.append(
                self.env._(
                    "%(quantity)s %(unit)s of %(product)s were invoiced and cancelled: "
                    "%(amount)s to be credited.",
                    quantity=formatLang(self.env, quantity, dp="Product Unit"),
                    unit=line.product_uom_id.name,
                    product=line.product_id.display_name,
                    amount=self._format_credit(quantity * line._get_unit_total()),
                )
            )
        if credit.deposit and self._is_deposit_creditable():
            parts.append(
                self.env._(
                    "The deposit is more than what is left to invoice, as goods were "
                    "cancelled: %(amount)s to be credited.",
                    amount=self._format_credit(credit.deposit),
                )
            )
        elif credit.deposit:
            parts.append(
                self.env._(
                    "The deposit is more than what is left to invoice, as goods were "
                    "cancelled: %(amount)s to be credited with the last invoice.",
                    amount=self._format_credit(credit.deposit),
                )
            )
        return "\n".join(parts)

    def _format_credit(self, amount: float) -> str:
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # -------------------------------------------------------------------- crediting

    def action_credit_cancelled(self):
        """Make the draft credit note of what was invoiced and cancelled."""
        self.ensure_one()
        if not self.env["account.move"].has_access("create"):
            self.check_access("write")
        # sudo: quantities and deposits are facts, whatever the user may see of them
        order = self.sudo()
        credit = order._find_backorder_credit() if self.state == "sale" else Credit()
        if credit.deposit and order._is_deposit_creditable():
            # All that can be invoiced less the deposit: core's last invoice.
            invoices = self._create_invoices(final=True)
        elif credit.quantities:
            invoices = self.with_context(
                backorder_credit_quantities=dict(credit.quantities)
            )._create_invoices(final=True)
        else:
            raise UserError(self.env._("There is nothing to credit any more."))
        return self.action_view_invoice(invoices=invoices)

    def _filtered_by_shipment(self):
        # The credit is for no shipment: it waits for none, and no rebate goes with it.
        if self.env.context.get("backorder_credit_quantities") is not None:
            return self.browse()
        return super()._filtered_by_shipment()

    def _get_invoiceable_lines(self, final=False):
        # The context carries it through core's `_create_invoices`, as the transfers of
        # an invoice for a shipment: what else can be invoiced is no part of the credit.
        lines = super()._get_invoiceable_lines(final=final)
        quantities = self.env.context.get("backorder_credit_quantities")
        if quantities is None:
            return lines
        return lines.filtered(lambda line: line.id in quantities)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_credit_facts(self, ending: float = 0.0) -> LineFacts:
        """:param ending: what would be cancelled as well, in the line's unit"""
        by_delivery = self._is_invoiced_by_shipment() and self.move_ids
        less = by_delivery or self.product_id.invoice_policy == "order"
        return LineFacts(
            due=self._get_quantity_due() - (ending if less else 0.0),
            cancelled=self.qty_cancelled + ending,
            invoiced=self.qty_invoiced,
            unit_amount=self._get_unit_total(),
        )

    def _get_quantity_due(self) -> float:
        """What the customer is to pay for in the end, in the line's unit."""
        if self.state == "cancel":
            return self.qty_delivered
        if self._is_invoiced_by_shipment() and self.move_ids:
            return self.qty_delivered + self.qty_backorder_open
        if self.product_id.invoice_policy == "order":
            return self.product_uom_qty - self.qty_cancelled
        return max(self.product_uom_qty, self.qty_delivered)

    def _get_unit_total(self) -> float:
        """Amount of one unit after discount, taxes included."""
        ordered = self.product_uom_qty
        return self.price_total / ordered if ordered else 0.0

    def _prepare_invoice_line(self, **optional_values):
        quantities = self.env.context.get("backorder_credit_quantities") or {}
        if credited := quantities.get(self.id):
            optional_values["quantity"] = -credited
        return super()._prepare_invoice_line(**optional_values)
