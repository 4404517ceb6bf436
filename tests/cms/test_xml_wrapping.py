"""Signatures over a part of a document, or wrapped into another one: never a yes."""

from base64 import b64encode
from copy import deepcopy

import pytest
from lxml import etree

from app.cms.errors import MalformedSignature
from app.cms.verdict import Answer
from tests.cms.xml_answers import IVAN, MISMATCH, PARTIAL, answers, check, is_valid, signature_of
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, DS, ENVELOPED, Reference, Transform

DOCUMENT = "<a><b>1000</b><c/></a>"
PART = '<a Id="all"><b Id="x">1000</b><c ID="y" id="z"/></a>'
COMMENTS = "comments are not signed"
BESIDE_TEXT = "a signature stands beside text, and where it stands is not signed: b"
NOTHING_LEFT = "the transforms of the signature leave out all that it references"


def reference_to(part: etree._Element, uri: str) -> Reference:
    """Refer to a part of a document, which is not around the signature."""
    return Reference(uri, [Transform(C14N)], signed=xml_signer.canonical(part))


@pytest.mark.parametrize("name", ["Id", "ID", "id", "{urn:x}Id", "{urn:x}ID"])
def test_the_root_may_be_referred_to_by_an_id(name: str) -> None:
    root = etree.fromstring(DOCUMENT)
    root.set(name, "all")
    xml_signer.sign(root, IVAN, Reference("#all"))
    assert answers(root) == ["yes"]
    assert answers(xml_signer.text(root).replace("1000", "1001")) == [MISMATCH]
    # A style sheet, for one, is outside of the root.
    text = xml_signer.text(root).partition("?>")[2]
    assert answers(f"<!-- -->{text}") == [COMMENTS]
    assert answers(f"<?xml-stylesheet href=''?>{text}") == [PARTIAL]
    assert answers(f"{text}<?x?>") == [PARTIAL]


def test_a_part_is_not_the_document() -> None:
    root = etree.fromstring(PART)
    xml_signer.sign(root, IVAN, reference_to(root[0], "#x"))
    [checked] = check(root)
    assert checked.intact.answer is Answer.UNKNOWN
    assert is_valid(checked)
    assert answers(root) == [PARTIAL]
    assert answers(xml_signer.text(root).replace("1000", "1001")) == [MISMATCH]


def test_a_signature_outside_of_a_part_is_not_left_out_of_it() -> None:
    root = etree.fromstring(PART)
    usual = Reference("#x", signed=xml_signer.canonical(root[0]))
    xml_signer.sign(root, IVAN, usual, Reference())
    assert answers(root) == ["yes"]
    root[0].append(signature_of(root))
    assert answers(root) == [BESIDE_TEXT]


def test_a_part_may_be_signed_beside_the_document() -> None:
    root = etree.fromstring(PART)
    parts = [reference_to(root[0], "#x"), reference_to(root[1], "#y")]
    xml_signer.sign(root, IVAN, *parts, Reference())
    assert answers(root) == ["yes"]


@pytest.mark.parametrize("uri", ["", "#all"])
def test_a_signed_document_within_another_is_not_that_other(uri: str) -> None:
    root = etree.fromstring(PART)
    xml_signer.sign(root, IVAN, Reference(uri))
    assert answers(root) == ["yes"]
    other = etree.fromstring("<evil><b>9999</b></evil>")
    other.append(root)
    assert answers(other) == [PARTIAL if uri else MISMATCH]


def test_an_element_wrapped_away_from_its_place_is_noticed() -> None:
    root = etree.fromstring(PART)
    xml_signer.sign(root, IVAN, Reference("#all"))
    # The signed root moves into an object of the signature, another one takes its place.
    signature = signature_of(root)
    wrapper = etree.fromstring('<a Id="evil"><b>9999</b></a>')
    wrapper.append(signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(root)
    assert answers(wrapper) == [NOTHING_LEFT]
    root.set("Id", "evil")
    signature[0][2].set("URI", "#evil")
    assert answers(wrapper) == ["several elements have the Id evil"]


@pytest.mark.parametrize("name", ["id", "ID", "{http://www.w3.org/XML/1998/namespace}id"])
def test_an_id_that_stands_twice_means_nothing(name: str) -> None:
    root = etree.fromstring(PART)
    xml_signer.sign(root, IVAN, reference_to(root[0], "#x"), Reference())
    assert answers(root) == ["yes"]
    root[1].set(name, "x")
    assert answers(root) == [MISMATCH]  # Of the whole document, which is referred to as well.
    part = etree.fromstring(PART)
    xml_signer.sign(part, IVAN, reference_to(part[0], "#x"))
    part[1].set(name, "x")
    # One reader takes the first, another the last: which one was signed is unknown.
    assert "several elements have the Id x" in answers(part)[0]
    assert check(part)[0].intact.answer is Answer.UNKNOWN


def test_an_id_may_stand_in_two_attributes_of_one_element() -> None:
    root = etree.fromstring('<a><b Id="x" id="x">1</b></a>')
    xml_signer.sign(root, IVAN, Reference(), reference_to(root[0], "#x"))
    assert answers(root) == ["yes"]


def test_an_id_that_is_nowhere_is_unknown() -> None:
    root = etree.fromstring(PART)
    xml_signer.sign(root, IVAN, Reference("#nowhere"), Reference())
    assert answers(root) == ["no element has the Id nowhere"]


def enveloping(*contents: str) -> etree._Element:
    """Sign contents that stand in objects of the signature."""
    objects = [etree.fromstring(content) for content in contents]
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    references = [Reference(f"#o{place}", [Transform(C14N)]) for place in range(len(objects))]
    xml_signer.fill(signature, IVAN, references, [b""] * len(objects), objects=objects)
    for place, element in enumerate(objects):
        placed = element.getparent()
        assert placed is not None
        placed.set("Id", f"o{place}")
        digest = xml_signer.sha256(xml_signer.canonical(placed))
        signature[0][2 + place][-1].text = b64encode(digest).decode()
    xml_signer.resign(signature, IVAN)
    return signature


def test_an_enveloping_signature_covers_its_objects() -> None:
    root = enveloping("<a>1</a>", "<b/>")
    [checked] = check(root)
    assert is_valid(checked)
    assert answers(root) == ["yes"]
    assert answers(xml_signer.text(root).replace(">1<", ">2<")) == [MISMATCH]
    assert answers(xml_signer.text(root) + "<?x?>") == [PARTIAL]


def test_an_enveloping_signature_covers_no_other_objects() -> None:
    text = xml_signer.text(enveloping("<a>1</a>"))
    for content in ("<ds:Object><a>2</a></ds:Object>", "<a>2</a>", "2"):
        assert answers(text.replace("</ds:Signature>", content + "</ds:Signature>")) == [PARTIAL]


def test_what_is_in_an_object_may_be_referred_to_itself() -> None:
    root = enveloping("<a>1</a>")
    placed, content = root[-1], root[-1][0]
    content.set("Id", placed.attrib.pop("Id"))
    digest = xml_signer.sha256(xml_signer.canonical(content))
    root[0][2][-1].text = b64encode(digest).decode()
    assert answers(root) == ["yes"]
    placed.text = "2"
    assert answers(root) == [PARTIAL]
    placed.text = ""
    etree.SubElement(placed, "b")
    assert answers(root) == [PARTIAL]


def test_a_signature_without_anything_around_it_covers_nothing() -> None:
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    xml_signer.fill(signature, IVAN, [Reference(uri="")], [xml_signer.sha256(b"")])
    assert answers(signature) == [NOTHING_LEFT]


def test_a_signature_can_not_leave_out_what_it_refers_to() -> None:
    root = etree.fromstring(DOCUMENT)
    transforms = [Transform(ENVELOPED), Transform(C14N)]
    signature = xml_signer.sign(root, IVAN, Reference("#x", transforms, signed=b""))
    signature.set("Id", "x")
    assert answers(root) == [NOTHING_LEFT]
    del signature.attrib["Id"]
    signature[2].set("Id", "x")
    assert answers(root) == [NOTHING_LEFT]


def test_an_element_that_xmldsig_does_not_know_may_be_content() -> None:
    for name, answer in (("KeyName", "yes"), ("Sum", "unknown")):
        root = etree.fromstring("<a><b>1</b></a>")
        signature = xml_signer.sign(root, IVAN)
        etree.SubElement(signature[-1], f"{{{DS}}}{name}").text = "1000000"
        assert str(check(root)[0].intact.answer) == answer


def test_a_second_signed_info_is_refused() -> None:
    root = etree.fromstring("<a><b>1</b></a>")
    signature = xml_signer.sign(root, IVAN)
    signature.append(deepcopy(signature[0]))
    with pytest.raises(MalformedSignature, match="SignedInfo must stand once"):
        check(root)
