"""The tables, for use in statements on their columns; rows are not loaded as objects."""

from app.store.models.base import Base
from app.store.models.evidence import (
    EvidenceBlob,
    EvidenceCircuit,
    EvidenceItem,
    EvidenceJob,
    EvidenceState,
    EvidenceThread,
)
from app.store.models.indexes import (
    CountChange,
    KeptCount,
    SignaturePair,
    SignatureTag,
    SignatureTerm,
)
from app.store.models.operation import Lease, Token, TrustCertificate
from app.store.models.packages import Package, PackageDocument, PackageSigner
from app.store.models.threads import IS_CURRENT, Signature, Signer, Version

__all__ = [
    "IS_CURRENT",
    "Base",
    "CountChange",
    "EvidenceBlob",
    "EvidenceCircuit",
    "EvidenceItem",
    "EvidenceJob",
    "EvidenceState",
    "EvidenceThread",
    "KeptCount",
    "Lease",
    "Package",
    "PackageDocument",
    "PackageSigner",
    "Signature",
    "SignaturePair",
    "SignatureTag",
    "SignatureTerm",
    "Signer",
    "Token",
    "TrustCertificate",
    "Version",
]
