"""Whatever the stock, the orders and the strategy: what a run may and may not do.

Invariants 1 to 6 and 9 of the design, as far as runs are concerned. Each example is a
story: stock in two nested places, orders of some products, what people have done to
them, and a strategy.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .random_common import a_few_stories
from .run_common import RunCommon
from .test_random_operations import DEMAND_FIELDS, LINE_FIELDS

PRODUCTS = ("glass", "cup", "wine", "egg")
CRITERIA = (
    "-star",
    "policy_rank",
    "date_needed",
    "order_date",
    "-order_value",
    "line_value",
    "-shortage_age",
    "-share_complete",
)
FILTERS = (
    "[]",
    "[('qty_open', '>', 4)]",
    "[('partner_id.name', '=', 'Café Zentral')]",
    "[('order_id.picking_policy', '=', 'one')]",
)
OUTCOMES = ("win", "gain", "improve", "redistribute", "fill", "lose", "skip")
MARKS = ("picked", "printed", "packed", "in_batch", "pinned", "blocked", "by_hand")
# Reasons of those who take no part: what they have is not touched.
UNTOUCHED = ("pinned", "picked", "printed", "in_batch", "by_hand", "later", "violated")
EVENTS = ("found", "lost", "sold", "reserved_less", "pinned", "archived")


def invent_story(seed: int) -> dict:
    """Scarce stock, those who want it, and how it is to be divided."""
    chance = Random(seed)
    return {
        "before": invent_stock(chance, 0.8),
        "orders": [invent_order(chance) for _ in range(chance.randint(3, 7))],
        "after": invent_stock(chance, 0.2),
        "strategy": invent_strategy(chance),
        "booked_apart": [name for name in PRODUCTS if chance.random() < 0.2],
    }


def invent_stock(chance: Random, likely: float) -> list[dict]:
    return [
        {
            "product": product,
            "quantity": chance.randint(1, 24 if product == "egg" else 6),
            "on_shelf": chance.random() < 0.4,
            "lot": chance.randrange(2),
        }
        for product in PRODUCTS
        for _ in range(2)
        if chance.random() < likely
    ]


def invent_order(chance: Random) -> dict:
    names = chance.sample(PRODUCTS, chance.choice((1, 1, 2, 3)))
    complete = chance.random() < 0.25
    # what only people make such an order hold
    marks = (*MARKS, *("by_hand",) * 6) if complete else MARKS
    return {
        "lines": [(name, chance.randint(1, 7)) for name in names],
        "complete": complete,
        "from_shelf": chance.random() < 0.2,
        "star": chance.random() < 0.3,
        "days": chance.randrange(4),
        "other_customer": chance.random() < 0.5,
        "passed_runs": chance.choice((0, 0, 2)),
        "mark": chance.choice(marks) if chance.random() < 0.4 else None,
        "on_line": chance.randrange(len(names)),
    }


def invent_strategy(chance: Random) -> dict:
    return {
        "criteria": chance.sample(CRITERIA, chance.randint(1, 3)),
        "sharing": chance.choice(("sequence", "fair_share", "complete_orders")),
        "complete_by": chance.choice(("number", "value")),
        "segments": [
            *(
                (chance.choice(FILTERS), chance.choice(OUTCOMES))
                for _ in range(chance.randrange(3))
            ),
            ("[]", chance.choice(("gain", "improve", *("redistribute",) * 4))),
        ],
        "max_passed_runs": chance.choice((0, 0, 2)),
        "on_violation": chance.choice(("product", "product", "run", "fallback")),
    }


seeds = st.integers(0, 10**9)
thorough = settings(a_few_stories, max_examples=13)


@tagged("post_install", "-at_install")
class TestRandomRuns(RunCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wine = cls._create_product("Wine", tracking="lot")
        cls.egg = cls._create_product("Egg", list_price=0.5)
        cls.lots = cls.env["stock.lot"].create(
            [{"name": name, "product_id": cls.wine.id} for name in ("L1", "L2")]
        )
        cls.products = cls.glass | cls.cup | cls.wine | cls.egg
        cls.customer.backorder_policy_id = cls.env["backorder.policy"].create(
            {"name": "Gold", "rank": 1}
        )
        cls.fallback = cls._create_strategy("order_date", name="Fallback")
        cls.env.company.backorder_on_receipt = "no"

    # ------------------------------------------------------------------- the story

    def _tell(self, story):
        self.orders = self.env["sale.order"]
        self._stock_up(story["before"])
        for order in story["orders"]:
            self.orders |= self._sell(**order)
        self._stock_up(story["after"])
        for order, values in zip(self.orders, story["orders"], strict=True):
            if values["mark"]:
                getattr(self, f"_mark_{values['mark']}")(order, values["on_line"])
        for name in story["booked_apart"]:
            self._book_apart(getattr(self, name))
        self._settle()

    def _book_apart(self, product):
        """As core does where another transaction changes the quant that is there."""
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", product.id),
                ("location_id", "child_of", self.stock.id),
            ]
        )
        for quant in quants.sudo():
            quant.reserved_quantity += 2
            quant.create(
                {
                    "product_id": product.id,
                    "location_id": quant.location_id.id,
                    "lot_id": quant.lot_id.id,
                    "reserved_quantity": -2,
                }
            )

    def _stock_up(self, stock):
        for each in stock:
            product = getattr(self, each["product"])
            lot = self.lots[each["lot"]] if product == self.wine else None
            place = self.shelf if each["on_shelf"] else self.stock
            self._put_stock(product, each["quantity"], place, lot_id=lot)

    def _sell(self, lines, complete, from_shelf, star, days, other_customer, **more):
        order = self._create_order(
            *(
                {
                    "product_id": getattr(self, name).id,
                    # eggs are sold by the dozen
                    "product_uom_qty": 1 + quantity % 2 if name == "egg" else quantity,
                    "product_uom_id": (self.dozen if name == "egg" else self.unit).id,
                }
                for name, quantity in lines
            ),
            partner=self.other_customer if other_customer else self.customer,
            picking_policy="one" if complete else "direct",
            commitment_date=fields.Datetime.now() + timedelta(days=days),
        )
        order.date_order -= timedelta(days=more["passed_runs"])
        delivery = order.picking_ids
        if from_shelf:
            delivery.do_unreserve()
            delivery.location_id = self.shelf
            delivery.move_ids.location_id = self.shelf
            delivery.action_assign()
        delivery.move_ids.priority = "1" if star else "0"
        self._settle()
        demands = self.env["backorder.demand"].search([("order_id", "=", order.id)])
        demands.passed_runs = more["passed_runs"]
        return order

    def _mark_picked(self, order, number):
        moves = order.picking_ids.move_ids.filtered("quantity")
        moves[number : number + 1].picked = True

    def _mark_printed(self, order, number):
        order.picking_ids.printed = True

    def _mark_packed(self, order, number):
        lines = order.picking_ids.move_line_ids
        package = self.env["stock.package"].create({})
        lines[number : number + 1].result_package_id = package

    def _mark_in_batch(self, order, number):
        if "batch_id" in order.picking_ids:
            batch = self.env["stock.picking.batch"].create({})
            order.picking_ids.batch_id = batch

    def _mark_pinned(self, order, number):
        order.order_line[number : number + 1]._pin("promised by phone")

    def _mark_blocked(self, order, number):
        order._block("credit limit")

    def _mark_by_hand(self, order, number):
        """Somebody has reserved one piece of one line, and no more."""
        order.picking_ids.do_unreserve()
        move = order.picking_ids.move_ids[number : number + 1]
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", move.product_id.id),
                ("location_id", "child_of", move.location_id.id),
            ]
        )
        one = move.product_uom._compute_quantity(1, move.product_id.uom_id)
        if move and sum(quants.mapped("available_quantity")) >= one:
            move._update_reserved_quantity(one, move.location_id, strict=False)
            move._recompute_state()

    def _create_story_strategy(self, values):
        values = dict(values, segments=tuple(values["segments"]))
        criteria = values.pop("criteria")
        if values["on_violation"] == "fallback":
            values["fallback_id"] = self.fallback.id
        return self._create_strategy(*criteria, **values)

    # -------------------------------------------------------------------- what is

    def _get_reservations(self, products=None):
        """What is reserved by move, place, lot, package and owner."""
        self.env.flush_all()
        self.env.invalidate_all()
        held = Counter()
        lines = self.env["stock.move.line"].search(
            [
                ("product_id", "in", (products or self.products).ids),
                ("state", "not in", ("done", "cancel", "draft")),
                ("quantity", "!=", 0),
            ]
        )
        for line in lines:
            held[
                line.move_id,
                line.location_id,
                line.lot_id,
                line.package_id,
                line.owner_id,
                line.result_package_id,
                line.picked,
            ] += line.quantity_product_uom
        return held

    def _get_states(self):
        transfers = self.orders.picking_ids
        return {each: each.state for each in (*transfers, *transfers.move_ids)}

    def _get_untouchable(self):
        """What is reserved and belongs to work in hand, or is pinned."""
        return {
            key: quantity
            for key, quantity in self._get_reservations().items()
            if self._is_untouchable(key[0]) or key[-1] or key[-2]
        }

    def _is_untouchable(self, move):
        picking = move.picking_id
        return (
            move.picked
            or picking.printed
            or move.sale_line_id.backorder_pinned
            or ("batch_id" in picking and picking.batch_id)
        )

    def _get_proposal(self, run):
        return {
            line.move_id: (
                line.rank,
                line.outcome,
                line.qty_wanted,
                line.qty_before,
                line.qty_proposed,
                line.reason,
                sorted(line.changes or []),
                line.group_id.product_ids,
                line.group_id.fingerprint,
            )
            for line in run.line_ids
        }

    def _get_figures(self):
        self.env.flush_all()
        self.env.invalidate_all()
        demands = self.env["backorder.demand"].search(
            [("product_id", "in", self.products.ids)]
        )
        figures = {}
        for records, names in (
            (self.orders.order_line, LINE_FIELDS),
            (self.orders, ("backorder_state",)),
            (self.orders.picking_ids, ("backorder_state",)),
        ):
            figures |= {record: record.read(names) for record in records}
        for demand in demands:
            [figures[demand.move_id]] = demand.read(DEMAND_FIELDS)
            del figures[demand.move_id]["id"]
        return figures

    # ------------------------------------------------------------------ the checks

    def _check_stock(self):
        """By product, place and lot: what is reserved on move lines is what is
        reserved of stock, and is there."""
        reserved, lines, there = Counter(), Counter(), Counter()
        for key, quantity in self._get_reservations().items():
            move, location, lot, package, owner = key[:5]
            lines[move.product_id, location, lot, package, owner] += quantity
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "in", self.products.ids),
                ("location_id", "child_of", self.stock.id),
            ]
        )
        for quant in quants:
            key = (
                quant.product_id,
                quant.location_id,
                quant.lot_id,
                quant.package_id,
                quant.owner_id,
            )
            reserved[key] += quant.reserved_quantity
            there[key] += quant.quantity
        self.assertEqual(+reserved, +lines)
        for key, quantity in reserved.items():
            self.assertGreaterEqual(quantity, 0)
            self.assertLessEqual(quantity, there[key], key)

    def _check_figures(self):
        """What is stored is what is computed afresh."""
        self._settle()
        stored = self._get_figures()
        demands = self.env["backorder.demand"].search(
            [("product_id", "in", self.products.ids), ("qty_short", "=", 0)]
        )
        demands.unlink()
        self.env["backorder.demand"]._refresh_products(self.products)
        for records, names in (
            (self.orders.picking_ids, ("backorder_state",)),
            (self.orders.order_line, LINE_FIELDS),
            (self.orders, ("backorder_state",)),
        ):
            for name in names:
                self.env.add_to_compute(records._fields[name], records)
        self.assertEqual(stored, self._get_figures())

    def _check_proposal(self, run):
        """One line and one reason per demand, and nothing that its outcome forbids."""
        moves = run.line_ids.move_id
        self.assertEqual(len(moves), len(run.line_ids))
        self.assertEqual(
            moves & self.orders.picking_ids.move_ids, self.orders.picking_ids.move_ids
        )
        for line in run.line_ids:
            self.assertTrue(line.reason_code)
            self.assertTrue(line.reason)
            if line.qty_proposed < line.qty_wanted:
                self.assertNotEqual(line.reason_code, "covered")
            self.assertLessEqual(line.qty_proposed, max(line.qty_wanted, 0))
            self.assertGreaterEqual(line.qty_proposed, 0)
            self._check_outcome(line)
        self._check_complete_orders(run)

    def _check_outcome(self, line):
        before, proposed = line.qty_before, line.qty_proposed
        if line.outcome == "skip" or line.reason_code in UNTOUCHED:
            self.assertFalse(line.changes, line.reason)
        elif line.outcome in ("win", "gain"):
            if line.order_id.picking_policy != "one":
                self.assertGreaterEqual(proposed, before)
        elif line.outcome in ("fill", "lose"):
            self.assertLessEqual(proposed, before)

    def _check_complete_orders(self, run):
        """They get all that they want, or keep only what may not be moved."""
        held = run.line_ids.move_id._get_holdings()
        lines = run.line_ids.filtered(
            lambda line: (
                line.order_id.picking_policy == "one" and line.reason_code != "violated"
            )
        )
        for order, of_order in lines.grouped("order_id").items():
            if all(line.qty_proposed >= line.qty_wanted for line in of_order):
                continue
            for line in of_order.filtered(lambda line: line.outcome != "skip"):
                movable = sum(held[line.move_id.id].values())
                self.assertEqual(
                    line.qty_proposed,
                    line.qty_before - movable,
                    f"{order.name} is to hold what it cannot use",
                )

    def _check_applied(self, run):
        for line in run.line_ids:
            applied = line.group_id.state == "applied"
            expected = line.qty_proposed if applied else line.qty_before
            self.assertEqual(line.qty_after, expected)
            held = sum(line.move_id.move_line_ids.mapped("quantity_product_uom"))
            self.assertEqual(line.qty_after, held)
        self._check_stock()

    # ------------------------------------------------------------------- the tests

    def _run_story(self, story, check):
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            self._tell(story)
            check(story)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{story}") from error
        finally:
            savepoint.close(rollback=True)
            self.env.cr.clear()

    def _propose(self, story):
        """
        :return: the simulated run; None where the strategy refuses
        """
        reserved = self._get_reservations()
        strategy = self._create_story_strategy(story["strategy"])
        try:
            with self.env.cr.savepoint():
                run = self._simulate(strategy, product_ids=self.products.ids)
        except UserError as error:
            self.assertEqual(strategy.on_violation, "run")
            self.assertIn("cannot keep its word", str(error))
            self.assertEqual(self._get_reservations(), reserved)
            return None
        self.assertEqual(self._get_reservations(), reserved)
        return run

    def _apply(self, run, possible):
        """
        :param possible: is there a change that may be applied?
        :return: whether it was
        """
        reserved = self._get_reservations()
        try:
            with self.env.cr.savepoint():
                run.action_apply()
        except UserError as error:
            self.assertFalse(possible, str(error))
            self.assertEqual(self._get_reservations(), reserved)
            self.assertEqual(run.state, "proposed")
            return False
        self.assertTrue(possible)
        self.assertEqual(run.state, "applied")
        return True

    @thorough
    @given(seeds)
    def test_simulate_apply_undo(self, seed):
        self._run_story(invent_story(seed), self._simulate_apply_undo)

    def _simulate_apply_undo(self, story):
        run = self._propose(story)
        if not run:
            return
        proposal = self._get_proposal(run)
        run.action_simulate()
        self.assertEqual(self._get_proposal(run), proposal)
        self._check_proposal(run)
        reserved, untouchable = self._get_reservations(), self._get_untouchable()
        states = self._get_states()
        if not self._apply(run, any(run.group_ids.mapped("has_changes"))):
            return
        self.assertEqual(set(run.group_ids.mapped("state")) - {"applied"}, set())
        self._check_applied(run)
        now = self._get_reservations()
        for key, quantity in untouchable.items():
            # who is pinned may still get more
            pinned = key[0].sale_line_id.backorder_pinned
            check = self.assertGreaterEqual if pinned else self.assertEqual
            check(now[key], quantity, key)
        self._check_figures()
        pinned = run.line_ids.filtered(
            lambda line: line.effect == "gain" and line.sale_line_id.backorder_pinned
        )
        if pinned:
            self._undo_all_but(run, pinned)
            return
        run.action_undo()
        self.assertFalse(run.note)
        self.assertEqual(self._get_reservations(), reserved)
        self.assertEqual(self._get_states(), states)
        self._check_stock()
        self._check_figures()

    def _undo_all_but(self, run, pinned):
        """What a run gave to pinned lines stays there, and is named."""
        try:
            with self.env.cr.savepoint():
                run.action_undo()
            answer = run.note
        except UserError as error:
            answer = str(error)
        for line in pinned:
            self.assertIn(f"{line.order_id.name} ({line.product_id.name})", answer)
            held = sum(line.move_id.move_line_ids.mapped("quantity_product_uom"))
            self.assertEqual(held, line.qty_proposed)
        self._check_stock()
        self._check_figures()

    @thorough
    @given(seeds, st.sampled_from(EVENTS), st.sampled_from(PRODUCTS))
    def test_what_changed_is_refused(self, seed, event, product):
        self._run_story(
            invent_story(seed),
            lambda story: self._change_and_apply(story, event, product),
        )

    def _change_and_apply(self, story, event, name):
        run = self._propose(story)
        if not run:
            return
        product = getattr(self, name)
        getattr(self, f"_happens_{event}")(product)
        self._settle()
        changed = run.group_ids.filtered(lambda group: product in group.product_ids)
        others = run.group_ids - changed
        before = self._get_reservations()
        if not self._apply(run, any(others.mapped("has_changes"))):
            return
        self.assertEqual(set(changed.mapped("state")) - {"refused"}, set())
        self.assertEqual(set(others.mapped("state")), {"applied"})
        for group in changed:
            self.assertIn(product.display_name, run.note)
            of_group = {
                key: quantity
                for key, quantity in before.items()
                if key[0].product_id in group.product_ids
            }
            self.assertEqual(self._get_reservations(group.product_ids), of_group)
        for line in others.run_id.line_ids.filtered(
            lambda line: line.group_id in others
        ):
            self.assertEqual(line.qty_after, line.qty_proposed)

    def _happens_found(self, product):
        lot = self.lots[0] if product == self.wine else None
        self._put_stock(product, 1, self.shelf, lot_id=lot)

    def _happens_lost(self, product):
        """A piece that nobody holds; of goods that somebody keeps all the same the
        plan remains what it was."""
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", product.id),
                ("location_id", "child_of", self.stock.id),
            ]
        )
        free = quants.filtered(lambda quant: quant.available_quantity >= 1)[:1]
        if free:
            self._put_stock(product, -1, free.location_id, lot_id=free.lot_id)
        else:
            self._happens_found(product)

    def _happens_sold(self, product):
        self._create_order((product, 1))

    def _happens_reserved_less(self, product):
        lines = self.orders.picking_ids.move_line_ids.filtered(
            lambda line: line.product_id == product and line.quantity
        )
        if lines:
            lines[0].unlink()
        else:
            self._happens_found(product)

    def _happens_pinned(self, product):
        lines = self.orders.order_line.filtered(
            lambda line: (
                line.product_id == product
                and not any(map(self._is_untouchable, line.move_ids))
                and not line.order_id.backorder_blocked
            )
        )
        if lines:
            lines[0]._pin("promised by phone")
        else:
            self._happens_found(product)

    def _happens_archived(self, product):
        product.active = False
