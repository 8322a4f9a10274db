"""What of an order is accepted where goods are missing, and what people do then."""

import json
from contextlib import contextmanager

import psycopg2

from odoo import api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Datetime
from odoo.modules.registry import Registry
from odoo.tests import Form, HttpCase, tagged
from odoo.tests.common import BaseCase, get_db_name
from odoo.tools import mute_logger

from odoo.addons.backorder_management.models.backorder_acceptance_supply import (
    SupplyFinder,
)
from odoo.addons.backorder_management.planning.acceptance import Supply

from .common import STEPS, BackorderCommon


class AcceptanceCommon(BackorderCommon):
    """4 glasses are there, 3 come on the first of March."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._accept_everything()
        cls.cup = cls._create_product("Cup")
        cls._put_stock(cls.glass, 4)
        cls.receipt = cls._expect(cls.glass, 3, "2031-03-01 08:00:00")

    @classmethod
    def _accept_everything(cls):
        """Whatever the database says."""
        for model in ("product.template", "product.category", "backorder.policy"):
            cls.env[model].with_context(active_test=False).search(
                [("backorder_acceptance", "!=", False)]
            ).backorder_acceptance = False
        cls.env.company.backorder_acceptance = "allow"
        cls.env.registry.clear_cache()

    @classmethod
    def _expect(cls, product, quantity, date):
        receipt = cls._create_receipt((product, quantity))
        receipt.move_ids.date = Datetime.to_datetime(date)
        return receipt

    @classmethod
    def _quote(cls, *lines, **values):
        return cls._create_order(*lines, confirm=False, **values)

    def _limit(self, product, quantity):
        product.backorder_acceptance = "limit"
        product.backorder_limit_qty = quantity

    def assertConfirms(self, *orders):  # noqa: N802 - unittest's own manner
        """One after the other."""
        for order in orders:
            order.action_confirm()
            self._settle()
            self.assertEqual(order.state, "sale")

    def assertRefused(self, orders, *texts):  # noqa: N802 - unittest's own manner
        """With a message that says all of this."""
        with self.assertRaises(UserError) as caught:
            orders.action_confirm()
        self.env.invalidate_all()
        self.assertEqual(set(orders.mapped("state")), {"draft"})
        for text in texts:
            self.assertIn(text, str(caught.exception))

    @contextmanager
    def assertUserError(self, text):  # noqa: N802 - unittest's own manner
        """What was written before it is undone, as for a user."""
        with self.assertRaises(UserError) as caught:
            yield
        self.env.invalidate_all()
        self.assertIn(text, str(caught.exception))


@tagged("post_install", "-at_install")
class TestAcceptance(AcceptanceCommon):
    # ------------------------------------------------------------------- the rules

    def test_any_backorder(self):
        self.glass.backorder_acceptance = "allow"
        self.assertConfirms(self._quote((self.glass, 100)))

    def test_only_what_is_there(self):
        """4 are there: 4 are accepted, and then not one more."""
        self.glass.backorder_acceptance = "refuse"
        self.assertRefused(
            self._quote((self.glass, 5)),
            "Wine Glass: 4.00 of 5.00 Units accepted.",
            "Only what is there is accepted.",
            "There: 4.00 Units. Coming: 3.00 on 03/01/2031.",
        )
        self.assertConfirms(self._quote((self.glass, 4)))
        self.assertRefused(self._quote((self.glass, 1)), "There: 0.00 Units.")

    def test_what_is_there_or_on_its_way(self):
        self.glass.backorder_acceptance = "incoming"
        self.assertRefused(
            self._quote((self.glass, 8)),
            "7.00 of 8.00 Units accepted. Only what is there or on its way is acc",
        )
        self.assertConfirms(self._quote((self.glass, 5)), self._quote((self.glass, 2)))
        self.assertRefused(self._quote((self.glass, 1)), "Coming: nothing.")

    def test_up_to_a_limit(self):
        """
        GIVEN 4 glasses, and at most 6 may be short over all customers
        WHEN 8 are ordered by one customer, and 3 by another
        THEN 4 are short, and 2 more are accepted
        """
        self._limit(self.glass, 6)
        self.assertConfirms(self._quote((self.glass, 8)))
        self.assertRefused(
            self._quote((self.glass, 3), partner=self.other_customer),
            "2.00 of 3.00 Units accepted.",
            "At most 6.00 Units may be short over all customers, 2.00 Units more",
        )
        self.assertConfirms(self._quote((self.glass, 2), partner=self.other_customer))

    def test_a_limit_within_one_transaction(self):
        """What has just been confirmed is short before anybody has written it down."""
        self._limit(self.glass, 6)
        first, second = self._quote((self.glass, 8)), self._quote((self.glass, 3))
        first.action_confirm()
        # not `assertRaises`: its savepoint has everything written down
        with self.assertRaisesRegex(UserError, "2.00 Units more than now"):
            second.action_confirm()

    def test_a_limit_of_nothing(self):
        self._limit(self.glass, 0)
        self.assertRefused(self._quote((self.glass, 5)), "4.00 of")
        self.assertConfirms(self._quote((self.glass, 4)))

    def test_the_limit_is_the_products_whoever_says_limit(self):
        self.glass.backorder_limit_qty = 2
        self.env.company.backorder_acceptance = "limit"
        self.assertRefused(self._quote((self.glass, 7)), "6.00 of")
        self.assertConfirms(self._quote((self.glass, 6)))

    # ---------------------------------------------------------- what others are to get

    def test_who_is_short_gets_what_comes_first(self):
        """
        GIVEN one customer waits for 2 of the 3 that come in March; 5 more come in May
        WHEN another one orders 7
        THEN 6 are accepted: 1 in March and 5 in May
        """
        self._create_order((self.glass, 6))
        self._expect(self.glass, 5, "2031-05-01 08:00:00")
        self.glass.backorder_acceptance = "incoming"
        self.assertRefused(
            self._quote((self.glass, 7)),
            "6.00 of",
            "There: 0.00 Units. Coming: 1.00 on 03/01/2031, 5.00 on 05/01/2031.",
        )
        self.assertConfirms(self._quote((self.glass, 6)))

    def test_what_others_have_not_reserved_yet(self):
        """Nobody reserves here before it is time: 3 of the 4 are spoken for."""
        self.warehouse.out_type_id.reservation_method = "manual"
        self._create_order((self.glass, 3))
        self.glass.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((self.glass, 2)), "There: 1.00 Units")
        self.assertConfirms(self._quote((self.glass, 1)))
        self.assertRefused(self._quote((self.glass, 1)), "There: 0.00 Units")

    def test_what_transfers_need(self):
        """A transfer of 6 to another place takes the 4, and 2 of March."""
        transfer = self.env["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.int_type_id.id,
                "location_id": self.stock.id,
                "location_dest_id": self.warehouse.wh_qc_stock_loc_id.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.glass.id,
                            "product_uom_qty": 6,
                            "location_id": self.stock.id,
                            "location_dest_id": self.warehouse.wh_qc_stock_loc_id.id,
                        }
                    )
                ],
            }
        )
        self.warehouse.int_type_id.reservation_method = "manual"
        transfer.action_confirm()
        self._settle()
        self.glass.backorder_acceptance = "incoming"
        self.assertRefused(
            self._quote((self.glass, 2)),
            "There: 0.00 Units. Coming: 1.00 on 03/01/2031.",
        )

    def test_what_is_kept_for_a_pinned_line(self):
        """
        GIVEN a line that waits for 4 is pinned: these come in May, as another order
            waits for those of March
        WHEN that one is cancelled
        THEN those of March are left, though the pinned line could have them
        """
        self._put_stock(self.glass, -4)
        self._expect(self.glass, 4, "2031-05-01 08:00:00")
        first = self._create_order((self.glass, 3))
        self._create_order((self.glass, 4)).order_line._pin("promised by phone")
        first._action_cancel()
        self._settle()
        self.glass.backorder_acceptance = "incoming"
        self.assertRefused(self._quote((self.glass, 4)), "Coming: 3.00 on 03/01/2031.")

    def test_a_request_for_quotation_is_no_arrival(self):
        """It is one when the vendor's order is confirmed."""
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "order_line": [
                    Command.create({"product_id": self.cup.id, "product_qty": 5})
                ],
            }
        )
        self.cup.backorder_acceptance = "incoming"
        self.assertRefused(self._quote((self.cup, 5)), "Coming: nothing.")
        purchase.button_confirm()
        self.assertConfirms(self._quote((self.cup, 5)))

    def test_a_production_is_an_arrival(self):
        """When it is confirmed."""
        if "mrp.production" not in self.env:
            self.skipTest("mrp is NOT installed: NOT tested")
        production = self.env["mrp.production"].create(
            {"product_id": self.cup.id, "product_qty": 5}
        )
        self.cup.backorder_acceptance = "incoming"
        self.assertRefused(self._quote((self.cup, 5)), "Coming: nothing.")
        production.action_confirm()
        self.assertConfirms(self._quote((self.cup, 5)))
        self.assertRefused(self._quote((self.cup, 1)))

    def test_a_transfer_into_the_warehouse_is_an_arrival(self):
        quality = self.warehouse.wh_qc_stock_loc_id
        self._put_stock(self.cup, 5, quality)
        transfer = self.env["stock.picking"].create(
            {
                "picking_type_id": self.warehouse.int_type_id.id,
                "location_id": quality.id,
                "location_dest_id": self.stock.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.cup.id,
                            "product_uom_qty": 5,
                            "location_id": quality.id,
                            "location_dest_id": self.stock.id,
                        }
                    )
                ],
            }
        )
        self.cup.backorder_acceptance = "incoming"
        self.assertRefused(self._quote((self.cup, 5)), "There: 0.00 Units.")
        transfer.action_confirm()
        self.assertRefused(self._quote((self.cup, 6)), "5.00 of")
        self.assertConfirms(self._quote((self.cup, 5)))

    def test_another_warehouse(self):
        """What is there and coming elsewhere does not count; what is short does."""
        other = self.env["stock.warehouse"].create({"name": "East", "code": "EAST"})
        self._put_stock(self.glass, 9, other.lot_stock_id)
        self.glass.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((self.glass, 5)), "There: 4.00 Units")
        self.assertConfirms(self._quote((self.glass, 9), warehouse_id=other.id))
        self._limit(self.glass, 3)
        self.assertConfirms(self._quote((self.glass, 2), warehouse_id=other.id))
        self.assertRefused(self._quote((self.glass, 6)), "5.00 of")

    def test_delivery_in_steps(self):
        for steps in STEPS[1:]:
            with self.subTest(steps):
                self._set_steps(steps)
                self.glass.backorder_acceptance = "incoming"
                self.assertRefused(self._quote((self.glass, 8)), "7.00 of")

    def test_deliveries_whose_steps_are_pulled(self):
        """As warehouses of old have them: each step is made to order but the first."""
        self._set_steps("pick_ship")
        route = self.warehouse.delivery_route_id
        route.rule_ids.active = False
        output = self.warehouse.wh_output_stock_loc_id
        for number, (source, target, method) in enumerate(
            [
                (output, self.env.ref("stock.stock_location_customers"), "order"),
                (self.stock, output, "stock"),
            ]
        ):
            self.env["stock.rule"].create(
                {
                    "name": f"Step {number}",
                    "route_id": route.id,
                    "action": "pull",
                    "warehouse_id": self.warehouse.id,
                    "picking_type_id": self.warehouse.out_type_id.id,
                    "location_src_id": source.id,
                    "location_dest_id": target.id,
                    "procure_method": f"make_to_{method}",
                }
            )
        self.glass.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((self.glass, 5)), "4.00 of")
        self.assertConfirms(self._quote((self.glass, 4)))

    # ---------------------------------------------------------------- lines and orders

    def test_lines_of_one_order_share(self):
        self.glass.backorder_acceptance = "refuse"
        self.assertRefused(
            self._quote((self.glass, 3), (self.glass, 2)),
            "1.00 of 2.00 Units accepted",
        )
        self.assertConfirms(self._quote((self.glass, 3), (self.glass, 1)))

    def test_orders_confirmed_at_once_share(self):
        """The message names the order that asks for too much, and only that one."""
        self.glass.backorder_acceptance = "refuse"
        first, second, third = (
            self._quote((self.glass, 3)),
            self._quote((self.glass, 2)),
            self._quote((self.cup, 2)),
        )
        with self.assertRaises(UserError) as caught:
            (first | second | third).action_confirm()
        message = str(caught.exception)
        self.assertIn(f"{second.name} asks for more than is accepted:", message)
        self.assertNotIn(first.name, message)
        self.assertNotIn(third.name, message)
        self.cup.backorder_acceptance = "refuse"
        self.assertRefused(first | second | third, second.name, third.name)
        (first | self._quote((self.glass, 1))).action_confirm()
        self.assertEqual(first.state, "sale")

    def test_what_is_delivered_already(self):
        """
        GIVEN 4 delivered, the order cancelled and set back to a quotation
        WHEN it is confirmed again, as it was or with 3 more of which 1 is there
        THEN nothing is asked for; of the 3 more, 1 is accepted
        """
        self.glass.backorder_acceptance = "refuse"
        order = self._create_order((self.glass, 4))
        self._validate(order.picking_ids)
        order._action_cancel()
        order.action_draft()
        self.assertFalse(order.backorder_acceptance_warning)
        self.assertConfirms(order)
        order._action_cancel()
        order.action_draft()
        self._put_stock(self.glass, 1)
        order.order_line.product_uom_qty = 7
        self.assertRefused(order, "1.00 of 3.00 Units accepted.")
        order.order_line.product_uom_qty = 5
        self.assertConfirms(order)

    def test_another_unit_on_a_confirmed_order(self):
        """
        GIVEN 4 confirmed, and nothing else there
        WHEN they become 4 dozens, at once or the unit first
        THEN 44 more are asked for, which is refused
        """
        self.glass.backorder_acceptance = "refuse"
        order = self._create_order((self.glass, 4))
        line = order.order_line
        dozens = {"product_uom_id": self.dozen.id, "product_uom_qty": 4}
        with self.assertUserError("0.00 of 3.67 Dozens accepted."):
            line.write(dozens)
        line.product_uom_id = self.dozen
        with self.assertUserError("0.00 of 3.67 Dozens accepted."):
            line.product_uom_qty = 4

    def test_a_cancelled_rest_is_not_asked_for_again(self):
        """
        GIVEN 10 ordered, 4 delivered, 6 cancelled
        WHEN 12 are ordered instead
        THEN 2 are asked for
        """
        order = self._create_order((self.glass, 10))
        self._validate(order.picking_ids, backorder=False)
        self._put_stock(self.glass, 1)
        self.glass.backorder_acceptance = "refuse"
        with self.assertUserError("1.00 of 2.00 Units accepted."):
            order.order_line.product_uom_qty = 12
        order.order_line.product_uom_qty = 11
        self._settle()
        self.assertLine(order.order_line, "ready", allocated=1, cancelled=6)

    def test_in_dozens(self):
        """
        GIVEN 31 glasses, which are counted in units
        WHEN 3 dozens are ordered
        THEN 2 are accepted: nobody sells 0.58 dozens
        """
        self._put_stock(self.glass, 27)
        self.glass.backorder_acceptance = "refuse"
        line = {"product_id": self.glass.id, "product_uom_id": self.dozen.id}
        self.assertRefused(
            self._quote({**line, "product_uom_qty": 3}),
            "2.00 of 3.00 Dozens accepted.",
            "There: 31.00 Units.",
        )
        self.assertConfirms(self._quote({**line, "product_uom_qty": 2}))

    def test_what_is_taken_back_charged_on_or_noted_asks_for_nothing(self):
        self.glass.backorder_acceptance = "refuse"
        self.assertConfirms(
            self._quote(
                (self.glass, -9),
                {
                    "product_id": self.glass.id,
                    "product_uom_qty": 9,
                    "is_expense": True,
                },
                {"display_type": "line_note", "name": "Thank you"},
                {"product_id": self.glass.id, "product_uom_qty": 4},
            )
        )

    # ------------------------------------------------------------------- who says what

    def test_the_first_that_says_something(self):
        """Product, its category, the categories above, the agreement, the company."""
        above = self.env["product.category"].create({"name": "Tableware"})
        below = self.env["product.category"].create(
            {"name": "Glasses", "parent_id": above.id}
        )
        self.glass.categ_id = below
        policy = self.env["backorder.policy"].create({"name": "Strict"})
        order = self._quote((self.glass, 5), backorder_policy_id=policy.id)
        speakers = (self.env.company, policy, above, below, self.glass)
        for number, speaker in enumerate(speakers):
            with self.subTest(speaker._name):
                speaker.backorder_acceptance = "refuse" if number % 2 == 0 else "allow"
                self.assertEqual(bool(order._find_refusals()), number % 2 == 0)

    def test_agreements_differ(self):
        """The agreement of the order counts; who has none is as the company says."""
        policy = self.env["backorder.policy"].create(
            {"name": "No backorders", "backorder_acceptance": "refuse"}
        )
        self.customer.backorder_policy_id = policy
        self.assertRefused(self._quote((self.glass, 5)))
        self.assertConfirms(self._quote((self.glass, 5), partner=self.other_customer))

    def test_agreements_differ_among_orders_confirmed_at_once(self):
        """What the allowed one takes, the other one cannot have."""
        policy = self.env["backorder.policy"].create(
            {"name": "No backorders", "backorder_acceptance": "refuse"}
        )
        free = self._quote((self.glass, 3))
        strict = self._quote((self.glass, 2), backorder_policy_id=policy.id)
        self.assertRefused(free | strict, strict.name, "1.00 of")

    def test_each_company_says_its_own(self):
        """
        GIVEN a product that one company does not restock, and another one still buys
        WHEN both sell 5, which are not there
        THEN the other one's order is accepted
        """
        company = self.env["res.company"].create({"name": "Branch"})
        self.env.user.company_ids |= company
        self.glass.backorder_acceptance = "refuse"
        branch = self.env(
            context=dict(
                self.env.context, allowed_company_ids=[self.env.company.id, company.id]
            )
        )
        warehouse = branch["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )
        theirs = self._quote((self.glass, 5), warehouse_id=self.warehouse.id)
        order = branch["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": company.id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": self.glass.id, "product_uom_qty": 5})
                ],
            }
        )
        self.assertFalse(self.glass.with_company(company).backorder_acceptance)
        with self.assertRaises(UserError) as caught:
            (theirs.with_env(branch) | order).action_confirm()
        self.assertNotIn(order.name, str(caught.exception))
        self.assertConfirms(order)
        self.glass.with_company(company).write(
            {"backorder_acceptance": "limit", "backorder_limit_qty": 7}
        )
        self.assertConfirms(
            order.copy(
                {
                    "order_line": [
                        Command.create(
                            {"product_id": self.glass.id, "product_uom_qty": 2}
                        )
                    ]
                }
            )
        )
        self.assertEqual(self.glass.backorder_limit_qty, 0)

    def test_a_negative_limit(self):
        with self.assertRaisesRegex(
            ValidationError, "Wine Glass: the limit of backorders cannot be negative."
        ):
            self.glass.backorder_limit_qty = -1
            self.env.flush_all()

    # ---------------------------------------------------- goods that are not from stock

    def test_services_and_what_is_not_counted(self):
        """Only where the product itself is refused."""
        self.env.company.backorder_acceptance = "refuse"
        setup = self._create_product("Setup", type="service", is_storable=False)
        napkin = self._create_product("Napkin", is_storable=False)
        self.assertConfirms(self._quote((setup, 1), (napkin, 100)))
        setup.backorder_acceptance = napkin.backorder_acceptance = "refuse"
        for product in (setup, napkin):
            self.assertRefused(
                self._quote((product, 1)),
                f"{product.name} is not procured any more.",
            )

    def _get_mto_product(self, **values):
        mto = self.env.ref("stock.route_warehouse0_mto")
        mto.active = True
        buy = self.env.ref("purchase_stock.route_warehouse0_buy")
        return self._create_product(
            "Made Glass",
            route_ids=[Command.set((mto | buy).ids)],
            seller_ids=[Command.create({"partner_id": self.vendor.id, "price": 5.0})],
            **values,
        )

    def test_made_to_order(self):
        """Its own goods come; where nothing is procured any more, they do not."""
        product = self._get_mto_product()
        self.env.company.backorder_acceptance = "refuse"
        self.assertConfirms(self._quote((product, 5)))
        product.backorder_acceptance = "refuse"
        self.assertRefused(
            self._quote((product, 5)), "Made Glass is not procured any more."
        )

    def test_from_stock_and_the_rest_made_to_order(self):
        """What is there may be sold of what is not procured any more."""
        product = self._get_mto_product()
        rules = self.env.ref("stock.route_warehouse0_mto").rule_ids
        rules.procure_method = "mts_else_mto"
        self._put_stock(product, 4)
        self.env.company.backorder_acceptance = "refuse"
        self.assertFalse(self._quote((product, 5))._find_refusals())
        product.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((product, 5)), "4.00 of")

    def test_drop_shipped(self):
        route = self.env.ref(
            "stock_dropshipping.route_drop_shipping", raise_if_not_found=False
        )
        if not route:
            self.skipTest("stock_dropshipping is NOT installed: NOT tested")
        self.env.company.backorder_acceptance = "refuse"
        product = self._create_product(
            "Sent by Others",
            route_ids=[Command.set(route.ids)],
            seller_ids=[Command.create({"partner_id": self.vendor.id, "price": 5.0})],
        )
        self.assertConfirms(self._quote((product, 5)))
        product.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((product, 5)), "is not procured any more")

    # ----------------------------------------------------------------- orders that grow

    def test_only_the_increase_is_checked(self):
        """
        GIVEN an order of 6 confirmed when that was accepted, 2 of them short
        WHEN nothing more is accepted
        THEN it may be lowered, and raised to what is there, but not beyond
        """
        order = self._create_order((self.glass, 6))
        self._put_stock(self.glass, 3)
        order.picking_ids.action_assign()
        self._settle()
        self.glass.backorder_acceptance = "refuse"
        order.order_line.product_uom_qty = 7
        self._settle()
        with self.assertUserError("0.00 of 1.00 Units accepted"):
            order.order_line.product_uom_qty = 8
        self.env.invalidate_all()
        order.order_line.product_uom_qty = 2
        self.assertEqual(order.order_line.product_uom_qty, 2)

    def test_a_line_added_to_a_confirmed_order(self):
        order = self._create_order((self.cup, 1))
        self.glass.backorder_acceptance = "refuse"
        with self.assertUserError("4.00 of 5.00 Units accepted"):
            order.order_line = [
                Command.create({"product_id": self.glass.id, "product_uom_qty": 5})
            ]
        self.env.invalidate_all()
        order.order_line = [
            Command.create({"product_id": self.glass.id, "product_uom_qty": 4})
        ]
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [1, 4])

    def test_two_lines_raised_at_once_share(self):
        order = self._create_order((self.glass, 1), (self.glass, 1))
        self.glass.backorder_acceptance = "refuse"
        with self.assertUserError("1.00 of 2.00 Units accepted"):
            order.order_line = [
                Command.update(line.id, {"product_uom_qty": quantity})
                for line, quantity in zip(order.order_line, (2, 3), strict=True)
            ]

    # ----------------------------------------------------------------------- quotations

    def test_a_quotation_warns(self):
        """Each line that would be refused, before anybody confirms."""
        self.glass.backorder_acceptance = "refuse"
        self.glass.substitute_product_ids = self.cup
        self._put_stock(self.cup, 8)
        order = self._quote((self.glass, 5), (self.cup, 2))
        first, second = order.order_line
        self.assertEqual(
            first.backorder_acceptance_warning,
            "4.00 of 5.00 Units accepted. Only what is there is accepted. "
            "There: 4.00 Units. Coming: 3.00 on 03/01/2031. "
            "Instead: Cup (8.00 Units there).",
        )
        self.assertFalse(second.backorder_acceptance_warning)
        self.assertEqual(
            order.backorder_acceptance_warning,
            f"Wine Glass: {first.backorder_acceptance_warning}",
        )
        first.product_uom_qty = 4
        self.assertFalse(first.backorder_acceptance_warning)
        self.assertFalse(order.backorder_acceptance_warning)

    def test_a_line_warns_by_itself(self):
        """Whoever looks at one line only: the others of its order count."""
        self.glass.backorder_acceptance = "refuse"
        order = self._quote((self.glass, 3), (self.glass, 2))
        self.env.invalidate_all()
        line = self.env["sale.order.line"].browse(order.order_line[1].id)
        self.assertIn("1.00 of 2.00 Units", line.backorder_acceptance_warning)
        order.order_line[0].product_uom_qty = 2
        self.assertFalse(line.backorder_acceptance_warning)

    def test_a_quotation_that_is_being_typed_warns(self):
        self.glass.backorder_acceptance = "refuse"
        form = Form(self.env["sale.order"])
        form.partner_id = self.customer
        for quantity in (3, 2):
            with form.order_line.new() as line:
                line.product_id = self.glass
                line.product_uom_qty = quantity
        self.assertIn("1.00 of", form.backorder_acceptance_warning)
        order = form.save()
        self.assertEqual(order.state, "draft")
        with Form(order) as form, form.order_line.edit(1) as line:
            line.product_uom_qty = 1
        self.assertFalse(order.backorder_acceptance_warning)

    def test_a_confirmed_order_does_not_warn(self):
        order = self._create_order((self.glass, 5))
        self.glass.backorder_acceptance = "refuse"
        self.assertFalse(order.backorder_acceptance_warning)

    def test_where_nobody_restricts_anything_it_costs_nothing(self):
        order = self._quote((self.glass, 5), (self.cup, 5))
        self.assertFalse(self.env.company._restricts_backorders())
        order.order_line.mapped("product_id")
        with self.assertQueryCount(0):
            order._check_acceptance(order._get_asked())
            self.assertFalse(order.backorder_acceptance_warning)

    def test_an_order_of_what_is_not_restricted_costs_little(self):
        """Where other products are restricted: what product, category and agreement
        say is read, and nothing of stock."""
        self._count_confirming()  # whatever is remembered from now on
        before = self._count_confirming()
        self._create_product("Vase", backorder_acceptance="refuse")
        self._count_confirming()
        self.assertLessEqual(self._count_confirming(), before + 2)

    def _count_confirming(self) -> int:
        """How many queries it takes to confirm an order of any backorder."""
        order = self._quote((self.glass, 5), (self.cup, 5))
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        order.action_confirm()
        self.env.flush_all()
        count = self.cr.sql_log_count - before
        self._settle()
        return count

    def test_whoever_begins_to_restrict_is_heard(self):
        """The answer that nobody restricts anything is remembered until then."""
        policy = self.env["backorder.policy"].create({"name": "Strict"})
        category = self.env["product.category"].create({"name": "Tableware"})
        for speaker in (self.env.company, policy, category, self.glass):
            with self.subTest(speaker._name):
                self.assertFalse(self.env.company._restricts_backorders())
                speaker.backorder_acceptance = "refuse"
                self.assertTrue(self.env.company._restricts_backorders())
                speaker.backorder_acceptance = "allow"
                self.env.registry.clear_cache()
        self.assertFalse(self.env.company._restricts_backorders())
        self._create_product("Vase", backorder_acceptance="refuse")
        self.assertTrue(self.env.company._restricts_backorders())


@tagged("post_install", "-at_install")
class TestAcceptanceOfKits(AcceptanceCommon):
    """A table has a top and 4 legs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top = cls._create_product("Table Top")
        cls.leg = cls._create_product("Table Leg")
        cls.table = cls._create_kit("Table", (cls.top, 2), (cls.leg, 8), makes=2)
        cls._put_stock(cls.top, 5)
        cls._put_stock(cls.leg, 10)

    def test_each_component_counts_by_its_own_rule(self):
        """10 legs make 2 tables; tops may be short."""
        self.leg.backorder_acceptance = "refuse"
        self.assertRefused(
            self._quote((self.table, 3)),
            "Table: 2.00 of 3.00 Units accepted.",
            "Table Leg: 12.00 Units needed, 10.00 Units there, coming: nothing.",
        )
        self.assertConfirms(self._quote((self.table, 2)))
        self.top.backorder_acceptance = "incoming"
        self._put_stock(self.leg, 90)
        self.assertRefused(self._quote((self.table, 4)), "3.00 of")
        self._expect(self.top, 1, "2031-03-01 08:00:00")
        self.assertConfirms(self._quote((self.table, 4)))

    def test_a_kit_and_its_component_share(self):
        self.leg.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((self.table, 2), (self.leg, 3)), "2.00 of")
        self.assertConfirms(self._quote((self.table, 2), (self.leg, 2)))

    def test_a_kit_that_is_refused_itself(self):
        """It is sold as far as its parts are there, whatever is said of these."""
        self.table.backorder_acceptance = "refuse"
        self.assertRefused(self._quote((self.table, 3)), "2.00 of")
        self.assertConfirms(self._quote((self.table, 2)))

    def test_a_limit_on_a_component(self):
        self._limit(self.leg, 2)
        self.assertRefused(self._quote((self.table, 4)), "3.00 of")
        self.assertConfirms(self._quote((self.table, 3)))


@tagged("post_install", "-at_install")
class TestAcceptanceDialog(AcceptanceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.glass.backorder_acceptance = "refuse"
        cls.glass.substitute_product_ids = cls.cup
        cls.cup.list_price = 7.0
        cls._put_stock(cls.cup, 20)
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.manager = cls._create_user("manager", "sales_team.group_sale_manager")
        cls.planner = cls._create_user(
            "planner",
            "backorder_management.group_backorder_manager,"
            "sales_team.group_sale_salesman_all_leads",
        )
        cls.order = cls._quote((cls.glass, 5), user_id=cls.seller.id)

    def _ask(self, order=None, user=None):
        """Press Confirm."""
        order = (order or self.order).with_user(user or self.seller)
        action = order.action_confirm_or_ask()
        self.assertEqual(action["res_model"], "backorder.acceptance")
        self.assertEqual(order.state, "draft")
        return order.env["backorder.acceptance"].browse(action["res_id"])

    def test_what_is_accepted_is_confirmed_without_a_question(self):
        self.order.order_line.product_uom_qty = 4
        self.assertTrue(self.order.with_user(self.seller).action_confirm_or_ask())
        self.assertEqual(self.order.state, "sale")

    def test_what_it_shows(self):
        line = self._ask().line_ids
        self.assertEqual(
            (line.product_id, line.ordered_qty, line.accepted_qty), (self.glass, 5, 4)
        )
        self.assertEqual(line.there, "4.00 Units")
        self.assertEqual(line.coming, "3.00 on 03/01/2031")
        self.assertEqual(line.reason, "Only what is there is accepted.")
        self.assertEqual(line.substitutes, "Cup (20.00 Units there)")
        self.assertEqual(line.choice, "lower")
        self.assertIn("Wine Glass: 4.00 of 5.00 Units acc", line.dialog_id.message)

    def test_lowering(self):
        dialog = self._ask()
        self.assertEqual(dialog.action_apply(), {"type": "ir.actions.act_window_close"})
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(self.order.order_line.product_uom_qty, 4)

    def test_lowering_what_is_partly_delivered(self):
        """4 are delivered, and 1 of 3 more is there: 5 are accepted."""
        order = self._create_order((self.glass, 4), user_id=self.seller.id)
        self._validate(order.picking_ids)
        order._action_cancel()
        order.action_draft()
        self._put_stock(self.glass, 1)
        order.order_line.product_uom_qty = 7
        self._settle()
        dialog = self._ask(order)
        self.assertEqual(dialog.line_ids.accepted_qty, 5)
        dialog.action_apply()
        self.assertEqual((order.state, order.order_line.product_uom_qty), ("sale", 5))

    def test_keeping_what_is_delivered(self):
        """4 are delivered, and none of 3 more is there: the line is lowered, it does
        not go."""
        order = self._create_order((self.glass, 4), user_id=self.seller.id)
        self._validate(order.picking_ids)
        order._action_cancel()
        order.action_draft()
        order.order_line.product_uom_qty = 7
        self._settle()
        dialog = self._ask(order)
        self.assertEqual(dialog.line_ids.choice, "lower")
        dialog.action_apply()
        self.assertEqual((order.state, order.order_line.product_uom_qty), ("sale", 4))

    def test_lowering_to_nothing(self):
        """The line goes. Nobody does that unless the user has chosen it."""
        order = self._quote((self.cup, 1), (self.glass, 5), user_id=self.seller.id)
        self._put_stock(self.glass, -4)
        dialog = self._ask(order)
        self.assertEqual(dialog.line_ids.choice, "keep")
        dialog.line_ids.choice = "lower"
        dialog.action_apply()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.order_line.product_id, self.cup)

    def test_a_substitute(self):
        """As much of it, at its own price."""
        dialog = self._ask()
        with Form(dialog) as form, form.line_ids.edit(0) as line:
            line.substitute_id = self.cup
        self.assertEqual(dialog.line_ids.choice, "swap")
        dialog.action_apply()
        line = self.order.order_line
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(
            (line.product_id, line.product_uom_qty, line.price_unit), (self.cup, 5, 7)
        )
        self.assertIn("Cup", line.name)

    def test_a_substitute_in_another_unit(self):
        """2 dozens of glasses are 24 cups, which are not sold in dozens."""
        self._put_stock(self.cup, 10)
        line = self.order.order_line
        line.write({"product_uom_id": self.dozen.id, "product_uom_qty": 2})
        dialog = self._ask()
        dialog.line_ids.write({"choice": "swap", "substitute_id": self.cup.id})
        dialog.action_apply()
        self.assertEqual((line.product_uom_qty, line.product_uom_id), (24, self.unit))

    def test_a_substitute_that_is_sold_in_the_same_unit(self):
        self._put_stock(self.cup, 10)
        self.dozen.active = True
        self.cup.uom_ids = self.dozen
        line = self.order.order_line
        line.write({"product_uom_id": self.dozen.id, "product_uom_qty": 2})
        dialog = self._ask()
        dialog.line_ids.write({"choice": "swap", "substitute_id": self.cup.id})
        dialog.action_apply()
        self.assertEqual((line.product_uom_qty, line.product_uom_id), (2, self.dozen))

    def test_a_substitute_that_is_missing_as_well(self):
        """It is asked again, now about the substitute."""
        self.cup.backorder_acceptance = "refuse"
        self.order.order_line.product_uom_qty = 21
        dialog = self._ask()
        dialog.line_ids.write({"choice": "swap", "substitute_id": self.cup.id})
        action = dialog.action_apply()
        again = self.env["backorder.acceptance"].browse(action["res_id"])
        self.assertEqual(
            (again.line_ids.product_id, again.line_ids.accepted_qty), (self.cup, 20)
        )
        self.assertEqual(self.order.state, "draft")

    def test_any_other_product_is_no_substitute(self):
        vase = self._create_product("Vase")
        dialog = self._ask()
        for product in (vase, self.env["product.product"]):
            dialog.line_ids.write({"choice": "swap", "substitute_id": product.id})
            with self.assertUserError("Choose a substitute for Wine Gl"):
                dialog.action_apply()

    def test_substitutes_of_another_company(self):
        """They are not offered."""
        company = self.env["res.company"].create({"name": "Branch"})
        self.glass.substitute_product_ids |= self._create_product("Vase")
        self.glass.substitute_product_ids.filtered(
            lambda product: product.name == "Vase"
        ).sudo().product_tmpl_id.write({"company_id": company.id})
        dialog = self._ask(user=self.planner)
        self.assertEqual(dialog.line_ids.substitute_ids, self.cup)

    def test_lines_that_share_are_lowered_together(self):
        """3 and 2 of 4: the second line is lowered to 1, which is accepted."""
        order = self._quote((self.glass, 3), (self.glass, 2), user_id=self.seller.id)
        dialog = self._ask(order)
        self.assertEqual(dialog.line_ids.accepted_qty, 1)
        dialog.action_apply()
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [3, 1])
        self.assertEqual(order.state, "sale")

    def test_keeping_asks_again(self):
        dialog = self._ask()
        dialog.line_ids.choice = "keep"
        self.assertEqual(dialog.action_apply()["res_model"], "backorder.acceptance")
        self.assertEqual(self.order.state, "draft")

    # ----------------------------------------------------------------- all the same

    def test_managers_confirm_all_the_same(self):
        """A sales manager, or a manager of backorders; the order says who and why."""
        for user in (self.manager, self.planner):
            with self.subTest(user.login):
                order = self.order.copy()
                dialog = self._ask(order, user)
                self.assertTrue(dialog.may_accept)
                dialog.reason = "Old friends"
                dialog.action_confirm_all_the_same()
                self.assertEqual(order.state, "sale")
                [note] = [
                    each for each in order.message_ids if "Old friends" in each.body
                ]
                self.assertEqual(note.author_id, user.partner_id)
                self.assertIn(" of 5.00 Units accepted", note.body)

    def test_not_without_a_reason(self):
        dialog = self._ask(user=self.manager)
        for reason in (False, "  "):
            dialog.reason = reason
            with self.assertUserError("Say why the order is confirmed"):
                dialog.action_confirm_all_the_same()
        self.assertEqual(self.order.state, "draft")

    def test_a_salesperson_may_not(self):
        dialog = self._ask()
        self.assertFalse(dialog.may_accept)
        dialog.reason = "I want to"
        with self.assertRaises(AccessError):
            dialog.action_confirm_all_the_same()
        with self.assertRaises(AccessError):
            self.order.with_user(self.seller)._confirm_all_the_same("I want to")

    def test_no_context_that_is_sent_along_helps(self):
        for value in (True, {"order_ids": self.order.ids}, self.order.ids, "accepted"):
            order = self.order.with_user(self.seller).with_context(
                backorder_acceptance=value
            )
            with self.assertRaises(UserError):
                order.action_confirm()
            self.assertEqual(order.state, "draft")

    def test_a_dialog_is_its_users_own(self):
        dialog = self._ask()
        with self.assertRaises(AccessError):
            dialog.with_user(self.manager).read(["reason"])
        with self.assertRaises(AccessError):
            dialog.line_ids.with_user(self.manager).read(["there"])

    def test_somebody_elses_order(self):
        """Nothing is changed through a dialog about an order one may not write."""
        dialog = (
            self.env["backorder.acceptance"]
            .with_user(self.seller)
            .create(
                {
                    "order_id": self.order.id,
                    "line_ids": [
                        Command.create(
                            {
                                "sale_line_id": self.order.order_line.id,
                                "choice": "lower",
                            }
                        )
                    ],
                }
            )
        )
        self.order.user_id = self.manager
        with self.assertRaises(AccessError):
            dialog.action_apply()

    # ------------------------------------------------------------------- customers

    def test_what_a_customer_confirms_is_accepted(self):
        """
        GIVEN an order that the salesperson could not confirm
        WHEN the customer signs it in the portal
        THEN it is confirmed, and the salesperson is asked to look at it
        """
        public = self.env.ref("base.public_user")
        self.order.with_user(public).sudo()._validate_order()
        self.assertEqual(self.order.state, "sale")
        activity = self.order.activity_ids
        self.assertEqual(activity.user_id, self.seller)
        self.assertIn("The customer has confirmed more than is accep", activity.note)
        self.assertIn("4.00 of 5.00 Units accepted", activity.note)

    def test_nobody_looks_after_the_order(self):
        self.order.user_id = self.order.team_id = False
        self.env.company.backorder_responsible_id = False
        self.order._validate_order()
        self.assertEqual(self.order.state, "sale")
        self.assertFalse(self.order.activity_ids.user_id)
        self.assertEqual(len(self.order.activity_ids), 1)

    def test_a_customer_by_another_way(self):
        """Add-ons confirm in the customer's name as well, with all rights."""
        self.order.with_user(self.env.ref("base.public_user")).sudo().action_confirm()
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(len(self.order.activity_ids), 1)

    def test_a_program_with_all_rights_is_no_customer(self):
        with self.assertRaises(UserError):
            self.order.sudo().action_confirm()

    def test_what_is_paid_is_accepted(self):
        """Whoever processes the payment: here a scheduled action, as the system."""
        provider = self.env["payment.provider"].search([], limit=1)
        method = self.env["payment.method"].search([], limit=1)
        if not provider or not method:
            self.skipTest("no payment provider")
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "reference": "paid",
                "amount": self.order.amount_total,
                "currency_id": self.order.currency_id.id,
                "partner_id": self.customer.id,
                "sale_order_ids": [Command.set(self.order.ids)],
                "state": "done",
            }
        )
        transaction._check_amount_and_confirm_order()
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(self.order.activity_ids.user_id, self.seller)

    def test_a_seller_without_stock_rights_is_warned(self):
        self.env.invalidate_all()
        order = self.order.with_user(self.seller)
        self.assertIn("There: 4.00 Units", order.backorder_acceptance_warning)

    def test_where_there_is_no_warehouse(self):
        """Nothing is there: it is said, and nothing fails."""
        self.order.warehouse_id = False
        self.assertIn("0.00 of 5.00", self.order.backorder_acceptance_warning)

    def test_supply_of_no_place(self):
        """Nothing is there, beside places that have something."""
        finder = SupplyFinder(self.env, self.env.company)
        place = self.warehouse.lot_stock_id.id
        found = finder.find([(self.glass.id, False), (self.glass.id, place)])
        self.assertEqual(found[self.glass.id, False], Supply())
        self.assertEqual(found[self.glass.id, place].there, 4)

    def test_confirming_where_there_is_no_warehouse(self):
        """It is refused in words, on the page and by the button."""
        self.order.warehouse_id = False
        self.order.order_line.flush_recordset()
        self.assertRefused(self.order, "0.00 of 5.00 Units accepted.")
        self.assertEqual(self._ask().line_ids.accepted_qty, 0)

    def test_who_has_no_other_right_opens_the_quotation(self):
        clerk = self._create_user("clerk", "account.group_account_invoice")
        self.env.invalidate_all()
        form = Form(self.order.with_user(clerk))
        self.assertIn("There: 4.00 Units", form.backorder_acceptance_warning)

    def test_what_others_wait_for_counts_whoever_may_see_it(self):
        self.glass.backorder_acceptance = "allow"
        self._create_order((self.glass, 3), user_id=self.manager.id)
        self.glass.backorder_acceptance = "refuse"
        self.assertEqual(self._ask().line_ids.there, "1.00 Units")


@tagged("post_install", "-at_install")
class TestAcceptanceOverTheWire(HttpCase, AcceptanceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.glass.backorder_acceptance = "refuse"
        cls.seller = cls._create_user("seller", "sales_team.group_sale_salesman")
        cls.order = cls._quote((cls.glass, 5), user_id=cls.seller.id)

    def _call(self, route, **params):
        self.authenticate("seller", "seller")
        response = self.url_open(
            f"/web/dataset/{route}",
            data=json.dumps(
                {
                    "params": {
                        "model": "sale.order",
                        "method": "action_confirm",
                        "args": [self.order.ids],
                        "kwargs": {},
                        **params,
                    }
                }
            ),
            headers={"Content-Type": "application/json"},
        )
        return response.json()

    def test_the_button_opens_the_dialog(self):
        answer = self._call("call_button")
        self.assertEqual(answer["result"]["res_model"], "backorder.acceptance")

    def test_another_program_gets_an_error(self):
        error = self._call("call_kw")["error"]["data"]
        self.assertEqual(error["name"], "odoo.exceptions.UserError")
        self.assertIn("4.00 of 5.00 Units accepted", error["message"])

    def test_signing_in_the_portal(self):
        """The customer sees a confirmed order, and no error."""
        self.order.write({"state": "sent", "require_signature": True})
        self.order.require_payment = False
        pixel = (
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
            "awAAAABJRU5ErkJggg=="
        )
        answer = self.url_open(
            f"/my/orders/{self.order.id}/accept",
            data=json.dumps(
                {
                    "params": {
                        "access_token": self.order._portal_ensure_token(),
                        "name": "Mr Adler",
                        "signature": pixel,
                    }
                }
            ),
            headers={"Content-Type": "application/json"},
        ).json()
        self.assertNotIn("error", answer)
        self.assertNotIn("error", answer["result"])
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(self.order.activity_ids.user_id, self.seller)

    def test_the_button_confirms_what_is_accepted(self):
        self.order.order_line.product_uom_qty = 4
        self.assertIs(self._call("call_button")["result"], False)
        self.assertEqual(self.order.state, "sale")


@tagged("post_install", "-at_install")
class TestAcceptanceConcurrency(BaseCase):
    """Two people confirm at the same moment, on two real connections."""

    def test_nobody_is_promised_what_another_one_just_gets(self):
        """
        GIVEN two orders of a product that may be short up to a limit
        WHEN both are checked before either transaction has ended
        THEN the later one is refused by the database; Odoo then tries it again
        """
        registry = Registry(get_db_name())
        with registry.cursor() as first, registry.cursor() as second:
            ours = api.Environment(first, api.SUPERUSER_ID, {})
            theirs = api.Environment(second, api.SUPERUSER_ID, {})
            orders = self._create_orders(ours)
            product = orders.order_line.product_id
            try:
                [mine, other] = orders
                other = other.with_env(theirs)
                asked = other._get_asked()  # from now on it sees nothing new
                mine._check_acceptance(mine._get_asked())
                with (
                    self.assertRaises(psycopg2.errors.LockNotAvailable),
                    mute_logger("odoo.sql_db"),
                ):
                    other._check_acceptance(asked)
            finally:
                second.rollback()
                first.rollback()
                orders.unlink()
                product.unlink()
                first.commit()
                registry.clear_cache()  # nobody restricts anything any more

    def _create_orders(self, env):
        product = env["product.product"].create(
            {
                "name": "Contested",
                "is_storable": True,
                "backorder_acceptance": "limit",
                "backorder_limit_qty": 1,
            }
        )
        partner = env.ref("base.main_partner")
        line = {"product_id": product.id, "product_uom_qty": 1}
        orders = env["sale.order"].create(
            [
                {"partner_id": partner.id, "order_line": [Command.create(line)]}
                for _each in range(2)
            ]
        )
        env.cr.commit()
        return orders
