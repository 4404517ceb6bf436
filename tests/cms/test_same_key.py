"""One public key in several encodings: the holders of all of them are compared as of one key."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree

from app.cms.algorithms.public_keys import PublicKey, read_public_key
from app.cms.algorithms.same_key import identify_key
from app.cms.asn1.node import read_node
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from tests import der, gost_signer, pki
from tests.cms.judging import NCA, read, text
from tests.pki import CONTENT, SIGNING_TIME, xml_signer

pytestmark = pytest.mark.attacks

EC, PSS = "1.2.840.10045.2.1", "1.2.840.113549.1.1.10"
P256, P384 = "1.2.840.10045.3.1.7", "1.3.132.0.34"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ONE = pki.ecdsa_key("one")
POINT = ONE.bits
COMPRESSED = bytes((2 | POINT[-1] & 1,)) + POINT[1:33]


def key(bits: bytes, oid: str, *parameters: bytes) -> PublicKey:
    return read_public_key(read_node(spki(bits, oid, *parameters)))


def spki(bits: bytes, oid: str, *parameters: bytes) -> bytes:
    return der.sequence(der.sequence(der.oid(oid), *parameters), der.bits(bits))


def point(bits: bytes, curve: bytes | str = P256) -> PublicKey:
    return key(bits, EC, der.oid(curve) if isinstance(curve, str) else curve)


def numbers(modulus: int, exponent: int = 65537, *, padded: bool = False) -> bytes:
    encoded = der.integer(modulus)
    if padded:
        encoded = der.tlv(2, b"\0\0" + modulus.to_bytes(256, "big"))
    return der.sequence(encoded, der.integer(exponent))


def gost(kind: gost_signer.Kind, *more: bytes) -> PublicKey:
    parameters = der.sequence(der.oid(kind.key_curve), *more)
    bits = pki.gost_key("one", kind).bits
    return key(bits, kind.key, parameters)


MODULUS = 1 << 2047 | 1
KIND = gost_signer.GOST_2015_512
ONE_KEY = [
    [point(POINT), point(COMPRESSED)],
    [
        key(numbers(MODULUS), pki.RSA, der.NULL),
        key(numbers(MODULUS), pki.RSA),
        key(numbers(MODULUS, padded=True), pki.RSA),
        key(numbers(MODULUS), PSS),
    ],
    [gost(KIND, der.oid(KIND.key_digest)), gost(KIND), gost(KIND, der.oid("1.2.3.4"))],
]
OTHERS = [
    point(bytes((COMPRESSED[0] ^ 1,)) + COMPRESSED[1:]),
    point(pki.ecdsa_key("another").bits),
    key(numbers(MODULUS + 2), pki.RSA, der.NULL),
    key(numbers(MODULUS, 3), pki.RSA, der.NULL),
    gost(gost_signer.GOST_2015_256),
]
#: Keys that no signature is checked with.
ODD = [
    point(b""),
    point(POINT[:-1]),
    point(COMPRESSED + b"\0"),
    point(b"\0"),
    point(bytes((6 | POINT[-1] & 1,)) + POINT[1:]),
    point(POINT, P384),
    point(POINT, "1.2.3.4"),
    point(POINT, der.sequence(der.integer(1))),
    key(POINT, EC),
    key(b"", pki.RSA),
    key(b"\x30\0", pki.RSA),
    key(numbers(MODULUS) + b"\0", pki.RSA),
    key(POINT, "1.2.3.4"),
    key(b"", KIND.key),
    key(b"x" * 5000, pki.RSA),
]


@pytest.mark.parametrize("encodings", ONE_KEY)
def test_every_encoding_of_a_key_is_that_key(encodings: list[PublicKey]) -> None:
    assert len({one.der for one in encodings}) == len(encodings)
    assert len(set(map(identify_key, encodings))) == 1


def test_other_keys_are_others() -> None:
    different = [*OTHERS, *ODD, *(one for one, *_ in ONE_KEY)]
    assert len(set(map(identify_key, different))) == len(different)


def test_an_ecdsa_value_turned_over_is_one_signature_by_a_key_with_a_compressed_point() -> None:
    other = dataclasses.replace(ONE, public=spki(COMPRESSED, EC, der.oid(P256)))
    assert load_der_public_key(other.public) == load_der_public_key(ONE.public)
    holder = pki.person("ИВАНОВ ИВАН", ONE)
    twin = pki.certify(pki.name("ПЕТРОВ ПЁТР"), other, NCA, pki.PERSON)
    attributes = sorted(pki.attributes(CONTENT))
    value = ONE.sign(der.tlv(0x31, b"".join(attributes)))
    r, s = decode_dss_signature(value)
    infos = [
        pki.signer_info(holder, signed=attributes, signature=value),
        pki.signer_info(twin, signed=attributes, signature=encode_dss_signature(r, ORDER - s)),
    ]
    signature = pki.read(pki.signed_data(infos, [holder, twin, NCA], CONTENT))
    statuses = Verifier(read(NCA)).verify(signature, at=SIGNING_TIME)
    assert [one.valid.answer for one in statuses] == [Answer.YES] * 2
    assert [one.same for one in statuses] == [(1, 2)] * 2
    assert "other certificates in the signature have the same key" in text(statuses[0].valid)


def test_a_certificate_with_the_key_encoded_otherwise_is_named_in_xml() -> None:
    parameters_absent = spki(pki.rsa_key("xml").bits, pki.RSA)
    other = dataclasses.replace(pki.rsa_key("xml"), public=parameters_absent)
    holder = pki.person("ИВАНОВ ИВАН", pki.rsa_key("xml"))
    twin = pki.certify(pki.name("ПЕТРОВ ПЁТР"), other, NCA, pki.PERSON)
    root = etree.fromstring("<pay><sum>100</sum></pay>")
    xml_signer.sign(root, holder)
    data = root.find(".//{*}X509Data")
    assert data is not None
    added = etree.SubElement(data, data[0].tag)
    added.text = pki.pem(twin.certificate).split("-----")[2]
    [status] = Verifier(read(NCA)).verify(parse(xml_signer.text(root)), at=SIGNING_TIME)
    assert status.valid.answer is Answer.YES
    assert "ПЕТРОВ ПЁТР" in text(status.valid)
