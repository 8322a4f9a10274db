from __future__ import annotations

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from ..planning import reallocation
from .selections import get_choices_of


class BackorderRunLine(models.Model):
    """What a run decides about one demand, and why.

    Quantities are in the product's unit of measure and count all that is reserved for
    the demand, picked goods included.
    """

    _name = "backorder.run.line"
    _description = "Line of a Reallocation Run"
    _order = "run_id desc, rank, id"
    _rec_name = "reason"
    _log_access = False

    run_id = fields.Many2one(
        "backorder.run", required=True, readonly=True, ondelete="cascade", index=True
    )
    group_id = fields.Many2one(
        "backorder.run.group", readonly=True, ondelete="cascade", index=True
    )
    # not stored: PostgreSQL checks, and locks, what each of 100,000 lines refers to
    company_id = fields.Many2one(related="run_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(related="run_id.state")
    run_date = fields.Datetime(related="run_id.simulated_at")
    move_id = fields.Many2one(
        "stock.move", readonly=True, ondelete="cascade", index=True
    )
    picking_id = fields.Many2one(
        "stock.picking", "Delivery", readonly=True, ondelete="set null"
    )
    sale_line_id = fields.Many2one(
        "sale.order.line", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    order_id = fields.Many2one(
        "sale.order", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    product_id = fields.Many2one("product.product", readonly=True, ondelete="cascade")
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    rank = fields.Integer(
        readonly=True, help="Place in the order of service; the first is served first."
    )
    outcome = fields.Selection(
        get_choices_of("backorder.segment", "outcome"),
        readonly=True,
        help="What the strategy allows to happen to it.",
    )
    qty_wanted = fields.Float("Open", digits="Product Unit", readonly=True)
    qty_before = fields.Float("Before", digits="Product Unit", readonly=True)
    qty_proposed = fields.Float("Proposed", digits="Product Unit", readonly=True)
    qty_after = fields.Float(
        "After",
        digits="Product Unit",
        readonly=True,
        help="What was reserved when the run had been applied, or undone.",
    )
    qty_change = fields.Float("Change", digits="Product Unit", readonly=True)
    value_change = fields.Monetary(
        "Value of Change", readonly=True, help="What the order pays for it."
    )
    effect = fields.Selection(
        [("gain", "Gains"), ("loss", "Loses"), ("same", "Unchanged")], readonly=True
    )
    reason_code = fields.Selection(
        [
            (reallocation.COVERED, "Covered in full"),
            (reallocation.OUTRANKED, "Outranked by another order"),
            (reallocation.KEPT, "Others keep what they have"),
            (reallocation.NO_STOCK, "No stock and no arrival"),
            (reallocation.AWAITS_ARRIVAL, "Waits for an arrival"),
            (reallocation.OTHER_LOCATION, "Stock in another place only"),
            (reallocation.WAITS_FOR_ORDER, "Waits for the complete order"),
            (reallocation.WAITS_FOR_RULE, "Held by the customer agreement"),
            (reallocation.SHARED, "Fair share"),
            (reallocation.COMPLETES_ORDER, "Goods complete another order"),
            (reallocation.NO_GAIN, "May not gain"),
            (reallocation.GIVEN_BACK, "Gives its goods back"),
            (reallocation.SKIPPED, "Takes no part"),
            ("violated", "Left as it is: a promise could not be kept"),
            ("blocked", "On hold: the order is blocked"),
            ("picked", "Goods already picked"),
            ("printed", "Delivery already printed"),
            ("in_batch", "Delivery in a batch"),
            ("by_hand", "Reserved by hand only"),
            ("later", "Reserved at a later date"),
        ],
        readonly=True,
        index=True,
        string="Kind of Reason",
    )
    reason_move_id = fields.Many2one(
        "stock.move", readonly=True, ondelete="set null", index="btree_not_null"
    )
    reason_order_name = fields.Char(readonly=True)
    reason_criterion = fields.Selection(
        get_choices_of("backorder.criterion", "criterion"),
        readonly=True,
    )
    reason_field_id = fields.Many2one(
        "ir.model.fields", readonly=True, ondelete="set null"
    )
    reason_numbers = fields.Json(readonly=True)
    reason_overdue = fields.Boolean(readonly=True)
    reason = fields.Char(compute="_compute_reason")
    changes = fields.Json(
        readonly=True,
        help="By place, lot, package and owner: what it held and what it is to hold.",
    )
    passed_runs = fields.Integer(
        readonly=True, help="In how many runs it had been passed over before this one."
    )
    passed_since = fields.Datetime(readonly=True)
    refusal = fields.Char(
        readonly=True, help="Why it could not be put back when the run was undone."
    )

    # --------------------------------------------------------------------- reasons

    @api.depends("reason_code", "reason_order_name", "reason_numbers")
    @api.depends_context("lang")
    def _compute_reason(self):
        labels = dict(self._fields["reason_code"]._description_selection(self.env))
        for line in self:
            explain = getattr(line, f"_explain_{line.reason_code}", None)
            line.reason = explain() if explain else labels.get(line.reason_code, "")

    def _explain_outranked(self) -> str:
        order = self.reason_order_name or ""
        if self.reason_overdue:
            return self.env._(
                "Outranked by %(order)s (passed over too often)", order=order
            )
        if not self.reason_criterion:
            return self.env._(
                "Outranked by %(order)s (ordered earlier, else equal)", order=order
            )
        return self.env._(
            "Outranked by %(order)s (%(criterion)s)",
            order=order,
            criterion=self._get_criterion_label(),
        )

    def _get_criterion_label(self) -> str:
        if self.reason_criterion == "field" and self.reason_field_id:
            # sudo: the name of a field is no secret
            return self.reason_field_id.sudo().field_description
        selection = self._fields["reason_criterion"]._description_selection(self.env)
        return dict(selection).get(self.reason_criterion, "")

    def _explain_kept(self) -> str:
        return self.env._("%(order)s keeps what it has", order=self.reason_order_name)

    def _explain_no_stock(self) -> str:
        return self.env._("No stock left and no arrival")

    def _explain_other_location(self) -> str:
        quantity, place_id = self.reason_numbers or (0, 0)
        # sudo: whoever may read why may know where the goods are
        place = self.env["stock.location"].sudo().browse(int(place_id)).exists()
        return self.env._(
            "No stock here; %(quantity)s %(unit)s are free elsewhere (%(place)s)",
            quantity=formatLang(self.env, quantity, dp="Product Unit"),
            unit=self.product_uom_id.name,
            place=place.display_name or "?",
        )

    def _explain_blocked(self) -> str:
        # sudo: whoever may read the line may know why its order is held
        reason = self.order_id.sudo().backorder_block_reason
        if not reason:
            return self.env._("On hold")
        return self.env._("On hold: %(reason)s", reason=reason)

    def _explain_awaits_arrival(self) -> str:
        [quantity] = self.reason_numbers or [0]
        return self.env._(
            "No stock left; %(quantity)s %(unit)s are to arrive",
            quantity=formatLang(self.env, quantity, dp="Product Unit"),
            unit=self.product_uom_id.name,
        )

    def _explain_waits_for_order(self) -> str:
        missing, lines = self.reason_numbers or (0, 0)
        return self.env._(
            "Waits for the complete order: %(missing)s of %(lines)s lines missing",
            missing=int(missing),
            lines=int(lines),
        )

    def _explain_fair_share(self) -> str:
        quantity, count = self.reason_numbers or (0, 0)
        return self.env._(
            "Fair share of %(quantity)s among %(count)s",
            quantity=formatLang(self.env, quantity, dp="Product Unit"),
            count=int(count),
        )

    def _explain_completes_order(self) -> str:
        return self.env._(
            "The goods make %(order)s complete", order=self.reason_order_name
        )
