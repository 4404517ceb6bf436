"""EVIDENCE=require: a save waits for the evidence of its signature, and is refused without it.

Nothing is in the database until all of it can be written with the version, in one transaction. What
a refused save obtained is held in memory for some minutes: a client that tries again soon is not
stamped again, and the responses stay near the timestamp.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from app.cms import Reason, SignedData, SignedXml
from app.evidence.obtaining import Obtainer, Outcome
from app.store.errors import EvidenceImpossible, EvidenceUnavailable
from app.store.evidence.keeping import Item
from app.store.evidence.reading import KeptItem
from app.trust.kept import kept_of

#: Saves of one process that may wait for evidence at once. Each has a thread of its own.
MAX_AT_ONCE: Final = 16
#: Signatures whose evidence is held in memory, and the seconds for which it is.
HELD, HELD_SECONDS = 256, 600.0
_CROWDED = Reason("too many saves wait for evidence here")
_NO_REASON = Reason("it is not known why")


class _Memory:
    """What was obtained lately, by the SHA-256 of the signature. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, tuple[float, tuple[Item, ...]]] = OrderedDict()

    def take(self, digest: bytes) -> tuple[Item, ...]:
        """Take out what is held for a signature."""
        with self._lock:
            until, items = self._held.pop(digest, (0.0, ()))
        return items if until > time.monotonic() else ()

    def put(self, digest: bytes, items: Sequence[Item]) -> None:
        """Hold tokens and responses, which are small, for some minutes."""
        small = tuple(one for one in items if one.kind in ("timestamp", "ocsp"))
        with self._lock:
            self._held[digest] = time.monotonic() + HELD_SECONDS, small
            while len(self._held) > HELD:
                self._held.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Requirement:
    """Obtains evidence while saves wait for it. Thread-safe."""

    obtainer: Obtainer
    #: For all requests of one save.
    seconds: float
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MAX_AT_ONCE)
    )
    _memory: _Memory = field(default_factory=_Memory)

    def obtain(self, signature: SignedData | SignedXml) -> Outcome:
        """Obtain the evidence of a signature that is about to be saved: for each signer all of it.

        Raises:
            EvidenceUnavailable: it can't be had within `seconds`, or too many wait.
            EvidenceImpossible: it never can.
            Busy: too much is being verified.
        """
        digest = sha256(_bytes_of(signature)).digest()
        items = [*self._memory.take(digest)]
        try:
            with self._place():
                outcome = self._obtain(signature, items)
        finally:
            # Also if the save fails later, as with a version that is not the current one.
            self._memory.put(digest, items)
        _require_complete(outcome)
        return outcome

    def _obtain(self, signature: SignedData | SignedXml, items: list[Item]) -> Outcome:
        """Obtain what lacks, and add it to the items."""
        now = datetime.now(UTC)
        kept = kept_of(KeptItem(one.number, one.kind, one.sha256, one.data, now) for one in items)
        obtainer = self.obtainer.until(time.monotonic() + self.seconds)
        before = tuple(items)
        outcome = obtainer.obtain(signature, now, kept, items.append)
        items[:] = {
            (one.number, one.kind, one.data): one for one in (*items, *outcome.items)
        }.values()
        outcome.items += before
        return outcome

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Take one of the places, with a thread instead of the one that waits."""
        if not self._places.acquire(blocking=False):
            raise EvidenceUnavailable(_CROWDED)
        try:
            with self.obtainer.trust.turns.extra_thread():
                yield
        finally:
            self._places.release()


def _bytes_of(signature: SignedData | SignedXml) -> bytes:
    return signature.xml if isinstance(signature, SignedXml) else signature.der


def _require_complete(outcome: Outcome) -> None:
    """Raise EvidenceImpossible or EvidenceUnavailable if something lacks."""
    for state in outcome.states:
        if state.state == "impossible":
            raise EvidenceImpossible(number=state.number, reason=_first(state.reason))
    if outcome.pending:
        raise EvidenceUnavailable(_first(outcome.pending))


def _first(reasons: object) -> Reason:
    found = list(reasons) if isinstance(reasons, list | tuple) else []
    return found[0] if found and isinstance(found[0], Reason) else _NO_REASON
