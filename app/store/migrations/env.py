"""alembic's entry point: one transaction, one lock, all steps."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from alembic import context
from sqlalchemy import Connection, Engine, text

from app.store.database import transaction
from app.store.migrations import VERSION_TABLE
from app.store.models import Base
from app.store.private_files import make_folder
from app.store.steps import refuse_newer

#: Whether `save_version` still looks into a schema that was renamed since: it has the name.
_LOOKS_ELSEWHERE = text("""
    SELECT EXISTS (
        SELECT FROM pg_proc WHERE oid = to_regproc('save_version')
        AND 'search_path=' || current_setting('search_path') <> ALL (proconfig)
    )""")

#: Any number that no other user of the database takes for an advisory lock.
ADVISORY_LOCK = 0x716F6C74616E6261


@contextmanager
def _alone_in_folder(engine: Engine) -> Iterator[None]:
    """Let one process at a time prepare a SQLite file.

    Changing its journal mode waits for nobody, but fails.
    """
    folder = Path(str(engine.url.database)).parent
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with engine.connect() as connection:
            # Kept in the file: readers and one writer don't wait for each other.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        yield
    finally:
        os.close(descriptor)


def _prepare_postgresql(connection: Connection, schema: str | None) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    if schema is not None:
        connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')


def _follow_renamed_schema(connection: Connection) -> None:
    if connection.execute(_LOOKS_ELSEWHERE).scalar_one():
        connection.exec_driver_sql("ALTER FUNCTION save_version SET search_path FROM CURRENT")


def run() -> None:
    """Apply the steps to the engine that `migrations.upgrade` passes."""
    engine: Engine = context.config.attributes["engine"]
    on_postgresql = engine.dialect.name == "postgresql"
    alone = nullcontext() if on_postgresql else _alone_in_folder(engine)
    with alone, transaction(engine) as connection:
        if on_postgresql:
            _prepare_postgresql(connection, context.config.attributes["schema"])
        context.configure(
            connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE
        )
        refuse_newer(context.get_context().get_current_revision())
        context.run_migrations()
        if on_postgresql:
            _follow_renamed_schema(connection)


run()
