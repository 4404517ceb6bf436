"""The rules of a SignedData, each with one signature that breaks it."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from asn1crypto import cms, core

from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from tests import pki
from tests.cms.conftest import Refusal
from tests.cms.test_ber import tlv
from tests.pki import profile

ANNA = profile.person("ПЕТРОВА АННА")
OTHER_TYPE = "1.2.3.4.5"
ID_DATA = bytes(core.ObjectIdentifier("1.2.840.113549.1.7.1").dump())
ID_DIGEST = bytes(core.ObjectIdentifier("1.2.840.113549.1.9.4").dump())

# The fields of each record in their order.
SIGNED_DATA = (
    "version",
    "digest_algorithms",
    "encap_content_info",
    "certificates",
    "crls",
    "signer_infos",
)
SIGNER_INFO = (
    "version",
    "sid",
    "digest_algorithm",
    "signed_attrs",
    "signature_algorithm",
    "signature",
)


def read(der: bytes) -> SignedData:
    """Parse bytes that must be accepted."""
    signed = parse(b64encode(der).decode())
    assert isinstance(signed, SignedData)
    return signed


def encode(der: bytes) -> str:
    """Write bytes as clients send them."""
    return b64encode(der).decode()


def test_what_is_read_of_a_usual_signature() -> None:
    who = profile.person()
    signed = read(pki.sign_cms(b"content"))
    assert signed.content_type == "1.2.840.113549.1.7.1"
    assert (signed.attached, signed.content_size, signed.certificates) == (True, 7, 2)
    [signer] = signed.signers
    assert signer.digest_algorithm == "2.16.840.1.101.3.4.2.1"
    assert signer.signature_algorithm.oid == "1.2.840.113549.1.1.11"
    assert signer.has_signed_attributes
    assert signer.identified_by == "issuerAndSerialNumber"
    assert signer.certificate.der == who.certificate


def test_a_detached_signature_has_no_content_size() -> None:
    signed = read(pki.sign_cms(attached=False))
    assert (signed.attached, signed.content_size) == (False, None)


def test_empty_content_is_attached_all_the_same() -> None:
    signed = read(pki.sign_cms(b""))
    assert (signed.attached, signed.content_size) == (True, 0)


def test_signed_attributes_may_be_absent_over_plain_data() -> None:
    assert not read(pki.sign_cms(signed_attributes=False)).signers[0].has_signed_attributes


def test_each_signer_gets_the_own_certificate_wherever_it_stands() -> None:
    people = [profile.person(), ANNA]
    listed = [profile.authority().certificate, ANNA.certificate, people[0].certificate]
    signed = read(pki.sign_cms(signers=people, certificates=listed))
    found = {signer.certificate.der for signer in signed.signers}
    assert found == {who.certificate for who in people}


def test_a_certificate_is_found_by_key_identifier() -> None:
    [signer] = read(pki.sign_cms(signers=[ANNA], by_key_identifier=True)).signers
    assert signer.identified_by == "subjectKeyIdentifier"
    assert signer.certificate.der == ANNA.certificate


def test_ber_of_indefinite_length_with_content_in_pieces_is_accepted() -> None:
    assert read(pki.indefinite_cms(b"x" * 4321)).content_size == 4321


def test_digest_algorithms_may_be_empty() -> None:
    structure = pki.cms_structure()
    structure["content"]["digest_algorithms"] = []
    assert len(read(structure.dump()).signers) == 1


def rebuilt(**parts: bytes) -> bytes:
    """Encode a good signature with some fields of its SignedData replaced by these encodings.

    `content_type` and `explicit` replace those of the ContentInfo.
    """
    structure = pki.cms_structure()
    fields = {name: structure["content"][name].dump() for name in SIGNED_DATA}
    fields |= parts
    signed = tlv(0x30, b"".join(fields[name] for name in SIGNED_DATA))
    content_type = parts.get("content_type", structure["content_type"].dump())
    return tlv(0x30, content_type + parts.get("explicit", tlv(0xA0, signed)))


def test_crls_may_be_embedded(refusal: Refusal) -> None:
    assert read(rebuilt(crls=tlv(0xA1))).signers
    lone = rebuilt(crls=tlv(0xA1), certificates=b"")
    assert refusal(encode(lone)) == "cms: signer 1: certificate is not embedded"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"content_type": ID_DATA}, "not a ContentInfo of type signed-data"),
        ({"content_type": b""}, "not a ContentInfo of type signed-data"),
        ({"explicit": b""}, "not a ContentInfo of type signed-data"),
        ({"explicit": tlv(0xA0)}, "SignedData is malformed"),
        ({"explicit": tlv(0xA0, tlv(0x31))}, "SignedData is malformed"),
        ({"version": b""}, "SignedData is malformed"),
        ({"version": tlv(0x02)}, "SignedData is malformed"),
        (
            {"encap_content_info": tlv(0x30, ID_DATA + tlv(0xA0, tlv(0x04) * 2))},
            "encapContentInfo is malformed",
        ),
        (
            {"encap_content_info": tlv(0x30, ID_DATA + tlv(0xA0, tlv(0x24, tlv(0x05))))},
            "encapContentInfo is malformed",
        ),
        ({"signer_infos": b""}, "SignedData is malformed"),
        ({"signer_infos": tlv(0x31)}, "SignedData has no signer"),
        ({"encap_content_info": tlv(0x30)}, "encapContentInfo is malformed"),
        ({"encap_content_info": tlv(0x30, tlv(0xA0))}, "encapContentInfo is malformed"),
        ({"encap_content_info": tlv(0x30, ID_DATA + tlv(0xA0))}, "encapContentInfo is malformed"),
        (
            {"encap_content_info": tlv(0x30, ID_DATA + tlv(0xA0, tlv(0x30)))},
            "encapContentInfo is malformed",
        ),
        ({"certificates": b""}, "signer 1: certificate is not embedded"),
        (
            {"certificates": tlv(0xA0, tlv(0x30, tlv(0x04, b"x" * 16_400)))},
            "certificate 1 is larger than 16384 bytes",
        ),
        ({"certificates": tlv(0xA0, b"\x30\0" * 1025)}, "certificates: more than 1024"),
        ({"signer_infos": tlv(0x31, b"\x30\0" * 257)}, "SignerInfo: more than 256"),
        ({"signer_infos": tlv(0x31, b"\x30\0")}, "signer 1: SignerInfo is malformed"),
    ],
)
def test_a_broken_field_of_signed_data_is_refused(
    parts: dict[str, bytes], message: str, refusal: Refusal
) -> None:
    assert refusal(encode(rebuilt(**parts))) == f"cms: {message}"


def test_the_second_signer_is_named_if_its_certificate_is_missing(refusal: Refusal) -> None:
    people = [profile.person(), ANNA]
    # SignerInfos is a SET, which DER sorts: find out who came first.
    first, _ = read(pki.sign_cms(signers=people)).signers
    text = encode(pki.sign_cms(signers=people, certificates=[first.certificate.der]))
    assert refusal(text) == "cms: signer 2: certificate is not embedded"


Breaking = Callable[[cms.SignerInfo], None]


def put(name: str, value: object) -> Breaking:
    """Replace one field of a SignerInfo."""

    def breaking(info: cms.SignerInfo) -> None:
        info[name] = value

    return breaking


def attribute(kind: str, *values: object) -> cms.CMSAttribute:
    """Build an attribute."""
    return cms.CMSAttribute({"type": kind, "values": list(values)})


def attributes(*listed: cms.CMSAttribute) -> Breaking:
    """Replace the signed attributes."""
    return put("signed_attrs", cms.CMSAttributes(list(listed)))


TYPE = attribute("content_type", "data")
DIGEST = attribute("message_digest", b"x" * 32)


@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        (put("signature", b""), "signature is empty"),
        (attributes(DIGEST), "content-type attribute must stand once, with one value"),
        (attributes(TYPE), "message-digest attribute must stand once, with one value"),
        (attributes(TYPE, TYPE, DIGEST), "content-type attribute must stand once, with one value"),
        (
            attributes(TYPE, attribute("message_digest", b"x", b"y")),
            "message-digest attribute must stand once, with one value",
        ),
        (
            attributes(attribute("content_type", "signed_data"), DIGEST),
            "content-type attribute differs from eContentType",
        ),
        (
            attributes(TYPE, attribute("message_digest", b"")),
            "message-digest is malformed",
        ),
    ],
)
def test_a_broken_signer_is_refused(breaking: Breaking, message: str, refusal: Refusal) -> None:
    structure = pki.cms_structure()
    breaking(structure["content"]["signer_infos"][0])
    assert refusal(encode(structure.dump(force=True))) == f"cms: signer 1: {message}"


def test_too_many_signed_attributes_are_refused(refusal: Refusal) -> None:
    der = signer_info(signed_attrs=tlv(0xA0, DIGEST.dump() * 65))
    assert refusal(encode(der)) == "cms: signedAttrs: more than 64"


def test_signed_attributes_are_required_over_other_content(refusal: Refusal) -> None:
    assert read(pki.sign_cms(content_type=OTHER_TYPE)).content_type == OTHER_TYPE
    text = encode(pki.sign_cms(content_type=OTHER_TYPE, signed_attributes=False))
    expected = "cms: signer 1: signed attributes are missing (content is not plain data)"
    assert refusal(text) == expected


def signer_info(**parts: bytes) -> bytes:
    """Encode a good signature with some fields of its SignerInfo replaced by these encodings."""
    return rebuilt(signer_infos=tlv(0x31, signer_info_of(**parts)))


def signer_info_of(**parts: bytes) -> bytes:
    """Encode that SignerInfo alone."""
    info = pki.cms_structure()["content"]["signer_infos"][0]
    fields = {name: info[name].dump() for name in SIGNER_INFO} | parts
    return tlv(0x30, b"".join(fields.values()))


@pytest.mark.parametrize(
    "parts",
    [
        {"version": b""},
        {"version": tlv(0x02)},
        {"sid": tlv(0x05)},
        {"sid": tlv(0x30)},
        {"sid": tlv(0x30, tlv(0x02, b"1") + tlv(0x30))},
        {"digest_algorithm": tlv(0x30)},
        {"digest_algorithm": tlv(0x30, tlv(0x06, b"\x2a\x81"))},
        {"signature_algorithm": tlv(0x30, tlv(0x06))},
        {"signature": tlv(0x03, b"\0x")},
        {"signature": tlv(0x24, tlv(0x05))},
        {"signature": b""},
    ],
)
def test_a_broken_field_of_a_signer_info_is_refused(
    parts: dict[str, bytes], refusal: Refusal
) -> None:
    assert refusal(encode(signer_info(**parts))) == "cms: signer 1: SignerInfo is malformed"


@pytest.mark.parametrize(
    ("digest", "message"),
    [
        (ID_DIGEST, "signedAttrs is malformed"),
        (tlv(0x31) + ID_DIGEST, "signedAttrs is malformed"),
        (
            ID_DIGEST + tlv(0x31),
            "message-digest attribute must stand once, with one value",
        ),
        (
            ID_DIGEST + tlv(0x31, tlv(0x02, b"x")),
            "message-digest is malformed",
        ),
    ],
)
def test_a_damaged_attribute_is_refused(digest: bytes, message: str, refusal: Refusal) -> None:
    der = signer_info(signed_attrs=tlv(0xA0, TYPE.dump() + tlv(0x30, digest)))
    assert refusal(encode(der)) == f"cms: signer 1: {message}"


def test_an_unknown_key_identifier_means_that_the_certificate_is_not_embedded(
    refusal: Refusal,
) -> None:
    text = encode(signer_info(sid=tlv(0x80, b"unknown")))
    assert refusal(text) == "cms: signer 1: certificate is not embedded"
