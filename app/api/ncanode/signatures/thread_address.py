"""The thread of a request: named by document and thread, or by the id in answers."""

from __future__ import annotations

from sqlalchemy import Connection

from app.api.ncanode.signatures.schemas import ThreadRequest
from app.store.signatures import reading

#: An address of no thread: real ones have at least one character in each text.
NOWHERE = ("", "")


def address_of(connection: Connection, wanted: ThreadRequest) -> tuple[str, str]:
    """Return document and thread of a request.

    An unknown id, or one that contradicts the given document or thread, leads to NOWHERE: missing
    and inaccessible threads take the same statements. Whether the thread at the address has the id
    is decided where it is read or locked.
    """
    if wanted.id is None:
        return wanted.document, wanted.thread
    found = reading.find_address(connection, wanted.id) or NOWHERE
    given = (wanted.document, wanted.thread)
    fits = all(one in ("", other) for one, other in zip(given, found, strict=True))
    return found if fits else NOWHERE
