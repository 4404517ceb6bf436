"""The attributes of elements, read in time linear in their number and length.

lxml's own `attrib.values()` and `attrib.items()` look each value up by its name, from the first
attribute on, and libxml2 compares names byte by byte: for one element with 20,000 attributes whose
names share a long beginning, they take 10 s. XPath goes from one attribute to the next.
"""

from typing import Any

from lxml import etree

_ALL = etree.XPath("@*", smart_strings=False)
_QUOTED = etree.XPath("//@*[contains(., '\"')]", smart_strings=False)
# "Id", "ID", and "id", in any namespace.
_IS_IDENTIFIER = "string-length(local-name()) = 2 and translate(local-name(), 'ID', 'id') = 'id'"
# A Reference to a longer one finds nothing: each value is copied, and kept.
_MAX_ID = 1000
_IDENTIFIERS = etree.XPath(f"@*[{_IS_IDENTIFIER}]", smart_strings=False)
_IDENTIFIERS_BELOW = etree.XPath(f"//@*[{_IS_IDENTIFIER} and string-length() <= {_MAX_ID}]")


def list_attributes(element: etree._Element) -> list[tuple[str, str]]:
    """Return names, with their namespaces in braces, and values, in the order of the document."""
    # Both go through the same list of libxml2's, which has no declarations of namespaces.
    values: Any = _ALL(element)
    return list(zip(map(str, element.attrib), values, strict=True))


def list_identifiers(element: etree._Element) -> list[str]:
    """Return the values of an element's attributes Id, ID, and id, in any namespace."""
    values: Any = _IDENTIFIERS(element)
    return list(values)


def find_identified(root: etree._Element) -> dict[str, list[etree._Element]]:
    """Return the elements of a document by their attributes Id, ID, and id, if those are short."""
    found: dict[str, list[etree._Element]] = {}
    values: Any = _IDENTIFIERS_BELOW(root)
    for value in values:
        listed = found.setdefault(str(value), [])
        element = value.getparent()
        if element not in listed[-1:]:
            listed.append(element)
    return found


def count_quotes(root: etree._Element) -> int:
    """Return how many quotation marks there are in the attributes of a document."""
    values: Any = _QUOTED(root)
    return sum(value.count('"') for value in values)
