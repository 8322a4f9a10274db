"""The query behind the report on what was delivered and invoiced.

A chain of lateral joins, each of which may use what those before it found: whoever
reads a page, or one order, pays for its lines only. OFFSET 0 keeps PostgreSQL from
putting each expression into the next, where it would be computed at each use.
"""

from odoo.tools import SQL


def get_query() -> SQL:
    """The rows of the report."""
    return SQL(
        """
        SELECT line.id,
               line.id AS sale_line_id,
               line.order_id,
               orders.partner_id,
               orders.user_id,
               line.product_id,
               line.product_uom_id,
               orders.date_order,
               orders.company_id,
               company.currency_id,
               line.qty_delivered,
               line.qty_invoiced,
               quantity.to_invoice AS qty_to_invoice,
               amount.delivered AS amount_delivered,
               amount.posted AS amount_posted,
               amount.draft AS amount_draft,
               amount.to_invoice AS amount_to_invoice,
               part.total AS difference,
               part.total - part.quantity - part.ahead - part.rate
                   AS difference_price,
               part.ahead AS difference_ahead,
               part.rate AS difference_rate,
               part.quantity AS difference_quantity,
               %(reason)s AS reason
          FROM sale_order_line line
          JOIN sale_order orders ON orders.id = line.order_id
          JOIN product_product product ON product.id = line.product_id
          JOIN product_template template ON template.id = product.product_tmpl_id
          JOIN res_company company ON company.id = orders.company_id
          JOIN res_currency currency ON currency.id = company.currency_id
    CROSS JOIN LATERAL (%(invoiced)s) invoiced
    CROSS JOIN LATERAL (%(linked)s) linked
    CROSS JOIN LATERAL (%(included)s) included
    CROSS JOIN LATERAL (%(price)s OFFSET 0) price
    CROSS JOIN LATERAL (%(quantity)s OFFSET 0) quantity
    CROSS JOIN LATERAL (%(amount)s OFFSET 0) amount
    CROSS JOIN LATERAL (%(part)s OFFSET 0) part
         WHERE template.invoice_policy = 'delivery'
           AND line.qty_delivered_method = 'stock_move'
           AND line.display_type IS NULL
           AND line.is_downpayment IS NOT TRUE
           AND (line.qty_delivered <> 0 OR invoiced.lines > 0)
        """,
        reason=_get_reason(),
        invoiced=_select_invoiced(),
        linked=_select_linked(),
        included=_select_included(),
        price=_select_price(),
        quantity=_select_quantity(),
        amount=_select_amount(),
        part=_select_part(),
    )


def _select_invoiced() -> SQL:
    """What core counts as invoiced, and whether the invoice says what the order does.

    ``ordered`` is in the currency of the order; where an invoice is in another one,
    its amount is taken at the order's rate, as there is no rate to compare with.
    """
    return SQL(
        """
        SELECT COUNT(*) AS lines,
               COALESCE(SUM(-item.balance) FILTER (WHERE %(posted)s), 0) AS posted,
               COALESCE(SUM(-item.balance) FILTER (WHERE %(posted)s IS NOT TRUE), 0)
                   AS draft,
               COALESCE(
                   SUM(
                       CASE WHEN item.currency_id <> orders.currency_id
                            THEN -item.balance * %(rate)s
                            WHEN invoice.move_type = 'out_refund'
                            THEN -item.price_subtotal
                            ELSE item.price_subtotal
                       END
                   ),
                   0
               ) AS ordered,
               BOOL_OR(
                   item.price_unit <> line.price_unit
                   OR COALESCE(item.discount, 0) <> COALESCE(line.discount, 0)
               ) AS repriced,
               BOOL_OR(item.product_id IS DISTINCT FROM line.product_id)
                   AS other_product
          FROM sale_order_line_invoice_rel rel
          JOIN account_move_line item ON item.id = rel.invoice_line_id
          JOIN account_move invoice ON invoice.id = item.move_id
         WHERE rel.order_line_id = line.id
           AND item.display_type = 'product'
           AND invoice.move_type IN ('out_invoice', 'out_refund')
           AND (
               invoice.state <> 'cancel'
               OR invoice.payment_state = 'invoicing_legacy'
           )
        """,
        posted=SQL(
            "(invoice.state = 'posted' OR invoice.payment_state = 'invoicing_legacy')"
        ),
        rate=_get_rate(),
    )


def _select_linked() -> SQL:
    """How much has found its shipment of what was invoiced and not delivered."""
    return SQL(
        """
        SELECT COALESCE(SUM(link.quantity), 0) AS quantity
          FROM backorder_shipment_link link
          JOIN account_move_line item ON item.id = link.invoice_line_id
         WHERE link.sale_line_id = line.id
           AND line.qty_to_invoice < 0
           AND item.parent_state <> 'cancel'
        """
    )


def _select_included() -> SQL:
    """Taxes that are, or may be, in the price of the order line."""
    return SQL(
        """
        SELECT COUNT(*) AS taxes,
               COALESCE(SUM(tax.amount) FILTER (WHERE tax.amount_type = 'percent'), 0)
                   AS percent
          FROM account_tax_sale_order_line_rel rel
          JOIN account_tax tax ON tax.id = rel.account_tax_id
          JOIN res_company owner ON owner.id = tax.company_id
         WHERE rel.sale_order_line_id = line.id
           AND (
               tax.amount_type = 'group'
               OR COALESCE(
                   tax.price_include_override, owner.account_price_include
               ) = 'tax_included'
           )
        """
    )


def _select_price() -> SQL:
    """Untaxed price of one unit in the currency of the company, not rounded.

    Of a line for which nothing was ordered (added on the transfer) core has no
    untaxed amount: included percentages are taken out here.
    """
    return SQL(
        """
        SELECT CASE WHEN included.taxes = 0 THEN %(price)s
                    WHEN line.product_uom_qty <> 0
                    THEN line.price_subtotal / line.product_uom_qty
                    ELSE %(price)s / (1 + included.percent / 100)
               END / %(rate)s AS unit
        """,
        price=SQL("line.price_unit * (1 - COALESCE(line.discount, 0) / 100)"),
        rate=_get_rate(),
    )


def _select_quantity() -> SQL:
    """Core wants to credit what was invoiced ahead; that is to be delivered."""
    return SQL(
        """
        SELECT line.qty_to_invoice + ahead.quantity AS to_invoice,
               ahead.quantity AS ahead,
               line.qty_delivered - line.qty_invoiced - line.qty_to_invoice
                   AS forgotten
          FROM (
                   SELECT GREATEST(
                       LEAST(
                           -line.qty_to_invoice,
                           line.qty_invoiced - linked.quantity
                       ),
                       0
                   ) AS quantity
               ) ahead
        """
    )


def _select_amount() -> SQL:
    return SQL(
        """
        SELECT %(delivered)s AS delivered,
               invoiced.posted AS posted,
               invoiced.draft AS draft,
               %(to_invoice)s AS to_invoice
        """,
        delivered=_round(SQL("line.qty_delivered * price.unit")),
        to_invoice=_round(SQL("quantity.to_invoice * price.unit")),
    )


def _select_part() -> SQL:
    """The difference, and what of it is explained by quantities and rates."""
    return SQL(
        """
        SELECT amount.delivered - amount.posted - amount.draft - amount.to_invoice
                   AS total,
               %(quantity)s AS quantity,
               -%(ahead)s AS ahead,
               %(rate)s AS rate
        """,
        quantity=_round(SQL("quantity.forgotten * price.unit")),
        ahead=_round(SQL("quantity.ahead * price.unit")),
        rate=_round(
            SQL(
                "invoiced.ordered / %s - invoiced.posted - invoiced.draft",
                _get_rate(),
            )
        ),
    )


def _get_reason() -> SQL:
    """The greatest part; each invoice line may be rounded by a cent, no more."""
    return SQL(
        """
        CASE WHEN part.total = 0 THEN 'none'
             WHEN ABS(part.quantity) >= GREATEST(
                      ABS(part.ahead), ABS(part.rate), ABS(%(price)s)
                  ) AND part.quantity <> 0
             THEN CASE WHEN orders.state = 'cancel' THEN 'cancelled'
                       ELSE 'quantity' END
             WHEN ABS(part.ahead) >= GREATEST(ABS(part.rate), ABS(%(price)s))
                  AND part.ahead <> 0
             THEN 'ahead'
             WHEN ABS(part.rate) >= ABS(%(price)s)
                  AND ABS(part.rate) > invoiced.lines * currency.rounding
             THEN 'rate'
             WHEN invoiced.other_product AND %(price)s <> 0 THEN 'product'
             WHEN invoiced.repriced AND %(price)s <> 0
                  OR ABS(%(price)s) > (invoiced.lines + 1) * currency.rounding
             THEN 'price'
             ELSE 'rounding'
        END
        """,
        price=SQL("(part.total - part.quantity - part.ahead - part.rate)"),
    )


def _get_rate() -> SQL:
    """Currency of the order per currency of the company, when it was ordered."""
    return SQL("COALESCE(NULLIF(orders.currency_rate, 0), 1)")


def _round(amount: SQL) -> SQL:
    return SQL("ROUND(%s / currency.rounding) * currency.rounding", SQL("(%s)", amount))
