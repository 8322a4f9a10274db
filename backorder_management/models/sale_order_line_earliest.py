"""The earliest day of each line of a quotation, before anybody confirms it.

Computed when it is looked at, for all lines of an order at once, as they share what is
there; nothing is stored, so that saving a quotation costs nothing.
"""

from __future__ import annotations

from collections import defaultdict

from odoo import api, fields, models

from ..planning.quoting import find_last
from .backorder_quotation import QuotationFinder
from .backorder_quotation_wishes import WishReader
from .backorder_quotation_words import OfferWords
from .company_days import CompanyDays


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_earliest = fields.Date(
        "Earliest",
        compute="_compute_backorder_earliest",
        compute_sudo=True,  # what others wait for counts, whoever may see it
        help="The earliest day on which the customer could have it if the quotation "
        "was confirmed now. In grey: if what is missing is ordered today. Nothing: "
        "nobody knows, or it is nothing that is kept in stock.",
    )
    backorder_earliest_reason = fields.Char(
        "Rests On",
        compute="_compute_backorder_earliest",
        groups="base.group_user",  # it names vendors, purchases and stock
        compute_sudo=True,
        help="What the earliest day rests on.",
    )
    backorder_earliest_if_ordered = fields.Boolean(
        "Only If Ordered Today",
        compute="_compute_backorder_earliest",
        compute_sudo=True,
        help="Some of it has to be ordered first: the earliest day counts if somebody "
        "does so today.",
    )

    @api.depends(
        "state",
        "product_id",
        "product_uom_id",
        "product_uom_qty",
        "warehouse_id",
        "route_ids",
        "customer_lead",
        "order_id.company_id",
        "order_id.commitment_date",
        "order_id.partner_shipping_id",
        "order_id.backorder_policy_id",
        # what ships together or not at all
        "order_id.picking_policy",
        "order_id.order_line.delivery_group",
        # lines of one order share what is there
        "order_id.order_line.product_id",
        "order_id.order_line.product_uom_id",
        "order_id.order_line.product_uom_qty",
    )
    def _compute_backorder_earliest(self):
        self.backorder_earliest = False
        self.backorder_earliest_reason = False
        self.backorder_earliest_if_ordered = False
        for order, lines in self.grouped("order_id").items():
            if order.state in ("draft", "sent") and order.company_id:
                # a line that is just being typed may not know the others
                everything = order.order_line if lines <= order.order_line else lines
                everything._set_earliest(lines)

    def _set_earliest(self, wanted):
        """Find the earliest days of these lines together.

        :param wanted: those to set
        """
        now = fields.Datetime.now()
        goods = self.filtered(lambda line: line._asks_for_stock())
        if not goods:
            return
        company = goods.order_id.company_id
        days = CompanyDays(company, now)
        # Where the customer gets goods is the company's to say, whichever one the user
        # looks at.
        wishes = WishReader(goods.with_company(company), days, now).find_wishes()
        asked = [wish for each in wishes.values() for wish in each]
        finder = QuotationFinder(self.env, now, days, asked)
        offers, sources = finder.find_offers(), finder.sources
        shipments = goods._group_offers(wishes, offers)
        for line, own in wishes.items():
            if line in wanted and own:
                line._set_earliest_from(
                    [(each, offers[each.id], sources.get(each.id)) for each in own],
                    shipments.get(line, []),
                )

    def _group_offers(self, wishes, offers) -> dict:
        """By line, the offers of all that it would leave a warehouse with."""
        together = self._map_leaving_together()
        groups = defaultdict(list)
        keys = {}
        for line, own in wishes.items():
            if line.id in together:
                keys[line] = (together[line.id], line.warehouse_id)
                groups[keys[line]] += [
                    offers[each.id] for each in own if not each.dropped
                ]
        return {line: groups[key] for line, key in keys.items()}

    def _set_earliest_from(self, found, shipment):
        """
        :param found: of each product that the line takes, `Wish`, `Offer` and `Source`
        :param shipment: the offers of all that it leaves with
        """
        own = [offer for _wish, offer, _source in found]
        offers = own if any(wish.dropped for wish, *_more in found) else own + shipment
        self.backorder_earliest = find_last(offers) or False
        words = OfferWords(self)
        self.backorder_earliest_reason = words.describe(
            found, waits=find_last(own) != find_last(offers)
        )
        self.backorder_earliest_if_ordered = bool(self.backorder_earliest) and any(
            offer.missing > 0 for offer in offers
        )

    def _asks_for_stock(self) -> bool:
        """Would confirming it ask for goods?"""
        return bool(
            self.product_id.type == "consu"
            and not self.display_type
            and not self.is_downpayment
            and not self.is_expense
            and self.product_uom_id
            and self.product_uom_qty > 0
        )
