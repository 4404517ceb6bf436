"""Rows of answers: what each has of a version, and where it is if that is large.

Many rows are held at once, but no large text: a signature that is large is left out of the
statement, and its row says where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, null

from app.store.database.compiled_query import Prepared
from app.store.database.engine import primary_of
from app.store.database.types import octets
from app.store.models import Signature, Version
from app.store.signatures import sqlite_texts
from app.store.signatures.large_facts import LargeFacts
from app.store.signatures.large_texts import IN_MEMORY, Key, LargeText, find_text, short_text
from app.store.signatures.records import RECORD_COLUMNS, SignatureRecord
from app.store.signatures.signers import short_facts_of
from app.store.signatures.standings import Trusted
from app.store.signatures.weighing import SMALL

#: Rows that a long answer fetches at a time, and a large one.
FETCH_ROWS = 50


@dataclass(frozen=True, slots=True)
class Carried:
    """What a row carries along beside what it always has."""

    cms: bool = True
    #: The facts of the signers.
    signers: bool = False
    #: By whom they are told to have signed, None: nothing is told of that.
    trusted: Trusted | None = None
    #: The name of the token that saved it.
    saver: bool = False
    #: The UUID by which the thread is known to other API families.
    public_id: bool = False


PLAIN = Carried()


def stream(
    connection: Connection, statement: Prepared, parameters: dict[str, Any], carried: Carried
) -> Iterator[SignatureRecord]:
    """Return the records of a statement as they are taken, inside `database.snapshot`."""
    rows = statement.stream(connection, parameters, FETCH_ROWS)
    return records(connection, carried, rows, SMALL)


def records(
    connection: Connection,
    carried: Carried,
    rows: Iterable[Sequence[Any]],
    limit: int = IN_MEMORY,
) -> Iterator[SignatureRecord]:
    """Return the records of rows; what has more than `limit` bytes is in none of them."""
    is_sqlite = connection.dialect.name == "sqlite"
    for row in rows:
        record = SignatureRecord.of(row[:-1])
        key = Key(record.id, record.version)
        if carried.cms and record.cms is None:
            cms: str | LargeText | None
            if is_sqlite:
                cms = find_text(connection, key, limit=limit, rowid=row[-1])
            else:
                cms = LargeText(primary_of(connection.engine), key, row[-1])
            if cms is None:
                continue  # It was deleted meanwhile.
            record = record._replace(cms=cms)
        if isinstance(record.signers, str) and record.signers.isdecimal():
            engine, size = primary_of(connection.engine), int(record.signers)
            record = record._replace(signers=LargeFacts(engine, key, carried.trusted, size))
        yield record


def columns(dialect: str, carried: Carried, limit: int) -> tuple[Any, ...]:
    """Return the columns of a record; what stands in a place that wasn't asked for is NULL.

    So is a signature that has more than `limit` bytes; of facts of signers that have more there is
    their size. The last column says how large the signature is; for SQLite, which has none of them
    here, where it is.
    """
    key = Version.signature_id, Version.version
    is_sqlite = dialect == "sqlite"
    cms = null().label("cms") if is_sqlite else short_text(limit).label("cms")
    place = sqlite_texts.ROWID if is_sqlite else octets(Version.cms)
    signers = short_facts_of(dialect, *key, limit, carried.trusted)
    return (
        *RECORD_COLUMNS,
        cms if carried.cms else null().label("cms"),
        signers if carried.signers else null().label("signers"),
        Version.saved_by if carried.saver else null().label("saved_by"),
        Signature.public_id if carried.public_id else null().label("public_id"),
        place.label("place"),
    )
