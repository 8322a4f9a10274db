"""Sending notices: each by itself, and whatever fails is seen by the salesperson."""

from __future__ import annotations

import logging

import psycopg2
from markupsafe import Markup, escape
from psycopg2.errorcodes import UNIQUE_VIOLATION

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

from ..planning import notices
from ..planning.notices import find_fact
from .backorder_choice import OFFERED
from .backorder_notice import FAILED, QUEUED, RETURNED, SENT
from .backorder_notice_facts import EVENTS
from .backorder_promise import CONFIRMED, NOTICE
from .error_words import describe_failure

_logger = logging.getLogger(__name__)

NOT_TOLD = "backorder_management.mail_activity_notice"
SUBTYPE = "mail.mt_comment"  # what customers see on the page of their order
LAYOUT = "mail.mail_notification_light"  # as Odoo says that a delivery has left
MAIL_QUEUE = "mail.ir_cron_mail_scheduler_action"

# What a mail server says comes within days.
RETURN_DAYS = 30


class BackorderNotice(models.Model):
    _inherit = "backorder.notice"

    @api.model
    def _cron_tell(self):
        """Tell customers what has happened, and salespeople which mails came back."""
        self._note_returned()
        self._queue(EVENTS)
        self._send_queue()

    @api.model
    def _cron_tell_days(self):
        """Tell customers which days have changed, and who has not heard for long; try
        again what could not be sent."""
        self.search([("state", "=", FAILED)]).state = QUEUED
        self._queue(frozenset(notices.KINDS))
        self._send_queue()

    @api.model
    def _send_queue(self):
        cron = self.env["ir.cron"]
        queue = self.search([("state", "=", QUEUED)], order="id")
        in_time = cron._commit_progress(remaining=len(queue))
        notices_to_send = self.with_context(mail_notify_force_send=False)
        for notice_id in queue.ids:
            if not in_time:
                break
            # by itself: what others need would be read anew after each commit
            notices_to_send.browse(notice_id)._send_or_record()
            in_time = cron._commit_progress(1)
        mail_queue = self.env.ref(MAIL_QUEUE, raise_if_not_found=False)
        if queue and mail_queue:
            mail_queue.sudo()._trigger()

    # ---------------------------------------------------------------------- one notice

    def _send_or_record(self):
        """One that fails says so, and stops no other."""
        self.ensure_one()
        terms = self.order_id._get_salesperson_terms()  # who reads why it failed
        notice = self.with_company(self.company_id).with_context(**terms)
        if error := notice._try(notice._send):
            words = describe_failure(self.env, error, _logger, f"notice {self.id}")
            notice._fail(FAILED, words)

    def _try(self, action) -> Exception | None:
        """
        :return: why it failed and was undone; None: it did not, or somebody else is
            doing it
        """
        self.env.flush_all()  # what came before fails, if it does, as without us
        try:
            with self.env.cr.savepoint():
                action()
        except psycopg2.Error as error:
            if error.pgcode not in (UNIQUE_VIOLATION, *PG_CONCURRENCY_ERRORS_TO_RETRY):
                return error
            _logger.info("Notice %s is in use and waits", self.id)
        except Exception as error:  # pylint: disable=broad-except
            # whatever it is, other customers are not to wait for it
            return error
        return None

    def _send(self):
        """Send it, if anything of it still holds; one that says nothing ends.

        :raise UserError: it cannot be sent, and why
        """
        if not self.try_lock_for_update() or self.state == SENT:
            return  # by somebody else
        self._look_again()
        if not self.line_ids:
            self.unlink()
            return
        by_sms = self._get_sms_number()
        if not self.partner_id.email_normalized and not by_sms:
            raise UserError(
                self.env._(
                    "%s has no e-mail address that can be used: enter one, or call.",
                    self.partner_id.display_name,
                )
            )
        self._offer_choices()
        rendered = self._render()
        message = self.env["mail.message"]
        if self.partner_id.email_normalized:
            message = self._post(rendered)
        if by_sms:
            message |= self._post_sms(rendered["subject"], by_sms)
        self._note_told(message[:1], rendered["subject"])
        self._close_activity()

    def _look_again(self):
        """What does not hold any more is not told, and the rest as it is now."""
        # what came back is told anew, and what somebody asked for is told, whether or
        # not it is new
        again = self.state == RETURNED
        asked = bool(self.asked_by_id)
        sale_lines = self.line_ids.sale_line_id
        known = sale_lines._map_known()
        rules = self.partner_id._get_notice_rules(self.company_id)
        today = self.company_id._remember_days()(fields.Datetime.now())
        subject = notices.get_subject(self.kind)
        for line in self.line_ids:
            sale_line = line.sale_line_id
            values = sale_line._prepare_notice_line(known.get(sale_line))
            if again:
                values = self._keep_news(values, line)
            elif asked:
                if values["qty_open"] <= 0:
                    line.unlink()
                    continue
            else:
                figures = sale_line._get_notice_figures(values, known.get(sale_line))
                fact = find_fact(figures, sale_line._get_notice_rules(rules), today)
                if not fact or notices.get_subject(fact) != subject:
                    line.unlink()
                    continue
                values["kind"] = fact
            line.write(values)
        if self.line_ids and self.kind in (notices.CONFIRMED, notices.SHIPPED):
            self._add_other_lines()

    def _keep_news(self, values, line) -> dict:
        """What was told is no news against itself."""
        news = ("day_before", "qty_shipped_now", "qty_cancelled_now")
        return {name: value for name, value in values.items() if name not in news} | {
            name: line[name] for name in news
        }

    def _add_other_lines(self):
        """An order is told as a whole: also what was never missing."""
        others = (self.order_id.order_line - self.line_ids.sale_line_id).filtered(
            lambda line: not line.display_type and line.product_id.type == "consu"
        )
        known = others._map_known()
        pending = self.line_ids.search(
            [("sale_line_id", "in", others.ids), ("told_at", "=", False)]
        )
        for line in others - pending.sale_line_id:
            values = line._prepare_notice_line(known.get(line))
            if values["qty_open"] > 0 or values["qty_shipped_now"] > 0:
                self.line_ids.create({**values, "notice_id": self.id})

    def _offer_choices(self):
        """What he may choose by a link of this notice, until it expires."""
        now = fields.Datetime.now()
        offers = self.env["backorder.choice"]
        offered = offers.search([("notice_id", "=", self.id), ("state", "=", OFFERED)])
        lines = self.line_ids.sale_line_id - offered.sale_line_id
        offers.create(
            [
                line._prepare_offer(
                    notice_id=self.id,
                    expires_at=fields.Datetime.add(
                        now, days=line.order_id.backorder_policy_id.choice_days
                    ),
                )
                for line in lines
                if line._get_choices()
            ]
        )

    def _render(self) -> dict:
        """Subject and text in the customer's language.

        :raise UserError: its template is missing, or faulty
        """
        template = self._get_template()
        rendered = template._generate_template(
            self.ids, ("subject", "body_html", "email_from", "reply_to")
        )
        return {**rendered[self.id], "auto_delete": template.auto_delete}

    def _get_template(self):
        """
        :raise UserError: somebody has deleted it
        """
        xmlid = f"backorder_management.mail_template_notice_{self.kind}"
        template = self.env.ref(xmlid, raise_if_not_found=False)
        if not template:
            raise UserError(
                self.env._(
                    "The text of this notice was deleted. Update the add-on to have it "
                    "back, or switch the notice off."
                )
            )
        return template.sudo()

    def _post(self, rendered):
        """On the order: there it is seen, answers come there, and the mail has the
        order's company, branding and link."""
        author = self._get_author()
        return self.order_id.message_post(
            body=Markup(rendered["body_html"] or ""),
            subject=rendered["subject"],
            message_type="comment",
            subtype_xmlid=SUBTYPE,
            partner_ids=self.partner_id.ids,
            author_id=author.id,
            email_from=rendered.get("email_from") or author.email_formatted,
            **({"reply_to": rendered["reply_to"]} if rendered.get("reply_to") else {}),
            email_layout_xmlid=LAYOUT,
            force_email_lang=self.partner_id.lang,
            notify_skip_followers=True,  # our own people are not written to each time
            mail_auto_delete=rendered["auto_delete"],
        )

    def _get_author(self):
        user = self.order_id.user_id
        return user.partner_id if user.active else self.company_id.partner_id

    def _get_sms_number(self):
        """Where Odoo's SMS is installed, and the company wants it; else empty."""
        if "sms.sms" not in self.env or not self.company_id.backorder_tell_by_sms:
            return ""
        return self.partner_id._phone_format(fname="phone", force_format="E164") or ""

    def _post_sms(self, subject: str, number: str):
        link = self.order_id.get_base_url() + self.order_id.get_portal_url()
        return self.order_id._message_sms(
            f"{subject}\n{link}",
            partner_ids=self.partner_id.ids,
            sms_pid_to_number={self.partner_id.id: number},
            put_in_queue=True,
        )

    def _note_told(self, message, subject: str):
        now = fields.Datetime.now()
        lines = self.line_ids
        for reason, same in self._group_by_reason().items():
            self.env["backorder.promise"]._give(
                {line.sale_line_id: line.day for line in same}, reason
            )
        known = lines.search(
            [
                ("sale_line_id", "in", lines.sale_line_id.ids),
                ("is_latest", "=", True),
                ("id", "not in", lines.ids),
            ]
        )
        known.is_latest = False
        known.flush_recordset()
        lines.write({"told_at": now, "is_latest": True})
        self.write(
            {
                "state": SENT,
                "told_at": now,
                "subject": subject,
                "message_id": message.id,
                "error": False,
            }
        )
        self.env.flush_all()
        for order in self.order_ids - self.order_id:
            order._message_log(
                body=escape(
                    self.env._(
                        "The customer was told: %(subject)s (see %(order)s)",
                        subject=subject,
                        order=self.order_id.name,
                    )
                )
            )

    def _group_by_reason(self) -> dict:
        """The lines that give a day, by why the day was told."""

        def find_reason(line):
            if not line.day_before:
                return CONFIRMED if self.kind == notices.CONFIRMED else NOTICE
            return "later" if line.day > line.day_before else "earlier"

        return self.line_ids.filtered("day").grouped(find_reason)

    # ------------------------------------------------------------------------ failures

    def _fail(self, state: str, words: str):
        told = self.error == words  # whoever was asked, and did nothing, knows it
        self.write({"state": state, "error": words})
        if told and not self._get_activities():
            return
        if error := self._try(lambda: self._schedule_activity(words)):
            # nobody could be asked; the list of notices has it
            _logger.error("Notice %s: nobody could be told", self.id, exc_info=error)

    def _schedule_activity(self, words: str):
        """One open question per order."""
        order = self.order_id
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        note = Markup("<p>%s</p><p>%s</p>") % (
            self.env._(
                "%(customer)s could not be told: %(notice)s",
                customer=self.partner_id.display_name,
                notice=kinds[self.kind],
            ),
            words,
        )
        activity_type = self.env.ref(NOT_TOLD, raise_if_not_found=False)
        if not activity_type:  # somebody deleted it
            order._message_log(body=note)
            return
        opened = self._get_activities()
        if opened:
            opened[:1].note = note
            return
        user = order._get_user_to_ask()
        order.activity_schedule(NOT_TOLD, note=note, user_id=user.id or self.env.uid)

    def _get_activities(self):
        activity_type = self.env.ref(NOT_TOLD, raise_if_not_found=False)
        return self.order_id.activity_ids.filtered(
            lambda activity: (
                activity_type and activity.activity_type_id == activity_type
            )
        )

    def _close_activity(self):
        others = self.search_count(
            [
                ("order_id", "=", self.order_id.id),
                ("state", "in", (FAILED, RETURNED)),
                ("id", "!=", self.id),
            ],
            limit=1,
        )
        if not others and (opened := self._get_activities()):
            opened.action_feedback(feedback=self.env._("The customer was told."))

    @api.model
    def _note_returned(self):
        """Find notices that the customer's mail server, or ours, did not take.

        What ours did not take is tried again for a day, as servers recover.
        """
        now = fields.Datetime.now()
        sent = self.search(
            [
                ("state", "=", SENT),
                ("told_at", ">", fields.Datetime.subtract(now, days=RETURN_DAYS)),
                (
                    "message_id.notification_ids.notification_status",
                    "in",
                    ("bounce", "exception"),
                ),
            ]
        )
        a_day_ago = fields.Datetime.subtract(now, days=1)
        for notice in sent:
            terms = notice.order_id._get_salesperson_terms()
            own = notice.with_context(**terms)
            if own._is_our_failure() and own.told_at > a_day_ago:
                own._try(own._send_mail_again)
            else:
                own._try(own._record_return)

    def _get_failed_notifications(self):
        return self.message_id.notification_ids.filtered(
            lambda each: each.notification_status in ("bounce", "exception")
        )

    def _is_our_failure(self) -> bool:
        failed = self._get_failed_notifications()
        return set(failed.mapped("failure_type")) <= {"mail_smtp", "unknown"}

    def _send_mail_again(self):
        mails = self.env["mail.mail"].search(
            [
                ("mail_message_id", "=", self.message_id.id),
                ("state", "=", "exception"),
            ]
        )
        mails.mark_outgoing()

    def _record_return(self):
        self._fail(RETURNED, self._get_words_of_return())

    def _get_words_of_return(self) -> str:
        values = {
            "address": self.partner_id.email or self.partner_id.phone,
            "reason": self._get_failed_notifications()[:1].format_failure_reason(),
        }
        if self._is_our_failure():
            return self.env._(
                "The message to %(address)s could not be sent (%(reason)s): have the "
                "mail server looked at, then send it again.",
                **values,
            )
        return self.env._(
            "The message to %(address)s was not delivered (%(reason)s): correct the "
            "address and send it again, or call.",
            **values,
        )
