from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from ..planning.invoicing import apportion
from ..planning.splitting import Entry, Rules, split, whole_line
from .sale_order_periodic import PERIODIC, ShipmentInvoice
from .sale_order_rounding import get_linked
from .sale_order_shipment_credit import Uncredited

SHIPMENT_INVOICING = [
    ("per_order", "One invoice for all that was delivered"),
    ("per_shipment", "One invoice per shipment"),
    (PERIODIC, "One invoice per period"),
]


# Core's display types of lines that carry no quantity.
_KINDS = {
    "line_section": "section",
    "line_subsection": "subsection",
    "line_note": "note",
}


class _CoreInvoice:
    """Core's values of one invoice, with the order line behind each of its lines."""

    def __init__(self, env, vals, line_ids):
        """
        :param line_ids: id of the order line of each invoice line, False without one
        """
        self.vals = vals
        self.line_ids = line_ids
        self.sale_lines = env["sale.order.line"].browse(
            dict.fromkeys(filter(None, line_ids))
        )

    def numbered_lines(self):
        """Yield the values and the order line of each invoice line."""
        for (_command, _id, vals), line_id in zip(
            self.vals["invoice_line_ids"], self.line_ids, strict=True
        ):
            yield vals, self.sale_lines.browse(line_id)

    def has_once(self, line):
        """Whether one invoice line stands for the whole order line."""
        return self.line_ids.count(line.id) == 1

    def with_lines(self, lines):
        """Return invoice values with these of core's lines, linked to their moves.

        :param lines: ``planning.splitting.DocumentLine``
        """
        commands = self.vals["invoice_line_ids"]
        sources = [line.source for line in lines if line.source]
        left = Uncredited(self.sale_lines.env["account.move.line"].browse(sources))
        return {
            **self.vals,
            "invoice_line_ids": [
                Command.create(self._prepare_line(commands[line.entry][2], line, left))
                for line in lines
            ],
        }

    def _prepare_line(self, vals, line, left):
        if line.source:
            return self._prepare_credited_line(vals, line, left)
        if line.deposit and line.quantity != vals["quantity"]:
            sale_line = self.sale_lines.browse(self.line_ids[line.entry])
            return sale_line._prepare_deducted_vals(vals, line.deposit)
        if line.shares:
            vals = {**vals, "shipment_shares": self._prepare_shares(line)}
        if "quantity" in vals and line.quantity != vals["quantity"]:
            vals = {**vals, "quantity": line.quantity}
        return vals

    def _prepare_credited_line(self, vals, line, left):
        """Return the values of a line that credits a line of an earlier invoice."""
        sale_line = self.sale_lines.browse(self.line_ids[line.entry])
        source = sale_line.invoice_lines.browse(line.source)
        return {
            **vals,
            **source._prepare_shipment_credit(sale_line, line.quantity, left),
            "shipment_shares": self._prepare_shares(line),
        }

    def _prepare_shares(self, line):
        """Return the values of the links to the moves that a line pays for."""
        return [
            {
                "move_id": share.move,
                "sale_line_id": self.line_ids[line.entry],
                "quantity": share.quantity,
            }
            for share in line.shares
        ]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    shipment_invoicing = fields.Selection(
        selection=SHIPMENT_INVOICING,
        string="Invoicing of Shipments",
        compute="_compute_shipment_invoicing",
        store=True,
        readonly=False,
        precompute=True,
        help="How products invoiced on delivery are invoiced: all deliveries of the "
        "order on one invoice, an invoice for each delivery, or one for all deliveries "
        "of a customer in a period, with a section for each.",
    )

    def _auto_init(self):
        # On install every order keeps Odoo's way: one statement, no write per order.
        if not column_exists(self.env.cr, "sale_order", "shipment_invoicing"):
            create_column(self.env.cr, "sale_order", "shipment_invoicing", "varchar")
            self.env.cr.execute(
                "UPDATE sale_order SET shipment_invoicing = 'per_order'"
            )
        return super()._auto_init()

    @api.depends("partner_id", "company_id")
    def _compute_shipment_invoicing(self):
        for order in self:
            customer = order.partner_id.commercial_partner_id.with_company(
                order.company_id
            )
            order.shipment_invoicing = (
                customer.shipment_invoicing
                or order.company_id.shipment_invoicing
                or "per_order"
            )

    def write(self, vals):
        mode = vals.get("shipment_invoicing")
        switched = self.filtered(lambda order: order.shipment_invoicing != mode)
        result = super().write(vals)
        if mode and switched:
            self.env["backorder.shipment.link"]._match_past_invoices(switched)
        return result

    # -------------------------------------------------------------- invoicing

    def _create_invoices(self, grouped=False, final=False, date=None):
        """Invoice per shipment where the order says so, else as core does.

        Orders per shipment go through core on their own and ungrouped, as core would
        merge an invoice with those of the customer's other orders.
        """
        self._lock_for_invoicing()
        by_shipment = self._filtered_by_shipment()
        others = self - by_shipment
        if not by_shipment:
            return super()._create_invoices(grouped=grouped, final=final, date=date)
        if not others:
            return super()._create_invoices(grouped=True, final=final, date=date)
        # Core refuses a call with nothing to invoice; here only both together may.
        quiet = {"raise_if_nothing_to_invoice": False}
        invoices = super(SaleOrder, by_shipment.with_context(**quiet))._create_invoices(
            grouped=True, final=final, date=date
        )
        if not invoices:
            return super(SaleOrder, others)._create_invoices(
                grouped=grouped, final=final, date=date
            )
        return invoices | super(
            SaleOrder, others.with_context(**quiet)
        )._create_invoices(grouped=grouped, final=final, date=date)

    def _filtered_by_shipment(self):
        """Return the orders of which each shipment gets its own invoice."""
        if self._get_chosen_shipments() is not None:
            return self
        return self.filtered(lambda order: order.shipment_invoicing != "per_order")

    @api.model
    def _get_chosen_shipments(self):
        """Return ids of the transfers to invoice, None for all.

        The context carries them through core's ``_create_invoices``, whose arguments
        have no room for them.
        """
        chosen = self.env.context.get("invoice_shipment_ids")
        if chosen is not None and not (
            isinstance(chosen, (list, tuple))
            and all(isinstance(each, int) for each in chosen)
        ):
            raise UserError(self.env._("Select the deliveries to invoice."))
        return chosen

    def _lock_for_invoicing(self):
        """Let one transaction at a time invoice these orders.

        Two at the same moment would both see the same quantity to invoice. A lock is
        not enough: who waited for it still reads the old state. A row that the other
        one has rewritten makes PostgreSQL refuse us ("could not serialize access"),
        and Odoo starts the request again, which then sees the other's invoices.
        """
        if not self.ids:
            return
        ids = SQL("id = ANY(%s)", list(self.ids))
        # In one order, so that two selections that overlap cannot block each other.
        self.env.execute_query(
            SQL("SELECT id FROM sale_order WHERE %s ORDER BY id FOR NO KEY UPDATE", ids)
        )
        self.env.cr.execute(
            SQL("UPDATE sale_order SET write_date = write_date WHERE %s", ids)
        )

    def _create_account_invoices(self, invoice_vals_list, final):
        # Core has decided on quantities and prices and has created nothing yet.
        divided = self._divide_by_shipment(invoice_vals_list)
        quiet = not self.env.context.get("raise_if_nothing_to_invoice", True)
        if invoice_vals_list and not divided and not quiet:
            raise UserError(
                self.env._(
                    "Nothing to invoice yet: what is not delivered is invoiced with "
                    "the last shipment of its order. Deliver the rest first, or change "
                    "the invoicing setting."
                )
            )
        return super()._create_account_invoices(divided, final)

    # ------------------------------------------------- dividing core's values

    def _divide_by_shipment(self, invoice_vals_list):
        """Return core's invoice values, those of orders per shipment divided.

        All lines get the links to the shipments they pay for, whatever the mode.
        """
        invoices = [self._read_invoice_vals(vals) for vals in invoice_vals_list]
        # Quantities shipped and invoiced are facts, whatever the user may see of them.
        sale_lines = (
            self.env["sale.order.line"]
            .sudo()
            .union(*(invoice.sale_lines for invoice in invoices))
        )
        settled = sale_lines._settle_shipment_links()
        divided, whole = [], []
        for invoice in invoices:
            order = invoice.sale_lines.order_id
            entries = self._prepare_entries(invoice, settled)
            if len(order) == 1 and order._filtered_by_shipment():
                divided += order._divide_invoice_vals(invoice, entries)
            else:
                lines = [whole_line(*numbered) for numbered in enumerate(entries)]
                whole.append(invoice.with_lines(lines))
        return self._join_by_period(divided) + whole

    def _read_invoice_vals(self, vals):
        """Find the order line of each line of core's invoice values."""
        line_ids = []
        for _command, _id, line_vals in vals["invoice_line_ids"]:
            linked = [
                command[1]
                for command in line_vals.get("sale_line_ids", ())
                if command[0] == Command.LINK
            ]
            line_ids.append(linked[0] if len(linked) == 1 else False)
        return _CoreInvoice(self.sudo().env, vals, line_ids)

    def _prepare_entries(self, invoice, settled):
        """Describe core's invoice lines to ``planning.splitting``."""
        entries = []
        for vals, line in invoice.numbered_lines():
            kind = _KINDS.get(vals.get("display_type"), "line")
            quantity = vals.get("quantity") or 0.0
            if kind != "line" and quantity and not line.is_downpayment:
                kind = "line"  # A combo: shown as a section, and invoiced as a line.
            once = kind == "line" and invoice.has_once(line)
            moves, links = settled.get(line, ((), ()))
            apportionment, deposit = None, None
            if once and line in settled:
                apportionment = apportion(moves, links, quantity)
            if kind == "line" and line.is_downpayment and quantity < 0:
                deposit = line._get_deposit_left()
            price = (vals.get("price_unit") or 0.0) * (
                1 - (vals.get("discount") or 0.0) / 100
            )
            taxes = tuple(sorted(get_linked(vals.get("tax_ids"))))
            entry = Entry(
                kind, quantity, price, apportionment, deposit=deposit, taxes=taxes
            )
            if once and not deposit and vals.get("display_type") not in _KINDS:
                entry = replace(entry, credits=line._find_credits(entry, links))
            entries.append(entry)
        return entries

    def _divide_invoice_vals(self, invoice, entries):
        """Return a `ShipmentInvoice` per shipment of this order."""
        self.ensure_one()
        shipments = self._get_apportioned_shipments(entries)
        chosen = self._get_chosen_shipments()
        rules = Rules(
            others=self.company_id.shipment_invoicing_others,
            only=None if chosen is None else frozenset(chosen),
            more_to_come=self._has_more_to_invoice(shipments),
            deduction=self._prepare_deduction(invoice)
            if any(entry.deposit for entry in entries)
            else None,
        )
        # Goods that left without a transfer (0) come first.
        documents = split(entries, [0, *shipments.ids], rules)
        made = []
        for document in documents:
            own = shipments.browse(filter(None, document.shipments))
            vals = {
                **invoice.with_lines(document.lines),
                "made_per_shipment": True,
                **self._prepare_shipment_invoice_vals(own),
                **self._prepare_credit_note_vals(document),
            }
            made.append(ShipmentInvoice(vals, self, own))
        # Amounts invoiced are facts, whatever the user may see of them.
        self.sudo()._round_as_one_invoice(made)
        return made

    def _get_apportioned_shipments(self, entries):
        """Return the transfers that these entries invoice or credit, oldest first."""
        picking_ids = {
            part.shipment
            for entry in entries
            if entry.is_divided
            for part in (*entry.apportionment.parts, *entry.apportionment.credits)
        }
        return (
            self.env["stock.picking"]
            .browse(picking_ids - {0})
            .sorted(
                lambda picking: (picking.date_done or picking.create_date, picking.id)
            )
        )

    def _has_more_to_invoice(self, shipments):
        """Whether more invoices of this order are expected: for goods that may still
        leave, or for shipments that are not chosen now.

        :param shipments: all that can be invoiced now
        """
        chosen = self._get_chosen_shipments()
        unchosen = chosen is not None and set(shipments.ids).difference(chosen)
        return bool(unchosen) or any(
            line._expects_shipment()
            for line in self.order_line
            if line._is_invoiced_by_shipment()
        )

    def _prepare_shipment_invoice_vals(self, shipments):
        """Return what an invoice says of the shipments it is for.

        "Source" and the delivery date are printed on the invoice. The date is that of
        the last of them, in the time zone of the user.
        """
        self.ensure_one()
        if not shipments:
            # Core's value is a moment, which no day can be compared with.
            moment = self.effective_date
            return {"delivery_date": moment and fields.Date.context_today(self, moment)}
        vals = {"invoice_origin": ", ".join([self.name, *shipments.mapped("name")])}
        if dates := list(filter(None, shipments.mapped("date_done"))):
            vals["delivery_date"] = fields.Date.context_today(self, max(dates))
        return vals
