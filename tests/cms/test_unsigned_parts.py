"""Unsigned parts of a ds:Signature are reported by their kind; the rest isn't."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig import unsigned_parts
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.security_tokens import WSSE
from app.cms.xmldsig.verification import XmlChecked, check_xml
from tests import pki
from tests.cms.test_key_info import XADES
from tests.cms.xml_answers import check, remarks
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, DS, Reference, Transform
from tests.pki.xml_signer import SHA256 as SHA256_URI
from tests.soap_messages import element, token

DOCUMENT = "<a><b>1000</b></a>"
DS_11 = "{http://www.w3.org/2009/xmldsig11#}"
NCA = pki.authority()
SIGNER = pki.person()
OTHER = pki.person("ПЕТРОВ ПЕТР")
CERTIFICATE = read_certificate(SIGNER.certificate)
Change = Callable[[etree._Element], None]


def signed(change: Change | None = None) -> etree._Element:
    """Sign a document, and change the signature without touching what is signed."""
    root = etree.fromstring(DOCUMENT)
    signature = xml_signer.sign(root, SIGNER)
    if change:
        change(signature)
    return root


def elements(names: str) -> list[str]:
    """Return the remark on elements."""
    return [f"elements in the signature are not signed: {names}"]


def add(path: str, *added: etree._Element) -> Change:
    """Add elements to one of the signature's."""

    def change(signature: etree._Element) -> None:
        found = signature if path == "." else signature.find(path, {"ds": DS})
        assert found is not None
        found.extend(added)

    return change


def in_data(name: str, text: str) -> Change:
    """Add an element with text to X509Data."""
    made = element(f"{{{DS}}}{name}")
    made.text = text
    return add("ds:KeyInfo/ds:X509Data", made)


def test_a_usual_signature_has_nothing_to_report() -> None:
    assert remarks(signed()) == []
    blank = signed(lambda one: one.set("Id", "s-1"))
    blank[-1].text = "\r\n\t "
    assert remarks(blank) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("X509SubjectName", "Pay 10000 to Eve"),
        ("X509SubjectName", "CN=Eve"),
        ("KeyName", "Pay 10000 to Eve"),
        ("KeyName", "10000.00"),
        ("X509SubjectName", "CN=ИВАНОВ ИВАН, 1.000.000=31.12.2026"),
        ("X509SubjectName", "OID.2.5.4.41=ИВАНОВ ИВАН"),
        ("X509SubjectName", "OID.2.5.4.41=#0c15" + "ИВАНОВ ИВАН".encode().hex()),
        ("X509SubjectName", "TITLE=#0c15" + "ИВАНОВ ИВАН".encode().hex()),
        ("X509SubjectName", "1.2.=#0c15" + "ИВАНОВ ИВАН".encode().hex()),
        ("X509SubjectName", "TITLE=ИВАНОВ ИВАН"),
        ("X509SubjectName", "SN=ИВАНОВ ИВАН"),
        ("X509SubjectName", "CN=#0c15" + "ПЕТРОВ ПЕТР".encode().hex()),
        ("KeyName", "#d0, #98, #d0, #92"),
        ("KeyName", "=+/;"),
        ("KeyName", "title, o, l"),
        ("KeyName", "title= o= l= street="),
        ("KeyName", "ИВАНОВ ИВАН, title"),
        ("KeyName", "2.5.4.3, OID.2.5.4.5"),
        ("KeyName", "title=CN=ИВАНОВ ИВАН"),
        ("MgmtData", "Pay 10000 to Eve"),
        ("X509CRL", "Pay10000"),
        ("X509SKI", "Pay10000"),
        ("X509SKI", ""),
        ("X509Certificate", "Pay10000"),
        ("PGPData", ""),
    ],
)
def test_text_in_key_info_that_no_certificate_says_is_reported(name: str, text: str) -> None:
    assert remarks(signed(in_data(name, text)))[-1:] == elements(name) or name == "X509SKI"
    [checked] = check(signed(in_data(name, text)))
    assert elements(name)[0] in map(str, checked.intact.reasons)


def issuer_serial(issuer: str, serial: str) -> etree._Element:
    """Write an X509IssuerSerial."""
    made = element(f"{{{DS}}}X509IssuerSerial")
    etree.SubElement(made, f"{{{DS}}}X509IssuerName").text = issuer
    etree.SubElement(made, f"{{{DS}}}X509SerialNumber").text = serial
    return made


def key_value() -> etree._Element:
    """Write the signer's KeyValue."""
    made = element(f"{{{DS}}}KeyValue", element(f"{{{DS}}}RSAKeyValue"))
    der = CERTIFICATE.public_key.bits
    modulus = der[der.index(b"\x02\x82") + 5 :][:256]
    for name, octets in (("Modulus", modulus), ("Exponent", b"\x01\0\x01")):
        etree.SubElement(made[0], f"{{{DS}}}{name}").text = b64encode(octets).decode()
    return made


def mark(name: str, octets: bytes, **attributes: str) -> etree._Element:
    """Write an element of base64."""
    made = etree.Element(name, attributes)
    made.text = b64encode(octets).decode()
    return made


SHA1 = hashlib.sha1(CERTIFICATE.public_key.bits, usedforsecurity=False).digest()
SHA256 = hashlib.sha256(SIGNER.certificate).digest()
X509_DIGEST = mark(DS_11 + "X509Digest", SHA256, Algorithm=SHA256_URI)
SAME = {
    "subject": in_data("X509SubjectName", "CN=ИВАНОВ ИВАН, SERIALNUMBER=IIN900101300017"),
    "subject, dotted": in_data("X509SubjectName", 'OID.2.5.4.3="иванов  иван"'),
    "subject, encoded": in_data("X509SubjectName", "2.5.4.3=#0c15" + "ИВАНОВ ИВАН".encode().hex()),
    "subject, encoded, by a word": in_data(
        "X509SubjectName", "CN = #0c15" + "ИВАНОВ ИВАН".encode().hex()
    ),
    "subject, by other words": in_data("X509SubjectName", "/CN=ИВАНОВ ИВАН/SN=IIN900101300017"),
    "key name": in_data("KeyName", "ИВАНОВ ИВАН"),
    "issuer": add(
        "ds:KeyInfo/ds:X509Data", issuer_serial("CN=NCA", f" {CERTIFICATE.serial_number}\n")
    ),
    "key": add("ds:KeyInfo", key_value()),
    "key identifier": in_data("X509SKI", b64encode(SHA1).decode()),
    "key identifier with its tag": in_data("X509SKI", b64encode(b"\x04\x14" + SHA1).decode()),
    "digest": add("ds:KeyInfo/ds:X509Data", X509_DIGEST),
    "token": add(
        "ds:KeyInfo",
        element(
            WSSE + "SecurityTokenReference",
            element(WSSE + "Embedded", token(SIGNER.certificate)),
            mark(WSSE + "KeyIdentifier", SIGNER.certificate, ValueType="#X509v3"),
        ),
    ),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_what_a_certificate_says_is_no_news(change: Change) -> None:
    assert remarks(signed(change)) == []


@pytest.mark.parametrize(("name", "reported"), [("KeyName", True), ("X509SubjectName", False)])
def test_a_key_name_is_the_signer_s_and_no_other_certificate_s(name: str, reported: bool) -> None:
    """Anyone may add a certificate: its name is no name of the key that signed."""

    def change(signature: etree._Element) -> None:
        data = signature.find("ds:KeyInfo/ds:X509Data", {"ds": DS})
        assert data is not None
        data.append(mark(f"{{{DS}}}X509Certificate", OTHER.certificate))
        in_data(name, "ПЕТРОВ ПЕТР")(signature)

    assert bool(remarks(signed(change))) == reported


def other_key(signature: etree._Element) -> None:
    """Write another's key number."""
    add("ds:KeyInfo", key_value())(signature)
    number = signature.find(f".//{{{DS}}}Modulus")
    assert number is not None
    number.text = "Pay10000"


OTHERS = {
    "elements in the signature are not signed: X509IssuerName": add(
        "ds:KeyInfo/ds:X509Data", issuer_serial("CN=Eve", str(CERTIFICATE.serial_number))
    ),
    "elements in the signature are not signed: X509SerialNumber": add(
        "ds:KeyInfo/ds:X509Data", issuer_serial("CN=NCA", "10000")
    ),
    "elements in the signature are not signed: Modulus": other_key,
    "elements in the signature are not signed: X509Digest": add(
        "ds:KeyInfo/ds:X509Data", mark(DS_11 + "X509Digest", SHA256, Algorithm="urn:md5")
    ),
    "elements in the signature are not signed: KeyIdentifier": add(
        "ds:KeyInfo",
        element(WSSE + "SecurityTokenReference", mark(WSSE + "KeyIdentifier", b"Pay")),
    ),
    "elements in the signature are not signed: Object": add(".", element(f"{{{DS}}}Object")),
    "elements in the signature are not signed: SignatureValue": add(
        ".", element(f"{{{DS}}}SignatureValue")
    ),
    "elements in the signature are not signed: KeyInfo": add(".", element(f"{{{DS}}}KeyInfo")),
    "attributes in the signature are not signed: Signature/@note": lambda one: one.set("note", ""),
    "attributes in the signature are not signed: Signature/@Id": lambda one: one.set(
        "Id", "Pay 10000 to Eve"
    ),
    "attributes in the signature are not signed: SignatureValue/@note": lambda one: one[1].set(
        "note", "1"
    ),
    "attributes in the signature are not signed: X509Data/@Target": lambda one: one[2][0].set(
        "Target", "1"
    ),
    "text in the signature is not signed: X509Data": lambda one: setattr(one[2][0], "text", "Pay"),
    "text in the signature is not signed: KeyInfo": lambda one: setattr(one[2][0], "tail", "Pay"),
    "comments in the signature are not signed: KeyInfo": lambda one: one[2].append(
        etree.Comment("Pay")
    ),
    "comments in the signature are not signed: Reference": lambda one: one[0][2].append(
        etree.Comment("Pay")
    ),
    "instructions in the signature are not signed: Signature": lambda one: one.append(
        etree.ProcessingInstruction("pay", "10000")
    ),
}


@pytest.mark.parametrize("remark", OTHERS)
def test_what_is_not_signed_is_reported_by_what_it_is(remark: str) -> None:
    [checked] = check(signed(OTHERS[remark]))
    assert remark in map(str, checked.intact.reasons)


def test_comments_in_signed_info_are_signed_if_its_canonical_form_has_them() -> None:
    root = etree.fromstring(DOCUMENT)
    form = Transform(xml_signer.C14N_COMMENTS)
    signature = xml_signer.sign(root, SIGNER, canonicalisation=form)
    signature[0].append(etree.Comment("Pay"))
    xml_signer.resign(signature, SIGNER)
    assert remarks(root) == ["comments are not signed"]


def with_properties(*, unsigned: bool) -> etree._Element:
    """Sign a document and the properties of the signature, as XAdES has it."""
    root = etree.fromstring(DOCUMENT)
    properties = element(
        f"{{{XADES}}}QualifyingProperties", element(f"{{{XADES}}}SignedProperties")
    )
    properties.set("Target", "#s-1")
    properties[0].set("Id", "p-1")
    form = Transform(xml_signer.EXCLUSIVE)
    reference = Reference("#p-1", [form], signed=xml_signer.canonical(properties[0], form))
    xml_signer.sign(root, SIGNER, Reference(), reference, objects=[properties])
    if unsigned:
        etree.SubElement(properties, f"{{{XADES}}}UnsignedProperties")
    return root


def test_unsigned_properties_are_reported_and_signed_ones_are_not() -> None:
    assert remarks(with_properties(unsigned=False)) == []
    assert remarks(with_properties(unsigned=True)) == elements("UnsignedProperties")
    root = with_properties(unsigned=False)
    root[-1][-1][0].set("Target", "Pay 10000 to Eve")
    root[-1][-1].set("MimeType", "text/html")
    assert remarks(root) == [
        "attributes in the signature are not signed: Object/@MimeType, QualifyingProperties/@Target"
    ]


def test_key_info_that_is_referred_to_is_signed() -> None:
    root = etree.fromstring(DOCUMENT)
    other = xml_signer.sign(etree.fromstring("<a/>"), SIGNER)
    in_data("KeyName", "Pay")(other)
    key_info = other[2]
    key_info.set("Id", "k")
    reference = Reference("#k", [Transform(C14N)], signed=xml_signer.canonical(key_info))
    signature = xml_signer.sign(root, SIGNER, Reference(), reference)
    signature.replace(signature[2], key_info)
    assert remarks(root) == []


def test_other_signatures_inside_leave_no_marks() -> None:
    root = with_properties(unsigned=False)
    inner = xml_signer.sign(root, SIGNER, parent=root[-1][-1])
    checked = check(root)
    assert inner is not None
    assert not any("instructions" in str(reason) for reason in checked[0].intact.reasons)


def test_many_names_are_cut() -> None:
    def change(signature: etree._Element) -> None:
        for number in range(12):
            signature.set(f"a{number}", "")

    [remark] = remarks(signed(change))
    assert remark.endswith("Signature/@a9, …")


def test_what_costs_too_much_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsigned_parts, "_LOOK", 10**9)
    [checked] = check(signed())
    assert [checked.intact.answer, *map(str, checked.intact.reasons)] == [
        Answer.UNKNOWN,
        "the document costs too much to check",
    ]
    [altered] = check(xml_signer.text(signed()).replace("1000", "1001"))
    assert altered.intact.answer is Answer.NO


def test_references_in_a_manifest_are_reported_to_be_unverified() -> None:
    manifest = element(f"{{{DS}}}Manifest", element(f"{{{DS}}}Reference"))
    manifest[0].set("URI", "loan.pdf")
    holder = element(f"{{{DS}}}Object", manifest)
    holder.set("Id", "o")
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    signature.append(holder)
    digest = xml_signer.sha256(xml_signer.canonical(holder))
    signature.remove(holder)
    reference = Reference("#o", [Transform(C14N)])
    xml_signer.fill(signature, SIGNER, [reference], [digest])
    signature.append(holder)
    assert remarks(signature) == ["the references in a Manifest are not verified"]


def test_a_manifest_that_is_not_signed_is_no_more_than_an_element() -> None:
    manifest = element(f"{{{DS}}}Object", element(f"{{{DS}}}Manifest"))
    root = etree.fromstring(DOCUMENT)
    part = Reference("#b", [Transform(C14N)], signed=b'<b Id="b">1000</b>')
    root[0].set("Id", "b")
    xml_signer.sign(root, SIGNER, part).append(manifest)
    [checked] = check(root)
    assert elements("Object")[0] in map(str, checked.intact.reasons)
    assert not any("Manifest" in str(reason) for reason in checked.intact.reasons)


def read(path: Path) -> tuple[XmlChecked, ...]:
    """Check what is in a file."""
    signature = parse(path.read_text())
    assert isinstance(signature, SignedXml)
    return check_xml(signature)


def test_real_signatures_have_nothing_to_report(vectors: Path) -> None:
    paths = [*(vectors / "xml").glob("*.xml"), *(vectors.parent / "cases").glob("*.xml")]
    for path in paths:
        for checked in read(path):
            reported = [str(one) for one in checked.intact.reasons]
            assert not any(re.search("not signed|not verified", one) for one in reported), path
