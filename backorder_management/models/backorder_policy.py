from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..planning import agreement
from ..planning.agreement import Rules, find_contradiction

# Rules that decide what may ship; a change of one is felt by open deliveries.
SHIPPING_FIELDS = frozenset(
    {
        "shipping",
        "first_min_percent",
        "next_min_percent",
        "min_basis",
        "min_amount",
        "max_shipments",
        "remainder",
        "consolidate_days",
        "close_tolerance_percent",
        "accumulate",
        "accumulate_after_days",
        "ship_together",
        "delivery_weekdays",
        "whole_packages",
    }
)
# Who agreed on something for all orders to come, and all who did.
STANDING = ("res.company", "res.partner", "res.partner.category")
USERS = (*STANDING, "sale.order")


class BackorderPolicy(models.Model):
    """What is agreed with customers about goods that are not there yet."""

    _name = "backorder.policy"
    _description = "Customer Agreement on Backorders"
    _order = "rank, name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        help="Empty: for all companies.",
    )
    note = fields.Text(
        "Agreed",
        translate=True,
        help="In the customer's words, for everybody who works with the order.",
    )

    # ------------------------------------------------------------ what may ship when

    shipping = fields.Selection(
        [
            (agreement.AVAILABLE, "What is there"),
            (agreement.COMPLETE_LINES, "Only lines that are complete"),
            (agreement.COMPLETE_ORDER, "Everything in one shipment"),
            (agreement.THRESHOLD, "From a share of the order on"),
        ],
        string="Ships",
        default=agreement.AVAILABLE,
        required=True,
    )
    first_min_percent = fields.Float(
        "First Shipment at Least",
        digits=(5, 2),
        help="Smallest share of the first shipment, in percent of what is ordered and "
        "not cancelled. 0: any.",
    )
    next_min_percent = fields.Float(
        "Later Shipments at Least",
        digits=(5, 2),
        help="Smallest share of each later shipment, in percent of what is ordered and "
        "not cancelled. 0: any.",
    )
    min_basis = fields.Selection(
        [
            (agreement.BY_QUANTITY, "Quantity"),
            (agreement.BY_VALUE, "Value"),
            (agreement.BY_LINES, "Number of complete lines"),
        ],
        string="Share Of",
        default=agreement.BY_QUANTITY,
        required=True,
    )
    min_amount = fields.Monetary(
        "Smallest Value",
        currency_field="currency_id",
        help="Smallest untaxed value of a shipment, in the company's currency. 0: any.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    max_shipments = fields.Integer(
        "Shipments at Most", help="0: any number of shipments."
    )
    remainder = fields.Selection(
        [
            (agreement.WAIT, "The last one waits until it is complete"),
            (agreement.CANCEL, "The last one ships, the rest is cancelled"),
            (agreement.ASK, "Ask whoever ships it"),
        ],
        string="What Is Left Then",
        default=agreement.ASK,
    )
    consolidate_days = fields.Integer(
        "Wait for More",
        help="If more of the order arrives within so many days, wait for it; never "
        "beyond the date the customer needs it. 0: do not wait.",
    )
    close_tolerance_percent = fields.Float(
        "Close a Rest Up To",
        digits=(5, 2),
        help="A rest of a line at or below this share of it is cancelled when the line "
        "ships. 0: never.",
    )
    whole_packages = fields.Boolean(
        "Whole Packagings Only",
        help="A line that is short is covered in whole packagings of its unit, or of "
        "the product's packaging, only.",
    )
    delivery_weekdays = fields.Many2many(
        "backorder.weekday",
        string="Ships On",
        help="Ships on these days only. Empty: on every day.",
    )
    ship_together = fields.Selection(
        [
            (agreement.ORDER, "One order"),
            (agreement.ADDRESS, "All open orders of one delivery address"),
        ],
        string="Decides Over",
        default=agreement.ORDER,
        required=True,
    )
    accumulate = fields.Selection(
        [
            (agreement.NEVER, "Not before it may ship"),
            (agreement.AFTER_DAYS, "After some days of waiting"),
        ],
        string="Holds Goods",
        default=agreement.NEVER,
        required=True,
        help="Whether an order that may not ship yet leaves goods to others meanwhile.",
    )
    accumulate_after_days = fields.Integer(
        "Collects After", help="Days from the order. 0: from the beginning."
    )

    # ------------------------------------------------------------------ rank and age

    rank = fields.Integer(
        default=10,
        required=True,
        help="The customers with the smallest number are served first, where the "
        "strategy looks at it.",
    )
    agreed_days = fields.Integer(
        string="Agreed Waiting Time",
        help="Days from the order that the customer agreed to wait. 0: nothing is "
        "agreed.",
    )
    expire_days = fields.Integer(
        "Expires After",
        help="Days after which a backorder is too old, from the day it was found "
        "short. 0: never.",
    )
    expire_action = fields.Selection(
        [
            (agreement.ASK, "Ask the salesperson"),
            (agreement.CANCEL, "Cancel what is still missing"),
        ],
        string="Expired Backorders",
        default=agreement.ASK,
        required=True,
    )

    _agreed_days_positive = models.Constraint(
        "CHECK (agreed_days >= 0)", "The agreed waiting time cannot be negative."
    )

    ships_as_available = fields.Boolean(
        compute="_compute_kind", store=True, help="Nothing is ever held or closed."
    )
    ships_all_or_nothing = fields.Boolean(
        compute="_compute_kind",
        store=True,
        help="Holds nothing, and ships nothing, before all of it is there.",
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for policy in self:
            company = policy.company_id or self.env.company
            policy.currency_id = company.currency_id

    # ------------------------------------------------------------------------- rules

    @api.depends(*SHIPPING_FIELDS)
    def _compute_kind(self):
        for policy in self:
            rules = policy._get_rules()
            policy.ships_as_available = rules.ships_as_available
            policy.ships_all_or_nothing = rules.ships_all_or_nothing

    def _get_rules(self) -> Rules:
        """What planning decides by. Rules that do not apply say nothing."""
        self.ensure_one()
        return Rules(
            shipping=self.shipping,
            first_min_percent=self.first_min_percent,
            next_min_percent=self.next_min_percent,
            min_basis=self.min_basis,
            min_amount=self.min_amount,
            max_shipments=self.max_shipments,
            remainder=(self.max_shipments and self.remainder) or "",
            consolidate_days=self.consolidate_days,
            close_tolerance_percent=self.close_tolerance_percent,
            weekdays=frozenset(self.delivery_weekdays.mapped("number")),
            whole_packages=self.whole_packages,
            accumulate=self.accumulate,
            accumulate_after_days=self.accumulate_after_days,
            ship_together=self.ship_together,
            expire_days=self.expire_days,
        )

    @api.constrains(*SHIPPING_FIELDS, "expire_days")
    def _check_rules(self):
        for policy in self:
            if code := find_contradiction(policy._get_rules()):
                raise ValidationError(
                    self.env._(
                        "%(policy)s: %(reason)s",
                        policy=policy.name,
                        reason=policy._get_contradiction_text(code),
                    )
                )

    def _get_contradiction_text(self, code: str) -> str:
        env = self.env
        texts = {
            agreement.NOT_A_SHARE: env._("Give shares between 0 and 100 percent."),
            agreement.NEGATIVE: env._(
                "Days, values and numbers of shipments cannot be negative."
            ),
            agreement.COMPLETE_WITH_SHARE: env._(
                "Everything ships in one shipment, so leave the smallest shares at 0, "
                "or choose “From a share of the order on”."
            ),
            agreement.COMPLETE_WITH_AMOUNT: env._(
                "Everything ships in one shipment, so leave the smallest value at 0."
            ),
            agreement.COMPLETE_WITH_SHIPMENTS: env._(
                "Everything ships in one shipment, so leave the number of shipments "
                "at 0."
            ),
            agreement.COMPLETE_WITH_CONSOLIDATION: env._(
                "Everything ships in one shipment, so there is no more to wait for: "
                "leave those days at 0."
            ),
            agreement.SHARE_WITH_AVAILABLE: env._(
                "What is there ships, so leave the smallest shares at 0, or choose "
                "“From a share of the order on”."
            ),
            agreement.THRESHOLD_WITHOUT_SHARE: env._(
                "Give the smallest share of the first shipment, or of later ones."
            ),
            agreement.SHIPMENTS_WITHOUT_REMAINDER: env._(
                "Say what happens to what is left after the last shipment allowed."
            ),
            agreement.ADDRESS_WITH_SHIPMENTS: env._(
                "Orders of one address ship together whenever there are some, so that "
                "no shipment is the last one: leave the number of shipments at 0, or "
                "decide over one order."
            ),
        }
        return texts[code]

    @api.onchange("shipping", "ship_together")
    def _onchange_shipping(self):
        """Rules that do not go with the new way of shipping are hidden, and empty."""
        if self.ship_together == agreement.ADDRESS:
            self.max_shipments = 0
        if self.shipping in (agreement.AVAILABLE, agreement.COMPLETE_ORDER):
            self.first_min_percent = self.next_min_percent = 0.0
        if self.shipping == agreement.COMPLETE_ORDER:
            self.min_amount = 0.0
            self.max_shipments = self.consolidate_days = 0

    # -------------------------------------------------------------------------- use

    def write(self, vals):
        if not vals.get("active", True):
            self.filtered("active")._check_not_agreed()
        result = super().write(vals)
        if not SHIPPING_FIELDS.isdisjoint(vals):
            self._get_open_orders()._follow_rules()
        return result

    def _get_open_orders(self):
        # sudo: open deliveries follow the rules, whoever may see their orders
        moves = self.env["stock.move"].sudo()
        waiting = moves._read_group(
            [
                *moves._get_open_sale_domain(),
                ("sale_line_id.order_id.backorder_policy_id", "in", self.ids),
            ],
            aggregates=["sale_line_id:recordset"],
        )
        return waiting[0][0].order_id

    def _check_not_agreed(self):
        """New orders would silently follow another agreement than their customer's.

        :raise UserError: customers, tags or companies have one of these
        """
        for policy in self:
            if user := policy._find_user(STANDING):
                raise UserError(
                    self.env._(
                        "%(policy)s is agreed with %(user)s: choose another agreement "
                        "there first.",
                        policy=policy.name,
                        user=self._get_name_of_user(user),
                    )
                )

    def _get_name_of_user(self, found) -> str:
        """Of whom has an agreement, what the user may know."""
        own = found.with_env(self.env)
        if own.has_access("read"):
            return own.display_name
        return self.env._("somebody in another company")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        self._check_not_agreed()
        for policy in self:
            if order := policy._find_user(["sale.order"]):
                raise UserError(
                    self.env._(
                        "%(policy)s is agreed for %(order)s, which keeps it: archive "
                        "it instead.",
                        policy=policy.name,
                        order=order.display_name,
                    )
                )

    @api.constrains("company_id")
    def _check_company_id(self):
        # orders that are closed count, too: they keep their agreement
        for policy in self.filtered("company_id"):
            if user := policy._find_user(beside=policy.company_id):
                raise ValidationError(
                    self.env._(
                        "%(policy)s cannot be for %(company)s alone: it is agreed with "
                        "%(user)s in another company.",
                        policy=policy.name,
                        company=policy.company_id.name,
                        user=user.display_name,
                    )
                )

    def _check_usable_in(self, company):
        """
        :raise ValidationError: an agreement is archived, or another company's own
        """
        # sudo: also where the user may not see the other company
        for policy in self.sudo():
            if not policy.active:
                raise ValidationError(
                    self.env._(
                        "%(policy)s is archived: choose another agreement, or restore "
                        "it first.",
                        policy=policy.name,
                    )
                )
            if policy.company_id and policy.company_id != company:
                raise ValidationError(
                    self.env._(
                        "%(policy)s is an agreement of %(other)s and cannot be used in "
                        "%(company)s.",
                        policy=policy.name,
                        other=policy.company_id.name,
                        company=company.name,
                    )
                )

    def _find_user(self, models=USERS, beside=None):
        """Who has this agreement, of a company, a customer, a tag or an order; none:
        False.

        :param beside: not what is in this company
        """
        # sudo: also where the user may not look; the name tells what to change
        for model in models:
            records = self.env[model].sudo().with_context(active_test=False)
            domain = [("backorder_policy_id", "in", self.ids)]
            if found := self._search_in_companies(records, domain, beside):
                return found
        return False

    def _search_in_companies(self, records, domain, beside):
        """Customers have an agreement in each company."""
        if not records._fields["backorder_policy_id"].company_dependent:
            if beside:
                field = "id" if records._name == "res.company" else "company_id"
                domain = [*domain, (field, "!=", beside.id)]
            return records.search(domain, limit=1)
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        others = Domain("id", "!=", beside.id) if beside else Domain.TRUE
        if records._name == "res.partner":
            # contacts follow their company, and are not asked
            customers = Domain("parent_id", "=", False) | Domain(
                "is_company", "=", True
            )
            domain = Domain(domain) & customers
        for company in companies.search(others, order="id"):
            if found := records.with_company(company).search(domain, limit=1):
                return found
        return False
