"""Many saves in one request: a JSON object on each line, and an answer on each line.

Nothing is saved before the whole body is here and its lines are counted. Then each line is read,
saved in a transaction of its own and answered, before the next one is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import islice
from time import monotonic
from typing import Any

from flask import Request, Response, current_app, request, stream_with_context

from app.api.ncanode.signatures.save_schemas import SaveItem, SaveItemSchema
from app.api.ncanode.signatures.saves import save
from app.api.params import unread
from app.cms import Reason
from app.extensions import current_reads, current_trust
from app.rate_limit.computing import settle_computing
from app.services import json_bodies
from app.services.bodies import read_body
from app.services.errors import ParameterError, UnsupportedMediaType
from app.services.idempotency import HEADER
from app.services.json_bodies import MalformedJson
from app.services.translations import choose_locale
from app.store.errors import BatchTooSlow
from app.trust.turns import LARGE

#: The media type of the answer, and those of a request: none is registered.
NDJSON = "application/x-ndjson"
KINDS = (NDJSON, "application/ndjson", "application/jsonl")
#: Lines of a request, and seconds after which the rest of them is refused.
MAX_LINES, MAX_SECONDS = 1_000, 300.0
#: Around a line.
_BLANKS = b" \t\r\n"

_ITEM = SaveItemSchema()


def check_batch(request: Request) -> None:
    """Check the head of a request.

    Raises:
        ParameterError: it has a header that is for single saves.
        UnsupportedMediaType: it has another type.
    """
    if request.mimetype not in KINDS:
        raise UnsupportedMediaType(
            "Request body has a type that is not accepted here: its Content-Type must be one of "
            "{kinds}",
            kinds=", ".join(KINDS),
        )
    if HEADER in request.headers:
        raise ParameterError(
            'Header "{field}" can\'t be used here: each line may have its own "{other}"',
            field=HEADER,
            other=SaveItemSchema.KEY,
        )
    unread.note(request.args, ())


def read_batch(request: Request) -> bytes:
    """Return the lines of a request.

    Raises:
        ParameterError: it can't be read to its end, or has no line, or too many.
        RequestEntityTooLarge: it is larger than MAX_CONTENT_LENGTH.
    """
    body = read_body(request)
    size = len(body.rstrip(_BLANKS))
    if not size:
        raise ParameterError("Request body has no line: each line is a JSON object")
    if body.count(b"\n", 0, size) >= MAX_LINES:
        raise ParameterError("Request body has more than {limit} lines", limit=MAX_LINES)
    return body


def answer_batch(body: bytes) -> Response:
    """Save each line while its answer is sent."""
    response = Response(stream_with_context(_save_each(body)), content_type=NDJSON)
    response.headers["Content-Language"] = choose_locale(request)
    return response


def _save_each(body: bytes) -> Iterator[bytes]:
    until = monotonic() + MAX_SECONDS
    lines, number = _lines(body), 0
    # Of a large line there is one copy at a time.
    del body
    while held := list(islice(lines, 1)):
        number += 1
        is_large = len(held[0]) > LARGE
        with _in_turn() if is_large and number > 1 else nullcontext():
            answer = _answer(number, held, until) if held[0].strip(_BLANKS) else None
        if answer:
            yield from _write(number, answer)


@contextmanager
def _in_turn() -> Iterator[None]:
    """Wait for the place of a large request, which this one lost when its answer began."""
    turns = current_trust().turns
    with ExitStack() as stack:
        with turns.extra_thread():
            stack.enter_context(turns.large_place())
        yield


def _lines(body: bytes) -> Iterator[bytes]:
    """Return the lines of a body, one at a time."""
    start, stop = 0, body.find(b"\n")
    while stop >= 0:
        yield body[start:stop]
        start, stop = stop + 1, body.find(b"\n", stop + 1)
    rest = body[start:] if start else body
    del body
    held = [rest]
    del rest
    yield held.pop()


def _answer(number: int, held: list[bytes], until: float) -> Response:
    """Save a line, and return what a request of its own would be answered.

    The line is taken out of the list.
    """
    try:
        return _save(held, until)
    except Exception as error:  # noqa: BLE001 - as those of any request; the others are saved
        return _refuse(number, error)


def _save(held: list[bytes], until: float) -> Response:
    """Save a line. Raises what `save` does, TooMuchComputing, or BatchTooSlow."""
    if monotonic() > until:
        raise BatchTooSlow(seconds=round(MAX_SECONDS))
    settle_computing()
    unread.forget()
    item: SaveItem = _ITEM.read_object(_parse(held.pop()))
    try:
        return save(item.save, item.key)
    finally:
        # It may have been written, and is about to be acknowledged.
        current_reads().note_write()


def _parse(line: bytes) -> dict[str, Any]:
    """Return the object on a line. Raises ParameterError."""
    try:
        found = json_bodies.parse(line, fractions=False)
    except MalformedJson as error:
        reason = error.reason
        if "column" in reason.values:
            raise ParameterError(
                "it is not valid JSON (column {column})", column=reason.values["column"]
            ) from error
        raise ParameterError(reason.template, **reason.values) from error
    if not isinstance(found, dict):
        raise ParameterError("it must be a JSON object")
    return found


def _refuse(number: int, error: Exception) -> Response:
    """Return the answer to an error; what is wrong with a line names it."""
    if isinstance(error, ParameterError):
        reason = Reason(error.template, error.values)
        error = ParameterError("line {line}: {reason}", line=number, reason=reason)
    return current_app.make_response(current_app.handle_user_exception(error))


def _write(number: int, response: Response) -> Iterator[bytes]:
    """Return the line that answers a line: the envelope, after the line's number and its status."""
    head = b'{"line":%d,"code":%d,' % (number, response.status_code)
    if response.is_sequence:
        yield head + response.get_data()[1:] + b"\n"
        return
    pieces = response.iter_encoded()
    yield head + next(pieces)[1:]
    yield from pieces
    yield b"\n"
