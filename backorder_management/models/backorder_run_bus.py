"""Open lists follow what runs do."""

from odoo import models

DIVIDED = "backorder_management/divided"


class BackorderRun(models.Model):
    _inherit = "backorder.run"

    def write(self, vals):
        """Applied and undone runs are said to the browsers of all internal users: no
        more than their ids, as each list reads what its user may see."""
        result = super().write(vals)
        if vals.get("state") in ("applied", "undone"):
            internal = self.env.ref("base.group_user")
            for run in self:
                internal._bus_send(DIVIDED, {"run_id": run.id})
        return result
