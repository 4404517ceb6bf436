"""What this family tells of itself."""

from __future__ import annotations

from pathlib import Path

from werkzeug.exceptions import NotAcceptable, PreconditionFailed

from app.api.description import (
    Answer,
    Chapter,
    Operation,
    choice,
    flag,
    items,
    members,
    named,
    nothing,
    number,
    text,
)
from app.api.file_types import ATTACHED, DETACHED, XML
from app.api.penbox import routes
from app.api.penbox.files import OCTETS
from app.store.errors import SignatureNotFound
from app.trust.turns import Busy

_WORDS = "One signature by its public id, as Penbox gives it: described, or as a file."
_MOMENT = text("ISO 8601, in UTC.")
_SIGNATURE = members(
    {
        "id": text("A UUID."),
        "name": text("The document's name in its package, else its code."),
        "status": choice("pending", "completed", "declined"),
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
        "key": text("`{document}/{thread}`."),
        "items": number("Documents in the package, else 1."),
        "method": choice(
            "qualified", "electronic", words="Qualified: verified up to a trust anchor."
        ),
        "merge": flag("Whether it has more than one signer."),
        "cost": nothing(),
        "locale": choice("en", "ru", "kk"),
    }
)
_ERROR = members({"status": text("That of HTTP."), "title": text(), "detail": text()})
_FILE = {
    "ETag": "The SHA-256 of a file, in quotes.",
    "Content-Disposition": "The name of a file.",
    "Cache-Control": "Whether it may be kept.",
    "Vary": "Accept.",
}


def describe() -> Chapter:
    """Return the chapter."""
    files = (OCTETS, DETACHED, ATTACHED, XML)
    return Chapter(
        name="penbox",
        words=_WORDS,
        operations={
            routes.get_signature: Operation(
                words="A file is given as `application/octet-stream`, or as the type that it has.",
                headers={
                    "If-None-Match": "The ETag of the file that the client has.",
                    "If-Match": "The ETag of the only file that the client wants.",
                },
                answers={
                    200: Answer("The signature.", named("PublicSignature"), files, _FILE),
                    304: Answer("The client has the file already.", headers=_FILE),
                },
                refuses=(SignatureNotFound, NotAcceptable, PreconditionFailed, Busy),
            )
        },
        error=members({"errors": items(_ERROR)}),
        shapes={"PublicSignature": _SIGNATURE},
        parameters={"public_id": "The public id of the thread, a UUID."},
        examples=Path(__file__).with_name("examples.json"),
    )
