"""Restoring a backup: in one transaction, so that the store is complete or unchanged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, select, text

from app.store.backups.archive import Archive
from app.store.backups.counters import write_counter
from app.store.backups.errors import BackupError
from app.store.backups.manifest import Manifest
from app.store.backups.tables import FORMER, Place, StoredTable, find_tables
from app.store.backups.taking import ProgressCallback, find_differences
from app.store.backups.writing import write_lines
from app.store.migrations import HEAD, apply_steps, batches, migrating
from app.store.migrations.steps import REVISION, is_newer, read_step_of, refuse_newer
from app.store.models import Base

#: Objects that migrations create on PostgreSQL beside tables, and that no table drops with it.
FUNCTIONS = ["save_version", "tag_pairs", "note_count_changes"]
_FUNCTIONS = text("""
    SELECT CAST(CAST(oid AS regprocedure) AS text) FROM pg_proc
    WHERE proname = ANY(:names) AND pronamespace = to_regnamespace(current_schema())""")


def require_known(manifest: Manifest) -> None:
    """Raise BackupError if a newer program made the backup."""
    if is_newer(manifest.step):
        raise BackupError(
            f"it was made at step {manifest.step}, which is newer than this program ({HEAD}): "
            "use the program that made it, or a newer one"
        )


def restore(
    place: Place,
    archive: Archive,
    *,
    replace: bool,
    finish: Callable[[], None],
    progress: ProgressCallback,
) -> None:
    """Restore a backup, compare every row with it, and migrate to the newest step.

    Args:
        place: a database without a store, or with an empty one.
        archive: the backup.
        replace: whether an existing store may be deleted.
        finish: called before the commit; if it raises, nothing is changed.
        progress: called for each table.

    Raises:
        BackupError: it can't be restored here.
        WrongStep: a newer program migrated the database.
        SQLAlchemyError, OSError: the database or a file can't be used.
    """
    manifest = archive.manifest
    require_known(manifest)
    schema = place.schema
    with migrating(place.engine, schema) as connection:
        _make_room(connection, schema, replace=replace)
        apply_steps(connection, manifest.step)
        _load(connection, schema, archive, progress)
        differences = find_differences(connection, schema, manifest)
        if differences:
            raise BackupError(f"what was restored is not what is in it: {'; '.join(differences)}")
        for name, last in manifest.counters.items():
            write_counter(connection, name, schema, last)
        apply_steps(connection)
        finish()
    batches.settle(partial(migrating, place.engine, schema))


def _make_room(connection: Connection, schema: str | None, *, replace: bool) -> None:
    """Remove a store that is empty, or that may be deleted."""
    step = read_step_of(connection, schema)
    refuse_newer(step)
    there = find_tables(connection, schema)
    if step is None:
        if there:
            names = ", ".join(stored.name for stored in there)
            raise BackupError(f"the database has tables of another program: {names}")
        return
    full = [stored.name for stored in there if _has_rows(connection, stored)]
    if full and not replace:
        raise BackupError(
            f"the database is not empty ({', '.join(full)}): --replace gives up what it holds"
        )
    Base.metadata.drop_all(connection)
    for stored in there:
        if stored.name in FORMER:
            stored.as_table().drop(connection)
    REVISION.drop(connection)
    if connection.dialect.name == "postgresql":
        # With any parameters, whichever they were at that step.
        for function in connection.execute(_FUNCTIONS, {"names": FUNCTIONS}).scalars().all():
            connection.exec_driver_sql(f"DROP FUNCTION {function}")


def _has_rows(connection: Connection, stored: StoredTable) -> bool:
    statement = select(1).select_from(stored.as_table()).limit(1)
    return connection.execute(statement).first() is not None


def _load(
    connection: Connection, schema: str | None, archive: Archive, progress: ProgressCallback
) -> None:
    there = {stored.name: stored for stored in find_tables(connection, schema)}
    for table in archive.manifest.tables:
        try:
            stored = there[table.name].in_order_of(table.columns)
        except KeyError as error:
            raise BackupError(f"{table.name} has no place in this program") from error
        if _has_rows(connection, stored):
            raise BackupError(f"{table.name} is not empty at step {archive.manifest.step}")
        write_lines(connection, stored, archive.lines(table.member, table.sha256))
        progress(table.name, table.rows)
