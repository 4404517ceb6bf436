"""Threads that nobody registered, as packages under their own names.

Nobody said who must sign, so the signers are those whom the signatures name, each asked for what
has that name and for nothing else, and the package stays open. Whether it was signed by that person
is another question, which verification answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, select, tuple_

from app.store.errors import PackageTooCrowded, PackageTooLarge
from app.store.models import Signature, Signer
from app.store.package_records import (
    PackageDocumentRecord,
    PackageSignerRecord,
    PackageStatus,
    PackageSummary,
)
from app.store.standings import Trusted

#: Documents of a thread that are shown as one package.
MAX_DOCUMENTS = 200
#: Documents times different signers of one package: what 200 documents have of 256 signers.
MAX_CELLS = 51_200

_HEADS = (
    select(Signature.id, Signature.version, Signature.document)
    .where(Signature.thread == bindparam("thread"))
    .order_by(Signature.id)
    .limit(MAX_DOCUMENTS + 1)
    .subquery("heads")
)
_CLAIMED = Signer.facts["claimed"]
_NAME = _CLAIMED["name"].as_string()
_CERTIFICATE = Signer.facts["certificate"]["sha256"].as_string()
#: Facts are read out of JSON, which takes long for tens of thousands of signers: only of those who
#: claim no number here, and of each person once below.
_NUMBERED = Signer.claimed_iin.is_not(None) | Signer.claimed_bin.is_not(None)
_SIGNERS = (
    select(
        _HEADS.c.id,
        _HEADS.c.document,
        Signer.version,
        Signer.number,
        Signer.claimed_iin,
        Signer.claimed_bin,
        Signer.standing,
        case((_NUMBERED, None), else_=_NAME).label("name"),
        case((_NUMBERED, None), else_=_CERTIFICATE).label("certificate"),
    )
    .outerjoin(Signer, (Signer.signature_id == _HEADS.c.id) & (Signer.version == _HEADS.c.version))
    .order_by(_HEADS.c.id, Signer.number)
)
_KEY = tuple_(Signer.signature_id, Signer.version, Signer.number)
_PEOPLE = select(
    Signer.signature_id,
    Signer.number,
    _NAME.label("name"),
    _CLAIMED["given_name"].as_string().label("given_name"),
    _CLAIMED["surname"].as_string().label("surname"),
    _CLAIMED["email"].as_string().label("email"),
).where(_KEY.in_(bindparam("people", expanding=True)))
#: One whose signature was deleted while it was looked at.
_NOBODY = SimpleNamespace(name=None, given_name=None, surname=None, email=None)
#: Signers that are asked for at a time.
_PORTION = 500


def find_implicit(connection: Connection, thread: str, trusted: Trusted) -> PackageStatus | None:
    """Return the package that a thread is by itself, None if there is no such thread.

    Raises:
        PackageTooLarge: it is in more than MAX_DOCUMENTS documents.
        PackageTooCrowded: it has more signers than MAX_CELLS allows.
    """
    rows = connection.execute(_SIGNERS, {"thread": thread}).all()
    if not rows:
        return None
    #: Who is named by each, and whether that person has signed it.
    documents: dict[str, dict[str, bool]] = {row.document: {} for row in rows}
    if len(documents) > MAX_DOCUMENTS:
        raise PackageTooLarge(limit=MAX_DOCUMENTS)
    people: dict[str, Row[*tuple[Any, ...]]] = {}
    for row in rows:
        if row.number is not None:
            key = _key(row)
            people[key] = row
            named = documents[row.document]
            named[key] = named.get(key, False) or trusted.counts(row.standing)
    if len(people) * len(documents) > MAX_CELLS:
        raise PackageTooCrowded(limit=MAX_CELLS)
    signers = _signers(connection, people)
    summary = PackageSummary(
        public_id=thread,
        name=thread,
        type="concurrent",
        member=None,
        external_data=None,
        sign_by=None,
        state="open",
        executed=False,
    )
    return PackageStatus(summary, None, _documents(documents, signers), signers)


def _signers(
    connection: Connection, people: Mapping[str, Row[*tuple[Any, ...]]]
) -> list[PackageSignerRecord]:
    """Return each signer once, in the order in which they turn up, as the last signature has it."""
    places = [(row.id, row.version, row.number) for row in people.values()]
    found = {
        (row.signature_id, row.number): row
        for start in range(0, len(places), _PORTION)
        for row in connection.execute(_PEOPLE, {"people": places[start : start + _PORTION]})
    }
    told = ((key, found.get((row.id, row.number), _NOBODY)) for key, row in people.items())
    return [
        PackageSignerRecord(
            place + 1, key, row.given_name or row.name, row.surname, row.email, None, place
        )
        for place, (key, row) in enumerate(told)
    ]


def _documents(
    documents: Mapping[str, Mapping[str, bool]], signers: Sequence[PackageSignerRecord]
) -> list[PackageDocumentRecord]:
    keys = [signer.key for signer in signers]
    records = []
    for place, (document, named) in enumerate(documents.items()):
        # Who is not known to have signed stands there all the same, as one who has not.
        signed = [named.get(key) for key in keys]
        turns = [False] * len(keys)
        records.append(
            PackageDocumentRecord(place + 1, document, None, None, place, False, signed, turns)
        )
    return records


def _key(row: Row[*tuple[Any, ...]]) -> str:
    """Tell a signer from others by what is claimed; by the certificate if nothing is."""
    if row.claimed_iin:
        return f"iin:{row.claimed_iin}"
    if row.claimed_bin:
        return f"bin:{row.claimed_bin}"
    return f"name:{row.name}" if row.name else f"certificate:{row.certificate}"
