"""The certificates in a SignedData: which one is a signer's, and what may be wrong with it."""

import pytest
from asn1crypto import core, x509

from app.cms.signed_data import parsing as signed_data
from app.cms.x509 import certificate as certificates
from tests import pki
from tests.cms.conftest import Refusal
from tests.cms.test_ber import tlv
from tests.cms.test_signed_data import (
    ANNA,
    ID_DATA,
    encode,
    read,
    rebuilt,
    signer_info,
    signer_info_of,
)
from tests.pki import profile

# The fields of the record in their order.
TBS_CERTIFICATE = (
    "version",
    "serial_number",
    "signature",
    "issuer",
    "validity",
    "subject",
    "subject_public_key_info",
    "extensions",
)


def certificate(**parts: bytes) -> bytes:
    """Encode the usual signer's certificate with some fields of it replaced."""
    record = profile.person().parsed
    tbs = record["tbs_certificate"]
    fields = {name: tbs[name].dump() for name in TBS_CERTIFICATE} | parts
    body = tlv(0x30, b"".join(fields[name] for name in TBS_CERTIFICATE))
    signature = parts.get("signature_value", record["signature_value"].dump())
    return tlv(0x30, body + record["signature_algorithm"].dump() + signature)


@pytest.mark.parametrize(
    "parts",
    [
        {"validity": tlv(0x30)},
        {"validity": tlv(0x30, tlv(0x02, b"1") * 2)},
        {"validity": tlv(0x30, tlv(0x17) * 2)},
        {"validity": tlv(0x30, tlv(0x17, b"ABCDEFGHIJKLM") * 2)},
        {"validity": tlv(0x30, tlv(0x17, b"240101000000Z") + tlv(0x18, b"20241301000000Z"))},
        {"subject": tlv(0x31)},
        {"subject_public_key_info": tlv(0x30)},
        {"subject_public_key_info": tlv(0x30, tlv(0x30, ID_DATA) + tlv(0x03))},
        {"signature_value": b""},
        {"signature_value": tlv(0x03, b"\1x")},
        {"subject_public_key_info": tlv(0x30, tlv(0x30, ID_DATA) + tlv(0x03, b"\1x"))},
        {"signature_value": tlv(0x23, tlv(0x03, b"\0x"))},
    ],
)
def test_a_broken_certificate_of_a_signer_is_refused(
    parts: dict[str, bytes], refusal: Refusal
) -> None:
    der = rebuilt(certificates=tlv(0xA0, certificate(**parts)))
    assert refusal(encode(der)) == "cms: signer 1: certificate is malformed"


def test_a_certificate_may_have_an_empty_subject() -> None:
    assert read(rebuilt(certificates=tlv(0xA0, certificate(subject=tlv(0x30))))).signers


def other_strings(name: bytes) -> bytes:
    """Re-encode a Name with its UTF8Strings as BMPStrings."""
    parsed = x509.Name.load(name)
    for relative in parsed.chosen:
        for part in relative:
            if part["value"].chosen.tag == 0x0C:
                text = part["value"].native
                part["value"] = x509.DirectoryString("bmp_string", core.BMPString(text))
    return bytes(parsed.dump(force=True))


ISSUER = profile.person().parsed.issuer.dump()
SERIAL = profile.person().parsed["tbs_certificate"]["serial_number"].dump()


def test_an_issuer_may_be_written_in_another_type_of_string() -> None:
    other = other_strings(ISSUER)
    assert other != ISSUER
    assert (
        read(signer_info(sid=tlv(0x30, other + SERIAL))).signers[0].certificate.der == certificate()
    )


@pytest.mark.parametrize(
    "sid",
    [
        pytest.param(other_strings(ISSUER) + tlv(0x02, b"\7"), id="another serial"),
        pytest.param(ANNA.parsed.subject.dump() + SERIAL, id="another issuer"),
        pytest.param(tlv(0x30) + SERIAL, id="no issuer"),
        pytest.param(tlv(0x30, tlv(0x04)) + SERIAL, id="a damaged issuer"),
        pytest.param(ISSUER[:2] + ISSUER[2:].replace(b"\x0c", b"\x02") + SERIAL, id="integers"),
        pytest.param(tlv(0x30, tlv(0x31) * 501) + SERIAL, id="a giant issuer"),
    ],
)
def test_another_issuer_or_serial_names_no_one(sid: bytes, refusal: Refusal) -> None:
    text = encode(signer_info(sid=tlv(0x30, sid)))
    assert refusal(text) == "cms: signer 1: certificate is not embedded"


def test_only_a_few_names_are_compared_by_their_meaning(refusal: Refusal) -> None:
    others = b"".join(
        certificate(issuer=tlv(0x30, ISSUER[2:-1] + bytes((65 + number,)))) for number in range(40)
    )
    sid = tlv(0x30, other_strings(ISSUER) + SERIAL)
    infos = tlv(0x31, signer_info_of(sid=sid))
    text = encode(rebuilt(signer_infos=infos, certificates=tlv(0xA0, others + certificate())))
    assert refusal(text) == "cms: signer 1: certificate is not embedded"


@pytest.mark.parametrize(
    "other",
    [tlv(0x30), tlv(0x30, tlv(0x04)), tlv(0x30, tlv(0x30)), tlv(0xA1, tlv(0x30)), tlv(0x30) * 3],
)
@pytest.mark.parametrize("by_key_identifier", [False, True])
def test_a_broken_certificate_of_no_one_does_no_harm(other: bytes, by_key_identifier: bool) -> None:
    info = pki.cms_structure(by_key_identifier=by_key_identifier)
    der = rebuilt(
        certificates=tlv(0xA0, other + certificate()),
        signer_infos=info["content"]["signer_infos"].dump(),
    )
    assert read(der).signers[0].certificate.der == certificate()


def extensions(*listed: bytes) -> bytes:
    """Encode Extensions."""
    return tlv(0xA3, tlv(0x30, b"".join(listed)))


KEY_IDENTIFIER = b"\x06\x03\x55\x1d\x0e"


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [tlv(0x30)],
        [tlv(0x30, KEY_IDENTIFIER)],
        [tlv(0x30, KEY_IDENTIFIER + tlv(0x04))],
        [tlv(0x30, KEY_IDENTIFIER + tlv(0x04, b"\4\5abc"))],
        [tlv(0x30, KEY_IDENTIFIER + tlv(0x05))],
        [tlv(0x30, KEY_IDENTIFIER + tlv(0x04, tlv(0x04)))],
        [tlv(0x30, KEY_IDENTIFIER + tlv(0x04, b"\4\2" + b"x" * 130))],
    ],
)
def test_a_broken_key_identifier_extension_names_no_one(
    listed: list[bytes], refusal: Refusal
) -> None:
    info = pki.cms_structure(by_key_identifier=True)["content"]["signer_infos"].dump()
    der = rebuilt(
        certificates=tlv(0xA0, certificate(extensions=extensions(*listed))), signer_infos=info
    )
    assert refusal(encode(der)) == "cms: signer 1: certificate is not embedded"


def test_a_broken_extension_does_not_hide_the_key_identifier() -> None:
    who = profile.person()
    good = tlv(0x30, KEY_IDENTIFIER + tlv(0x04, tlv(0x04, who.parsed.key_identifier)))
    der = rebuilt(
        certificates=tlv(0xA0, certificate(extensions=extensions(tlv(0x30), good))),
        signer_infos=pki.cms_structure(by_key_identifier=True)["content"]["signer_infos"].dump(),
    )
    assert read(der).signers[0].identified_by == "subjectKeyIdentifier"


def test_as_many_signers_and_certificates_as_allowed_are_accepted() -> None:
    [info] = pki.cms_structure()["content"]["signer_infos"]
    # Each with another version: the same one would be one signer.
    infos = [info.dump().replace(b"\2\1\1", bytes((2, 1, number)), 1) for number in range(256)]
    der = rebuilt(
        certificates=tlv(0xA0, certificate() * signed_data.MAX_CERTIFICATES),
        signer_infos=tlv(0x31, b"".join(infos)),
    )
    signed = read(der)
    assert (len(signed.signers), signed.certificates) == (256, 1024)


def test_a_certificate_as_large_as_allowed_is_accepted() -> None:
    room = certificates.MAX_CERTIFICATE_SIZE - len(certificate(extensions=extensions()))
    filler = tlv(0x30, ID_DATA + tlv(0x04, b"x" * (room - 40)))
    der = certificate(extensions=extensions(filler))
    assert certificates.MAX_CERTIFICATE_SIZE - 40 < len(der) <= certificates.MAX_CERTIFICATE_SIZE
    assert read(rebuilt(certificates=tlv(0xA0, der))).certificates == 1
