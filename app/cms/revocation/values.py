"""Evidence in the encodings in which a CMS holds it."""

from collections.abc import Iterable

from app.cms.asn1 import tags
from app.cms.asn1.der import encode, encode_identifier
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.revocation.crl import MalformedRevocation
from app.cms.revocation.ocsp import unwrap

#: Unsigned attributes: signatureTimeStampToken (RFC 3161 appendix A), revocation-values (ETSI EN
#: 319 122-1 section A.1.3.2).
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"

_BASIC = "1.3.6.1.5.5.7.48.1.1"
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_SUCCESSFUL = encode(tags.ENUMERATED, b"\0")


def encode_attribute(kind: str, value: bytes) -> bytes:
    """Encode an Attribute of one value (RFC 5652 section 5.3)."""
    return encode(tags.SEQUENCE, encode_identifier(kind) + encode(tags.SET, value))


def encode_ocsp_info(response: bytes) -> bytes:
    """Encode OtherRevocationInfoFormat with an OCSPResponse (RFC 5940 section 2.1)."""
    return encode(tags.EXPLICIT_1, encode_identifier(_OCSP_RESPONSE) + response)


def encode_revocation_values(crls: Iterable[bytes], basic_responses: Iterable[bytes]) -> bytes:
    """Encode RevocationValues; a list that would be empty is left out."""
    lists = ((tags.EXPLICIT_0, crls), (tags.EXPLICIT_1, basic_responses))
    joined = [(tag, b"".join(dict.fromkeys(listed))) for tag, listed in lists]
    fields = [encode(tag, encode(tags.SEQUENCE, each)) for tag, each in joined if each]
    return encode(tags.SEQUENCE, b"".join(fields))


def basic_response(response: bytes) -> bytes:
    """Return the BasicOCSPResponse in an OCSPResponse, or one given alone.

    Raises MalformedRevocation.
    """
    try:
        return unwrap(read_node(response)).encoded
    except DAMAGE as error:
        raise MalformedRevocation("the OCSP response is malformed") from error


def full_response(response: bytes) -> bytes:
    """Return the OCSPResponse as it stands, or one made around a BasicOCSPResponse given alone.

    Raises MalformedRevocation.
    """
    basic = basic_response(response)
    if basic != response:
        return response
    held = encode_identifier(_BASIC) + encode(tags.OCTET_STRING, basic)
    explicit = encode(tags.EXPLICIT_0, encode(tags.SEQUENCE, held))
    return encode(tags.SEQUENCE, _SUCCESSFUL + explicit)
