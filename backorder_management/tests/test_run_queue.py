"""Runs that nobody waits for: queued, on schedule, failing, forgotten."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models import backorder_run_queue as run_queue
from ..models.backorder_facts import FactFinder
from .run_common import RunCommon

QUEUE = "backorder_management.ir_cron_run_queue"


@tagged("post_install", "-at_install")
class TestRunQueue(RunCommon, CronMixinCase):
    def test_a_receipt_may_leave_it_to_the_queue(self):
        self.env.company.backorder_on_receipt = "queued"
        order = self._create_order((self.glass, 4))
        with self.capture_triggers(QUEUE) as triggered:
            self._receive((self.glass, 4))
        self.assertEqual(len(triggered.records), 1)
        self.assertReserved(order, 0)
        self._work()
        self.assertReserved(order, 4)

    def test_a_receipt_with_reallocation_switched_off(self):
        self.env.company.backorder_on_receipt = "no"
        order = self._create_order((self.glass, 4))
        self._receive((self.glass, 4))
        self.assertReserved(order, 4)
        self.assertFalse(self.env["backorder.run"].search([]))

    def test_simulated_in_the_background(self):
        """
        GIVEN a user who has a run simulated in the background
        WHEN the scheduled action has done so
        THEN the user is told, nothing is reserved, and a manager may apply it
        """
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        _holder, starred = self._contest(self.glass)
        strategy = self._create_strategy("-star", segments=[("[]", "redistribute")])
        run = self.env["backorder.run"].create({"strategy_id": strategy.id})
        waiting = self.env["backorder.run"].create({})
        with self.capture_triggers(QUEUE) as triggered:
            (run | waiting).with_user(clerk).action_simulate_later()
        self.assertEqual(len(triggered.records), 2)
        self.assertEqual((run.queued, run.runs_before), (True, 0))
        self.assertEqual((waiting.queued, waiting.runs_before), (True, 1))
        self._work()
        self.assertEqual((run.state, run.queued), ("proposed", False))
        self.assertReserved(starred, 0)
        self.env.cr.precommit.run()
        told = self.env["bus.bus"].search([("message", "like", run.name)])
        self.assertIn(f'"res.partner",{clerk.partner_id.id}', told.channel)
        run.action_apply()
        self.assertReserved(starred, 4)

    def test_nobody_steers_a_run_that_is_done_by_itself(self):
        """
        GIVEN a receipt whose run is queued
        WHEN a user gives it other lines or another strategy, or wants to look first
        THEN that is refused, and the goods are divided
        """
        self.env.company.backorder_on_receipt = "queued"
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        order = self._create_order((self.glass, 4))
        self._receive((self.glass, 4))
        run = self.env["backorder.run"].search([]).with_user(clerk)
        message = f"A scheduled action is about to do {run.name}. Start another run"
        for vals in (
            {"strategy_id": self._create_strategy().id},
            {"sale_line_ids": [Command.clear()]},
            {"product_ids": self.cup.ids},
        ):
            with self.assertRaisesRegex(UserError, message):
                run.write(vals)
        with self.assertRaisesRegex(UserError, message):
            run.action_simulate_later()
        self._work()
        self.assertReserved(order, 4)

    def test_whoever_simulates_meanwhile_needs_no_queue(self):
        run = self.env["backorder.run"].create({})
        run.action_simulate_later()
        run.action_simulate()
        self.assertEqual((run.state, run.queued), ("proposed", False))

    def test_progress_of_a_queued_run(self):
        """Others see each stage while the run is in work, and none afterwards."""
        self._contest(self.glass)
        run = self.env["backorder.run"].create({"product_ids": self.glass.ids})
        run._queue()
        table = self.env["backorder.run.progress"]
        tell, seen = type(table)._tell, []

        def told(progress, run_id, stage):
            tell(progress, run_id, stage)
            table.invalidate_model()
            seen.append(table.search([("run_id", "=", run.id)]).stage)

        with patch.object(type(table), "_tell", told):
            self._work()
        self.assertEqual(seen, ["reading", "planning", "storing", "applying", False])
        self.assertFalse(table.search([]))
        self.assertFalse(run.stage)
        run._queue()
        with self.enter_registry_test_mode():
            table._tell(run.id, "planning")
        run.invalidate_recordset(["stage", "progress"])
        self.assertEqual(run.stage, "planning")
        self.assertTrue(0 < run.progress < 100)

    def test_nobody_waits_for_those_who_look(self):
        """A run that is simulated at once tells nothing to others on the way."""
        run = self.env["backorder.run"].create({})
        with patch.object(
            type(self.env["backorder.run.progress"]), "_tell", side_effect=KeyError
        ):
            run.action_simulate()
        self.assertEqual(run.state, "proposed")

    def test_who_asked_is_told_of_a_failure(self):
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        run = self.env["backorder.run"].create({})
        run.with_user(clerk).action_simulate_later()
        with self._broken():
            self._work()
        self.assertEqual((run.state, run.queued), ("failed", True))
        self.assertEqual(run.activity_ids.user_id, clerk)

    def test_a_run_that_fails_stops_no_receipt(self):
        """It is recorded with its traceback, somebody is told, and it is retried."""
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        self.env.company.backorder_responsible_id = chief
        order = self._create_order((self.glass, 4))
        with self._broken():
            receipt = self._receive((self.glass, 4))
        run = self.env["backorder.run"].search([])
        self.assertEqual([run.state, run.queued, run.attempts], ["failed", True, 1])
        self.assertIn("KeyError: 'broken'", run.error)
        self.assertIn("Traceback", run.error)
        self.assertEqual(run.activity_ids.user_id, chief)
        self.assertEqual(receipt.state, "done")
        self.assertReserved(order, 0)
        self._work()
        self.assertEqual([run.state, run.queued, run.error], ["applied", False, False])
        self.assertReserved(order, 4)

    def test_a_run_that_always_fails_is_given_up(self):
        self._create_order((self.glass, 4))
        with self._broken():
            self._receive((self.glass, 4))
            for _attempt in range(4):
                self._work()
        run = self.env["backorder.run"].search([])
        self.assertEqual([run.state, run.queued, run.attempts], ["failed", False, 3])
        summaries = run.activity_ids.mapped("note")
        self.assertEqual(len(summaries), 2)
        self.assertIn("failed again", summaries[1])

    def test_a_run_about_nothing_stops_no_other_one(self):
        """
        GIVEN a queued run about a line of a quotation, which wants no goods yet, and
            another one behind it
        WHEN the scheduled action comes
        THEN the first one fails and says so, and the other one is done
        """
        order = self._create_order((self.glass, 4))
        self._put_stock(self.glass, 4)
        quotation = order.copy()
        empty, other = self.env["backorder.run"].create(
            [
                {"sale_line_ids": quotation.order_line.ids},
                {"product_ids": self.glass.ids},
            ]
        )
        empty._queue()
        other._queue()
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual(empty.state, "failed")
        self.assertIn("are gone. Start another run", empty.note)
        self.assertEqual(other.state, "applied")
        self.assertReserved(order, 4)

    def test_what_another_worker_has_just_done_is_not_done_again(self):
        run = self.env["backorder.run"].create({})
        run._queue()
        self.env.flush_all()
        Run = type(run)
        lock = Run.try_lock_for_update

        def lock_late(record, **options):
            self.env.cr.execute(
                "UPDATE backorder_run SET queued = false WHERE id = %s", [run.id]
            )
            return lock(record, **options)

        with (
            patch.object(Run, "try_lock_for_update", lock_late),
            patch.object(self.env.cr, "rollback") as rollback,
        ):
            self.assertFalse(run._take_next(set()))
        rollback.assert_called_once()

    def test_a_failed_run_waits_before_it_is_tried_again(self):
        self._create_order((self.glass, 4))
        with self._broken():
            self._receive((self.glass, 4))
        with self.enter_registry_test_mode():
            self.env.ref(QUEUE).method_direct_trigger()
        self.env.invalidate_all()
        run = self.env["backorder.run"].search([])
        self.assertEqual([run.state, run.attempts], ["failed", 1])

    def test_every_night_each_warehouse(self):
        other = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC"})
        orders = self._create_order((self.glass, 4))
        orders |= self._create_order((self.cup, 2), warehouse_id=other.id)
        self._put_stock(self.glass, 4)
        self._put_stock(self.cup, 2, location=other.lot_stock_id)
        with self.enter_registry_test_mode():
            self.env.ref(
                "backorder_management.ir_cron_run_schedule"
            ).method_direct_trigger()
        runs = self.env["backorder.run"].search([("queued", "=", True)])
        here = runs.filtered(lambda run: self.glass in run.product_ids)
        there = runs.filtered(lambda run: self.cup in run.product_ids)
        self.assertEqual(
            [here.warehouse_id, there.warehouse_id], [self.warehouse, other]
        )
        self._work()
        self.assertReserved(orders[0], 4)
        self.assertReserved(orders[1], 2)

    def test_freed_stock_is_passed_on_by_a_run(self):
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 4))
        second = self._create_order((self.glass, 3))
        first._action_cancel()
        self.assertReserved(second, 3)
        run = self.env["backorder.run"].search([], limit=1)
        self.assertEqual([run.trigger, run.state], ["stock", "applied"])

    def test_lines_go_and_figures_stay(self):
        self._put_stock(self.glass, 4)
        self._create_order((self.glass, 4))
        old = self._simulate(product_ids=self.glass.ids)
        applied = self._simulate(product_ids=self.glass.ids)
        applied.sudo().state = "applied"
        fresh = self._simulate(product_ids=self.glass.ids)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE backorder_run SET create_date = %s WHERE id = ANY(%s)",
            [fields.Datetime.now() - timedelta(days=91), (old | applied).ids],
        )
        self.env.invalidate_all()
        with patch.object(run_queue, "GC_UNLINK_LIMIT", 1):  # no two at once
            self.assertEqual(self.env["backorder.run"]._gc_lines(), (1, 1))
            self.assertEqual(self.env["backorder.run"]._gc_lines(), (1, 0))
        self.assertFalse(old.exists())
        self.assertFalse(applied.line_ids)
        self.assertEqual(applied.demand_count, 1)
        self.assertTrue(fresh.line_ids)

    def test_nobody_has_a_run_applied_by_the_back_door(self):
        user = new_test_user(
            self.env, "planner", "backorder_management.group_backorder_user"
        )
        Run = self.env["backorder.run"].with_user(user)
        run = Run.create({"product_ids": self.glass.ids})
        for vals in ({"queued": True}, {"state": "applied"}, {"trigger": "stock"}):
            with self.assertRaises(AccessError):
                run.write(vals)
            with self.assertRaises(AccessError):
                Run.create(vals)
        decided = Run.with_context(
            default_queued=True, default_state="applied", default_trigger="stock"
        ).create({})
        self.assertFalse(decided.queued)
        self.assertEqual((decided.state, decided.trigger), ("draft", "user"))
        self.env["ir.default"].set("backorder.run", "queued", True, user_id=user.id)
        self.assertFalse(Run.create({}).queued)

    @contextmanager
    def _broken(self):
        """Runs fail, and say so in the log."""
        with (
            patch.object(FactFinder, "find", side_effect=KeyError("broken")),
            self.assertLogs("odoo.addons.backorder_management", "ERROR"),
        ):
            yield

    def _work(self):
        # some minutes later
        self.env["backorder.run"].search([("queued", "=", True)]).queued_until = False
        with self.enter_registry_test_mode():
            self.env.ref(QUEUE).method_direct_trigger()
        self.env.invalidate_all()
