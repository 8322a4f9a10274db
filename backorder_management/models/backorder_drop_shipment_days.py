"""When what a vendor sends to the customer can be there, read from its own transfer."""

from __future__ import annotations

from odoo.tools import SQL

from ..planning.eta import Part
from .backorder_eta import OWN_CHAIN, EtaFinder
from .company_days import CompanyDays
from .stock_move import OPEN_STATES


def find_drop_shipped(env, order_ids, picking_ids, finder: EtaFinder) -> list[tuple]:
    """
    :param order_ids: sales orders
    :param picking_ids: transfers, also of other orders
    :param finder: estimates when vendors deliver
    :return: ids of transfer, order line, order and move, and the `Part`; without a
        transfer and without a day what nobody has confirmed to the vendor yet
    """
    rows = _read_drop_shipped(env, order_ids, picking_ids)
    moves = env["stock.move"].browse([move_id for *_ids, move_id in rows if move_id])
    # Odoo's word: the vendors of purchases between companies are transits
    days = _find_days(moves.filtered(lambda move: move._is_dropshipped()), finder)
    return [
        ((*ids, move_id), Part(days.get(move_id), OWN_CHAIN, None))
        for *ids, move_id in rows
        if not move_id or move_id in days
    ]


def _read_drop_shipped(env, order_ids, picking_ids) -> list[tuple]:
    """Open moves out of anything but a stock of ours, and lines of purchases that are
    not confirmed. In one query, as it is asked whenever a day has changed."""
    return env.execute_query(
        SQL(
            """
            WITH moved(id) AS (
                SELECT move.id
                  FROM sale_order_line line
                  JOIN stock_move move ON move.sale_line_id = line.id
                 WHERE line.order_id = ANY(%(orders)s) AND move.state IN %(states)s
                 UNION
                SELECT id
                  FROM stock_move
                 WHERE picking_id = ANY(%(pickings)s) AND state IN %(states)s)
            SELECT move.picking_id, line.id, line.order_id, move.id
              FROM moved
              JOIN stock_move move ON move.id = moved.id
              JOIN sale_order_line line ON line.id = move.sale_line_id
              JOIN stock_location source ON source.id = move.location_id
             WHERE source.usage IN ('supplier', 'transit')
             UNION ALL
            SELECT NULL, line.id, line.order_id, NULL
              FROM sale_order_line line
              JOIN purchase_order_line bought ON bought.sale_line_id = line.id
              JOIN purchase_order purchase ON purchase.id = bought.order_id
              JOIN product_product product ON product.id = bought.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
             WHERE line.order_id = ANY(%(orders)s) AND line.state = 'sale'
               AND purchase.state IN ('draft', 'sent', 'to approve')
               AND bought.product_qty > 0 AND template.type = 'consu'
            """,
            orders=list(order_ids),
            pickings=list(picking_ids),
            states=OPEN_STATES,
        )
    )


def _find_days(moves, finder: EtaFinder) -> dict:
    """The day on which the customer has what each of these brings, by move id.

    The vendor's: neither our steps nor the days on which we work matter.
    """
    result = {}
    for company, own in moves.grouped("company_id").items():
        days = CompanyDays(company, finder.now)
        records = finder.get_records(company, own)
        for move in own:
            result[move.id] = finder.estimate(move, days, records).likely
    return result
