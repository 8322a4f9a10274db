"""Promises that will not be kept as things stand, or were not."""

from __future__ import annotations

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..planning.promises import find_days_late


def find_late(name: str, late: SQL, operator: str, value):
    """What searching for a flag means.

    :param late: a query of those for which it is set
    """
    if operator != "in":
        return NotImplemented
    return Domain(name, "in" if True in value else "not in", late)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_promise_days_late = fields.Integer(
        "Days Late",
        compute="_compute_backorder_promise_late",
        help="Days from the promised one to the expected one, or to today.",
    )
    backorder_promise_late = fields.Boolean(
        "Late Against Promise",
        compute="_compute_backorder_promise_late",
        search="_search_backorder_promise_late",
        help="It is expected after the day that the customer was told, could not be "
        "had by then if it was ordered today, or that day has passed.",
    )

    @api.depends(
        "backorder_promise_date",
        "backorder_eta",
        "backorder_if_ordered",
        "qty_backorder_open",
    )
    def _compute_backorder_promise_late(self):
        now = fields.Datetime.now()
        for line in self:
            late = 0
            if line.backorder_promise_date:  # most have none
                late = find_days_late(
                    line.backorder_promise_date,
                    line.backorder_eta or line.backorder_if_ordered or None,
                    line.company_id._remember_days()(now),
                    line.product_uom_id.compare(line.qty_backorder_open, 0.0) > 0,
                )
            line.backorder_promise_days_late = late
            line.backorder_promise_late = late > 0

    @api.model
    def _search_backorder_promise_late(self, operator, value):
        late = SQL("SELECT id FROM (%s) late", self._get_late_query())
        return find_late("id", late, operator, value)

    @api.model
    def _get_late_query(self) -> SQL:
        """Lines that are late against their promise, and their orders."""
        self.flush_model(
            ["backorder_promise_date", "backorder_eta", "qty_backorder_open", "state"]
        )
        now = fields.Datetime.now()
        # sudo: just the day, where each company is
        companies = self.env["res.company"].sudo().search([("active", "=", True)])
        return SQL(
            """
            SELECT line.id, line.order_id
              FROM sale_order_line line
              JOIN unnest(%s::int[], %s::date[]) AS company(id, today)
                ON company.id = line.company_id
              LEFT JOIN LATERAL (
                   SELECT MAX(COALESCE(d.eta, d.eta_if_ordered)) AS day
                     FROM backorder_demand d
                    WHERE d.sale_line_id = line.id AND d.eta_kind IS NOT NULL
                          AND line.backorder_eta IS NULL
                   HAVING BOOL_OR(d.eta_if_ordered IS NOT NULL)
                      AND BOOL_AND(COALESCE(d.eta, d.eta_if_ordered) IS NOT NULL)
                   ) if_ordered ON TRUE
             WHERE line.state = 'sale' AND line.backorder_promise_date IS NOT NULL
               AND line.qty_backorder_open > 0
               AND (COALESCE(line.backorder_eta, if_ordered.day)
                        > line.backorder_promise_date
                    OR line.backorder_promise_date < company.today)
            """,
            companies.ids,
            [company._remember_days()(now) for company in companies],
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    backorder_promise_late = fields.Boolean(
        "Late Against Promise",
        compute="_compute_backorder_promise_late",
        search="_search_backorder_promise_late",
        help="A line is expected after the day that the customer was told.",
    )

    @api.depends("order_line.backorder_promise_late")
    def _compute_backorder_promise_late(self):
        for order in self:
            order.backorder_promise_late = any(
                order.order_line.mapped("backorder_promise_late")
            )

    @api.model
    def _search_backorder_promise_late(self, operator, value):
        query = self.env["sale.order.line"]._get_late_query()
        late = SQL("SELECT order_id FROM (%s) late", query)
        return find_late("id", late, operator, value)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    backorder_promise_late = fields.Boolean(
        "Late Against Promise",
        compute="_compute_backorder_promise_late",
        search="_search_backorder_promise_late",
        compute_sudo=True,  # warehouse staff need not read orders
        help="It brings something after the day that the customer was told.",
    )

    @api.depends("state", "move_ids.sale_line_id.backorder_promise_late")
    def _compute_backorder_promise_late(self):
        for picking in self:
            picking.backorder_promise_late = picking.state not in (
                "done",
                "cancel",
            ) and any(picking.move_ids.sale_line_id.mapped("backorder_promise_late"))

    @api.model
    def _search_backorder_promise_late(self, operator, value):
        query = self.env["sale.order.line"]._get_late_query()
        late = SQL(
            """
            SELECT move.picking_id
              FROM stock_move move
              JOIN (%s) late ON late.id = move.sale_line_id
             WHERE move.picking_id IS NOT NULL
               AND move.state NOT IN ('done', 'cancel')
            """,
            query,
        )
        return find_late("id", late, operator, value)


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    promise_late = fields.Boolean(
        "Late Against Promise",
        compute="_compute_promise_late",
        search="_search_promise_late",
        compute_sudo=True,  # warehouse staff need not read orders
    )

    @api.depends("sale_line_id.backorder_promise_late")
    def _compute_promise_late(self):
        for demand in self:
            demand.promise_late = demand.sale_line_id.backorder_promise_late

    @api.model
    def _search_promise_late(self, operator, value):
        query = self.env["sale.order.line"]._get_late_query()
        late = SQL("SELECT id FROM (%s) late", query)
        return find_late("sale_line_id", late, operator, value)
