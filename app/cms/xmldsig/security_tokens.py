"""The tokens of a SOAP message that contain certificates (WS-Security 1.1).

A signature refers to them, or identifies the certificate (X.509 Certificate Token Profile 1.1
section 3). All of them are read once for each document, so that hundreds of signatures may refer to
the same.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from lxml import etree

from app.cms import text_encoding
from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET
from app.cms.x509.certificate import (
    MAX_CERTIFICATE_SIZE,
    read_certificate,
    readable_key_identifier,
)
from app.cms.xmldsig.attributes import list_identifiers

# The namespaces of XMLDSig and of WS-Security, as lxml writes them before a name.
DS = "{http://www.w3.org/2000/09/xmldsig#}"
DS_11 = "{http://www.w3.org/2009/xmldsig11#}"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
# Tokens of one message that are read, and certificates of one token.
MAX_TOKENS = 16

BINARY_TOKEN = WSSE + "BinarySecurityToken"
TOKEN_REFERENCE = WSSE + "SecurityTokenReference"
# Suffixes of the types of tokens and identifiers whose value isn't the certificate itself (profile,
# sections 3.1 and 3.2).
_PATH, _PKCS7 = "#X509PKIPathv1", "#PKCS7"
_KEY_IDENTIFIER, _THUMBPRINT = "#X509SubjectKeyIdentifier", "#ThumbprintSHA1"
# Characters of a certificate in base64, with line ends and other separators.
_MAX_TEXT = 3 * MAX_CERTIFICATE_SIZE
# Placeholder for an unreadable certificate, which may have been the signer's.
UNREADABLE = b""


@dataclass(frozen=True, slots=True)
class _Token:
    """A BinarySecurityToken: its identifiers, and its certificates (DER)."""

    ids: frozenset[str]
    certificates: tuple[bytes, ...]


class SecurityTokens:
    """The tokens of one document."""

    def __init__(self, root: etree._Element, admit: Callable[[bytes], bytes]) -> None:
        """Take the document, and a function that returns UNREADABLE for unreadable values."""
        self._root = root
        self._admit = admit

    @cached_property
    def _tokens(self) -> list[_Token]:
        return [self._read(one) for one in islice(self._root.iter(BINARY_TOKEN), MAX_TOKENS)]

    def _read(self, element: etree._Element) -> _Token:
        certificates = tuple(map(self._admit, open_token(element)))
        return _Token(frozenset(list_identifiers(element)), certificates)

    def list_certificates(self) -> list[bytes]:
        """List the certificates of all tokens."""
        return [der for token in self._tokens for der in token.certificates]

    def follow(self, reference: etree._Element) -> Iterator[bytes]:
        """Return the certificates of a SecurityTokenReference, from the message itself."""
        for part in islice(reference.iterchildren("*"), MAX_TOKENS):
            if part.tag == WSSE + "KeyIdentifier":
                yield from self._identify(part)
            elif part.tag == WSSE + "Reference":
                yield from self._named(part.get("URI", ""))
            elif part.tag == WSSE + "Embedded":
                for token in islice(part.iterchildren(BINARY_TOKEN), MAX_TOKENS):
                    yield from open_token(token)

    def _named(self, uri: str) -> tuple[bytes, ...]:
        """Return the certificates of the token with an Id; none if the Id isn't unique."""
        found = [token for token in self._tokens if uri[:1] == "#" and uri[1:] in token.ids]
        return found[0].certificates if len(found) == 1 else ()

    def _identify(self, identifier: etree._Element) -> list[bytes]:
        """Return the certificates of a KeyIdentifier: the value itself, or a token's."""
        value = decode(identifier)
        if identifier.get("ValueType", "").endswith((_KEY_IDENTIFIER, _THUMBPRINT)):
            return [der for mark, der in self._marks if mark == value]
        return [value]

    @cached_property
    def _marks(self) -> list[tuple[bytes, bytes]]:
        """List the identifiers of the tokens' certificates: key identifiers and thumbprints."""
        found: list[tuple[bytes, bytes]] = []
        for der in filter(None, dict.fromkeys(self.list_certificates())):
            identifier = readable_key_identifier(read_certificate(der))
            found += [(identifier, der)] if identifier else []
            found.append((hashlib.sha1(der, usedforsecurity=False).digest(), der))
        return found


def open_token(token: etree._Element) -> list[bytes]:
    """Return the certificates in a BinarySecurityToken, the end entity's first if they are a path.

    MAX_TOKENS at most.
    """
    kind = token.get("ValueType", "")
    if not kind.endswith((_PATH, _PKCS7)):
        return [decode(token)]
    try:
        node = read_node(decode(token, MAX_TOKENS * _MAX_TEXT))
        listed = node.children(MAX_TOKENS)[::-1] if kind.endswith(_PATH) else _open_pkcs7(node)
    except DAMAGE:
        return [UNREADABLE]
    return [one.encoded for one in listed]


def is_bare(token: etree._Element) -> bool:
    """Return whether a BinarySecurityToken consists of certificates alone, as far as is known.

    A PKCS #7 may contain text and signatures, too.
    """
    if not token.get("ValueType", "").endswith(_PKCS7):
        return True
    try:
        node = read_node(decode(token, MAX_TOKENS * _MAX_TEXT))
        outer = node.fields()
        outer.take(OBJECT_IDENTIFIER)
        fields = outer.take(EXPLICIT_0).only().fields()
        outer.end()
        fields.take(INTEGER)
        digests, content = fields.take(SET), fields.take(SEQUENCE)
        fields.take(EXPLICIT_0)
        signers = fields.take(SET)
        fields.end()
        content.only()
    except DAMAGE:
        return False
    return not digests.contents and not signers.contents


def _open_pkcs7(node: Node) -> list[Node]:
    """List the certificates of a SignedData (RFC 5652 section 5.1). Raises one of DAMAGE."""
    content_info = node.fields()
    content_info.take(OBJECT_IDENTIFIER)
    fields = content_info.take(EXPLICIT_0).only().fields()
    for tag in (INTEGER, SET, SEQUENCE):
        fields.take(tag)
    return fields.take(EXPLICIT_0).children(MAX_TOKENS)


def decode(element: etree._Element, limit: int = _MAX_TEXT) -> bytes:
    """Decode an element's base64; UNREADABLE if it is none, or longer than `limit`."""
    try:
        return UNREADABLE if len(element.text or "") > limit else decode_text(element)
    except ValueError:
        return UNREADABLE


def decode_text(element: etree._Element) -> bytes:
    """Decode an element's base64, which Java fills with carriage returns. Raises ValueError.

    A comment inside would split the text, and programs differ in which half they read.
    """
    if len(element):
        raise ValueError("not only text")
    plain = (element.text or "").encode(errors="replace").translate(None, b" \t\r\n")
    return text_encoding.decode_padded(plain.decode("ascii"))
