"""What an XML signature has of the levels of XAdES (ETSI EN 319 132-1): nothing is verified."""

from dataclasses import dataclass
from functools import partial
from itertools import islice

from lxml import etree

from app.cms.xmldsig.free_memory import give_back_after
from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread
from app.cms.xmldsig.parsing import SignedXml, parse_document
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signatures import find_signatures
from app.cms.xmldsig.xades_times import list_signed_properties

_SIGNED = "{*}SignedSignatureProperties"
#: Where the unsigned properties of a ds:Signature are, in all versions of XAdES.
UNSIGNED_PROPERTIES = (
    f"{DS}Object/{{*}}QualifyingProperties/{{*}}UnsignedProperties/{{*}}UnsignedSignatureProperties"
)
_NAMES = ("SigningCertificate", "SigningCertificateV2")
# Unsigned properties that are looked at.
_MAX_PROPERTIES = 256


@dataclass(frozen=True, slots=True)
class XadesParts:
    """The properties of one ds:Signature that a level consists of.

    `names_certificate`: signed properties name the signer's certificate; `unsigned` are the names
    of its unsigned properties.
    """

    names_certificate: bool = False
    unsigned: frozenset[str] = frozenset()


def list_xades_parts(signature: SignedXml) -> tuple[XadesParts, ...]:
    """Return the properties of each ds:Signature; of a document that costs too much none."""
    try:
        return in_own_thread(partial(_list_alone, signature))
    except TooMuchWork:
        return (XadesParts(),) * len(signature.signatures)


def _list_alone(signature: SignedXml) -> tuple[XadesParts, ...]:
    """List them in a thread of its own, which leaves nothing behind."""
    found = _list_parts(signature)
    give_back_after(len(signature.xml))
    return found


def _list_parts(signature: SignedXml) -> tuple[XadesParts, ...]:
    root = parse_document(signature.xml)
    return tuple(_read(element) for element, _ in find_signatures(root))


def _read(signature: etree._Element) -> XadesParts:
    references = signature.iterfind(f"{DS}SignedInfo/{DS}Reference")
    signed = list_signed_properties(signature, (one.get("URI") for one in references))
    names = any(
        properties.find(f"{_SIGNED}/{{*}}{name}") is not None
        for properties in signed
        for name in _NAMES
    )
    unsigned = islice(signature.iterfind(f"{UNSIGNED_PROPERTIES}/*"), _MAX_PROPERTIES)
    found = (one.tag for one in unsigned if isinstance(one.tag, str))
    return XadesParts(names, frozenset(etree.QName(tag).localname for tag in found))
