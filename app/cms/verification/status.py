"""The results of verifying a signature: of each signer, and of a timestamp on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.cms.path.occasions import Interval
from app.cms.revocation.noted import NotedRevocation
from app.cms.revocation.reports import RevocationFailure, RevocationFinding
from app.cms.verdict import FITS_WITH_CRLF, Answer, Verdict, every
from app.cms.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class TimestampStatus:
    """A timestamp token (RFC 3161) on a signature; `verdict` is about what the token attests.

    Yes means: it is over this signature value, its own signature verifies, and the TSA's
    certificate leads to an anchor and is not known to be revoked. Only then is `gen_time` more than
    a claim. `revocation` is the verdict on the latter. A token that can't be read has None for its
    fields.
    """

    gen_time: datetime | None
    policy: str | None
    serial_number: int | None
    verdict: Verdict
    authority: Certificate | None
    revocation: Verdict
    #: From the TSA to the anchor, or as far as it went; and what says whether any was revoked.
    chain: tuple[Certificate, ...] = ()
    findings: tuple[RevocationFinding, ...] = ()
    #: The digest of what was stamped, as the token has it, and its algorithm (dotted).
    imprint_algorithm: str | None = None
    imprint: bytes | None = None
    #: How far from `gen_time` the true time may be, either way (RFC 3161 section 2.4.2).
    accuracy: timedelta = timedelta()
    #: Further good paths of the TSA, on which revocation is unknown.
    other_chains: tuple[tuple[Certificate, ...], ...] = ()

    @property
    def interval(self) -> Interval | None:
        """The time within which it claims to have been made; None if it can't be read."""
        if self.gen_time is None:
            return None
        return Interval.around(self.gen_time, self.accuracy)

    @property
    def ends_at(self) -> datetime | None:
        """When the first certificate of the path ends, but for the anchor; None without a path.

        From then on no authority answers for the key of the TSA.
        """
        below = self.chain[:-1] or self.chain
        known = below or ((self.authority,) if self.authority else ())
        return min((one.not_after for one in known), default=None)

    @property
    def anchor(self) -> Certificate | None:
        """The anchor that the TSA's certificate leads to; None if the token proves nothing."""
        is_good = self.verdict.answer is Answer.YES
        return self.chain[-1] if self.chain and is_good else None


@dataclass(frozen=True, slots=True)
class SignerStatus:
    """The results for one signer of a signature.

    `number` counts from 1 in the order of the signature. `intact`: the digests match the content.
    `valid`: the signature value verifies with the key of `certificate` over what it must cover.
    `path`: an anchor was reached at the decisive time, over `chain` (from the signer to the anchor,
    or as far as it went). `revocation`: no certificate of that chain was revoked by then; nor is
    that of the TSA whose timestamp the answer depends on.

    A timestamp that isn't known to be valid proves no time: anyone can add one that claims that a
    certificate had not expired, or had not been revoked. But it may be valid, and then a signer who
    claims to have signed outside the validity was wrong: that alone is no proven no beside it.

    `otherwise` is given if a certificate of the path of the timestamp's authority had ended at the
    time of verification, so that it may prove nothing any more: the results without it, and without
    others that ended no later. They may depend on a timestamp that ended later, and so on.

    `by_timestamp` is given if a valid timestamp did not decide the time, since it is later than the
    signature is known to have existed, and the answer would be worse: the results by it alone.

    `same` are the numbers of all signers whose signature is one and the same, by one value or by
    one key over the same octets; empty if it is this signer's alone.
    """

    number: int
    certificate: Certificate
    intact: Verdict
    valid: Verdict
    path: Verdict
    revocation: Verdict
    decisive_time: datetime
    decisive_time_source: Literal["timestamp", "given"]
    timestamp: TimestampStatus | None
    chain: tuple[Certificate, ...]
    #: What says whether any certificate of the chain was revoked, and what was asked in vain.
    findings: tuple[RevocationFinding, ...] = ()
    failures: tuple[RevocationFailure, ...] = ()
    otherwise: SignerStatus | None = None
    by_timestamp: SignerStatus | None = None
    same: tuple[int, ...] = ()
    #: Further good paths, on which revocation is unknown.
    other_chains: tuple[tuple[Certificate, ...], ...] = ()

    @property
    def anchor(self) -> Certificate | None:
        """The anchor that the certificate leads to; None if it leads to none."""
        return self.chain[-1] if self.path.answer is Answer.YES else None

    @property
    def fits_with_crlf(self) -> bool:
        """Whether the given content is intact except for line ends, CRLF in place of LF."""
        is_said = FITS_WITH_CRLF.reasons[0] in self.intact.reasons
        return is_said and self.intact.answer is Answer.UNKNOWN

    @property
    def noted(self) -> tuple[NotedRevocation, ...]:
        """The revocations that speak against it, or against its timestamp, as they are to be kept.

        Also if only the result without the timestamp depends on them.
        """
        findings = (*self.findings, *(self.timestamp.findings if self.timestamp else ()))
        mine = tuple(one.noted for one in findings if one.noted)
        return mine + (self.otherwise.noted if self.otherwise else ())

    @property
    def trusted(self) -> Verdict:
        """Return whether the certificate leads to an anchor and was not revoked."""
        return every(self.path, self.revocation)

    @property
    def whole(self) -> Verdict:
        """Return the three answers combined in one."""
        return every(self.intact, self.valid, self.trusted)

    @property
    def names_signer(self) -> bool:
        """Whether what the certificate says of its holder is proven to be said of the signer.

        Only if all three answers are yes. Else its claims are shown as claims.
        """
        return self.whole.answer is Answer.YES


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """The results for a certificate alone, as of `decisive_time`: see `SignerStatus`."""

    certificate: Certificate
    path: Verdict
    revocation: Verdict
    decisive_time: datetime
    chain: tuple[Certificate, ...]
    findings: tuple[RevocationFinding, ...] = ()
    failures: tuple[RevocationFailure, ...] = ()
    other_chains: tuple[tuple[Certificate, ...], ...] = ()

    @property
    def trusted(self) -> Verdict:
        """Return whether the certificate leads to an anchor and was not revoked."""
        return every(self.path, self.revocation)
