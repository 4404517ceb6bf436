"""Reads the database of an original server: in one snapshot, in batches, without writing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import Connection, IsolationLevel, sql

from app.moving.errors import MoveError
from app.moving.tables import HEADS, LINKS, TAGS, VERSIONS, check_columns, find_schema

#: Threads and versions of one batch, unless one thread alone has more, and bytes of the texts that
#: are in memory at a time, unless one alone has more.
BATCH = 500
BATCH_VERSIONS = 2000
BATCH_SIZE = 4 * 1024 * 1024

# Versions are numbered from 1, but the oldest releases stored 0.
_CURRENT = sql.SQL("greatest(coalesce(version, 0), 1)")
# Time, author and comment of the save; and the size, which does not read the text.
_OF_VERSION = sql.SQL(
    "coalesce(version_created_at, updated_at, created_at),"
    " version_created_by, version_comment, octet_length(cms)"
)

#: An address in which no part of a password could be mistaken for a host or a port.
_ADDRESS = re.compile(r"postgres(?:ql)?://(?:[^:/@?#\s]+(?::[^:/@?#\s]*)?@)?[^@\s]*").fullmatch


class Meta(NamedTuple):
    """The data of a version beside its text; `created_at` is None if unknown."""

    signature_id: int
    version: int
    created_at: datetime | None
    created_by: str | None
    comment: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread, with its versions in order, the current one last."""

    id: int
    document: str
    thread: str
    created_at: datetime | None
    updated_at: datetime | None
    current: Meta
    #: Earlier versions, and other rows with its id.
    older: list[Meta] = field(default_factory=list)
    #: Of the current version; the original stores no others.
    tags: list[str] = field(default_factory=list)

    @property
    def versions(self) -> list[Meta]:
        """All of them."""
        return [*self.older, self.current]

    @property
    def is_contradictory(self) -> bool:
        """Whether an earlier version has a number that isn't below the current one."""
        return any(not 1 <= one.version < self.current.version for one in self.older)


class Totals(NamedTuple):
    """Totals; `strays` are versions of threads that are gone."""

    threads: int
    versions: int
    strays: int


class Original:
    """A snapshot of the tables of an original server."""

    def __init__(self, link: Connection[Any], schema: str | None) -> None:
        """Find the tables.

        Raises:
            MoveError: there are none, or those of an unknown release.
        """
        self._link = link
        self.schema = find_schema(link, schema)
        check_columns(link, self.schema)
        names = {"heads": HEADS, "versions": VERSIONS, "tags": TAGS, "links": LINKS}
        self._heads_name = sql.Identifier(self.schema, HEADS).as_string(link)
        self._words: dict[str, sql.Composable] = {
            "current": _CURRENT,
            "of_version": _OF_VERSION,
            **{key: sql.Identifier(self.schema, name) for key, name in names.items()},
        }

    def totals(self) -> Totals:
        """Return how many threads and versions there are."""
        ((threads,),) = self._rows("SELECT count(*) FROM {heads}")
        ((older, strays),) = self._rows("""
            SELECT count(h.id), count(*) - count(h.id) FROM {versions} v
            LEFT JOIN (SELECT id, {current} AS current FROM {heads}) h ON h.id = v.id
            WHERE h.id IS NULL OR v.version <> h.current
        """)
        return Totals(threads, threads + older, strays)

    def highest_id(self) -> int:
        """Return the highest id that was ever assigned.

        Raises:
            psycopg.Error: the role may not read that: an id could be assigned again.
        """
        ((highest,),) = self._rows("SELECT coalesce(max(id), 0) FROM {heads}")
        for name in self._rows(
            """SELECT n.nspname, c.relname FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.oid = pg_get_serial_sequence(%s, 'id')::regclass""",
            self._heads_name,
        ):
            self._words["sequence"] = sql.Identifier(*name)
            ((given,),) = self._rows(
                "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"
            )
            highest = max(highest, given)
        return int(highest)

    def batches(self) -> Iterator[list[Thread]]:
        """Return all threads by their ids, without texts, a batch at a time."""
        after = 0
        while heads := self._heads(after):
            batch = heads[: self._fitting(heads)]
            self._fill(batch)
            yield batch
            after = batch[-1].id

    def texts(self, threads: Iterable[Thread]) -> Iterator[list[tuple[Meta, str]]]:
        """Return the texts of all versions of threads in order, some at a time."""
        wanted = [(one, one is thread.current) for thread in threads for one in thread.versions]
        while wanted:
            sizes = accumulate(one.size for one, _ in wanted)
            room = max(sum(total <= BATCH_SIZE for total in sizes), 1)
            some, wanted = wanted[:room], wanted[room:]
            yield self._texts(some)

    def second_texts(self, threads: Iterable[Thread]) -> Iterator[tuple[Thread, str, str]]:
        """Return both texts of current versions that are stored twice and differ."""
        ids = [thread.id for thread in threads]
        unlike = self._rows(
            """SELECT h.id FROM {heads} h JOIN {versions} v ON v.id = h.id
                AND v.version = greatest(coalesce(h.version, 0), 1)
                WHERE h.id = ANY(%s) AND h.cms <> v.cms ORDER BY h.id""",
            ids,
        )
        by_id = {thread.id: thread for thread in threads}
        for (number,) in unlike:
            thread = by_id[number]
            one = [(thread.current, True)], [(thread.current, False)]
            (((_, first),), ((_, second),)) = (self._texts(some) for some in one)
            yield thread, first, second

    def _heads(self, after: int) -> list[Thread]:
        rows = self._rows(
            """SELECT id, document, thread, created_at, updated_at, {current}, {of_version}
                FROM {heads} WHERE id > %s ORDER BY id LIMIT %s""",
            after,
            BATCH,
        )
        return [
            Thread(row[0], row[1], row[2], _utc(row[3]), _utc(row[4]), _meta(row[0], *row[5:]))
            for row in rows
        ]

    def _fitting(self, threads: Sequence[Thread]) -> int:
        """Return how many of the next threads fit into a batch."""
        rows = self._rows(
            """SELECT count(v.id), coalesce(sum(octet_length(v.cms)), 0)::bigint
               FROM unnest(%s::int[]) WITH ORDINALITY AS h(id, place)
               LEFT JOIN {versions} v ON v.id = h.id GROUP BY h.place ORDER BY h.place""",
            [thread.id for thread in threads],
        )
        versions = accumulate(row[0] for row in rows)
        sizes = accumulate(
            row[1] + thread.current.size for row, thread in zip(rows, threads, strict=True)
        )
        fitting: int = sum(
            count <= BATCH_VERSIONS and size <= BATCH_SIZE
            for count, size in zip(versions, sizes, strict=True)
        )
        return max(fitting, 1)

    def _fill(self, threads: Sequence[Thread]) -> None:
        by_id: Mapping[int, Thread] = {thread.id: thread for thread in threads}
        ids = list(by_id)
        for row in self._rows(
            """SELECT id, version, {of_version} FROM {versions}
                WHERE id = ANY(%s) ORDER BY id, version""",
            ids,
        ):
            thread = by_id[row[0]]
            if row[1] != thread.current.version:
                thread.older.append(_meta(*row))
        for number, code in self._rows(
            """SELECT l.signature_id, t.code FROM {links} l JOIN {tags} t ON t.id = l.tag_id
               WHERE l.signature_id = ANY(%s) AND t.code IS NOT NULL
               ORDER BY l.signature_id, l.created_at, t.id""",
            ids,
        ):
            by_id[number].tags.append(code)

    def _texts(self, wanted: Sequence[tuple[Meta, bool]]) -> list[tuple[Meta, str]]:
        heads = [one.signature_id for one, is_current in wanted if is_current]
        older = [one[:2] for one, is_current in wanted if not is_current]
        found = {
            (number, True): text
            for number, text in self._rows("SELECT id, cms FROM {heads} WHERE id = ANY(%s)", heads)
        }
        of_older = {
            (number, version): text
            for number, version, text in self._rows(
                """SELECT v.id, v.version, v.cms
                   FROM unnest(%s::int[], %s::int[]) AS sent(id, version)
                   JOIN {versions} v ON v.id = sent.id AND v.version = sent.version""",
                [number for number, _ in older],
                [version for _, version in older],
            )
        }
        return [
            (one, found[one.signature_id, True] if is_current else of_older[one[:2]])
            for one, is_current in wanted
        ]

    def _rows(self, statement: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        with self._link.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(**self._words), values)
            return cursor.fetchall()


@contextmanager
def opened(address: str | Mapping[str, Any], schema: str | None = None) -> Iterator[Original]:
    """Open the original's database; all reads are from one snapshot.

    Args:
        address: an address for libpq (`postgresql://…`), or its parameters.
        schema: the name of the schema of its tables; None: it is searched.

    Raises:
        MoveError: it can't be used.
        psycopg.Error: the connection broke.
    """
    link = _connect(address)
    try:
        link.isolation_level = IsolationLevel.REPEATABLE_READ
        link.read_only = True
        link.prepare_threshold = None  # A pooler could hand a server-side cursor to another client.
        with link.cursor() as cursor:
            # While a batch is written, the snapshot is idle; some servers cancel idle transactions.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield Original(link, schema)
    finally:
        link.close()


def _connect(address: str | Mapping[str, Any]) -> Connection[Any]:
    parameters: dict[str, Any] = {
        "application_name": "tanbahana-move",
        "client_encoding": "UTF8",  # As the original's, also if the database has none (SQL_ASCII).
        "connect_timeout": 10,
    }
    if isinstance(address, str):
        if not _ADDRESS(address):
            # Not repeated, neither here nor by libpq: it may contain a password.
            raise MoveError(
                "the original's address must be postgresql://user:password@host:port/database, "
                "what is special in the password percent-encoded"
            )
        parameters["conninfo"] = address
    else:
        parameters |= address
    try:
        link = psycopg.connect(**parameters, autocommit=True)
        link.execute("SET DateStyle = 'ISO'")  # By which the driver reads times.
        link.autocommit = False
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise MoveError(f"the original's database can't be reached: {reason}") from error
    except psycopg.Error as error:
        raise MoveError("the original's address is not one that libpq takes") from error
    return link


def _meta(number: int, version: int, created_at: datetime | None, *rest: Any) -> Meta:
    return Meta(number, version, _utc(created_at), *rest)


def _utc(moment: datetime | None) -> datetime | None:
    """Return the aware form of a time of the original, which stores UTC without a zone."""
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
