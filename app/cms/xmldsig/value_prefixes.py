"""Prefixes in values of what exclusive canonicalisation renders, whose declarations it leaves out.

It renders the declaration of a prefix where the name of an element or attribute has that prefix,
or where a PrefixList names it (Exclusive XML Canonicalization 1.0, sections 1.3 and 3). A value
such as that of xsi:type may have a prefix, too. If its declaration is not rendered, it is not
signed: anyone can change it, and the value means something else. Nor is one signed that anyone adds
between the one that is rendered and the value: so no prefix counts that has several declarations,
unless all are rendered.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

from lxml import etree

from app.cms.xmldsig.canonical_budget import Budget

# Costs: so many bytes are searched for one unit; of a byte that is parsed, and of a piece; of a tag
# where it is reported, and for each prefix; and of a place where a prefix may be.
_SEARCHED, _PARSED, _LOOK, _EVENT, _TAG, _PLACE = 8, 2, 50, 300, 50, 250
# What a prefix in a value neither follows nor precedes.
_NAME_CHARACTER, _BLANKS = re.compile(r"[\w.\-]"), " \t\r\n"


def find_undeclared(
    canonical: Sequence[bytes],
    declared: Set[str],
    budget: Budget,
    ambiguous: Set[str] = frozenset(),
) -> list[str]:
    """Return the prefixes in values of a canonical form that are declared, but not in that form.

    Args:
        canonical: its pieces.
        declared: the prefixes that the document declares anywhere.
        budget: what it may cost.
        ambiguous: those of them that are declared for several namespaces, not all of which are
            rendered.

    Raises Undecided if the budget doesn't allow an answer.
    """
    sought = [one for one in sorted(declared) if _may_be_in_value(canonical, one, budget)]
    if not sought:
        return []
    size, tags = sum(map(len, canonical)), sum(piece.count(b"<") for piece in canonical)
    budget.spend(_PARSED * size + len(sought) * (size // _SEARCHED + _TAG * tags) + _EVENT * tags)
    values = _Values(sought, ambiguous)
    parser = etree.XMLParser(
        target=values,  # type: ignore[arg-type]  # The stubs want names of parameters.
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        huge_tree=True,
    )
    for piece in canonical:
        parser.feed(piece)
    parser.close()
    return list(values.undeclared)


def _may_be_in_value(canonical: Sequence[bytes], prefix: str, budget: Budget) -> bool:
    """Return whether a prefix occurs elsewhere than in the names of elements."""
    sign = prefix.encode() + b":"
    length = len(sign)
    places = 0
    for piece in canonical:
        budget.spend(_LOOK + len(piece) // _SEARCHED)
        found = piece.count(sign)
        places += found and found - piece.count(b"<" + sign) - piece.count(b"</" + sign)
    budget.spend(_PLACE * places)
    return places != 0 or any(
        sign in one[-length:] + other[:length] for one, other in pairwise(canonical)
    )


class _Values:
    """A parser's target that looks for prefixes in the values of attributes, and in text."""

    def __init__(self, sought: Sequence[str], ambiguous: Set[str]) -> None:
        self.undeclared: dict[str, None] = {}
        self._ambiguous = ambiguous
        self._sought = [(one, one + ":") for one in sought]
        self._longest = max(map(len, sought)) + 2
        self._rendered: Counter[str | None] = Counter()
        self._opened: list[list[str | None]] = []
        #: The end of the text before.
        self._before = ""

    def start(
        self, _tag: str, attributes: Mapping[str, str], nsmap: Mapping[str | None, str]
    ) -> None:
        """Look at an element's attributes, in the scope of what is rendered on it."""
        self._opened.append(list(nsmap))
        self._rendered.update(self._opened[-1])
        for value in attributes.values():
            self._look(value)
        self._before = ""

    def end(self, _tag: str) -> None:
        """Leave the scope of an element."""
        self._rendered.subtract(self._opened.pop())
        self._before = ""

    def data(self, text: str) -> None:
        """Look at a part of a text."""
        self._look(self._before + text)
        self._before = (self._before + text[-self._longest :])[-self._longest :]

    def close(self) -> None:
        """Return nothing."""

    def _look(self, text: str) -> None:
        if ":" not in text:
            return
        for prefix, sign in self._sought:
            place = text.find(sign)
            while place >= 0:
                end = place + len(sign)
                is_open = prefix in self._ambiguous or not self._rendered[prefix]
                if is_open and self._is_prefix(text, place, end):
                    self.undeclared[prefix] = None
                    break
                place = text.find(sign, end)

    @staticmethod
    def _is_prefix(text: str, place: int, end: int) -> bool:
        """Return whether a value has a prefix there: no end of a word, with something after it."""
        if place and _NAME_CHARACTER.match(text, place - 1):
            return False
        return end == len(text) or text[end] not in _BLANKS
