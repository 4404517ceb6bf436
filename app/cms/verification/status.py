"""What verification found out about a signature: of each signer, and of a timestamp on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.cms.verdict import FITS_WITH_CRLF, Answer, Verdict, every
from app.cms.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class TimestampStatus:
    """A timestamp token (RFC 3161) on a signature; `verdict` is about what the token attests.

    A yes says: it is over this signature value, its own signature verifies, and its authority
    reached an anchor and is not known to be revoked. Only then is `gen_time` more than a claim.
    `revocation` is what is known of that. A token that can't be read has None for its fields.
    """

    gen_time: datetime | None
    policy: str | None
    serial_number: int | None
    verdict: Verdict
    authority: Certificate | None
    revocation: Verdict


@dataclass(frozen=True, slots=True)
class SignerStatus:
    """What was found out about one signer of a signature.

    `number` counts from 1 in the order of the signature. `intact`: the digests match the content.
    `valid`: the signature value verifies with the key of `certificate` over what it must cover.
    `path`: an anchor was reached at the decisive time, over `chain` (from the signer to the anchor,
    or as far as it went). `revocation`: no certificate of that chain was revoked by then; nor is
    that of the authority whose timestamp the answer stands on.

    A timestamp of which it isn't known whether it holds turns no answer: anybody can add one that
    says that a certificate had not expired, or not been revoked.
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

    @property
    def fits_with_crlf(self) -> bool:
        """Whether the content given is intact but for line ends, CRLF in place of LF."""
        is_said = FITS_WITH_CRLF.reasons[0] in self.intact.reasons
        return is_said and self.intact.answer is Answer.UNKNOWN

    @property
    def trusted(self) -> Verdict:
        """Return whether the certificate reached an anchor and was not revoked."""
        return every(self.path, self.revocation)

    @property
    def whole(self) -> Verdict:
        """Return the three answers in one: whether nothing is left to doubt."""
        return every(self.intact, self.valid, self.trusted)
