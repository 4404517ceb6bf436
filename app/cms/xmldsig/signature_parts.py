"""The elements of XML signatures, which hold nothing that a reader may take for content."""

from lxml import etree

from app.cms.xmldsig.canonical_forms import EXCLUSIVE
from app.cms.xmldsig.security_tokens import BINARY_TOKEN, DS, TOKEN_REFERENCE, WSSE

_XADES_VERSIONS = ("1.1.1", "1.2.2", "1.3.2", "1.4.1")
XADES = [f"{{http://uri.etsi.org/01903/v{version}#}}" for version in _XADES_VERSIONS]
"""The namespaces of XAdES, as lxml writes them before a name."""

# XMLDSig and its version 1.1, the parameters of exclusive canonicalisation, all versions of XAdES,
# and WS-Security's references to certificates.
_OF_SIGNATURES = (
    DS,
    "{http://www.w3.org/2009/xmldsig11#}",
    f"{{{EXCLUSIVE}}}",
    *XADES,
    TOKEN_REFERENCE,
    BINARY_TOKEN,
    *(WSSE + name for name in ("KeyIdentifier", "Reference", "Embedded")),
)
# All elements of XMLDSig (its schema, section 10): any other in its namespace counts as content.
_NAMES = frozenset(
    [
        *("Signature", "SignatureValue", "SignedInfo", "CanonicalizationMethod"),
        *("SignatureMethod", "Reference", "Transforms", "Transform", "XPath", "DigestMethod"),
        *("DigestValue", "HMACOutputLength", "KeyInfo", "KeyName", "MgmtData", "KeyValue"),
        *("RetrievalMethod", "X509Data", "X509IssuerSerial", "X509IssuerName", "X509SerialNumber"),
        *("X509SKI", "X509SubjectName", "X509Certificate", "X509CRL", "PGPData", "PGPKeyID"),
        *("PGPKeyPacket", "SPKIData", "SPKISexp", "Object", "Manifest", "SignatureProperties"),
        *("SignatureProperty", "DSAKeyValue", "P", "Q", "G", "Y", "J", "Seed", "PgenCounter"),
        *("RSAKeyValue", "Modulus", "Exponent"),
    ]
)
# These hold elements, never text.
_CONTAINERS = (DS + "Signature", DS + "Object")
_BLANKS = " \t\r\n"
# Elements around which others belong: the parent of each (XMLDSig section 4, XAdES section 4.3).
_PARENTS = {
    DS + "KeyInfo": DS + "Signature",
    DS + "Object": DS + "Signature",
    DS + "Manifest": DS + "Object",
    DS + "SignatureProperties": DS + "Object",
    DS + "SignatureProperty": DS + "SignatureProperties",
    **{
        xades + name: parent
        for xades in XADES
        for name, parent in (
            ("QualifyingProperties", DS + "Object"),
            ("SignedProperties", xades + "QualifyingProperties"),
            ("SignedSignatureProperties", xades + "SignedProperties"),
            ("SignedDataObjectProperties", xades + "SignedProperties"),
        )
    },
}


def is_of_signatures(part: etree._Element) -> bool:
    """Return whether a part of a signature consists only of elements of signatures."""
    for element in part.iter("*"):
        tag = str(element.tag)
        if not tag.startswith(_OF_SIGNATURES) or (
            tag.startswith(DS) and tag.removeprefix(DS) not in _NAMES
        ):
            return False
        if element.tag in _CONTAINERS and has_text(element):
            return False
    return True


def is_structure(element: etree._Element) -> bool:
    """Return whether an element is customary around signed parts, and stands where it belongs."""
    return str(element.tag) in _PARENTS and not is_displaced(element)


def is_displaced(element: etree._Element) -> bool:
    """Return whether an element stands in another one than it belongs into, if in any."""
    belongs_in, above = _PARENTS.get(str(element.tag)), element.getparent()
    return belongs_in is not None and (above is None or above.tag != belongs_in)


def has_text(element: etree._Element) -> bool:
    """Return whether there is text directly in an element."""
    return not all(is_blank(text) for text in (element.text, *[part.tail for part in element]))


def holds_instruction(element: etree._Element, mark: str) -> bool:
    """Return whether processing instructions stand directly in an element, but for `mark`.

    That is the target of the canonicaliser's own.
    """
    nodes = element.iterchildren(etree.ProcessingInstruction)
    # lxml's type of an instruction is private.
    return any(getattr(node, "target", "") != mark for node in nodes)


def is_blank(text: str | None) -> bool:
    """Return whether there is no text."""
    return not (text or "").strip(_BLANKS)
