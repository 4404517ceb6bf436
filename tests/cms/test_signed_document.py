"""What a signature must cover and may leave out, each with a document that tricks its reader."""

from itertools import permutations

import pytest
from lxml import etree

from app.cms.verdict import Answer
from tests import pki
from tests.cms.xml_answers import IVAN, MISMATCH, answers, check, is_valid, signature_of
from tests.pki import xml_signer
from tests.pki.xml_signer import DS, Reference, Transform

ANNA = pki.person("ПЕТРОВА АННА")
OLEG = pki.person("СИДОРОВ ОЛЕГ")
DOCUMENT = "<a><b>1000</b><c/></a>"
PART = '<a Id="all"><b Id="x">1000</b><c ID="y" id="z"/></a>'
XADES = "http://uri.etsi.org/01903/v1.3.2#"
UNSIGNED_CONTENT = "signature {} holds content that is not signed"
BEFORE_TEXT = "signature {} stands before text"
COMMENTS = "comments are not signed"
BESIDE_TEXT = "a signature stands beside text, and where it stands is not signed: b"
COMMENT_BEFORE_TEXT = "a comment that is not signed stands before text"


def one_after_the_other(*, before: bool = False) -> etree._Element:
    """Sign as clients of the NCA do: each the document with the signatures that it has."""
    root = etree.fromstring(DOCUMENT)
    for who in (IVAN, ANNA, OLEG):
        xml_signer.sign(root, who, place=0 if before else None)
    return root


def side_by_side() -> etree._Element:
    """Sign the document without any signature, three times."""
    root = etree.fromstring(DOCUMENT)
    bare = xml_signer.canonical(root)
    for who in (IVAN, ANNA, OLEG):
        xml_signer.sign(root, who, Reference(signed=bare))
    return root


@pytest.mark.parametrize("root", [one_after_the_other(), one_after_the_other(before=True)])
def test_signatures_may_come_one_after_the_other(root: etree._Element) -> None:
    checked = check(root)
    assert [found.intact.answer for found in checked] == [Answer.YES] * 3
    assert all(is_valid(found) for found in checked)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_signatures_side_by_side_may_stand_in_any_order(order: tuple[int, ...]) -> None:
    root = side_by_side()
    placed = list(root)[2:]
    root.extend([placed[place] for place in order])
    assert answers(root) == ["yes"] * 3


def test_a_signature_over_those_side_by_side_is_intact() -> None:
    root = side_by_side()
    xml_signer.sign(root, IVAN)
    assert answers(root) == ["yes"] * 4


def test_two_signatures_may_change_places() -> None:
    root = etree.fromstring(DOCUMENT)
    for who in (IVAN, ANNA):
        xml_signer.sign(root, who)
    root.append(root[2])
    assert [found.parsed.certificate for found in check(root)] == [
        ANNA.certificate,
        IVAN.certificate,
    ]
    assert answers(root) == ["yes", "yes"]


def test_a_signature_that_later_ones_cover_can_not_be_removed() -> None:
    root = one_after_the_other()
    root.remove(signature_of(root))
    assert answers(root) == [MISMATCH, MISMATCH]


def test_a_signature_that_later_ones_cover_can_not_be_altered() -> None:
    root = one_after_the_other()
    signature_of(root)[1].text = "AAAA"
    checked = check(root)
    assert answers(root) == ["yes", MISMATCH, MISMATCH]
    assert not is_valid(checked[0])


def test_the_last_signature_can_be_removed() -> None:
    root = one_after_the_other()
    root.remove(signature_of(root, 2))
    assert answers(root) == ["yes", "yes"]


def test_a_signature_that_is_incomplete_is_content() -> None:
    root = one_after_the_other()
    xml_signer.sign(root, IVAN)
    last = signature_of(root, 3)
    last.remove(last[2])
    assert answers(root) == [MISMATCH] * 3


@pytest.mark.parametrize(
    "text",
    ["<a><b>10<s/>00</b></a>", "<a><b><s/>1000</b></a>", "<a><b/><s/> x</a>"],
)
def test_a_signature_before_text_may_hide_it(text: str) -> None:
    # What is signed has no place in it; the signature then takes it, before text.
    octets = xml_signer.canonical(etree.fromstring(text.replace("<s/>", "")))
    root = etree.fromstring(text.replace("<s/>", f'<ds:Signature xmlns:ds="{DS}"/>'))
    signature = signature_of(root)
    xml_signer.fill(signature, IVAN, [Reference()], [xml_signer.sha256(octets)])
    [checked] = check(root)
    assert checked.intact.answer is Answer.UNKNOWN
    assert answers(root) == [BEFORE_TEXT.format(1)]


def test_someone_elses_signature_before_text_may_hide_it() -> None:
    root = etree.fromstring(DOCUMENT)
    xml_signer.sign(root, IVAN)
    xml_signer.sign(root, ANNA, parent=root[0])
    assert answers(root) == [BESIDE_TEXT, BESIDE_TEXT]
    root[0].text, root[0][0].tail = "10", "00"
    assert answers(root) == [BEFORE_TEXT.format(1), BEFORE_TEXT.format(1)]


def with_object(content: etree._Element | None, text: str = "") -> etree._Element:
    """Return a document whose only signature has an object that it doesn't refer to."""
    root = etree.fromstring(DOCUMENT)
    signature = xml_signer.sign(root, IVAN)
    placed = etree.SubElement(signature, f"{{{DS}}}Object")
    placed.text = text
    if content is not None:
        placed.append(content)
    return root


def test_a_signature_may_have_content_that_no_one_signed() -> None:
    assert answers(with_object(etree.Element("b"))) == [UNSIGNED_CONTENT.format(1)]
    assert answers(with_object(None, "1000")) == [UNSIGNED_CONTENT.format(1)]
    assert answers(with_object(None, "\n ")) == ["yes"]
    properties = etree.Element(f"{{{XADES}}}QualifyingProperties")
    assert answers(with_object(properties)) == ["yes"]
    etree.SubElement(properties, "b")
    assert answers(with_object(properties)) == [UNSIGNED_CONTENT.format(1)]


def test_text_between_the_elements_of_a_signature_is_content() -> None:
    root = etree.fromstring(DOCUMENT)
    signature = xml_signer.sign(root, IVAN)
    signature[0].tail = "1000"
    assert answers(root) == [UNSIGNED_CONTENT.format(1)]


def test_a_later_signature_may_bring_content() -> None:
    root = etree.fromstring(DOCUMENT)
    xml_signer.sign(root, IVAN)
    xml_signer.sign(root, ANNA, objects=[etree.Element("b")])
    assert answers(root) == [UNSIGNED_CONTENT.format(2)] * 2


def test_comments_are_not_signed_and_may_hide_text() -> None:
    text = xml_signer.text(one_after_the_other())
    assert answers(text.replace("<c/>", "<!-- --><c/>")) == [COMMENTS] * 3
    assert answers(text.replace("<a>", "<!-- --><a>")) == [COMMENTS] * 3
    for comment in ("10<!-- -->00", "<!-- -->1000"):
        checked = check(text.replace("1000", comment))
        assert [found.intact.answer for found in checked] == [Answer.UNKNOWN] * 3
        assert answers(text.replace("1000", comment)) == [COMMENT_BEFORE_TEXT] * 3


def test_comments_are_signed_by_those_who_take_the_name_of_the_transform_at_its_word() -> None:
    root = etree.fromstring("<a><b>10<!-- -->00</b></a>")
    octets = xml_signer.canonical(root, Transform(xml_signer.C14N_COMMENTS))
    xml_signer.sign(root, IVAN, Reference(signed=octets))
    text = xml_signer.text(root)
    assert answers(text) == ["yes"]
    assert answers(text.replace("<!-- -->", "<!--x-->")) == [MISMATCH]
    assert answers(text.replace("<!-- -->", "")) == [MISMATCH]
    assert answers(text.replace("#WithComments", "")) == [MISMATCH]
