"""Runs: simulated, explained, applied, undone."""

import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Datetime
from odoo.tests import new_test_user, tagged

from .run_common import RunCommon

REDISTRIBUTE = (("[]", "redistribute"),)


@tagged("post_install", "-at_install")
class TestRuns(RunCommon):
    def test_a_proposal_reserves_nothing_and_applying_does_what_it_says(self):
        """Given 10 glasses, all of them reserved for an order of 10 that is not
        starred, when a strategy may redistribute by star and a starred order of 6
        waits, then it gets its 6, and the other one keeps 4."""
        first, urgent = self._contest(self.glass, 10, wanted=6)
        self.assertReserved(first, 10)
        strategy = self._create_strategy("-star", "order_date", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(run.state, "proposed")
        self.assertReserved(first, 10)
        self.assertReserved(urgent, 0)
        loss, gain = self._line(run, first), self._line(run, urgent)
        self.assertEqual(
            [
                (loss.qty_before, loss.qty_proposed),
                (gain.qty_before, gain.qty_proposed),
            ],
            [(10, 4), (0, 6)],
        )
        self.assertEqual(loss.reason, f"Outranked by {urgent.name} (Priority star)")
        self.assertEqual(gain.reason, "Covered in full")
        self.assertEqual([gain.rank, loss.rank], [1, 2])
        self.assertEqual([run.gain_count, run.loss_count], [1, 1])
        run.action_apply()
        self.assertReserved(first, 4)
        self.assertReserved(urgent, 6)
        self.assertEqual([loss.qty_after, gain.qty_after], [4, 6])
        self.assertStockSound(self.glass)
        self.assertIn(run.name, first.message_ids[:1].body)
        self.assertNotIn(run.name, "".join(urgent.message_ids.mapped("body")))

    def test_the_note_of_a_loss_is_in_the_language_of_its_reader(self):
        """
        GIVEN two orders that lose stock, one of a salesperson who speaks French, one of
            nobody, in a company that speaks German
        WHEN somebody who speaks English applies the run
        THEN the first note is in French, the second in German
        """
        for lang, name in (("fr_FR", "Verre"), ("de_DE", "Weinglas")):
            self.env["res.lang"]._activate_lang(lang)
            self.glass.with_context(lang=lang).name = name
        self.env.company.partner_id.lang = "de_DE"
        clerk = new_test_user(
            self.env, "marie", "sales_team.group_sale_salesman", lang="fr_FR"
        )
        self._put_stock(self.glass, 8)
        first = self._create_order((self.glass, 4), user_id=clerk.id)
        second = self._create_order((self.glass, 4), user_id=False)
        urgent = self._create_order((self.glass, 8))
        urgent.picking_ids.move_ids.priority = "1"
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        self._simulate(strategy, product_ids=self.glass.ids).action_apply()
        self.assertReserved(urgent, 8)
        self.assertIn("Verre", first.message_ids[:1].body)
        self.assertIn("Weinglas", second.message_ids[:1].body)

    def test_reasons_and_stages_are_translated(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for model, field, value, name in (
            ("backorder.criterion", "criterion", "star", "Étoile"),
            ("backorder.segment", "outcome", "gain", "Gagne"),
            ("backorder.run.progress", "stage", "planning", "Partage"),
        ):
            self.env["ir.model.fields.selection"].search(
                [
                    ("field_id.model", "=", model),
                    ("field_id.name", "=", field),
                    ("value", "=", value),
                ]
            ).with_context(lang="fr_FR").name = name
        french = self.env(context={"lang": "fr_FR"})
        _holder, starred = self._contest(self.glass)
        later = self._create_order((self.glass, 2))
        starred.picking_ids.do_unreserve()
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        line = self._line(run, later).with_env(french)
        self.assertEqual(line.reason_code, "outranked")
        self.assertIn("(Étoile)", line.reason)
        for record, field, value, name in (
            (line, "outcome", "gain", "Gagne"),
            (run, "stage", "planning", "Partage"),
        ):
            labels = record.with_env(french).fields_get([field])[field]["selection"]
            self.assertEqual(dict(labels)[value], name)

    def test_open_lists_hear_of_it(self):
        """What is applied and undone is said to internal users' browsers, with nothing
        but which run it was; what is simulated is not."""
        bus = self.env["bus.bus"].sudo()

        def get_said():
            self.env.cr.precommit.run()
            said = bus.search([("message", "like", "backorder_management/divided")])
            return [
                (json.loads(each.channel)[1:], json.loads(each.message)["payload"])
                for each in said
            ]

        before = get_said()
        self._contest(self.glass, 10, wanted=6)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(get_said(), before)
        run.action_apply()
        internal = ["res.groups", self.env.ref("base.group_user").id]
        said = [(internal, {"run_id": run.id})]
        self.assertEqual(get_said(), before + said)
        run.action_undo()
        self.assertEqual(get_said(), before + said * 2)

    def test_undo_puts_every_reservation_back(self):
        first, urgent = self._contest(self.glass, 10, wanted=6)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        run.action_apply()
        run.action_undo()
        self.assertEqual(run.state, "undone")
        self.assertReserved(first, 10)
        self.assertReserved(urgent, 0)
        self.assertFalse(run.note)
        self.assertStockSound(self.glass)
        with self.assertRaisesRegex(UserError, "already been undone"):
            run.action_undo()

    def test_what_was_picked_meanwhile_is_named_by_undo(self):
        """Given a run that moved glasses and cups, when the glasses have been shipped,
        then undo puts back the cups and names the orders of the glasses."""
        contests = [self._contest(each) for each in (self.glass, self.cup)]
        losers, winners = zip(*contests, strict=True)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=(self.glass | self.cup).ids)
        run.action_apply()
        self._validate(winners[0].picking_ids)
        run.action_undo()
        self.assertReserved(losers[1], 4)
        self.assertReserved(winners[1], 0)
        self.assertReserved(losers[0], 0)
        self.assertIn(winners[0].name, run.note)
        self.assertIn("shipped or cancelled meanwhile", run.note)
        self.assertIn(losers[0].name, run.note)
        self.assertNotIn(losers[1].name, run.note)
        self.assertStockSound(self.glass, self.cup)

    def test_nothing_to_put_back(self):
        _holder, urgent = self._contest(self.glass)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        run.action_apply()
        self._validate(urgent.picking_ids)
        with self.assertRaisesRegex(UserError, "Nothing of .* can be put back"):
            run.action_undo()
        self.assertEqual(run.state, "applied")

    def test_what_changed_is_refused_by_name_and_the_rest_applied(self):
        contests = [self._contest(each) for each in (self.glass, self.cup)]
        losers, winners = zip(*contests, strict=True)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=(self.glass | self.cup).ids)
        self._put_stock(self.glass, 1)
        run.action_apply()
        self.assertReserved(losers[0], 4)
        self.assertReserved(winners[0], 0)
        self.assertReserved(winners[1], 4)
        self.assertIn("Wine Glass", run.note)
        self.assertNotIn("Cup", run.note)

    def test_nothing_can_be_applied_any_more(self):
        _holder, urgent = self._contest(self.glass)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self._put_stock(self.glass, 1)
        with self.assertRaisesRegex(UserError, "(?s)Nothing of .*Wine Glass: stock or"):
            run.action_apply()
        self.assertEqual(run.state, "proposed")
        run.action_simulate()
        run.action_apply()
        with self.assertRaisesRegex(UserError, "already been applied"):
            run.action_apply()
        self.assertReserved(urgent, 4)

    def test_a_product_archived_meanwhile(self):
        _holder, urgent = self._contest(self.glass)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.glass.active = False
        with self.assertRaisesRegex(UserError, "Wine Glass: archived since"):
            run.action_apply()

    def test_nobody_loses_without_a_segment(self):
        """The default outcome is to keep what one has."""
        first, urgent = self._contest(self.glass)
        run = self._simulate(product_ids=self.glass.ids)
        self.assertEqual(
            run.strategy_id, self.env["backorder.strategy"]._get_standard()
        )
        self.assertEqual([run.gain_count, run.loss_count], [0, 0])
        self.assertEqual(
            self._line(run, urgent).reason, f"{first.name} keeps what it has"
        )
        with self.assertRaisesRegex(UserError, "changes nothing"):
            run.action_apply()

    def test_picked_packed_and_printed_goods_stay(self):
        self._put_stock(self.glass, 9)
        picked = self._create_order((self.glass, 3))
        printed = self._create_order((self.glass, 3))
        packed = self._create_order((self.glass, 3))
        picked.picking_ids.move_ids.picked = True
        printed.picking_ids.printed = True
        packed.picking_ids.move_line_ids.result_package_id = self.env[
            "stock.package"
        ].create({})
        urgent = self._create_order((self.glass, 9))
        urgent.picking_ids.move_ids.priority = "1"
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(run.loss_count, 0)
        self.assertEqual(self._line(run, picked).reason, "Goods already picked")
        self.assertEqual(self._line(run, printed).reason, "Delivery already printed")
        self.assertEqual(self._line(run, packed).qty_proposed, 3)

    def test_a_receipt_starts_a_run_and_it_is_explained(self):
        order = self._create_order((self.glass, 10))
        other = self._create_order((self.glass, 3))
        other.date_order += timedelta(days=1)
        other.picking_ids.move_ids.date_deadline = (
            order.picking_ids.move_ids.date_deadline
        )
        self._receive((self.glass, 11))
        self.assertReserved(order, 10)
        self.assertReserved(other, 1)
        run = self.env["backorder.run"].search([], limit=1)
        self.assertEqual([run.state, run.trigger], ["applied", "stock"])
        self.assertEqual(
            self._line(run, other).reason, f"Outranked by {order.name} (Order date)"
        )
        action = other.order_line.action_why()
        line = self.env["backorder.run.line"].browse(action["res_id"])
        self.assertEqual(line, self._line(run, other))
        self.assertIn("2.00 Units more of Wine Glass in stock", line.smallest_change)
        # which would not help, as the others keep what they have
        self.assertNotIn("before all others", line.smallest_change)

    def test_why_of_a_loss_that_is_only_proposed(self):
        """
        GIVEN a proposal that takes all 4 glasses of an order
        WHEN its holder asks what would leave them to it, before and after it is applied
        THEN 4 more would; and after it was undone, nothing is missing
        """
        holder, _starred = self._contest(self.glass)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        line = self._line(run, holder)
        self.assertEqual(line.effect, "loss")
        more = "4.00 Units more of Wine Glass in stock"
        self.assertIn(more, line.smallest_change)
        run.action_apply()
        line.invalidate_recordset(["smallest_change"])
        self.assertIn(more, line.smallest_change)
        run.action_undo()
        line.invalidate_recordset(["smallest_change"])
        self.assertEqual(line.smallest_change, "It has all it wants by now.")

    def test_an_order_that_ships_complete_takes_what_it_can_use_only(self):
        """Given an order of glasses and cups that ships only complete, when the glasses
        come, then it takes none; when the cups come as well, it takes all."""
        both = self._create_order((self.glass, 4), (self.cup, 4), picking_policy="one")
        small = self._create_order((self.glass, 1))
        self._receive((self.glass, 5))
        self.assertReserved(both, 0, 0)
        self.assertReserved(small, 1)
        run = self.env["backorder.run"].search([], limit=1)
        reasons = self._line(run, both).mapped("reason")
        self.assertEqual(
            reasons, ["Waits for the complete order: 1 of 2 lines missing"] * 2
        )
        self._receive((self.cup, 4))
        self.assertReserved(both, 4, 4)
        self.assertStockSound(self.glass, self.cup)

    def test_a_blocked_order_takes_part_in_nothing(self):
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 4))
        second = self._create_order((self.glass, 3))
        first._block("credit limit")
        self.assertReserved(first, 0)
        self.assertReserved(second, 3)
        first.picking_ids.action_assign()
        self.assertReserved(first, 0)
        self.assertIn("credit limit", first.message_ids[:1].body)
        picking = first.picking_ids
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        with self.assertRaisesRegex(UserError, "must not ship: credit limit"):
            picking.button_validate()
        picking.move_ids.picked = False
        picking.move_ids.quantity = 0
        first.action_unblock()
        self.assertReserved(first, 1)

    def test_a_pinned_line_is_left_alone(self):
        self._put_stock(self.glass, 4)
        first = self._create_order((self.glass, 4))
        first.order_line._pin("promised by phone")
        urgent = self._create_order((self.glass, 4))
        urgent.picking_ids.move_ids.priority = "1"
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(self._line(run, first).reason, "Covered in full")
        self.assertEqual(run.loss_count, 0)
        first.order_line.action_unpin()
        run.action_simulate()
        self.assertEqual(run.loss_count, 1)

    def test_users_simulate_and_managers_apply(self):
        _holder, urgent = self._contest(self.glass)
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        user = new_test_user(
            self.env, "planner", "backorder_management.group_backorder_user"
        )
        manager = new_test_user(
            self.env, "chief", "backorder_management.group_backorder_manager"
        )
        run = (
            self.env["backorder.run"]
            .with_user(user)
            .create({"strategy_id": strategy.id, "product_ids": self.glass.ids})
        )
        run.action_simulate()
        self.assertEqual(run.loss_count, 1)
        with self.assertRaisesRegex(AccessError, "Only backorder managers"):
            run.action_apply()
        with self.assertRaises(AccessError):
            run.line_ids.write({"qty_proposed": 5})
        with self.assertRaises(AccessError):
            strategy.with_user(user).name = "Mine"
        run.with_user(manager).action_apply()
        self.assertReserved(urgent, 4)

    def test_serial_numbers_move_and_come_back(self):
        """Core chooses which serial number, the run how many; undo knows which."""
        phone = self._create_product("Phone", tracking="serial")
        for name in ("A", "B"):
            lot = self.env["stock.lot"].create({"name": name, "product_id": phone.id})
            self._put_stock(phone, 1, lot_id=lot)
        first = self._create_order((phone, 2))
        urgent = self._create_order((phone, 1))
        urgent.picking_ids.move_ids.priority = "1"
        strategy = self._create_strategy("-star", segments=REDISTRIBUTE)
        run = self._simulate(strategy, product_ids=phone.ids)
        run.action_apply()
        self.assertReserved(first, 1)
        self.assertReserved(urgent, 1)
        self.assertStockSound(phone)
        run.action_undo()
        self.assertReserved(first, 2)
        self.assertReserved(urgent, 0)
        lots = first.order_line.move_ids.move_line_ids.lot_id
        self.assertEqual(sorted(lots.mapped("name")), ["A", "B"])
        self.assertStockSound(phone)

    def test_lots_that_are_to_be_removed_before_they_ship(self):
        """The run counts on 4 more that Odoo will not reserve for that day: those who
        wait are served as Odoo does, and nobody is left without."""
        if "use_expiration_date" not in self.glass:
            self.skipTest("product_expiry is NOT installed: expiry dates NOT tested")
        milk = self._create_product("Milk", tracking="lot", use_expiration_date=True)
        soon, late = self.env["stock.lot"].create(
            [{"name": name, "product_id": milk.id} for name in ("soon", "late")]
        )
        soon.removal_date = Datetime.now() + timedelta(days=5)
        late.removal_date = Datetime.now() + timedelta(days=500)
        order = self._create_order(
            (milk, 6), commitment_date=Datetime.now() + timedelta(days=30)
        )
        self._put_stock(milk, 4, lot_id=soon)
        self._put_stock(milk, 2, lot_id=late)
        run = self._simulate(product_ids=milk.ids)
        self.assertEqual(self._line(run, order).qty_proposed, 6)
        with self.assertRaisesRegex(UserError, "Odoo can reserve 2.0 for"):
            run.action_apply()
        self.assertReserved(order, 0)
        self.env["backorder.run"]._start_for(
            order.order_line.move_ids, self.env.company
        )
        self.assertReserved(order, 2)
        self.assertEqual(order.order_line.move_ids.move_line_ids.lot_id, late)
