"""Arrivals that are for pinned order lines, whoever else waits for the goods."""

from __future__ import annotations

import logging
from collections import defaultdict

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from ..planning.promising import Promise, Waiting, assign_arrivals, pass_on
from ..planning.reallocation import GAINING, reallocate
from .backorder_facts import FactFinder

_logger = logging.getLogger(__name__)


class BackorderPinArrival(models.Model):
    """A part of an expected arrival that is for one pinned order line.

    Written by pins and arrivals alone. What was promised first is served first.
    """

    _name = "backorder.pin.arrival"
    _description = "Arrival for a Pinned Order Line"
    _order = "id"

    sale_line_id = fields.Many2one(
        "sale.order.line", required=True, readonly=True, index=True, ondelete="cascade"
    )
    move_id = fields.Many2one(
        "stock.move",
        "Arrival",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    quantity = fields.Float(
        digits="Product Unit", readonly=True, help="In the product's unit of measure."
    )
    product_id = fields.Many2one(related="move_id.product_id")
    company_id = fields.Many2one(related="sale_line_id.company_id", store=True)
    failed = fields.Boolean(
        readonly=True, help="It could not be reserved; a scheduled action tries again."
    )

    # ------------------------------------------------------------------- promising

    @api.model
    def _promise(self, lines):
        """Promise these pinned lines the arrivals that bring what stock does not cover,
        each at its place in the order of service.

        :return: the promises made
        """
        self.env["backorder.demand"]._refresh_pending()
        demands = lines.move_ids._filter_backorder_demands()
        promised = self.browse()
        for (company, warehouse), moves in demands.grouped(
            lambda move: (move.company_id, move.location_id.warehouse_id)
        ).items():
            strategy = self.env["backorder.strategy"]._get_for(company, warehouse)
            if strategy:
                promised += self._promise_in(company, warehouse, strategy, moves)
        return promised

    @api.model
    def _promise_in(self, company, warehouse, strategy, demands):
        """The same in one warehouse, by its strategy."""
        run = (
            self.env["backorder.run"]
            .with_company(company)
            .new(
                {
                    "company_id": company.id,
                    "warehouse_id": warehouse.id,
                    "product_ids": [Command.set(demands.product_id.ids)],
                }
            )
        )
        finder = FactFinder(run, strategy, fields.Datetime.now())
        facts = finder.find()
        plan = reallocate(
            facts.situation, strategy.sharing, float(strategy.solver_seconds)
        )
        arrivals, pools = {}, defaultdict(list)
        for product_id, place_id, move_id, quantity in finder.find_arrivals(facts):
            arrivals[move_id] = quantity
            pools[product_id, place_id].append(move_id)
        promises = self.search(
            Domain("move_id", "in", list(arrivals))
            | Domain("sale_line_id", "in", demands.sale_line_id.ids)
        )
        shares = assign_arrivals(
            self._get_waiting(plan, facts),
            pools,
            arrivals,
            [row._get_promise() for row in promises if row._is_in_force()],
            digits=facts.situation.digits,
        )
        return self.create(
            [
                {
                    "sale_line_id": demand.sale_line_id.id,
                    "move_id": move_id,
                    "quantity": quantity,
                }
                for demand in demands
                for move_id, quantity in shares.get(demand.id, ())
            ]
        )

    @api.model
    def _get_waiting(self, plan, facts):
        """Who would still miss something if what is there were divided now."""
        for decision in plan.decisions:
            claim = decision.claim
            fact = facts.fact_by_move[claim.id]
            if claim.outcome in GAINING and claim.wanted > decision.after:
                yield Waiting(
                    claim.id,
                    self._get_owner(fact.sale_line_id, fact.product_id),
                    claim.pool,
                    claim.wanted - decision.after,
                    claim.service,
                    claim.fit,
                )

    @api.model
    def _get_owner(self, sale_line_id: int | None, product_id: int):
        """To whom something is promised: components of a kit have the same line."""
        return (sale_line_id, product_id)

    def _get_promise(self) -> Promise:
        owner = self._get_owner(self.sale_line_id.id, self.product_id.id)
        return Promise(owner, self.move_id.id, self.quantity)

    def _is_in_force(self) -> bool:
        """Pins end, and who is blocked takes part in nothing."""
        line = self.sale_line_id
        return line._is_pinned() and not line.order_id.backorder_blocked

    # -------------------------------------------------------- when something comes

    def _settle(self):
        """Arrivals of these promises have come, in part or not at all: what has come is
        reserved, the rest is promised from what brings it."""
        self.filtered(lambda row: not row._is_waited_for()).unlink()
        moves = self.exists().move_id
        successors = {move.id: move._get_arrival_successors() for move in moves}
        everything = moves.union(*successors.values())
        rows = self.search([("move_id", "in", everything.ids)])
        shares = pass_on(
            [row._get_promise() for row in rows],
            {move.id: move._get_quantity_to_arrive() for move in everything},
            {move_id: following.ids for move_id, following in successors.items()},
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
        )
        lost = self.env["sale.order.line"]
        for row, parts in zip(rows, shares, strict=True):
            if missing := row._get_missing(parts):
                row._tell_lost(missing)
                lost |= row.sale_line_id
            row._spread(parts)
        rows = rows.exists()
        rows.filtered(lambda row: row.move_id.state == "done")._reserve()
        self._promise(lost)._tell_promised()

    def _is_waited_for(self) -> bool:
        return self.sale_line_id._is_pinned() and bool(self._get_demands())

    def _get_demands(self):
        """The moves to the customer that wait for the goods."""
        demands = self.sale_line_id.move_ids._filter_backorder_demands()
        return demands.filtered(
            lambda move: (
                move.product_id == self.product_id
                and move._get_quantity_to_reserve() > 0
            )
        )

    def _get_missing(self, parts) -> float:
        """What nothing brings any more, in the product's unit.

        :param parts: arrivals and quantities that do
        """
        promised = self.quantity - sum(quantity for _move, quantity in parts)
        return self.product_id.uom_id.round(promised)

    def _spread(self, parts) -> None:
        """Be promised from these arrivals, and no others."""
        if not parts:
            self.unlink()
            return
        for index, (move_id, quantity) in enumerate(parts):
            values = {"move_id": move_id, "quantity": quantity}
            if index:
                self.create([{"sale_line_id": self.sale_line_id.id, **values}])
            else:
                self.write(values)

    def _reserve(self):
        """Reserve what has come for those to whom it is promised."""
        for row in self:
            left = row.quantity - row._take()
            if row.product_id.uom_id.compare(left, 0.0) > 0:
                row._tell_not_reserved(left)
        self.unlink()

    def _take(self) -> float:
        """:return: what could be reserved, in the product's unit"""
        demands = self._get_demands()._filter_not_blocked()
        if not demands._is_auto_reservation():
            return 0.0
        demands = demands.filtered(lambda move: not move.picked)
        taken = 0.0
        for demand in demands:
            if self.move_id.location_dest_id._child_of(demand.location_id):
                taken += demand._take_up_to(self.quantity - taken)
        if self.product_id.uom_id.compare(taken, 0.0) > 0:
            self._tell_reserved(taken)
        return taken

    # ------------------------------------------------------------ whatever happens

    def _settle_or_record(self):
        """The same; what fails is recorded on the orders, and tried again: it must not
        stop the warehouse (DESIGN §5.10)."""
        self.env.cr.flush()  # what the user has done so far fails as without us
        orders = self.sale_line_id.order_id
        try:
            with self.env.cr.savepoint():
                self._settle()
        except psycopg2.Error as error:
            if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                raise  # Odoo repeats what the user did
            self._record_failure(orders, error)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is; sales people see it on the order
            self._record_failure(orders, error)

    def _record_failure(self, orders, error: Exception) -> None:
        _logger.error("Arrivals of pinned order lines failed", exc_info=error)
        if all(row.failed for row in self):
            return  # it has been said
        self.failed = True
        for order in orders:
            lang = order._get_salesperson_lang()
            order._message_log(
                body=self.with_context(lang=lang).env._(
                    "The goods that came in could not be reserved for pinned lines "
                    "(%(error)s). It will be tried again.",
                    error=error,
                )
            )
        self.env["backorder.run"]._wake_workers()

    @api.model
    def _settle_late(self):
        """What failed, and what was promised at the very moment in which it came."""
        over = Domain("move_id.state", "in", ("done", "cancel"))
        if rows := self.search(Domain("failed", "=", True) | over):
            rows._settle_or_record()

    # ------------------------------------------------------------------- in words

    def _in_words(self, quantity: float) -> dict[str, str]:
        """What sentences about a promise name."""
        return {
            "quantity": formatLang(self.env, quantity, dp="Product Unit"),
            "unit": self.product_id.uom_id.name,
            "product": self.product_id.display_name,
            "arrival": self.move_id.reference or self.move_id.display_name,
        }

    def _describe(self) -> str:
        """“5 Units from WH/IN/00012, expected on 28 November”."""
        return self.env._(
            "%(quantity)s %(unit)s of %(product)s from %(arrival)s, expected on "
            "%(date)s",
            **self._in_words(self.quantity),
            date=format_date(
                self.env, fields.Datetime.context_timestamp(self, self.move_id.date)
            ),
        )

    def _tell(self, get_text) -> None:
        """A note on each order, in the language of who looks after it."""
        for order, rows in self.grouped(lambda row: row.sale_line_id.order_id).items():
            rows = rows.with_context(lang=order._get_salesperson_lang())
            order._message_log(body=Markup("<br/>").join(get_text(row) for row in rows))

    def _tell_promised(self):
        self._tell(
            lambda row: row.env._(
                "Kept for the pinned line: %(arrival)s.", arrival=row._describe()
            )
        )

    def _tell_lost(self, quantity: float):
        self._tell(
            lambda row: row.env._(
                "%(arrival)s does not bring %(quantity)s %(unit)s of %(product)s any "
                "more, which were kept for the pinned line.",
                **row._in_words(quantity),
            )
        )

    def _tell_reserved(self, quantity: float):
        self._tell(
            lambda row: row.env._(
                "%(arrival)s brought %(quantity)s %(unit)s of %(product)s for the "
                "pinned line: they are reserved.",
                **row._in_words(quantity),
            )
        )

    def _tell_not_reserved(self, quantity: float):
        self._tell(
            lambda row: row.env._(
                "%(arrival)s brought %(quantity)s %(unit)s of %(product)s for the "
                "pinned line, which could not be reserved: %(reason)s.",
                **row._in_words(quantity),
                reason=row._get_obstacle(),
            )
        )

    def _get_obstacle(self) -> str:
        if self.sale_line_id.order_id.backorder_blocked:
            return self.env._("the order is blocked")
        if not self.env["stock.move"]._is_auto_reservation():
            return self.env._("automatic reservation is switched off")
        if any(self._get_demands().mapped("picked")):
            return self.env._("its delivery is being picked")
        return self.env._("they are not free where the line takes its goods from")
