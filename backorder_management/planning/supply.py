"""How much of what is there a run may divide."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

Quantities = Mapping[Hashable, float]


def add_up_supplies(
    free: Quantities, held: Quantities, kept: Quantities, digits: int
) -> dict[Hashable, float]:
    """What the demands hold and may be moved, and what is free beside it.

    Where more is reserved than there is, nobody loses it who may keep it.

    :param free: on hand less reserved, by supply; negative where over-reserved
    :param held: what demands hold, by supply
    :param kept: the part of it that is theirs to keep
    """
    return {
        supply: round(
            max(
                free.get(supply, 0.0) + held.get(supply, 0.0),
                kept.get(supply, 0.0),
                0.0,
            ),
            digits,
        )
        for supply in {**free, **held}
    }


def cut_to_limits(
    supplies: Quantities,
    held: Quantities,
    pools: Sequence[tuple[Sequence[Hashable], float]],
    digits: int,
) -> dict[Hashable, float]:
    """The same supplies, less free where other stock of a pool is negative.

    The last one in picking order is cut first; what demands hold is not cut.

    :param pools: supplies of each pool, and all that is free there, what is negative
        included
    """
    left = dict(supplies)
    for members, limit in sorted(pools, key=lambda pool: len(pool[0])):
        free = {each: left[each] - held.get(each, 0.0) for each in members}
        excess = sum(each for each in free.values() if each > 0) - max(0.0, limit)
        for supply in reversed(members):
            cut = min(max(excess, 0.0), max(0.0, free[supply]))
            left[supply] = round(left[supply] - cut, digits)
            excess -= cut
    return left
