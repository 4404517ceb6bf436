"""A signature as a file: its type and name, and conditional requests for it."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from tempfile import TemporaryFile
from urllib.parse import quote

from flask import Request, Response
from werkzeug.exceptions import PreconditionFailed
from werkzeug.wsgi import FileWrapper

from app.api.media_types import ATTACHED, DETACHED, SUFFIXES, XML
from app.caching import answer_condition
from app.cms import SignatureFile, open_file
from app.store.errors import NoRoom
from app.store.packages.public_ids import PublicThread
from app.store.signatures.large_texts import IN_MEMORY

OCTETS = "application/octet-stream"
#: Bytes of a name without its suffix: file systems take 255.
MAX_NAME = 200
#: Characters with a meaning in paths or shells.
_UNSAFE = re.compile(r'[\\/:*?"<>|%]')
#: Characters that need no escape in an extended parameter (RFC 8187 section 3.2.1).
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"


def file_of(thread: PublicThread, text: str) -> SignatureFile:
    """Return the file of a thread; what is known to be no signature stays text."""
    if thread.format is None and thread.signature_size is not None:
        return SignatureFile(None, text.encode())
    return open_file(text, thread.signature_sha256)


def type_of(file_format: str | None, thread: PublicThread) -> str:
    """Return the narrowest type of a file of this format."""
    if file_format == "cms":
        # Unknown if not read yet; the second type covers both.
        detached = thread.format is not None and thread.content_size is None
        return DETACHED if detached else ATTACHED
    return XML if file_format == "xml" else OCTETS


def answer_file(
    request: Request, file: SignatureFile, thread: PublicThread, content_type: str
) -> Response:
    """Answer with a file, or with 304 if the client has it already.

    Raises:
        PreconditionFailed: the client requires another one (If-Match, RFC 9110 section 13.1.1).
        NoRoom: it is large, and the disk is full.
    """
    etag, wanted = sha256(file.data).hexdigest(), request.if_match
    if wanted and not (wanted.star_tag or wanted.is_strong(etag)):
        raise PreconditionFailed
    large = len(file.data) > IN_MEMORY
    body = _spooled(file.data) if large else file.data
    response = Response(body, content_type=content_type, direct_passthrough=large)
    response.content_length = len(file.data)
    response.set_etag(etag)
    response.headers["Content-Disposition"] = _disposition(thread, type_of(file.format, thread))
    response.headers["X-Content-Type-Options"] = "nosniff"
    # werkzeug would evaluate If-Match again, doesn't know its `*`, and would send the file with
    # 412.
    answer_condition(response, request, but="HTTP_IF_MATCH")
    return response


def _spooled(data: bytes) -> FileWrapper:
    """Return a body from a temporary file, deleted once it is sent."""
    file = TemporaryFile()  # noqa: SIM115 - closed with the response
    try:
        file.write(data)
        file.seek(0)
    except OSError as error:
        file.close()
        raise NoRoom from error
    return FileWrapper(file)


def _disposition(thread: PublicThread, narrowest: str) -> str:
    """Return Content-Disposition (RFC 6266) with the name in UTF-8 and in ASCII."""
    name = file_name(thread.document, thread.thread) + SUFFIXES.get(narrowest, "")
    plain = "".join(character if character.isascii() else "_" for character in name)
    encoded = quote(name, safe=_ATTRIBUTE_CHARACTERS)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def file_name(document: str, thread: str) -> str:
    """Return a safe file name for any text: not hidden, without a path, not misleading."""
    name = _UNSAFE.sub("_", f"{document}-{thread}")
    # Control characters, and those that change the direction of text.
    name = "".join("_" if unicodedata.category(each)[0] == "C" else each for each in name)
    cut = name.encode()[:MAX_NAME].decode(errors="ignore")
    return cut.strip(". ") or "signature"
