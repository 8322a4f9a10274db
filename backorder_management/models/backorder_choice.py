"""What customers choose about goods that are not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, hash_sign, verify_hash_signed

from ..planning import choices

OFFERED = "offered"
TO_DO = "to_do"
DONE = "done"
REFUSED = "refused"
VOID = "void"

STATES = [
    (OFFERED, "Offered"),
    (TO_DO, "To Do"),
    (DONE, "Done"),
    (REFUSED, "Not Done"),
    (VOID, "No Longer Offered"),
]

KINDS = [
    (choices.WAIT, "Wait"),
    (choices.SHIP, "Ship what is there now"),
    (choices.CANCEL, "Cancel what is missing"),
    (choices.SUBSTITUTE, "Take something else instead"),
]

# How it came to us.
PAGE = "page"
LINK = "link"
PROGRAM = "program"

WAYS = [
    (PAGE, "On the page of the order"),
    (LINK, "By the link of a notice"),
    (PROGRAM, "By a program or a colleague"),
]

TOKEN_SCOPE = "backorder_management.choice"


class BackorderChoice(models.Model):
    """What a customer chose for one order line, or may choose by the link of a notice:
    who, when, by what, and what was shown to him then."""

    _name = "backorder.choice"
    _description = "Choice of a Customer"
    _order = "id desc"

    sale_line_id = fields.Many2one(
        "sale.order.line",
        "Order Line",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    order_id = fields.Many2one(
        "sale.order", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="order_id.company_id", store=True
    )
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one(
        "res.users", "Salesperson", related="order_id.user_id", store=True
    )
    product_id = fields.Many2one(related="sale_line_id.product_id")
    notice_id = fields.Many2one(
        "backorder.notice", readonly=True, index="btree_not_null", ondelete="set null"
    )
    kind = fields.Selection(KINDS, "Choice", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, index=True)
    expires_at = fields.Datetime("Offered Until", readonly=True)
    made_at = fields.Datetime("Chosen On", readonly=True)
    made_by_id = fields.Many2one("res.partner", "Chosen By", readonly=True)
    way = fields.Selection(WAYS, "How", readonly=True)
    shown = fields.Text(
        "What Was Shown", readonly=True, help="As the customer saw the line then."
    )
    fingerprint = fields.Char(
        readonly=True, help="Of what was shown: the same situation gives the same."
    )
    quantity = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="What the choice is about, in the unit of the line.",
    )
    result = fields.Text(readonly=True, help="What became of it.")

    _one_to_do = models.UniqueIndex("(sale_line_id) WHERE state = 'to_do'")

    @api.depends("order_id", "kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for choice in self:
            parts = (choice.order_id.name, kinds.get(choice.kind))
            choice.display_name = ": ".join(part for part in parts if part)

    @api.private
    def format_quantity(self) -> str:
        """What it is about, with its unit, in the words of who reads it."""
        return self.sale_line_id._format_own_quantity(self.quantity)

    # -------------------------------------------------------------------------- links

    def _get_token(self) -> str:
        """Signed; it says nothing but which offer it is."""
        self.ensure_one()
        # sudo: the secret of the database
        return hash_sign(self.sudo().env, TOKEN_SCOPE, self.id)

    def _get_url(self) -> str:
        return f"/my/backorder-choice/{self._get_token()}"

    @api.model
    def _find_by_token(self, token: str):
        """The offer of a token, empty where it was forged, or the line was deleted."""
        try:
            # sudo: the secret of the database
            choice_id = verify_hash_signed(self.sudo().env, TOKEN_SCOPE, token)
        except ValueError:  # not even a token
            choice_id = None
        # sudo: whoever has the token may choose
        return self.sudo().browse(choice_id or ()).exists()

    def _is_open(self) -> bool:
        self.ensure_one()
        return self.state == OFFERED and self.expires_at > fields.Datetime.now()

    # ------------------------------------------------------------------------ by hand

    def action_do(self):
        """Do what the customer chose.

        :raise UserError: it is done or refused already, or cannot be done, and why
        """
        self._check_to_do()
        for choice in self.sudo():  # sudo: whose orders they are has been checked
            choice._do()
            choice._close_activity()
            choice._confirm()

    def action_refuse(self):
        """The salesperson has agreed on something else with the customer."""
        self._check_to_do()
        for choice in self.sudo():  # sudo: as above
            choice.write(
                {
                    "state": REFUSED,
                    "result": self.env._("Not done: %s", self.env.user.name),
                }
            )
            choice.order_id._message_log(
                body=self.env._("Not done: %s", choice._describe()),
                author_id=self.env.user.partner_id.id,
            )
            choice._close_activity()

    def _check_to_do(self):
        """
        :raise AccessError: an order is not the user's to change
        :raise UserError: one is done or refused already
        """
        self.order_id.check_access("write")
        if not self or any(choice.state != TO_DO for choice in self):
            raise UserError(self.env._("Choose what is still to be done."))

    def action_open_order(self):
        self.ensure_one()
        return self.order_id.get_formview_action()

    @api.autovacuum
    def _gc_offers(self):
        """Nobody can answer these any more; what was chosen stays."""
        old = fields.Datetime.now() - timedelta(days=90)
        self.search(
            [("state", "in", (OFFERED, VOID)), ("expires_at", "<", old)]
        ).unlink()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_choice_ids = fields.One2many(
        "backorder.choice",
        "sale_line_id",
        "Choices",
        readonly=True,
        groups="sales_team.group_sale_salesman",  # customers read their lines, too
    )

    def _get_choice_situation(self) -> choices.Situation:
        self.ensure_one()
        held = self.move_ids.picking_id.filtered(
            lambda picking: (
                picking.state not in ("done", "cancel")
                and (picking.backorder_held or picking._holds_line(self))
            )
        )
        cuts = self._get_short_cuts(self.move_ids._filter_cancellable())
        return choices.Situation(
            there=self.qty_backorder_open - self.qty_backordered,
            short=self.qty_backordered,
            held=bool(held),
            cancellable=self._sum_backorder_cuts(cuts),
        )

    def _get_choices(self) -> tuple[str, ...]:
        """What the customer may choose now, by his agreement."""
        self.ensure_one()
        order = self.order_id
        if order.state != "sale" or self not in self._filter_goods():
            return ()
        agreed = self._get_agreed_choices()
        if not agreed:
            return ()
        situation = self._get_choice_situation()
        if choices.SUBSTITUTE in agreed and situation.cancellable > 0:
            offered = bool(self._find_sooner_offers())
            situation = replace(situation, has_substitute=offered)
        return choices.find_choices(situation, agreed)

    def _get_agreed_choices(self) -> frozenset[str]:
        """What may be chosen for this line, where it makes sense."""
        return self.order_id.backorder_policy_id._get_agreed_choices()

    def _get_choice_fingerprint(self) -> str:
        """What a choice rests on: that of another situation is another one."""
        self.ensure_one()
        figures = self._get_whereabouts()
        day = self._get_expected_day() or ""
        return "|".join(
            map(
                str,
                (
                    figures.ordered,
                    figures.shipped,
                    figures.on_its_way,
                    figures.waiting,
                    day,
                    ",".join(option.key for option in self._get_portal_choices()),
                ),
            )
        )

    def _describe_situation(self) -> str:
        """The line as the customer sees it, in words, in his language."""
        story = self._get_portal_story()
        figures = story.figures
        parts = [
            self.env._("Ordered: %s", story.format(figures.ordered)),
            self.env._("Shipped: %s", story.format(figures.shipped)),
            self.env._("On its way: %s", story.format(figures.on_its_way)),
            self.env._("Waiting: %s", story.format(figures.waiting)),
            self.env._("Expected: %s", format_date(self.env, story.day))
            if story.day
            else self.env._("Expected: not known yet"),
        ]
        return ", ".join([self.product_id.display_name, *parts])


class BackorderNoticeLine(models.Model):
    _inherit = "backorder.notice.line"

    @api.private
    def get_choice_url(self) -> str:
        """The link of the notice by which the customer chooses; empty where nothing is
        to be chosen. Nobody reads it but him: whoever has it may choose."""
        offer = self.env["backorder.choice"].search(
            [
                ("notice_id", "=", self.notice_id.id),
                ("sale_line_id", "=", self.sale_line_id.id),
                ("state", "=", OFFERED),
            ],
            limit=1,
        )
        return offer._get_url() if offer else ""


class BackorderPolicy(models.Model):
    _inherit = "backorder.policy"

    choice_wait = fields.Boolean("Wait", help="Customers may say that they wait.")
    choice_ship = fields.Boolean(
        "Ship What Is There",
        help="Customers may have what is held by the agreement shipped.",
    )
    choice_cancel = fields.Boolean(
        "Cancel What Is Missing", help="Customers may cancel what is missing."
    )
    choice_substitute = fields.Boolean(
        "Take a Substitute",
        help="Customers may take another product instead of what is missing, where one "
        "comes sooner.",
    )
    choice_effect = fields.Selection(
        [
            ("task", "A task for the salesperson"),
            ("at_once", "It is done at once"),
        ],
        "What They Choose",
        default="task",
        required=True,
    )
    choice_days = fields.Integer(
        "Links Work For",
        default=14,
        help="Days after which the link of a notice does not work any more.",
    )

    _choice_days_positive = models.Constraint(
        "CHECK (choice_days > 0)", "Links have to work for a day at least."
    )

    def _get_agreed_choices(self) -> frozenset[str]:
        return frozenset(kind for kind in choices.CHOICES if self[f"choice_{kind}"])
