from odoo import models

from .sale_order_acceptance import with_customer


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        # The customer has paid, whoever or whatever is processing that now.
        return super(
            PaymentTransaction, with_customer(self)
        )._check_amount_and_confirm_order()
