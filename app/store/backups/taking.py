"""Making a backup while servers run, and comparing a store with one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Engine

from app.store.backups.archive import Archive, Writer, new_file
from app.store.backups.counters import read_counters
from app.store.backups.errors import BackupError
from app.store.backups.manifest import FileEntry, Manifest, TableEntry
from app.store.backups.tables import Place, StoredTable, find_tables, read_lines
from app.store.migrations.steps import WrongStep, read_step_of, refuse_newer
from app.version import VERSION

ProgressCallback: TypeAlias = Callable[[str, int], None]
"""Called for each finished table, with the number of its rows."""


@dataclass(frozen=True, slots=True)
class TrustFile:
    """A trust file that belongs to a store: its path in TRUST_DIR, and its contents."""

    name: str
    pieces: Iterable[bytes]


@contextmanager
def _moment(engine: Engine) -> Iterator[Connection]:
    """Return a connection whose statements all see the same snapshot; it blocks no other."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            return
        # Not by SQLAlchemy, which would begin a write transaction.
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def back_up(
    place: Place,
    path: Path,
    trust_files: Iterable[TrustFile],
    *,
    replace: bool,
    progress: ProgressCallback,
) -> Manifest:
    """Write a snapshot of a store into a file, and read it back to compare.

    Args:
        place: the store, at any migration step that this program knows.
        path: the file, which exists only once it is complete.
        trust_files: files that are added to it.
        replace: whether the file may exist already.
        progress: called for each table.

    Raises:
        BackupError: it can't be made.
        WrongStep: there is no store, or a newer program's.
        SQLAlchemyError, OSError: the database or a file can't be used.
    """
    with new_file(path, replace=replace) as (file, written):
        writer = Writer(file)
        with _moment(place.engine) as connection:
            step = _require_store(connection, place.schema)
            tables = []
            for stored in find_tables(connection, place.schema):
                tables.append(_add_table(writer, connection, stored))
                progress(stored.name, tables[-1].rows)
            # Last, so that ids assigned meanwhile are included.
            counters = read_counters(connection, place.schema)
        trust = tuple(_add_file(writer, one) for one in trust_files)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(VERSION, made_at, step, tuple(tables), counters, trust)
        writer.finish(manifest)
        _read_back(written, manifest)
    return manifest


def _require_store(connection: Connection, schema: str | None) -> str:
    """Return the migration step of a store. Raises WrongStep if there is none, or a newer one."""
    step = read_step_of(connection, schema)
    if step is None:
        raise WrongStep("the database was never migrated: there is nothing in it")
    refuse_newer(step)
    return step


def _add_table(writer: Writer, connection: Connection, stored: StoredTable) -> TableEntry:
    member = f"tables/{stored.name}.jsonl"
    rows, _, sha256 = writer.add(member, read_lines(connection, stored))
    return TableEntry(stored.name, tuple(stored.names), rows, sha256)


def _add_file(writer: Writer, file: TrustFile) -> FileEntry:
    _, size, sha256 = writer.add(f"trust/{file.name}", file.pieces)
    return FileEntry(file.name, size, sha256)


def _read_back(path: Path, manifest: Manifest) -> None:
    """Require that the file on disk equals what the database returned."""
    with Archive(path) as archive:
        if archive.manifest != manifest:
            raise BackupError("what was written is not what is read")
        for table in manifest.tables:
            if sum(1 for _ in archive.lines(table.member, table.sha256)) != table.rows:
                raise BackupError(f"{table.member} lacks rows")
        for file in manifest.trust:
            for _ in archive.pieces(file.member, file.sha256):
                pass


def _digest(connection: Connection, stored: StoredTable) -> tuple[int, str]:
    """Return how many rows a table has, and the SHA-256 of their lines."""
    digest, count = hashlib.sha256(), 0
    for line in read_lines(connection, stored):
        digest.update(line)
        count += 1
        del line  # The next one may be large, too.
    return count, digest.hexdigest()


def find_differences(connection: Connection, schema: str | None, manifest: Manifest) -> list[str]:
    """Compare every row of a store with a backup; return the differences by table."""
    there = {stored.name: stored for stored in find_tables(connection, schema)}
    differences = [
        f"{name}: the backup does not have it"
        for name in there.keys() - {table.name for table in manifest.tables}
    ]
    for table in manifest.tables:
        stored = there.get(table.name)
        if stored is None or set(stored.names) != set(table.columns):
            differences.append(f"{table.name}: its columns are others")
            continue
        rows, sha256 = _digest(connection, stored.in_order_of(table.columns))
        if rows != table.rows:
            differences.append(f"{table.name}: {rows} rows, in the backup {table.rows}")
        elif sha256 != table.sha256:
            differences.append(f"{table.name}: {rows} rows, of which some are others")
    return sorted(differences)


def compare(place: Place, manifest: Manifest) -> list[str]:
    """Compare a snapshot of a store with a backup. Raises WrongStep and SQLAlchemyError."""
    with _moment(place.engine) as connection:
        step = _require_store(connection, place.schema)
        if step != manifest.step:
            return [f"the database is at step {step}, the backup at {manifest.step}"]
        return find_differences(connection, place.schema, manifest)
