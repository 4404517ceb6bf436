"""What signatures name as forms of Canonical XML, and what a part inherits in each of them."""

from __future__ import annotations

import pytest
from lxml import etree

from app.cms.verdict import Answer
from app.cms.xmldsig.canonical_forms import (
    C14N_11,
    EXCLUSIVE,
    FORMS,
    MAX_PREFIXES,
    Undecided,
    read_form,
)
from app.cms.xmldsig.canonicalization import Canonicaliser
from tests.pki.xml_signer import C14N

DISPUTED = "two different xml:lang apply"
SEVERAL_BASES = "xml:base is not supported in Canonical XML 1.1"
SHA_256 = "2.16.840.1.101.3.4.2.1"


def lowest(text: str) -> tuple[etree._Element, Canonicaliser]:
    """Parse a document, and return its lowest element."""
    root = etree.fromstring(text)
    return list(root.iter())[-1], Canonicaliser(root, text.encode(), {})


def method(prefixes: str) -> etree._Element:
    """Make a method with an InclusiveNamespaces."""
    method = etree.Element("m", Algorithm=EXCLUSIVE)
    etree.SubElement(method, f"{{{EXCLUSIVE}}}InclusiveNamespaces", PrefixList=prefixes)
    return method


@pytest.mark.parametrize(
    ("text", "version_10", "version_11"),
    [
        ('<a xml:id="x"><c/></a>', b'<c xml:id="x"></c>', b"<c></c>"),
        ('<a xml:id="x"><c xml:id="y"/></a>', b'<c xml:id="y"></c>', b'<c xml:id="y"></c>'),
        (
            '<a xml:space="preserve"><b xml:lang="ru"><c/></b></a>',
            b'<c xml:lang="ru" xml:space="preserve"></c>',
            b'<c xml:lang="ru" xml:space="preserve"></c>',
        ),
        (
            '<a xml:lang="kk"><b xml:lang="ru"><c xml:lang=""/></b></a>',
            b'<c xml:lang=""></c>',
            b'<c xml:lang=""></c>',
        ),
        (
            '<a xml:base="http://x/./y#z"><b><c/></b></a>',
            b'<c xml:base="http://x/./y#z"></c>',
            b'<c xml:base="http://x/./y#z"></c>',
        ),
        ('<a xml:base=""><c/></a>', b'<c xml:base=""></c>', b"<c></c>"),
        (
            '<a><b><c xml:base="../x"/></b></a>',
            b'<c xml:base="../x"></c>',
            b'<c xml:base="../x"></c>',
        ),
    ],
)
def test_a_part_inherits_in_xml_s_namespace(
    text: str, version_10: bytes, version_11: bytes
) -> None:
    apex, canonical = lowest(text)
    assert b"".join(canonical.octets(apex, FORMS[C14N])) == version_10
    assert b"".join(canonical.octets(apex, FORMS[C14N_11])) == version_11


@pytest.mark.parametrize(
    ("text", "form", "sentence"),
    [
        ('<a xml:lang="kk"><b xml:lang="ru"><c/></b></a>', C14N, DISPUTED),
        ('<a xml:lang="kk"><b xml:lang="ru"><c/></b></a>', C14N_11, DISPUTED),
        ('<a xml:base="x"><b xml:base="y"><c/></b></a>', C14N_11, SEVERAL_BASES),
        ('<a xml:base="x"><b xml:base="x"><c/></b></a>', C14N_11, SEVERAL_BASES),
        ('<a xml:base="x"><b><c xml:base="y"/></b></a>', C14N_11, SEVERAL_BASES),
        (
            '<a xmlns:p="relative"><b><c/></b></a>',
            C14N,
            "relative namespaces have no canonical form",
        ),
    ],
)
def test_what_libraries_disagree_about_is_undecided(text: str, form: str, sentence: str) -> None:
    apex, canonical = lowest(text)
    with pytest.raises(Undecided) as caught:
        canonical.agreed_digest(SHA_256, apex, FORMS[form])
    assert caught.value.verdict.answer is Answer.UNKNOWN
    assert [str(reason) for reason in caught.value.verdict.reasons] == [sentence]


@pytest.mark.parametrize("form", [C14N, C14N_11])
def test_the_nearest_value_counts_where_java_takes_the_farthest(form: str) -> None:
    apex, canonical = lowest('<a xml:lang="kk"><b xml:lang="ru"><c/></b></a>')
    alone, undisputed = lowest('<a><b xml:lang="ru"><c/></b></a>')
    assert canonical.digest(SHA_256, apex, FORMS[form], frozenset()) == undisputed.digest(
        SHA_256, alone, FORMS[form], frozenset()
    )
    assert canonical.disputed(apex, FORMS[form]) is not None
    assert canonical.disputed(apex, FORMS[EXCLUSIVE]) is None
    assert canonical.disputed(None, FORMS[form]) is None
    assert undisputed.disputed(alone, FORMS[form]) is None


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        ("", b"<p:b xmlns:p='urn:p'><p:c></p:c><p:d></p:d><p:e><p:f></p:f></p:e></p:b>"),
        (
            "#default",
            (
                b"<p:b xmlns='urn:a' xmlns:p='urn:p'><p:c></p:c><p:d xmlns='urn:b'></p:d>"
                b"<p:e xmlns=''><p:f></p:f></p:e></p:b>"
            ),
        ),
        (
            " q\n\t#default unheard-of",
            (
                b"<p:b xmlns='urn:a' xmlns:p='urn:p' xmlns:q='urn:q'><p:c></p:c>"
                b"<p:d xmlns='urn:b'></p:d><p:e xmlns=''><p:f></p:f></p:e></p:b>"
            ),
        ),
    ],
)
def test_the_default_namespace_may_be_among_the_prefixes(prefixes: str, expected: bytes) -> None:
    text = (
        '<a xmlns="urn:a" xmlns:p="urn:p" xmlns:q="urn:q"><p:b><p:c/><p:d xmlns="urn:b"/>'
        '<p:e xmlns=""><p:f xmlns=""/></p:e></p:b></a>'
    )
    root = etree.fromstring(text)
    canonical = Canonicaliser(root, text.encode(), {})
    form = read_form(method(prefixes))
    octets = expected.replace(b"'", b'"')
    assert b"".join(canonical.octets(root[0], form)) == octets
    whole = b"".join(canonical.octets(None, form))
    assert whole.endswith(octets.replace(b' xmlns="urn:a"', b"", 1).split(b">", 1)[1] + b"</a>")
    assert etree.tostring(root).decode() == text


def test_prefixes_are_not_without_number() -> None:
    assert len(read_form(method("p " * MAX_PREFIXES)).prefixes) == MAX_PREFIXES
    with pytest.raises(Undecided):
        read_form(method("p " * (MAX_PREFIXES + 1)))
