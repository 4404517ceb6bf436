"""What a signature leaves open around what it covers is told, though the answer is yes."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from app.cms.xmldsig.customary import WSSE_11, XENC
from app.cms.xmldsig.security_tokens import WSSE
from tests import der, pki
from tests.cms.xml_answers import IVAN, check, remarks, signed
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
REFERENCE, REFERENCE_END = "<w:SecurityTokenReference>", "</w:SecurityTokenReference>"
LINES = f"{'A' * 64}\n{'A' * 64}\n{'A' * 8}\n"


def bag(content: bytes = b"") -> str:
    """Return a PKCS #7 with a certificate and, if it is given, a content, in base64."""
    inside = [der.explicit(0, der.octets(content))] if content else []
    signed_data = der.sequence(
        der.integer(1),
        der.set_of(),
        der.sequence(der.oid("1.2.840.113549.1.7.1"), *inside),
        der.explicit(0, IVAN.certificate),
        der.set_of(),
    )
    made = der.sequence(der.oid("1.2.840.113549.1.7.2"), der.explicit(0, signed_data))
    return b64encode(made).decode()


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
        (f"{REFERENCE}<w:KeyIdentifier>{LINES}</w:KeyIdentifier>{REFERENCE_END}", False),
        (f"{REFERENCE}<w:KeyIdentifier>pay\n1000\nAA\n</w:KeyIdentifier>{REFERENCE_END}", True),
        (f"{REFERENCE}<w:KeyIdentifier>pay1\n0000\n</w:KeyIdentifier>{REFERENCE_END}", True),
        ('<w:BinarySecurityToken pay="1000"/>', True),
        ('<w:BinarySecurityToken w:Id="t" ValueType="pay 1000"/>', True),
        ('<w:BinarySecurityToken w:Id="t" ValueType="urn:x#X509v3"/>', True),
        ('<w:BinarySecurityToken w:Id="t" ValueType="#X509v3"/>', False),
        ('<w:BinarySecurityToken ValueType="#Pay1000"/>', True),
        (f'<w:BinarySecurityToken ValueType="#PKCS7">{bag()}</w:BinarySecurityToken>', False),
        (f'<w:BinarySecurityToken ValueType="#PKCS7">{bag(b"1")}</w:BinarySecurityToken>', True),
        ('<w:BinarySecurityToken ValueType="#PKCS7">AAAA</w:BinarySecurityToken>', True),
        ("<w:SecurityTokenReference><?pay 1000?></w:SecurityTokenReference>", True),
        ("<w:SecurityTokenReference><w:Pay1000/></w:SecurityTokenReference>", True),
        ('<w:SecurityTokenReference><w:Reference URI="#t"/></w:SecurityTokenReference>', False),
        (
            '<w:SecurityTokenReference><w:Reference URI="pay:1000"/></w:SecurityTokenReference>',
            True,
        ),
        (f'<c:SignatureConfirmation xmlns:c="{WSSE_11[1:-1]}" Value="pay 1000"/>', True),
        (f'<c:SignatureConfirmation xmlns:c="{WSSE_11[1:-1]}" Value="pay1000"/>', True),
        (f'<c:SignatureConfirmation xmlns:c="{WSSE_11[1:-1]}" Value="{"A" * 86}=="/>', False),
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


def test_a_key_of_another_certificate_is_told_wherever_that_is() -> None:
    other = pki.person("OTHER", pki.rsa_key("other"))
    key = load_der_x509_certificate(other.certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    numbers = key.public_numbers()
    text = with_key(numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big"))
    encoded = b64encode(other.certificate).decode()
    added = f"<ds:X509Data><ds:X509Certificate>{encoded}</ds:X509Certificate></ds:X509Data>"
    told = ["elements in the signature are not signed: Modulus"]
    assert remarks(text.replace("<ds:KeyInfo>", f"<ds:KeyInfo>{added}")) == told
    assert remarks(text.replace("</ds:KeyInfo>", f"{added}</ds:KeyInfo>")) == told


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


def properties_signed(uri: str, form: str) -> etree._Element:
    """Sign a document by its root's Id, or as a whole, and an Object in the signature."""
    root = etree.fromstring('<doc Id="d"><p>100</p></doc>')
    part = etree.fromstring('<x:part xmlns:x="urn:x" Id="sp">terms</x:part>')
    transform = Transform(form)
    document = Reference(uri, [Transform(ENVELOPED), Transform(C14N)], signed=canonical(root))
    own = Reference("#sp", [transform], signed=canonical(part, transform))
    xml_signer.sign(root, IVAN, document, own, objects=[part])
    return root


@pytest.mark.parametrize("uri", ["", "#d"])
@pytest.mark.parametrize("name", ["base", "note"])
def test_attributes_around_an_own_object_are_named_however_the_root_is_signed(
    uri: str, name: str
) -> None:
    """The part that the root is leaves the signature out, and so doesn't sign what is in it."""
    for path in (".", "{*}Object"):
        root = properties_signed(uri, EXCLUSIVE)
        element = root[-1].find(path)
        assert element is not None
        element.set(f"{{http://www.w3.org/XML/1998/namespace}}{name}", "I agree to pay")
        [checked] = check(root)
        assert any(f"/@{name}" in str(reason) for reason in checked.intact.reasons)
