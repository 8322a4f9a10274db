"""Invoices per shipment that add up to what one invoice of all of them would be.

Odoo rounds taxes, and untaxed amounts, invoice by invoice: three invoices of 99.99 and
19 % come to 356.97, one invoice of three to 356.96. Each invoice made per shipment
takes the difference that has come up until then, a cent or so, with the means with
which Odoo keeps taxes that are not quite the rate times the amount.
"""

from __future__ import annotations

from collections import defaultdict

from odoo import models
from odoo.fields import Command

from ..planning.deposits import TAX, UNTAXED


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _round_as_one_invoice(self, invoices) -> None:
        """Let what is invoiced of this order come to what one invoice would.

        Lines without any tax stay as they are: Odoo always takes price times quantity
        there. So do invoices in another currency than the order's, those whose taxes
        are lower as the customer may pay early, and those for a period, where several
        orders share what Odoo rounds; there just orders with a deposit keep their
        amounts, as what is deducted of it was found with these.

        :param invoices: `ShipmentInvoice` of this order, in the order of their making;
            the values of their lines are changed
        """
        self.ensure_one()
        joined = any(invoice.is_joined for invoice in invoices)
        if joined and not any(map(_has_deposit, invoices)):
            return
        past = self._get_invoiced_goods()
        if len(past.move_id) + len(invoices) < 2 and not joined:
            return
        if past.currency_id - self.currency_id:
            return
        terms = self.payment_term_id | past.move_id.invoice_payment_term_id
        if terms._lowers_taxes():
            return
        total = RunningTotal(self, past)
        for invoice in invoices:
            total.add(invoice.vals, keep=joined)

    def _get_invoiced_goods(self):
        """Return the invoice lines that Odoo counts of this order, without deposits."""
        lines = self.order_line.filtered(lambda line: not line.is_downpayment)
        return lines.invoice_lines.filtered(
            lambda line: line.display_type == "product" and is_counted(line.move_id)
        )


class RunningTotal:
    """What is invoiced of an order, and what it would be on one invoice."""

    def __init__(self, order, past):
        """
        :param past: the `account.move.line` of earlier invoices
        """
        self.order = order
        self.engine = order.env["account.tax"]
        self.lines: dict[tuple, dict] = {}
        self.documents = len(past.move_id)
        for line in past:
            self._merge(_read_line(line), -line.move_id.direction_sign * line.quantity)
        self.amounts = past._sum_amounts()

    def add(self, vals: dict, keep: bool = False) -> None:
        """Add a new invoice; change its lines by what is amiss.

        :param keep: lines keep their amounts, whichever invoice they are on
        """
        sign = -1 if vals["move_type"] == "out_refund" else 1
        lines = [
            line
            for _command, _id, line in vals["invoice_line_ids"]
            if line.get("quantity") and not line.get("is_downpayment")
        ]
        base_lines, amiss = self._add_lines(lines, sign)
        if amiss or keep:
            self._correct(base_lines, amiss)
            for line, base_line in zip(lines, base_lines, strict=True):
                if base_line["manual_tax_amounts"]:
                    line["extra_tax_data"] = (
                        self.engine._export_base_line_extra_tax_data(base_line)
                    )

    def add_and_get_totals(self, lines: list[dict]) -> dict[tuple, float]:
        """Add a new invoice of these lines; return what it comes to, with taxes, by the
        taxes of its lines."""
        base_lines, amiss = self._add_lines(lines, 1)
        self._change(base_lines, amiss)
        totals: dict[tuple, float] = defaultdict(float)
        for base_line in base_lines:
            totals[get_taxes_key(base_line["tax_ids"])] += _get_total(base_line)
        return totals

    def _add_lines(self, lines: list[dict], sign: int):
        """Add the lines of a new invoice.

        :return: Odoo's description of them, and what the invoice has to have more than
            Odoo computes
        """
        facts = [self._read_vals(line) for line in lines]
        base_lines = [
            self._prepare(
                {**each, "extra_tax_data": line.get("extra_tax_data")},
                line["quantity"],
            )
            for each, line in zip(facts, lines, strict=True)
        ]
        # Amounts that are given, of a discount of the order or of all that is left to
        # credit, stay as they are.
        free = [each for each in base_lines if not each["manual_tax_amounts"]]
        self.documents += 1
        for each, line in zip(facts, lines, strict=True):
            self._merge(each, sign * line["quantity"])
        computed = self._compute(base_lines)
        amiss = self._find_amiss(computed, sign)
        amiss = {name: amount for name, amount in amiss.items() if _find(free, name)}
        for name in {*computed, *amiss}:
            added = computed.get(name, 0.0) + amiss.get(name, 0.0)
            self.amounts[name] += sign * added
        return base_lines, amiss

    def _merge(self, facts: dict, quantity: float) -> None:
        """Put a line with those of the same order line and price on one line."""
        key = (
            facts["record"].id,
            round(facts["price_unit"], 6),
            round(facts["discount"], 6),
            facts["tax_ids"],
            facts["product_uom_id"],
        )
        line = self.lines.setdefault(key, {"facts": facts, "quantity": 0.0})
        line["quantity"] = round(line["quantity"] + quantity, 8)

    def _read_vals(self, line: dict) -> dict:
        linked = get_linked(line.get("sale_line_ids"))
        sale_line = self.order.order_line.browse(linked[:1])
        return {
            "record": sale_line,
            "price_unit": line.get("price_unit") or 0.0,
            "discount": line.get("discount") or 0.0,
            "tax_ids": self.engine.browse(get_linked(line.get("tax_ids"))),
            "product_id": sale_line.product_id,
            "product_uom_id": sale_line.product_uom_id.browse(
                line.get("product_uom_id") or sale_line.product_uom_id.id
            ),
            "extra_tax_data": sale_line.extra_tax_data,
        }

    def _prepare(self, facts: dict, quantity: float) -> dict:
        """Return Odoo's description of a line, before its taxes are computed."""
        return self.engine._prepare_base_line_for_taxes_computation(
            None,
            **{name: value for name, value in facts.items() if name != "record"},
            quantity=quantity,
            currency_id=self.order.currency_id,
            partner_id=self.order.partner_invoice_id,
            rate=1.0,
            sign=1,
            is_refund=False,
        )

    def _compute(self, base_lines: list[dict]) -> dict[tuple, float]:
        """Compute and add up the amounts of lines of one invoice, by tax."""
        company = self.order.company_id
        self.engine._add_tax_details_in_base_lines(base_lines, company)
        self.engine._round_base_lines_tax_details(base_lines, company)
        result: dict[tuple, float] = defaultdict(float)
        for base_line in base_lines:
            details = base_line["tax_details"]
            if not details["taxes_data"]:
                continue
            result[UNTAXED,] += details["total_excluded_currency"]
            result[UNTAXED,] += details["delta_total_excluded_currency"]
            for data in details["taxes_data"]:
                result[TAX, data["tax"].id] += data["tax_amount_currency"]
        return result

    def _find_amiss(self, computed, sign: int) -> dict[tuple, float]:
        """Return what a new invoice has to have more than Odoo computes.

        Only what can come from rounding, half a cent for all that is rounded and
        invoice: taxes that were changed by hand are none of our business.
        """
        if self.documents < 2:
            return {}
        wanted = self._compute(
            [
                self._prepare(each["facts"], each["quantity"])
                for each in self.lines.values()
            ]
        )
        currency = self.order.currency_id
        most = currency.rounding * max(1, self._count_rounded() * self.documents / 2)
        result = {}
        for name, amount in computed.items():
            missing = wanted.get(name, 0.0) - self.amounts[name]
            amiss = currency.round(sign * missing - amount)
            if currency.is_zero(amiss):
                continue
            if abs(amiss) > most:
                return {}
            result[name] = amiss
        return result

    def _count_rounded(self) -> int:
        """How many amounts of a tax Odoo rounds before it adds them up."""
        if self.order.company_id.tax_calculation_rounding_method == "round_per_line":
            return len(self.lines)
        return len({each["facts"]["tax_ids"] for each in self.lines.values()})

    def _correct(self, base_lines: list[dict], amiss: dict[tuple, float]) -> None:
        """Give Odoo the amounts of an invoice, with what is amiss."""
        self._change(base_lines, amiss)
        self.engine._fix_base_lines_tax_details_on_manual_tax_amounts(
            base_lines, self.order.company_id
        )
        for base_line in base_lines:
            _convert_later(base_line)

    def _change(self, base_lines: list[dict], amiss: dict[tuple, float]) -> None:
        """Change the greatest amounts of an invoice by what is amiss."""
        free = [each for each in base_lines if not each["manual_tax_amounts"]]
        for name, amount in amiss.items():
            details, field = max(
                _find(free, name), key=lambda each: abs(each[0][each[1] + "_currency"])
            )
            details[field + "_currency"] += amount


def _find(base_lines: list[dict], name: tuple) -> list[tuple[dict, str]]:
    """Return where the untaxed amounts of lines are, or the amounts of a tax."""
    if name == (UNTAXED,):
        return [
            (each["tax_details"], "total_excluded")
            for each in base_lines
            if each["tax_details"]["taxes_data"]
        ]
    return [
        (data, "tax_amount")
        for each in base_lines
        for data in each["tax_details"]["taxes_data"]
        if data["tax"].id == name[1]
    ]


def _convert_later(base_line: dict) -> None:
    """Let Odoo convert amounts of the order's currency at the rate of the invoice.

    Those of the company's currency were rounded as such here, to whole yen, say; and
    Odoo does not round again what it converts of them.
    """
    base_line["manual_total_excluded"] = None
    for amounts in (base_line["manual_tax_amounts"] or {}).values():
        del amounts["tax_amount"], amounts["base_amount"]


def _has_deposit(invoice) -> bool:
    return any(
        line.get("is_downpayment")
        for _command, _id, line in invoice.vals["invoice_line_ids"]
    )


def get_linked(commands) -> list[int]:
    """Ids of what x2many commands of core's values set."""
    result: list[int] = []
    for command in commands or ():
        if command[0] == Command.SET:
            result += command[2]
        elif command[0] == Command.LINK:
            result.append(command[1])
    return result


def get_taxes_key(taxes) -> tuple[int, ...]:
    """What tells lines with the same taxes from others."""
    return tuple(sorted(taxes.ids))


def is_counted(invoice) -> bool:
    """Whether Odoo counts what is on the invoice as invoiced."""
    return invoice.state != "cancel" or invoice.payment_state == "invoicing_legacy"


def _get_total(base_line: dict) -> float:
    details = base_line["tax_details"]
    return (
        details["total_excluded_currency"]
        + details["delta_total_excluded_currency"]
        + sum(each["tax_amount_currency"] for each in details["taxes_data"])
    )


def _read_line(line) -> dict:
    return {
        "record": line.sale_line_ids[:1],
        "price_unit": line.price_unit,
        "discount": line.discount,
        "tax_ids": line.tax_ids,
        "product_id": line.product_id,
        "product_uom_id": line.product_uom_id,
        "extra_tax_data": line.sale_line_ids[:1].extra_tax_data,
    }


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    def _lowers_taxes(self) -> bool:
        """Whether one of these has taxes of the amount after the discount for early
        payment."""
        return any(
            term.early_discount and term.early_pay_discount_computation == "mixed"
            for term in self
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _sum_amounts(self) -> dict[tuple, float]:
        """Untaxed amounts and taxes of these lines of invoices, in their currency;
        those of credit notes are negative. Lines without taxes do not count."""
        result: dict[tuple, float] = defaultdict(float)
        taxed = self.filtered("tax_ids")
        mixed = self.env["account.move"]
        for invoice in self.move_id:
            goods = invoice.invoice_line_ids.filtered(
                lambda line: line.display_type == "product"
            )
            if goods - self:
                mixed |= invoice
        for line in taxed:
            if line.move_id not in mixed:
                result[UNTAXED,] -= line.amount_currency
        # Many invoices of one order: their taxes with one query.
        for tax, amount in self._read_group(
            [
                ("move_id", "in", (self.move_id - mixed).ids),
                ("tax_line_id", "!=", False),
                ("display_type", "=", "tax"),  # and no cash rounding of the invoice
            ],
            ["tax_line_id"],
            ["amount_currency:sum"],
        ):
            result[TAX, tax.id] -= amount
        for invoice in mixed:
            sign = -invoice.direction_sign
            for line, details in invoice._get_line_amounts().items():
                if line in taxed:
                    for name, amount in details.items():
                        if name[0] in (UNTAXED, TAX):
                            result[name] += sign * amount
        return result
