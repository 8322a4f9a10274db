"""From the facts to a proposal."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..planning.achievement import Achievement, measure
from ..planning.plans import (
    GAIN,
    LOSS,
    as_before,
    get_effect,
    get_moves,
    leave_alone,
    only,
)
from ..planning.reallocation import SEQUENCE, Decision, Plan, reallocate
from .backorder_facts import Fact, FactFinder, Facts
from .backorder_run import FIGURES

LINE_COLUMNS = {
    "run_id": "int",
    "group_id": "int",
    "move_id": "int",
    "picking_id": "int",
    "sale_line_id": "int",
    "order_id": "int",
    "product_id": "int",
    "rank": "int",
    "outcome": "varchar",
    "qty_wanted": "numeric",
    "qty_before": "numeric",
    "qty_proposed": "numeric",
    "qty_change": "numeric",
    "value_change": "numeric",
    "effect": "varchar",
    "reason_code": "varchar",
    "reason_move_id": "int",
    "reason_order_name": "varchar",
    "reason_criterion": "varchar",
    "reason_field_id": "int",
    "reason_numbers": "jsonb",
    "reason_overdue": "boolean",
    "changes": "jsonb",
}


# Demands that a sentence names.
NAMED = 5


@dataclass
class Part:
    """What one strategy decides of a run: all of it, or what a fallback took over.

    :param violated: ids of moves for which it could not keep its word
    """

    strategy: models.Model
    facts: Facts
    plan: Plan
    violated: frozenset[int]

    @property
    def digits(self) -> int:
        return self.facts.situation.digits

    def get_fact(self, decision: Decision) -> Fact:
        return self.facts.fact_by_move[decision.claim.id]

    def get_group(self, decision: Decision) -> int:
        return self.facts.group_by_product[self.get_fact(decision).product_id]

    def get_violating_products(self) -> list[int]:
        """Products of the connected groups in which a promise cannot be kept."""
        facts = self.facts
        groups = {
            facts.group_by_product[facts.fact_by_move[move_id].product_id]
            for move_id in self.plan.violated
        }
        return sorted(
            product
            for product, group in facts.group_by_product.items()
            if group in groups
        )

    def split_claims(self, product_ids) -> tuple[set[int], set[int]]:
        """Ids of the claims about other products, and of those about these."""
        facts = self.facts.fact_by_move
        left = {
            each.claim.id
            for each in self.plan.decisions
            if facts[each.claim.id].product_id in product_ids
        }
        return facts.keys() - left, left

    @cached_property
    def moved(self) -> dict[int, dict]:
        """What changes of what each demand holds, see `get_moves`, by move id."""
        return {
            each.claim.id: get_moves(each, self.digits) for each in self.plan.decisions
        }

    def get_effects(self) -> Counter:
        return Counter(get_effect(each, self.digits) for each in self.plan.decisions)

    @cached_property
    def prices(self) -> dict[int, float]:
        """Company currency per product's unit, tax excluded, by move id.

        What a kit costs is spread evenly over the pieces that are still to come.
        """
        pieces: dict[int, float] = defaultdict(float)
        for fact in self.facts.fact_by_move.values():
            if fact.sale_line_id and fact.ordered_qty is None:
                pieces[fact.sale_line_id] += fact.product_qty
        prices = {}
        for move_id, fact in self.facts.fact_by_move.items():
            quantity = fact.ordered_qty or pieces.get(fact.sale_line_id)
            if quantity:
                prices[move_id] = fact.line_value / quantity
        return prices


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    def _simulate(self):
        """Make the proposal anew and store it.

        :raise UserError: the strategy cannot be used, or promises cannot be kept
        """
        start = time.perf_counter()
        # sudo: all demands of the company count, whoever may see their orders
        run = self.sudo().with_company(self.company_id)
        run.env["backorder.demand"]._refresh_pending()
        run.simulated_at = fields.Datetime.now()
        parts = run._get_parts()
        run._tell_progress("storing")
        run._store_proposal(parts)
        run.write(
            {
                "state": "proposed",
                "error": False,
                "note": run._get_violation_note(parts),
                "applied_at": False,
                "undone_at": False,
                "seconds": time.perf_counter() - start,
                **run._get_figures(parts),
                **run._get_choice(parts),
            }
        )

    def _get_parts(self) -> list[Part]:
        """Plan; what the strategy cannot do without breaking its word is left as it
        is, or planned by its fallback, or stops the run, as the strategy says."""
        strategies = self.strategy_id._get_fallbacks()
        strategies._check_criteria()
        parts, product_ids = [], None
        for strategy in strategies:
            self._tell_progress("reading")
            facts = self._find_facts(strategy, product_ids)
            self._tell_progress("planning")
            plan = reallocate(
                facts.situation, strategy.sharing, float(strategy.solver_seconds)
            )
            part = Part(strategy, facts, plan, plan.violated)
            parts.append(part)
            if not plan.violated:
                break
            if strategy.on_violation == "run":
                raise UserError(self._get_violation_message(part))
            product_ids = part.get_violating_products()
            kept, left = part.split_claims(product_ids)
            if strategy.on_violation == "fallback":
                part.plan = only(plan, kept)
            else:
                part.plan = leave_alone(plan, left)
        return parts

    def _find_facts(self, strategy, product_ids=None) -> Facts:
        return FactFinder(self, strategy, self.simulated_at, product_ids).find()

    def _get_violation_message(self, part: Part) -> str:
        return self.env._(
            "Strategy “%(strategy)s” cannot keep its word for %(orders)s, and stops. "
            "Buy the goods, or let its segments allow more.",
            strategy=part.strategy.name,
            orders=self._name_demands(part.violated),
        )

    def _get_violation_note(self, parts: list[Part]) -> str | bool:
        """Whose promise could not be kept, and what became of it."""
        texts = []
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            if part.violated and following:
                texts.append(
                    self.env._(
                        "“%(strategy)s” cannot keep its word for %(orders)s: "
                        "“%(other)s” divides these goods.",
                        strategy=part.strategy.name,
                        orders=self._name_demands(part.violated),
                        other=following.strategy.name,
                    )
                )
            elif part.violated:
                texts.append(
                    self.env._(
                        "“%(strategy)s” cannot keep its word for %(orders)s: these "
                        "goods stay where they are.",
                        strategy=part.strategy.name,
                        orders=self._name_demands(part.violated),
                    )
                )
        return "\n".join(texts) or False

    def _name_demands(self, move_ids) -> str:
        """The first of them, by order and product."""
        moves = self.env["stock.move"].browse(sorted(move_ids))
        names = [
            f"{move.sale_line_id.order_id.name} ({move.product_id.display_name})"
            for move in moves[:NAMED]
        ]
        if len(moves) > NAMED:
            names.append(self.env._("%s more", len(moves) - NAMED))
        return ", ".join(names)

    # --------------------------------------------------------------------- figures

    def _get_figures(self, parts: list[Part]) -> dict:
        """What the proposal achieves, what was before, and in sequence."""
        after = self._measure(parts, lambda part: part.plan)
        before = self._measure(parts, lambda part: as_before(part.plan))
        if any(part.strategy.sharing != SEQUENCE for part in parts):
            in_sequence = self._measure(parts, self._get_plan_in_sequence)
        else:
            in_sequence = after
        effects = sum((part.get_effects() for part in parts), Counter())
        result = {
            "demand_count": effects.total(),
            "gain_count": effects[GAIN],
            "loss_count": effects[LOSS],
        }
        for name in FIGURES:
            result[name] = getattr(after, name)
            result[f"before_{name}"] = getattr(before, name)
            result[f"sequence_{name}"] = getattr(in_sequence, name)
        return result

    def _get_plan_in_sequence(self, part: Part) -> Plan:
        """What serving one after the other would do with what this part decides."""
        ours = {each.claim.id for each in part.plan.decisions}
        return only(reallocate(part.facts.situation), ours)

    def _measure(self, parts: list[Part], get_plan) -> Achievement:
        figures = [
            measure(
                get_plan(part),
                digits=part.digits,
                prices=part.prices,
                ages=self._get_ages(part.facts),
                lacking=part.facts.situation.lacking,
            )
            for part in parts
        ]
        return Achievement(
            covered=sum(each.covered for each in figures),
            completed=sum(each.completed for each in figures),
            value=sum(each.value for each in figures),
            waiting=max((each.waiting for each in figures), default=0),
        )

    def _get_ages(self, facts: Facts) -> dict[int, int]:
        """Days since the order, by move id."""
        return {
            move_id: (self.simulated_at - fact.ordered).days
            for move_id, fact in facts.fact_by_move.items()
            if fact.ordered
        }

    def _get_choice(self, parts: list[Part]) -> dict:
        """How far the choice of complete orders is from the best, at most."""
        choices = [part.plan.choice for part in parts if part.plan.choice]
        if not choices:
            return {
                "bound": 0,
                "chosen_value": 0,
                "exact": False,
                "solver": False,
                "unaided": False,
            }
        return {
            "unaided": any(choice.unaided for choice in choices),
            "bound": sum(choice.bound for choice in choices),
            "chosen_value": sum(choice.value for choice in choices),
            "exact": all(choice.exact for choice in choices),
            "solver": next((each.solver for each in choices if each.solver), False),
        }

    # ----------------------------------------------------------------------- store

    def _store_proposal(self, parts: list[Part]) -> None:
        self.env.cr.execute(
            SQL("DELETE FROM backorder_run_line WHERE run_id = %s", self.id)
        )
        self.group_ids.unlink()
        rows, offset = [], 0
        for part in parts:
            groups = self._create_groups(part)
            keys = self._get_quant_keys(part)
            names = self._get_order_names(part)
            criteria = list(part.strategy.criterion_ids)
            for rank, decision in enumerate(part.plan.decisions, start=offset + 1):
                fact = part.get_fact(decision)
                rows.append(
                    (
                        self.id,
                        groups[part.get_group(decision)],
                        fact.move_id,
                        fact.picking_id,
                        fact.sale_line_id,
                        fact.order_id,
                        fact.product_id,
                        rank,
                        fact.outcome,
                        fact.product_qty,
                        decision.claim.held + fact.fixed,
                        decision.after + fact.fixed,
                        decision.change,
                        decision.change * part.prices.get(fact.move_id, 0.0),
                        get_effect(decision, part.digits),
                        *self._get_reason_columns(fact, decision, names, criteria),
                        self._get_changes(decision, part, keys),
                    )
                )
            offset += len(part.plan.decisions)
        if rows:
            self._insert_lines(rows)
        self.invalidate_recordset(["line_ids", "group_ids"])

    def _insert_lines(self, rows) -> None:
        """One statement: a run may have a hundred thousand lines.

        Each column is one parameter: writing out, and reading, each value by itself
        takes longer than all the rest of the statement.
        """
        names = SQL(", ").join(map(SQL.identifier, LINE_COLUMNS))
        values = SQL(", ").join(
            # the kinds are the constants above
            SQL(f"%s::{kind}", SQL.identifier(name))
            for name, kind in LINE_COLUMNS.items()
        )
        columns = SQL(", ").join(
            SQL("json_array_elements_text(%s)", json.dumps(column))
            for column in zip(*rows, strict=True)
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO backorder_run_line (%s)"
                " SELECT %s FROM ROWS FROM (%s) AS t(%s)",
                names,
                values,
                columns,
                names,
            )
        )
        self.env["backorder.run.line"].invalidate_model(flush=False)

    def _create_groups(self, part: Part) -> dict[int, int]:
        """:return: id of the stored group by number"""
        products = {}
        for product_id, number in part.facts.group_by_product.items():
            products.setdefault(number, []).append(product_id)
        decided = {part.get_group(each) for each in part.plan.decisions}
        changing = {
            part.get_group(each)
            for each in part.plan.decisions
            if part.moved[each.claim.id]
        }
        numbers = [number for number in products if number in decided]
        groups = self.env["backorder.run.group"].create(
            [
                {
                    "run_id": self.id,
                    "strategy_id": part.strategy.id,
                    "product_ids": products[number],
                    "fingerprint": part.facts.fingerprints[number],
                    "has_changes": number in changing,
                }
                for number in numbers
            ]
        )
        return dict(zip(numbers, groups.ids, strict=True))

    def _get_quant_keys(self, part: Part) -> dict:
        """Location, lot, package and owner of each supply: a quant, or, where there is
        none, product and place of what is held."""
        supplies = part.facts.situation.supplies
        quants = self.env["stock.quant"].browse(
            each for each in supplies if isinstance(each, int)
        )
        return {quant.id: quant._get_holding_key() for quant in quants} | {
            each: each[1:] for each in supplies if not isinstance(each, int)
        }

    def _get_changes(self, decision: Decision, part: Part, keys) -> str | None:
        """What it holds and is to hold by place, where that is not the same."""
        moved = part.moved[decision.claim.id]
        changes = [[*keys[supply], *pair] for supply, pair in moved.items()]
        return json.dumps(changes) if changes else None

    def _get_order_names(self, part: Part) -> dict[int, str]:
        """By move id, what the demand is called: its order, or its transfer."""
        facts = part.facts.fact_by_move
        named = {
            each.reason.by for each in part.plan.decisions if each.reason.by is not None
        }
        orders = self.env["sale.order"].browse(
            {facts[move_id].order_id for move_id in named} - {None}
        )
        by_order = {order.id: order.name for order in orders}
        return {
            move_id: by_order.get(facts[move_id].order_id)
            or self.env["stock.move"].browse(move_id).reference
            for move_id in named
        }

    def _get_reason_columns(self, fact, decision: Decision, names, criteria) -> tuple:
        reason = decision.reason
        if fact.excluded:
            return (fact.excluded, None, None, None, None, None, False)
        criterion = None
        if reason.criterion is not None and reason.criterion >= 0:
            criterion = criteria[reason.criterion]
        return (
            reason.code,
            reason.by,
            names.get(reason.by),
            criterion.criterion if criterion else None,
            (criterion.field_id.id or None) if criterion else None,
            json.dumps(reason.numbers) if reason.numbers else None,
            reason.criterion == -1,
        )
