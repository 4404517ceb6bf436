"""What a signature leaves open around what it covers is told, though the answer is yes."""

from __future__ import annotations

import time
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from app.cms.verdict import Answer
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import Undecided
from app.cms.xmldsig.customary import WSSE_11, XENC
from app.cms.xmldsig.security_tokens import WSSE
from app.cms.xmldsig.value_prefixes import find_undeclared
from tests.cms.xml_answers import IVAN, check, signed
from tests.pki import xml_signer
from tests.pki.xml_signer import (
    C14N,
    C14N_COMMENTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    Reference,
    Transform,
    canonical,
)

pytestmark = pytest.mark.attacks

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
REFERENCE, REFERENCE_END = "<w:SecurityTokenReference>", "</w:SecurityTokenReference>"
PREFIXES = "the declarations of prefixes in values are not signed: "


def remarks(document: etree._Element | str) -> list[str]:
    """Return what is said of a signature that is intact."""
    [checked] = check(document)
    assert checked.intact.answer is Answer.YES
    return [str(reason) for reason in checked.intact.reasons]


def exclusively(document: str, prefixes: str | None = None) -> str:
    """Sign a document as a whole, in the exclusive form."""
    root, form = etree.fromstring(document), Transform(EXCLUSIVE, prefixes)
    reference = Reference("", [Transform(ENVELOPED), form], signed=canonical(root, form))
    xml_signer.sign(root, IVAN, reference, canonicalisation=Transform(EXCLUSIVE))
    return xml_signer.text(root)


def message() -> str:
    """Return a SOAP message whose Body is signed."""
    form = Transform(EXCLUSIVE)
    root = etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:w="{WSSE[1:-1]}"><s:Header><w:Security/></s:Header>'
        '<s:Body Id="b"><p>100</p></s:Body></s:Envelope>'
    )
    reference = Reference("#b", [form], signed=canonical(root[1], form))
    xml_signer.sign(root, IVAN, reference, parent=root[0][0], canonicalisation=form)
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
    assert time.process_time() - before < 2


def test_looking_for_prefixes_is_paid_for() -> None:
    with pytest.raises(Undecided):
        find_undeclared([b'<a b="q:c"></a>'], {"q"}, Budget(60))
    with pytest.raises(Undecided):
        find_undeclared([b"<a>" + b".q:" * 100 + b"</a>"], {"q"}, Budget(10_000))


def test_a_comment_outside_of_what_is_signed_with_its_comments_is_told() -> None:
    root = etree.fromstring('<a Id="all"><!-- in --><b>100</b></a>')
    form = Transform(C14N_COMMENTS)
    reference = Reference("#all", [Transform(ENVELOPED), form], signed=canonical(root, form))
    xml_signer.sign(root, IVAN, reference)
    text = xml_signer.text(root)
    assert remarks(text) == []
    assert remarks(f"{text}<!-- and pay 1000 -->") == ["comments are not signed"]
    before = text.replace("<a ", "<!-- pay 1000 --><a ", 1)
    assert remarks(before) == ["comments are not signed"]


@pytest.mark.parametrize(
    ("token", "is_named"),
    [
        ("<w:BinarySecurityToken>pay 1000</w:BinarySecurityToken>", True),
        ("<w:BinarySecurityToken>cGF5IDEwMDA=</w:BinarySecurityToken>", True),
        (
            f"<w:BinarySecurityToken>{b64encode(IVAN.certificate).decode()}</w:BinarySecurityToken>",
            False,
        ),
        ("<w:BinarySecurityToken> </w:BinarySecurityToken>", False),
        ("<w:SecurityTokenReference>pay 1000</w:SecurityTokenReference>", True),
        (
            f"{REFERENCE}<w:KeyIdentifier>pay 1000</w:KeyIdentifier>{REFERENCE_END}",
            True,
        ),
        (
            f"{REFERENCE}<w:KeyIdentifier>cGF5IDEwMDA=</w:KeyIdentifier>{REFERENCE_END}",
            False,
        ),
        (f"{REFERENCE}<w:KeyIdentifier>pay now 1000 AA</w:KeyIdentifier>{REFERENCE_END}", True),
        (f"{REFERENCE}<w:KeyIdentifier>AAAA\nAAAA\n</w:KeyIdentifier>{REFERENCE_END}", False),
        ('<w:BinarySecurityToken pay="1000"/>', True),
        ('<w:BinarySecurityToken w:Id="t" ValueType="pay 1000"/>', True),
        ('<w:BinarySecurityToken w:Id="t" ValueType="urn:x#X509v3"/>', False),
        ("<w:SecurityTokenReference><?pay 1000?></w:SecurityTokenReference>", True),
        ("<w:SecurityTokenReference><w:Pay1000/></w:SecurityTokenReference>", True),
        ('<w:SecurityTokenReference><w:Reference URI="#t"/></w:SecurityTokenReference>', False),
        (f'<c:SignatureConfirmation xmlns:c="{WSSE_11[1:-1]}" Value="pay 1000"/>', True),
        (f'<c:SignatureConfirmation xmlns:c="{WSSE_11[1:-1]}" Value="AAAA"/>', False),
        (f'<c:EncryptedKey xmlns:c="{XENC[1:-1]}" Recipient="1000"/>', True),
        (f'<c:EncryptedKey xmlns:c="{XENC[1:-1]}" Id="k"/>', False),
        (f'<d:Signature xmlns:d="{DS}"><d:KeyInfo/></d:Signature>', True),
        (f'<d:Signature xmlns:d="{DS}"><d:KeyInfo>pay</d:KeyInfo></d:Signature>', True),
    ],
)
def test_what_a_token_of_a_message_says_is_told(token: str, is_named: bool) -> None:
    text = message()
    name = etree.fromstring(f'<a xmlns:w="{WSSE[1:-1]}">{token}</a>')[0].tag.partition("}")[2]
    told = f"of the SOAP message the signature does not cover: {name}"
    assert (told in remarks(text.replace("</w:Security>", f"{token}</w:Security>"))) is is_named
    assert told not in remarks(text)


def test_an_incomplete_signature_beside_the_header_of_a_message_is_told() -> None:
    draft = f'<d:Signature xmlns:d="{DS}"><d:KeyInfo>pay 1000</d:KeyInfo></d:Signature>'
    text = message().replace("<s:Header>", f"<s:Header>{draft}")
    assert "of the SOAP message the signature does not cover: Signature" in remarks(text)


@pytest.mark.parametrize(
    ("place", "attribute", "named"),
    [
        ("<w:Security", 's:actor="urn:next"', ""),
        ("<w:Security", 's:mustUnderstand="1"', ""),
        ("<w:Security", 's:pay="1000"', "Security/@pay"),
        ("<w:Security", 's:mustUnderstand="pay 1000 now"', "Security/@mustUnderstand"),
        ("<w:Security", 'w:Id="pay 1000 now"', "Security/@Id"),
        ("<s:Header", 'Id="pay 1000 now"', "Header/@Id"),
        ("<s:Header", 'Id="h"', ""),
    ],
)
def test_an_attribute_around_the_parts_of_a_message_is_told(
    place: str, attribute: str, named: str
) -> None:
    text = message().replace(place, f"{place} {attribute}")
    told = [one for one in remarks(text) if "does not cover" in one]
    assert told == ([f"of the SOAP message the signature does not cover: {named}"] if named else [])


def test_only_so_many_tokens_are_parsed() -> None:
    token = f"<w:BinarySecurityToken>{b64encode(IVAN.certificate).decode()}</w:BinarySecurityToken>"
    form = Transform(C14N)
    root = etree.fromstring(
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:w="{WSSE[1:-1]}"><s:Header>'
        f"<w:Security>{token * 17}</w:Security></s:Header>"
        '<s:Body Id="b"><p>100</p></s:Body></s:Envelope>'
    )
    reference = Reference("#b", [form], signed=canonical(root[1], form))
    xml_signer.sign(root, IVAN, reference, parent=root[0][0])
    assert "of the SOAP message the signature does not cover: BinarySecurityToken" in remarks(root)


KEY_VALUE = (
    "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent>"
    "</ds:RSAKeyValue></ds:KeyValue><ds:X509Data>"
)


def with_key(modulus: bytes, exponent: bytes) -> str:
    """Return a signed document that states a key."""
    values = (b64encode(value).decode() for value in (modulus, exponent))
    return xml_signer.text(signed("<a/>")).replace("<ds:X509Data>", KEY_VALUE.format(*values))


def test_the_numbers_of_a_key_are_compared_as_numbers() -> None:
    key = load_der_x509_certificate(IVAN.certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    numbers = key.public_numbers()
    modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
    assert remarks(with_key(modulus, exponent)) == []
    assert remarks(with_key(b"\0" + modulus, exponent)) == []
    told = "elements in the signature are not signed: "
    assert remarks(with_key(exponent, exponent)) == [f"{told}Modulus"]
    assert remarks(with_key(modulus[1:], modulus)) == [f"{told}Modulus, Exponent"]
