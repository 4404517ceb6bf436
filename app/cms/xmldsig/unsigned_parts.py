"""Parts of a ds:Signature that it does not sign in any way (XMLDSig section 4).

SignedInfo is signed, and so is what its references cover. The rest of the element is what the
signature needs (its value, certificates) or what anyone may have added: a remark reports it, since
a reader may take it for a signed part. Blanks and identifiers don't count.
"""

from collections.abc import Iterator, Mapping, Sequence, Set

from lxml import etree

from app.cms.verdict import Reason, Verdict
from app.cms.xmldsig import evidence_elements
from app.cms.xmldsig.attributes import list_attributes
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import Form, join_some, shortened
from app.cms.xmldsig.customary import XML, is_customary
from app.cms.xmldsig.frame_attributes import FrameAttributes
from app.cms.xmldsig.key_info_checks import CONTAINERS, OF_KEY_INFO, KeyInfoWords
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signature_parts import (
    XADES,
    has_text,
    holds_instruction,
    is_displaced,
    is_structure,
)

# Cost of visiting a node, in the unit of `canonical_budget.BUDGET`.
_LOOK = 1000
# Where it is displaced.
_UNSIGNED = [xades + "UnsignedProperties" for xades in XADES]
_SIGNED_INFO, _VALUE, _KEY_INFO = DS + "SignedInfo", DS + "SignatureValue", DS + "KeyInfo"


class UnsignedParts:
    """The unsigned parts of one ds:Signature, by kind.

    `mark` is the target of the canonicaliser's instructions.
    """

    def __init__(
        self,
        signature: etree._Element,
        signed: Mapping[etree._Element | None, Sequence[Form]],
        words: KeyInfoWords,
        mark: str,
        budget: Budget,
    ) -> None:
        """Take what it refers to, `signed`, and the words of the certificates that it contains.

        The former has the forms in which each part is canonicalised; whether it is intact is
        checked elsewhere.
        """
        self._signature = signature
        self._signed = signed
        self._words = words
        self._mark = mark
        self._budget = budget
        # The attributes of XML itself are looked at by what they apply to.
        self._frames: set[etree._Element] = set()
        self._elements: dict[str, None] = {}
        self._texts: dict[str, None] = {}
        self._attributes: dict[str, None] = {}
        self._comments: dict[str, None] = {}
        self._instructions: dict[str, None] = {}

    def add_remarks(self, verdict: Verdict, *, comments_signed: bool) -> Verdict:
        """Return a verdict with the unsigned parts as remarks.

        `comments_signed` refers to comments in SignedInfo. Raises Undecided if the budget doesn't
        allow an answer.
        """
        self._scan(comments_signed=comments_signed)
        reasons = (
            Reason("elements in the signature are not signed: {parts}", _list(self._elements)),
            Reason("text in the signature is not signed: {parts}", _list(self._texts)),
            Reason("attributes in the signature are not signed: {parts}", _list(self._attributes)),
            Reason("comments in the signature are not signed: {parts}", _list(self._comments)),
            Reason(
                "instructions in the signature are not signed: {parts}", _list(self._instructions)
            ),
        )
        found = [reason for reason in reasons if reason.values["parts"]]
        return Verdict(verdict.answer, (*verdict.reasons, *found))

    def _scan(self, *, comments_signed: bool) -> None:
        known = {_SIGNED_INFO, _VALUE, _KEY_INFO}
        spine = set(self._list_spine())
        self._scan_frames(spine)
        self._scan_element(self._signature)
        todo = list(self._signature.iterchildren("*"))[::-1]
        while todo:
            element = todo.pop()
            is_first = element.tag in known and element.getparent() is self._signature
            known.discard(str(element.tag) if is_first else "")
            if element in self._signed:
                self._scan_signed(element)
            elif is_first and element.tag == _SIGNED_INFO:
                self._scan_signed_info(element, comments_signed=comments_signed)
            elif is_first and element.tag == _VALUE:  # It has been parsed: it is base64.
                self._scan_element(element, may_have_text=True)
            elif is_first:
                self._scan_key_info(element)
            elif element in spine:
                self._scan_spine(element)
                todo += list(element.iterchildren("*"))[::-1]
            else:
                todo += self._scan_unsigned(element)

    def _scan_unsigned(self, element: etree._Element) -> list[etree._Element]:
        """Record an element with nothing signed; return its parts if it only holds properties."""
        if evidence_elements.is_properties(element):
            self._scan_properties(element)
        elif evidence_elements.holds_properties(element):
            self._scan_element(element)
            return list(element.iterchildren("*"))[::-1]
        else:
            self._record(element)
            for child in element.iterchildren("*") if element.tag in _UNSIGNED else ():
                self._record(child)  # By its own name it would be as usual.
        return []

    def _scan_properties(self, properties: etree._Element) -> None:
        """Record unsigned properties, and what there is no evidence."""
        self._record(properties)
        todo = [properties]
        while todo:
            element = todo.pop()
            has_value = evidence_elements.is_value(element)
            self._scan_element(element, may_have_text=has_value)
            if has_value and not evidence_elements.is_evidence(element, self._budget):
                self._record(element)
            for child in [] if has_value else element.iterchildren("*"):
                if evidence_elements.is_expected(child):
                    todo.append(child)
                else:
                    self._record(child)

    def _record(self, element: etree._Element | None) -> None:
        """Record an element that is not signed."""
        self._budget.spend(_LOOK)
        self._elements[_name(element)] = None

    def _scan_signed(self, element: etree._Element) -> None:
        """Record the element around a signed part that was moved: its place is not signed."""
        if is_displaced(element):
            self._record(element.getparent())

    def _scan_spine(self, element: etree._Element) -> None:
        """Record an element around a signed part, unless such parts belong into it."""
        if not is_structure(element):
            self._record(element)
        self._scan_element(element)

    def _scan_frames(self, spine: Set[etree._Element]) -> None:
        """Record attributes that apply to the signed parts, but aren't signed with them.

        Such as xml:base, by which addresses in the parts are resolved.
        """
        frames = [self._signature, *spine]
        if spine or any(part in self._signed for part in self._signature.iterchildren("*")):
            self._frames.update(frames)
            attributes = FrameAttributes(frames, beginning=XML, within=self._signature)
            for name in attributes.list_unsigned(self._signed, self._budget):
                self._attributes[name] = None

    def _list_spine(self) -> Iterator[etree._Element]:
        """List the ancestors of signed elements: only their signed descendants are signed."""
        for part in self._signed:
            above = [] if part is None else list(part.iterancestors())
            self._budget.spend(_LOOK * len(above))
            if self._signature in above:
                yield from above[: above.index(self._signature)]

    def _scan_signed_info(self, element: etree._Element, *, comments_signed: bool) -> None:
        """Record comments in SignedInfo, which the canonical form usually omits."""
        if not comments_signed:
            for comment in element.iter(etree.Comment):
                self._budget.spend(_LOOK)
                self._comments[_name(comment.getparent())] = None

    def _scan_key_info(self, key_info: etree._Element) -> None:
        todo = [key_info]
        while todo:
            element = todo.pop()
            if element in self._signed:
                if not str(element.tag).startswith(OF_KEY_INFO) or is_displaced(element):
                    self._record(element.getparent())
            elif element.tag in CONTAINERS:
                self._scan_element(element)
                todo += list(element.iterchildren("*"))[::-1]
            elif len(element) or not self._words.account_for(element):
                self._record(element)
            else:
                self._scan_element(element, may_have_text=True)

    def _scan_element(self, element: etree._Element, *, may_have_text: bool = False) -> None:
        """Record what an element directly contains besides other elements."""
        self._budget.spend(_LOOK * (1 + len(element) + len(element.attrib)))
        if not may_have_text and has_text(element):
            self._texts[_name(element)] = None
        listed = list_attributes(element)
        self._budget.spend(sum(len(value) for _, value in listed))
        for name, value in listed:
            is_of_frame = element in self._frames and name.startswith(XML)
            if not (is_of_frame or is_customary(element, name, value)):
                attribute = shortened(etree.QName(name).localname)
                self._attributes[f"{_name(element)}/@{attribute}"] = None
        if next(element.iterchildren(etree.Comment), None) is not None:
            self._comments[_name(element)] = None
        if holds_instruction(element, self._mark):
            self._instructions[_name(element)] = None


def _name(element: etree._Element | None) -> str:
    return "" if element is None else shortened(etree.QName(element).localname)


def _list(found: dict[str, None]) -> dict[str, str]:
    """Return the value for a sentence about parts of one kind; empty if there are none."""
    return {"parts": join_some(list(found))}
