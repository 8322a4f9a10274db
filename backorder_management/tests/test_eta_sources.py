"""Goods come not only from vendors: they are made, and they come back.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from odoo.fields import Command
from odoo.tests import Form, tagged

from .test_eta import EtaCommon, noon


@tagged("post_install", "-at_install")
class TestMade(EtaCommon):
    def _plan(self, quantity, day, product=None):
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        production = self.env["mrp.production"].create(
            {
                "product_id": (product or self.glass).id,
                "product_qty": quantity,
                "picking_type_id": self.warehouse.manu_type_id.id,
                "date_start": noon(day),
            }
        )
        production.action_confirm()
        production.date_finished = noon(day)
        self._settle()
        return production

    def test_production_for_stock(self):
        """Scenario: 10 are made by the 4th, are put off to the 9th, then cancelled."""
        production = self._plan(10, 4)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 4))
        self.assertEqual(self._get_kind(order), ["arrival"])
        production.date_finished = noon(9)
        self._settle()
        self.assertEtas((order, 9))
        production.action_cancel()
        self._settle()
        self.assertEtas((order, None))

    def test_made_in_two_parts(self):
        """Scenario: 10 by the 4th; 6 are made today, 4 are still to be made.

        Expected: who needs 6 has them; the rest is planned for today by Odoo, and who
        waits for it follows when it is put off.
        """
        production = self._plan(10, 4)
        orders = [self._create_order((self.glass, each)) for each in (6, 4)]
        self.assertEtas((orders[0], 4), (orders[1], 4))
        production.qty_producing = 6
        production._set_qty_producing()
        production.with_context(
            skip_backorder=True, mo_ids_to_backorder=production.ids
        ).button_mark_done()
        self._settle()
        self.assertEqual(production.state, "done")
        self.assertEqual(self._get_kind(orders[0]), ["stock"])
        self.assertEtas((orders[0], 1), (orders[1], 1))
        rest = production.production_group_id.production_ids - production
        rest.date_finished = noon(4)
        self._settle()
        self.assertEtas((orders[0], 1), (orders[1], 4))

    def test_stored_in_a_step_of_its_own(self):
        """Scenario: what is made waits at the gate of production for its transfer,
        which takes two days.

        Expected: two days after it is made: on the 4th, then the 9th.
        """
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        self.warehouse.manufacture_steps = "pbm_sam"
        store = self.warehouse.pbm_route_id.rule_ids.filtered(
            lambda rule: rule.location_src_id == self.warehouse.sam_loc_id
        )
        store.delay = 2
        production = self._plan(10, 2)
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 4))
        production.date_finished = noon(5)
        self._settle()
        self.assertEtas((order, 9))

    def test_made_beside_something_else(self):
        """A by-product: 10 glasses come with the box that is made by the 5th."""
        production = self._plan(1, 5, self._create_product("Gift Box"))
        production.move_byproduct_ids = [
            Command.create({"product_id": self.glass.id, "product_uom_qty": 10})
        ]
        production.move_byproduct_ids._action_confirm()
        production.date_finished = noon(5)
        self._settle()
        order = self._create_order((self.glass, 10))
        self.assertEtas((order, 5))


@tagged("post_install", "-at_install")
class TestComesBack(EtaCommon):
    def test_return_that_is_expected(self):
        """Scenario: a customer sends 6 of 10 back, which are to be here on the 4th.

        Expected: who waits for 6 has them then, but not when they are kept after all.
        """
        self._put_stock(self.glass, 10)
        sold = self._create_order((self.glass, 10))
        self._validate(sold.picking_ids)
        wizard = Form(
            self.env["stock.return.picking"].with_context(
                active_id=sold.picking_ids.id, active_model="stock.picking"
            )
        ).save()
        wizard.product_return_moves.quantity = 6
        action = wizard.action_create_returns()
        returned = self.env["stock.picking"].browse(action["res_id"])
        returned.scheduled_date = noon(4)
        order = self._create_order((self.glass, 6))
        self.assertEtas((order, 4))
        returned.scheduled_date = noon(8)
        self._settle()
        self.assertEtas((order, 8))
        returned.action_cancel()
        self._settle()
        self.assertEtas((order, None))
