from odoo import models


class BackorderRefresh(models.Model):
    _inherit = "backorder.refresh"

    def action_retry(self):
        """Have the scheduled action look at all that is pending, now."""
        self.check_access("unlink")  # those who may also give up on an entry
        cron = self.env.ref("backorder_management.ir_cron_refresh")
        # sudo: a warehouse manager may ask for the work, the settings stay closed
        cron.sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("The figures will be refreshed in a moment."),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
