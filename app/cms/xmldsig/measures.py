"""Sizes of a document on which the cost of libxml2's pairwise comparisons depends.

They are measured once, in one pass, before any operation with such a cost.
"""

from dataclasses import dataclass
from itertools import chain

from lxml import etree

from app.cms.errors import MalformedSignature
from app.cms.xmldsig.attributes import list_attributes
from app.cms.xmldsig.security_tokens import DS

#: Characters of one name, with its namespace; of a prefix; and of a namespace. Of 2,203 documents
#: of an operating system the longest names have 36, prefixes 11, namespaces 82.
MAX_NAME = 1000

# Two names are compared byte by byte. Comparing this many common bytes costs as much as everything
# else for the pair: when attributes are sorted, and when a namespace is searched for.
_BYTES_OF_ATTRIBUTE = 24
_BYTES_OF_PREFIX = 6
# Looking at one element above costs as much as comparing so many bytes; so many bytes are compared
# for one unit of `canonical_budget.BUDGET`.
_LOOKUP, _BYTES_OF_LOOKUP = 4, 12
# Bytes that an element or an attribute takes, besides its characters.
_NODE = 250
# A default namespace that is no other program's.
_OF_SIGNATURES = ("", DS[1:-1])
_EVENTS = ("start", "end", "start-ns", "end-ns")


@dataclass(frozen=True, slots=True)
class Measures:
    """The sizes of a document.

    `depth` is the maximum depth of elements. `namespaces` is the maximum number of declarations on
    a path from the root, and `weight` the same number, with one added for each _BYTES_OF_PREFIX
    bytes of a prefix. `attributes` is the total. `pairs` counts comparisons: of the attributes of
    an element with each other when they are sorted, and with the namespaces in scope; one is added
    for each _BYTES_OF_ATTRIBUTE bytes. `prefixes` are all that are declared anywhere, `ambiguous`
    those that are declared for several namespaces; "" is the default namespace, other than that of
    signatures, in which there are no values with prefixes.
    """

    depth: int
    namespaces: int
    weight: int
    attributes: int
    pairs: int
    prefixes: frozenset[str]
    ambiguous: frozenset[str]

    def cost_of_lookups(self, prefixes: int) -> int:
        """Return what it may cost an element to find its namespaces, and so many prefixes more.

        Each is searched for on all elements above, and compared there byte by byte.
        """
        longest = max((len(one.encode()) for one in self.prefixes), default=0)
        looked_up = self.namespaces + prefixes
        return looked_up * self.depth * (_LOOKUP + longest) // _BYTES_OF_LOOKUP


class _Declarations:
    """The prefixes that a document declares, each with its first namespace."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}
        #: Those of several namespaces.
        self.ambiguous: set[str] = set()
        self._is_of_signature = False

    def add(self, prefix: str, uri: str) -> None:
        """Take a declaration on the next element."""
        if (prefix, uri) == _OF_SIGNATURES:
            self._is_of_signature = True
        elif self.first.setdefault(prefix, uri) != uri:
            self.ambiguous.add(prefix)

    def enter(self, tag: str) -> None:
        """Take the element: on XMLDSig's own that default namespace is usual, and means nothing."""
        prefix, uri = _OF_SIGNATURES
        is_counted = self._is_of_signature and not tag.startswith(DS)
        if is_counted and self.first.setdefault(prefix, uri) != uri:
            self.ambiguous.add(prefix)
        self._is_of_signature = False


def measure(root: etree._Element) -> Measures:
    """Measure a document. Raises MalformedSignature for a name that is too long."""
    depth = attributes = pairs = deepest = most = heaviest = 0
    weights: list[int] = []
    weight = 0
    declarations = _Declarations()
    for event, subject in etree.iterwalk(root, events=_EVENTS):
        if event == "start-ns":
            weights.append(_weigh_namespace(*subject))
            declarations.add(*subject)
            weight += weights[-1]
            most, heaviest = max(most, len(weights)), max(heaviest, weight)
        elif event == "end-ns":
            weight -= weights.pop()
        elif event == "end":
            depth -= 1
        else:
            depth += 1
            deepest = max(deepest, depth)
            check_name(str(subject.tag))
            declarations.enter(str(subject.tag))
            number = len(subject.attrib)
            if number:
                attributes += number
                pairs += number * sum(map(_weigh_attribute, map(str, subject.attrib)))
    return Measures(
        deepest,
        most,
        heaviest,
        attributes,
        pairs + attributes * heaviest,
        frozenset(declarations.first),
        frozenset(declarations.ambiguous),
    )


def _weigh_namespace(prefix: str, uri: str) -> int:
    check_name(prefix)
    check_name(uri)
    return 1 + len(prefix.encode()) // _BYTES_OF_PREFIX


def _weigh_attribute(name: str) -> int:
    check_name(name)
    return 1 + len(name.encode()) // _BYTES_OF_ATTRIBUTE


def is_heavier(part: etree._Element, limit: int) -> bool:
    """Return whether a part takes more memory than `limit`, roughly in bytes."""
    weight = 0
    for node in part.iter():
        named = [str(node.tag), *chain(*list_attributes(node))] if isinstance(node.tag, str) else ()
        weight += _NODE * (1 + len(named) // 2)
        weight += sum(len(piece) for piece in (node.text, node.tail, *named) if piece)
        if weight > limit:
            return True
    return False


def check_name(name: str) -> None:
    """Refuse a name, or the URI of an algorithm, that is too long. Raises MalformedSignature."""
    if len(name) > MAX_NAME:
        raise MalformedSignature(
            "cms: XML has a name of more than {limit} characters", limit=MAX_NAME
        )
