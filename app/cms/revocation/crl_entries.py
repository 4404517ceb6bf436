"""The contents of a CRL entry (RFC 5280 section 5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.cms.asn1.node import DAMAGE, Fields, unscanned_node
from app.cms.asn1.tags import ENUMERATED, GENERALIZED_TIME, SEQUENCE, UTC_TIME

# CRLReason (section 5.3.1).
CERTIFICATE_HOLD = 6
REMOVE_FROM_CRL = 8

_REASON = "2.5.29.21"
_INVALIDITY_DATE = "2.5.29.24"


@dataclass(frozen=True, slots=True)
class Revoked:
    """When a certificate was revoked (UTC), and the number of the CRLReason if one is given.

    `invalid_since` is the invalidityDate (section 5.3.2), None if there is none that can be read.
    """

    when: datetime
    reason: int | None
    invalid_since: datetime | None = None


def read_entry(fields: Fields) -> Revoked:
    """Read an element of revokedCertificates, after its serial number (section 5.1.2.6).

    A listed certificate is revoked even if the reason can't be read. Raises one of DAMAGE.
    """
    when = fields.take(UTC_TIME, GENERALIZED_TIME).time()
    more = fields.optional(SEQUENCE)
    fields.end()
    try:
        extensions = more.extensions() if more else {}
    except DAMAGE:
        extensions = {}
    _, reason = extensions.get(_REASON, (False, b""))
    is_reason = len(reason) == 3 and reason[:2] == bytes((ENUMERATED, 1))
    return Revoked(when, reason[2] if is_reason else None, read_invalidity_date(extensions))


def read_invalidity_date(extensions: Mapping[str, tuple[bool, bytes]]) -> datetime | None:
    """Read the invalidityDate (section 5.3.2); None if absent or damaged."""
    _, der = extensions.get(_INVALIDITY_DATE, (False, b""))
    try:
        return unscanned_node(der).time() if der else None
    except DAMAGE:
        return None
