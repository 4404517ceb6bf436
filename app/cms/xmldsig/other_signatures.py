"""Content in the signatures of others, which a signature neither signs nor needs.

Signers who come one after the other leave out each other's signatures, each of which consists of
elements of signatures. A reader may still take text in these for content that all have signed, even
if its own signer did sign it. Values that the standards define are no news.
"""

from collections.abc import Callable, Iterator, Mapping, Set

from lxml import etree

from app.cms.xmldsig.attributes import list_attributes
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import MAX_NAMES, shortened
from app.cms.xmldsig.customary_texts import says_nothing_new
from app.cms.xmldsig.key_info_checks import CONTAINERS, KeyInfoWords
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signature_parts import has_text, holds_instruction

# Costs, in the unit of `canonical_budget.BUDGET`: of an element; of one that is compared; and of a
# character of a text.
_LOOK, _GLANCE, _CHARACTER = 1000, 20, 3
_KEY_INFO = DS + "KeyInfo"
# Attributes that are lists, or expressions.
_LISTS = ("PrefixList", "Filter", "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation")


class OtherSignatures:
    """The signatures of one document, each as those see it who signed elsewhere in it."""

    def __init__(
        self,
        signatures: Mapping[int, etree._Element],
        words_of: Callable[[int], KeyInfoWords],
        mark: str,
        budget: Budget,
    ) -> None:
        """Take the signatures by their numbers, and what gives the words of their certificates.

        `mark` is the target of the canonicaliser's instructions.
        """
        self._signatures = signatures
        self._words_of = words_of
        self._mark = mark
        self._budget = budget
        self._known: dict[int, list[str]] = {}

    def list_unsigned(
        self, number: int, covered: Set[etree._Element | None], left_out: Set[int]
    ) -> list[str]:
        """Name the content of other signatures that signature `number` doesn't sign.

        It refers to `covered`, where it excludes the signatures `left_out`. Raises Undecided if the
        budget doesn't allow an answer.
        """
        found: dict[str, None] = {}
        around = set(self._signatures[number].iterancestors())
        for other, element in self._signatures.items():
            if other == number or not (names := self._list_content(other)):
                continue
            above = {element, *element.iterancestors()}
            self._budget.spend(_LOOK + _GLANCE * (len(above) + len(covered)))
            is_signed = None in covered or not above.isdisjoint(covered)
            if other in left_out or not (is_signed or element in around):
                found.update(dict.fromkeys(names))
        return list(found)

    def _list_content(self, number: int) -> list[str]:
        """Name the elements of a signature that say something, attributes and instructions."""
        if number not in self._known:
            names = dict.fromkeys(self._find_content(number))
            self._known[number] = list(names)[: MAX_NAMES + 1]
        return self._known[number]

    def _find_content(self, number: int) -> Iterator[str]:
        signature, words = self._signatures[number], self._words_of(number)
        inside = set(signature.iterchildren(_KEY_INFO))
        for element in signature.iter("*"):
            self._pay(element)
            name = shortened(etree.QName(element).localname)
            above = element.getparent()
            if element in inside or above in inside:
                inside.add(element)
                is_customary = _belongs_to_key(element, words)
            else:
                is_customary = says_nothing_new(element)
            if not is_customary:
                yield name
            for attribute, value in list_attributes(element) if len(element.attrib) else ():
                self._budget.spend(len(value))
                if attribute not in _LISTS and len(value.split(maxsplit=1)) > 1:
                    yield f"{name}/@{shortened(etree.QName(attribute).localname)}"
            if holds_instruction(element, self._mark):
                yield f"{name}/processing-instruction()"

    def _pay(self, element: etree._Element) -> None:
        texts = [element.text, *(part.tail for part in element)]
        size = sum(len(text) for text in texts if text)
        self._budget.spend(_LOOK * (1 + len(element.attrib) + len(element)) + _CHARACTER * size)


def _belongs_to_key(element: etree._Element, words: KeyInfoWords) -> bool:
    """Return whether an element of KeyInfo says only what certificates do."""
    if element.tag in CONTAINERS:
        return not has_text(element)
    return not len(element) and words.account_for(element)
