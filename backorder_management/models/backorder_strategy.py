from __future__ import annotations

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..planning.reallocation import COMPLETE_ORDERS, FAIR_SHARE, SEQUENCE

# The order of service that comes with the add-on: criterion and whether the greatest
# is first. Reservations know a shortcut for it.
STANDARD_CRITERIA = (
    ("star", True),
    ("received_for", True),
    ("date_needed", False),
    ("order_date", False),
)


class BackorderStrategy(models.Model):
    """How scarce stock is divided among demands."""

    _name = "backorder.strategy"
    _description = "Reallocation Strategy"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        help="Empty: for all companies.",
    )
    sharing = fields.Selection(
        [
            (SEQUENCE, "In sequence"),
            (FAIR_SHARE, "Fair share"),
            (COMPLETE_ORDERS, "Most complete orders"),
        ],
        default=SEQUENCE,
        required=True,
        help="In sequence: one demand after the other gets all it wants.\n"
        "Fair share: demands of the same rank get as equal a part as whole units "
        "allow.\n"
        "Most complete orders: as many orders as possible can ship complete.",
    )
    complete_by = fields.Selection(
        [("number", "Number of orders"), ("value", "Value of orders")],
        string="Count",
        default="number",
        required=True,
        help="Whether many orders or those worth most are completed.",
    )
    solver_seconds = fields.Integer(
        "Time Limit (s)",
        default=20,
        required=True,
        help="Seconds to look for the best choice of orders. After that the best one "
        "found is taken, and the run says how far from the best it can be at most.",
    )
    criterion_ids = fields.One2many("backorder.criterion", "strategy_id", copy=True)
    segment_ids = fields.One2many("backorder.segment", "strategy_id", copy=True)
    max_passed_runs = fields.Integer(
        "Passed Over at Most",
        help="A demand that was passed over in so many runs goes before all others. "
        "0: no limit.",
    )
    max_passed_days = fields.Integer(
        "Passed Over for at Most",
        help="A demand that has been passed over for so many days goes before all "
        "others. 0: no limit.",
    )
    on_violation = fields.Selection(
        [
            ("product", "Leave its products as they are"),
            ("run", "Stop the whole run"),
            ("fallback", "Use another strategy for its products"),
        ],
        default="product",
        required=True,
        string="If a Promise Cannot Be Kept",
        help="What happens where a demand that must win does not get all, or one "
        "that keeps its goods would lose them.",
    )
    fallback_id = fields.Many2one(
        "backorder.strategy", "Other Strategy", check_company=True, ondelete="restrict"
    )

    _limits_positive = models.Constraint(
        "CHECK (max_passed_runs >= 0 AND max_passed_days >= 0 AND solver_seconds >= 1)",
        "The limits of a strategy cannot be negative, and looking for the best "
        "choice takes a second at least.",
    )

    @api.constrains("criterion_ids")
    def _check_criteria(self):
        for strategy in self:
            if not strategy.criterion_ids:
                raise ValidationError(
                    self.env._(
                        "“%(name)s” has no criteria. Add at least one, such as the "
                        "needed date, so that it is clear who is served first.",
                        name=strategy.name,
                    )
                )

    @api.constrains("on_violation", "fallback_id")
    def _check_fallback(self):
        for strategy in self.filtered(lambda each: each.on_violation == "fallback"):
            if not strategy.fallback_id:
                raise ValidationError(
                    self.env._(
                        "“%(name)s” is to use another strategy where a promise cannot "
                        "be kept: choose which one.",
                        name=strategy.name,
                    )
                )
            strategy._get_fallbacks()

    def _get_fallbacks(self):
        """The strategies that are tried one after the other.

        :raise ValidationError: where they never end
        """
        self.ensure_one()
        chain = self
        following = self
        while following.on_violation == "fallback" and following.fallback_id:
            following = following.fallback_id
            if following in chain:
                raise ValidationError(
                    self.env._(
                        "The strategies %(names)s would call each other for ever. "
                        "Choose another strategy for one of them.",
                        names=", ".join(chain.mapped("name")),
                    )
                )
            chain |= following
        return chain

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        standard = self._get_standard()
        runs = self.env["backorder.run"].sudo()  # of whatever company
        used = runs.search([("strategy_id", "in", self.ids)], limit=1).strategy_id
        if kept := (self & standard) | used:
            raise UserError(
                self.env._(
                    "“%(name)s” cannot be deleted: runs refer to it, or it is the "
                    "standard one. Archive it instead.",
                    name=kept[0].name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        strategies = super().create(vals_list)
        # no criterion at all is no change that a constraint would see
        strategies._check_criteria()
        return strategies

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        if "name" not in (default or {}):
            for strategy, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", strategy.name)
        return vals_list

    @api.model
    def _get_standard(self):
        return (
            self.env.ref(
                "backorder_management.strategy_standard", raise_if_not_found=False
            )
            or self.browse()
        )

    @api.model
    def _get_for(self, company, warehouse=None):
        """The warehouse's strategy, else the company's, else the standard one. One that
        has been archived is used no more, but for the standard one: the last resort."""
        standard = self._get_standard()
        chosen = [warehouse.backorder_strategy_id] if warehouse else []
        for strategy in (*chosen, company.backorder_strategy_id, standard):
            ours = strategy.company_id in (company, company.browse())
            if ours and (strategy.active or strategy == standard):
                return strategy
        return self.browse()

    def _has_standard_order(self) -> bool:
        """Is the order of service the one that comes with the add-on?"""
        return not self or STANDARD_CRITERIA == tuple(
            (each.criterion, each.descending) for each in self.criterion_ids
        )

    def _connects_orders(self) -> bool:
        """Does what one product's demands get hang on other products?"""
        return self.sharing == COMPLETE_ORDERS or self._ranks_by_share_complete()

    def _ranks_by_share_complete(self) -> bool:
        return "share_complete" in self.criterion_ids.mapped("criterion")
