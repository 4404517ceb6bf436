"""The results of verifying a signature: of each signer, and of a timestamp on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class SignerStatus:
    """The results for one signer of a signature.

    `number` counts from 1 in the order of the signature. `intact`: the digests match the content.
    `valid`: the signature value verifies with the key of `certificate` over what it must cover.
    `path`: an anchor was reached at the decisive time, over `chain` (from the signer to the anchor,
    or as far as it went). `revocation`: no certificate of that chain was revoked by then; nor is
    that of the TSA whose timestamp the answer depends on.

    A timestamp that isn't known to be valid changes no answer: anyone can add one that claims that
    a certificate had not expired, or had not been revoked.
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
        """Whether the given content is intact except for line ends, CRLF in place of LF."""
        is_said = FITS_WITH_CRLF.reasons[0] in self.intact.reasons
        return is_said and self.intact.answer is Answer.UNKNOWN

    @property
    def trusted(self) -> Verdict:
        """Return whether the certificate leads to an anchor and was not revoked."""
        return every(self.path, self.revocation)

    @property
    def whole(self) -> Verdict:
        """Return the three answers combined in one."""
        return every(self.intact, self.valid, self.trusted)
