"""Runs that are simulated while nobody waits, and how far the one in work is."""

from __future__ import annotations

from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models

# Stages of a run, and how much of its time is over when each begins, in percent, as
# measured with 100,000 demands.
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

    _run_unique = models.UniqueIndex("(run_id)")

    @api.model
    def _tell(self, run_id: int, stage: str) -> None:
        """Let everybody see at once which stage a run has reached."""
        with self._on_own_connection(run_id) as progress:
            if progress:
                progress.stage = stage
            else:
                progress.create({"run_id": run_id, "stage": stage})

    @api.model
    def _forget(self, run_id: int) -> None:
        """The work is over, or put off. That of a killed worker is told anew by the
        next one."""
        with self._on_own_connection(run_id) as progress:
            progress.unlink()

    @contextmanager
    def _on_own_connection(self, run_id: int):
        with self.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            yield env[self._name].search([("run_id", "=", run_id)])


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    asked_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        help="Who has it simulated in the background, and decides then.",
    )
    runs_before = fields.Integer(
        compute="_compute_runs_before", help="Queued runs that come first."
    )
    stage = fields.Selection(
        lambda self: self.env["backorder.run.progress"]._fields["stage"].selection,
        compute="_compute_stage",
    )
    progress = fields.Integer(compute="_compute_stage", help="Percent of the time.")

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
            run._check_state("draft", "proposed", "failed")
            # sudo: only these buttons queue a run
            run.sudo().asked_by_id = self.env.user
            run.sudo()._queue()
        return True

    def _tell_progress(self, stage: str) -> None:
        if self.env.context.get("backorder_tell_progress"):
            self.env["backorder.run.progress"]._tell(self.id, stage)

    def _tell_who_asked(self) -> None:
        self.asked_by_id._bus_send(
            "simple_notification",
            {
                "type": "success",
                "title": self.name,
                "message": self.env._("The proposal is there: look at it and decide."),
            },
        )
