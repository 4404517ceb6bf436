"""Threads that nobody registered, as packages under their own names.

Nobody said who must sign, so the signers are those who did, each asked for what he signed and for
nothing else, and the package stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from app.store.errors import PackageTooLarge
from app.store.models import Signature, Signer
from app.store.package_records import (
    PackageDocumentRecord,
    PackageSignerRecord,
    PackageStatus,
    PackageSummary,
)

#: Documents of a thread that are shown as one package.
MAX_DOCUMENTS = 200

_HEADS = (
    select(Signature.id, Signature.version, Signature.document)
    .where(Signature.thread == bindparam("thread"))
    .order_by(Signature.id)
    .limit(MAX_DOCUMENTS + 1)
    .subquery("heads")
)
_CLAIMED = Signer.facts["claimed"]
_SIGNERS = (
    select(
        _HEADS.c.document,
        Signer.number,
        Signer.claimed_iin,
        Signer.claimed_bin,
        _CLAIMED["name"].as_string().label("name"),
        _CLAIMED["given_name"].as_string().label("given_name"),
        _CLAIMED["surname"].as_string().label("surname"),
        _CLAIMED["email"].as_string().label("email"),
        Signer.facts["certificate"]["sha256"].as_string().label("certificate"),
    )
    .outerjoin(Signer, (Signer.signature_id == _HEADS.c.id) & (Signer.version == _HEADS.c.version))
    .order_by(_HEADS.c.id, Signer.number)
)


def find_implicit(connection: Connection, thread: str) -> PackageStatus | None:
    """Give the package that a thread is by itself, None if there is no such thread.

    Raises:
        PackageTooLarge: it is in more than MAX_DOCUMENTS documents.
    """
    rows = connection.execute(_SIGNERS, {"thread": thread}).all()
    documents = [
        (document, [row for row in of_document if row.number is not None])
        for document, of_document in groupby(rows, key=attrgetter("document"))
    ]
    if not documents:
        return None
    if len(documents) > MAX_DOCUMENTS:
        raise PackageTooLarge(limit=MAX_DOCUMENTS)
    signers = _signers(row for row in rows if row.number is not None)
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


def _signers(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[PackageSignerRecord]:
    """Give each signer once, in the order in which they turn up."""
    people = {_key(row): row for row in rows}
    return [
        PackageSignerRecord(
            place + 1, key, row.given_name or row.name, row.surname, row.email, None, place
        )
        for place, (key, row) in enumerate(people.items())
    ]


def _documents(
    documents: Sequence[tuple[str, list[Row[*tuple[Any, ...]]]]],
    signers: Sequence[PackageSignerRecord],
) -> list[PackageDocumentRecord]:
    keys = [signer.key for signer in signers]
    records = []
    for place, (document, rows) in enumerate(documents):
        present = {_key(row) for row in rows}
        signed = [True if key in present else None for key in keys]
        turns = [False] * len(keys)
        records.append(
            PackageDocumentRecord(place + 1, document, None, None, place, False, signed, turns)
        )
    return records


def _key(row: Row[*tuple[Any, ...]]) -> str:
    """Tell a signer from others by what he claims; by his certificate if he claims nothing."""
    if row.claimed_iin:
        return f"iin:{row.claimed_iin}"
    if row.claimed_bin:
        return f"bin:{row.claimed_bin}"
    return f"name:{row.name}" if row.name else f"certificate:{row.certificate}"
