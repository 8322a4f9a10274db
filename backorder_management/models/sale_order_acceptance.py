"""Accepting an order at all: what neither stock nor arrivals cover may be refused."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .backorder_acceptance_check import Refusal

_logger = logging.getLogger(__name__)

ACTIVITY = "backorder_management.mail_activity_acceptance"
ACCEPTANCE_KEY = "backorder_acceptance"
MAY_ACCEPT = (
    "sales_team.group_sale_manager",
    "backorder_management.group_backorder_manager",
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the server itself knows about a confirmation while it is going on.

    It is in the context, as `action_confirm` of other modules takes no arguments. What
    counts is that it is of this class: values that come by RPC never are.

    :param order_ids: orders that have been checked, or are accepted all the same
    :param by_customer: it is the customer who confirms
    """

    order_ids: frozenset[int] = frozenset()
    by_customer: bool = False


def get_acceptance(records) -> Acceptance:
    """What is known in the environment of these records."""
    value = records.env.context.get(ACCEPTANCE_KEY)
    return value if isinstance(value, Acceptance) else Acceptance()


def with_customer(records):
    """The same records, where it is the customer who confirms."""
    now = replace(get_acceptance(records), by_customer=True)
    return records.with_context(**{ACCEPTANCE_KEY: now})


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_acceptance_warning = fields.Text(
        "Not Accepted",
        compute="_compute_backorder_acceptance_warning",
        help="Why the order cannot be confirmed as it is.",
    )

    @api.depends("order_line.backorder_acceptance_warning")
    def _compute_backorder_acceptance_warning(self):
        for order in self:
            order.backorder_acceptance_warning = "\n".join(
                self.env._(
                    "%(product)s: %(text)s",
                    product=line.product_id.display_name,
                    text=line.backorder_acceptance_warning,
                )
                for line in order.order_line
                if line.backorder_acceptance_warning
            )

    # ------------------------------------------------------------------- confirming

    def action_confirm(self):
        """
        :raise UserError: an order asks for more than is accepted
        """
        self._check_acceptance(self._get_asked())
        return super(SaleOrder, self._with_accepted()).action_confirm()

    def action_confirm_or_ask(self):
        """Confirm; where that is not accepted, ask what to do instead of failing.

        The web client's Confirm buttons come here, see `controllers.dataset`.
        """
        if len(self) == 1 and self.state in ("draft", "sent"):
            if refusals := self._find_refusals():
                return self._open_acceptance(refusals)
        return self.action_confirm()

    def _validate_order(self):
        # Called when the customer signs, or orders what needs no payment.
        return super(SaleOrder, with_customer(self))._validate_order()

    def _confirm_all_the_same(self, reason: str):
        """Confirm whatever is missing.

        :raise AccessError: the user may not decide that
        """
        self.ensure_one()
        self.check_access("write")
        self._check_may_accept()
        if refusals := self._find_refusals():
            self._log_accepted(refusals, reason)
        return self._with_accepted().action_confirm()

    def _check_may_accept(self):
        """
        :raise AccessError: the user may not decide that an order is accepted
        """
        if not self._may_accept():
            raise AccessError(
                self.env._(
                    "Only a sales manager or a backorder manager may confirm an order "
                    "that asks for more than is accepted."
                )
            )

    @api.model
    def _may_accept(self) -> bool:
        return any(self.env.user.has_group(group) for group in MAY_ACCEPT)

    # --------------------------------------------------------------------- checking

    def _get_asked(self) -> dict:
        """What lines of these quotations ask for."""
        quotations = self.filtered(lambda order: order.state in ("draft", "sent"))
        return quotations.order_line._get_asked()

    def _find_refusals(self) -> list[Refusal]:
        return self.env["sale.order.line"]._find_refusals(self._get_asked())

    @api.model
    def _check_acceptance(self, asked: dict) -> None:
        """
        :param asked: by line, what it asks for, in its unit
        :raise UserError: that is not accepted. What a customer confirms in the portal
            or has paid for is always accepted: nobody there could do anything else, and
            a payment without an order would be worse. The salesperson is told.
        """
        if not asked:
            return
        known = get_acceptance(self).order_ids
        asked = {
            line: quantity
            for line, quantity in asked.items()
            if line.order_id.id not in known
        }
        by_customer = self._is_confirmed_by_customer()
        refusals = []
        for check in self.env["sale.order.line"]._get_acceptance_checks(asked):
            if not by_customer:
                check.settle()
            refusals += check.find_refusals()
        if not refusals:
            return
        if not by_customer:
            raise UserError(self._get_refusal_message(refusals))
        for order, found in self._group_by_order(refusals):
            order._tell_accepted(found)

    @api.model
    def _get_refusal_message(self, refusals: list[Refusal]) -> str:
        """Names each order, where there are several, and each of its lines."""
        grouped = self._group_by_order(refusals)
        parts = [
            self.env._(
                "%(order)s asks for more than is accepted:", order=order.display_name
            )
            + "".join(f"\n• {refusal.describe()}" for refusal in found)
            for order, found in grouped
        ]
        return "\n\n".join(parts)

    @api.model
    def _group_by_order(self, refusals: list[Refusal]):
        orders = self.browse().union(*(refusal.line.order_id for refusal in refusals))
        return [
            (order, [each for each in refusals if each.line.order_id == order])
            for order in orders
        ]

    # ------------------------------------------------------------------ by whom and why

    def _with_accepted(self):
        """Checked already: these orders confirm, and add lines on the way, without
        being checked again."""
        before = get_acceptance(self)
        now = replace(before, order_ids=before.order_ids | set(self.ids))
        return self.with_context(**{ACCEPTANCE_KEY: now})

    @api.model
    def _is_confirmed_by_customer(self) -> bool:
        """Portal and shop confirm in the name of whoever looks at the page, or of
        nobody, with all rights."""
        if get_acceptance(self).by_customer:
            return True
        return self.env.su and not self.env.user._is_internal()

    def _log_accepted(self, refusals: list[Refusal], reason: str) -> None:
        reader = self.with_context(**self._get_salesperson_terms())
        text = reader.env._(
            "Confirmed although it asks for more than is accepted: %s", reason
        )
        self._message_log(body=reader._get_note(text, refusals))

    def _tell_accepted(self, refusals: list[Refusal]) -> None:
        """Have the salesperson look at an order that the customer has confirmed."""
        reader = self.with_context(**self._get_salesperson_terms())
        text = reader.env._("The customer has confirmed more than is accepted.")
        note = reader._get_note(text, refusals)
        try:
            with self.env.cr.savepoint():
                # sudo: the customer may not ask anybody anything
                self.sudo().activity_schedule(
                    ACTIVITY, note=note, user_id=self._get_acceptance_user().id
                )
        except Exception:  # pylint: disable=broad-except
            # that nobody could be asked must not cost the customer the order
            _logger.exception("%s: nobody could be asked to look at it", self.name)
            self.sudo()._message_log(body=note)  # sudo: as above

    def _get_acceptance_user(self):
        """Who looks after the order, else who leads the team, or whom the settings
        name for backorders; perhaps nobody."""
        order = self.sudo()  # also where the customer may not see them
        users = (
            order.user_id,
            order.team_id.user_id,
            order.company_id.backorder_responsible_id,
        )
        return next((user for user in users if user.active), self.env["res.users"])

    def _get_note(self, text: str, refusals: list[Refusal]) -> Markup:
        """In the language of this environment."""
        lines = [refusal.with_language_of(self.env).describe() for refusal in refusals]
        items = Markup("").join(Markup("<li>%s</li>") % line for line in lines)
        return Markup("%s<ul>%s</ul>") % (text, items)

    # --------------------------------------------------------------------- asking

    def _open_acceptance(self, refusals: list[Refusal]) -> dict:
        """A dialog about the lines that are not accepted."""
        dialog = self.env["backorder.acceptance"]._create_for(self, refusals)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("More than Is Accepted"),
            "res_model": dialog._name,
            "res_id": dialog.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            # what the Confirm button asked for besides
            "context": {
                "validate_analytic": self.env.context.get("validate_analytic", False),
                "dialog_size": "extra-large",
            },
        }
