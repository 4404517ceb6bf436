"""Which thread a request names: by document and thread, or by the id that answers have."""

from __future__ import annotations

from sqlalchemy import Connection

from app.api.ncanode.signatures.schemas import ThreadRequest
from app.store.signatures import reading

#: What no thread is named, for texts of an address have one character at least.
NOWHERE = ("", "")


def address_of(connection: Connection, wanted: ThreadRequest) -> tuple[str, str]:
    """Return document and thread of what a request names.

    An id that there is not, or that is of another thread than what is said besides, leads to
    NOWHERE: what is not there and what is out of the caller's reach take the same statements.
    Whether the thread at the address has the id is decided where it is read or locked.
    """
    if wanted.id is None:
        return wanted.document, wanted.thread
    found = reading.find_address(connection, wanted.id) or NOWHERE
    said = (wanted.document, wanted.thread)
    fits = all(one in ("", other) for one, other in zip(said, found, strict=True))
    return found if fits else NOWHERE
