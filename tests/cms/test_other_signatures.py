"""Content in another signer's signature is named in the answer for those who did not sign it."""

from __future__ import annotations

from base64 import b64encode

import pytest
from lxml import etree

from app.cms.verdict import Answer
from app.cms.xmldsig import other_signatures
from tests import pki
from tests.cms.test_key_info import XADES
from tests.cms.xml_answers import IVAN, check
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, DS, ENVELOPED, EXCLUSIVE, Reference, Transform, canonical
from tests.soap_messages import by_key_identifier, element, message

pytestmark = pytest.mark.attacks

MALLORY = pki.person("MALLORY")
CLAUSE = "Clause 7: Ivan pays Mallory one million"
TOLD = "other signatures hold content that this one does not sign: "
X, D = f"{{{XADES}}}", f"{{{DS}}}"


def cosigned(*objects: etree._Element) -> etree._Element:
    """Sign a document as Ivan, then as Mallory, who signs an Object of her own, too."""
    root = etree.fromstring("<a><b>1000</b></a>")
    xml_signer.sign(root, IVAN)
    return add_mallory(root, root, objects)


def add_mallory(
    root: etree._Element, parent: etree._Element, objects: tuple[etree._Element, ...]
) -> etree._Element:
    """Add Mallory's signature over a document and what she adds herself."""
    form = Transform(EXCLUSIVE)
    references = [Reference(signed=canonical(root))]
    for place, one in enumerate(objects):
        one.set("Id", f"o{place}")
        etree.Element(D + "Object", nsmap={"ds": DS, "x": XADES}).append(one)
        references.append(Reference(f"#o{place}", [form], signed=canonical(one, form)))
    xml_signer.sign(root, MALLORY, *references, parent=parent, objects=objects)
    return root


def remarks(root: etree._Element) -> tuple[list[str], list[str]]:
    """Return what is said of Ivan's and of Mallory's signature, which are intact."""
    ivan, mallory = check(root)
    assert ivan.intact.answer is mallory.intact.answer is Answer.YES
    return [str(one) for one in ivan.intact.reasons], [str(one) for one in mallory.intact.reasons]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (X + "Contract", CLAUSE),
        (X + "CLAUSE_7_IVAN_PAYS", ""),
        (X + "CertDigest", CLAUSE),
        (X + "EncapsulatedTimeStamp", CLAUSE),
        (X + "SigningTime", CLAUSE),
        (X + "City", f"{CLAUSE} {'and more ' * 30}"),
        (D + "SignatureProperty", CLAUSE),
        (D + "DigestValue", CLAUSE),
        (D + "KeyName", CLAUSE),
        ("{http://www.w3.org/2009/xmldsig11#}Clause", CLAUSE),
    ],
)
def test_content_that_a_cosigner_signed_is_named_for_the_others(tag: str, text: str) -> None:
    named = [TOLD + etree.QName(tag).localname]
    assert remarks(cosigned(element(tag, text=text)))[0] == named


def test_words_in_attributes_of_a_cosigner_are_named_for_the_others() -> None:
    found = remarks(cosigned(element(X + "CertDigest", Target=CLAUSE)))
    assert found == ([f"{TOLD}CertDigest/@Target"], [])


def test_instructions_in_a_cosigner_s_signature_are_named_for_the_others() -> None:
    clause = element(X + "CertDigest")
    clause.append(etree.ProcessingInstruction("clause", "Ivan pays Mallory one million"))
    named = [f"{TOLD}CertDigest/processing-instruction()"]
    assert remarks(cosigned(clause)) == (named, [])
    root = cosigned()
    etree.SubElement(root[-1], D + "Object").append(etree.ProcessingInstruction("clause"))
    assert remarks(root)[0] == [f"{TOLD}Object/processing-instruction()"]


def test_marks_around_a_signature_in_a_cosigner_s_are_not_named() -> None:
    root = cosigned()
    add_mallory(root, etree.SubElement(root[-1], D + "Object"), ())
    [ivan, *_] = check(root)
    assert "processing-instruction" not in " ".join(map(str, ivan.intact.reasons))


def test_words_in_key_info_of_a_cosigner_are_named_for_the_others() -> None:
    root = cosigned()
    name = etree.SubElement(root[-1][2], D + "KeyName")
    name.text = "MALLORY"
    assert remarks(root) == ([], [])
    name.text = CLAUSE
    assert remarks(root)[0] == [f"{TOLD}KeyName"]


def properties() -> etree._Element:
    """Make the properties that a XAdES signature usually has."""
    lines = "\n".join(["A" * 76, "A" * 76, "AA=="])
    certificate = element(
        X + "Cert",
        element(
            X + "CertDigest",
            element(D + "DigestMethod", Algorithm=xml_signer.SHA256),
            element(D + "DigestValue", text=b64encode(b"1" * 32).decode()),
        ),
        element(
            X + "IssuerSerial",
            element(D + "X509IssuerName", text="CN=ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ, C=KZ"),
            element(D + "X509SerialNumber", text="123"),
        ),
    )
    signed = element(
        X + "SignedProperties",
        element(
            X + "SignedSignatureProperties",
            element(X + "SigningTime", text="\n 2026-01-01T00:00:00+05:00 "),
            element(X + "SigningCertificate", certificate),
            element(X + "SignatureProductionPlace", element(X + "City", text="Нұр-Сұлтан қаласы")),
        ),
        text="\n  ",
    )
    stamp = element(X + "SignatureTimeStamp", element(X + "EncapsulatedTimeStamp", text=lines))
    unsigned = element(X + "UnsignedProperties", element(X + "UnsignedSignatureProperties", stamp))
    return element(X + "QualifyingProperties", signed, unsigned, Target="#s")


def test_what_the_standards_define_in_a_cosigner_s_signature_is_no_news() -> None:
    assert remarks(cosigned(properties())) == ([], [])


def test_content_of_one_who_signed_before_is_signed_by_those_after() -> None:
    root = etree.fromstring("<a><b>1000</b></a>")
    add_mallory(root, root, (element(X + "Contract", text=CLAUSE),))
    # Who signs last includes the earlier signatures.
    xml_signer.sign(root, IVAN, Reference(signed=canonical(root)))
    assert remarks(root) == ([], [])


def test_content_of_another_signature_in_a_message_is_named() -> None:
    root = message(by_key_identifier())
    form = Transform(EXCLUSIVE)
    clause = element(X + "Contract", text=CLAUSE, Id="o")
    references = [
        Reference("#body", [form], signed=canonical(root[1], form)),
        Reference("#o", [form], signed=canonical(clause, form)),
    ]
    xml_signer.sign(root, MALLORY, *references, parent=root[0][0], objects=[clause])
    ivan, mallory = check(root)
    assert f"{TOLD}Contract" in map(str, ivan.intact.reasons)
    assert not any(str(one).startswith(TOLD) for one in mallory.intact.reasons)


def test_a_signature_around_is_no_other_one() -> None:
    """It is what an enveloping signature signs, and the one within can't say anything of it."""
    inner = etree.fromstring('<c xmlns="urn:c">1000</c>')
    xml_signer.sign(inner, IVAN)
    outer = etree.Element(D + "Signature", nsmap={"ds": DS})
    holder = etree.SubElement(outer, D + "Object", Id="o")
    holder.append(inner)
    digest = xml_signer.sha256(canonical(holder))
    outer.remove(holder)
    xml_signer.fill(outer, MALLORY, [Reference("#o", [Transform(C14N)])], [digest])
    outer.append(holder)
    assert not any(TOLD in str(one) for found in check(outer) for one in found.intact.reasons)


def test_looking_into_other_signatures_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_signatures, "_LOOK", 10**9)
    assert [found.intact.answer for found in check(cosigned())] == [Answer.UNKNOWN] * 2


def test_a_part_left_out_by_one_reference_is_not_asked_for_where_nobody_else_signed() -> None:
    root = etree.fromstring("<a><b>1000</b></a>")
    xml_signer.sign(root, IVAN, Reference("", [Transform(ENVELOPED), Transform(C14N)]))
    [found] = check(root)
    assert not found.intact.reasons
