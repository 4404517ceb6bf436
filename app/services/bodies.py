"""The body of a request, within the limit of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from flask import Request, current_app
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge

from app.services.errors import ParameterError

#: Bytes that are read at a time of a body that may be larger than memory.
PIECE = 65_536


class BoundedRequest(Request):
    """A request whose body is read by the functions of this package alone, which have limits.

    What werkzeug makes of a body of 30 MB, a form of ten million fields or a part with a head of
    megabytes, takes gigabytes.
    """

    def make_form_data_parser(self) -> NoReturn:
        """Refuse `form`, `files` and `values`. Raises ValueError."""
        raise ValueError("a form is read by app.services.uploads or app.api.params")

    def get_data(self, *_args: object, **_kw: object) -> NoReturn:
        """Refuse `data`, `json` and `get_json` too. Raises ValueError, which Sentry expects."""
        raise ValueError("a body is read by app.services.bodies")


def has_body(request: Request) -> bool:
    """Return whether a request has a body, perhaps an empty one (RFC 9112 section 6)."""
    return "CONTENT_LENGTH" in request.environ or "HTTP_TRANSFER_ENCODING" in request.environ


def read_body(request: Request) -> bytes:
    """Read the body to its end, which werkzeug doesn't require: an incomplete body is refused.

    Raises:
        ParameterError: it can't be read to its end.
        RequestEntityTooLarge: it is larger than MAX_CONTENT_LENGTH.
    """
    return b"".join(read_pieces(request))


def read_pieces(request: Request, most: int | None = None) -> Iterator[bytes]:
    """Read the body as `read_body`, in pieces if it may have more bytes: `most`; else as one."""
    if not has_body(request):
        return
    environ = request.environ
    limit = current_app.config["MAX_CONTENT_LENGTH"] if most is None else most
    length = request.content_length
    if length is not None and length > limit:
        raise RequestEntityTooLarge
    # gunicorn ends a body without a length with the last chunk.
    left = limit + 1 if length is None else length
    while left > 0:
        wanted = left if most is None else min(left, PIECE)
        piece = _read(environ["wsgi.input"], wanted)
        left -= len(piece)
        if length is None and left <= 0:
            raise RequestEntityTooLarge
        if piece:
            yield piece
        if len(piece) < wanted:
            break
    if length is not None and left > 0:
        raise ParameterError("Request body can't be read to its end")


def _read(stream: Any, size: int) -> bytes:
    try:
        piece: bytes = stream.read(size)
    except (OSError, ParseException) as error:  # the socket's, or gunicorn's for a bad chunk
        raise ParameterError("Request body can't be read to its end") from error
    return piece
