"""Text in KeyInfo that its certificates contain too (XMLDSig section 4.5).

KeyInfo is not signed. Text that is a certificate, or repeats a part of one, is harmless; any other
text may have been added by anyone.
"""

import re
from collections.abc import Sequence
from functools import cached_property

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.names import SHA_1, SHA_256, SHA_384, SHA_512
from app.cms.x509.certificate import Certificate, key_identifiers
from app.cms.x509.names import read_name
from app.cms.xmldsig.security_tokens import BINARY_TOKEN, DS, WSSE, decode, open_token

_DS_11 = "{http://www.w3.org/2009/xmldsig11#}"
CONTAINERS = frozenset(
    [
        *(DS + name for name in ("KeyInfo", "X509Data", "X509IssuerSerial", "KeyValue")),
        *(DS + name for name in ("RSAKeyValue", "DSAKeyValue")),
        *(_DS_11 + name for name in ("ECKeyValue", "NamedCurve")),
        *(WSSE + name for name in ("SecurityTokenReference", "Embedded", "Reference")),
    ]
)
"""Elements of KeyInfo that hold others, or nothing, but no text."""

_KEY_NUMBERS = frozenset(
    [*(DS + name for name in ("Modulus", "Exponent", "P", "Q", "G", "Y")), _DS_11 + "PublicKey"]
)
_ISSUER = DS + "X509IssuerName"
_NAMES = (_ISSUER, DS + "X509SubjectName", DS + "KeyName")
# Digests of certificates that are computed: only those implemented in C.
_DIGESTS = (SHA_1, SHA_256, SHA_384, SHA_512)
# A distinguished name is written in many ways (RFC 4514 section 2, RFC 2253 section 4), but these
# separate types and values in all. A value that contains one is split on both sides.
_SEPARATORS = re.compile(r"[,;+/=\"\\]")
_DOTTED = re.compile(r"(?:oid\.)?[0-9]+(?:\.[0-9]+)+")
_HEX = re.compile(r"#((?:[0-9a-f]{2})+)")
# Names of attribute types (RFC 4514 section 3), and further ones of Java, .NET and OpenSSL.
_TYPES = frozenset(
    [
        *("cn", "c", "l", "s", "st", "o", "ou", "t", "g", "gn", "sn", "e", "dc", "uid"),
        *("street", "title", "surname", "givenname", "serialnumber", "businesscategory"),
        *("email", "emailaddress"),
    ]
)
# Characters; more than any name in a certificate has.
_MAX_NAME = 4000


class KeyInfoWords:
    """Decides which text in one KeyInfo its certificates contain; the first is the signer's.

    All are parsed once, on first use.
    """

    def __init__(self, certificates: Sequence[Certificate]) -> None:
        """Take the certificates of the signature."""
        self._certificates = certificates

    def account_for(self, element: etree._Element) -> bool:
        """Return whether certificates contain the text of an element without children."""
        tag, text = str(element.tag), element.text or ""
        if tag in _NAMES:
            return self._is_name(text, self._issuers if tag == _ISSUER else self._subjects)
        if tag == DS + "X509SerialNumber":
            return text.strip() in self._serial_numbers
        if tag == BINARY_TOKEN:
            return self._encoded.issuperset(open_token(element))
        value = decode(element)
        if tag in _KEY_NUMBERS:
            return bool(value) and value in self._certificates[0].public_key.der
        return value in self._octets(tag, element.get("Algorithm", ""))

    def _octets(self, tag: str, algorithm: str) -> frozenset[bytes]:
        """Return the possible octets of an element."""
        if tag == DS + "X509Certificate":
            return self._encoded
        if tag == DS + "X509SKI":
            return self._marks
        if tag == WSSE + "KeyIdentifier":
            return self._marks | self._encoded
        oid = algorithms.DIGEST_URIS.get(algorithm)
        is_digest = tag == _DS_11 + "X509Digest" and oid in _DIGESTS
        return self._digests(oid) if is_digest and oid else frozenset()

    @cached_property
    def _encoded(self) -> frozenset[bytes]:
        return frozenset(one.der for one in self._certificates)

    @cached_property
    def _serial_numbers(self) -> frozenset[str]:
        return frozenset(str(one.serial_number) for one in self._certificates)

    @cached_property
    def _marks(self) -> frozenset[bytes]:
        """Identifiers of keys and certificates; some programs include the tag and the length."""
        found = set(self._digests(SHA_1))
        for certificate in self._certificates:
            found |= key_identifiers(certificate)
        return frozenset(found | {b"\x04" + bytes((len(mark),)) + mark for mark in found})

    def _digests(self, oid: str) -> frozenset[bytes]:
        return frozenset(algorithms.digest(oid, one.der) for one in self._certificates)

    @cached_property
    def _subjects(self) -> tuple[bytes, frozenset[str]]:
        return _words_of([one.subject for one in self._certificates])

    @cached_property
    def _issuers(self) -> tuple[bytes, frozenset[str]]:
        return _words_of([one.issuer for one in self._certificates])

    @staticmethod
    def _is_name(text: str, known: tuple[bytes, frozenset[str]]) -> bool:
        """Return whether a text consists of the values that names hold, and of types."""
        encoded, words = known
        if len(text) > _MAX_NAME:
            return False
        for word in _split(text):
            value = _HEX.fullmatch(word)
            if value and bytes.fromhex(value[1]) in encoded:
                continue
            if word not in words and word not in _TYPES and not _DOTTED.fullmatch(word):
                return False
        return True


def _words_of(names: Sequence[bytes]) -> tuple[bytes, frozenset[str]]:
    """Return the encoded names, and the parts of their values."""
    values = [value for name in names for _, value in read_name(name).attributes]
    return b"".join(names), frozenset(word for value in values for word in _split(value))


def _split(text: str) -> list[str]:
    words = (" ".join(word.split()).casefold() for word in _SEPARATORS.split(text))
    return [word for word in words if word]
