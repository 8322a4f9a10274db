"""Amounts of an invoice line that are given, not computed from its price.

Odoo keeps such amounts, of deposits and of discounts of an order, as extra tax data.
"""

from __future__ import annotations

from odoo import models

from ..planning.deposits import TAX, UNTAXED

# What Odoo keeps of a tax beside its amount.
BASE = "base"
# A tax that the customer owes the state himself: nothing of it is on the invoice.
REVERSE = "reverse"


def prepare_exact_amounts(vals: dict, currency, amounts: dict[tuple, float]) -> dict:
    """Return the extra tax data for these amounts.

    Those in the company's currency are not among them: Odoo converts at the rate of
    the invoice.

    :param vals: price, discount and quantity of the line; once one of them is changed
        Odoo computes the line as any other
    :param amounts: as of `_get_line_amounts`
    :return: nothing for a line without taxes, where Odoo always computes
    """
    taxes = {
        str(name[1]): {
            "tax_amount_currency": amount,
            "base_amount_currency": amounts[BASE, name[1]],
        }
        for name, amount in amounts.items()
        if name[0] == TAX
    } | {str(name[1]): {} for name in amounts if name[0] == REVERSE}
    if not taxes:
        return {}
    return {
        "currency_id": currency.id,
        "price_unit": vals["price_unit"],
        "discount": vals.get("discount") or 0.0,
        "quantity": vals["quantity"],
        "manual_total_excluded_currency": amounts[UNTAXED,],
        "manual_tax_amounts": taxes,
    }


class AccountMove(models.Model):
    _inherit = "account.move"

    def _get_line_amounts(self) -> dict:
        """What Odoo counts of each line: its untaxed amount and its taxes.

        :return: by `account.move.line`, then by (UNTAXED,), (TAX, its id) or (BASE, id
            of the tax), in the currency of the invoice; (REVERSE, its id) is nothing
        """
        self.ensure_one()
        base_lines, _tax_lines = self._get_rounded_base_and_tax_lines()
        result = {}
        for base_line in base_lines:
            details = base_line["tax_details"]
            amounts = result[base_line["record"]] = {
                (UNTAXED,): details["total_excluded_currency"]
                + details["delta_total_excluded_currency"],
            }
            for data in details["taxes_data"]:
                tax = data["tax"]
                if tax.has_negative_factor:
                    amounts[REVERSE, tax.id] = 0.0
                    continue
                amounts[TAX, tax.id] = data["tax_amount_currency"]
                amounts[BASE, tax.id] = data["base_amount_currency"]
        return result
