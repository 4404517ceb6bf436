"""The people whom the signatures of an unregistered thread name.

There may be tens of thousands, with names of hundreds of letters: so each is known by a digest, and
the names are read again when they are written, a thousand people at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BindParameter, Connection, Row, Select, Text, bindparam, select

from app.store.database.types import each_item
from app.store.models import Signer
from app.store.packages.records import PackageSignerRecord
from app.store.packages.uuids import PackageUuids

#: Characters of a name that are shown; a longer one ends with an ellipsis.
MAX_NAME = 255
#: Rows that are fetched at a time: the claims of their signers may have some 100 kB each.
_FETCH_ROWS = 200
#: Signers whose names are read by one statement, and held at once.
PORTION = 1000
#: Characters of a key that is kept itself.
_SHORT_KEY = 64

#: The signers whose names are read, as JSON text: a list of [place, signature, version, number].
_ASKED: BindParameter[str] = bindparam("asked", type_=Text())


class Seen(NamedTuple):
    """Where the facts of a person are: in the last signature that names the person and counts.

    If none counts, in the last one. Anyone can make a certificate with another's number.
    """

    counts: bool
    signature_id: int
    version: int
    number: int


class People:
    """Those whom the signatures of a thread name, each once, in order of first occurrence."""

    def __init__(self, thread: str) -> None:
        self._uuids = PackageUuids(thread)
        self._places: dict[str | bytes, int] = {}
        self.seen: list[Seen] = []
        self.ids: list[str] = []

    def meet(self, row: Row[*tuple[Any, ...]], *, counts: bool) -> int:
        """Return the place of the person whom a signature names, adding one if needed."""
        key = _key(row)
        known_by = _known_by(key)
        place = self._places.get(known_by)
        seen = Seen(counts, row.id, row.version, row.number)
        if place is None:
            place = self._places[known_by] = len(self.seen)
            self.seen.append(seen)
            self.ids.append(self._uuids.of_signer(key))
        elif counts or not self.seen[place].counts:
            self.seen[place] = seen
        return place


@dataclass(frozen=True, slots=True)
class ThreadSigners:
    """The signers of a thread, whose names are read as they are iterated."""

    connection: Connection
    seen: Sequence[Seen]

    def __iter__(self) -> Iterator[PackageSignerRecord]:
        for begin in range(0, len(self.seen), PORTION):
            yield from _signers(self.connection, self.seen[begin : begin + PORTION], begin)


def stream(
    connection: Connection, statement: Select[Any], values: Mapping[str, Any]
) -> Iterator[Row[*tuple[Any, ...]]]:
    """Return the rows of a statement, of which few are held at once."""
    options = {"yield_per": _FETCH_ROWS}
    with connection.execute(statement, values, execution_options=options) as rows:
        yield from rows


def _key(row: Row[*tuple[Any, ...]]) -> str:
    """Return the key that identifies a signer: the claimed number or name, or else the certificate.

    The certificate also for a name that is too long to be compared.
    """
    if row.claimed_iin:
        return f"iin:{row.claimed_iin}"
    if row.claimed_bin:
        return f"bin:{row.claimed_bin}"
    is_name = row.name and len(row.name) <= MAX_NAME
    return f"name:{row.name}" if is_name else f"certificate:{row.certificate}"


def _known_by(key: str) -> str | bytes:
    """Return a key, or the SHA-256 of one that would take up to a kilobyte."""
    return key if len(key) <= _SHORT_KEY else sha256(key.encode()).digest()


def _signers(connection: Connection, seen: Sequence[Seen], begin: int) -> list[PackageSignerRecord]:
    """Return the signers from the place `begin` on, as each is in the last signature."""
    # Signers who are not found below were deleted meanwhile.
    signers = [
        PackageSignerRecord(place + 1, None, None, None, None, place)
        for place in range(begin, begin + len(seen))
    ]
    asked = [(at, one.signature_id, one.version, one.number) for at, one in enumerate(seen)]
    statement = _people(connection.dialect.name)
    for at, claimed in stream(connection, statement, {"asked": orjson.dumps(asked).decode()}):
        signers[at] = PackageSignerRecord(
            begin + at + 1,
            _cut(claimed["given_name"] or claimed["name"]),
            _cut(claimed["surname"]),
            _cut(claimed["email"]),
            None,
            begin + at,
        )
    return signers


@cache
def _people(dialect: str) -> Select[Any]:
    """Build the statement that returns people's claims, each with the place that was sent."""
    item = each_item(dialect, _ASKED)
    place, signature, version, number = (item[index].as_integer() for index in range(4))
    return select(place, Signer.facts["claimed"]).where(
        Signer.signature_id == signature, Signer.version == version, Signer.number == number
    )


def _cut(name: str | None) -> str | None:
    if name is None or len(name) <= MAX_NAME:
        return name
    return name[: MAX_NAME - 1] + "…"
