"""Making a choice: once, on what was shown, done at once or by the salesperson."""

from __future__ import annotations

import logging

from markupsafe import Markup

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import LockError, UserError

from ..planning import choices
from .backorder_choice import DONE, OFFERED, TO_DO, VOID
from .backorder_choice_words import Option
from .backorder_notice_sending import LAYOUT, SUBTYPE
from .error_words import describe_failure

_logger = logging.getLogger(__name__)

CHOSEN = "backorder_management.mail_activity_choice"
NOT_WANTED = "backorder_management.cancel_reason_not_wanted"
TEMPLATE = "backorder_management.mail_template_choice"


class ChoiceRefused(UserError):
    """It cannot be chosen; the sentence says why, and what to do."""


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _choose(
        self, kind: str, fingerprint: str, person, way: str, offer=None, substitute=None
    ):
        """Note what the customer chose, and do it or have it done.

        The same choice on the same situation counts once.

        :param fingerprint: of what he saw, see :meth:`_get_choice_fingerprint`
        :param person: the partner who chose
        :param way: one of WAYS
        :param offer: of the link that he followed
        :param substitute: id of the product that he takes instead, if that is chosen
        :return: the choice
        :raise ChoiceRefused: it cannot be chosen, and why
        """
        self.ensure_one()
        self._lock_for_choice()
        if offer and not offer._is_open():
            raise ChoiceRefused(self.env._("You have answered already."))
        if made := self._get_same_choice(kind, fingerprint, substitute):
            return made
        option = self._get_option(kind, fingerprint, substitute)
        values = self._prepare_choice(option, person, way)
        others = self.backorder_choice_ids - (
            offer or self.backorder_choice_ids.browse()
        )
        others.filtered(lambda other: other.state in (OFFERED, TO_DO)).write(
            {"state": VOID}
        )
        self.env.flush_all()  # one is to do at a time
        choice = offer or self.env["backorder.choice"].create(self._prepare_offer())
        choice.write(values)
        choice._get_salesperson_view()._do_or_ask()
        return choice

    def _lock_for_choice(self):
        """
        :raise ChoiceRefused: somebody else is changing the line
        """
        self.env.flush_all()
        try:
            self.lock_for_update()
        except LockError as error:
            raise ChoiceRefused(
                self.env._("Your order is being worked on: try again in a moment.")
            ) from error
        self.env.invalidate_all()

    def _get_same_choice(self, kind: str, fingerprint: str, substitute=None):
        """What was chosen last, if it is the same."""
        latest = self._get_latest_choice()
        same = (
            latest.kind == kind
            and latest.fingerprint == fingerprint
            and latest.substitute_id.id == (substitute or False)
        )
        return latest if same else latest.browse()

    def _get_option(self, kind: str, fingerprint: str, substitute=None) -> Option:
        """
        :raise ChoiceRefused: that is not offered, or not any more
        """
        if fingerprint != self._get_choice_fingerprint():
            raise ChoiceRefused(
                self.env._(
                    "This has changed since you saw it: look at it again, and choose."
                )
            )
        for option in self._get_portal_choices():
            if (option.kind, option.substitute_id) == (kind, substitute or False):
                return option
        raise ChoiceRefused(
            self.env._("This cannot be chosen any more: please contact us.")
        )

    def _prepare_offer(self, **values) -> dict:
        return {
            "sale_line_id": self.id,
            "order_id": self.order_id.id,
            "partner_id": self.order_id.partner_id.id,
            "state": OFFERED,
            **values,
        }

    def _prepare_choice(self, option: Option, person, way: str) -> dict:
        situation = self._get_choice_situation()
        quantities = {
            choices.WAIT: self.qty_backorder_open,
            choices.SHIP: situation.there,
            choices.CANCEL: situation.cancellable,
            choices.SUBSTITUTE: situation.cancellable,
        }
        return {
            "kind": option.kind,
            "made_at": fields.Datetime.now(),
            "made_by_id": person.id,
            "way": way,
            "shown": "\n".join(
                (self._describe_situation(), f"{option.name}: {option.meaning}")
            ),
            "fingerprint": self._get_choice_fingerprint(),
            "quantity": quantities[option.kind],
            # until it is known what becomes of it
            "state": TO_DO,
        }


class BackorderChoice(models.Model):
    _inherit = "backorder.choice"

    def _do_or_ask(self):
        self.ensure_one()
        self._log()
        at_once = self.order_id.backorder_policy_id.choice_effect == "at_once"
        if self.kind == choices.WAIT or at_once:
            error = self._try_to_do()
            if not error:
                self._confirm()
                return
            self.result = error
        self._ask()
        self._confirm()

    def _try_to_do(self) -> str:
        """
        :return: why it could not be done, nothing where it was
        """
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self._do()
        except UserError as error:
            return describe_failure(self.env, error, _logger, f"choice {self.id}")
        return ""

    def _do(self):
        """
        :raise UserError: it cannot be done, and why
        """
        self.ensure_one()
        do = {
            choices.WAIT: self._do_wait,
            choices.SHIP: self._do_ship,
            choices.CANCEL: self._do_cancel,
            choices.SUBSTITUTE: self._do_substitute,
        }[self.kind]
        self.write({"result": do(), "state": DONE})

    def _do_wait(self) -> str:
        return self.env._("The customer waits.")

    def _do_ship(self) -> str:
        deliveries = self.sale_line_id.move_ids.picking_id.filtered(
            lambda picking: picking._holds_something()
        )
        if not deliveries:
            return self.env._("Nothing holds it any more.")
        deliveries._override_hold(self.env._("The customer chose so."))
        return self.env._("Released: %s", ", ".join(deliveries.mapped("name")))

    def _do_cancel(self) -> str:
        line = self.sale_line_id
        cancelled = line._cancel_backorder_short(
            self.env._("The customer chose so."),
            kind=self.env.ref(NOT_WANTED, raise_if_not_found=False),
        )
        if not cancelled:
            line._refuse_to_cancel_rest()
        return self.env._(
            "Cancelled: %s", line._format_own_quantity(sum(cancelled.values()))
        )

    def _describe(self) -> str:
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return self.env._(
            "%(choice)s (%(quantity)s of %(product)s)",
            choice=kinds[self.kind],
            quantity=self.format_quantity(),
            product=self.product_id.display_name,
        )

    def _get_salesperson_view(self):
        """In his language; it is the agreement that acts, not who looks at a page."""
        terms = self.order_id._get_salesperson_terms()
        agreement = self.with_user(SUPERUSER_ID).with_company(self.company_id)
        return agreement.with_context(**terms)

    def _log(self):
        """On the order, with what he saw."""
        self.order_id._message_log(
            author_id=self.made_by_id.id,
            body=Markup("%s<br/>%s")
            % (
                self.env._("The customer chose: %s", self._describe()),
                self.env._("He saw: %s", self.shown),
            ),
        )

    def _ask(self):
        """A task for the salesperson."""
        self._schedule(
            Markup("<p>%s</p><p>%s</p>") % (self._describe(), self.result or "")
        )

    def _schedule(self, note):
        """One open task for each order, with all that is to be done."""
        order = self.order_id
        activity_type = self.env.ref(CHOSEN, raise_if_not_found=False)
        if not activity_type:  # somebody deleted it
            order._message_log(body=note)
            return
        opened = self._get_activities()
        if opened:
            opened[:1].note = (opened[:1].note or "") + note
            return
        user = order._get_user_to_ask()
        order.activity_schedule(CHOSEN, note=note, user_id=user.id or self.env.uid)

    def _get_activities(self):
        activity_type = self.env.ref(CHOSEN, raise_if_not_found=False)
        return self.order_id.activity_ids.filtered(
            lambda activity: (
                activity_type and activity.activity_type_id == activity_type
            )
        )

    def _close_activity(self):
        others = self.search_count(
            [("order_id", "=", self.order_id.id), ("state", "=", TO_DO)], limit=1
        )
        if not others and (opened := self._get_activities()):
            opened.action_feedback(feedback=self.env._("Done."))

    def _confirm(self):
        """Write to the customer what he chose and what becomes of it; where that cannot
        be, he has seen it on the page."""
        template = self.env.ref(TEMPLATE, raise_if_not_found=False)
        if not template or not self.partner_id.email_normalized:
            return
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                self._post_confirmation(template.sudo())
        except UserError as error:
            # such as a template that cannot be rendered: what was chosen counts
            words = describe_failure(self.env, error, _logger, f"choice {self.id}")
            self.order_id._message_log(
                body=self.env._("The choice could not be confirmed by mail: %s", words)
            )

    def _post_confirmation(self, template):
        names = ("subject", "body_html", "email_from")
        rendered = template._generate_template(self.ids, names)[self.id]
        self.order_id.message_post(
            body=Markup(rendered["body_html"] or ""),
            subject=rendered["subject"],
            message_type="comment",
            subtype_xmlid=SUBTYPE,
            partner_ids=self.partner_id.ids,
            author_id=self.company_id.partner_id.id,
            email_from=rendered["email_from"] or self.company_id.email_formatted,
            email_layout_xmlid=LAYOUT,
            force_email_lang=self.partner_id.lang,
            notify_skip_followers=True,
            mail_auto_delete=template.auto_delete,
        )
