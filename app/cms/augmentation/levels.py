"""Levels of CAdES and XAdES (ETSI EN 319 122-1 section 6, EN 319 132-1 section 6).

That is what a signature contains, and what of it is proven.
"""

from enum import StrEnum

from app.cms.budget import Budget
from app.cms.revocation.sources import RevocationData
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.verification.embedded_revocation import read_embedded
from app.cms.verification.status import SignerStatus
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.xades_parts import XadesParts, list_xades_parts


class Level(StrEnum):
    """What a signature has; each level includes those before it."""

    #: Signed attributes that name the signer's certificate.
    B = "B"
    #: A timestamp on the signature value.
    T = "T"
    #: Certificates and revocation data of the signer and of the timestamp authority.
    LT = "LT"
    #: A timestamp on all of that.
    LTA = "LTA"


_SIGNING_CERTIFICATE = {"1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"}
# archive-time-stamp-v3 (ETSI EN 319 122-1), its two older forms, and evidence records (RFC 4998).
_ARCHIVE = (
    bytes.fromhex("04008d450204"),
    bytes.fromhex("2a864886f70d0109100230"),
    bytes.fromhex("2a864886f70d010910021b"),
    bytes.fromhex("2a864886f70d0109100231"),
    bytes.fromhex("2a864886f70d0109100232"),
)
_NO_NAME = no("the signed attributes do not name the signer's certificate")
_NO_TIMESTAMP = no("there is no timestamp on the signature")
_NOT_VERIFIED = unknown(
    "archive timestamps and evidence records inside a CMS are not verified here"
)


Parts = dict[Level, bool]
"""Whether a signer has in the signature what a level adds to those before it."""


def list_parts(signature: SignedData | SignedXml) -> list[Parts]:
    """Return for each signer which levels' parts there are. Nothing is verified."""
    if isinstance(signature, SignedXml):
        return [_parts_of_xml(one) for one in list_xades_parts(signature)]
    present = read_embedded(signature, Budget())
    return [_parts_of_cms(signer, present) for signer in signature.signers]


def claimed_levels(parts: Parts) -> frozenset[Level]:
    """Return the levels whose parts are all there, and those of the levels before."""
    order = list(Level)
    return frozenset(
        one for one in order if all(parts[other] for other in order[: order.index(one) + 1])
    )


def _parts_of_cms(signer: SignerInfo, present: RevocationData) -> Parts:
    return {
        Level.B: _names_certificate(signer),
        Level.T: bool(signer.tokens),
        Level.LT: present.has_any_about(signer.certificate),
        Level.LTA: any(signer.unsigned_values(kind) for kind in _ARCHIVE),
    }


def _parts_of_xml(parts: XadesParts) -> Parts:
    return {
        Level.B: parts.names_certificate,
        Level.T: "SignatureTimeStamp" in parts.unsigned,
        Level.LT: "RevocationValues" in parts.unsigned,
        Level.LTA: "ArchiveTimeStamp" in parts.unsigned,
    }


def _names_certificate(signer: SignerInfo) -> bool:
    return not _SIGNING_CERTIFICATE.isdisjoint(signer.signed_attributes or ())


def verified_levels(
    parts: Parts, status: SignerStatus, archived: Verdict = _NOT_VERIFIED
) -> dict[Level, Verdict]:
    """Return which levels a signer reaches, who has these parts.

    `status` is the result of verifying with the trust anchors, and with what counts as a part
    of the signature: with what is stored beside it, too, or the signature alone. `archived` says
    whether an evidence record proves when all of that existed.
    """
    stamp = status.timestamp
    base = every(status.intact, status.valid, YES if parts[Level.B] else _NO_NAME)
    stamped = every(base, stamp.verdict if stamp else _NO_TIMESTAMP)
    of_stamp = [stamp.revocation] if stamp else []
    lasting = every(stamped, status.path, status.revocation, *of_stamp)
    return {
        Level.B: base,
        Level.T: stamped,
        Level.LT: lasting,
        Level.LTA: every(lasting, archived),
    }


def lacking_parts(status: SignerStatus) -> dict[str, Verdict]:
    """Return the parts of level LT that are not proven, by name, each with its verdict.

    Whether the content is what was signed is not among them: evidence is about the signature value.
    """
    stamp = status.timestamp
    parts = {
        "signature": status.valid,
        "timestamp": stamp.verdict if stamp else _NO_TIMESTAMP,
        "path": status.path,
        "revocation": status.revocation,
    }
    if stamp and stamp.verdict.answer is Answer.YES:
        parts["timestamp_revocation"] = stamp.revocation
    return {name: one for name, one in parts.items() if one.answer is not Answer.YES}
