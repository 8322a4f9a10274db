"""What the benchmarks share: copies of the templates, records in bulk, figures."""

import contextlib
import os
import subprocess
from random import Random

import odoo
from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.tools import SQL

OFFSET = 1_000_000  # between the ids of a row and of its copy


def row(label, value, budget, *, at_least=False):
    """Print one figure beside its budget; true where it is over budget."""
    good = value >= budget if at_least else value <= budget
    sign = ">=" if at_least else "<="
    print(f"{'ok  ' if good else 'OVER'} {label}: {value:.2f} (budget {sign} {budget})")
    return not good


def prepare(template, name, fill):
    """A copy of a template database, filled and analysed.

    :param fill: called with an environment; what it does is committed
    """
    database = f"{os.environ['BM_COPY_PREFIX']}_{name}"
    subprocess.run(["dropdb", "--if-exists", database], check=True, capture_output=True)
    subprocess.run(["createdb", "-T", template, database], check=True)
    with environment(database) as env:
        fill(env)
        env.cr.flush()
        env.cr.commit()
    with odoo.sql_db.db_connect(database).cursor() as cr:
        cr.execute("ANALYZE")
        cr.commit()
    return database


def vacuum(database, tables):
    """Clear away what rolled back transactions have left in these tables."""
    with contextlib.closing(odoo.sql_db.db_connect(database).cursor()) as cr:
        cr._cnx.autocommit = True  # PostgreSQL does it outside transactions only
        for table in tables:
            cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
        cr._cnx.autocommit = False


@contextlib.contextmanager
def environment(database):
    """An environment with all rights; what is not committed is lost."""
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})


def create_products(env, number):
    return env["product.product"].create(
        [
            {"name": f"Product {index}", "is_storable": True, "list_price": 10}
            for index in range(number)
        ]
    )


def fill_stock(env, products, quantity):
    """New products with plenty in stock."""
    stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
    env["stock.quant"].create(
        [
            {"product_id": product.id, "location_id": stock.id, "quantity": quantity}
            for product in create_products(env, products)
        ]
    )


def create_quotations(env, number, lines):
    """Quotations of random quantities of the products there are."""
    chance = Random(1)
    products = list(env["product.product"].search([("name", "like", "Product ")]))
    partners = env["res.partner"].create(
        [{"name": f"Customer {index}"} for index in range(50)]
    )
    return env["sale.order"].create(
        [
            {
                "partner_id": partners[index % 50].id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_uom_qty": chance.randint(1, 10),
                        }
                    )
                    for product in chance.sample(products, lines)
                ],
            }
            for index in range(number)
        ]
    )


def multiply(cr, times, tables):
    """Copy the rows of these tables and their links to each other, times - 1 times.

    Confirming 10,000 orders would take most of an hour and measure nothing.
    """
    tables = [table for table in tables if columns_of(cr, table)]
    for table in tables:
        copy_rows(cr, table, times, tables)
    for table in tables:
        if "id" in columns_of(cr, table):
            cr.execute(
                f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"
            )


def copy_rows(cr, table, times, tables):
    cr.execute(
        """
        SELECT a.attname, c.confrelid::regclass::text
          FROM pg_constraint c
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'f' AND c.conrelid = %s::regclass
        """,
        [table],
    )
    moved = {column for column, target in cr.fetchall() if target in tables} | {"id"}
    columns = columns_of(cr, table)
    values = [
        f'"{column}" + n * {OFFSET}'
        if column in moved
        else f"\"{column}\" || '-' || n"
        if column == "name" and table in ("sale_order", "stock_picking", "account_move")
        else f'"{column}"'
        for column in columns
    ]
    names = ", ".join(f'"{column}"' for column in columns)
    cr.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)}"
        f" FROM {table}, generate_series(1, {times - 1}) n ORDER BY n"
    )
    # or foreign keys that point here are checked with the plan for the few rows before
    cr.execute(f"ANALYZE {table}")


def columns_of(cr, table):
    cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY 1",
        [table],
    )
    return [column for (column,) in cr.fetchall()]
