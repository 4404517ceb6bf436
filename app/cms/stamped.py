"""What timestamps on a signature are over, in CMS and in XML."""

from app.cms.signed_data.parsing import SignedData
from app.cms.xmldsig import stamped_values as of_xml
from app.cms.xmldsig.parsing import SignedXml


def stamped_values(signature: SignedData | SignedXml) -> tuple[bytes | None, ...]:
    """Return for each signer the octets that a timestamp is over.

    Of a CMS that is the signature value (RFC 3161 appendix A), of XML the canonical element
    ds:SignatureValue; None if that takes too much to make. Raises MalformedSignature for damage
    that parsing did not notice.
    """
    if isinstance(signature, SignedXml):
        return of_xml.stamped_values(signature)
    return tuple(signer.signature for signer in signature.signers)
