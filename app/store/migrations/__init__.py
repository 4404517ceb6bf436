"""The schema's migrations. `upgrade` brings a database from empty, or any step, to the newest."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from app.store.database import arrival
from app.store.database.engine import transaction
from app.store.database.private_files import make_folder

#: The newest step. A server whose database is at another one is not ready to serve.
HEAD = "0027"
#: The table in which a database records its step.
VERSION_TABLE = "tanbahana_version"
#: Where one did that was migrated before release 1.0.0.
FORMER_VERSION_TABLE = "qoltanba_version"
#: A number for an advisory lock that no other user of the database uses.
ADVISORY_LOCK = 0x716F6C74616E6261

#: The functions that still refer to the former name of a schema that was renamed.
_LOOK_ELSEWHERE = text("""
    SELECT CAST(proname AS text) FROM pg_proc
    WHERE oid IN (to_regproc('save_version'), to_regproc('note_count_changes'))
    AND 'search_path=' || current_setting('search_path') <> ALL (proconfig)""")


def upgrade(engine: Engine, schema: str | None = None) -> None:
    """Apply all missing steps. Safe when two processes do so at the same time.

    Args:
        engine: of the database; prepared by `database.prepare`.
        schema: PostgreSQL schema for the tables, created if missing; None: the default.

    Raises:
        WrongStep: a newer program migrated the database.
        NotThere: the role may not create the schema, or tables in it.
        SQLAlchemyError: the database can't be used.
        OSError: the folder of a SQLite file can't be created or read.
    """
    # Imported here, as in `apply_steps`.
    from app.store.migrations import batches  # noqa: PLC0415

    begin = partial(migrating, engine, schema)
    with begin() as connection:
        # Nothing to do, as at most starts: alembic takes a tenth of a second to be imported.
        is_newest = batches.is_at_newest_step(connection, schema)
        if is_newest:
            _follow_renamed_schema(connection)
    if not is_newest:
        batches.prepare(begin, schema)
        with begin() as connection:
            apply_steps(connection)
    batches.settle(begin)


@contextmanager
def migrating(engine: Engine, schema: str | None) -> Iterator[Connection]:
    """Return a transaction that may change the schema; only one process at a time gets one.

    Raises as `upgrade` does.
    """
    on_postgresql = engine.dialect.name == "postgresql"
    alone = nullcontext() if on_postgresql else _alone_in_folder(engine)
    with alone, transaction(engine) as connection:
        if on_postgresql:
            _prepare_postgresql(connection, schema)
        _rename_version_table(connection)
        yield connection


def apply_steps(connection: Connection, last: str = "head") -> None:
    """Apply the missing steps up to `last`, inside `migrating`. Raises as `upgrade` does."""
    # Imported here, since a server without migrations would spend a tenth of its start on them.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, last)
    _follow_renamed_schema(connection)


@contextmanager
def _alone_in_folder(engine: Engine) -> Iterator[None]:
    """Make sure that one process at a time prepares a SQLite file.

    Changing the journal mode of a file in use does not wait, but fails.
    """
    folder = Path(str(engine.url.database)).parent
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with engine.connect() as connection:
            # Stored in the file: readers and a writer don't block each other.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        yield
    finally:
        os.close(descriptor)


def _prepare_postgresql(connection: Connection, schema: str | None) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    if schema is not None:
        arrival.ensure_schema(connection, schema)
        connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')


def _rename_version_table(connection: Connection) -> None:
    found = inspect(connection)
    if found.has_table(FORMER_VERSION_TABLE) and not found.has_table(VERSION_TABLE):
        statement = f"ALTER TABLE {FORMER_VERSION_TABLE} RENAME TO {VERSION_TABLE}"
        connection.exec_driver_sql(statement)


def _follow_renamed_schema(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    for function in connection.execute(_LOOK_ELSEWHERE).scalars().all():
        connection.exec_driver_sql(f"ALTER FUNCTION {function} SET search_path FROM CURRENT")
