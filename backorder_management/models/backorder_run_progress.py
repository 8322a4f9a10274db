"""Runs that are simulated while nobody waits, and how far the one in work is."""

from __future__ import annotations

import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .selections import get_choices_of

_logger = logging.getLogger(__name__)

# Stages of a run, and what is shown in percent when each begins: a rough guide.
STAGES = {"reading": 1, "planning": 40, "storing": 60, "applying": 85}


class BackorderRunProgress(models.Model):
    """How far a scheduled action is with a run.

    Told on a connection of its own, since nobody sees what the run's transaction does
    before it ends. No foreign key: that would wait for the very run, which is locked.
    """

    _name = "backorder.run.progress"
    _description = "Progress of a Reallocation Run"
    _log_access = False

    run_id = fields.Integer(required=True, readonly=True)
    stage = fields.Selection(
        [
            ("reading", "Reading demands and stock"),
            ("planning", "Dividing the goods"),
            ("storing", "Writing the proposal"),
            ("applying", "Moving reservations"),
        ],
        required=True,
        readonly=True,
    )

    begun = fields.Integer(
        readonly=True, help="How often it was begun since it last came to an end."
    )

    _run_unique = models.UniqueIndex("(run_id)")

    @api.model
    def _tell(self, run_id: int, stage: str | None) -> None:
        """Let everybody see at once which stage a run has reached; none: that it is in
        work no more."""
        self._do_apart("_set_stage", run_id, stage)

    @api.model
    def _begin(self, run_id: int) -> int:
        """Remember that a run is begun, whatever becomes of this process.

        :return: how often it was, this time included; 0 where that cannot be told
        """
        return self._do_apart("_count_begin", run_id) or 0

    @api.model
    def _forget_finished(self) -> None:
        """Forget runs that are done, of workers killed just before they told."""
        self._do_apart("_delete_finished")

    @api.model
    def _do_apart(self, method: str, *args):
        """On a connection of its own; the work goes on where that fails."""
        try:
            with self.env.registry.cursor() as cr:
                table = api.Environment(cr, SUPERUSER_ID, {})[self._name]
                return getattr(table, method)(*args)
        except psycopg2.Error:  # no connection left, for instance
            _logger.warning("Progress of a run: %s%s", method, args, exc_info=True)
            return None

    @api.model
    def _set_stage(self, run_id: int, stage: str | None) -> None:
        progress = self.search([("run_id", "=", run_id)])
        if not stage:
            progress.unlink()
        elif progress:
            progress.stage = stage
        else:
            self.create({"run_id": run_id, "stage": stage})

    @api.model
    def _delete_finished(self) -> None:
        queued = self.env["backorder.run"].search([("queued", "=", True)])
        self.search([("run_id", "not in", queued.ids)]).unlink()

    @api.model
    def _count_begin(self, run_id: int) -> int:
        self._set_stage(run_id, "reading")
        progress = self.search([("run_id", "=", run_id)])
        progress.begun += 1
        return progress.begun


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    asked_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Who has it done in the background, until it is done.",
    )
    queued_operation = fields.Selection(
        [("apply", "Apply"), ("undo", "Undo")],
        readonly=True,
        copy=False,
        help="What is to be done in the background. Empty: a proposal.",
    )
    runs_before = fields.Integer(
        compute="_compute_runs_before", help="Queued runs that come first."
    )
    stage = fields.Selection(
        get_choices_of("backorder.run.progress", "stage"),
        compute="_compute_stage",
    )
    progress = fields.Integer(compute="_compute_stage", help="Percent, roughly.")

    def _compute_runs_before(self):
        for run in self:
            run.runs_before = (
                self.sudo().search_count(  # of whatever company
                    [("queued", "=", True), ("id", "<", run.id)]
                )
                if run.queued
                else 0
            )

    def _compute_stage(self):
        # sudo: how far a run is may be seen by whoever may see the run
        told = self.env["backorder.run.progress"].sudo()
        stages = {
            progress.run_id: progress.stage
            for progress in told.search([("run_id", "in", self.ids)])
        }
        for run in self:
            run.stage = run.queued and stages.get(run.id)
            run.progress = STAGES.get(run.stage, 0)

    def action_simulate_later(self):
        """Have a scheduled action propose; whoever asked is told when it has."""
        for run in self:
            run.check_access("write")
            run._lock()
            run._check_state("draft", "proposed", "failed")
            run._check_not_automatic()
            run._forget_queued()
            run._queue_for_user(False)
        return True

    def action_apply_later(self):
        """Have a scheduled action apply what is proposed, and tell who asked.

        :raise UserError: nothing is proposed
        """
        return self._do_later("apply", "proposed")

    def action_undo_later(self):
        """Have a scheduled action undo what was applied, and tell who asked.

        :raise UserError: it is not applied
        """
        return self._do_later("undo", "applied")

    def _do_later(self, operation: str, state: str):
        self._check_manager()
        for run in self:
            run._lock()
            run._check_state(state)
            run._queue_for_user(operation)
        return True

    def _queue_for_user(self, operation: str | bool) -> None:
        # sudo: whoever asks again has it begun anew
        self.env["backorder.run.progress"].sudo()._set_stage(self.id, None)
        # sudo: only the buttons queue a run
        run = self.sudo()
        run.write({"asked_by_id": self.env.uid, "queued_operation": operation})
        run._queue()

    def _forget_queued(self) -> None:
        """Somebody does by hand what he or another wanted done in the background.

        :raise UserError: a manager has decided otherwise
        """
        # sudo: as when it was queued
        asked = self.sudo().filtered(lambda run: run.queued and run.asked_by_id)
        decided = asked.filtered(
            lambda run: run.queued_operation and run.asked_by_id != self.env.user
        )
        if decided and not self._is_manager():
            raise UserError(
                self.env._(
                    "%(user)s has decided about %(run)s, and a scheduled action is "
                    "about to do it. Start another run.",
                    user=decided[0].asked_by_id.name,
                    run=decided[0].name,
                )
            )
        asked.write({"queued": False, "queued_operation": False})

    def _do_for_user(self) -> None:
        """What somebody wanted done in the background, with the rights he has now."""
        user = self.asked_by_id
        if not (user.active or user._is_superuser()):
            raise UserError(
                self.env._("%(user)s, who wanted it done, has left.", user=user.name)
            )
        run = self.with_user(user).with_context(lang=user.lang)
        if self.queued_operation == "apply":
            run.action_apply()
            message = run.env._("It has been applied.")
        elif self.queued_operation == "undo":
            run.action_undo()
            message = run.env._("It has been undone.")
        else:
            run.check_access("write")
            run._check_state("draft", "proposed", "failed")
            self._simulate()
            message = run.env._("The proposal is there: look at it and decide.")
        self.write({"asked_by_id": False, "queued_operation": False})
        user._bus_send(
            "simple_notification",
            {"type": "success", "title": self.name, "message": message},
        )

    def _leave_to_user(self, error: Exception, details: str) -> None:
        """What could not be applied, or undone, stays as it is: a person decides."""
        vals = {"error": details, "queued": False, "queued_operation": False}
        if self.state == "proposed":  # of what was applied, the note says what was not
            vals["note"] = str(error)
        self.write(vals)
        self._for_responsible()._ask_responsible(str(error))
        self.asked_by_id = False

    def _tell_progress(self, stage: str) -> None:
        if self.env.context.get("backorder_tell_progress"):
            self.env["backorder.run.progress"]._tell(self.id, stage)
