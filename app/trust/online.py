"""REVOCATION=online: authorities are asked whether they revoked a certificate.

Certificates name the addresses, and strangers send certificates. So nobody is asked but for a chain
that holds and ends in an anchor: then its addresses are the word of authorities that the operator
trusts, which may well have their servers in his own network. Whoever answers can't send us on to
another server.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from app.cms.crls import CertificateList, MalformedRevocation
from app.cms.ocsp import OcspResponse
from app.cms.revocation import RevocationData, check_revocation
from app.cms.status import Answer, Reason, Verdict
from app.cms.x509 import Certificate
from app.trust.cache import Cache
from app.trust.errors import FetchFailed, UnreadableFile
from app.trust.sources import RESPONSE_SECONDS, Link, Source, list_sources, read_answer

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
            if kept:
                findings.found.append(kept)
            else:
                left.append(link)
        if left and fetch:
            self._fetch_all(left, now, findings)
        return findings

    def _find(self, link: Link, now: datetime) -> Found | None:
        for source in list_sources(link):
            kept = self._cache.find(source.name)
            if kept and _judge(link, kept, now).answer is not Answer.UNKNOWN:
                return kept
        return None

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
        for source in list_sources(link):
            failure = self._failures.of(source.address) or self._failures.of(source.name)
            answer = self._ask(link, source, now, deadline) if failure is None else failure
            if not isinstance(answer, Reason):
                findings.found.append(answer)
                return
            findings.reasons[link[0]].append(answer)

    def _ask(self, link: Link, source: Source, now: datetime, deadline: float) -> Found | Reason:
        """Fetch an answer and keep it, if it is one for now, signed by who may sign it."""
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return Reason("there was no time left to ask {address}", {"address": source.address})
        try:
            data = source.fetch(seconds)
        except FetchFailed as error:
            if seconds >= RESPONSE_SECONDS:  # Else the address had little time.
                self._failures.note(source.address, error.reason)
            return error.reason
        try:
            answer = read_answer(source.name, data)
        except (UnreadableFile, MalformedRevocation):
            doubt = Reason("what {address} answers can't be read", {"address": source.address})
        else:
            verdict = _judge(link, answer, now)
            if verdict.answer is not Answer.UNKNOWN:
                self._cache.keep(source.name, data)
                return answer
            doubt = verdict.reasons[0]
        self._failures.note(source.name, doubt)
        return doubt


def _judge(link: Link, found: Found, now: datetime) -> Verdict:
    """Tell whether an answer is about a link, signed by who may sign it, and holds now."""
    if isinstance(found, CertificateList):
        data = RevocationData([found])
    else:
        data = RevocationData((), [found])
    return check_revocation(link, now, [data])
