"""Cut-over: installing on years of orders, half-delivered ones among them.

Nothing is sent, and nothing is computed for orders that are long closed: their columns
start with the values of an order that was never short.
"""

from __future__ import annotations

import logging

from odoo.tools import SQL, split_every
from odoo.tools.sql import column_exists

_logger = logging.getLogger(__name__)

# Stored computed fields. Odoo computes those of a new column for each existing record,
# one after the other; a column that is already there it leaves alone.
NEW_COLUMNS = {
    "sale_order": {
        "backorder_state": ("varchar", "none"),
        "backorder_policy_id": ("int4", None),
        "backorder_policy_source": ("varchar", None),
        "has_delivery_groups": ("bool", False),
    },
    "sale_order_line": {
        "backorder_state": ("varchar", "none"),
        "qty_backorder_open": ("numeric", 0),
        "qty_allocated": ("numeric", 0),
        "qty_backordered": ("numeric", 0),
        "qty_cancelled": ("numeric", 0),
        "backorder_since": ("timestamp", None),
    },
    "stock_picking": {"backorder_state": ("varchar", "none")},
}
# Lines computed at once: enough to spread the cost of reading, little enough to keep
# memory flat on a large database.
BATCH = 2000


def pre_init_hook(env):
    """Create the columns with a constant default, which PostgreSQL does at once."""
    for table, columns in NEW_COLUMNS.items():
        for column, (kind, default) in columns.items():
            if column_exists(env.cr, table, column):
                continue
            env.cr.execute(
                SQL(
                    "ALTER TABLE %s ADD COLUMN %s %s DEFAULT %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    SQL(kind),
                    default,
                )
            )
            env.cr.execute(
                SQL(
                    "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT",
                    SQL.identifier(table),
                    SQL.identifier(column),
                )
            )


def post_init_hook(env):
    """Figures of all open demands and of orders cut short, the numbers of past
    shipments, and which of them were invoiced."""
    env = env(su=True)
    _follow_picking_policy(env)
    _number_past_shipments(env)
    _date_open_shortages(env)
    _refresh_open_demands(env)
    _find_expected_days(env)
    _compute_past_lines(env)
    env["backorder.shipment.link"]._match_all_past_invoices()


def uninstall_hook(env):
    """Nothing is held any more: deliveries are as ready as Odoo finds them.

    In SQL, as writing would have the planner decide again at the end of the
    transaction, when its tables are gone.
    """
    env = env(su=True)
    env.flush_all()
    columns = ["backorder_held", "backorder_may_ship", "backorder_hold_facts"]
    decided = env.execute_query(
        SQL(
            """
            UPDATE stock_picking
               SET backorder_held = NULL,
                   backorder_may_ship = NULL,
                   backorder_hold_facts = NULL
             WHERE (backorder_held OR backorder_may_ship
                    OR backorder_hold_facts IS NOT NULL)
               AND state NOT IN ('done', 'cancel')
         RETURNING id
            """
        )
    )
    pickings = env["stock.picking"].browse(picking_id for [picking_id] in decided)
    pickings.invalidate_recordset(columns, flush=False)
    for start in range(0, len(pickings), BATCH):
        batch = pickings[start : start + BATCH]
        env.add_to_compute(batch._fields["state"], batch)
        env.flush_all()
        env.invalidate_all()


def _follow_picking_policy(env):
    """Open orders that ship when all is ready have said so: that is their agreement,
    as if somebody had chosen Odoo's shipping policy today."""
    policy = env.ref(
        "backorder_management.policy_complete_order", raise_if_not_found=False
    )
    if not policy:
        return
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE sale_order
               SET backorder_policy_id = %s,
                   backorder_policy_source = 'order',
                   follows_picking_policy = TRUE
             WHERE picking_policy = 'one'
               AND backorder_policy_id IS NULL
               AND (state IN ('draft', 'sent')
                    OR (state = 'sale'
                        AND (COALESCE(delivery_status, '')
                                 NOT IN ('full', 'cut_short')
                             OR EXISTS (SELECT FROM stock_picking p
                                         WHERE p.sale_id = sale_order.id
                                           AND p.state NOT IN ('done', 'cancel')))))
            """,
            policy.id,
        )
    )
    env["sale.order"].invalidate_model(
        ["backorder_policy_id", "backorder_policy_source", "follows_picking_policy"]
    )


def _number_past_shipments(env):
    """An order's shipments from stock, in the order in which they left."""
    inter_company = env["stock.location"].search(
        [("id", "child_of", env["stock.move"]._inter_company().ids)]
    )
    env.cr.execute(
        SQL(
            """
            UPDATE stock_picking
               SET release_number = numbered.number
              FROM (SELECT p.id,
                           row_number() OVER (
                               PARTITION BY p.sale_id ORDER BY p.date_done, p.id
                           ) AS number
                      FROM stock_picking p
                      JOIN stock_location source ON source.id = p.location_id
                      JOIN stock_location target ON target.id = p.location_dest_id
                     WHERE p.state = 'done'
                       AND p.sale_id IS NOT NULL
                       AND source.usage = 'internal'
                       AND (target.usage = 'customer' OR target.id = ANY(%s))
                   ) AS numbered
             WHERE numbered.id = stock_picking.id
            """,
            inter_company.ids,
        )
    )
    env["stock.picking"].invalidate_model(["release_number"])


def _date_open_shortages(env):
    """What is short today has been so since, at the earliest, its move was made.

    Set for all that is not fully reserved; the refresh that follows clears it again
    where free stock covers the demand. Demo data are loaded before this hook runs, and
    know already since when they are short.
    """
    env.cr.execute(
        SQL(
            """
            UPDATE stock_move
               SET backorder_since = create_date
             WHERE sale_line_id IS NOT NULL
               AND backorder_since IS NULL
               AND state IN ('waiting', 'confirmed', 'partially_available')
            """
        )
    )
    env["stock.move"].invalidate_model(["backorder_since"])


def _find_expected_days(env):
    """When what is short can be there, some products at a time."""
    demands = env["backorder.demand"]
    products = demands._read_group([("qty_short", ">", 0)], ["product_id"])
    for batch in split_every(BATCH // 10, [product.id for [product] in products], list):
        demands._refresh_etas(batch)
        env.invalidate_all()


def _refresh_open_demands(env):
    """Fill the planner's table, a few products at a time."""
    demands = env["backorder.demand"]
    products = [
        product
        for [product] in env["stock.move"]._read_group(
            env["stock.move"]._get_open_sale_domain(),
            ["product_id"],
            order="product_id",
        )
    ]
    for product in products:
        demands._refresh_figures(product)
        env.invalidate_all()
    env.cr.execute(
        SQL(
            """
            UPDATE stock_move
               SET backorder_since = NULL
             WHERE backorder_since = create_date
               AND NOT EXISTS (SELECT FROM backorder_demand
                                WHERE move_id = stock_move.id AND qty_short > 0)
            """
        )
    )
    env.cr.execute(
        SQL(
            "UPDATE backorder_demand SET since = NULL, state = 'none'"
            " FROM stock_move WHERE stock_move.id = move_id"
            " AND qty_short = 0 AND backorder_since IS NULL"
        )
    )
    env.invalidate_all()


def _compute_past_lines(env):
    """Lines that are open, or closed without all of it having been delivered."""
    line_ids = [
        line_id
        for [line_id] in env.execute_query(
            SQL(
                """
                SELECT l.id
                  FROM sale_order_line l
                 WHERE l.state IN ('sale', 'cancel')
                   AND EXISTS (SELECT FROM stock_move m
                                WHERE m.sale_line_id = l.id
                                  AND (m.state NOT IN ('done', 'draft')
                                       OR m.quantity < m.product_uom_qty))
                 ORDER BY l.order_id, l.id
                """
            )
        )
    ]
    lines_model = env["sale.order.line"]
    fields = [lines_model._fields[name] for name in NEW_COLUMNS["sale_order_line"]]
    for start in range(0, len(line_ids), BATCH):
        lines = lines_model.browse(line_ids[start : start + BATCH])
        pickings = lines.move_ids.picking_id
        env.add_to_compute(pickings._fields["backorder_state"], pickings)
        for field in fields:
            env.add_to_compute(field, lines)
        env.add_to_compute(lines.order_id._fields["backorder_state"], lines.order_id)
        env.flush_all()
        env.invalidate_all()
        _logger.info("%s of %s lines computed", start + len(lines), len(line_ids))
