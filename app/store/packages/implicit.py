"""Unregistered threads, shown as packages under their own names.

It isn't known who must sign, so the signers are those whom the signatures name, each required only
in the documents that name that signer, and the package stays open. Whether that person really
signed is answered by verification.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    case,
    func,
    select,
)

from app.store.errors import PackageTooLarge
from app.store.models import Signature, Signer
from app.store.packages.records import (
    PackageDocumentRecord,
    PackageStatus,
    PackageSummary,
)
from app.store.packages.thread_people import MAX_NAME, People, ThreadSigners, stream
from app.store.signatures.same_document import signed_the_same
from app.store.signatures.standings import Trusted

#: Documents of a thread that is shown as one package.
MAX_DOCUMENTS = 200

_HEADS = (
    select(Signature.id, Signature.version, Signature.document)
    .where(Signature.thread == bindparam("thread"))
    .order_by(Signature.id)
    .limit(MAX_DOCUMENTS + 1)
)
_FOUND = _HEADS.subquery("heads")
_CERTIFICATE = Signer.facts[("certificate", "sha256")].as_string()
#: Facts are extracted from JSON, which takes long for tens of thousands of signers: so only of
#: those without a number here, and of each person once below.
_NUMBERED = Signer.claimed_iin.is_not(None) | Signer.claimed_bin.is_not(None)
_NAME = func.substr(Signer.facts[("claimed", "name")].as_string(), 1, MAX_NAME + 1)
_COUNTED = (
    select(Signer.number)
    .join(_FOUND, (Signer.signature_id == _FOUND.c.id) & (Signer.version == _FOUND.c.version))
    .limit(bindparam("limit") + 1)
    .subquery("counted")
)


def has_many_signers(connection: Connection, thread: str, limit: int) -> bool:
    """Return whether the signatures of a thread have more than `limit` signers in all."""
    statement = select(func.count()).select_from(_COUNTED)
    return connection.execute(statement, {"thread": thread, "limit": limit}).scalar_one() > limit


def find_implicit(connection: Connection, thread: str, trusted: Trusted) -> PackageStatus | None:
    """Return an unregistered thread as a package, None if there is no such thread.

    Two statements for any size, and one for each thousand signers while they are iterated; some
    hundred bytes of memory for each signer, however long the names are.

    Args:
        connection: one of `database.survey`, in use until the signers are read.
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
    people = People(thread)
    #: For each document, the places of those who are named, and whether each has signed it.
    named: dict[int, dict[int, bool]] = {head.id: {} for head in heads}
    for row in stream(connection, _signers_of(trusted), {"thread": thread}):
        if row.id in named:  # It was not saved in between.
            counts = bool(row.counts)
            place = people.meet(row, counts=counts)
            signed = named[row.id]
            signed[place] = signed.get(place, False) or counts
    documents = [
        _document(place, head.document, named[head.id]) for place, head in enumerate(heads)
    ]
    signers = ThreadSigners(connection, people.seen)
    return PackageStatus(_summary(thread), None, documents, people.ids, signers)


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
