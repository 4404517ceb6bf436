"""A signer of one CMS added to another: what stands there stays, and all verify."""

import shutil
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms as asn1

from app.cms.asn1.node import read_node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.augmentation.cosigning import add_signers, new_signers
from app.cms.augmentation.errors import CannotAugment
from app.cms.errors import MalformedSignature
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.augmenting import ANNA, FORMS, field, fields_of, good, sign, write
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.gost_signer import GOST_2015_512
from tests.pki import CONTENT, SHA1, SHA256, SIGNING_TIME

OTHERS = {
    "RSA": ANNA,
    "ECDSA": pki.person("ECDSA", pki.ecdsa_key("cosigner")),
    "GOST": pki.person("GOST", pki.gost_key("cosigner", GOST_2015_512)),
}


def detached(
    *people: pki.Holder, by_key_identifier: bool = False, signed_attributes: bool = True
) -> bytes:
    return pki.sign_cms(
        CONTENT,
        people,
        attached=False,
        by_key_identifier=by_key_identifier,
        signed_attributes=signed_attributes,
    )


def infos(encoded: bytes) -> list[bytes]:
    return [one.encoded for one in fields_of(encoded)[-1].children(300)]


def check_added(before: bytes, other: bytes, after: bytes) -> None:
    """Show that all of the first stands first, byte for byte, and all of the second follows."""
    old, new = fields_of(before), fields_of(after)
    assert old[2].encoded == new[2].encoded
    for index in (1, -1):
        listed = [one.encoded for one in old[index].children(300)]
        assert [one.encoded for one in new[index].children(300)][: len(listed)] == listed
    for tag in (EXPLICIT_0, EXPLICIT_1):
        listed = field(before, tag)
        assert field(after, tag)[: len(listed)] == listed
        assert set(field(other, tag)) <= set(field(after, tag))
    assert infos(after) == [*infos(before), *infos(other)]


@pytest.mark.parametrize("other_form", FORMS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("who", OTHERS)
def test_both_signers_verify_and_every_byte_of_the_first_stays(
    who: str, form: str, other_form: str
) -> None:
    first = write(detached(IVAN), FORMS[form])
    other = write(detached(OTHERS[who]), FORMS[other_form])
    after = add_signers(first, other)
    check_added(first, other, after)
    statuses = Verifier(read(ROOT)).verify(pki.read(after), CONTENT, at=SIGNING_TIME)
    assert [status.certificate.der for status in statuses] == [
        IVAN.certificate,
        OTHERS[who].certificate,
    ]
    for status in statuses:
        assert {status.intact.answer, status.valid.answer, status.path.answer} == {Answer.YES}


def test_attached_content_stays_and_that_of_the_other_is_left_out() -> None:
    first = sign(IVAN)
    assert pki.read(add_signers(first, detached(ANNA))).content == CONTENT
    assert not pki.read(add_signers(detached(IVAN), sign(ANNA))).attached


def test_a_signer_who_is_there_is_not_added_again() -> None:
    both = add_signers(detached(IVAN), detached(ANNA))
    assert add_signers(both, detached(ANNA)) == both
    assert add_signers(detached(IVAN), both) == both
    assert infos(add_signers(detached(IVAN), both)) == infos(both)


def test_signers_that_a_cms_lacks_are_listed() -> None:
    one, both = pki.read(detached(IVAN)), pki.read(detached(IVAN, ANNA))
    assert [signer.certificate.der for signer in new_signers(one, both)] == [ANNA.certificate]
    assert new_signers(both, one) == []
    assert len(new_signers(None, both)) == 2


def test_a_signer_named_by_key_identifier_raises_the_version() -> None:
    after = add_signers(detached(IVAN), detached(ANNA, by_key_identifier=True))
    assert fields_of(after)[0].integer() == 3
    assert fields_of(add_signers(after, detached(OTHERS["ECDSA"])))[0].integer() == 3


def test_a_digest_algorithm_is_added_once_whatever_its_parameters() -> None:
    anna = pki.signer_info(ANNA)
    plain = der.sequence(der.oid(SHA256))
    other = asn1.ContentInfo.load(pki.signed_data([anna], [ANNA, NCA], None))
    other["content"]["digest_algorithms"] = asn1.DigestAlgorithms.load(der.set_of(plain))
    after = add_signers(detached(IVAN), other.dump(force=True))
    assert len(fields_of(after)[1].children()) == 1
    with_sha1 = pki.signed_data([anna], [ANNA, NCA], None, digests=[SHA1])
    assert len(fields_of(add_signers(detached(IVAN), with_sha1))[1].children()) == 2


def test_a_list_that_lacks_is_begun() -> None:
    revocation = [der.explicit(1, der.oid("1.3.6.1.5.5.7.16.2"), good())]
    other = sign(ANNA, attached=False, revocation=revocation)
    after = add_signers(detached(IVAN), other)
    check_added(detached(IVAN), other, after)
    assert len(field(after, EXPLICIT_1)) == 1


def test_attribute_certificates_of_the_other_are_left_out() -> None:
    attribute_certificate = der.tlv(0xA2, der.sequence(der.integer(1)))
    other = pki.signed_data([pki.signer_info(ANNA)], [attribute_certificate, ANNA], None)
    assert attribute_certificate not in field(add_signers(detached(IVAN), other), EXPLICIT_0)


def false_certificate(key: pki.Key) -> pki.Holder:
    """Return one with Anna's name and serial number that her authority did not sign."""
    return pki.certify(ANNA.subject, key, NCA, pki.PERSON, serial=ANNA.serial, forged=True)


def test_a_false_certificate_with_the_same_number_is_not_taken_for_the_signer_s() -> None:
    false = false_certificate(pki.rsa_key("impostor"))
    prepared = pki.signed_data([pki.signer_info(IVAN)], [IVAN, NCA, false], None)
    after = pki.read(add_signers(prepared, detached(ANNA)))
    assert [one.certificate.der for one in after.signers] == [IVAN.certificate, ANNA.certificate]


def test_a_false_certificate_of_the_same_key_is_noticed() -> None:
    false = false_certificate(ANNA.key)
    prepared = pki.signed_data([pki.signer_info(IVAN)], [IVAN, NCA, false], None)
    with pytest.raises(CannotAugment, match="another certificate"):
        add_signers(prepared, detached(ANNA))


def test_other_content_types_are_refused() -> None:
    other = pki.sign_cms(CONTENT, [ANNA], attached=False, content_type=pki.TST_INFO)
    with pytest.raises(CannotAugment, match="content types"):
        add_signers(detached(IVAN), other)


def test_more_signers_than_are_read_are_refused() -> None:
    info = pki.signer_info(IVAN)
    many = [
        pki.signer_info(IVAN, signature=number.to_bytes(256, "big")) for number in range(1, 256)
    ]
    full = pki.signed_data([info, *many], [IVAN, NCA], None, digests=[SHA256])
    with pytest.raises(CannotAugment, match="more than 256"):
        add_signers(full, detached(ANNA))


def test_damaged_parts_are_refused() -> None:
    with pytest.raises(MalformedSignature):
        add_signers(b"\x30\x00", detached(IVAN))
    for index, damaged in ((0, der.tlv(2, b"\1" * 99)), (1, der.set_of(der.integer(1)))):
        kind, explicit = read_node(detached(ANNA)).children()
        parts = [one.encoded for one in explicit.only().children()]
        parts[index] = damaged
        other = der.sequence(kind.encoded, der.explicit(0, der.sequence(*parts)))
        with pytest.raises(MalformedSignature):
            add_signers(detached(IVAN), other)


def test_an_unreadable_content_type_is_refused() -> None:
    broken = detached(IVAN).replace(der.oid(pki.DATA), b"\6\x09" + b"\x80" * 9)
    with pytest.raises(MalformedSignature):
        add_signers(detached(IVAN), broken)


def test_signers_without_signed_attributes_are_told_apart_by_their_value() -> None:
    plain = detached(ANNA, signed_attributes=False)
    after = add_signers(detached(IVAN, signed_attributes=False), plain)
    assert [_certificate(signer) for signer in pki.read(after).signers] == [
        IVAN.certificate,
        ANNA.certificate,
    ]


def _certificate(signer: SignerInfo) -> bytes:
    return signer.certificate.der


@pytest.mark.live
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("who", ["RSA", "ECDSA"])
def test_openssl_verifies_the_copy(tmp_path: Path, who: str, form: str) -> None:
    first = write(detached(IVAN), FORMS[form])
    after = add_signers(add_signers(first, detached(OTHERS[who])), detached(pki.person("THIRD")))
    (tmp_path / "copy").write_bytes(after)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root").write_text(pki.pem(ROOT.certificate, "CERTIFICATE"))
    (tmp_path / "nca").write_text(pki.pem(NCA.certificate, "CERTIFICATE"))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "copy"]
    command += ["-content", "content", "-CAfile", "root", "-certfile", "nca"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    assert b"successful" in done.stderr, done.stderr
    assert done.stdout == CONTENT
