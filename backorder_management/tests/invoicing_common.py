from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class InvoicingCommon(AccountTestInvoicingCommon):
    """A company with a chart of accounts, stock, and customers in both modes."""

    @classmethod
    def get_default_groups(cls):
        return (
            super().get_default_groups()
            | cls.env.ref("sales_team.group_sale_manager")
            | cls.env.ref("stock.group_stock_manager")
            | cls.env.ref("uom.group_uom")
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        ) or cls.env["stock.warehouse"].create(
            {"name": "Invoicing", "code": "INV", "company_id": cls.company.id}
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Per shipment", "shipment_invoicing": "per_shipment"}
        )
        cls.plain_customer = cls.env["res.partner"].create({"name": "Per order"})
        cls.desk = cls._create_good("Desk", price=100.0)
        cls.chair = cls._create_good("Chair", price=30.0)
        cls.shipments_made = 0

    @classmethod
    def _create_good(cls, name, price=100.0, **values):
        product = cls.env["product.product"].create(
            {
                "name": name,
                "is_storable": True,
                "invoice_policy": "delivery",
                "list_price": price,
                "taxes_id": [Command.clear()],
                **values,
            }
        )
        if product.is_storable:
            cls.env["stock.quant"]._update_available_quantity(
                product, cls.warehouse.lot_stock_id, 1000
            )
        return product

    @classmethod
    def _create_order(cls, *lines, customer=None, **values):
        """Create and confirm an order; each line is (product, quantity[, values])."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": (customer or cls.customer).id,
                "warehouse_id": cls.warehouse.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line[0].id,
                            "product_uom_qty": line[1],
                            **(line[2] if len(line) > 2 else {}),
                        }
                    )
                    for line in lines
                ],
                **values,
            }
        )
        order.action_confirm()
        return order

    @classmethod
    def _ship(cls, order, *quantities):
        """Deliver these quantities of the order's lines now, the rest on a backorder.

        :param quantities: one per product line that is delivered
        """
        picking = order.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )[:1]
        picking.action_assign()
        by_product = dict(
            zip(
                order.order_line.filtered(
                    lambda line: line.product_id.type == "consu"
                ).product_id,
                quantities,
                strict=False,
            )
        )
        for move in picking.move_ids:
            quantity = by_product.get(move.product_id, 0)
            move.write({"quantity": quantity, "picked": bool(quantity)})
        cls._validate(picking)
        return picking

    @classmethod
    def _validate(cls, picking):
        picking.with_context(skip_backorder=True).button_validate()
        # One day after the other, so that each shipment has a date of its own.
        cls.shipments_made += 1
        picking.date_done = fields.Datetime.now() + timedelta(days=cls.shipments_made)

    @classmethod
    def _take_back(cls, picking, quantity, product=None, to_refund=True):
        wizard = Form(
            cls.env["stock.return.picking"].with_context(
                active_id=picking.id,
                active_ids=picking.ids,
                active_model="stock.picking",
            )
        ).save()
        for line in wizard.product_return_moves:
            chosen = not product or line.product_id == product
            line.write({"quantity": quantity if chosen else 0, "to_refund": to_refund})
        action = wizard.action_create_returns()
        returned = cls.env["stock.picking"].browse(action["res_id"])
        returned.move_ids.picked = True
        cls._validate(returned)
        return returned

    def _lines(self, invoices):
        """Return the invoices' lines as [[(product, quantity), ...], ...]."""
        return [
            [
                (line.product_id.name or line.name, line.quantity)
                for line in invoice.invoice_line_ids
                if line.display_type == "product"
            ]
            for invoice in invoices
        ]
