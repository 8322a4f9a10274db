from odoo import api, fields, models
from odoo.fields import Domain

# Who sees the shipments of an invoice: those who see either. A purchaser, who works
# with the bills of this model, is not among them.
SHIPMENT_READERS = (
    "stock.group_stock_user,account.group_account_invoice,"
    "account.group_account_readonly,sales_team.group_sale_salesman"
)


class AccountMove(models.Model):
    _inherit = "account.move"

    shipment_ids = fields.Many2many(
        comodel_name="stock.picking",
        string="Shipments",
        compute="_compute_shipment_ids",
        # Who may not read a transfer may still open the invoice for it.
        compute_sudo=True,
        search="_search_shipment_ids",
        groups=SHIPMENT_READERS,
        help="The deliveries that this invoice is for.",
    )
    shipment_count = fields.Integer(
        compute="_compute_shipment_ids",
        compute_sudo=True,
        groups=SHIPMENT_READERS,
    )

    made_per_shipment = fields.Boolean(
        readonly=True,
        help="The invoice was made for one shipment, or a few; its delivery date is "
        "theirs, however the order is invoiced later.",
    )

    @api.depends("invoice_line_ids.shipment_link_ids.picking_id")
    def _compute_shipment_ids(self):
        for invoice in self:
            shipments = invoice._get_shipments()
            invoice.shipment_ids = shipments.ids
            invoice.shipment_count = len(shipments)

    def _get_shipments(self):
        """Return the transfers that the invoice is for, oldest first, with sudo."""
        self.ensure_one()
        # Who may read the invoice may know which transfers it is for.
        links = self.sudo().invoice_line_ids.shipment_link_ids
        return links.picking_id.sorted(
            lambda picking: (picking.date_done or picking.create_date, picking.id)
        )

    def _search_shipment_ids(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        links = Domain("shipment_link_ids.picking_id", operator, value)
        return Domain("invoice_line_ids", "any", links)

    def _compute_delivery_date(self):
        """Keep the date of the shipments on an invoice made for them.

        Core puts the date of the order's first delivery on each of its invoices, and
        does so again after every delivery. What was posted stays as it was sent.
        """
        per_shipment = self.filtered("made_per_shipment")
        posted = per_shipment.filtered(lambda invoice: invoice.state == "posted")
        result = super(AccountMove, self - posted)._compute_delivery_date()
        for invoice in per_shipment - posted:
            # Whoever causes the recomputation need not see orders and transfers.
            lines = invoice.sudo().line_ids
            # A credit note gets its links only when its lines exist.
            links = (lines | lines.shipment_source_line_id).shipment_link_ids
            if done := list(filter(None, links.picking_id.mapped("date_done"))):
                invoice.delivery_date = fields.Date.context_today(invoice, max(done))
        return result

    def action_view_shipments(self):
        """Open the deliveries that these invoices are for.

        :raises AccessError: the user may not read one of the invoices
        """
        # What is computed with sudo asks for no right to read the invoice.
        self.check_access("read")
        shipments = self.shipment_ids
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "stock.action_picking_tree_all"
        )
        action["context"] = {"create": False}
        if len(shipments) == 1:
            form = self.env.ref(self._get_shipment_form())
            action.update(res_id=shipments.id, views=[(form.id, "form")])
        else:
            action["domain"] = [("id", "in", shipments.ids)]
        return action

    def _get_shipment_form(self):
        """Return the form of a delivery that the user may open, by its external id."""
        if self.env.user.has_group("stock.group_stock_user"):
            return "stock.view_picking_form"
        return "backorder_management.stock_picking_view_form_to_invoice"


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    shipment_link_ids = fields.One2many(
        comodel_name="backorder.shipment.link",
        inverse_name="invoice_line_id",
        string="Invoiced Shipments",
        copy=False,
    )
    shipment_shares = fields.Json(
        store=False,
        help="Values of the links to make with a line; whoever passes some needs the "
        "right to make them.",
    )
    shipment_move_ids = fields.Many2many(
        comodel_name="stock.move",
        string="Shipped Moves",
        compute="_compute_shipment_move_ids",
        compute_sudo=True,
        search="_search_shipment_move_ids",
        groups=SHIPMENT_READERS,
        help="The stock moves that this line pays for.",
    )
    shipment_source_line_id = fields.Many2one(
        comodel_name="account.move.line",
        string="Reversed or Replaced Line",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The line of the reversed invoice, whose shipments this line is for.",
    )

    @api.depends("shipment_link_ids.move_id")
    def _compute_shipment_move_ids(self):
        for line in self:
            # As for the shipments of the invoice.
            line.shipment_move_ids = line.sudo().shipment_link_ids.move_id.ids

    def _search_shipment_move_ids(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return Domain("shipment_link_ids.move_id", operator, value)

    def write(self, vals):
        result = super().write(vals)
        if "quantity" in vals or "product_uom_id" in vals:
            # Facts of orders and transfers; the user may edit just the invoice.
            links = self.sudo().shipment_link_ids
            links.sale_line_id._settle_shipment_links()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        # Not through the field of the links: Odoo would make each of them three times,
        # twice in memory to find default values of the invoice and of its line.
        self.env["backorder.shipment.link"].create(
            [
                {**share, "invoice_line_id": line.id}
                for line, vals in zip(lines, vals_list, strict=True)
                for share in vals.get("shipment_shares") or ()
            ]
        )
        if any(vals.get("shipment_source_line_id") for vals in vals_list):
            lines._copy_shipment_links()
        return lines

    def _copy_data_extend_business_fields(self, values):
        # A credit note credits the very shipments of the invoice that it reverses; core
        # hands on the order lines here, for the same reason. Not the links themselves:
        # whoever may make a credit note has no right to make links.
        result = super()._copy_data_extend_business_fields(values)
        # The user need not see transfers to credit an invoice.
        if self.sudo().shipment_link_ids:
            values["shipment_source_line_id"] = self.id
        return result

    def _copy_shipment_links(self):
        """Link lines that reverse or replace another one to its shipments."""
        # Links follow from invoices and transfers; nobody has the right to make them.
        lines = self.sudo()
        lines.shipment_link_ids.create(
            [
                {
                    "invoice_line_id": line.id,
                    "move_id": link.move_id.id,
                    "sale_line_id": link.sale_line_id.id,
                    "quantity": link.quantity
                    if line.move_type == link.invoice_id.move_type
                    else -link.quantity,
                }
                for line in lines
                if not line.shipment_link_ids and line._stands_for_source()
                for link in line.shipment_source_line_id.shipment_link_ids
            ]
        )

    def _stands_for_source(self):
        """Whether the line is for the very goods of the line it was copied from.

        Who may write invoices can name any source; what is not a true copy is matched
        by quantity, as all that is invoiced by hand. A debit note asks for more money
        for the same goods, not for the goods.
        """
        self.ensure_one()
        source = self.shipment_source_line_id
        invoice = self.move_id
        return (
            self.sale_line_ids == source.sale_line_ids
            and self.quantity == source.quantity
            and self.product_uom_id == source.product_uom_id
            and not ("debit_origin_id" in invoice._fields and invoice.debit_origin_id)
        )
