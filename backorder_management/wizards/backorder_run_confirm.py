from __future__ import annotations

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError

SHOWN = 5  # names in a row before the others are only counted
# Changes of reservations beyond which nobody wants to wait for them.
MANY = 2000


class BackorderRunConfirm(models.TransientModel):
    """Asks before a run is applied or undone, and states the effect as of now."""

    _name = "backorder.run.confirm"
    _description = "Confirm a Reallocation Run"

    run_id = fields.Many2one("backorder.run", required=True, ondelete="cascade")
    operation = fields.Selection([("apply", "Apply"), ("undo", "Undo")], required=True)
    simulated_at = fields.Datetime(
        readonly=True, help="Which proposal this is about; simulating makes another."
    )
    effect = fields.Html(readonly=True, help="Empty: nothing can be done any more.")
    left_out = fields.Text(readonly=True, help="What cannot be done any more, and why.")
    takes_long = fields.Boolean(
        readonly=True, help="It is better left to a scheduled action."
    )

    def _state_effect(self):
        """Say what would happen now."""
        # sudo: the run is about all orders of the company; who may has been checked
        run = self.run_id.sudo().with_company(self.run_id.company_id)
        if self.operation == "apply":
            lines, refusals = self._find_applicable(run)
            sentences = self._describe_apply(lines)
        else:
            lines, refusals = self._find_restorable(run)
            sentences = self._describe_undo(lines)
        self.write(
            {
                "effect": self._get_list(sentences) if lines else False,
                "left_out": self._name_some(refusals, "\n"),
                "takes_long": len(lines) > MANY,
            }
        )

    # --------------------------------------------------------------------- actions

    def action_apply(self):
        """
        :raise UserError: the run would not do what has been stated
        """
        self._check_same_proposal()
        self.run_id.action_apply()
        return {"type": "ir.actions.act_window_close"}

    def action_apply_later(self):
        """
        :raise UserError: the run would not do what has been stated
        """
        self._check_same_proposal()
        self.run_id.action_apply_later()
        return {"type": "ir.actions.act_window_close"}

    def action_undo(self):
        self.run_id.action_undo()
        return {"type": "ir.actions.act_window_close"}

    def action_undo_later(self):
        self.run_id.action_undo_later()
        return {"type": "ir.actions.act_window_close"}

    def _check_same_proposal(self):
        if self.run_id.simulated_at != self.simulated_at:
            raise UserError(
                self.env._(
                    "%(run)s has been simulated again meanwhile: look at what it "
                    "proposes now.",
                    run=self.run_id.name,
                )
            )

    # ------------------------------------------------------------- what is possible

    def _find_applicable(self, run):
        """
        :return: lines that would change, and what is refused
        """
        changed, _special = run._find_changed_groups()
        lines = run._get_changing_lines(run.group_ids - changed)
        refused = changed.filtered("has_changes")
        return lines, [group._get_change_message() for group in refused]

    def _find_restorable(self, run):
        """
        :return: lines that would be put back, and what is refused
        """
        lines = run._get_applied_lines()
        refusals = lines._find_refusals()
        refused = lines.filtered(lambda line: line.id in refusals)
        return lines - refused, [
            line._name_refusal(refusals[line.id]) for line in refused
        ]

    # --------------------------------------------------------------------- in words

    def _describe_apply(self, lines):
        gaining = lines.filtered(lambda line: line.effect == "gain")
        losing = lines.filtered(lambda line: line.effect == "loss")
        yield from _say(
            len(gaining),
            self.env._("1 demand gains goods."),
            self.env._("%(count)s demands gain goods.", count=len(gaining)),
        )
        yield from _say(
            len(losing),
            self.env._("1 demand loses goods."),
            self.env._("%(count)s demands lose goods.", count=len(losing)),
        )
        if not losing:
            yield self.env._("No demand loses goods.")
        changes = {line.move_id: line.qty_change for line in lines}
        yield from self._describe_completion(lines.order_id, changes)
        yield from self._describe_notes(losing)
        yield self._describe_products(lines)

    def _describe_undo(self, lines):
        losers = lines.filtered(lambda line: line.effect == "loss")
        winners = lines.filtered(lambda line: line.effect == "gain")
        yield from _say(
            len(losers),
            self.env._("1 demand gets back what it lost."),
            self.env._("%(count)s demands get back what they lost.", count=len(losers)),
        )
        yield from _say(
            len(winners),
            self.env._("1 demand gives back what it gained."),
            self.env._(
                "%(count)s demands give back what they gained.", count=len(winners)
            ),
        )
        changes = {line.move_id: -line.qty_change for line in lines}
        yield from self._describe_completion(lines.order_id, changes)
        yield from self._describe_notes(winners)
        yield self._describe_products(lines)

    def _describe_completion(self, orders, changes):
        before = self._find_complete_orders(orders, {})
        after = self._find_complete_orders(orders, changes)
        won, lost = len(after - before), len(before - after)
        yield from _say(
            won,
            self.env._("1 order becomes complete."),
            self.env._("%(count)s orders become complete.", count=won),
        )
        yield from _say(
            lost,
            self.env._("1 order is no longer complete."),
            self.env._("%(count)s orders are no longer complete.", count=lost),
        )

    def _describe_notes(self, losing):
        count = len(losing.order_id)
        yield from _say(
            count,
            self.env._("1 order gets a note, since it loses stock."),
            self.env._(
                "%(count)s orders get a note, since they lose stock.", count=count
            ),
        )

    def _describe_products(self, lines) -> str:
        names = lines.product_id.mapped("display_name")
        return self.env._(
            "Goods that move: %(products)s.", products=self._name_some(names, ", ")
        )

    def _name_some(self, names: list[str], separator: str) -> str:
        shown = names[:SHOWN]
        if more := len(names) - len(shown):
            shown.append(self.env._("and %s more", more))
        return separator.join(shown)

    def _get_list(self, sentences) -> Markup:
        items = Markup("").join(Markup("<li>%s</li>") % each for each in sentences)
        return Markup("<ul>%s</ul>") % items

    def _find_complete_orders(self, orders, changes):
        """Those of which every demand holds all it wants.

        :param changes: by stock move, what is to be added to what it holds
        """
        Demand = self.env["backorder.demand"].sudo()  # of all salespersons
        lacking = Demand.search([("order_id", "in", orders.ids)]).filtered(
            lambda demand: (
                demand.product_uom_id.compare(
                    demand.qty_allocated + changes.get(demand.move_id, 0.0),
                    demand.qty_open,
                )
                < 0
            )
        )
        return orders - lacking.order_id


def _say(count: int, one: str, many: str):
    """The form of a sentence that goes with the number; nothing of none."""
    if count:
        yield one if count == 1 else many
