"""What this family tells of itself."""

from __future__ import annotations

from pathlib import Path

from app.api.description import (
    Answer,
    Chapter,
    Json,
    Operation,
    choice,
    items,
    maybe,
    members,
    named,
    number,
    text,
)
from app.api.solaris import routes
from app.api.solaris.pages import FIELDS
from app.api.solaris.signings import STATES
from app.store.errors import PersonNotFound

_WORDS = """\
The signings of a person, as Solaris (IDnow) lists them: one for each thread that the person signed,
or is expected to sign.
"""
_MOMENT = text("ISO 8601, in UTC, with milliseconds.")
_DOCUMENT = members(
    {
        "id": text(),
        "name": text(),
        "content_type": text(),
        "document_type": choice("SIGNATURE", "SIGNED_CONTRACT", "OTHER"),
        "size": number("Bytes."),
        "customer_accessible": choice(False),
        "created_at": _MOMENT,
    }
)
_SIGNING = members(
    {
        "id": text("The same before and after the person signs."),
        "reference": text("The thread."),
        "url": maybe(text("Where the thread is found, if the server knows its own address.")),
        "state": choice(*STATES.values()),
        "status": choice(*STATES),
        "completed_at": maybe(_MOMENT),
        "completed_at_source": choice("verified_timestamp", "claimed_signing_time", "saved", None),
        "method": maybe(text("As it was given when the signature was saved, else cms or xml.")),
        "identification_id": maybe(text("Of the certificate with which the person signed.")),
        "documents": items(named("SigningDocument")),
    }
)
_ERROR_MEMBERS: dict[str, Json] = {
    "id": text("A UUID."),
    "status": text("The status of HTTP."),
    "code": text(),
    "title": text(),
    "detail": text("What is wrong."),
}
_PAGES = {
    "total": "Signings of all pages.",
    "per-page": "Signings of a page at most.",
    "link": "The first, previous, next and last page (RFC 8288).",
}


def describe() -> Chapter:
    """Return the chapter."""
    listed = Answer("The signings of one page, newest first.", items(named("Signing")), (), _PAGES)
    return Chapter(
        name="solaris",
        words=_WORDS,
        operations={
            routes.index_person_signings: Operation(
                words="A number that nobody has signed with gives an empty list.",
                query=FIELDS,
                answers={200: listed},
                refuses=(PersonNotFound,),
            )
        },
        error=members({**_ERROR_MEMBERS, "errors": items(members(_ERROR_MEMBERS))}),
        shapes={"Signing": _SIGNING, "SigningDocument": _DOCUMENT},
        parameters={
            "person_id": "An IIN or BIN, bare or with `IIN` or `BIN` before it.",
            "page[number]": "Which page, from 1.",
            "page[size]": "Signings of a page.",
        },
        examples=Path(__file__).with_name("examples.json"),
    )
