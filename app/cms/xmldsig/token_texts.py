"""What the tokens and references of a Security header (WS-Security 1.1) say to a reader.

They belong to a signature without being signed themselves. Certificates, digests, encrypted octets
and identifiers say nothing; anything else may have been added by anyone.
"""

from lxml import etree

from app.cms.x509.certificate import is_lone_certificate
from app.cms.xmldsig.attributes import list_attributes
from app.cms.xmldsig.customary import CONFIRMATION, XENC, is_customary
from app.cms.xmldsig.security_tokens import (
    BINARY_TOKEN,
    DS,
    MAX_TOKENS,
    TOKEN_REFERENCE,
    WSSE,
    decode,
    is_bare,
    open_token,
)
from app.cms.xmldsig.signature_parts import has_text

_CERTIFICATES = (BINARY_TOKEN, DS + "X509Certificate")
_OCTETS = (WSSE + "KeyIdentifier", XENC + "CipherValue", DS + "DigestValue")
# Characters of a line of base64; RFC 2045 has 76, PEM 64.
_SHORTEST_LINE = 32
# The elements that tokens consist of.
_KNOWN = {
    *_CERTIFICATES,
    *_OCTETS,
    TOKEN_REFERENCE,
    CONFIRMATION,
    *(WSSE + name for name in ("Reference", "Embedded")),
    *(DS + name for name in ("KeyInfo", "X509Data", "DigestMethod", "X509IssuerSerial")),
    *(DS + name for name in ("X509IssuerName", "X509SerialNumber", "X509SKI", "KeyName")),
    *(XENC + name for name in ("EncryptedKey", "EncryptionMethod", "CipherData")),
    *(XENC + name for name in ("ReferenceList", "DataReference", "KeyReference")),
}


def _has_words(element: etree._Element) -> bool:
    """Return whether a text is split as words are: lines of base64 are long, and of one length."""
    lengths = {len(line) for line in (element.text or "").split()[:-1]}
    return len(lengths) > 1 or any(length < _SHORTEST_LINE for length in lengths)


class TokenTexts:
    """Looks at the elements of one message; so many certificates are parsed at most."""

    def __init__(self) -> None:
        """Start with all of them."""
        self._left = MAX_TOKENS

    def say_something(self, element: etree._Element) -> bool:
        """Return whether an element, or anything in it, is other than tokens need."""
        if next(element.iter(etree.ProcessingInstruction), None) is not None:
            return True
        return any(self._says_something(one) for one in element.iter("*"))

    def _says_something(self, element: etree._Element) -> bool:
        if element.tag not in _KNOWN or not all(
            is_customary(element, *one) for one in list_attributes(element)
        ):
            return True
        if not has_text(element):
            return False
        if element.tag in _OCTETS:
            return not decode(element) or _has_words(element)
        if element.tag not in _CERTIFICATES or not self._left:
            return True
        self._left -= 1
        opened = open_token(element) if element.tag == BINARY_TOKEN else [decode(element)]
        if element.tag == BINARY_TOKEN and not is_bare(element):
            return True
        return not opened or not all(map(is_lone_certificate, opened))
