"""Prefixes in signed values whose declarations are not signed are named, and no others."""

from __future__ import annotations

import re
import time

import pytest
from lxml import etree

from app.cms.verdict import Answer
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import Undecided
from app.cms.xmldsig.value_prefixes import find_undeclared
from tests.cms.xml_answers import IVAN, check, remarks, signed
from tests.cpu import allowed
from tests.pki import xml_signer
from tests.pki.xml_signer import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    Reference,
    Transform,
    canonical,
)

pytestmark = pytest.mark.attacks

XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = "the declarations of prefixes in values are not signed: "


def exclusively(document: str, prefixes: str | None = None) -> str:
    """Sign a document as a whole, in the exclusive form."""
    root, form = etree.fromstring(document), Transform(EXCLUSIVE, prefixes)
    reference = Reference("", [Transform(ENVELOPED), form], signed=canonical(root, form))
    xml_signer.sign(root, IVAN, reference, canonicalisation=Transform(EXCLUSIVE))
    return xml_signer.text(root)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ('<a xmlns:q="urn:good"><b t="q:pay">100</b></a>', "q"),
        ('<a xmlns:q="urn:good"><b>q:pay</b></a>', "q"),
        ('<a xmlns:q="urn:good"><b>(q:*)</b></a>', "q"),
        ('<a><b xmlns:q="urn:good" t="q:pay">100</b></a>', "q"),
        ('<a xmlns:q="urn:good"><q:c/><b t="q:pay">100</b></a>', "q"),
        ('<a xmlns:q="urn:good"><b t="q:pay"/><q:c t="q:pay"/></a>', "q"),
        ('<a xmlns:q="u:q" xmlns:p="u:p"><b t="p:x q:y"/></a>', "p, q"),
        (f'<a xmlns:i="{XSI}" xmlns:x="urn:x"><b i:type="x:string"/></a>', "x"),
    ],
)
def test_a_prefix_in_a_value_whose_declaration_is_not_signed_is_named(
    document: str, named: str
) -> None:
    text = exclusively(document)
    assert PREFIXES + named in remarks(text)
    if "<q:" not in document:
        assert PREFIXES + named in remarks(text.replace("urn:good", "urn:evil"))


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("<q:a {}><q:b i:type='pay'/></q:a>", True),
        ("<q:a><q:b {} i:type='pay'/></q:a>", True),
        ("<a xmlns='urn:good'><q:b {} i:type='pay'/></a>", True),
        ("<a xmlns='urn:good'><b i:type='pay'/></a>", False),
        ("<q:a {}><q:b i:type='q:pay'/></q:a>", False),
        ("<q:a {}><q:b i:kind='pay'/></q:a>", False),
    ],
)
def test_a_default_namespace_of_a_type_that_is_not_signed_is_named(
    document: str, *, told: bool
) -> None:
    """No element shows it, so that anyone can add or change it."""
    prefixes = f'xmlns:q="urn:q" xmlns:i="{XSI}"'
    text = exclusively(document.format("").replace("a", f"a {prefixes}", 1))
    assert remarks(text) == []
    place = "a" if "a {}" in document else "b"
    altered = re.sub(rf"<(q:{place}) ", r"<\1 xmlns='urn:evil' ", text, count=1)
    assert remarks(altered) == ([f"{PREFIXES}#default"] if told else [])


@pytest.mark.parametrize("value", ['t="q:pay">100', ">q:pay"])
def test_a_declaration_added_within_one_that_is_signed_is_named(value: str) -> None:
    """The octets don't change: no name has the prefix there."""
    text = exclusively(f'<q:a xmlns:q="urn:good"><b {value}</b></q:a>')
    assert remarks(text) == []
    altered = text.replace("<b", '<b xmlns:q="urn:evil"')
    assert remarks(altered) == [PREFIXES + "q"]
    listed = exclusively(f'<q:a xmlns:q="urn:good"><b {value}</b></q:a>', "q")
    [checked] = check(listed.replace("<b", '<b xmlns:q="urn:evil"'))
    assert checked.intact.answer is Answer.NO


@pytest.mark.parametrize(
    ("document", "prefixes"),
    [
        ('<a xmlns:q="urn:good"><b t="q:pay">100</b></a>', "q"),
        ('<q:a xmlns:q="urn:good"><b t="q:pay">q:pay</b></q:a>', None),
        ('<a xmlns:q="urn:good"><q:b q:c="1">100</q:b></a>', None),
        ('<a xmlns:q="urn:good"><b t="xq:pay http://x">q: 100, q/b:c</b></a>', None),
        ('<a><b t="q:pay">100</b></a>', None),
    ],
)
def test_a_prefix_whose_declaration_is_signed_or_that_is_none_is_not_named(
    document: str, prefixes: str | None
) -> None:
    assert remarks(exclusively(document, prefixes)) == []


def test_an_inclusive_form_signs_all_declarations() -> None:
    assert remarks(signed('<a xmlns:q="urn:good"><b t="q:pay">100</b></a>')) == []


@pytest.mark.parametrize("place", range(999_980, 1_000_010, 3))
def test_a_prefix_is_found_wherever_a_text_is_cut(place: int) -> None:
    document = f'<a xmlns:q="urn:good"><b>{"x " * (place // 2)}q:pay</b></a>'
    assert remarks(exclusively(document)) == [PREFIXES + "q"]


def test_a_part_is_searched_for_prefixes_once_for_all_signatures() -> None:
    parts = "".join(f'<p xmlns:q="urn:q" Id="x{place}" t="q:{"y" * 500}"/>' for place in range(60))
    root, form = etree.fromstring(f"<a>{parts}</a>"), Transform(EXCLUSIVE)
    references = [
        Reference(f"#x{place}", [form], signed=canonical(root[place], form)) for place in range(60)
    ]
    for _ in range(40):
        xml_signer.sign(root, IVAN, *references, canonicalisation=form)
    before = time.process_time()
    for found in check(root):
        first = str(found.intact.reasons[0])
        assert first == "the signature covers only a part of the document"
    assert time.process_time() - before < allowed(2)


def test_looking_for_prefixes_is_paid_for() -> None:
    with pytest.raises(Undecided):
        find_undeclared([b'<a b="q:c"></a>'], {"q"}, Budget(60))
    with pytest.raises(Undecided):
        find_undeclared([b"<a>" + b".q:" * 100 + b"</a>"], {"q"}, Budget(10_000))


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ('<a xmlns:q="urn:good"><b Ignorable="q">1</b></a>', "q"),
        ('<a xmlns:q="urn:good" xmlns:p="urn:p"><b Ignorable=" p  q ">1</b></a>', "p, q"),
        ('<a xmlns:q="urn:good"><b>\n q \n</b></a>', "q"),
        ('<a xmlns:q="urn:good"><b>q<c/></b></a>', "q"),
        ('<q:a xmlns:q="urn:q"><b Ignorable="q">1</b></q:a>', ""),
        ('<a xmlns:q="urn:good"><b Ignorable="q other">1</b></a>', ""),
        ('<a xmlns:q="urn:good"><b Ignorable="">1 q</b>q.</a>', ""),
        ('<a xmlns:q="urn:good" Id="q" xml:id="q"><b xml:lang="q">1</b></a>', ""),
        (f'<a xmlns:q="u:q" xmlns:i="{EXCLUSIVE}"><i:InclusiveNamespaces PrefixList="q"/></a>', ""),
    ],
)
def test_a_value_that_consists_of_prefixes_is_named(document: str, named: str) -> None:
    """As in mc:Ignorable, and in the exclude-result-prefixes of XSLT."""
    text = exclusively(document)
    assert remarks(text) == ([PREFIXES + named] if named else [])
    if named:
        assert PREFIXES + named in remarks(text.replace("urn:good", "urn:evil"))


@pytest.mark.parametrize("place", range(999_700, 1_000_000, 27))
def test_a_value_of_prefixes_is_found_wherever_a_document_is_cut(place: int) -> None:
    document = f'<a xmlns:q="urn:good">{"." * place}<b Ignorable="{"q " * 60}q"/></a>'
    assert remarks(exclusively(document)) == [PREFIXES + "q"]


@pytest.mark.parametrize("place", ["<p:doc ", "<p:amount "])
def test_the_namespace_of_signatures_as_default_one_counts_as_any_other(place: str) -> None:
    text = (
        '<p:doc xmlns:p="urn:p" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<p:amount xsi:type="money">100</p:amount></p:doc>'
    )
    root = etree.fromstring(text)
    form = Transform(EXCLUSIVE)
    whole = Reference("", [Transform(ENVELOPED), form], signed=canonical(root, form))
    xml_signer.sign(root, IVAN, whole)
    changed = xml_signer.text(root).replace(place, f'{place}xmlns="{DS}" ', 1)
    [checked] = check(changed)
    assert any("#default" in str(reason) for reason in checked.intact.reasons)
