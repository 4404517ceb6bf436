"""Requests as they come in, whose heads and chunks are bounded.

waitress parses them. What is added here: a body in chunks is as long as its content (RFC 9112
section 7.1), whatever its framing takes, and `100 Continue` is said only to a request whose body is
wanted (RFC 9110 section 10.1.1).
"""

from __future__ import annotations

import re
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge

#: Bytes of the line before a chunk, with its extensions, and of the fields behind the last one.
#: waitress copies what it has of them whenever more comes.
MAX_LINE, MAX_TRAILER = 1024, 65_536
#: Bytes of framing that any body may have, beside as many as it has of content: to parse a chunk
#: takes microseconds of the one thread that serves all connections, however small it is.
FREE_FRAMING = 8192

# iinked's clients send their token as `api_key`. waitress drops names with an underscore, since
# they could be taken for others; this one is let through, as the header it would be taken for.
_API_KEY = re.compile(rb"\r\napi_key[ \t]*:", re.IGNORECASE)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class Chunks(ChunkedReceiver):  # type: ignore[misc]  # waitress is written without types
    """Reads a body in chunks; `framing` counts the bytes that are none of its content."""

    framing = 0

    def received(self, data: bytes) -> int:
        """Take what came of the body; return how many bytes belong to it."""
        before = len(self)
        consumed: int = super().received(data)
        self.framing += consumed - (len(self) - before)
        if len(self.control_line) > MAX_LINE:
            self.error = BadRequest("Chunk size is too long")
        elif self.framing - len(self.trailer) > FREE_FRAMING + len(self):
            self.error = BadRequest("Chunks are too small")
        elif not self.completed and len(self.trailer) > MAX_TRAILER:
            self.error = BadRequest("Trailer is too long")
        return consumed


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads one request; `began` is when its first byte came, by the monotonic clock."""

    body_rcv: Any

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began = time.monotonic()

    def received(self, data: bytes) -> int:
        """Take what came; return how many bytes belong to this request."""
        body = self.body_rcv
        if isinstance(body, Chunks) and not self.completed:
            consumed = self._take_chunks(body, data)
        else:
            consumed = int(super().received(data))
        if self.completed:  # It is refused, or has no body: a client that waits needn't.
            self.expect_continue = False
        return consumed

    def _take_chunks(self, body: Chunks, data: bytes) -> int:
        """Take what came of a body in chunks, up to as much content as a body may have."""
        consumed = body.received(data)
        self.body_bytes_received = len(body)
        limit = self.adj.max_request_body_size
        # The larger ones, whose chunks would keep this thread busy, have half the limit for their
        # framing.
        if len(body) >= limit or len(body) + body.framing >= limit + limit // 2 + MAX_TRAILER:
            self.error = RequestEntityTooLarge(f"exceeds max_body of {limit}")
        else:
            self.error = body.error
        if body.completed:
            self.headers["CONTENT_LENGTH"] = str(len(body))
        self.completed = body.completed or self.error is not None
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head of a request, whose address may have bytes of UTF-8 as they are.

        curl and PHP's streams send them so, though RFC 3986 section 2 wants them encoded.
        """
        line, end, fields = header_plus.partition(b"\r\n")
        if not line.isascii():
            line = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line)
        super().parse_header(line + _API_KEY.sub(b"\r\napi-key:", end + fields))
        if self.chunked:
            self.body_rcv = Chunks(self.body_rcv.getbuf())
