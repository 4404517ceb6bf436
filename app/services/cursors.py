"""The text of a place in a list that comes newest first."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

#: The largest id.
MAX_ID = 2**63 - 1

#: The first byte of a cursor: another form of it would have another one.
_FORM = b"\x01"
_BYTES = 8


def write_cursor(before: int) -> str:
    """Return the text of a cursor, 12 letters that need no escaping in an address."""
    return urlsafe_b64encode(_FORM + before.to_bytes(_BYTES)).decode()


def read_cursor(text: str) -> int | None:
    """Return the id below which a list goes on; None if the text is no cursor."""
    try:
        data = urlsafe_b64decode(text)
    except ValueError:
        return None
    before = int.from_bytes(data[1:][:_BYTES])
    # Decoding passes over letters that are no base64: only one text is that of a cursor.
    return before if before <= MAX_ID and write_cursor(before) == text else None
