from odoo import api, models

RESERVATION_FIELDS = frozenset(
    {"location_id", "move_id", "picked", "product_uom_id", "quantity", "state"}
)


class StockMoveLine(models.Model):
    _inherit = "stock.move.line"

    # A move's reserved quantity is computed from its lines without a write on the
    # move, so the planner is told here.

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.move_id._note_reservation_change()
        return lines

    def write(self, vals):
        if not RESERVATION_FIELDS.isdisjoint(vals):
            self.move_id._note_reservation_change()
        return super().write(vals)

    def unlink(self):
        self.move_id._note_reservation_change()
        return super().unlink()
