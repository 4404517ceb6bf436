"""What signers signed, taken over from the version before by one that came without the document.

A message digest is signed (RFC 5652 section 11.2), and only the document that was compared with it
has it: so a signer with the same digest, by the same algorithm, signed the same. A detached
document was compared when its version was saved; one that was attached was, if the signer there is
valid.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.cms import OTHER_DIGEST_NAMES
from app.store.models import Signer, SignerContent, Version
from app.store.signatures.standings import WERE_VALID


@cache
def carry(signature_id: Any, version: Any) -> Insert:
    """Build SQLite's statement that takes over what the version `seen` was compared with.

    On PostgreSQL the function `save_version` does the same (migrations 0024, 0026 and 0027).
    """
    own, former = aliased(Signer), aliased(Signer)
    key = own.signature_id, own.version, own.number
    content = func.coalesce(SignerContent.content_sha256, Version.content_sha256)
    rows = (
        select(*key, func.min(content))
        .join(former, and_(*_same(own, former)))
        .join(
            Version,
            (Version.signature_id == former.signature_id) & (Version.version == former.version),
        )
        .outerjoin(SignerContent, _of(former))
        .where(
            own.signature_id == signature_id,
            own.version == version,
            bindparam("new_content_sha256", type_=Text()).is_(None),
            or_(
                SignerContent.content_sha256.is_not(None),
                Version.content_sha256.is_not(None) & _was_compared(former),
            ),
        )
        .group_by(*key)
    )
    columns = ["signature_id", "version", "number", "content_sha256"]
    return insert(SignerContent).from_select(columns, rows)


def carried_content() -> Any:
    """Return the subquery with what was taken over for a row of `signers`."""
    return select(SignerContent.content_sha256).where(_of(Signer)).scalar_subquery()


def _of(signer: type[Signer]) -> ColumnElement[bool]:
    return and_(
        SignerContent.signature_id == signer.signature_id,
        SignerContent.version == signer.version,
        SignerContent.number == signer.number,
    )


def _same(own: type[Signer], former: type[Signer]) -> list[ColumnElement[bool]]:
    return [
        former.signature_id == own.signature_id,
        former.version == bindparam("seen"),
        hash_function(former) == hash_function(own),
        former.message_digest == own.message_digest,
    ]


def hash_function(signer: type[Signer]) -> ColumnElement[str]:
    """Return the one identifier of a row's hash function.

    Older rows have that of the SignerInfo, which is not signed.
    """
    named = signer.digest_algorithm
    return case(OTHER_DIGEST_NAMES, value=named, else_=named)


def _was_compared(former: type[Signer]) -> ColumnElement[bool]:
    valid = or_(former.standing > 0, former.standing.in_(WERE_VALID))
    return or_(Version.content_size.is_(None), valid)
