"""Coverage of a SOAP message (SOAP 1.1 section 4, SOAP 1.2 part 1 section 5, WS-Security).

The content of a message is its Body. A signature that covers the Body and each header block covers
the message: all but the parts of the signature itself, and a Timestamp, for which a remark says
that it isn't covered.

A signed element counts only in its place. Anyone can move a signed element elsewhere in the
message, where no program reads it, and put something else or nothing in its place ("XML signature
wrapping"; M. McIntosh and P. Austel, "XML signature element wrapping attacks and countermeasures",
2005).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from app.cms.verdict import YES, Verdict, unknown
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import MAX_NAMES, Form, join_some, shortened
from app.cms.xmldsig.customary import CONFIRMATION, WSSE_11, XENC
from app.cms.xmldsig.frame_attributes import FrameAttributes
from app.cms.xmldsig.security_tokens import BINARY_TOKEN, DS, TOKEN_REFERENCE, WSSE
from app.cms.xmldsig.signature_parts import has_text, is_of_signatures
from app.cms.xmldsig.token_texts import TokenTexts

_ENVELOPES = (
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
)
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_SECURITY = WSSE + "Security"
_TIMESTAMP = _WSU + "Timestamp"
# The usual elements of Security. Any other there was moved from its place.
_OF_SECURITY = (DS, WSSE, _WSU, WSSE_11, XENC, "{urn:oasis:names:tc:SAML:")
# Elements that need no signature there, since they belong to the signature or verify themselves.
_MACHINERY = (
    BINARY_TOKEN,
    TOKEN_REFERENCE,
    CONFIRMATION,
    XENC + "EncryptedKey",
    XENC + "ReferenceList",
)
_PARTS_OF_TIMESTAMP = (_WSU + "Created", _WSU + "Expires")
# Attributes that may be unsigned, on the structural elements of the message.
_ATTRIBUTES = (
    _WSU,
    "{http://www.w3.org/XML/1998/namespace}",
    "{http://www.w3.org/2001/XMLSchema-instance}",
)
# Cost of visiting an element, in the unit of `canonical_budget.BUDGET`.
_LOOK = 300


@dataclass(frozen=True, slots=True)
class SoapMessage:
    """A message: its parts that must be covered, and the Timestamps, of which all or none may be.

    `well_built`: there is nothing else in it, as the standard requires. `speaking` are tokens that
    say something, and incomplete signatures, which may: a remark names them.
    """

    well_built: bool
    needed: tuple[etree._Element, ...]
    timestamps: tuple[etree._Element, ...]
    securities: frozenset[etree._Element]
    attributes: FrameAttributes
    speaking: tuple[etree._Element, ...]

    def judge(
        self,
        signature: etree._Element,
        covered: Mapping[etree._Element | None, Sequence[Form]],
        budget: Budget,
    ) -> Verdict:
        """Return whether the elements that a signature covers make up the message.

        `covered` has the forms in which each is canonicalised. Raises Undecided if the budget
        doesn't allow an answer.
        """
        apexes = covered.keys()
        elements = [one for one in apexes if one is not None]
        looks = sum(1 for one in elements for _ in one.iterancestors())
        budget.spend(_LOOK * (looks + len(self.needed) + len(self.timestamps)))
        misplaced = [one for one in elements if not self._is_in_place(one, signature, apexes)]
        if misplaced:
            return unknown(
                "parts of the SOAP message that are signed do not stand where they count: {parts}",
                parts=list_names(misplaced),
            )
        bare = list(islice(_uncovered(self.needed, apexes), MAX_NAMES))
        stamps = list(_uncovered(self.timestamps, apexes))
        some_stamps = 0 < len(stamps) < len(self.timestamps)
        parts = list_names(elements) or "-"
        if self.well_built and not bare and not some_stamps:
            verdict = YES.noting("of the SOAP message the signature covers: {parts}", parts=parts)
        else:
            verdict = unknown("of the SOAP message the signature covers only: {parts}", parts=parts)
        speaking = islice(_uncovered(self.speaking, apexes), MAX_NAMES)
        others = [
            *map(_name, [*bare, *stamps, *speaking]),
            *self.attributes.list_unsigned(covered, budget),
        ]
        if not others:
            return verdict
        return verdict.noting(
            "of the SOAP message the signature does not cover: {parts}", parts=join_some(others)
        )

    def _is_in_place(
        self, part: etree._Element, signature: etree._Element, apexes: Set[etree._Element | None]
    ) -> bool:
        """Return whether a signed part is where programs look for it.

        That is on the first or second level of the message; in the Security header of the signature
        itself; inside the signature, or inside another signed part.
        """
        around = list(part.iterancestors())
        is_of_security = part.tag != _SECURITY and str(part.tag).startswith(_OF_SECURITY)
        if len(around) < 3:
            is_inner_body = part.tag == self.needed[-1].tag and len(around) > 1
            return not is_of_security and not is_inner_body
        if around[0] in self.securities:
            return is_of_security and around[0] is signature.getparent()
        return signature in around or any(one in apexes for one in around)


def read_message(root: etree._Element, complete: Set[etree._Element]) -> SoapMessage | None:
    """Read a SOAP message; None if the document is none. `complete` are signatures in it."""
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in _ENVELOPES:
        return None
    soap = f"{{{name.namespace}}}"
    parts = list(root.iterchildren("*"))
    tags = [part.tag for part in parts]
    headers = parts[:-1]
    blocks = [block for header in headers for block in header.iterchildren("*")]
    securities = [block for block in blocks if block.tag == _SECURITY]
    contents = [one for security in securities for one in security.iterchildren("*")]
    timestamps = tuple(one for one in contents if _is_timestamp(one))
    texts = TokenTexts()
    needed = [
        *(one for one in blocks if one.tag != _SECURITY and not _is_signature(one)),
        *(one for one in contents if not _is_timestamp(one) and not _is_machinery(one)),
    ]
    return SoapMessage(
        tags in ([soap + "Body"], [soap + "Header", soap + "Body"])
        and all(_is_bare(one, soap) for one in (root, *headers))
        and not any(has_text(one) or _has_instructions(one) for one in securities),
        (*needed, *(parts[-1:] or [root])),
        timestamps,
        frozenset(securities),
        FrameAttributes((root, *headers), securities, soap),
        (
            *(one for one in (*blocks, *contents) if _is_signature(one) and one not in complete),
            *(
                one
                for one in contents
                if one.tag in _MACHINERY and _is_machinery(one) and texts.say_something(one)
            ),
        ),
    )


def _is_machinery(element: etree._Element) -> bool:
    """Return whether an element of Security holds nothing that a reader may take for content."""
    if element.tag not in _MACHINERY:
        return _is_signature(element)
    return all(str(one.tag).startswith(_OF_SECURITY) for one in element.iter("*"))


def _is_signature(element: etree._Element) -> bool:
    return element.tag == DS + "Signature" and is_of_signatures(element)


def _is_timestamp(element: etree._Element) -> bool:
    """Return whether an element is a Timestamp that contains only two times."""
    if element.tag != _TIMESTAMP or has_text(element):
        return False
    return all(one.tag in _PARTS_OF_TIMESTAMP for one in islice(element.iter("*"), 1, None))


def _is_bare(element: etree._Element, soap: str) -> bool:
    """Return whether an element has neither text, instructions nor attributes of other kinds."""
    attributes = [str(name) for name in element.attrib]
    return not (has_text(element) or _has_instructions(element)) and all(
        name.startswith((soap, *_ATTRIBUTES)) or name.lower() == "id" for name in attributes
    )


def _has_instructions(element: etree._Element) -> bool:
    return any(True for _ in element.iterchildren(etree.ProcessingInstruction))


def _uncovered(
    parts: Iterable[etree._Element], apexes: Set[etree._Element | None]
) -> Iterator[etree._Element]:
    """List the parts that are not signed, neither themselves nor within an ancestor."""
    for part in parts:
        if part not in apexes and not any(one in apexes for one in part.iterancestors()):
            yield part


def list_names(elements: Iterable[etree._Element | None]) -> str:
    """Return the names of elements as text, the first of many."""
    return join_some([_name(one) for one in elements if one is not None])


def _name(element: etree._Element) -> str:
    return shortened(etree.QName(element).localname)
