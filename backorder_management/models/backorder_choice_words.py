"""What can be chosen, in the words of who reads the page."""

from __future__ import annotations

from odoo import models
from odoo.tools import format_date

from ..planning import choices


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_latest_choice(self):
        """What the customer chose last for the line."""
        self.ensure_one()
        return self.backorder_choice_ids.filtered("made_at").sorted("made_at")[-1:]

    def _get_portal_choices(self) -> list[tuple[str, str, str]]:
        """
        :return: kind, what it is called, and what it means
        """
        self.ensure_one()
        describe = {
            choices.WAIT: self._describe_wait,
            choices.SHIP: self._describe_ship,
            choices.CANCEL: self._describe_cancel,
        }
        return [(kind, *describe[kind]()) for kind in self._get_choices()]

    def _describe_wait(self) -> tuple[str, str]:
        day = self._get_expected_day()
        meaning = (
            self.env._("Nothing changes. Expected: %s", format_date(self.env, day))
            if day
            else self.env._("Nothing changes. We will tell you when a day is known.")
        )
        return self.env._("Wait"), meaning

    def _describe_ship(self) -> tuple[str, str]:
        there = self._get_choice_situation().there
        return (
            self.env._("Ship What Is There Now"),
            self.env._(
                "%(quantity)s leave with the next shipment, and with them what else of "
                "this delivery is there. The rest follows.",
                quantity=self._format_own_quantity(there),
            ),
        )

    def _describe_cancel(self) -> tuple[str, str]:
        missing = self._get_choice_situation().cancellable
        meaning = self.env._(
            "%(quantity)s will not be delivered. What is there still ships.",
            quantity=self._format_own_quantity(missing),
        )
        if effect := self.order_id._describe_effect_of_cancelling({self: missing}):
            meaning += f" {effect}"
        return self.env._("Cancel What Is Missing"), meaning
