"""Was a certificate revoked? Answered from CRLs and OCSP responses that are at hand, not fetched.

The question is always about one moment, the decisive time. A revocation that came later does no
harm; data that are too old for that moment, or of somebody else, tell nothing: then the answer is
unknown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.cms.budget import FREE, Budget
from app.cms.certificate_rules import refuse_broken, title
from app.cms.crls import CERTIFICATE_HOLD, CertificateList, MalformedRevocation, Revoked
from app.cms.errors import Undecidable
from app.cms.names import name_key
from app.cms.ocsp import OcspAnswer, OcspResponse
from app.cms.status import YES, Answer, Verdict, every, no, unknown
from app.cms.x509 import Certificate, MalformedExtension, key_usage

# How long a word holds that doesn't say it, as those of the NCA's responders: time enough to sign,
# to get a timestamp and to save.
FRESHNESS = timedelta(minutes=10)

# Reasons for which what an authority of timestamps did before stays good (RFC 3161 section 4):
# unspecified, affiliationChanged, superseded, cessationOfOperation.
_HARMLESS = {0, 3, 4, 5}


@dataclass(frozen=True, slots=True)
class _Word:
    """What a CRL or a responder says of one certificate, and for which time.

    `complete`: it would have said so if the certificate were revoked.
    """

    revoked: Revoked | None
    this_update: datetime
    next_update: datetime | None
    complete: bool

    @property
    def until(self) -> datetime:
        """Until when it holds."""
        return self.next_update or self.this_update + FRESHNESS


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a word means for the decisive time.

    `final`: no later word can take it back. `silent`: it says so by naming no revocation at all.
    """

    verdict: Verdict
    this_update: datetime
    final: bool = False
    silent: bool = False


class RevocationData:
    """CRLs and OCSP responses, sorted by whom they are about."""

    def __init__(
        self,
        crls: Iterable[CertificateList] = (),
        responses: Iterable[OcspResponse] = (),
        budget: Budget = FREE,
    ) -> None:
        """Take what has been read; `budget` pays for checking who signed it."""
        self.budget = budget
        self._crls: dict[bytes | str, list[CertificateList]] = {}
        for crl in crls:
            self._crls.setdefault(name_key(crl.issuer) or crl.issuer, []).append(crl)
        self._answers: dict[int, list[tuple[OcspResponse, OcspAnswer]]] = {}
        for response in responses:
            for answer in response.answers:
                serial = answer.about.serial_number
                self._answers.setdefault(serial, []).append((response, answer))

    def crls_of(self, issuer: Certificate) -> Sequence[CertificateList]:
        """Give the CRLs that bear the name of `issuer`."""
        return self._crls.get(issuer.subject_key or issuer.subject, ())

    def answers_about(self, certificate: Certificate) -> Sequence[tuple[OcspResponse, OcspAnswer]]:
        """Give the responses, and what of them is about this serial number, whoever issued it."""
        return self._answers.get(certificate.serial_number, ())


def check_revocation(
    chain: Sequence[Certificate],
    at: datetime,
    sources: Sequence[RevocationData],
    *,
    for_timestamps: bool = False,
) -> Verdict:
    """Tell whether no certificate of a chain that ends in an anchor was revoked at that time.

    Nobody but its owner can revoke an anchor. The key of an authority of timestamps
    (`for_timestamps`) must not have been compromised later either: it could date back.
    """
    verdicts = [
        _check_one(certificate, issuer, at, sources, for_timestamps and certificate == chain[0])
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
        finding
        if isinstance(finding, _Finding)
        else _judge(finding, certificate, at, for_timestamps)
        for finding in _ask(certificate, issuer, sources)
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
    if good:
        return max(good, key=lambda finding: finding.this_update).verdict
    return every(*[finding.verdict for finding in findings])


def _judge(word: _Word, certificate: Certificate, at: datetime, for_timestamps: bool) -> _Finding:
    """Tell what a word means for the decisive time."""
    if word.revoked:
        return _judge_revoked(word, word.revoked, certificate, at, for_timestamps)
    subject = title(certificate.subject)
    if not word.complete:
        verdict = unknown("a CRL at hand says not all about {subject}", subject=subject)
    elif word.until < at:
        verdict = unknown(
            "what a CRL or OCSP response says of {subject} holds only until"
            " {until:%Y-%m-%d %H:%M:%S} UTC",
            subject=subject,
            until=word.until,
        )
    elif certificate.not_after < word.this_update:
        verdict = unknown(
            "a CRL or OCSP response about {subject} is from after its certificate expired",
            subject=subject,
        )
    else:
        verdict = YES
    return _Finding(verdict, word.this_update, silent=True)


def _judge_revoked(
    word: _Word, revoked: Revoked, certificate: Certificate, at: datetime, for_timestamps: bool
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
        return _Finding(Verdict(Answer.YES, verdict.reasons), word.this_update)
    if revoked.reason != CERTIFICATE_HOLD:
        return _Finding(verdict, word.this_update, final=True)
    if word.until < at:
        verdict = unknown(
            "the certificate of {subject} was on hold; whether it still was is unknown",
            subject=subject,
        )
    return _Finding(verdict, word.this_update)


def _ask(
    certificate: Certificate, issuer: Certificate, sources: Sequence[RevocationData]
) -> Iterator[_Word | _Finding]:
    """Give what each CRL and response says, or why it says nothing."""
    for source in sources:
        for crl in source.crls_of(issuer):
            yield _ask_crl(crl, certificate, issuer, source.budget)
        for response, answer in source.answers_about(certificate):
            yield from _ask_response(
                (response, answer), certificate, issuer, source.budget, sources
            )


def _ask_crl(
    crl: CertificateList, certificate: Certificate, issuer: Certificate, budget: Budget
) -> _Word | _Finding:
    doubt = _doubt_crl(crl, issuer, budget)
    if doubt:
        return _Finding(doubt, crl.this_update)
    try:
        revoked = crl.find(certificate.serial_number)
    except MalformedRevocation as error:
        return _Finding(unknown(error.template, **error.values), crl.this_update)
    complete = crl.is_complete_for(certificate)
    return _Word(revoked, crl.this_update, crl.next_update, complete)


def _doubt_crl(crl: CertificateList, issuer: Certificate, budget: Budget) -> Verdict | None:
    """Tell why a CRL must not be used; None if it may (RFC 5280 section 6.3.3).

    It must be signed with the very key that the certificate in question was signed with.
    """
    name = title(issuer.subject)
    try:
        usages = key_usage(issuer)
        if usages is not None and "cRLSign" not in usages:
            return unknown("the key of {issuer} is not for signing CRLs", issuer=name)
        if not crl.usable:
            return unknown("a CRL of {issuer} is not one of its own certificates", issuer=name)
        if not crl.is_signed_by(issuer.public_key, budget):
            return unknown("a CRL in the name of {issuer} is not signed by it", issuer=name)
    except MalformedExtension as error:
        return Verdict(Answer.UNKNOWN, refuse_broken(issuer, error).reasons)
    except Undecidable as error:
        return unknown(error.template, **error.values)
    return None


def _ask_response(
    given: tuple[OcspResponse, OcspAnswer],
    certificate: Certificate,
    issuer: Certificate,
    budget: Budget,
    sources: Sequence[RevocationData],
) -> Iterator[_Word | _Finding]:
    """Give what an answer says; nothing if it is about a certificate of another issuer."""
    response, answer = given
    try:
        if not answer.about.matches(certificate, issuer):
            return
        doubt = _doubt_response(response, issuer, budget, sources)
    except Undecidable as error:
        doubt = unknown(error.template, **error.values)
    if not doubt and not answer.usable:
        doubt = unknown("an OCSP response has a critical extension that is unknown here")
    if not doubt and answer.status == "unknown":
        doubt = unknown(
            "the OCSP responder does not know the certificate of {subject}",
            subject=title(certificate.subject),
        )
    if doubt:
        yield _Finding(doubt, answer.this_update)
    else:
        revoked = answer.status if isinstance(answer.status, Revoked) else None
        yield _Word(revoked, answer.this_update, answer.next_update, complete=True)


def _doubt_response(
    response: OcspResponse,
    issuer: Certificate,
    budget: Budget,
    sources: Sequence[RevocationData],
) -> Verdict | None:
    """Tell why a response must not be used; None if it may. Raises Undecidable."""
    signer = response.find_signer(issuer, budget)
    if signer is None:
        return unknown(
            "an OCSP response is not signed by {issuer}, nor in its name",
            issuer=title(issuer.subject),
        )
    for source in sources if signer != issuer else ():
        for crl in source.crls_of(issuer):
            word = _ask_crl(crl, signer, issuer, source.budget)
            if isinstance(word, _Word) and word.revoked:
                return unknown(
                    "the certificate of the OCSP responder {subject} is revoked",
                    subject=title(signer.subject),
                )
    return None
