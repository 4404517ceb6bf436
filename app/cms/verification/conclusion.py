"""The conclusion on a signer once digests and value are checked: which time, path and revocation.

The steps 3 and 4 of `Verifier.verify`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from app.cms.path.building import Path, Search
from app.cms.path.chains import check_authorities
from app.cms.path.issuers import Authorities, GivenAuthorities
from app.cms.path.occasions import Interval, Occasion
from app.cms.path.purposes import check_purpose
from app.cms.path.strength import weigh_digests, weigh_signature
from app.cms.revocation.checking import examine_revocation
from app.cms.revocation.reports import RevocationStatus
from app.cms.verdict import YES, Answer, Verdict, every, unknown
from app.cms.verification.cases import Case, Checked
from app.cms.verification.judged_paths import JudgedPath, judge_paths, rank, weaken, weigh_ends
from app.cms.verification.remarks import explain_path
from app.cms.verification.status import SignerStatus, TimestampStatus
from app.cms.verification.timestamps import doubt_ended, proven_interval, verified_time
from app.cms.x509.certificate import Certificate

_RIVALS = unknown(
    "another certificate in the signature fits it as well, and nothing that is signed says which"
    " one is the signer's"
)
_NOT_BELIEVED = unknown(
    "the revocation data that came with the signature count only if the authorities of the path are"
    " good"
)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Draws conclusions with the trust anchors of one operator."""

    anchors: GivenAuthorities

    def conclude(self, checked: Checked, case: Case) -> SignerStatus:
        """Complete the answer, also without a timestamp whose authority has ended by now.

        A timestamp that is later than the time from which the signature is known shows nothing
        that was not known. It may come from a holder of the signature, long after: so it counts
        only if the answer isn't worse for it.
        """
        status = self._conclude_once(checked, case)
        attested = verified_time(status.timestamp)
        if attested is not None and attested > case.when.known:
            given = self._conclude_once(replace(checked, stamps=()), case)
            if rank(every(given.valid, given.trusted)) < rank(every(status.valid, status.trusted)):
                return _prefer_given(given, status, attested)
        ends_at = status.timestamp.ends_at if status.timestamp else None
        moment = max(case.when.known, case.when.now or case.when.known)
        if attested is None or ends_at is None or ends_at >= moment:
            return status
        doubted = replace(checked, stamps=doubt_ended(checked.stamps, ends_at))
        return replace(status, otherwise=self.conclude(doubted, case))

    def _conclude_once(self, checked: Checked, case: Case) -> SignerStatus:
        """Complete the answer once the decisive time is known: steps 3 and 4."""
        timestamp, certificate = checked.timestamp, checked.certificate
        attested = verified_time(timestamp)
        decisive_time = attested or case.when.at
        known = attested or case.when.known
        judged = self._respect_rivals(self._judge(checked, case), checked, case)
        path, found = judged.path, judged.revocation
        revocation = found.verdict
        if timestamp and attested:
            revocation = self._doubt_attested(checked, timestamp, revocation, case)
        return SignerStatus(
            number=checked.number,
            certificate=certificate,
            intact=weigh_digests(checked.intact, checked.digests, known),
            valid=weigh_signature(checked.valid, certificate, checked.method, known),
            path=every(
                explain_path(path.verdict, timestamp, certificate), check_purpose(certificate)
            ),
            revocation=revocation,
            decisive_time=decisive_time,
            decisive_time_source="timestamp" if attested else "given",
            timestamp=timestamp,
            chain=path.chain,
            findings=found.findings,
            same=checked.same,
            other_chains=judged.others,
        )

    def _doubt_attested(
        self, checked: Checked, timestamp: TimestampStatus, verdict: Verdict, case: Case
    ) -> Verdict:
        """Return unknown if the answer depends on a timestamp whose TSA may have been revoked.

        It doesn't depend on it if the given time leads to the same answer: about the certificate,
        and about the algorithms of the signature, which may have been broken since.
        """
        if verdict.answer is not Answer.YES or timestamp.revocation.answer is not Answer.UNKNOWN:
            return verdict
        judged = self._judge(replace(checked, stamps=()), case)
        digests = weigh_digests(YES, checked.digests, case.when.known)
        method = weigh_signature(YES, checked.certificate, checked.method, case.when.known)
        if every(judged.verdict, digests, method).answer is Answer.YES:
            return verdict
        return every(verdict, timestamp.revocation)

    def _respect_rivals(self, judged: JudgedPath, checked: Checked, case: Case) -> JudgedPath:
        """Weaken a no about one of several certificates if another may be the signer's.

        That is so if this one leads to no anchor, since anyone may have made it, and if another one
        is good.
        """
        if not checked.rivals or judged.verdict.answer is not Answer.NO:
            return judged
        others = (
            self._judge(replace(checked, certificate=one, rivals=()), case)
            for one in checked.rivals
        )
        if judged.path.anchored and not any(one.verdict.answer is Answer.YES for one in others):
            return judged
        reasons = (*_RIVALS.reasons, *judged.verdict.reasons)
        return weaken(
            judged, Verdict(Answer.UNKNOWN, reasons), _no_longer(judged.revocation.verdict)
        )

    def _judge(self, checked: Checked, case: Case) -> JudgedPath:
        """Find a path that is good and on which nothing was revoked, or the best one there is.

        A timestamp proves an interval: an answer must be that of both of its ends.
        """
        proven = proven_interval(checked.timestamp)
        if proven is None:
            return self._judge_at(checked, case, case.when, is_attested=False)
        latest = Occasion.of(proven.latest)
        judged = self._judge_at(checked, case, latest, is_attested=True)
        if proven.earliest == proven.latest:
            return judged
        earliest = Occasion.of(proven.earliest)
        return weigh_ends(judged, self._judge_at(checked, case, earliest, is_attested=True))

    def _judge_at(
        self, checked: Checked, case: Case, when: Occasion, *, is_attested: bool
    ) -> JudgedPath:
        """Judge the paths of a signer as of one time."""
        when = replace(when, claimed=checked.claimed)
        search = Search(self.anchors, case.authorities, case.budget, brought=case.brought)
        examine = partial(
            _examine,
            when=Occasion(when.at, case.when.known, now=case.when.now),
            case=case,
            is_attested=is_attested,
        )
        return judge_paths(search, checked.certificate, when, examine)

    def judge_tsa(
        self, case: Case, authority: Certificate, proven: Interval, more: Authorities
    ) -> JudgedPath:
        """Return whether a TSA's certificate leads to an anchor at the time that it attests."""
        latest = self._judge_tsa_at(case, authority, more, proven.latest)
        if proven.earliest == proven.latest:
            return latest
        return weigh_ends(latest, self._judge_tsa_at(case, authority, more, proven.earliest))

    def _judge_tsa_at(
        self,
        case: Case,
        authority: Certificate,
        more: Authorities,
        moment: datetime,
    ) -> JudgedPath:
        search = Search(
            self.anchors,
            case.authorities,
            case.budget,
            for_timestamps=True,
            brought=(*case.brought, more),
        )
        when = Occasion(moment, case.when.known, now=case.when.now)

        def examine(path: Path) -> RevocationStatus:
            if path.chain[0] == authority and path.verdict.answer is not Answer.YES:
                return RevocationStatus(Verdict(Answer.UNKNOWN))
            return _examine(path, when, case, for_timestamps=True)

        return judge_paths(search, authority, when, examine)


def _prefer_given(given: SignerStatus, attested: SignerStatus, moment: datetime) -> SignerStatus:
    """Return the answer as of the given time, with a remark on the later timestamp."""
    return replace(
        given,
        revocation=given.revocation.noting(
            "the timestamp is of {moment}, later than the signature is known to have existed; by it"
            " alone the answer would be worse",
            moment=moment,
        ),
        timestamp=attested.timestamp,
        by_timestamp=attested,
    )


def _no_longer(verdict: Verdict) -> Verdict:
    """Return unknown for a no, with its reasons."""
    is_no = verdict.answer is Answer.NO
    return Verdict(Answer.UNKNOWN, verdict.reasons) if is_no else verdict


def _examine(
    path: Path,
    when: Occasion,
    case: Case,
    *,
    is_attested: bool = False,
    for_timestamps: bool = False,
) -> RevocationStatus:
    """Check whether anything on a path to an anchor was revoked.

    Data that the sender brought count only if the CAs of the path are good: otherwise they could be
    forged.
    """
    verdict = path.verdict
    if verdict.answer is not Answer.YES:
        verdict = check_authorities(path.chain, when, case.budget)
    believed = [
        one
        for one in case.revocation
        if verdict.answer is Answer.YES or one.is_empty or not one.by_sender
    ]
    revocation = examine_revocation(
        path.chain, when, believed, attested=is_attested, for_timestamps=for_timestamps
    )
    is_partial = len(believed) < len(case.revocation)
    if is_partial and revocation.verdict.answer is Answer.UNKNOWN:
        revocation = replace(revocation, verdict=every(revocation.verdict, _NOT_BELIEVED))
    return revocation
