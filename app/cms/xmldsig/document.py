"""A document with XML signatures: what they may refer to, may exclude, and must cover.

A correct yes needs more than equal digests, because a document holds more than what is digested:

- The references of a signature together cover the whole document, or the relevant parts of a SOAP
  message (`app.cms.xmldsig.soap`). A part alone may have been moved into another document by
  anyone.
- What they exclude holds nothing that a reader may take for content (`app.cms.xmldsig.exclusions`).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache, cached_property, partial

from lxml import etree

from app.cms.verdict import YES, Answer, Verdict, unknown
from app.cms.x509.certificate import read_certificate
from app.cms.xmldsig.absent_content import AbsentContent
from app.cms.xmldsig.attributes import find_identified
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.canonical_forms import Form, Undecided, shortened
from app.cms.xmldsig.canonicalization import Canonicaliser
from app.cms.xmldsig.exclusions import Exclusions
from app.cms.xmldsig.key_info_checks import KeyInfoWords, KnownNames
from app.cms.xmldsig.named_certificate import list_properties
from app.cms.xmldsig.other_signatures import OtherSignatures
from app.cms.xmldsig.parsing import SignedXml, parse_document
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signature_parts import has_text, is_of_signatures
from app.cms.xmldsig.signatures import XmlSignature, find_signatures
from app.cms.xmldsig.soap import list_names, read_message

_OBJECT, _MANIFEST = DS + "Object", DS + "Manifest"
# Cost of visiting an element, in the unit of `canonical_budget.BUDGET`.
_LOOK = 100
# Cost of asking whether a signature is in an element.
_GLANCE = 20


class SignedDocument:
    """A document, and its complete signatures by their numbers, from 1 in document order."""

    def __init__(self, signature: SignedXml) -> None:
        """Parse it. Raises MalformedSignature if `signature` was not returned by `parse`."""
        self.root = parse_document(signature.xml)
        found = list(enumerate(find_signatures(self.root), 1))
        self.signatures = {number: element for number, (element, _) in found}
        self.parsed = dict(enumerate(signature.signatures, 1))
        # The surroundings of signatures must be examined before the canonicaliser marks them.
        comments = [*self.root.iter(etree.Comment), *self._outside(etree.Comment)]
        self.has_comments = bool(comments)
        self._comments = comments
        budget = Budget()
        self.exclusions = Exclusions(self.root, self.signatures, comments, budget)
        self._message = read_message(self.root, set(self.signatures.values()))
        self._has_instructions_outside = bool(self._outside(etree.ProcessingInstruction))
        leavable = {
            number: element
            for number, element in self.signatures.items()
            if element is not self.root
        }
        self._ancestors = {
            number: set(element.iterancestors()) for number, element in leavable.items()
        }
        self.canonicaliser = Canonicaliser(self.root, signature.xml, leavable, budget)
        #: Returns the words of a signature's certificates. A method would refer to the document.
        self.words_of = partial(_words_of, self.parsed, KnownNames(), budget)
        self.others = OtherSignatures(
            self.signatures, self.words_of, self.canonicaliser.target, budget
        )
        #: XAdES properties within a part.
        self.properties_within = cache(list_properties)
        self.absent = AbsentContent(self.root, budget)
        #: The encoding of `SignedXml.misread`.
        self.misread = signature.misread

    def _outside(self, kind: Callable[..., etree._Element]) -> list[etree._Element]:
        """List comments or instructions before and after the root."""
        return [*self.root.itersiblings(kind, preceding=True), *self.root.itersiblings(kind)]

    def find(self, uri: str | None) -> etree._Element | None:
        """Find the target of a Reference; None for the document itself.

        Raises Undecided for other targets: nothing outside of the document is ever fetched.
        """
        if uri == "":
            return None
        if not uri or not uri.startswith("#") or uri.startswith("#xpointer("):
            raise Undecided(
                unknown("references to {uri} are not followed", uri=shortened(uri or "-"))
            )
        found = self._ids.get(uri[1:], [])
        if not found:
            raise Undecided(unknown("no element has the Id {id}", id=shortened(uri[1:])))
        if len(found) > 1:
            # Which of them was signed? One program takes the first, another the last.
            raise Undecided(unknown("several elements have the Id {id}", id=shortened(uri[1:])))
        return found[0]

    @cached_property
    def _ids(self) -> dict[str, list[etree._Element]]:
        """List elements by their attributes Id, ID, id, in any namespace.

        Without a document type declaration, which is refused, no attribute is an identifier by its
        type. So all customary ones count; this finds more duplicate identifiers.
        """
        self.canonicaliser.budget.spend(self.canonicaliser.cost_of_attributes)
        return find_identified(self.root)

    def left_out(self, number: int, apex: etree._Element | None) -> list[frozenset[int]]:
        """Return the signatures that the enveloped `number` may have excluded, the likeliest first.

        - Itself and the later ones: clients of the NCA add one after the other, each over the
          document with the earlier ones. So the last is verified first, and removed.
        - Itself alone, as the standard says (XMLDSig section 6.6.4).
        - All: each was made over the document without any, and then they were combined.
        - Itself and the earlier ones: each new one was inserted before the old.

        This gives an attacker little choice: signatures can be added, and the earlier ones still
        verify, and the last can be removed, as from any document; `exclusions` judges the result in
        each case. A document signed in yet another order counts as altered.

        Raises Undecided if the signature would exclude everything that it refers to.
        """
        self.canonicaliser.budget.spend(_GLANCE * len(self._ancestors))
        signature = self.signatures[number]
        if signature in (self.root, apex) or (
            apex is not None and signature in apex.iterancestors()
        ):
            raise Undecided(
                unknown("the transforms of the signature leave out all that it references")
            )
        inside = [
            other
            for other, ancestors in self._ancestors.items()
            if apex is None or apex in ancestors
        ]
        if number not in inside:
            return [frozenset()]
        choices = (
            [other for other in inside if other >= number],
            [number],
            inside,
            [other for other in inside if other <= number],
        )
        return list(dict.fromkeys(frozenset(choice) for choice in choices))

    def holds_manifest(self, apexes: Set[etree._Element | None]) -> bool:
        """Return whether the signed parts contain a Manifest (XMLDSig section 5.1).

        Core validation leaves the references in it to the application. Raises Undecided if the
        budget doesn't allow an answer.
        """
        for manifest in self._manifests:
            around = [manifest, *manifest.iterancestors()]
            self.canonicaliser.budget.spend(_LOOK * len(around))
            if None in apexes or not apexes.isdisjoint(around):
                return True
        return False

    @cached_property
    def _manifests(self) -> list[etree._Element]:
        return list(self.root.iter(_MANIFEST))

    def judge_coverage(
        self, number: int, covered: Mapping[etree._Element | None, Sequence[Form]]
    ) -> Verdict:
        """Return whether the parts that signature `number` refers to are everything relevant.

        `covered` maps each part to the forms in which it is canonicalised. Raises Undecided if the
        budget doesn't allow an answer.
        """
        verdict = self._judge_coverage(number, covered)
        if verdict.answer is Answer.YES and self._leaves_comments(covered.keys()):
            return verdict.noting("comments are not signed")
        return verdict

    def _leaves_comments(self, apexes: Set[etree._Element | None]) -> bool:
        """Return whether a comment is in none of the parts, in whatever form they are signed."""
        if None in apexes:
            return False
        for comment in self._comments:
            around = list(comment.iterancestors())
            self.canonicaliser.budget.spend(_GLANCE * (1 + len(around)))
            if apexes.isdisjoint(around):
                return True
        return False

    def _judge_coverage(
        self, number: int, covered: Mapping[etree._Element | None, Sequence[Form]]
    ) -> Verdict:
        if self._covers(number, covered.keys()):
            return YES
        if self._message and not self._has_instructions_outside:
            return self._message.judge(self.signatures[number], covered, self.canonicaliser.budget)
        verdict = unknown("the signature covers only a part of the document")
        parts = list_names(covered)
        if not parts:
            return verdict
        return verdict.noting("of the document the signature covers: {parts}", parts=parts)

    def _covers(self, number: int, apexes: Set[etree._Element | None]) -> bool:
        """Return whether the parts that signature `number` refers to are the whole document.

        They are if the root is one of them; or, if the root is the signature itself, "enveloping",
        if they make up its objects.
        """
        if None in apexes or (self.root in apexes and not self._has_instructions_outside):
            return True
        signature = self.signatures[number]
        if signature is not self.root or self._has_instructions_outside or has_text(signature):
            return False
        children = list(signature.iterchildren("*"))
        return any(child.tag == _OBJECT for child in children) and all(
            _makes_up(apexes, child) if child.tag == _OBJECT else is_of_signatures(child)
            for child in children
        )


def _words_of(
    parsed: Mapping[int, XmlSignature], names: KnownNames, budget: Budget, number: int
) -> KeyInfoWords:
    """Return the words of a signature's certificates; the signer's may be anywhere among them."""
    one = parsed[number]
    listed = dict.fromkeys((one.certificate, *one.certificates))
    return KeyInfoWords(list(map(read_certificate, listed)), names, budget)


def _makes_up(apexes: Set[etree._Element | None], element: etree._Element) -> bool:
    """Return whether an element is one of `apexes`, or consists of such."""
    if element in apexes:
        return True
    return not has_text(element) and all(child in apexes for child in element.iterchildren("*"))
