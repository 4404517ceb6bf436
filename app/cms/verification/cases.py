"""What the verifier works on: one signature being verified, and each of its signers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.cms.budget import Budget
from app.cms.path.issuers import Authorities
from app.cms.path.occasions import ClaimedTimes, Occasion
from app.cms.path.strength import Method
from app.cms.revocation.checking import RevocationData
from app.cms.verdict import Answer, Verdict
from app.cms.verification.status import TimestampStatus
from app.cms.verification.timestamps import choose_timestamp
from app.cms.x509.certificate import Certificate


@dataclass(frozen=True, slots=True)
class Case:
    """One signature being verified: what came with it, its budget, and the time that counts.

    `authorities` are the operator's; its sender `brought` the others.
    """

    authorities: Sequence[Authorities]
    revocation: Sequence[RevocationData]
    budget: Budget
    when: Occasion
    brought: Sequence[Authorities] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """One signer, with all results that depend on no time.

    `digests` and `method` are the algorithms that `intact` and `valid` depend on; `stamps` are all
    timestamps of the signer, and `signing_time` is the signer's claim. `same` is that of
    `SignerStatus`. `rivals` are other certificates that the signature fits.
    """

    number: int
    certificate: Certificate
    intact: Verdict
    valid: Verdict
    digests: tuple[str, ...]
    method: Method | None
    stamps: tuple[TimestampStatus, ...] = ()
    signing_time: datetime | None = None
    same: tuple[int, ...] = ()
    rivals: tuple[Certificate, ...] = ()

    @property
    def timestamp(self) -> TimestampStatus | None:
        """The timestamp that counts."""
        return choose_timestamp(self.stamps)

    @property
    def claimed(self) -> ClaimedTimes:
        """The claimed times, which nothing proves.

        Those of all timestamps that may be valid are among them: whichever of these is first, any
        may show one day that the signer's own claim is wrong.
        """
        others = (one.gen_time for one in self.stamps if one.verdict.answer is not Answer.NO)
        return ClaimedTimes(self.signing_time, tuple(filter(None, others)))
