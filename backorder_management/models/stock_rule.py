from __future__ import annotations

from collections.abc import Iterator

from odoo import api, models
from odoo.fields import Domain
from odoo.service.model import retrying
from odoo.tools import split_every

from ..planning.reallocation import SEQUENCE

# Waiting moves that one transaction of a scheduled run serves.
MOVES_PER_COMMIT = 2000


class StockRule(models.Model):
    _inherit = "stock.rule"

    @api.model
    def _get_moves_to_assign_domain(self, company_id):
        # Whoever waits for the same products as a demand is left to our own run: there
        # is one order of service, not core's and ours one after the other.
        domain = Domain(super()._get_moves_to_assign_domain(company_id))
        return domain & ~self._get_contested_domain(domain)

    @api.model
    def _get_contested_domain(self, domain: Domain) -> Domain:
        """Moves that take products for which demands wait from stock.

        :param domain: the moves that the scheduler is to reserve
        """
        Move = self.env["stock.move"]
        demands = domain & Move._get_backorder_demand_domain()
        products = Move._read_group(
            demands & Domain("product_id.is_storable", "=", True), ["product_id"]
        )
        return Domain("product_id", "in", [product.id for [product] in products]) & (
            Domain("location_id.usage", "in", ("internal", "transit"))
        )

    @api.model
    def _run_scheduler_tasks(self, use_new_cursor=False, company_id=False):
        result = super()._run_scheduler_tasks(
            use_new_cursor=use_new_cursor, company_id=company_id
        )
        self._reserve_contested_moves(company_id, commit=use_new_cursor)
        if use_new_cursor:
            self.env["ir.cron"]._commit_progress(1)
        return result

    @api.model
    def _get_scheduler_tasks_to_do(self):
        return super()._get_scheduler_tasks_to_do() + 1

    @api.model
    def _reserve_contested_moves(self, company_id=False, *, commit: bool) -> None:
        """Reserve what waits and can be covered, in the order of service.

        :param commit: commit in between, and repeat what another process disturbed
        """
        # All that the scheduler reserves, before we took out what is left to us.
        # pylint: disable-next=super-method-mismatch
        domain = Domain(super()._get_moves_to_assign_domain(company_id))
        domain &= self._get_contested_domain(domain)
        domain &= self._leave_shared_stock_to_runs(company_id)
        for move_ids in self._split_waiting_moves(domain):
            moves = self.env["stock.move"].sudo().browse(move_ids)
            if not commit:
                moves._action_assign()
                continue
            retrying(moves._action_assign, self.env)
            if not self.env["ir.cron"]._commit_progress():
                self._queue_waiting_demands()
                return

    @api.model
    def _leave_shared_stock_to_runs(self, company_id) -> Domain:
        """Queue runs where a strategy shares otherwise than one after the other.

        :return: the moves that are left, of all other warehouses
        """
        domain = [("company_id", "=", company_id)] if company_id else []
        left = Domain.TRUE
        Run = self.env["backorder.run"].sudo()
        Strategy = self.env["backorder.strategy"].sudo()
        for warehouse in self.env["stock.warehouse"].sudo().search(domain):
            company = warehouse.company_id
            strategy = Strategy._get_for(company, warehouse)
            if strategy.sharing != SEQUENCE and company.backorder_on_receipt != "no":
                Run._queue_all(company, warehouse)
                left &= ~Domain(
                    "location_id", "child_of", warehouse.view_location_id.id
                )
        return left

    @api.model
    def _split_waiting_moves(self, domain: Domain) -> Iterator[list[int]]:
        """Ids of the moves in parts that can be served one after the other.

        A part has all moves of its products, as far as it may; where one product has
        more, those to be served first come in an earlier part.
        """
        Move = self.env["stock.move"].sudo()
        counts = Move._read_group(
            domain & Domain("product_id", "in", self._get_products_with_free_stock()),
            ["product_id"],
            ["__count"],
            order="product_id",
        )
        products, size = [], 0
        for index, (product, count) in enumerate(counts, start=1):
            products.append(product.id)
            size += count
            if size >= MOVES_PER_COMMIT or index == len(counts):
                moves = Move.search(
                    domain & Domain("product_id", "in", products), order="id"
                )
                yield from split_every(
                    MOVES_PER_COMMIT, moves._sorted_by_order_of_service().ids, list
                )
                products, size = [], 0

    @api.model
    def _get_products_with_free_stock(self) -> list[int]:
        groups = (
            self.env["stock.quant"]
            .sudo()
            ._read_group(
                [("location_id.usage", "in", ("internal", "transit"))],
                ["product_id", "location_id"],
                ["quantity:sum", "reserved_quantity:sum"],
            )
        )
        return list(
            {
                product.id
                for product, _location, quantity, reserved in groups
                if quantity > reserved
            }
        )

    # ------------------------------------------------------------------ the queue

    @api.model
    def _queue_waiting_demands(self) -> None:
        """Have a scheduled action serve those who wait, as soon as possible."""
        self.env.ref("backorder_management.ir_cron_reserve_waiting").sudo()._trigger()

    @api.model
    def _cron_reserve_waiting(self) -> None:
        if self.env["stock.move"]._is_auto_reservation():
            self._reserve_contested_moves(commit=True)
