"""Attributes of the elements around signed parts, of a SOAP message for instance.

The Envelope, its Header and the Security headers are usually not signed, but the parts in them are.
An attribute there, such as xml:lang, applies to the parts; but it is signed with a part only if the
part inherits it, which only some forms of Canonical XML provide for, and only for some attributes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lxml import etree

from app.cms.xmldsig.attributes import list_attributes
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import Form, shortened
from app.cms.xmldsig.customary import is_plain
from app.cms.xmldsig.inheritance import inherits

# SOAP 1.1 sections 4.2.2 and 4.2.3, SOAP 1.2 part 1 section 5.2.
_ADDRESSING = ("actor", "mustUnderstand", "role", "relay")
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
# Cost of looking at an attribute, in the unit of `canonical_budget.BUDGET`.
_LOOK = 300


class FrameAttributes:
    """The attributes on the elements around the parts of one message, other than identifiers."""

    def __init__(
        self,
        around: Iterable[etree._Element],
        securities: Iterable[etree._Element] = (),
        soap: str = "",
        *,
        beginning: str = "",
        within: etree._Element | None = None,
    ) -> None:
        """Take the elements, and the beginning of the names of SOAP's own attributes.

        On a Security header those state who is to process it, and nothing about the parts. Other
        attributes count only if their names begin with `beginning`. A part signs the elements in
        it; those in a signature, `within`, only if it is in there, too: a part around the signature
        leaves that out.
        """
        self._within = within
        self._attributes = [
            *(
                (element, name)
                for element in around
                for name in _list_names(element)
                if name.startswith(beginning)
            ),
            *(
                (element, name)
                for element in securities
                for name in _list_names(element)
                if not _addresses(element, name, soap)
            ),
        ]

    def list_unsigned(
        self, covered: Mapping[etree._Element | None, Sequence[Form]], budget: Budget
    ) -> list[str]:
        """Name those that are in no part that is signed, and that none takes over.

        `covered` are the parts, with the forms in which each is canonicalised. Raises Undecided if
        the budget doesn't allow an answer.
        """
        if not self._attributes:
            return []
        budget.spend(_LOOK * len(self._attributes))
        taken = set(_list_taken(covered, budget))
        return [
            f"{shortened(etree.QName(element).localname)}/@{shortened(etree.QName(name).localname)}"
            for element, name in self._attributes
            if (element, name) not in taken
            and not any(one in covered for one in self._list_around(element))
        ]

    def _list_around(self, element: etree._Element) -> Iterator[etree._Element]:
        """List an element and those around it, as far as a part that signs it may be."""
        yield element
        if element is not self._within:
            for above in element.iterancestors():
                yield above
                if above is self._within:
                    return


def _list_taken(
    covered: Mapping[etree._Element | None, Sequence[Form]], budget: Budget
) -> Iterator[tuple[etree._Element, str]]:
    """List the attributes above parts that become a part of what is signed: the nearest ones."""
    for part, forms in covered.items():
        for form in dict.fromkeys(forms):
            if part is None or form.exclusive:
                continue
            nearer = set(map(str, part.attrib))
            for above in part.iterancestors():
                budget.spend(_LOOK * (1 + len(above.attrib)))
                names = {str(name) for name in above.attrib if inherits(str(name), form)} - nearer
                if form.version_11 and not above.get(_BASE):
                    names.discard(_BASE)  # An empty one is joined, and leaves nothing.
                yield from ((above, name) for name in names)
                nearer |= names


def _list_names(element: etree._Element) -> list[str]:
    """Return the names of an element's attributes, other than identifiers."""
    return [
        name
        for name, value in list_attributes(element)
        if etree.QName(name).localname.lower() != "id" or not is_plain(value)
    ]


def _addresses(element: etree._Element, name: str, soap: str) -> bool:
    """Return whether an attribute says who is to process a header block, and nothing else."""
    is_known = name.startswith(soap) and name.removeprefix(soap) in _ADDRESSING
    return is_known and is_plain(element.get(name, ""))
