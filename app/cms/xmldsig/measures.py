"""How much there is in a document of what libxml2 compares each with each.

Measured once, in one pass, before anything is done that takes longer the more there is of it.
"""

from dataclasses import dataclass

from lxml import etree

from app.cms.errors import MalformedSignature

#: Characters of one name, with its namespace; of a prefix; and of a namespace. Of 2,203 documents
#: of an operating system the longest names have 36, prefixes 11, namespaces 82.
MAX_NAME = 1000

# Two names are compared byte by byte. So many bytes that they have in common cost as much as the
# rest of what is done for such a pair: when attributes are sorted, when a namespace is looked for.
_BYTES_OF_ATTRIBUTE = 24
_BYTES_OF_PREFIX = 6
_EVENTS = ("start", "end", "start-ns", "end-ns")


@dataclass(frozen=True, slots=True)
class Measures:
    """What a document has, in all or at most.

    `depth` is that of elements. `namespaces` are those that one way down declares at most, and
    `weight` is their number, each counted once more for so many bytes of its prefix. `attributes`
    are all of them, and `pairs` are those that are compared when they are sorted in each element,
    and with the namespaces in scope; each counts once more for so many bytes.
    """

    depth: int
    namespaces: int
    weight: int
    attributes: int
    pairs: int


def measure(root: etree._Element) -> Measures:
    """Measure a document. Raises MalformedSignature for a name that is too long."""
    depth = attributes = pairs = deepest = most = heaviest = 0
    weights: list[int] = []
    weight = 0
    for event, subject in etree.iterwalk(root, events=_EVENTS):
        if event == "start-ns":
            weights.append(_weigh_namespace(*subject))
            weight += weights[-1]
            most, heaviest = max(most, len(weights)), max(heaviest, weight)
        elif event == "end-ns":
            weight -= weights.pop()
        elif event == "end":
            depth -= 1
        else:
            depth += 1
            deepest = max(deepest, depth)
            _check_name(str(subject.tag))
            number = len(subject.attrib)
            if number:
                attributes += number
                pairs += number * sum(map(_weigh_attribute, map(str, subject.attrib)))
    return Measures(deepest, most, heaviest, attributes, pairs + attributes * heaviest)


def _weigh_namespace(prefix: str, uri: str) -> int:
    _check_name(prefix)
    _check_name(uri)
    return 1 + len(prefix.encode()) // _BYTES_OF_PREFIX


def _weigh_attribute(name: str) -> int:
    _check_name(name)
    return 1 + len(name.encode()) // _BYTES_OF_ATTRIBUTE


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME:
        raise MalformedSignature(
            "cms: XML has a name of more than {limit} characters", limit=MAX_NAME
        )
