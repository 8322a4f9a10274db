"""From a proposal to reservations, and back."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..planning.reallocation import GAINING
from ..planning.undoing import GONE, Moved, choose_restorable


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    # ----------------------------------------------------------------------- apply

    def _apply(self):
        """Apply the groups whose facts are still those of the proposal."""
        # sudo: the run decides for all orders of the company; who may apply is checked
        run = self.sudo().with_company(self.company_id)
        run._tell_progress("applying")
        changed, special = run._find_changed_groups()
        for group in changed:
            group._refuse(group._get_change_message())
        groups = run.group_ids.filtered(lambda group: group.state == "proposed")
        lines = run._get_changing_lines(groups)
        run._apply_lines(lines, special)
        groups = run.group_ids.filtered(lambda group: group.state == "proposed")
        groups.state = "applied"
        run.write(
            {
                "state": "applied",
                "applied_at": fields.Datetime.now(),
                "note": "\n".join(filter(None, [run.note, run._get_refusals()])),
                "queued": False,
            }
        )
        run._store_quantities_after()
        run._count_passed_over()
        run._tell_who_loses(lines.filtered(lambda line: line.group_id in groups))

    def _check_applied(self):
        """
        :raise UserError: nothing was applied
        """
        run = self.sudo()  # what was refused is said to whoever may apply
        changing = run.group_ids.filtered("has_changes")
        if changing.filtered(lambda group: group.state == "applied"):
            return
        if not changing:
            raise UserError(
                self.env._(
                    "%(run)s changes nothing, so there is nothing to apply.",
                    run=run.name,
                )
            )
        raise UserError(
            self.env._(
                "Nothing of %(run)s can be applied any more. Simulate it again.\n"
                "%(refusals)s",
                run=run.name,
                refusals=run._get_refusals(),
            )
        )

    def _find_changed_groups(self):
        """Groups whose facts are not those of the proposal any more.

        :return: these groups, and ids of products that only core's own routine can
            reserve
        """
        self.env["backorder.demand"]._refresh_pending()
        changed = self.group_ids.browse()
        special: set[int] = set()
        for strategy, groups in self.group_ids.grouped("strategy_id").items():
            facts = self._find_facts(strategy, sorted(groups.product_ids.ids))
            special |= facts.special
            products = defaultdict(set)
            for product_id, number in facts.group_by_product.items():
                products[number].add(product_id)
            fresh = {
                frozenset(ids): facts.fingerprints[number]
                for number, ids in products.items()
            }
            for group in groups:
                if fresh.get(frozenset(group.product_ids.ids)) != group.fingerprint:
                    changed += group
        return changed, special

    def _get_changing_lines(self, groups):
        return self.line_ids.filtered(
            lambda line: line.changes and line.group_id in groups
        )

    def _apply_lines(self, lines, special) -> None:
        """Bulk first; what only core can reserve group by group, as core may refuse."""
        delicate = lines.filtered(lambda line: line.product_id.id in special).group_id
        plain = lines.filtered(lambda line: line.group_id not in delicate)
        Move = self.env["stock.move"]
        Move._change_holdings(plain._get_changes())
        for group in delicate:
            of_group = lines.filtered(lambda line, group=group: line.group_id == group)
            before = of_group.move_id._get_holdings()
            try:
                with self.env.cr.savepoint():
                    Move._change_holdings(of_group._get_changes(), special)
                    of_group._store_actual_changes(before)
            except UserError as error:
                group._refuse(str(error))

    def _get_refusals(self) -> str:
        refused = self.group_ids.filtered(lambda group: group.state == "refused")
        return "\n".join(group.message for group in refused)

    def _store_quantities_after(self) -> None:
        """What is reserved for each demand now; product's unit."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE backorder_run_line line
                   SET qty_after = CASE
                       WHEN line.order_id IS NOT NULL THEN COALESCE(held.quantity, 0)
                       WHEN run_group.state = 'applied' THEN line.qty_proposed
                       ELSE line.qty_before END
                  FROM backorder_run_line this
                  JOIN backorder_run_group run_group ON run_group.id = this.group_id
                  LEFT JOIN (SELECT move_id, sum(quantity_product_uom) AS quantity
                               FROM stock_move_line
                              WHERE move_id IN (SELECT move_id FROM backorder_run_line
                                                 WHERE run_id = %(run)s)
                              GROUP BY move_id) held ON held.move_id = this.move_id
                 WHERE this.run_id = %(run)s AND line.id = this.id
                """,
                run=self.id,
            )
        )
        self.line_ids.invalidate_recordset(["qty_after"], flush=False)

    def _count_passed_over(self) -> None:
        """Count who might have got goods and did not, while others of the same product
        and warehouse gained; whoever gains starts anew."""
        self.env.cr.execute(
            SQL(
                """
                WITH counted AS (
                    SELECT line.id, line.move_id, line.effect = 'gain' AS gains,
                           COALESCE(d.passed_runs, 0) AS passed_runs, d.passed_since
                      FROM backorder_run_line line
                      JOIN backorder_run_group run_group
                        ON run_group.id = line.group_id AND run_group.state = 'applied'
                      JOIN backorder_demand d ON d.move_id = line.move_id
                     WHERE line.run_id = %(run)s AND line.outcome = ANY(%(gaining)s)
                       AND (line.effect = 'gain'
                            OR (line.qty_proposed < line.qty_wanted
                                AND EXISTS (
                                    SELECT FROM backorder_run_line other
                                      JOIN stock_move m ON m.id = other.move_id
                                      JOIN stock_location l ON l.id = m.location_id
                                     WHERE other.run_id = line.run_id
                                       AND other.product_id = line.product_id
                                       AND other.effect = 'gain'
                                       AND l.warehouse_id = d.warehouse_id))))
                , remembered AS (
                    UPDATE backorder_run_line line
                       SET passed_runs = counted.passed_runs,
                           passed_since = counted.passed_since
                      FROM counted WHERE line.id = counted.id)
                UPDATE backorder_demand d
                   SET passed_runs = CASE WHEN gains THEN 0
                                     ELSE COALESCE(d.passed_runs, 0) + 1 END,
                       passed_since = CASE WHEN gains THEN NULL
                                      ELSE COALESCE(d.passed_since, %(now)s) END
                  FROM counted WHERE d.move_id = counted.move_id
                """,
                now=self.applied_at,
                run=self.id,
                gaining=sorted(GAINING),
            )
        )
        self._forget_passed_over()

    def _restore_passed_over(self) -> None:
        """Who was put back is passed over as often as before; other runs that counted
        since are left as they are."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE backorder_demand d
                   SET passed_runs = line.passed_runs, passed_since = line.passed_since
                  FROM backorder_run_line line
                  JOIN backorder_run_group run_group
                    ON run_group.id = line.group_id AND run_group.state = 'applied'
                 WHERE line.run_id = %(run)s AND d.move_id = line.move_id
                   AND COALESCE(line.refusal, '') = ''
                   AND line.passed_runs IS NOT NULL
                   AND d.passed_runs = CASE WHEN line.effect = 'gain' THEN 0
                                       ELSE line.passed_runs + 1 END
                """,
                run=self.id,
            )
        )
        self._forget_passed_over()

    def _forget_passed_over(self) -> None:
        names = ["passed_runs", "passed_since"]
        self.env["backorder.demand"].invalidate_model(names, flush=False)
        self.env["backorder.run.line"].invalidate_model(names, flush=False)

    def _tell_who_loses(self, lines, undone=False) -> None:
        """A note on every order that loses stock, naming the run."""
        effect = "gain" if undone else "loss"
        losing = lines.filtered(lambda line: line.effect == effect and line.order_id)
        bodies = {}
        for order, of_order in losing.grouped("order_id").items():
            # not in that of a schedule
            terms = order._get_salesperson_terms()
            run = self.with_context(**terms)
            of_order = of_order.with_context(**terms)
            bodies[order.id] = run._get_loss_note(of_order, undone)
        if bodies:
            self.env["sale.order"].browse(bodies)._message_log_batch(bodies)

    def _get_loss_note(self, lines, undone) -> Markup:
        items = Markup("").join(
            Markup("<li>%s</li>")
            % self.env._(
                "%(quantity)s %(unit)s of %(product)s: %(reason)s",
                quantity=formatLang(self.env, abs(line.qty_change), dp="Product Unit"),
                unit=line.product_uom_id.name,
                product=line.product_id.display_name,
                reason=self.env._("undone") if undone else line.reason,
            )
            for line in lines
        )
        text = self.env._("%(run)s took reserved goods from this order:", run=self.name)
        return Markup("%s<ul>%s</ul>") % (text, items)

    # ------------------------------------------------------------------------ undo

    def _undo(self):
        """
        :raise UserError: nothing can be put back
        """
        # sudo: as when it was applied
        run = self.sudo().with_company(self.company_id)
        lines = run._get_applied_lines()
        possible = lines._filter_restorable()
        if lines and not possible:
            raise UserError(
                self.env._(
                    "Nothing of %(run)s can be put back:\n%(refusals)s",
                    run=run.name,
                    refusals=lines._get_undo_refusals(),
                )
            )
        # It goes back where it was, whatever core's own routine would choose.
        run.env["stock.move"]._change_holdings(possible._get_changes(backwards=True))
        run.write(
            {
                "state": "undone",
                "undone_at": fields.Datetime.now(),
                "note": lines._get_undo_refusals(),
            }
        )
        run._store_quantities_after()
        run.env.flush_all()
        run._restore_passed_over()
        run._tell_who_loses(possible, undone=True)

    def _get_applied_lines(self):
        """
        :raise UserError: they are gone
        """
        applied = self.group_ids.filtered(lambda group: group.state == "applied")
        lines = self._get_changing_lines(applied)
        if not lines and self.gain_count + self.loss_count:
            raise UserError(
                self.env._(
                    "The lines of %(run)s have been cleaned up: it cannot be undone "
                    "any more.",
                    run=self.name,
                )
            )
        return lines


class BackorderRunGroup(models.Model):
    _inherit = "backorder.run.group"

    def _refuse(self, message: str) -> None:
        self.write({"state": "refused", "message": message})

    def _get_change_message(self) -> str:
        archived = self.product_ids.filtered(lambda product: not product.active)
        if archived:
            return self.env._(
                "%(products)s: archived since the simulation.",
                products=", ".join(archived.mapped("display_name")),
            )
        return self.env._(
            "%(products)s: stock or demands have changed since the simulation.",
            products=", ".join(self.product_ids.mapped("display_name")[:5]),
        )


class BackorderRunLine(models.Model):
    _inherit = "backorder.run.line"

    def _get_changes(self, backwards=False) -> dict[int, dict[tuple, float]]:
        """What to add by move id and place; negative: to give back."""
        sign = -1 if backwards else 1
        return {
            line.move_id.id: {
                tuple(key): sign * (after - before)
                for *key, before, after in line.changes
            }
            for line in self
            if line.move_id
        }

    def _store_actual_changes(self, before) -> None:
        """Core has chosen lots and places itself.

        :param before: what each move held by place
        """
        after = self.move_id._get_holdings()
        for line in self:
            held, holds = before[line.move_id.id], after[line.move_id.id]
            line.changes = [
                [*key, held.get(key, 0.0), holds.get(key, 0.0)]
                for key in {**held, **holds}
                if held.get(key, 0.0) != holds.get(key, 0.0)
            ]

    def _filter_restorable(self):
        """Lines that can be put back together; the others get the reason why not."""
        refusals = self._find_refusals()
        for line in self:
            line.refusal = refusals.get(line.id, "")
        return self.filtered(lambda line: not line.refusal).sorted("rank")

    def _find_refusals(self) -> dict[int, str]:
        """Why lines cannot be put back together with the others, by line id."""
        held = self.move_id._get_holdings()
        refusals = {line.id: line._get_refusal(held) for line in self}
        possible = self.filtered(lambda line: not refusals[line.id]).sorted("rank")
        reasons = choose_restorable(
            [line._get_moved() for line in possible],
            [line._get_moved() for line in self - possible],
            self._get_free_quantities(),
            digits=self.env["decimal.precision"].precision_get("Product Unit"),
        )
        for line in possible:
            if line.id in reasons:
                refusals[line.id] = line._get_refusal_label(reasons[line.id])
        return {line_id: refusal for line_id, refusal in refusals.items() if refusal}

    def _get_moved(self) -> Moved:
        changes = {
            (self.product_id.id, *key): after - before
            for *key, before, after in self.changes
        }
        return Moved(
            self.id,
            given={key: -change for key, change in changes.items() if change < 0},
            taken={key: change for key, change in changes.items() if change > 0},
        )

    def _get_refusal_label(self, reason: str) -> str:
        if reason == GONE:
            return self.env._("the goods have gone to others meanwhile")
        return self.env._("those who had the goods cannot have them")

    def _get_refusal(self, held) -> str:
        move = self.move_id
        if not move or move.state in ("done", "cancel", "draft"):
            return self.env._("shipped or cancelled meanwhile")
        if not move._is_movable():
            return self.env._("picked, printed or put in a batch meanwhile")
        if self.order_id.backorder_blocked:
            return self.env._("the order has been blocked")
        if self.sale_line_id._is_pinned():
            return self.env._("its stock is pinned")
        unit = self.product_id.uom_id
        for *key, _before, after in self.changes:
            if unit.compare(held[move.id][tuple(key)], after) != 0:
                return self.env._("its reservation has changed meanwhile")
        return ""

    def _get_free_quantities(self) -> dict[tuple, float]:
        """What nobody holds of the products, by product and place."""
        free: dict[tuple, float] = defaultdict(float)
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "in", self.product_id.ids),
                ("location_id.usage", "=", "internal"),
            ]
        )
        for quant in quants:
            key = (quant.product_id.id, *quant._get_holding_key())
            free[key] += quant.quantity - quant.reserved_quantity
        return free

    def _get_undo_refusals(self) -> str:
        refused = self.filtered("refusal")
        return "\n".join(line._name_refusal(line.refusal) for line in refused)

    def _name_refusal(self, refusal: str) -> str:
        return self.env._(
            "%(document)s (%(product)s): %(refusal)s.",
            document=self.order_id.name or self.move_id.reference or "",
            product=self.product_id.display_name,
            refusal=refusal,
        )
