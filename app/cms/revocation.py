"""Was a certificate revoked? Answered from CRLs and OCSP responses that are at hand, not fetched.

The question is always about one moment, the decisive time. A revocation that came later does no
harm; data that are too old for that moment, or of somebody else, tell nothing: then the answer is
unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.cms import algorithms
from app.cms.certificate_rules import title
from app.cms.crls import CERTIFICATE_HOLD, Revoked
from app.cms.revocation_sources import FRESHNESS, Doubt, RevocationData, Word, ask
from app.cms.status import YES, Answer, Verdict, every, no, unknown
from app.cms.x509 import Certificate

__all__ = ["RevocationData", "check_revocation"]

# Reasons for which what an authority of timestamps did before stays good (RFC 3161 section 4):
# unspecified, affiliationChanged, superseded, cessationOfOperation.
_HARMLESS = {0, 3, 4, 5}


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a word means for the decisive time.

    `final`: no later word can take it back. `silent`: it says so by naming no revocation at all.
    """

    verdict: Verdict
    this_update: datetime
    final: bool = False
    silent: bool = False


def check_revocation(
    chain: Sequence[Certificate],
    at: datetime,
    sources: Sequence[RevocationData],
    *,
    for_timestamps: bool = False,
) -> Verdict:
    """Tell whether no certificate of a chain that ends in an anchor was revoked at that time.

    Nobody but its owner can revoke an anchor. The keys of an authority of timestamps and of those
    above it (`for_timestamps`) must not have been compromised later either: who got hold of one
    could date back.
    """
    verdicts = [
        _check_one(certificate, issuer, at, sources, for_timestamps)
        for certificate, issuer in pairwise(chain)
    ]
    return every(*verdicts)


def _check_one(
    certificate: Certificate,
    issuer: Certificate,
    at: datetime,
    sources: Sequence[RevocationData],
    for_timestamps: bool,
) -> Verdict:
    """Weigh all findings: a no wins, but that of a hold only as long as no later word lifts it."""
    findings = [
        _Finding(word.verdict, word.this_update)
        if isinstance(word, Doubt)
        else _judge(word, certificate, at, for_timestamps)
        for word in ask(certificate, issuer, sources)
    ]
    if not findings:
        subject = title(certificate.subject)
        return unknown("no CRL or OCSP response about {subject} is at hand", subject=subject)
    good = [one for one in findings if one.verdict.answer is Answer.YES]
    lifted = max((one.this_update for one in good if one.silent), default=None)
    for finding in findings:
        if finding.verdict.answer is Answer.NO and (
            finding.final or lifted is None or lifted <= finding.this_update
        ):
            return finding.verdict
    final = [one.verdict for one in findings if one.final]
    if good and not final:
        return max(good, key=lambda finding: finding.this_update).verdict
    return every(*(final or [finding.verdict for finding in findings]))


def _judge(word: Word, certificate: Certificate, at: datetime, for_timestamps: bool) -> _Finding:
    """Tell what a word means for the decisive time. One that may be forged can only accuse."""
    if word.revoked:
        finding = _judge_revoked(word, word.revoked, certificate, at, for_timestamps)
    else:
        finding = _Finding(_judge_silence(word, certificate, at), word.this_update, silent=True)
    algorithm = word.algorithm
    if finding.verdict.answer is Answer.YES and algorithms.is_weak(
        algorithm.oid, algorithm.parameters
    ):
        verdict = unknown(
            "a CRL or OCSP response about {subject} is signed with {algorithm}, which can be"
            " forged",
            subject=title(certificate.subject),
            algorithm=algorithms.name(algorithm.oid),
        )
        return _Finding(verdict, word.this_update)
    return finding


def _judge_silence(word: Word, certificate: Certificate, at: datetime) -> Verdict:
    """Tell what it means for the decisive time that a word names no revocation."""
    subject = title(certificate.subject)
    if not word.complete:
        return unknown("a CRL at hand says not all about {subject}", subject=subject)
    if word.until < at:
        return unknown(
            "what a CRL or OCSP response says of {subject} holds only until"
            " {until:%Y-%m-%d %H:%M:%S} UTC",
            subject=subject,
            until=word.until,
        )
    if word.by_sender and word.this_update < at - FRESHNESS:
        # The NCA's lists say that they hold for half a year, and whoever was revoked since would
        # send the one from before.
        return unknown(
            "what came with the signature tells of {subject} only until"
            " {until:%Y-%m-%d %H:%M:%S} UTC",
            subject=subject,
            until=word.this_update,
        )
    if certificate.not_after < word.this_update:
        return unknown(
            "a CRL or OCSP response about {subject} is from after its certificate expired",
            subject=subject,
        )
    return YES


def _judge_revoked(
    word: Word, revoked: Revoked, certificate: Certificate, at: datetime, for_timestamps: bool
) -> _Finding:
    """Tell what a revocation means for the decisive time: nothing bad if it came later."""
    subject = title(certificate.subject)
    verdict = no(
        "the certificate of {subject} was revoked on {when:%Y-%m-%d %H:%M:%S} UTC",
        subject=subject,
        when=revoked.when,
    )
    is_compromised = for_timestamps and revoked.reason not in _HARMLESS
    if revoked.when > at and not is_compromised:
        later = _judge_later(revoked, verdict, at)
        return _Finding(later, word.this_update, final=later.answer is not Answer.YES)
    if revoked.reason != CERTIFICATE_HOLD:
        return _Finding(verdict, word.this_update, final=True)
    if word.until < at:
        verdict = unknown(
            "the certificate of {subject} was on hold; whether it still was is unknown",
            subject=subject,
        )
    return _Finding(verdict, word.this_update)


def _judge_later(revoked: Revoked, verdict: Verdict, at: datetime) -> Verdict:
    """Tell what a later revocation means, of which `verdict` speaks.

    Who revokes may say that the key was in other hands before (RFC 5280 section 5.3.2).
    """
    if revoked.invalid_since is not None and revoked.invalid_since <= at:
        doubt = unknown(
            "whoever revoked it says that it was no good since {since:%Y-%m-%d %H:%M:%S} UTC",
            since=revoked.invalid_since,
        )
        return Verdict(Answer.UNKNOWN, (*verdict.reasons, *doubt.reasons))
    return Verdict(Answer.YES, verdict.reasons)
