"""Why something does not ship, in the reader's words."""

from __future__ import annotations

from datetime import date
from math import floor

from odoo.tools import format_amount, format_date
from odoo.tools.misc import formatLang

from ..planning import agreement, shipping
from ..planning.shipping import Reason


def describe_hold(env, reason: Reason, until: date | None, order) -> str:
    """One sentence: why a delivery is held, and until when.

    :param order: whose agreement it is, for its currency, units and weekdays
    """
    why = _describe_reason(env, reason, order)
    if not until:
        return why
    day = format_date(env, until)
    if reason.code == shipping.MORE_ARRIVES:
        return env._("Waits until %(day)s for %(what)s", day=day, what=why)
    return env._("%(why)s; may ship from %(day)s", why=why, day=day)


def _describe_reason(env, reason: Reason, order) -> str:
    describe = {
        shipping.BELOW_SHARE: _describe_share,
        shipping.BELOW_AMOUNT: _describe_amount,
        shipping.INCOMPLETE_ORDER: _describe_incomplete_order,
        shipping.LAST_SHIPMENT: _describe_last_shipment,
        shipping.MORE_ARRIVES: _describe_arrivals,
        shipping.OTHER_WEEKDAY: _describe_weekdays,
    }.get(reason.code)
    if describe:
        return describe(env, reason, order)
    texts = {
        shipping.INCOMPLETE_LINE: env._("Only complete lines ship"),
        shipping.INCOMPLETE_GROUP: env._(
            "Lines of one delivery group ship together, and not all of it is there"
        ),
        shipping.PART_OF_PACKAGE: env._("Less than a whole packaging is there"),
        shipping.NO_GOODS: env._("No goods that could ship are there"),
    }
    return texts[reason.code]


def _describe_share(env, reason: Reason, order) -> str:
    share, wanted = reason.numbers
    # what is not reached must not look like it
    digits = 0 if round(share) < round(wanted) else 2
    share = floor(share * 10**digits) / 10**digits
    numbers = {
        "share": formatLang(env, share, digits=digits),
        "wanted": formatLang(env, wanted, digits=digits),
    }
    basis = order.backorder_policy_id.min_basis
    if basis == agreement.BY_VALUE:
        return env._("%(share)s %% of %(wanted)s %% by value", **numbers)
    if basis == agreement.BY_LINES:
        return env._("%(share)s %% of %(wanted)s %% of the lines", **numbers)
    return env._("%(share)s %% of %(wanted)s %% by quantity", **numbers)


def _describe_amount(env, reason: Reason, order) -> str:
    currency = order.company_id.currency_id
    return env._(
        "Worth %(amount)s of at least %(wanted)s",
        amount=format_amount(env, reason.numbers[0], currency),
        wanted=format_amount(env, reason.numbers[1], currency),
    )


def _describe_incomplete_order(env, reason: Reason, order) -> str:
    return env._(
        "Ships all at once: %(there)s of %(all)s lines are there",
        there=int(reason.numbers[0]),
        all=int(reason.numbers[1]),
    )


def _describe_last_shipment(env, reason: Reason, order) -> str:
    return env._(
        "Shipment %(number)s of %(most)s at most: waits until everything is there",
        number=int(reason.numbers[0]),
        most=int(reason.numbers[1]),
    )


def _describe_arrivals(env, reason: Reason, order) -> str:
    quantity = formatLang(env, reason.numbers[0], dp="Product Unit")
    if not reason.names:
        return env._("%(quantity)s more units", quantity=quantity)
    return env._(
        "%(quantity)s more units arriving on %(arrivals)s",
        quantity=quantity,
        arrivals=", ".join(reason.names),
    )


def _describe_weekdays(env, reason: Reason, order) -> str:
    days = order.backorder_policy_id.delivery_weekdays.with_env(env)
    return env._("Ships on %(days)s only", days=", ".join(days.mapped("name")))
