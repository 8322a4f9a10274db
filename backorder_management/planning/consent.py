"""Where a later date needs the customer's consent: the pure rule.

The first delay may be so short that silence is consent; a longer one, each further one,
and one without a new date need an answer. So does the rule of the United States on
delayed orders (16 CFR 435.2) tell the two apart.
"""

from __future__ import annotations

from datetime import date


def needs_consent(
    told: date | None, expected: date | None, delays_before: int, free_days: int
) -> bool:
    """
    :param told: the day that he was told so far; None: none
    :param expected: what he is to be told now; None: it is not known any more
    :param delays_before: how often he was told a later day already
    :param free_days: a first delay of up to so many days needs no answer
    """
    if told is None:
        return False
    if expected is None:
        return True
    delay = (expected - told).days
    if delay <= 0:
        return False
    return delays_before > 0 or delay > free_days
