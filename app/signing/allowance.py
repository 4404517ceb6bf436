"""What one signer may add to a thread, so that all others of the package find room after.

A CMS has limits that all of its signers share: of signers, of certificates, of what verifying it
may cost. Whoever signs first could use them up, and nobody would be able to sign after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.cms import (
    MAX_EMBEDDED_REVOCATION,
    MAX_VERIFYING_COST,
    SignedData,
    are_gost_curves_fast,
    canonical_digest,
    measure_embedded,
)
from app.signing.refusals import Refusal

#: Certificates that a signature may bring along: a chain, and those of a timestamp, take fewer than
#: ten. A CMS may hold 1,024.
MAX_CERTIFICATES: Final = 16
#: SignerInfos, copies among them: one is usual. A CMS may hold 256.
MAX_SIGNER_INFOS: Final = 4
#: Bytes beside the content: with a timestamp some 10,000. A signed document that is attached in
#: segments has more, in proportion to it.
MAX_SIZE: Final = 128 * 1024
_SEGMENTS = 8
#: CRLs and OCSP responses, if there are few signers, and bytes of those of all signers.
_MAX_REVOCATION, _REVOCATION_SIZE = 8, 256 * 1024
#: What verifying may cost at least (`app.cms.budget`): the share of one of 50 signers, the most
#: that a package has. One by GOST with a timestamp costs some 12,000; in plain Python, where 50 of
#: them exceed the budget in any case, up to 60,000.
_LEAST_COST, _LEAST_SLOW_COST = 30_000, 90_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one of the signers of a package may add; they are `signers`."""

    signers: int

    @property
    def revocation(self) -> tuple[int, int]:
        """How many CRLs and OCSP responses, and their bytes."""
        share = MAX_EMBEDDED_REVOCATION // self.signers
        return min(_MAX_REVOCATION, max(1, share)), _REVOCATION_SIZE // self.signers

    @property
    def cost(self) -> int:
        """What verifying may cost. Half of the whole is left to what is added later."""
        least = _LEAST_COST if are_gost_curves_fast() else _LEAST_SLOW_COST
        return max(least, MAX_VERIFYING_COST // 2 // self.signers)

    def require_few(self, own: SignedData) -> None:
        """Require of what a signer adds, before it is verified, few signatures and revocation data.

        Raises Refusal.
        """
        digests = {canonical_digest(one.digest_algorithm) for one in own.signers}
        # Each further digest algorithm hashes the whole document once more.
        if own.signer_infos > MAX_SIGNER_INFOS or len(digests) > 1:
            raise Refusal("too_many_signatures")
        number, size = measure_embedded(own)
        most, largest = self.revocation
        if number > most or size > largest:
            raise Refusal("too_much_revocation")

    def require_small(self, own: SignedData, cost: int) -> None:
        """Require that what is to be added is small, and that verifying it has cost little.

        Raises Refusal.
        """
        content = own.content_size or 0
        require_few_certificates(own, 1)
        if len(own.der) - content > MAX_SIZE + content // _SEGMENTS:
            raise Refusal("too_large")
        if cost > self.cost:
            raise Refusal("too_costly")


def require_few_certificates(signature: SignedData, signers: int) -> None:
    """Require that there are few certificates for so many signers. Raises Refusal."""
    if signature.certificates > MAX_CERTIFICATES * signers:
        raise Refusal("too_many_certificates")
