"""What digests exclude: it must hold nothing that a reader may take for content.

An excluded signature consists only of elements of signatures; and neither it nor an unsigned
comment stands before text: it would turn "1000" into "100" for programs that read an element's text
up to its first child. Where it stands is not signed either.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from lxml import etree

from app.cms.verdict import YES, Verdict, unknown
from app.cms.xmldsig.canonical_budget import Budget
from app.cms.xmldsig.signature_parts import has_text, is_blank, is_of_signatures
from app.cms.xmldsig.soap import list_names

# Cost of visiting an element, in the unit of `canonical_budget.BUDGET`.
_LOOK = 100


class Exclusions:
    """The signatures and comments of one document, any of which a digest may exclude."""

    def __init__(
        self,
        root: etree._Element,
        signatures: Mapping[int, etree._Element],
        comments: Sequence[etree._Element],
        budget: Budget,
    ) -> None:
        """Take a document, its signatures by their numbers, and its comments.

        Nothing may have been added around the signatures yet.
        """
        self._signatures = signatures
        self._budget = budget
        self._has_comments = bool(comments)
        self._comment_precedes_text = any(not is_blank(comment.tail) for comment in comments)
        self._precedes_text = {
            number: not is_blank(element.tail) for number, element in signatures.items()
        }
        self._beside_text = dict(_find_beside_text(root, signatures))
        self._judged: dict[int, Verdict] = {}

    def judge(self, left_out: frozenset[int], *, comments_signed: bool) -> Verdict:
        """Return whether the parts that a digest excluded are harmless for readers.

        `left_out` are the numbers of signatures. Raises Undecided if the budget doesn't allow an
        answer.
        """
        for number in sorted(left_out):
            verdict = self._judge_signature(number)
            if verdict is not YES:
                return verdict
        verdict = self._note_places(left_out)
        if comments_signed or not self._has_comments:
            return verdict
        if self._comment_precedes_text:
            return unknown("a comment that is not signed stands before text")
        return verdict.noting("comments are not signed")

    def _note_places(self, left_out: frozenset[int]) -> Verdict:
        """Return yes, with a remark on signatures that may have been moved behind a text."""
        places = [self._beside_text[one] for one in sorted(left_out & self._beside_text.keys())]
        if not places:
            return YES
        return YES.noting(
            "a signature stands beside text, and where it stands is not signed: {parts}",
            parts=list_names(dict.fromkeys(places)),
        )

    def _judge_signature(self, number: int) -> Verdict:
        if number not in self._judged:
            # Signatures may be nested, so their total size may be many times the document's.
            signature = self._signatures[number]
            self._budget.spend(sum(_LOOK for _ in signature.iter()))
            verdict = YES
            if self._precedes_text[number]:
                verdict = unknown("signature {number} stands before text", number=number)
            elif not is_of_signatures(signature):
                verdict = unknown(
                    "signature {number} holds content that is not signed", number=number
                )
            self._judged[number] = verdict
        return self._judged[number]


def _find_beside_text(
    root: etree._Element, signatures: Mapping[int, etree._Element]
) -> Iterator[tuple[int, etree._Element]]:
    """Find the signatures that stand in an element with text, and return that, too.

    In the root many documents have both; anywhere else it is so unusual that the signature may have
    been moved there.
    """
    is_with_text = cache(has_text)  # Hundreds may stand in the same element.
    for number, signature in signatures.items():
        above = signature.getparent()
        if above is not None and above is not root and is_with_text(above):
            yield number, above
