"""What one statement of a CRL or a responder means for the decisive time."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.cms.path.occasions import is_future
from app.cms.path.rules import title
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, Revoked
from app.cms.revocation.noted import NotedRevocation
from app.cms.revocation.origins import PACKAGE
from app.cms.revocation.sources import FRESHNESS, Statement
from app.cms.verdict import YES, Answer, Reason, Verdict, every, no, unknown
from app.cms.x509.certificate import Certificate

# Revocation reasons that keep earlier timestamps of a TSA good (RFC 3161 section 4): unspecified,
# affiliationChanged, superseded, cessationOfOperation.
_KEEPING_TIMESTAMPS = {0, 3, 4, 5}
_KNOWN = Reason(
    "by a CRL or OCSP response, no revocation of the certificate of {subject} is known as of"
    " {since}"
)


@dataclass(frozen=True, slots=True)
class DecisiveTime:
    """The decisive time, whether a timestamp attests it, and whose certificates are judged.

    `known` is when what came with the signature is known to have existed, `now` the time of the
    verification by the caller's clock, if that is given.
    """

    at: datetime
    attested: bool
    for_timestamps: bool
    known: datetime
    now: datetime | None = None

    def known_at(self, statement: Statement) -> datetime:
        """Return as of when the algorithms of a statement are judged.

        A statement that the sender brings may have been forged, and backdated, at any time before
        it is first seen.
        """
        is_kept = self.attested and not statement.by_sender
        return self.at if is_kept and not self.for_timestamps else self.known


@dataclass(frozen=True, slots=True)
class Finding:
    """What a statement means for the decisive time.

    `final`: no other statement can lift it. `hold`: only a newer one can. `lifts`: this is a newer
    one that would have listed the certificate if it were still on hold. `denied`: only a newer
    statement of a responder can lift it, and `admits`: this is one. `during`: what a hold means
    that is only known to be lifted after the decisive time.
    """

    verdict: Verdict
    this_update: datetime
    final: bool = False
    hold: bool = False
    lifts: bool = False
    denied: bool = False
    admits: bool = False
    during: Verdict | None = None


def judge(statement: Statement, certificate: Certificate, moment: DecisiveTime) -> Finding:
    """Return what a statement means for the decisive time. A doubtful one proves nothing.

    Nor does it lift a hold. But what it says against a certificate isn't outweighed either.
    """
    if statement.denied:
        finding = _judge_denied(statement, certificate)
    elif statement.revoked:
        finding = _judge_revoked(statement, statement.revoked, certificate, moment)
    else:
        finding = _judge_silence(statement, certificate, moment)
    doubts = [
        one
        for one in (
            statement.doubt,
            _doubt_date(statement, certificate, moment),
            _doubt_algorithms(statement, certificate, moment),
        )
        if one
    ]
    if not doubts:
        return finding
    if finding.verdict.answer is Answer.YES:
        return Finding(every(*doubts), statement.this_update)
    reasons = (*finding.verdict.reasons, *every(*doubts).reasons)
    return replace(finding, verdict=Verdict(Answer.UNKNOWN, reasons), lifts=False, admits=False)


def _doubt_date(
    statement: Statement, certificate: Certificate, moment: DecisiveTime
) -> Verdict | None:
    """Return unknown if a statement is from the future, by the clock of the verifier.

    It could be shown until then, whatever is revoked meanwhile (RFC 6960 section 4.2.2.1).
    """
    if not is_future(statement.this_update, moment.now):
        return None
    return unknown(
        "a CRL or OCSP response about {subject} is dated in the future, {when}",
        subject=title(certificate.subject),
        when=statement.this_update,
    )


def _doubt_algorithms(
    statement: Statement, certificate: Certificate, moment: DecisiveTime
) -> Verdict | None:
    """Return why a statement may be forged, if it may."""
    broken = statement.broken
    if broken is None or moment.known_at(statement) < broken.since:
        return None
    return unknown(
        "a CRL or OCSP response about {subject} is signed with {algorithm}, which can be forged"
        " since {since}",
        subject=title(certificate.subject),
        algorithm=broken.name,
        since=broken.since.date(),
    )


def _judge_denied(statement: Statement, certificate: Certificate) -> Finding:
    """Return what it means that a responder knows of no such certificate (RFC 6960 section 2.2).

    A CRL lists revoked certificates only, so it can't contradict that.
    """
    if statement.this_update < certificate.not_before:
        early = unknown(
            "an OCSP response is from before the certificate of {subject} was issued",
            subject=title(certificate.subject),
        )
        return Finding(early, statement.this_update)
    verdict = no(
        "the OCSP responder says that the certificate of {subject} was never issued",
        subject=title(certificate.subject),
    )
    return Finding(verdict, statement.this_update, denied=True)


def _judge_silence(statement: Statement, certificate: Certificate, moment: DecisiveTime) -> Finding:
    """Return what it means for the decisive time that a statement names no revocation."""
    is_late = certificate.not_after < statement.this_update
    lifts = (statement.complete or statement.removed) and not is_late
    return Finding(
        _doubt_silence(statement, certificate, moment, is_late=is_late)
        or _accept(statement, certificate, moment),
        statement.this_update,
        lifts=lifts,
        admits=statement.by_responder and not is_late,
    )


def known_as_of(verdict: Verdict) -> datetime | None:
    """Return the date of the oldest statement before an attested time that a yes rests on."""
    if verdict.answer is not Answer.YES:
        return None
    dates = (one.values["since"] for one in verdict.reasons if one.template == _KNOWN.template)
    return min((date for date in dates if isinstance(date, datetime)), default=None)


def _accept(statement: Statement, certificate: Certificate, moment: DecisiveTime) -> Verdict:
    """Return yes; if the statement is older than an attested time, with a remark as of when."""
    is_attested = moment.attested or (moment.for_timestamps and statement.by_sender)
    if is_attested and statement.this_update < moment.at:
        values = {"subject": title(certificate.subject), "since": statement.this_update}
        return Verdict(Answer.YES, (replace(_KNOWN, values=values),))
    return YES


def _doubt_silence(
    statement: Statement, certificate: Certificate, moment: DecisiveTime, *, is_late: bool
) -> Verdict | None:
    """Return why a statement without a revocation doesn't cover the decisive time, if so."""
    subject = title(certificate.subject)
    until = statement.until(attested=moment.attested)
    if isinstance(statement.found, NotedRevocation):
        # That a hold was lifted is known; what holds since then is not.
        return unknown("no CRL or OCSP response about {subject} is at hand", subject=subject)
    if not statement.complete:
        return _incomplete(subject)
    if until < moment.at:
        return unknown(
            "a CRL or OCSP response about {subject} is valid only until {until}",
            subject=subject,
            until=until,
        )
    is_chosen = moment.attested or moment.for_timestamps
    if statement.by_sender and not is_chosen and statement.this_update < moment.at - FRESHNESS:
        # The NCA's CRLs claim half a year of validity, so a signer revoked since could send an
        # earlier one. With a timestamp that would be of no use: what was current at genTime counts
        # (RFC 5280 section 6.3.3, ETSI EN 319 102-1 section 5.2.5), and who has the key of a TSA
        # may choose a genTime that fits.
        return _outdated(statement, subject)
    if is_late:
        return unknown(
            "a CRL or OCSP response about {subject} is from after its certificate expired",
            subject=subject,
        )
    return None


def _outdated(statement: Statement, subject: str) -> Verdict:
    if statement.found.origin == PACKAGE:
        return unknown(
            "the revocation data in the evidence package cover {subject} only until {until}",
            subject=subject,
            until=statement.this_update,
        )
    return unknown(
        "the revocation data in the signature cover {subject} only until {until}",
        subject=subject,
        until=statement.this_update,
    )


def _incomplete(subject: str) -> Verdict:
    return unknown(
        "a CRL at hand does not cover every possible revocation of {subject}", subject=subject
    )


def _judge_revoked(
    statement: Statement, revoked: Revoked, certificate: Certificate, moment: DecisiveTime
) -> Finding:
    """Return what a revocation means for the decisive time: no harm if it came later."""
    subject = title(certificate.subject)
    verdict = no(
        "the certificate of {subject} was revoked on {when}",
        subject=subject,
        when=revoked.when,
    )
    is_compromised = moment.for_timestamps and revoked.reason not in _KEEPING_TIMESTAMPS
    if revoked.when > moment.at and not is_compromised:
        later = _judge_later(revoked, verdict, moment.at, subject)
        is_doubted = later.answer is not Answer.YES
        if not is_doubted and not statement.complete:
            # Another CRL may list it with an earlier date.
            later = _incomplete(subject)
        elif not is_doubted and revoked.when > statement.this_update:
            # A revocation announced for the future says nothing about the time before.
            later = _doubt_silence(statement, certificate, moment, is_late=False) or later
        return Finding(
            later, statement.this_update, final=is_doubted, admits=statement.by_responder
        )
    if revoked.reason != CERTIFICATE_HOLD:
        return Finding(verdict, statement.this_update, final=True)
    # A sender chooses which statement to bring: since an older one a hold may have ended.
    is_old = statement.by_sender and statement.this_update < moment.at - FRESHNESS
    if is_old or statement.until(attested=moment.attested) < moment.at:
        verdict = unknown(
            "the certificate of {subject} was on hold; whether the hold still applied is unknown",
            subject=subject,
        )
    during = unknown(
        "the certificate of {subject} was on hold at that time, and the hold was lifted later",
        subject=subject,
    )
    return Finding(verdict, statement.this_update, hold=True, during=during)


def _judge_later(revoked: Revoked, verdict: Verdict, at: datetime, subject: str) -> Verdict:
    """Return what a later revocation means; `verdict` is the verdict on it.

    The invalidityDate may say that the key was compromised before (RFC 5280 section 5.3.2).
    """
    if revoked.invalid_since is not None and revoked.invalid_since <= at:
        doubt = unknown(
            "the revocation of the certificate of {subject} says that it was invalid since {since}",
            subject=subject,
            since=revoked.invalid_since,
        )
        return Verdict(Answer.UNKNOWN, (*verdict.reasons, *doubt.reasons))
    return Verdict(Answer.YES, verdict.reasons)
