"""The algorithms that XML signatures name, by URI."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from app.cms.algorithms.registry import DIGEST_URIS, DIGESTS, SIGNATURE_URIS, name, verify_signature
from tests.cms.signing import (
    HASHES,
    MESSAGE,
    ec_pair,
    gost_key,
    gost_signature,
    oid_of,
    pss_signature,
    public_key,
    rsa_pair,
)
from tests.gost_signer import GOST_2004, GOST_2015_256, GOST_2015_512, Kind

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
XML_DIGESTS = {"sha1": "SHA-1", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384"}
XML_DIGESTS |= {"sha512": "SHA-512"}


@pytest.mark.parametrize(
    ("uri", "digest_name"),
    [
        ("http://www.w3.org/2000/09/xmldsig#sha1", "SHA-1"),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "SHA-256"),
        (MORE + "sha384", "SHA-384"),
        ("http://www.w3.org/2001/04/xmlenc#sha512", "SHA-512"),
        (MORE_2007 + "sha3-256", "SHA3-256"),
        (MORE + "gost34311", "GOST 34.311-95"),
        (
            "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512",
            "GOST R 34.11-2015 512",
        ),
    ],
)
def test_digests_of_xml_have_uris(uri: str, digest_name: str) -> None:
    assert name(DIGEST_URIS[uri]) == digest_name


def test_every_uri_leads_to_something_known() -> None:
    assert set(DIGEST_URIS.values()) <= DIGESTS.keys()
    assert {digest_oid for _, digest_oid in SIGNATURE_URIS.values()} <= DIGESTS.keys()


@pytest.mark.parametrize(("label", "digest_name"), XML_DIGESTS.items())
def test_rsa_and_pss_signatures_of_xml_verify(label: str, digest_name: str) -> None:
    key, hash_ = public_key(rsa_pair().public_key()), HASHES[digest_name]
    prefix = "http://www.w3.org/2000/09/xmldsig#" if label == "sha1" else MORE
    algorithm, digest_oid = SIGNATURE_URIS[f"{prefix}rsa-{label}"]
    signature = rsa_pair().sign(MESSAGE, padding.PKCS1v15(), hash_)
    assert digest_oid == oid_of(digest_name)
    assert verify_signature(key, algorithm, digest_oid, MESSAGE, signature)
    algorithm, digest_oid = SIGNATURE_URIS[f"{MORE_2007}{label}-rsa-MGF1"]
    assert digest_oid == oid_of(digest_name)
    signature = pss_signature(hash_, hash_, hash_.digest_size)
    assert verify_signature(key, algorithm, digest_oid, MESSAGE, signature)


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
@pytest.mark.parametrize(("label", "digest_name"), XML_DIGESTS.items())
def test_ecdsa_signatures_of_xml_are_r_and_s(
    curve: type[ec.EllipticCurve], label: str, digest_name: str
) -> None:
    key = public_key(ec_pair(curve).public_key())
    algorithm, digest_oid = SIGNATURE_URIS[f"{MORE}ecdsa-{label}"]
    signature = ec_pair(curve).sign(MESSAGE, ec.ECDSA(HASHES[digest_name]))
    size = (curve().key_size + 7) // 8
    plain = b"".join(half.to_bytes(size, "big") for half in utils.decode_dss_signature(signature))
    assert verify_signature(key, algorithm, digest_oid, MESSAGE, plain)
    halves = plain[:size], plain[size:]
    # Each half with a zero before it, or with its own first octet gone: no field's length.
    others = [b"".join(b"\0" * more + half for half in halves) for more in (1, 2, 34)]
    others += [plain[1:size] + plain[size + 1 :], halves[0] + b"\0" + halves[1]]
    for broken in (signature, plain[:-1], plain + b"\0" * 100, b"", bytes(2 * size), *others):
        assert not verify_signature(key, algorithm, digest_oid, MESSAGE, broken)


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        (MORE + "gost34310-gost34311", GOST_2004),
        (
            "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-256",
            GOST_2015_256,
        ),
        (
            "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512",
            GOST_2015_512,
        ),
    ],
)
def test_gost_signatures_of_xml_verify(uri: str, kind: Kind) -> None:
    algorithm, digest_oid = SIGNATURE_URIS[uri]
    assert digest_oid == kind.digest
    assert verify_signature(gost_key(kind), algorithm, digest_oid, MESSAGE, gost_signature(kind))
