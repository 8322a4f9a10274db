from odoo import fields, models
from odoo.fields import Command

from ..planning.invoicing import (
    Apportionment,
    Bill,
    Link,
    Return,
    ShippedMove,
    apportion,
    settle,
    shipped_less_returned,
)
from ..planning.shipment_state import Figures, add_line
from .sale_order_rounding import is_counted


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    shipment_link_ids = fields.One2many(
        comodel_name="backorder.shipment.link",
        inverse_name="sale_line_id",
        string="Invoiced Shipments",
    )

    def _is_invoiced_by_shipment(self):
        """Whether what is invoiced of this line follows its stock moves."""
        self.ensure_one()
        return (
            self.qty_delivered_method == "stock_move"
            and self.product_id.invoice_policy == "delivery"
            and not self.is_downpayment
            and not self.display_type
        )

    def _expects_shipment(self):
        """Whether goods of the line may still leave; not where it was closed short."""
        self.ensure_one()
        if not self.move_ids:  # not bought yet, for instance
            uom = self.product_uom_id
            return uom.compare(self.qty_delivered, self.product_uom_qty) < 0
        return any(
            move.state not in ("done", "cancel") and not move._is_incoming()
            for move in self.move_ids
        )

    def _settle_shipment_links(self):
        """Make the links agree with the invoices, see ``planning.invoicing.settle``.

        :return: {line: (shipped moves, links)} of the lines invoiced by shipment
        """
        self._forget_filtered()
        self._fetch_shipments()
        settled = {}
        commands = []
        for line in self:
            if not line._is_invoiced_by_shipment():
                continue
            moves, links = line._get_settled_shipments()
            settled[line] = (moves, links)
            commands += line._prepare_link_commands(links)
        if commands:
            self._apply_link_commands(commands)
        return settled

    def _forget_filtered(self):
        """Read afresh what the cache may hold as a user sees it.

        Who may not read all invoices of an order has the others filtered out of its
        lines, and the cache is the same for ``sudo``. Accountants see them all; what
        they have at hand stays as it is.
        """
        if not self or self.env.user.has_group("account.group_account_invoice"):
            return
        self.filtered("id").invalidate_recordset(
            ["invoice_lines", "move_ids", "shipment_link_ids"], flush=False
        )

    def _fetch_shipments(self):
        """Read when things were shipped, for all lines at once: core hands on moves
        that know nothing of each other."""
        self.move_ids.picking_id.fetch(["date_done"])

    def _get_settled_shipments(self) -> tuple[list[ShippedMove], list[Link]]:
        """Return the shipped moves and the links as they have to be, oldest first."""
        self.ensure_one()
        moves = self._get_shipped_moves()
        bills = self._get_shipment_bills()
        return moves, settle(moves, bills, self._get_shipment_links())

    def _get_shipped_moves(self) -> list[ShippedMove]:
        """Return what reached the customer, oldest first, in the line's unit."""
        self.ensure_one()
        if bom_moves := self._get_kit_moves():
            return self._get_shipped_kits(bom_moves)
        # Core's own choice of moves, so that extensions of it count here as well.
        outgoing, incoming = self._get_outgoing_incoming_moves()
        return shipped_less_returned(
            [
                (move.id, move.picking_id.id or 0, self._convert_shipped(move))
                for move in outgoing.filtered(lambda move: move.state == "done").sorted(
                    lambda move: move._get_shipment_order()
                )
            ],
            [
                Return(self._convert_shipped(move), move.origin_returned_move_id.id)
                for move in incoming.filtered(lambda move: move.state == "done")
            ],
        )

    def _convert_shipped(self, move):
        """Return the done quantity in the line's unit, rounded as core rounds it."""
        return move.product_uom._compute_quantity(
            move.quantity, self.product_uom_id, rounding_method="HALF-UP"
        )

    def _get_shipment_bills(self) -> list[Bill]:
        """Return the invoice lines that core counts, in the line's unit, oldest first.

        The sum is core's ``qty_invoiced``.
        """
        self.ensure_one()
        bills = []
        for invoice_line in self.invoice_lines.sorted("id"):
            invoice = invoice_line.move_id
            sign = {"out_invoice": 1, "out_refund": -1}.get(invoice.move_type)
            if sign and is_counted(invoice):
                quantity = invoice_line.product_uom_id._compute_quantity(
                    invoice_line.quantity, self.product_uom_id
                )
                bills.append(
                    Bill(
                        invoice_line.id,
                        sign * quantity,
                        invoice_line.shipment_source_line_id.id or 0,
                    )
                )
        return bills

    def _get_shipment_links(self) -> list[Link]:
        self.ensure_one()
        return [
            Link(link.invoice_line_id.id, link.move_id.id, link.quantity)
            for link in self.shipment_link_ids.sorted("id")
        ]

    def _get_invoiced_shipments(self) -> dict[int, Figures]:
        """Return by transfer how far these lines are invoiced.

        Amounts are in the currency of the company. Nothing is written: what is
        invoiced and not linked yet is matched in memory.
        """
        figures: dict[int, Figures] = {}
        lines = self.filtered(lambda line: line._is_invoiced_by_shipment())
        lines._forget_filtered()
        lines._fetch_shipments()
        for line in lines:
            moves, links = line._get_settled_shipments()
            left = line._apportion_to_invoice(moves, links)
            add_line(figures, moves, links, left, line._get_shipped_value)
        return figures

    def _apportion_to_invoice(self, moves, links) -> Apportionment:
        """Divide what is to be invoiced of the line among its shipments.

        Odoo's one invoice per order sets off what came back of one shipment against
        what another one brought; where both are the same, it has nothing to say.
        """
        self.ensure_one()
        to_invoice = self.qty_to_invoice
        whole = self.order_id.shipment_invoicing == "per_order"
        if whole and self.product_uom_id.is_zero(to_invoice):
            return Apportionment()
        return apportion(moves, links, to_invoice)

    def _get_shipped_value(self, quantity: float) -> float:
        """Return what so much of the line comes to at its price after discount.

        :param quantity: in the line's unit; may be negative
        :return: untaxed, in the currency of the company, at the order's rate
        """
        self.ensure_one()
        order = self.order_id
        price = self._get_discounted_price()
        value = price * quantity
        # As core does for its own amount to invoice.
        if self.tax_ids.filtered("price_include"):
            value = self.tax_ids.compute_all(
                price,
                currency=self.currency_id,
                quantity=quantity,
                product=self.product_id,
                partner=order.partner_shipping_id,
            )["total_excluded"]
        return self.currency_id.round(value) / (order.currency_rate or 1.0)

    # ------------------------------------------------------------------ links

    def _prepare_link_commands(self, links):
        """Return the changes that turn the stored links into the given ones.

        The links of cancelled invoices are left alone: the invoice may come back.
        """
        self.ensure_one()
        wanted = {(link.invoice_line, link.move): link.quantity for link in links}
        commands = []
        for link in self.shipment_link_ids:
            if link.invoice_line_id.parent_state == "cancel":
                continue
            quantity = wanted.pop((link.invoice_line_id.id, link.move_id.id), 0.0)
            if not quantity:
                commands.append(Command.delete(link.id))
            elif quantity != link.quantity:
                commands.append(Command.update(link.id, {"quantity": quantity}))
        for (invoice_line, move), quantity in wanted.items():
            commands.append(
                Command.create(
                    {
                        "invoice_line_id": invoice_line,
                        "move_id": move,
                        "sale_line_id": self.id,
                        "quantity": quantity,
                    }
                )
            )
        return commands

    def _apply_link_commands(self, commands):
        """Write the changes of many lines at once."""
        # Links follow from invoices and transfers; nobody has the right to edit them.
        links = self.env["backorder.shipment.link"].sudo()
        links.browse(
            [id_ for command, id_, _ in commands if command == Command.DELETE]
        ).unlink()
        for command, id_, values in commands:
            if command == Command.UPDATE:
                links.browse(id_).write(values)
        links.create(
            [values for command, _, values in commands if command == Command.CREATE]
        )

    def _filtered_invoiced_ahead(self):
        """Return the lines with an invoice that is not linked in full."""
        lines = self.filtered(lambda line: line._is_invoiced_by_shipment())
        lines._forget_filtered()
        return lines.filtered(lambda line: line._is_invoiced_ahead())

    def _is_invoiced_ahead(self):
        self.ensure_one()
        unlinked = {
            bill.invoice_line: bill.quantity for bill in self._get_shipment_bills()
        }
        if not unlinked:
            return False
        for link in self.shipment_link_ids:
            if link.invoice_line_id.id in unlinked:
                unlinked[link.invoice_line_id.id] -= link.quantity
        return not all(map(self.product_uom_id.is_zero, unlinked.values()))
