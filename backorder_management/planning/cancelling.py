"""What of a delivery ends when the rest of a line is cancelled.

Quantities of one call share one unit.
"""

from __future__ import annotations

from collections.abc import Hashable


def cut_of_first_step(wanted: float, on_the_way: float) -> float:
    """What ends of a step that takes its goods from stock.

    :param wanted: what the step is to bring
    :param on_the_way: what of it was picked, or has come from an earlier step: it
        ships, as goods in somebody's hands are not missing
    """
    return max(0.0, wanted - max(on_the_way, 0.0))


def kept_of_later_step(wanted: float, arrived: float, coming: float) -> float:
    """What a later step still has to bring once earlier ones bring less.

    :param arrived: what earlier steps have brought and nobody has taken on
    :param coming: what they still bring
    """
    return max(0.0, min(wanted, arrived + coming))


def spread_cut(
    needed: float, parts: dict[Hashable, tuple[float, float]]
) -> dict[Hashable, float]:
    """Which moves of one product, or which warehouses, lose how much; the first first.

    :param needed: what all of them lose together, as far as they have it
    :param parts: of each, what it lacks, and all that may be taken off it; what is
        lacking goes first, so that as little as possible is given back
    """
    cuts = dict.fromkeys(parts, 0.0)
    for limit in (0, 1):
        for move, sizes in parts.items():
            taken = max(0.0, min(needed, sizes[limit] - cuts[move]))
            cuts[move] += taken
            needed -= taken
    return {move: cut for move, cut in cuts.items() if cut > 0}
