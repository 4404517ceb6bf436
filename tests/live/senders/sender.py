"""Sends a body a number of times, each whole before it reads, and prints each answer."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

PIECE = 65536


def pieces(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), PIECE):
        yield body[at : at + PIECE]


def send(method: str, address: str, framing: str, body: bytes) -> str:
    """Return the status and what the answer says of the connection, or what went wrong."""
    parts = urlsplit(address)
    one = http.client.HTTPConnection(parts.netloc, timeout=60)
    headers = {"Content-Type": "application/octet-stream"}
    if framing == "expect":  # Python's client sends it, and doesn't wait.
        headers["Expect"] = "100-continue"
    try:
        one.request(method, parts.path, pieces(body) if framing == "chunked" else body, headers)
        answer = one.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as problem:
        return repr(problem)
    finally:
        one.close()
    return f"{answer.status} {answer.getheader('Connection', '-')}"


def main() -> None:
    """Read the words of the command line: method, address, framing, size and how often."""
    method, address, framing, size, turns = sys.argv[1:]
    for _ in range(int(turns)):
        sys.stdout.write(send(method, address, framing, b"a" * int(size)) + "\n")


main()
