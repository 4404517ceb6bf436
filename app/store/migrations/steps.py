"""The migration step of a database, and what it means for this program."""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from app.store.migrations import FORMER_VERSION_TABLE, HEAD, VERSION_TABLE

#: The table in which a database records its step.
REVISION = Table(VERSION_TABLE, MetaData(), Column("version_num", String))
_FORMER = Table(FORMER_VERSION_TABLE, MetaData(), Column("version_num", String))

#: PostgreSQL's codes for a missing table, and a missing schema.
_NO_TABLE, _NO_SCHEMA = "42P01", "3F000"


class WrongStep(Exception):
    """The schema is not the one that this program needs. The text is one line."""


def read_step(connection: Connection) -> str | None:
    """Return the step of a database; None if it was never migrated. Raises SQLAlchemyError.

    A table that is missing is an error of the statement, so not for use within a transaction.
    """
    for table in (REVISION, _FORMER):
        try:
            return _read(connection, table)
        except (OperationalError, ProgrammingError) as error:
            if not is_missing(error):
                raise
    return None


def read_step_of(connection: Connection, schema: str | None) -> str | None:
    """Return the step as `read_step` does, without an error, which would abort a transaction."""
    found = inspect(connection)
    for table in (REVISION, _FORMER):
        if found.has_table(table.name, schema=schema):
            return _read(connection, table)
    return None


def _read(connection: Connection, table: Table) -> str | None:
    return ", ".join(connection.execute(select(table.c.version_num)).scalars()) or None


def is_missing(error: DBAPIError) -> bool:
    """Return whether an error means that a table is missing, and so has no rows."""
    code = getattr(error.orig, "sqlstate", None)
    return code in (_NO_TABLE, _NO_SCHEMA) or str(error.orig).startswith("no such table")


def is_newer(step: str | None) -> bool:
    """Return whether only a newer program can have migrated a database to a step."""
    return step is not None and step > HEAD


def require_step(step: str | None) -> None:
    """Raise WrongStep, with what to do, unless it is this program's step."""
    if step is None:
        raise WrongStep("the database was never migrated: run `flask --app wsgi db upgrade` first")
    refuse_newer(step)
    if step != HEAD:
        raise WrongStep(
            f"the database is at step {step}, and this program needs {HEAD}: "
            "run `flask --app wsgi db upgrade` first"
        )


def refuse_newer(step: str | None) -> None:
    """Raise WrongStep if a newer program migrated the database."""
    if is_newer(step):
        raise WrongStep(
            f"the database is at step {step}, which is newer than this program ({HEAD}): "
            "use the program that migrated it, or a newer one"
        )
