from __future__ import annotations

from collections import defaultdict

from odoo import api, fields, models

from ..planning.shortage import cancelled_quantity, lowered_quantity
from ..planning.states import HELD, Figures, line_state
from .backorder_kit import Kit
from .backorder_state import STATES

BACKORDER_FIELDS = (
    "backorder_since",
    "backorder_state",
    "qty_allocated",
    "qty_backorder_open",
    "qty_backordered",
    "qty_cancelled",
)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    backorder_state = fields.Selection(
        STATES,
        compute="_compute_backorder",
        store=True,
        default="none",
        index="btree_not_null",
        copy=False,
    )
    qty_backorder_open = fields.Float(
        string="Open",
        digits="Product Unit",
        compute="_compute_backorder",
        store=True,
        copy=False,
        help="What open transfers must still bring to the customer.",
    )
    qty_allocated = fields.Float(
        string="Allocated",
        digits="Product Unit",
        compute="_compute_backorder",
        store=True,
        copy=False,
        help="Reserved for this line, or picked and on its way to the customer.",
    )
    qty_backordered = fields.Float(
        string="Backordered",
        digits="Product Unit",
        compute="_compute_backorder",
        store=True,
        copy=False,
        help="Still to be delivered, but neither allocated nor covered by free stock.",
    )
    qty_cancelled = fields.Float(
        string="Cancelled",
        digits="Product Unit",
        compute="_compute_backorder",
        store=True,
        copy=False,
        help="Ordered, but cancelled in the deliveries: it will not come any more.",
    )
    backorder_since = fields.Datetime(
        string="Short Since",
        compute="_compute_backorder",
        store=True,
        copy=False,
        help="When the goods were found missing. Kept after they have arrived.",
    )

    @api.depends(
        "state",
        "product_uom_qty",
        "product_uom_id",
        "move_ids.state",
        "move_ids.product_uom_qty",
        "move_ids.quantity",
        "move_ids.procure_method",
        "move_ids.product_id.is_storable",
        "move_ids.location_dest_id",
        # of two moves of the line that are linked, one has the other among these
        "move_ids.move_orig_ids",
        "move_ids.to_refund",
        "move_ids.backorder_since",
        "move_ids.backorder_demand_ids.qty_free",
        "move_ids.picking_id.backorder_state",
        "move_ids.picking_id.backorder_hold_facts",
    )
    def _compute_backorder(self):
        self._fetch_backorder()
        confirmed = self.filtered(lambda line: line.state in ("sale", "cancel"))
        shortages = confirmed.move_ids._get_backorder_shortages()
        lines_by_value = defaultdict(list)
        for line in self:
            for value in line._prepare_backorder_values(shortages).items():
                lines_by_value[value].append(line.id)
        # many lines have the same figures, and setting each costs more than grouping
        for (name, value), ids in lines_by_value.items():
            self.browse(ids)._set_backorder_value(name, value)

    def _set_backorder_value(self, name: str, value) -> None:
        """All of these lines have the same value of one of the figures."""
        self[name] = value

    def _fetch_backorder(self):
        """Read what is computed anew; many lines change without anybody looking at
        the rest of them."""
        self.fetch([*BACKORDER_FIELDS, "state", "product_id", "product_uom_id"])

    def _prepare_backorder_values(self, shortages) -> dict:
        """Quantities in the line's unit, the state, and since when it is short."""
        moves = self.move_ids
        if not moves or self.state not in ("sale", "cancel"):
            return {
                "qty_backorder_open": 0.0,
                "qty_allocated": 0.0,
                "qty_backordered": 0.0,
                "qty_cancelled": 0.0,
                "backorder_since": False,
                "backorder_state": "none",
            }
        if len(moves) == 1 and moves.product_id == self.product_id:
            found = shortages.get(moves.id)
            if found and not found.free and not found.short:
                return self._prepare_allocated_values(moves, found.open)
        open_moves = moves.filtered(
            lambda move: move.id in shortages and move._is_last_backorder_step()
        )
        open_qty, allocated, short = self._sum_backorder_shortages(
            open_moves, shortages
        )
        figures = Figures(
            open=open_qty,
            short=short,
            cancelled=self._get_backorder_cancelled(open_qty),
            was_short=any(
                move.backorder_since for move in moves if not move._is_void()
            ),
        )
        held = any(self._is_held(step) for step in moves if step.id in shortages)
        return {
            "qty_backorder_open": open_qty,
            "qty_allocated": allocated,
            "qty_backordered": short,
            "qty_cancelled": figures.cancelled,
            "backorder_since": self._get_backorder_since(open_moves),
            "backorder_state": line_state(figures, held),
        }

    def _prepare_allocated_values(self, move, open_quantity: float) -> dict:
        """The same for a line whose only move has all it wants: most lines, most of the
        time.

        :param open_quantity: product's unit
        """
        open_qty = self._sum_backorder_qty([(move, open_quantity)])
        since = move.backorder_since
        figures = Figures(open=open_qty, was_short=bool(since))
        return {
            "qty_backorder_open": open_qty,
            "qty_allocated": open_qty,
            "qty_backordered": 0.0,
            "qty_cancelled": 0.0,
            "backorder_since": since,
            "backorder_state": line_state(figures, self._is_held(move)),
        }

    def _is_held(self, step) -> bool:
        """Does the agreement hold the line at this step of its delivery?"""
        picking = step.picking_id
        return picking.backorder_state == HELD or picking._holds_line(self)

    def _sum_backorder_shortages(self, open_moves, shortages):
        """Open, allocated and short quantity of the line, in its unit."""
        if not open_moves:
            return 0.0, 0.0, 0.0
        found = [(move, shortages[move.id]) for move in open_moves]
        open_qty = self._sum_backorder_qty([(move, each.open) for move, each in found])
        if self._sells_kit(open_moves[0].product_id):
            # a bill of materials changed since counts the old moves in new kits
            open_qty = min(open_qty, self.product_uom_qty)
        if not any(each.free or each.short for _move, each in found):
            return open_qty, open_qty, 0.0  # all of it is allocated, as most often
        missing = self._sum_backorder_qty(
            [(move, each.open - each.allocated) for move, each in found]
        )
        short = self._sum_backorder_qty([(move, each.short) for move, each in found])
        missing, short = min(missing, open_qty), min(short, open_qty)
        return open_qty, self.product_uom_id.round(open_qty - missing), short

    def _get_stored_backorder_figures(self) -> Figures:
        """What was last computed, without looking at the moves again."""
        self.ensure_one()
        return Figures(open=self.qty_backorder_open, short=self.qty_backordered)

    def _get_backorder_since(self, open_moves):
        """Start of the oldest shortage that is still open, else of the last one."""
        ongoing = [each for each in open_moves.mapped("backorder_since") if each]
        if ongoing:
            return min(ongoing)
        return max(
            (
                move.backorder_since
                for move in self.move_ids
                if move.backorder_since and not move._is_void()
            ),
            default=False,
        )

    def _sum_backorder_qty(self, quantities, count_kits=Kit.count_open) -> float:
        """Sum of moves' quantities in the line's unit of measure.

        :param quantities: pairs of move and quantity in the product's unit
        :param count_kits: for a kit, how quantities of components make whole kits
        """
        self.ensure_one()
        if not any(quantity for _move, quantity in quantities):
            return 0.0
        first_move = quantities[0][0]
        product = first_move.product_id
        if self._sells_kit(product) and (kit := self._get_backorder_kit()):
            return count_kits(kit, quantities)
        total = sum(quantity for _move, quantity in quantities)
        unit = product.uom_id
        if unit == self.product_uom_id:
            return unit.round(total) if total % 1 else total
        return unit._compute_quantity(
            total, self.product_uom_id, rounding_method="HALF-UP"
        )

    def _sells_kit(self, product) -> bool:
        """Is what its moves carry a component of what the line sells?"""
        return bool(product) and product != self.product_id

    def _get_backorder_kit(self) -> Kit | None:
        """The kit this line sells, where its moves carry components."""
        if "bom_line_id" not in self.env["stock.move"]._fields:
            return None  # manufacturing is not installed
        bom_lines = self.move_ids.bom_line_id
        return Kit(self, bom_lines) if bom_lines else None

    # ------------------------------------------------------------------- cancelled

    def _get_backorder_cancelled(self, open_qty: float) -> float:
        """Ordered quantity that nothing brings any more, in the line's unit.

        What came back without a refund is to be sent again or was lost by the
        customer's choice; it is not a cancellation, and neither is a refund.
        """
        evidence = self._get_backorder_cancel_evidence()
        if not evidence:
            return 0.0
        if self.state == "cancel":
            return self.product_uom_id.round(min(evidence, self.product_uom_qty))
        procured = self._get_backorder_kept() + open_qty
        return self.product_uom_id.round(
            cancelled_quantity(self.product_uom_qty, procured, evidence)
        )

    def _get_backorder_kept(self) -> float:
        """What the customer got and did not send back without a refund."""
        return self._sum_backorder_qty(
            [
                (move, sign * move._get_backorder_product_qty(move.quantity))
                for move, sign in self._get_backorder_done_moves()
            ],
            count_kits=Kit.count_complete,
        )

    def _get_backorder_done_moves(self):
        """Done moves to the customer (+1) and back without a refund (-1)."""
        for move in self.move_ids:
            if move.state != "done":
                continue
            if move.location_dest_id._is_outgoing():
                yield move, 1
            elif move.location_id._is_outgoing() and not move.to_refund:
                yield move, -1

    def _get_backorder_cancel_evidence(self) -> float:
        quantities = []
        for move in self.move_ids:
            if quantity := move._get_backorder_cancelled_qty():
                quantities.append((move, quantity))
        return self._sum_backorder_qty(quantities, count_kits=Kit.count_cancelled)

    def _get_qty_procurement(self, previous_product_uom_qty=False):
        # Core takes a cancelled rest for never ordered and procures it again when the
        # quantity is raised; here raising reopens only the increase, and lowering
        # uses up the cancelled quantity first.
        procured = super()._get_qty_procurement(
            previous_product_uom_qty=previous_product_uom_qty
        )
        before = (previous_product_uom_qty or {}).get(self.id)
        evidence = self._get_backorder_cancel_evidence()
        if not before or not evidence or self._is_drop_shipped():
            return procured
        if self.product_uom_qty >= before:
            cancelled = cancelled_quantity(before, procured, evidence)
            return procured + min(cancelled, self.product_uom_qty - procured)
        kept = self._get_backorder_kept() + self.qty_backorder_open
        return self.product_uom_qty + lowered_quantity(
            before, self.product_uom_qty, cancelled_quantity(before, kept, evidence)
        )

    def _is_drop_shipped(self) -> bool:
        """Its purchase, not its moves, says what is procured."""
        return any(move.location_id.usage == "supplier" for move in self.move_ids)
