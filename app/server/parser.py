"""Parsing of requests, with limits for heads and chunks.

waitress parses them. This module adds: the size of a chunked body is that of its content (RFC 9112
section 7.1), without its framing, and `100 Continue` is sent only to a request whose body will be
accepted (RFC 9110 section 10.1.1).
"""

from __future__ import annotations

import re
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError, split_uri
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.rfc7230 import HEADER_FIELD_RE
from waitress.utilities import BadRequest, RequestEntityTooLarge

from app.server.buffers import Spool
from app.server.refusals import DiskFull

#: Bytes of the line before a chunk, with its extensions, and of the fields after the last one.
#: waitress copies them whenever more arrives.
MAX_LINE, MAX_TRAILER = 1024, 65_536
#: Bytes of framing that any body may have, and one more for so many of its content: parsing a chunk
#: of any size takes microseconds of the one thread that serves all connections.
FREE_FRAMING, CONTENT_FOR_FRAMING = 8192, 8
#: Bytes that are parsed at a time: waitress copies the rest of them for each chunk.
_PIECE = 1024

# iinked's clients send their token as `api_key`. waitress drops names with an underscore, since
# they could be confused with others; this one is passed on, as the header it would be confused
# with.
_API_KEY = re.compile(rb"\r\napi_key[ \t]*:", re.IGNORECASE)
#: Paths with a thread of their own, for which no limits of callers hold: so their heads are small.
HEALTH, MAX_HEALTH_HEAD = ("/health/live", "/health/ready"), 8192
#: Where a form may bring a document, which is larger than other bodies.
_UPLOADS = ("/signature", "/signature/")
_FORM = "multipart/form-data"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
#: Bytes of a request line with raw UTF-8, each of which is quoted.
MAX_ODD_LINE = 16_384
#: A request line, which waitress finds quickly by its pattern. What only begins like one is tried
#: in as many ways as it is long.
_LINE = re.compile(rb"[^ ]+ [^ ]+(?: HTTP/[0-9]\.[0-9])?")
_BLANKS = b" \t"
#: The beginning of a head that is HTTP, even if it is refused (RFC 9112 section 3).
_BEGINNING = re.compile(rb"\s*(?P<method>[A-Z]{1,32}) (?P<target>/[^ ?#\r\n]*)(?P<rest>[^\r\n]*)")
#: Lines of such a head that are read.
_MAX_FIELDS = 200
#: Fields that frame a request, which a refused head must not set.
_FRAMING = {"CONTENT_LENGTH", "TRANSFER_ENCODING", "EXPECT", "CONNECTION"}


class Chunks(ChunkedReceiver):  # type: ignore[misc]  # waitress is written without types
    """Reads a chunked body; `framing` counts the bytes outside its content."""

    framing = 0
    error: Any

    def received(self, data: bytes) -> int:
        """Process data of the body; return how many bytes belong to it."""
        before, consumed = len(self), 0
        while consumed < len(data) and not (self.completed or self.error):
            size = max(_PIECE, self.chunk_remainder)
            consumed += super().received(data[consumed : consumed + size])
        self.framing += consumed - (len(self) - before)
        if len(self.control_line) > MAX_LINE:
            self.error = BadRequest("Chunk size is too long")
        elif self.framing - len(self.trailer) > FREE_FRAMING + len(self) // CONTENT_FOR_FRAMING:
            self.error = BadRequest("Chunks are too small")
        elif not self.completed and len(self.trailer) > MAX_TRAILER:
            self.error = BadRequest("Trailer is too long")
        return consumed


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads one request; `began` is when its first byte came, by the monotonic clock."""

    #: The settings for the request: larger bodies are accepted where a document may come.
    adj: Any
    body_rcv: Any
    headers: dict[str, str]
    #: Values for an answer until a head sets them.
    command, path, query, request_uri, url_scheme = "GET", "/", "", "/", "http"
    #: The head of a request that is refused because of it.
    refused_head = b""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began = time.monotonic()

    def received(self, data: bytes) -> int:
        """Process received data; return how many bytes belong to this request.

        A body that can't be written to the disk ends there, and the request is refused.
        """
        try:
            consumed = self._take(data)
        except OSError as error:
            consumed = len(data)
            self._drop_body(DiskFull(error.strerror or type(error).__name__))
        if self.completed:  # It is refused, or has no body: the client need not wait.
            self.expect_continue = False
        return consumed

    def _drop_body(self, error: DiskFull) -> None:
        self.close()
        self.body_rcv, self.body_bytes_received = None, 0
        self.error, self.completed = error, True

    def _take(self, data: bytes) -> int:
        """Process received data. Raises OSError."""
        body = self.body_rcv
        if isinstance(body, Chunks) and not self.completed:
            consumed = self._take_chunks(body, data)
        else:
            head = self.header_plus + data if body is None else b""
            consumed = int(super().received(data))
            if self.error is not None and not isinstance(self.error, RequestEntityTooLarge):
                self.refused_head = head
        return consumed

    def _take_chunks(self, body: Chunks, data: bytes) -> int:
        """Process data of a chunked body, up to as much content as a body may have."""
        consumed = body.received(data)
        self.body_bytes_received = len(body)
        limit = self.adj.max_request_body_size
        if len(body) + body.chunk_remainder >= limit:
            self.error = RequestEntityTooLarge(f"exceeds max_body of {limit}")
        else:
            self.error = body.error
        if body.completed:
            self.headers["CONTENT_LENGTH"] = str(len(body))
        self.completed = body.completed or self.error is not None
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head of a request, whose target may contain raw UTF-8.

        curl and PHP's streams send it in this way, though RFC 3986 section 2 requires
        percent-encoding.
        """
        line, end, fields = header_plus.partition(b"\r\n")
        fields = _tidy(_API_KEY.sub(b"\r\napi-key:", end + fields))
        super().parse_header(_quoted(line) + fields)
        if self.path in HEALTH and len(header_plus) > MAX_HEALTH_HEAD:
            raise ParsingError("The head of a health check is too large")
        if self.proxy_netloc:  # Host is ignored beside it (RFC 9112 section 3.2.2).
            self.headers["HOST"] = self.proxy_netloc
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            # A proxy in front may have gone by the other one (RFC 9112 section 6.1).
            raise ParsingError("Content-Length beside Transfer-Encoding")
        if self.chunked:
            self.body_rcv = Chunks(Spool(self.adj.inbuf_overflow))
        elif self.body_rcv is not None:
            self.body_rcv = FixedStreamReceiver(self.content_length, Spool(self.adj.inbuf_overflow))
        kind = self.headers.get("CONTENT_TYPE", "").lstrip().lower()
        if self.command == "POST" and self.path in _UPLOADS and kind.startswith(_FORM):
            self.adj = self.adj.uploads

    def read_leniently(self) -> None:
        """Extract from a refused head what its answer depends on."""
        found = _BEGINNING.match(self.refused_head)
        if found is None:
            return
        target = found["target"]
        try:
            *_, self.path, self.query, _ = split_uri(target)
        except (ParsingError, ValueError):
            return
        self.command, self.request_uri = found["method"].decode(), target.decode("latin-1")
        self.version = "1.1" if found["rest"].rstrip().endswith(b" HTTP/1.1") else "1.0"
        self.headers = {}
        fields = _tidy(_API_KEY.sub(b"\r\napi-key:", self.refused_head[found.end() :]))
        # The last piece is no complete line.
        for line in fields.split(b"\r\n", _MAX_FIELDS)[1:-1]:
            one = HEADER_FIELD_RE.match(line)
            if one is None or b"_" in one["name"]:
                continue
            name = one["name"].upper().replace(b"-", b"_").decode("latin-1")
            if name not in _FRAMING:
                self.headers.setdefault(name, one["value"].strip(b" \t").decode("latin-1"))

    def take_head_of(self, other: Parser) -> None:
        """Copy the head of another request, to answer it."""
        for name in ("command", "path", "query", "request_uri", "url_scheme"):
            setattr(self, name, getattr(other, name))
        self.headers = {**other.headers, **self.headers}


def _quoted(line: bytes) -> bytes:
    """Return a request line with raw UTF-8 in its target quoted. Raises ParsingError."""
    is_odd = not line.isascii() and len(line) > MAX_ODD_LINE
    if is_odd or _LINE.fullmatch(line.rstrip()) is None:
        raise ParsingError("Start line is invalid")
    return line if line.isascii() else _NOT_ASCII.sub(lambda one: b"%%%02X" % one[0][0], line)


def _tidy(fields: bytes) -> bytes:
    """Return the lines after the first of a head, each field in one (RFC 9112 section 5.2).

    Its value has no blanks around it: the pattern of waitress tries each of those before a value
    with each of them. What continues no field is refused by waitress, as is a name with blanks.
    """
    lines: list[list[bytes]] = []
    for line in fields.split(b"\r\n")[1:]:
        if lines and line[:1] and line[:1] in _BLANKS:
            lines[-1].append(line.strip(_BLANKS))
        else:
            name, colon, value = line.partition(b":")
            lines.append([name + colon, value.strip(_BLANKS)] if colon else [line])
    return b"".join(b"\r\n" + _write_field(*parts) for parts in lines)


def _write_field(name: bytes, *values: bytes) -> bytes:
    value = b" ".join(filter(None, values))
    return name + value if name.endswith(b":") else b" ".join([name, value]) if value else name
