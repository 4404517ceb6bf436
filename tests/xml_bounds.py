"""Documents of which each made reading or verifying take more than 2 s, or 200 MB."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from lxml import etree

from app.cms.xmldsig.canonical_forms import EXCLUSIVE
from app.cms.xmldsig.security_tokens import WSSE
from tests import der, pki
from tests.pki.certificates import Holder
from tests.pki.xml_signer import C14N, C14N_COMMENTS, DS, ENVELOPED, RSA_SHA256, SHA256

XADES = "http://uri.etsi.org/01903/v1.3.2#"


def _certificate(who: Holder) -> str:
    # Without "=", of which a document may have only so many.
    value = b64encode(who.certificate).decode().replace("=", "&#61;")
    return f"<X509Data><X509Certificate>{value}</X509Certificate></X509Data>"


def _two_certificates() -> str:
    return _certificate(pki.person()) + _certificate(pki.person("OTHER", pki.ecdsa_key("o")))


def _reference(uri: str = "", value: bytes = bytes(32), transforms: str = "") -> str:
    encoded = b64encode(value).decode().replace("=", "&#61;")
    return (
        f'<Reference URI="{uri}"><Transforms>{transforms}</Transforms>'
        f'<DigestMethod Algorithm="{SHA256}"/><DigestValue>{encoded}</DigestValue></Reference>'
    )


def _transforms(*uris: str) -> str:
    return "".join(f'<Transform Algorithm="{uri}"/>' for uri in uris)


def _sign(references: str, key_info: str = "", more: str = "", form: str = C14N) -> str:
    return (
        f'<Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{form}"/>'
        f'<SignatureMethod Algorithm="{RSA_SHA256}"/>{references}</SignedInfo>'
        f"<SignatureValue>AQAB</SignatureValue>"
        f"<KeyInfo>{key_info or _certificate(pki.person())}</KeyInfo>{more}</Signature>"
    )


def inherited_attributes(levels: int = 250, each: int = 80, count: int = 8) -> str:
    """Inherited xml:* attributes, all of which were set on one element: 88 s for 334 KB."""
    around = "".join(
        f"<a{''.join(f' xml:a{level}_{place}={chr(34)}1{chr(34)}' for place in range(each))}>"
        for level in range(levels)
    )
    signature = _sign(_reference(), _two_certificates())
    return f"<r>{around}{signature * count}{'</a>' * levels}</r>"


def inherited_attributes_small() -> str:
    """The same in so little that a save verifies it: 6 s."""
    return inherited_attributes(200, 60, 4)


def objects_of_many_attributes(count: int = 29) -> str:
    """Long names asked sixteen times over for identifiers: 11 s."""
    attributes = "".join(f' {"x" * 980}{place}="1"' for place in range(1000))
    properties = "<x:SignedProperties/>" * 16
    added = (
        f'<Object><x:QualifyingProperties xmlns:x="{XADES}"{attributes}>{properties}'
        "</x:QualifyingProperties></Object>"
    )
    return f"<r>{_sign(_reference('#x'), more=added) * count}</r>"


def long_attribute_above(count: int = 100, references: int = 1, levels: int = 1) -> str:
    """Long values above each SignedInfo, copied for each: 8 s."""
    opened = f'<a b="{"Ж" * 3_900_000}">' * levels
    signature = _sign(_reference("#x") * references, _two_certificates())
    return f'<r>{opened}<p Id="x"/>{signature * count}{"</a>" * levels}</r>'


def long_attribute_above_references() -> str:
    """The same for each reference."""
    return long_attribute_above(2, 100, 2)


def encoded_key_names(count: int = 900) -> str:
    """Words of KeyName that are searched in a long name, each from its beginning: 4 s."""
    value = der.tlv(12, b"a" * 7300 + b"zq")
    name = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), value)))
    who = pki.certify(name, pki.rsa_key("w"), None, pki.PERSON)
    names = f"<KeyName>{'#7a71,' * 666}</KeyName>" * count
    return f"<r>{_sign(_reference(), _certificate(who) + names)}</r>"


def key_names() -> str:
    """Megabytes of names to split into words: 10 s."""
    names = f"<KeyName>{'a,' * 1999}</KeyName>" * 7000
    return f"<r>{_sign(_reference(), _certificate(pki.person()) + names)}</r>"


def encoded_types_in_key_names(count: int = 480) -> str:
    """Types with encoded values, of which each is searched with its type."""
    value = der.tlv(12, b"a" * 7300 + b"zq")
    name = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), value)))
    who = pki.certify(name, pki.rsa_key("w"), None, pki.PERSON)
    names = f"<KeyName>{'SN&#61;#7a71,' * 400}</KeyName>" * count
    return f"<r>{_sign(_reference(), _certificate(who) + names)}</r>"


def digests_of_certificates(count: int = 16_000) -> str:
    """Digests in KeyInfo, each of which made all certificates be hashed: 3 s."""
    algorithm = "http://www.w3.org/2001/04/xmlenc#sha512"
    added = f'<e:X509Digest Algorithm="{algorithm}">AQAB</e:X509Digest>' * count
    filler = pki.extension("1.2.3.4", bytes(14_000))
    listed = "".join(
        _certificate(pki.certify(pki.name(f"P{number}"), pki.ecdsa_key("o"), None, [filler]))
        for number in range(16)
    )
    data = f'<X509Data xmlns:e="http://www.w3.org/2009/xmldsig11#">{added}</X509Data>'
    return f"<r>{_sign(_reference(), listed + data)}</r>"


def words_of_many_names(count: int = 250) -> str:
    """Sixteen certificates with hundreds of words each, which each signature names: 3 s."""
    tokens = "".join(f"{_token(number)}" for number in range(16))
    named = "".join(f'<w:Reference URI="#t{number}"/>' for number in range(16))
    key_info = f"<w:SecurityTokenReference>{named}</w:SecurityTokenReference><KeyName>a</KeyName>"
    return f'<r xmlns:w="{WSSE[1:-1]}">{tokens}{_sign(_reference(), key_info) * count}</r>'


def _token(number: int) -> str:
    value = der.tlv(12, (b"a,b+c;" * 35)[:200])
    part = der.set_of(der.sequence(der.oid("2.5.4.3"), value))
    who = pki.certify(der.sequence(*[part] * 30), pki.ecdsa_key(f"w{number}"), None, pki.PERSON)
    encoded = b64encode(who.certificate).decode().replace("=", "&#61;")
    return f'<w:BinarySecurityToken Id="t{number}">{encoded}</w:BinarySecurityToken>'


def moved_properties(count: int = 110, parts: int = 64) -> str:
    """Properties in signed parts, looked for by each signature: 3 s."""
    inner = f"<q:QualifyingProperties>{'<q:SignedProperties/>' * 16}</q:QualifyingProperties>" * 16
    beginning = f'<r xmlns:q="{XADES}">'
    listed = [f'<p Id="x{number}">{inner}</p>' for number in range(parts)]
    references = ""
    for number, part in enumerate(listed):
        element = etree.fromstring(f"{beginning}{part}</r>")[0]
        octets = etree.tostring(element, method="c14n", exclusive=True)
        value = hashlib.sha256(octets).digest()
        references += _reference(f"#x{number}", value, _transforms(EXCLUSIVE))
    return f"{beginning}{''.join(listed)}{_sign(references, form=EXCLUSIVE) * count}</r>"


def large_texts(count: int = 3, size: int = 5_200_000, uri: str = "") -> str:
    """Nearly as much as is read, with one letter of two bytes: with 29 MB, 278 MB with margins."""
    signature = _sign(_reference(uri, transforms=_transforms(ENVELOPED, C14N_COMMENTS)))
    texts = f"<a>{'x' * size}</a>" * count
    return f"\n<?xml version='1.0'?><r>Ж{texts}<!-- c -->{signature}</r>\n"


def too_large() -> str:
    """The same, larger than what is read."""
    return large_texts(size=9_600_000)


def large_part() -> str:
    """The same as one part, which is copied in its context."""
    text = large_texts(uri="#x").replace("<r>", '<r><p Id="x">')
    return text.replace("<!-- c -->", "</p>")


def large_part_by_the_root() -> str:
    """The same, where the root is that part."""
    return large_texts(uri="#x").replace("<r>", '<r Id="x">')


def nested_signatures(levels: int = 3, size: int = 5_300_000) -> str:
    """Signatures in each other's SignedInfo, a large text innermost: 234 MB."""
    inner = f"<a>{'x' * size}</a>" * 3
    for _ in range(levels):
        inner = _sign(_reference(transforms=_transforms(ENVELOPED, C14N)) + inner)
    return f"<r>{inner}</r>"


def large_part_and_whole() -> str:
    """The document and a part of it, by turns: each needs the other's memory."""
    references = "".join(
        _reference(uri, transforms=_transforms(ENVELOPED, C14N)) for uri in ("", "#x") * 2
    )
    return f'<r><p Id="x">Ж{f"<a>{chr(120) * 5_300_000}</a>" * 3}</p>{_sign(references)}</r>'


def large_part_of_many_elements(count: int = 28_000) -> str:
    """A part of many elements, each of which takes memory besides its text: 242 MB by HTTP."""
    signature = _sign(_reference("#x", transforms=_transforms(ENVELOPED, C14N)))
    return (
        f'<r>Ж<p Id="x">{f"<a b={chr(34)}{chr(120) * 540}{chr(34)}/>" * count}</p>{signature}</r>'
    )


def large_texts_in_uri() -> str:
    """The same in a data URI: 198 MB."""
    return "data:text/xml," + large_texts().strip().replace("Ж", "%D0%96")


def long_canonical_form() -> str:
    """A document whose canonical form is near its limit of 40 MB: 234 MB."""
    signature = _sign(_reference(transforms=_transforms(ENVELOPED, C14N_COMMENTS)))
    texts = f"<a>{'x' * 4_800_000}</a>" * 2
    return f"<r>Ж{texts}<!-- c -->{('<' + 'n' * 990 + '/>') * 6_000}{signature}</r>"


def long_prefixes_above(elements: int = 90_000, depth: int = 250) -> str:
    """Let each element look for namespaces, whose prefixes begin alike, on all elements above."""
    prefixes = [f"{'z' * 990}{number:02d}" for number in range(3)]
    declared = "".join(f" xmlns:{prefix}='urn:{prefix[-2:]}'" for prefix in prefixes)
    begin, end = f"<{prefixes[0]}:b>" * depth, f"</{prefixes[0]}:b>" * depth
    signature = _sign(_reference("", transforms=_transforms(ENVELOPED, C14N)))
    return f"<r{declared}>{begin}{'<a/>' * elements}{end}{signature}</r>"


def long_prefix_list(elements: int = 2000, depth: int = 240) -> str:
    """Let each element look for the prefixes of a PrefixList, which nothing declares."""
    names = [f"{'z' * 900}{number:02d}" for number in range(64)]
    prefix, listed = f"{'z' * 900}xx", " ".join(names)
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{listed}"/>'
    form = f'<Transform Algorithm="{EXCLUSIVE}">{inclusive}</Transform>'
    known = "".join(f"<{name}/>" for name in names)
    begin, end = f"<{prefix}:b>" * depth, f"</{prefix}:b>" * depth
    signature = _sign(_reference("", transforms=_transforms(ENVELOPED) + form))
    return f"<r xmlns:{prefix}='urn:p'>{known}{begin}{'<a/>' * elements}{end}{signature}</r>"
