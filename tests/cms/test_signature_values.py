"""A bare signature value: nothing says how it was made."""

from base64 import b64decode

import pytest
from lxml import etree

from app.cms import Answer, Certificate, verify_value
from app.cms.x509.certificate import read_certificate
from tests import der, pki
from tests.pki import CONTENT, MD5, SHA1, SHA256, SIGNING_TIME, Key, xml_signer
from tests.trust.asking import LONG_AGO

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def certificate_of(key: Key) -> Certificate:
    """Return a certificate of this key, signed with RSA and SHA-256."""
    holder = pki.certify(pki.name("КЛЮЧЕВ"), key, pki.authority(), pki.PERSON)
    return read_certificate(holder.certificate)


@pytest.mark.parametrize(
    ("digest", "answer"), [(SHA256, YES), (SHA1, UNKNOWN), (MD5, UNKNOWN)], ids=["2", "1", "5"]
)
def test_any_digest_of_the_key_is_found_and_a_broken_one_proves_nothing(
    digest: str, answer: Answer
) -> None:
    value = pki.rsa_key("bare", digest).sign(CONTENT)
    verdict = verify_value(certificate_of(pki.rsa_key("bare")), CONTENT, value, at=SIGNING_TIME)
    assert verdict.answer is answer
    assert bool(verdict.reasons) is (answer is UNKNOWN)


@pytest.mark.parametrize("key", [pki.rsa_key("bare"), pki.ecdsa_key("bare")], ids=["RSA", "EC"])
def test_another_text_or_key_is_a_no(key: Key) -> None:
    certificate, value = certificate_of(key), key.sign(CONTENT)
    assert verify_value(certificate, CONTENT, value, at=SIGNING_TIME).answer is YES
    for message, signature in ((b"another", value), (CONTENT, b"\0" * 64), (CONTENT, b"")):
        verdict = verify_value(certificate, message, signature, at=SIGNING_TIME)
        assert (verdict.answer, bool(verdict.reasons)) == (NO, True)
    other = certificate_of(pki.rsa_key("other"))
    assert verify_value(other, CONTENT, value, at=LONG_AGO).answer is NO


def test_a_key_of_an_unknown_kind_leaves_it_unknown() -> None:
    ed25519 = der.sequence(der.sequence(der.oid("1.3.101.112")), b"\3\x21\0" + b"\1" * 32)
    key = Key(ed25519, "1.3.101.112", SHA256, lambda _: b"\1" * 64)
    verdict = verify_value(certificate_of(key), CONTENT, b"\1" * 64, at=SIGNING_TIME)
    assert verdict.answer is UNKNOWN
    assert str(verdict.reasons[0]) == "Ed25519 is not supported"


def test_a_pss_key_without_parameters_leaves_it_unknown() -> None:
    """Which digest it is for is in the signature's parameters, and there are none."""
    bits = pki.rsa_key("pss").bits
    inside = b"\3\x82" + (len(bits) + 1).to_bytes(2, "big") + b"\0" + bits
    public = der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.10")), inside)
    key = Key(public, "1.2.840.113549.1.1.10", SHA256, lambda _: b"\1" * 256)
    verdict = verify_value(certificate_of(key), CONTENT, b"\1" * 256, at=SIGNING_TIME)
    assert verdict.answer is UNKNOWN


@pytest.mark.attacks
def test_what_other_signatures_are_over_is_no_message() -> None:
    """A value taken from an XML document, or from a CMS, is one over what stands there."""
    who = pki.person()
    certificate = read_certificate(who.certificate)
    root = etree.fromstring("<a>1</a>")
    signature = xml_signer.sign(root, who)
    octets = xml_signer.canonical(signature[0], xml_signer.Transform(xml_signer.C14N))
    value = b64decode(signature[1].text or "")
    assert octets.startswith(b"<ds:SignedInfo ")
    attributes = der.sequence(der.oid("1.2.840.113549.1.9.4"), b"\x31\0")
    octets_of_cms = b"\x31" + attributes[1:2] + attributes[2:]
    for message, signed, kind in (
        (octets, value, "the SignedInfo of a signature in XML"),
        (octets_of_cms, who.key.sign(octets_of_cms), "signed attributes"),
    ):
        verdict = verify_value(certificate, message, signed, at=SIGNING_TIME)
        assert verdict.answer is NO
        assert str(verdict.reasons[0]) == f"the content has the form of {kind}"
