"""One signature value that two certificates of one key fit: what is said of it."""

from collections.abc import Sequence
from copy import deepcopy

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import IVAN, NCA, read, text
from tests.pki import CONTENT, SIGNING_TIME, Holder, xml_signer

#: The same key in another person's name, and in the same person's newer certificate.
TWIN = pki.certify(pki.name("ПЕТРОВ ПЁТР", "850505400010"), IVAN.key, NCA, pki.PERSON)
RENEWED = pki.certify(IVAN.subject, IVAN.key, NCA, pki.PERSON, serial=99)
RIVALS = "other certificates in the signature have the same key"
SHARED = "the signature of signer 1 is this one too, with another certificate"
COPY = "it is a copy of signature 1"


def infos(*holders: Holder, signed: Sequence[bytes] | None = ()) -> list[bytes]:
    """Return SignerInfos of these that have one value."""
    given = None if signed is None else sorted([*pki.attributes(CONTENT), *signed])
    value = pki.signature_of(pki.signer_info(IVAN, signed=given))
    return [pki.signer_info(one, signed=given, signature=value) for one in holders]


def judge(listed: Sequence[bytes], *certificates: Holder) -> tuple[SignerStatus, ...]:
    signature = pki.read(pki.signed_data(listed, [*certificates, NCA], CONTENT))
    return Verifier(read(NCA)).verify(signature, at=SIGNING_TIME)


def test_a_remark_names_other_holders_of_the_key() -> None:
    for order in ([IVAN, TWIN], [TWIN, IVAN]):
        [status] = judge(infos(IVAN), *order)
        assert status.valid.answer is Answer.YES
        assert text(status.valid).startswith(RIVALS)
        assert text(status.valid).endswith(f"ПЕТРОВ ПЁТР ({TWIN.serial:x})")


def test_nothing_is_said_where_one_holder_has_the_key_or_what_is_signed_decides() -> None:
    for others in ([], [RENEWED], [pki.person("ПЕТРОВА АННА")]):
        assert text(judge(infos(IVAN), IVAN, *others)[0].valid) == ""
    attribute = pki.signing_certificate(IVAN.certificate)
    [status] = judge(infos(IVAN, signed=[attribute]), IVAN, TWIN)
    assert (status.valid.answer, text(status.valid)) == (Answer.YES, "")


@pytest.mark.parametrize("signed", [(), None])
def test_a_value_of_two_signers_is_said_to_be_one(signed: Sequence[bytes] | None) -> None:
    first, second = judge(infos(IVAN, TWIN, signed=signed), IVAN, TWIN)
    assert {first.valid.answer, second.valid.answer} == {Answer.YES}
    assert SHARED in text(second.valid)
    assert first.same == second.same == (1, 2)


def test_so_it_is_whose_attributes_are_written_in_another_order() -> None:
    attribute = der.attribute("1.2.3.4", der.integer(1))
    signed = sorted([*pki.attributes(CONTENT), attribute])
    value = IVAN.key.sign(der.tlv(0x31, b"".join(signed)))
    listed = [
        pki.signer_info(IVAN, signed=signed, signature=value),
        pki.signer_info(TWIN, signed=signed[::-1], signature=value),
    ]
    statuses = judge(listed, IVAN, TWIN)
    assert {one.valid.answer for one in statuses} == {Answer.YES}
    assert [one.same for one in statuses] == [(1, 2)] * 2


def test_two_signatures_of_one_key_are_two() -> None:
    other = pki.signer_info(TWIN, signed=pki.attributes(CONTENT, moment=SIGNING_TIME + pki.DAY))
    statuses = judge([*infos(IVAN), other], IVAN, TWIN)
    assert [one.same for one in statuses] == [(), ()]
    assert not any("signer 1" in text(one.valid) for one in statuses)


def test_a_signature_that_names_its_certificate_is_no_one_elses() -> None:
    attribute = pki.signing_certificate(IVAN.certificate)
    first, second = judge(infos(IVAN, TWIN, signed=[attribute]), IVAN, TWIN)
    assert (first.valid.answer, second.valid.answer) == (Answer.YES, Answer.NO)
    assert text(first.valid) == ""


def test_a_copy_in_xml_is_called_one() -> None:
    root = etree.fromstring("<pay><sum>100</sum></pay>")
    xml_signer.sign(root, IVAN)
    root.append(deepcopy(root[-1]))
    signature = parse(xml_signer.text(root))
    first, second = Verifier(read(NCA)).verify(signature, at=SIGNING_TIME)
    assert (text(first.valid), text(second.valid)) == ("", COPY)
    assert {first.valid.answer, second.valid.answer} == {Answer.YES}
