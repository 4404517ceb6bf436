"""Sizes of a document on which the cost of libxml2's pairwise comparisons depends.

They are measured once, in one pass, before any operation with such a cost.
"""

from dataclasses import dataclass

from lxml import etree

from app.cms.errors import MalformedSignature

#: Characters of one name, with its namespace; of a prefix; and of a namespace. Of 2,203 documents
#: of an operating system the longest names have 36, prefixes 11, namespaces 82.
MAX_NAME = 1000

# Two names are compared byte by byte. Comparing this many common bytes costs as much as everything
# else for the pair: when attributes are sorted, and when a namespace is searched for.
_BYTES_OF_ATTRIBUTE = 24
_BYTES_OF_PREFIX = 6
_EVENTS = ("start", "end", "start-ns", "end-ns")


@dataclass(frozen=True, slots=True)
class Measures:
    """The sizes of a document.

    `depth` is the maximum depth of elements. `namespaces` is the maximum number of declarations on
    a path from the root, and `weight` the same number, with one added for each _BYTES_OF_PREFIX
    bytes of a prefix. `attributes` is the total. `pairs` counts comparisons: of the attributes of
    an element with each other when they are sorted, and with the namespaces in scope; one is added
    for each _BYTES_OF_ATTRIBUTE bytes. `prefixes` are all that are declared anywhere, `ambiguous`
    those that are declared for several namespaces.
    """

    depth: int
    namespaces: int
    weight: int
    attributes: int
    pairs: int
    prefixes: frozenset[str]
    ambiguous: frozenset[str]


def measure(root: etree._Element) -> Measures:
    """Measure a document. Raises MalformedSignature for a name that is too long."""
    depth = attributes = pairs = deepest = most = heaviest = 0
    weights: list[int] = []
    weight = 0
    declared: dict[str, str] = {}
    ambiguous: set[str] = set()
    for event, subject in etree.iterwalk(root, events=_EVENTS):
        if event == "start-ns":
            weights.append(_weigh_namespace(*subject))
            prefix, uri = subject
            if declared.setdefault(prefix, uri) != uri:
                ambiguous.add(prefix)
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
        frozenset(declared.keys() - {""}),
        frozenset(ambiguous - {""}),
    )


def _weigh_namespace(prefix: str, uri: str) -> int:
    check_name(prefix)
    check_name(uri)
    return 1 + len(prefix.encode()) // _BYTES_OF_PREFIX


def _weigh_attribute(name: str) -> int:
    check_name(name)
    return 1 + len(name.encode()) // _BYTES_OF_ATTRIBUTE


def check_name(name: str) -> None:
    """Refuse a name, or the URI of an algorithm, that is too long. Raises MalformedSignature."""
    if len(name) > MAX_NAME:
        raise MalformedSignature(
            "cms: XML has a name of more than {limit} characters", limit=MAX_NAME
        )
