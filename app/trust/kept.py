"""Evidence that is stored beside a signature, as the verifier takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.cms import Certificate, CertificateList, OcspResponse


@dataclass(frozen=True, slots=True)
class Kept:
    """Timestamp tokens by the number of the signer, certificates, and revocation data.

    Nothing here is believed because it was stored: each part is verified like one in a signature.
    """

    tokens: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict)
    certificates: tuple[Certificate, ...] = ()
    found: tuple[CertificateList | OcspResponse, ...] = ()
