"""What the earliest day of a quotation rests on, in words."""

from __future__ import annotations

from odoo.tools import format_date

from ..planning.quoting import Offer
from .backorder_acceptance_words import Words
from .backorder_if_ordered import BUY, MAKE, Source
from .backorder_quotation import Wish


class OfferWords:
    """:param line: of a quotation, in the language it is to be said in"""

    def __init__(self, line):
        self.line = line
        self.env = line.env
        self.words = Words(line.env)

    def describe(
        self, wishes: list[tuple[Wish, Offer, Source | None]], waits: bool
    ) -> str:
        """One sentence for each product that the line takes from stock.

        :param waits: it leaves later, with the rest of the order
        """
        texts = [self._describe(*each) for each in wishes]
        if waits:
            texts.append(self.env._("leaves with the rest of the order"))
        return "; ".join(texts)

    def _describe(self, wish: Wish, offer: Offer, source) -> str:
        product = self.env["product.product"].browse(wish.product_id)
        parts = []
        if offer.covered > 0:
            parts.append(
                self.env._(
                    "%(quantity)s on hand",
                    quantity=self._get_number(product, offer.covered),
                )
            )
        parts += [
            self.env._(
                "%(quantity)s from %(document)s on %(date)s",
                quantity=self._get_number(product, quantity),
                document=self._get_document(move_id),
                date=format_date(self.env, day),
            )
            for move_id, quantity, day in offer.shares
        ]
        if offer.missing > 0:
            quantity = self._get_number(product, offer.missing)
            parts.append(self._describe_missing(quantity, source))
        text = ", ".join(parts)
        if product == self.line.product_id:
            return text
        return self.env._(
            "%(product)s: %(text)s", product=product.display_name, text=text
        )

    def _describe_missing(self, quantity: str, source: Source | None) -> str:
        if not source:
            return self.env._(
                "no date for %(quantity)s: not coming, and neither bought nor made",
                quantity=quantity,
            )
        days = self._get_days(source.lead.whole_days)
        if source.how == BUY:
            return self.env._(
                "%(quantity)s if ordered today from %(vendor)s, %(days)s",
                quantity=quantity,
                vendor=self.env["res.partner"].browse(source.partner_id).display_name,
                days=days,
            )
        if source.how == MAKE:
            return self.env._(
                "%(quantity)s if made from today, %(days)s",
                quantity=quantity,
                days=days,
            )
        return self.env._(
            "%(quantity)s if sent today from %(place)s, %(days)s",
            quantity=quantity,
            place=self.env["stock.location"].browse(source.place_id).display_name,
            days=days,
        )

    def _get_days(self, days: int) -> str:
        return (
            self.env._("1 day")
            if days == 1
            else self.env._("%(number)s days", number=days)
        )

    def _get_number(self, product, quantity: float) -> str:
        """In the unit of the line, where it is about its own product."""
        unit = self.line.product_uom_id
        if product == self.line.product_id and unit:
            quantity = product.uom_id._compute_quantity(quantity, unit, round=False)
        return self.words.get_number(quantity)

    def _get_document(self, move_id: int) -> str:
        """The purchase, production or transfer that brings it."""
        move = self.env["stock.move"].browse(move_id)
        purchase = move.purchase_line_id.order_id
        return purchase.name or move.reference or move.origin or ""
