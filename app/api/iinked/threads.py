"""How long the name of a package's thread may be: an index has it for each document.

So the index grows by less than ten bytes for each byte that is sent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from app.services.errors import ParameterError

#: Bytes of a name in UTF-8, times the documents: at most, and what of that goes with a package,
#: each document, and each byte of the documents' texts.
_MOST, _OF_PACKAGE, _OF_DOCUMENT, _OF_BYTE = 16 * 1024, 2_000, 24, 3
#: Where an identifier and the thread have more bytes together than the first number, the thread
#: counts as the second at least. SQLite's pages of 4,096 bytes have at most five such entries, and
#: only two if threads come in descending order; an entry of more than 1,002 bytes, of which 23 are
#: numbers, is kept on a page of its own beside its place among the others.
_LARGE = (654, 640), (979, 1_600)


def longest_thread(documents: Sequence[Mapping[str, Any]]) -> int:
    """Return how many bytes of UTF-8 the thread name of a package with these documents may have."""
    texts = [text for one in documents for text in one.values() if isinstance(text, str)]
    sent = sum(len(text.encode()) for text in texts)
    allowed = _OF_PACKAGE + _OF_DOCUMENT * len(documents) + _OF_BYTE * sent
    identifiers = [len(one["external_id"].encode()) for one in documents]

    def count(thread: int) -> int:
        return sum(_counted(thread, length + thread) for length in identifiers)

    most = min(allowed, _MOST) // len(documents)
    return bisect_right(range(most + 1), allowed, key=count) - 1


def _counted(thread: int, entry: int) -> int:
    """Return what a thread counts as for a document; `entry` has its bytes and the identifier's."""
    return max([thread, *(least for above, least in _LARGE if entry > above)])


def check_thread(thread: str | None, documents: Sequence[Mapping[str, Any]]) -> None:
    """Require that a thread's name is not too long. Raises ParameterError."""
    most = longest_thread(documents)
    if thread and len(thread.encode()) > most:
        raise ParameterError(
            '"{field}" parameter must have at most {limit} bytes with {number} documents',
            field="thread",
            limit=most,
            number=len(documents),
        )
