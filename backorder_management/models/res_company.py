from odoo import api, fields, models

from ..planning import splitting
from ..planning.days import remember_days
from ..planning.deposits import EARLY, LAST, PROPORTION
from .sale_order_invoicing import SHIPMENT_INVOICING


class ResCompany(models.Model):
    _inherit = "res.company"

    shipment_invoicing = fields.Selection(
        selection=SHIPMENT_INVOICING,
        string="Invoicing of Shipments",
        default="per_order",
        required=True,
        help="For customers who have no choice of their own.",
    )
    shipment_invoicing_others = fields.Selection(
        [
            (splitting.FIRST, "With the first shipment"),
            (splitting.LAST, "With the last shipment"),
            (splitting.SEPARATELY, "On an invoice of its own"),
        ],
        string="Invoice What Is Not Delivered",
        default=splitting.FIRST,
        required=True,
        help="Products invoiced on ordered quantities, services, delivery charges and "
        "expenses of orders with an invoice per shipment or period.",
    )
    deposit_deduction = fields.Selection(
        [
            (PROPORTION, "In proportion to the value of each shipment"),
            (EARLY, "As early as possible"),
            (LAST, "On the last invoice"),
        ],
        string="Deduct Deposits",
        default=PROPORTION,
        required=True,
        help="Of orders with an invoice per shipment or period.",
    )
    backorder_strategy_id = fields.Many2one(
        "backorder.strategy",
        "Reallocation Strategy",
        check_company=True,
        help="How scarce stock is divided. Empty: the standard order of service.",
    )
    backorder_policy_id = fields.Many2one(
        "backorder.policy",
        "Default Agreement",
        check_company=True,
        help="For customers who have none of their own.",
    )
    backorder_on_receipt = fields.Selection(
        [
            ("at_once", "At once"),
            ("queued", "As soon as a scheduled action can"),
            ("no", "No, reserve as Odoo does"),
        ],
        string="Reallocate When Goods Come In",
        default="at_once",
        required=True,
    )
    backorder_run_limit = fields.Integer(
        "At Once Up To",
        default=500,
        help="Where more demands than that wait for goods that came in, a scheduled "
        "action divides them, so that nobody in the warehouse waits.",
    )
    backorder_nightly = fields.Boolean(
        "Nightly Reallocation",
        default=True,
        help="Divide the stock of every warehouse anew, by its strategy.",
    )
    backorder_retention_days = fields.Integer(
        "Keep Lines of Runs",
        default=90,
        help="Days after which the lines of runs, and proposals nobody applied, are "
        "deleted. Runs keep their figures. 0: never.",
    )
    backorder_responsible_id = fields.Many2one(
        "res.users",
        "Responsible for Runs",
        domain=[("share", "=", False)],
        help="Gets an activity when a run fails. Empty: a backorder manager.",
    )

    _backorder_limits = models.Constraint(
        "CHECK (backorder_run_limit >= 0 AND backorder_retention_days >= 0)",
        "The limits of reallocation cannot be negative.",
    )

    @api.constrains("backorder_policy_id")
    def _check_backorder_policy_id(self):
        for company in self:
            company.backorder_policy_id._check_usable_in(company)

    def _remember_days(self):
        """Looks up the day of a moment where the company is, once for each moment."""
        self.ensure_one()
        return remember_days(self.partner_id.tz)
