"""REVOCATION=online: authorities are asked whether they revoked a certificate.

Certificates name the addresses, and strangers send certificates. So no authority is asked but for a
chain that holds and ends in an anchor: then its addresses are the word of authorities that the
operator trusts, which may well have their servers in the same network. A server that answers can't
send us on to another server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from app.cms import Answer, Certificate, CertificateList, MalformedRevocation, Reason, Verdict
from app.destinations import Destinations
from app.trust.cache import Cache
from app.trust.errors import FetchFailed, UnreadableFile
from app.trust.judging import Case, Doubtful, Found, doubt_delta, is_current, judge
from app.trust.receiving import Receiver
from app.trust.sources import RESPONSE_SECONDS, Link, Source, list_deltas, list_sources
from app.trust.turns import Turns

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

    def __init__(self, cache: Path, destinations: Destinations, turns: Turns) -> None:
        """Take the folder in which answers are kept, who may be asked, and turns at verifying."""
        self._cache = Cache(cache)
        self._turns = turns
        self._receiver = Receiver(self._cache, destinations, self._renew, turns)
        self._failures = _Failures()
        self._places = threading.BoundedSemaphore(MAX_AT_ONCE)

    def ask(self, links: Iterable[Link], *, fetch: bool) -> Findings:
        """Find out what holds now about links whose certificates reached an anchor.

        Without `fetch` only what is on disk is used. A turn that the caller has is given back while
        an authority is asked.
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
        """Return what is kept and holds now, a complete CRL with its delta CRLs if there are any.

        One of these that is outdated, or has another base, still tells of what it names.
        """
        for source in list_sources(link):
            kept = self._cache.find(source.name)
            if kept:
                found = [kept, *self._find_deltas(link, kept)]
                if judge(link, found, now).answer is not Answer.UNKNOWN:
                    return found
        return []

    def _find_deltas(self, link: Link, base: Found) -> list[Found]:
        """Return the delta CRLs that are kept beside a complete one."""
        if not isinstance(base, CertificateList):
            return []
        kept = [self._cache.find(source.name) for source in list_deltas(link, base.delta_urls)]
        return [one for one in kept if isinstance(one, CertificateList) and one.is_delta]

    def _lacks_delta(self, link: Link, kept: Sequence[Found], now: datetime) -> bool:
        """Return whether a newer delta CRL should be asked for."""
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
            busy = Reason("too much is asked about revocation at once")
            findings.reasons |= {certificate: [busy] for certificate, _ in links}
            return
        try:
            deadline = time.monotonic() + SECONDS
            for link in links:
                self._fetch(Case(link, now, deadline), findings)
        finally:
            self._places.release()

    def _fetch(self, case: Case, findings: Findings) -> None:
        """Ask one after the other, until one has an answer that counts."""
        reasons = findings.reasons[case.link[0]] = []
        kept = self._find(case.link, case.now)  # Another process may have been quicker.
        for source in list_sources(case.link) if not kept else ():
            answer = self._failure(source) or self._ask(case, source)
            if not isinstance(answer, Reason):
                kept = [answer]
                break
            reasons.append(answer)
        if kept and self._lacks_delta(case.link, kept, case.now):
            kept += self._fetch_delta(case, kept[0])
        findings.found += [one for one in kept if one not in findings.found]

    def _fetch_delta(self, case: Case, base: Found) -> list[Found]:
        """Ask for what changed since a complete CRL; give a newer one of these too, if there is.

        Without an answer the one at hand still holds as long as it says (RFC 5280 section 6.3.3).
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
        """Ask for the complete CRL that a delta CRL is based on, which is newer than what is kept.

        Raises nothing: what isn't had is missing.
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
        """Fetch an answer and keep it, if it is one for now, signed by who may sign it."""
        seconds = case.deadline - time.monotonic()
        place: dict[str, object] = {"address": source.address}
        if seconds <= 0:
            return Reason("there was no time left to ask {address}", place)
        try:
            if source.question is not None:
                return self._receiver.ask(case, source, source.question, seconds)
            return self._receiver.download(case, source, seconds)
        except FetchFailed as error:
            if seconds >= RESPONSE_SECONDS:  # Else the address had little time.
                self._failures.note(source.address, error.reason)
            return error.reason
        except (UnreadableFile, MalformedRevocation):
            doubt = Reason("what {address} answers can't be read", place)
        except OSError as error:
            why = error.strerror or type(error).__name__
            doubt = Reason("what {address} answers can't be written: {why}", {**place, "why": why})
        except Doubtful as error:
            doubt = error.reason
        self._failures.note(source.name, doubt)
        return doubt
