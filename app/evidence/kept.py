"""Stored evidence as the verifier takes it."""

from __future__ import annotations

from collections.abc import Iterable

from app.cms import (
    Certificate,
    CertificateList,
    MalformedRevocation,
    OcspResponse,
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
        if item.data is None:
            continue
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


def _read(kind: str, data: bytes) -> CertificateList | OcspResponse | None:
    try:
        return OcspResponse(data) if kind == "ocsp" else CertificateList(data)
    except MalformedRevocation:
        return None
