"""XML documents with their evidence inside: which copies there are, and what they prove."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.evidence import SignerEvidence
from app.cms.augmentation.profiles import Profile
from app.cms.augmentation.xml_profiles import augment_xml
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.xmldsig import parsing
from app.cms.xmldsig.parsing import SignedXml
from tests import pki
from tests.cms.augmenting import ANNA, LT, MINUTE, STAMPED, TSA, T, good
from tests.cms.judging import IVAN, NCA, ROOT
from tests.cms.lasting_xml import (
    make,
    octets_of,
    stamp,
    values,
    verify,
    with_unsigned,
    xades_b,
)
from tests.cms.test_key_info import XADES
from tests.pki import DAY, Holder, xml_signer
from tests.pki.xml_signer import C14N, DS, Reference, Transform
from tests.soap_messages import base64

YES, UNKNOWN = Answer.YES, Answer.UNKNOWN
NEW = re.compile(rb' Id="signature-[^"]*"|<(\w+) xmlns="http[^>]*>.*?</\1>', re.DOTALL)
LATE = STAMPED + 4000 * DAY


def kept(document: str, *signers: Holder) -> dict[int, SignerEvidence]:
    """Return what is kept of each signer."""
    lists = [pki.crl(ROOT, this_update=STAMPED - 30 * DAY, next_update=STAMPED + 30 * DAY)]
    return {
        number: SignerEvidence(
            token=pki.timestamp(octets_of(document, number=number), STAMPED),
            certificates=[who.certificate, NCA.certificate, TSA.certificate],
            ocsp_responses=[good(who.serial), good(TSA.serial)],
            crls=lists,
        )
        for number, who in enumerate(signers or (IVAN,), 1)
    }


def augmented(
    document: str, profile: Profile, evidence: dict[int, SignerEvidence] | None = None
) -> str:
    """Return the copy, after comparing it with the document."""
    signature = parse(document)
    assert isinstance(signature, SignedXml)
    copy = augment_xml(signature, kept(document) if evidence is None else evidence, profile).xml
    # All that was there is there, in its order, around what declares its own namespaces.
    before, after = (NEW.sub(b"", xml) for xml in (signature.xml, copy))
    assert before == after
    return copy.decode()


def refuse(document: str, profile: Profile, evidence: dict[int, SignerEvidence]) -> str:
    """Return why there can be no such copy."""
    with pytest.raises(CannotAugment) as caught:
        augmented(document, profile, evidence)
    return str(caught.value)


def plain(*signers: Holder) -> str:
    """Sign without XAdES, as the NCA's clients do."""
    return pki.sign_xml("<a><b>test</b></a>", signers or [IVAN])


@pytest.mark.parametrize("signed", [xades_b, plain])
def test_lt_proves_all_with_the_root_alone_when_all_certificates_have_ended(
    signed: Callable[[], str],
) -> None:
    document = signed()
    copy = augmented(document, LT)
    [status] = verify(copy, LATE)
    assert status.whole.answer is YES, status.whole
    assert (status.decisive_time, status.decisive_time_source) == (STAMPED, "timestamp")
    assert verify(document, LATE)[0].trusted.answer is UNKNOWN
    assert augmented(copy, LT, kept(document)) == copy
    [stamped] = verify(augmented(document, T))
    assert stamped.timestamp
    assert stamped.timestamp.gen_time == STAMPED


@pytest.mark.parametrize("own", ["", 'Id="own" '])
def test_properties_are_where_the_schema_has_them(own: str) -> None:
    document = plain().replace("<ds:Signature ", f"<ds:Signature {own}")
    root = etree.fromstring(augmented(document, LT).encode())
    [signature] = root.findall(f"{{{DS}}}Signature")
    [holder] = signature.findall(f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties")
    identifier = signature.get("Id", "")
    assert holder.get("Target") == f"#{identifier}"
    assert not own or identifier == "own"
    names = [str(one.tag).removeprefix(f"{{{XADES}}}") for one in holder.iter("*")]
    assert names == [
        *("QualifyingProperties", "UnsignedProperties", "UnsignedSignatureProperties"),
        *("SignatureTimeStamp", f"{{{DS}}}CanonicalizationMethod", "EncapsulatedTimeStamp"),
        *("CertificateValues", *["EncapsulatedX509Certificate"] * 2),
        *("RevocationValues", "CRLValues", "EncapsulatedCRLValue"),
        *("OCSPValues", *["EncapsulatedOCSPValue"] * 2),
    ]


def test_what_is_there_is_completed_and_not_repeated() -> None:
    signed = xades_b()
    evidence = kept(signed)
    own = stamp(pki.timestamp(octets_of(signed, C14N), STAMPED + MINUTE), None)
    listed = values([NCA.certificate], [], [good(TSA.serial)])
    listed[1].remove(listed[1][0])  # No CRLValues: they come before what is there.
    document = with_unsigned(signed, own, *listed)
    copy = augmented(document, LT, {1: replace(evidence[1], token=None)})
    [status] = verify(copy, LATE)
    assert (status.whole.answer, status.decisive_time) == (YES, STAMPED + MINUTE)
    root = etree.fromstring(copy)
    for name, count in (("RevocationValues", 1), ("EncapsulatedX509Certificate", 2)):
        assert len(list(root.iter(f"{{{XADES}}}{name}"))) == count
    assert copy.index("CRLValues") < copy.index("OCSPValues")
    assert augmented(document, T, {}) == augmented(document, T, {1: SignerEvidence()})


def test_empty_elements_are_opened() -> None:
    empty = make("UnsignedProperties", make("UnsignedSignatureProperties"))
    root = etree.fromstring(xades_b().encode())
    [holder] = root.iter(f"{{{XADES}}}QualifyingProperties")
    holder.append(empty)
    document = xml_signer.text(root)
    signature = parse(document)
    assert isinstance(signature, SignedXml)
    copy = augment_xml(signature, kept(document), LT).xml.decode()
    assert ":UnsignedSignatureProperties><SignatureTimeStamp" in copy
    assert verify(copy, LATE)[0].whole.answer is YES


def test_signers_of_the_same_document_each_have_theirs() -> None:
    document = xades_b(IVAN, ANNA)
    signature = parse(document)
    assert isinstance(signature, SignedXml)
    before = verify(document)
    assert [one.intact.answer for one in before] == [YES, YES]
    copy = augmented(document, LT, kept(document, IVAN, ANNA))
    assert [one.whole.answer for one in verify(copy, LATE)] == [YES, YES]
    [refusal] = {refuse(document, profile, kept(document)) for profile in (T, LT)}
    assert refusal == "signer 2 has no timestamp"


CHANGES = "evidence inside would change what is signed"
UNCERTAIN = "whether evidence inside would change what is signed is not known"
NO_PLACE = "signature 1 has no place for evidence"


def test_a_signature_that_another_one_covers_stays_as_it_is() -> None:
    document = plain(IVAN, ANNA)
    assert refuse(document, LT, kept(document, IVAN, ANNA)) == CHANGES


def enveloping() -> str:
    """Sign an object inside of the signature, which is the document."""
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    content = etree.Element("content", Id="c")
    digest = xml_signer.sha256(b'<content xmlns:ds="%s" Id="c"></content>' % DS.encode())
    reference = Reference("#c", [Transform(C14N)])
    xml_signer.fill(signature, IVAN, [reference], [digest], objects=[content])
    return xml_signer.text(signature)


def with_signed_object() -> str:
    """Sign a letter and the whole object with the properties."""
    root = etree.fromstring(xades_b().encode())
    [signature] = root.iter(f"{{{DS}}}Signature")
    place = signature.find(f"{{{DS}}}Object")
    assert place is not None
    place.set("Id", "o")
    reference = signature[0][3]
    reference.set("URI", "#o")
    reference[-1].text = base64(xml_signer.sha256(xml_signer.canonical(place)))
    xml_signer.resign(signature, IVAN)
    return xml_signer.text(root)


def beside(document: str, name: str) -> str:
    """Return a document with another element of XMLDSig, in a part that is signed by nobody."""
    root = etree.fromstring(document.encode())
    [signature] = root.iter(f"{{{DS}}}Signature")
    etree.SubElement(etree.SubElement(signature, f"{{{DS}}}Object"), f"{{{DS}}}{name}")
    return xml_signer.text(root)


def sealed(name: str) -> str:
    return with_unsigned(xades_b(), make(name))


def of_old() -> str:
    return with_unsigned(xades_b()).replace("/v1.3.2#", "/v1.2.2#")


def with_odd_id() -> str:
    return plain().replace("<ds:Signature ", '<ds:Signature Id="1&lt;2" ')


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (enveloping, CHANGES),
        (with_signed_object, CHANGES),
        (lambda: xades_b().replace("<to>1<", "<to>2<"), UNCERTAIN),
        (lambda: beside(xades_b(), "Manifest"), UNCERTAIN),
        (lambda: beside(xades_b(), "Signature"), UNCERTAIN),
        (lambda: sealed("ArchiveTimeStamp"), NO_PLACE),
        (of_old, UNCERTAIN),
        (with_odd_id, NO_PLACE),
    ],
)
def test_there_is_no_copy_where_something_signed_would_change_or_may(
    document: Callable[[], str], why: str
) -> None:
    signed = document()
    assert refuse(signed, T, kept(signed)) == why


def test_evidence_that_does_not_suffice_is_refused() -> None:
    signed = xades_b()
    evidence = kept(signed)[1]
    assert refuse(signed, T, {}) == "signer 1 has no timestamp"
    bare = replace(evidence, ocsp_responses=(), crls=())
    assert refuse(signed, LT, {1: bare}) == "signer 1 has no revocation data"
    other = replace(evidence, token=pki.timestamp(b"another"))
    assert "not on this signature" in refuse(signed, T, {1: other})
    foreign = with_unsigned(signed, stamp(pki.timestamp(b"another")))
    assert refuse(foreign, T, {}) == "signer 1 has no timestamp"


def test_a_copy_that_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = xades_b()
    evidence = kept(signed)
    large = {1: replace(evidence[1], crls=[bytes(parsing.MAX_DOCUMENT)])}
    assert refuse(signed, LT, large) == "the document would become too large"
    monkeypatch.setattr(parsing, "MAX_DOCUMENT", len(signed) + 100)
    assert refuse(signed, T, evidence) == "the document would become too large"
