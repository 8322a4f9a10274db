"""Strategies: what they rank by, what they let happen, and what is refused."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .run_common import RunCommon


@tagged("post_install", "-at_install")
class TestBadStrategies(RunCommon):
    def test_no_criteria(self):
        with self.assertRaisesRegex(ValidationError, "has no criteria. Add at least"):
            self.env["backorder.strategy"].create({"name": "Empty"})
        strategy = self._create_strategy()
        with self.assertRaisesRegex(ValidationError, "has no criteria"):
            strategy.criterion_ids = [Command.clear()]
        strategy = self._create_strategy()
        strategy.criterion_ids.unlink()
        with self.assertRaisesRegex(ValidationError, "has no criteria"):
            self._simulate(strategy)

    def test_filters_that_are_none(self):
        for text in (
            "[('product_id', '=',",
            "[('no_such_field', '=', 1)]",
            "[('product_id', 'is like', 1)]",
            "42",
            "[1, 2]",
            "__import__('os')",
            "[('product_id.no_such_field', '=', 1)]",
            "[('qty_short', '>', 'many')]",
            "[('date_needed', '<', 'soon')]",
            "[('product_id', '>', 'glass')]",
        ):
            with (
                self.subTest(text),
                self.assertRaisesRegex(ValidationError, "cannot be read: "),
            ):
                self._create_strategy(segments=[(text, "gain")])

    def test_an_archived_strategy_is_used_no_more(self):
        """The warehouse's counts before the company's, and that before the standard."""
        company, warehouse = self.env.company, self.warehouse
        strategies = self.env["backorder.strategy"]
        standard = self.env.ref("backorder_management.strategy_standard")
        warehouse.backorder_strategy_id = ours = self._create_strategy(name="Ours")
        company.backorder_strategy_id = every = self._create_strategy(name="Every")
        for archived, left in ((None, ours), (ours, every), (every, standard)):
            if archived:
                archived.active = False
            self.assertEqual(strategies._get_for(company, warehouse), left)
        standard.active = False
        self.assertEqual(strategies._get_for(company, warehouse), standard)

    def test_a_field_that_a_strategy_needs_stays(self):
        field = self.env["ir.model.fields"].create(
            {
                "name": "x_class",
                "field_description": "Class",
                "model_id": self.env["ir.model"]._get("sale.order").id,
                "ttype": "integer",
            }
        )
        strategy = self._create_strategy()
        strategy.criterion_ids = [
            Command.create({"criterion": "field", "field_id": field.id})
        ]
        with self.assertRaisesRegex(UserError, "“Test” ranks demands by “Class”"):
            field.unlink()
        strategy.criterion_ids[-1:].unlink()
        field.unlink()

    def test_a_run_follows_its_warehouse(self):
        """Its strategy is that of the warehouse, unless somebody chooses another."""
        self.warehouse.backorder_strategy_id = ours = self._create_strategy(name="Ours")
        run = self.env["backorder.run"].create({})
        self.assertNotEqual(run.strategy_id, ours)
        run.warehouse_id = self.warehouse
        self.assertEqual(run.strategy_id, ours)
        other = self._create_strategy(name="Other")
        run = self.env["backorder.run"].create(
            {"warehouse_id": self.warehouse.id, "strategy_id": other.id}
        )
        self.assertEqual(run.strategy_id, other)

    def test_criterion_fields(self):
        def add(model, name):
            field = self.env["ir.model.fields"]._get(model, name)
            self._create_strategy().criterion_ids = [
                Command.create({"criterion": "field", "field_id": field.id})
            ]

        add("sale.order", "client_order_ref")
        add("res.partner", "color")
        add("product.product", "default_code")
        with self.assertRaisesRegex(ValidationError, "Demands cannot be ranked by"):
            add("sale.order", "partner_id")
        with self.assertRaisesRegex(ValidationError, "Demands cannot be ranked by"):
            add("res.users", "login")
        with self.assertRaisesRegex(ValidationError, "Choose the field"):
            self._create_strategy("field")

    def test_fallbacks_that_never_end(self):
        one = self._create_strategy(name="One")
        two = self._create_strategy(
            name="Two", on_violation="fallback", fallback_id=one.id
        )
        with self.assertRaisesRegex(ValidationError, "call each other for ever"):
            one.write({"on_violation": "fallback", "fallback_id": two.id})
        with self.assertRaisesRegex(ValidationError, "choose which one"):
            self._create_strategy(on_violation="fallback")
        with self.assertRaisesRegex(ValidationError, "call each other for ever"):
            two.fallback_id = two

    def test_strategies_of_another_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        foreign = self._create_strategy(company_id=company.id)
        with self.assertRaises(UserError):
            self.env.company.backorder_strategy_id = foreign
        with self.assertRaises(UserError):
            self.warehouse.backorder_strategy_id = foreign


@tagged("post_install", "-at_install")
class TestCriteria(RunCommon):
    """Two orders, one piece, a strategy that may redistribute: who gets it?"""

    def get_winner(self, *criteria, lines=(), **values):
        strategy = self._create_strategy(
            *criteria, segments=[("[]", "redistribute")], **values
        )
        run = self._simulate(strategy, product_ids=self.glass.ids)
        winners = run.line_ids.filtered("qty_proposed").order_id
        self.assertEqual(len(winners), 1)
        return winners

    def setUp(self):
        super().setUp()
        self.first = self._create_order((self.glass, 1))
        self.second = self._create_order((self.glass, 1), partner=self.other_customer)
        self._put_stock(self.glass, 1)

    def test_star(self):
        self.second.picking_ids.move_ids.priority = "1"
        self.assertEqual(self.get_winner("-star"), self.second)
        self.assertEqual(self.get_winner("star"), self.first)

    def test_dates(self):
        today = fields.Datetime.now()
        self.second.commitment_date = today - timedelta(days=3)
        self.second.date_order = today + timedelta(days=1)
        self._settle()
        self.assertEqual(self.get_winner("date_needed"), self.second)
        self.assertEqual(self.get_winner("order_date"), self.first)
        self.assertEqual(self.get_winner("-order_date"), self.second)

    def test_customer_rank_and_agreed_time(self):
        Policy = self.env["backorder.policy"]
        gold = Policy.create({"name": "Gold", "rank": 1, "agreed_days": 2})
        self.second.backorder_policy_id = gold
        self.first.backorder_policy_id = Policy.create({"name": "Others", "rank": 5})
        self.assertEqual(self.get_winner("policy_rank"), self.second)
        self.assertEqual(self.get_winner("-agreed_breach", "order_date"), self.first)
        self.second.date_order -= timedelta(days=3)
        self.assertEqual(self.get_winner("-agreed_breach", "-order_date"), self.second)

    def test_values(self):
        self.second.order_line.price_unit = 1000.0
        self.assertEqual(self.get_winner("-order_value"), self.second)
        self.assertEqual(self.get_winner("-line_value"), self.second)
        self.assertEqual(self.get_winner("line_value"), self.first)

    def test_age_of_the_shortage(self):
        moves = self.second.order_line.move_ids
        moves.backorder_since = fields.Datetime.now() - timedelta(days=9)
        self.first.order_line.move_ids.backorder_since = fields.Datetime.now()
        self.assertEqual(self.get_winner("-shortage_age"), self.second)
        self.assertEqual(self.get_winner("shortage_age"), self.first)

    def test_share_of_the_order_that_would_be_complete(self):
        third = self._create_order((self.glass, 1), (self.cup, 1))
        third.picking_ids.do_unreserve()
        self._settle()
        self.assertNotEqual(self.get_winner("-share_complete", "-order_date"), third)
        self.assertEqual(self.get_winner("share_complete"), third)

    def test_a_field_of_ones_choice(self):
        self.other_customer.color = 3
        field = self.env["ir.model.fields"]._get("res.partner", "color")
        strategy = self._create_strategy(segments=[("[]", "redistribute")])
        strategy.criterion_ids = [
            Command.clear(),
            Command.create(
                {"criterion": "field", "field_id": field.id, "descending": True}
            ),
        ]
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(self._line(run, self.second).qty_proposed, 1)
        self.assertEqual(
            self._line(run, self.first).reason,
            f"Outranked by {self.second.name} (Color Index)",
        )

    def test_reservations_follow_the_strategy_of_the_warehouse(self):
        """Check Availability, and the planner's figures, know the same order."""
        self.second.order_line.price_unit = 1000.0
        self.warehouse.backorder_strategy_id = self._create_strategy("-order_value")
        (self.first | self.second).picking_ids.do_unreserve()
        (self.first | self.second).picking_ids.action_assign()
        self.assertReserved(self.first, 0)
        self.assertReserved(self.second, 1)


@tagged("post_install", "-at_install")
class TestOutcomes(RunCommon):
    def test_each_outcome(self):
        """Given 5 glasses reserved by 5 orders of 2, 2 and 1, and an order that must
        win, when each is in another segment, then it gets all from those who may
        lose, and the others what is left."""
        self._put_stock(self.glass, 6)
        keeps = self._create_order((self.glass, 2), client_order_ref="gain")
        gives = self._create_order((self.glass, 2), client_order_ref="lose")
        fills = self._create_order((self.glass, 2), client_order_ref="fill")
        wins = self._create_order((self.glass, 3), client_order_ref="win")
        strategy = self._create_strategy(
            "order_date",
            segments=[
                (f"[('order_id.client_order_ref', '=', '{name}')]", name)
                for name in ("gain", "lose", "fill", "win")
            ],
        )
        run = self._simulate(strategy, product_ids=self.glass.ids)
        run.action_apply()
        self.assertReserved(keeps, 2)
        self.assertReserved(gives, 0)
        self.assertReserved(wins, 3)
        self.assertReserved(fills, 1)
        self.assertStockSound(self.glass)

    def test_a_winner_that_cannot_win(self):
        """Left as it is, stopped, or by another strategy: as the strategy says."""
        self._put_stock(self.glass, 2)
        holder = self._create_order((self.glass, 2))
        winner = self._create_order((self.glass, 5))
        segments = [
            (f"[('order_id', '=', {winner.id})]", "win"),
            ("[]", "redistribute"),
        ]
        strategy = self._create_strategy("order_date", segments=segments)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual([run.gain_count, run.loss_count], [0, 0])
        self.assertEqual(
            set(run.line_ids.mapped("reason")),
            {"Left as it is: a promise could not be kept"},
        )
        named = f"keep its word for {winner.name} (Wine Glass)"
        self.assertIn(named, run.note)
        self.assertIn("stay where they are", run.note)
        strategy.on_violation = "run"
        with self.assertRaisesRegex(UserError, f"keep its word for {winner.name}"):
            run.action_simulate()
        fallback = self._create_strategy(
            "-order_date", "-line_value", segments=[("[]", "redistribute")]
        )
        strategy.write({"on_violation": "fallback", "fallback_id": fallback.id})
        run.action_simulate()
        self.assertIn(f"“{fallback.name}” divides these goods", run.note)
        run.action_apply()
        self.assertReserved(holder, 0)
        self.assertReserved(winner, 2)
        self.assertIn(named, run.note)

    def test_fair_share(self):
        self._put_stock(self.glass, 7)
        orders = [self._create_order((self.glass, 4)) for _each in range(3)]
        for order in orders:
            order.picking_ids.do_unreserve()
        strategy = self._create_strategy(
            "-star", sharing="fair_share", segments=[("[]", "redistribute")]
        )
        run = self._simulate(strategy, product_ids=self.glass.ids)
        run.action_apply()
        held = [self._line(run, order).qty_after for order in orders]
        self.assertEqual(sorted(held), [2, 2, 3])
        self.assertEqual(
            self._line(run, orders[2]).reason, "Fair share of 7.00 among 3"
        )

    def test_fair_share_among_those_who_want_goods_on_one_day(self):
        """
        GIVEN the needed date counts, and a company in Vienna
        WHEN three orders want 4 on 5 March there, at other hours (one on 4 March, 23:30
            in London), and one wants 4 on 6 March
        THEN the three share the 7 there are, and the last one gets nothing
        """
        self.env.company.partner_id.tz = "Europe/Vienna"
        hours = ("2031-03-04 23:30", "2031-03-05 08:00", "2031-03-05 22:00")
        days = [
            self._create_order((self.glass, 4), commitment_date=f"{hour}:00")
            for hour in (*hours, "2031-03-05 23:30")
        ]
        self._put_stock(self.glass, 7)
        strategy = self._create_strategy("date_needed", sharing="fair_share")
        run = self._simulate(strategy, product_ids=self.glass.ids)
        proposed = [self._line(run, order).qty_proposed for order in days]
        self.assertEqual([sorted(proposed[:3]), proposed[3]], [[2, 2, 3], 0])
        self.assertEqual(self._line(run, days[3]).reason_criterion, "date_needed")

    def test_fair_share_of_whole_packagings(self):
        """Dozens are reserved whole: of 36 two orders of 2 dozen get 2 and 1."""
        self.glass.categ_id = self.env["product.category"].create(
            {"name": "Whole boxes", "packaging_reserve_method": "full"}
        )
        line = {
            "product_id": self.glass.id,
            "product_uom_qty": 2,
            "product_uom_id": self.dozen.id,
        }
        orders = [self._create_order(line) for _each in range(2)]
        self._put_stock(self.glass, 36)
        strategy = self._create_strategy("-star", sharing="fair_share")
        run = self._simulate(strategy, product_ids=self.glass.ids)
        proposed = [self._line(run, order).qty_proposed for order in orders]
        self.assertEqual(sorted(proposed), [12, 24])
        run.action_apply()
        self.assertEqual(run.group_ids.state, "applied")

    def test_the_scheduler_leaves_fair_shares_to_a_run(self):
        """Odoo's scheduler would serve one order after the other."""
        orders = [self._create_order((self.glass, 4)) for _each in range(2)]
        self.warehouse.backorder_strategy_id = self._create_strategy(
            "-star", sharing="fair_share"
        )
        self._put_stock(self.glass, 4)
        self.env["stock.rule"]._reserve_contested_moves(
            self.env.company.id, commit=False
        )
        for order in orders:
            self.assertReserved(order, 0)
        run = self.env["backorder.run"].search(
            [("queued", "=", True), ("product_ids", "in", self.glass.ids)]
        )
        self.assertEqual(run.trigger, "schedule")
        with self.enter_registry_test_mode():
            run._work_queued()
        for order in orders:
            self.assertReserved(order, 2)

    def test_most_complete_orders(self):
        """Given 4 glasses and an order of 4 before two of 2, then two are complete."""
        self._put_stock(self.glass, 4)
        large = self._create_order((self.glass, 4))
        small = [self._create_order((self.glass, 2)) for _each in range(2)]
        strategy = self._create_strategy(
            "order_date",
            sharing="complete_orders",
            segments=[("[]", "redistribute")],
        )
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(
            [run.completed, run.sequence_completed, run.before_completed], [2, 1, 1]
        )
        run.action_apply()
        self.assertReserved(large, 0)
        for order in small:
            self.assertReserved(order, 2)

    def test_nobody_is_passed_over_for_longer_than_allowed(self):
        """Passed over since three days, of which two are allowed: first in line, also
        in a fair share among equals."""
        patient = self._create_order((self.glass, 3))
        strategy = self._create_strategy(
            "-star", sharing="fair_share", max_passed_days=2
        )
        other = self._create_order((self.glass, 3))
        demand = self.env["backorder.demand"].search([("order_id", "=", patient.id)])
        demand.passed_since = fields.Datetime.now() - timedelta(days=3)
        self._put_stock(self.glass, 3)
        run = self._simulate(strategy, product_ids=self.glass.ids)
        self.assertEqual(self._line(run, patient).qty_proposed, 3)
        self.assertEqual(self._line(run, other).qty_proposed, 0)

    def test_an_undone_run_has_passed_nobody_over(self):
        """
        GIVEN one was passed over twice, and now again; another one twice, and gains
        WHEN the run is undone
        THEN both are where they were
        """
        loser = self._create_order((self.glass, 2))
        winner = self._create_order((self.glass, 2))
        winner.picking_ids.move_ids.priority = "1"
        demands = self.env["backorder.demand"].search(
            [("order_id", "in", (loser | winner).ids)]
        )
        since = fields.Datetime.to_datetime("2026-01-05 10:00:00")
        demands.write({"passed_runs": 2, "passed_since": since})
        self._put_stock(self.glass, 2)
        run = self._simulate(self._create_strategy("-star"), product_ids=self.glass.ids)
        run.action_apply()
        counts = {each.order_id: each.passed_runs for each in demands}
        self.assertEqual(counts, {loser: 3, winner: 0})
        run.action_undo()
        self.assertEqual(demands.mapped("passed_runs"), [2, 2])
        self.assertEqual(demands.mapped("passed_since"), [since, since])

    def test_what_another_warehouse_gets_passes_nobody_over(self):
        other = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        here = self._create_order((self.glass, 2))
        there = self._create_order((self.glass, 2), warehouse_id=other.id)
        self._put_stock(self.glass, 2, location=other.lot_stock_id)
        run = self._simulate(self._create_strategy("-star"), product_ids=self.glass.ids)
        run.action_apply()
        self.assertReserved(there, 2)
        demand = self.env["backorder.demand"].search([("order_id", "=", here.id)])
        self.assertEqual(demand.passed_runs, 0)

    def test_goods_in_another_place(self):
        """
        GIVEN 4 pieces in Stock that are being picked for others, 9 in another warehouse
            of which 2 are reserved
        WHEN somebody wants 3
        THEN 7 are free elsewhere
        """
        other = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._put_stock(self.glass, 4)
        self._create_order((self.glass, 4)).picking_ids.move_ids.picked = True
        self._put_stock(self.glass, 9, location=other.lot_stock_id)
        self._create_order((self.glass, 2), warehouse_id=other.id)
        order = self._create_order((self.glass, 3))
        run = self._simulate(
            self._create_strategy(),
            product_ids=self.glass.ids,
            warehouse_id=self.warehouse.id,
        )
        self.assertEqual(
            self._line(run, order).reason,
            "No stock here; 7.00 Units are free elsewhere (NORTH/Stock)",
        )
        self.env["stock.quant"]._update_available_quantity(
            self.glass, other.lot_stock_id, -7
        )
        run.action_simulate()
        self.assertEqual(self._line(run, order).reason, "No stock left and no arrival")

    def test_goods_on_a_shelf_that_the_warehouse_owes(self):
        """3 on a shelf, minus 5 beside it: nothing is free, here or elsewhere."""
        self._put_stock(self.glass, 3, location=self.shelf)
        self._put_stock(self.glass, -5)
        order = self._create_order((self.glass, 3))
        run = self._simulate(self._create_strategy(), product_ids=self.glass.ids)
        self.assertEqual(self._line(run, order).reason, "No stock left and no arrival")

    def test_why_an_order_is_held(self):
        order = self._create_order((self.glass, 3))
        order._block("credit limit")
        run = self._simulate(self._create_strategy(), product_ids=self.glass.ids)
        self.assertEqual(self._line(run, order).reason, "On hold: credit limit")

    def test_nobody_is_passed_over_more_often_than_allowed(self):
        """Given that stars go first, when an order has been passed over in two runs,
        then it comes first in the third."""
        patient = self._create_order((self.glass, 1))
        strategy = self._create_strategy("-star", max_passed_runs=2)
        self.warehouse.backorder_strategy_id = strategy
        for _run in range(2):
            starred = self._create_order((self.glass, 1))
            starred.picking_ids.move_ids.priority = "1"
            self._receive((self.glass, 1))
            self.assertReserved(starred, 1)
            self.assertReserved(patient, 0)
        starred = self._create_order((self.glass, 1))
        starred.picking_ids.move_ids.priority = "1"
        self._receive((self.glass, 1))
        self.assertReserved(patient, 1)
        self.assertReserved(starred, 0)
        run = self.env["backorder.run"].search([], limit=1)
        self.assertEqual(
            self._line(run, starred).reason,
            f"Outranked by {patient.name} (passed over too often)",
        )
