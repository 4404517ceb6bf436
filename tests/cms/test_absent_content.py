"""A signature over a reference is none over what it refers to: that may be replaced by anyone."""

import time
from base64 import b64encode

import pytest
from lxml import etree

from app.cms.verdict import Answer, Verdict
from app.cms.xmldsig.absent_content import AbsentContent
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import Undecided
from tests.cms.judging import IVAN, text
from tests.cms.test_soap import COVERS, intact, signed, to
from tests.cpu import allowed
from tests.pki import xml_signer

pytestmark = pytest.mark.attacks

YES, UNKNOWN = Answer.YES, Answer.UNKNOWN
PART = "a part of the signed data is encrypted, or is stored elsewhere"
ALL = "what is signed only refers to content that is stored elsewhere"
XOP = '<i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:contract@x"/>'
XINCLUDE = '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="http://x/contract.xml"/>'
UBL = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
REFERENCES = {
    "XOP": XOP,
    "XInclude": XINCLUDE,
    "XInclude of 2003": XINCLUDE.replace("2001", "2003"),
    "XML Encryption": '<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:Encryption'
    'Method Algorithm="urn:x"/><e:CipherData><e:CipherReference URI="http://x/contract"/>'
    "</e:CipherData></e:EncryptedData>",
    "swaRef": "<f>\n cid:contract@x</f>",
    "swaRef, in another notation": "<f>c<![CDATA[I]]>&#68;:contract@x</f>",
    "SOAP with attachments": '<f href="cid:contract@x"/>',
    "XLink": '<f xmlns:l="http://www.w3.org/1999/xlink" l:show="embed" l:href="http://x/y.xml"/>',
    "UBL": f'<u:ExternalReference xmlns:u="{UBL}"><u:URI>http://x/y</u:URI></u:ExternalReference>',
}


def of_document(inside: str) -> Verdict:
    """Sign a document with this in its root, and verify it."""
    root = etree.fromstring(f'<a Id="a">{inside}</a>')
    xml_signer.sign(root, IVAN)
    return intact(root)


def of_message(inside: str, *blocks: etree._Element) -> Verdict:
    """Sign a SOAP message with this in its Body, and verify it."""
    root = signed("body", "stamp", *["To"] * len(blocks), blocks=blocks)
    body = root[-1]
    body[:] = etree.fromstring(f"<a>{inside}</a>")
    _sign_again(root)
    return intact(root)


def _sign_again(root: etree._Element) -> None:
    """Renew the digest of the Body, and the signature."""
    body, signature = root[-1], next(root.iter(f"{{{xml_signer.DS}}}Signature"))
    for reference in signature.iter(f"{{{xml_signer.DS}}}Reference"):
        if reference.get("URI", "")[1:] in body.attrib.values():
            octets = xml_signer.canonical(body, xml_signer.Transform(xml_signer.EXCLUSIVE))
            reference[-1].text = b64encode(xml_signer.sha256(octets)).decode()
    xml_signer.resign(signature, IVAN)


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_what_only_refers_to_its_content_is_unknown(reference: str) -> None:
    for verdict in (of_document(reference), of_message(reference), of_message(reference, to())):
        assert (verdict.answer, text(verdict).split("; ")[0]) == (UNKNOWN, ALL)


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_a_part_that_is_elsewhere_is_named(reference: str) -> None:
    for verdict in (
        of_document(f"<sum>100</sum>{reference}"),
        of_document(f'<pay sum="100">{reference}</pay>'),
        of_message(f"<sum>100</sum>{reference}"),
    ):
        assert verdict.answer is YES
        assert PART in text(verdict)


def test_what_is_encrypted_in_its_place_is_named() -> None:
    encrypted = REFERENCES["XML Encryption"].replace(
        '<e:CipherReference URI="http://x/contract"/>', "<e:CipherValue>AAAA</e:CipherValue>"
    )
    verdict = of_document(encrypted)
    assert (verdict.answer, text(verdict)) == (YES, PART)


def test_a_header_block_that_is_elsewhere_leaves_the_body() -> None:
    verdict = of_message("<sum>100</sum>", to("cid:x"))
    assert verdict.answer is YES
    assert text(verdict).startswith(f"{COVERS}Body, Timestamp, To")
    assert PART in text(verdict)


@pytest.mark.parametrize(
    "inside",
    [
        "<f>acid:x</f>",
        "<f>see cid:x</f>",
        '<f href="http://x/y"/>',
        '<f xmlns:l="http://www.w3.org/1999/xlink" l:show="new" l:href="http://x/y"/>',
        "<Include/>",
        "<f>cid:x<g>1</g></f>",
    ],
)
def test_other_references_are_content(inside: str) -> None:
    verdict = of_document(inside)
    assert (verdict.answer, text(verdict)) == (YES, "")


def test_a_reference_that_is_not_signed_is_not_named() -> None:
    root = signed("body")
    next(root.iter(f"{{{xml_signer.DS}}}KeyInfo")).append(etree.fromstring(XOP))
    assert PART not in text(intact(root))


def test_the_search_is_bounded() -> None:
    root = etree.fromstring("<a>" * 250 + "<b>cid:</b>" * 45_000 + "</a>" * 250)
    parts = set(root.iter("a", "b"))
    began = time.process_time()
    with pytest.raises(Undecided):
        AbsentContent(root, Budget()).judge(parts)
    assert time.process_time() - began < allowed(3)
