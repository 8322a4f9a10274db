"""Runs that are simulated while nobody waits, and how far the one in work is."""

from __future__ import annotations

import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models

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

    _run_unique = models.UniqueIndex("(run_id)")

    @api.model
    def _tell(self, run_id: int, stage: str | None) -> None:
        """Let everybody see at once which stage a run has reached; none: that it is in
        work no more. The work goes on where that cannot be told."""
        try:
            with self.env.registry.cursor() as cr:
                table = api.Environment(cr, SUPERUSER_ID, {})[self._name]
                progress = table.search([("run_id", "=", run_id)])
                if not stage:
                    progress.unlink()
                elif progress:
                    progress.stage = stage
                else:
                    table.create({"run_id": run_id, "stage": stage})
        except psycopg2.Error:  # no connection left, for instance
            _logger.warning("Progress of run %s", run_id, exc_info=True)


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    asked_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="Who has it simulated in the background, and decides then.",
    )
    runs_before = fields.Integer(
        compute="_compute_runs_before", help="Queued runs that come first."
    )
    stage = fields.Selection(
        lambda self: self.env["backorder.run.progress"]._fields["stage"].selection,
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
            run._check_state("draft", "proposed", "failed")
            run._check_not_automatic()
            # sudo: only these buttons queue a run
            run.sudo().asked_by_id = self.env.user
            run.sudo()._queue()
        return True

    def _tell_progress(self, stage: str) -> None:
        if self.env.context.get("backorder_tell_progress"):
            self.env["backorder.run.progress"]._tell(self.id, stage)

    def _tell_who_asked(self) -> None:
        run = self.with_context(lang=self.asked_by_id.lang)
        self.asked_by_id._bus_send(
            "simple_notification",
            {
                "type": "success",
                "title": self.name,
                "message": run.env._("The proposal is there: look at it and decide."),
            },
        )
