"""When substitutes for what is missing could be there, and what they would cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from odoo import fields

from ..planning.quoting import find_last
from ..planning.substitution import Candidate, rank_candidates
from .backorder_quotation import QuotationFinder
from .backorder_quotation_wishes import WishReader
from .company_days import CompanyDays


@dataclass(frozen=True, slots=True)
class SubstituteOffer:
    """A product that could come instead of what is missing of a line.

    :ivar line: as it would be, not stored; price, discount and taxes included
    :ivar there: of its quantity what free stock covers, in its unit
    :ivar replaced_amount: of what it replaces, without taxes
    :ivar candidate: when all of it could be there
    """

    line: object
    there: float
    replaced_amount: float
    candidate: Candidate

    @property
    def product(self):
        return self.line.product_id._origin

    @property
    def day(self) -> date | None:
        return self.candidate.day


class SubstituteFinder:
    """Finds what could come instead of what is missing of one line. Reads only.

    Needs the rights of the superuser: who is served before counts, whoever may see his
    orders.

    :param line: of an order of any state
    :param missing: what is to be replaced, in the line's unit
    """

    def __init__(self, line, missing: float):
        company = line.company_id
        self.line = line.with_company(company)
        self.missing = missing
        self.now = fields.Datetime.now()
        self.days = CompanyDays(company, self.now)

    def find(self) -> list[SubstituteOffer]:
        """What is known to come goes first, the earliest first."""
        ratios = self.line.product_id._find_substitutes(self.line.company_id)
        lines = {
            product: self.line.new(
                self.line._prepare_substitute(product, ratio, self.missing)
            )
            for product, ratio in ratios.items()
        }
        days = self._find_days(lines)
        offers = {}
        for place, (product, line) in enumerate(lines.items()):
            day, covered, missing = days[product]
            there = product.uom_id._compute_quantity(
                covered, line.product_uom_id, rounding_method="DOWN"
            )
            candidate = Candidate(product.id, place, day, missing)
            offers[candidate] = SubstituteOffer(
                line, there, self._get_replaced_amount(), candidate
            )
        return [offers[candidate] for candidate in rank_candidates(offers)]

    def _get_replaced_amount(self) -> float:
        ordered = self.line.product_uom_qty
        return self.line.price_subtotal * self.missing / ordered if ordered else 0.0

    def _find_days(self, lines) -> dict:
        """By product, the day, what stock covers, and what nobody has ordered; of kits,
        of whole ones."""
        result = {}
        for product, line in lines.items():
            wishes = self._read_wishes(line)
            if not wishes:  # nothing that is kept in stock
                day = self.days.find_day(line._expected_date())
                result[product] = (day, line._get_base_quantity(), 0.0)
                continue
            # each by itself: only one of them is taken
            finder = QuotationFinder(self.line.env, self.now, self.days, wishes)
            offers = finder.find_offers()
            found = [offers[wish.id] for wish in wishes]
            shares = [
                offers[wish.id].covered / wish.quantity
                for wish in wishes
                if wish.quantity
            ]
            result[product] = (
                find_last(found),
                min(shares, default=0.0) * line._get_base_quantity(),
                sum(offer.missing for offer in found),
            )
        return result

    def _read_wishes(self, line):
        if not line._asks_for_stock():
            return []
        wishes = WishReader(line, self.days, self.now).find_wishes()
        return [wish for each in wishes.values() for wish in each]
