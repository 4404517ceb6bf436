"""Requesting answers about revocation: received, judged, and cached if they count."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future

from app.cms import CertificateList, MalformedRevocation, OcspResponse, Reason
from app.destinations import Destinations
from app.trust.cache import Cache
from app.trust.errors import FetchFailed, TrustError
from app.trust.judging import Case, Doubtful, Found, is_superseded, refuse_doubt
from app.trust.sources import CRL_SECONDS, NONCE_SIZE, Source
from app.trust.turns import Busy, Turns


class Receiver:
    """Asks one source at a time. Thread-safe."""

    def __init__(
        self,
        cache: Cache,
        destinations: Destinations,
        renew: Callable[[Case, CertificateList], None],
        turns: Turns,
    ) -> None:
        """Take the cache, the destinations, and a function that requests a delta CRL's newer base.

        A thread's turn is given back while it waits for an answer.
        """
        self._cache = cache
        self._destinations = destinations
        self._renew = renew
        self._turns = turns

    def ask(self, case: Case, source: Source, question: bytes, seconds: float) -> Found:
        """Ask by OCSP. Raises FetchFailed, MalformedRevocation or Doubtful.

        An answer without our nonce may be a replayed one.
        """
        nonce = os.urandom(NONCE_SIZE)
        with self._turns.paused():
            data = source.ask(question, nonce, seconds, self._destinations)
        answer = OcspResponse(data, origin=source.origin)
        if answer.nonce != nonce:
            raise Doubtful(
                Reason("{address} does not repeat the nonce", {"address": source.address})
            )
        refuse_doubt(case.doubt(answer))
        self._cache.keep(source.name, data)
        return answer

    def download(self, case: Case, source: Source, seconds: float) -> Found:
        """Fetch a CRL. Raises FetchFailed, UnreadableFile, MalformedRevocation, OSError, Doubtful.

        A download that takes longer than the caller can wait continues: 25 MB may take a minute,
        and would never complete if each caller started again.
        """
        received: Future[Found] = Future()

        def work() -> None:
            failure: Exception = FetchFailed("{address} can't be asked", address=source.address)
            try:
                received.set_result(self._receive(case, source, seconds))
            except (TrustError, MalformedRevocation, OSError, Doubtful, Busy) as error:
                failure = error
            finally:
                if not received.done():
                    received.set_exception(failure)

        threading.Thread(target=work, name="receive", daemon=True).start()
        try:
            with self._turns.paused():
                return received.result(seconds)
        except TimeoutError as error:
            raise _still(source) from error

    def _receive(self, case: Case, source: Source, seconds: float) -> Found:
        """Download, unless another process or thread did so within the last seconds."""
        with self._cache.claim(source.name, seconds) as is_ours:
            with self._turns.take_last():
                kept = self._cache.find(source.name)
                if kept and not case.doubt(kept):
                    kept.origin = source.origin
                    return kept
            if not is_ours:
                raise _still(source)
            with self._cache.receive() as (path, file):
                source.download(file, CRL_SECONDS, self._destinations)
                file.flush()
                with self._turns.take_last():
                    answer = self._cache.read(path)
                    answer.origin = source.origin
                    if case.base is not None and is_superseded(case.link, case.base, answer):
                        self._renew(case, answer)
                    refuse_doubt(case.doubt(answer))
                self._cache.adopt(source.name, path, answer)
                return answer


def _still(source: Source) -> FetchFailed:
    return FetchFailed(
        "{address} is still sending its response, which will be kept: ask again in a minute",
        address=source.address,
    )
