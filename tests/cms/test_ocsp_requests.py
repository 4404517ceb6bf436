"""Requests to OCSP responders, and refusals that nobody signed."""

from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import ocsp as asn1_ocsp

from app.cms.algorithms.names import SHA_1, SHA_256
from app.cms.asn1.node import read_node
from app.cms.errors import UnsupportedAlgorithm
from app.cms.revocation.ocsp_requests import (
    build_ocsp_request,
    encode_certificate_id,
    encode_ocsp_request,
    read_refusal,
)
from app.cms.x509.certificate import Certificate, read_certificate
from tests import der, gost_signer, pki
from tests.cms.judging import IVAN, NCA, read
from tests.cms.test_verified_vectors import authority as real_authority

NONCE = bytes(range(16))
#: Serial number and CertID, as the shared responses of the NCA's test responders have them.
REAL = {
    "rsa_individual_good": (
        "test_nca_rsa_2019",
        (
            "3069300d0609608648016503040201050004208a8da2cc54e144c7a78e916aa2dfc4cf1660105333a887c48ab6"
            "49b01eeee62f0420e32738b58ca445a8bd66b1ff745547ff0f2fee8f5749ab9b3e4705d28dfde4a80214427939"
            "0a141f5353a62947b61ed65e81741467d1"
        ),
    ),
    "gost2015_ceo_revoked": (
        "test_nca_gost_2022",
        (
            "3069300d0609608648016503040201050004204d49c7d498dd61ba9d6e509ef5dccb0a76c5724f0b2249e30ba0"
            "badd4521c9ea0420afc31e0625b7a4d3f0d4f6cc6b9bbab667c3b1a9b10f8f9b4683ba2768b2f51802143a9034"
            "3e720594c55204b19cb9a402422ef0e622"
        ),
    ),
}


def pair(issuer: pki.Holder, serial: int) -> tuple[Certificate, Certificate]:
    """Return a certificate with that serial number, and its issuer's."""
    who = pki.certify(pki.name("P"), pki.rsa_key("P"), issuer, pki.PERSON, serial=serial)
    return read_certificate(who.certificate), read_certificate(issuer.certificate)


@pytest.mark.parametrize("digest", [SHA_256, SHA_1])
@pytest.mark.parametrize("serial", [1, 2**159, -5])
@pytest.mark.parametrize("kind", ["RSA", "GOST"])
def test_a_request_names_the_certificate_as_responders_do(
    kind: str, serial: int, digest: str
) -> None:
    gost = pki.root("GOST", pki.gost_key("authority", gost_signer.GOST_2015_512))
    issuer = NCA if kind == "RSA" else gost
    request = build_ocsp_request(*pair(issuer, serial), NONCE, digest=digest)
    parsed = asn1_ocsp.OCSPRequest.load(request, strict=True)
    assert parsed.dump(force=True) == request
    [one] = parsed["tbs_request"]["request_list"]
    assert one["req_cert"].dump() == pki.certificate_id(issuer, serial, digest)
    [nonce] = parsed["tbs_request"]["request_extensions"]
    assert (nonce["extn_id"].native, nonce["critical"].native) == ("nonce", False)
    assert nonce["extn_value"].contents == der.octets(NONCE)


def test_sha_256_is_the_usual_digest() -> None:
    ivan, nca = read(IVAN, NCA)
    assert build_ocsp_request(ivan, nca, NONCE) == encode_ocsp_request(
        encode_certificate_id(ivan, nca, SHA_256), NONCE
    )
    with pytest.raises(UnsupportedAlgorithm):
        build_ocsp_request(ivan, nca, NONCE, digest="1.2.3")


def test_a_request_without_a_nonce_has_no_extensions() -> None:
    ivan, nca = read(IVAN, NCA)
    request = build_ocsp_request(ivan, nca, None)
    identifier = encode_certificate_id(ivan, nca)
    assert request == der.sequence(der.sequence(der.sequence(der.sequence(identifier))))


@pytest.mark.parametrize("size", [0, 129])
def test_a_nonce_has_1_to_128_octets(size: int) -> None:
    ivan, nca = read(IVAN, NCA)
    with pytest.raises(ValueError, match="not a nonce"):
        build_ocsp_request(ivan, nca, bytes(size))


@pytest.mark.parametrize("name", REAL)
def test_a_certificate_is_named_as_real_responders_repeat_it(vectors: Path, name: str) -> None:
    authority, expected = REAL[name]
    issuer = real_authority(vectors, authority)
    serial = read_node(bytes.fromhex(expected)).children()[-1].integer()
    # The certificate itself is not at hand; its issuer's name and its number are all that counts.
    named = replace(read(IVAN)[0], issuer=issuer.subject, serial_number=serial)
    assert encode_certificate_id(named, issuer).hex() == expected
    response = (vectors / "revocation" / f"{name}.ocsp").read_bytes()
    assert bytes.fromhex(expected) in response


@pytest.mark.parametrize("status", [1, 2, 3, 5, 6])
def test_a_refusal_has_a_status_and_nothing_else(status: int) -> None:
    assert read_refusal(der.sequence(der.enumerated(status))) == status


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"<html>",
        bytes(1_000_000),
        der.sequence(),
        der.sequence(der.enumerated(0)),
        der.sequence(der.integer(1)),
        der.sequence(der.tlv(10)),
        der.sequence(der.tlv(10, b"\0\1")),
        der.sequence(der.enumerated(1), der.explicit(0, der.NULL)),
        pki.ocsp(NCA, 1, this_update=pki.SIGNING_TIME),
    ],
    ids=range(10),
)
def test_anything_else_is_no_refusal(response: bytes) -> None:
    assert read_refusal(response) is None
