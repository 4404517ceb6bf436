"""Elements around the signed parts of a signature are reported, unless they belong there."""

from __future__ import annotations

from itertools import pairwise

import pytest
from lxml import etree

from app.cms.xmldsig.security_tokens import WSSE
from tests.cms.xml_answers import IVAN, remarks
from tests.pki import xml_signer
from tests.pki.xml_signer import DS, EXCLUSIVE, Reference, Transform, canonical
from tests.soap_messages import element

pytestmark = pytest.mark.attacks

XADES = "http://uri.etsi.org/01903/v1.3.2#"
TOLD = "elements in the signature are not signed: "


def signed_with(path: str) -> etree._Element:
    """Sign a document and one of the XAdES properties: the one at the end of a path of names."""
    names = path.split("/")
    parts = [element(f"{{{XADES}}}{name}") for name in names]
    for above, below in pairwise(parts):
        above.append(below)
    parts[-1].set("Id", "p")
    parts[-1].text = "2026-01-01T00:00:00Z"
    form = Transform(EXCLUSIVE)
    own = Reference("#p", [form], signed=canonical(parts[-1], form))
    root = etree.fromstring("<a><b>1000</b></a>")
    xml_signer.sign(root, IVAN, Reference(), own, objects=[parts[0]])
    return root


def usual() -> etree._Element:
    """Sign a document and its SignedProperties."""
    return signed_with("QualifyingProperties/SignedProperties")


def move(root: etree._Element, *names: str) -> None:
    """Move the signed properties into new elements, each in the one before."""
    [moved] = root.iter(f"{{{XADES}}}SignedProperties")
    place = moved.getparent()
    assert place is not None
    place.remove(moved)
    for name in names:
        place = etree.SubElement(place, f"{{{XADES}}}{name}")
    place.append(moved)


@pytest.mark.parametrize(
    "path",
    [
        "QualifyingProperties",
        "QualifyingProperties/SignedProperties",
        "QualifyingProperties/SignedProperties/SignedSignatureProperties",
        "QualifyingProperties/SignedProperties/SignedDataObjectProperties",
    ],
)
def test_the_usual_elements_around_signed_properties_are_no_news(path: str) -> None:
    assert remarks(signed_with(path)) == []


def test_invented_elements_around_signed_properties_are_named() -> None:
    root = usual()
    move(root, "IVAN_OWES_MALLORY", "ONE_MILLION_TENGE")
    assert remarks(root) == [f"{TOLD}IVAN_OWES_MALLORY, ONE_MILLION_TENGE"]


def test_signed_properties_among_the_unsigned_ones_are_named() -> None:
    """They would not be read: the signer's claims are gone without a change of what is signed."""
    root = usual()
    move(root, "UnsignedProperties")
    assert remarks(root) == [f"{TOLD}UnsignedProperties"]


@pytest.mark.parametrize("tag", [f"{{{DS}}}KeyInfo", f"{{{DS}}}Object", f"{{{DS}}}X509Data"])
def test_signed_properties_in_another_element_of_the_signature_are_named(tag: str) -> None:
    root = usual()
    [moved] = root.iter(f"{{{XADES}}}SignedProperties")
    next(root.iter(tag)).append(moved)
    [told] = remarks(root)
    assert etree.QName(tag).localname in told.removeprefix(TOLD).split(", ")


def test_a_signed_object_in_another_one_is_named() -> None:
    root = etree.fromstring("<a><b>1000</b></a>")
    holder = etree.Element(f"{{{DS}}}Object", {"Id": "o"}, nsmap={"ds": DS})
    form = Transform(EXCLUSIVE)
    own = Reference("#o", [form], signed=canonical(holder, form))
    signature = xml_signer.sign(root, IVAN, Reference(), own)
    signature.append(holder)
    assert remarks(root) == []
    etree.SubElement(signature, f"{{{DS}}}Object").append(holder)
    assert remarks(root) == [f"{TOLD}Object"]


@pytest.mark.parametrize(("place", "named"), [("b", ["b"]), ("c", []), (".", []), ("c/d", ["d"])])
def test_a_signature_that_was_moved_behind_a_text_is_named(place: str, named: list[str]) -> None:
    """The transform hides its place; in the root most programs put it, so that is no news."""
    root = etree.fromstring("<a>of <b>1000</b><c><d>each</d></c></a>")
    signature = xml_signer.sign(root, IVAN)
    assert remarks(root) == []
    into = root.find(place)
    assert into is not None
    into.append(signature)
    told = "a signature stands beside text, and where it stands is not signed: "
    assert remarks(root) == [told + name for name in named]


def test_a_signed_part_of_key_info_belongs_there() -> None:
    root = etree.fromstring("<a><b>1000</b></a>")
    token = element(WSSE + "SecurityTokenReference", element(WSSE + "Embedded"))
    token.set("Id", "t")
    form = Transform(EXCLUSIVE)
    own = Reference("#t", [form], signed=canonical(token, form))
    signature = xml_signer.sign(root, IVAN, Reference(), own)
    signature[2].append(token)
    assert remarks(root) == []
