"""Which customer agreement counts for an order."""

from __future__ import annotations

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..planning.agreement import ADDRESS, AVAILABLE, COMPLETE_ORDER, Rules
from .stock_move import OPEN_STATES

# Odoo's own names of the two shipping policies of an order.
AS_SOON_AS_POSSIBLE = "direct"
WHEN_ALL_IS_READY = "one"

# Until the scheduled refresh of many figures is done with, and holds are known.
REFRESHED_BY = 5

SOURCES = [
    ("order", "Chosen on the order"),
    ("customer", "The customer's agreement"),
    ("tag", "The customer's tag"),
    ("company", "The company's default"),
    ("none", "Nothing is agreed"),
]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_policy_id = fields.Many2one(
        "backorder.policy",
        string="Backorder Agreement",
        check_company=True,
        compute="_compute_backorder_policy_id",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        ondelete="restrict",
        copy=False,
        help="What is agreed with the customer about goods that are not there yet. "
        "From the customer, else a tag of the customer, else the company.",
    )
    backorder_policy_source = fields.Selection(
        SOURCES,
        string="Agreement From",
        compute="_compute_backorder_policy_source",
        store=True,
        precompute=True,
        help="What decided which agreement counts for this order.",
    )
    backorder_policy_note = fields.Text(related="backorder_policy_id.note")
    follows_picking_policy = fields.Boolean(
        readonly=True,
        copy=False,
        help="Nobody chose an agreement, but Odoo's own shipping policy.",
    )
    has_delivery_groups = fields.Boolean(
        compute="_compute_has_delivery_groups", store=True
    )

    # -------------------------------------------------------------------- resolution

    @api.depends("partner_id", "company_id")
    def _compute_backorder_policy_id(self):
        for order in self:
            order.backorder_policy_id = order._resolve_backorder_policy()[0]

    # What the customer has agreed on later does not change what decided this order.
    @api.depends("backorder_policy_id", "partner_id", "company_id")
    def _compute_backorder_policy_source(self):
        for order in self:
            policy, source = order._resolve_backorder_policy()
            if order.backorder_policy_id != policy:
                source = "order" if order.backorder_policy_id else "none"
            order.backorder_policy_source = source

    def _resolve_backorder_policy(self) -> tuple:
        """The agreement that counts where nobody chose one, and where it is from.

        Customer (commercial partner), then the customer's tags, then the company.
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        customer = self.partner_id.commercial_partner_id.with_company(company)
        if policy := customer.backorder_policy_id.filtered("active"):
            return policy, "customer"
        for tag in customer.category_id.sorted(
            lambda tag: (tag.backorder_sequence, tag.id)
        ):
            if policy := tag.backorder_policy_id.filtered("active"):
                return policy, "tag"
        policy = company.backorder_policy_id.filtered("active")
        # who sets Odoo's shipping policy for all new orders has set this default, too
        defaults = self.env["ir.default"].with_company(company)
        if defaults._get_model_defaults("sale.order").get("picking_policy") == (
            WHEN_ALL_IS_READY
        ) and (not policy or policy.shipping != COMPLETE_ORDER):
            policy = self._find_policy_for(WHEN_ALL_IS_READY) or policy
        return policy, "company" if policy else "none"

    # ----------------------------------------------- Odoo's own shipping policy beside

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            for vals in vals_list:
                vals.pop("follows_picking_policy", None)
        orders = super().create(vals_list)
        for order, vals in zip(orders, vals_list, strict=True):
            chosen = "picking_policy" in vals and "backorder_policy_id" not in vals
            order._align_picking_policy(picking_policy_counts=chosen)
        return orders

    def write(self, vals):
        if "follows_picking_policy" in vals and not self.env.su:
            raise AccessError(self.env._("Choose Odoo's shipping policy instead."))
        if {"picking_policy", "backorder_policy_id", "partner_id"}.isdisjoint(vals):
            return super().write(vals)
        before = {order: order.backorder_policy_id for order in self}
        result = super().write(vals)
        if "backorder_policy_id" in vals:
            # sudo: as above
            self.sudo().filtered(
                "follows_picking_policy"
            ).follows_picking_policy = False
        chosen = "picking_policy" in vals and "backorder_policy_id" not in vals
        for order in self:
            # who has chosen Odoo's shipping policy keeps it with another customer
            kept = order.follows_picking_policy and "picking_policy" not in vals
            order._align_picking_policy(picking_policy_counts=chosen or kept)
        self.filtered(
            lambda order: (
                order.state == "sale" and order.backorder_policy_id != before[order]
            )
        )._follow_rules()
        return result

    @api.onchange("backorder_policy_id")
    def _onchange_backorder_policy_id(self):
        self.picking_policy = self._get_picking_policy()

    @api.onchange("picking_policy")
    def _onchange_picking_policy(self):
        if self.picking_policy != self._get_picking_policy():
            self.backorder_policy_id = self._find_policy_for(self.picking_policy)

    def _align_picking_policy(self, picking_policy_counts: bool) -> None:
        """Odoo's “When all products are ready” and an agreement on everything in one
        shipment are the same thing: each writes the other.

        :param picking_policy_counts: somebody has chosen Odoo's, not the agreement
        """
        wanted = self._get_picking_policy()
        if self.picking_policy == wanted:
            return
        if not picking_policy_counts:
            self.picking_policy = wanted
        elif policy := self._find_policy_for(self.picking_policy):
            self.backorder_policy_id = policy
            # sudo: written here only, see `write`
            follows = self.picking_policy == WHEN_ALL_IS_READY
            self.sudo().follows_picking_policy = follows

    def _get_picking_policy(self) -> str:
        """Odoo's shipping policy that says what the agreement says."""
        complete = self.backorder_policy_id.shipping == COMPLETE_ORDER
        return WHEN_ALL_IS_READY if complete else AS_SOON_AS_POSSIBLE

    def _find_policy_for(self, picking_policy: str):
        """An agreement that says what Odoo's shipping policy says; none: empty."""
        company = self.company_id or self.env.company
        Policy = self.env["backorder.policy"]
        if picking_policy == AS_SOON_AS_POSSIBLE:
            policy = self._resolve_backorder_policy()[0]
            if policy and policy.shipping != COMPLETE_ORDER:
                return policy
            domain = [("ships_as_available", "=", True)]
            fallback = "backorder_management.policy_as_available"
        else:
            domain = [("shipping", "=", COMPLETE_ORDER)]
            fallback = "backorder_management.policy_complete_order"
        policy = self.env.ref(fallback, raise_if_not_found=False) or Policy
        if policy.active and policy.filtered_domain(domain):
            return policy
        return Policy.search(
            [*domain, ("company_id", "in", (company.id, False))], limit=1
        )

    # ------------------------------------------------------------------------- rules

    def _follow_rules(self) -> None:
        """Have open deliveries follow what is agreed now: hold what must wait, give
        back what may not be held, and reserve what may be.

        What somebody is working with stays as it is until it is validated.
        """
        # sudo: warehouse and planner follow, whoever changes the agreement
        orders = self.sudo().filtered(lambda order: order.state == "sale")
        moves = orders.order_line.move_ids._filter_open()
        pickings = moves.picking_id
        self.env.add_to_compute(pickings._fields["move_type"], pickings)
        moves._note_backorder_change()
        demands = moves._filter_backorder_demands()
        if len(demands) > moves._get_queue_limit():
            self.env["stock.rule"]._queue_waiting_demands()
            # sudo: scheduled actions are the administrator's
            cron = self.env.ref("backorder_management.ir_cron_decide_again").sudo()
            cron._trigger(fields.Datetime.now() + timedelta(minutes=REFRESHED_BY))
            return
        demands._filter_useless_reservations()._release()
        if demands._is_auto_reservation():
            demands.filtered(
                lambda move: move._should_assign_at_confirm()
            )._action_assign()

    @api.depends("order_line.delivery_group")
    def _compute_has_delivery_groups(self):
        for order in self:
            order.has_delivery_groups = any(order.order_line.mapped("delivery_group"))

    def _serve_again(self) -> None:
        """What is missing has become less: orders may ship now that could not."""
        ruled = self.filtered(lambda order: order._is_ruled())
        # those that ship with them may have waited for them
        ruled = ruled._add_orders_shipping_together()
        demands = ruled.order_line.move_ids._filter_backorder_demands().filtered(
            lambda move: not move.picked and move._should_assign_at_confirm()
        )
        if demands and demands._is_auto_reservation():
            demands._action_assign()

    def _is_ruled(self) -> bool:
        """Is anything but “what is there ships” agreed for this order?"""
        policy = self.backorder_policy_id
        return (
            (bool(policy) and not policy.ships_as_available)
            or self.picking_policy == WHEN_ALL_IS_READY
            or self.has_delivery_groups
        )

    def _map_shipping_together(self) -> dict:
        """By order, those that its agreement has leave with it, itself included: the
        open ones to the same address, under the same agreement, and those that have
        left today. Blocked orders do not ship and keep no other from shipping."""
        by_address = self.filtered(
            lambda order: (
                order.backorder_policy_id.ship_together == ADDRESS
                and not order.backorder_policy_id.ships_as_available
            )
        )
        companions = by_address | by_address._search_companions()
        groups = companions.grouped(lambda order: order._get_address_key())
        return {
            order: (
                order
                | groups[order._get_address_key()].filtered(
                    lambda other: not other.backorder_blocked
                )
            ).sorted("id")
            if order in by_address
            else order
            for order in self
        }

    def _get_address_key(self) -> tuple:
        return (self.partner_shipping_id, self.backorder_policy_id, self.company_id)

    def _search_companions(self):
        """Open orders, and those that have left today, that may share an address with
        one of these."""
        if not self:
            return self
        yesterday = fields.Datetime.now() - timedelta(days=1)
        orders = self.search(
            Domain("partner_shipping_id", "in", self.partner_shipping_id.ids)
            & Domain("backorder_policy_id", "in", self.backorder_policy_id.ids)
            & Domain("company_id", "in", self.company_id.ids)
            & Domain("state", "=", "sale")
            & (
                Domain("order_line.move_ids.state", "in", OPEN_STATES)
                | Domain("picking_ids.date_done", ">=", yesterday)
            )
        )
        return orders.filtered(lambda order: order._is_open_or_left_today())

    def _is_open_or_left_today(self) -> bool:
        find_day = self.company_id._remember_days()
        today = find_day(fields.Datetime.now())
        return any(
            picking.state not in ("done", "cancel")
            or find_day(picking.date_done or None) == today
            for picking in self.picking_ids
        )

    def _add_orders_shipping_together(self):
        return self.union(*self._map_shipping_together().values())

    def _get_shipping_rules(self) -> Rules:
        """What may ship of this order, and when."""
        policy = self.backorder_policy_id
        if policy and policy.shipping != AVAILABLE:
            return policy._get_rules()
        if self.picking_policy == WHEN_ALL_IS_READY:
            return Rules(shipping=COMPLETE_ORDER)
        return policy._get_rules() if policy else Rules()

    def _get_reservation_fields(self):
        """Fields of orders that their deliveries' reservations look at."""
        return [
            "date_order",
            "picking_policy",
            "backorder_blocked",
            "backorder_policy_id",
            "has_delivery_groups",
        ]


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    delivery_group = fields.Char(
        help="Lines of the order with the same group ship together or not at all."
    )

    def write(self, vals):
        result = super().write(vals)
        if "delivery_group" in vals:
            self.filtered(lambda line: line.state == "sale").order_id._follow_rules()
        return result

    def _get_unit_value(self) -> float:
        """Untaxed value of one of its units, company currency."""
        if not self.product_uom_qty:
            return 0.0
        return self.order_id._to_company_currency(
            self.price_subtotal / self.product_uom_qty
        )

    def _get_unit_weight(self) -> float:
        """How many units of the product the line's unit is: quantities of several
        lines are added up in the products' units."""
        if self.product_uom_id == self.product_id.uom_id:
            return 1.0
        return self.product_uom_id._compute_quantity(
            1.0, self.product_id.uom_id, round=False
        )

    def _get_package(self) -> float:
        """What a whole packaging holds, in the line's unit; 0: the goods come loose.

        That of the line, where it is sold in one, else the product's smallest.
        """
        unit = self.product_id.uom_id
        if self.product_uom_id != unit and self.product_uom_id.factor > unit.factor:
            return 1.0
        sizes = [
            packaging._compute_quantity(1.0, self.product_uom_id, round=False)
            for packaging in self.product_id.uom_ids
            if packaging.factor > unit.factor
        ]
        return min(sizes, default=0.0)


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._set_default_policy()
        return companies

    @api.model
    def _set_default_policies(self):
        """On installation; the demo's orders come after it."""
        self.search([("backorder_policy_id", "=", False)])._set_default_policy()

    def _set_default_policy(self):
        """What Odoo does by itself, for companies that have agreed on nothing."""
        policy = self.env.ref(
            "backorder_management.policy_as_available", raise_if_not_found=False
        )
        if policy:
            self.filtered(
                lambda company: not company.backorder_policy_id
            ).backorder_policy_id = policy
