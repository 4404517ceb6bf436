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
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.key_values import is_part_of_key
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
# Costs, in the unit of `canonical_budget.BUDGET`: of an element, of a character that is decoded, or
# split into words, of a word that is looked up in a name, and of an octet that is hashed.
_LOOK, _DECODED, _SPLIT, _WORD, _OCTET = 1000, 2, 60, 20, 1
# Characters; more than any name in a certificate has.
_MAX_NAME = 4000


class NameWords:
    """The words of the names in the certificates of one document; each is read once."""

    def __init__(self) -> None:
        """Start empty."""
        self._known: dict[bytes, frozenset[str]] = {}

    def of(self, name: bytes) -> frozenset[str]:
        """Return the parts of the values of an encoded name."""
        if name not in self._known:
            values = (value for _, value in read_name(name).attributes)
            self._known[name] = frozenset(word for value in values for word in _split(value))
        return self._known[name]


class KeyInfoWords:
    """Decides which text in one KeyInfo its certificates contain; the first is the signer's."""

    def __init__(
        self, certificates: Sequence[Certificate], words: NameWords, budget: Budget
    ) -> None:
        """Take the certificates of the signature, and the words of the document."""
        self._certificates = certificates
        self._words = words
        self._budget = budget
        self._digests_by_oid: dict[str, frozenset[bytes]] = {}

    def account_for(self, element: etree._Element) -> bool:
        """Return whether certificates contain the text of an element without children.

        Raises Undecided if the budget doesn't allow an answer.
        """
        tag, text = str(element.tag), element.text or ""
        self._budget.spend(_LOOK + _DECODED * len(text))
        if tag in _NAMES:
            return self._is_name(text, is_issuer=tag == _ISSUER)
        if tag == DS + "X509SerialNumber":
            return text.strip() in self._serial_numbers
        if tag == BINARY_TOKEN:
            return self._encoded.issuperset(open_token(element))
        value = decode(element)
        if tag in _KEY_NUMBERS:
            return is_part_of_key(etree.QName(tag).localname, value, self._certificates[0])
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
        if oid not in self._digests_by_oid:
            self._budget.spend(_OCTET * sum(len(one.der) for one in self._certificates))
            made = (algorithms.digest(oid, one.der) for one in self._certificates)
            self._digests_by_oid[oid] = frozenset(made)
        return self._digests_by_oid[oid]

    def _is_name(self, text: str, *, is_issuer: bool) -> bool:
        """Return whether a text consists of the values that names hold, and of types."""
        if len(text) > _MAX_NAME:
            return False
        self._budget.spend(_SPLIT * len(text))
        names = [one.issuer if is_issuer else one.subject for one in self._certificates]
        known = [self._words.of(name) for name in dict.fromkeys(names)]
        for word in _split(text):
            self._budget.spend(_WORD * len(known))
            if not (
                any(word in words for words in known)
                or word in _TYPES
                or _DOTTED.fullmatch(word)
                or self._is_encoded(word, names)
            ):
                return False
        return True

    def _is_encoded(self, word: str, names: Sequence[bytes]) -> bool:
        """Return whether a word is an encoded value (RFC 4514 section 2.4) of one of the names."""
        value = _HEX.fullmatch(word)
        if value is None:
            return False
        self._budget.spend(sum(map(len, names)))
        octets = bytes.fromhex(value[1])
        return any(octets in name for name in names)


def _split(text: str) -> list[str]:
    words = (" ".join(word.split()).casefold() for word in _SEPARATORS.split(text))
    return [word for word in words if word]
