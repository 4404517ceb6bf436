"""Evidence beside a signature, stored or in an evidence package, as the verifier takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.cms import (
    KEPT,
    PACKAGE,
    Certificate,
    CertificateList,
    MalformedRevocation,
    NotedRevocation,
    OcspResponse,
    Origin,
    read_embedded_certificate,
)
from app.store.evidence.reading import KeptItem


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


def kept_of(items: Iterable[KeptItem], *, is_brought: bool = False) -> Kept:
    """Return evidence as the verifier takes it. What can't be read is left out.

    `is_brought`: it is not stored here, but from an evidence package.
    """
    origin = PACKAGE if is_brought else KEPT
    tokens: dict[int, list[bytes]] = {}
    # Each once, though several signers may have it.
    certificates: dict[bytes, Certificate | None] = {}
    found: dict[bytes, CertificateList | OcspResponse | None] = {}
    for item in items:
        if item.kind == "timestamp":
            tokens.setdefault(item.number, []).append(item.data)
        elif item.kind == "certificate":
            certificates[item.sha256] = read_embedded_certificate(item.data)
        elif item.sha256 not in found:
            found[item.sha256] = read_revocation(item, origin)
    return Kept(
        {number: tuple(listed) for number, listed in tokens.items()},
        tuple(filter(None, certificates.values())),
        tuple(filter(None, found.values())),
        is_brought,
    )


def read_revocation(item: KeptItem, origin: Origin) -> CertificateList | OcspResponse | None:
    """Return a CRL or an OCSP response; None if it can't be read."""
    try:
        if item.kind == "ocsp":
            return OcspResponse(item.data, origin=origin)
        return CertificateList(item.data, origin=origin)
    except MalformedRevocation:
        return None
