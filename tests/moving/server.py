"""The database of an original server, filled as that server fills it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

#: The tables as the image perfumerlabs/ncanode makes them.
TABLES = """
CREATE TABLE ncanode_signature (
    id serial PRIMARY KEY, document varchar(255) NOT NULL, thread varchar(255) NOT NULL,
    cms text NOT NULL, created_at timestamp, updated_at timestamp, version integer DEFAULT 0,
    version_created_at timestamp, version_created_by varchar(100), version_comment varchar(255),
    UNIQUE (thread, document)
);
CREATE TABLE ncanode_signature_version (
    id integer NOT NULL REFERENCES ncanode_signature ON DELETE CASCADE,
    document varchar(255) NOT NULL, thread varchar(255) NOT NULL, cms text NOT NULL,
    created_at timestamp, updated_at timestamp, version integer DEFAULT 0 NOT NULL,
    version_created_at timestamp, version_created_by varchar(100), version_comment varchar(255),
    PRIMARY KEY (id, version)
);
CREATE TABLE ncanode_tag (
    id serial PRIMARY KEY, code varchar(255) UNIQUE, created_at timestamp, updated_at timestamp
);
CREATE TABLE ncanode_signature_tag (
    signature_id integer NOT NULL REFERENCES ncanode_signature ON DELETE CASCADE,
    tag_id integer NOT NULL REFERENCES ncanode_tag ON DELETE CASCADE,
    created_at timestamp, updated_at timestamp, PRIMARY KEY (signature_id, tag_id)
);
"""
#: The tables of the image before them.
OLDER_TABLES = """
CREATE TABLE ncanode_signature (
    id serial PRIMARY KEY, document varchar(255) NOT NULL, chain varchar(255), stage varchar(255),
    parent_id integer UNIQUE REFERENCES ncanode_signature, signature text NOT NULL,
    created_at timestamp, updated_at timestamp, UNIQUE (document, chain, stage)
);
CREATE TABLE ncanode_tag (id serial PRIMARY KEY, code varchar(255) UNIQUE);
CREATE TABLE ncanode_signature_tag (
    id serial PRIMARY KEY, signature_id integer NOT NULL, tag_id integer NOT NULL
);
"""
NAMES = (
    "ncanode_signature",
    "ncanode_signature_version",
    "ncanode_tag",
    "ncanode_signature_tag",
)

#: A version: cms, time, author, comment.
Row = tuple[str, str, str | None, str | None]

_COLUMNS = (
    "document, thread, created_at, cms, updated_at, version, version_created_at,"
    " version_created_by, version_comment"
)


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Yield a cursor of a connection that commits each statement."""
    # Values within the text: there may be several statements in it.
    with (
        psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


class OriginalServer:
    """Saves as the original does: the head is the last version, and each stands for itself."""

    def __init__(self, cursor: Any, url: str) -> None:
        self.cursor = cursor
        self.url = url

    def save(
        self, document: str, thread: str, versions: Sequence[Row], tags: Sequence[str] = ()
    ) -> int:
        """Write a thread with its versions and the tags of the last; return its id."""
        cms, saved_at, author, comment = versions[-1]
        start = (document, thread, versions[0][1])
        self.cursor.execute(
            f"INSERT INTO ncanode_signature ({_COLUMNS})"  # noqa: S608 - our own columns
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (*start, cms, saved_at, len(versions), saved_at, author, comment),
        )
        number: int = self.cursor.fetchone()[0]
        for version, (cms, saved_at, author, comment) in enumerate(versions, 1):
            self.cursor.execute(
                f"INSERT INTO ncanode_signature_version (id, {_COLUMNS})"  # noqa: S608
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (number, *start, cms, saved_at, version, saved_at, author, comment),
            )
        for tag in tags:
            self._link(number, tag, saved_at)
        return number

    def save_many(self, count: int, cms: str, prefix: str = "many") -> None:
        """Write threads of one version and two tags, quickly."""
        self.execute(
            f"""INSERT INTO ncanode_tag (code) VALUES ('even'), ('odd'), ('all');
            INSERT INTO ncanode_signature ({_COLUMNS})
            SELECT %s || n, 'main', moment, %s, moment, 1, moment, 'author', NULL
            FROM generate_series(1, %s) n,
                 LATERAL (SELECT timestamp '2024-01-01' + n * interval '1 second' AS moment) at;
            INSERT INTO ncanode_signature_version (id, {_COLUMNS})
            SELECT id, {_COLUMNS} FROM ncanode_signature;
            INSERT INTO ncanode_signature_tag (signature_id, tag_id, created_at)
            SELECT s.id, t.id, s.created_at FROM ncanode_signature s, ncanode_tag t
            WHERE t.code IN ('all', CASE WHEN s.id %% 2 = 0 THEN 'even' ELSE 'odd' END)""",  # noqa: S608
            prefix,
            cms,
            count,
        )

    def execute(self, statement: str, *values: Any) -> None:
        """Execute a statement."""
        self.cursor.execute(statement, values or None)

    def dump(self) -> dict[str, list[str]]:
        """Return all that it keeps as text."""
        return dump(self.cursor, NAMES)

    def _link(self, number: int, code: str, at: str) -> None:
        self.cursor.execute(
            "INSERT INTO ncanode_tag (code, created_at, updated_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (code) DO UPDATE SET updated_at = ncanode_tag.updated_at RETURNING id",
            (code, at, at),
        )
        tag = self.cursor.fetchone()[0]
        self.cursor.execute(
            "INSERT INTO ncanode_signature_tag VALUES (%s, %s, %s, %s)", (number, tag, at, at)
        )


def dump(cursor: Any, tables: Sequence[str]) -> dict[str, list[str]]:
    """Return all rows of tables as text."""
    rows = {}
    for table in tables:
        cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")  # noqa: S608 - our own tables
        rows[table] = [row[0] for row in cursor]
    return rows
