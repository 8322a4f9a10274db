"""Arrivals that nobody should have entered: a sensible day, and words for it.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from datetime import datetime

from lxml.html import fromstring as html_fromstring

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..models.backorder_imagined import Imagined
from ..models.backorder_what_if import find_changes
from .test_eta import EtaCommon, noon


@tagged("post_install", "-at_install")
class TestEtaBadInput(EtaCommon):
    def _explain(self, order):
        self.env.invalidate_all()
        html = order.order_line.move_ids.backorder_demand_ids.eta_reason
        return [item.text_content() for item in html_fromstring(html).iter("li")]

    def assertUnknown(self, order, quantity="10.00"):  # noqa: N802 - as unittest
        self.assertEtas((order, None))
        self.assertEqual(
            self._explain(order),
            [f"{quantity} of {quantity} Units: no arrival is known"],
        )

    def test_negative_arrival(self):
        """It brings nothing, and takes nothing from another one."""
        order = self._create_order((self.glass, 10))
        receipt = self._create_receipt((self.glass, 10))
        receipt.move_ids.product_uom_qty = -10
        self._settle()
        self.assertUnknown(order)
        self._expect(3, (self.glass, 10))
        self.assertEtas((order, 3))

    def test_arrival_of_nothing(self):
        order = self._create_order((self.glass, 10))
        receipt = self._expect(3, (self.glass, 10))
        receipt.move_ids.product_uom_qty = 0
        self._settle()
        self.assertUnknown(order)

    def test_arrival_long_ago(self):
        """Nobody has cancelled it: it may come any day, and is called overdue."""
        receipt = self._create_receipt((self.glass, 10))
        receipt.scheduled_date = datetime(1999, 12, 31, 12)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 1))
        self.assertIn("Overdue since 12/31/1999.", self._explain(order)[0])

    def test_arrival_in_a_thousand_years(self):
        receipt = self._create_receipt((self.glass, 10))
        receipt.scheduled_date = datetime(3027, 3, 3, 12)
        order = self._create_order((self.glass, 10))
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(
            order.backorder_eta, fields.Date.to_date("3027-03-05")
        )  # a Monday

    def test_calendar_without_a_day_of_work(self):
        """It says nothing: the day of the arrival counts."""
        self.calendar.attendance_ids.unlink()
        self._expect(6, (self.glass, 10))
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 6))

    def test_arrival_of_another_company(self):
        """Scenario: the other company expects glasses on the 3rd.

        Expected: nothing of it is for us, however it is looked at.
        """
        other = self.env["res.company"].create({"name": "Elsewhere"})
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        suppliers = self.env.ref("stock.stock_location_suppliers")
        values = {"location_id": suppliers.id}
        values["location_dest_id"] = warehouse.lot_stock_id.id
        receipt = self.env["stock.picking"].create(
            {
                **values,
                "picking_type_id": warehouse.in_type_id.id,
                "move_ids": [
                    Command.create(
                        {
                            **values,
                            "product_id": self.glass.id,
                            "product_uom_qty": 10,
                            "company_id": other.id,
                        }
                    )
                ],
            }
        )
        receipt.action_confirm()
        receipt.scheduled_date = noon(3)
        order = self._create_order((self.glass, 10))
        self._settle()
        self.assertUnknown(order)

    def _send_round(self):
        """Two transfers that wait for each other, between two warehouses."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        values = {"product_id": self.glass.id, "product_uom_qty": 10}
        there, back = moves = self.env["stock.move"].create(
            [
                {
                    **values,
                    "location_id": self.stock.id,
                    "location_dest_id": north.lot_stock_id.id,
                    "date": noon(3),
                },
                {
                    **values,
                    "location_id": north.lot_stock_id.id,
                    "location_dest_id": self.stock.id,
                    "date": noon(5),
                },
            ]
        )
        moves._action_confirm(merge=False)
        # no screen of Odoo's lets one do so
        self.env.cr.execute(
            "INSERT INTO stock_move_move_rel (move_orig_id, move_dest_id)"
            " VALUES (%s, %s), (%s, %s)",
            [there.id, back.id, back.id, there.id],
        )
        self.env.invalidate_all()
        self._settle()
        return moves

    def test_circular_transfers(self):
        """Nothing hangs; what comes back is taken from us before."""
        self._send_round()
        order = self._create_order((self.glass, 10))
        self._settle()
        self.env.invalidate_all()
        self.assertTrue(self._explain(order))
        self.env["backorder.demand"]._refresh_etas(self.glass.ids)

    def test_what_if_of_circular_transfers(self):
        moves = self._send_round()
        self._create_order((self.glass, 10))
        moves.propagate_cancel = True
        for change in ("cancel", "put_off"):
            imagined = Imagined()
            if change == "cancel":
                imagined.cancel(moves[0])
                self.assertEqual(imagined.cancelled, set(moves.ids))
            else:
                imagined.put_off_purchase(moves[0], 3)
            find_changes(self.env, self.glass.ids, imagined, fields.Datetime.now())
