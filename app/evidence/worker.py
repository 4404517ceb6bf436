"""The worker: takes versions from the queue, and obtains and keeps their evidence.

It may be killed at any moment: what was not kept is obtained again when its lease has expired, but
for tokens, which are kept as soon as they are issued.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app import background
from app.cms import MalformedSignature, Reason, parse_pieces
from app.destinations import Destinations
from app.evidence.network import Network
from app.evidence.obtaining import Obtainer, Outcome
from app.evidence.recording import Recorder, RecordTerms, clock
from app.evidence.revocation import RevocationSource
from app.evidence.stamping import NoTimestamp, Stamper
from app.evidence.tree_stamping import TreeStamper
from app.store.database.engine import transaction
from app.store.errors import SignatureNotFound
from app.store.evidence import jobs
from app.store.evidence.jobs import Job
from app.store.evidence.keeping import (
    Item,
    Kind,
    State,
    TooMuchEvidence,
    keep,
    mark_pending,
)
from app.store.evidence.reading import read_items
from app.store.evidence.sweeping import sweep
from app.store.signatures.judgements import read_unverified
from app.store.signatures.revocations import keep_proven
from app.trust import Trust
from app.trust.kept import kept_of
from app.trust.turns import Busy

#: Versions that are claimed at once, and the seconds for which they are: with silent servers one
#: takes two minutes.
CLAIMED: Final = 8
LEASE: Final = 300.0
#: Seconds between two looks at an empty queue, and after a failure of the database.
REST: Final = 1.0
_AFTER_FAILURE: Final = 15.0
# Seconds between two searches for evidence that serves no version any more.
_SWEPT_EACH: Final = 3600.0
# Seconds between two looks at whether trees of evidence records are due.
_LOOKED_EACH: Final = 60.0
# Bytes from which an item is large.
_LARGE: Final = 1024 * 1024
_TOO_MUCH = Reason("there is more evidence than is kept for a version")
_FAILED = Reason("it failed for a reason that the log of the server has")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """Empties the queue of a store, several versions at once."""

    engine: Engine
    obtainer: Obtainer
    threads: int = 4
    #: Called with the kind of each part that was obtained and kept.
    on_kept: Callable[[Kind], None] | None = None
    #: What makes evidence records; None: nothing does.
    recorder: Recorder | None = None
    #: Held while something large is kept, which is in memory several times meanwhile.
    _large: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> threading.Thread:
        """Start in the background of this process, and run until the process ends."""
        return background.start("evidence", self.run)

    def run(self) -> None:
        """Work until the process ends."""
        swept_at = looked_at = seconds = 0.0
        while background.pause(seconds * random.uniform(0.75, 1.25)):  # noqa: S311  # no secret
            seconds = _AFTER_FAILURE
            try:
                done = sum(self.work())
                if time.monotonic() > looked_at + _LOOKED_EACH:
                    looked_at = time.monotonic()
                    self.hasten_far()
                    self.record()
                if time.monotonic() > swept_at + _SWEPT_EACH:
                    swept_at = time.monotonic()
                    self.sweep()
            except SQLAlchemyError as error:
                _log.warning("evidence waits: %s", type(error).__name__)
                continue
            except Exception:  # noqa: BLE001  # the thread must live
                _log.exception("evidence can't be obtained")
                continue
            seconds = REST
            if done:
                _log.info("evidence: %d versions were tried", done)

    def work(self) -> Iterator[int]:
        """Work until nothing is due; yield the number of versions tried, after each batch.

        Raises SQLAlchemyError.
        """
        with ThreadPoolExecutor(self.threads, "evidence") as pool:
            while not background.is_ending() and (claimed := self._claim()):
                holder, listed = claimed
                list(pool.map(partial(self._try, holder), listed))
                yield len(listed)

    def hasten_far(self) -> None:
        """Make due what a wrong clock put off. Raises SQLAlchemyError."""
        with self.engine.connect() as connection:
            if number := jobs.hasten_far(connection):
                _log.warning("evidence: %d versions were put off by a wrong clock", number)

    def sweep(self) -> int:
        """Delete what serves no version any more, since those were deleted; return how many.

        Raises SQLAlchemyError.
        """
        deleted, last = 0, b""
        while True:
            with transaction(self.engine) as connection:
                swept = sweep(connection, last)
            deleted += swept.deleted
            if swept.last is None:
                return deleted
            last = swept.last

    def record(self) -> int:
        """Make the trees of evidence records that are due; return how many.

        Raises SQLAlchemyError. If there is no timestamp, it is tried again later.
        """
        if self.recorder is None:
            return 0
        try:
            return self.recorder.record_if_due()
        except NoTimestamp as error:
            _log.warning("evidence records wait: %s", "; ".join(map(str, error.reasons)))
        except Busy:
            _log.info("evidence records wait: too much is being verified")
        return 0

    def _claim(self) -> tuple[str, list[Job]] | None:
        with self.engine.connect() as connection:
            if not jobs.due_within(connection, 0):
                return None
        self.obtainer.trust.refresh()
        holder = str(uuid4())
        with transaction(self.engine) as connection:
            listed = jobs.claim(connection, CLAIMED, holder, LEASE)
        return (holder, listed) if listed else None

    def _try(self, holder: str, job: Job) -> None:
        """Try one version. Raises SQLAlchemyError."""
        try:
            outcome = self._obtain(holder, job)
        except SQLAlchemyError:
            raise
        except SignatureNotFound:  # Deleted meanwhile.
            outcome = Outcome()
        except Busy:
            outcome = Outcome(pending=[Reason(Busy.template, Busy().values)])
        except Exception:  # noqa: BLE001  # what is amiss with one keeps no other waiting
            _log.exception("evidence of a version can't be obtained")
            outcome = Outcome(pending=[_FAILED])
        try:
            self._keep(holder, job, outcome)
        except TooMuchEvidence:
            self._keep(holder, job, replace(_impossible(_TOO_MUCH), statuses=outcome.statuses))

    def _keep(self, holder: str, job: Job, outcome: Outcome) -> None:
        """Keep the outcome. Raises SQLAlchemyError or TooMuchEvidence."""
        kept = False
        is_large = any(len(item.data) > _LARGE for item in outcome.items)
        with self._large if is_large else nullcontext(), transaction(self.engine) as connection:
            if outcome.pending:
                mark_pending(
                    connection,
                    job.key,
                    _worth_keeping(outcome),
                    holder,
                    delay_seconds=jobs.backoff(job.attempts, random.random),
                    reason=outcome.pending,
                )
            elif outcome.states:
                kept = keep(connection, job.key, outcome.items, outcome.states, holder)
            else:
                jobs.finish(connection, job.key, holder)
            # Others were verified with what is kept alone, which may lack a path.
            proven = [one for one in outcome.statuses if one.noted]
            keep_proven(connection, job.key, proven)
        if kept:
            # Tokens were counted when they were issued.
            self._count(item for item in outcome.items if item.kind != "timestamp")

    def _count(self, items: Iterable[Item]) -> None:
        """Count what was kept, each once though it may serve several signers."""
        for kind, _ in {(item.kind, item.sha256) for item in items}:
            if self.on_kept:
                self.on_kept(kind)

    def _obtain(self, holder: str, job: Job) -> Outcome:
        """Obtain the evidence of one version; nothing, if it was deleted meanwhile."""
        with self.engine.connect() as connection:
            version = read_unverified(connection, job.key)
            kept = kept_of(read_items(connection, job.key))
        if version is None:
            return Outcome()
        try:
            cms = version.cms
            signature = parse_pieces(
                [cms] if isinstance(cms, str) else cms.read_pieces(), trailing_zeros=True
            )
        except MalformedSignature as error:
            return _impossible(Reason("it can't be read: {error}", {"error": str(error)}))

        def note(item: Item) -> None:
            with transaction(self.engine) as connection:
                mark_pending(connection, job.key, [item], holder)
            self._count([item])

        return self.obtainer.obtain(signature, version.saved_at, kept, note)


def _worth_keeping(outcome: Outcome) -> list[Item]:
    """Return what the next attempt could not obtain again: responses of now.

    Only now are they near the timestamp. They are used again, so they don't pile up. Tokens are
    kept already; CRLs are large, and shared.
    """
    return [item for item in outcome.items if item.kind == "ocsp"]


def make_worker(  # noqa: PLR0913, PLR0917 - a store, and all that it is served by
    engine: Engine,
    trust: Trust,
    destinations: Destinations,
    addresses: tuple[str, ...],
    seconds: float,
    terms: RecordTerms | None = None,
) -> Worker:
    """Return a worker that asks these timestamp authorities, and the servers of certificates.

    `terms` say when evidence records are made and renewed.
    """
    obtainer = make_obtainer(engine, trust, destinations, addresses, seconds)
    trees = TreeStamper(trust, obtainer.stamper, obtainer.revocation, clock)
    return Worker(engine, obtainer, recorder=Recorder(engine, trees, terms or RecordTerms()))


def make_obtainer(
    engine: Engine,
    trust: Trust,
    destinations: Destinations,
    addresses: tuple[str, ...],
    seconds: float,
) -> Obtainer:
    """Return what obtains evidence from these authorities, and the servers of certificates."""
    network = Network(engine, destinations, seconds)
    return Obtainer(trust, Stamper(network, addresses), RevocationSource(network))


def _impossible(reason: Reason) -> Outcome:
    state = State(number=1, state="impossible", reason=[reason], card=False, card_reason=[reason])
    return Outcome(states=[state])
