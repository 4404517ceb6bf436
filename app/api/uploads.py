"""Requests that carry files: `multipart/form-data` (RFC 7578), or one file as the whole body."""

from __future__ import annotations

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
#: The first byte of a SEQUENCE, with which DER of a signature begins.
_SEQUENCE = b"\x30"
#: Parts of one form.
MAX_PARTS = 1_000
_REPLACED = "\ufffd"


def read_multipart(body: bytes, boundary: str) -> dict[str, list[Any]]:
    """Read the parts of a form: the text of fields, the bytes of files; each name with its values.

    A file that was left out, as browsers send it, has neither a name nor content, and is none.

    Raises:
        ParameterError: the body is no such form, is not complete, or has too many parts.
    """
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


def as_text(signature: str | bytes) -> str:
    """Return the text that stands for a signature: base64 of DER, else the text in a file.

    Raises:
        ParameterError: the file is neither.
    """
    if isinstance(signature, str):
        return signature
    if signature.startswith(_SEQUENCE):
        return b64encode(signature).decode()
    try:
        return signature.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParameterError(
            '"{field}" parameter is a file that is neither DER nor text in UTF-8', field="cms"
        ) from error
