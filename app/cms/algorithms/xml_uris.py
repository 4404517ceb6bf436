"""The algorithms that XML signatures name by URI (XMLDSig section 6, RFC 9231 section 2)."""

from app.cms.algorithms import names as ids
from app.cms.asn1.der import encode
from app.cms.asn1.oid import AlgorithmIdentifier

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
# Not registered anywhere, but written by the NCA's clients.
_KAZAKH = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"

DIGEST_URIS: dict[str, str] = {
    _DSIG + "sha1": ids.SHA_1,
    _MORE + "sha1": ids.SHA_1,  # In no standard, but some clients of the NCA write it.
    _MORE + "md5": ids.MD5,
    _MORE + "sha224": ids.SHA_224,
    _ENC + "sha256": ids.SHA_256,
    _MORE + "sha384": ids.SHA_384,
    _ENC + "sha512": ids.SHA_512,
    _MORE_2007 + "sha3-224": ids.SHA3_224,
    _MORE_2007 + "sha3-256": ids.SHA3_256,
    _MORE_2007 + "sha3-384": ids.SHA3_384,
    _MORE_2007 + "sha3-512": ids.SHA3_512,
    _MORE + "gost34311": ids.GOST_34311,
    _KAZAKH + "gostr34112015-256": ids.STREEBOG_256,
    _KAZAKH + "gostr34112015-512": ids.STREEBOG_512,
}
"""Algorithm of a DigestMethod -> digest object identifier."""


def _pss(digest: str, encoded: str, salt_length: int) -> tuple[AlgorithmIdentifier, str]:
    """Return RSASSA-PSS as RFC 9231 section 2.3.10 has it: MGF1 with the same digest.

    `encoded` are the contents octets of the digest's object identifier, in hexadecimal.
    """
    hash_ = encode(0x30, encode(0x06, bytes.fromhex(encoded)) + b"\x05\x00")
    mask = encode(0x30, encode(0x06, bytes.fromhex("2a864886f70d010108")) + hash_)
    salt = encode(0x02, bytes((salt_length,)))
    parameters = encode(0x30, encode(0xA0, hash_) + encode(0xA1, mask) + encode(0xA2, salt))
    return AlgorithmIdentifier(ids.PSS, parameters), digest


def _rsa(arc: int, digest: str) -> tuple[AlgorithmIdentifier, str]:
    """Return an RSASSA-PKCS1-v1_5 algorithm of RFC 8017 appendix A.2.4."""
    return AlgorithmIdentifier(f"1.2.840.113549.1.1.{arc}"), digest


def _ecdsa(arc: int, digest: str) -> tuple[AlgorithmIdentifier, str]:
    """Return ECDSA with r beside s (RFC 9231 section 2.3.6, BSI TR-03111 section 5.2.1)."""
    return AlgorithmIdentifier(f"0.4.0.127.0.7.1.1.4.1.{arc}"), digest


def _gost(arcs: str, digest: str) -> tuple[AlgorithmIdentifier, str]:
    """Return a GOST signature algorithm of Kazakhstan."""
    return AlgorithmIdentifier(f"1.2.398.3.10.1.1.{arcs}"), digest


SIGNATURE_URIS: dict[str, tuple[AlgorithmIdentifier, str]] = {
    _DSIG + "rsa-sha1": _rsa(5, ids.SHA_1),
    _MORE + "rsa-sha1": _rsa(5, ids.SHA_1),  # In no standard either.
    _MORE + "rsa-md5": _rsa(4, ids.MD5),
    _MORE + "rsa-sha224": _rsa(14, ids.SHA_224),
    _MORE + "rsa-sha256": _rsa(11, ids.SHA_256),
    _MORE + "rsa-sha384": _rsa(12, ids.SHA_384),
    _MORE + "rsa-sha512": _rsa(13, ids.SHA_512),
    _MORE_2007 + "sha1-rsa-MGF1": _pss(ids.SHA_1, "2b0e03021a", 20),
    _MORE_2007 + "sha224-rsa-MGF1": _pss(ids.SHA_224, "608648016503040204", 28),
    _MORE_2007 + "sha256-rsa-MGF1": _pss(ids.SHA_256, "608648016503040201", 32),
    _MORE_2007 + "sha384-rsa-MGF1": _pss(ids.SHA_384, "608648016503040202", 48),
    _MORE_2007 + "sha512-rsa-MGF1": _pss(ids.SHA_512, "608648016503040203", 64),
    _MORE + "ecdsa-sha1": _ecdsa(1, ids.SHA_1),
    _MORE + "ecdsa-sha224": _ecdsa(2, ids.SHA_224),
    _MORE + "ecdsa-sha256": _ecdsa(3, ids.SHA_256),
    _MORE + "ecdsa-sha384": _ecdsa(4, ids.SHA_384),
    _MORE + "ecdsa-sha512": _ecdsa(5, ids.SHA_512),
    _MORE + "gost34310-gost34311": _gost("1.2", ids.GOST_34311),
    _KAZAKH + "gostr34102015-gostr34112015-256": _gost("2.3.1", ids.STREEBOG_256),
    _KAZAKH + "gostr34102015-gostr34112015-512": _gost("2.3.2", ids.STREEBOG_512),
}
"""Algorithm of a SignatureMethod -> signature algorithm, digest object identifier."""
