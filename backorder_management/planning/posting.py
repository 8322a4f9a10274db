"""Which documents may be posted in the same moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def divide_into_waves(owners: Sequence[Collection[int]]) -> list[list[int]]:
    """Divide documents into as few waves as may be, each after the one before it.

    No two documents of a wave have an owner in common, and those of one owner stay in
    their order.

    :param owners: of each document, whom it may not share a wave with; none: anybody
    :return: positions of the documents, by wave
    """
    waves: list[list[int]] = []
    next_wave: dict[int, int] = {}
    for position, own in enumerate(owners):
        wave = max((next_wave.get(owner, 0) for owner in own), default=0)
        if wave == len(waves):
            waves.append([])
        waves[wave].append(position)
        next_wave.update(dict.fromkeys(own, wave + 1))
    return waves
