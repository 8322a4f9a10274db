from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Command

STOCK = {
    "wine": 420,
    "mug": 260,
    "tumbler": 30,
    "jigger": 90,
    "spoon": 80,
    "corkscrew": 24,
    "shaker": 10,
    "mat": 40,
}


class Sale(NamedTuple):
    """An order of the story, days counted from today."""

    name: str  # of its external id
    customer: str
    ordered: int
    needed: int
    lines: dict[str, int]
    complete: bool = False  # ships all at once
    confirm: bool = True
    agreement: str = ""  # external id of what was agreed on this order
    together: bool = False  # its lines ship together or not at all


# Before the first container came: flutes and ice buckets were all gone.
PAST = [
    Sale("adler_done", "adler", -24, -21, {"wine": 48, "mug": 24}),
    Sale("central_done", "central", -23, -20, {"spoon": 12, "jigger": 6}),
    Sale("fox_done", "fox", -21, -18, {"mug": 48}),
    Sale("rooftop_waited", "rooftop", -21, -14, {"bucket": 12}),
    Sale("events_two_parts", "events", -20, -12, {"wine": 60, "flute": 96}),
    Sale("lumiere_rest_cancelled", "lumiere", -19, -15, {"shaker": 12}),
    Sale("seaside_rest_cancelled", "seaside", -18, -13, {"corkscrew": 36}),
    Sale("davinci_waited", "davinci", -17, -9, {"flute": 24, "wine": 24}),
    Sale("adler_ready", "adler", -16, -2, {"bucket": 6}),
    Sale("davinci_ready", "davinci", -15, 1, {"flute": 36}),
    Sale("central_ready", "central", -14, 2, {"bucket": 4, "spoon": 6}),
]
# What is open today.
OPEN = [
    Sale("fox_tumblers", "fox", -12, -3, {"tumbler": 48, "mug": 36}),
    Sale("rooftop_tumblers", "rooftop", -11, -1, {"tumbler": 60}),
    Sale("events_all_at_once", "events", -10, 4, {"wine": 72, "shaker": 6}, True),
    Sale("seaside_shakers", "seaside", -9, -2, {"shaker": 4}),
    Sale("lumiere_bar", "lumiere", -9, 3, {"shaker": 6, "jigger": 12, "mat": 4}),
    Sale("adler_opening", "adler", -8, 6, {"corkscrew": 12, "wine": 48}, True),
    Sale("central_corkscrews", "central", -8, 1, {"corkscrew": 10}),
    Sale("davinci_refit", "davinci", -7, 7, {"tumbler": 72, "wine": 36}),
    Sale("fox_shakers", "fox", -6, 5, {"shaker": 8}),
    Sale("seaside_season", "seaside", -6, 14, {"flute": 60, "tumbler": 96}),
    Sale("rooftop_party", "rooftop", -5, 9, {"bucket": 24, "flute": 48}),
    Sale("events_gala", "events", -5, 21, {"flute": 240, "wine": 60}),
    Sale("lumiere_mats", "lumiere", -4, 2, {"mat": 12}),
    Sale("fox_mugs", "fox", -4, 3, {"mug": 60}),
    Sale("central_spoons", "central", -3, 4, {"spoon": 18}),
    Sale("davinci_mats", "davinci", -3, 8, {"mat": 36, "jigger": 10}),
    Sale("adler_bar", "adler", -2, 10, {"shaker": 10, "spoon": 10, "jigger": 10}),
    Sale("rooftop_wine", "rooftop", -1, 5, {"wine": 48}),
]
# One order for each rule of an agreement.
AGREED = [
    Sale(
        "lines",
        "central",
        -2,
        9,
        {"spoon": 6, "corkscrew": 30},
        agreement="complete_lines",
    ),
    Sale("value", "fox", -2, 12, {"mug": 12, "bucket": 20}, agreement="value"),
    Sale(
        "waits",
        "rooftop",
        -2,
        20,
        {"jigger": 6, "tumbler": 12},
        agreement="consolidate",
    ),
    Sale("cases", "davinci", -2, 8, {"mug": 150}, agreement="cases"),
    Sale("van_one", "seaside", -2, 10, {"spoon": 6}, agreement="address"),
    Sale("van_two", "seaside", -1, 11, {"bucket": 12}, agreement="address"),
    Sale("opening", "adler", -4, 15, {"jigger": 8, "bucket": 6}, agreement="collect"),
    Sale("half", "adler", -1, 9, {"spoon": 2, "bucket": 10}, agreement="two_shipments"),
    Sale(
        "once", "lumiere", -1, 8, {"jigger": 4, "shaker": 4}, agreement="no_backorders"
    ),
    Sale("asks", "fox", -1, 8, {"spoon": 2, "shaker": 2}, agreement="ask"),
    Sale("set", "events", -1, 12, {"jigger": 2, "shaker": 2}, together=True),
]
QUOTATIONS = [
    Sale("seaside_quote", "seaside", 0, 12, {"shaker": 5}, confirm=False),
    Sale("lumiere_quote", "lumiere", 0, 15, {"mug": 24, "flute": 24}, confirm=False),
]
ASKING_FOR_TOO_MUCH = [
    Sale("fox_quote", "fox", 0, 10, {"bucket": 240, "mug": 6}, confirm=False),
]


class BackorderDemo(models.AbstractModel):
    """Tells the demo data's story through the real flows, so that they are real.

    A wholesaler of glasses and bar supplies: a container has come late, another is
    at the gate (the receipt to validate), a third is two weeks away.
    """

    _name = "backorder.demo"
    _description = "Demo Data of Backorder Management"

    @api.model
    def _tell_story(self):
        # Subscribing and tracking would triple the time and show nothing.
        self = self.with_context(tracking_disable=True)
        self._put_on_shelf()
        first = self._buy("glass", -22, -10, {"flute": 160, "mug": 48})
        first |= self._buy("steel", -22, -10, {"bucket": 40})
        for sale in PAST:
            self._sell(sale)
        self._end_transaction()
        self._deliver_past()
        self._receive(first)
        self._deliver_after_first_container()
        for sale in OPEN:
            self._sell(sale)
        self._end_transaction()
        self._deliver_in_parts()
        self._date_shortages()
        for sale in QUOTATIONS:
            self._sell(sale)
        self._expect_containers()
        self._end_transaction()
        for sale in AGREED:
            self._sell(sale)
        # From now on no more of them are sold than there are, or are to come.
        self._product("bucket").backorder_acceptance = "incoming"
        for sale in ASKING_FOR_TOO_MUCH:
            self._sell(sale)
        self._end_transaction()

    # --------------------------------------------------------------------- chapters

    def _put_on_shelf(self):
        quants = self.env["stock.quant"].with_context(inventory_mode=True)
        for name, quantity in STOCK.items():
            quants |= quants.create(
                {
                    "product_id": self._product(name).id,
                    "location_id": self._warehouse().lot_stock_id.id,
                    "inventory_quantity": quantity,
                }
            )
        quants.action_apply_inventory()
        self._end_transaction()

    def _deliver_past(self):
        for name, days in (("adler", -22), ("central", -21), ("fox", -19)):
            self._deliver(f"{name}_done", days)
        self._invoice("adler_done", "central_done")
        self._deliver("events_two_parts", -15)  # the wine glasses; flutes follow
        self._deliver("davinci_waited", -14)
        # The customers did not want to wait for the rest.
        self._deliver("lumiere_rest_cancelled", -16, backorder=False)
        self._deliver("seaside_rest_cancelled", -15)
        self._get_order("seaside_rest_cancelled").picking_ids.filtered(
            lambda picking: picking.state != "done"
        ).action_cancel()
        self._end_transaction()

    def _deliver_after_first_container(self):
        self._deliver("rooftop_waited", -8)
        self._deliver("events_two_parts", -8)
        self._deliver("davinci_waited", -7)
        self._invoice("rooftop_waited")

    def _deliver_in_parts(self):
        self._deliver("fox_tumblers", -2)
        self._deliver("davinci_refit", -1, {"wine": 36})

    def _expect_containers(self):
        """The receipt at the gate, and another one two weeks away."""
        gate = self._buy(
            "steel",
            -14,
            0,
            {"tumbler": 90, "shaker": 22, "corkscrew": 40, "mat": 10},
        )
        self._remember("receipt_to_validate", gate)
        self._buy("glass", -6, 14, {"flute": 400, "tumbler": 180})
        self._buy("steel", -3, 18, {"shaker": 24, "bucket": 30, "mat": 40})

    # -------------------------------------------------------------------- operations

    def _sell(self, sale: Sale):
        salesman = self.env.ref("base.user_demo", raise_if_not_found=False)
        order = self.env["sale.order"].create(
            {
                **self._get_agreement(sale),
                "partner_id": self._ref(f"customer_{sale.customer}").id,
                "user_id": (salesman or self.env.user).id,
                "warehouse_id": self._warehouse().id,
                "date_order": self._day(sale.ordered),
                "commitment_date": self._day(sale.needed),
                "order_line": [
                    Command.create(
                        {
                            "product_id": self._product(name).id,
                            "product_uom_qty": quantity,
                            "delivery_group": "Set" if sale.together else False,
                        }
                    )
                    for name, quantity in sale.lines.items()
                ],
            }
        )
        self._remember(f"order_{sale.name}", order)
        if sale.confirm:
            order.action_confirm()
            # Confirming dates the order today.
            order.date_order = self._day(sale.ordered)

    def _get_agreement(self, sale: Sale) -> dict:
        if not sale.agreement:
            return {"picking_policy": "one" if sale.complete else "direct"}
        policy = self.env.ref(
            f"backorder_management.demo_policy_{sale.agreement}",
            raise_if_not_found=False,
        ) or self.env.ref(f"backorder_management.policy_{sale.agreement}")
        return {"backorder_policy_id": policy.id}

    def _buy(self, vendor, ordered, arrives, quantities):
        """:return: the receipt to come"""
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self._ref(f"vendor_{vendor}").id,
                "picking_type_id": self._warehouse().in_type_id.id,
                "date_order": self._day(ordered),
                "date_planned": self._day(arrives),
                "order_line": [
                    Command.create(
                        {
                            "product_id": self._product(name).id,
                            "product_qty": quantity,
                            "date_planned": self._day(arrives),
                        }
                    )
                    for name, quantity in quantities.items()
                ],
            }
        )
        purchase.button_confirm()
        purchase.date_approve = self._day(ordered)
        return purchase.picking_ids

    def _receive(self, receipts):
        receipts.move_ids.picked = True
        receipts.button_validate()
        self._end_transaction()

    def _deliver(self, name, days, quantities=None, backorder=True):
        """Ship what is reserved of an order, or these quantities of products."""
        delivery = self._get_order(name).picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        if quantities is not None:
            for move in delivery.move_ids:
                move.quantity = sum(
                    quantity
                    for product, quantity in quantities.items()
                    if move.product_id == self._product(product)
                )
        for move in delivery.move_ids:
            move.picked = bool(move.quantity)
        delivery.with_context(
            skip_backorder=True,
            picking_ids_not_to_backorder=[] if backorder else delivery.ids,
        ).button_validate()
        delivery.date_done = self._day(days)
        self._end_transaction()

    def _invoice(self, *names):
        for name in names:
            self._get_order(name)._create_invoices().action_post()

    def _date_shortages(self):
        """Everything was found short just now: date it as the story tells it."""
        orders = self.env["sale.order"].union(*map(self._get_order, self._sold()))
        moves = orders.order_line.move_ids
        for move in moves.filtered("backorder_since"):
            move.backorder_since = move.sale_line_id.order_id.date_order
        moves._note_backorder_change()
        self._end_transaction()

    # ------------------------------------------------------------------------- words

    def _sold(self):
        return [sale.name for sale in PAST + OPEN]

    def _day(self, days) -> datetime:
        """Some time at work, so many days from now."""
        now = fields.Datetime.now().replace(hour=9, minute=0, second=0)
        return now + timedelta(days=days)

    def _ref(self, name):
        return self.env.ref(f"backorder_management.demo_{name}")

    def _product(self, name):
        return self._ref(f"product_{name}")

    def _get_order(self, name):
        return self._ref(f"order_{name}")

    def _warehouse(self):
        return self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )

    def _remember(self, name, record):
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"backorder_management.demo_{name}",
                    "record": record,
                    "noupdate": True,
                }
            ]
        )

    def _end_transaction(self):
        """Each step was its own transaction of some user, with all that follows."""
        self.env.cr.flush()
