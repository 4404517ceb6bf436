"""Text in KeyInfo that its certificates contain too (XMLDSig section 4.5).

KeyInfo is not signed. Text that is a certificate, or repeats a part of one, is harmless; any other
text may have been added by anyone.
"""

from collections.abc import Sequence
from functools import cached_property

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.names import SHA_1, SHA_256, SHA_384, SHA_512
from app.cms.x509.certificate import Certificate, key_identifiers
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.key_values import is_curve_of_key, is_part_of_key
from app.cms.xmldsig.name_words import NameWords, is_said, read_words
from app.cms.xmldsig.security_tokens import (
    BINARY_TOKEN,
    DS,
    DS_11,
    WSSE,
    decode,
    is_bare,
    open_token,
)
from app.cms.xmldsig.signature_parts import has_text

CONTAINERS = frozenset(
    [
        *(DS + name for name in ("KeyInfo", "X509Data", "X509IssuerSerial", "KeyValue")),
        *(DS + name for name in ("RSAKeyValue", "DSAKeyValue")),
        DS_11 + "ECKeyValue",
        *(WSSE + name for name in ("SecurityTokenReference", "Embedded", "Reference")),
    ]
)
"""Elements of KeyInfo that hold others, or nothing, but no text."""

OF_KEY_INFO = (DS, DS_11, WSSE)
"""The namespaces of the elements of KeyInfo."""

_KEY_NUMBERS = frozenset(
    [*(DS + name for name in ("Modulus", "Exponent", "P", "Q", "G", "Y")), DS_11 + "PublicKey"]
)
_ISSUER = DS + "X509IssuerName"
_KEY_NAME = DS + "KeyName"
_NAMES = (_ISSUER, DS + "X509SubjectName", _KEY_NAME)
# Digests of certificates that are computed: only those implemented in C.
_DIGESTS = (SHA_1, SHA_256, SHA_384, SHA_512)
# Costs, in the unit of `canonical_budget.BUDGET`: of an element, of a character that is decoded, or
# split into words, of one that is looked up in a name, and of an octet that is hashed.
_LOOK, _DECODED, _SPLIT, _LOOKED_UP, _OCTET = 1000, 2, 60, 20, 1
# Characters; more than any name in a certificate has.
_MAX_NAME = 4000


class KnownNames:
    """The words of the names in the certificates of one document; each is read once."""

    def __init__(self) -> None:
        """Start empty."""
        self._known: dict[bytes, NameWords] = {}

    def of(self, name: bytes) -> NameWords:
        """Return the words of an encoded name."""
        if name not in self._known:
            self._known[name] = read_words(name)
        return self._known[name]


class KeyInfoWords:
    """Decides which text in one KeyInfo its certificates contain; the first is the signer's."""

    def __init__(
        self, certificates: Sequence[Certificate], names: KnownNames, budget: Budget
    ) -> None:
        """Take the certificates of the signature, and the names of the document."""
        self._certificates = certificates
        self._names = names
        self._budget = budget
        self._digests_by_oid: dict[str, frozenset[bytes]] = {}

    def account_for(self, element: etree._Element) -> bool:
        """Return whether certificates contain the text of an element without children.

        Raises Undecided if the budget doesn't allow an answer.
        """
        tag, text = str(element.tag), element.text or ""
        self._budget.spend(_LOOK + _DECODED * len(text))
        if tag == DS_11 + "NamedCurve":
            uri = element.get("URI", "")
            return not has_text(element) and is_curve_of_key(uri, self._certificates[0])
        if tag in _NAMES:
            return self._is_name(text, tag)
        if tag == DS + "X509SerialNumber":
            return text.strip() in self._serial_numbers
        if tag == BINARY_TOKEN:
            return is_bare(element) and self._encoded.issuperset(open_token(element))
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
        is_digest = tag == DS_11 + "X509Digest" and oid in _DIGESTS
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

    def _is_name(self, text: str, tag: str) -> bool:
        """Return whether a text consists of the values that names hold, and of types.

        A KeyName speaks of the key that signed, so that no other certificate's name will do.
        """
        if len(text) > _MAX_NAME:
            return False
        asked = self._certificates[:1] if tag == _KEY_NAME else self._certificates
        encoded = dict.fromkeys(one.issuer if tag == _ISSUER else one.subject for one in asked)
        known = [self._names.of(name) for name in encoded]
        self._budget.spend((_SPLIT + _LOOKED_UP * len(known)) * len(text))
        return is_said(text, known)
