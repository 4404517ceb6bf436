"""The worker: takes versions from the queue, and obtains and keeps their evidence.

It may be killed at any moment: what was not kept is obtained again when its lease has expired, but
for tokens, which are kept as soon as they are issued.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.cms import MalformedSignature, Reason, SignedData, parse_pieces
from app.destinations import Destinations
from app.evidence.kept import kept_of
from app.evidence.network import Network
from app.evidence.obtaining import Obtainer, Outcome
from app.evidence.revocation import RevocationSource
from app.evidence.stamping import Stamper
from app.store.database.engine import transaction
from app.store.errors import SignatureNotFound
from app.store.evidence import jobs
from app.store.evidence.jobs import Job
from app.store.evidence.keeping import Item, State, keep, mark_pending
from app.store.evidence.reading import read_evidence
from app.store.evidence.sweeping import sweep
from app.store.signatures.judgements import read_unverified
from app.trust import Trust
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
_NOT_XML = Reason("evidence for XML signatures is not obtained yet")
_FAILED = Reason("it failed for a reason that the log of the server has")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """Empties the queue of a store, several versions at once."""

    engine: Engine
    obtainer: Obtainer
    threads: int = 4

    def start(self) -> threading.Thread:
        """Start in the background of this process, and run until the process ends."""
        thread = threading.Thread(target=self.run, name="evidence", daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        """Work until the process ends."""
        swept_at = 0.0
        while True:
            try:
                done = sum(self.work())
                if time.monotonic() > swept_at + _SWEPT_EACH:
                    swept_at = time.monotonic()
                    self.sweep()
            except SQLAlchemyError as error:
                _log.warning("evidence waits: %s", type(error).__name__)
                time.sleep(_AFTER_FAILURE)
                continue
            except Exception:  # noqa: BLE001  # the thread must live
                _log.exception("evidence can't be obtained")
                time.sleep(_AFTER_FAILURE)
                continue
            if done:
                _log.info("evidence: %d versions were tried", done)
            time.sleep(REST * random.uniform(0.75, 1.25))  # noqa: S311  # no secret

    def work(self) -> Iterator[int]:
        """Work until nothing is due; yield the number of versions tried, after each batch.

        Raises SQLAlchemyError.
        """
        with ThreadPoolExecutor(self.threads, "evidence") as pool:
            while claimed := self._claim():
                holder, listed = claimed
                list(pool.map(partial(self._try, holder), listed))
                yield len(listed)

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
        with transaction(self.engine) as connection:
            if outcome.pending:
                # Tokens are kept already. All else is asked for again, and would pile up.
                delay = jobs.backoff(job.attempts, random.random)
                jobs.put_off(connection, job.key, holder, delay, outcome.pending)
            elif outcome.states:
                keep(connection, job.key, outcome.items, outcome.states, holder)
            else:
                jobs.finish(connection, job.key, holder)

    def _obtain(self, holder: str, job: Job) -> Outcome:
        """Obtain the evidence of one version; nothing, if it was deleted meanwhile."""
        with self.engine.connect() as connection:
            version = read_unverified(connection, job.key)
            kept = kept_of(read_evidence(connection, job.key).items)
        if version is None:
            return Outcome()
        try:
            cms = version.cms
            signature = parse_pieces(
                [cms] if isinstance(cms, str) else cms.read_pieces(), trailing_zeros=True
            )
        except MalformedSignature as error:
            return _impossible(Reason("it can't be read: {error}", {"error": str(error)}))
        if not isinstance(signature, SignedData):
            return _impossible(_NOT_XML)

        def note(item: Item) -> None:
            with transaction(self.engine) as connection:
                mark_pending(connection, job.key, [item], holder)

        return self.obtainer.obtain(signature, version.saved_at, kept, note)


def make_worker(
    engine: Engine,
    trust: Trust,
    destinations: Destinations,
    addresses: tuple[str, ...],
    seconds: float,
) -> Worker:
    """Return a worker that asks these timestamp authorities, and the servers of certificates."""
    network = Network(engine, destinations, seconds)
    return Worker(engine, Obtainer(trust, Stamper(network, addresses), RevocationSource(network)))


def _impossible(reason: Reason) -> Outcome:
    state = State(number=1, state="impossible", reason=[reason], card=False, card_reason=[reason])
    return Outcome(states=[state])
