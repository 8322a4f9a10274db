"""Runs that nobody waits for: queued, on schedule, failing, forgotten."""

from contextlib import closing, contextmanager
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.sql_db import db_connect
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

    def test_applied_and_undone_in_the_background(self):
        """
        GIVEN a proposal that takes 4 glasses from one order for another
        WHEN a manager has it applied in the background, and undone later
        THEN the goods move when the scheduled action comes, in the manager's name, and
            he is told each time
        """
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        holder, starred = self._contest(self.glass)
        run = self._propose()
        run.with_user(chief).action_apply_later()
        self.assertEqual((run.queued, run.queued_operation), (True, "apply"))
        self.assertReserved(starred, 0)
        self._work()
        self.assertEqual((run.state, run.queued), ("applied", False))
        self.assertFalse(run.queued_operation)
        self.assertReserved(starred, 4)
        self.assertReserved(holder, 0)
        self.assertEqual(holder.message_ids[:1].author_id, chief.partner_id)
        run.with_user(chief).action_undo_later()
        self.assertReserved(starred, 4)
        self._work()
        self.assertEqual((run.state, run.queued), ("undone", False))
        self.assertReserved(holder, 4)
        self.env.cr.precommit.run()
        told = self.env["bus.bus"].search([("message", "like", run.name)])
        self.assertIn("It has been applied.", told[0].message)
        self.assertIn("It has been undone.", told[1].message)
        self.assertIn(f'"res.partner",{chief.partner_id.id}', told[1].channel)

    def test_what_cannot_be_applied_in_the_background_is_left_to_who_asked(self):
        """
        GIVEN a proposal that somebody has applied in the background
        WHEN the goods are gone before the scheduled action comes
        THEN nothing moves, the proposal stays, whoever asked is told why, and it is
            not tried again
        """
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        holder, starred = self._contest(self.glass)
        run = self._propose()
        run.with_user(chief).action_apply_later()
        holder.picking_ids.move_ids.picked = True
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual((run.state, run.queued), ("proposed", False))
        self.assertFalse(run.queued_operation)
        self.assertIn("can be applied any more. Simulate it again", run.note)
        self.assertEqual(run.activity_ids.user_id, chief)
        self.assertReserved(starred, 0)
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        run.with_user(clerk).action_simulate()
        self.assertEqual(run.activity_ids.user_id, chief)
        run.with_user(chief).action_simulate()
        self.assertFalse(run.activity_ids)

    def test_who_may_not_apply_may_not_have_it_applied(self):
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        self._contest(self.glass)
        run = self._propose()
        with self.assertRaisesRegex(AccessError, "Only backorder managers"):
            run.with_user(clerk).action_apply_later()
        with self.assertRaisesRegex(UserError, "has not been applied yet"):
            run.action_undo_later()
        # nor whoever may no more when its turn comes
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        run.with_user(chief).action_apply_later()
        chief.group_ids = self.env.ref("backorder_management.group_backorder_user")
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual(run.state, "proposed")
        self.assertIn("Only backorder managers", run.note)

    def test_whoever_has_left_applies_nothing(self):
        """Neither does his request stop the queue; the responsible is told."""
        leaver, chief = (
            new_test_user(
                self.env, login, "backorder_management.group_backorder_manager"
            )
            for login in ("leaver", "chief")
        )
        self.env.company.backorder_responsible_id = chief
        holder, _starred = self._contest(self.glass)
        run = self._propose()
        run.with_user(leaver).action_apply_later()
        leaver.active = False
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual((run.state, run.queued), ("proposed", False))
        self.assertIn("who wanted it done, has left", run.note)
        self.assertEqual(run.activity_ids.user_id, chief)
        self.assertReserved(holder, 4)

    def test_what_a_manager_has_decided_stays_decided(self):
        """
        GIVEN a proposal that a manager has applied in the background
        WHEN a clerk simulates it again, at once or in the background
        THEN that is refused, and the goods move; a manager may change his mind
        """
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        _holder, starred = self._contest(self.glass)
        run = self._propose()
        run.with_user(chief).action_apply_later()
        message = f"has decided about {run.name}.* Start another run"
        with self.assertRaisesRegex(UserError, message):
            run.with_user(clerk).action_simulate()
        with self.assertRaisesRegex(UserError, message):
            run.with_user(clerk).action_simulate_later()
        with self.assertRaisesRegex(UserError, message):
            run.with_user(clerk).product_ids = self.cup
        self.assertEqual((run.state, run.queued), ("proposed", True))
        self.assertEqual(run.queued_operation, "apply")
        run.with_user(chief).action_simulate()
        self.assertFalse(run.queued)
        run.with_user(chief).action_apply_later()
        self._work()
        self.assertReserved(starred, 4)

    def test_who_lost_his_right_gets_no_proposal(self):
        """Nor is he asked to look after what failed, if there is somebody else."""
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        self.env.company.backorder_responsible_id = chief
        run = self.env["backorder.run"].create({})
        run.with_user(clerk).action_simulate_later()
        clerk.group_ids = self.env.ref("base.group_user")
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual(run.state, "failed")
        self.assertFalse(run.line_ids)
        self.assertEqual(run.activity_ids.user_id, chief)

    def test_who_asked_may_be_deleted_when_it_is_done(self):
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        run = self.env["backorder.run"].create({})
        run.with_user(clerk).action_simulate_later()
        self._work()
        self.assertEqual(run.state, "proposed")
        clerk.unlink()
        self.assertFalse(run.queued)

    def test_an_undo_that_fails_leaves_the_note_of_applying(self):
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        _holder, starred = self._contest(self.glass)
        run = self._propose()
        run.action_apply()
        run.note = "G00001 was left out."
        run.with_user(chief).action_undo_later()
        starred.picking_ids.move_ids.picked = True
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual((run.state, run.queued), ("applied", False))
        self.assertEqual(run.note, "G00001 was left out.")
        self.assertIn("can be put back", run.activity_ids.note)
        self.assertEqual(run.activity_ids.user_id, chief)
        self.assertReserved(starred, 4)

    def test_what_is_done_by_hand_needs_no_care_any_more(self):
        """
        GIVEN a run that was given up, so that the responsible is asked to look after it
        WHEN somebody else simulates it by hand
        THEN the activity is gone; one that a person has made stays
        """
        clerk = new_test_user(
            self.env, "clerk", "backorder_management.group_backorder_user"
        )
        run = self.env["backorder.run"].create({})
        run._queue()
        with self._broken():
            for _attempt in range(3):
                self._work()
        asked = run.activity_ids
        self.assertEqual(len(asked), 2)
        own = run.activity_schedule(  # by a person, or another add-on
            "mail.mail_activity_data_todo", summary="Call Ann"
        )
        run.with_user(clerk).action_simulate()
        self.assertEqual((run.state, run.attempts), ("proposed", 0))
        self.assertFalse(asked.exists())
        self.assertEqual(run.activity_ids, own)

    def test_whoever_decides_by_hand_needs_no_queue(self):
        _holder, starred = self._contest(self.glass)
        run = self._propose()
        run.action_apply_later()
        run.action_simulate()
        self.assertEqual((run.queued, run.queued_operation), (False, False))
        run.action_apply_later()
        run.action_apply()
        self.assertEqual((run.state, run.queued), ("applied", False))
        self._work()
        self.assertEqual(run.state, "applied")
        self.assertReserved(starred, 4)

    def _propose(self):
        strategy = self._create_strategy("-star", segments=[("[]", "redistribute")])
        return self._simulate(strategy, product_ids=self.glass.ids)

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
        with self.assertRaisesRegex(UserError, message):
            run.action_simulate()
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
        self.assertFalse(table.search([("run_id", "=", run.id)]))
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

    def test_a_receipt_waits_for_nobody(self):
        """
        GIVEN another transaction is dividing the same product
        WHEN goods of it come in
        THEN the receipt is validated at once, and a scheduled action divides them later
        """
        order = self._create_order((self.glass, 4))
        with closing(db_connect(self.env.cr.dbname).cursor()) as other:
            other.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)",
                [run_queue.LOCK_SPACE, self.glass.id % run_queue.LOCKS],
            )
            receipt = self._receive((self.glass, 4))
        run = self.env["backorder.run"].search([("product_ids", "in", self.glass.ids)])
        self.assertEqual(
            (receipt.state, run.state, run.queued), ("done", "draft", True)
        )
        self.assertReserved(order, 0)
        self._work()
        self.assertReserved(order, 4)

    def test_nobody_applies_what_another_one_is_dividing(self):
        order = self._create_order((self.glass, 4))
        self._put_stock(self.glass, 4)
        run = self.env["backorder.run"].create({"product_ids": self.glass.ids})
        run.action_simulate()
        with closing(db_connect(self.env.cr.dbname).cursor()) as other:
            other.execute(
                "SELECT pg_advisory_xact_lock(%s, %s)",
                [run_queue.LOCK_SPACE, self.glass.id % run_queue.LOCKS],
            )
            with self.assertRaisesRegex(UserError, "Try again in a moment"):
                run.action_apply()
        self.assertReserved(order, 0)
        run.action_apply()
        self.assertReserved(order, 4)

    def test_even_looking_how_long_it_takes_stops_no_receipt(self):
        order = self._create_order((self.glass, 4))
        with (
            patch.object(FactFinder, "get_products", side_effect=KeyError("broken")),
            self.assertLogs("odoo.addons.backorder_management", "ERROR"),
        ):
            receipt = self._receive((self.glass, 4))
        run = self.env["backorder.run"].search([("product_ids", "in", self.glass.ids)])
        self.assertEqual(
            (receipt.state, run.state, run.queued), ("done", "failed", True)
        )
        self._work()
        self.assertReserved(order, 4)

    def test_a_count_starts_a_run(self):
        order = self._create_order((self.glass, 4))
        self.env["stock.quant"].with_context(inventory_mode=True).create(
            {
                "product_id": self.glass.id,
                "location_id": self.stock.id,
                "inventory_quantity": 4,
            }
        ).action_apply_inventory()
        run = self.env["backorder.run"].search([("product_ids", "in", self.glass.ids)])
        self.assertEqual((run.trigger, run.state), ("stock", "applied"))
        self.assertReserved(order, 4)

    def test_a_finished_production_starts_a_run(self):
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        order = self._create_order((self.glass, 4))
        production = self.env["mrp.production"].create(
            {"product_id": self.glass.id, "product_qty": 4}
        )
        production.action_confirm()
        production.qty_producing = 4
        production.button_mark_done()
        run = self.env["backorder.run"].search([("product_ids", "in", self.glass.ids)])
        self.assertEqual((run.trigger, run.state), ("stock", "applied"))
        self.assertReserved(order, 4)

    def test_pins_that_are_over_are_released_at_night(self):
        first, second = (self._create_order((self.glass, 4)) for _each in range(2))
        day = fields.Date.today()
        first.order_line._pin("promised by phone", day)
        second.order_line._pin("promised by phone", day + timedelta(days=5))
        first.order_line.sudo().backorder_pinned_until = day - timedelta(days=2)
        with self.enter_registry_test_mode():
            self.env.ref(
                "backorder_management.ir_cron_run_schedule"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertFalse(first.order_line.backorder_pinned)
        self.assertTrue(second.order_line.backorder_pinned)
        self.assertIn("released", first.message_ids[:1].body)

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

    def test_a_responsible_who_may_see_no_runs_is_not_asked(self):
        """Odoo refuses activities for who may not see the document: a manager is asked,
        and the receipt is validated."""
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        clerk = new_test_user(self.env, "clerk", "base.group_user")
        managers = self.env.ref("backorder_management.group_backorder_manager")
        for responsible in (clerk, chief.copy({"login": "gone", "active": False})):
            self.env.company.backorder_responsible_id = responsible
            self._create_order((self.glass, 4))
            with self._broken():
                receipt = self._receive((self.glass, 4))
            run = self.env["backorder.run"].search([], limit=1)
            self.assertEqual((receipt.state, run.state), ("done", "failed"))
            self.assertIn(run.activity_ids.user_id, managers.all_user_ids)
            self.assertNotEqual(run.activity_ids.user_id, responsible)

    def test_that_nobody_can_be_asked_stops_no_receipt(self):
        self._create_order((self.glass, 4))
        Run = type(self.env["backorder.run"])
        with (
            self._broken(),
            patch.object(Run, "activity_schedule", side_effect=KeyError("mail")),
        ):
            receipt = self._receive((self.glass, 4))
        run = self.env["backorder.run"].search([], limit=1)
        self.assertEqual((receipt.state, run.state), ("done", "failed"))

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

    def test_a_run_whose_worker_is_stopped_each_time_is_given_up(self):
        """
        GIVEN a run that was begun three times and never came to an end, as where it
            takes longer than Odoo lets its workers live
        WHEN a scheduled action takes it again
        THEN it is not begun, the responsible is told, and other runs have their turn
        AND who wants it simulated once more has it begun again
        """
        chief = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        self.env.company.backorder_responsible_id = chief
        order = self._create_order((self.glass, 4))
        self._put_stock(self.glass, 4)
        deadly, other = self.env["backorder.run"].create(
            [{"product_ids": self.glass.ids}, {"product_ids": self.cup.ids}]
        )
        deadly._queue()
        other._queue()
        progress = self.env["backorder.run.progress"]
        with self.enter_registry_test_mode():
            self.assertEqual([progress._begin(deadly.id) for _ in range(3)], [1, 2, 3])
        with self.assertLogs("odoo.addons.backorder_management", "ERROR"):
            self._work()
        self.assertEqual((deadly.state, deadly.queued), ("failed", False))
        self.assertIn("begun 3 times and never came to an end", deadly.note)
        self.assertIn("failed again", deadly.activity_ids.note)
        self.assertEqual(deadly.activity_ids.user_id, chief)
        self.assertEqual(other.state, "applied")
        self.assertReserved(order, 0)
        deadly.action_simulate_later()
        self._work()
        self.assertEqual((deadly.state, deadly.queued), ("proposed", False))
        self.assertFalse(deadly.activity_ids)

    def test_it_counts_as_begun_until_it_is_committed(self):
        """A worker may be stopped while it commits, too."""
        run = self.env["backorder.run"].create({})
        run._queue()
        progress = self.env["backorder.run.progress"]
        begun = []

        def look(cron, *args, **options):
            progress.invalidate_model()
            begun.append(progress.search([("run_id", "=", run.id)]).begun)
            return commit(cron, *args, **options)

        Cron = type(self.env["ir.cron"])
        commit = Cron._commit_progress
        with patch.object(Cron, "_commit_progress", look):
            self._work()
        self.assertEqual(begun[:1], [1])
        self.assertFalse(progress.search([("run_id", "=", run.id)]))

    def test_worker_killed_between_its_commit_and_telling_so(self):
        """The next one forgets how far a run was that is done."""
        done, waiting = self.env["backorder.run"].create([{}, {}])
        waiting._queue()
        self.env.flush_all()  # the progress is told on another connection
        progress = self.env["backorder.run.progress"]
        with self.enter_registry_test_mode():
            progress._tell(done.id, "applying")
            progress._tell(waiting.id, "reading")
            progress._forget_finished()
            progress.invalidate_model()
            self.assertEqual(progress.search([]).mapped("run_id"), [waiting.id])
            progress._tell(done.id, "applying")
        self._work()
        progress.invalidate_model()
        self.assertFalse(progress.search([]))

    def test_many_products_need_few_locks(self):
        """PostgreSQL has room for some thousand locks in all: a run about everything
        must not need one for each product."""
        for index in range(5):
            self._create_order((self._create_product(f"Plate {index}"), 1))
        run = self.env["backorder.run"].create({})
        with patch.object(run_queue, "LOCKS", 2):
            self.assertTrue(run._claim_products())
        self.env.cr.execute(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory'"
            " AND classid = %s AND pid = pg_backend_pid() ORDER BY objid",
            [run_queue.LOCK_SPACE],
        )
        self.assertEqual(self.env.cr.fetchall(), [(0,), (1,)])

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

    def test_the_hour_of_the_night_is_the_users(self):
        """The settings show and set when the schedule begins, and leave it alone
        otherwise."""
        schedule = self.env.ref("backorder_management.ir_cron_run_schedule")
        schedule.nextcall = "2126-03-02 01:00:00"
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(str(settings.backorder_nightly_next), "2126-03-02 01:00:00")
        settings.execute()
        self.assertEqual(str(schedule.nextcall), "2126-03-02 01:00:00")
        settings.backorder_nightly_next = "2126-03-02 20:30:00"
        settings.execute()
        self.assertEqual(str(schedule.nextcall), "2126-03-02 20:30:00")
        at = "2126-03-01 20:30:00"
        for now, following in (  # what is over begins at the same hour, the next time
            ("2126-03-01 20:29:59", "2126-03-01 20:30:00"),
            ("2126-03-01 20:30:00", "2126-03-02 20:30:00"),
            ("2126-03-04 01:00:00", "2126-03-04 20:30:00"),
        ):
            with self.subTest(now=now), freeze_time(now):
                settings.backorder_nightly_next = at
                settings.execute()
                self.assertEqual(str(schedule.nextcall), following)

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
        again = self._simulate(product_ids=self.glass.ids)
        fresh = self._simulate(product_ids=self.glass.ids)
        self.env.flush_all()
        long_ago = fields.Datetime.now() - timedelta(days=91)
        self.env.cr.execute(
            "UPDATE backorder_run SET create_date = %s, simulated_at = %s"
            " WHERE id = ANY(%s)",
            [long_ago, long_ago, (old | applied | again).ids],
        )
        self.env.invalidate_all()
        again.action_simulate()
        with patch.object(run_queue, "GC_UNLINK_LIMIT", 1):  # no two at once
            self.assertEqual(self.env["backorder.run"]._gc_lines(), (1, 1))
            self.assertEqual(self.env["backorder.run"]._gc_lines(), (1, 0))
        self.assertFalse(old.exists())
        self.assertFalse(applied.line_ids)
        self.assertEqual(applied.demand_count, 1)
        self.assertTrue(fresh.line_ids)
        self.assertTrue(again.line_ids)

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
