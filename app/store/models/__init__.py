"""The tables, for use in statements on their columns; rows are not loaded as objects."""

from app.store.models.base import Base
from app.store.models.contents import Content, ContentChunk, PackageContent, VersionContent
from app.store.models.evidence import (
    EvidenceBlob,
    EvidenceCircuit,
    EvidenceItem,
    EvidenceJob,
    EvidenceState,
    EvidenceThread,
)
from app.store.models.idempotency import IdempotencyKey
from app.store.models.indexes import (
    CountChange,
    KeptCount,
    SignaturePair,
    SignatureTag,
    SignatureTerm,
)
from app.store.models.links import PublicLink
from app.store.models.operation import Lease, Token, TrustCertificate
from app.store.models.packages import (
    Package,
    PackageDecision,
    PackageDocument,
    PackageSigner,
    PackageSigning,
)
from app.store.models.records import (
    EvidenceBatch,
    EvidenceBatchItem,
    EvidenceMembership,
    EvidencePart,
    EvidenceRenewal,
    EvidenceUnrecorded,
)
from app.store.models.threads import IS_CURRENT, Signature, Signer, Version
from app.store.models.verdicts import Revocation, SignerContent

__all__ = [
    "IS_CURRENT",
    "Base",
    "Content",
    "ContentChunk",
    "CountChange",
    "EvidenceBatch",
    "EvidenceBatchItem",
    "EvidenceBlob",
    "EvidenceCircuit",
    "EvidenceItem",
    "EvidenceJob",
    "EvidenceMembership",
    "EvidencePart",
    "EvidenceRenewal",
    "EvidenceState",
    "EvidenceThread",
    "EvidenceUnrecorded",
    "IdempotencyKey",
    "KeptCount",
    "Lease",
    "Package",
    "PackageContent",
    "PackageDecision",
    "PackageDocument",
    "PackageSigner",
    "PackageSigning",
    "PublicLink",
    "Revocation",
    "Signature",
    "SignaturePair",
    "SignatureTag",
    "SignatureTerm",
    "Signer",
    "SignerContent",
    "Token",
    "TrustCertificate",
    "Version",
    "VersionContent",
]
