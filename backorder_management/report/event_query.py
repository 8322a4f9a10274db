"""Where the events of the timeline are read from, a query for each kind."""

from odoo.tools import SQL

# So many kinds of sources: ids of events are those of their sources, times this, plus
# the number of the kind.
SOURCES = 16


def get_query() -> SQL:
    """All events, with the facts of their orders.

    A subquery gives: number of the source, id there, moment, kind, order line (or
    none), order, user, quantity, unit, day, note, model and id of what to open.
    """
    parts = SQL(" UNION ALL ").join(
        (
            _get_orders(),
            _get_shortages(),
            _get_promises(),
            _get_runs(),
            _get_shipments(),
            _get_invoices(),
            _get_notices(),
            _get_choices(),
            _get_cancellations(),
            _get_replacements(),
        )
    )
    return SQL(
        """
        SELECT event.source_id::bigint * %(sources)s + event.source AS id, event.date,
               event.source AS sequence,
               event.kind, event.order_id, event.line_id AS sale_line_id,
               line.product_id, o.company_id, o.partner_id,
               o.user_id AS salesperson_id, event.user_id, event.quantity,
               COALESCE(event.uom_id, line.product_uom_id) AS product_uom_id,
               event.day, event.note, event.res_model, event.res_id
          FROM (%(parts)s)
            AS event(source, source_id, date, kind, line_id, order_id, user_id,
                     quantity, uom_id, day, note, res_model, res_id)
          JOIN sale_order o ON o.id = event.order_id
          LEFT JOIN sale_order_line line ON line.id = event.line_id
         WHERE EXISTS (
               SELECT FROM sale_order_line short
                WHERE short.order_id = o.id AND short.backorder_since IS NOT NULL)
        """,
        sources=SOURCES,
        parts=parts,
    )


def _get_orders() -> SQL:
    return SQL(
        """
        SELECT 1, o.id, o.date_order, 'confirmed', NULL::int, o.id, o.user_id,
               NULL::numeric, NULL::int, NULL::date, NULL::varchar,
               'sale.order', o.id
          FROM sale_order o
         WHERE o.state = 'sale'
        """
    )


def _get_shortages() -> SQL:
    return SQL(
        """
        SELECT 2, line.id, line.backorder_since, 'short', line.id, line.order_id,
               NULL::int, NULL::numeric, NULL::int, NULL::date, NULL::varchar,
               'sale.order', line.order_id
          FROM sale_order_line line
         WHERE line.backorder_since IS NOT NULL
        """
    )


def _get_promises() -> SQL:
    return SQL(
        """
        SELECT 3, promise.id, promise.told_at,
               CASE promise.reason WHEN 'later' THEN 'slipped'
                                   WHEN 'earlier' THEN 'advanced'
                                   ELSE 'promised' END,
               promise.sale_line_id, promise.order_id, promise.user_id, NULL::numeric,
               NULL::int, promise.date, promise.note, 'sale.order', promise.order_id
          FROM backorder_promise promise
        """
    )


def _get_runs() -> SQL:
    """Quantities of runs are in the product's unit."""
    return SQL(
        """
        SELECT 4, run_line.id, run.applied_at,
               CASE WHEN run_line.qty_after > run_line.qty_before THEN 'allocated'
                    ELSE 'passed_on' END,
               run_line.sale_line_id, run_line.order_id, NULL::int,
               ABS(run_line.qty_after - run_line.qty_before)::numeric,
               template.uom_id, NULL::date, run.name, 'backorder.run', run.id
          FROM backorder_run_line run_line
          JOIN backorder_run run ON run.id = run_line.run_id
          JOIN product_product product ON product.id = run_line.product_id
          JOIN product_template template ON template.id = product.product_tmpl_id
         WHERE run.state = 'applied' AND run.applied_at IS NOT NULL
           AND run_line.qty_after <> run_line.qty_before
        """
    )


def _get_shipments() -> SQL:
    return SQL(
        """
        SELECT 5, move.id, move.date,
               CASE WHEN target.usage = 'customer' THEN 'shipped' ELSE 'returned' END,
               line.id, line.order_id, NULL::int, move.quantity::numeric,
               move.product_uom, NULL::date, picking.name, 'stock.picking', picking.id
          FROM stock_move move
          JOIN sale_order_line line ON line.id = move.sale_line_id
          JOIN stock_location source ON source.id = move.location_id
          JOIN stock_location target ON target.id = move.location_dest_id
          LEFT JOIN stock_picking picking ON picking.id = move.picking_id
         WHERE move.state = 'done'
           AND (target.usage = 'customer') <> (source.usage = 'customer')
        """
    )


def _get_invoices() -> SQL:
    return SQL(
        """
        SELECT 6, MIN(invoice_line.id),
               CASE WHEN invoice.invoice_date = invoice.create_date::date
                    THEN invoice.create_date
                    ELSE invoice.invoice_date::timestamp END,
               CASE invoice.move_type WHEN 'out_refund' THEN 'credited'
                                      ELSE 'invoiced' END,
               NULL::int, line.order_id, NULL::int, NULL::numeric, NULL::int,
               NULL::date, invoice.name, 'account.move', invoice.id
          FROM account_move invoice
          JOIN account_move_line invoice_line ON invoice_line.move_id = invoice.id
          JOIN sale_order_line_invoice_rel link
            ON link.invoice_line_id = invoice_line.id
          JOIN sale_order_line line ON line.id = link.order_line_id
         WHERE invoice.state = 'posted'
         GROUP BY invoice.id, line.order_id
        """
    )


def _get_notices() -> SQL:
    return SQL(
        """
        SELECT 7, MIN(told.id), notice.told_at, 'told', NULL::int, told.order_id,
               notice.asked_by_id, NULL::numeric, NULL::int, NULL::date,
               notice.subject, 'backorder.notice', notice.id
          FROM backorder_notice notice
          JOIN backorder_notice_line told ON told.notice_id = notice.id
         WHERE notice.told_at IS NOT NULL
         GROUP BY notice.id, told.order_id
        """
    )


def _get_choices() -> SQL:
    return SQL(
        """
        SELECT 8, choice.id, choice.made_at, 'chosen', choice.sale_line_id,
               choice.order_id, NULL::int, choice.quantity::numeric, NULL::int,
               NULL::date, choice.kind, 'backorder.choice', choice.id
          FROM backorder_choice choice
         WHERE choice.made_at IS NOT NULL
        """
    )


def _get_cancellations() -> SQL:
    return SQL(
        """
        SELECT 9, cancellation.id, cancellation.date, 'cancelled',
               cancellation.sale_line_id, cancellation.order_id, cancellation.user_id,
               cancellation.quantity::numeric, NULL::int, NULL::date,
               cancellation.note, 'sale.order', cancellation.order_id
          FROM backorder_cancellation cancellation
        """
    )


def _get_replacements() -> SQL:
    return SQL(
        """
        SELECT 10, line.id, line.create_date, 'replaced', line.id, line.order_id,
               line.create_uid, line.product_uom_qty::numeric, NULL::int, NULL::date,
               NULL::varchar, 'sale.order', line.order_id
          FROM sale_order_line line
         WHERE line.substitute_for_id IS NOT NULL
        """
    )
