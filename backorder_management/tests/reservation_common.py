"""A small warehouse for tests of the reservation."""

from odoo import fields
from odoo.tests import TransactionCase


class ReservationCase(TransactionCase):
    """One warehouse that delivers in one step and reserves on demand only.

    Deliveries are plain moves of a sale order line: what the reservation looks at.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].create(
            {"name": "Reservation", "code": "RES"}
        )
        cls.stock = cls.warehouse.lot_stock_id
        cls.shelf_a = cls._location("Shelf A", cls.stock)
        cls.shelf_b = cls._location("Shelf B", cls.stock)
        cls.customers = cls.env.ref("stock.stock_location_customers")
        cls.suppliers = cls.env.ref("stock.stock_location_suppliers")
        cls.customer = cls.env["res.partner"].create({"name": "Customer"})
        cls.unit = cls.env.ref("uom.product_uom_unit")
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.out_type = cls.warehouse.out_type_id
        cls.in_type = cls.warehouse.in_type_id
        if "auto_batch" in cls.out_type:
            cls.out_type.auto_batch = False  # stock_picking_batch, a story of its own
        cls.product = cls._product("Pump")

    @classmethod
    def _location(cls, name, parent):
        return cls.env["stock.location"].create(
            {"name": name, "location_id": parent.id, "usage": "internal"}
        )

    @classmethod
    def _product(cls, name, **values):
        return cls.env["product.product"].create(
            {"name": name, "is_storable": True, "uom_id": cls.unit.id, **values}
        )

    @classmethod
    def _put(cls, quantity, product=None, location=None, **values):
        """Goods on hand, without waking anybody."""
        return cls.env["stock.quant"].create(
            {
                "product_id": (product or cls.product).id,
                "location_id": (location or cls.stock).id,
                "quantity": quantity,
                **values,
            }
        )

    @classmethod
    def _order(cls, ordered="2026-01-01"):
        order = cls.env["sale.order"].create(
            {"partner_id": cls.customer.id, "warehouse_id": cls.warehouse.id}
        )
        order.date_order = fields.Datetime.to_datetime(ordered)
        return order

    @classmethod
    def _demand(
        cls,
        quantity,
        product=None,
        *,
        needed="2026-02-01",
        ordered="2026-01-01",
        priority="0",
        confirm=True,
        **values,
    ):
        """A waiting delivery of one product; nothing is reserved for it yet."""
        product = product or cls.product
        order = cls._order(ordered)
        line = cls.env["sale.order.line"].create(
            {"order_id": order.id, "product_id": product.id, "product_uom_qty": 1}
        )
        picking = cls.env["stock.picking"].create(
            {
                "picking_type_id": cls.out_type.id,
                "location_id": cls.stock.id,
                "location_dest_id": cls.customers.id,
                "priority": priority,
            }
        )
        move = cls.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "product_uom": product.uom_id.id,
                "location_id": cls.stock.id,
                "location_dest_id": cls.customers.id,
                "location_final_id": cls.customers.id,
                "picking_id": picking.id,
                "picking_type_id": cls.out_type.id,
                "sale_line_id": line.id,
                "date": needed,
                **values,
            }
        )
        if confirm:
            move.picking_type_id.reservation_method = "manual"
            move._action_confirm(merge=False)
            move.picking_type_id.reservation_method = "at_confirm"
        return move

    @classmethod
    def _receive(cls, quantity, product=None, location=None, **values):
        """Validate a receipt."""
        location = location or cls.stock
        product = product or cls.product
        picking = cls.env["stock.picking"].create(
            {
                "picking_type_id": cls.in_type.id,
                "location_id": cls.suppliers.id,
                "location_dest_id": location.id,
                "move_ids": [
                    fields.Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": quantity,
                            "product_uom": product.uom_id.id,
                            "location_id": cls.suppliers.id,
                            "location_dest_id": location.id,
                            **values,
                        }
                    )
                ],
            }
        )
        picking.action_confirm()
        picking.move_ids.quantity = quantity
        picking.move_ids.picked = True
        picking._action_done()
        return picking

    def _snapshot(self, moves):
        """All that a reservation leaves behind, comparable between two ways."""
        self.env.flush_all()
        self.env.invalidate_all()
        lines = sorted(
            (
                line.move_id.id,
                line.location_id.id,
                line.location_dest_id.id,
                line.lot_id.id,
                line.package_id.id,
                line.result_package_id.id,
                line.owner_id.id,
                round(line.quantity, 6),
                round(line.quantity_product_uom, 6),
                line.product_uom_id.id,
                line.picked,
            )
            for line in moves.move_line_ids
        )
        quants = sorted(
            (quant.id, round(quant.quantity, 6), round(quant.reserved_quantity, 6))
            for quant in self.env["stock.quant"].search(
                [("product_id", "in", moves.product_id.ids)]
            )
        )
        states = {
            move.id: (move.state, round(move.quantity, 6), move.next_serial_count)
            for move in moves
        }
        pickings = {picking.id: picking.state for picking in moves.picking_id}
        return lines, quants, states, pickings

    def _assert_reservations_are_sound(self):
        """Core's own check of reservations against move lines changes nothing."""
        before = self._reserved_by_quant()
        self.env["stock.quant"]._clean_reservations()
        self.assertEqual(before, self._reserved_by_quant())

    def _reserved_by_quant(self):
        self.env.flush_all()
        return {
            quant.id: quant.reserved_quantity
            for quant in self.env["stock.quant"].search([])
        }
