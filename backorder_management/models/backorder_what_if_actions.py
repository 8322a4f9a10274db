"""Where “What if” is asked."""

from odoo import api, models


class BackorderDemand(models.Model):
    _inherit = "backorder.demand"

    def action_what_if(self):
        """Ask what would change for this line."""
        self.ensure_one()
        return self._open_what_if(
            kind="buy",
            product_id=self.product_id.id,
            quantity=self.qty_short,
            warehouse_id=self.warehouse_id.id,
            company_id=self.company_id.id,
            order_id=self.order_id.id,
        )

    @api.model
    def _open_what_if(self, **values):
        """
        :param values: what the dialog begins with
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What If"),
            "res_model": "backorder.what.if",
            "view_mode": "form",
            "target": "new",
            "context": {f"default_{name}": value for name, value in values.items()},
        }

    @api.model
    def _open_what_if_late(self, document):
        """:param document: what brings goods"""
        document.ensure_one()
        return self._open_what_if(
            kind="slip",
            document=f"{document._name},{document.id}",
            company_id=document.company_id.id,
        )


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_what_if(self):
        """Ask what would change if this order got a star."""
        self.ensure_one()
        return self.env["backorder.demand"]._open_what_if(
            kind="star",
            order_id=self.id,
            partner_id=self.partner_id.id,
            company_id=self.company_id.id,
        )


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    def action_what_if(self):
        """Ask what would change if this purchase was late, short or cancelled."""
        return self.env["backorder.demand"]._open_what_if_late(self)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def action_what_if(self):
        """Ask what would change if this transfer was late, short or cancelled."""
        return self.env["backorder.demand"]._open_what_if_late(self)
