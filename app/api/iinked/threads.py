"""How long the name of a package's thread may be: an index has it for each document.

So the index grows by less than ten bytes for each byte that is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.services.errors import ParameterError

#: Bytes of a name in UTF-8, times the documents: at most, and what of that goes with a package,
#: each document, and each byte of the documents' texts.
_MOST, _OF_PACKAGE, _OF_DOCUMENT, _OF_BYTE = 16 * 1024, 2_000, 24, 4


def longest_thread(documents: Sequence[Mapping[str, Any]]) -> int:
    """Return how many bytes of UTF-8 the thread name of a package with these documents may have."""
    texts = [text for one in documents for text in one.values() if isinstance(text, str)]
    sent = sum(len(text.encode()) for text in texts)
    most = _OF_PACKAGE + _OF_DOCUMENT * len(documents) + _OF_BYTE * sent
    return min(most, _MOST) // len(documents)


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
