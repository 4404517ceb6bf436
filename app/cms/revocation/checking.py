"""Was a certificate revoked? Answered from available CRLs and OCSP responses; none is fetched.

The question is always about one time, the decisive time. A later revocation does no harm. Data that
are too old for that time, or about another certificate, say nothing: then the answer is unknown.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise, takewhile

from app.cms.path.occasions import Occasion
from app.cms.path.rules import title
from app.cms.revocation.crl_statements import ask_crls
from app.cms.revocation.findings import DecisiveTime, Finding, judge
from app.cms.revocation.noted import NotedRevocation, list_exposing, list_noted
from app.cms.revocation.ocsp_statements import ask_responses
from app.cms.revocation.reports import (
    RevocationFinding,
    RevocationStatus,
    report,
    report_exposing,
)
from app.cms.revocation.sources import Doubt, RevocationData, Statement
from app.cms.verdict import YES, Answer, Verdict, every, unknown
from app.cms.x509.certificate import Certificate

__all__ = ["RevocationData", "check_revocation", "examine_revocation"]


def check_revocation(
    chain: Sequence[Certificate],
    when: Occasion,
    sources: Sequence[RevocationData],
    *,
    attested: bool = False,
    for_timestamps: bool = False,
) -> Verdict:
    """Return whether no certificate of a chain that ends in an anchor was revoked at that time.

    As `examine_revocation`, without what says so.
    """
    return examine_revocation(
        chain, when, sources, attested=attested, for_timestamps=for_timestamps
    ).verdict


def examine_revocation(
    chain: Sequence[Certificate],
    when: Occasion,
    sources: Sequence[RevocationData],
    *,
    attested: bool = False,
    for_timestamps: bool = False,
) -> RevocationStatus:
    """Return whether no certificate of a chain that ends in an anchor was revoked at that time.

    An anchor can't be revoked by anyone but its owner. `attested`: a valid timestamp says that the
    signature existed at that time; what was published for that time then still counts, whichever
    way it was kept. For a TSA and the CAs above it (`for_timestamps`) the key must not have been
    compromised later either: with the key one could backdate.
    """
    moment = DecisiveTime(when.at, attested, for_timestamps, when.known, when.now)
    results = [
        _check_one(certificate, chain[position:], moment, sources)
        for position, certificate in enumerate(chain[:-1], 1)
    ]
    findings = [one for _, findings in results for one in findings]
    return RevocationStatus(
        every(*(verdict for verdict, _ in results)),
        (*findings, *_list_exposing(chain[1:], moment, sources)),
        results[0][0] if results else YES,
    )


def _list_exposing(
    authorities: Sequence[Certificate], moment: DecisiveTime, sources: Sequence[RevocationData]
) -> Iterator[RevocationFinding]:
    """Report what was proven before against the keys of authorities, by certificates not here."""
    for source in sources:
        for authority in authorities:
            for one in list_exposing(source.noted, authority):
                statement = _as_stated(one)
                if judge(statement, authority, moment).verdict.answer is not Answer.YES:
                    yield report_exposing(authority, statement)


def _issuers_above(chain: Sequence[Certificate]) -> list[Certificate]:
    """Return the issuer, first, and the following certificates that are of its older keys."""
    following = pairwise(chain)
    return [chain[0], *(above for _, above in takewhile(lambda one: one[0].self_issued, following))]


def _check_one(
    certificate: Certificate,
    above: Sequence[Certificate],
    moment: DecisiveTime,
    sources: Sequence[RevocationData],
) -> tuple[Verdict, list[RevocationFinding]]:
    """Combine all statements about one certificate, and report each; `above` are the others."""
    issuers = _issuers_above(above)
    found = [
        (
            statement,
            Finding(statement.verdict, statement.this_update)
            if isinstance(statement, Doubt)
            else judge(statement, certificate, moment),
        )
        for source in sources
        for ask in (ask_crls, ask_responses, _ask_noted)
        for statement in ask(certificate, issuers, source, sources)
    ]
    subject = title(certificate.subject)
    if not found:
        return unknown("no CRL or OCSP response about {subject} is at hand", subject=subject), []
    verdict = _weigh([finding for _, finding in found], moment.at)
    return verdict, report(certificate, above, found, verdict)


def _ask_noted(
    certificate: Certificate,
    issuers: Sequence[Certificate],
    source: RevocationData,
    _sources: Sequence[RevocationData],
) -> Iterator[Statement]:
    """Return what was proven before, and that a hold was lifted, which proves nothing else."""
    for one in list_noted(source.noted, certificate, issuers):
        yield _as_stated(one)
        if one.lifted_at is not None:
            yield Statement(
                None,
                one.lifted_at,
                None,
                complete=False,
                broken=None,
                by_sender=False,
                removed=True,
                found=one,
            )


def _as_stated(one: NotedRevocation) -> Statement:
    """Return what was noted as it was stated. Its algorithms were checked then: none is broken."""
    return Statement(
        one.revoked,
        one.this_update,
        one.next_update,
        one.complete,
        broken=None,
        by_sender=False,
        by_responder=one.kind == "ocsp",
        denied=one.denied,
        found=one,
    )


def _weigh(findings: Sequence[Finding], at: datetime) -> Verdict:
    """Combine findings: a no wins, unless it is a hold that a newer statement lifts."""
    for finding in findings:
        if finding.final and finding.verdict.answer is Answer.NO:
            return finding.verdict
    standing = _find_standing(findings)
    if standing:
        return standing.verdict
    for finding in findings:
        if finding.during and not _is_lifted(finding, findings, at):
            return finding.during
    findings = [finding for finding in findings if not (finding.hold or finding.denied)]
    good = [one for one in findings if one.verdict.answer is Answer.YES]
    final = [one.verdict for one in findings if one.final]
    if good and not final:
        return max(good, key=lambda finding: finding.this_update).verdict
    return every(*(final or [finding.verdict for finding in findings]))


def _is_lifted(hold: Finding, findings: Sequence[Finding], at: datetime) -> bool:
    """Return whether a newer statement from before the decisive time lifts a hold."""
    return any(one.lifts and hold.this_update < one.this_update <= at for one in findings)


def _find_standing(findings: Sequence[Finding]) -> Finding | None:
    """Return the statement of a hold, or "never issued", that no newer statement contradicts.

    However old a hold is, a statement that is older or of the same time can't contradict it. Nor
    does a newer one that leaves it undecided.
    """
    lifted = max((one.this_update for one in findings if one.lifts), default=None)
    admitted = max((one.this_update for one in findings if one.admits), default=None)
    standing = [
        one
        for one in findings
        if (one.hold and (lifted is None or lifted <= one.this_update))
        or (one.denied and (admitted is None or admitted <= one.this_update))
    ]
    return max(
        standing,
        key=lambda one: (one.verdict.answer is Answer.NO, one.this_update),
        default=None,
    )
