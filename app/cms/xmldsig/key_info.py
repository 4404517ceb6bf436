"""The certificates that an XML signature contains or names, any of which may be its signer's.

KeyInfo may hold several in any order (XMLDSig section 4.5.4), or point to a token elsewhere in a
SOAP message (see `security_tokens`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from app.cms.x509.certificate import MAX_CERTIFICATE_SIZE, is_lone_certificate
from app.cms.xmldsig.security_tokens import (
    DS,
    MAX_TOKENS,
    TOKEN_REFERENCE,
    UNREADABLE,
    SecurityTokens,
    decode,
)

# Certificates of one signature that are tried.
MAX_CANDIDATES = 16
# Values of one signature that are read for them: certificates may be repeated.
_MAX_VALUES = 2 * MAX_CANDIDATES
# Different values of one document that are parsed, at up to 1 ms each, and how many of them may be
# no certificate.
MAX_DIFFERENT = 512
MAX_REFUSED = 32

_CERTIFICATES = f"{DS}X509Data/{DS}X509Certificate"
_ISSUER_SERIAL = f"{DS}X509Data/{DS}X509IssuerSerial"


@dataclass(frozen=True, slots=True)
class Candidates:
    """The certificates (DER) that may be the signer's, each once.

    `complete`: there are no others, neither beyond the limit nor unreadable ones.
    """

    certificates: tuple[bytes, ...]
    complete: bool


class KeyInfoReader:
    """Reads the KeyInfo of the signatures of one document."""

    def __init__(self, root: etree._Element) -> None:
        """Take the document."""
        self._admit = _Admission().admit
        self._tokens = SecurityTokens(root, self._admit)

    def list_candidates(self, signature: etree._Element) -> Candidates:
        """List the certificates that may be the signer's, MAX_CANDIDATES at most."""
        key_info = signature.find(DS + "KeyInfo")
        if key_info is None:
            return Candidates((), complete=True)
        values = list(islice(self._list_values(key_info), _MAX_VALUES + 1))
        admitted = list(map(self._admit, values[:_MAX_VALUES]))
        certificates = tuple(dict.fromkeys(der for der in admitted if der))
        complete = (
            len(values) <= _MAX_VALUES and all(admitted) and len(certificates) <= MAX_CANDIDATES
        )
        return Candidates(certificates[:MAX_CANDIDATES], complete)

    def _list_values(self, key_info: etree._Element) -> Iterator[bytes]:
        for element in key_info.iterfind(_CERTIFICATES):
            yield decode(element)
        references = list(islice(key_info.iterfind(TOKEN_REFERENCE), MAX_TOKENS))
        for reference in references:
            yield from self._tokens.follow(reference)
            for element in reference.iterfind(_CERTIFICATES):
                yield decode(element)
        if any(one.find(_ISSUER_SERIAL) is not None for one in (key_info, *references)):
            yield from self._tokens.list_certificates()


class _Admission:
    """The values of one document, each of which is parsed once.

    An object of its own: a reader that referred to itself would keep the document in memory until
    the garbage collector finds it.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}
        self._refused = 0

    def admit(self, der: bytes) -> bytes:
        """Return `der` if it is a certificate, UNREADABLE if it isn't, or if there were too many.

        Equal values become the same object.
        """
        if not der or len(der) > MAX_CERTIFICATE_SIZE:
            return UNREADABLE
        if der not in self._known:
            if len(self._known) == MAX_DIFFERENT or self._refused == MAX_REFUSED:
                return UNREADABLE
            self._known[der] = der if is_lone_certificate(der) else UNREADABLE
            self._refused += not self._known[der]
        return self._known[der]
