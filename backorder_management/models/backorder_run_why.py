"""“Why?”: the latest run line about something, and what would have helped."""

from __future__ import annotations

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from ..planning.smallest_change import find_smallest_change
from .backorder_facts import FactFinder


class BackorderRunLine(models.Model):
    _inherit = "backorder.run.line"

    smallest_change = fields.Text(
        compute="_compute_smallest_change",
        help="What would cover the demand, as things stand now.",
    )

    def _compute_smallest_change(self):
        """Asks the planner with other facts: shown on one line at a time."""
        for line in self:
            line.smallest_change = line._get_smallest_change() if line.id else ""

    def _get_smallest_change(self) -> str:
        # sudo: all demands of the company count, whoever may see their orders
        run = self.sudo().run_id.with_company(self.company_id)
        strategy = self.sudo().group_id.strategy_id or run.strategy_id
        products = self.sudo().group_id.product_ids.ids or self.product_id.ids
        facts = run._find_facts_now(strategy, sorted(products))
        fact = facts.fact_by_move.get(self.move_id.id)
        if fact is None:
            return self.env._("It is not waiting any more.")
        held = sum(fact.held.values())
        has_all = self.product_id.uom_id.compare(fact.wanted, held) <= 0
        # of a proposal one wants to know how it would keep its goods
        if has_all and run.state != "proposed":
            return self.env._("It has all it wants by now.")
        if fact.excluded:
            return self.env._("Nothing, as long as it takes no part in runs.")
        change = find_smallest_change(
            facts.situation,
            fact.move_id,
            strategy.sharing,
            around=run._get_pools_around(facts.situation.pools, fact),
            debts=facts.debts,
        )
        if change is None:
            return self.env._(
                "Too many demands hang together to tell in a few seconds. Simulate a "
                "run with other facts instead."
            )
        if change.more == 0.0:
            return self.env._("Nothing: a run would give it all it wants by now.")
        return "\n".join(self._describe_change(change)) or self.env._(
            "No amount of goods alone: another line of the order is missing."
        )

    def _describe_change(self, change):
        if change.more is not None:
            yield self.env._(
                "%(quantity)s %(unit)s more of %(product)s in stock",
                quantity=formatLang(self.env, change.more, dp="Product Unit"),
                unit=self.product_uom_id.name,
                product=self.product_id.display_name,
            )
        if change.first_in_line:
            yield self.env._("Serving it before all others")

    def _open_latest(self, domain):
        """The form of the latest line about something.

        :raise UserError: no run has looked at it
        """
        lines = self.search(domain, order="id desc", limit=20)
        if not lines:
            raise UserError(
                self.env._(
                    "No reallocation run has looked at this yet. Simulate one to see "
                    "who would get what, and why."
                )
            )
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Why?"),
            "res_model": self._name,
        }
        latest = lines.filtered(lambda line: line.run_id == lines[0].run_id)
        if len(latest) == 1:
            return {
                **action,
                "view_mode": "form",
                "res_id": latest.id,
                "target": "new",
            }
        return {
            **action,
            "view_mode": "list,form",
            "domain": [("id", "in", latest.ids)],
        }


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    def _find_facts_now(self, strategy, product_ids):
        """As things stand, not as they were when the run was simulated."""
        return FactFinder(self, strategy, fields.Datetime.now(), product_ids).find()

    def _get_pools_around(self, pools, fact):
        """Those of the same product whose place contains that of a demand."""
        Location = self.env["stock.location"]
        place = Location.browse(fact.location_id)
        return [
            (product_id, location_id)
            for product_id, location_id in pools
            if product_id == fact.product_id
            and place._child_of(Location.browse(location_id))
        ]


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def action_why(self):
        """Open the latest explanation of what these lines have got."""
        return self.env["backorder.run.line"]._open_latest(
            [("sale_line_id", "in", self.ids)]
        )


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def action_why(self):
        """Open the latest explanation of what this delivery has got."""
        # The run has looked at the first step, or at what this is the rest of.
        lines = self.move_ids.sale_line_id
        return self.env["backorder.run.line"]._open_latest(
            Domain("move_id", "in", self.move_ids.ids)
            | Domain("sale_line_id", "in", lines.ids)
        )


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    def action_why(self):
        """Open the latest explanation of what these demands have got."""
        return self.env["backorder.run.line"]._open_latest(
            [("move_id", "in", self.move_id.ids)]
        )

    def action_simulate(self):
        """Propose a reallocation for just these lines."""
        # sudo: demands may be of orders whose lines a warehouse user may not read
        lines = self.sudo().sale_line_id
        company = self.company_id[:1]
        if len(self.company_id) > 1:
            raise UserError(
                self.env._("Choose lines of one company; a run is about one company.")
            )
        run = self.env["backorder.run"].create(
            {
                "company_id": company.id,
                "warehouse_id": self.warehouse_id.id
                if len(self.warehouse_id) == 1
                else False,
                "sale_line_ids": lines.ids,
            }
        )
        run.action_simulate()
        return run._open()

    def action_open_block(self):
        return self.order_id.action_open_block()

    def action_open_pin(self):
        return self.sale_line_id.action_open_pin()

    def action_unpin(self):
        return self.sale_line_id.action_unpin()
