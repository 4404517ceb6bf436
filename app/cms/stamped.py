"""What a timestamp on a signature is over, in CMS and in XML."""

from app.cms.signed_data.parsing import SignedData
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.stamped_values import stamped_values


def stamped_value(signature: SignedData | SignedXml, number: int) -> bytes | None:
    """Return the octets that a timestamp for one signer is over; `number` counts from 1.

    See `list_stamped`.
    """
    return list_stamped(signature)[number - 1]


def list_stamped(signature: SignedData | SignedXml) -> tuple[bytes | None, ...]:
    """Return the octets that a timestamp for each signer is over, in their order.

    Of a CMS that is the signature value (RFC 3161 appendix A), of XML the canonical element
    ds:SignatureValue; None if that takes too much to make. Raises MalformedSignature for damage
    that parsing did not notice.
    """
    if isinstance(signature, SignedXml):
        return stamped_values(signature)
    return tuple(signer.signature for signer in signature.signers)
