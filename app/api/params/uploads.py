"""Requests with files: `multipart/form-data` (RFC 7578), or one file as the whole body."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from itertools import chain
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.api.media_types import ATTACHED, DETACHED, XML
from app.api.params.errors import ParameterError
from app.cms import MAX_WIDE_TEXT, is_too_wide

MULTIPART = "multipart/form-data"
#: Content types of a body that is one file. Older names are those of RFC 2311 and RFC 7303.
FILES = frozenset(
    {
        DETACHED,
        ATTACHED,
        "application/x-pkcs7-signature",
        "application/x-pkcs7-mime",
        XML,
        "text/xml",
        "application/octet-stream",
    }
)
#: Content types of a certificate: that of RFC 2585 section 4.1, and what browsers call it.
CERTIFICATES = frozenset(
    {"application/pkix-cert", "application/x-x509-ca-cert", "application/x-x509-user-cert"}
)
#: The first byte of a SEQUENCE, and so of a signature or a certificate in DER.
_SEQUENCE = b"\x30"
#: Parts of one form.
MAX_PARTS = 1_000
#: Bytes of the head of a part, and of all heads together.
MAX_PART_HEAD, MAX_HEADS = 8_192, 524_288
#: Bytes of a form that are parsed at a time.
_PIECE = MAX_PART_HEAD


def read_multipart(body: bytes, boundary: str) -> dict[str, list[Any]]:
    """Read the parts of a form: the text of fields, the bytes of files; each name with its values.

    A file field left empty, as browsers send it, has neither a name nor content, and is ignored.

    Raises:
        ParameterError: the body is no such form, is incomplete, or has too many parts.
    """
    given: dict[str, list[Any]] = {}
    try:
        for head, content in _parts(body, boundary):
            if isinstance(head, Field):
                given.setdefault(head.name, []).append(_text_of(head, content))
            elif head.filename or content:
                given.setdefault(head.name, []).append(content)
    except RequestEntityTooLarge as error:
        raise ParameterError("Request has more than {limit} parameters", limit=MAX_PARTS) from error
    except ValueError as error:
        raise ParameterError("Request body is not complete multipart/form-data") from error
    return given


def _parts(body: bytes, boundary: str) -> Iterator[tuple[Field | File, bytes]]:
    """Return the head and the content of each part. Raises as `_events` does."""
    content: list[bytes] = []
    for event in _events(body, boundary):
        if isinstance(event, (Field, File)):
            head, content = event, []
            if head.name is None:  # Required (RFC 7578 section 4.2).
                raise ValueError("a part has no name")
        elif isinstance(event, Data):
            content.append(event.data)
            if not event.more_data:
                yield head, b"".join(content)


def _events(body: bytes, boundary: str) -> Iterator[Event]:
    """Return the events of the parser, piece by piece.

    Only the parser finds the ends of heads; it gets so little data at a time that a head, or
    anything else that it collects, can't exceed its limit by much before it is checked.

    Raises:
        RequestEntityTooLarge: there are more than MAX_PARTS.
        ValueError: it is no such form, incomplete, or the head of a part is too large.
    """
    decoder = MultipartDecoder(boundary.encode(), max_parts=MAX_PARTS)
    heads = 0
    for piece in chain(_cut(body), [None]):
        before = len(decoder.buffer) + len(piece or b"")
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), (NeedData, Epilogue)):
            size = before - len(decoder.buffer)
            before = len(decoder.buffer)
            if isinstance(event, (Field, File)):
                heads += size
                if size > MAX_PART_HEAD or heads > MAX_HEADS:
                    raise ValueError("the head of a part is too large")
            yield event
        # Of content only a possible boundary is kept.
        if len(decoder.buffer) > MAX_PART_HEAD + len(boundary):
            raise ValueError("too many bytes around the parts, or in a head")


def _text_of(head: Field, content: bytes) -> str:
    """Return the text of a field. Raises ParameterError."""
    if is_too_wide(content):
        raise ParameterError(
            "Request has a value of more than {limit} bytes with a character beyond U+FFFF",
            limit=MAX_WIDE_TEXT,
        )
    _, options = parse_options_header(head.headers.get("content-type"))
    is_latin = options.get("charset", "").lower() == "iso-8859-1"
    try:
        return content.decode("iso-8859-1" if is_latin else "utf-8")
    except UnicodeDecodeError as error:
        raise ParameterError("Request parameters are not in UTF-8") from error


def _cut(body: bytes) -> Iterator[bytes]:
    return (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))


def as_text(signature: str | bytes, name: str) -> str:
    """Return a signature as text: base64 of DER, else the text in a file.

    `name` is that of the parameter.

    Raises:
        ParameterError: the file is neither, or would take too much memory as text.
    """
    if isinstance(signature, str):
        return signature
    if signature.startswith(_SEQUENCE):
        return b64encode(signature).decode()
    if is_too_wide(signature):
        raise ParameterError(
            "Request has a value of more than {limit} bytes with a character beyond U+FFFF",
            limit=MAX_WIDE_TEXT,
        )
    try:
        return signature.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParameterError(
            '"{field}" parameter is a file that is neither DER nor text in UTF-8', field=name
        ) from error
