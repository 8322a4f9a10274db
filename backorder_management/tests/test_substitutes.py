"""Substitutes: what stands in for what, when it could be there, and selling it instead.

Today is Monday, 1 March 2027; nobody works on Saturdays and Sundays.
"""

from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import html2plaintext, mute_logger

from .test_eta import EtaCommon, march


class SubstituteCommon(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cup = cls._create_product("Cup", list_price=7.0)
        cls.jug = cls._create_product("Jug", list_price=20.0)
        cls.seller = new_test_user(
            cls.env, "seller", "sales_team.group_sale_salesman", email="s@us.example"
        )

    @classmethod
    def _replace_by(cls, product, substitute, **values):
        return cls.env["product.substitute"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "product_id": substitute.id,
                **values,
            }
        )

    def _find(self, product):
        return product._find_substitutes(self.env.company)


@tagged("post_install", "-at_install")
class TestSubstituteList(SubstituteCommon):
    def test_order_and_ratio(self):
        self._replace_by(self.glass, self.jug, sequence=2, ratio=0.25)
        self._replace_by(self.glass, self.cup, sequence=1)
        self.assertEqual(
            list(self._find(self.glass).items()), [(self.cup, 1), (self.jug, 0.25)]
        )

    def test_one_way(self):
        self._replace_by(self.glass, self.jug, ratio=0.25)
        self.assertFalse(self._find(self.jug))
        self.assertFalse(self.jug._filter_with_substitutes())

    def test_both_ways(self):
        """4 glasses for a jug, a jug for 4 glasses; its own list goes first."""
        self._replace_by(self.glass, self.jug, ratio=0.25, both_ways=True, sequence=1)
        self._replace_by(self.jug, self.cup, sequence=9)
        self.assertEqual(
            list(self._find(self.jug).items()), [(self.cup, 1), (self.glass, 4)]
        )
        self.assertEqual(
            (self.glass | self.cup | self.jug)._filter_with_substitutes(),
            self.glass | self.jug,
        )

    def test_each_once(self):
        """It is named on both of them: what its own list says counts."""
        self._replace_by(self.glass, self.jug, ratio=0.25, both_ways=True)
        self._replace_by(self.jug, self.glass, ratio=5)
        self.assertEqual(self._find(self.jug), {self.glass: 5})

    def test_variants(self):
        """Red glasses replace blue ones, mugs replace both."""
        attribute = self.env["product.attribute"].create(
            {
                "name": "Colour",
                "value_ids": [
                    Command.create({"name": "red"}),
                    Command.create({"name": "blue"}),
                ],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Coloured Glass",
                "is_storable": True,
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": attribute.id,
                            "value_ids": [Command.set(attribute.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        red, blue = template.product_variant_ids
        self._replace_by(blue, red, variant_id=blue.id, sequence=1)
        self._replace_by(blue, self.cup, sequence=2, both_ways=True)
        self.assertEqual(list(self._find(blue)), [red, self.cup])
        self.assertEqual(list(self._find(red)), [self.cup])
        self.assertEqual(list(self._find(self.cup)), [red, blue])
        with self.assertRaisesRegex(ValidationError, "is no variant of"):
            self._replace_by(self.glass, self.cup, variant_id=red.id)
        with self.assertRaisesRegex(ValidationError, "does not replace itself"):
            self._replace_by(red, red, variant_id=red.id)

    def test_what_is_not_sold(self):
        self._replace_by(self.glass, self.cup)
        self._replace_by(self.glass, self.jug)
        self.cup.sale_ok = False
        self.jug.active = False
        self.assertFalse(self._find(self.glass))

    def test_bad_input(self):
        with self.assertRaisesRegex(ValidationError, "does not replace itself"):
            self._replace_by(self.glass, self.glass)
        self._replace_by(self.glass, self.cup)
        for product, values in ((self.jug, {"ratio": 0}), (self.cup, {})):
            with (
                self.subTest(values=values),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self._replace_by(self.glass, product, **values)

    def test_plain_list(self):
        """Programs and imports name products only; ratios of those that stay stay."""
        template = self.glass.product_tmpl_id
        known = self._replace_by(self.glass, self.jug, ratio=0.25)
        template.substitute_product_ids |= self.cup
        self.assertEqual(template.substitute_ids.product_id, self.jug | self.cup)
        self.assertEqual(known.ratio, 0.25)
        template.substitute_product_ids = self.cup
        self.assertFalse(known.exists())
        self.assertEqual(
            self.env["product.template"].search(
                [("substitute_product_ids", "in", self.cup.ids)]
            ),
            template,
        )

    def test_lists_from_before(self):
        """What was a plain list of products is taken over, once."""
        self._replace_by(self.glass, self.cup, ratio=3)
        self.env.flush_all()
        self.env.cr.execute(
            "CREATE TABLE product_template_substitute_rel"
            " (product_tmpl_id int, product_id int)"
        )
        self.env.cr.execute(
            "INSERT INTO product_template_substitute_rel VALUES (%s, %s), (%s, %s)",
            (
                self.glass.product_tmpl_id.id,
                self.cup.id,
                self.glass.product_tmpl_id.id,
                self.jug.id,
            ),
        )
        self.env["product.substitute"].init()
        self.env.invalidate_all()
        self.assertEqual(self._find(self.glass), {self.cup: 3, self.jug: 1})
        self.env["product.substitute"].init()

    def test_rights(self):
        substitute = self._replace_by(self.glass, self.cup)
        self.assertEqual(
            self.glass.with_user(self.seller)._get_substitutes(self.env.company),
            self.cup,
        )
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_model"),
        ):
            substitute.with_user(self.seller).ratio = 2
        portal = new_test_user(self.env, "portal", "base.group_portal")
        with (
            self.assertRaises(AccessError),
            mute_logger("odoo.addons.base.models.ir_model"),
        ):
            substitute.with_user(portal).read(["ratio"])

    def test_other_companies(self):
        company = self.env["res.company"].create({"name": "Branch"})
        theirs = self._create_product("Theirs", company_id=company.id)
        theirs_too = self._create_product("Theirs Too", company_id=company.id)
        with self.assertRaises(UserError):
            self._replace_by(self.glass, theirs)
        own = self._replace_by(theirs, theirs_too)
        self.env.flush_all()
        self.assertFalse(
            self.env["product.substitute"]
            .with_user(self.seller)
            .search([("id", "=", own.id)])
        )


@tagged("post_install", "-at_install")
class TestOffers(SubstituteCommon):
    """6 of 10 glasses are missing, expected on 10 March."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)
        cls._expect(10, (cls.glass, 30))
        cls._replace_by(cls.glass, cls.jug, sequence=1)
        cls._replace_by(cls.glass, cls.cup, sequence=2)
        cls.order = cls._create_order((cls.glass, 10), user_id=cls.seller.id)
        cls.line = cls.order.order_line

    def _get_offers(self, missing=6):
        return [
            (offer.product, offer.line.product_uom_qty, offer.there, offer.day)
            for offer in self.line._find_substitute_offers(missing)
        ]

    def _get_sooner(self):
        return [offer.product for offer in self.line._find_sooner_offers()]

    def test_by_day(self):
        """Cups are there, jugs come on the 4th: cups first, whatever the list says."""
        self._put_stock(self.cup, 20)
        self._expect(4, (self.jug, 6))
        self.assertEqual(
            self._get_offers(),
            [(self.cup, 6, 6, march(1)), (self.jug, 6, 0, march(4))],
        )
        self.assertEqual(self._get_sooner(), [self.cup, self.jug])

    def test_by_list_on_the_same_day(self):
        self._put_stock(self.cup, 20)
        self._put_stock(self.jug, 20)
        self.assertEqual(self._get_sooner(), [self.jug, self.cup])

    def test_what_is_there_in_part(self):
        """5 cups are there, the sixth comes on the 5th."""
        self._put_stock(self.cup, 5)
        self._expect(5, (self.cup, 1))
        self.assertEqual(self._get_offers()[0], (self.cup, 6, 5, march(5)))

    def test_what_comes_later_is_no_help(self):
        self._expect(11, (self.cup, 6))
        self._expect(10, (self.jug, 6))
        self.assertEqual(
            [day for *_more, day in self._get_offers()], [march(10), march(11)]
        )
        self.assertEqual(self._get_sooner(), [])

    def test_what_nobody_has_ordered(self):
        """It could be bought within 2 days: nothing that customers can count on."""
        self.cup.write(
            {
                "route_ids": [
                    Command.link(self.env.ref("purchase_stock.route_warehouse0_buy").id)
                ],
                "seller_ids": [
                    Command.create({"partner_id": self.vendor.id, "delay": 2})
                ],
            }
        )
        [offer] = [
            each
            for each in self.line._find_substitute_offers(6)
            if each.product == self.cup
        ]
        self.assertEqual(offer.candidate.unordered, 6)
        self.assertTrue(offer.day)
        self.assertEqual(self._get_sooner(), [])

    def test_what_others_wait_for_is_not_there(self):
        """10 cups: 7 go to others."""
        self._put_stock(self.cup, 10)
        self._create_order((self.cup, 7))
        self.assertIn((self.cup, 6, 3, None), self._get_offers())

    def test_ratio(self):
        """A box holds 4: 6 glasses are replaced by 2 boxes."""
        self.line.product_id.substitute_ids.filtered(
            lambda each: each.product_id == self.jug
        ).ratio = 0.25
        self._put_stock(self.jug, 1)
        self.assertIn((self.jug, 2, 1, None), self._get_offers())

    def test_what_is_not_kept_in_stock(self):
        """It is to be had whenever it is wanted."""
        voucher = self._create_product("Voucher", is_storable=False)
        self._replace_by(self.glass, voucher, sequence=0)
        self.assertEqual(self._get_sooner(), [voucher])

    def test_kit(self):
        """12 legs and 2 tops make 2 tables."""
        table, top, leg = self._create_table()
        self._replace_by(self.glass, table)
        self._put_stock(top, 2)
        self._put_stock(leg, 12)
        self.assertIn((table, 2, 2, march(1)), self._get_offers(2))
        self.assertIn((table, 4, 2, None), self._get_offers(4))

    def test_agrees_with_what_comes_out(self):
        """Scenario: what is offered is sold. Expected: the day that was offered."""
        self._put_stock(self.cup, 2)
        self._expect(4, (self.cup, 10))
        [offer] = self.line._find_sooner_offers()
        self.assertEqual(offer.day, march(4))
        new_line = self.line._replace_short(self.cup, "Why not")
        self._settle()
        self.assertEqual(new_line.backorder_eta, march(4))
        self.assertEqual(new_line._get_expected_day(), march(4))

    def test_nothing_is_written(self):
        self._put_stock(self.cup, 20)
        before = self.order.order_line
        self.line._find_substitute_offers(6)
        self.env.invalidate_all()
        self.assertEqual(self.order.order_line, before)
        self.assertEqual(len(self.order.picking_ids), 1)
        self.assertEqual(self.order.amount_untaxed, 100)


@tagged("post_install", "-at_install")
class TestReplace(SubstituteCommon):
    """6 of 10 glasses are missing; cups at 7.00 could come instead."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)
        cls._put_stock(cls.cup, 20)
        cls._replace_by(cls.glass, cls.cup)
        cls.order = cls._create_order((cls.glass, 10), user_id=cls.seller.id)
        cls.line = cls.order.order_line

    def _replace(self, line=None, product=None, **values):
        line = (line or self.line)._replace_short(
            product or self.cup, "Agreed on by phone", **values
        )
        self._settle()
        return line

    def test_what_is_missing(self):
        """4 glasses and 6 cups come; the line still says that 10 were ordered."""
        new_line = self._replace()
        self.assertLine(self.line, "ready", allocated=4, cancelled=6)
        self.assertEqual(self.line.product_uom_qty, 10)
        self.assertEqual(
            (new_line.product_id, new_line.product_uom_qty, new_line.price_unit),
            (self.cup, 6, 7),
        )
        self.assertEqual(new_line.qty_allocated, 6)
        self.assertEqual(new_line.substitute_for_id, self.line)
        self.assertIn("Instead of: Wine Glass", new_line.name)
        self.assertEqual(self.line.backorder_cancellation_ids.quantity, 6)
        self.assertEqual(
            self.line.backorder_cancellation_ids.reason_id,
            self.env.ref("backorder_management.cancel_reason_substitute"),
        )
        bodies = "".join(self.order.message_ids.mapped("body"))
        self.assertIn("6 Units of Wine Glass are replaced by 6 Units of Cup", bodies)
        self.assertNotIn("Extra line", bodies)

    def test_everything_ships_and_is_invoiced_once(self):
        new_line = self._replace()
        self._validate(self.order.picking_ids.filtered(lambda p: p.state != "cancel"))
        self.assertEqual((self.line.qty_delivered, new_line.qty_delivered), (4, 6))
        invoice = self.order._create_invoices()
        # 4 glasses at 10.00, 6 cups at 7.00
        self.assertEqual(invoice.amount_untaxed, 82)
        self.assertEqual(self.order.invoice_status, "invoiced")

    def test_a_part(self):
        new_line = self._replace(limit=2)
        self.assertEqual(new_line.product_uom_qty, 2)
        self.assertLine(self.line, "partial", 4, allocated=4, cancelled=2)
        again = self._replace()
        self.assertEqual(again.product_uom_qty, 4)
        self.assertEqual(self.line.substitute_line_ids, new_line | again)

    def test_a_part_of_several_deliveries(self):
        """3 are missing on a delivery that is printed, and 5 on a second one."""
        order = self._create_order((self.glass, 3))
        order.picking_ids.printed = True
        order.order_line.product_uom_qty = 8
        self._settle()
        self.assertEqual(len(self._get_open(order)), 2)
        line = order.order_line
        self.assertEqual(self._replace(line, limit=4).product_uom_qty, 4)
        self.assertLine(line, "backordered", 4, cancelled=4)

    def test_goods_came_meanwhile(self):
        self._receive((self.glass, 5))
        self.assertEqual(self._replace(limit=6).product_uom_qty, 1)

    def test_nothing_is_missing(self):
        self._receive((self.glass, 6))
        with self.assertRaisesRegex(UserError, "nothing to cancel"):
            self._replace()
        self.assertEqual(self.order.order_line, self.line)

    def test_no_substitute(self):
        with self.assertRaisesRegex(UserError, "Choose a substitute for Wine Glass"):
            self._replace(product=self.jug)
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_locked(self):
        self.order.action_lock()
        with self.assertRaisesRegex(UserError, "is locked: unlock it"):
            self._replace()
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_substitute_is_refused(self):
        """Only what is there is accepted: nothing of it is done."""
        self.cup.backorder_acceptance = "refuse"
        self._put_stock(self.cup, -17)
        with self.assertRaisesRegex(UserError, "Cup"), self.cr.savepoint():
            self._replace()
        self.env.invalidate_all()
        self.assertEqual(self.line.qty_cancelled, 0)
        self.assertEqual(self.order.order_line, self.line)

    def test_dozens(self):
        """1 dozen of glasses is missing: 12 cups come, which are sold by the piece."""
        order = self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 1,
                "product_uom_id": self.dozen.id,
            }
        )
        new_line = self._replace(order.order_line)
        self.assertEqual(
            (new_line.product_uom_qty, new_line.product_uom_id), (12, self.unit)
        )

    def test_ratio(self):
        self.glass.substitute_ids.ratio = 0.25
        new_line = self._replace()
        self.assertEqual(new_line.product_uom_qty, 2)
        self.assertLine(self.line, "ready", allocated=4, cancelled=6)

    def test_kit(self):
        """3 tables are ordered, 1 can be made: 2 are replaced."""
        table, top, leg = self._create_table()
        self._put_stock(top, 1)
        self._put_stock(leg, 7)
        self._replace_by(table, self.cup)
        order = self._create_order((table, 3))
        new_line = self._replace(order.order_line)
        self.assertEqual(new_line.product_uom_qty, 2)
        self.assertEqual(order.order_line[0].qty_cancelled, 2)

    def test_a_part_of_a_kit(self):
        table, top, leg = self._create_table()
        self._replace_by(table, self.cup)
        order = self._create_order((table, 3))
        new_line = self._replace(order.order_line, limit=1)
        self.assertEqual(new_line.product_uom_qty, 1)
        table_line = order.order_line - new_line
        self.assertEqual((table_line.qty_cancelled, table_line.qty_backordered), (1, 2))

    def test_in_steps(self):
        """Two steps: what is missing ends in both; the substitute takes both."""
        self._set_steps("pick_ship")
        product = self._create_product("In Steps")
        self._replace_by(product, self.cup)
        order = self._create_order((product, 5))
        new_line = self._replace(order.order_line)
        self.assertEqual(order.order_line[0].qty_cancelled, 5)
        self.assertEqual(new_line.qty_allocated, 5)

    def test_place_in_the_section(self):
        """All lines have the sequence 10, as those of an import have."""
        self.order.order_line = [
            Command.create({"display_type": "line_note", "name": "Fragile"}),
            Command.create({"display_type": "line_section", "name": "Silver"}),
            Command.create({"product_id": self.jug.id, "product_uom_qty": 1}),
        ]
        self.order.order_line.sequence = 10
        self.order.invalidate_recordset()
        before = self.order.order_line.ids
        new_line = self._replace()
        self.order.invalidate_recordset()
        after = self.order.order_line.sorted(lambda line: (line.sequence, line.id)).ids
        self.assertEqual(after, [before[0], new_line.id, *before[1:]])
        self.assertFalse(new_line.parent_id)

    def test_links(self):
        """It goes with the line that the other went with, and ships with its group."""
        order = self._create_order((self.jug, 1), confirm=False)
        order.order_line = [
            Command.create(
                {
                    "product_id": self.glass.id,
                    "product_uom_qty": 3,
                    "linked_line_id": order.order_line.id,
                    "delivery_group": "A",
                    "analytic_distribution": {},
                }
            )
        ]
        order.action_confirm()
        self._settle()
        new_line = self._replace(order.order_line[1])
        self.assertEqual(new_line.linked_line_id, order.order_line[0])
        self.assertEqual(new_line.delivery_group, "A")

    def test_price_rules(self):
        """The customer's price list gives 10 % on cups from 5 on."""
        pricelist = self.env["product.pricelist"].create(
            {
                "name": "Hotels",
                "item_ids": [
                    Command.create(
                        {
                            "applied_on": "0_product_variant",
                            "product_id": self.cup.id,
                            "min_quantity": 5,
                            "compute_price": "fixed",
                            "fixed_price": 6.3,
                        }
                    )
                ],
            }
        )
        order = self._create_order((self.glass, 9), pricelist_id=pricelist.id)
        self.assertEqual(self._replace(order.order_line).price_unit, 6.3)
        order = self._create_order((self.glass, 4), pricelist_id=pricelist.id)
        self.assertEqual(self._replace(order.order_line).price_unit, 7)

    def test_what_was_granted_by_hand(self):
        """A discount and taxes that no rule gives go with the substitute; those of the
        rules are its own."""
        low, high = self.env["account.tax"].create(
            [{"name": "7", "amount": 7}, {"name": "19", "amount": 19}]
        )
        self.glass.taxes_id = low
        self.cup.taxes_id = high
        order = self._create_order((self.glass, 9), (self.glass, 9), confirm=False)
        by_rules, by_hand = order.order_line
        by_hand.write({"discount": 5, "tax_ids": [Command.clear()]})
        order.action_confirm()
        self._settle()
        new_line = self._replace(by_rules)
        self.assertEqual((new_line.tax_ids, new_line.discount), (high, 0))
        new_line = self._replace(by_hand)
        self.assertEqual((len(new_line.tax_ids), new_line.discount), (0, 5))

    def test_invoiced_before(self):
        """All 10 were invoiced when ordered: 6 of them are to be credited."""
        self.glass.invoice_policy = "order"
        order = self._create_order((self.glass, 10))
        order._create_invoices().action_post()
        line = order.order_line
        dialog = self.env["backorder.substitute"].create(
            {"sale_line_id": line.id, "quantity": 10}
        )
        self.assertIn("$ 100.00 to be credited", dialog.effect.replace("\xa0", " "))
        new_line = self._replace(line)
        self.assertEqual((line.qty_cancelled, new_line.product_uom_qty), (10, 10))
        self.assertTrue(order._find_backorder_credit().quantities)

    def test_one_invoice_per_shipment(self):
        """4 glasses and 3 cups leave first, then 3 cups: 61.00 and 21.00."""
        self.order.shipment_invoicing = "per_shipment"
        new_line = self._replace()
        new_line.move_ids.quantity = 3
        self._validate(self._get_open(self.order))
        self._validate(self._get_open(self.order))
        invoices = self.order._create_invoices().sorted("id")
        self.assertEqual(invoices.mapped("amount_untaxed"), [61, 21])
        self.assertEqual(new_line.qty_invoiced, 6)
        self.assertEqual(sum(invoices.mapped("amount_total")), self.order.amount_kept)

    def test_deposit(self):
        """50.00 of 100.00 were paid; 10 cups cost 70.00, so 20.00 are to be paid."""
        order = self._create_order((self.glass, 10))
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "percentage",
                "amount": 50,
            }
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()
        self._replace(order.order_line.filtered("product_id")[:1])
        self._validate(self._get_open(order))
        invoice = order._create_invoices(final=True)
        self.assertEqual(invoice.amount_total, 20)

    def test_ships_complete(self):
        """All of it leaves together: with the cups, all of it is there."""
        policy = self.env["backorder.policy"].create(
            {"name": "Complete", "shipping": "complete_order"}
        )
        order = self._create_order((self.glass, 10), backorder_policy_id=policy.id)
        self._receive((self.glass, 4))
        line = order.order_line
        self._replace(line, limit=line.qty_backordered)
        picking = self._get_open(order)
        self.assertEqual(picking.state, "assigned")
        self.assertEqual(sum(picking.move_ids.mapped("quantity")), 10)

    def test_confirmed_again(self):
        """The whole order is cancelled, and confirmed again: 4 glasses and 6 cups, as
        they were agreed on."""
        self._replace()
        self.order._action_cancel()
        self.order.action_draft()
        self.order.action_confirm()
        self._settle()
        moves = self.order.order_line.move_ids.filtered(lambda m: m.state != "cancel")
        self.assertEqual(
            {m.product_id: m.product_uom_qty for m in moves},
            {self.glass: 4, self.cup: 6},
        )

    def test_back_again(self):
        """Cups are missing as well; glasses have come, and replace them."""
        self.glass.substitute_ids.both_ways = True
        self._put_stock(self.cup, -20)
        new_line = self._replace()
        self.assertLine(new_line, "backordered", 6)
        self._put_stock(self.glass, 6)
        again = self._replace(new_line, product=self.glass)
        self.assertEqual((again.product_id, again.qty_allocated), (self.glass, 6))
        self.assertEqual(self.order.amount_kept, 100)

    def test_story(self):
        self._replace()
        events = self.env["backorder.event"].search([("order_id", "=", self.order.id)])
        [event] = events.filtered(lambda each: each.kind == "replaced")
        self.assertEqual((event.product_id, event.quantity), (self.cup, 6))
        self.assertIn("cancelled", events.mapped("kind"))

    def test_copied_orders_know_nothing_of_it(self):
        """The customer orders the same again: 10 glasses."""
        self._replace()
        line = self.order.copy().order_line
        self.assertEqual((line.product_id, line.product_uom_qty), (self.glass, 10))

    def test_what_is_weighed(self):
        """10 kg of tea are missing, of which 1/3 replaces 1: 3.34 kg. Tins are sold
        whole: 5 of 0.25 for each of 18.5 kg."""
        kilo = self.env.ref("uom.product_uom_kgm")
        tea, strong = (
            self._create_product(name, uom_id=kilo.id) for name in ("Tea", "Strong Tea")
        )
        tin = self._create_product("Tin")
        self._replace_by(tea, strong, ratio=1 / 3)
        self._replace_by(tea, tin, ratio=0.25)
        order = self._create_order((tea, 10), (tea, 18.5))
        first, second = order.order_line
        self.assertEqual(self._replace(first, strong).product_uom_qty, 3.34)
        new_line = self._replace(second, tin)
        self.assertEqual(
            (new_line.product_uom_qty, new_line.product_uom_id), (5, self.unit)
        )

    def test_combo(self):
        """A part of a combo has no price of its own: it is not replaced alone."""
        combo = self.env["product.combo"].create(
            {
                "name": "Glasses",
                "combo_item_ids": [Command.create({"product_id": self.glass.id})],
            }
        )
        menu = self.env["product.product"].create(
            {
                "name": "Menu",
                "type": "combo",
                "combo_ids": [Command.set(combo.ids)],
            }
        )
        order = self._create_order((menu, 1), confirm=False)
        order.order_line = [
            Command.create(
                {
                    "product_id": self.glass.id,
                    "product_uom_qty": 1,
                    "linked_line_id": order.order_line.id,
                    "combo_item_id": combo.combo_item_ids.id,
                }
            )
        ]
        order.action_confirm()
        self._settle()
        part = order.order_line[1]
        self.assertFalse(part.has_substitutes)
        with self.assertRaisesRegex(UserError, "Choose a substitute"):
            self._replace(part)


@tagged("post_install", "-at_install")
class TestReplaceDialog(SubstituteCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)
        cls._put_stock(cls.cup, 5)
        cls._expect(10, (cls.glass, 30))
        cls._expect(4, (cls.cup, 5))
        cls._replace_by(cls.glass, cls.cup)
        cls.order = cls._create_order((cls.glass, 10), user_id=cls.seller.id)
        cls.line = cls.order.order_line

    def _open(self, line=None, user=None):
        line = (line or self.line).with_user(user or self.seller)
        action = line.action_substitute()
        return line.env["backorder.substitute"].browse(action["res_id"])

    def test_what_it_shows(self):
        dialog = self._open()
        self.assertEqual((dialog.missing, dialog.quantity), (6, 6))
        self.assertEqual(dialog.expected, march(10))
        offer = dialog.offer_ids
        self.assertEqual(
            (offer.product_id, offer.quantity, offer.there, offer.day),
            (self.cup, 6, 5, march(4)),
        )
        self.assertEqual(
            (offer.price_unit, offer.amount, offer.difference), (7, 42, -18)
        )
        self.assertFalse(offer.if_ordered)
        self.assertEqual(dialog.substitute_id, self.cup)

    def test_another_quantity(self):
        """Of 5 cups, all are there: what is shown follows the quantity."""
        dialog = self._open()
        with Form(dialog) as form:
            form.quantity = 5
            self.assertEqual(len(form.offer_ids), 1)
        offer = dialog.offer_ids
        self.assertEqual((offer.quantity, offer.there, offer.day), (5, 5, march(1)))
        self.assertEqual(offer.difference, -15)
        dialog.note = "By phone"
        dialog.action_replace()
        self._settle()
        new_line = self.line.substitute_line_ids
        self.assertEqual(new_line.product_uom_qty, 5)
        self.assertLine(self.line, "partial", 1, allocated=4, cancelled=5)
        self.assertIn(
            "Something else instead: By phone",
            "".join(self.order.message_ids.mapped("body")),
        )

    def test_quantities_that_make_no_sense(self):
        dialog = self._open()
        for quantity in (0, -1, 7):
            dialog.quantity = quantity
            with (
                self.subTest(quantity=quantity),
                self.assertRaisesRegex(UserError, "at most the 6 Units"),
            ):
                dialog.action_replace()
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_nothing_missing(self):
        self._receive((self.glass, 6))
        with self.assertRaisesRegex(UserError, "nothing to cancel"):
            self._open()

    def test_no_substitute(self):
        self.glass.substitute_ids.unlink()
        with self.assertRaisesRegex(UserError, "name one on the product"):
            self._open()

    def test_quotation(self):
        """The whole line becomes one of cups, at their price."""
        order = self._create_order(
            (self.glass, 3), confirm=False, user_id=self.seller.id
        )
        dialog = self._open(order.order_line)
        self.assertTrue(dialog.is_quotation)
        dialog.action_replace()
        line = order.order_line
        self.assertEqual(
            (line.product_id, line.product_uom_qty, line.price_unit), (self.cup, 3, 7)
        )
        self.assertFalse(line.substitute_for_id)
        self.assertIn(
            "3 Units of Wine Glass are replaced by 3 Units of Cup",
            "".join(order.message_ids.mapped("body")),
        )

    def test_a_part_of_a_quotation(self):
        order = self._create_order(
            (self.glass, 3), confirm=False, user_id=self.seller.id
        )
        dialog = self._open(order.order_line)
        dialog.quantity = 1
        dialog._set_offers()
        dialog.action_replace()
        self.assertEqual(
            [(line.product_id, line.product_uom_qty) for line in order.order_line],
            [(self.glass, 2), (self.cup, 1)],
        )
        self.assertEqual(len(order.copy().order_line), 2)

    def test_from_the_list_of_short_lines(self):
        demand = self.line.move_ids.backorder_demand_ids.with_user(self.seller)
        self.assertTrue(demand.has_substitutes)
        self.assertEqual(
            demand.action_substitute()["res_model"], "backorder.substitute"
        )

    def test_rights(self):
        colleague = new_test_user(
            self.env, "colleague", "sales_team.group_sale_salesman"
        )
        stock = new_test_user(self.env, "stock", "stock.group_stock_user")
        dialog = self._open()
        for user in (colleague, stock):
            with (
                self.subTest(user=user.login),
                mute_logger(
                    "odoo.addons.base.models", "odoo.addons.base.models.ir_model"
                ),
            ):
                with self.assertRaises(AccessError):
                    self._open(user=user)
                with self.assertRaises(AccessError):
                    dialog.with_user(user).action_replace()
                with self.assertRaises(AccessError):
                    # looked at by RPC
                    self.env["backorder.substitute"].with_user(user).create(
                        {"sale_line_id": self.line.id, "quantity": 6}
                    ).read(["missing", "effect"])
                with self.assertRaises(AccessError):
                    # made up by RPC
                    self.env["backorder.substitute"].with_user(user).create(
                        {
                            "sale_line_id": self.line.id,
                            "quantity": 6,
                            "substitute_id": self.cup.id,
                        }
                    ).action_replace()
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_expected_of_a_quotation(self):
        order = self._create_order(
            (self.glass, 30), confirm=False, user_id=self.seller.id
        )
        dialog = self._open(order.order_line)
        self.assertIsInstance(dialog.expected, date | bool)


@tagged("post_install", "-at_install")
class TestWhatIsLeftToPay(SubstituteCommon):
    """The order keeps what was ordered; its papers say what of it is charged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tax = cls.env["account.tax"].create({"name": "10 %", "amount": 10})
        (cls.glass | cls.cup).taxes_id = tax
        cls._put_stock(cls.glass, 4)
        cls._put_stock(cls.cup, 20)
        cls._replace_by(cls.glass, cls.cup)
        cls.order = cls._create_order((cls.glass, 10), user_id=cls.seller.id)
        cls.order.order_line._replace_short(cls.cup, "By phone")
        cls._settle()

    def test_figures(self):
        """110.00 for glasses, of which 66.00 are cancelled, and 46.20 for cups."""
        self.assertEqual(self.order.amount_total, 156.2)
        self.assertEqual(self.order.amount_cancelled, 66)
        self.assertEqual(self.order.amount_kept, 90.2)

    def test_nothing_cancelled(self):
        order = self._create_order((self.glass, 1))
        self.assertEqual((order.amount_cancelled, order.amount_kept), (0, 11))

    def test_on_paper(self):
        page, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "sale.action_report_saleorder", self.order.ids
        )
        text = " ".join(html2plaintext(page.decode()).split())
        self.assertIn("Instead of: Wine Glass", text)
        self.assertIn("Cancelled: 6 Units", text)
        self.assertRegex(text, r"Of it cancelled, and not charged \D*66\.00")
        self.assertRegex(text, r"Left of it \D*90\.20")

    def test_invoices_agree(self):
        self._validate(self.order.picking_ids.filtered(lambda p: p.state != "cancel"))
        invoice = self.order._create_invoices()
        self.assertEqual(invoice.amount_total, self.order.amount_kept)
