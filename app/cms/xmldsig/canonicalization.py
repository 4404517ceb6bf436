"""Canonical XML: the octets that an XML signature is made over, within a budget.

libxml2 does the canonicalising; this module tells it how, gives it the context that it overlooks,
and keeps count of the costs, because signatures may refer to the same megabytes again and again.
Sources: Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0 (W3C).
"""

import hashlib
import re
from collections.abc import Mapping

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.budget import MAX_SLOW_CONTENT, cost_of_digest, is_slow, refuse_content
from app.cms.verdict import Verdict, unknown
from app.cms.xmldsig.canonical_forms import (
    Form,
    Undecided,
    disputed_inheritance,
    inherited_attributes,
)

# What may be spent on the signatures of one document, in the time that it takes to canonicalise a
# byte: some 4 ns, so all is 1 s. Ten million bytes with ten signatures cost half of it.
BUDGET = 250_000_000
# An element costs so many bytes, and one for each level that it may be deep. On top come squares,
# of the namespaces that are declared on the way to it and of its attributes: libxml2 compares each
# with each.
_ELEMENT = 50
# So many bytes are copied in the time that it takes to canonicalise one.
_COPIES = 16
# What a byte of a part costs on top, which is written and read once more.
_COPY = 2
# What a microsecond of hashing costs: of the digests in C a byte costs one or two, of plain
# Python's so much that the budget is for 1.5 MB of Streebog, which takes 2 s.
_MICROSECOND = 125
# Bytes of a canonical form, which is kept in memory: so many times the document's own, and some
# more, because the exclusive form may declare a namespace anew in each element.
_GROWTH = 2
_GROWTH_OF_SMALL = 10_000_000
# Bytes of a document with what escaping adds to it, if that is more than a little: libxml2 escapes
# a text whole, in memory, before any of it is written.
_MAX_ESCAPED = 32_000_000
_LITTLE = 1_000_000
# What a PrefixList calls the namespace of names that have no prefix (Exclusive XML
# Canonicalization 1.0, section 3).
_DEFAULT = "#default"


class Budget:
    """What is left of a sum that may be spent."""

    def __init__(self, whole: int) -> None:
        """Start with all of it."""
        self._left = whole

    def spend(self, cost: int) -> None:
        """Take `cost` from it. Raises Undecided if that much isn't left; then nothing ever is."""
        self._left -= cost
        if self._left < 0:
            raise Undecided(unknown("the document costs too much to check"))


class _Output:
    """A file for lxml to write to, which is filled as far as each of some budgets goes.

    Exclusive canonicalisation can make a thousand times of a document.
    """

    def __init__(self, *budgets: Budget) -> None:
        self._budgets = budgets
        self.octets = bytearray()

    def write(self, octets: bytes) -> None:
        """Raises Undecided, which lxml hands on."""
        for budget in self._budgets:
            budget.spend(len(octets))
        self.octets += octets


def _refuse(oid: str) -> Undecided:
    error = refuse_content(oid)
    return Undecided(unknown(error.template, **error.values))


def _growth_of_text(root: etree._Element, xml: bytes) -> int:
    """Return by how many bytes escaping lengthens a document, at most (Canonical XML 1.0, 2.3).

    ">" counts that no tag needs, in attributes too: there the canonical form leaves it, but not the
    text by which a part is copied. A quote counts in attributes; what else is escaped there came
    with "&", and of that, as of "<" in CDATA, there is little in a document that was parsed.
    """
    elements = sum(1 for _ in root.iter())
    marks = xml.count(b">") - 2 * elements
    quotes = sum(
        str(value).count('"') for element in root.iter("*") for value in element.attrib.values()
    )
    return 3 * max(marks, 0) + 5 * quotes


class Canonicaliser:
    """Gives the octets of a document and of its elements, with or without those of `leavable`.

    The document belongs to it from then on: each of `leavable`, none of which is the root, gets
    marks around it, instructions that show in the octets where it begins and ends. So a document
    need be canonicalised only once for a hundred signatures, each over another part of the rest.
    """

    def __init__(
        self, root: etree._Element, xml: bytes, leavable: Mapping[int, etree._Element]
    ) -> None:
        """Take the document's root, its bytes, and the elements by the numbers to call them by."""
        self.budget = Budget(BUDGET)
        self._root = root
        self._size = len(xml)
        growth = _growth_of_text(root, xml)
        self._is_too_long = growth > _LITTLE and self._size + growth > _MAX_ESCAPED
        self._depth, self._namespaces = _measure(root)
        #: What it costs to look at all attributes.
        self.cost_of_attributes = sum(len(element.attrib) ** 2 for element in root.iter("*"))
        # No document can contain its own digest: there is no such instruction in it.
        self.target = "m" + hashlib.sha256(xml).hexdigest()
        self._mark = re.compile(rf"<\?{self.target} (\d+)\?>".encode())
        for number, element in leavable.items():
            _surround(element, self.target, str(number))
        self._whole: tuple[Form, list[bytes]] | None = None
        self._digests: dict[tuple[object, ...], bytes] = {}

    def digest(
        self, oid: str, apex: etree._Element | None, form: Form, left_out: frozenset[int]
    ) -> bytes:
        """Hash the octets of `apex`; see `octets`. The same question is answered once.

        What the standard says counts, even where libraries don't agree; see `disputed`. Raises
        UnsupportedAlgorithm, and Undecided as `octets` does.
        """
        question = (oid, apex, form, left_out)
        if question not in self._digests:
            data = self._octets(apex, form, left_out)
            self._pay_for_digest(oid, len(data))
            self._digests[question] = algorithms.digest(oid, data)
        return self._digests[question]

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

    def octets(
        self, apex: etree._Element | None, form: Form, left_out: frozenset[int] = frozenset()
    ) -> bytes:
        """Canonicalise an element in its place, or the document if it is None.

        `left_out` are numbers of `leavable`. Raises Undecided if the budget doesn't allow it, or
        if there is no canonical form, or none that is undisputed.
        """
        octets = self._octets(apex, form, left_out)
        disputed = self.disputed(apex, form)
        if disputed:
            raise Undecided(disputed)
        return octets

    def disputed(self, apex: etree._Element | None, form: Form) -> Verdict | None:
        """Return unknown, with the reason, if libraries give different octets for a part.

        Of an attribute that a part inherits, the nearest value counts (Canonical XML 1.0 and 1.1,
        section 2.4); xmlsec1 does so, but Java's library takes the farthest. So octets that fit are
        right, and such that don't fit prove nothing. Raises Undecided if the budget doesn't allow
        an answer.
        """
        if apex is None:
            return None
        self.budget.spend(self.cost_of_attributes + _ELEMENT * self._depth)
        return disputed_inheritance(apex, form)

    def _octets(
        self, apex: etree._Element | None, form: Form, left_out: frozenset[int] = frozenset()
    ) -> bytes:
        if apex is None and self._whole and self._whole[0] == form:
            # A copy is cheap, but what comes when the budget is used up must cost nothing.
            self.budget.spend(sum(map(len, self._whole[1])) // _COPIES)
            return _join(self._whole[1], left_out)
        pieces = self._mark.split(self._canonicalise(apex, form))
        if apex is None:
            self._whole = form, pieces
        return _join(pieces, left_out)

    def _canonicalise(self, apex: etree._Element | None, form: Form) -> bytearray:
        # Before anything takes time: when the budget is used up, this is where it ends.
        self.budget.spend(BUDGET + 1 if self._is_too_long else self.cost_of_attributes)
        squares = (self._namespaces + len(form.prefixes)) ** 2
        each = _ELEMENT + self._depth + squares
        element = self._root if apex is None else apex
        self.budget.spend(sum(each for _ in element.iter()))
        tree = element.getroottree() if apex is None else self._as_document(apex, form)
        if _DEFAULT in form.prefixes:
            _make_default_known(tree.getroot())
        output = _Output(self.budget, Budget(_GROWTH_OF_SMALL + _GROWTH * self._size))
        try:
            # The stubs forget `exclusive`, and want more of a file than lxml does.
            tree.write_c14n(  # type: ignore[call-arg]
                output,  # type: ignore[arg-type]
                exclusive=form.exclusive,
                with_comments=form.comments,
                inclusive_ns_prefixes=form.prefixes,
            )
        except etree.C14NError as error:
            raise Undecided(unknown("relative namespaces have no canonical form")) from error
        return output.octets

    def _as_document(self, apex: etree._Element, form: Form) -> etree._ElementTree:
        """Return a document of its own that holds a copy of `apex` in its context.

        The namespaces in scope are declared on the copy, and it has the attributes in XML's
        namespace that the form takes over. libxml2 canonicalises a whole document rightly; given an
        element within one, it forgets below the apex which default namespace the apex inherits.
        """
        inherited = inherited_attributes(apex, form)
        text = etree.tostring(apex, encoding="utf-8", with_tail=False)
        self.budget.spend(len(text) * _COPY)
        # Written with entities ("&gt;"), an attribute may be longer than libxml2 reads by default;
        # how large and deep the document is has been checked when it was parsed.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        copy = etree.fromstring(text, parser)
        for name, value in inherited.items():
            copy.set(name, value)
        return copy.getroottree()


def _make_default_known(root: etree._Element) -> None:
    """Put "#default" among the names that libxml2 keeps of a document.

    lxml leaves out prefixes that aren't among them, since none such can be in use. It is as the
    target of an instruction, which stands there for a moment, that lxml takes any name.
    """
    instruction = etree.ProcessingInstruction("x")
    root.append(instruction)
    instruction.target = _DEFAULT
    root.remove(instruction)


def _measure(root: etree._Element) -> tuple[int, int]:
    """Return how deep elements are, and how many namespaces one way down declares, at most."""
    counts = {"start": 0, "start-ns": 0}
    most = counts.copy()
    for event, _ in etree.iterwalk(root, events=("start", "end", "start-ns", "end-ns")):
        if event in counts:
            counts[event] += 1
            most[event] = max(most[event], counts[event])
        else:
            counts[event.replace("end", "start")] -= 1
    return most["start"], most["start-ns"]


def _surround(element: etree._Element, target: str, text: str) -> None:
    """Put an instruction before an element and one after it; text around them stays in place."""
    tail, element.tail = element.tail, None
    element.addprevious(etree.ProcessingInstruction(target, text))
    after = etree.ProcessingInstruction(target, text)
    after.tail = tail
    element.addnext(after)


def _join(pieces: list[bytes], left_out: frozenset[int]) -> bytes:
    """Join what stands between marks, without what stands within those of `left_out`.

    Pieces and numbers of marks take turns.
    """
    kept = [pieces[0]]
    hidden: set[int] = set()
    for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        hidden ^= {int(number)} & left_out
        if not hidden:
            kept.append(piece)
    return b"".join(kept)
