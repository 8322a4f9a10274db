from odoo import fields, models


class BackorderWeekday(models.Model):
    """A day of the week, to choose several of."""

    _name = "backorder.weekday"
    _description = "Day of the Week"
    _order = "number"

    name = fields.Char(required=True, translate=True)
    number = fields.Integer(required=True, help="Monday is 0, Sunday 6.")

    _number_unique = models.Constraint(
        "UNIQUE (number)", "There is one record for each day of the week."
    )
    _number_of_a_day = models.Constraint(
        "CHECK (number BETWEEN 0 AND 6)", "Monday is 0, Sunday 6."
    )
