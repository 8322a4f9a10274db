"""How long goods take from where a move brings them to where they are meant to be."""

from __future__ import annotations

from ast import literal_eval
from datetime import datetime, timedelta

from odoo import fields, models

from .stock_move import OPEN_STATES

# No warehouse has more steps; rules that lead in circles end here.
MOST_STEPS = 10


def get_expected_moment(move) -> datetime:
    return move._get_expected_moment()


class StepFinder:
    """Counts the days of the steps that follow a move, once for moves of a kind.

    Odoo makes the next step when the one before is done: until then, the delays of its
    push rules say when that will be. Where the next step is there already, its date
    does.

    :param get_moment: when a move is expected, UTC
    """

    def __init__(self, env, get_moment=get_expected_moment):
        self.env = env
        self._get_moment = get_moment
        self._days: dict[tuple, int] = {}

    def count_days(self, move, place) -> int:
        """
        :param place: `stock.location` that the goods are for
        :return: days from the move's own date until they are there, zero or more
        """
        days = 0
        for _step in range(MOST_STEPS):
            if move.location_dest_id._child_of(place):
                break
            onward = self._find_onward(move)
            if not onward:
                return days + self._count_pushed(move, place)
            between = self._get_moment(onward) - self._get_moment(move)
            days += max(between.days, 0)
            move = onward
        return days

    def _find_onward(self, move):
        """The next step, where it is there already."""
        return move.move_dest_ids.filtered(
            lambda after: (
                after.state in OPEN_STATES
                and after.product_id == move.product_id
                and after.location_id._child_of(move.location_dest_id)
            )
        )[:1]

    def _count_pushed(self, move, place) -> int:
        key = (
            move.product_id.id,
            move.location_dest_id.id,
            place.id,
            move.warehouse_id.id or move.picking_type_id.warehouse_id.id,
            tuple(move.route_ids.ids),
            move.packaging_uom_id.id,
        )
        if key not in self._days:
            self._days[key] = self._follow_rules(move, place)
        return self._days[key]

    def _follow_rules(self, move, place) -> int:
        location = move.location_dest_id
        days = 0
        for _step in range(MOST_STEPS):
            if location._child_of(place):
                break
            rule = self._find_rule(move, location)
            if not rule:
                break
            days += rule.delay
            location = rule.location_dest_id
        return days

    def _find_rule(self, move, location):
        """As `_push_apply` of core will, when the step before is done."""
        values = {
            "route_ids": move.route_ids,
            "warehouse_id": move.warehouse_id or move.picking_type_id.warehouse_id,
            "packaging_uom_id": move.packaging_uom_id,
        }
        unfit: list[int] = []
        rules = self.env["stock.rule"]
        while rule := rules._get_push_rule(
            move.product_id, location, {**values, "domain": [("id", "not in", unfit)]}
        ):
            if not rule.push_domain or move.filtered_domain(
                literal_eval(rule.push_domain)
            ):
                break
            unfit.append(rule.id)
        return rule


class StockMove(models.Model):
    _inherit = "stock.move"

    backorder_expected = fields.Datetime(
        string="Expected on",
        readonly=True,
        copy=False,
        help="When an arrival is expected since the date of its purchase has changed: "
        "Odoo leaves the scheduled date alone. Nothing: when it is scheduled.",
    )

    def write(self, vals):
        if "date" in vals:  # the warehouse has the last word
            vals = {**vals, "backorder_expected": False}
        elif "date_deadline" in vals:
            deadline = fields.Datetime.to_datetime(vals["date_deadline"])
            self._filter_arrivals()._shift_expected(deadline)
        return super().write(vals)

    def _prepare_move_split_vals(self, qty):
        # The rest of an arrival comes when the whole was to come.
        vals = super()._prepare_move_split_vals(qty)
        vals["backorder_expected"] = self.backorder_expected
        return vals

    def _filter_arrivals(self):
        """Open moves that bring goods to a place of ours from somewhere else."""
        return self.filtered(lambda move: move._is_arrival())

    def _is_arrival(self) -> bool:
        self.ensure_one()
        return self.state in OPEN_STATES and self._get_target().usage == "internal"

    def _get_target(self):
        """Return where goods are in the end."""
        return self.location_final_id or self.location_dest_id

    def _get_expected_moment(self):
        """When the move is expected to happen, UTC.

        The last word counts: Odoo leaves the scheduled date of a receipt alone when the
        vendor's date changes.
        """
        self.ensure_one()
        return self.backorder_expected or self.date

    def _shift_expected(self, deadline) -> None:
        """Follow a changed deadline, such as the date of a purchase.

        :param deadline: the new one; the old one has not been overwritten yet
        """
        for move in self:
            expected = move._get_expected_moment()
            if not deadline or not expected or move.date_deadline == deadline:
                continue
            before = move.date_deadline or deadline
            shift: timedelta = deadline - before
            move.backorder_expected = expected + shift if shift else deadline
