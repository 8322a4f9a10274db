"""What customers are told: the right customer, the right words, once.

Today is Monday, 1 March 2027.
"""

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .notice_common import NoticeCommon
from .test_eta import march, noon


@tagged("post_install", "-at_install")
class TestNotices(NoticeCommon):
    def test_confirmed_with_missing_pieces(self):
        """Scenario: 10 glasses are sold, of which 4 are there, and 2 jugs, which are
        all there; more glasses come on the 10th.

        Expected: the customer hears of both lines, and of the 10th; it is promised.
        """
        self._switch_on("confirmed")
        jug = self._create_product("Jug")
        self._put_stock(self.glass, 4)
        self._put_stock(jug, 5)
        self._expect(10, (self.glass, 30))
        order = self._create_order(
            (self.glass, 10), (jug, 2), client_order_ref="PO 4711"
        )
        message = self._tell()
        self.assertTold(
            message,
            self.customer,
            f"Your order {order.name}: not everything is there yet",
            "Hotel Adler",
            "PO 4711",
            "Wine Glass 10 Units 4 Units 6 Units 03/10/2027",
            "Jug 2 Units 2 Units – 03/01/2027",
        )
        self.assertEqual((message.model, message.res_id), ("sale.order", order.id))
        glasses = order.order_line[0]
        self.assertEqual(glasses.backorder_promise_date, march(10))
        self.assertEqual(glasses.backorder_promise_ids.mapped("reason"), ["confirmed"])
        self.assertFalse(self._tell())
        self.assertFalse(self._tell(days=True))

    def test_day_is_not_known(self):
        self._switch_on("confirmed")
        order = self._create_order((self.glass, 10))
        text = self._get_text(self._tell())
        self.assertIn("Wine Glass 10 Units – 10 Units not known yet", text)
        self.assertFalse(order.order_line.backorder_promise_ids)

    def test_nothing_is_missing(self):
        self._switch_on("confirmed", "shipped", "ready", "date", "waiting")
        self._put_stock(self.glass, 40)
        order = self._create_order((self.glass, 10))
        self.assertFalse(self._tell())
        self._validate(order.picking_ids, {self.glass: 4})
        self.assertFalse(self._tell())

    def test_names_nobody_else(self):
        """Neither other customers, who wait for the same goods, nor vendors."""
        self._switch_on("confirmed", "date", "waiting")
        bought = self._create_bought("Tumbler", self._get_bought_to_order())
        orders = (
            self._create_order((bought, 5)),
            self._create_order((bought, 3), partner=self.other_customer),
        )
        purchases = self._get_purchase(bought)
        purchases.button_confirm()
        self.assertTrue(purchases)
        messages = self._tell()
        self.assertEqual(
            messages.mapped("notified_partner_ids"), self.customer | self.other_customer
        )
        for message, order in zip(messages, orders, strict=True):
            text = self._get_text(message)
            other = self.customer | self.other_customer - order.partner_id
            for name in ("Glashütte", *purchases.mapped("name")):
                self.assertNotIn(name, text)
            self.assertNotIn((other - order.partner_id).name, text)
            self.assertEqual(message.res_id, order.id)

    def test_day_has_changed(self):
        """Scenario: two orders and one of somebody else wait for what comes on the
        10th; it comes on the 15th, then on the 16th.

        Expected: one notice for each customer, none for the one day more.
        """
        self._switch_on("confirmed", "date")
        receipt = self._expect(10, (self.glass, 30))
        first, second = [self._create_order((self.glass, 10)) for _ in range(2)]
        other = self._create_order((self.glass, 5), partner=self.other_customer)
        self._tell()
        receipt.scheduled_date = noon(15)
        with freeze_time("2027-03-02 08:00:00"):
            messages = self._tell(days=True)
            self.assertFalse(self._tell())
        self.assertEqual(len(messages), 2)
        subject = f"Your order {first.name}, {second.name}: another day"
        told = "03/15/2027 instead of 03/10/2027"
        self.assertTold(
            messages[0], self.customer, subject, first.name, second.name, told
        )
        self.assertTold(
            messages[1],
            self.other_customer,
            f"Your order {other.name}: another day",
            told,
        )
        self.assertEqual(
            second.order_line.backorder_promise_ids.mapped("reason"),
            ["later", "confirmed"],
        )
        self.assertIn(f"see {first.name}", self._get_text(second.message_ids[:1]))
        receipt.scheduled_date = noon(16)
        with freeze_time("2027-03-03 08:00:00"):
            self.assertFalse(self._tell(days=True))

    def test_day_has_changed_to_an_earlier_one(self):
        self._switch_on("confirmed", "date")
        receipt = self._expect(15, (self.glass, 30))
        order = self._create_order((self.glass, 10))
        self._tell()
        receipt.scheduled_date = noon(9)
        with freeze_time("2027-03-02 08:00:00"):
            self.assertIn("03/09/2027 instead", self._get_text(self._tell(days=True)))
        self.assertEqual(order.order_line.backorder_promise_ids[0].reason, "earlier")

    def test_once_a_day(self):
        """It changes again an hour after he was told: he hears the day after."""
        self._switch_on("confirmed", "date")
        receipt = self._expect(10, (self.glass, 30))
        self._create_order((self.glass, 10))
        self._tell()
        receipt.scheduled_date = noon(15)
        with freeze_time("2027-03-02 08:00:00"):
            self.assertTrue(self._tell(days=True))
        receipt.scheduled_date = noon(22)
        with freeze_time("2027-03-02 09:00:00"):
            self.assertFalse(self._tell(days=True))
        with freeze_time("2027-03-03 08:00:00"):
            text = self._get_text(self._tell(days=True))
        self.assertIn("03/22/2027 instead of 03/15/2027", text)

    def test_no_day_any_more(self):
        self._switch_on("confirmed", "date")
        receipt = self._expect(10, (self.glass, 30))
        self._create_order((self.glass, 10))
        self._tell()
        receipt.action_cancel()
        with freeze_time("2027-03-02 08:00:00"):
            text = self._get_text(self._tell(days=True))
            self.assertIn("not known any more instead of 03/10/2027", text)
        self._expect(19, (self.glass, 30))
        with freeze_time("2027-03-03 08:00:00"):
            text = self._get_text(self._tell(days=True))
        self.assertIn("10 Units 03/19/2027", text)
        self.assertNotIn("instead", text)

    def test_what_was_promised_changes(self):
        """He was not told that pieces are missing, but promised a delivery date."""
        self._switch_on("date")
        receipt = self._expect(3, (self.glass, 30))
        self._create_order((self.glass, 10), commitment_date=noon(5))
        receipt.scheduled_date = noon(18)
        text = self._get_text(self._tell(days=True))
        self.assertIn("03/18/2027 instead of 03/05/2027", text)

    def test_goods_are_there(self):
        self._switch_on("confirmed", "ready")
        orders = [self._create_order((self.glass, each)) for each in (10, 20)]
        self._tell()
        self._receive((self.glass, 14))
        message = self._tell()
        self.assertTold(
            message,
            self.customer,
            f"Your order {orders[0].name}: the goods are there",
            "10 Units 03/01/2027",
        )
        self.assertFalse(self._tell())

    def test_goods_are_there_but_held(self):
        """What may not ship yet does not ship soon."""
        self._switch_on("ready")
        policy = self.env["backorder.policy"].create(
            {"name": "All", "shipping": "complete_order", "accumulate": "after_days"}
        )
        jug = self._create_product("Jug")
        order = self._create_order(
            (self.glass, 10), (jug, 1), backorder_policy_id=policy.id
        )
        self._receive((self.glass, 10))
        self.assertNotEqual(order.order_line[0].backorder_state, "ready")
        self.assertFalse(self._tell())

    def test_shipped_in_part(self):
        """Scenario: 4 of 10 glasses and the jug leave; the rest comes on the 10th."""
        self._switch_on("confirmed", "shipped")
        jug = self._create_product("Jug")
        self._put_stock(self.glass, 4)
        self._put_stock(jug, 1)
        order = self._create_order((self.glass, 10), (jug, 1))
        self._expect(10, (self.glass, 6))
        self._tell()
        rest = self._validate(order.picking_ids)
        self.assertTold(
            self._tell(),
            self.customer,
            f"Your order {order.name}: shipped in part",
            "Wine Glass 4 Units 6 Units 03/10/2027",
            "Jug 1 Units –",
        )
        self.assertFalse(self._tell())
        self._receive((self.glass, 2))
        self._validate(rest)
        text = self._get_text(self._tell())
        self.assertIn("Wine Glass 2 Units 4 Units 03/10/2027", text)
        self.assertNotIn("Jug", text)

    def test_shipment_that_was_dated_back(self):
        """It left yesterday, as the warehouse says later: he has not heard of it."""
        self._switch_on("confirmed", "shipped")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._tell()
        self._validate(order.picking_ids, {self.glass: 1})
        order.order_line.move_ids.date = "2027-02-28 08:00:00"
        self.assertIn("1 Units 9 Units", self._get_text(self._tell()))

    def test_all_has_shipped(self):
        """The last shipment is none in part."""
        self._switch_on("shipped")
        order = self._create_order((self.glass, 10))
        self._receive((self.glass, 10))
        self._validate(order.picking_ids)
        self.assertFalse(self._tell())

    def test_what_came_back_and_goes_out_again(self):
        """4 of 10 left, 1 of them came back for another one: that leaves, and is
        told."""
        self._switch_on("shipped")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        delivery = order.picking_ids
        self._validate(delivery)
        self.assertIn("4 Units 6 Units", self._get_text(self._tell()))
        self._return(delivery, 1, exchange=True)
        self._settle()
        open_moves = self._get_open(order).move_ids
        exchange = open_moves.filtered(lambda move: move.product_uom_qty == 1)
        exchange.quantity = 1
        exchange.picked = True
        exchange.picking_id.with_context(skip_backorder=True).button_validate()
        self._settle()
        self.assertIn("Wine Glass 1 Units 6 Units", self._get_text(self._tell()))

    def test_rest_is_cancelled(self):
        self._switch_on("confirmed", "cancelled")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._tell()
        self._validate(order.picking_ids, backorder=False)
        self.assertTold(
            self._tell(),
            self.customer,
            f"Your order {order.name}: a rest will not be delivered",
            "Wine Glass 6 Units 4 Units –",
        )
        self.assertFalse(self._tell())

    def test_more_is_cancelled(self):
        self._switch_on("cancelled")
        order = self._create_order((self.glass, 10))
        order.order_line._cancel_backorder_rest("No longer wanted")
        self.assertIn("Wine Glass 10 Units – –", self._get_text(self._tell()))

    def test_some_of_what_is_missing_is_cancelled(self):
        """2 of the 6 that are missing: the line is short as before."""
        self._switch_on("confirmed", "cancelled")
        self._put_stock(self.glass, 4)
        line = self._create_order((self.glass, 10)).order_line
        self._tell()
        line._end_deliveries({line.move_ids: 2.0}, "No longer wanted")
        text = self._get_text(self._tell())
        self.assertIn("Wine Glass 2 Units – 8 Units", text)

    def test_order_is_cancelled(self):
        """Whoever cancels an order is asked by Odoo whether to write."""
        self._switch_on("confirmed", "cancelled")
        order = self._create_order((self.glass, 10))
        order._action_cancel()
        self.assertFalse(self._tell())

    def test_long_silence(self):
        """Every 14 days, whatever he heard last."""
        self._switch_on("confirmed", "waiting")
        order = self._create_order((self.glass, 10))
        self._tell()
        subject = f"Your order {order.name}: still to come"
        for day, told in (("03-14", 0), ("03-15", 1), ("03-16", 0), ("03-29", 1)):
            with self.subTest(day=day), freeze_time(f"2027-{day} 08:00:00"):
                self.assertEqual(
                    self._tell(days=True).mapped("subject"), [subject] * told
                )

    def test_silence_and_another_day_in_one_notice(self):
        self._switch_on("confirmed", "date", "waiting")
        first = self._create_order((self.glass, 10))
        self._tell()
        jug = self._create_product("Jug")
        with freeze_time("2027-03-10 08:00:00"):
            receipt = self._expect(19, (jug, 5))
            second = self._create_order((jug, 5))
            self._tell()
        receipt.scheduled_date = noon(29)
        with freeze_time("2027-03-15 08:00:00"):
            message = self._tell(days=True)
        self.assertTold(
            message,
            self.customer,
            f"Your order {first.name}, {second.name}: another day",
            "10 Units not known yet",
            "03/29/2027 instead of 03/19/2027",
        )

    def test_switched_on_for_one_customer(self):
        self._switch_on("confirmed", partner=self.customer)
        own, _other = [
            self._create_order((self.glass, 1), partner=partner)
            for partner in (self.customer, self.other_customer)
        ]
        self.assertEqual(self._tell().res_id, own.id)

    def test_switched_off_for_one_customer(self):
        self._switch_on("confirmed")
        contact = self.env["res.partner"].create(
            {"name": "Adler Bar", "parent_id": self.customer.id, "email": "b@a.example"}
        )
        self.customer.backorder_tell_confirmed = "no"
        self._create_order((self.glass, 1), partner=contact)
        other = self._create_order((self.glass, 1), partner=self.other_customer)
        self.assertEqual(self._tell().res_id, other.id)

    def test_switches_are_of_one_company(self):
        self._switch_on("confirmed")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )
        self._create_order(
            (self.glass, 1), company_id=company.id, warehouse_id=warehouse.id
        )
        self.assertFalse(self._tell())

    def test_what_was_so_before_is_known(self):
        """Scenario: all sorts of things have happened before notices are switched on.

        Expected: nobody hears of them; of what happens then, everybody does.
        """
        self._put_stock(self.glass, 14)
        receipt = self._expect(10, (self.glass, 50))
        cut, parted, ready = [self._create_order((self.glass, 10)) for _ in range(3)]
        self._validate(cut.picking_ids, {self.glass: 10})
        self._validate(parted.picking_ids)
        self._receive((self.glass, 16))
        ended = self._create_order((self.glass, 9))
        ended.order_line._cancel_backorder_rest("No longer wanted")
        late = self._create_order((self.glass, 20))
        self.env.company.write(
            {
                f"backorder_tell_{kind}": True
                for kind in ("confirmed", "date", "waiting")
            }
        )
        self._switch_on("ready", "shipped", "cancelled")
        self.assertFalse(self._tell())
        with freeze_time("2027-03-02 08:00:00"):
            self.assertFalse(self._tell(days=True))
        receipt.scheduled_date = noon(19)
        with freeze_time("2027-03-03 08:00:00"):
            text = self._get_text(self._tell(days=True))
        self.assertIn(late.name, text)
        self.assertIn("03/19/2027 instead of 03/10/2027", text)
        self.assertNotIn(ready.name, text)
        with freeze_time("2027-03-17 08:00:00"):
            text = self._get_text(self._tell(days=True))
        self.assertIn(late.name, text)

    def test_promise_that_had_slipped_before(self):
        """What he was promised is what he knows, whatever was expected when notices
        were switched on."""
        self._expect(18, (self.glass, 30))
        self._create_order((self.glass, 10), commitment_date=noon(5))
        with freeze_time("2027-03-02 08:00:00"):
            self._switch_on("date")
            text = self._get_text(self._tell(days=True))
        self.assertIn("03/18/2027 instead of 03/05/2027", text)

    def test_day_that_was_promised_by_hand(self):
        """He was told the 10th by a notice, and the 19th on the phone: that it is the
        19th is nothing new; the 26th is."""
        self._switch_on("confirmed", "date")
        receipt = self._expect(10, (self.glass, 30))
        line = self._create_order((self.glass, 10)).order_line
        self._tell()
        with freeze_time("2027-03-02 08:00:00"):
            self.env["backorder.promise"]._give({line: march(19)}, "later")
        receipt.scheduled_date = noon(19)
        with freeze_time("2027-03-03 08:00:00"):
            self.assertFalse(self._tell(days=True))
        receipt.scheduled_date = noon(26)
        with freeze_time("2027-03-04 08:00:00"):
            text = self._get_text(self._tell(days=True))
        self.assertIn("03/26/2027 instead of 03/19/2027", text)

    def test_nothing_is_left_that_could_be_ready(self):
        self._switch_on("ready")
        order = self._create_order((self.glass, 10))
        order.order_line._cancel_backorder_rest("No longer wanted")
        self.assertFalse(self._tell())

    def test_goods_came_before_it_was_sent(self):
        """That the day changed was to be told; now they are there: that is told."""
        self._switch_on("confirmed", "date", "ready")
        receipt = self._expect(10, (self.glass, 30))
        order = self._create_order((self.glass, 10))
        self._tell()
        receipt.scheduled_date = noon(15)
        with freeze_time("2027-03-02 08:00:00"):
            self._settle()
            self.env["backorder.notice"]._queue(frozenset({"date"}))
            self.assertEqual(self._get_notices("queued").kind, "date")
            self._receive((self.glass, 10))
            self._tell()
            message = self._tell() or order.message_ids.filtered("subject")[:1]
        self.assertEqual(
            message.subject, f"Your order {order.name}: the goods are there"
        )
        self.assertFalse(self._get_notices("queued", "failed"))
        self.assertEqual(
            self._get_notices("sent").mapped("kind"), ["confirmed", "ready"]
        )

    def test_lines_of_one_order_in_two_notices(self):
        """A part of one line has left while another one is new: each is told once."""
        self._switch_on("confirmed", "shipped")
        self._put_stock(self.glass, 4)
        order = self._create_order((self.glass, 10))
        self._tell()
        self._validate(order.picking_ids)
        jug = self._create_product("Jug")
        self._add_line(order, jug, 3)
        messages = self._tell()
        self.assertEqual(
            sorted(messages.mapped("subject")),
            [
                f"Your order {order.name}: not everything is there yet",
                f"Your order {order.name}: shipped in part",
            ],
        )
        self.assertFalse(self._tell())
        latest = order.order_line.backorder_notice_line_ids.filtered("is_latest")
        self.assertEqual(len(latest), 2)

    def test_switched_on_for_a_customer_with_a_past(self):
        """What was so before is known to him; what others know stays as it is."""
        self._switch_on("confirmed")
        self.customer.backorder_tell_confirmed = "no"
        old = self._create_order((self.glass, 1))
        other = self._create_order((self.glass, 2), partner=self.other_customer)
        self._switch_on("confirmed", partner=self.customer)
        new = self._create_order((self.glass, 3))
        self.assertEqual(self._tell().mapped("res_id"), (other | new).ids)
        self.assertFalse(self._tell())
        old.order_line._cancel_backorder_rest("no")

    def test_switched_off_and_on_again(self):
        """He was told the 10th; meanwhile it is the 19th, and notices are off. Switched
        on again, the 10th is still what he knows."""
        self._switch_on("confirmed", "date")
        receipt = self._expect(10, (self.glass, 30))
        self._create_order((self.glass, 10))
        self._tell()
        self.env.company.backorder_tell_date = False
        self.env.cr.execute("UPDATE backorder_promise SET is_latest = FALSE")
        self.env.invalidate_all()
        receipt.scheduled_date = noon(19)
        self._settle()
        with freeze_time("2027-03-03 08:00:00"):
            self._switch_on("date")
        with freeze_time("2027-03-04 08:00:00"):
            text = self._get_text(self._tell(days=True))
        self.assertIn("03/19/2027 instead of 03/10/2027", text)

    def test_language_of_the_customer(self):
        """Texts are translated in the template; days and units are as he writes
        them."""
        self.env["res.lang"]._activate_lang("de_DE")
        template = self.env.ref("backorder_management.mail_template_notice_confirmed")
        template.with_context(
            lang="de_DE"
        ).subject = "Auftrag {{ object.order_names }}: noch nicht alles da"
        self.glass.with_context(lang="de_DE").name = "Weinglas"
        self.customer.lang = "de_DE"
        self._switch_on("confirmed")
        self._expect(10, (self.glass, 30))
        order = self._create_order((self.glass, 10))
        message = self._tell()
        self.assertEqual(message.subject, f"Auftrag {order.name}: noch nicht alles da")
        self.assertIn("Weinglas", self._get_text(message))
        self.assertIn("10.03.2027", self._get_text(message))

    def test_mail(self):
        """It goes to the customer alone, from the salesperson, with the company's
        layout; what is answered comes to the order."""
        self._switch_on("confirmed")
        seller = new_test_user(
            self.env, "seller", "sales_team.group_sale_salesman", email="s@us.example"
        )
        order = self._create_order((self.glass, 10), user_id=seller.id)
        order.message_subscribe(
            (self.customer | new_test_user(self.env, "boss").partner_id).ids
        )
        self._tell()
        mail = self._new_mails
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.mail_message_id.author_id, seller.partner_id)
        self.assertIn("s@us.example", mail.email_from)
        self.assertIn(self.env.company.name, mail.body_html)
        self.assertIn(order.access_token, mail.body_html)
        self.assertEqual(mail.state, "outgoing")

    def test_what_changed_before_it_was_sent(self):
        """What does not hold any more is not told."""
        self._switch_on("confirmed", "date")
        receipt = self._expect(10, (self.glass, 30))
        orders = [self._create_order((self.glass, each)) for each in (10, 20)]
        self._tell()
        receipt.scheduled_date = noon(15)
        with freeze_time("2027-03-02 08:00:00"):
            self._settle()
            self.env["backorder.notice"]._queue(frozenset({"date"}))
            self.assertEqual(len(self._get_notices("queued").line_ids), 2)
            orders[1].order_line._cancel_backorder_rest("No longer wanted")
            message = self._tell()
        self.assertTold(
            message, self.customer, f"Your order {orders[0].name}: another day"
        )
        receipt.scheduled_date = noon(25)
        with freeze_time("2027-03-03 08:00:00"):
            self._settle()
            self.env["backorder.notice"]._queue(frozenset({"date"}))
            receipt.scheduled_date = noon(15)
            self.assertFalse(self._tell())
        self.assertFalse(self._get_notices("queued"))

    def test_line_of_a_quotation_that_ended(self):
        """The order is cancelled, set to draft, and its line deleted meanwhile."""
        self._switch_on("confirmed")
        order = self._create_order((self.glass, 10))
        self.env["backorder.notice"]._queue(frozenset({"confirmed"}))
        order._action_cancel()
        order.action_draft()
        order.order_line.unlink()
        self.assertFalse(self._tell())
        self.assertFalse(self._get_notices("queued", "failed"))

    def test_kit_and_units(self):
        """3 dozens are sold, of which 2 are there: in the line's unit."""
        self._switch_on("confirmed")
        self._put_stock(self.glass, 24)
        self._create_order(
            {
                "product_id": self.glass.id,
                "product_uom_qty": 3,
                "product_uom_id": self.dozen.id,
            }
        )
        text = self._get_text(self._tell())
        self.assertIn("3 Dozens 2 Dozens 1 Dozens", text)

    def test_fraction(self):
        self._switch_on("confirmed")
        self.glass.uom_id.rounding = 0.01
        self._create_order((self.glass, 2.5))
        self.assertIn("2.50 Units", self._get_text(self._tell()))

    def test_several_lines_of_one_product(self):
        self._switch_on("confirmed")
        order = self._create_order((self.glass, 2), (self.glass, 3))
        self.assertEqual(len(self._tell()), 1)
        order.order_line = [
            Command.create({"product_id": self.glass.id, "product_uom_qty": 7})
        ]
        self.assertIn("7 Units", self._get_text(self._tell()))
