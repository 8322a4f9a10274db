"""When a vendor's goods reach the customer.

Today is Monday, 1 March 2027; the company works from Monday to Friday.
"""

from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged

from .test_eta import EtaCommon, march, noon


@tagged("post_install", "-at_install")
class TestDropShipments(EtaCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.route = cls.env.ref(
            "stock_dropshipping.route_drop_shipping", raise_if_not_found=False
        )

    def setUp(self):
        super().setUp()
        if not self.route:
            self.skipTest("stock_dropshipping is NOT installed: NOT tested")
        self.lamp = self._create_bought("Lamp", self.route)

    def _sell(self, *lines, day=9, **values):
        """An order that is confirmed to the vendor for a day of March."""
        order = self._create_order(*(lines or [(self.lamp, 10)]), **values)
        purchase = self._get_purchase(self.lamp).filtered(lambda p: p.state == "draft")
        purchase.order_line.date_planned = noon(day)
        purchase.button_confirm()
        self._settle()
        return order, purchase

    def _get_line(self, order):
        return order.order_line.filtered(lambda line: line.product_id == self.lamp)

    def test_day_of_the_vendor(self):
        """Saturday, the 6th: who brings it may work when we do not."""
        order, _purchase = self._sell(day=6)
        self.assertEqual(self._get_open(order).picking_type_id.code, "dropship")
        self.assertEtas((order, 6))

    def test_not_confirmed(self):
        """Nobody has promised anything."""
        self.assertEtas((self._create_order((self.lamp, 10)), None))

    def test_our_steps_do_not_matter(self):
        self.warehouse.reception_steps = "three_steps"
        self.warehouse.delivery_steps = "pick_pack_ship"
        self.env.company.security_lead = 2
        order, _purchase = self._sell()
        self.assertEtas((order, 9))

    def test_date_of_the_purchase(self):
        order, purchase = self._sell()
        for day in (12, 4):
            purchase.order_line.date_planned = noon(day)
            self._settle()
            self.assertEtas((order, day))

    def test_schedule_of_the_transfer(self):
        order, _purchase = self._sell()
        order.picking_ids.scheduled_date = noon(11)
        self._settle()
        self.assertEtas((order, 11))

    def test_cancelled(self):
        order, purchase = self._sell()
        picking = order.picking_ids
        purchase.button_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertFalse(order.backorder_eta)
        self.assertFalse(order.order_line.backorder_eta)
        self.assertFalse(picking.backorder_eta)

    def test_shipped(self):
        """4 of 10 were sent: the rest is still expected, and then nothing."""
        order, _purchase = self._sell()
        rest = self._validate(order.picking_ids, {self.lamp: 4})
        self.assertEtas((order, 9))
        self._validate(rest, {self.lamp: 6})
        self.env.invalidate_all()
        self.assertFalse(order.backorder_eta)
        self.assertFalse(order.order_line.backorder_eta)
        self.assertEqual(order.picking_ids.mapped("backorder_eta"), [False, False])

    def test_more_is_ordered(self):
        """Of the five more nobody knows until they are confirmed to the vendor."""
        order, _purchase = self._sell()
        order.order_line.product_uom_qty = 15
        self._settle()
        self.env.invalidate_all()
        self.assertFalse(order.order_line.backorder_eta)
        self.assertFalse(order.backorder_eta)
        more = self._get_purchase(self.lamp).filtered(lambda p: p.state == "draft")
        more.order_line.date_planned = noon(16)
        more.button_confirm()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(order.order_line.backorder_eta, march(16))
        self.assertEqual(
            sorted(order.picking_ids.mapped("backorder_eta")), [march(9), march(16)]
        )

    def test_request_for_more_is_cancelled(self):
        order, _purchase = self._sell()
        order.order_line.product_uom_qty = 15
        self._settle()
        more = self._get_purchase(self.lamp).filtered(lambda p: p.state == "draft")
        more.button_cancel()
        self._settle()
        self.assertEtas((order, 9))

    def test_overdue(self):
        order, _purchase = self._sell(day=3)
        with freeze_time("2027-03-04 08:00:00"):
            self._run_nightly()
            self.assertEtas((order, 4))

    def test_found_at_night(self):
        """One that was there before the add-on."""
        order, _purchase = self._sell()
        order.order_line.backorder_eta = False
        order.backorder_eta = order.picking_ids.backorder_eta = False
        self._run_nightly()
        self.assertEtas((order, 9))

    def test_late_vendor(self):
        """Half of his receipts were three days late, or more."""
        self.env["backorder.lateness"].create(
            {
                "company_id": self.env.company.id,
                "partner_id": self.vendor.id,
                "receipts": 5,
                "delays": [[3, 5]],
            }
        )
        order, _purchase = self._sell()
        self.assertEtas((order, 12))

    def test_last_line_of_an_order(self):
        """Glasses on the 3rd, lamps on the 9th."""
        self._expect(3, (self.glass, 5))
        order, purchase = self._sell((self.glass, 5), (self.lamp, 10))
        self.env.invalidate_all()
        self.assertEqual(order.order_line.mapped("backorder_eta"), [march(3), march(9)])
        self.assertEqual(order.backorder_eta, march(9))
        self.assertEqual(
            {
                picking.picking_type_id.code: picking.backorder_eta
                for picking in order.picking_ids
            },
            {"outgoing": march(3), "dropship": march(9)},
        )
        purchase.button_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_eta, march(3))

    def test_request_beside_a_short_line(self):
        """The order's last line is not known until it is confirmed to the vendor."""
        self._expect(3, (self.glass, 5))
        order = self._create_order((self.glass, 5), (self.lamp, 10))
        self.env.invalidate_all()
        self.assertEqual(order.order_line[0].backorder_eta, march(3))
        self.assertFalse(order.backorder_eta)
        self._get_purchase(self.lamp).button_cancel()
        self._settle()
        self.env.invalidate_all()
        self.assertEqual(order.backorder_eta, march(3))

    def test_another_unit(self):
        self.dozen.active = True
        order, _purchase = self._sell(
            {
                "product_id": self.lamp.id,
                "product_uom_qty": 2,
                "product_uom_id": self.dozen.id,
            }
        )
        self.assertEqual(order.picking_ids.move_ids.product_qty, 24)
        self.assertEtas((order, 9))

    def test_two_orders_on_one_transfer(self):
        """The transfer has the last day of both, whichever one changes."""
        first, purchase = self._sell()
        second, _purchase = self._sell((self.lamp, 5))
        second.picking_ids.move_ids.picking_id = first.picking_ids
        for day, last in ((12, 12), (4, 9)):
            purchase.order_line.date_planned = noon(day)
            self._settle()
            self.env.invalidate_all()
            self.assertEqual(first.backorder_eta, march(day))
            self.assertEqual(second.backorder_eta, march(9))
            self.assertEqual(first.picking_ids.backorder_eta, march(last))

    def test_who_buys_need_not_see_the_order(self):
        """A buyer who may see no sales order changes the date."""
        order, purchase = self._sell()
        buyer = self._create_user("buyer", "purchase.group_purchase_user")
        purchase.with_user(buyer).order_line.date_planned = noon(12)
        self._settle()
        self.assertEtas((order, 12))

    def test_another_company(self):
        """Each company's own transfer, on its own day."""
        order, _purchase = self._sell()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        other.partner_id.tz = "Pacific/Auckland"
        self.lamp.seller_ids.company_id = False
        self.env.user.company_ids |= other
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", other.id)], limit=1
        )
        theirs, _purchase = self._sell(
            day=10, company_id=other.id, warehouse_id=warehouse.id
        )
        self.assertEqual(theirs.picking_ids.company_id, other)
        # Noon on the 10th is the 11th in Auckland.
        self.assertEtas((order, 9), (theirs, 11))
        self.assertEqual(theirs.backorder_eta, date(2027, 3, 11))

    def test_received_again(self):
        """A return to the vendor or to us is nothing that the customer waits for."""
        order, _purchase = self._sell()
        self._validate(order.picking_ids, {self.lamp: 10})
        self._return(order.picking_ids, 3)
        self.env.invalidate_all()
        self.assertFalse(order.order_line.backorder_eta)

    def test_nothing_more_is_asked_without_drop_shipments(self):
        """Orders from stock do not pay for it."""
        self._put_stock(self.glass, 100)
        order = self._create_order((self.glass, 5))
        moves = order.picking_ids.move_ids
        moves.mapped("location_id.usage")
        with self.assertQueryCount(0):
            self.env["backorder.demand"]._refresh_days_of_lines(moves)
