"""Arrivals that are for pinned order lines, whoever else waits for the goods."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from datetime import datetime

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from ..planning.exclusion import IN_HAND
from ..planning.promising import Promise, Waiting, assign_arrivals, pass_on
from ..planning.reallocation import GAIN, GAINING, SKIP, reallocate
from .backorder_facts import FactFinder

_logger = logging.getLogger(__name__)

# later than any arrival
DISTANT = datetime.max


class BackorderPinArrival(models.Model):
    """A part of an expected arrival that is for one pinned order line.

    Written by pins, arrivals and the scheduled action alone. What was promised first is
    served first. Without an arrival: what nothing is known to bring yet.
    """

    _name = "backorder.pin.arrival"
    _description = "Arrival for a Pinned Order Line"
    _order = "id"

    sale_line_id = fields.Many2one(
        "sale.order.line", required=True, readonly=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="cascade"
    )
    move_id = fields.Many2one(
        "stock.move", "Arrival", readonly=True, index=True, ondelete="set null"
    )
    quantity = fields.Float(
        digits="Product Unit", readonly=True, help="In the product's unit of measure."
    )
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
        :raise psycopg2.Error: somebody else is just promising the same products
        """
        self.env["backorder.demand"]._refresh_pending()
        demands = lines.move_ids._filter_backorder_demands()
        self.search(
            [("sale_line_id", "in", lines.ids), ("move_id", "=", False)]
        ).unlink()
        if not demands:
            return self.browse()
        # two who promise at the same moment do not see each other's promises
        self.env["backorder.sharing"]._claim(demands.product_id.ids)
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
        """The same in one warehouse, in the order of service of its strategy."""
        known = self.search([("product_id", "in", demands.product_id.ids)])
        known._cut_to_need()
        shares, waiting, facts = self._divide(company, warehouse, strategy, demands)
        promised = self.create(
            [
                demand._get_promise_values(quantity, move_id)
                for demand in demands
                for move_id, quantity in shares.get(demand.id, ())
            ]
        )
        self._remember_missing(demands, waiting, facts)
        return promised

    @api.model
    def _divide(self, company, warehouse, strategy, demands):
        """Divide free goods and then what is to arrive among all who wait for the same
        products as these demands; what is promised stays with its line.

        :return: ids of arrivals and quantities by id of who waits; who waits; the facts
        """
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
        arrivals, pools = {}, defaultdict(list)
        for product_id, place_id, move_id, quantity in finder.find_arrivals(facts):
            arrivals[move_id] = quantity
            pools[product_id, place_id].append(move_id)
        known = self.search(
            Domain("move_id", "in", list(arrivals))
            | Domain("sale_line_id", "in", demands.sale_line_id.ids)
        )
        waiting = list(self._get_waiting(facts))
        shares = assign_arrivals(
            waiting,
            pools,
            arrivals,
            known._get_promises_needed(),
            digits=facts.situation.digits,
        )
        return shares, waiting, facts

    @api.model
    def _find_arrivals(self, company, warehouse, demands) -> dict[int, list[tuple]]:
        """What is to arrive for these demands in one warehouse, as things stand.

        :return: arrivals and quantities by move id, product's unit; what is promised to
            a pinned line included
        """
        strategy = self.env["backorder.strategy"]._get_for(company, warehouse)
        if not strategy or not demands:
            return {}
        shares, _waiting, _facts = self._divide(company, warehouse, strategy, demands)
        result = defaultdict(list)
        for demand in demands:
            for move_id, quantity in shares.get(demand.id, ()):
                result[demand.id].append(
                    (self.env["stock.move"].browse(move_id), quantity)
                )
        rows = self.search([("sale_line_id", "in", demands.sale_line_id.ids)])
        for row in rows.filtered("move_id"):
            for demand in row.sale_line_id._get_pinned_demands(row.product_id)[:1]:
                result[demand.id].append((row.move_id, row.quantity))
        return result

    @api.model
    def _get_waiting(self, facts):
        """Who would still miss something if free goods were divided now and nobody lost
        his: what a run could take from others helps nobody before it is applied."""
        situation = facts.situation
        claims = [
            replace(claim, outcome=GAIN if claim.outcome in GAINING else SKIP)
            for claim in situation.claims
        ]
        plan = reallocate(replace(situation, claims=claims, keeps_incomplete=True))
        for decision in plan.decisions:
            claim = decision.claim
            fact = facts.fact_by_move[claim.id]
            if claim.outcome == GAIN and claim.wanted > decision.after:
                yield Waiting(
                    claim.id,
                    (fact.sale_line_id, fact.product_id),
                    claim.pool,
                    claim.wanted - decision.after,
                    claim.service,
                    claim.fit,
                )

    @api.model
    def _remember_missing(self, demands, waiting, facts) -> None:
        """What nothing brings yet, and what takes no part as somebody is working with
        it, so that the scheduled action looks again."""
        rows = self.search([("sale_line_id", "in", demands.sale_line_id.ids)])
        promised = defaultdict(float)
        for row in rows:
            promised[row.sale_line_id.id, row.product_id.id] += row.quantity
        missing = {each.id: each.quantity for each in waiting}
        for demand in demands:
            fact = facts.fact_by_move.get(demand.id)
            if fact and fact.excluded in IN_HAND:
                missing[demand.id] = demand._get_quantity_to_reserve()
            owner = (demand.sale_line_id.id, demand.product_id.id)
            left = demand.product_id.uom_id.round(
                missing.get(demand.id, 0.0) - promised[owner]
            )
            if left > 0:
                self.create([demand._get_promise_values(left)])
            promised[owner] = max(0.0, -left)

    def _get_promises_needed(self) -> list[Promise]:
        """What of these promises their lines still need; a pin that is over needs
        nothing."""
        rows = self.search([("sale_line_id", "in", self.sale_line_id.ids)])
        return [
            replace(row._get_promise(), quantity=needed)
            for row, needed in rows._get_needed()
            if needed > 0 and row in self
        ]

    def _get_promise(self) -> Promise:
        owner = (self.sale_line_id.id, self.product_id.id)
        return Promise(owner, self.move_id.id, self.quantity)

    # ------------------------------------------------------------- what is needed

    def _cut_to_need(self):
        """Give up what lines need no more, which may have got it otherwise or be pinned
        no more.

        :return: what is left of these promises
        """
        owners = self.search([("sale_line_id", "in", self.sale_line_id.ids)])
        for row, needed in owners._get_needed():
            if needed <= 0:
                row.unlink()
            elif row.product_id.uom_id.compare(needed, row.quantity) < 0:
                row.quantity = needed
        return self.exists()

    def _get_needed(self) -> list[tuple]:
        """What of each promise its line still needs; what has come counts first, then
        the earliest arrival.

        :param self: all promises of these lines
        :return: pairs of promise and quantity
        """
        result = []
        for line, rows in self.grouped("sale_line_id").items():
            pinned = line._is_pinned()
            for product, same in rows.grouped("product_id").items():
                left = sum(
                    move._get_quantity_to_reserve()
                    for move in line._get_pinned_demands(product)
                    if pinned
                )
                for row in same.sorted(lambda row: row._get_place()):
                    result.append((row, min(left, row.quantity)))
                    left = product.uom_id.round(left - result[-1][1])
        return result

    def _get_place(self) -> tuple:
        move = self.move_id
        comes = move.state == "done" or move.picked  # is just being validated
        return (not comes, move.date or DISTANT, self.id)

    # -------------------------------------------------------- when something comes

    def _settle(self):
        """Arrivals of these promises have come, in part or not at all: what has come is
        reserved, the rest is promised from what brings it."""
        moves = self.move_id
        successors = {move.id: move._get_arrival_successors() for move in moves}
        everything = moves.union(*successors.values())
        rows = self.search([("move_id", "in", everything.ids)])._cut_to_need()
        shares = pass_on(
            [row._get_promise() for row in rows],
            {move.id: move._get_quantity_to_arrive() for move in everything},
            {move_id: following.ids for move_id, following in successors.items()},
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
        )
        for row, parts in zip(rows, shares, strict=True):
            row._spread(parts)
        rows.filtered(lambda row: row.move_id.state == "done")._reserve()

    def _spread(self, parts) -> None:
        """Be promised from these arrivals, and no others.

        :param parts: arrivals and quantities
        """
        self.failed = False
        missing = self.product_id.uom_id.round(
            self.quantity - sum(quantity for _move, quantity in parts)
        )
        if missing > 0:
            self._tell_lost(missing)
            parts = (*parts, (False, missing))
            self.env["backorder.run"]._wake_workers()
        for index, (move_id, quantity) in enumerate(parts):
            values = {"move_id": move_id, "quantity": quantity}
            if index:
                self.create(
                    [
                        {
                            "sale_line_id": self.sale_line_id.id,
                            "product_id": self.product_id.id,
                            **values,
                        }
                    ]
                )
            else:
                self.write(values)

    def _lose_arrivals(self):
        """These arrivals are about to be deleted."""
        for row in self._cut_to_need():
            row._spread(())

    def _reserve(self):
        """Reserve what has come for those to whom it is promised."""
        for row in self:
            left = row.product_id.uom_id.round(row.quantity - row._take())
            if left <= 0:
                row.unlink()
                continue
            row._tell_not_reserved(left)
            row.write({"move_id": False, "quantity": left})

    def _take(self) -> float:
        """:return: what could be reserved, in the product's unit"""
        demands = self.sale_line_id._get_pinned_demands(self.product_id)
        if not demands._is_auto_reservation():
            return 0.0
        taken = 0.0
        for demand in demands.filtered(lambda move: not move.picked):
            if self.move_id.location_dest_id._child_of(demand.location_id):
                taken += demand._take_up_to(self.quantity - taken)
        if self.product_id.uom_id.compare(taken, 0.0) > 0:
            self._tell_reserved(taken)
        return taken

    # ------------------------------------------------------------ whatever happens

    def _settle_or_record(self):
        """The same; what fails is recorded on the orders, and tried again: it must not
        stop the warehouse (DESIGN §5.10).

        :raise psycopg2.Error: another transaction is in the way; Odoo repeats what the
            user did
        """
        self._try(self._settle)

    def _try(self, work) -> None:
        self.env.cr.flush()  # what was done so far fails as without us
        orders = self.sale_line_id.order_id
        try:
            with self.env.cr.savepoint():
                work()
        except psycopg2.Error as error:
            if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                raise
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
            reader = self.with_context(**order._get_salesperson_terms())
            order._message_log(
                body=reader.env._(
                    "The goods that came in could not be reserved for pinned lines "
                    "(%(error)s). It will be tried again.",
                    error=error,
                )
            )
        self.env["backorder.run"]._wake_workers()

    @api.model
    def _settle_late(self):
        """What failed, what was promised at the very moment in which it came, and what
        no arrival brings: line by line, each in a transaction of its own.

        :return: False where the time for scheduled actions is over
        """
        over = Domain("move_id.state", "in", ("done", "cancel"))
        late = Domain("failed", "=", True) | Domain("move_id", "=", False) | over
        for line, rows in self.search(late).grouped("sale_line_id").items():
            try:
                rows._settle_line(line)
            except psycopg2.Error:  # others are at the same goods: next time
                self.env.cr.rollback()
            if not self.env["ir.cron"]._commit_progress():
                return False
        return True

    def _settle_line(self, line) -> None:
        """
        :raise psycopg2.Error: another transaction is in the way
        """
        if len(self.try_lock_for_update()) < len(self):
            return  # another worker is at it
        self.invalidate_recordset()
        if come := self.filtered("move_id"):
            come._settle_or_record()
        if waiting := self.exists().filtered(lambda row: not row.move_id):
            waiting._try(lambda: self._promise(line)._tell_promised())

    # ------------------------------------------------------------------- in words

    def _in_words(self, quantity: float) -> dict[str, str]:
        """What sentences about a promise name."""
        return {
            "quantity": formatLang(self.env, quantity, dp="Product Unit"),
            "unit": self.product_id.uom_id.name,
            "product": self.product_id.display_name,
            "arrival": self.move_id.reference or self.move_id.display_name or "",
        }

    def _describe(self, quantity: float) -> str:
        """“5 Units from WH/IN/00012, expected on 28 November”."""
        return self.env._(
            "%(quantity)s %(unit)s of %(product)s from %(arrival)s, expected on "
            "%(date)s",
            **self._in_words(quantity),
            date=format_date(
                self.env, fields.Datetime.context_timestamp(self, self.move_id.date)
            ),
        )

    def _tell(self, get_text) -> None:
        """A note on each order, in the language of who looks after it."""
        for order, rows in self.grouped(lambda row: row.sale_line_id.order_id).items():
            rows = rows.with_context(**order._get_salesperson_terms())
            order._message_log(body=Markup("<br/>").join(get_text(row) for row in rows))

    def _tell_promised(self):
        self._tell(
            lambda row: row.env._(
                "Kept for the pinned line: %(arrival)s.",
                arrival=row._describe(row.quantity),
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
        if not self.env["stock.move"]._is_auto_reservation():
            return self.env._("automatic reservation is switched off")
        demands = self.sale_line_id._get_pinned_demands(self.product_id)
        if any(demands.mapped("picked")):
            return self.env._("its delivery is being picked")
        return self.env._("they are not free where the line takes its goods from")
