"""What of a SOAP message is signed (SOAP 1.1 section 4, SOAP 1.2 part 1 section 5, WS-Security).

The message's content is its Body. A signature that covers the Body, and each header block but those
that carry the signature itself, covers the message.
"""

from collections.abc import Set

from lxml import etree

from app.cms.key_info import WSSE
from app.cms.status import YES, Verdict, unknown

_ENVELOPES = (
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
)
_SECURITY = WSSE + "Security"
# Names of parts in a reason.
_MAX_NAMES = 10


def judge_coverage(root: etree._Element, apexes: Set[etree._Element | None]) -> Verdict | None:
    """Tell whether the elements that a signature covers make up a SOAP message.

    None if the document is none. The Body counts only in its place: anybody can put what was signed
    elsewhere in a message, under another Body.
    """
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in _ENVELOPES:
        return None
    covered = [one for one in root.iter("*") if one in apexes]
    names = ", ".join(etree.QName(one).localname for one in covered[:_MAX_NAMES]) or "-"
    parts = _needed(root, f"{{{name.namespace}}}")
    if parts is not None and all(part in apexes for part in parts):
        return YES.noting("of the SOAP message the signature covers: {parts}", parts=names)
    return unknown("of the SOAP message the signature covers only: {parts}", parts=names)


def _needed(root: etree._Element, soap: str) -> list[etree._Element] | None:
    """List what must be covered; None if the message is not built as it should be."""
    children = list(root.iterchildren("*"))
    tags = [child.tag for child in children]
    if tags not in ([soap + "Body"], [soap + "Header", soap + "Body"]) or _has_text(root):
        return None
    blocks = [block for header in children[:-1] for block in header.iterchildren("*")]
    if any(_has_text(header) for header in children[:-1]):
        return None
    return [*(block for block in blocks if block.tag != _SECURITY), children[-1]]


def _has_text(element: etree._Element) -> bool:
    texts = (element.text, *(child.tail for child in element))
    return any((text or "").strip() for text in texts)
