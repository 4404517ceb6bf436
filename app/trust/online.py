"""REVOCATION=online: authorities are asked whether they revoked a certificate.

Certificates name the addresses, and strangers send certificates. So nobody is asked but for a chain
that holds and ends in an anchor: then its addresses are the word of authorities that the operator
trusts, which may well have their servers in his own network. Whoever answers can't send us on to
another server.
"""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from app.cms.crls import CertificateList, MalformedRevocation
from app.cms.occasions import Occasion
from app.cms.ocsp import OcspResponse
from app.cms.revocation import RevocationData, check_revocation
from app.cms.status import Answer, Reason, Verdict
from app.cms.x509 import Certificate
from app.trust.cache import Cache, read_list
from app.trust.errors import FetchFailed, UnreadableFile
from app.trust.sources import NONCE_SIZE, RESPONSE_SECONDS, Link, Source, list_deltas, list_sources

# Links that are asked about for one signature, and the seconds that all of it may take.
MAX_LINKS = 32
SECONDS = 10.0
# How many signatures are asked about at once, so that other requests find a thread; and the
# seconds that one waits for its turn.
MAX_AT_ONCE = 2
PATIENCE = 1.0
# Seconds in which an address that failed is left alone, and how many of them are remembered.
RETRY_AFTER = 60
MAX_FAILURES = 256

Found: TypeAlias = CertificateList | OcspResponse


@dataclass(slots=True)
class Findings:
    """What was found, and of which certificates nothing could be, with the reasons."""

    found: list[Found] = field(default_factory=list)
    reasons: dict[Certificate, list[Reason]] = field(default_factory=dict)

    def explain(self, verdict: Verdict, chain: Sequence[Certificate]) -> Verdict:
        """Add to a verdict on the revocation of a chain why it is still unknown."""
        if verdict.answer is not Answer.UNKNOWN:
            return verdict
        more = [reason for certificate in chain for reason in self.reasons.get(certificate, ())]
        reasons = [*verdict.reasons]
        reasons += [reason for reason in more if reason not in reasons]
        return replace(verdict, reasons=tuple(reasons))


class _Failures:
    """Addresses that gave nothing a moment ago."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[float, Reason]] = {}

    def of(self, name: str) -> Reason | None:
        until, reason = self._failures.get(name, (0.0, None))
        return reason if until > time.monotonic() else None

    def note(self, name: str, reason: Reason) -> None:
        with self._lock:
            self._failures.pop(name, None)
            self._failures[name] = time.monotonic() + RETRY_AFTER, reason
            if len(self._failures) > MAX_FAILURES:
                del self._failures[next(iter(self._failures))]


class Inquiry:
    """Asks the cache and, where that is allowed, the network. Safe to share by threads."""

    def __init__(self, cache: Path) -> None:
        """Take the folder in which answers are kept."""
        self._cache = Cache(cache)
        self._failures = _Failures()
        self._turns = threading.BoundedSemaphore(MAX_AT_ONCE)

    def ask(self, links: Iterable[Link], *, fetch: bool) -> Findings:
        """Find out what holds now about links whose certificates reached an anchor.

        Without `fetch` only what is on disk is used.
        """
        findings = Findings()
        now = datetime.now(UTC)
        left = []
        for link in list(dict.fromkeys(links))[:MAX_LINKS]:
            kept = self._find(link, now)
            findings.found += kept
            if not kept or (isinstance(kept[0], CertificateList) and self._lacks_delta(link, kept)):
                left.append(link)
        if left and fetch:
            self._fetch_all(left, now, findings)
        return findings

    def _find(self, link: Link, now: datetime) -> list[Found]:
        """Return what is kept and holds now, a complete CRL with its delta if there is one."""
        for source in list_sources(link):
            kept = self._cache.find(source.name)
            if kept and _judge(link, [kept], now).answer is not Answer.UNKNOWN:
                return [kept, *self._find_deltas(link, kept, now)]
        return []

    def _find_deltas(self, link: Link, base: Found, now: datetime) -> list[Found]:
        """Return the kept delta CRL of a complete one, if it holds now."""
        if isinstance(base, CertificateList):
            for source in list_deltas(link):
                kept = self._cache.find(source.name)
                if kept and not _doubt_delta(link, base, kept, now):
                    return [kept]
        return []

    def _lacks_delta(self, link: Link, kept: Sequence[Found]) -> bool:
        """Tell whether a newer delta CRL should be asked for."""
        return len(kept) == 1 and any(
            self._failures.of(source.address) is None and self._failures.of(source.name) is None
            for source in list_deltas(link)
        )

    def _fetch_all(self, links: list[Link], now: datetime, findings: Findings) -> None:
        if not self._turns.acquire(timeout=PATIENCE):
            busy = Reason("too much is asked about revocation at once")
            findings.reasons |= {certificate: [busy] for certificate, _ in links}
            return
        try:
            deadline = time.monotonic() + SECONDS
            for link in links:
                findings.reasons[link[0]] = []
                self._fetch(link, now, deadline, findings)
        finally:
            self._turns.release()

    def _fetch(self, link: Link, now: datetime, deadline: float, findings: Findings) -> None:
        """Ask one after the other, until one has an answer that counts."""
        kept = [*self._find(link, now)]  # Another process may have been quicker.
        for source in list_sources(link) if not kept else ():
            failure = self._failure(source)
            answer = self._ask(link, source, now, deadline) if failure is None else failure
            if not isinstance(answer, Reason):
                kept = [answer]
                break
            findings.reasons[link[0]].append(answer)
        if kept and kept[0] not in findings.found:
            findings.found += kept
        if len(kept) == 1 and isinstance(kept[0], CertificateList):
            self._fetch_delta(link, kept[0], now, deadline, findings)

    def _fetch_delta(
        self,
        link: Link,
        base: CertificateList,
        now: datetime,
        deadline: float,
        findings: Findings,
    ) -> None:
        """Ask for what changed since a complete CRL; without it that holds as long as it says."""
        for source in list_deltas(link):
            if self._failure(source) is None:
                answer = self._ask(link, source, now, deadline, base)
                if not isinstance(answer, Reason):
                    findings.found.append(answer)
                    return

    def _failure(self, source: Source) -> Reason | None:
        return self._failures.of(source.address) or self._failures.of(source.name)

    def _ask(
        self,
        link: Link,
        source: Source,
        now: datetime,
        deadline: float,
        base: CertificateList | None = None,
    ) -> Found | Reason:
        """Fetch an answer and keep it, if it is one for now, signed by who may sign it."""
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return Reason("there was no time left to ask {address}", {"address": source.address})
        try:
            if source.question is not None:
                return self._ask_responder(link, source, source.question, now, seconds)
            return self._download(link, source, now, seconds, base)
        except FetchFailed as error:
            if seconds >= RESPONSE_SECONDS:  # Else the address had little time.
                self._failures.note(source.address, error.reason)
            return error.reason
        except (UnreadableFile, MalformedRevocation):
            doubt = Reason("what {address} answers can't be read", {"address": source.address})
        except _Doubtful as error:
            doubt = error.reason
        self._failures.note(source.name, doubt)
        return doubt

    def _ask_responder(
        self, link: Link, source: Source, question: bytes, now: datetime, seconds: float
    ) -> Found:
        """Ask by OCSP. Raises FetchFailed, MalformedRevocation or _Doubtful.

        An answer to somebody else's question may be an old one, sent again.
        """
        nonce = os.urandom(NONCE_SIZE)
        data = source.ask(question, nonce, seconds)
        answer = OcspResponse(data)
        if answer.nonce != nonce:
            raise _Doubtful(
                Reason("{address} does not repeat the nonce", {"address": source.address})
            )
        _demand(_judge(link, [answer], now))
        self._cache.keep(source.name, data)
        return answer

    def _download(
        self,
        link: Link,
        source: Source,
        now: datetime,
        seconds: float,
        base: CertificateList | None,
    ) -> Found:
        """Fetch a CRL, unless another process just did.

        Raises FetchFailed, UnreadableFile, MalformedRevocation or _Doubtful.
        """
        with self._cache.claim(source.name, seconds):
            kept = self._cache.find(source.name)
            if kept and not _doubt(link, base, kept, now):
                return kept
            with self._cache.receive() as path:
                with path.open("wb") as file:
                    source.download(file, seconds)
                answer = read_list(path)
                doubt = _doubt(link, base, answer, now)
                if doubt:
                    raise _Doubtful(doubt)
                self._cache.adopt(source.name, path)
                return answer


class _Doubtful(Exception):  # It reads as what it says.
    """An answer says nothing that counts; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def _demand(verdict: Verdict) -> None:
    """Raise _Doubtful if an answer leaves it unknown."""
    if verdict.answer is Answer.UNKNOWN:
        raise _Doubtful(verdict.reasons[0])


def _doubt(link: Link, base: CertificateList | None, found: Found, now: datetime) -> Reason | None:
    """Return why a CRL says nothing now, alone or, given its base, as a delta; None if it does."""
    if base is not None:
        return _doubt_delta(link, base, found, now)
    verdict = _judge(link, [found], now)
    return verdict.reasons[0] if verdict.answer is Answer.UNKNOWN else None


def _doubt_delta(link: Link, base: CertificateList, found: Found, now: datetime) -> Reason | None:
    """Return why a CRL is no delta of `base` that holds now (RFC 5280 section 5.2.4).

    What stands at a delta's address and doesn't say that it is one never counts as complete.
    """
    if not isinstance(found, CertificateList) or not found.is_delta_of(base):
        return Reason("a delta CRL is not one of the CRL at hand")
    verdict = _judge(link, [base, found], now)
    is_current = found.next_update is not None and now <= found.next_update
    return None if is_current and verdict.answer is not Answer.UNKNOWN else _outdated(verdict)


def _outdated(verdict: Verdict) -> Reason:
    return verdict.reasons[0] if verdict.reasons else Reason("a delta CRL is outdated")


def _judge(link: Link, found: Sequence[Found], now: datetime) -> Verdict:
    """Tell whether answers are about a link, signed by who may sign them, and hold now."""
    lists = [one for one in found if isinstance(one, CertificateList)]
    responses = [one for one in found if isinstance(one, OcspResponse)]
    return check_revocation(link, Occasion.of(now), [RevocationData(lists, responses)])
