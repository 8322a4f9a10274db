"""What is under way to those who wait, and how more of it is ordered.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..planning.replenishment import find_least_advanced, find_most_advanced, get_stage
from .test_eta import EtaCommon, noon


@tagged("post_install", "-at_install")
class TestReplenishment(EtaCommon):
    def _get_row(self, order):
        self.env.invalidate_all()
        return order.order_line.move_ids.backorder_demand_ids

    def assertStage(self, order, stage, summary=""):  # noqa: N802 - as unittest
        row = self._get_row(order)
        self.assertEqual(row.replenishment, stage)
        self.assertEqual(row.replenishment_summary or "", summary)
        self.assertEqual(order.order_line.backorder_replenishment, stage)
        for each, _label in row._fields["replenishment"].selection:
            found = row.search([("id", "in", row.ids), ("replenishment", "=", each)])
            self.assertEqual(bool(found), each == stage, each)

    def _create_quotation(self, quantity, product=None, **values):
        return self.env["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": (product or self.glass).id,
                            "product_qty": quantity,
                            "date_planned": noon(9),
                            **values,
                        }
                    )
                ],
            }
        )

    def _create_resupply(self, to_order=False):
        """30 are in the north, and 30 are sold here that are resupplied from there."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NRT"})
        self.warehouse.resupply_wh_ids = north
        routes = self.warehouse.resupply_route_ids
        if to_order:
            self.warehouse.mto_pull_id.route_id.active = True
            routes |= self.warehouse.mto_pull_id.route_id
        product = self._create_product("Carafe", route_ids=routes.ids)
        self._put_stock(product, 30, location=north.lot_stock_id)
        order = self._create_order((product, 30))
        if not to_order:
            where = self.env["backorder.where"].browse(
                order.order_line.action_where()["res_id"]
            )
            from_north = where.line_ids.filtered(lambda x: x.warehouse_id == north)
            from_north.action_transfer_here()
            self._settle()
        sent = self.env["stock.move"].search(
            [
                ("product_id", "=", product.id),
                ("location_id", "=", north.lot_stock_id.id),
            ]
        )
        return order, product, sent.picking_id

    def assertLeaves(self, to_order):  # noqa: N802 - as unittest
        """Scenario: 30 are to come from another warehouse; 12 of them leave it."""
        order, product, transfer = self._create_resupply(to_order)
        self.assertStage(order, "confirmed", "Ordered: 30.00")
        self._validate(transfer, {product: 12})
        row = self._get_row(order)
        self.assertEqual(row.replenishment, "transit")
        self.assertEqual(
            set(row.replenishment_summary.split(", ")),
            {"In transit: 12.00", "Ordered: 18.00"},
        )

    def test_nothing_has_left_yet(self):
        self.assertLeaves(to_order=False)

    def test_nothing_has_left_yet_for_this_order(self):
        self.assertLeaves(to_order=True)

    def test_other_warehouse_sends_later(self):
        """It leaves there on the 10th; Odoo leaves the date of its arrival alone."""
        order, _product, transfer = self._create_resupply()
        self.assertEtas((order, 1))
        transfer.scheduled_date = noon(10)
        self._settle()
        self.assertEtas((order, 10))

    def test_from_nothing_to_stock(self):
        """Scenario: 10 are short; a request for 20, which is confirmed, unloaded, and
        put away.

        Expected: nothing ordered, drafted, ordered, received; then nothing is short.
        """
        self.warehouse.reception_steps = "two_steps"
        order = self._create_order((self.glass, 10))
        self.assertStage(order, "none")
        purchase = self._create_quotation(20)
        self.assertStage(order, "draft", "Drafted: 20.00")
        purchase.button_confirm()
        self._settle()
        self.assertStage(order, "confirmed", "Ordered: 20.00")
        receipt = purchase.picking_ids
        self._validate(receipt)
        self.assertStage(order, "received", "Received, not in stock yet: 20.00")
        self._validate(receipt.move_ids.move_dest_ids.picking_id)
        self.assertFalse(self._get_row(order).qty_short)
        self.env.invalidate_all()
        self.assertFalse(order.order_line.backorder_replenishment)

    def test_several_at_once(self):
        """The most advanced one is named, and the quantities of all."""
        order = self._create_order((self.glass, 10))
        self._create_quotation(5)
        self._expect(3, (self.glass, 2))
        self.assertStage(order, "confirmed", "Ordered: 2.00, Drafted: 5.00")

    def test_another_unit(self):
        """A dozen is 12."""
        order = self._create_order((self.glass, 10))
        self._create_quotation(1, product_uom_id=self.dozen.id)
        self.assertStage(order, "draft", "Drafted: 12.00")

    def test_in_transit(self):
        """From the north: ordered until it has left, then in transit."""
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._put_stock(self.glass, 10, location=north.lot_stock_id)
        order = self._create_order((self.glass, 10))
        transit = self.env.company.internal_transit_location_id
        values = {"product_id": self.glass.id, "product_uom_qty": 10}
        leaving, coming = moves = self.env["stock.move"].create(
            [
                {
                    **values,
                    "location_id": north.lot_stock_id.id,
                    "location_dest_id": transit.id,
                    "location_final_id": self.stock.id,
                },
                {
                    **values,
                    "location_id": transit.id,
                    "location_dest_id": self.stock.id,
                },
            ]
        )
        coming.move_orig_ids = leaving
        moves._action_confirm(merge=False)
        self._settle()
        self.assertStage(order, "confirmed", "Ordered: 10.00")
        leaving._action_assign()
        leaving.picked = True
        leaving._action_done()
        self._settle()
        self.assertStage(order, "transit", "In transit: 10.00")

    def test_another_warehouse_and_company(self):
        """What is drafted or ordered elsewhere is nothing for here."""
        order = self._create_order((self.glass, 10))
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._create_quotation(5).picking_type_id = north.in_type_id
        other = self.env["res.company"].create({"name": "Elsewhere"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)])
        purchase = (
            self.env["purchase.order"]
            .with_company(other)
            .create(
                {
                    "partner_id": self.vendor.id,
                    "company_id": other.id,
                    "picking_type_id": theirs[:1].in_type_id.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.glass.id,
                                "product_qty": 5,
                                "date_planned": noon(9),
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        self.assertEqual(purchase.company_id, other)
        self.assertStage(order, "none")

    def test_made_to_order(self):
        """Its own purchase, and nobody else's; and it is nobody else's."""
        product = self._create_bought("Engraved Glass", self._get_bought_to_order())
        own = self._create_order((product, 10))
        self.assertStage(own, "draft", "Drafted: 10.00")
        self._expect(3, (product, 50))
        self.assertStage(own, "draft", "Drafted: 10.00")
        product.route_ids = False
        other = self._create_order((product, 80))
        self.assertStage(other, "confirmed", "Ordered: 50.00")
        purchase = self._get_purchase(product)
        purchase.button_confirm()
        self._settle()
        self.assertStage(own, "confirmed", "Ordered: 10.00")

    def test_draft_production(self):
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: productions NOT tested")
        order = self._create_order((self.glass, 10))
        production = self.env["mrp.production"].create(
            {"product_id": self.glass.id, "product_qty": 8}
        )
        self.assertStage(order, "draft", "Drafted: 8.00")
        production.action_confirm()
        self._settle()
        self.assertStage(order, "confirmed", "Ordered: 8.00")
        action = self._get_row(order).action_open_supply()
        self.assertEqual(action["res_id"], production.id)

    def test_never_short(self):
        self._put_stock(self.glass, 10)
        order = self._create_order((self.glass, 10))
        self.assertFalse(order.order_line.backorder_replenishment)
        with self.assertRaisesRegex(UserError, "Nothing is missing"):
            order.order_line.action_replenish()

    def test_replenish(self):
        """Scenario: 10 are short and 4 come: Odoo's dialog proposes 6 for the
        warehouse, and buys them."""
        route = self.env.ref("purchase_stock.route_warehouse0_buy")
        product = self._create_bought("Jug", route)
        self._expect(3, (product, 4))
        order = self._create_order((product, 10))
        action = order.order_line.action_replenish()
        self.assertEqual(action["context"]["default_quantity"], 6)
        dialog = self.env[action["res_model"]].with_context(**action["context"])
        with Form(dialog) as form:
            self.assertEqual(form.quantity, 6)
        self.assertEqual(form.record.warehouse_id, self.warehouse)
        form.record.launch_replenishment()
        self.assertStage(order, "confirmed", "Ordered: 4.00, Drafted: 6.00")
        purchase = self._get_purchase(product)
        action = order.order_line.action_open_supply()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("purchase.order", purchase.id)
        )

    def assertProduct(self, stage):  # noqa: N802 - as unittest
        self.env.invalidate_all()
        for record in (self.glass, self.glass.product_tmpl_id):
            self.assertEqual(record.backorder_replenishment, stage)

    def test_product(self):
        """Scenario: 10 are short here and 5 in the north; 20 come here, then some are
        drafted for the north; another company misses some, too.

        Expected: nothing is short; nothing ordered; the same, as the north has nothing;
        drafted.
        """
        self.assertProduct(False)
        self._create_order((self.glass, 10))
        self.assertProduct("none")
        self._expect(3, (self.glass, 20))
        self.assertProduct("confirmed")
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._create_order((self.glass, 5), warehouse_id=north.id)
        self.assertProduct("none")
        self._create_quotation(1).picking_type_id = north.in_type_id
        self.assertProduct("draft")
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.user.company_ids |= elsewhere
        other = self.glass.with_company(elsewhere)
        self.assertFalse(other.backorder_replenishment)

    def test_from_where_it_is(self):
        """Scenario: two orders miss 10 and 5; 4 come; one misses 7 elsewhere. The
        dialog of the product, and that of a line, replenish what nothing brings and
        open what does."""
        order = self._create_order((self.glass, 10))
        self._create_order((self.glass, 5))
        receipt = self._expect(3, (self.glass, 4))
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NORTH"})
        self._create_order((self.glass, 7), warehouse_id=north.id)
        self.env.invalidate_all()
        for record, missing in ((self.glass, 11), (order.order_line, 6)):
            action = record.action_where()
            where = self.env[action["res_model"]].browse(action["res_id"])
            self.assertTrue(where.is_short)
            action = where.action_replenish()
            self.assertEqual(action["context"]["default_quantity"], missing)
            action = where.action_open_supply()
            self.assertEqual(action["res_id"], receipt.id)
        jug = self._create_product("Jug")
        action = jug.action_where()
        where = self.env[action["res_model"]].browse(action["res_id"])
        self.assertFalse(where.is_short)
        with self.assertRaisesRegex(UserError, "Nothing is missing"):
            where.action_replenish()

    def test_open_many_and_none(self):
        order = self._create_order((self.glass, 10))
        with self.assertRaisesRegex(UserError, "Nothing is ordered of Wine Glass"):
            order.order_line.action_open_supply()
        purchases = self._create_quotation(5) | self._create_quotation(6)
        action = order.order_line.action_open_supply()
        found = self.env["purchase.order"].search(action["domain"])
        self.assertEqual(found, purchases)

    def test_rights(self):
        """A salesperson sees how far it is, opens no purchase, and replenishes
        nothing."""
        seller = new_test_user(
            self.env, "seller", "base.group_user,sales_team.group_sale_salesman"
        )
        order = self._create_order((self.glass, 10), user_id=seller.id)
        self._create_quotation(5)
        row = self._get_row(order).with_user(seller)
        self.assertEqual(row.replenishment, "draft")
        found = row.search([("id", "=", row.id), ("replenishment", "=", "draft")])
        self.assertEqual(found, row)
        with self.assertRaisesRegex(UserError, "You may not see what is ordered"):
            row.action_open_supply()
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            action = row.action_replenish()
            self.env[action["res_model"]].with_user(seller).create({})
        order.user_id = self.env.ref("base.user_admin")
        self._settle()
        self.env.invalidate_all()
        self.assertFalse(
            row.search([("id", "=", row.id), ("replenishment", "=", "draft")])
        )

    def test_as_many_queries_for_many_lines(self):
        counts = []
        for number in (2, 20):
            orders = [self._create_order((self.glass, 1)) for _each in range(number)]
            rows = self.env["backorder.demand"].union(*map(self._get_row, orders))
            self.env.invalidate_all()
            rows.fetch(["product_id", "location_id", "company_id", "own_chain"])
            before = self.env.cr.sql_log_count
            rows.mapped("replenishment")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])


class TestStages(TransactionCase):
    def test_stages(self):
        for draft, transit, inside, stage in (
            (True, False, False, "draft"),
            (False, True, False, "transit"),
            (False, False, True, "received"),
            (False, False, False, "confirmed"),
        ):
            found = get_stage(
                is_draft=draft, leaves_transit=transit, is_in_warehouse=inside
            )
            self.assertEqual(found, stage)

    def test_of_several(self):
        self.assertEqual(find_most_advanced({"draft": 5, "transit": 1}), "transit")
        self.assertEqual(find_most_advanced({"draft": 5, "transit": 0}), "draft")
        self.assertEqual(find_most_advanced({}), "none")
        self.assertEqual(find_least_advanced(["transit", "draft"]), "draft")
        self.assertEqual(find_least_advanced([]), "none")
