"""Evidence beside a signature, stored or in an evidence package, as the verifier takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.cms import Certificate, CertificateList, NotedRevocation, OcspResponse


@dataclass(frozen=True, slots=True)
class Kept:
    """Timestamp tokens by the number of the signer, certificates, and revocation data.

    Nothing here is believed because it was stored: each part is verified like one in a signature.
    `is_brought`: it is not from this server's store, but came with the signature. Then its sender
    chose it, and its revocation data count as those inside the signature do.
    """

    tokens: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict)
    certificates: tuple[Certificate, ...] = ()
    found: tuple[CertificateList | OcspResponse, ...] = ()
    is_brought: bool = False
    #: What was proven before against its certificates.
    noted: tuple[NotedRevocation, ...] = ()

    @property
    def helps(self) -> bool:
        """Whether a verifier without it may answer something else, but for the tokens."""
        return bool(self.found or self.certificates or self.noted)
