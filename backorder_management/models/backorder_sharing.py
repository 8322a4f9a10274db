from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL

# Well below the second after which PostgreSQL looks for deadlocks.
PATIENCE = "100ms"


@contextmanager
def impatient(cr):
    """Wait for nobody's locks for long.

    :raise psycopg2.errors.LockNotAvailable: somebody else is at work
    """
    # a rollback restores it
    cr.execute(
        "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)",
        [PATIENCE],
    )
    [before, _now] = cr.fetchone()
    yield
    cr.execute("SELECT set_config('lock_timeout', %s, true)", [before])


class BackorderSharing(models.Model):
    """When the free stock of a product was last shared among unreserved demands.

    Its one row per product is what two transactions that do so at the same moment
    collide on; nobody else reads or writes it. One transaction may share several times,
    in any order of products: whoever comes second is refused soon instead of waiting,
    so that they cannot wait for each other, and no transfer waits for figures.
    """

    _name = "backorder.sharing"
    _description = "Sharing of Free Stock"
    _log_access = False

    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, ondelete="cascade"
    )
    shared_at = fields.Datetime(readonly=True)

    _product_unique = models.UniqueIndex("(product_id)")

    @api.model
    def _claim(self, product_ids):
        """Be the only one to share these products until this transaction ends.

        :raise psycopg2.errors.SerializationFailure: somebody else has done so since
            this transaction began; what it knows is outdated
        :raise psycopg2.errors.LockNotAvailable: somebody else is just doing so
        """
        cr = self.env.cr
        with impatient(cr):
            cr.execute(
                SQL(
                    """
                    INSERT INTO backorder_sharing (product_id, shared_at)
                    SELECT id, now() AT TIME ZONE 'UTC'
                      FROM unnest(%s::int[]) AS product(id)
                     ORDER BY id
                    ON CONFLICT (product_id)
                    DO UPDATE SET shared_at = EXCLUDED.shared_at
                    """,
                    list(product_ids),
                )
            )
