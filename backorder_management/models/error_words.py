"""What errors say to users where Odoo does not show them by itself."""

from __future__ import annotations

import psycopg2

from odoo.exceptions import RedirectWarning, UserError

# Errors that may have words for users.
IN_WORDS = (UserError, RedirectWarning, psycopg2.IntegrityError)


def get_words(env, error: Exception) -> str | None:
    """The sentence that an error means for users, None where it has none.

    :param env: of a cursor that works, after the savepoint was rolled back
    """
    if isinstance(error, (UserError, RedirectWarning)):
        return str(error.args[0])
    if isinstance(error, psycopg2.IntegrityError):
        # The rules of models that PostgreSQL checks, such as an account on each line.
        for name, model in env.registry.items():
            rules = model._table_objects
            if (
                model._table == error.diag.table_name
                and error.diag.constraint_name in rules
            ):
                return env[name]._sql_error_to_message(error)
    return None


def describe_failure(env, error: Exception, logger, document: str) -> str:
    """The words of an error; one without any is logged, and described in general.

    :param document: name of what could not be worked on, for the log
    """
    if words := get_words(env, error):
        return words
    logger.error("%s: an unexpected error", document, exc_info=error)
    return env._(
        "An unexpected error, which the log of the server shows. Ask your "
        "administrator to look at it."
    )
