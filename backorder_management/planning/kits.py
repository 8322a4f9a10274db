"""Quantities of components and the whole kits they make.

Kits are counted whole: half a kit is of no use to the customer. That is also how
core counts delivered kits (`stock.move._compute_kit_quantities`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# Quantities carry at most a handful of decimals; this only undoes float noise.
_NOISE = 1e-6


def needed_kits(quantities: Mapping[int, float], per_kit: Mapping[int, float]) -> float:
    """Kits that are incomplete while these quantities of components are missing.

    :param quantities: by component; :param per_kit: of each component in one kit
    """
    ratios = _ratios(quantities, per_kit)
    return float(math.ceil(max(ratios, default=0.0) - _NOISE))


def complete_kits(
    quantities: Mapping[int, float], per_kit: Mapping[int, float]
) -> float:
    """Whole kits that these quantities of components make.

    :param quantities: by component; :param per_kit: of each component in one kit
    """
    if any(component not in quantities for component in per_kit):
        return 0.0
    ratios = _ratios(quantities, per_kit)
    return float(max(0, math.floor(min(ratios, default=0.0) + _NOISE)))


def _ratios(quantities, per_kit):
    return [
        quantity / per_kit[component]
        for component, quantity in quantities.items()
        if per_kit.get(component)
    ]
