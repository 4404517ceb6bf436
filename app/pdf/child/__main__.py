"""The beginning of the child: limits first, then everything else.

`python -m app.pdf.child TASK LIMITS`, with the PDF on standard input, and the limits as JSON. The
answer is a line of JSON, followed by the bytes that it counts in `blobs`.
"""

import codecs
import json
import resource
import signal
import sys

from app.pdf.limits import Limits


def _confine(limits: Limits, size: int) -> None:
    """Set all limits of this process; the default action of SIGALRM and SIGXCPU ends it."""
    signal.alarm(limits.wall)
    memory = limits.memory_for(size)
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _close_doors() -> None:
    """Open no file and no connection, and start no process, from now on."""
    for encoding in ("utf-8", "utf-16", "utf-16-be", "utf-16-le", "latin-1"):
        codecs.lookup(encoding)  # Otherwise loaded when first used.
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        resource.setrlimit(kind, (0, 0))


def main(task: str, limits: Limits, size: int) -> None:
    """Confine the process, read the PDF, and answer."""
    _confine(limits, size)
    data = sys.stdin.buffer.read(size)
    # After the limits are set.
    from app.pdf.child.answering import answer  # noqa: PLC0415

    _close_doors()
    found, blobs = answer(task, data, limits)
    head = json.dumps({**found, "blobs": [len(blob) for blob in blobs]})
    sys.stdout.buffer.write(head.encode() + b"\n")
    for blob in blobs:
        sys.stdout.buffer.write(blob)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], Limits(**json.loads(sys.argv[2])), int(sys.argv[3]))
