"""The conclusion on a signer once digests and value are checked: which time, path and revocation.

The steps 3 and 4 of `Verifier.verify`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from app.cms.path.building import Path, check_authorities, find_path
from app.cms.path.issuers import Authorities, GivenAuthorities
from app.cms.path.occasions import Occasion
from app.cms.path.rules import check_purpose
from app.cms.path.strength import weigh_digests, weigh_signature
from app.cms.revocation.checking import examine_revocation
from app.cms.revocation.reports import RevocationStatus
from app.cms.verdict import YES, Answer, Verdict, every, unknown
from app.cms.verification.cases import Case, Checked
from app.cms.verification.remarks import explain_path
from app.cms.verification.status import SignerStatus, TimestampStatus
from app.cms.verification.timestamps import doubt_ended, verified_time
from app.cms.x509.certificate import Certificate

#: Without a path to a trust anchor.
NO_PATH = unknown("revocation can't be determined without a path to a trust anchor")
_NOT_BELIEVED = unknown(
    "the revocation data that came with the signature count only if the authorities of the path are"
    " good"
)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Draws conclusions with the trust anchors of one operator."""

    anchors: GivenAuthorities

    def conclude(self, checked: Checked, case: Case) -> SignerStatus:
        """Complete the answer, also without a timestamp whose authority has ended by now."""
        status = self._conclude_once(checked, case)
        ends_at = status.timestamp.ends_at if status.timestamp else None
        moment = max(case.when.known, case.when.now or case.when.known)
        if verified_time(status.timestamp) is None or ends_at is None or ends_at >= moment:
            return status
        doubted = replace(checked, stamps=doubt_ended(checked.stamps, ends_at))
        return replace(status, otherwise=self.conclude(doubted, case))

    def _conclude_once(self, checked: Checked, case: Case) -> SignerStatus:
        """Complete the answer once the decisive time is known: steps 3 and 4."""
        timestamp, certificate = checked.timestamp, checked.certificate
        attested = verified_time(timestamp)
        decisive_time = attested or case.when.at
        known = attested or case.when.known
        path, found = self._judge(checked, case)
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
        path, revocation = self._judge(replace(checked, stamps=()), case)
        digests = weigh_digests(YES, checked.digests, case.when.known)
        method = weigh_signature(YES, checked.certificate, checked.method, case.when.known)
        if every(path.verdict, revocation.verdict, digests, method).answer is Answer.YES:
            return verdict
        return every(verdict, timestamp.revocation)

    def _judge(self, checked: Checked, case: Case) -> tuple[Path, RevocationStatus]:
        """Find a path, and check whether anything on it was revoked.

        Without a path to an anchor no revocation statement counts. Data that the sender brought
        count only if the CAs of the path are good: otherwise they could be forged.
        """
        attested = verified_time(checked.timestamp)
        when = Occasion.of(attested) if attested else case.when
        when = replace(when, claimed=checked.claimed)
        path = find_path(checked.certificate, when, self.anchors, case.authorities, case.budget)
        if not path.anchored:
            return path, RevocationStatus(NO_PATH)
        when = Occasion(when.at, case.when.known, now=case.when.now)
        verdict = path.verdict
        if verdict.answer is not Answer.YES:
            verdict = check_authorities(path.chain, when, case.budget)
        believed = [
            one
            for one in case.revocation
            if verdict.answer is Answer.YES or one.is_empty or not one.by_sender
        ]
        is_attested = attested is not None
        revocation = examine_revocation(path.chain, when, believed, attested=is_attested)
        is_partial = len(believed) < len(case.revocation)
        if is_partial and revocation.verdict.answer is Answer.UNKNOWN:
            revocation = replace(revocation, verdict=every(revocation.verdict, _NOT_BELIEVED))
        return path, revocation

    def judge_tsa(
        self, case: Case, authority: Certificate, moment: datetime, more: Authorities
    ) -> tuple[Path, RevocationStatus]:
        """Return whether a TSA's certificate leads to an anchor at the time that it attests."""
        authorities = (*case.authorities, more)
        when = Occasion(moment, case.when.known, now=case.when.now)
        path = find_path(authority, when, self.anchors, authorities, case.budget)
        if path.verdict.answer is not Answer.YES:
            return path, RevocationStatus(Verdict(Answer.UNKNOWN))
        found = examine_revocation(path.chain, when, case.revocation, for_timestamps=True)
        return path, found
