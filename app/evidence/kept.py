"""Stored evidence as the verifier takes it."""

from __future__ import annotations

from collections.abc import Iterable

from app.cms import (
    KEPT,
    Certificate,
    CertificateList,
    MalformedRevocation,
    OcspResponse,
    SignerEvidence,
    read_embedded_certificate,
)
from app.store.evidence.reading import KeptItem
from app.trust.kept import Kept


def kept_of(items: Iterable[KeptItem]) -> Kept:
    """Return stored evidence as the verifier takes it. What can't be read is left out."""
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
            found[item.sha256] = _read(item.kind, item.data)
    return Kept(
        {number: tuple(listed) for number, listed in tokens.items()},
        tuple(filter(None, certificates.values())),
        tuple(filter(None, found.values())),
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


def _read(kind: str, data: bytes) -> CertificateList | OcspResponse | None:
    try:
        if kind == "ocsp":
            return OcspResponse(data, origin=KEPT)
        return CertificateList(data, origin=KEPT)
    except MalformedRevocation:
        return None
