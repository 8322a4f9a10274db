"""What invoices say of their shipments, lots and of what is still to come."""

from datetime import datetime, timedelta

from freezegun import freeze_time
from lxml import html

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import make_kit
from .invoicing_common import InvoicingCommon


class DocumentsCommon(InvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.tz = "UTC"
        cls.biller = new_test_user(
            cls.env,
            "documents_biller",
            "account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _ship_on(cls, order, day, *quantities):
        picking = cls._ship(order, *quantities)
        picking.date_done = f"{day} 10:00:00"
        return picking

    def _hide(self, *models):
        """Let a rule keep records of these models from the accountant."""
        billing = self.env.ref("account.group_account_invoice")
        self.env["ir.rule"].create(
            [
                {
                    "name": "Not for accountants",
                    "model_id": self.env["ir.model"]._get_id(model),
                    "domain_force": "[(0, '=', 1)]",
                    "groups": [Command.link(billing.id)],
                }
                for model in models
            ]
        )

    def _print(self, invoice, user=None):
        """Return the printed invoice, parsed."""
        content, _type = (
            self.env["ir.actions.report"]
            .with_user(user or self.env.user)
            ._render_qweb_html("account.report_invoice", invoice.ids)
        )
        return html.fromstring(content)

    def _words(self, document, name):
        """Return the text of the part of the document with that name, None without."""
        for part in document.xpath(f"//*[@name='{name}']"):
            return " ".join(part.text_content().split())
        return None

    def _table(self, document, name):
        return [
            [" ".join(cell.text_content().split()) for cell in row.xpath("./td")]
            for row in document.xpath(f"//*[@name='{name}']//tbody/tr")
        ]


@tagged("post_install", "-at_install")
class TestShipmentsOnTheInvoice(DocumentsCommon):
    def test_one_and_several(self):
        """Scenario: 4, 3 and 2 shipped; a customer per shipment, one per order.

        Expected: each invoice names its own shipment, and the one invoice all three.
        """
        named = []
        for customer in (self.customer, self.plain_customer):
            order = self._create_order((self.desk, 10), customer=customer)
            shipments = [
                self._ship_on(order, f"2026-03-{day:02}", qty).name
                for day, qty in ((2, 4), (9, 3), (16, 2))
            ]
            dated = [
                f"{name} (03/{day:02}/2026)"
                for name, day in zip(shipments, (2, 9, 16), strict=True)
            ]
            found = [
                self._words(self._print(invoice), "shipments")
                for invoice in order._create_invoices()
            ]
            named.append((found, dated))
        (found, dated), (found_in_one, dated_in_one) = named
        self.assertEqual(found, [f"Shipments: {each}" for each in dated])
        self.assertEqual(found_in_one, [f"Shipments: {', '.join(dated_in_one)}"])

    def test_nothing_without_shipments(self):
        service = self._create_good(
            "Set-up", type="service", is_storable=False, invoice_policy="order"
        )
        invoice = self._create_order((service, 1))._create_invoices()
        self.assertFalse(invoice.shipment_summary)
        self.assertIsNone(self._words(self._print(invoice), "shipments"))

    def test_credit_note(self):
        """Scenario: 4 and 3 shipped and invoiced, 2 of the first come back.

        Expected: the credit note names the first shipment.
        """
        order = self._create_order((self.desk, 10))
        first = self._ship_on(order, "2026-03-02", 4)
        self._ship_on(order, "2026-03-09", 3)
        order._create_invoices()
        self._take_back(first, 2)
        credit_note = order._create_invoices(final=True)
        self.assertEqual(
            self._words(self._print(credit_note), "shipments"),
            f"Shipments: {first.name} (03/02/2026)",
        )

    def test_language_and_time_zone_of_the_customer(self):
        """Scenario: a customer in Auckland who reads French; shipped on March 2nd,
        20:00 UTC, which is the 3rd there.

        Expected: "Livraison", as translated, and the day as the French write it.
        """
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.write({"lang": "fr_FR", "tz": "Pacific/Auckland"})
        view = self.env.ref("backorder_management.report_invoice_document_shipments")
        view.update_field_translations(
            "arch_db",
            {"fr_FR": {"<strong>Shipments:</strong>": "<strong>Livraisons :</strong>"}},
        )
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        shipment.date_done = "2026-03-02 20:00:00"
        invoice = order._create_invoices()
        self.assertEqual(
            self._words(self._print(invoice), "shipments"),
            f"Livraisons : {shipment.name} (03/03/2026)",
        )
        self.env["res.lang"]._lang_get("fr_FR").date_format = "%d.%m.%Y"
        self.assertIn(
            "(03.03.2026)", invoice.with_context(lang="fr_FR").shipment_summary
        )

    def test_time_zone_of_the_user_where_the_customer_has_none(self):
        self.customer.tz = False
        order = self._create_order((self.desk, 10))
        shipment = self._ship(order, 4)
        shipment.date_done = "2026-03-02 20:00:00"
        invoice = order._create_invoices()
        for zone, day in (("UTC", "03/02/2026"), ("Asia/Tokyo", "03/03/2026")):
            self.assertEqual(
                invoice.with_context(tz=zone).shipment_summary,
                f"{shipment.name} ({day})",
            )

    def test_accountant_whom_a_rule_keeps_from_the_transfer(self):
        """He opens and prints the invoice, with reference and date of the transfer."""
        order = self._create_order((self.desk, 10))
        shipment = self._ship_on(order, "2026-03-02", 4)
        expected = f"{shipment.name} (03/02/2026)"
        invoice = order._create_invoices()
        self._hide("stock.picking")
        self.assertFalse(shipment.with_user(self.biller).has_access("read"))
        form = Form(invoice.with_user(self.biller))
        self.assertEqual(form.shipment_summary, expected)
        self.assertEqual(
            self._words(self._print(invoice, self.biller), "shipments"),
            f"Shipments: {expected}",
        )


@tagged("post_install", "-at_install")
class TestLotsOnTheInvoice(DocumentsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("stock.group_production_lot")
        cls.env.user.group_ids |= cls.env.ref("stock_account.group_lot_on_invoice")
        cls.clock = cls._create_good("Clock", tracking="serial", is_storable=False)
        cls.clock.is_storable = True
        cls.paint = cls._create_good("Paint", tracking="lot", is_storable=False)
        cls.paint.is_storable = True

    @classmethod
    def _stock(cls, product, quantity, *names):
        lots = cls.env["stock.lot"].create(
            [{"name": name, "product_id": product.id} for name in names]
        )
        for lot in lots:
            cls.env["stock.quant"]._update_available_quantity(
                product, cls.warehouse.lot_stock_id, quantity, lot_id=lot
            )
        return lots

    @classmethod
    def _ship_lots(cls, order, **quantities):
        """Deliver these quantities by the name of the lot, the rest on a backorder."""
        picking = order.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        picking.do_unreserve()
        for move in picking.move_ids:
            lots = cls.env["stock.lot"].search(
                [
                    ("name", "in", list(quantities)),
                    ("product_id", "=", move.product_id.id),
                ],
                order="id",
            )
            move.move_line_ids = [Command.clear()] + [
                Command.create(
                    {
                        "product_id": lot.product_id.id,
                        "lot_id": lot.id,
                        "quantity": quantities[lot.name],
                        "location_id": move.location_id.id,
                        "location_dest_id": move.location_dest_id.id,
                        "picking_id": picking.id,
                    }
                )
                for lot in lots
            ]
            move.picked = bool(lots)
        cls._validate(picking)
        return picking

    @classmethod
    def _take_back_lots(cls, picking, **quantities):
        wizard = Form(
            cls.env["stock.return.picking"].with_context(
                active_id=picking.id,
                active_ids=picking.ids,
                active_model="stock.picking",
            )
        ).save()
        wizard.product_return_moves.write(
            {"quantity": sum(quantities.values()), "to_refund": True}
        )
        returned = cls.env["stock.picking"].browse(
            wizard.action_create_returns()["res_id"]
        )
        move = returned.move_ids
        move.move_line_ids.unlink()
        lots = cls.env["stock.lot"].search([("name", "in", list(quantities))])
        move.move_line_ids = [
            Command.create(
                {
                    "product_id": move.product_id.id,
                    "lot_id": lot.id,
                    "quantity": quantities[lot.name],
                    "location_id": move.location_id.id,
                    "location_dest_id": move.location_dest_id.id,
                    "picking_id": returned.id,
                }
            )
            for lot in lots
        ]
        move.picked = True
        cls._validate(returned)
        return returned

    def _lots(self, invoice):
        return [
            (row["lot_name"], row["quantity"])
            for row in invoice._get_invoiced_lot_values()
        ]

    def test_three_shipments_invoiced_late_in_any_order(self):
        """Scenario: A ships C1 and C2, B ships C3, C ships C4 and C5; then C, A and B
        are invoiced, and posted in the order B, C, A.

        Expected: each invoice prints the serial numbers of its own shipment.
        """
        self._stock(self.clock, 1, "C1", "C2", "C3", "C4", "C5")
        order = self._create_order((self.clock, 6))
        a = self._ship_lots(order, C1=1, C2=1)
        b = self._ship_lots(order, C3=1)
        c = self._ship_lots(order, C4=1, C5=1)
        for shipment in (c, a, b):
            shipment._invoice_shipments()
        for shipment in (b, c, a):
            shipment.shipment_invoice_ids.action_post()
        self.assertEqual(
            [self._lots(shipment.shipment_invoice_ids) for shipment in (a, b, c)],
            [
                [("C1", "1.00"), ("C2", "1.00")],
                [("C3", "1.00")],
                [("C4", "1.00"), ("C5", "1.00")],
            ],
        )
        self.assertEqual(
            self._table(self._print(c.shipment_invoice_ids), "invoice_snln_table"),
            [["Clock", "1.00Units", "C4"], ["Clock", "1.00Units", "C5"]],
        )

    def test_a_lot_in_two_shipments(self):
        """Scenario: 3 of P1, then 2 of P1 and 4 of P2; sold by the dozen.

        Expected: 3 of P1, and 2 and 4, in units.
        """
        self._stock(self.paint, 100, "P1", "P2")
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._create_order((self.paint, 1, {"product_uom_id": dozen.id}))
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 12.0)
        self._ship_lots(order, P1=3)
        self._ship_lots(order, P1=2, P2=4)
        invoices = order._create_invoices()
        invoices.action_post()
        self.assertEqual(self._lines(invoices), [[("Paint", 0.25)], [("Paint", 0.5)]])
        self.assertEqual(
            [self._lots(invoice) for invoice in invoices],
            [[("P1", "3.00")], [("P1", "2.00"), ("P2", "4.00")]],
        )

    def test_draft_prints_no_lots(self):
        """As in Odoo."""
        self._stock(self.clock, 1, "C1")
        order = self._create_order((self.clock, 1))
        self._ship_lots(order, C1=1)
        invoice = order._create_invoices()
        invoice.invoice_date = fields.Date.today()
        self.assertEqual(self._lots(invoice), [])

    def test_return_before_the_invoice(self):
        """Scenario: C1, C2 and C3 shipped, C1 comes back, then the invoice."""
        self._stock(self.clock, 1, "C1", "C2", "C3")
        order = self._create_order((self.clock, 3))
        self._take_back_lots(self._ship_lots(order, C1=1, C2=1, C3=1), C1=1)
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(self._lots(invoice), [("C2", "1.00"), ("C3", "1.00")])

    def test_credit_note_prints_what_came_back(self):
        """Scenario: A ships C1 and C2, B ships C3; both invoiced; C2 comes back.

        Expected: the credit note prints C2, the invoices what they printed before; the
        same with the credit note made by hand from the invoice of A.
        """
        self._stock(self.clock, 1, "C1", "C2", "C3", "C4", "C5", "C6")
        credit_notes = []
        for by_hand, names in ((False, ("C1", "C2", "C3")), (True, ("C4", "C5", "C6"))):
            order = self._create_order((self.clock, 3))
            a = self._ship_lots(order, **dict.fromkeys(names[:2], 1))
            self._ship_lots(order, **{names[2]: 1})
            invoices = order._create_invoices()
            invoices.action_post()
            self._take_back_lots(a, **{names[1]: 1})
            if by_hand:
                credit_note = invoices[0]._reverse_moves()
                credit_note.invoice_line_ids.quantity = 1
            else:
                credit_note = order._create_invoices(final=True)
            credit_note.invoice_date = fields.Date.today()
            credit_note.action_post()
            credit_notes.append(self._lots(credit_note))
            self.assertEqual(
                [self._lots(invoice) for invoice in invoices],
                [[(names[0], "1.00"), (names[1], "1.00")], [(names[2], "1.00")]],
            )
        self.assertEqual(credit_notes, [[("C2", "1.00")], [("C5", "1.00")]])

    def test_return_deducted_on_the_next_invoice(self):
        """Scenario: C1 and C2 shipped and invoiced, C1 comes back, C3 and C4 shipped.

        Expected: Odoo's next invoice is for 1: C3 and C4, less C1.
        """
        self._stock(self.clock, 1, "C1", "C2", "C3", "C4")
        order = self._create_order((self.clock, 4), customer=self.plain_customer)
        a = self._ship_lots(order, C1=1, C2=1)
        order._create_invoices().action_post()
        self._take_back_lots(a, C1=1)
        self._ship_lots(order, C3=1, C4=1)
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(self._lines(invoice), [[("Clock", 1.0)]])
        self.assertEqual(
            sorted(self._lots(invoice)),
            [("C1", "-1.00"), ("C3", "1.00"), ("C4", "1.00")],
        )

    def test_return_beside_the_next_invoice(self):
        """The same with an invoice per shipment: C1 is on the credit note."""
        self._stock(self.clock, 1, "C1", "C2", "C3", "C4")
        order = self._create_order((self.clock, 4))
        a = self._ship_lots(order, C1=1, C2=1)
        order._create_invoices().action_post()
        self._take_back_lots(a, C1=1)
        self._ship_lots(order, C3=1, C4=1)
        made = order._create_invoices(final=True)
        made.invoice_date = fields.Date.today()
        made.action_post()
        self.assertEqual(
            [sorted(self._lots(each)) for each in made],
            [[("C3", "1.00"), ("C4", "1.00")], [("C1", "1.00")]],
        )

    def test_reversal_of_goods_that_stayed(self):
        """Scenario: C1 and C2 invoiced, reversed, invoiced again.

        Expected: nothing came back, so the reversal prints no lot; both invoices do.
        """
        self._stock(self.clock, 1, "C1", "C2")
        order = self._create_order((self.clock, 2))
        self._ship_lots(order, C1=1, C2=1)
        invoice = order._create_invoices()
        invoice.action_post()
        reversal = invoice._reverse_moves(cancel=True)
        again = order._create_invoices()
        again.action_post()
        both = [("C1", "1.00"), ("C2", "1.00")]
        self.assertEqual(
            [self._lots(each) for each in (invoice, reversal, again)], [both, [], both]
        )

    def test_products_without_shipment_links_stay_with_core(self):
        """Scenario: a serial number of a product invoiced on order, beside a clock.

        Expected: core's row for the first, ours for the second.
        """
        watch = self._create_good(
            "Watch", tracking="serial", is_storable=False, invoice_policy="order"
        )
        watch.is_storable = True
        self._stock(watch, 1, "W1")
        self._stock(self.clock, 1, "C1")
        order = self._create_order((watch, 1), (self.clock, 1))
        self._ship_lots(order, W1=1, C1=1)
        invoice = order._create_invoices()
        invoice.action_post()
        self.assertEqual(
            [len(line.shipment_link_ids) for line in invoice.invoice_line_ids], [0, 1]
        )
        self.assertEqual(self._lots(invoice), [("W1", "1.00"), ("C1", "1.00")])

    def test_part_of_a_dozen(self):
        """Scenario: 5 of a dozen clocks shipped, the draft of 0.42 lowered to 0.17.

        Expected: 2 clocks, and 3 on the next invoice.
        """
        names = ("C1", "C2", "C3", "C4", "C5")
        self._stock(self.clock, 1, *names)
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._create_order((self.clock, 1, {"product_uom_id": dozen.id}))
        self._ship_lots(order, **dict.fromkeys(names, 1))
        first = order._create_invoices()
        first.invoice_line_ids.quantity = 0.17
        second = order._create_invoices()
        (first | second).action_post()
        self.assertEqual(
            [self._lots(invoice) for invoice in (first, second)],
            [
                [("C1", "1.00"), ("C2", "1.00")],
                [("C3", "1.00"), ("C4", "1.00"), ("C5", "1.00")],
            ],
        )

    def test_components_of_kits(self):
        """Scenario: sets of a clock and two pots of paint. Shipped: C1 with 2 of P1,
        then C2 alone, then 3 of P2, C3 and 1 of P1; then the first set comes back.

        Expected: the invoice of the first has C1 and its paint, that of the third the
        rest; the credit note has what came back.
        """
        self._stock(self.clock, 1, "C1", "C2", "C3")
        self._stock(self.paint, 3, "P1", "P2")
        kit = self._create_good("Set", price=150.0)
        make_kit(kit, (self.clock, 1), (self.paint, 2))
        order = self._create_order((kit, 3))
        first = self._ship_lots(order, C1=1, P1=2)
        self._ship_lots(order, C2=1)
        self._ship_lots(order, C3=1, P1=1, P2=3)
        invoices = order._create_invoices()
        invoices.action_post()
        self.assertEqual(self._lines(invoices), [[("Set", 1.0)], [("Set", 2.0)]])
        printed = [
            [("C1", "1.00"), ("P1", "2.00")],
            [("C2", "1.00"), ("C3", "1.00"), ("P1", "1.00"), ("P2", "3.00")],
        ]
        self.assertEqual([self._lots(invoice) for invoice in invoices], printed)
        wizard = self.env["stock.return.picking"].create({"picking_id": first.id})
        for line in wizard.product_return_moves:
            line.quantity = 1 if line.product_id == self.clock else 2
            line.to_refund = True
        returned = self.env["stock.picking"].browse(
            wizard.action_create_returns()["res_id"]
        )
        returned.move_ids.picked = True
        self._validate(returned)
        credit_note = order._create_invoices(final=True)
        credit_note.invoice_date = fields.Date.today()
        credit_note.action_post()
        self.assertEqual(self._lots(credit_note), printed[0])
        self.assertEqual([self._lots(invoice) for invoice in invoices], printed)

    def test_accountant_without_access_to_the_links(self):
        """Scenario: C1, then C2 shipped; C2 is invoiced first, and printed by somebody
        who may not read what links the invoice to its shipment.

        Expected: C2.
        """
        self._stock(self.clock, 1, "C1", "C2")
        order = self._create_order((self.clock, 2))
        self._ship_lots(order, C1=1)
        second = self._ship_lots(order, C2=1)
        second._invoice_shipments()
        invoice = second.shipment_invoice_ids
        invoice.action_post()
        self._hide("backorder.shipment.link")
        self.env.invalidate_all()
        self.assertEqual(self._lots(invoice.with_user(self.biller)), [("C2", "1.00")])


@tagged("post_install", "-at_install")
class TestBackordersOnTheInvoice(DocumentsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.invoice_backorder_list = True
        cls.company.partner_id.tz = "UTC"
        cls.company.resource_calendar_id = False  # every day is a day of work
        cls.lamp = cls._create_good("Lamp")
        cls._set_stock(cls.lamp, 4)

    @classmethod
    def _set_stock(cls, product, quantity):
        cls.env["stock.quant"]._update_available_quantity(
            product,
            cls.warehouse.lot_stock_id,
            quantity - product.qty_available,
        )

    @classmethod
    def _expect(cls, product, quantity, days):
        """An arrival of the product in so many days."""
        move = cls.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "location_id": cls.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": cls.warehouse.lot_stock_id.id,
                "picking_type_id": cls.warehouse.in_type_id.id,
                "date": fields.Datetime.now() + timedelta(days=days),
            }
        )
        move._action_confirm()
        return move

    def _rows(self, invoice):
        self.env.flush_all()
        self.env.invalidate_all()
        return [
            (row["product"], row["quantity"], row["expected"])
            for row in invoice._get_backorder_rows()
        ]

    def _day(self, days):
        return (datetime.utcnow() + timedelta(days=days)).strftime("%m/%d/%Y")

    def test_short_without_an_arrival(self):
        """Scenario: 4 of 10 lamps shipped, nothing arrives.

        Expected: 6 lamps, date to follow; in the printed draft, and in no other way.
        """
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        invoice = order._create_invoices()
        self.assertEqual(self._rows(invoice), [("Lamp", "6.00", "date to follow")])
        self.assertEqual(
            self._table(self._print(invoice), "backorder_table"),
            [["Lamp", "6.00 Units", "date to follow"]],
        )
        self.assertFalse(invoice.backorder_list)

    def test_short_with_an_arrival(self):
        """Scenario: 6 lamps arrive in 8 days."""
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        self._expect(self.lamp, 6, 8)
        invoice = order._create_invoices()
        self.assertEqual(self._rows(invoice), [("Lamp", "6.00", self._day(8))])

    def test_in_stock_and_not_shipped_yet(self):
        """Scenario: 4 of 10 desks shipped, the others are there, planned in 3 days."""
        order = self._create_order((self.desk, 10))
        rest = order.picking_ids
        self._ship(order, 4)
        rest = order.picking_ids - rest
        rest.scheduled_date = fields.Datetime.now() + timedelta(days=3)
        invoice = order._create_invoices()
        self.assertEqual(self._rows(invoice), [("Desk", "6.00", self._day(3))])

    def test_unit_of_the_order_line(self):
        """Scenario: 1 dozen lamps, 3 shipped: 0.75 dozen to come."""
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._create_order((self.lamp, 1, {"product_uom_id": dozen.id}))
        self._ship(order, 3)
        self.assertEqual(
            self._table(self._print(order._create_invoices()), "backorder_table"),
            [["Lamp", "0.75 Dozens", "date to follow"]],
        )

    def test_posted_stays_as_it_was_sent(self):
        """Scenario: posted with 6 lamps open; then all are shipped, and the setting is
        switched off.

        Expected: the invoice still says 6 lamps; one posted later says nothing; reset
        to draft, and posted again, it says what is true and set then: nothing.
        """
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.action_post()
        self._set_stock(self.lamp, 6)
        self._ship(order, 6)
        last = order._create_invoices()
        last.action_post()
        self.company.invoice_backorder_list = False
        self.assertEqual(self._rows(invoice), [("Lamp", "6.00", "date to follow")])
        self.assertEqual(self._rows(last), [])
        self.company.invoice_backorder_list = True
        invoice.button_draft()
        self.assertEqual(self._rows(invoice), [])
        self.company.invoice_backorder_list = False
        invoice.action_post()
        self.assertEqual(self._rows(invoice), [])

    def test_stored_date_is_not_that_of_the_printing(self):
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        self._expect(self.lamp, 6, 8)
        invoice = order._create_invoices()
        invoice.action_post()
        expected = self._day(8)
        with freeze_time(fields.Datetime.now() + timedelta(days=30)):
            self.assertEqual(self._rows(invoice), [("Lamp", "6.00", expected)])

    def test_sections_and_deposits_of_the_order(self):
        """
        GIVEN an order with a section, a note and a deposit, of which 4 of 10 lamps are
            shipped
        WHEN the invoice is posted
        THEN it lists the 6 lamps that are to come
        """
        order = self._create_order((self.lamp, 10))
        order.order_line = [
            Command.create({"display_type": "line_section", "name": "Office"}),
            Command.create({"display_type": "line_note", "name": "Handle with care"}),
        ]
        self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage",
                "amount": 10,
                "sale_order_ids": order.ids,
            }
        ).create_invoices()
        self.assertFalse(order.order_line.filtered("is_downpayment").product_uom_id)
        self._ship(order, 4)
        invoice = order._create_invoices(final=True)
        invoice.action_post()
        self.assertEqual(
            [(row["product"], row["quantity"]) for row in invoice.backorder_list],
            [("Lamp", 6.0)],
        )

    def test_cancelled_is_not_to_come(self):
        """Scenario: 4 of 10 lamps shipped, the rest is cancelled; 2 desks are open."""
        order = self._create_order((self.lamp, 10), (self.desk, 2))
        self._ship(order, 4)
        open_moves = order.picking_ids.move_ids.filtered(
            lambda move: move.state not in ("done", "cancel")
        )
        open_moves.filtered(lambda move: move.product_id == self.lamp)._action_cancel()
        invoice = order._create_invoices()
        self.assertEqual([row[:2] for row in self._rows(invoice)], [("Desk", "2.00")])

    def test_switched_off(self):
        """Off by default, and then nothing is stored."""
        self.assertIs(self.env["res.company"].new().invoice_backorder_list, False)
        self.company.invoice_backorder_list = False
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        invoice = order._create_invoices()
        self.assertEqual(self._rows(invoice), [])
        invoice.action_post()
        self.assertFalse(invoice.backorder_list)

    def test_credit_note_promises_nothing(self):
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        invoice = order._create_invoices()
        invoice.action_post()
        credit_note = invoice._reverse_moves(cancel=True)
        self.assertEqual(self._rows(credit_note), [])

    def test_several_orders_are_named(self):
        """Scenario: one invoice for two orders with open lamps."""
        orders = self.env["sale.order"]
        for _number in range(2):
            self._set_stock(self.lamp, 2)
            order = self._create_order((self.lamp, 5), customer=self.plain_customer)
            self._ship(order, 2)
            orders |= order
        invoice = orders._create_invoices()
        self.assertEqual(len(invoice), 1)
        self.assertEqual(
            self._table(self._print(invoice), "backorder_table"),
            [
                [order.name, "Lamp", "3.00 Units", "date to follow"]
                for order in orders.sorted("id")
            ],
        )

    def test_posted_by_an_accountant(self):
        """Who posts and prints need not see the lines of the order."""
        order = self._create_order((self.lamp, 10))
        self._ship(order, 4)
        invoice = order._create_invoices().with_user(self.biller)
        self.env.flush_all()
        self._hide("sale.order.line", "stock.move")
        self.assertEqual(self._rows(invoice), [("Lamp", "6.00", "date to follow")])
        invoice.action_post()
        self.assertEqual(self._rows(invoice), [("Lamp", "6.00", "date to follow")])

    def test_setting(self):
        """The setting is that of the company at hand."""
        self.company.invoice_backorder_list = False
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.invoice_backorder_list)
        settings.invoice_backorder_list = True
        self.assertTrue(self.company.invoice_backorder_list)
