"""What came back after it had been invoiced: a credit note for the very invoice."""

from __future__ import annotations

from collections.abc import Sequence

from odoo import models
from odoo.fields import Command
from odoo.tools import float_is_zero

from ..planning.invoicing import Credit, Link, find_credits
from ..planning.splitting import Document, Entry
from .exact_amounts import prepare_exact_amounts
from .sale_order_rounding import is_counted


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_invoiceable_lines(self, final=False):
        # Core leaves out lines on which what came back and what was shipped since add
        # up to nothing. With an invoice per shipment both have a document to come.
        lines = super()._get_invoiceable_lines(final=final)
        if not self._filtered_by_shipment():
            return lines
        unsettled = (self.order_line - lines)._filtered_unsettled()
        if not unsettled:
            return lines
        deposits = lines.filtered("is_downpayment")
        wanted = lines - deposits | unsettled | unsettled._get_headings()
        return self.order_line.filtered(lambda line: line in wanted) | deposits

    def _prepare_credit_note_vals(self, document: Document) -> dict:
        """What makes the values of an invoice those of a credit note of an earlier one.

        Nothing for an ordinary invoice.
        """
        if not document.credited:
            return {}
        # The user may invoice the order, whatever he may see of its invoices.
        credited = self.env["account.move"].sudo().browse(document.credited)
        term = credited.invoice_payment_term_id
        return {
            "move_type": "out_refund",
            "reversed_entry_id": credited.id,
            "ref": self._prepare_credit_note_reference(credited),
            "partner_id": credited.partner_id.id,
            "partner_shipping_id": credited.partner_shipping_id.id,
            "currency_id": credited.currency_id.id,
            "fiscal_position_id": credited.fiscal_position_id.id,
            "journal_id": credited.journal_id.id,
            # Nothing is due, but the taxes may be lower than the rate times the amount.
            "invoice_payment_term_id": term._lowers_taxes() and term.id,
            "transaction_ids": [],
        }

    def _prepare_credit_note_reference(self, credited) -> str:
        """Name the invoice: a credit note has to say what it credits, and is printed.

        A draft has no number yet.
        """
        self.ensure_one()
        reference = self.client_order_ref or self.name
        if not credited.name or credited.name == "/":
            return reference
        env = self.with_context(lang=credited.partner_id.lang or self.env.lang).env
        return env._(
            "Credit of %(invoice)s, %(reference)s",
            invoice=credited.name,
            reference=reference,
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _filtered_unsettled(self):
        """Return the lines with shipments to invoice and others to credit, as much of
        the one as of the other."""
        candidates = self.filtered(
            lambda line: (
                line._is_invoiced_by_shipment()
                and line.qty_invoiced
                and line.product_uom_id.is_zero(line.qty_to_invoice)
            )
        )
        # Quantities shipped and invoiced are facts, whatever the user may see of them.
        sudoed = candidates.sudo()
        sudoed._forget_filtered()
        return candidates.filtered(lambda line: line.sudo()._is_unsettled())

    def _is_unsettled(self) -> bool:
        self.ensure_one()
        moves, links = self._get_settled_shipments()
        open_quantities = {move.move: move.kept for move in moves}
        for link in links:
            open_quantities[link.move] -= link.quantity
        return not all(map(self.product_uom_id.is_zero, open_quantities.values()))

    def _get_headings(self):
        """Return the sections and subsections above these lines."""
        headings = self.browse()
        above = {}
        for line in self.order_id.order_line:
            if line.display_type == "line_section":
                above = {"section": line}
            elif line.display_type == "line_subsection":
                above["subsection"] = line
            elif line in self:
                headings = headings.union(*above.values())
        return headings

    def _find_credits(self, entry: Entry, links: Sequence[Link]) -> list[Credit]:
        """Find the invoice lines that paid for what is to be credited."""
        parts = entry.apportionment.credits if entry.is_divided else ()
        if not parts and (entry.rest >= 0 or entry.unit_amount < 0):
            return []
        invoices = {line.id: line.move_id.id for line in self.invoice_lines}
        bills = self._get_shipment_bills() if entry.rest < 0 else ()
        return find_credits(parts, -entry.rest, bills, links, invoices)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _prepare_shipment_credit(self, sale_line, quantity: float, left) -> dict:
        """What a credit note takes from the line of the invoice that it credits.

        :param quantity: to be credited, in the unit of the order line
        :param left: `Uncredited` of this line, and others
        """
        self.ensure_one()
        unit, price_unit = self.product_uom_id, self.price_unit
        in_unit = sale_line.product_uom_id._compute_quantity(
            quantity, unit, round=False
        )
        whole = unit.is_zero(in_unit - left.get_quantity(self))
        if not float_is_zero(in_unit - unit.round(in_unit), precision_digits=8):
            # 5 of a dozen are not 0.42 of it
            unit, in_unit = sale_line.product_uom_id, quantity
            price_unit = self.product_uom_id._compute_price(price_unit, unit)
        vals = {
            "name": self.name,
            "shipment_source_line_id": self.id,
            "quantity": in_unit,
            "product_uom_id": unit.id,
            "price_unit": price_unit,
            "discount": self.discount,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "account_id": self.account_id.id,
            "analytic_distribution": self.analytic_distribution,
        }
        if not whole or self.move_id.invoice_payment_term_id._lowers_taxes():
            return vals
        exact = prepare_exact_amounts(vals, self.currency_id, left.get_amounts(self))
        return {**vals, "extra_tax_data": exact}

    def _get_credit_lines(self) -> dict:
        """Return the lines of credit notes, not cancelled, by the line they credit."""
        # The user may invoice the order, whatever he may see of its invoices.
        credits = self.sudo().search([("shipment_source_line_id", "in", self.ids)])
        return credits.filtered(
            lambda line: line.move_type == "out_refund" and is_counted(line.move_id)
        ).grouped("shipment_source_line_id")


class Uncredited:
    """What credit notes have left of invoice lines.

    A credit note of all that is left takes exactly that: the invoice is then paid for,
    to the cent, however its taxes were rounded or set.
    """

    def __init__(self, lines):
        """
        :param lines: `account.move.line`; read, and their taxes computed, together
        """
        self._none = lines.browse()
        self._credits = lines._get_credit_lines() if lines else {}
        self._amounts: dict = {}

    def get_quantity(self, line) -> float:
        """What is not credited of a line, in its unit of measure."""
        return line.quantity - sum(
            credit.product_uom_id._compute_quantity(
                credit.quantity, line.product_uom_id, round=False
            )
            for credit in self._get_credits(line)
        )

    def get_amounts(self, line) -> dict[tuple, float]:
        """What is not credited of a line's amounts, see `_get_line_amounts`."""
        left = dict(self._get_line_amounts(line))
        for credit in self._get_credits(line):
            for name, amount in self._get_line_amounts(credit).items():
                left[name] = left.get(name, 0.0) - amount
        return {name: line.currency_id.round(amount) for name, amount in left.items()}

    def _get_credits(self, line):
        return self._credits.get(line, self._none)

    def _get_line_amounts(self, line) -> dict[tuple, float]:
        """Compute the taxes of an invoice once, for all of its lines."""
        if line.move_id not in self._amounts:
            self._amounts[line.move_id] = line.move_id._get_line_amounts()
        return self._amounts[line.move_id][line]
