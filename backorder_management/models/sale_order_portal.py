"""What customers see on the page of their order.

Read with sudo, as the order of that page is: its customer, or whoever has its token,
may know all that is told here, and nothing else. Words are chosen for them: nothing
names vendors, transfers of others, or people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from odoo import models
from odoo.tools.misc import formatLang

from ..planning import shipping
from ..planning.states import BACKORDERED, CANCELLED, FULFILLED, HELD, PARTIAL, READY
from ..planning.whereabouts import Whereabouts, find_whereabouts
from .backorder_eta import ARRIVAL, OWN_CHAIN
from .backorder_kit import Kit

# What is told of a line, for pages and filters.
WAITING_STATES = (BACKORDERED, PARTIAL, HELD, READY)

# How the label of a state looks.
LOOKS = {
    FULFILLED: "success",
    READY: "info",
    PARTIAL: "warning",
    BACKORDERED: "warning",
    HELD: "primary",
    CANCELLED: "secondary",
}


@dataclass(frozen=True, slots=True)
class LineStory:
    """One line, as its customer sees it.

    :ivar day: None: not known
    :ivar instead: what replaces it, or what it replaces
    """

    line: models.Model
    figures: Whereabouts
    label: str
    look: str
    day: date | None
    reason: str
    instead: str = ""

    def format(self, quantity: float) -> str:
        """A quantity in the line's unit, for who reads the page."""
        return self.line._format_own_quantity(quantity)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_portal_shipment_invoices(self, shipment):
        """Return the invoices for a shipment that the page of the order may link to.

        Those that core links to on the same page: of this order, and posted. A shipment
        may carry goods of other customers' orders, too.

        :param shipment: a transfer, with sudo, as the order of that page is
        """
        self.ensure_one()
        invoices = shipment.shipment_invoice_ids & self.invoice_ids
        return invoices.filtered(lambda invoice: invoice.state == "posted").sorted("id")

    def _get_portal_stories(self) -> list[LineStory]:
        """Of each line of goods of a confirmed order."""
        self.ensure_one()
        if self.state != "sale":
            return []
        return [line._get_portal_story() for line in self.order_line._filter_goods()]

    def _get_portal_shipments(self):
        """What has left for the customer so far, the first one first."""
        self.ensure_one()
        return self.picking_ids.filtered(
            lambda picking: (
                picking.state == "done" and picking.location_dest_id._is_outgoing()
            )
        ).sorted(lambda picking: (picking.date_done, picking.id))


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _filter_goods(self):
        return self.filtered(
            lambda line: not line.display_type and line.product_id.type == "consu"
        )

    def _get_portal_story(self) -> LineStory:
        self.ensure_one()
        figures = self._get_whereabouts()
        label, look = self._get_portal_label(figures)
        to_come = figures.on_its_way + figures.waiting > 0
        day = self._get_expected_day() or None if to_come else None
        return LineStory(
            self,
            figures,
            label,
            look,
            day,
            self._get_portal_reason(day) if to_come else "",
            self._describe_replacement(),
        )

    def _get_whereabouts(self) -> Whereabouts:
        """What has become of what was ordered, in the line's unit."""
        self.ensure_one()
        return find_whereabouts(
            ordered=self.product_uom_qty,
            kept=self._get_backorder_kept(),
            refunded=self._get_qty_refunded(),
            open_quantity=self.qty_backorder_open,
            short=self.qty_backordered,
            cancelled=self.qty_cancelled,
        )

    def _get_qty_refunded(self) -> float:
        """What came back from the customer for a refund, in the line's unit."""
        return self._sum_backorder_qty(
            [
                (move, move._get_backorder_product_qty(move.quantity))
                for move in self.move_ids
                if move.state == "done"
                and move.to_refund
                and move.location_id._is_outgoing()
            ],
            count_kits=Kit.count_complete,
        )

    def _get_portal_label(self, figures: Whereabouts) -> tuple[str, str]:
        """The state in a word or two, and how it looks."""
        labels = {
            FULFILLED: self.env._("Shipped"),
            READY: self.env._("Ships Soon"),
            PARTIAL: self.env._("Partly There"),
            BACKORDERED: self.env._("Waiting"),
            HELD: self.env._("There, on Hold"),
            CANCELLED: self.env._("Cancelled"),
        }
        if self.backorder_state in (PARTIAL, BACKORDERED, HELD):
            state = self.backorder_state
        elif figures.on_its_way or figures.waiting:
            state = READY
        elif figures.cancelled and not figures.shipped:
            state = CANCELLED
        else:
            state = FULFILLED
        return labels[state], LOOKS[state]

    def _get_portal_reason(self, day: date | None) -> str:
        """Why it is not there yet, in plain words."""
        if self.backorder_state == HELD:
            return self._get_portal_hold_reason()
        if self.product_uom_id.compare(self.qty_backordered, 0.0) <= 0:
            return self.env._("It is there, and leaves soon.")
        kinds = set(self.move_ids.backorder_demand_ids.mapped("eta_kind"))
        if not day:
            return self.env._("More of it is not under way yet; we will let you know.")
        if OWN_CHAIN in kinds:
            return self.env._("It is being made or bought for you.")
        if ARRIVAL in kinds:
            return self.env._("More of it is on its way to us.")
        return self.env._("It leaves as soon as all that belongs together is there.")

    def _get_portal_hold_reason(self) -> str:
        env = self.env
        texts = {
            shipping.INCOMPLETE_ORDER: env._("As agreed, all of it leaves together."),
            shipping.INCOMPLETE_LINE: env._("As agreed, only complete lines leave."),
            shipping.INCOMPLETE_GROUP: env._(
                "It leaves together with other lines of the order."
            ),
            shipping.PART_OF_PACKAGE: env._("It waits for a whole packaging."),
            shipping.LAST_SHIPMENT: env._(
                "As agreed, the last shipment waits until everything is there."
            ),
            shipping.BELOW_SHARE: env._("As agreed, small shipments wait for more."),
            shipping.BELOW_AMOUNT: env._("As agreed, small shipments wait for more."),
            shipping.MORE_ARRIVES: env._(
                "It waits for more of your order, which comes soon."
            ),
            shipping.OTHER_WEEKDAY: env._("It leaves on the weekday agreed on."),
        }
        for picking in self.move_ids.picking_id:
            code = (picking.backorder_hold_facts or {}).get("code")
            if picking.state not in ("done", "cancel") and code in texts:
                return texts[code]
        return env._("It is there; as agreed, it waits for more.")

    def _format_own_quantity(self, quantity: float) -> str:
        """A quantity with the line's unit, in the words of who reads it."""
        quantity = self.product_uom_id.round(quantity)
        precision = {"dp": "Product Unit"} if quantity % 1 else {"digits": 0}
        return self.env._(
            "%(quantity)s %(unit)s",
            quantity=formatLang(self.env, quantity, **precision),
            unit=self.product_uom_id.name,
        )
