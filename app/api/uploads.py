"""Requests that carry files: `multipart/form-data` (RFC 7578), or one file as the whole body."""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from app.api.file_types import ATTACHED, DETACHED, XML
from app.api.refusals import ParameterError

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
#: The first byte of a SEQUENCE, with which DER of a signature or a certificate begins.
_SEQUENCE = b"\x30"
#: Parts of one form.
MAX_PARTS = 1_000
#: Bytes of the head of a part.
MAX_PART_HEAD = 8_192
#: Bytes of a text that may have characters beyond U+FFFF, which take four times their place.
MAX_WIDE = 8_000_000
_HEAD = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_WIDE = re.compile(rb"[\xf0-\xf4]")
_REPLACED = "\ufffd"


def read_multipart(body: bytes, boundary: str) -> dict[str, list[Any]]:
    """Read the parts of a form: the text of fields, the bytes of files; each name with its values.

    A file that was left out, as browsers send it, has neither a name nor content, and is none.

    Raises:
        ParameterError: the body is no such form, is not complete, or has too many parts.
    """
    _check_parts(body, b"--" + boundary.encode())
    parser = MultiPartParser(max_form_memory_size=len(body), max_form_parts=MAX_PARTS)
    try:
        texts, files = parser.parse(BytesIO(body), boundary.encode(), len(body))
    except RequestEntityTooLarge as error:
        raise ParameterError("Request has more than {limit} parameters", limit=MAX_PARTS) from error
    except (OSError, ValueError) as error:
        raise ParameterError("Request body is not complete multipart/form-data") from error
    given: dict[str, list[Any]] = {}
    for name, text in texts.items(multi=True):
        if _REPLACED in text:  # Perhaps by the parser, for what is not UTF-8.
            raise ParameterError("Request parameters are not in UTF-8")
        given.setdefault(name, []).append(text)
    for name, file in files.items(multi=True):
        with file.stream as content:
            read = content.read()
        if file.filename or read:
            given.setdefault(name, []).append(read)
    return given


def _check_parts(body: bytes, delimiter: bytes) -> None:
    """Refuse what would cost much to parse: a long head of a part, a large text in wide letters.

    Raises:
        ParameterError: the body has such a part, or too many.
    """
    start = body.find(delimiter)
    for _ in range(MAX_PARTS + 1):
        if start < 0:
            return
        start += len(delimiter)
        stop = body.find(delimiter, start)
        head = _HEAD.search(body, start, start + MAX_PART_HEAD)
        if head is None:
            if stop >= 0 or len(body) - start > MAX_PART_HEAD:
                raise ParameterError("Request body is not complete multipart/form-data")
            return  # What stands behind the last part.
        is_file = b"filename" in body[start : head.end()]
        end = len(body) if stop < 0 else stop
        if not is_file and end - start > MAX_WIDE and _WIDE.search(body, start, end):
            raise ParameterError(
                "Request has a value of more than {limit} bytes with a character beyond U+FFFF",
                limit=MAX_WIDE,
            )
        start = stop
    raise ParameterError("Request has more than {limit} parameters", limit=MAX_PARTS)


def as_text(signature: str | bytes, name: str) -> str:
    """Return the text that stands for a signature: base64 of DER, else the text in a file.

    `name` is that of the parameter.

    Raises:
        ParameterError: the file is neither, or would take too much memory as text.
    """
    if isinstance(signature, str):
        return signature
    if signature.startswith(_SEQUENCE):
        return b64encode(signature).decode()
    if len(signature) > 2 * MAX_WIDE and _WIDE.search(signature):
        raise ParameterError(
            "Request of more than {limit} bytes has a character beyond U+FFFF", limit=2 * MAX_WIDE
        )
    try:
        return signature.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParameterError(
            '"{field}" parameter is a file that is neither DER nor text in UTF-8', field=name
        ) from error
