"""Customers who take another product instead of what is missing.

Today is Monday, 1 March 2027: 6 of 10 glasses at 10.00 are missing, expected on the
10th; 20 cups at 7.00 are there.
"""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .test_choices import ChoiceCommon, ChoicePageCommon


class SubstituteChoiceCommon(ChoiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy.choice_substitute = True
        cls.cup = cls._create_product("Cup", list_price=7.0)
        cls._put_stock(cls.cup, 20)
        cls.substitute = cls.env["product.substitute"].create(
            {
                "product_tmpl_id": cls.glass.product_tmpl_id.id,
                "product_id": cls.cup.id,
            }
        )

    def _take(self, product=None, fingerprint=None):
        return self.line.sudo()._choose(
            "substitute",
            fingerprint or self.line._get_choice_fingerprint(),
            self.customer,
            "page",
            substitute=(product or self.cup).id,
        )


@tagged("post_install", "-at_install")
class TestTakesSubstitute(SubstituteChoiceCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_stock(cls.glass, 4)
        cls._expect(10, (cls.glass, 30))
        cls.order = cls._create_chooser((cls.glass, 10))
        cls.line = cls.order.order_line

    def test_what_is_offered(self):
        *others, option = self.line._get_portal_choices()
        self.assertEqual([each.kind for each in others], ["wait", "cancel"])
        self.assertEqual(option.name, "Take Instead: Cup")
        self.assertEqual(
            option.meaning.replace("\xa0", " "),
            "6 Units for $ 42.00, expected: 03/01/2027. "
            "6 Units of what you ordered will not be delivered.",
        )

    def test_at_once(self):
        with self.mock_mail_gateway():
            choice = self._take()
        self._settle()
        self.assertEqual((choice.state, choice.quantity), ("done", 6))
        self.assertEqual(choice.substitute_id, self.cup)
        self.assertIn("Take Instead: Cup: 6 Units for", choice.shown)
        new_line = choice.substitute_line_id
        self.assertEqual(new_line.substitute_for_id, self.line)
        self.assertEqual((new_line.product_uom_qty, new_line.price_unit), (6, 7))
        self.assertLine(self.line, "ready", allocated=4, cancelled=6)
        mail = self._new_mails
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertIn("to take Cup instead of what is missing", mail.body_html)
        self.assertIn("Instead you get: 6 Units of Cup", mail.body_html)

    def test_twice_counts_once(self):
        fingerprint = self.line._get_choice_fingerprint()
        first = self._take(fingerprint=fingerprint)
        self.assertEqual(self._take(fingerprint=fingerprint), first)
        self.assertEqual(len(self.order.order_line), 2)
        self.assertEqual(self.line.qty_cancelled, 6)

    def test_another_substitute_on_the_same_situation(self):
        """He takes cups, then jugs before anybody has done it."""
        self.policy.choice_effect = "task"
        jug = self._create_product("Jug")
        self._put_stock(jug, 20)
        self.substitute.copy({"product_id": jug.id})
        first = self._take()
        second = self._take(jug)
        self.assertEqual((first.state, second.state), ("void", "to_do"))
        second.with_user(self.seller).action_do()
        self.assertEqual(self.line.substitute_line_ids.product_id, jug)

    def test_price_that_was_shown_counts(self):
        """The salesperson does it when cups cost 9.00, and only 2 are missing."""
        self.policy.choice_effect = "task"
        choice = self._take()
        self.assertEqual(choice.state, "to_do")
        self.cup.list_price = 9
        self._receive((self.glass, 4))
        choice.with_user(self.seller).action_do()
        self._settle()
        new_line = self.line.substitute_line_ids
        self.assertEqual((new_line.product_uom_qty, new_line.price_unit), (2, 7))
        self.assertLine(self.line, "ready", allocated=8, cancelled=2)

    def test_more_is_missing_by_then(self):
        """12 are missing when it is done: 6 are replaced, as he was shown."""
        self.policy.choice_effect = "task"
        choice = self._take()
        self.line.product_uom_qty = 16
        self._settle()
        choice.with_user(self.seller).action_do()
        self._settle()
        self.assertEqual(self.line.substitute_line_ids.product_uom_qty, 6)
        self.assertLine(self.line, "partial", 6, allocated=4, cancelled=6)

    def test_price_changed_meanwhile(self):
        fingerprint = self.line._get_choice_fingerprint()
        self.cup.list_price = 9
        with self.assertRaisesRegex(UserError, "has changed since you saw it"):
            self._take(fingerprint=fingerprint)
        self.assertFalse(self.line.substitute_line_ids)

    def test_substitutes_are_gone_meanwhile(self):
        fingerprint = self.line._get_choice_fingerprint()
        self._create_order((self.cup, 18))
        with self.assertRaisesRegex(UserError, "has changed since you saw it"):
            self._take(fingerprint=fingerprint)
        with self.assertRaisesRegex(UserError, "cannot be chosen any more"):
            self._take()

    def test_what_was_not_offered(self):
        """Another product, none, one for another choice."""
        jug = self._create_product("Jug")
        self._put_stock(jug, 20)
        fingerprint = self.line._get_choice_fingerprint()
        for kind, substitute in (
            ("substitute", jug.id),
            ("substitute", None),
            ("cancel", self.cup.id),
        ):
            with (
                self.subTest(kind=kind),
                self.assertRaisesRegex(UserError, "cannot be chosen any more"),
            ):
                self.line._choose(
                    kind, fingerprint, self.customer, "page", substitute=substitute
                )
        self.assertEqual(self.line.qty_cancelled, 0)

    def test_not_agreed_on(self):
        self.policy.choice_substitute = False
        self.assertEqual(self.line._get_choices(), ("wait", "cancel"))

    def test_no_sooner(self):
        """20 cups go to somebody else; more come on the 10th, as the glasses do."""
        self._create_order((self.cup, 20))
        self._expect(10, (self.cup, 30))
        self.assertEqual(self.line._get_choices(), ("wait", "cancel"))

    def test_cannot_be_done_at_once(self):
        """The order is locked: the salesperson sees why, and does it."""
        self.order.action_lock()
        choice = self._take()
        self.assertEqual(choice.state, "to_do")
        self.assertIn("is locked", choice.result)
        self.assertIn("is locked", self._get_tasks(self.order).note)
        self.assertEqual(self.line.qty_cancelled, 0)
        self.order.action_unlock()
        choice.with_user(self.seller).action_do()
        self.assertEqual(choice.state, "done")

    def test_taxes(self):
        self.cup.taxes_id = self.env["account.tax"].create({"name": "7", "amount": 7})
        option = self.line._get_portal_choices()[-1]
        self.assertIn("$ 42.00 without taxes", option.meaning.replace("\xa0", " "))

    def test_in_his_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["res.lang"]._activate_lang("en_GB")
        self.customer.lang = "de_DE"
        self.cup.with_context(lang="de_DE").name = "Becher"
        order = self._create_chooser((self.glass, 8))
        line = order.order_line.with_context(lang="de_DE")
        [option] = [o for o in line._get_portal_choices() if o.kind == "substitute"]
        self.assertIn("Becher", option.name)
        self.line = order.order_line
        choice = self._take()
        self.assertIn("Becher", choice.substitute_line_id.name)

    def test_page_of_the_order_says_so(self):
        self._take()
        self._settle()
        [old, new] = self.order._get_portal_stories()
        self.assertEqual(old.instead, "Instead: 6 Units of Cup")
        self.assertEqual(new.instead, "Instead of: Wine Glass")
        figures = new.figures
        self.assertEqual(
            (figures.ordered, figures.on_its_way, figures.waiting), (6, 6, 0)
        )

    def test_by_program(self):
        own = new_test_user(
            self.env, "own", "base.group_portal", partner_id=self.customer.id
        )
        line = self.line.with_user(own)
        [story] = line.get_backorder_stories()
        option = story["choices"][-1]
        self.assertEqual(
            (option["kind"], option["substitute_id"]), ("substitute", self.cup.id)
        )
        state = line.make_backorder_choice(
            "substitute", story["fingerprint"], option["substitute_id"]
        )
        self.assertEqual(state, "done")
        [story] = line.get_backorder_stories()
        self.assertEqual(story["instead"], "Instead: 6 Units of Cup")
        self.assertEqual(story["cancelled"], 6)

    def test_told_with_the_confirmation(self):
        """Whether or not it can be chosen by a link, it is said; never how many there
        are, nor what others get."""
        self.policy.choice_substitute = False
        self._switch_on("confirmed")
        self._create_chooser((self.glass, 6))
        message = self._tell()
        text = self._get_text(message).replace("\xa0", " ")
        self.assertIn(
            "Sooner to be had instead: Cup: 6 Units for $ 42.00, expected: 03/01/2027",
            text,
        )
        self.assertNotIn("20", text.replace("2027", ""))

    def test_told_that_it_was_replaced(self):
        self._switch_on("confirmed", "cancelled")
        with freeze_time("2027-03-01 09:00:00"):
            self.line._replace_short(self.cup, "By phone")
            message = self._tell()
        self.assertTold(
            message,
            self.customer,
            f"Your order {self.order.name}: a rest will not be delivered",
            "Instead: 6 Units of Cup",
        )

    def test_told_where_nothing_can_come_instead(self):
        """It is said that something is missing, all the same."""
        self._switch_on("confirmed")
        self._create_chooser((self.glass, 6))
        self.cup.sale_ok = False
        message = self._tell()
        self.assertEqual(len(message), 1)
        self.assertNotIn("Sooner to be had", self._get_text(message))


@tagged("post_install", "-at_install")
class TestSubstitutePages(SubstituteChoiceCommon, ChoicePageCommon):
    """By the link of a notice, and on the page of the order."""

    def test_link_of_the_notice(self):
        url = self._get_link()
        page, _response = self._get(url)
        value = f"substitute-{self.cup.id}"
        self.assertEqual(self._kinds(page), ["wait", "cancel", value])
        self.assertIn("6 Units for", self._read(page, "choices"))
        done, _response = self._post(url, page, value)
        self.assertIn(
            "to take Cup instead of what is missing (6 Units). It is done.",
            self._read(done, "choice_made"),
        )
        self.assertEqual(self.line.substitute_line_ids.product_uom_qty, 6)
        self._post(url, page, value)
        self.assertEqual(self.line.qty_cancelled, 6)
        self.assertEqual(len(self.order.order_line), 2)

    def test_page_of_the_order(self):
        own = f"/my/orders/{self.order.id}/backorders/{self.line.id}"
        page, _response = self._get(own, "adler")
        self._post(own, page, f"substitute-{self.cup.id}")
        page, _response = self._get(f"/my/orders/{self.order.id}", "adler")
        self.assertIn("Instead: 6 Units of Cup", self._read(page, "instead"))
        self.assertIn("Instead of: Wine Glass", self._read(page, "instead"))

    def test_forged_buttons(self):
        """A product that is no substitute, no number, nothing."""
        url = self._get_link()
        page, _response = self._get(url)
        jug = self._create_product("Jug")
        self._put_stock(jug, 50)
        for value in (f"substitute-{jug.id}", "substitute-x", "substitute", "-1"):
            with self.subTest(value=value):
                after, response = self._post(url, page, value)
                self.assertEqual(response.status_code, 200)
                self.assertIn("cannot be chosen", self._read(after, "choice_error"))
        self.assertFalse(self.line.substitute_line_ids)
        self.assertEqual(self.line.qty_cancelled, 0)
