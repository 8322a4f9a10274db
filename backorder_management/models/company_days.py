"""Days as a company counts them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from odoo import fields

from ..planning.work_days import WorkDays, find_ready_day

# Days looked up in the working calendar at once.
WINDOW = timedelta(days=62)


class CompanyDays:
    """Days as a company counts them: in its time zone, by its working calendar."""

    def __init__(self, company, now: datetime):
        self.company = company
        self.find_day = company._remember_days()
        self.today: date = self.find_day(now)
        self.security = round(company.security_lead)
        self.work_days = WorkDays(self.is_off)
        self._off: dict[date, bool] = {}
        self._first: date | None = None

    @property
    def first(self) -> date:
        """Today, or the next day on which somebody works."""
        if self._first is None:
            self._first = self.find_ready(self.today, 0)
        return self._first

    def find_ready(self, day: date, steps: int) -> date:
        return find_ready_day(day, self.today, steps, self.work_days)

    def is_off(self, day: date) -> bool:
        """Whether nobody works on a day, public holidays included."""
        if day not in self._off:
            self._off.update(self._read_off(day))
        return self._off.get(day, False)

    def _read_off(self, day: date) -> dict[date, bool]:
        calendar = self.company.resource_calendar_id
        start = datetime(day.year, day.month, day.day)
        found = calendar._get_unusual_days(start, start + WINDOW, self.company)
        result = {
            fields.Date.to_date(name): bool(is_off) for name, is_off in found.items()
        }
        return {day: False, **result}
