from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

FIGURES = ("covered", "completed", "value", "waiting")
SCOPE_FIELDS = frozenset(
    {"strategy_id", "company_id", "warehouse_id", "product_ids", "sale_line_ids"}
)
MANAGER = "backorder_management.group_backorder_manager"


class BackorderRun(models.Model):
    """One execution of a strategy: proposed, applied, undone."""

    _name = "backorder.run"
    _description = "Reallocation Run"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("applied", "Applied"),
            ("undone", "Undone"),
            ("failed", "Failed"),
        ],
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    trigger = fields.Selection(
        [
            ("user", "User"),
            ("stock", "Goods came in or were freed"),
            ("schedule", "Schedule"),
        ],
        default="user",
        readonly=True,
        string="Started By",
    )
    strategy_id = fields.Many2one(
        "backorder.strategy",
        required=True,
        check_company=True,
        ondelete="cascade",
        compute="_compute_strategy_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        check_company=True,
        help="Empty: all warehouses of the company.",
    )
    product_ids = fields.Many2many(
        "product.product",
        string="Products",
        check_company=True,
        context={"active_test": False},
        help="Empty: all products. Orders that ship only complete bring the other "
        "products that they wait for with them.",
    )
    sale_line_ids = fields.Many2many(
        "sale.order.line",
        string="Order Lines",
        check_company=True,
        help="Only these may gain or lose. Empty: all demands.",
    )
    narrowed = fields.Boolean(
        readonly=True, help="It is about some products or lines, not about everything."
    )
    received_reference_ids = fields.Many2many(
        "stock.reference", string="Goods Received For", readonly=True, copy=False
    )
    line_ids = fields.One2many("backorder.run.line", "run_id", readonly=True)
    change_ids = fields.One2many(
        "backorder.run.line",
        "run_id",
        "Changes",
        readonly=True,
        domain=[("effect", "!=", "same")],
    )
    group_ids = fields.One2many("backorder.run.group", "run_id", readonly=True)
    simulated_at = fields.Datetime("Simulated On", readonly=True, copy=False)
    applied_at = fields.Datetime("Applied On", readonly=True, copy=False)
    undone_at = fields.Datetime("Undone On", readonly=True, copy=False)
    queued = fields.Boolean(
        readonly=True, copy=False, index=True, help="A scheduled action will do it."
    )
    queued_until = fields.Datetime(
        "Not Before", readonly=True, copy=False, help="When it is tried again."
    )
    attempts = fields.Integer(readonly=True, copy=False)
    error = fields.Text(readonly=True, copy=False)
    note = fields.Text(readonly=True, copy=False)
    # ---------------------------------------------------------------- what it achieved
    demand_count = fields.Integer("Demands", readonly=True, copy=False)
    gain_count = fields.Integer("Gains", readonly=True, copy=False)
    loss_count = fields.Integer("Losses", readonly=True, copy=False)
    covered = fields.Integer("Demands Covered", readonly=True, copy=False)
    completed = fields.Integer("Orders Complete", readonly=True, copy=False)
    value = fields.Monetary("Value of Held Goods", readonly=True, copy=False)
    waiting = fields.Integer("Longest Wait (days)", readonly=True, copy=False)
    before_covered = fields.Integer("Covered Before", readonly=True, copy=False)
    before_completed = fields.Integer("Complete Before", readonly=True, copy=False)
    before_value = fields.Monetary("Value Before", readonly=True, copy=False)
    before_waiting = fields.Integer("Wait Before", readonly=True, copy=False)
    sequence_covered = fields.Integer(readonly=True, copy=False)
    sequence_completed = fields.Integer(readonly=True, copy=False)
    sequence_value = fields.Monetary(readonly=True, copy=False)
    sequence_waiting = fields.Integer(readonly=True, copy=False)
    value_released = fields.Monetary(
        compute="_compute_value_released",
        help="What the orders pay for the goods that this run gave to demands, less "
        "what it took from others.",
    )
    sequence_value_released = fields.Monetary(compute="_compute_value_released")
    bound = fields.Float(
        "At Most Possible",
        readonly=True,
        copy=False,
        help="No choice of orders whatever could complete more than this.",
    )
    chosen_value = fields.Float("Chosen", readonly=True, copy=False)
    exact = fields.Boolean("Proven Best", readonly=True, copy=False)
    solver = fields.Char(readonly=True, copy=False)
    unaided = fields.Boolean(
        readonly=True, help="A solver might have found better; none is installed."
    )
    seconds = fields.Float("Duration (s)", digits=(16, 3), readonly=True, copy=False)
    currency_id = fields.Many2one(related="company_id.currency_id")

    @api.depends("company_id", "warehouse_id")
    def _compute_strategy_id(self):
        for run in self:
            run.strategy_id = self.env["backorder.strategy"]._get_for(
                run.company_id, run.warehouse_id
            )

    @api.depends("value", "before_value", "sequence_value")
    def _compute_value_released(self):
        for run in self:
            run.value_released = run.value - run.before_value
            run.sequence_value_released = run.sequence_value - run.before_value

    @api.model
    def default_get(self, fields):
        # Neither a context nor a default of the user's own decides for a run.
        values = super().default_get(fields)
        if self.env.su:
            return values
        for name in self._get_decided_fields() & values.keys():
            default = self._fields[name].default
            if default:
                values[name] = default(self)
            else:
                del values[name]
        return values

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_decision(vals)
            vals["narrowed"] = bool(
                _has_any(vals.get("product_ids")) or _has_any(vals.get("sale_line_ids"))
            )
            if not vals.get("name"):
                # sudo: whoever may simulate need not manage sequences
                sequence = self.env["ir.sequence"].sudo()
                vals["name"] = sequence.next_by_code("backorder.run") or "/"
        return super().create(vals_list)

    def write(self, vals):
        self._check_no_decision(vals)
        if not SCOPE_FIELDS.isdisjoint(vals):
            if applied := self.filtered(lambda run: run.state in ("applied", "undone")):
                raise UserError(
                    self.env._(
                        "%(names)s has been applied: start another run for other "
                        "demands.",
                        names=", ".join(applied.mapped("name")),
                    )
                )
            self._check_not_automatic()
            # a proposal for other demands is none
            proposed = self.filtered(lambda run: run.state == "proposed")
            if not self.env.su:
                proposed._forget_queued()
            super(BackorderRun, proposed.sudo()).write({"state": "draft"})
        result = super().write(vals)
        if "product_ids" in vals or "sale_line_ids" in vals:
            for run in self.sudo():  # whoever may say what it is about
                run.narrowed = bool(run.product_ids or run.sale_line_ids)
        return result

    def _check_not_automatic(self):
        """
        :raise UserError: a scheduled action is about to simulate and apply it
        """
        automatic = self.filtered(lambda run: run.queued and not run.asked_by_id)
        if automatic and not self.env.su:
            raise UserError(
                self.env._(
                    "A scheduled action is about to do %(names)s. Start another run.",
                    names=", ".join(automatic.mapped("name")),
                )
            )

    def _check_no_decision(self, vals):
        """What runs decide is written by them alone.

        :raise AccessError: somebody tries to, such as to have a run applied that he
            may not apply
        """
        if self.env.su:
            return
        own = [name for name in vals if name in self._fields]
        if decided := [name for name in own if name in self._get_decided_fields()]:
            raise AccessError(
                self.env._(
                    "Only the run itself sets %(fields)s. Use its buttons.",
                    fields=", ".join(decided),
                )
            )

    @api.model
    def _get_decided_fields(self) -> set[str]:
        return {
            name
            for name, field in self._fields.items()
            if field.readonly and field._module == "backorder_management"
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if applied := self.filtered(lambda run: run.state in ("applied", "undone")):
            raise UserError(
                self.env._(
                    "%(names)s moved reservations and cannot be deleted: its lines "
                    "explain them.",
                    names=", ".join(applied.mapped("name")),
                )
            )

    # --------------------------------------------------------------------- actions

    def action_simulate(self):
        """Propose who keeps, gains and loses; reserves nothing."""
        for run in self:
            run._check_state("draft", "proposed", "failed")
            run._check_not_automatic()
            run._forget_queued()
            # that a manager could not apply it is not mended by another proposal
            mended = run.state == "failed" or run._is_manager()
            run._simulate()
            run._close_failures(None if mended else self.env.uid)
        return True

    def action_apply(self):
        """Do exactly what was proposed.

        A connected group of demands and products whose facts changed since is refused
        by name; the rest is applied.

        :raise UserError: nothing can be applied
        """
        self._check_manager()
        for run in self:
            run._lock()
            run._check_state("proposed")
            run._claim()
            run._forget_queued()
            with self.env.cr.savepoint():
                run._apply()
                run._check_applied()
            run._close_failures()
        return True

    def action_undo(self):
        """Put every reservation back, or name each that cannot be.

        :raise UserError: nothing can be put back
        """
        self._check_manager()
        for run in self:
            run._lock()
            run._check_state("applied")
            run._claim()
            run._forget_queued()
            run._undo()
            run._close_failures()
        return True

    def _check_manager(self):
        if not self._is_manager():
            raise AccessError(
                self.env._(
                    "Only backorder managers may apply or undo a reallocation run. Ask "
                    "one of them, or your administrator for the right."
                )
            )
        self.check_access("write")

    @api.model
    def _is_manager(self) -> bool:
        return self.env.su or self.env.user.has_group(MANAGER)

    def _lock(self):
        """
        :raise UserError: somebody else is working on the run
        """
        # sudo: the lock only, the right to write has been checked
        if not self.sudo().try_lock_for_update():
            raise UserError(
                self.env._(
                    "Somebody else is just working on %(run)s. Try again in a moment.",
                    run=self.name,
                )
            )
        self.invalidate_recordset(["state"])

    def _check_state(self, *allowed):
        if self.state in allowed:
            return
        messages = {
            "draft": self.env._("%s has not been simulated yet.", self.name),
            "proposed": self.env._("%s has not been applied yet.", self.name),
            "applied": self.env._("%s has already been applied.", self.name),
            "undone": self.env._("%s has already been undone.", self.name),
            "failed": self.env._("%s has failed. Simulate it again.", self.name),
        }
        raise UserError(messages[self.state])

    # ----------------------------------------------------------------- what to open

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_open_apply(self):
        """Ask before applying, with the effect in words."""
        return self._open_confirm("apply", self.env._("Apply %s", self.name))

    def action_open_undo(self):
        """Ask before undoing, with the effect in words."""
        return self._open_confirm("undo", self.env._("Undo %s", self.name))

    def _open_confirm(self, operation: str, title: str):
        self.ensure_one()
        self._check_manager()
        self._check_state("proposed" if operation == "apply" else "applied")
        confirm = self.env["backorder.run.confirm"].create(
            {
                "run_id": self.id,
                "operation": operation,
                "simulated_at": self.simulated_at,
            }
        )
        confirm._state_effect()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": confirm._name,
            "res_id": confirm.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "medium"},
        }

    def action_open_gains(self):
        return self._open_lines("gains")

    def action_open_losses(self):
        return self._open_lines("losses")

    def action_open_lines(self):
        return self._open_lines()

    def _open_lines(self, *filters):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "backorder_management.backorder_run_line_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {f"search_default_{name}": 1 for name in filters}
        return action


def _has_any(commands) -> bool:
    """Do these values of a many2many name any record?"""
    return any(
        not isinstance(command, (list, tuple))
        or command[0] in (Command.LINK, Command.CREATE)
        or (command[0] == Command.SET and command[2])
        for command in commands or ()
    )
