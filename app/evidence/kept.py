"""Evidence beside a signature as the verifier takes it."""

from __future__ import annotations

from collections.abc import Iterable

from app.cms import (
    KEPT,
    PACKAGE,
    Certificate,
    CertificateList,
    MalformedRevocation,
    OcspResponse,
    Origin,
    SignerEvidence,
    read_embedded_certificate,
)
from app.store.evidence.reading import KeptItem
from app.trust.kept import Kept


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


def by_signer(items: Iterable[KeptItem]) -> dict[int, SignerEvidence]:
    """Return what is kept as it is spliced into a CMS, by the number of the signer."""
    kinds: dict[int, dict[str, list[bytes]]] = {}
    for item in items:
        kinds.setdefault(item.number, {}).setdefault(item.kind, []).append(item.data)
    return {
        number: SignerEvidence(
            token=next(iter(each.get("timestamp", ())), None),
            certificates=each.get("certificate", ()),
            ocsp_responses=each.get("ocsp", ()),
            crls=each.get("crl", ()),
        )
        for number, each in kinds.items()
    }


def read_revocation(item: KeptItem, origin: Origin) -> CertificateList | OcspResponse | None:
    """Return a CRL or an OCSP response; None if it can't be read."""
    try:
        if item.kind == "ocsp":
            return OcspResponse(item.data, origin=origin)
        return CertificateList(item.data, origin=origin)
    except MalformedRevocation:
        return None
