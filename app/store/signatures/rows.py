"""Rows of answers: the data of a version, or references to what is large.

Many rows are held at once, but no large text: a large signature is left out of the statement, and
its row has a reference to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, null

from app.store.database import base64_text
from app.store.database.compiled_query import Prepared
from app.store.database.engine import primary_of
from app.store.models import Signature, Version
from app.store.signatures import sqlite_texts
from app.store.signatures.large_facts import LargeFacts
from app.store.signatures.large_texts import (
    IN_MEMORY,
    SIGNATURE_OCTETS,
    Key,
    LargeText,
    find_text,
    if_short,
)
from app.store.signatures.records import RECORD_COLUMNS, SignatureRecord
from app.store.signatures.signers import short_facts_of
from app.store.signatures.standings import Trusted
from app.store.signatures.weighing import SMALL

#: Rows that a long answer fetches at a time, and a large one.
#: Of 48 KB, wide letters in memory, 40 for each of four threads were 40 MB more.
FETCH_ROWS = 16


@dataclass(frozen=True, slots=True)
class Carried:
    """The optional columns of a row."""

    cms: bool = True
    #: The facts of the signers.
    signers: bool = False
    #: The anchors by which their standing is stated, None: it is not stated.
    trusted: Trusted | None = None
    #: The name of the token that saved it.
    saver: bool = False
    #: The thread's UUID in other API families.
    public_id: bool = False
    #: The states of its evidence, which are read after the row (`store.evidence.reading`).
    evidence: bool = False
    #: What is kept of its document, which is read after the row, too (`store.contents.reading`).
    content: bool = False


PLAIN = Carried()


def stream(
    connection: Connection, statement: Prepared, parameters: dict[str, Any], carried: Carried
) -> Iterator[SignatureRecord]:
    """Return the records of a statement one at a time, inside `database.snapshot`."""
    rows = statement.stream(connection, parameters, FETCH_ROWS)
    return records(connection, carried, rows, SMALL)


def records(
    connection: Connection,
    carried: Carried,
    rows: Iterable[Sequence[Any]],
    limit: int = IN_MEMORY,
) -> Iterator[SignatureRecord]:
    """Return the records of rows; none holds anything of more than `limit` bytes."""
    is_sqlite = connection.dialect.name == "sqlite"
    for *fields, place, packed in rows:
        record = SignatureRecord.of(fields)
        key = Key(record.id, record.version)
        if packed is not None:
            record = record._replace(cms=base64_text.encode(packed))
        elif carried.cms and record.cms is None:
            cms: str | LargeText | None
            if is_sqlite:
                cms = find_text(connection, key, limit=limit, rowid=place)
            else:
                cms = LargeText(primary_of(connection.engine), key, place)
            if cms is None:
                continue  # It was deleted meanwhile.
            record = record._replace(cms=cms)
        if isinstance(record.signers, str) and record.signers.isdecimal():
            engine, size = primary_of(connection.engine), int(record.signers)
            record = record._replace(signers=LargeFacts(engine, key, carried.trusted, size))
        yield record


def columns(dialect: str, carried: Carried, limit: int) -> tuple[Any, ...]:
    """Return the columns of a record; those that weren't requested are NULL.

    So is a signature of more than `limit` bytes; larger facts of signers are replaced by their
    size. The last two columns are the size of the signature, on SQLite, which reads no signature
    here, its row id; and the bytes that it is the base64 of, if it is stored as these.
    """
    key = Version.signature_id, Version.version
    is_sqlite = dialect == "sqlite"
    is_read = carried.cms and not is_sqlite
    place = sqlite_texts.ROWID if is_sqlite else SIGNATURE_OCTETS
    signers = short_facts_of(dialect, *key, limit, carried.trusted)
    return (
        *RECORD_COLUMNS,
        (if_short(Version.cms, limit) if is_read else null()).label("cms"),
        signers if carried.signers else null().label("signers"),
        Version.saved_by if carried.saver else null().label("saved_by"),
        Signature.public_id if carried.public_id else null().label("public_id"),
        place.label("place"),
        (if_short(Version.cms_bytes, limit) if is_read else null()).label("packed"),
    )
