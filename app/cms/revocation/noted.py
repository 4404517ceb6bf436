"""Revocations that were proven once, kept without the CRL or OCSP response that proved them.

A CRL may drop the entry of a certificate that has ended (RFC 5280 section 3.3), and responses are
not kept for ever: what was proven stays so. It counts like the statement that it was made from: of
the same issuer, for the same time, and a hold is lifted by what is newer.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, Revoked
from app.cms.revocation.origins import KEPT, Origin
from app.cms.x509.certificate import Certificate

#: Reasons of a revocation that say nothing against the key (RFC 5280 section 5.3.1):
#: affiliationChanged, superseded, cessationOfOperation, certificateHold.
KEEPING_KEYS = (3, 4, 5, 6)
#: In place of the key of an issuer, where only the text of a former result is left.
ANY_ISSUER = ""


@dataclass(frozen=True, slots=True)
class NotedRevocation:
    """What a statement said against a certificate, when that decided the answer about it.

    `certificate` is the SHA-256 of its TBSCertificate, which its issuer has signed: the signature
    around that can be written in several ways. `issuer_key` is that of the public key of its
    issuer; both hex. The rest is as in `sources.Statement`.

    `public_key` is the SHA-256 of its own public key, and `anchor_key` that of the anchor's at the
    end of the path; None if that is not known. `lifted_at` is the thisUpdate of the first statement
    that lifted it, if it is a hold that was.
    """

    certificate: str
    issuer_key: str
    kind: Literal["crl", "ocsp"]
    revoked: Revoked
    this_update: datetime
    next_update: datetime | None
    complete: bool
    denied: bool
    public_key: str | None = None
    anchor_key: str | None = None
    lifted_at: datetime | None = None

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return KEPT


def digest_of(certificate: Certificate) -> str:
    """Return the SHA-256 of a TBSCertificate, hex."""
    return hashlib.sha256(certificate.tbs).hexdigest()


def key_of(certificate: Certificate) -> str:
    """Return the SHA-256 of the public key of a certificate, hex."""
    return hashlib.sha256(certificate.public_key.der).hexdigest()


def note_hold(certificate: Certificate, when: datetime, stated_at: datetime) -> NotedRevocation:
    """Return what is left of a former result: when a certificate was revoked, and no reason.

    It may have been a hold, so that a newer statement lifts it.
    """
    revoked = Revoked(when, CERTIFICATE_HOLD)
    return NotedRevocation(
        digest_of(certificate), ANY_ISSUER, "crl", revoked, stated_at, None, False, False
    )


def list_noted(
    noted: Sequence[NotedRevocation], certificate: Certificate, issuers: Sequence[Certificate]
) -> Iterator[NotedRevocation]:
    """List those about a certificate that one of its issuers stated."""
    own = digest_of(certificate) if noted else ""
    mine = [one for one in noted if one.certificate == own]
    keys = {ANY_ISSUER, *map(key_of, issuers)} if mine else set()
    return (one for one in mine if one.issuer_key in keys)


def list_exposing(
    noted: Sequence[NotedRevocation], authority: Certificate
) -> Iterator[NotedRevocation]:
    """List those of other certificates with the key of an authority that speak against the key.

    Who has that key may be somebody else, whichever of its certificates is in the path.
    """
    key = key_of(authority) if noted else None
    against = (one for one in noted if one.revoked.reason not in KEEPING_KEYS)
    others = [one for one in against if one.public_key == key]
    own = digest_of(authority) if others else ""
    return (one for one in others if one.certificate != own)
