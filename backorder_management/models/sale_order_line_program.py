"""Reading and choosing by Odoo's external API, with the rights of who asks."""

from __future__ import annotations

from odoo import models

from .backorder_choice import PROGRAM


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def get_backorder_stories(self) -> list[dict]:
        """Return what has become of these lines, as their customer sees it: a shop or a
        customer's own program shows it.

        Quantities in the unit of the line, days as YYYY-MM-DD or False; `choices` with
        what each means, and the `fingerprint` that
        :meth:`make_backorder_choice` wants.

        :raise AccessError: a line is not the user's to read
        """
        self.check_access("read")
        # sudo: transfers, which say what has become of it, are nothing that customers
        # read
        return [line._get_backorder_story() for line in self.sudo()]

    def _get_backorder_story(self) -> dict:
        story = self._get_portal_story()
        figures = story.figures
        return {
            "id": self.id,
            "order": self.order_id.name,
            "product": self.product_id.display_name,
            "unit": self.product_uom_id.name,
            "ordered": figures.ordered,
            "shipped": figures.shipped,
            "on_its_way": figures.on_its_way,
            "waiting": figures.waiting,
            "cancelled": figures.cancelled,
            "returned": figures.returned,
            "beyond": figures.beyond,
            "state": story.label,
            "expected": story.day.isoformat() if story.day else False,
            "reason": story.reason,
            "instead": story.instead,
            "choices": [
                {
                    "kind": option.kind,
                    "substitute_id": option.substitute_id,
                    "name": option.name,
                    "meaning": option.meaning,
                }
                for option in self._get_portal_choices()
            ],
            "fingerprint": self._get_choice_fingerprint(),
        }

    def make_backorder_choice(
        self, kind: str, fingerprint: str, substitute_id: int | bool = False
    ) -> str:
        """Choose for one line, as its customer, or as a salesperson for him.

        :param kind: one of the choices of :meth:`get_backorder_stories`
        :param fingerprint: as told there
        :param substitute_id: the product that is taken instead, as told there
        :return: what has become of it: done, or to_do
        :raise AccessError: the line is not the user's to choose for
        :raise UserError: it cannot be chosen, and why
        """
        self.ensure_one()
        self.check_access("read")
        user = self.env.user
        if not user._is_portal():  # he chooses for himself
            self.order_id.check_access("write")
        # sudo: customers write no orders; whether it may be chosen is checked there
        choice = self.sudo()._choose(
            kind, fingerprint, user.partner_id, PROGRAM, substitute=substitute_id
        )
        return choice.state
