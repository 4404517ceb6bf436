"""Content that is encrypted, or that a document only refers to, and so is not in what was signed.

A signature over such a reference doesn't cover what is there: anyone who can replace it, replaces
what a reader sees.
"""

from collections.abc import Iterable, Sequence, Set
from functools import cached_property
from itertools import chain
from typing import Any, TypeAlias

from lxml import etree

from app.cms.verdict import YES, Verdict, unknown
from app.cms.xmldsig.attributes import list_attributes
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.security_tokens import DS, WSSE
from app.cms.xmldsig.signature_parts import XADES, is_blank

#: A signed part, None: the document.
Part: TypeAlias = etree._Element | None  # noqa: SLF001 - lxml's only type

_XENC = "{http://www.w3.org/2001/04/xmlenc#}"
_ENCRYPTED, _CIPHER_REFERENCE = _XENC + "EncryptedData", _XENC + "CipherReference"
# Their content is put in their place when a message is received: XOP section 2.1, which SOAP
# messages with attachments (MTOM) use, and XInclude section 3.
_INCLUSIONS = (
    "{http://www.w3.org/2004/08/xop/include}Include",
    "{http://www.w3.org/2001/XInclude}include",
    "{http://www.w3.org/2003/XInclude}include",
)
# What may have been encrypted, or put elsewhere, after it was signed.
_REPLACING = (_ENCRYPTED, *_INCLUSIONS)
# These refer to content elsewhere: also XML Encryption section 3.3.1, and UBL.
_REFERRING = (
    *_INCLUSIONS,
    _CIPHER_REFERENCE,
    "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}ExternalReference",
)
_SCHEME = "cid:"
# A URI of an attachment (RFC 2392), which blanks may precede; the colon is looked for first, since
# most texts have none.
_IS_ATTACHMENT = (
    "(contains(substring(., 1, 200), ':') and "
    f"starts-with(translate(normalize-space(substring(., 1, 200)), 'CID', 'cid'), '{_SCHEME}'))"
)
# Elements that refer to attachments by an attribute, as SOAP Messages with Attachments does, or by
# their text (WS-I Attachments Profile 1.0 section 4.4, swaRef); and those of XLink that embed.
_FIND_POINTING = etree.XPath(
    f"descendant-or-self::*[@*[{_IS_ATTACHMENT}] or (not(*) and {_IS_ATTACHMENT})"
    " or @xlink:show = 'embed']",
    namespaces={"xlink": "http://www.w3.org/1999/xlink"},
)
# Parts of signatures and of WS-Security, which are no content: a prefix of their names.
_BESIDE = (
    DS + "KeyInfo",
    WSSE,
    "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}",
    *XADES,
)
_SKIPPED = (DS + "Signature", WSSE + "Security")
# Cost of visiting an element or an attribute, in the unit of `canonical_budget.BUDGET`.
_LOOK = 300


class AbsentContent:
    """The parts of a document that are encrypted, or whose content is elsewhere."""

    def __init__(self, root: etree._Element, budget: Budget) -> None:
        """Note the document; it is searched when first asked about."""
        self._root = root
        self._budget = budget
        self._replaceable: dict[Part, bool] = {}

    def may_be_replaced(self, part: Part) -> bool:
        """Return whether something in a part may have taken the place of what was signed.

        Then it can't be determined what was signed: the content may have been signed before or
        after.
        """
        if part not in self._replaceable:
            whole = self._root if part is None else part
            self._replaceable[part] = next(whole.iter(*_REPLACING), None) is not None
        return self._replaceable[part]

    def judge(self, parts: Set[Part]) -> Verdict:
        """Return what is to be said of parts that are as they were signed.

        That is unknown, if all content of all of them is elsewhere. Raises Undecided if the budget
        doesn't allow an answer.
        """
        if not any(self._is_within(one, parts) for one in chain(self._encrypted, self._referring)):
            return YES
        contents = [one for one in parts if not _is_beside(one)]
        if contents and all(map(self._is_elsewhere, contents)):
            return unknown("what is signed only refers to content that is stored elsewhere")
        return YES.noting("a part of the signed data is encrypted, or is stored elsewhere")

    @cached_property
    def _encrypted(self) -> Sequence[etree._Element]:
        return list(self._root.iter(_ENCRYPTED))

    @cached_property
    def _referring(self) -> Set[etree._Element]:
        pointing: Any = _FIND_POINTING(self._root)
        return {*self._root.iter(*_REFERRING), *pointing}

    def _is_within(self, element: etree._Element, parts: Set[Part]) -> bool:
        around = [element, *element.iterancestors()]
        self._budget.spend(_LOOK * len(around))
        return None in parts or not parts.isdisjoint(around)

    def _is_elsewhere(self, part: Part) -> bool:
        """Return whether a part refers to content, and has none itself, other than the names.

        Attributes with a namespace are taken for a part of the structure.
        """
        whole = self._root if part is None else part
        refers = False
        pending = [whole]
        while pending:
            element = pending.pop()
            if element is not whole and element.tag in _SKIPPED:
                continue
            is_encrypted = element.tag == _ENCRYPTED and _refers(element)
            refers = refers or is_encrypted or element in self._referring
            if is_encrypted or element.tag in _REFERRING:
                continue
            if self._says_something(element):
                return False
            pending.extend(element.iterchildren("*"))
        return refers

    def _says_something(self, element: etree._Element) -> bool:
        """Return whether there is text in an element or its attributes that is no reference."""
        texts = [element.text or "", *(node.tail or "" for node in element)]
        values = [value for name, value in list_attributes(element) if _is_content(name)]
        self._budget.spend(_LOOK * (len(texts) + len(element.attrib)) + sum(map(len, texts)))
        said = [one for one in texts if not is_blank(one)]
        return bool(_no_references(values)) or bool(said if len(element) else _no_references(said))


def _is_beside(part: Part) -> bool:
    """Return whether a part belongs to a signature, or is a header block of a SOAP message."""
    if part is None:
        return False
    above = part.getparent()
    is_block = above is not None and etree.QName(above).localname == "Header"
    return is_block or str(part.tag).startswith(_BESIDE)


def _refers(encrypted: etree._Element) -> bool:
    return next(encrypted.iter(_CIPHER_REFERENCE), None) is not None


def _is_content(name: str) -> bool:
    """Return whether an attribute may hold content: it has no namespace and is no identifier."""
    return not name.startswith("{") and name.lower() != "id"


def _no_references(values: Iterable[str]) -> list[str]:
    return [one for one in values if not one.lstrip().lower().startswith(_SCHEME)]
