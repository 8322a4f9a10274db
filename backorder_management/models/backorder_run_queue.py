"""Runs that nobody waits for: on receipt, on schedule, and tried again."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import SQL
from odoo.tools.constants import GC_UNLINK_LIMIT

from ..planning.connected import connect_products
from ..planning.reallocation import COMPLETE_ORDERS
from .backorder_facts import FactFinder

_logger = logging.getLogger(__name__)

ATTEMPTS = 3
RETRY_MINUTES = 5
# Demands that one run of the nightly schedule is about, whole connected groups.
DEMANDS_PER_RUN = 2000
# First key of the advisory locks on products; any number that nobody else uses.
LOCK_SPACE = 0x6261636B
# Products that share a lock: PostgreSQL has room for some thousand locks altogether.
LOCKS = 1024
# States in which a run has moved nothing.
DISPOSABLE = ("draft", "proposed", "failed")
CRON = "backorder_management.ir_cron_run_queue"
FAILED = "backorder_management.mail_activity_run_failed"
CRONS = (CRON, "backorder_management.ir_cron_run_queue_2")


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    # --------------------------------------------------------------------- started

    @api.model
    def _start_for(self, moves, company, references=None):
        """Divide anew the goods that these moves wait for: at once where they are few,
        else as soon as a scheduled action can."""
        # sudo: whoever validates a receipt need not be allowed to start a run
        Run = self.sudo().with_company(company)
        for warehouse, waiting in moves.grouped(
            lambda move: move.location_id.warehouse_id
        ).items():
            strategy = Run.env["backorder.strategy"]._get_for(company, warehouse)
            if not strategy:  # somebody has deleted even the standard one
                waiting._action_assign()
                continue
            run = Run.create(
                {
                    "company_id": company.id,
                    "warehouse_id": warehouse.id,
                    "strategy_id": strategy.id,
                    "product_ids": waiting.product_id.ids,
                    "received_reference_ids": references.ids if references else False,
                    "trigger": "stock",
                }
            )
            run._work_or_queue()

    def _work_or_queue(self):
        """At once, where it takes no time to speak of and nobody else is at the same
        goods; never raises."""
        if self.company_id.backorder_on_receipt == "queued":
            self._queue()
            return
        self.env.cr.flush()
        try:
            with self.env.cr.savepoint():
                at_once = not self._takes_long() and self._claim_products()
        except Exception as error:  # pylint: disable=broad-except
            # as below; it will be tried again
            self._record_failure(error)
            return
        if at_once:
            self._work()
        else:
            self._queue()

    def _takes_long(self) -> bool:
        """More than somebody who validates a receipt is to wait for?"""
        if self.strategy_id.sharing == COMPLETE_ORDERS:
            return True  # nobody knows how long choosing takes
        limit = self.company_id.backorder_run_limit
        demands = self.env["backorder.demand"].search_count(
            [
                ("product_id", "in", self._get_products()),
                ("warehouse_id", "=", self.warehouse_id.id),
            ],
            limit=limit + 1,
        )
        return demands > limit

    def _get_products(self) -> list[int]:
        """Ids of the products it is about, those it is connected with included."""
        at = fields.Datetime.now()
        return FactFinder(self, self.strategy_id, at).get_products()

    def _queue(self, minutes: int = 0):
        """Have a scheduled action work on these runs."""
        at = fields.Datetime.now() + timedelta(minutes=minutes) if minutes else None
        self.write({"queued": True, "queued_until": at or False})
        self._wake_workers(at)

    @api.model
    def _wake_workers(self, at=None):
        """Have the scheduled actions look for work.

        :param at: not before, UTC
        """
        for name in CRONS:
            # sudo: anybody's goods may be waited for
            if cron := self.env.ref(name, raise_if_not_found=False):
                cron.sudo()._trigger(at=at)

    # ---------------------------------------------------------------------- worked

    def _work(self):
        """Simulate and apply, or what a user has asked for; never raises. What fails is
        recorded, and tried again.

        Another transaction in the way is no failure: the scheduled action does it.
        """
        self.ensure_one()
        # What the user has done so far fails or is repeated as without us: a savepoint
        # would flush it inside of our `try`.
        self.env.cr.flush()
        try:
            with self.env.cr.savepoint():
                if self.asked_by_id:
                    self._do_for_user()
                else:
                    self._simulate()
                    self._apply()
                    self._serve_refused()
                self._close_failures()
        except psycopg2.Error as error:
            if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                self._queue()
            else:
                self._record_failure(error)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, it must not stop the warehouse; the responsible sees it
            self._record_failure(error)

    def _serve_refused(self) -> None:
        """Where core reserves otherwise than planned (lots that expire, say), nobody is
        left without: those demands are served as Odoo does, in the order of service."""
        refused = self.group_ids.filtered(lambda group: group.state == "refused")
        lines = self.line_ids.filtered(lambda line: line.group_id in refused)
        lines.move_id._action_assign()

    def _record_failure(self, error: Exception) -> None:
        _logger.error("%s failed", self.name, exc_info=error)
        details = "".join(traceback.format_exception(error))
        if self.queued_operation:
            self._leave_to_user(error, details)
            return
        attempts = self.attempts + 1
        self.write(
            {
                "state": "failed",
                "attempts": attempts,
                "error": details,
                "note": str(error),
                "queued": False,
            }
        )
        if attempts < ATTEMPTS:
            self._queue(RETRY_MINUTES * attempts)
        run = self._for_responsible()
        if attempts == 1:
            run._ask_responsible(
                run.env._(
                    "%(run)s failed: %(error)s. It will be tried again.",
                    run=run.name,
                    error=error,
                )
            )
        elif attempts == ATTEMPTS:
            run._ask_responsible(
                run.env._(
                    "%(run)s failed again: %(error)s. Simulate it by hand.",
                    run=run.name,
                    error=error,
                )
            )
            self.asked_by_id = False

    def _for_responsible(self):
        """Itself, in the language of who is asked to look after it."""
        return self.with_context(lang=self._get_responsible().lang)

    def _ask_responsible(self, note: str) -> None:
        user = self._get_responsible()
        if not user:
            return
        try:
            with self.env.cr.savepoint():
                self.activity_schedule(FAILED, note=note, user_id=user.id)
        except Exception:  # pylint: disable=broad-except
            # The run says what failed; that nobody could be asked to look at it must
            # not stop the warehouse either.
            _logger.exception("%s: nobody could be asked to look after it", self.name)

    def _close_failures(self, user_id: int | None = None) -> None:
        """It has been mended.

        :param user_id: close what this user was asked only; None: what anybody was
        """
        run = self.sudo()  # whoever it was that mended it
        if run.attempts:
            run.attempts = 0
        if run.activity_ids:
            run.activity_unlink([FAILED], user_id=user_id)

    def _get_responsible(self):
        """Who asked for it, or whom the settings name, else a backorder manager."""
        asker = self.asked_by_id
        if asker.active and self.with_user(asker).has_access("write"):
            return asker
        user = self.company_id.backorder_responsible_id
        if user.active and self.with_user(user).has_access("read"):
            return user
        managers = self.env.ref(
            "backorder_management.group_backorder_manager", raise_if_not_found=False
        )
        if not managers:
            return self.env["res.users"]
        return managers.all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids and not user.share
        )[:1]

    # ------------------------------------------------------------------- the queue

    @api.model
    def _cron_work(self):
        """Work on what is queued, one run at a time, committing after each.

        Several workers may do so at once, on any number of machines: each takes runs
        and products that no other one is working on. Whatever a killed worker was at
        is still queued.
        """
        cron = self.env["ir.cron"]
        self.env["backorder.run.progress"]._forget_finished()
        if not self.env["backorder.pin.arrival"]._settle_late():
            return
        skipped: set[int] = set()
        while run := self._take_next(skipped):
            skipped.add(run.id)
            run._work_queued()
            waiting = self.search_count([("queued", "=", True)])
            goes_on = cron._commit_progress(1, remaining=waiting)
            # not before: until then it counts as begun
            self.env["backorder.run.progress"]._tell(run.id, None)
            if not goes_on:
                return

    @api.model
    def _take_next(self, skipped):
        """The next queued run that nobody else works on, locked; none where there is
        none."""
        domain = (
            Domain("queued", "=", True)
            & Domain("id", "not in", list(skipped))
            & (
                Domain("queued_until", "=", False)
                | Domain("queued_until", "<=", fields.Datetime.now())
            )
        )
        for run in self.search(domain, order="id"):
            if not run._try_lock():
                continue
            run.invalidate_recordset()
            # another worker may have done it since it was found
            if run.queued and run._claim_products():
                return run
            # Give up what was claimed of it; another worker will be done soon.
            self.env.cr.rollback()
            skipped.add(run.id)
        return self.browse()

    def _try_lock(self) -> bool:
        """Does nobody else work on it? Who has just done so has changed it since this
        transaction began: it begins anew."""
        try:
            return bool(self.try_lock_for_update())
        except psycopg2.errors.SerializationFailure:
            self.env.cr.rollback()
            return bool(self.try_lock_for_update())

    def _claim(self):
        """
        :raise UserError: somebody else is just dividing the same goods
        """
        # sudo: the products of all demands of the company
        if not self.sudo()._claim_products():
            raise UserError(
                self.env._(
                    "Somebody else is just dividing the same goods as %(run)s. Try "
                    "again in a moment.",
                    run=self.name,
                )
            )

    def _claim_products(self) -> bool:
        """Is no other worker at the same products? Until this transaction ends."""
        try:
            products = self._get_products()
        except UserError:  # there are none: whoever works on it records that
            return True
        rows = self.env.execute_query(
            SQL(
                """
                SELECT pg_try_advisory_xact_lock(%s, number)
                  FROM unnest(%s::int[]) AS number
                """,
                LOCK_SPACE,
                sorted({product_id % LOCKS for product_id in products}),
            )
        )
        return all(claimed for [claimed] in rows)

    def _work_queued(self):
        """One queued run; what another transaction disturbed is left for later."""
        progress = self.env["backorder.run.progress"]
        self.queued = False
        run = self.with_context(
            backorder_tell_progress=True, lang=self.company_id.partner_id.lang
        )
        if progress._begin(self.id) > ATTEMPTS:
            run._give_up()
        else:
            run._work()

    def _give_up(self):
        """Not again what the system stopped each time, in the way of all others."""
        if not self.queued_operation:
            self.attempts = ATTEMPTS - 1
        self._record_failure(
            UserError(
                self.env._(
                    "It was begun %(count)s times and never came to an end. It may "
                    "take longer, or need more memory, than scheduled actions are "
                    "allowed, or others changed the same stock each time",
                    count=ATTEMPTS,
                )
            )
        )

    # ------------------------------------------------------------------- schedules

    @api.model
    def _cron_schedule(self):
        """Queue runs about everything, per company and warehouse; release pins that are
        over."""
        self.env["sale.order.line"]._release_ended()
        warehouses = self.env["stock.warehouse"].search(
            [("company_id.backorder_nightly", "=", True)]
        )
        # those of this time are queued, or done, where this was interrupted
        today = self.search_fetch(
            [
                ("trigger", "=", "schedule"),
                ("create_date", ">", fields.Datetime.now() - timedelta(hours=1)),
            ],
            ["warehouse_id"],
        )
        warehouses -= today.warehouse_id
        for index, warehouse in enumerate(warehouses, start=1):
            self._queue_all(warehouse.company_id, warehouse)
            remaining = len(warehouses) - index
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining):
                return

    @api.model
    def _queue_all(self, company, warehouse):
        strategy = self.env["backorder.strategy"]._get_for(company, warehouse)
        waiting = self.search_count(
            [
                ("queued", "=", True),
                ("trigger", "=", "schedule"),
                ("warehouse_id", "=", warehouse.id),
            ],
            limit=1,
        )
        if waiting or not strategy:
            return self.browse()
        runs = self.with_company(company).create(
            [
                {
                    "company_id": company.id,
                    "warehouse_id": warehouse.id,
                    "product_ids": products,
                    "trigger": "schedule",
                }
                for products in self._split_products(company, warehouse, strategy)
            ]
        )
        if runs:
            runs._queue()
        return runs

    @api.model
    def _split_products(self, company, warehouse, strategy):
        """Ids of products with demands, whole connected groups together."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT d.product_id, d.order_id, o.picking_policy = 'one'
                  FROM backorder_demand d JOIN sale_order o ON o.id = d.order_id
                 WHERE d.company_id = %s AND d.warehouse_id = %s AND NOT d.own_chain
                 ORDER BY d.product_id, d.order_id
                """,
                company.id,
                warehouse.id,
            )
        )
        whole = strategy._connects_orders()
        counts = Counter(product_id for product_id, _order, _bound in rows)
        linked = connect_products(
            (product_id, order_id, whole or ships_complete)
            for product_id, order_id, ships_complete in rows
        )
        groups: dict[int, list[int]] = {}
        for product_id, number in linked.items():
            groups.setdefault(number, []).append(product_id)
        batch, size = [], 0
        for products in groups.values():
            batch += products
            size += sum(counts[product_id] for product_id in products)
            if size >= DEMANDS_PER_RUN:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    @api.autovacuum
    def _gc_lines(self):
        """Proposals and lines go after some days; runs keep their figures.

        :return: runs cleaned up and left; Odoo commits and calls again for those
        """
        done = left = 0
        now = fields.Datetime.now()
        limited = [("backorder_retention_days", ">", 0)]
        for company in self.env["res.company"].search(limited):
            days = company.backorder_retention_days
            old = self.search(
                Domain("company_id", "=", company.id)
                & Domain("queued", "=", False)
                & self._get_domain_before(now - timedelta(days=days))
                & (Domain("line_ids", "!=", False) | Domain("state", "in", DISPOSABLE)),
                order="id",
            )
            batch = old._get_first(GC_UNLINK_LIMIT)
            batch.line_ids.unlink()
            batch.group_ids.unlink()
            batch.filtered(lambda run: run.state in DISPOSABLE).unlink()
            done += len(batch)
            left += len(old - batch)
        return done, left

    @api.model
    def _get_domain_before(self, day):
        """Runs with which nothing has happened since."""
        return Domain("create_date", "<", day) & Domain.AND(
            Domain(name, "=", False) | Domain(name, "<", day)
            for name in ("simulated_at", "applied_at", "undone_at")
        )

    def _get_first(self, limit: int):
        """As many of these runs as have a number of lines together; one at least."""
        lines = 0
        for index, run in enumerate(self):
            lines += run.demand_count
            if index and lines > limit:
                return self[:index]
        return self
