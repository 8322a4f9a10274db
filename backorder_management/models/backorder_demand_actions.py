from odoo import api, models


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    def action_open_document(self):
        """Open what a user works on: the order, or else the delivery, or else why the
        goods are missing.

        Who may read an order need not have all rights that its form asks for.
        """
        user = self.env.user
        sells = user.has_group("sales_team.group_sale_salesman")
        if sells and self.order_id.has_access("read"):
            return self._open_form(self.order_id)
        if user.has_group("stock.group_stock_user"):
            return self.action_open_delivery()
        return self.action_why()

    def action_open_delivery(self):
        return self._open_form(self.picking_id)

    def action_open_forecast(self):
        """Odoo's own forecast of the product, in the warehouse of the demand."""
        self.ensure_one()
        action = self.product_id.action_product_forecast_report()
        action["context"] = {
            "active_id": self.product_id.id,
            "active_model": "product.product",
            "warehouse_id": self.warehouse_id.id,
        }
        return action

    @api.model
    def _open_form(self, record):
        record.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    @api.model
    def _open_short_lines(self, domain):
        """The list of short lines, of some orders or products only."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "backorder_management.backorder_demand_action"
        )
        action["domain"] = domain
        action["context"] = {"search_default_short": 1}
        return action
