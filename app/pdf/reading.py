"""Reading PDFs of others: a child process for each, whose answer is checked like any input.

A child costs a tenth of a second of CPU time, and knows nothing but the one file: what a hostile
PDF does to it ends with it. It gets no environment, and ends itself: nothing has to be cleaned up.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, BinaryIO, TypeVar

from app.cms import Reason, add_cpu_time_ns
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import USUAL, Limits

_ROOT = Path(__file__).resolve().parents[2]
#: Bytes of the line of JSON.
_MAX_HEAD = 1024 * 1024
_PIECE = 65_536
#: Seconds after the child's own limit.
_GRACE = 2
#: Seconds between two looks whether it has ended.
_PAUSE = 0.002

DAMAGED = Reason("The PDF is damaged, or it is none")
ENCRYPTED = Reason("The PDF is encrypted")
_TOO_MUCH = Reason("Reading the PDF takes too much time or memory")
_REFUSALS = {
    "damaged": DAMAGED,
    "encrypted": ENCRYPTED,
    "pages": Reason("The PDF has more than {pages} pages"),
    "attachments": Reason("The PDF has more than {attachments} attached files"),
    "signatures": Reason("The PDF has more than {signatures} signatures"),
    "inflated": Reason("What the PDF holds is larger than {inflated} bytes"),
    "memory": _TOO_MUCH,
    "complex": Reason("The PDF is nested too deeply, or has too many parts"),
}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a PDF."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Attachments:
    """The files attached to a document, in the order of the name tree.

    `doubts` are names of what makes programs disagree about them: `order` (the keys are not
    sorted), `tree` (it is not regular), `structure` (the PDF can be read in more than one way),
    `two contents` (one file has several).
    """

    pages: int
    files: tuple[Attachment, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A further signature that a page shows: its field, the page, from 1, and the rectangle."""

    field: str
    page: int
    rectangle: str


@dataclass(frozen=True, slots=True)
class SignatureDictionary:
    """What a PDF says of one signature, nothing of which is verified (ISO 32000-1 section 12.8.1).

    `changes` are names of what was changed after it, `shown` signatures that are seen since.
    """

    field: str
    byte_range: tuple[int, ...]
    contents: bytes
    subfilter: str | None
    name: str | None
    reason: str | None
    location: str | None
    contact_info: str | None
    date: str | None
    changes: tuple[str, ...]
    shown: tuple[Shown, ...]


def read_attachments(data: bytes, limits: Limits = USUAL) -> Attachments:
    """Read the files attached to a PDF. Raises UnreadablePdf."""
    return _understood(_attachments, *_ask("attachments", data, limits))


def read_signature_dictionaries(
    data: bytes, limits: Limits = USUAL
) -> tuple[SignatureDictionary, ...]:
    """Read the signatures of a PDF. Raises UnreadablePdf."""
    return _understood(_signatures, *_ask("signatures", data, limits))


def _attachments(found: dict[str, Any], blobs: list[bytes]) -> Attachments:
    names = _texts(found["names"])
    files = tuple(Attachment(name, blob) for name, blob in zip(names, blobs, strict=True))
    return Attachments(int(found["pages"]), files, _texts(found["doubts"]))


def _signatures(found: dict[str, Any], blobs: list[bytes]) -> tuple[SignatureDictionary, ...]:
    return tuple(
        SignatureDictionary(
            field=_required(one["field"]),
            byte_range=tuple(int(number) for number in one["byte_range"] or ()),
            contents=blob,
            subfilter=_optional(one["subfilter"]),
            name=_optional(one["name"]),
            reason=_optional(one["reason"]),
            location=_optional(one["location"]),
            contact_info=_optional(one["contact_info"]),
            date=_optional(one["date"]),
            changes=_texts(one["changes"]),
            shown=tuple(
                Shown(_required(field), int(page), _required(rectangle))
                for field, page, rectangle in one["shown"]
            ),
        )
        for one, blob in zip(found["signatures"], blobs, strict=True)
    )


def _understood(
    read: Callable[[dict[str, Any], list[bytes]], Value], found: dict[str, Any], blobs: list[bytes]
) -> Value:
    """Return an answer of the child as a value. Raises UnreadablePdf if it makes no sense."""
    try:
        return read(found, blobs)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadablePdf(DAMAGED.template) from error


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_required, value))


def _required(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional(value: object) -> str | None:
    return None if value is None else _required(value)


def _ask(task: str, data: bytes, limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    """Have a child do a task. Raises UnreadablePdf."""
    if len(data) > limits.size:
        raise UnreadablePdf("The PDF is larger than {size} bytes", size=limits.size)
    with _as_file(data) as file:
        answer = _run(task, file, len(data), limits)
    head, _, rest = answer.partition(b"\n")
    try:
        found = json.loads(head)
        sizes = [int(size) for size in found.get("blobs", ())]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadablePdf(_TOO_MUCH.template) from error
    refused = found.get("refused")
    if refused is not None:
        reason = _REFUSALS.get(str(refused), DAMAGED)
        raise UnreadablePdf(reason.template, **asdict(limits))
    if any(size < 0 for size in sizes) or sum(sizes) != len(rest):
        raise UnreadablePdf(_TOO_MUCH.template)
    return found, _cut(rest, sizes)


def _cut(whole: bytes, sizes: list[int]) -> list[bytes]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(whole[start : start + size])
        start += size
    return pieces


def _as_file(data: bytes) -> BinaryIO:
    """Return a file in memory, or a temporary one, from which the child reads.

    Raises OSError: there is no room for it.
    """
    # A pipe would have to be written and read at once.
    if hasattr(os, "memfd_create"):
        file: Any = os.fdopen(os.memfd_create("pdf"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    try:
        file.write(data)
        file.seek(0)
    except OSError:
        with suppress(OSError):
            file.close()
        raise
    opened: BinaryIO = file
    return opened


def _run(task: str, file: BinaryIO, size: int, limits: Limits) -> bytes:
    """Run the child, and return all that it answers. Raises UnreadablePdf."""
    command = [sys.executable, "-s", "-m", "app.pdf.child", task]
    child = subprocess.Popen(  # noqa: S603 - our own program
        [*command, json.dumps(asdict(limits)), str(size)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={"PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
    )
    patience = 0.0
    try:
        answer = _collect(child, limits)
        patience = _GRACE
    finally:
        _end(child, patience)
        if child.stdout:
            child.stdout.close()
    if child.returncode != 0:
        raise UnreadablePdf(_TOO_MUCH.template)
    return answer


def _end(child: subprocess.Popen[bytes], patience: float) -> None:
    """Wait until a child ends, and end it after some seconds; its CPU time is the thread's."""
    deadline = monotonic() + patience
    flags = os.WNOHANG
    while not (ended := os.wait4(child.pid, flags))[0]:
        if monotonic() < deadline:
            sleep(_PAUSE)
        else:
            child.kill()
            flags = 0
    _, status, usage = ended
    child.returncode = os.waitstatus_to_exitcode(status)
    add_cpu_time_ns(round((usage.ru_utime + usage.ru_stime) * 1e9))


def _collect(child: subprocess.Popen[bytes], limits: Limits) -> bytes:
    """Read up to the end, a limit of bytes or of time. Raises UnreadablePdf."""
    assert child.stdout  # noqa: S101 - it was asked for
    descriptor = child.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    deadline = monotonic() + limits.wall + _GRACE
    pieces: list[bytes] = []
    left = limits.inflated + limits.size + _MAX_HEAD
    while left > 0 and (remaining := deadline - monotonic()) > 0:
        if not poll.poll(remaining * 1000):
            break
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        left -= len(piece)
    raise UnreadablePdf(_TOO_MUCH.template)
