"""The facts as they would be if something changed: for what-if, nothing is written.

Quantities are in the products' units of measure, moments UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from .stock_move import OPEN_STATES


@dataclass(frozen=True, slots=True)
class Bought:
    """Goods that would be bought.

    :ivar day: on which the vendor would deliver, where the company is
    :ivar vendor: `res.partner`, or nobody
    """

    product: object
    warehouse: object
    quantity: float
    day: date
    vendor: object


@dataclass(slots=True)
class Imagined:
    """What would be other than it is; all of it by id.

    :ivar moments: when moves would be expected
    :ivar needed: when the goods of moves would be needed
    :ivar quantities: what moves would bring
    :ivar cancelled: moves that would be cancelled
    :ivar freed: moves that would not wait for goods of their own any more
    :ivar stars: whether moves would have one
    :ivar ranks: what agreements of orders would say
    """

    moments: dict[int, datetime] = field(default_factory=dict)
    needed: dict[int, datetime] = field(default_factory=dict)
    quantities: dict[int, float] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    freed: set[int] = field(default_factory=set)
    bought: list[Bought] = field(default_factory=list)
    stars: dict[int, bool] = field(default_factory=dict)
    ranks: dict[int, int] = field(default_factory=dict)

    # ------------------------------------------------------------- what it would be

    def get_moment(self, move) -> datetime:
        return self.moments.get(move.id) or move._get_expected_moment()

    def get_quantity(self, move) -> float:
        if move.id in self.cancelled:
            return 0.0
        return self.quantities.get(move.id, move.product_qty)

    def is_starred(self, move) -> bool:
        return self.stars.get(move.id, move.priority == "1")

    def get_needed(self, move) -> datetime | None:
        return self.needed.get(move.id) or move.date_deadline or move.date

    def get_rank(self, order) -> int | None:
        """The rank of an order's agreement, the smallest is served first."""
        policy = order.backorder_policy_id
        return self.ranks.get(order.id, policy.rank if policy else None)

    def get_touched(self) -> set[int]:
        """Return moves that would come at another time, or not at all."""
        return set(self.moments) | self.cancelled

    # ------------------------------------------------------------- what would change

    def put_off(self, moves, days: int) -> None:
        """Moves are expected so many days later; fewer than none: earlier."""
        for move in moves:
            self.moments[move.id] = self.get_moment(move) + timedelta(days=days)

    def put_off_purchase(self, moves, days: int) -> None:
        """The vendor delivers so many days later: Odoo moves the deadlines of all that
        hangs together with the receipts, and leaves their scheduled dates alone."""
        shift = timedelta(days=days)
        deadlines = {
            move.id: (move.date_deadline or move.date) + shift for move in moves
        }
        queue = list(moves)
        while queue:
            move = queue.pop(0)
            self._follow_deadline(move, deadlines[move.id])
            for other in _filter_open(move.move_dest_ids | move.move_orig_ids):
                if other.id in deadlines:
                    continue
                deadlines[other.id] = (
                    other.date_deadline + shift
                    if other.date_deadline and move.date_deadline
                    else deadlines[move.id]
                )
                queue.append(other)

    def _follow_deadline(self, move, deadline: datetime) -> None:
        """As `stock.move._shift_expected` does."""
        self.needed[move.id] = deadline
        if move._is_arrival():
            before = move.date_deadline
            self.moments[move.id] = (
                self.get_moment(move) + (deadline - before) if before else deadline
            )

    def cut(self, moves, quantity: float) -> None:
        """Moves of one product bring so much together, the first ones first."""
        left = max(quantity, 0.0)
        for move in moves:
            taken = min(left, move.product_qty)
            left -= taken
            self.quantities[move.id] = taken

    def cancel(self, moves) -> None:
        """As `stock.move._action_cancel` does, with all that is cancelled with it."""
        moves = _filter_open(moves).filtered(
            lambda move: move.id not in self.cancelled  # chains may be circular
        )
        self.cancelled.update(moves.ids)
        for move in moves:
            siblings = move.move_dest_ids.move_orig_ids - move
            over = ("cancel",) if move.propagate_cancel else ("cancel", "done")
            if any(
                each.state not in over and each.id not in self.cancelled
                for each in siblings
            ):
                continue
            following = _filter_open(move.move_dest_ids)
            if move.propagate_cancel:
                with_it = following.filtered(
                    lambda after, move=move: after.location_id == move.location_dest_id
                )
                self.cancel(with_it)
                following -= with_it
            self.freed.update(following.ids)

    def cancel_purchase(self, purchase) -> None:
        """As the button of a purchase does: before it is confirmed, deliveries that it
        was made for wait for it no more."""
        self.cancel(purchase.order_line.move_ids)
        onward = _filter_open(purchase.order_line.move_dest_ids)
        self.freed.update(set(onward.ids) - self.cancelled)

    def star(self, moves, starred: bool = True) -> None:
        self.stars.update(dict.fromkeys(moves.ids, starred))

    def rank(self, orders, rank: int) -> None:
        self.ranks.update(dict.fromkeys(orders.ids, rank))

    def buy(self, bought: Iterable[Bought]) -> None:
        self.bought.extend(bought)


def _filter_open(moves):
    return moves.filtered(lambda move: move.state in OPEN_STATES)


# Nothing is imagined.
AS_IT_IS = Imagined()
