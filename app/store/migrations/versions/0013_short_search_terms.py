"""Short terms for what threads are found by, and fewer: they take less than half of the room.

The step adds the new terms. Those of before, which begin with a small letter as no new one does,
are removed afterwards, in batches that are committed (`app.store.migrations.batches`): a program of
before needs them until the step is done.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from string import ascii_uppercase

import sqlalchemy as sa
from alembic import op

from app.store.migrations import term_lists
from app.store.migrations.term_lists import LIST, TERM, Person, Thread

revision = "0013"
down_revision = "0012"
#: Steps at which `add` can be used.
PREPARED_AT = ("0009", "0010", "0011", "0012")

#: Rows of one sweep.
SWEPT = 100_000

_DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CODED = str.maketrans("абвгдежзийклмнорстухчшыьяқ", ascii_uppercase)
_WHOLE_NAME = 200
#: Before the step: lengths of the beginnings of a name that were terms, and the times of claims.
_LENGTHS_BEFORE = (1, 2, 4, 8, 16)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
_SHA_256 = "2.16.840.1.101.3.4.2.1"

#: Each list has a digest. In JSON, a quote behind a bracket or a comma begins an item.
_IS_NEW = LIST.contains('["V') | LIST.contains(',"V')
_IS_OLD = LIST.contains('"sha256:')


def _is_new(term: str) -> bool:
    return term < "a"


def _digits(number: int, length: int) -> str:
    """Return a number to the base 64."""
    return "".join(_DIGITS[number >> 6 * place & 63] for place in reversed(range(length)))


def _new(thread: Thread) -> list[str]:
    """Make the list of now."""
    found = {term for term in thread.terms if _is_new(term)}
    found.update(term for one in thread.people for term in _of_person(one))
    found.update(_converted(thread.terms))
    return sorted(found)


@lru_cache(maxsize=1024)
def _of_person(one: Person) -> tuple[str, ...]:
    return tuple(_name_person(one))


def _name_person(one: Person) -> Iterator[str]:
    if one.iin:
        yield _digits(int(one.iin), 7)
    if one.bin:
        yield _digits(10**12 + int(one.bin), 7)
    if one.name:
        yield "X" + one.name[:1].translate(_CODED)
        yield "W" + one.name[:_WHOLE_NAME].translate(_CODED)


def _converted(terms: Iterable[str]) -> Iterator[str]:
    """Convert the terms that signers have no part in."""
    for term in terms:
        kind, _, value = term.partition(":")
        if kind == "sha256":
            yield "V" + urlsafe_b64encode(bytes.fromhex(value))[:30].decode()
        elif kind == "month":
            yield "U" + _digits(12 * (int(value[:4]) - 2000) + int(value[5:]) - 1, 2)
        elif kind == "day":
            yield "T" + _digits((date.fromisoformat(value) - _EARLIEST.date()).days, 3)


def _both(thread: Thread) -> list[str]:
    """Add the terms of now to those of before."""
    return list(dict.fromkeys([*thread.terms, *_new(thread)]))


def _old(thread: Thread) -> list[str]:
    """Make the list of before."""
    found = [term for one in thread.people for term in _old_of_person(one)]
    digests = [thread.signature_sha256, thread.content_sha256]
    digests[1:1] = [
        one.message_digest for one in thread.people if one.digest_algorithm == _SHA_256
    ]
    found += [f"sha256:{digest}" for digest in digests if digest]
    if thread.signed_at:
        day = min(max(thread.signed_at, _EARLIEST), _LATEST).date().isoformat()
        found += [f"year:{day[:4]}", f"month:{day[:7]}", f"day:{day}"]
    return list(dict.fromkeys(found))


def _old_of_person(one: Person) -> list[str]:
    found = [f"iin:{one.iin}"] if one.iin else []
    found += [f"bin:{one.bin}"] if one.bin else []
    if one.name:
        lengths = [size for size in _LENGTHS_BEFORE if size <= len(one.name)]
        found += [f"name:{one.name[:size]}" for size in lengths]
        found.append(f"person:{one.name[:_WHOLE_NAME]}")
    return found


def add(connection: sa.Connection, after: int) -> int | None:
    """Add the new terms that threads behind an id lack, of a batch; return its last id.

    None at the end. Inside `database.transaction`.
    """
    return term_lists.rewrite(connection, after, ~_IS_NEW, _both)


def sweep(connection: sa.Connection, after: tuple[str, int]) -> tuple[str, int] | None:
    """Remove the terms of before, but digests, from a part of the index; return its last row.

    Only on SQLite, which keeps rows in the order of their terms, so that each page is written once.
    """
    key = sa.tuple_(TERM.c.term, TERM.c.signature_id)
    behind = key > sa.tuple_(*after)
    rows = sa.select(TERM.c.term, TERM.c.signature_id).where(behind)
    ordered = rows.order_by(TERM.c.term, TERM.c.signature_id)
    last = connection.execute(ordered.offset(SWEPT - 1).limit(1)).first()
    until = () if last is None else (key <= sa.tuple_(*last),)
    is_digest = (TERM.c.term >= "sha256:") & (TERM.c.term < "sha256;")
    connection.execute(sa.delete(TERM).where(behind, *until, ~is_digest))
    return None if last is None else (last[0], last[1])


def remove(connection: sa.Connection, after: int) -> int | None:
    """Remove the terms of before from a batch as `add` does; on SQLite after `sweep`."""
    on_sqlite = connection.dialect.name == "sqlite"
    return term_lists.rewrite(
        connection,
        after,
        _IS_OLD,
        _new,
        lambda term: not on_sqlite or term.startswith("sha256:"),
    )


def upgrade() -> None:
    """Add the terms that are still missing, while nothing is saved."""
    term_lists.rewrite_all(add)
    term_lists.reset_counts(op.get_bind())


def downgrade() -> None:
    """Replace the rows and lists by those of before."""
    term_lists.reset_counts(op.get_bind())
    term_lists.rewrite_all(
        lambda connection, after: term_lists.rewrite(connection, after, _IS_NEW, _old)
    )
