from __future__ import annotations

from odoo import fields
from odoo.tools import format_date
from odoo.tools.misc import formatLang

from ..planning.acceptance import Arrivals

SHOWN = 3  # arrivals in a row before the others are only added up


class Words:
    """Quantities and dates in the language and time zone of an environment."""

    def __init__(self, env):
        self.env = env

    def get_number(self, quantity: float) -> str:
        return formatLang(self.env, quantity, dp="Product Unit")

    def get_quantity(self, quantity: float, unit) -> str:
        return f"{self.get_number(quantity)} {unit.with_env(self.env).name}"

    def get_arrivals(self, arrivals: Arrivals) -> str:
        """How much comes when."""
        if not arrivals:
            return self.env._("nothing")
        texts = [
            self.env._(
                "%(quantity)s on %(date)s",
                quantity=self.get_number(quantity),
                date=self._get_date(date),
            )
            for date, quantity in arrivals[:SHOWN]
        ]
        if later := sum(quantity for _date, quantity in arrivals[SHOWN:]):
            texts.append(
                self.env._("%(quantity)s later", quantity=self.get_number(later))
            )
        return ", ".join(texts)

    def _get_date(self, date) -> str:
        record = self.env["base"]
        return format_date(self.env, fields.Datetime.context_timestamp(record, date))
