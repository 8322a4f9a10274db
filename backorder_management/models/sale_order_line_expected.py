from odoo import fields, models

from ..planning.expected import find_expected_day
from .stock_move import OPEN_STATES


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_expected_day(self):
        """Return the day on which the customer may expect all that is open of the line,
        False where it is not known.

        The one place that decides which date an invoice names.
        """
        self.ensure_one()
        # In the time zone of the company, as dates of documents are.
        find_day = self.company_id._remember_days()
        moves = self.move_ids.filtered(lambda move: move.state in OPEN_STATES)
        deliveries = moves.picking_id
        held = deliveries.filtered(lambda delivery: delivery.backorder_state == "held")
        return (
            find_expected_day(
                short=self.product_uom_id.compare(self.qty_backordered, 0.0) > 0,
                held=bool(held),
                planned=[find_day(move.date) for move in moves],
                arrival=self._get_day_to_tell(),
                held_until=[delivery.backorder_hold_until or None for delivery in held],
                today=find_day(fields.Datetime.now()),
            )
            or False
        )
