from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Models whose fields may be a criterion, and how a demand reaches them.
FIELD_MODELS = ("sale.order", "res.partner", "product.product")
SORTABLE_TYPES = (
    "boolean",
    "char",
    "date",
    "datetime",
    "float",
    "integer",
    "monetary",
    "selection",
)


class BackorderCriterion(models.Model):
    """One of the things that demands are ranked by."""

    _name = "backorder.criterion"
    _description = "Criterion of a Reallocation Strategy"
    _order = "sequence, id"
    _rec_name = "criterion"

    strategy_id = fields.Many2one(
        "backorder.strategy", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    criterion = fields.Selection(
        [
            ("star", "Priority star"),
            ("received_for", "Goods received for this very order"),
            ("policy_rank", "Customer rank"),
            ("date_needed", "Days left until the needed date"),
            ("agreed_breach", "Agreed waiting time exceeded"),
            ("order_date", "Order date"),
            ("order_value", "Order value"),
            ("line_value", "Line value"),
            ("shortage_age", "Age of the shortage"),
            ("share_complete", "Share of the order that would be complete"),
            ("field", "Field of your choice"),
        ],
        required=True,
    )
    field_id = fields.Many2one(
        "ir.model.fields",
        ondelete="cascade",
        domain=[
            ("model", "in", FIELD_MODELS),
            ("ttype", "in", SORTABLE_TYPES),
            ("store", "=", True),
        ],
        help="Of the order, the customer or the product.",
    )
    descending = fields.Boolean(
        help="The greatest, latest or last one first.",
    )

    @api.constrains("criterion", "field_id")
    def _check_field(self):
        for criterion in self.filtered(lambda each: each.criterion == "field"):
            field = criterion.field_id
            if not field:
                raise ValidationError(
                    self.env._(
                        "Choose the field of the order, the customer or the product "
                        "that demands are to be ranked by."
                    )
                )
            if not criterion._is_sortable():
                raise ValidationError(
                    self.env._(
                        "Demands cannot be ranked by “%(field)s”. Choose a stored "
                        "field of the order, the customer or the product that holds a "
                        "number, a text, a date or a choice.",
                        field=field.display_name,
                    )
                )

    def _is_sortable(self) -> bool:
        """Does the field still exist, as something that can be sorted?"""
        model = self.env.get(self.field_id.model)
        field = None if model is None else model._fields.get(self.field_id.name)
        return (
            field is not None
            and self.field_id.model in FIELD_MODELS
            and field.type in SORTABLE_TYPES
            and bool(field.store or field.inherited or field.company_dependent)
        )

    @api.onchange("criterion")
    def _onchange_criterion(self):
        if self.criterion != "field":
            self.field_id = False
        self.descending = self.criterion in (
            "star",
            "received_for",
            "agreed_breach",
            "shortage_age",
        )

    def _get_label(self) -> str:
        """What people call it, in the user's language."""
        self.ensure_one()
        if self.criterion == "field":
            # sudo: the name of a field is no secret
            return self.field_id.sudo().field_description or ""
        selection = self._fields["criterion"]._description_selection(self.env)
        return dict(selection)[self.criterion]
