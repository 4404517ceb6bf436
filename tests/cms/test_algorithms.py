"""Digests, signatures and names by object identifier: what verifies, and what doesn't."""

import hashlib
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from app.cms.algorithms.registry import (
    DIGESTS,
    SIGNATURE_URIS,
    AlgorithmIdentifier,
    digest,
    name,
    verify_signature,
)
from app.cms.errors import Undecidable, UnsupportedAlgorithm
from app.cms.x509.certificate import Certificate, read_certificate
from tests import der
from tests.cms.signing import (
    EC,
    HASHES,
    KINDS,
    MESSAGE,
    PSS,
    RSA,
    RSA_SHA256,
    SHA1,
    SHA256,
    SHA512,
    ec_pair,
    gost_key,
    gost_signature,
    oid_of,
    pss_parameters,
    pss_signature,
    public_key,
    rsa_pair,
    rsa_signature,
    usual,
    with_key,
)
from tests.gost_signer import Kind

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"

RSA_ALGORITHMS = {
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.113549.1.1.14": "SHA-224",
    "1.2.840.113549.1.1.11": "SHA-256",
    "1.2.840.113549.1.1.12": "SHA-384",
    "1.2.840.113549.1.1.13": "SHA-512",
    "2.16.840.1.101.3.4.3.13": "SHA3-224",
    "2.16.840.1.101.3.4.3.14": "SHA3-256",
    "2.16.840.1.101.3.4.3.15": "SHA3-384",
    "2.16.840.1.101.3.4.3.16": "SHA3-512",
}
ECDSA_ALGORITHMS = {
    "1.2.840.10045.4.1": "SHA-1",
    "1.2.840.10045.4.3.1": "SHA-224",
    "1.2.840.10045.4.3.2": "SHA-256",
    "1.2.840.10045.4.3.3": "SHA-384",
    "1.2.840.10045.4.3.4": "SHA-512",
    "2.16.840.1.101.3.4.3.9": "SHA3-224",
    "2.16.840.1.101.3.4.3.10": "SHA3-256",
    "2.16.840.1.101.3.4.3.11": "SHA3-384",
    "2.16.840.1.101.3.4.3.12": "SHA3-512",
}
XML_DIGESTS = {"sha1": "SHA-1", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384"}
XML_DIGESTS |= {"sha512": "SHA-512"}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_scheme = pytest.mark.parametrize("label", usual())


@pytest.mark.parametrize("digest_name", HASHES)
def test_digests_are_those_of_hashlib(digest_name: str) -> None:
    function = digest_name.lower().replace("sha3-", "sha3_").replace("-", "")
    assert digest(oid_of(digest_name), MESSAGE) == hashlib.new(function, MESSAGE).digest()


@pytest.mark.parametrize(
    "oids",
    [
        ("1.2.398.3.10.1.3.1", "1.2.398.3.10.1.3.1.1.0"),
        ("1.2.398.3.10.1.3.2", "1.2.643.7.1.1.2.2"),
        ("1.2.398.3.10.1.3.3", "1.2.643.7.1.1.2.3"),
    ],
)
def test_gost_digests_have_several_identifiers(oids: tuple[str, str]) -> None:
    assert digest(oids[0], MESSAGE) == digest(oids[1], MESSAGE)
    assert digest(oids[0], MESSAGE) != digest("1.2.643.2.2.9", MESSAGE)


def test_an_unknown_digest_is_not_supported() -> None:
    with pytest.raises(UnsupportedAlgorithm) as caught:
        digest("1.2.3", MESSAGE)
    assert str(caught.value) == "1.2.3 is not supported"
    assert caught.value.values == {"name": "1.2.3"}


def test_everything_that_is_checked_has_a_name() -> None:
    oids = [*DIGESTS, *RSA_ALGORITHMS, *ECDSA_ALGORITHMS, RSA, PSS, EC]
    oids += [oid for kind in KINDS.values() for oid in (kind.key, kind.digest, kind.signature)]
    oids += [algorithm.oid for algorithm, _ in SIGNATURE_URIS.values()]
    assert [oid for oid in oids if name(oid) == oid] == []
    assert name(RSA) == "RSA"
    assert name("1.2.398.3.10.1.1.2.2") == "GOST R 34.10-2015 512"
    assert name("1.2.3") == "1.2.3"


@pytest.mark.parametrize(("oid", "digest_name"), RSA_ALGORITHMS.items())
def test_rsa_signatures_verify(oid: str, digest_name: str) -> None:
    key = public_key(rsa_pair().public_key())
    signature = rsa_pair().sign(MESSAGE, padding.PKCS1v15(), HASHES[digest_name])
    for algorithm in (AlgorithmIdentifier(oid, der.NULL), AlgorithmIdentifier(oid)):
        for declared in (None, oid_of(digest_name)):
            assert verify_signature(key, algorithm, declared, MESSAGE, signature)
    kind_of_key = AlgorithmIdentifier(RSA, der.NULL)
    assert verify_signature(key, kind_of_key, oid_of(digest_name), MESSAGE, signature)
    assert not verify_signature(key, algorithm, None, MESSAGE + b".", signature)


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
@pytest.mark.parametrize(("oid", "digest_name"), ECDSA_ALGORITHMS.items())
def test_ecdsa_signatures_verify(curve: type[ec.EllipticCurve], oid: str, digest_name: str) -> None:
    key = public_key(ec_pair(curve).public_key())
    signature = ec_pair(curve).sign(MESSAGE, ec.ECDSA(HASHES[digest_name]))
    for declared in (None, oid_of(digest_name)):
        assert verify_signature(key, AlgorithmIdentifier(oid), declared, MESSAGE, signature)
    kind_of_key = AlgorithmIdentifier(EC)
    assert verify_signature(key, kind_of_key, oid_of(digest_name), MESSAGE, signature)
    assert not verify_signature(key, AlgorithmIdentifier(oid), None, MESSAGE + b".", signature)


@every_kind
def test_gost_signatures_verify(kind: Kind) -> None:
    key, signature = gost_key(kind), gost_signature(kind)
    for oid in (kind.signature, kind.key):
        algorithm = AlgorithmIdentifier(oid, der.NULL)
        for declared in (None, kind.digest, kind.key_digest):
            assert verify_signature(key, algorithm, declared, MESSAGE, signature)
        assert not verify_signature(key, algorithm, None, MESSAGE + b".", signature)


@pytest.mark.parametrize(
    ("parameters", "signature"),
    [
        (pss_parameters(), (HASHES["SHA-256"], HASHES["SHA-256"], 32)),
        (pss_parameters(trailer=1), (HASHES["SHA-256"], HASHES["SHA-256"], 32)),
        (pss_parameters(SHA512, SHA256, 0), (HASHES["SHA-512"], HASHES["SHA-256"], 0)),
        (pss_parameters(None, None, None), (HASHES["SHA-1"], HASHES["SHA-1"], 20)),
        (pss_parameters(SHA256, None, None), (HASHES["SHA-256"], HASHES["SHA-1"], 20)),
        (pss_parameters(None, SHA256, 10), (HASHES["SHA-1"], HASHES["SHA-256"], 10)),
    ],
)
def test_pss_signatures_verify_with_their_own_parameters_alone(
    parameters: bytes, signature: tuple[hashes.HashAlgorithm, hashes.HashAlgorithm, int]
) -> None:
    key = public_key(rsa_pair().public_key())
    algorithm = AlgorithmIdentifier(PSS, parameters)
    assert verify_signature(key, algorithm, None, MESSAGE, pss_signature(*signature))
    assert not verify_signature(key, algorithm, None, MESSAGE + b".", pss_signature(*signature))
    other = AlgorithmIdentifier(PSS, pss_parameters(SHA256, SHA256, 31))
    assert not verify_signature(key, other, None, MESSAGE, pss_signature(*signature))


def test_the_digest_of_pss_is_the_declared_one() -> None:
    key = public_key(rsa_pair().public_key())
    signature = pss_signature(hashes.SHA256(), hashes.SHA256(), 32)
    algorithm = AlgorithmIdentifier(PSS, pss_parameters())
    assert verify_signature(key, algorithm, SHA256, MESSAGE, signature)
    with pytest.raises(Undecidable, match="two digest algorithms are named: SHA-512 and SHA-256"):
        verify_signature(key, algorithm, SHA512, MESSAGE, signature)


@pytest.mark.parametrize(
    ("restriction", "verifies"),
    [
        (b"", True),
        (pss_parameters(), True),
        (pss_parameters(salt_length=8), True),
        (pss_parameters(salt_length=33), False),
        (pss_parameters(SHA512), False),
        (pss_parameters(SHA256, SHA512), False),
    ],
)
def test_a_pss_key_may_be_restricted(restriction: bytes, verifies: bool) -> None:
    key = with_key(public_key(rsa_pair().public_key()), oid=PSS, parameters=restriction)
    signature = pss_signature(hashes.SHA256(), hashes.SHA256(), 32)
    algorithm = AlgorithmIdentifier(PSS, pss_parameters())
    assert verify_signature(key, algorithm, None, MESSAGE, signature) is verifies
    # Nor does such a key make signatures of the older kind.
    assert not verify_signature(key, RSA_SHA256, None, MESSAGE, rsa_signature())


@every_scheme
def test_a_digest_other_than_the_declared_one_does_not_verify(label: str) -> None:
    key, algorithm, digest_oid, signature = usual()[label]
    assert verify_signature(key, algorithm, digest_oid, MESSAGE, signature)
    with pytest.raises(Undecidable, match="two digest algorithms are named"):
        verify_signature(key, algorithm, SHA1, MESSAGE, signature)


@every_scheme
def test_a_flipped_bit_of_the_signature_does_not_verify(label: str) -> None:
    key, algorithm, digest_oid, signature = usual()[label]
    for place in range(0, len(signature), 13):
        flipped = bytearray(signature)
        flipped[place] ^= 1 << place % 8
        assert not verify_signature(key, algorithm, digest_oid, MESSAGE, bytes(flipped))


@every_scheme
def test_a_signature_of_another_length_does_not_verify(label: str) -> None:
    key, algorithm, digest_oid, signature = usual()[label]
    others = (b"", signature[:-1], signature + b"\0", b"\0" + signature, bytes(100_000))
    for other in (*others, bytes(len(signature)), b"\xff" * len(signature)):
        assert not verify_signature(key, algorithm, digest_oid, MESSAGE, other)


@every_scheme
def test_a_key_of_another_kind_does_not_verify(label: str) -> None:
    _, algorithm, digest_oid, signature = usual()[label]
    rest = {other: values[0] for other, values in usual().items() if other != label}
    if {label, "RSA", "PSS"} == {"RSA", "PSS"}:
        del rest["PSS" if label == "RSA" else "RSA"]  # The same key.
    for key in rest.values():
        assert not verify_signature(key, algorithm, digest_oid, MESSAGE, signature)


def read_real(folder: Path) -> list[Certificate]:
    certificates = []
    for path in sorted(folder.glob("*.cer")):
        data = path.read_bytes()
        if data.startswith(b"-----"):
            data = b64decode(b"".join(data.split(b"-----")[2].split()))
        certificates.append(read_certificate(data))
    return certificates


def test_the_signatures_on_real_certificates_verify(vectors: Path) -> None:
    authorities = read_real(vectors / "ca")
    every = authorities + read_real(vectors / "certificates")
    checked = set()
    for certificate in every:
        for issuer in authorities:
            if issuer.subject == certificate.issuer:
                checked.add(certificate.fingerprint)
                arguments = (issuer.public_key, certificate.signature_algorithm, None)
                assert verify_signature(*arguments, certificate.tbs, certificate.signature)
                assert not verify_signature(
                    *arguments, certificate.tbs, certificate.signature[::-1]
                )
    # The authorities above those of 2019 are not public.
    assert len(every) - len(checked) == 2
