"""The numbers of public keys in a KeyValue (XMLDSig section 4.5.2, RFC 4050)."""

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.names import PSS, RSA
from app.cms.asn1.der import encode_identifier
from app.cms.asn1.node import DAMAGE, read_node
from app.cms.asn1.tags import INTEGER
from app.cms.x509.certificate import Certificate

# Elements of an RSAKeyValue, and the places of their numbers in an RSAPublicKey (RFC 8017, A.1.1).
_RSA = {"Modulus": 0, "Exponent": 1}


def is_part_of_key(element: str, value: bytes, certificate: Certificate) -> bool:
    """Return whether the number in an element of that name is that of a certificate's key."""
    key = certificate.public_key
    if element == "PublicKey":
        return key.algorithm.oid == algorithms.EC and value == key.bits
    place = _RSA.get(element)
    if place is None or key.algorithm.oid not in (RSA, PSS):
        return False
    try:
        fields = read_node(key.bits).fields()
        numbers = [fields.take(INTEGER).contents for _ in _RSA]
    except DAMAGE:
        return False
    return numbers[place].lstrip(b"\0") == value.lstrip(b"\0") != b""


def is_curve_of_key(uri: str, certificate: Certificate) -> bool:
    """Return whether the URI of a NamedCurve names the curve of a certificate's key (RFC 5480)."""
    key = certificate.public_key.algorithm
    try:
        return key.oid == algorithms.EC and key.parameters == encode_identifier(
            uri.removeprefix("urn:oid:")
        )
    except ValueError:
        return False
