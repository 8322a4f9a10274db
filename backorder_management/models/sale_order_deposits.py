"""Deposits that invoices per shipment deduct in parts."""

from __future__ import annotations

from collections import defaultdict

from odoo import models

from ..planning.deposits import TAX, UNTAXED, Deposit
from ..planning.splitting import Deduction
from .exact_amounts import prepare_exact_amounts
from .sale_order_rounding import RunningTotal, get_taxes_key, is_counted


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _prepare_deduction(self, invoice) -> Deduction:
        """How the invoices that core's invoice is divided into deduct deposits."""
        self.ensure_one()
        lines = [vals for vals, _line in invoice.numbered_lines()]
        # As the invoices will be rounded, see there.
        running = RunningTotal(self, self._get_invoiced_goods())

        def get_totals(quantities: dict[int, float]) -> dict[tuple, float]:
            return running.add_and_get_totals(
                [
                    {**lines[number], "quantity": quantity}
                    for number, quantity in quantities.items()
                ]
            )

        values: dict[tuple, float] = defaultdict(float)
        ordered: dict[tuple, float] = defaultdict(float)
        for line in self.order_line:
            if not line.display_type and not line.is_downpayment:
                taxes = get_taxes_key(line.tax_ids)
                due = line._get_quantity_due()
                ordered[taxes] += line._get_untaxed_value(due)
                values[taxes] += line._get_untaxed_value(due - line.qty_invoiced)
        return Deduction(
            way=self.company_id.deposit_deduction,
            values=values,
            ordered=ordered,
            digits=self.currency_id.decimal_places,
            get_totals=get_totals,
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_untaxed_value(self, quantity: float) -> float:
        """Price times quantity, less the discount, in the order's currency."""
        return quantity * self._get_discounted_price()

    def _get_deposit_left(self) -> Deposit:
        """What of a deposit invoices have not deducted yet: all that was invoiced of
        it, less what was taken off again."""
        self.ensure_one()
        digits = self.order_id.currency_id.decimal_places
        quantity = whole = 0.0
        amounts: dict[tuple, float] = defaultdict(float)
        others: dict[tuple, float] = defaultdict(float)
        for line in self.invoice_lines:
            invoice = line.move_id
            if not is_counted(invoice):
                continue
            sign = 1 if invoice.move_type == "out_invoice" else -1
            quantity += sign * line.quantity
            details = invoice._get_line_amounts()[line]
            if invoice.move_type == "out_invoice" and line.quantity > 0:
                whole += details[UNTAXED,]
            for name, amount in details.items():
                sums = amounts if name[0] in (UNTAXED, TAX) else others
                sums[name] += sign * amount
        return Deposit(
            round(quantity, 2),
            {name: round(amount, digits) for name, amount in amounts.items()},
            dict(others),
            get_taxes_key(self.tax_ids),
            whole,
        )

    def _prepare_deducted_vals(self, vals: dict, part: Deposit) -> dict:
        """Core's values of the line that deducts a deposit, for a part of it.

        The amounts are given, as those of the whole deposit are in core's values:
        price times quantity does not make them to the cent. They are converted at the
        rate of the invoice, as the goods are, whatever the rate of the deposit was.
        """
        vals = {
            **vals,
            "quantity": -part.quantity,
            "price_unit": self._get_deducted_price(vals, part),
        }
        amounts = {
            name: -amount for name, amount in {**part.amounts, **part.others}.items()
        }
        exact = prepare_exact_amounts(vals, self.order_id.currency_id, amounts)
        if not exact:  # core takes price times quantity all the same
            return vals
        known = dict(vals.get("extra_tax_data") or {})
        known.pop("manual_total_excluded", None)
        return {**vals, "extra_tax_data": {**known, **exact}}

    def _get_deducted_price(self, vals: dict, part: Deposit) -> float:
        """Return the price at which so many hundredths of a piece come to the part, as
        who reads the invoice expects.

        Where the price includes taxes it does so here as well. Without taxes it is
        what Odoo computes the amount with, and comes to it.
        """
        amount = part.amounts[UNTAXED,]
        price = amount / part.quantity
        if part.taxes and part.whole:
            price *= vals["price_unit"] / part.whole
        digits = self.env["decimal.precision"].precision_get("Product Price")
        rounded = round(price, digits)
        currency = self.order_id.currency_id
        if part.taxes or currency.is_zero(rounded * part.quantity - amount):
            return rounded
        return price

    def _get_downpayment_line_price_unit(self, invoices):
        """Keep the price of a deposit of which an invoice deducts nothing.

        Core adds up what was invoiced of it, but on invoices of goods: those with any
        line of the order that the invoice just posted does not deduct. The invoice of
        another deposit, or of the same one with another tax, is none of them. What
        gives back a part that no invoice could carry takes nothing off the price.
        """
        real = {invoice for invoice in invoices if invoice._has_more_than_deposits()}
        real.update(self.invoice_lines.move_id.filtered("made_per_shipment"))
        return super()._get_downpayment_line_price_unit(real)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _has_more_than_deposits(self) -> bool:
        """Whether the invoice is for anything that was ordered."""
        self.ensure_one()
        lines = self.invoice_line_ids.sale_line_ids
        return not all(lines.mapped("is_downpayment"))
