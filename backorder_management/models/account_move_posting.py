from odoo import models
from odoo.exceptions import UserError

from ..planning.posting import divide_into_waves
from .sale_order_rounding import is_counted


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Post the invoices of shipments of one order one after the other.

        The cost of the goods of an invoice is what all that was shipped of the order
        has cost up to its quantity, less what posted invoices have of it. Odoo finds it
        for all that is posted in one call before any of it is posted, in this hook: the
        invoices of one order would have the same cost each, whatever that adds up to.
        """
        self._check_credited_is_posted()
        waves = self._get_posting_waves()
        if len(waves) < 2:
            return super()._post(soft)
        posted = self.browse()
        for wave in waves:
            posted |= super(AccountMove, wave)._post(soft)
        return posted

    def _check_credited_is_posted(self):
        """Refuse to issue a credit note of an invoice that nobody has."""
        for credit_note in self.filtered("made_per_shipment"):
            # Who may post a credit note need not see all invoices.
            credited = credit_note.sudo().reversed_entry_id
            if not credited or credited in self or credited.state == "posted":
                continue
            if credited.state == "cancel" and is_counted(credited):
                continue  # invoiced before Odoo
            raise UserError(
                self.env._(
                    "This credit note is for %(invoice)s, which is not posted. Post "
                    "the invoice as well, first or together with the credit note; or "
                    "delete both and invoice again: the invoice then shows what the "
                    "customer kept.",
                    invoice=credited.display_name,
                )
            )

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Set each credit note off against its own invoice.

        Odoo pairs them by position; of an invoice with several credit notes, one for
        each time that goods came back, there is just one among those invoices.
        """
        if len(self) == len(reverse_moves):
            return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)
        for reverse_move in reverse_moves:
            super(
                AccountMove, reverse_move.reversed_entry_id
            )._reconcile_reversed_moves(reverse_move, move_reverse_cancel)
        return reverse_moves

    def _get_posting_waves(self):
        """Return these documents in groups that are posted one after the other.

        Credit notes follow the invoices that they credit: core sets them off against
        what was posted before.
        """
        credit_notes = self.filtered(
            lambda move: move.made_per_shipment and move.reversed_entry_id in self
        )
        return [
            *(self - credit_notes)._get_waves_of_orders(),
            *credit_notes._get_waves_of_orders(),
        ]

    def _get_waves_of_orders(self):
        """Return these documents in groups in which no order is twice.

        Only orders of invoices made per shipment, for goods that Odoo values as they
        are invoiced; all others may be posted with any.
        """
        moves = self.sorted("id")
        waves = divide_into_waves([move._get_valued_orders().ids for move in moves])
        return [
            self.browse([moves[position].id for position in wave]) for wave in waves
        ]

    def _get_valued_orders(self):
        """Return the orders whose goods this invoice of shipments is about to value."""
        self.ensure_one()
        # Who may post an invoice need not see its orders.
        move = self.sudo().with_company(self.company_id)
        if not move.made_per_shipment:
            return move.env["sale.order"]
        return move.invoice_line_ids.filtered(
            lambda line: line.product_id.valuation == "real_time"
        ).sale_line_ids.order_id
