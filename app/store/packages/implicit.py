"""Unregistered threads, shown as packages under their own names.

It isn't known who must sign, so the signers are those whom the signatures name, each required only
in the documents that name that signer, and the package stays open. Whether that person really
signed is answered by verification.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    Text,
    bindparam,
    case,
    func,
    select,
)

from app.store.database.types import each_item
from app.store.errors import PackageTooLarge
from app.store.models import Signature, Signer
from app.store.packages.records import (
    PackageDocumentRecord,
    PackageSignerRecord,
    PackageStatus,
    PackageSummary,
)
from app.store.signatures.same_document import signed_the_same
from app.store.signatures.standings import Trusted

#: Documents of a thread that is shown as one package.
MAX_DOCUMENTS = 200
#: Characters of a name that are shown; a longer one ends with an ellipsis.
MAX_NAME = 255
#: Rows that are fetched at a time: the claims of their signers may have some 100 kB each.
_FETCH_ROWS = 200

_HEADS = (
    select(Signature.id, Signature.version, Signature.document)
    .where(Signature.thread == bindparam("thread"))
    .order_by(Signature.id)
    .limit(MAX_DOCUMENTS + 1)
)
_FOUND = _HEADS.subquery("heads")
_CLAIMED = Signer.facts["claimed"]
_CERTIFICATE = Signer.facts["certificate"]["sha256"].as_string()
#: Facts are extracted from JSON, which takes long for tens of thousands of signers: so only of
#: those without a number here, and of each person once below.
_NUMBERED = Signer.claimed_iin.is_not(None) | Signer.claimed_bin.is_not(None)
_NAME = func.substr(_CLAIMED["name"].as_string(), 1, MAX_NAME + 1)
_COUNTED = (
    select(Signer.number)
    .join(_FOUND, (Signer.signature_id == _FOUND.c.id) & (Signer.version == _FOUND.c.version))
    .limit(bindparam("limit") + 1)
    .subquery("counted")
)
#: The signers whose names are read, as JSON text: a list of [place, signature, version, number].
_ASKED: BindParameter[str] = bindparam("asked", type_=Text())


class _Seen(NamedTuple):
    """Where the facts of a person are: in the last signature that names the person and counts.

    If none counts, in the last one. Anyone can make a certificate with another's number.
    """

    place: int
    counts: bool
    signature_id: int
    version: int
    number: int


def has_many_signers(connection: Connection, thread: str, limit: int) -> bool:
    """Return whether the signatures of a thread have more than `limit` signers in all."""
    statement = select(func.count()).select_from(_COUNTED)
    return connection.execute(statement, {"thread": thread, "limit": limit}).scalar_one() > limit


def find_implicit(connection: Connection, thread: str, trusted: Trusted) -> PackageStatus | None:
    """Return an unregistered thread as a package, None if there is no such thread.

    Three statements for any size; some hundred bytes of memory for each signer.

    Args:
        connection: one of `database.survey`.
        thread: its name.
        trusted: decides whose signatures count.

    Raises:
        PackageTooLarge: it is in more than MAX_DOCUMENTS documents.
    """
    heads = connection.execute(_HEADS, {"thread": thread}).all()
    if not heads:
        return None
    if len(heads) > MAX_DOCUMENTS:
        raise PackageTooLarge(limit=MAX_DOCUMENTS)
    people: dict[str, _Seen] = {}
    #: For each document, the places of those who are named, and whether each has signed it.
    named: dict[int, dict[int, bool]] = {head.id: {} for head in heads}
    for row in _stream(connection, _signers_of(trusted), {"thread": thread}):
        if row.id in named:  # It was not saved in between.
            counts = bool(row.counts)
            place = _meet(people, row, counts=counts)
            signed = named[row.id]
            signed[place] = signed.get(place, False) or counts
    signers = _signers(connection, people)
    documents = [
        _document(place, head.document, named[head.id]) for place, head in enumerate(heads)
    ]
    return PackageStatus(_summary(thread), None, documents, signers)


@lru_cache(maxsize=8)
def _signers_of(trusted: Trusted) -> Select[*tuple[Any, ...]]:
    """Build the statement for the signers of the heads, each with whether the person signed."""
    return (
        select(
            _FOUND.c.id,
            Signer.version,
            Signer.number,
            Signer.claimed_iin,
            Signer.claimed_bin,
            # In order: the second takes longer.
            case((trusted.condition(Signer), signed_the_same(trusted)), else_=False).label(
                "counts"
            ),
            case((_NUMBERED, None), else_=_NAME).label("name"),
            case((_NUMBERED, None), else_=_CERTIFICATE).label("certificate"),
        )
        .join(Signer, (Signer.signature_id == _FOUND.c.id) & (Signer.version == _FOUND.c.version))
        .order_by(_FOUND.c.id, Signer.number)
    )


def _stream(
    connection: Connection, statement: Select[Any], values: Mapping[str, Any]
) -> Iterator[Row[*tuple[Any, ...]]]:
    options = {"yield_per": _FETCH_ROWS}
    with connection.execute(statement, values, execution_options=options) as rows:
        yield from rows


def _meet(people: dict[str, _Seen], row: Row[*tuple[Any, ...]], *, counts: bool) -> int:
    """Return the place of the person whom a signature names, adding one if needed."""
    key = _key(row)
    before = people.get(key)
    place = len(people) if before is None else before.place
    if before is None or counts or not before.counts:
        people[key] = _Seen(place, counts, row.id, row.version, row.number)
    return place


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


def _signers(connection: Connection, people: Mapping[str, _Seen]) -> list[PackageSignerRecord]:
    """Return each signer once, in order of first occurrence, as in the last signature."""
    # Signers who are not found below were deleted meanwhile.
    signers = [
        PackageSignerRecord(place + 1, key, None, None, None, None, place)
        for place, key in enumerate(people)
    ]
    asked = [(seen.place, seen.signature_id, seen.version, seen.number) for seen in people.values()]
    statement = _people(connection.dialect.name)
    for place, claimed in _stream(connection, statement, {"asked": orjson.dumps(asked).decode()}):
        signers[place] = PackageSignerRecord(
            place + 1,
            signers[place].key,
            _cut(claimed["given_name"] or claimed["name"]),
            _cut(claimed["surname"]),
            _cut(claimed["email"]),
            None,
            place,
        )
    return signers


@cache
def _people(dialect: str) -> Select[Any]:
    """Build the statement that returns people's claims, each with the place that was sent."""
    item = each_item(dialect, _ASKED)
    place, signature, version, number = (item[index].as_integer() for index in range(4))
    return select(place, _CLAIMED).where(
        Signer.signature_id == signature, Signer.version == version, Signer.number == number
    )


def _cut(name: str | None) -> str | None:
    if name is None or len(name) <= MAX_NAME:
        return name
    return name[: MAX_NAME - 1] + "…"


def _document(place: int, document: str, named: Mapping[int, bool]) -> PackageDocumentRecord:
    """Return a document record: signers not known to have signed count as not having signed."""
    asked = sorted(named)
    return PackageDocumentRecord(
        number=place + 1,
        document=document,
        name=None,
        file_name=None,
        order=place,
        executed=False,
        asked=asked,
        signed=[named[each] for each in asked],
        turns=[False] * len(asked),
    )


def _summary(thread: str) -> PackageSummary:
    return PackageSummary(
        public_id=thread,
        name=thread,
        type="concurrent",
        member=None,
        external_data=None,
        sign_by=None,
        state="open",
        executed=False,
    )
