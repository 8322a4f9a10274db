"""Whatever is shipped, returned, corrected, invoiced, cancelled, credited or paid
before, in whatever order: each shipment is invoiced once, and the money adds up."""

from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import InvoicingCommon
from .random_common import StoryMixin, a_few_stories, stories

DEEDS = (
    "ship",
    "ship",
    "ship",
    "take_back",
    "correct",
    "invoice",
    "invoice",
    "invoice_shipment",
    "post",
    "deposit",
)
# What takes invoices back. The cent that such an invoice had taken finds no other one
# where goods with its tax are not invoiced again.
TAKEN_BACK = ("lower_draft", "cancel_draft", "delete_draft", "reverse")
OTHERS = ("first", "last", "separately")
WAYS = ("proportion", "early", "last")
METHODS = ("round_globally", "round_per_line")


@tagged("post_install", "-at_install")
class TestRandomInvoicing(StoryMixin, InvoicingCommon):
    """9 desks at 99.99 with 19 %, 9 chairs at 33.33 less 12 % with 7 %, assembly for
    12.34 with 19 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        high, low = cls.env["account.tax"].create(
            [
                {"name": f"{rate} %", "amount": rate, "type_tax_use": "sale"}
                for rate in (19, 7)
            ]
        )
        cls.desk.write({"list_price": 99.99, "taxes_id": [Command.set(high.ids)]})
        cls.chair.write({"list_price": 33.33, "taxes_id": [Command.set(low.ids)]})
        cls.assembly = cls._create_good(
            "Assembly",
            12.34,
            type="service",
            is_storable=False,
            invoice_policy="order",
            taxes_id=[Command.set(high.ids)],
        )

    def _create(self):
        self.order = self._create_order(
            (self.desk, 9), (self.chair, 9, {"discount": 12}), (self.assembly, 1)
        )

    def _get_shipments(self):
        return self.order.picking_ids.filtered(
            lambda picking: (
                picking.state == "done" and picking.picking_type_code == "outgoing"
            )
        ).sorted("id")

    def _get_goods(self):
        return self.order.order_line.filtered(lambda line: line.product_id.is_storable)

    def _get_drafts(self):
        return self.order.invoice_ids.filtered(
            lambda each: each.state == "draft" and not self._is_deposit(each)
        ).sorted("id")

    def _is_deposit(self, invoice):
        lines = invoice.invoice_line_ids.filtered(lambda line: line.quantity)
        return all(lines.mapped("is_downpayment"))

    # ------------------------------------------------------------------ what happens

    def _do_ship(self, quantity, choice):
        picking = self.order.picking_ids.filtered(
            lambda each: (
                each.state not in ("done", "cancel")
                and each.picking_type_code == "outgoing"
            )
        )[:1]
        if not picking:
            return
        picking.action_assign()
        for move in picking.move_ids:
            wanted = (quantity, choice)[move.product_id == self.chair]
            done = min(wanted, move.product_uom_qty)
            move.write({"quantity": done, "picked": bool(done)})
        if any(picking.move_ids.mapped("picked")):
            self._validate(picking)

    def _do_take_back(self, quantity, choice):
        shipment = self._choose(self._get_shipments(), choice)
        if move := self._choose(shipment.move_ids, quantity):
            returned = sum(
                each.quantity
                for each in move.returned_move_ids
                if each.state != "cancel"
            )
            quantity = min(quantity, move.quantity - returned)
            if quantity > 0:
                self._take_back(shipment, quantity, product=move.product_id)

    def _do_correct(self, quantity, choice):
        shipment = self._choose(self._get_shipments(), choice)
        if shipment and not shipment.move_ids.returned_move_ids:
            self._choose(shipment.move_ids, quantity).quantity = quantity

    def _do_invoice(self, quantity, choice):
        self._create_final(self.order)
        self.check_invoiced(self._get_shipments())

    def _do_invoice_shipment(self, quantity, choice):
        shipment = self._choose(self._get_shipments(), choice)
        if shipment.shipment_invoice_state in ("to_invoice", "partial"):
            shipment._invoice_shipments()
            self.check_invoiced(shipment)

    def _do_post(self, quantity, choice):
        self._choose(self._get_drafts(), choice).action_post()

    def _do_lower_draft(self, quantity, choice):
        draft = self._choose(self._get_drafts(), choice)
        line = draft.invoice_line_ids.filtered(
            lambda each: each.product_id in (self.desk, self.chair)
        )[:1]
        if line and line.quantity > 1:
            line.quantity -= 1

    def _do_cancel_draft(self, quantity, choice):
        self._choose(self._get_drafts(), choice).button_cancel()

    def _do_delete_draft(self, quantity, choice):
        self._choose(self._get_drafts(), choice).unlink()

    def _do_reverse(self, quantity, choice):
        posted = self.order.invoice_ids.filtered(
            lambda each: (
                each.state == "posted"
                and each.move_type == "out_invoice"
                and not each.reversal_move_ids
                and not self._is_deposit(each)
            )
        )
        if invoice := self._choose(posted.sorted("id"), choice):
            wizard = self.env["account.move.reversal"].create(
                {"move_ids": invoice.ids, "journal_id": invoice.journal_id.id}
            )
            wizard.refund_moves()

    def _do_deposit(self, quantity, choice):
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "advance_payment_method": "percentage" if choice % 2 else "fixed",
                "amount": 3 * quantity,
                "fixed_amount": 11.11 * quantity,
                "sale_order_ids": self.order.ids,
            }
        )
        wizard.create_invoices()
        self.order.invoice_ids.filtered(
            lambda each: each.state == "draft" and self._is_deposit(each)
        ).action_post()

    def _create_final(self, order):
        return order.with_context(raise_if_nothing_to_invoice=False)._create_invoices(
            final=True
        )

    # ------------------------------------------------------------------ what must hold

    def check_invoiced(self, shipments):
        """Each move's invoiced quantity is what the customer kept of it."""
        self.env.invalidate_all()
        for line in self._get_goods():
            moves, links = line._get_settled_shipments()
            for move in moves:
                if move.shipment in shipments.ids:
                    linked = sum(
                        link.quantity for link in links if link.move == move.move
                    )
                    self.assertAlmostEqual(linked, move.kept, 6, line.name)

    def check_documents(self):
        for invoice in self.order.invoice_ids:
            self.assertGreaterEqual(invoice.amount_total, 0.0)
            if invoice.move_type == "out_refund" and invoice.shipment_ids:
                self.assertTrue(invoice.reversed_entry_id)

    def check_money(self, most_amiss=0.0):
        """All together is what Odoo's one invoice of what was kept would be."""
        twin = self.order.copy(
            {
                "shipment_invoicing": "per_order",
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_uom_qty": line.qty_delivered
                            if line.product_id.is_storable
                            else 1,
                            "price_unit": line.price_unit,
                            "discount": line.discount,
                        }
                    )
                    for line in self.order.order_line
                    if not line.display_type and not line.is_downpayment
                ],
            }
        )
        twin.action_confirm()
        if twin.picking_ids:
            self._ship(twin, *twin.order_line.mapped("product_uom_qty"))
        one = self._create_final(twin)
        counted = self.order.invoice_ids.filtered(lambda each: each.state != "cancel")
        for name in ("amount_untaxed_signed", "amount_tax_signed"):
            amiss = abs(sum(counted.mapped(name)) - sum(one.mapped(name)))
            self.assertLessEqual(round(amiss, 6), most_amiss, name)

    @contextmanager
    def _story_undone(self):
        with self.env.cr.savepoint() as savepoint:
            yield
            self.env.flush_all()
            savepoint.rollback()
            self.env.cr.precommit.clear()
            self.env.invalidate_all()

    def _tell(self, story):
        for deed, quantity, choice in story:
            getattr(self, f"_do_{deed}")(quantity, choice)
            self.check_documents()

    def _finish(self):
        """The rest is not wanted any more, all that came up is invoiced."""
        self.order.picking_ids.filtered(
            lambda each: each.state not in ("done", "cancel")
        ).action_cancel()
        self._create_final(self.order)
        self.env.invalidate_all()
        self.check_documents()
        self.check_invoiced(self._get_shipments())

    def _ship_one_more(self):
        for line in self._get_goods():
            line.product_uom_qty = line.qty_delivered + line.qty_cancelled + 1
        self._do_ship(1, 1)

    @a_few_stories
    @given(
        stories(DEEDS, most=6),
        st.sampled_from(OTHERS),
        st.sampled_from(WAYS),
        st.sampled_from(METHODS),
    )
    def test_each_shipment_once_and_to_the_cent(self, story, others, way, method):
        """A credit note of all that is left of an invoice takes that, to the cent, and
        it is the next invoice that adds up again."""
        with self._told(story, others, way, method):
            self._finish()
            credited = self.order.invoice_ids.filtered(
                lambda each: each.move_type == "out_refund"
            )
            self.check_money(0.01 * len(credited))
            if credited:
                self._ship_one_more()
                self._finish()
                self.check_money()

    @a_few_stories
    @given(
        stories((*DEEDS, *TAKEN_BACK), most=6),
        st.sampled_from(OTHERS),
        st.sampled_from(WAYS),
        st.sampled_from(METHODS),
    )
    def test_invoices_taken_back(self, story, others, way, method):
        """Each shipment once, all the same; a cent for each of the two taxes."""
        taken = [deed for deed, _quantity, _choice in story if deed in TAKEN_BACK]
        with self._told(story, others, way, method):
            self._finish()
            credited = self.order.invoice_ids.filtered(
                lambda each: each.move_type == "out_refund"
            )
            self.check_money(0.02 * len(taken) + 0.01 * len(credited))

    @contextmanager
    def _told(self, story, others, way, method):
        """All of it has happened; afterwards nothing of it."""
        with self._story_undone():
            self.company.write(
                {
                    "shipment_invoicing_others": others,
                    "deposit_deduction": way,
                    "tax_calculation_rounding_method": method,
                }
            )
            self._create()
            try:
                self._tell(story)
                yield
            except AssertionError as error:
                told = (story, others, way, method)
                raise AssertionError(f"{error} after {told}") from error

    def _do_switch(self, quantity, choice):
        modes = ("per_order", "per_shipment", "periodic")
        self.order.shipment_invoicing = modes[choice % 3]

    def check_switched(self):
        """No more is invoiced than was kept, in whatever mode."""
        for line in self._get_goods():
            self.assertAlmostEqual(line.qty_invoiced, line.qty_delivered, 6)

    @a_few_stories
    @given(stories((*DEEDS, *TAKEN_BACK, "switch", "switch"), most=6))
    def test_switched_between_modes(self, story):
        with self._story_undone():
            self._create()
            try:
                for deed, quantity, choice in story:
                    if deed == "invoice":
                        self._create_final(self.order)
                    else:
                        getattr(self, f"_do_{deed}")(quantity, choice)
                self.order.shipment_invoicing = "per_shipment"
                self._finish()
                self.check_switched()
            except AssertionError as error:
                raise AssertionError(f"{error} after {story}") from error
