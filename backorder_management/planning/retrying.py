"""When something that failed is tried again."""

from __future__ import annotations

LONGEST_HOURS = 24


def get_delay_hours(attempts: int) -> int:
    """Hours to wait: 1, 2, 4, 8, 16, and 24 from then on.

    :param attempts: how often it has failed, at least once
    :raises ValueError: it has not failed
    """
    if attempts < 1:
        raise ValueError("Only what has failed is tried again.")
    return min(2 ** min(attempts - 1, 10), LONGEST_HOURS)
