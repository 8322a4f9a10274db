"""What customers choose, by the page of their order and by the links of notices.

Today is Monday, 1 March 2027.
"""

from freezegun import freeze_time
from lxml import html

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .notice_common import NoticeCommon


class ChoiceCommon(NoticeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "seller", "sales_team.group_sale_salesman", email="s@us.example"
        )
        cls.policy = cls.env["backorder.policy"].create(
            {
                "name": "They choose",
                "choice_wait": True,
                "choice_ship": True,
                "choice_cancel": True,
                "choice_effect": "at_once",
            }
        )

    @classmethod
    def _create_chooser(cls, *lines, **values):
        return cls._create_order(
            *lines,
            **{
                "backorder_policy_id": cls.policy.id,
                "user_id": cls.seller.id,
                **values,
            },
        )

    def _choose(self, line, kind, fingerprint=None):
        """As the customer, by the page of his order."""
        return (
            line.with_user(SUPERUSER_ID)
            .sudo()
            ._choose(
                kind,
                fingerprint or line._get_choice_fingerprint(),
                self.customer,
                "page",
            )
        )

    def _get_tasks(self, order):
        activity_type = self.env.ref("backorder_management.mail_activity_choice")
        return order.activity_ids.filtered(
            lambda activity: activity.activity_type_id == activity_type
        )


@tagged("post_install", "-at_install")
class TestChoices(ChoiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)
        cls._expect(10, (cls.glass, 30))
        cls.order = cls._create_chooser((cls.glass, 10))
        cls.line = cls.order.order_line

    def test_cancel_at_once(self):
        """6 of 10 are missing, and not wanted any more: the 4 still ship."""
        with self.mock_mail_gateway():
            choice = self._choose(self.line, "cancel")
        self._settle()
        self.assertEqual((choice.state, choice.quantity), ("done", 6))
        self.assertLine(self.line, "ready", allocated=4, cancelled=6)
        self.assertEqual(choice.made_by_id, self.customer)
        self.assertIn("Waiting: 6 Units, Expected: 03/10/2027", choice.shown)
        bodies = "".join(self.order.message_ids.mapped("body"))
        self.assertIn("The customer chose: Cancel what is missing", bodies)
        self.assertIn("He saw: Wine Glass, Ordered: 10 Units", bodies)
        self.assertFalse(self._get_tasks(self.order))
        mail = self._new_mails
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.subject, f"Your order {self.order.name}: your choice")
        self.assertIn("(6 Units)", mail.body_html)

    def test_cancel_by_the_salesperson(self):
        self.policy.choice_effect = "task"
        choice = self._choose(self.line, "cancel")
        self.assertEqual(choice.state, "to_do")
        self.assertLine(self.line, "partial", 6, allocated=4)
        self.assertEqual(self._get_tasks(self.order).user_id, self.seller)
        choice.with_user(self.seller).action_do()
        self._settle()
        self.assertEqual((choice.state, self.line.qty_cancelled), ("done", 6))
        self.assertFalse(self._get_tasks(self.order))
        with self.assertRaisesRegex(UserError, "still to be done"):
            choice.with_user(self.seller).action_do()

    def test_salesperson_does_not_do_it(self):
        self.policy.choice_effect = "task"
        choice = self._choose(self.line, "cancel")
        choice.with_user(self.seller).action_refuse()
        self.assertEqual((choice.state, self.line.qty_cancelled), ("refused", 0))
        self.assertFalse(self._get_tasks(self.order))

    def test_wait(self):
        """Waiting is done as soon as it is said, whatever the agreement says."""
        self.policy.choice_effect = "task"
        choice = self._choose(self.line, "wait")
        self.assertEqual(choice.state, "done")
        self.assertFalse(self._get_tasks(self.order))
        self.assertLine(self.line, "partial", 6, allocated=4)

    def test_twice_counts_once(self):
        fingerprint = self.line._get_choice_fingerprint()
        with self.mock_mail_gateway():
            first = self._choose(self.line, "cancel", fingerprint)
            second = self._choose(self.line, "cancel", fingerprint)
        self.assertEqual(first, second)
        self.assertEqual(self.line.qty_cancelled, 6)
        self.assertEqual(len(self._new_mails), 1)

    def test_link_that_was_used_meanwhile(self):
        offer = self.env["backorder.choice"].create(
            self.line._prepare_offer(expires_at="2027-03-10 08:00:00")
        )
        self._choose(self.line, "wait")
        with self.assertRaisesRegex(UserError, "have answered already"):
            self.line._choose(
                "cancel",
                self.line._get_choice_fingerprint(),
                self.customer,
                "link",
                offer,
            )
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_another_choice_later(self):
        """He waits, and then he does not."""
        self._choose(self.line, "wait")
        self._choose(self.line, "cancel")
        self.assertEqual(self.line.qty_cancelled, 6)
        self.assertEqual(len(self.line.backorder_choice_ids), 2)

    def test_another_choice_before_the_first_is_done(self):
        self.policy.choice_effect = "task"
        first = self._choose(self.line, "cancel")
        self._choose(self.line, "wait")
        self.assertEqual(first.state, "void")

    def test_quantity_changed_meanwhile(self):
        fingerprint = self.line._get_choice_fingerprint()
        self.line.product_uom_qty = 12
        self._settle()
        with self.assertRaisesRegex(UserError, "has changed since you saw it"):
            self._choose(self.line, "cancel", fingerprint)
        self.assertFalse(self.line.backorder_choice_ids)

    def test_goods_came_meanwhile(self):
        fingerprint = self.line._get_choice_fingerprint()
        self._receive((self.glass, 30))
        self.order.picking_ids.action_assign()
        with self.assertRaisesRegex(UserError, "has changed since you saw it"):
            self._choose(self.line, "cancel", fingerprint)
        self.assertEqual(self.line._get_choices(), ())

    def test_not_agreed_on(self):
        self.policy.choice_cancel = False
        with self.assertRaisesRegex(UserError, "cannot be chosen any more"):
            self._choose(self.line, "cancel")
        self.policy.choice_ship = False
        self.assertEqual(self.line._get_choices(), ())
        with self.assertRaisesRegex(UserError, "cannot be chosen any more"):
            self._choose(self.line, "no_such_choice")

    def test_no_agreement(self):
        order = self._create_order((self.glass, 10))
        self.assertEqual(order.order_line._get_choices(), ())

    def test_ship_what_is_held(self):
        """Scenario: all of it was to leave together; 1 jug is there, 20 vases are not.

        Expected: the delivery is released, and Ready; its reason says who wanted it.
        """
        self.policy.write({"shipping": "threshold", "first_min_percent": 80})
        jug, vase = self._create_product("Jug"), self._create_product("Vase")
        self._put_stock(jug, 1)
        order = self._create_chooser((jug, 1), (vase, 20))
        self.assertEqual(order.picking_ids.backorder_state, "held")
        self.assertEqual(order.order_line[0]._get_choices(), ("wait", "ship"))
        choice = self._choose(order.order_line[0], "ship")
        self._settle()
        self.assertEqual(choice.state, "done")
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertEqual(
            order.picking_ids.backorder_override_reason, "The customer chose so."
        )

    def test_cannot_be_done_at_once(self):
        """It was picked between: the salesperson sees why."""
        move = self.line.move_ids
        choice = self.env["backorder.choice"].create(
            {
                **self.line._prepare_offer(),
                **self.line._prepare_choice(
                    self.line._get_option(
                        "cancel", self.line._get_choice_fingerprint()
                    ),
                    self.customer,
                    "page",
                ),
            }
        )
        self._receive((self.glass, 30))
        move._action_assign()
        move.move_line_ids.picked = True
        choice._do_or_ask()
        self.assertEqual(choice.state, "to_do")
        self.assertIn("There is nothing to cancel", choice.result)
        self.assertIn("There is nothing to cancel", self._get_tasks(self.order).note)

    def test_confirmation_that_cannot_be_written(self):
        """What was chosen counts, and the order says so."""
        template = self.env.ref("backorder_management.mail_template_choice")
        template.body_html = '<p t-out="object.no_such_thing"/>'
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            choice = self._choose(self.line, "cancel")
        self.assertEqual(choice.state, "done")
        bodies = "".join(self.order.message_ids.mapped("body"))
        self.assertIn("could not be confirmed by mail", bodies)

    def test_customer_without_address(self):
        self.customer.email = False
        self.assertEqual(self._choose(self.line, "cancel").state, "done")

    def test_rights(self):
        self.policy.choice_effect = "task"
        choice = self._choose(self.line, "cancel")
        colleague = new_test_user(
            self.env, "colleague", "sales_team.group_sale_salesman"
        )
        portal = new_test_user(self.env, "portal", "base.group_portal")
        stock = new_test_user(self.env, "stock", "stock.group_stock_user")
        for user in (colleague, portal, stock):
            with (
                self.subTest(user=user.login),
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models"),
            ):
                choice.with_user(user).action_do()
        for write in (
            lambda: choice.with_user(self.seller).write({"state": "done"}),
            choice.with_user(self.seller).unlink,
        ):
            with (
                self.assertRaises(AccessError),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                write()


@tagged("post_install", "-at_install")
class TestChoicesByProgram(ChoiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)
        cls._expect(10, (cls.glass, 30))
        cls.order = cls._create_chooser((cls.glass, 10))
        cls.line = cls.order.order_line
        cls.own = new_test_user(
            cls.env, "own", "base.group_portal", partner_id=cls.customer.id
        )
        cls.stranger = new_test_user(cls.env, "stranger", "base.group_portal")

    def _get_story(self, user):
        [story] = self.line.with_user(user).get_backorder_stories()
        return story

    def test_customer_reads_and_chooses(self):
        story = self._get_story(self.own)
        names = ("ordered", "shipped", "on_its_way", "waiting", "expected", "unit")
        self.assertEqual(
            [story[name] for name in names], [10, 0, 4, 6, "2027-03-10", "Units"]
        )
        self.assertEqual([c["kind"] for c in story["choices"]], ["wait", "cancel"])
        state = self.line.with_user(self.own).make_backorder_choice(
            "cancel", story["fingerprint"]
        )
        self.assertEqual((state, self.line.qty_cancelled), ("done", 6))
        choice = self.line.backorder_choice_ids
        self.assertEqual((choice.way, choice.made_by_id), ("program", self.customer))

    def test_salesperson_chooses_for_him(self):
        story = self._get_story(self.seller)
        self.line.with_user(self.seller).make_backorder_choice(
            "wait", story["fingerprint"]
        )
        self.assertEqual(
            self.line.backorder_choice_ids.made_by_id, self.seller.partner_id
        )

    def test_nobody_reads_or_chooses_for_another(self):
        fingerprint = self._get_story(self.own)["fingerprint"]
        accountant = new_test_user(
            self.env, "accountant", "account.group_account_readonly"
        )
        public = self.env.ref("base.public_user")
        for user in (self.stranger, accountant, public):
            line = self.line.with_user(user)
            with (
                self.subTest(user=user.login),
                mute_logger("odoo.addons.base.models"),
            ):
                with self.assertRaises(AccessError):
                    line.make_backorder_choice("cancel", fingerprint)
                if user != accountant:  # who reads all orders
                    with self.assertRaises(AccessError):
                        line.get_backorder_stories()
        self.assertEqual(self.line.qty_cancelled, 0)


class ChoicePageCommon(HttpCase, ChoiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for login, partner in (
            ("adler", cls.customer),
            ("zentral", cls.other_customer),
        ):
            new_test_user(
                cls.env,
                login,
                "base.group_portal",
                partner_id=partner.id,
                tz="UTC",
                company_id=cls.env.company.id,
                company_ids=[Command.set(cls.env.company.ids)],
            )
        cls.customer.email = "adler@example.com"
        cls._switch_on("confirmed")
        cls._put_stock(cls.glass, 4)
        cls._expect(10, (cls.glass, 30))
        cls.order = cls._create_chooser((cls.glass, 10))
        cls.line = cls.order.order_line

    def _get_link(self, message=None):
        """What is in the mail."""
        message = message or self._tell()
        [link] = html.fromstring(message.body).xpath(
            "//a[contains(@href, '/my/backorder-choice/')]/@href"
        )
        return "/" + link.split("/", 3)[3] if link.startswith("http") else link

    def _get(self, url, login=None):
        self._settle()
        self.authenticate(login, login)
        response = self.url_open(url)
        return html.fromstring(response.content), response

    def _post(self, url, page, kind):
        """Press the button of a choice on a page."""
        form = {
            field.get("name"): field.get("value")
            for field in page.xpath("//form[@name='choices']//input")
        }
        response = self.url_open(url, data={**form, "kind": kind})
        self.env.invalidate_all()
        return html.fromstring(response.content), response

    def _read(self, page, name):
        return " ".join(
            " ".join(part.text_content().split())
            for part in page.xpath(f".//*[@name='{name}']")
        )

    def _kinds(self, page):
        return page.xpath("//form[@name='choices']//button/@value")


@tagged("post_install", "-at_install")
class TestChoicePages(ChoicePageCommon):
    def test_link_of_the_notice(self):
        """Following it chooses nothing; the button does; afterwards it is used up."""
        url = self._get_link()
        page, _response = self._get(url)
        self.assertEqual(self._kinds(page), ["wait", "cancel"])
        self.assertIn("Waiting 6 Units", self._read(page, "backorder_figures"))
        self.assertEqual(self.line.qty_cancelled, 0)
        done, _response = self._post(url, page, "cancel")
        self.assertIn(
            "to cancel what is missing (6 Units). It is done.",
            self._read(done, "choice_made"),
        )
        self.assertEqual(self.line.qty_cancelled, 6)
        choice = self.line.backorder_choice_ids
        self.assertEqual((choice.way, choice.made_by_id), ("link", self.customer))
        again, _response = self._post(url, page, "cancel")
        self.assertIn("to cancel what is missing", self._read(again, "choice_made"))
        used, _response = self._get(url)
        self.assertEqual(self._kinds(used), [])
        self.assertEqual(self.line.backorder_choice_ids, choice)
        self.assertEqual(self.line.qty_cancelled, 6)

    def test_expired_link(self):
        url = self._get_link()
        page, _response = self._get(url)
        self.line.backorder_choice_ids.expires_at = "2027-02-28 08:00:00"
        pressed, _response = self._post(url, page, "cancel")
        opened, _response = self._get(url)
        for expired in (pressed, opened):
            self.assertIn("has expired", self._read(expired, "choice_error"))
            self.assertEqual(self._kinds(expired), [])
            self.assertNotIn("Wine Glass", expired.text_content())
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_forged_links(self):
        """Another scope, another id, no token at all; a deleted line."""
        url = self._get_link()
        token = url.rsplit("/", 1)[1]
        offer = self.line.backorder_choice_ids
        forged = [token[:-4] + "AAAA", "x", "%00", "AQ", token[4:], token + "A" * 8]
        for each in forged:
            with self.subTest(token=each):
                page, response = self._get(f"/my/backorder-choice/{each}")
                self.assertEqual(response.status_code, 404)
                self.assertIn("does not work", self._read(page, "choice_error"))
        offer.unlink()
        _page, response = self._get(url)
        self.assertEqual(response.status_code, 404)

    def test_line_is_deleted(self):
        """The order was cancelled, and its line deleted, between mail and click."""
        url = self._get_link()
        own = f"/my/orders/{self.order.id}/backorders/{self.line.id}"
        self.order._action_cancel()
        self.order.action_draft()
        self.line.unlink()
        _page, response = self._get(url)
        self.assertEqual(response.status_code, 404)
        self.order.state = "sent"
        page, _response = self._get(own, "adler")
        self.assertIn("no longer a part", self._read(page, "choice_error"))

    def test_quantity_changed_between_page_and_button(self):
        url = self._get_link()
        page, _response = self._get(url)
        self.line.product_uom_qty = 12
        self._settle()
        after, _response = self._post(url, page, "cancel")
        self.assertIn("has changed since", self._read(after, "choice_error"))
        self.assertIn("Waiting 8 Units", self._read(after, "backorder_figures"))
        self.assertEqual(self.line.qty_cancelled, 0)
        self._post(url, after, "cancel")
        self.assertEqual(self.line.qty_cancelled, 8)

    def test_answered_in_another_way(self):
        url = self._get_link()
        self._choose(self.line, "wait")
        page, _response = self._get(url)
        self.assertIn("answered in another way", self._read(page, "choice_error"))

    def test_page_of_the_order(self):
        """As another contact of the same company; he is who chose."""
        contact = self.env["res.partner"].create(
            {"name": "Bar", "parent_id": self.customer.id}
        )
        user = new_test_user(
            self.env, "bar", "base.group_portal", partner_id=contact.id, tz="UTC"
        )
        page, _response = self._get(f"/my/orders/{self.order.id}", "bar")
        [url] = page.xpath("//a[@name='choose']/@href")
        page, _response = self._get(url, "bar")
        done, _response = self._post(url, page, "wait")
        self.assertIn("to wait", self._read(done, "choice_made"))
        self.assertEqual(self.line.backorder_choice_ids.made_by_id, user.partner_id)

    def test_by_token_of_the_order(self):
        self.order._portal_ensure_token()
        url = self.order.get_portal_url(suffix=f"/backorders/{self.line.id}")
        page, _response = self._get(url)
        self._post(url, page, "cancel")
        choice = self.line.backorder_choice_ids
        self.assertEqual((choice.way, choice.made_by_id), ("page", self.customer))
        self.assertEqual(self.line.qty_cancelled, 6)
        self.assertEqual(
            self.line.backorder_cancellation_ids.user_id,
            self.env.ref("base.user_root"),
            "the agreement acts, not Odoo's user for visitors",
        )

    def test_nobody_chooses_for_another(self):
        """Another customer, nobody, another order's token, another order's line."""
        other = self._create_chooser((self.glass, 10), partner=self.other_customer)
        page, _response = self._get(
            f"/my/orders/{other.id}/backorders/{other.order_line.id}", "zentral"
        )
        self.assertEqual(self._kinds(page), ["wait", "cancel"])
        token = other._portal_ensure_token()
        own = f"/my/orders/{self.order.id}/backorders/{self.line.id}"
        mixed = f"/my/orders/{other.id}/backorders/{self.line.id}"
        for url, login in (
            (own, "zentral"),
            (own, None),
            (f"{own}?access_token={token}", None),
            (mixed, "zentral"),
            (f"{mixed}?access_token={token}", None),
        ):
            with self.subTest(url=url, login=login):
                seen, _response = self._get(url, login)
                self.assertEqual(self._kinds(seen), [])
                self.assertNotIn("Wine Glass", self._read(seen, "backorder_choice"))
                data = {
                    "kind": "cancel",
                    "fingerprint": self.line._get_choice_fingerprint(),
                    "csrf_token": Request.csrf_token(self),
                }
                response = self.url_open(url, data=data)
                self.assertEqual(response.status_code, 200)
                self.env.invalidate_all()
                self.assertEqual(self.line.qty_cancelled, 0)
                self.assertFalse(self.line.backorder_choice_ids.filtered("made_at"))

    def test_our_own_people_on_the_customers_page(self):
        """Who reads all orders, and writes none, presses no button for a customer; a
        salesperson does it in his own name."""
        new_test_user(
            self.env, "accountant", "account.group_account_readonly", tz="UTC"
        )
        for url in (
            self._get_link(),
            f"/my/orders/{self.order.id}/backorders/{self.line.id}",
        ):
            page, _response = self._get(url, "accountant")
            after, _response = self._post(url, page, "cancel")
            self.assertIn("Only who may change", self._read(after, "choice_error"))
        self.assertEqual(self.line.qty_cancelled, 0)
        page, _response = self._get(url, "seller")
        self._post(url, page, "cancel")
        choice = self.line.backorder_choice_ids.filtered("made_at")
        self.assertEqual(choice.made_by_id, self.seller.partner_id)

    def test_button_without_the_page(self):
        """No page of another site can press it."""
        self.order._portal_ensure_token()
        url = self.order.get_portal_url(suffix=f"/backorders/{self.line.id}")
        self.authenticate(None, None)
        with mute_logger("odoo.http"):
            response = self.url_open(url, data={"kind": "cancel", "fingerprint": "x"})
        self.assertEqual(response.status_code, 400)

    def test_notice_is_on_the_page_of_the_order(self):
        message = self._tell()
        self.authenticate("adler", "adler")
        found = self.make_jsonrpc_request(
            "/mail/chatter_fetch",
            {
                "thread_model": "sale.order",
                "thread_id": self.order.id,
                "token": self.order._portal_ensure_token(),
            },
        )
        self.assertIn(message.id, found["messages"])

    def test_notice_without_choices(self):
        """What is not offered is not in the mail."""
        self.policy.write({"choice_cancel": False, "choice_ship": False})
        self.assertNotIn("/my/backorder-choice/", self._tell().body)

    def test_links_last_as_agreed(self):
        self.policy.choice_days = 3
        self._tell()
        offer = self.line.backorder_choice_ids
        self.assertEqual(str(offer.expires_at), "2027-03-04 08:00:00")
        with freeze_time("2027-03-04 07:59:00"):
            self.assertTrue(offer._is_open())
        with freeze_time("2027-03-04 08:00:00"):
            self.assertFalse(offer._is_open())
