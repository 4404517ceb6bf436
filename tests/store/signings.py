"""Signatures of invented people, for the tests of what is stored of them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import cache

from app.cms.parsing import parse
from app.store.signatures.extraction import Signing, read_signing
from tests import pki
from tests.pki import Holder, profile

#: What the builder's signatures say of when they were made.
SIGNED_AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
SAVED_AT = datetime(2026, 5, 17, 10, tzinfo=UTC)
#: Name, IIN, organisation and BIN of who signs here.
IVANOV = ("ИВАНОВ ИВАН", "900101300017", None, None)
PETROVA = ("ПЕТРОВА АННА", "910202400025", 'ТОО "ПРИМЕР"', "050140001234")
SYDYKOV = ("СЫДЫКОВ ЕРЛАН", "920303300033", None, None)

Person = tuple[str, str, str | None, str | None]


def identity(person: Person) -> Holder:
    """Return the key and the certificate of one of them; the same throughout the process."""
    name, iin, organisation, bin_number = person
    return profile.person(
        name, iin, patronymic="", organisation=organisation, bin_number=bin_number
    )


@cache
def signed_by(
    *people: Person,
    content: bytes = b"content",
    attached: bool = True,
    timed: bool = True,
    at: datetime = SIGNED_AT,
) -> str:
    """Return a CMS that these people signed, in base64; if `timed`, it says when."""
    der = pki.sign_cms(
        content,
        [identity(person) for person in people],
        attached=attached,
        signed_attributes=timed,
        moment=at,
    )
    return base64.b64encode(der).decode()


def signing_of(cms: str, saved_at: datetime = SAVED_AT) -> Signing:
    """Read what is stored of a signature."""
    return read_signing(parse(cms), saved_at)
