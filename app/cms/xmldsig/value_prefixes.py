"""Prefixes in values of what exclusive canonicalisation renders, whose declarations it leaves out.

It renders the declaration of a prefix where the name of an element or attribute has that prefix,
or where a PrefixList names it (Exclusive XML Canonicalization 1.0, sections 1.3 and 3). A value
such as that of xsi:type may have a prefix, too. If its declaration is not rendered, it is not
signed: anyone can change it, and the value means something else. Nor is one signed that anyone adds
between the one that is rendered and the value: so no prefix counts that has several declarations,
unless all are rendered. The same is true of the default namespace, which applies to a value of
xsi:type that has no prefix (XML Schema Part 1, section 2.6.1), and of a value that is a list of
prefixes, such as that of mc:Ignorable.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

from lxml import etree

from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import EXCLUSIVE
from app.cms.xmldsig.customary import XML

# Costs: so many bytes are searched for one unit; of a byte that is parsed, and of a piece; of a tag
# where it is reported, and for each prefix; of a place where a prefix may be; and of a value whose
# beginning is compared.
_SEARCHED, _PARSED, _LOOK, _EVENT, _TAG, _PLACE, _VALUE = 8, 2, 50, 300, 50, 250, 40
# What a prefix in a value neither follows nor precedes.
_NAME_CHARACTER, _BLANKS = re.compile(r"[\w.\-]"), " \t\r\n"
# The first words of values and texts; and whole ones, so many bytes long at most.
_LONGEST = 200
_WORDS = rb"[ \n\t]*([^\s\"<>&]{1,%d})(?=[\s\"<])" % _LONGEST
_FIRST_WORDS = (re.compile(rb'="' + _WORDS), re.compile(rb">" + _WORDS))
_WHOLE = (re.compile(rb'="([^"<>]{1,%d})"' % _LONGEST), re.compile(rb">([^<>]{1,%d})<" % _LONGEST))
# Lists of prefixes that aren't the document's: they are a parameter of another signature.
_PREFIX_LIST = f"{{{EXCLUSIVE}}}InclusiveNamespaces"

# The attribute that may have a name without a prefix, and what its name ends with in octets.
_TYPE, _MARK_OF_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type", b':type="'


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

    "" is the default namespace; it is returned as "#default", as a PrefixList names it.

    Raises Undecided if the budget doesn't allow an answer.
    """
    listed = _list_alone(canonical, declared, budget)
    sought = [
        one for one in sorted(declared) if one in listed or _may_be_in_value(canonical, one, budget)
    ]
    if not sought:
        return []
    size, tags = sum(map(len, canonical)), sum(piece.count(b"<") for piece in canonical)
    budget.spend(_PARSED * size + len(sought) * (size // _SEARCHED + _TAG * tags) + _EVENT * tags)
    values = _Values(sought, ambiguous, listed)
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
    sign = prefix.encode() + b":" if prefix else _MARK_OF_TYPE
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


def _list_alone(canonical: Sequence[bytes], declared: Set[str], budget: Budget) -> frozenset[str]:
    """Return the prefixes that a value or a text may consist of, with others or alone."""
    prefixes = {one.encode() for one in declared if one}
    found: set[bytes] = set()
    before = b""
    for piece in canonical:
        # A value may begin in one piece and end in another.
        beginning = piece[: _LONGEST + 2]
        for octets in (before + beginning, piece):
            budget.spend(_LOOK + len(octets) // _SEARCHED)
            budget.spend(_VALUE * (octets.count(b'="') + octets.count(b">")))
            if not all(prefixes.isdisjoint(each.findall(octets)) for each in _FIRST_WORDS):
                budget.spend(_PLACE * (octets.count(b'="') + octets.count(b">")))
                values = (value.split() for each in _WHOLE for value in each.findall(octets))
                found.update(*(words for words in values if prefixes.issuperset(words)))
        before = (before + piece[-_LONGEST - 2 :])[-_LONGEST - 2 :]
    return frozenset(one.decode() for one in found)


def _is_of_xml(name: str) -> bool:
    """Return whether an attribute has no prefixes: it is an identifier, or a language."""
    return name.startswith(XML) or name.rpartition("}")[2].lower() == "id"


class _Values:
    """A parser's target that looks for prefixes in the values of attributes, and in text."""

    def __init__(self, sought: Sequence[str], ambiguous: Set[str], listed: frozenset[str]) -> None:
        self.undeclared: dict[str, None] = {}
        self._ambiguous = ambiguous
        self._listed = listed
        self._sought = [(one, one + ":") for one in sought if one]
        self._seeks_types = "" in sought
        self._longest = max(map(len, sought)) + 2
        self._rendered: Counter[str] = Counter()
        self._opened: list[list[str]] = []
        #: The end of the text before, and its beginning.
        self._before = ""
        self._text = ""

    def start(self, tag: str, attributes: Mapping[str, str], nsmap: Mapping[str, str]) -> None:
        """Look at an element's attributes, in the scope of what is rendered on it."""
        self._end_text()
        self._opened.append(list(nsmap))
        self._rendered.update(self._opened[-1])
        for name, value in attributes.items():
            self._look(value)
            if tag != _PREFIX_LIST and not _is_of_xml(name):
                self._look_at_words(value)
        if self._seeks_types and self._is_open("") and ":" not in attributes.get(_TYPE, ":"):
            self.undeclared["#default"] = None

    def end(self, _tag: str) -> None:
        """Leave the scope of an element."""
        self._end_text()
        self._rendered.subtract(self._opened.pop())

    def data(self, text: str) -> None:
        """Look at a part of a text."""
        self._look(self._before + text)
        self._before = (self._before + text[-self._longest :])[-self._longest :]
        if len(self._text) <= _LONGEST:
            self._text += text[: _LONGEST + 1]

    def _end_text(self) -> None:
        self._look_at_words(self._text)
        self._before = self._text = ""

    def close(self) -> None:
        """Return nothing."""

    def _is_open(self, prefix: str) -> bool:
        """Return whether the declaration that applies to a prefix may not be signed."""
        return prefix in self._ambiguous or not self._rendered[prefix]

    def _look_at_words(self, value: str) -> None:
        """Look whether a value consists of prefixes."""
        words = value.split() if self._listed and len(value) <= _LONGEST else []
        if self._listed.issuperset(words):
            self.undeclared.update(dict.fromkeys(filter(self._is_open, words)))

    def _look(self, text: str) -> None:
        if ":" not in text:
            return
        for prefix, sign in self._sought:
            place = text.find(sign)
            while place >= 0:
                end = place + len(sign)
                if self._is_open(prefix) and self._is_prefix(text, place, end):
                    self.undeclared[prefix] = None
                    break
                place = text.find(sign, end)

    @staticmethod
    def _is_prefix(text: str, place: int, end: int) -> bool:
        """Return whether a value has a prefix there: no end of a word, with something after it."""
        if place and _NAME_CHARACTER.match(text, place - 1):
            return False
        return end == len(text) or text[end] not in _BLANKS
