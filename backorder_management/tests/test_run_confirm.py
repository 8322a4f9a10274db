"""The dialog before a run is applied or undone: it states the effect."""

import re
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..wizards import backorder_run_confirm
from .run_common import RunCommon

REDISTRIBUTE = (("[]", "redistribute"),)


@tagged("post_install", "-at_install")
class TestRunConfirm(RunCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strategy = cls._create_strategy("-star", segments=REDISTRIBUTE)
        cls.user = new_test_user(
            cls.env, "planner", "backorder_management.group_backorder_user"
        )
        cls.manager = new_test_user(
            cls.env, "chief", "backorder_management.group_backorder_manager"
        )

    def _simulate_for(self, *products):
        ids = [product.id for product in products]
        return self._simulate(self.strategy, product_ids=ids)

    def _open(self, action):
        """What the dialog shows that a button has opened."""
        return self.env[action["res_model"]].browse(action["res_id"])

    def assertSays(self, dialog, *sentences):  # noqa: N802 - unittest's own manner
        self.assertEqual(
            re.findall("<li>(.*?)</li>", dialog.effect or ""), list(sentences)
        )

    # ----------------------------------------------------------------------- apply

    def test_apply_in_words_for_one(self):
        """Given 10 glasses, all held by one order, when a starred order of 6 is to get
        its 6, then the dialog speaks of one demand and one order."""
        self._contest(self.glass, 10, wanted=6)
        run = self._simulate_for(self.glass)
        action = run.action_open_apply()
        self.assertEqual(action["name"], f"Apply {run.name}")
        self.assertEqual(action["target"], "new")
        dialog = self._open(action)
        self.assertSays(
            dialog,
            "1 demand gains goods.",
            "1 demand loses goods.",
            "1 order becomes complete.",
            "1 order is no longer complete.",
            "1 order gets a note, since it loses stock.",
            "Goods that move: Wine Glass.",
        )
        self.assertFalse(dialog.left_out)

    def test_much_is_better_left_to_the_background(self):
        self._contest(self.glass)
        run = self._simulate_for(self.glass)
        dialog = self._open(run.action_open_apply())
        self.assertFalse(dialog.takes_long)
        with patch.object(backorder_run_confirm, "MANY", 1):
            dialog = self._open(run.with_user(self.manager).action_open_apply())
        self.assertTrue(dialog.takes_long)
        run.action_simulate()
        run.simulated_at += timedelta(seconds=1)
        with self.assertRaisesRegex(UserError, "simulated again meanwhile"):
            dialog.action_apply_later()
        self.assertFalse(run.queued)
        dialog = self._open(run.with_user(self.manager).action_open_apply())
        dialog.with_user(self.manager).action_apply_later()
        self.assertEqual((run.queued, run.queued_operation), (True, "apply"))
        self.assertEqual(run.asked_by_id, self.manager)
        run.action_apply()
        dialog = self._open(run.with_user(self.manager).action_open_undo())
        dialog.with_user(self.manager).action_undo_later()
        self.assertEqual((run.queued, run.queued_operation), (True, "undo"))

    def test_apply_in_words_for_many(self):
        """Given three products, each 4 held by an order and wanted by a starred one,
        when one of the three starred orders wants 5, then two become complete, and
        the three that had the goods are so no longer."""
        bowl = self._create_product("Bowl")
        self._contest(self.glass)
        self._contest(self.cup)
        self._contest(bowl, 4, wanted=5)
        run = self._simulate_for(self.glass, self.cup, bowl)
        dialog = self._open(run.action_open_apply())
        self.assertSays(
            dialog,
            "3 demands gain goods.",
            "3 demands lose goods.",
            "2 orders become complete.",
            "3 orders are no longer complete.",
            "3 orders get a note, since they lose stock.",
            "Goods that move: Wine Glass, Cup, Bowl.",
        )

    def test_five_products_are_named_and_the_others_counted(self):
        products = [self._create_product(name) for name in "ABCDEFG"]
        for product in products:
            self._contest(product)
        dialog = self._open(self._simulate_for(*products).action_open_apply())
        self.assertIn("Goods that move: A, B, C, D, E, and 2 more.", dialog.effect)

    def test_nobody_loses(self):
        """Given an order that waits for 4, when 4 more are there, then one gains,
        nobody loses, and nobody is told."""
        self._create_order((self.glass, 4))
        self._put_stock(self.glass, 4)
        dialog = self._open(self._simulate_for(self.glass).action_open_apply())
        self.assertSays(
            dialog,
            "1 demand gains goods.",
            "No demand loses goods.",
            "1 order becomes complete.",
            "Goods that move: Wine Glass.",
        )

    def test_an_order_that_misses_another_product_does_not_become_complete(self):
        """The cups that it misses are not what the run is about."""
        self._put_stock(self.glass, 4)
        self._create_order((self.glass, 4))
        starred = self._create_order((self.glass, 4), (self.cup, 1))
        starred.picking_ids.move_ids.priority = "1"
        dialog = self._open(self._simulate_for(self.glass).action_open_apply())
        self.assertSays(
            dialog,
            "1 demand gains goods.",
            "1 demand loses goods.",
            "1 order is no longer complete.",
            "1 order gets a note, since it loses stock.",
            "Goods that move: Wine Glass.",
        )

    def test_what_changed_since_is_named_and_not_counted(self):
        """Given a proposal about glasses and cups, when another glass has come in,
        then the figures are those of the cups, and the glasses are named."""
        self._contest(self.glass)
        self._contest(self.cup)
        run = self._simulate_for(self.glass, self.cup)
        self._put_stock(self.glass, 1)
        dialog = self._open(run.action_open_apply())
        self.assertSays(
            dialog,
            "1 demand gains goods.",
            "1 demand loses goods.",
            "1 order becomes complete.",
            "1 order is no longer complete.",
            "1 order gets a note, since it loses stock.",
            "Goods that move: Cup.",
        )
        self.assertEqual(
            dialog.left_out,
            "Wine Glass: stock or demands have changed since the simulation.",
        )
        self.assertEqual(run.group_ids.mapped("state"), ["proposed", "proposed"])

    def test_nothing_can_be_applied_any_more(self):
        self._contest(self.glass)
        run = self._simulate_for(self.glass)
        self._put_stock(self.glass, 1)
        dialog = self._open(run.action_open_apply())
        self.assertSays(dialog)
        self.assertFalse(dialog.effect)
        self.assertIn("Wine Glass: stock or demands", dialog.left_out)

    def test_apply_does_what_the_dialog_says(self):
        holder, starred = self._contest(self.glass)
        run = self._simulate_for(self.glass)
        dialog = self._open(run.with_user(self.manager).action_open_apply())
        self.assertReserved(holder, 4)
        dialog.with_user(self.manager).action_apply()
        self.assertEqual(run.state, "applied")
        self.assertReserved(holder, 0)
        self.assertReserved(starred, 4)
        with self.assertRaisesRegex(UserError, "already been applied"):
            run.action_open_apply()

    def test_another_proposal_is_not_what_was_confirmed(self):
        """Given an open dialog, when somebody simulates the run again, then the dialog
        does not apply what it has not stated."""
        holder, _starred = self._contest(self.glass)
        run = self._simulate_for(self.glass)
        dialog = self._open(run.action_open_apply())
        with freeze_time(run.simulated_at + timedelta(minutes=1)):
            run.action_simulate()
        with self.assertRaisesRegex(UserError, "simulated again meanwhile"):
            dialog.action_apply()
        self.assertReserved(holder, 4)

    # ------------------------------------------------------------------------ undo

    def test_undo_in_words_for_one(self):
        holder, starred = self._contest(self.glass)
        run = self._simulate_for(self.glass)
        with self.assertRaisesRegex(UserError, "not been applied yet"):
            run.action_open_undo()
        run.action_apply()
        action = run.with_user(self.manager).action_open_undo()
        self.assertEqual(action["name"], f"Undo {run.name}")
        dialog = self._open(action)
        self.assertSays(
            dialog,
            "1 demand gets back what it lost.",
            "1 demand gives back what it gained.",
            "1 order becomes complete.",
            "1 order is no longer complete.",
            "1 order gets a note, since it loses stock.",
            "Goods that move: Wine Glass.",
        )
        self.assertFalse(dialog.left_out)
        self.assertReserved(starred, 4)
        dialog.with_user(self.manager).action_undo()
        self.assertEqual(run.state, "undone")
        self.assertReserved(holder, 4)
        self.assertReserved(starred, 0)

    def test_undo_in_words_for_many(self):
        self._contest(self.glass)
        self._contest(self.cup)
        run = self._simulate_for(self.glass, self.cup)
        run.action_apply()
        self.assertSays(
            self._open(run.action_open_undo()),
            "2 demands get back what they lost.",
            "2 demands give back what they gained.",
            "2 orders become complete.",
            "2 orders are no longer complete.",
            "2 orders get a note, since they lose stock.",
            "Goods that move: Wine Glass, Cup.",
        )

    def test_undo_names_what_cannot_be_put_back(self):
        """Given a run that moved glasses and cups, when the glasses have been shipped,
        then the dialog counts the cups and names the two orders of the glasses; asking
        has left no mark on the lines."""
        holder, starred = self._contest(self.glass)
        self._contest(self.cup)
        run = self._simulate_for(self.glass, self.cup)
        run.action_apply()
        self._validate(starred.picking_ids)
        dialog = self._open(run.action_open_undo())
        self.assertSays(
            dialog,
            "1 demand gets back what it lost.",
            "1 demand gives back what it gained.",
            "1 order becomes complete.",
            "1 order is no longer complete.",
            "1 order gets a note, since it loses stock.",
            "Goods that move: Cup.",
        )
        self.assertEqual(
            set(dialog.left_out.split("\n")),
            {
                f"{starred.name} (Wine Glass): shipped or cancelled meanwhile.",
                f"{holder.name} (Wine Glass): the goods have gone to others meanwhile.",
            },
        )
        self.assertFalse(run.line_ids.filtered("refusal"))

    def test_nothing_can_be_put_back_any_more(self):
        _holder, starred = self._contest(self.glass)
        run = self._simulate_for(self.glass)
        run.action_apply()
        self._validate(starred.picking_ids)
        dialog = self._open(run.action_open_undo())
        self.assertFalse(dialog.effect)
        self.assertIn("shipped or cancelled meanwhile", dialog.left_out)

    # ---------------------------------------------------------------------- rights

    def test_only_managers_open_it(self):
        self._contest(self.glass)
        run = self._simulate_for(self.glass)
        with self.assertRaisesRegex(AccessError, "Only backorder managers"):
            run.with_user(self.user).action_open_apply()
        run.action_apply()
        with self.assertRaisesRegex(AccessError, "Only backorder managers"):
            run.with_user(self.user).action_open_undo()

    def test_only_managers_use_it(self):
        """Neither a dialog of their own nor that of a manager."""
        holder, _starred = self._contest(self.glass)
        run = self._simulate_for(self.glass)
        values = {"run_id": run.id, "operation": "apply"}
        with self.assertRaises(AccessError):
            self.env["backorder.run.confirm"].with_user(self.user).create(values)
        dialog = self._open(run.action_open_apply())
        with self.assertRaises(AccessError):
            dialog.with_user(self.user).action_apply()
        self.assertReserved(holder, 4)
        run.action_apply()
        with self.assertRaises(AccessError):
            dialog.with_user(self.user).action_undo()
        self.assertReserved(holder, 0)

    def test_runs_of_other_companies_are_not_told(self):
        self._contest(self.glass)
        run = self._simulate_for(self.glass)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger",
            "backorder_management.group_backorder_manager",
            company_id=other.id,
        )
        with self.assertRaises(AccessError):
            run.with_user(stranger).action_open_apply()
        ours = self._open(run.with_user(self.manager).action_open_apply())
        self.assertTrue(ours.with_user(self.manager).effect)
        with self.assertRaises(AccessError):
            ours.with_user(stranger).read(["effect"])
