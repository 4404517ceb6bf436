"""Which certificate is the signer's, of those that an XML signature names or brings.

KeyInfo may hold several in any order (XMLDSig section 4.5.4), or point to a token elsewhere in a
SOAP message (WS-Security 1.1, X.509 Certificate Token Profile). The signer's is the one whose key
verifies.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from lxml import etree

from app.cms import algorithms, armour, records, x509
from app.cms.algorithms import AlgorithmIdentifier, PublicKey
from app.cms.budget import Budget
from app.cms.canonical_forms import Undecided, read_form
from app.cms.canonical_xml import Canonicaliser
from app.cms.certificates import MAX_CERTIFICATE_SIZE, is_lone_certificate
from app.cms.errors import TooCostly, Undecidable, UnsupportedAlgorithm
from app.cms.nodes import DAMAGE, read_node
from app.cms.x509 import Certificate, MalformedExtension, read_certificate

# The namespaces of XMLDSig and of WS-Security, as lxml writes them before a name.
DS = "{http://www.w3.org/2000/09/xmldsig#}"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
# Certificates of one signature that are tried, and tokens of one message that are looked through.
MAX_CANDIDATES = 16

_TOKEN = WSSE + "BinarySecurityToken"
_REFERENCE = WSSE + "SecurityTokenReference"
# How the types of tokens and identifiers end (X.509 Certificate Token Profile section 3.1).
_CERTIFICATE, _PATH = "#X509v3", "#X509PKIPathv1"
_KEY_IDENTIFIER, _THUMBPRINT = "#X509SubjectKeyIdentifier", "#ThumbprintSHA1"
_PROPERTIES = (
    f"{DS}Object/{{*}}QualifyingProperties/{{*}}SignedProperties/{{*}}SignedSignatureProperties"
)
_SIGNING_CERTIFICATES = tuple(
    f"{_PROPERTIES}/{{*}}{name}/{{*}}Cert/{{*}}CertDigest"
    for name in ("SigningCertificate", "SigningCertificateV2")
)
# Decimal digits of a serial number, whose 20 octets (RFC 5280 section 4.1.2.2) make 49.
_NUMBER = re.compile(r"-?[0-9]{1,100}")
# What choosing may cost for one document, in the unit of `budget`: it is done on each save.
MAX_COST = 300_000


def list_certificates(signature: etree._Element, root: etree._Element) -> list[bytes]:
    """Return the certificates that may be the signer's, MAX_CANDIDATES at most, each once (DER).

    What is no certificate is left out.
    """
    key_info = signature.find(DS + "KeyInfo")
    if key_info is None:
        return []
    found = islice(_candidates(key_info, root), 2 * MAX_CANDIDATES)
    return list(dict.fromkeys(der for der in found if is_lone_certificate(der)))[:MAX_CANDIDATES]


def _candidates(key_info: etree._Element, root: etree._Element) -> Iterator[bytes]:
    for element in key_info.iterfind(f"{DS}X509Data/{DS}X509Certificate"):
        yield _decode(element)
    for reference in islice(key_info.iterfind(_REFERENCE), MAX_CANDIDATES):
        yield from _follow(reference, root)
    if key_info.find(f"{DS}X509Data/{DS}X509IssuerSerial") is not None:
        yield from _tokens(root)


def _follow(reference: etree._Element, root: etree._Element) -> Iterator[bytes]:
    """Return what a SecurityTokenReference stands for, which is in the message itself."""
    for identifier in islice(reference.iterfind(WSSE + "KeyIdentifier"), MAX_CANDIDATES):
        yield from _identify(identifier, root)
    for pointer in islice(reference.iterfind(WSSE + "Reference"), MAX_CANDIDATES):
        uri = pointer.get("URI", "")
        named = [one for one in _token_elements(root) if f"#{_id(one)}" == uri]
        if len(named) == 1:
            yield from _open_token(named[0])
    for element in reference.iterfind(f"{DS}X509Data/{DS}X509Certificate"):
        yield _decode(element)
    if reference.find(f"{DS}X509Data/{DS}X509IssuerSerial") is not None:
        yield from _tokens(root)


def _identify(identifier: etree._Element, root: etree._Element) -> Iterator[bytes]:
    """Return what a KeyIdentifier stands for: a certificate itself, or a token of the message."""
    kind = identifier.get("ValueType", _CERTIFICATE)
    value = _decode(identifier)
    if kind.endswith(_CERTIFICATE):
        yield value
    elif kind.endswith(_KEY_IDENTIFIER):
        yield from (one for one in _tokens(root) if _key_identifier(one) == value)
    elif kind.endswith(_THUMBPRINT):
        yield from (one for one in _tokens(root) if _sha1(one) == value)


def _token_elements(root: etree._Element) -> list[etree._Element]:
    return list(islice(root.iter(_TOKEN), MAX_CANDIDATES))


def _tokens(root: etree._Element) -> Iterator[bytes]:
    for element in _token_elements(root):
        yield from _open_token(element)


def _open_token(token: etree._Element) -> Iterator[bytes]:
    """Return the certificates in a BinarySecurityToken, the end entity's first."""
    value = _decode(token)
    if not token.get("ValueType", _CERTIFICATE).endswith(_PATH):
        yield value
    elif len(value) <= MAX_CANDIDATES * MAX_CERTIFICATE_SIZE:
        try:
            listed = read_node(value).children(MAX_CANDIDATES)
        except DAMAGE:
            return
        yield from (node.encoded for node in reversed(listed))


def _id(element: etree._Element) -> str | None:
    """Return the identifier of an element: an attribute Id in any namespace (wsu:Id as a rule)."""
    for name, value in element.attrib.items():
        if etree.QName(name).localname.lower() == "id":
            return str(value)
    return None


def _decode(element: etree._Element) -> bytes:
    """Decode an element's base64; nothing if it is none."""
    text = (element.text or "").encode(errors="replace").translate(None, b" \t\r\n")
    try:
        return b"" if len(element) else armour.decode_padded(text.decode("ascii"))
    except ValueError:
        return b""


def _key_identifier(der: bytes) -> bytes | None:
    try:
        return x509.subject_key_identifier(read_certificate(der))
    except (MalformedExtension, *DAMAGE, *records.DAMAGE):
        return None


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class NamedCertificate:
    """What a signature says of its signer's certificate beside its key.

    `serial_numbers` are those of X509IssuerSerial, and `digests`, pairs of algorithm (dotted, None
    if it is not known here) and value, those of the XAdES property SigningCertificate (ETSI EN 319
    132-1 section 5.2.2), first entries alone. Issuers' names, which are written in many ways, are
    not compared.
    """

    serial_numbers: frozenset[int]
    digests: tuple[tuple[str | None, bytes], ...]

    def has_number_of(self, certificate: Certificate) -> bool:
        """Tell whether no serial number is named, or that of this certificate is."""
        return not self.serial_numbers or certificate.serial_number in self.serial_numbers

    def is_digest_of(self, certificate: Certificate, budget: Budget) -> bool:
        """Tell whether every digest is that of this certificate. Raises Undecidable."""
        return all(
            oid is None or budget.digest(oid, certificate.der) == value
            for oid, value in self.digests
        )

    def fits(self, certificate: Certificate, budget: Budget) -> bool:
        """Tell whether nothing that is named speaks against this certificate."""
        try:
            return self.has_number_of(certificate) and self.is_digest_of(certificate, budget)
        except Undecidable:
            return False


def read_named(signature: etree._Element) -> NamedCertificate:
    """Read what a ds:Signature says of its signer's certificate."""
    key_info = signature.find(DS + "KeyInfo")
    numbers = [] if key_info is None else key_info.iter(DS + "X509SerialNumber")
    digests = [
        (algorithms.DIGEST_URIS.get(_method(found)), _decode_child(found, "DigestValue"))
        for path in _SIGNING_CERTIFICATES
        if (found := signature.find(path)) is not None
    ]
    return NamedCertificate(
        frozenset(_read_number(one) for one in islice(numbers, MAX_CANDIDATES)), tuple(digests)
    )


def _method(digest: etree._Element) -> str:
    found = digest.find(DS + "DigestMethod")
    return "" if found is None else found.get("Algorithm", "")


def _decode_child(parent: etree._Element, name: str) -> bytes:
    found = parent.find(DS + name)
    return b"" if found is None else _decode(found)


def _read_number(element: etree._Element) -> int:
    """Read an X509SerialNumber; -1, which no certificate has, if it is none."""
    text = (element.text or "").strip()
    return int(text) if _NUMBER.fullmatch(text) else -1


class CertificateChooser:
    """Finds the signers' certificates of one document, within a budget for all of them."""

    def __init__(self, root: etree._Element, xml: bytes) -> None:
        """Take the document, which stays as it is, and its bytes."""
        self._root = root
        self._xml = xml
        self._budget = Budget(MAX_COST)

    @cached_property
    def _canonicaliser(self) -> Canonicaliser:
        return Canonicaliser(self._root, self._xml, {})

    def choose(self, signature: etree._Element, candidates: Sequence[bytes], value: bytes) -> bytes:
        """Return the signer's certificate of several: the one whose key verifies `value`.

        Of several with that key, the one that the signature names counts. If none verifies, or if
        it can't be told, it is the one that is named, else one that issued none of the others, else
        the first: verification tells then what is wrong.
        """
        read = {der: read_certificate(der) for der in candidates}
        name = read_named(signature)
        named = [der for der in candidates if name.fits(read[der], self._budget)]
        keys = self._list_verifying(signature, read.values(), value)
        verifying = [der for der in candidates if read[der].public_key in keys]
        issuers = {certificate.issuer for certificate in read.values()}
        leaves = [der for der in candidates if read[der].subject not in issuers]
        preferences = (
            [der for der in verifying if der in named],
            verifying,
            named if len(named) < len(candidates) else [],
            leaves,
            candidates,
        )
        return next(listed[0] for listed in preferences if listed)

    def _list_verifying(
        self, signature: etree._Element, certificates: Iterable[Certificate], value: bytes
    ) -> list[PublicKey]:
        """Return the keys with which the signature value verifies."""
        signed_info = signature.find(DS + "SignedInfo")
        method = signature.find(f"{DS}SignedInfo/{DS}SignatureMethod")
        canonical = signature.find(f"{DS}SignedInfo/{DS}CanonicalizationMethod")
        if signed_info is None or method is None or canonical is None:
            return []
        known = algorithms.SIGNATURE_URIS.get(method.get("Algorithm", ""))
        if known is None:
            return []
        keys = dict.fromkeys(one.public_key for one in certificates)
        try:
            octets = self._canonicaliser.octets(signed_info, read_form(canonical))
            return [key for key in keys if self._verifies(key, known, octets, value)]
        except (Undecided, TooCostly):
            return []

    def _verifies(
        self,
        key: PublicKey,
        method: tuple[AlgorithmIdentifier, str],
        octets: bytes,
        value: bytes,
    ) -> bool:
        """Check a signature value. Raises TooCostly."""
        try:
            return self._budget.verify_signature(key, *method, octets, value)
        except UnsupportedAlgorithm:
            return False
