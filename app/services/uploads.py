"""Requests with files: `multipart/form-data` (RFC 7578), or one file as the whole body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from flask import after_this_request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.cms import MAX_WIDE_TEXT, MalformedSignature, is_too_wide, text_of_file
from app.services.errors import ParameterError
from app.services.media_types import ATTACHED, DETACHED, XML
from app.services.spooled import Spooling, Upload

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
#: Parts of one form.
MAX_PARTS = 1_000
#: Characters of a boundary, of which RFC 2046 section 5.1.1 allows 70. The parser makes patterns of
#: it, and Python's `re` keeps the last 512 of these.
MAX_BOUNDARY = 200
#: Characters of a part's name that an error repeats.
MAX_NAME = 64
#: Bytes of the head of a part, and of all heads together.
MAX_PART_HEAD, MAX_HEADS = 8_192, 524_288
#: Bytes of a form that are parsed at a time.
_PIECE = MAX_PART_HEAD


def read_multipart(
    body: Iterable[bytes],
    boundary: str,
    spooling: Spooling | None = None,
    texts: int | None = None,
) -> dict[str, list[Any]]:
    """Read the parts of a form: the text of fields, the bytes of files; each name with its values.

    A file field left empty, as browsers send it, has neither a name nor content, and is ignored.

    Args:
        body: in pieces.
        boundary: of the parts.
        spooling: which files become an `Upload`, of each name the last.
        texts: bytes of all that is no file; None: no limit.

    Raises:
        ParameterError: the body is no such form, is incomplete, or has too many parts.
        RequestEntityTooLarge: it exceeds a limit of `spooling`.
        FormTooLarge: it exceeds `texts`.
    """
    given: dict[str, list[Any]] = {}
    try:
        for head, content in _parts(body, boundary, spooling, texts):
            if isinstance(content, Upload):
                _take_upload(given, head, content)
            elif isinstance(head, Field):
                given.setdefault(head.name, []).append(_text_of(head, content))
            elif head.filename or content:
                given.setdefault(head.name, []).append(content)
    except TooManyParts as error:
        raise ParameterError("Request has more than {limit} parameters", limit=MAX_PARTS) from error
    except ValueError as error:
        raise ParameterError("Request body is not complete multipart/form-data") from error
    return given


def _take_upload(given: dict[str, list[Any]], head: Field | File, upload: Upload) -> None:
    """Close the files of this name that came before: the last counts, and only one is open."""
    if not upload.name and not len(upload):
        upload.close()
        return
    files = given.setdefault(head.name, [])
    for one in files:
        if isinstance(one, Upload):
            one.close()
    files.append(upload)


class FormTooLarge(RequestEntityTooLarge):
    """What was written into a form, beside files, is more than anything there has."""


class TooManyParts(Exception):
    """A form has more than MAX_PARTS."""


class _Counted:
    """Bytes of the parts in memory, and of the texts among them; None: no limit."""

    def __init__(self, most: int | None, texts: int | None) -> None:
        self._left = most
        self._texts_left = texts

    def add(self, head: Field | File, size: int) -> None:
        """Count bytes of a part. Raises RequestEntityTooLarge, of texts FormTooLarge."""
        if self._texts_left is not None and isinstance(head, Field):
            self._texts_left -= size
            if self._texts_left < 0:
                raise FormTooLarge
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise RequestEntityTooLarge


def _parts(
    body: Iterable[bytes], boundary: str, spooling: Spooling | None, texts: int | None
) -> Iterator[tuple[Field | File, bytes | Upload]]:
    """Return the head and the content of each part. Raises as `read_multipart` and `_events`."""
    upload: Upload | None = None
    content: list[bytes] = []
    counted = _Counted(None if spooling is None else spooling.rest, texts)
    for event in _events(body, boundary):
        if isinstance(event, (Field, File)):
            head, content = event, []
            if head.name is None:  # Required (RFC 7578 section 4.2).
                raise ValueError("a part has no name")
            _require_as_it_is(head)
            upload = _spool(head, spooling)
        elif isinstance(event, Data):
            if upload is not None:
                upload.write(event.data)
            else:
                content.append(event.data)
                counted.add(head, len(event.data))
            if not event.more_data:
                yield head, b"".join(content) if upload is None else upload


def _spool(head: Field | File, spooling: Spooling | None) -> Upload | None:
    """Return the file that a part is written to, closed after the answer; None if it isn't one."""
    if spooling is None or not isinstance(head, File) or head.name not in spooling.names:
        return None
    media_type, _ = parse_options_header(head.headers.get("content-type"))
    upload = Upload(head.filename, media_type, spooling.limit)

    @after_this_request
    def close(response: Any) -> Any:
        upload.close()
        return response

    return upload


def _require_as_it_is(head: Field | File) -> None:
    """Refuse a part that is encoded once more, which RFC 7578 section 4.7 deprecates.

    Its bytes would be taken for the document. Raises ParameterError.
    """
    encoding = head.headers.get("Content-Transfer-Encoding", "binary").strip().lower()
    if encoding not in {"7bit", "8bit", "binary"}:
        raise ParameterError(
            '"{field}" parameter has a Content-Transfer-Encoding: send the file as it is',
            field=str(head.name)[:MAX_NAME],
        )


def _events(body: Iterable[bytes], boundary: str) -> Iterator[Event]:
    """Return the events of the parser, piece by piece.

    Only the parser finds the ends of heads; it gets so little data at a time that a head, or
    anything else that it collects, can't exceed its limit by much before it is checked.

    Raises:
        TooManyParts: there are more than MAX_PARTS.
        ValueError: it is no such form, incomplete, or its boundary or a head is too large.
    """
    if len(boundary) > MAX_BOUNDARY:
        raise ValueError("the boundary is too long")
    decoder = MultipartDecoder(boundary.encode(), max_parts=MAX_PARTS)
    heads = 0
    for piece in chain(_cut(body), [None]):
        before = len(decoder.buffer) + len(piece or b"")
        decoder.receive_data(piece)
        while not isinstance(event := _next(decoder), (NeedData, Epilogue)):
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


def _next(decoder: MultipartDecoder) -> Event:
    try:
        return decoder.next_event()
    except RequestEntityTooLarge as error:
        raise TooManyParts from error


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
        raise ParameterError(
            '"{field}" parameter is text that is not in UTF-8: a file is sent with a file name',
            field=str(head.name)[:MAX_NAME],
        ) from error


def _cut(body: Iterable[bytes]) -> Iterator[bytes]:
    return (
        piece[start : start + _PIECE] for piece in body for start in range(0, len(piece), _PIECE)
    )


def as_text(signature: str | bytes, name: str) -> str:
    """Return a signature as text: base64 of DER or of XML in another encoding, else that in a file.

    `name` is that of the parameter.

    Raises:
        ParameterError: the file is neither, or would take too much memory as text.
    """
    if isinstance(signature, str):
        return signature
    try:
        return text_of_file(signature)
    except MalformedSignature as error:
        raise ParameterError(
            "Request has a value of more than {limit} bytes with a character beyond U+FFFF",
            limit=MAX_WIDE_TEXT,
        ) from error
    except UnicodeDecodeError as error:
        raise ParameterError(
            '"{field}" parameter is a file that is neither DER nor text in UTF-8', field=name
        ) from error
