import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

# Products refreshed between two commits of the scheduled action.
BATCH = 50
# Until it is tried again where another transaction was in the way.
RETRY_MINUTES = 1


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
        return self.env["stock.move"]._get_queue_limit()

    @api.model
    def _queue(self, product_ids, error=False):
        """Have the scheduled action refresh these products soon."""
        self.create(
            [
                {"product_id": product_id, "error": error}
                for product_id in sorted(product_ids)
            ]
        )
        self._trigger()

    @api.model
    def _trigger(self, delay=timedelta()):
        """Have the scheduled action run, after a delay at the earliest."""
        self.env.ref("backorder_management.ir_cron_refresh")._trigger(
            fields.Datetime.now() + delay
        )

    @api.model
    def _run_pending(self):
        """Refresh what was queued, some products at a time, committing on the way; what
        fails stays, and waits behind the others the next time."""
        cron = self.env["ir.cron"]
        seen: list[int] = []
        while waiting := self._get_waiting(BATCH, seen):
            seen += waiting.ids
            done = self._work_off(waiting)
            left = self.search_count([("id", "not in", seen)])
            if not cron._commit_progress(done, remaining=left):
                break

    @api.model
    def _refresh_next(self, limit: int) -> int:
        """Refresh the products of the next entries.

        :return: how many entries were worked off
        """
        return self._work_off(self._get_waiting(limit))

    @api.model
    def _get_waiting(self, limit: int, seen=()):
        domain = [("id", "not in", list(seen))]
        return self.search(domain, limit=limit, order="error desc, id")

    @api.model
    def _work_off(self, waiting) -> int:
        """All at once or, where that fails, one by one; one that fails stays, with its
        error."""
        count = len(waiting)
        if not self._refresh_entries(waiting):
            count = sum(self._refresh_entries(entry) for entry in waiting)
        if not all(waiting.exists().mapped("error")):
            # somebody was working on the same products: once that is done
            self._trigger(timedelta(minutes=RETRY_MINUTES))
        return count

    @api.model
    def _refresh_entries(self, entries) -> bool:
        """:return: whether it worked; the entries are gone then"""
        products = entries.product_id
        try:
            with self.env.cr.savepoint():
                self.env["backorder.demand"]._refresh_products(products)
                entries.unlink()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            entries.error = False
            return False
        except Exception as error:  # pylint: disable=broad-except
            # one product must not keep the others from being right
            _logger.exception("Backorder figures of %s", products.ids)
            entries.error = str(error)
            return False
        return True
