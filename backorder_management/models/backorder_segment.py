from __future__ import annotations

import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..planning import reallocation


class BackorderSegment(models.Model):
    """What may happen to some demands; the first segment that fits a demand counts."""

    _name = "backorder.segment"
    _description = "Segment of a Reallocation Strategy"
    _order = "sequence, id"

    strategy_id = fields.Many2one(
        "backorder.strategy", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(translate=True)
    filter_domain = fields.Char(
        "Demands",
        default="[]",
        required=True,
        help="Which demands it is about; no condition: all that no earlier segment "
        "is about.",
    )
    # The words of SAP's backorder processing, which people who plan stock know.
    outcome = fields.Selection(
        [
            (reallocation.WIN, "Win: gets all, or it is an exception"),
            (reallocation.GAIN, "Gain: keeps what it has, may get more"),
            (reallocation.IMPROVE, "Improve: tries to keep, may get more"),
            (reallocation.REDISTRIBUTE, "Redistribute: may gain or lose"),
            (reallocation.FILL, "Fill: may lose, never gains"),
            (reallocation.LOSE, "Lose: gives all back"),
            (reallocation.SKIP, "Skip: takes no part"),
        ],
        required=True,
        default=reallocation.GAIN,
    )

    @api.constrains("filter_domain")
    def _check_filter_domain(self):
        for segment in self:
            segment._get_domain(try_out=True)

    def _get_domain(self, try_out=False) -> Domain:
        """
        :param try_out: search with it: values of the wrong kind show only then
        :raise ValidationError: if it is no filter for demands (any more)
        """
        self.ensure_one()
        # sudo: a filter may speak of what the user who saves it may not read
        demands = self.env["backorder.demand"].sudo()
        try:
            domain = Domain(ast.literal_eval(self.filter_domain or "[]"))
            domain.validate(demands)
            if try_out:
                demands.search(domain, limit=1)
        except (ValueError, TypeError, SyntaxError, KeyError) as error:
            raise ValidationError(
                self.env._(
                    "The filter “%(filter)s” of strategy “%(strategy)s” cannot be "
                    "read: %(error)s. Build it again with the filter editor.",
                    filter=self.filter_domain,
                    strategy=self.strategy_id.name,
                    error=error,
                )
            ) from error
        return domain
