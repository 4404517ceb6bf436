"""A child process for each PDF, whose answer is read piece by piece, and checked like any input.

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
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any, BinaryIO

from app.cms import Reason, add_cpu_time_ns
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import Limits

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


def ask(task: str, data: bytes, limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    """Have a child do a task; return values, and bytes beside them. Raises UnreadablePdf."""
    if len(data) > limits.size:
        raise UnreadablePdf("The PDF is larger than {size} bytes", size=limits.size)
    with _as_file(data) as file:
        found, blobs = _run(task, file, len(data), limits)
    refused = found.get("refused")
    if refused is not None:
        reason = _REFUSALS.get(str(refused), DAMAGED)
        raise UnreadablePdf(reason.template, **asdict(limits))
    return found, blobs


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


def _run(
    task: str, file: BinaryIO, size: int, limits: Limits
) -> tuple[dict[str, Any], list[bytes]]:
    """Run the child, and return what it answers. Raises UnreadablePdf."""
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


def _collect(child: subprocess.Popen[bytes], limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    """Read a whole answer, up to a limit of bytes and of time. Raises UnreadablePdf.

    No byte of it is held twice.
    """
    assert child.stdout  # noqa: S101 - it was asked for
    poll, descriptor = select.poll(), child.stdout.fileno()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    answer = _Answer(poll, descriptor, monotonic() + limits.wall + _GRACE)
    try:
        found = json.loads(answer.read_line())
        sizes = [int(size) for size in found.get("blobs", ())]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadablePdf(_TOO_MUCH.template) from error
    if any(size < 0 for size in sizes) or sum(sizes) > limits.inflated + limits.size:
        raise UnreadablePdf(_TOO_MUCH.template)
    blobs = [answer.read(size) for size in sizes]
    if answer.next_piece():
        raise UnreadablePdf(_TOO_MUCH.template)
    return found, blobs


@dataclass(slots=True)
class _Answer:
    """What comes through a pipe until a deadline."""

    poll: select.poll
    descriptor: int
    deadline: float
    #: What was received, and not read yet.
    piece: bytes = b""

    def read_line(self) -> bytes:
        """Read to the end of a line. Raises UnreadablePdf."""
        line = bytearray()
        while b"\n" not in self.piece:
            line += self.piece
            self.piece = b""
            if len(line) > _MAX_HEAD or not self.next_piece():
                raise UnreadablePdf(_TOO_MUCH.template)
        rest, _, self.piece = self.piece.partition(b"\n")
        return bytes(line + rest)

    def read(self, size: int) -> bytes:
        """Read some bytes. Raises UnreadablePdf if there are fewer."""
        whole = BytesIO()
        while size > 0:
            if not self.piece and not self.next_piece():
                raise UnreadablePdf(_TOO_MUCH.template)
            written = whole.write(self.piece[:size])
            self.piece = self.piece[written:]
            size -= written
        return whole.getvalue()  # Without a copy, once it is not written to any more.

    def next_piece(self) -> bytes:
        """Receive more if nothing is left; return it, empty at the end. Raises UnreadablePdf."""
        if not self.piece:
            if not self.poll.poll(max(self.deadline - monotonic(), 0) * 1000):
                raise UnreadablePdf(_TOO_MUCH.template)
            self.piece = os.read(self.descriptor, _PIECE)
        return self.piece
