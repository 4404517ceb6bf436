"""Text in the tokens and references of a Security header (WS-Security 1.1): does it say something?

They belong to a signature without being signed themselves. Certificates, digests and encrypted
octets say nothing to a reader; any other text may have been added by anyone.
"""

from lxml import etree

from app.cms.x509.certificate import is_lone_certificate
from app.cms.xmldsig.security_tokens import BINARY_TOKEN, DS, MAX_TOKENS, WSSE, decode, open_token
from app.cms.xmldsig.signature_parts import has_text

_XENC = "{http://www.w3.org/2001/04/xmlenc#}"
_CERTIFICATES = (BINARY_TOKEN, DS + "X509Certificate")
_OCTETS = (WSSE + "KeyIdentifier", _XENC + "CipherValue", DS + "DigestValue")


class TokenTexts:
    """Looks at the elements of one message; so many certificates are parsed at most."""

    def __init__(self) -> None:
        """Start with all of them."""
        self._left = MAX_TOKENS

    def say_something(self, element: etree._Element) -> bool:
        """Return whether an element or one in it has text other than such octets."""
        return any(self._says_something(one) for one in element.iter("*"))

    def _says_something(self, element: etree._Element) -> bool:
        if not has_text(element):
            return False
        if element.tag in _OCTETS:
            return not decode(element)
        if element.tag not in _CERTIFICATES or not self._left:
            return True
        self._left -= 1
        opened = open_token(element) if element.tag == BINARY_TOKEN else [decode(element)]
        return not opened or not all(map(is_lone_certificate, opened))
