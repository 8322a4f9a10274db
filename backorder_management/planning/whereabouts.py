"""What has become of the quantity that a customer ordered: the pure rule.

Quantities are of one line, in its unit, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where it is. All but `beyond` add up to what was ordered and `beyond` it.

    :ivar shipped: the customer has it
    :ivar on_its_way: it is there, or was picked, and is to leave; or the vendor sends
        it
    :ivar waiting: it is missing
    :ivar cancelled: it will not come
    :ivar returned: he sent it back for a refund
    :ivar beyond: he got more than he had ordered
    """

    ordered: float
    shipped: float = 0.0
    on_its_way: float = 0.0
    waiting: float = 0.0
    cancelled: float = 0.0
    returned: float = 0.0
    beyond: float = 0.0


def find_whereabouts(
    ordered: float,
    kept: float,
    refunded: float,
    open_quantity: float,
    short: float,
    cancelled: float,
) -> Whereabouts:
    """
    :param kept: what has left, and did not come back to be sent again
    :param refunded: of it, what came back for a refund
    :param open_quantity: what transfers are still to bring
    :param short: of it, what is missing
    :param cancelled: what nothing brings any more
    """
    shipped = max(kept - refunded, 0.0)
    rest = ordered - shipped - refunded - open_quantity - cancelled
    return Whereabouts(
        ordered=ordered,
        shipped=shipped,
        # what no transfer of ours brings, comes from elsewhere
        on_its_way=open_quantity - short + max(rest, 0.0),
        waiting=short,
        cancelled=cancelled,
        returned=refunded,
        beyond=max(-rest, 0.0),
    )
