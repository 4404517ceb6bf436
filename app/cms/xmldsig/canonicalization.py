"""Canonical XML: the octets that an XML signature is made over, within a budget.

libxml2 canonicalises; this module supplies the context that libxml2 ignores, and counts the costs,
because signatures may refer to the same megabytes again and again. Sources: Canonical XML 1.0 and
1.1, Exclusive XML Canonicalization 1.0 (W3C).
"""

import hashlib
import re
from collections.abc import Mapping

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.budget import MAX_SLOW_CONTENT, cost_of_digest, is_slow, refuse_content
from app.cms.verdict import Verdict, unknown
from app.cms.xmldsig.attributes import count_quotes
from app.cms.xmldsig.canonical_budget import BUDGET, TOO_COSTLY, Budget
from app.cms.xmldsig.canonical_forms import Form, Undecided
from app.cms.xmldsig.canonical_octets import CanonicalOctets, Output
from app.cms.xmldsig.inheritance import Inheritance
from app.cms.xmldsig.measures import is_heavier, measure
from app.cms.xmldsig.value_prefixes import find_undeclared

# An element costs as much as this number of bytes, plus one for each level of depth, plus the
# squares of the number of namespaces declared on its path and of its attributes: libxml2 compares
# each with each (see `measures`).
_ELEMENT = 50
# Cost of looking at an attribute.
_ATTRIBUTE = 50
# This many bytes are copied in the time of canonicalising one.
_COPIES = 16
# Additional cost of a byte of a part, which is written and parsed once more.
_COPY = 2
# Cost of a microsecond of hashing: a byte costs one or two with digests in C; in plain Python the
# budget is enough for 1.5 MB of Streebog, which takes 2 s.
_MICROSECOND = 125
# Bytes of a canonical form, which is kept in memory: this multiple of the document's size, plus a
# constant, because the exclusive form may declare a namespace again in each element. A large
# document grows less: its memory is limited, and "<name/>" is written with its name twice.
_GROWTH = 2
_GROWTH_OF_SMALL = 10_000_000
_MAX_FORM = 40_000_000
# Bytes of a document including escaping, if that adds more than a little: libxml2 escapes a whole
# text in memory before writing any of it.
_MAX_ESCAPED = 32_000_000
_LITTLE = 1_000_000
# Bytes that a parser takes at once.
_PIECE = 1_000_000
# Bytes of a large document and of its canonical form; of a part that is not in memory at the same
# time as that form, since a part is there three times while it is copied; and of the largest part
# of a large document. Real ones of that size have few elements, and much text.
_LARGE, _LARGE_PART, _MAX_PART = 20_000_000, 2_000_000, 32_000_000
# The name of the default namespace in a PrefixList (Exclusive XML Canonicalization 1.0, section 3).
_DEFAULT = "#default"


def _refuse(oid: str) -> Undecided:
    error = refuse_content(oid)
    return Undecided(unknown(error.template, **error.values))


def _growth_of_text(root: etree._Element, xml: bytes) -> int:
    """Return an upper bound of the bytes that escaping adds to a document (Canonical XML 1.0, 2.3).

    Each ">" outside of tags counts, also in attributes: the canonical form does not escape it
    there, but copying a part does. A quote counts in attributes; other escaped characters there
    were written with "&", and of these, as of "<" in CDATA, a parsed document has few.
    """
    elements = sum(1 for _ in root.iter())
    marks = xml.count(b">") - 2 * elements
    return 3 * max(marks, 0) + 5 * count_quotes(root)


class Canonicaliser:
    """Returns the octets of a document and of its elements, with or without elements of `leavable`.

    It takes over the document: each of `leavable`, none of which is the root, gets processing
    instructions around it, which mark in the octets where it begins and ends. So a document is
    canonicalised only once for a hundred signatures, each over a different part of it.
    """

    def __init__(
        self,
        root: etree._Element,
        xml: bytes,
        leavable: Mapping[int, etree._Element],
        budget: Budget | None = None,
    ) -> None:
        """Take the document's root, its bytes, and the removable elements by their numbers."""
        self.budget = budget or Budget()
        self._root = root
        self._size = len(xml)
        growth = _growth_of_text(root, xml)
        self._is_too_long = growth > _LITTLE and self._size + growth > _MAX_ESCAPED
        self._measures = measure(root)
        #: Cost of looking at all attributes.
        self.cost_of_attributes = _ATTRIBUTE * self._measures.attributes
        # No document can contain its own digest, so it has no such instruction.
        self.target = "m" + hashlib.sha256(xml).hexdigest()
        self._mark = re.compile(rf"<\?{self.target} (\d+)\?>".encode())
        self._inheritance = Inheritance(self.budget)
        #: Comments or instructions beside the root.
        self._has_surroundings = root.getprevious() is not None or root.getnext() is not None
        for number, element in leavable.items():
            _surround(element, self.target, str(number))
        self._whole: tuple[Form, CanonicalOctets] | None = None
        #: The latest part.
        self._part: tuple[etree._Element, Form, CanonicalOctets] | None = None
        self._undeclared: dict[tuple[object, ...], list[str]] = {}
        self._digests: dict[tuple[object, ...], bytes] = {}

    def digest(
        self, oid: str, apex: etree._Element | None, form: Form, left_out: frozenset[int]
    ) -> bytes:
        """Hash the octets of `apex`; see `octets`. Results are remembered.

        The standard's rules apply, even where libraries disagree; see `disputed`. Raises
        UnsupportedAlgorithm, and Undecided as `octets` does.
        """
        question = (oid, apex, form, left_out)
        if question not in self._digests:
            pieces = self.octets(apex, form, left_out)
            self._pay_for_digest(oid, sum(map(len, pieces)))
            self._digests[question] = algorithms.digest(oid, *pieces)
        return self._digests[question]

    def undeclared(
        self, apex: etree._Element | None, form: Form, left_out: frozenset[int]
    ) -> list[str]:
        """Return the prefixes in values of the octets whose declarations are not among these.

        Results are remembered. Raises Undecided as `octets` does.
        """
        if not form.exclusive or not self._measures.prefixes:
            return []
        question = (apex, form, left_out)
        if question not in self._undeclared:
            pieces = self.octets(apex, form, left_out)
            listed = {one if one != _DEFAULT else "" for one in form.prefixes}
            ambiguous = self._measures.ambiguous - listed
            found = find_undeclared(pieces, self._measures.prefixes, self.budget, ambiguous)
            self._undeclared[question] = found
        return self._undeclared[question]

    def _pay_for_digest(self, oid: str, size: int) -> None:
        slow = is_slow(oid)
        try:
            self.budget.spend(cost_of_digest(oid, size) * _MICROSECOND)
        except Undecided as undecided:
            if slow:
                raise _refuse(oid) from undecided
            raise
        if slow and size > MAX_SLOW_CONTENT:
            raise _refuse(oid)

    def agreed_digest(self, oid: str, apex: etree._Element, form: Form) -> bytes:
        """Hash the octets of an element, but only if all libraries produce the same.

        Raises what `digest` raises, and Undecided for disputed octets.
        """
        made = self.digest(oid, apex, form, frozenset())
        disputed = self.disputed(apex, form)
        if disputed:
            raise Undecided(disputed)
        return made

    def disputed(self, apex: etree._Element | None, form: Form) -> Verdict | None:
        """Return unknown, with the reason, if libraries produce different octets for a part.

        For an inherited attribute the nearest value counts (Canonical XML 1.0 and 1.1, section
        2.4); xmlsec1 does so, but Java's library uses the farthest. So a matching digest is right,
        and a mismatch proves nothing. Raises Undecided if the budget doesn't allow an answer.
        """
        return None if apex is None else self._inheritance.disputed(apex, form)

    def octets(
        self, apex: etree._Element | None, form: Form, left_out: frozenset[int] = frozenset()
    ) -> list[bytes]:
        """Canonicalise an element in its context, or the document if it is None; in pieces.

        `left_out` are numbers of `leavable`. Raises Undecided if the budget doesn't allow it, or if
        there is no canonical form.
        """
        if apex is self._root and not self._has_surroundings:
            apex = None  # The same, without a copy of all of it.
        if apex is None and self._whole and self._whole[0] == form:
            # A look is cheap, but once the budget is used up nothing may cost anything.
            self.budget.spend(len(self._whole[1]) // _COPIES)
            return self._whole[1].without(left_out)
        if apex is not None and self._part and self._part[:2] == (apex, form):
            self.budget.spend(len(self._part[2]) // _COPIES)
            return self._part[2].without(left_out)
        # Two forms of a large document, or two parts, would take too much memory.
        self._part = None
        if apex is None:
            self._whole = None
        octets = self._canonicalise(apex, form)
        if apex is None:
            self._whole = form, octets
        else:
            self._part = apex, form, octets
        return octets.without(left_out)

    def _canonicalise(self, apex: etree._Element | None, form: Form) -> CanonicalOctets:
        # Before anything takes time: once the budget is used up, work ends here.
        measures, prefixes = self._measures, len(form.prefixes)
        self.budget.spend(BUDGET + 1 if self._is_too_long else measures.pairs)
        squares = (measures.namespaces + prefixes) * (measures.weight + prefixes)
        each = _ELEMENT + measures.depth + squares + measures.cost_of_lookups(prefixes)
        element = self._root if apex is None else apex
        self.budget.spend(sum(each for _ in element.iter()))
        tree = element.getroottree() if apex is None else self._as_document(apex, form)
        if _DEFAULT in form.prefixes:
            _make_default_known(tree.getroot())
        longest = min(_GROWTH_OF_SMALL + _GROWTH * self._size, _MAX_FORM)
        output = Output(self._mark, self.budget, Budget(longest))
        try:
            # The stubs lack `exclusive`, and require more of a file than lxml does.
            tree.write_c14n(  # type: ignore[call-arg]
                output,  # type: ignore[arg-type]
                exclusive=form.exclusive,
                with_comments=form.comments,
                inclusive_ns_prefixes=form.prefixes,
            )
        except etree.C14NError as error:
            raise Undecided(unknown("relative namespaces have no canonical form")) from error
        return output.finish()

    def _as_document(self, apex: etree._Element, form: Form) -> etree._ElementTree:
        """Return a new document with a copy of `apex` in its context.

        The namespaces in scope are declared on the copy, and it has the inherited attributes in
        XML's namespace. libxml2 canonicalises a whole document correctly; for an element inside
        one, it loses below the apex the default namespace that the apex inherits.
        """
        inherited = self._inheritance.inherited(apex, form)
        self._make_room(apex)
        text = etree.tostring(apex, encoding="utf-8", with_tail=False)
        self.budget.spend(len(text) * _COPY)
        # With entities ("&gt;") an attribute may be longer than libxml2's default limit; size and
        # depth of the document were checked when it was parsed.
        parser = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=True
        )
        for start in range(0, len(text), _PIECE):
            parser.feed(text[start : start + _PIECE])
        copy = parser.close()
        for name, value in inherited.items():
            copy.set(name, value)
        return copy.getroottree()

    def _make_room(self, apex: etree._Element) -> None:
        """Forget the document's canonical form if it is large, and so is a part to be copied.

        Raises Undecided if both the document and a copy would take too much memory.
        """
        if self._size > _LARGE and is_heavier(apex, _MAX_PART):
            raise Undecided(TOO_COSTLY)
        if self._whole and len(self._whole[1]) > _LARGE and is_heavier(apex, _LARGE_PART):
            self._whole = None


def _make_default_known(root: etree._Element) -> None:
    """Add "#default" to the names that libxml2 knows in a document.

    lxml ignores prefixes that aren't among them, since they can't be in use. lxml accepts any name
    as the target of a processing instruction, which is added temporarily.
    """
    instruction = etree.ProcessingInstruction("x")
    root.append(instruction)
    instruction.target = _DEFAULT
    root.remove(instruction)


def _surround(element: etree._Element, target: str, text: str) -> None:
    """Insert an instruction before an element and one after it; text around them stays in place."""
    tail, element.tail = element.tail, None
    element.addprevious(etree.ProcessingInstruction(target, text))
    after = etree.ProcessingInstruction(target, text)
    after.tail = tail
    element.addnext(after)
