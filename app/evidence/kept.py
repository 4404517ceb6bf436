"""Evidence beside a signature as it is spliced into one."""

from __future__ import annotations

from collections.abc import Iterable

from app.cms import SignerEvidence
from app.store.evidence.reading import KeptItem


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
