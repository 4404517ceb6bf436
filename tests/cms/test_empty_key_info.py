"""An empty element of KeyInfo is reported, unless its name is one that the standards define."""

from __future__ import annotations

import pytest
from lxml import etree

from app.cms.xmldsig.security_tokens import DS, DS_11, WSSE
from tests.cms.test_key_info import XADES
from tests.cms.test_unsigned_parts import add, elements, signed
from tests.cms.xml_answers import check, remarks

pytestmark = pytest.mark.attacks

PLACES = ("ds:KeyInfo", "ds:KeyInfo/ds:X509Data")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("namespace", ["", DS, DS_11, WSSE, f"{{{XADES}}}"])
def test_an_empty_element_of_an_unknown_name_is_named(namespace: str, place: str) -> None:
    added = etree.Element(f"{namespace}IVAN_OWES_MALLORY")
    [checked] = check(signed(add(place, added)))
    assert elements("IVAN_OWES_MALLORY")[0] in map(str, checked.intact.reasons)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "tag", [DS + "KeyValue", DS + "X509Data", DS + "KeyName", DS_11 + "ECKeyValue"]
)
def test_an_empty_element_of_a_known_name_says_nothing(tag: str, place: str) -> None:
    assert remarks(signed(add(place, etree.Element(tag)))) == []
