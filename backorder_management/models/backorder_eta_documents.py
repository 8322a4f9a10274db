"""The expected day of order lines, orders and deliveries: the last of their demands'.

Read with one query and written with one statement each, as ten thousand may change with
one arrival; nothing is computed from these days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from odoo.tools import SQL

from ..planning.eta import Departures, Part, find_last_of_all, find_latest
from .backorder_drop_shipment_days import find_drop_shipped
from .backorder_eta import STOCK, EtaFinder
from .stock_move import OPEN_STATES


def store_document_etas(env, line_ids, order_ids, move_ids, now: datetime) -> None:
    """Store the days of these lines and orders, and of the moves' deliveries, where
    they have changed.

    :param line_ids: of these orders
    :param move_ids: steps of deliveries
    :param now: UTC; nothing is expected before
    """
    env.flush_all()
    picking_ids = _find_pickings(env, move_ids)
    dropped = find_drop_shipped(env, order_ids, picking_ids, EtaFinder(env, now))
    parts = [*read_parts_of_orders(env, order_ids, now), *dropped]
    by_line, by_order = defaultdict(list), defaultdict(list)
    for (_owner, line_id, order_id, _move_id), part in parts:
        by_line[line_id].append(part)
        by_order[order_id].append(part)
    lines = env["sale.order.line"].browse(by_line)
    together = lines._map_leaving_together()
    departures = Departures(by_line, together)
    _store(
        lines,
        {
            line_id: departures.find_day(line_id) if line_id in by_line else None
            for line_id in {*line_ids, *together}
        },
    )
    _store(
        env["sale.order"],
        {order_id: find_last_of_all(by_order[order_id]) for order_id in order_ids},
    )
    if together:
        leaving = {
            move_id
            for (_owner, line_id, _order, move_id), _part in parts
            if move_id and line_id in together
        }
        picking_ids = _find_pickings(env, leaving.union(move_ids))
    _store_of_pickings(env, picking_ids, dropped, departures, now)


def read_parts_of_orders(env, order_ids, now: datetime) -> Iterable[tuple[tuple, Part]]:
    """
    :return: (nothing, id of the line, of the order, of the move), and what is expected
        of the move; without what vendors send to customers
    """
    nobody = SQL(
        "SELECT NULL::int AS owner_id, id AS move_id FROM stock_move WHERE FALSE"
    )
    condition = SQL("line.order_id = ANY(%s)", list(order_ids))
    return _make_parts(env, _read_parts(env, nobody, condition), now)


def _store_of_pickings(
    env, picking_ids: list[int], dropped, departures: Departures, now: datetime
) -> None:
    """Of each, the last of its own moves and of the steps before them.

    :param dropped: what vendors send to customers, as of `find_drop_shipped`
    :param departures: of their lines
    """
    if not picking_ids:
        return
    steps = SQL(
        """
        SELECT move.picking_id AS owner_id, move.id AS move_id
          FROM stock_move move
         WHERE move.picking_id = ANY(%s) AND move.state IN %s
         UNION
        SELECT step.owner_id, chain.move_orig_id
          FROM step
          JOIN stock_move_move_rel chain ON chain.move_dest_id = step.move_id
        """,
        picking_ids,
        OPEN_STATES,
    )
    rows = _read_parts(env, steps, SQL("step.owner_id IS NOT NULL"))
    by_picking = defaultdict(list)
    parts = [*_make_parts(env, rows, now), *dropped]
    for (picking_id, line_id, *_others), part in parts:
        by_picking[picking_id].append(departures.adjust(line_id, part))
    _store(
        env["stock.picking"],
        {picking_id: find_latest(by_picking[picking_id]) for picking_id in picking_ids},
    )


def _read_parts(env, steps: SQL, condition: SQL) -> list[tuple]:
    """Demands, and goods that are on their way through later steps of deliveries of
    lines that were short.

    :param steps: a recursive query of owners and moves
    :param condition: which order lines, or steps
    :return: owner, line, order, move, company, day, kind (None: on its way), the
        moment that was agreed on, or for which the step is scheduled, and warehouse
    """
    return env.execute_query(
        SQL(
            """
            WITH RECURSIVE step(owner_id, move_id) AS (%(steps)s)
            SELECT step.owner_id, line.id, line.order_id, d.move_id, d.company_id,
                   d.eta, COALESCE(d.eta_kind, ''), d.date_needed, d.warehouse_id
              FROM sale_order_line line
              JOIN backorder_demand d ON d.sale_line_id = line.id
              LEFT JOIN step ON step.move_id = d.move_id
             WHERE %(condition)s
             UNION ALL
            SELECT step.owner_id, line.id, line.order_id, move.id, move.company_id,
                   NULL, NULL, move.date, source.warehouse_id
              FROM sale_order_line line
              JOIN stock_move move ON move.sale_line_id = line.id
              JOIN stock_location source ON source.id = move.location_id
              JOIN stock_location target
                ON target.id = COALESCE(move.location_final_id, move.location_dest_id)
              LEFT JOIN step ON step.move_id = move.id
             WHERE %(condition)s AND line.backorder_since IS NOT NULL
               AND source.usage <> 'supplier'
               AND move.state IN %(states)s AND target.usage IN ('customer', 'transit')
               AND NOT EXISTS (
                    SELECT FROM backorder_demand d WHERE d.move_id = move.id)
               AND NOT EXISTS (
                    SELECT FROM stock_move_move_rel chain
                      JOIN stock_move origin ON origin.id = chain.move_orig_id
                     WHERE chain.move_dest_id = move.id
                       AND origin.state IN %(states)s)
            """,
            steps=steps,
            condition=condition,
            states=OPEN_STATES,
        )
    )


def _make_parts(env, rows, now: datetime) -> Iterable[tuple[tuple, Part]]:
    find_day = {
        company.id: company._remember_days()
        for company in env["res.company"].browse({row[4] for row in rows})
    }
    for *owners, company_id, eta, kind, moment, place in rows:
        day = find_day[company_id](moment)
        if kind is None:
            today = find_day[company_id](now)
            part = Part(max(day, today), STOCK, None, place)
        else:
            part = Part(eta, kind, day, place)
        yield tuple(owners), part


def _find_pickings(env, move_ids) -> list[int]:
    """Deliveries of these moves, and of the steps that follow them."""
    rows = env.execute_query(
        SQL(
            """
            WITH RECURSIVE onward(move_id) AS (
                SELECT unnest(%s::int[])
                 UNION
                SELECT chain.move_dest_id
                  FROM onward
                  JOIN stock_move_move_rel chain ON chain.move_orig_id = onward.move_id)
            SELECT DISTINCT move.picking_id
              FROM onward
              JOIN stock_move move ON move.id = onward.move_id
             WHERE move.picking_id IS NOT NULL
            """,
            list(move_ids),
        )
    )
    return [picking_id for [picking_id] in rows]


def _store(model, etas: dict) -> None:
    """:param etas: days by id, None: none"""
    if not etas:
        return
    cr = model.env.cr
    cr.execute(
        SQL(
            """
            WITH locked AS (
                SELECT target.id, fresh.eta
                  FROM %(table)s target
                  JOIN unnest(%(ids)s::int[], %(etas)s::date[]) AS fresh(id, eta)
                    ON fresh.id = target.id
                 WHERE target.backorder_eta IS DISTINCT FROM fresh.eta
                 ORDER BY target.id
                   FOR NO KEY UPDATE OF target)
            UPDATE %(table)s target
               SET backorder_eta = locked.eta
              FROM locked
             WHERE target.id = locked.id
            """,
            table=SQL.identifier(model._table),
            ids=list(etas),
            etas=list(etas.values()),
        )
    )
    if cr.rowcount:
        model.browse(etas).invalidate_recordset(["backorder_eta"], flush=False)
