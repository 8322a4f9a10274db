from odoo import api, models
from odoo.exceptions import UserError


class IrModelFields(models.Model):
    _inherit = "ir.model.fields"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_criteria(self):
        """Without its field a criterion would go, and the order of service change
        without a word."""
        # sudo: of strategies of whatever company
        criteria = self.env["backorder.criterion"].sudo()
        used = criteria.search([("field_id", "in", self.ids)])
        if used:
            raise UserError(
                self.env._(
                    "Strategy “%(strategy)s” ranks demands by “%(field)s”. Remove that "
                    "criterion first.",
                    strategy=used[0].strategy_id.name,
                    field=used[0].field_id.field_description,
                )
            )
