"""The usual names of algorithms, by object identifier.

Sources: RFC 8017 appendix A.2.4 and B.1, NIST's register (SHA-3), RFC 3279 section 2.2.3, RFC 5758
section 3.2, BSI TR-03111 section 5.2.1. No RFC lists Kazakhstan's identifiers.
"""

RSA = "1.2.840.113549.1.1.1"
PSS = "1.2.840.113549.1.1.10"
EC = "1.2.840.10045.2.1"
DSA = "1.2.840.10040.4.1"
GOST_2004 = "1.2.398.3.10.1.1.1.1"
GOST_2015_256 = "1.2.398.3.10.1.1.2.1"
GOST_2015_512 = "1.2.398.3.10.1.1.2.2"

MD5 = "1.2.840.113549.2.5"
SHA_1 = "1.3.14.3.2.26"
SHA_256 = "2.16.840.1.101.3.4.2.1"
SHA_384 = "2.16.840.1.101.3.4.2.2"
SHA_512 = "2.16.840.1.101.3.4.2.3"
SHA_224 = "2.16.840.1.101.3.4.2.4"
SHA3_224 = "2.16.840.1.101.3.4.2.7"
SHA3_256 = "2.16.840.1.101.3.4.2.8"
SHA3_384 = "2.16.840.1.101.3.4.2.9"
SHA3_512 = "2.16.840.1.101.3.4.2.10"
GOST_34311 = "1.2.398.3.10.1.3.1"
STREEBOG_256 = "1.2.398.3.10.1.3.2"
STREEBOG_512 = "1.2.398.3.10.1.3.3"

#: Name of a digest algorithm for documents -> its dotted identifier. Only those without known
#: collisions: a digest by SHA-1 or MD5 proves nothing.
DOCUMENT_DIGESTS = {
    "SHA-224": SHA_224,
    "SHA-256": SHA_256,
    "SHA-384": SHA_384,
    "SHA-512": SHA_512,
    "SHA3-256": SHA3_256,
    "SHA3-384": SHA3_384,
    "SHA3-512": SHA3_512,
    "Streebog-256": STREEBOG_256,
    "Streebog-512": STREEBOG_512,
    "GOST-34.311": GOST_34311,
}

SIGNATURES = {
    "1.2.840.113549.1.1.4": (RSA, MD5),
    "1.2.840.113549.1.1.5": (RSA, SHA_1),
    "1.2.840.113549.1.1.14": (RSA, SHA_224),
    "1.2.840.113549.1.1.11": (RSA, SHA_256),
    "1.2.840.113549.1.1.12": (RSA, SHA_384),
    "1.2.840.113549.1.1.13": (RSA, SHA_512),
    "2.16.840.1.101.3.4.3.13": (RSA, SHA3_224),
    "2.16.840.1.101.3.4.3.14": (RSA, SHA3_256),
    "2.16.840.1.101.3.4.3.15": (RSA, SHA3_384),
    "2.16.840.1.101.3.4.3.16": (RSA, SHA3_512),
    "1.2.840.10045.4.1": (EC, SHA_1),
    "1.2.840.10045.4.3.1": (EC, SHA_224),
    "1.2.840.10045.4.3.2": (EC, SHA_256),
    "1.2.840.10045.4.3.3": (EC, SHA_384),
    "1.2.840.10045.4.3.4": (EC, SHA_512),
    "2.16.840.1.101.3.4.3.9": (EC, SHA3_224),
    "2.16.840.1.101.3.4.3.10": (EC, SHA3_256),
    "2.16.840.1.101.3.4.3.11": (EC, SHA3_384),
    "2.16.840.1.101.3.4.3.12": (EC, SHA3_512),
    "1.2.398.3.10.1.1.1.2": (GOST_2004, GOST_34311),
    "1.2.398.3.10.1.1.2.3.1": (GOST_2015_256, STREEBOG_256),
    "1.2.398.3.10.1.1.2.3.2": (GOST_2015_512, STREEBOG_512),
}
"""Signature algorithm -> kind of key, and digest."""
PLAIN_ECDSA = {
    "0.4.0.127.0.7.1.1.4.1.1": (EC, SHA_1),
    "0.4.0.127.0.7.1.1.4.1.2": (EC, SHA_224),
    "0.4.0.127.0.7.1.1.4.1.3": (EC, SHA_256),
    "0.4.0.127.0.7.1.1.4.1.4": (EC, SHA_384),
    "0.4.0.127.0.7.1.1.4.1.5": (EC, SHA_512),
}
"""The same of ECDSA with r and s side by side."""

_NAMES = {
    RSA: "RSA",
    PSS: "RSASSA-PSS",
    EC: "ECDSA",
    GOST_2004: "GOST 34.310-2004",
    GOST_2015_256: "GOST R 34.10-2015 256",
    GOST_2015_512: "GOST R 34.10-2015 512",
    MD5: "MD5",
    SHA_1: "SHA-1",
    SHA_224: "SHA-224",
    SHA_256: "SHA-256",
    SHA_384: "SHA-384",
    SHA_512: "SHA-512",
    SHA3_224: "SHA3-224",
    SHA3_256: "SHA3-256",
    SHA3_384: "SHA3-384",
    SHA3_512: "SHA3-512",
    GOST_34311: "GOST 34.311-95",
    "1.2.398.3.10.1.3.1.1.0": "GOST 34.311-95",
    STREEBOG_256: "GOST R 34.11-2015 256",
    STREEBOG_512: "GOST R 34.11-2015 512",
    "1.2.643.2.2.9": "GOST R 34.11-94",
    "1.2.643.7.1.1.2.2": "GOST R 34.11-2012 256",
    "1.2.643.7.1.1.2.3": "GOST R 34.11-2012 512",
    # Known by name, though no signature of these kinds is checked here.
    DSA: "DSA",
    "1.2.840.10040.4.3": "DSA with SHA-1",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "1.2.643.2.2.19": "GOST R 34.10-2001",
    "1.2.643.2.2.3": "GOST R 34.10-2001 with GOST R 34.11-94",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012 256",
    "1.2.643.7.1.1.3.2": "GOST R 34.10-2012 256 with GOST R 34.11-2012 256",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012 512",
    "1.2.643.7.1.1.3.3": "GOST R 34.10-2012 512 with GOST R 34.11-2012 512",
    # Curves: RFC 5480 section 2.1.1.1, RFC 8812 section 4.4.
    "1.2.840.10045.3.1.7": "P-256",
    "1.3.132.0.34": "P-384",
    "1.3.132.0.35": "P-521",
    "1.3.132.0.33": "P-224",
    "1.3.132.0.10": "secp256k1",
}
_NAMES |= {
    oid: f"{_NAMES[key]} with {_NAMES[digest]}"
    for oid, (key, digest) in (SIGNATURES | PLAIN_ECDSA).items()
}


def name(oid: str) -> str:
    """Return the usual name of an algorithm or a curve; the identifier itself if it is unknown."""
    return _NAMES.get(oid, oid)
