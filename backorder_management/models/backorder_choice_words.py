"""What can be chosen, in the words of who reads the page."""

from __future__ import annotations

from dataclasses import dataclass

from odoo import models
from odoo.tools import format_date

from ..planning import choices


@dataclass(frozen=True, slots=True)
class Option:
    """What can be chosen.

    :ivar name: what it is called
    :ivar meaning: what becomes of the line, and of the money
    :ivar substitute: the offer that it takes, or none
    """

    kind: str
    name: str
    meaning: str
    substitute: object = None

    @property
    def substitute_id(self) -> int | bool:
        return self.substitute.product.id if self.substitute else False

    @property
    def value(self) -> str:
        """Of its button."""
        return f"{self.kind}-{self.substitute_id}" if self.substitute else self.kind

    @property
    def key(self) -> str:
        """That of another quantity, price or day is another one."""
        if not self.substitute:
            return self.kind
        line, day = self.substitute.line, self.substitute.day
        facts = (line.product_uom_qty, line.product_uom_id.id, line.price_total, day)
        return ":".join(map(str, (self.value, *facts)))


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_latest_choice(self):
        """What the customer chose last for the line."""
        self.ensure_one()
        made = self.backorder_choice_ids.filtered("made_at")
        return made.sorted(lambda choice: (choice.made_at, choice.id))[-1:]

    def _get_portal_choices(self) -> list[Option]:
        self.ensure_one()
        describe = {
            choices.WAIT: self._describe_wait,
            choices.SHIP: self._describe_ship,
            choices.CANCEL: self._describe_cancel,
        }
        options = []
        for kind in self._get_choices():
            if kind == choices.SUBSTITUTE:
                options += self._get_substitute_options()
            else:
                options.append(Option(kind, *describe[kind]()))
        return options

    def _get_substitute_options(self) -> list[Option]:
        """One for each product that comes sooner."""
        return [
            Option(choices.SUBSTITUTE, *self._describe_substitute(offer), offer)
            for offer in self._find_sooner_offers()
        ]

    def _describe_substitute(self, offer) -> tuple[str, str]:
        missing = self._get_choice_situation().cancellable
        meaning = self.env._(
            "%(offer)s. %(quantity)s of what you ordered will not be delivered.",
            offer=self._describe_offer(offer),
            quantity=self._format_own_quantity(missing),
        )
        if effect := self.order_id._describe_effect_of_cancelling({self: missing}):
            meaning += f" {effect}"
        name = offer.product.with_context(display_default_code=False).display_name
        return self.env._("Take Instead: %s", name), meaning

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
