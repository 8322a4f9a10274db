"""Databases: templates that take a while to make, and copies that take a second.

All files of a template are kept inside the database, so that a copy is complete.
A template is made under another name and renamed when it is ready.
"""

import contextlib
import hashlib
import os

from shared.odoo import run_odoo, shell
from shared.paths import ADDON, CONFIG

# What Odoo's own test suites want beside each other (see tests_odoo/README.md).
PLAIN_MODULES = (
    "sale_management",
    "sale_stock",
    "purchase_stock",
    "sale_mrp",
    "stock_delivery",
    "stock_dropshipping",
    "stock_picking_batch",
)
# What our own tests want too, to prove that we get along with it.
_TESTED_WITH = ("account_debit_note", "product_expiry")
_NOT_IN_DATABASE = {"tests", "static", "i18n", "planning", "readme", "__pycache__"}
_KEPT_TEMPLATES = 2  # another command may still be at work with the one before
FILES_INTO_DATABASE = """
env["ir.config_parameter"].set_param("ir_attachment.location", "db")
env["ir.attachment"].force_storage()
"""


def addon_hash():
    """Changes when what the add-on puts into a database may have changed."""
    digest = hashlib.sha256()
    for path in sorted(ADDON.rglob("*")):
        inside = path.relative_to(ADDON)
        if path.is_file() and not _NOT_IN_DATABASE & set(inside.parts):
            digest.update(f"{inside}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:10]


def exists(server, name):
    return bool(server.sql(f"select 1 from pg_database where datname = '{name}'"))


def copy(server, template, name):
    drop(server, name)
    server.sql(f'create database "{name}" template "{template}"')


def drop(server, name):
    server.sql(f'drop database if exists "{name}" with (force)')


def rename(server, name, new_name):
    drop(server, new_name)
    server.sql(f'alter database "{name}" rename to "{new_name}"')


def names(server, beginning):
    """Our databases with this beginning, the newest first."""
    rows = server.sql(
        "select datname from pg_database where "
        f"starts_with(datname, '{server.prefix}{beginning}') order by oid desc"
    )
    return [row[0] for row in rows]


def plain_template(odoo, server):
    """A database with Odoo's own modules, without demo data and without ours."""
    facts = f"{odoo.version} {odoo.source} {PLAIN_MODULES}"
    name = f"{server.prefix}plain_{hashlib.sha256(facts.encode()).hexdigest()[:10]}"
    if not exists(server, name):
        making = f"{server.prefix}making_plain"
        drop(server, making)
        install(
            odoo,
            server,
            making,
            PLAIN_MODULES,
            title="Installing Odoo's modules into a template database",
        )
        shell(
            odoo,
            server,
            making,
            FILES_INTO_DATABASE,
            title="Moving its files into the database",
            log="databases",
        )
        _finish(server, making, name, "plain")
    return name


def addon_template(odoo, server):
    """The plain database with the add-on installed as it is now."""
    plain = plain_template(odoo, server)
    name = f"{server.prefix}addon_{plain.rsplit('_', 1)[1][:4]}{addon_hash()}"
    title = "Installing the add-on into a template database"
    return _extended(odoo, server, plain, name, [ADDON.name], title)


def tested_template(odoo, server):
    """The database with the add-on, and what else our own tests want."""
    base = addon_template(odoo, server)
    extras = hashlib.sha256(repr(_TESTED_WITH).encode()).hexdigest()[:4]
    name = base.replace("addon_", "tested_") + extras
    title = "Installing what its tests want beside it"
    return _extended(odoo, server, base, name, _TESTED_WITH, title)


def _extended(odoo, server, template, name, modules, title):
    """A template made of another one by installing modules."""
    if not exists(server, name):
        making = f"{server.prefix}making_copy"
        copy(server, template, making)
        install(odoo, server, making, modules, title=title)
        _finish(server, making, name, name.removeprefix(server.prefix).split("_")[0])
    return name


def install(odoo, server, name, modules, *options, title):
    run_odoo(
        odoo,
        server,
        *("-c", CONFIG, "-d", name, "-i", ",".join(modules)),
        *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
        *options,
        title=title,
        log="databases",
    )


def _finish(server, making, name, beginning):
    server.sql("vacuum analyze", database=making)
    rename(server, making, name)
    for old in names(server, f"{beginning}_")[_KEPT_TEMPLATES:]:
        drop(server, old)


@contextlib.contextmanager
def copies(server, beginning):
    """Names that begin so are ours to copy to; what is left of them is dropped."""
    for name in names(server, beginning):
        if not _command_runs(name):
            drop(server, name)
    name = f"{server.prefix}{beginning}{os.getpid()}"
    try:
        yield name
    finally:
        for left in names(server, f"{beginning}{os.getpid()}"):
            drop(server, left)


def _command_runs(name):
    """Whether the command whose process id the database's name bears still runs."""
    number = "".join(c for c in name.rsplit("_", 1)[1].split("-")[0] if c.isdigit())
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(number), 0)
        return True
    return False
