from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        # The customer has paid, whoever or whatever is processing that now.
        orders = self.env["sale.order"]._with_customer()
        return super(
            PaymentTransaction, self.with_context(orders.env.context)
        )._check_amount_and_confirm_order()
