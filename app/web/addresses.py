"""What the addresses of the office's pages name."""

from __future__ import annotations

from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from app.store.errors import SignatureNotFound

#: No version has this number, or a higher one.
MOST = 2**31 - 1


class Thread(NamedTuple):
    """A thread by its names."""

    document: str
    thread: str


def read_thread(args: MultiDict[str, str]) -> Thread:
    """Return the thread that an address names. Raises SignatureNotFound if it can't be one."""
    thread = Thread(args.get("document", ""), args.get("thread", ""))
    if any(not name or "\0" in name for name in thread):
        raise SignatureNotFound
    return thread


def read_number(args: MultiDict[str, str], name: str) -> int | None:
    """Return a number of an address, None if it names none.

    Raises:
        SignatureNotFound: it can't be the number of a version.
    """
    text = args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) < MOST):
        raise SignatureNotFound
    return int(text)
