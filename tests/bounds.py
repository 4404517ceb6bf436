"""Signatures and bodies that once took gigabytes, or half a minute."""

from __future__ import annotations

from base64 import b64encode, encodebytes

from app.cms.algorithms.registry import digest
from app.cms.xmldsig.canonical_forms import EXCLUSIVE
from app.cms.xmldsig.security_tokens import WSSE
from tests import der, pki
from tests.api import people
from tests.gost_signer import GOST_2015_512
from tests.pki.xml_signer import C14N, DS, ENVELOPED, SHA256

GOST_34311, GOST_94_CRYPTO_PRO = "1.2.398.3.10.1.3.1", "1.2.643.2.2.9"
STREEBOG_256, STREEBOG_512 = "1.2.398.3.10.1.3.2", "1.2.398.3.10.1.3.3"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


def percent_encoded_uri() -> str:
    """Thirty megabytes of percent-encoded characters: 2.3 GB."""
    return "data:application/xml,%3Ca%3E" + "%41" * 10_000_000


def millions_of_strings() -> bytes:
    """Ten million empty strings in JSON: 1.9 GB."""
    return b'{"document":[' + b'"",' * 9_999_999 + b'""]}'


def signatures_with_many_references() -> str:
    """200 signatures with 50 references each, over 23 MB: 34 s."""
    signature = _sign(count=50)
    text = f"<b>{'x' * 5_000_000}</b>"
    return f"<a>{text * 2}{signature * 200}</a>"


def _sign(form: str = C14N, uri: str = "", count: int = 1) -> str:
    """Sign with references to the document, or to an element in it, whose digest is wrong."""
    certificate = b64encode(pki.person().certificate).decode()
    enveloped = "" if uri else f'<Transform Algorithm="{ENVELOPED}"/>'
    reference = (
        f'<Reference URI="{uri}"><Transforms>{enveloped}<Transform Algorithm="{form}"/>'
        f'</Transforms><DigestMethod Algorithm="{SHA256}"/><DigestValue>AAAA</DigestValue>'
        "</Reference>"
    )
    return (
        f'<Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<SignatureMethod Algorithm="{MORE}rsa-sha256"/>{reference * count}</SignedInfo>'
        f"<SignatureValue>AAAA</SignatureValue><KeyInfo><X509Data><X509Certificate>{certificate}"
        "</X509Certificate></X509Data></KeyInfo></Signature>"
    )


def escaped_texts(form: str = C14N) -> str:
    """A document of 30 MB, nearly all of it ">", which canonical XML writes as "&gt;": 269 MB."""
    text = f"<b>{'>' * 5_200_000}</b>"
    return f"<a>{text * 3}{_sign(form)}</a>"


def escaped_texts_exclusive() -> str:
    """The same in the exclusive form, with comments."""
    return escaped_texts(EXCLUSIVE + "WithComments")


def half_escaped_texts() -> str:
    """A fifth of the same, and other texts: 213 MB."""
    text = f"<b>{'x' * 5_900_000}</b>"
    return f"<a><b>{'>' * 4_000_000}</b>{text * 2}{_sign()}</a>"


def escaped_attributes() -> str:
    """The same ">" in attributes of an element that is signed, and so is copied: 340 MB."""
    element = f"<b c='{'>' * 5_200_000}'/>"
    return f'<a><c Id="i">{element * 3}</c>{_sign(uri="#i")}</a>'


def escaped_quotes() -> str:
    """Quotes in attributes, each of which canonical XML writes with six characters."""
    element = f"<b c='{chr(34) * 5_000_000}'/>"
    return f'<a><c Id="i">{element * 2}</c>{_sign(uri="#i")}</a>'


def _numbered(text: str, count: int) -> str:
    """Repeat a text, with another number in each in the place of five zeros."""
    return "".join(text.replace("00000", f"{number:05}") for number in range(count))


def _with_attributes(beginning: str, count: int, signature: str = "") -> str:
    names = _numbered(f' {beginning}00000="1"', count)
    return f"<a><b{names}/>{signature or _sign()}</a>"


def short_attributes() -> str:
    """An element with 59,000 attributes, in 0.6 MB: 4 s."""
    return _with_attributes("a", 59_000)


def attributes_alike() -> str:
    """An element with 20,000 attributes whose names begin alike, in 3.2 MB: 10.5 s."""
    return _with_attributes("a" * 150, 20_000)


def long_attributes_alike() -> str:
    """An element with 5,000 of them, longer, which were within the budget: 6.4 s."""
    return _with_attributes("a" * 900, 5_000)


def attributes_and_two_certificates() -> str:
    """The same with a choice of two certificates, for which a save canonicalises: 10.4 s."""
    other = b64encode(pki.authority().certificate).decode()
    end = "</X509Certificate>"
    signature = _sign().replace(end, f"{end}<X509Certificate>{other}{end}")
    return _with_attributes("a" * 150, 20_000, signature)


def identifiers_alike() -> str:
    """Tokens and properties, each with thousands of such attributes, that signatures point to."""
    names = _numbered(f' {"a" * 900}00000="1"', 1_200)
    token = f'<w:BinarySecurityToken xmlns:w="{WSSE[1:-1]}"{names}/>'
    reference = f'<w:SecurityTokenReference xmlns:w="{WSSE[1:-1]}"><w:Reference URI="#x"/>'
    properties = f'<Object{names}><x:QualifyingProperties xmlns:x="urn:x">'
    properties += "<x:SignedProperties/>" * 16 + "</x:QualifyingProperties></Object>"
    signature = _sign(uri="#x").replace("</Signature>", f"{properties}</Signature>")
    signature = signature.replace("</KeyInfo>", f"{reference}</w:SecurityTokenReference></KeyInfo>")
    return f"<a>{token * 15}{signature * 5}</a>"


def prefixes_alike() -> str:
    """A hundred namespaces whose prefixes begin alike, and 20,000 elements: 77 s for 176 KB."""
    names = _numbered(f' xmlns:{"p" * 900}00000="urn:u"', 100)
    return f"<a><b{names}>{'<c/>' * 20_000}</b>{_sign()}</a>"


def prefixes_alike_within_budget() -> str:
    """As many elements as the budget allows with them."""
    names = _numbered(f' xmlns:{"p" * 900}00000="urn:u"', 30)
    return f"<a><b{names}>{'<c/>' * 1_500}</b>{_sign()}</a>"


def names_twice() -> str:
    """Names of 985 bytes that the canonical form writes twice, and a dictionary once: 230 MB."""
    elements = _numbered(f"<{'n' * 985}00000/>", 15_000)
    return f"<a>{elements}{_sign()}</a>"


def long_namespace() -> str:
    """Elements in a namespace of 9 MB, which was copied with each of their names."""
    return f'<a xmlns:p="urn:{"n" * 9_000_000}">{"<p:b/>" * 45_000}{_sign()}</a>'


def prefix_list() -> str:
    """A list of three million prefixes, each of which became a text of its own: 317 MB."""
    prefixes = "aa ab ac ad ae af ag ah ai aj " * 330_000
    listed = f'<InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="{prefixes}"/>'
    plain = f'<CanonicalizationMethod Algorithm="{C14N}"/>'
    whole = f'<CanonicalizationMethod Algorithm="{EXCLUSIVE}">{listed}</CanonicalizationMethod>'
    return f"<a>{_sign().replace(plain, whole)}</a>"


def wide_xml() -> bytes:
    """A document of 29 MB of one byte each, with one character of four: 303 MB."""
    text = f"<b>{'x' * 9_900_000}</b>"
    return f"<a>{text * 2}<b>{'x' * 8_900_000}\N{GRINNING FACE}</b>{_sign()}</a>".encode()


def wide_by_reference() -> str:
    """Values that a reference to a character makes four times as large: 336 MB."""
    value = "&#x1F600;" + "x" * 5_000_000
    return f"<a>{_sign(count=3).replace(SHA256, value)}</a>"


def content_of_many_digests() -> tuple[str, str]:
    """A detached signature with the four digests of GOST, and 28 MB of base64 of LF: 7.5 s."""
    who, infos = pki.person(), []
    for oid in (GOST_34311, GOST_94_CRYPTO_PRO, STREEBOG_256, STREEBOG_512):
        attributes = [
            der.attribute(pki.CONTENT_TYPE, der.oid(pki.DATA)),
            der.attribute(pki.MESSAGE_DIGEST, der.octets(digest(oid, b"other"))),
        ]
        infos.append(pki.signer_info(who, b"other", digest=oid, signed=sorted(attributes)))
    cms = pki.signed_data(infos, [who], None)
    return b64encode(cms).decode(), encodebytes(b"\n" * 21_000_000).decode()


def gost_signers() -> str:
    """256 signers with GOST, one of which has signed, in 119 KB: 22 s."""
    who = pki.person("GOST", pki.gost_key("GOST", GOST_2015_512))
    first = pki.signer_info(who)
    others = [first[:-4] + number.to_bytes(2, "big") + first[-2:] for number in range(255)]
    return b64encode(pki.signed_data([first, *others], [who])).decode()


def large_timestamps() -> str:
    """Timestamps of millions of empty elements: 2 s on a save."""
    info = der.sequence(der.NULL * 500_000)
    content = der.sequence(der.oid("1.2.840.113549.1.9.16.1.4"), der.explicit(0, der.octets(info)))
    data = der.sequence(der.integer(3), der.set_of(), content, der.set_of())
    token = der.sequence(der.oid("1.2.840.113549.1.7.2"), der.explicit(0, data))
    attribute = der.attribute(pki.TIMESTAMP, *[token] * 4)
    infos = [pki.signer_info(pki.person(f"P{number}"), unsigned=[attribute]) for number in range(5)]
    people = [pki.person(f"P{number}") for number in range(5)]
    return b64encode(pki.signed_data(infos, people)).decode()


def escaped_form() -> bytes:
    """A form of 28 MB with nearly as many percent-encoded characters as are allowed: 212 MB."""
    return b"cms=" + b"%41" * 99_999 + b"x" * 28_000_000


def zeros() -> str:
    """A signature over 21 MB of zeros, each of which JSON writes with six bytes: 240 MB."""
    return people.cms(people.ivan(), content=bytes(21_000_000))


def wide_json() -> bytes:
    """A value of 28 MB of one byte each with one character of four at the end: 229 MB."""
    return b'{"cms":"' + b"A" * 28_000_000 + '😀"}'.encode()


def wide_form() -> bytes:
    """The same as a form, the character percent-encoded."""
    return b"cms=" + b"A" * 28_000_000 + b"%F0%9F%98%80"


def wide_document() -> str:
    """A document of 31 MB with a letter of two bytes, and each sign of base64url: 239 MB."""
    return "A" * 31_000_000 + "-_\t A\n" + "й"


def long_name() -> str:
    """A certificate of 20 MB, which is refused when all of it was decoded."""
    name = der.sequence(
        der.set_of(der.sequence(der.oid("2.5.4.3"), der.tlv(12, b"A" * 20_000_000)))
    )
    who = pki.certify(name, pki.rsa_key("LONG"), pki.authority(), pki.PERSON)
    return b64encode(pki.signed_data([pki.signer_info(who)], [who])).decode()


def deep_json() -> bytes:
    """Nothing but opened arrays."""
    return b'{"cms":' + b"[" * 29_000_000


def long_head() -> bytes:
    """A form whose only part has a head of fifteen million lines: 2,155 MB, 10.6 s."""
    return b"--X\r\n\r\na" + b"\na" * 14_500_000 + b"\r\n\r\nv\r\n--X--\r\n"


def many_heads() -> bytes:
    """A form of a thousand parts, each with a head of 8 KB in thousands of lines: 3 s."""
    head = b'--X\r\nContent-Disposition: form-data; name="a"\r\n' + b"a\n" * 4_000
    return (head + b"\r\n\r\nv\r\n") * 999 + b"--X--\r\n"


def escaped_quotes_outside() -> bytes:
    """Strings and escaped quotes outside of them, as many of either: 1,145 MB."""
    return b"{" + b',\\"\\\\"' * 4_800_000


def strings_without_commas() -> bytes:
    """Empty strings with nothing between, behind half of a surrogate: 4.1 s."""
    return b'{"\\ud"' + b'""' * 14_500_000


def _armoured(size: int, more: str, line: int = 64) -> str:
    """A signature in PEM, of so many bytes that have no meaning, with more at its end."""
    body = encodebytes(b"\x30\x84" + bytes(size)).decode() if line else "MIQA" + "A" * size
    return f"-----BEGIN CMS-----\n{body}{more}\n-----END CMS-----\n"


def wide_armour() -> str:
    """Base64 of PEM with a character beyond U+FFFF near its end: 293 MB."""
    return b64encode(_armoured(15_300_000, "😀").encode()).decode()


def foreign_armour_in_uri() -> str:
    """PEM with a letter of two bytes in a data URI, percent-encoded: 231 MB."""
    return "data:," + _armoured(28_900_000, "й", 0).replace("\n", "%0A")


def wide_uri() -> str:
    """A document in a data URI, with a character beyond U+FFFF that is percent-encoded: 279 MB."""
    return f"data:text/xml,%3Ca>{f'<b>{chr(120) * 690}</b>' * 41_000}%F0%9F%98%80</a>"


def document_of_single_bytes() -> str:
    """Base64 of a document in windows-1251, all of it letters: 251 MB."""
    text = f"<b>{'й' * 690}</b>" * 29_700
    document = f'<?xml version="1.0" encoding="windows-1251"?><a>{text}</a>'
    return b64encode(document.encode("cp1251")).decode()
