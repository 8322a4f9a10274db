"""When a backorder is too old, and when somebody is asked about it."""

from __future__ import annotations

from datetime import date


def is_expired(since: date | None, today: date, days: int) -> bool:
    """Is something older than an agreement allows?

    :param since: the day it was found short; None: it was not
    :param days: whole days that may pass; 0: any number
    """
    return bool(since and days > 0 and (today - since).days > days)


def is_to_ask(since: date, asked: date | None, today: date, days: int) -> bool:
    """Is it time to ask about an expired backorder?

    Once, and again when the same time has passed since: who closes the question has
    decided to wait, not to wait for ever. A new shortage is a new question.

    :param asked: the day somebody was last asked; None: nobody was
    """
    return asked is None or asked < since or is_expired(asked, today, days)
