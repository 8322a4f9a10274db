from odoo import api, fields, models


class BackorderRefresh(models.Model):
    """Products whose figures wait for the scheduled refresh, and why."""

    _name = "backorder.refresh"
    _description = "Pending Refresh of Backorder Figures"
    _order = "id"

    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="cascade"
    )
    error = fields.Char(
        readonly=True, help="Why the figures could not be refreshed at once."
    )

    @api.model
    def _get_limit(self) -> int:
        """Number of demands above which work is left to the scheduled action."""
        value = (
            self.env["ir.config_parameter"]
            .sudo()  # system parameter, read on behalf of any user
            .get_param("backorder_management.queue_above", "5000")
        )
        return int(value)

    @api.model
    def _queue(self, product_ids, error=False):
        """Have the scheduled action refresh these products soon."""
        self.create(
            [
                {"product_id": product_id, "error": error}
                for product_id in sorted(product_ids)
            ]
        )
        self.env.ref("backorder_management.ir_cron_refresh")._trigger()

    @api.model
    def _run_pending(self, batch=50):
        """Refresh what was queued, product by product, committing on the way."""
        cron = self.env["ir.cron"]
        while waiting := self.search([], limit=batch):
            products = waiting.product_id
            waiting.unlink()
            self.env["backorder.demand"]._refresh_products(products)
            remaining = self.search_count([])
            if not cron._commit_progress(len(products), remaining=remaining):
                break
