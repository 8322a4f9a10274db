"""Why something is expected on its day, in words."""

from __future__ import annotations

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .backorder_acceptance_words import Words
from .backorder_eta import BLOCKED, STOCK
from .backorder_eta_why import EtaExplainer, Explanation, Source, get_document

SHOWN = 3  # names in a row before the others are only counted

ITEM = Markup("<li>%s</li>")
LIST = Markup("<ul class='mb-0 ps-3'>%s</ul>")
NOTE = Markup("%s <span class='text-muted'>%s</span>")


class EtaWords(Words):
    """Speaks the language of whoever asks, and links what he may open.

    :param unit: of the product
    :param today: where the company is
    """

    def __init__(self, env, unit, today):
        super().__init__(env)
        self.unit = unit
        self.today = today

    def explain(self, why: Explanation, line) -> Markup:
        """
        :param line: `sale.order.line` that it is about
        """
        texts = [*self.get_texts(why), *self.describe_departure(why, line)]
        return LIST % Markup().join(ITEM % text for text in texts)

    def get_texts(self, why: Explanation):
        env = self.env
        expected = why.expected
        if expected.kind == BLOCKED:
            yield env._("The order takes no goods, so nothing is kept for it.")
            return
        if expected.kind == STOCK:
            yield env._("The goods are there.")
        for source in why.sources:
            yield self.describe_source(source, why)
        if expected.missing > 0:
            yield env._(
                "%(part)s of %(missing)s %(unit)s: no arrival is known",
                part=self.get_number(expected.missing),
                missing=self.get_number(why.fact.short),
                unit=self.get_unit(),
            )
        if expected.eta:
            yield from self.describe_rest_of_the_way(why)

    def get_unit(self) -> str:
        return self.unit.with_env(self.env).name

    def get_day(self, day) -> str:
        return format_date(self.env, day)

    # ------------------------------------------------------------------- sources

    def describe_source(self, source: Source, why: Explanation) -> str:
        text = self.describe_share(source, why)
        note = self.describe_estimate(source)
        return NOTE % (text, note) if note else text

    def describe_share(self, source: Source, why: Explanation) -> str:
        env = self.env
        move = env["stock.move"].browse(source.move_id)
        values = {
            "part": self.get_number(source.quantity),
            "missing": self.get_number(why.fact.short),
            "unit": self.get_unit(),
            "origin": self.get_link(get_document(move)),
            "day": self.get_day(source.ready) if source.ready else "",
            "orders": self.get_names(source.before),
        }
        if not source.ready:
            return env._(
                "%(part)s of %(missing)s %(unit)s were to come from %(origin)s, which "
                "brings nothing any more",
                **values,
            )
        if not source.quantity:
            return env._(
                "Nothing from %(origin)s on %(day)s: it goes to %(orders)s", **values
            )
        if source.before:
            return env._(
                "%(part)s of %(missing)s %(unit)s from %(origin)s on %(day)s, after "
                "%(orders)s",
                **values,
            )
        return env._(
            "%(part)s of %(missing)s %(unit)s from %(origin)s on %(day)s", **values
        )

    def describe_estimate(self, source: Source) -> str:
        """What of the day is not just the vendor's word."""
        estimate = source.estimate
        values = {
            "promised": self.get_day(estimate.promised),
            "likely": self.get_day(estimate.likely),
            "late": self.get_day(estimate.late),
        }
        if estimate.overdue_since and estimate.late == self.today:
            return self.env._("Overdue since %(promised)s.", **values)
        if estimate.overdue_since:
            return self.env._(
                "Overdue since %(promised)s; by past receipts it comes on %(likely)s, "
                "nine times in ten by %(late)s.",
                **values,
            )
        if estimate.late > estimate.promised:
            return self.env._(
                "Promised for %(promised)s; by past receipts it comes on %(likely)s, "
                "nine times in ten by %(late)s.",
                **values,
            )
        return ""

    # -------------------------------------------------------------- from there on

    def describe_rest_of_the_way(self, why: Explanation):
        env = self.env
        if why.steps:
            yield env._(
                "Then %(number)s working days for the steps of the delivery",
                number=why.steps,
            )
        if why.security:
            yield env._(
                "Then %(number)s days of security lead time for sales",
                number=why.security,
            )
        if why.earliest < why.expected.eta:
            yield env._("Not before %(day)s, as agreed", day=self.get_day(why.agreed))

    def describe_departure(self, why: Explanation, line):
        """That it leaves with the rest of the order, where that is another day."""
        day = line.backorder_eta or None
        if why.expected.eta in (None, day) or len(line._get_leaving_together()) < 2:
            return
        if day:
            yield self.env._(
                "It leaves with the rest of the order, on %(day)s.",
                day=self.get_day(day),
            )
        else:
            yield self.env._(
                "It leaves with the rest of the order, of which no day is known."
            )

    # --------------------------------------------------------------------- names

    def get_names(self, move_ids) -> Markup:
        """The documents of moves, the first ones by name; of what one may not see, only
        the number."""
        documents = dict.fromkeys(
            get_document(move) for move in self.env["stock.move"].browse(move_ids)
        )
        open_to_me = [each for each in documents if each and may_read(each, self.env)]
        names = [self.get_link(each) for each in open_to_me[:SHOWN]]
        if others := len(documents) - len(names):
            names.append(
                self.env._("%(number)s others", number=others)
                if others > 1
                else self.env._("one other")
            )
        return Markup(", ").join(names)

    def get_link(self, document) -> Markup:
        """Its name, as a link where one may open it."""
        if not document:
            return Markup("%s") % self.env._("a transfer")
        if not may_read(document, self.env):
            # sudo: its number and nothing else; a purchase's display name says more
            return Markup("%s") % document.sudo().name
        document = document.with_env(self.env)
        return document._get_html_link(document.display_name)


def may_read(document, env) -> bool:
    return document.with_env(env).has_access("read")


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    eta_reason = fields.Html(
        "Why This Date",
        compute="_compute_eta_reason",
        help="What the expected day rests on, as things stand now.",
    )

    @api.depends_context("uid", "lang", "tz")
    def _compute_eta_reason(self):
        """Asks the planner for each product: shown on one line at a time."""
        # sudo: who is served before counts, whoever may see his orders
        rows = self.sudo()
        now = fields.Datetime.now()
        found = EtaExplainer(rows.env, now).explain(rows) if rows else {}
        for demand in self:
            why = found.get(demand.id)
            words = demand._get_eta_words(now)
            # sudo: the day is that of the line, whoever may see its order
            demand.eta_reason = why and words.explain(why, demand.sudo().sale_line_id)

    def _get_eta_words(self, now) -> EtaWords:
        today = self.company_id._remember_days()(now)
        return EtaWords(self.env, self.product_uom_id, today)

    @api.readonly
    def action_why_expected(self):
        """Open what the expected day of these demands rests on.

        :raise UserError: nothing is missing
        """
        if not self:
            raise UserError(self.env._("Nothing of it is missing, or ever was."))
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Why This Date"),
            "res_model": self._name,
        }
        if len(self) > 1:
            return {
                **action,
                "view_mode": "list,form",
                "domain": [("id", "in", self.ids)],
            }
        view = self.env.ref("backorder_management.backorder_demand_view_eta")
        return {
            **action,
            "views": [(view.id, "form")],
            "res_id": self.id,
            "target": "new",
        }


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_why_expected(self):
        """Open what the expected day of these lines rests on."""
        demands = self.move_ids.backorder_demand_ids.filtered("eta_kind")
        if not demands:
            # what is there may leave with what is not
            lines = self.union(*(line._get_leaving_together() for line in self))
            demands = lines.move_ids.backorder_demand_ids.filtered("eta_kind")
        return demands.action_why_expected()


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def action_why_expected(self):
        """Open what the expected day of these deliveries rests on."""
        moves = self.move_ids | self.move_ids._get_open_backorder_chain()
        return moves.backorder_demand_ids.filtered("eta_kind").action_why_expected()
