from __future__ import annotations

from odoo.fields import Command
from odoo.tests import Form, TransactionCase, new_test_user


class BackorderCommon(TransactionCase):
    """A wholesaler's warehouse, with words for what its people do.

    Quantities in tests are in the product's unit unless a test says otherwise.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True))
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.env.company.id)], limit=1
        )
        cls.stock = cls.warehouse.lot_stock_id
        cls.shelf = cls.env["stock.location"].create(
            {"name": "Shelf A", "location_id": cls.stock.id}
        )
        cls.customer = cls.env["res.partner"].create({"name": "Hotel Adler"})
        cls.other_customer = cls.env["res.partner"].create({"name": "Café Zentral"})
        cls.vendor = cls.env["res.partner"].create({"name": "Glashütte"})
        cls.unit = cls.env.ref("uom.product_uom_unit")
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.glass = cls._create_product("Wine Glass")

    @classmethod
    def _create_product(cls, name, **values):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "consu",
                "is_storable": True,
                "invoice_policy": "delivery",
                "list_price": 10.0,
                "taxes_id": False,
                **values,
            }
        )

    @classmethod
    def _create_order(cls, *lines, partner=None, confirm=True, **values):
        """:param lines: pairs of product and quantity, or dictionaries of values"""
        commands = []
        for line in lines:
            if not isinstance(line, dict):
                line = {"product_id": line[0].id, "product_uom_qty": line[1]}
            commands.append(Command.create(line))
        order = cls.env["sale.order"].create(
            {
                "partner_id": (partner or cls.customer).id,
                "warehouse_id": cls.warehouse.id,
                "order_line": commands,
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        cls._settle()
        return order

    @classmethod
    def _settle(cls):
        """What happens at the end of each transaction of a user."""
        cls.env.flush_all()
        cls.env.cr.precommit.run()

    @classmethod
    def _put_stock(cls, product, quantity, location=None, **values):
        """Stock that was there before the story begins."""
        cls.env["stock.quant"]._update_available_quantity(
            product, location or cls.stock, quantity, **values
        )
        cls._settle()

    @classmethod
    def _create_receipt(cls, *products, location=None, **values):
        """A confirmed receipt.

        :param products: pairs of product and quantity
        """
        picking_type = cls.warehouse.in_type_id
        location = location or cls.stock
        receipt = cls.env["stock.picking"].create(
            {
                "picking_type_id": picking_type.id,
                "partner_id": cls.vendor.id,
                "location_id": cls.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": location.id,
                "move_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "location_id": cls.env.ref(
                                "stock.stock_location_suppliers"
                            ).id,
                            "location_dest_id": location.id,
                        }
                    )
                    for product, quantity in products
                ],
                **values,
            }
        )
        receipt.action_confirm()
        return receipt

    @classmethod
    def _receive(cls, *products, location=None):
        receipt = cls._create_receipt(*products, location=location)
        cls._validate(receipt)
        return receipt

    @classmethod
    def _validate(cls, picking, quantities=None, backorder=True):
        """Ship or receive.

        :param quantities: by product, in the move's unit; by default what is reserved
        :param backorder: keep the rest open, or cancel it
        """
        for move in picking.move_ids:
            if quantities is not None:
                move.quantity = quantities.get(move.product_id, 0.0)
            move.picked = bool(move.quantity)
        picking.with_context(
            skip_backorder=True,
            picking_ids_not_to_backorder=False if backorder else picking.ids,
        ).button_validate()
        cls._settle()
        return picking.backorder_ids

    @classmethod
    def _return(cls, picking, quantity, refund=True, exchange=False):
        """Goods come back; with an exchange others are to go out."""
        wizard = Form(
            cls.env["stock.return.picking"].with_context(
                active_id=picking.id, active_ids=picking.ids, active_model=picking._name
            )
        ).save()
        for line in wizard.product_return_moves:
            line.quantity = quantity
            line.to_refund = refund
        action = (
            wizard.action_create_exchanges()
            if exchange
            else wizard.action_create_returns()
        )
        returned = cls.env["stock.picking"].browse(action["res_id"])
        cls._validate(
            returned, {move.product_id: quantity for move in returned.move_ids}
        )
        return returned

    @classmethod
    def _set_steps(cls, steps):
        cls.warehouse.delivery_steps = steps

    @classmethod
    def _create_user(cls, login, groups):
        return new_test_user(cls.env, login=login, groups=groups)

    def assertLine(  # noqa: N802 - unittest's own manner
        self, line, state, backordered=0.0, allocated=0.0, cancelled=0.0
    ):
        """All that a salesperson reads off a line, in the line's unit."""
        self.assertEqual(
            {
                "state": line.backorder_state,
                "backordered": line.qty_backordered,
                "allocated": line.qty_allocated,
                "cancelled": line.qty_cancelled,
            },
            {
                "state": state,
                "backordered": backordered,
                "allocated": allocated,
                "cancelled": cancelled,
            },
        )
