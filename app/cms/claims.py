"""What a signature states about its signers and its content: all of it is unverified claims."""

from dataclasses import dataclass

from app.cms.algorithms.registry import DIGEST_URIS, SIGNATURE_URIS, AlgorithmIdentifier
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.signed_attributes import BROKEN_TIME
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.signatures import XmlSignature

CONTENT_TYPES = {
    "1.2.840.113549.1.7.1": "data",
    "1.2.840.113549.1.7.2": "signedData",
    "1.2.840.113549.1.7.3": "envelopedData",
    "1.2.840.113549.1.7.5": "digestedData",
    "1.2.840.113549.1.9.16.1.4": "TSTInfo",
}
"""Content types by their object identifiers (RFC 5652, RFC 3161)."""


@dataclass(frozen=True, slots=True)
class SignedContent:
    """What was signed: `size` in bytes, None if it is detached.

    `content_type` is a name of CONTENT_TYPES or dotted, and "xml" for a signed document, which is
    its own content.
    """

    attached: bool
    size: int | None
    content_type: str


def describe(signature: SignedData | SignedXml) -> tuple[SignerInfo, ...]:
    """Return what a parsed signature claims about each of its signers.

    What is unusual or damaged, where parsing doesn't check it, becomes None and a note.
    """
    if isinstance(signature, SignedData):
        return signature.signers
    return tuple(
        [_describe_xml_signer(one, number) for number, one in enumerate(signature.signatures, 1)]
    )


def _describe_xml_signer(signature: XmlSignature, number: int) -> SignerInfo:
    method, digest_method = signature.signature_method, signature.digest_method
    known = SIGNATURE_URIS.get(method)
    return SignerInfo(
        number=number,
        digest_algorithm=DIGEST_URIS.get(digest_method, digest_method),
        signature_algorithm=known[0] if known else AlgorithmIdentifier(method),
        embedded=read_certificate(signature.certificate),
        claimed_signing_time=signature.signing_time,
        time_notes=(BROKEN_TIME,) if signature.broken_time else (),
    )


def describe_content(signature: SignedData | SignedXml) -> SignedContent:
    """Return what kind of content was signed, and whether it is attached."""
    if isinstance(signature, SignedXml):
        return SignedContent(attached=True, size=len(signature.xml), content_type="xml")
    kind = signature.content_type
    return SignedContent(signature.attached, signature.content_size, CONTENT_TYPES.get(kind, kind))


def attached_content(signature: SignedData | SignedXml) -> bytes | None:
    """Return the attached content; None if it is detached, and for a signed document."""
    return None if isinstance(signature, SignedXml) else signature.content
