"""Why what a signer sent is not saved."""

from __future__ import annotations

from typing import Literal, TypeAlias

from app.cms import Reason

RefusalKind: TypeAlias = Literal[
    # It can't be read, is XML, or is nothing new.
    "unreadable",
    "xml",
    "nothing_new",
    # It brings so much along that no other signature could be added to it: certificates, signatures
    # of the same person, bytes, CRLs and OCSP responses, or what takes long to verify.
    "too_many_certificates",
    "too_many_signatures",
    "too_large",
    "too_much_revocation",
    "too_costly",
    # It is over something else than a file (eContentType).
    "content_type",
    # The document is needed to verify it, what was sent as the document is another file, or it is
    # over another document.
    "document_needed",
    "other_file",
    "document_differs",
    # The signature, the key, the certificate.
    "invalid",
    "person",
    "others_too",
    "private_key",
    "authentication_key",
    "expired",
    "revoked",
    "untrusted",
    "no_anchor",
    "no_timestamp",
    # What is there already.
    "thread_differs",
    "thread_not_cms",
    "not_joined",
    "too_busy",
    # The link, since the page was opened.
    "not_asked",
    # EVIDENCE=require.
    "no_evidence",
]


class Refusal(Exception):
    """What was sent is refused; `reason` says more, None if the kind says all."""

    def __init__(self, kind: RefusalKind, reason: Reason | None = None) -> None:
        super().__init__(f"{kind}: {reason}" if reason else kind)
        self.kind = kind
        self.reason = reason
