"""What leaves together is expected together.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..planning.eta import Departures, Part
from .test_eta import EtaCommon, march, noon


@tagged("post_install", "-at_install")
class TestDepartures(EtaCommon):
    """The pure rule; days are numbers."""

    def _find(self, parts, together):
        departures = Departures(parts, together)
        return {line: departures.find_day(line) for line in parts}

    def test_by_themselves_and_together(self):
        parts = {
            "a": [Part(3, "arrival", 1, "here")],
            "b": [Part(9, "arrival", 1, "here")],
            "c": [Part(None, "", 1, "here")],
        }
        self.assertEqual(self._find(parts, {}), {"a": 3, "b": 9, "c": None})
        together = dict.fromkeys("abc", "order")
        self.assertEqual(self._find(parts, together), {"a": 9, "b": 9, "c": 9})
        self.assertEqual(self._find(parts, {"a": 1, "c": 1}), {"a": 3, "b": 9, "c": 3})

    def test_one_is_not_known(self):
        parts = {
            "a": [Part(3, "arrival", 1, "here")],
            "b": [Part(None, "none", 1, "here")],
            "c": [Part(None, "", 1, "here")],
        }
        together = dict.fromkeys("abc", "order")
        self.assertEqual(self._find(parts, together), dict.fromkeys("abc"))

    def test_another_warehouse_and_a_vendor(self):
        parts = {
            "a": [Part(3, "arrival", 1, "here")],
            "b": [Part(9, "arrival", 1, "there")],
            "c": [Part(5, "own_chain", 1, None)],
        }
        together = dict.fromkeys("abc", "order")
        self.assertEqual(self._find(parts, together), {"a": 3, "b": 9, "c": 5})

    def test_from_here_and_from_vendors(self):
        """Each vendor by himself; what is there does not wait for them."""
        parts = {
            "a": [Part(None, "", 7, "here"), Part(5, "own_chain", 1, None)],
            "b": [Part(8, "own_chain", 1, None)],
        }
        together = dict.fromkeys("ab", "order")
        self.assertEqual(self._find(parts, together), {"a": 5, "b": 8})

    def test_agreed_for_later(self):
        """What was never missing is not taken before its day."""
        parts = {
            "a": [Part(3, "arrival", 1, "here")],
            "b": [Part(None, "", 7, "here")],
        }
        together = dict.fromkeys("ab", "order")
        self.assertEqual(self._find(parts, together), {"a": 7, "b": 7})

    def test_nothing_was_missing(self):
        parts = {"a": [Part(None, "", 7, "here")], "b": [Part(None, "", 8, "here")]}
        self.assertEqual(
            self._find(parts, dict.fromkeys("ab", "order")), dict.fromkeys("ab")
        )


@tagged("post_install", "-at_install")
class TestLeavingTogether(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jug, cls.plate = (cls._create_product(name) for name in ("Jug", "Plate"))
        cls._put_stock(cls.plate, 5)

    def _order(self, confirm=True, **values):
        """Glasses come on the 3rd, jugs on the 9th, the plates are there."""
        glasses = self._expect(3, (self.glass, 5))
        self.jugs = self._expect(9, (self.jug, 5))
        self.assertTrue(glasses)
        return self._create_order(
            (self.glass, 5), (self.jug, 5), (self.plate, 5), confirm=confirm, **values
        )

    def assertDays(self, order, *days):  # noqa: N802 - unittest's own manner
        self.env.invalidate_all()
        self.assertEqual(
            order.order_line.mapped("backorder_eta"),
            [march(day) if day else False for day in days],
        )

    def test_as_available(self):
        order = self._order()
        self.assertDays(order, 3, 9, None)
        self.assertEqual(order.backorder_eta, march(9))

    def test_all_at_once(self):
        """Expected: all of it on the 9th, or the 12th when the jugs are put off."""
        order = self._order(picking_policy="one")
        self.assertDays(order, 9, 9, 9)
        self.assertEqual(order.picking_ids.backorder_eta, march(9))
        self.jugs.scheduled_date = noon(12)
        self._settle()
        self.assertDays(order, 12, 12, 12)
        self.jugs.action_cancel()
        self._settle()
        self.assertDays(order, None, None, None)
        self.assertFalse(order.backorder_eta)

    def test_two_transfers(self):
        """The plates have a transfer of their own, which waits as well."""
        order = self._order(picking_policy="one")
        plates = order.order_line[2].move_ids
        plates.picking_id = plates.picking_id.copy({"move_ids": []})
        self.jugs.scheduled_date = noon(12)
        self._settle()
        self.env.invalidate_all()
        days = order.picking_ids.mapped("backorder_eta")
        self.assertEqual(days, [march(12), march(12)])

    def test_by_agreement(self):
        complete = self.env.ref("backorder_management.policy_complete_order")
        order = self._order(backorder_policy_id=complete.id)
        self.assertDays(order, 9, 9, 9)

    def test_agreed_afterwards(self):
        """The rule of the order changes, and changes back."""
        order = self._order()
        order.picking_policy = "one"
        self._settle()
        self.assertDays(order, 9, 9, 9)
        order.picking_policy = "direct"
        self._settle()
        self.assertDays(order, 3, 9, None)

    def test_groups_of_lines(self):
        """Glasses and plates leave together, the jugs by themselves."""
        order = self._order()
        (order.order_line[0] | order.order_line[2]).delivery_group = "A"
        self._settle()
        self.assertDays(order, 3, 9, 3)
        order.order_line[1].delivery_group = "A"
        self._settle()
        self.assertDays(order, 9, 9, 9)
        order.order_line[1].delivery_group = False
        self._settle()
        self.assertDays(order, 3, 9, 3)

    def test_too_much_at_once_is_queued(self):
        """Above the limit, the scheduled action finds who leaves together."""
        order = self._order()
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "1"
        )
        order.picking_policy = "one"
        order.order_line.move_ids._note_backorder_change()
        self._settle()
        self.assertDays(order, 3, 9, None)
        with self.enter_registry_test_mode():
            self.env.ref("backorder_management.ir_cron_refresh").method_direct_trigger()
        self.assertDays(order, 9, 9, 9)

    def test_an_error_loses_nothing(self):
        """What was noted of lines is left to the scheduled action."""
        order = self._order()
        demands = self.env.registry["backorder.demand"]
        with (
            patch.object(
                demands, "_refresh_days_of_lines", side_effect=ZeroDivisionError("oops")
            ),
            mute_logger("odoo.addons.backorder_management.models.backorder_demand"),
        ):
            self.env["backorder.demand"]._note_lines(order.order_line.ids)
            self._settle()
        queued = self.env["backorder.refresh"].search([])
        self.assertLessEqual(order.order_line.product_id, queued.product_id)

    def test_agreement_is_changed_for_many(self):
        """What an agreement says counts from the next night on."""
        policy = self.env["backorder.policy"].create({"name": "Ours"})
        order = self._order(backorder_policy_id=policy.id)
        self.assertDays(order, 3, 9, None)
        policy.shipping = "complete_order"
        self._settle()
        self._run_nightly()
        self.assertDays(order, 9, 9, 9)
        policy.shipping = "available"
        self._settle()
        self._run_nightly()
        self.assertDays(order, 3, 9, None)

    def test_words(self):
        """The goods are there on the 3rd, and leave on the 9th: both are said."""
        order = self._order(picking_policy="one")
        rows = order.order_line.move_ids.backorder_demand_ids
        first = rows.filtered(lambda row: row.product_id == self.glass)
        last = rows.filtered(lambda row: row.product_id == self.jug)
        self.assertIn("rest of the order, on 03/09/2027", first.eta_reason)
        self.assertNotIn("rest of the order", last.eta_reason)
        action = order.order_line[2].action_why_expected()
        self.assertEqual(action["domain"], [("id", "in", (first | last).ids)])
        self.jugs.action_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertIn("of which no day is known", first.eta_reason)

    def test_day_to_tell(self):
        """The customer is not told that the glasses come before they can leave."""
        order = self._order(picking_policy="one")
        for line in order.order_line[:2]:
            self.assertEqual(line._get_day_to_tell(), march(9))
        self.jugs.action_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertIsNone(order.order_line[0]._get_day_to_tell())

    def test_quotation(self):
        """The same days before it is confirmed; those that wait say so."""
        order = self._order(confirm=False, picking_policy="one")
        lines = order.order_line
        self.assertEqual(lines.mapped("backorder_earliest"), [march(9)] * 3)
        waits = [
            "rest of the order" in line.backorder_earliest_reason for line in lines
        ]
        self.assertEqual(waits, [True, False, True])
        order.picking_policy = "direct"
        self.assertEqual(
            lines.mapped("backorder_earliest"), [march(3), march(9), march(1)]
        )

    def test_added_line(self):
        """A line that is added later leaves with the others."""
        order = self._order(picking_policy="one")
        cup = self._create_product("Cup")
        self._expect(16, (cup, 1))
        order.order_line = [
            Command.create({"product_id": cup.id, "product_uom_qty": 1})
        ]
        self._settle()
        self.assertDays(order, 16, 16, 16, 16)

    def test_delivered_in_part_all_the_same(self):
        """Somebody releases what is there: the rest is expected by itself."""
        order = self._order(picking_policy="one")
        delivery = order.picking_ids
        delivery._override_hold("By phone")
        self._settle()
        delivery.action_assign()
        self._validate(delivery, {self.plate: 5})
        self.assertDays(order, 9, 9, None)
