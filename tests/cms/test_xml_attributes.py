"""Attributes are read as lxml reads them, and names that are too long not at all."""

from __future__ import annotations

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.xmldsig.attributes import (
    count_quotes,
    find_identified,
    list_attributes,
    list_identifiers,
)
from app.cms.xmldsig.measures import MAX_NAME, measure
from tests import pki
from tests.cms.conftest import Refusal

ROOT = etree.fromstring(
    """<a xmlns:p="urn:p" z="1" p:b='"2"' xml:lang="q" p:id="i" ID="j"><b Id="i" c='"'/><c/></a>"""
)


def test_they_are_listed_in_their_order() -> None:
    for element in ROOT.iter("*"):
        assert list_attributes(element) == element.attrib.items()


def test_identifiers_are_found_in_all_ways_of_writing() -> None:
    assert list_identifiers(ROOT) == ["i", "j"]
    assert find_identified(ROOT) == {"i": [ROOT, ROOT[0]], "j": [ROOT]}


def test_quotes_are_counted() -> None:
    assert count_quotes(ROOT) == 3


def test_a_document_is_measured() -> None:
    """Each of three attributes is compared with three, and with the namespace in scope."""
    text = f'<a xmlns:p="u"><b c="" d="" {"e" * 24}=""/><f xmlns:{"p" * 6}="u"/></a>'
    found = measure(etree.fromstring(text))
    assert (found.depth, found.namespaces, found.weight, found.attributes) == (2, 2, 3, 3)
    assert found.pairs == 3 * (1 + 1 + 2) + 3 * 3


@pytest.mark.parametrize(
    "text",
    [
        "<{name}/>",
        '<b {name}=""/>',
        '<b xmlns:{name}="urn:x"/>',
        '<b xmlns="urn:{name}"/>',
        '<p:{half} xmlns:p="urn:{half}"/>',
    ],
)
def test_a_name_has_an_end(text: str, refusal: Refusal) -> None:
    long = text.format(name="n" * (MAX_NAME + 1), half="n" * (MAX_NAME // 2))
    assert refusal(pki.sign_xml(f"<a>{long}</a>")) == (
        "cms: XML has a name of more than 1000 characters"
    )
    usual = text.format(name="n" * (MAX_NAME - 7), half="n" * (MAX_NAME // 2 - 3))
    assert parse(pki.sign_xml(f"<a>{usual}</a>"))
