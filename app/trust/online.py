"""REVOCATION=online: CAs are asked whether they revoked a certificate.

The addresses are in certificates, which come from untrusted senders. So requests are made only for
a good chain that ends in an anchor: then its addresses come from CAs that the operator trusts, even
if their servers are in the same network. Redirects to other servers are not followed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from app.cms import (
    Answer,
    Certificate,
    CertificateList,
    MalformedRevocation,
    Reason,
    RevocationFailure,
    Verdict,
)
from app.destinations import Destinations
from app.trust.cache import Cache
from app.trust.errors import FetchFailed, UnreadableFile
from app.trust.judging import Case, Doubtful, Found, doubt_delta, is_current, judge
from app.trust.receiving import Receiver
from app.trust.sources import RESPONSE_SECONDS, Link, Source, list_deltas, list_sources
from app.trust.turns import Turns

# Links whose revocation is requested for one signature, and the seconds for all of them.
MAX_LINKS = 32
SECONDS = 10.0
# How many signatures are asked about at once, so that threads remain for other requests; and the
# seconds to wait for a turn.
MAX_AT_ONCE = 2
PATIENCE = 1.0
# Seconds for which a failed address is not retried, and how many are remembered.
RETRY_AFTER = 60
MAX_FAILURES = 256


@dataclass(slots=True)
class Findings:
    """The revocation data found, and the certificates without, with the reasons."""

    found: list[Found] = field(default_factory=list)
    reasons: dict[Certificate, list[Reason]] = field(default_factory=dict)
    #: The addresses that were asked in vain.
    failures: list[RevocationFailure] = field(default_factory=list)

    def explain(self, verdict: Verdict, chain: Sequence[Certificate]) -> Verdict:
        """Add to a verdict on the revocation of a chain why it is still unknown."""
        if verdict.answer is not Answer.UNKNOWN:
            return verdict
        more = [reason for certificate in chain for reason in self.reasons.get(certificate, ())]
        reasons = [*verdict.reasons]
        reasons += [reason for reason in more if reason not in reasons]
        return replace(verdict, reasons=tuple(reasons))

    def note(self, certificate: Certificate, source: Source, reason: Reason) -> None:
        """Record why a source said nothing that counts about a certificate."""
        self.reasons[certificate].append(reason)
        kind: Literal["crl", "ocsp"] = "crl" if source.question is None else "ocsp"
        self.failures.append(RevocationFailure(certificate, kind, source.address, reason))

    def failures_of(self, chain: Sequence[Certificate]) -> tuple[RevocationFailure, ...]:
        """List the addresses that were asked in vain about certificates of a chain."""
        return tuple(one for one in self.failures if one.certificate in chain)


class _Failures:
    """Addresses that failed recently."""

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
    """Asks the cache and, if allowed, the network. Thread-safe."""

    def __init__(self, cache: Path, destinations: Destinations, turns: Turns) -> None:
        """Take the cache, the permitted destinations, and the turns at verifying."""
        self._cache = Cache(cache)
        self._turns = turns
        self._receiver = Receiver(self._cache, destinations, self._renew, turns)
        self._failures = _Failures()
        self._places = threading.BoundedSemaphore(MAX_AT_ONCE)

    def ask(self, links: Iterable[Link], *, fetch: bool) -> Findings:
        """Return the current revocation data for links whose certificates lead to an anchor.

        Without `fetch` only the cache is used. The caller's turn is given back during requests.
        """
        findings = Findings()
        now = datetime.now(UTC)
        left = []
        for link in list(dict.fromkeys(links))[:MAX_LINKS]:
            kept = self._find(link, now)
            findings.found += kept
            if not kept or self._lacks_delta(link, kept, now):
                left.append(link)
        if left and fetch:
            self._fetch_all(left, now, findings)
        return findings

    def _find(self, link: Link, now: datetime) -> list[Found]:
        """Return the current cached data, a complete CRL with its delta CRLs if there are any.

        A delta CRL that is outdated, or has another base, is still used for the entries it lists.
        """
        for source in list_sources(link):
            kept = self._recall(source)
            if kept:
                found = [kept, *self._find_deltas(link, kept)]
                if judge(link, found, now).answer is not Answer.UNKNOWN:
                    return found
        return []

    def _recall(self, source: Source) -> Found | None:
        """Return the cached answer of a source."""
        found = self._cache.find(source.name)
        if found is not None:
            found.origin = source.origin
        return found

    def _find_deltas(self, link: Link, base: Found) -> list[Found]:
        """Return the cached delta CRLs of a complete one."""
        if not isinstance(base, CertificateList):
            return []
        kept = [self._recall(source) for source in list_deltas(link, base.delta_urls)]
        return [one for one in kept if isinstance(one, CertificateList) and one.is_delta]

    def _lacks_delta(self, link: Link, kept: Sequence[Found], now: datetime) -> bool:
        """Return whether a newer delta CRL should be requested."""
        base, *deltas = kept
        if not isinstance(base, CertificateList):
            return False
        if any(
            isinstance(delta, CertificateList)
            and is_current(delta, now)
            and not doubt_delta(link, base, delta, now)
            for delta in deltas
        ):
            return False
        sources = list_deltas(link, base.delta_urls)
        return any(self._failure(source) is None for source in sources)

    def _fetch_all(self, links: list[Link], now: datetime, findings: Findings) -> None:
        with self._turns.paused():
            has_place = self._places.acquire(timeout=PATIENCE)
        if not has_place:
            busy = Reason("too many requests for revocation data at once")
            findings.reasons |= {certificate: [busy] for certificate, _ in links}
            return
        try:
            deadline = time.monotonic() + SECONDS
            for link in links:
                self._fetch(Case(link, now, deadline), findings)
        finally:
            self._places.release()

    def _fetch(self, case: Case, findings: Findings) -> None:
        """Ask the sources one after the other, until one has an answer that counts."""
        findings.reasons[case.link[0]] = []
        kept = self._find(case.link, case.now)  # Another process may have been quicker.
        for source in list_sources(case.link) if not kept else ():
            answer = self._failure(source) or self._ask(case, source)
            if not isinstance(answer, Reason):
                kept = [answer]
                break
            findings.note(case.link[0], source, answer)
        if kept and self._lacks_delta(case.link, kept, case.now):
            kept += self._fetch_delta(case, kept[0])
        findings.found += [one for one in kept if one not in findings.found]

    def _fetch_delta(self, case: Case, base: Found) -> list[Found]:
        """Request the delta of a complete CRL; also return a newer complete one, if there is one.

        Without an answer the available one is still valid until its nextUpdate (RFC 5280 section
        6.3.3).
        """
        if not isinstance(base, CertificateList):
            return []
        case = replace(case, base=base)
        for source in list_deltas(case.link, base.delta_urls):
            if self._failure(source) is None:
                answer = self._ask(case, source)
                if not isinstance(answer, Reason):
                    return [answer] if case.base is base else [case.base or base, answer]
        return [] if case.base is None else [case.base]

    def _renew(self, case: Case, delta: CertificateList) -> None:
        """Request the complete CRL that a delta CRL is based on, newer than the cached one.

        Raises nothing: a failure leaves it missing.
        """
        wanted = replace(case, base=None, least=delta.base_number or 0)
        for source in list_sources(case.link):
            if source.question is None and self._failure(source) is None:
                answer = self._ask(wanted, source)
                if isinstance(answer, CertificateList):
                    case.base = answer
                    return

    def _failure(self, source: Source) -> Reason | None:
        return self._failures.of(source.address) or self._failures.of(source.name)

    def _ask(self, case: Case, source: Source) -> Found | Reason:
        """Fetch an answer and cache it, if it is current and signed by an authorised key."""
        seconds = case.deadline - time.monotonic()
        place: dict[str, object] = {"address": source.address}
        if seconds <= 0:
            return Reason("there was no time left to ask {address}", place)
        try:
            if source.question is not None:
                return self._receiver.ask(case, source, source.question, seconds)
            return self._receiver.download(case, source, seconds)
        except FetchFailed as error:
            if seconds >= RESPONSE_SECONDS:  # Otherwise the address had too little time.
                self._failures.note(source.address, error.reason)
            return error.reason
        except (UnreadableFile, MalformedRevocation):
            doubt = Reason("the response of {address} can't be read", place)
        except OSError as error:
            why = error.strerror or type(error).__name__
            doubt = Reason(
                "the response of {address} can't be written: {why}", {**place, "why": why}
            )
        except Doubtful as error:
            doubt = error.reason
        self._failures.note(source.name, doubt)
        return doubt
