from __future__ import annotations

from unittest import SkipTest

from odoo.fields import Command
from odoo.tests import Form, TransactionCase, new_test_user

STEPS = ("ship_only", "pick_ship", "pick_pack_ship")


def make_kit(product, *parts, makes=1):
    """Let the product be sold as its parts.

    :param parts: pairs of product and quantity
    :param makes: how many kits these parts are for
    """
    if "mrp.bom" not in product.env:
        raise SkipTest("sale_mrp is NOT installed: kits NOT tested")
    # Kits are somebody else's job.
    product.env["mrp.bom"].sudo().create(
        {
            "product_tmpl_id": product.product_tmpl_id.id,
            "type": "phantom",
            "product_qty": makes,
            "bom_line_ids": [
                Command.create({"product_id": part.id, "product_qty": quantity})
                for part, quantity in parts
            ],
        }
    )


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
    def _create_kit(cls, name, *parts, makes=1, **values):
        kit = cls._create_product(name, **values)
        make_kit(kit, *parts, makes=makes)
        return kit

    @classmethod
    def _create_table(cls):
        """A kit: the line sells tables, the moves carry tops and legs."""
        top, leg = cls._create_product("Table Top"), cls._create_product("Table Leg")
        return cls._create_kit("Table", (top, 1), (leg, 4)), top, leg

    @classmethod
    def _create_bought(cls, name, routes):
        """A product that the vendor has, and that comes on these routes."""
        return cls._create_product(
            name,
            route_ids=[Command.set(routes.ids)],
            seller_ids=[Command.create({"partner_id": cls.vendor.id, "price": 3})],
        )

    @classmethod
    def _get_bought_to_order(cls):
        """The routes of what is bought for each order."""
        to_order = cls.warehouse.mto_pull_id.route_id
        to_order.active = True
        return to_order | cls.env.ref("purchase_stock.route_warehouse0_buy")

    @classmethod
    def _get_purchase(cls, product):
        return cls.env["purchase.order"].search(
            [("order_line.product_id", "=", product.id)]
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
    def _create_starred(cls, *lines):
        order = cls._create_order(*lines)
        order.picking_ids.move_ids.priority = "1"
        return order

    @classmethod
    def _create_order_in_steps(cls, steps):
        """10 sold of a new product of which 4 are there, delivered in these steps."""
        cls._set_steps(steps)
        product = cls._create_product(steps)
        cls._put_stock(product, 4)
        return cls._create_order((product, 10))

    @classmethod
    def _add_line(cls, order, product, quantity):
        order.order_line = [
            Command.create({"product_id": product.id, "product_uom_qty": quantity})
        ]
        cls._settle()

    @classmethod
    def _get_open(cls, orders):
        return orders.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))

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
    def _set_old_chain(cls):
        """Delivery in two steps the old way: both moves exist from the start."""
        cls._set_steps("pick_ship")
        route = cls.warehouse.delivery_route_id
        push = route.rule_ids.filtered(lambda rule: rule.action == "push")
        output = push.location_src_id[:1]
        pull = route.rule_ids.filtered(lambda rule: rule.action == "pull")[:1]
        pull.copy(
            {
                "location_src_id": output.id,
                "location_dest_id": cls.env.ref("stock.stock_location_customers").id,
                "procure_method": "make_to_order",
                "picking_type_id": cls.warehouse.out_type_id.id,
            }
        )
        pull.location_dest_id = output
        pull.location_dest_from_rule = True
        push.active = False
        return pull

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
