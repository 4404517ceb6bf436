"""Verification of signatures that no save has verified, in the background or by a command.

The queue is in the database, so nothing is lost when a process is killed: unwritten results are
computed again. One signature is verified at a time, by only one of all processes, which pauses for
longer than it works, and lets requests that verify go first.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import background
from app.cms import (
    MalformedSignature,
    NotedRevocation,
    SignedData,
    SignedXml,
    SignerStatus,
    is_detached,
    parse_pieces,
)
from app.store.database.engine import transaction
from app.store.errors import SignatureNotFound
from app.store.evidence.reading import measure_items, read_items
from app.store.leases import find_holder, give_back, is_abandoned, take_lease
from app.store.signatures.judgements import (
    Unverified,
    find_waiting,
    read_unverified,
    write_found,
)
from app.store.signatures.large_texts import Key
from app.store.signatures.revocations import (
    NotedMeanwhile,
    Remembered,
    note_revocations,
    recall_of,
)
from app.store.signatures.standings import Found
from app.trust.documents import Documents
from app.trust.former_reasons import note_former
from app.trust.kept import Kept, kept_of
from app.trust.results import Judged, give_up, is_other, join, put_off
from app.trust.service import Trust
from app.trust.turns import GIVES_WAY, LARGE

#: Approximate seconds between two checks of an empty queue.
REST = 2.0
#: Seconds of pause for each second of work.
CALM = 2.0
#: Signers that are fetched at once, and seconds of work after which results are written.
BATCH, BATCH_SECONDS = 100, 1.0
#: Seconds for which a lease is taken, usually longer than a batch with its pauses: if it expires
#: before, some signatures are verified twice.
LEASE = 20.0
#: Seconds of pause after a failure of the database.
_AFTER_FAILURE = 15.0
_LEASE_NAME = "verify"
#: Under which the version is noted that is verified by itself.
_NOTE = "verifying"
_READ_OTHERWISE = (
    "it is read otherwise than when it was saved; `flask signers reindex --all` reads it"
)
_ENDS_PROCESSES = "verifying it ended processes; `flask signers reindex --all` tries again"

_log = logging.getLogger(__name__)


class _Verified(NamedTuple):
    """A parsed signature, whether its detached content was read, and the results."""

    signature: SignedData | SignedXml
    has_content: bool
    statuses: tuple[SignerStatus, ...]


@dataclass(frozen=True, slots=True)
class Examiner:
    """Verifies the waiting signatures of a store, against the current trust anchors."""

    engine: Engine
    trust: Trust
    #: The documents that are kept; None: none is read.
    documents: Documents | None = None

    def start(self) -> threading.Thread:
        """Start in the background of this process, and run until the process ends."""
        return background.start("verification", self._go_on)

    def examine(self, calm: float = 0.0) -> Iterator[int]:
        """Verify all waiting signatures; yield the number of versions after each batch.

        Args:
            calm: seconds of pause for each second of work. If not 0, it ends as soon as
                another process does the work, or this one is to end.
        """
        holder = f"{os.getpid()} {random.getrandbits(64):x}"
        careful, mine = 0, False
        while not background.is_ending() and (keys := self._find()):
            with transaction(self.engine) as connection:
                if is_abandoned(connection, _LEASE_NAME, holder):
                    careful = BATCH
                mine = take_lease(connection, _LEASE_NAME, holder, LEASE)
            if calm and not mine:
                return
            if mine and careful:
                careful -= 1
                yield self._examine_carefully(keys[0])
            else:
                yield self._examine_batch(keys, calm)
        if mine:  # A lease that expires is one of a process that ended at its work.
            with transaction(self.engine) as connection:
                give_back(connection, _LEASE_NAME, holder)

    def run_once(self) -> float:
        """Verify what waits, with pauses; return the seconds until the next call."""
        try:
            done = sum(self.examine(CALM))
        except SQLAlchemyError as error:
            _log.warning("verification in the background waits: %s", type(error).__name__)
            return _AFTER_FAILURE
        except Exception:  # noqa: BLE001  # the thread must live
            _log.exception("verification in the background failed")
            return _AFTER_FAILURE
        if done:
            _log.info("verified in the background: %d versions", done)
        return REST

    def _go_on(self) -> None:
        while background.pause(self.run_once() * random.uniform(0.75, 1.25)):  # noqa: S311  # no secret
            pass

    def _find(self) -> list[Key]:
        # Here, since a worker does this every few seconds in any case.
        self.trust.refresh()
        with self.engine.connect() as connection:
            return find_waiting(connection, self.trust.trusted().everything, BATCH)

    def _examine_batch(self, keys: list[Key], calm: float) -> int:
        found: list[tuple[Key, Mapping[int, Found]]] = []
        noted: list[NotedRevocation] = []
        remembered = Remembered(recall_of(self.engine))
        spent = 0.0
        for key in keys:
            began = time.monotonic()
            with self.engine.connect() as connection:
                unverified = read_unverified(connection, key)
            if unverified:
                with suppress(SignatureNotFound):  # Deleted meanwhile.
                    judged = self._judge(key, unverified, remembered)
                    found.append((key, judged.found))
                    noted += judged.noted
            took = time.monotonic() - began
            spent += took
            if not background.pause(took * calm) or spent > BATCH_SECONDS:
                break
        return len(found) if self._write(found, noted, remembered) else 0

    def _write(
        self,
        found: Sequence[tuple[Key, Mapping[int, Found]]],
        noted: Sequence[NotedRevocation],
        remembered: Remembered,
    ) -> bool:
        """Write results; not if a revocation was noted meanwhile, so that they are found again."""
        try:
            with transaction(self.engine) as connection:
                write_found(connection, found)
                remembered.require_no_more(connection)
                note_revocations(connection, noted)
        except NotedMeanwhile:
            return False
        return True

    def _examine_carefully(self, key: Key) -> int:
        """Verify one version that may have ended a process: the second time, it is set aside.

        Whatever ends a process that verifies it would end each of the following ones, and with it
        the requests that it was answering.
        """
        name = f"{key.signature_id}.{key.version}"
        with transaction(self.engine) as connection:
            if find_holder(connection, _NOTE) == name:
                _log.error("verifying version %s ends processes: it is set aside", name)
                unverified = read_unverified(connection, key)
                if unverified:
                    found = put_off(unverified, _ENDS_PROCESSES, self.trust.trusted())
                    write_found(connection, [(key, found)])
                give_back(connection, _NOTE, name)
                return 1
            take_lease(connection, _NOTE, name, 0)
        done = self._examine_batch([key], 0)
        with transaction(self.engine) as connection:
            give_back(connection, _NOTE, name)
        return done

    def _judge(self, key: Key, unverified: Unverified, remembered: Remembered) -> Judged:
        """Verify one version. Raises SignatureNotFound if it was deleted meanwhile."""
        trusted = self.trust.trusted()
        try:
            verified = self._verify(key, unverified, remembered)
        except MalformedSignature as error:
            # Damaged in a part that only verification reads.
            return Judged(give_up(unverified, f"it can't be read: {error}", trusted))
        except (SQLAlchemyError, SignatureNotFound):
            raise
        except Exception:  # noqa: BLE001  # what is amiss with one keeps no other waiting
            _log.exception("a signature can't be verified")
            return Judged(put_off(unverified, "it could not be verified", trusted))
        if verified is None:
            return Judged(give_up(unverified, _READ_OTHERWISE, trusted))
        signature, has_content, statuses = verified
        return join(unverified, signature, statuses, trusted, has_content=has_content)

    def _verify(self, key: Key, unverified: Unverified, remembered: Remembered) -> _Verified | None:
        """Verify one version, when its turn comes; None if its signers are of another signature.

        Raises MalformedSignature, or what reading the store does.
        """
        cms, turns = unverified.cms, self.trust.turns
        kept = self.documents.find(key, unverified) if self.documents else None
        size = self._measure_kept(key) + (kept.size if kept else 0)
        is_small = isinstance(cms, str) and len(cms) + size <= LARGE
        # Large requests wait for the place, so the turn should not take long.
        gives_way = GIVES_WAY if is_small else 0.0
        with nullcontext() if is_small else turns.large_place():
            # Before the turn: it may come from another server.
            document = self.documents.read(kept) if self.documents and kept else None
            with turns.take_last(gives_way):
                # No variable has the text, which is freed as soon as it is parsed.
                signature = parse_pieces(
                    [cms] if isinstance(cms, str) else cms.read_pieces(), trailing_zeros=True
                )
                if is_other(unverified, signature):
                    return None
                document = document if is_detached(signature) else None
                verify = partial(
                    self.trust.verify,
                    signature,
                    document,
                    at=unverified.saved_at,
                    kept=self._read_kept(key),
                    recall=remembered,
                )
                statuses = verify()
                if note_former(self.engine, unverified, signature, statuses):
                    statuses = verify()
        return _Verified(signature, document is not None, statuses)

    def _measure_kept(self, key: Key) -> int:
        with self.engine.connect() as connection:
            return measure_items(connection, key)

    def _read_kept(self, key: Key) -> Kept:
        """Return the revocation data and certificates that were obtained for a version.

        As when it was saved, the time of saving counts, and not that of a later timestamp: what
        that still proves when its authority's certificate has ended, an evidence record says.
        """
        with self.engine.connect() as connection:
            return replace(kept_of(read_items(connection, key)), tokens={})
