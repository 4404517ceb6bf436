"""The envelope of every answer: `{"status": …, "message": …, "content": …}`."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response

from app.api.family import Problem
from app.api.json_response import CONTENT_TYPE, Answer, json_answer
from app.api.params.unread import sentences
from app.store.errors import SignatureNotFound
from app.store.signatures.large_facts import LargeFacts
from app.store.signatures.large_texts import LargeText, SpooledText
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import Carried

#: Bytes that a streamed answer collects before sending them.
CHUNK = 64 * 1024
#: Bytes up to which an answer is sent at once, with its length; and size of the pieces of a longer
#: text.
WHOLE = 512 * 1024

_OPENING = b'{"status":true,"message":null,"content":'


def success(
    content: dict[str, Any], status: int = 200, *, warnings: Iterable[str] = ()
) -> Response:
    """Answer with content, and with warnings if there are any."""
    answer: dict[str, Any] = {"status": True, "message": None, "content": content}
    notes = [*warnings, *sentences()]
    if notes:
        answer["warnings"] = notes
    return json_answer(answer, status)


def success_one(key: str, row: dict[str, Any]) -> Response:
    """Answer with one row under `key`, in pieces if it is large.

    Raises:
        SignatureNotFound: it was deleted before its signature was read.
    """
    if not _is_large(row):
        return success({key: row})
    pieces = _pieces(row)
    first = next(pieces, None)
    if first is None:
        raise SignatureNotFound
    opening = _OPENING + b"{" + orjson.dumps(key) + b":" + first
    closing = b"}" + _warnings() + b"}"
    response = Response(chain([opening], pieces, [closing]), content_type=CONTENT_TYPE)
    response.call_on_close(pieces.close)
    return response


def saved_one(
    key: str, row: dict[str, Any], losses: Sequence[str], doubts: Sequence[str]
) -> Response:
    """Answer with a saved row under `key`, in pieces if it is large, and with warnings."""
    if not _is_large(row):
        content = {key: row, "warnings": losses} if losses else {key: row}
        return success(content, 201, warnings=doubts)
    opening = _OPENING + b"{" + orjson.dumps(key) + b":"
    within = b',"warnings":' + orjson.dumps(losses) if losses else b""
    closing = within + b"}" + _warnings(doubts) + b"}"
    written = chain([opening], _pieces(row), [closing])
    return Response(written, 201, content_type=CONTENT_TYPE)


def success_text(key: str, text: str, **more: str) -> Response:
    """Answer with a text under `key`, in pieces if it is large, then with `more`."""
    if len(text) <= WHOLE:
        return success({key: text, **more})
    opening = _OPENING + b"{" + orjson.dumps(key) + b':"'
    rest = b"," + orjson.dumps(more)[1:] if more else b"}"
    closing = b'"' + rest + _warnings() + b"}"
    return Response(chain([opening], _escaped(text), [closing]), content_type=CONTENT_TYPE)


def _escaped(text: str | SpooledText) -> Iterator[bytes]:
    """Return a text as between the quotes of JSON, where it may be six times as long."""
    for piece in _cut(text):
        yield orjson.dumps(piece)[1:-1]


def _warnings(more: Iterable[str] = ()) -> bytes:
    """Return the warnings, which follow the content; empty if there are none."""
    notes = [*more, *sentences()]
    return b',"warnings":' + orjson.dumps(notes) if notes else b""


def done() -> Response:
    """Answer to a deletion, which has neither message nor content."""
    return Answer(b'{"status":true}')


def failure(message: str, status: int) -> Response:
    """Answer with an error."""
    return json_answer({"status": False, "message": message, "content": None}, status)


def answer_error(problem: Problem) -> Response:
    """Answer with a problem."""
    return failure(problem.message, problem.status)


def success_list(key: str, rows: Iterable[dict[str, Any]], more: dict[str, Any]) -> Response:
    """Answer with a list under `key` that may be longer than memory, then with `more`.

    It is an `Answer` if it is short; else the rows are read while it is sent. `more` is looked at
    behind the last row.
    """
    chunks = _stream(key, rows, more, b"}" + _warnings() + b"}")
    # Read here, so that a failure before the first byte still sets the status.
    gathered, size = [], 0
    for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size > WHOLE:
            break
    else:
        return Answer(b"".join(gathered))
    return Response(chain(gathered, chunks), content_type=CONTENT_TYPE)


def _stream(
    key: str, rows: Iterable[dict[str, Any]], more: dict[str, Any], closing: bytes
) -> Iterator[bytes]:
    chunk, size = [_OPENING + b"{" + orjson.dumps(key) + b":["], 0
    separator = b""
    for row in rows:
        pieces = _pieces(row) if _is_large(row) else iter((orjson.dumps(row),))
        beginning = separator
        for piece in pieces:  # None if it was deleted before it was read.
            chunk += (beginning, piece)
            size += len(piece)
            beginning, separator = b"", b","
            if size >= CHUNK:
                yield b"".join(chunk)
                chunk, size = [], 0
    chunk.append(b"]")
    for name, value in more.items():
        chunk += (b",", orjson.dumps(name), b":", orjson.dumps(value))
    yield b"".join((*chunk, closing))


def _is_large(row: dict[str, Any]) -> bool:
    cms = row.get("cms") or ""
    is_large = isinstance(cms, LargeText) or len(cms) > WHOLE
    return is_large or isinstance(row.get("signers"), LargeFacts)


def _pieces(row: dict[str, Any]) -> Generator[bytes]:
    """Return a large row in pieces, nothing if it was deleted before it was read.

    Its signature is read once, even if it is written several times.
    """
    large = ("signature", "cms", "signers")
    rest = {name: value for name, value in row.items() if name not in large}
    facts = row.get("signers")
    with ExitStack() as stack:
        try:
            # Before the first byte, which can't be withdrawn.
            cms = _open(row.get("cms"), stack)
            if isinstance(facts, LargeFacts):
                pieces = facts.pieces()
                stack.callback(pieces.close)
                facts = chain([next(pieces)], pieces)
        except SignatureNotFound:
            return
        yield orjson.dumps(rest)[:-1]
        if facts is not None:
            yield b',"signers":'
            yield from (orjson.dumps(facts),) if isinstance(facts, orjson.Fragment) else facts
        if cms is not None:
            for name in ("signature", "cms"):
                yield b"," + orjson.dumps(name) + b':"'
                yield from _escaped(cms)
                yield b'"'
        yield b"}"


def _open(cms: str | LargeText | None, stack: ExitStack) -> str | SpooledText | None:
    """Keep a signature until it was written. Raises SignatureNotFound, NoRoom."""
    return stack.enter_context(cms.opened()) if isinstance(cms, LargeText) else cms


def _cut(text: str | SpooledText) -> Iterator[str]:
    if isinstance(text, SpooledText):
        return text.pieces(CHUNK)
    return (text[place : place + CHUNK] for place in range(0, len(text), CHUNK))


def signature(record: SignatureRecord, zone: ZoneInfo, carried: Carried) -> dict[str, Any]:
    """Return a version under both generations of names, times in `zone`."""
    created_at, updated_at, version_created_at = _times(record, zone)
    written = {
        "id": record.id,
        "document": record.document,
        "thread": record.thread,
        "chain": record.thread,
        "stage": record.stage,
        "version": record.version,
        "parent": record.version - 1 or None,
        "signature": record.cms,
        "cms": record.cms,
        "version_created_by": record.created_by,
        "version_comment": record.comment,
        "version_created_at": version_created_at,
        "tags": record.tags,
        "created_at": created_at,
        "updated_at": updated_at,
    }
    if not carried.cms:
        del written["signature"], written["cms"]
    if carried.signers:
        # JSON already: it is sent as it was stored.
        facts = record.signers or "[]"
        written["signers"] = facts if isinstance(facts, LargeFacts) else orjson.Fragment(facts)
    if carried.saver:
        written["version_saved_by"] = record.saved_by
    if carried.public_id:
        written["public_id"] = record.public_id
    return written


def _times(record: SignatureRecord, zone: ZoneInfo) -> tuple[str, str, str]:
    """Return when the thread was first and last saved, and the version; the same time once."""
    last = record.updated_at
    written = _local(last, zone)
    first, version = (
        written if moment == last else _local(moment, zone)
        for moment in (record.created_at, record.version_created_at)
    )
    return first, written, version


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(" ", "seconds")[:19]
