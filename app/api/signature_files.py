"""A signature as a file: its type and name, and conditional requests for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote

from flask import Request, Response
from werkzeug.exceptions import PreconditionFailed
from werkzeug.wsgi import FileWrapper

from app.caching import answer_condition
from app.services.media_types import ATTACHED, DETACHED, OCTETS, SUFFIXES, XML
from app.store import temporary
from app.store.signatures.large_texts import IN_MEMORY

#: Bytes of a name without its suffix: file systems take 255.
MAX_NAME = 200
#: Characters with a meaning in paths or shells.
_UNSAFE = re.compile(r'[\\/:*?"<>|%]')
#: Characters that need no escape in an extended parameter (RFC 8187 section 3.2.1).
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


def type_of(file_format: str | None, *, is_detached: bool) -> str:
    """Return the narrowest type of a file of this format."""
    if file_format == "cms":
        return DETACHED if is_detached else ATTACHED
    return XML if file_format == "xml" else OCTETS


def answer_file(request: Request, data: bytes, name: str, content_type: str) -> Response:
    """Answer with a file, or with 304 if the client has it already.

    Raises:
        PreconditionFailed: the client requires another one (If-Match, RFC 9110 section 13.1.1).
        NoRoom: it is large, and the disk is full.
    """
    etag = sha256(data).hexdigest()
    _require_match(request, etag)
    large = len(data) > IN_MEMORY
    body = _spooled(data) if large else data
    response = Response(body, content_type=content_type, direct_passthrough=large)
    response.content_length = len(data)
    _label(response, request, etag, name)
    return response


def answer_pieces(  # noqa: PLR0913 - a file, described
    request: Request,
    read: Callable[[], Iterator[bytes]],
    *,
    size: int,
    sha256: str,
    name: str,
    content_type: str,
) -> Response:
    """Answer with a file that is read while it is sent, or with 304 if the client has it already.

    It is not read for a client that has it, nor for HEAD. Raises PreconditionFailed as
    `answer_file`, and what `read` raises.
    """
    _require_match(request, sha256)
    response = Response(content_type=content_type)
    _label(response, request, sha256, name)
    if response.status_code == HTTPStatus.OK:
        if request.method != "HEAD":
            response.response = read()
        response.content_length = size
    return response


def _require_match(request: Request, etag: str) -> None:
    wanted = request.if_match
    if wanted and not (wanted.star_tag or wanted.is_strong(etag)):
        raise PreconditionFailed


def _label(response: Response, request: Request, etag: str, name: str) -> None:
    """Set the headers of a file, and turn the answer into 304 if the client has it."""
    response.set_etag(etag)
    response.headers["Content-Disposition"] = _disposition(name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # werkzeug would evaluate If-Match again, doesn't know its `*`, and would send the file with
    # 412.
    answer_condition(response, request, but="HTTP_IF_MATCH")


def _spooled(data: bytes) -> FileWrapper:
    """Return a body from a temporary file, deleted once it is sent. Raises NoRoom."""
    return FileWrapper(temporary.spooled([data]))


def _disposition(name: str) -> str:
    """Return Content-Disposition (RFC 6266) with the name in UTF-8 and in ASCII."""
    plain = "".join(character if character.isascii() else "_" for character in name)
    encoded = quote(name, safe=_ATTRIBUTE_CHARACTERS)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def file_name(document: str, thread: str, narrowest: str = OCTETS) -> str:
    """Return a safe file name for any text: not hidden, without a path, not misleading.

    `narrowest` is the narrowest type of the file, from which the suffix follows.
    """
    return safe_name(f"{document}-{thread}") + SUFFIXES.get(narrowest, "")


def safe_name(name: str) -> str:
    """Return a text as the name of a file: not hidden, without a path, not misleading."""
    name = _UNSAFE.sub("_", name)
    # Control characters, and those that change the direction of text.
    name = "".join("_" if unicodedata.category(each)[0] == "C" else each for each in name)
    cut = name.encode()[:MAX_NAME].decode(errors="ignore")
    return cut.strip(". ") or "signature"
