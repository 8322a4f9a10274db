"""What goes wrong in a real warehouse: no traceback, nothing lost, nothing twice."""

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BackorderCommon


@tagged("post_install", "-at_install")
class TestBadInput(BackorderCommon):
    def _reserved(self, product):
        """Reserved on quants and on move lines: always the same."""
        quants = self.env["stock.quant"].search(
            [("product_id", "=", product.id), ("location_id.usage", "=", "internal")]
        )
        lines = self.env["stock.move.line"].search(
            [
                ("product_id", "=", product.id),
                ("state", "not in", ("done", "cancel")),
                ("location_id.usage", "=", "internal"),
            ]
        )
        return (
            sum(quants.mapped("reserved_quantity")),
            sum(lines.mapped("quantity_product_uom")),
        )

    def test_receipt_of_zero(self):
        order = self._create_order((self.glass, 10))
        receipt = self._create_receipt((self.glass, 5))
        receipt.move_ids.quantity = 0
        with self.assertRaises(UserError), self.env.cr.savepoint():
            receipt.button_validate()
        self.assertLine(order.order_line, "backordered", backordered=10)
        self.assertEqual(self._reserved(self.glass), (0, 0))

    def test_receipt_of_another_company(self):
        """
        GIVEN two companies selling the same product
        WHEN the other one receives 10
        THEN our order is as short as before, and theirs is ready
        """
        other = self.env["res.company"].create({"name": "Other Ltd"})
        self.env.user.company_ids |= other
        ours = self._create_order((self.glass, 10))
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        env = self.env(context=dict(self.env.context, allowed_company_ids=[other.id]))
        theirs = env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "company_id": other.id,
                "warehouse_id": warehouse.id,
                "order_line": [
                    Command.create({"product_id": self.glass.id, "product_uom_qty": 4})
                ],
            }
        )
        theirs.action_confirm()
        self._settle()
        self.assertEqual(theirs.backorder_state, "backordered")
        supplier = self.env.ref("stock.stock_location_suppliers")
        receipt = env["stock.picking"].create(
            {
                "picking_type_id": warehouse.in_type_id.id,
                "company_id": other.id,
                "location_id": supplier.id,
                "location_dest_id": warehouse.lot_stock_id.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": self.glass.id,
                            "product_uom_qty": 10,
                            "location_id": supplier.id,
                            "location_dest_id": warehouse.lot_stock_id.id,
                        }
                    )
                ],
            }
        )
        receipt.action_confirm()
        receipt.move_ids.picked = True
        receipt.button_validate()
        self._settle()
        self.assertEqual(theirs.backorder_state, "ready")
        self.assertLine(ours.order_line, "backordered", backordered=10)
        ours_seen_by_them = env["backorder.demand"].with_user(
            self._create_user_of(other)
        )
        self.assertEqual(
            ours_seen_by_them.search([("product_id", "=", self.glass.id)]).order_id,
            theirs,
        )

    def _create_user_of(self, company):
        user = self._create_user("other_stock", "stock.group_stock_user")
        user.write({"company_ids": company.ids, "company_id": company.id})
        return user

    def test_receipt_of_an_archived_product(self):
        order = self._create_order((self.glass, 10))
        receipt = self._create_receipt((self.glass, 6))
        self.glass.active = False
        self._validate(receipt)
        self.assertLine(order.order_line, "partial", backordered=4, allocated=6)
        self.assertEqual(self._reserved(self.glass), (6, 6))

    def test_receipt_of_a_service(self):
        service = self.env["product.product"].create(
            {"name": "Freight", "type": "service"}
        )
        order = self._create_order((self.glass, 10), (service, 1))
        receipt = self._create_receipt((self.glass, 10), (service, 1))
        self._validate(receipt)
        self.assertEqual(order.backorder_state, "ready")
        self.assertEqual(self._reserved(self.glass), (10, 10))

    def test_a_unit_that_does_not_divide(self):
        """
        GIVEN 31 pieces and an order of 5 dozen
        THEN what core would reserve of the 31 is reserved, once, and the sum is 5
        """
        self._put_stock(self.glass, 31)
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 5,
                "product_uom_id": self.dozen.id,
            }
        )
        line = order.order_line
        quants, lines = self._reserved(self.glass)
        self.assertEqual(quants, lines)
        self.assertLessEqual(quants, 31)
        self.assertEqual(line.qty_backorder_open, 5)
        self.assertEqual(line.qty_allocated, 2.58)
        self._receive((self.glass, 29))
        self.assertLine(line, "ready", allocated=5)
        self.assertEqual(self._reserved(self.glass), (60, 60))

    def test_user_without_rights(self):
        """Whoever may neither sell nor work in stock meets Odoo's usual refusal."""
        self._create_order((self.glass, 10))
        nobody = self._create_user("nobody", "base.group_user")
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            self.env["backorder.demand"].with_user(nobody).search([])
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            self.env["backorder.refresh"].with_user(nobody).search([])

    def test_nobody_writes_the_planners_table(self):
        order = self._create_order((self.glass, 10))
        demand = order.order_line.move_ids.backorder_demand_ids
        manager = self._create_user(
            "boss", "stock.group_stock_manager,sales_team.group_sale_manager"
        )
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            demand.with_user(manager).write({"qty_short": 0})

    def test_a_salesperson_sees_own_shortages_only(self):
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        colleague = self._create_user("colleague", "sales_team.group_sale_salesman")
        mine = self._create_order((self.glass, 10), user_id=seller.id)
        theirs = self._create_order((self.glass, 5), user_id=colleague.id)
        seen = self.env["backorder.demand"].with_user(seller).search([]).order_id
        self.assertIn(mine, seen)
        self.assertNotIn(theirs, seen)

    def test_a_new_salesperson_takes_the_shortages_over(self):
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        colleague = self._create_user("colleague", "sales_team.group_sale_salesman")
        order = self._create_order((self.glass, 10), user_id=seller.id)
        order.write({"user_id": colleague.id, "partner_id": self.other_customer.id})
        self._settle()
        demands = self.env["backorder.demand"]
        self.assertNotIn(order, demands.with_user(seller).search([]).order_id)
        seen = demands.with_user(colleague).search([("order_id", "=", order.id)])
        self.assertEqual(seen.partner_id, self.other_customer)

    def test_salesperson_without_stock_rights_confirms(self):
        """Selling needs no stock rights, and the figures come all the same."""
        seller = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._create_order(
            (self.glass, 10), user_id=seller.id, confirm=False
        ).with_user(seller)
        order.action_confirm()
        self._settle()
        self.assertLine(order.order_line, "backordered", backordered=10)
        order.order_line.product_uom_qty = 4
        self._settle()
        self.assertLine(order.order_line, "backordered", backordered=4)

    def test_warehouse_worker_without_sales_rights_ships(self):
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        worker = self._create_user("worker", "stock.group_stock_user")
        picking = order.picking_ids.with_user(worker)
        self._validate(picking)
        self.assertLine(order.order_line, "backordered", backordered=6)
        receipt = self._create_receipt((self.glass, 6)).with_user(worker)
        self._validate(receipt)
        self.assertLine(order.order_line, "ready", allocated=6)

    def test_shipping_an_order_one_may_not_read(self):
        """A warehouse manager who sells now and then ships a colleague's order."""
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10), user_id=self.env.user.id)
        manager = self._create_user(
            "manager", "stock.group_stock_manager,sales_team.group_sale_salesman"
        )
        self.env.invalidate_all()
        self._validate(order.picking_ids.with_user(manager), backorder=False)
        self.assertEqual(order.picking_ids.release_number, 1)
        self.assertEqual(order.order_line.qty_cancelled, 6)

    def test_a_failing_refresh_does_not_stop_the_warehouse(self):
        """
        GIVEN the planner's figures cannot be refreshed
        WHEN a receipt is validated
        THEN it is validated, the failure is on the list of pending refreshes, and the
        scheduled action mends it
        """
        order = self._create_order((self.glass, 10))
        receipt = self._create_receipt((self.glass, 4))
        # A real failure: the table refuses the row.
        self.env.cr.execute(
            "ALTER TABLE backorder_demand ADD CONSTRAINT broken"
            " CHECK (qty_allocated < 1) NOT VALID"
        )
        with mute_logger(
            "odoo.addons.backorder_management.models.backorder_demand", "odoo.sql_db"
        ):
            self._validate(receipt)
        self.assertEqual(receipt.state, "done")
        self.assertEqual(order.order_line.qty_allocated, 4)
        pending = self.env["backorder.refresh"].search(
            [("product_id", "=", self.glass.id)]
        )
        self.assertIn("broken", pending.error)

        self.env.cr.execute("ALTER TABLE backorder_demand DROP CONSTRAINT broken")
        self.env["backorder.refresh"]._refresh_next(10)
        self.assertFalse(pending.exists())
        demand = order.order_line.move_ids.backorder_demand_ids
        self.assertEqual((demand.qty_allocated, demand.qty_short), (4, 6))

    def test_many_demands_are_queued(self):
        """Above the limit the figures are left to the scheduled action."""
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "1"
        )
        order = self._create_order((self.glass, 10), (self.glass, 5))
        moves = order.order_line.move_ids
        self.assertFalse(moves.backorder_demand_ids)
        self.env["backorder.refresh"]._refresh_next(10)
        self.assertEqual(sum(moves.backorder_demand_ids.mapped("qty_short")), 15)

    def test_a_silly_limit_is_no_limit(self):
        self.env["ir.config_parameter"].set_param(
            "backorder_management.queue_above", "many"
        )
        order = self._create_order((self.glass, 10))
        self.assertLine(order.order_line, "backordered", backordered=10)

    def test_a_million_missing_is_asked_about_in_full(self):
        """In the language of whoever reads it, to the last piece."""
        line = self._create_order((self.glass, 1234567)).order_line
        self.assertEqual(line._describe_missing(), "1,234,567.00 Units of Wine Glass")
        german = self.env["res.lang"]._activate_lang("de_DE")
        german.write({"thousands_sep": ".", "decimal_point": ","})
        self.assertTrue(
            line.with_context(lang="de_DE")
            ._describe_missing()
            .startswith("1.234.567,00 ")
        )


@tagged("post_install", "-at_install")
class TestAgreementOfAnotherCompany(BackorderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other Ltd"})
        cls.env.user.company_ids |= cls.other
        cls.theirs, cls.shared = cls.env["backorder.policy"].create(
            [
                {"name": "Theirs", "company_id": cls.other.id},
                {"name": "Shared", "company_id": False},
            ]
        )
        cls.tag = cls.env["res.partner.category"].create({"name": "Hotels"})

    def assertRefusedFor(self, record, policy):  # noqa: N802 - unittest's own manner
        name = self.env.company.name
        with self.assertRaises(ValidationError) as caught:
            record.backorder_policy_id = policy
        self.assertEqual(
            str(caught.exception),
            f"Theirs is an agreement of Other Ltd and cannot be used in {name}.",
        )

    def test_customers_and_tags(self):
        """
        GIVEN an agreement of Other Ltd
        WHEN we agree on it with a customer, or for a tag
        THEN that is refused here, and accepted in Other Ltd
        """
        for record in (self.customer, self.tag):
            with self.subTest(record._name):
                self.assertRefusedFor(record, self.theirs)
                there = record.with_company(self.other)
                there.backorder_policy_id = self.theirs
                self.assertEqual(there.backorder_policy_id, self.theirs)
                self.assertFalse(record.backorder_policy_id)

    def test_a_new_customer(self):
        with self.assertRaisesRegex(ValidationError, "cannot be used in"):
            self.env["res.partner"].create(
                {"name": "Pension", "backorder_policy_id": self.theirs.id}
            )

    def test_a_contact_beside_what_is_agreed_there(self):
        """What Other Ltd has agreed on is no obstacle to who edits a customer here."""
        self.customer.is_company = True
        self.customer.with_company(self.other).backorder_policy_id = self.theirs
        self.customer.backorder_policy_id = self.shared
        cook = self.env["res.partner"].create(
            {"name": "Cook", "parent_id": self.customer.id}
        )
        self.customer.company_id = self.env.company
        self.assertEqual(cook.backorder_policy_id, self.shared)

    def test_an_agreement_in_use_here_cannot_become_theirs(self):
        """
        GIVEN a shared agreement of a company, a customer, a tag or a closed order here
        WHEN it is to be for Other Ltd alone
        THEN that is refused, and says who has it; it may become ours
        """
        order = self._create_order((self.glass, 1), confirm=False)
        order._action_cancel()
        for user in (self.env.company, self.customer, self.tag, order):
            with self.subTest(user._name):
                user.backorder_policy_id = self.shared
                with self.assertRaises(ValidationError) as caught:
                    self.shared.company_id = self.other
                self.assertEqual(
                    str(caught.exception),
                    "Shared cannot be for Other Ltd alone: it is agreed with "
                    f"{user.display_name} in another company.",
                )
                self.shared.company_id = self.env.company
                self.shared.company_id = False
                user.backorder_policy_id = False

    def test_an_agreement_in_use_there_may_become_theirs(self):
        self.customer.with_company(self.other).backorder_policy_id = self.shared
        self.other.backorder_policy_id = self.shared
        self.shared.company_id = self.other
        self.assertEqual(self.shared.company_id, self.other)
        with self.assertRaisesRegex(ValidationError, "Shared cannot be for"):
            self.shared.company_id = self.env.company
