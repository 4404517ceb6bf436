"""Evidence in unsigned properties needs one remark; all else in there is named beside it."""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller

import pytest
from lxml import etree

from app.cms.augmentation.profiles import Profile
from tests import pki
from tests.cms.augmenting import LT, STAMPED, T
from tests.cms.judging import IVAN
from tests.cms.lasting_xml import (
    all_values,
    make,
    octets_of,
    stamp,
    with_unsigned,
    xades_b,
)
from tests.cms.test_key_info import XADES
from tests.cms.test_xades_profiles import augmented, plain
from tests.cms.xml_answers import check
from tests.pki.xml_signer import C14N, DS

CLAUSE = "Pay 10000 to Eve"
USUAL = "elements in the signature are not signed: UnsignedProperties"
#: The elements of a copy of level LT.
ELEMENTS = [
    "UnsignedProperties",
    "UnsignedSignatureProperties",
    "SignatureTimeStamp",
    "EncapsulatedTimeStamp",
    "CertificateValues",
    "EncapsulatedX509Certificate",
    "RevocationValues",
    "CRLValues",
    "EncapsulatedCRLValue",
    "OCSPValues",
    "EncapsulatedOCSPValue",
]
VALUES = [name for name in ELEMENTS if name.startswith("Encapsulated")]
Change = Callable[[etree._Element], None]


def remarks(document: etree._Element | str) -> list[str]:
    """Return what is said of a signature, but that elements of no signature make it unknown."""
    [checked] = check(document)
    said = list(map(str, checked.intact.reasons))
    return [one for one in said if not one.endswith("holds content that is not signed")]


def copy() -> etree._Element:
    """Return the copy of level LT of a signature without XAdES, as lxml reads it."""
    return etree.fromstring(augmented(plain(), LT).encode())


def changed(name: str, change: Change) -> list[str]:
    """Return the remarks on a copy in which an element was changed."""
    root = copy()
    found = root.find(f".//{{{XADES}}}{name}")
    assert found is not None
    change(found)
    return remarks(root)


@pytest.mark.parametrize("signed", [xades_b, plain])
@pytest.mark.parametrize("profile", [T, LT])
def test_the_server_s_own_copy_has_one_remark(signed: Callable[[], str], profile: Profile) -> None:
    assert remarks(augmented(signed(), profile)) == [USUAL]


def test_evidence_that_another_program_added_has_the_same_remark() -> None:
    document = xades_b()
    stamps = [
        stamp(pki.timestamp(octets_of(document, C14N), STAMPED), C14N),
        stamp(pki.timestamp(octets_of(document, C14N), STAMPED), None),
    ]
    stamps[0][-1].set("Encoding", "http://uri.etsi.org/01903/v1.2.2#DER")
    stamps[0].set("Id", "t-1")
    further = etree.Element(
        "{http://uri.etsi.org/01903/v1.4.1#}TimeStampValidationData", {"Id": "v-1"}
    )
    further.extend(all_values())
    root = etree.fromstring(with_unsigned(document, *stamps, *all_values(), further).encode())
    for element in root.iter(*[f"{{{XADES}}}{name}" for name in VALUES]):
        element.text = "\n ".join(["", *(element.text or "").split(), ""])
    assert remarks(root) == [USUAL]


def add_text(element: etree._Element) -> None:
    element.text = CLAUSE


def add_tail(element: etree._Element) -> None:
    element[-1].tail = CLAUSE


@pytest.mark.parametrize("name", [name for name in ELEMENTS if name not in VALUES])
@pytest.mark.parametrize("change", [add_text, add_tail])
def test_text_among_evidence_is_named(name: str, change: Change) -> None:
    assert changed(name, change) == [USUAL, f"text in the signature is not signed: {name}"]


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("value", [CLAUSE, "Pay10000ToEveAtOnce", "", "MAA=", "MIAAAA=="])
def test_a_value_that_is_none_is_named(name: str, value: str) -> None:
    def change(element: etree._Element) -> None:
        element.text = value

    assert changed(name, change) == [f"{USUAL}, {name}"]


@pytest.mark.parametrize("name", VALUES)
def test_more_than_a_value_is_named(name: str) -> None:
    def add_words(element: etree._Element) -> None:
        element.text = f"{element.text} {CLAUSE}"

    def add_octets(element: etree._Element) -> None:
        element.text = f"{(element.text or '').rstrip('=')}AAAA"

    assert changed(name, add_words) == [f"{USUAL}, {name}"]
    assert changed(name, add_octets) == [f"{USUAL}, {name}"]


@pytest.mark.parametrize("name", ELEMENTS)
def test_comments_instructions_and_attributes_are_named(name: str) -> None:
    said = changed(name, lambda one: one.append(etree.Comment(CLAUSE)))
    assert f"comments in the signature are not signed: {name}" in said
    said = changed(name, lambda one: one.append(etree.ProcessingInstruction("pay", "10000")))
    assert f"instructions in the signature are not signed: {name}" in said
    for attribute in ("note", "Id", "Encoding"):
        said = changed(name, methodcaller("set", attribute, CLAUSE))
        assert f"attributes in the signature are not signed: {name}/@{attribute}" in said


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize(
    "tag",
    [f"{{{XADES}}}Contract", "Contract", f"{{{DS}}}Object", f"{{{XADES}}}CounterSignature"],
)
def test_other_elements_are_named(name: str, tag: str) -> None:
    added = etree.Element(tag)
    added.text = CLAUSE
    told, *_ = changed(name, lambda one: one.append(added))
    named = name if name in VALUES else etree.QName(tag).localname
    assert told == f"{USUAL}, {named}"


def test_elements_of_evidence_in_other_places_are_named() -> None:
    value = make("EncapsulatedX509Certificate", value=IVAN.certificate)
    assert changed("SignatureTimeStamp", lambda one: one.append(value))[0].endswith(
        ", EncapsulatedX509Certificate"
    )
    told, *_ = changed("UnsignedSignatureProperties", lambda one: one.append(make("CRLValues")))
    assert told == f"{USUAL}, CRLValues"


@pytest.mark.parametrize("place", [f"{{{DS}}}Object", f"{{{DS}}}Signature"])
def test_unsigned_properties_in_other_places_are_named(place: str) -> None:
    root = etree.fromstring(augmented(xades_b(), LT).encode())
    inner = make("UnsignedSignatureProperties", *all_values())
    next(root.iter(place)).append(make("UnsignedProperties", inner))
    assert remarks(root) == [f"{USUAL}, UnsignedSignatureProperties"]


@pytest.mark.parametrize("place", ["Object", "QualifyingProperties"])
def test_what_stands_around_unsigned_properties_is_named(place: str) -> None:
    namespace = DS if place == "Object" else XADES

    def said(change: Change) -> list[str]:
        root = copy()
        change(next(root.iter(f"{{{namespace}}}{place}")))
        return remarks(root)

    assert said(add_text) == [USUAL, f"text in the signature is not signed: {place}"]
    clause = etree.Element("Contract")
    assert said(lambda one: one.append(clause)) == [f"{USUAL}, Contract"]
    assert said(lambda one: one.set("note", CLAUSE)) == [
        USUAL,
        f"attributes in the signature are not signed: {place}/@note",
    ]
    another = etree.Element(f"{{{namespace}}}{place}")
    assert said(lambda one: one.addnext(another)) == [f"{USUAL}, {place}"]


def test_a_method_of_canonicalisation_may_only_say_what_it_is() -> None:
    def method(root: etree._Element) -> etree._Element:
        return next(root.iter(f"{{{XADES}}}SignatureTimeStamp"))[0]

    root = copy()
    method(root).set("Algorithm", CLAUSE)
    assert remarks(root) == [
        USUAL,
        "attributes in the signature are not signed: CanonicalizationMethod/@Algorithm",
    ]
    root = copy()
    etree.SubElement(method(root), "Prefixes", PrefixList=CLAUSE)
    assert remarks(root) == [f"{USUAL}, Prefixes"]
