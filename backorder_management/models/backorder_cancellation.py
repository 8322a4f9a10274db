"""What was cancelled of orders: why, by whom, how much."""

from __future__ import annotations

from odoo import api, fields, models


class BackorderCancelReason(models.Model):
    """Why a rest is cancelled: a short list that everybody chooses from."""

    _name = "backorder.cancel.reason"
    _description = "Reason to Cancel What Is Missing"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")


class BackorderCancellation(models.Model):
    """One rest that was cancelled. Nobody changes it: it is what happened."""

    _name = "backorder.cancellation"
    _description = "Cancelled Rest of an Order Line"
    _order = "date desc, id desc"
    _rec_name = "sale_line_id"
    _log_access = False

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
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    salesperson_id = fields.Many2one("res.users", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    quantity = fields.Float(
        digits="Product Unit", readonly=True, help="In the unit of the order line."
    )
    product_uom_id = fields.Many2one("uom.uom", "Unit", readonly=True)
    value = fields.Monetary(
        "Untaxed Value",
        currency_field="company_currency_id",
        readonly=True,
        help="Of what was cancelled, in the company's currency.",
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    reason_id = fields.Many2one("backorder.cancel.reason", "Why", readonly=True)
    note = fields.Char("In Words", readonly=True)
    user_id = fields.Many2one("res.users", "Cancelled By", readonly=True)
    date = fields.Datetime("Cancelled On", readonly=True)

    @api.model
    def _note(self, cancelled, reason: str, kind=None):
        """
        :param cancelled: by order line, in its unit
        :param reason: in words
        :param kind: of the list of reasons, or none
        """
        now = fields.Datetime.now()
        # sudo: nobody writes these himself; who may cancel has been checked
        return self.sudo().create(
            [
                {
                    **line._prepare_cancellation(quantity),
                    "reason_id": kind.id if kind else False,
                    "note": reason,
                    "user_id": self.env.uid,
                    "date": now,
                }
                for line, quantity in cancelled.items()
            ]
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_cancellation_ids = fields.One2many(
        "backorder.cancellation",
        "sale_line_id",
        "Cancellations",
        readonly=True,
        groups="sales_team.group_sale_salesman",  # customers read their lines, too
    )

    def _prepare_cancellation(self, quantity: float) -> dict:
        self.ensure_one()
        order = self.order_id
        ordered = self.product_uom_qty
        unit_value = self.price_subtotal / ordered if ordered else 0.0
        return {
            "sale_line_id": self.id,
            "order_id": order.id,
            "company_id": order.company_id.id,
            "partner_id": order.partner_id.id,
            "salesperson_id": order.user_id.id,
            "product_id": self.product_id.id,
            "quantity": quantity,
            "product_uom_id": self.product_uom_id.id,
            "value": order.currency_id._convert(
                unit_value * quantity,
                order.company_id.currency_id,
                order.company_id,
                fields.Date.context_today(self),
            ),
        }
