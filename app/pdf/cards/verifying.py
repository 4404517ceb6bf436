"""Anybody's card, verified: the first attached file is the document, all others are signatures.

What the pages show counts for nothing. If one signature fails, the whole card is not trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import thread_time
from typing import TypeAlias

from app.cms import (
    YES,
    Examined,
    MalformedSignature,
    Reason,
    SignedData,
    SignerStatus,
    TooCostly,
    Verdict,
    check_for_card,
    describe_signers,
    every,
    no,
    parse_der,
    unknown,
)
from app.pdf.cards.naming import is_executable
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import USUAL, Limits
from app.pdf.reading import Attachment, Attachments, read_attachments
from app.pdf.remarks import write_remarks

Judge: TypeAlias = Callable[[SignedData, bytes], tuple[SignerStatus, ...]]
"""Verifies a detached signature with its content."""

#: Seconds of CPU time for all signatures of a card.
MAX_SECONDS = 10.0

_DOUBTS = {
    "order": unknown(
        "the names of the attached files are not in order: programs may disagree which is the first"
    ),
    "structure": unknown(
        "the PDF can be read in more than one way: programs may show other attached files"
    ),
    "tree": unknown(
        "the tree of the attached files is not regular: programs may not find the same files"
    ),
    "two contents": unknown("an attached file has two different contents under one name"),
    "other names": unknown("an attached file has different names, of which programs take one"),
    "other files": unknown(
        "the PDF offers other files than the attached ones: programs may show or save them instead"
    ),
    "scripts": unknown(
        "the PDF has scripts, or actions that open other files: they may show other attached files"
    ),
    "form": unknown(
        "the PDF has a form of its own kind (XFA), whose scripts may show other attached files"
    ),
    "media": unknown(
        "the PDF has films, sounds or three-dimensional pictures, which hold files of their own"
    ),
    "unsearched": unknown(
        "the PDF has too many parts, or damaged ones: it was not searched for other attached files"
    ),
}
#: Remarks on what is shown, which counts for nothing.
_SHOWN = {"elsewhere", "layers", "printing"}
_OTHER_DOUBT = unknown("programs may disagree about the attached files")
#: The sentence about a PDF that is none.
NO_CARD = Reason("The PDF has no document and signatures attached: it is no card")
_PROGRAM = no("the document is a program, which a card must not hold")


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file in a card; `sha256` is hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """A signature in a card; `examined` is None if it is no CMS.

    `fits` says whether it is one that a card may hold: detached, with its evidence inside.
    """

    file: CardFile
    examined: Examined | None
    fits: Verdict

    @property
    def whole(self) -> Verdict:
        """The answers for the signature, combined."""
        statuses = self.examined.statuses if self.examined else ()
        return every(self.fits, *(status.whole for status in statuses))


@dataclass(frozen=True, slots=True)
class VerifiedCard:
    """A card, with the results; `structure` says whether it is clear what is in it."""

    pages: int
    document: CardFile
    structure: Verdict
    signatures: tuple[VerifiedFile, ...]

    @property
    def trusted(self) -> Verdict:
        """Whether all of it can be trusted: every signature is good."""
        return every(self.structure, *(one.whole for one in self.signatures))


def verify_card(data: bytes, judge: Judge, limits: Limits = USUAL) -> VerifiedCard:
    """Read and verify a card.

    Raises:
        UnreadablePdf: it is no PDF with attached files, or beyond a limit.
        TooCostly: its signatures take too much time.
    """
    return verify_attachments(read_attachments(data, limits), judge)


def verify_attachments(found: Attachments, judge: Judge) -> VerifiedCard:
    """Verify a card that was read. Raises UnreadablePdf, TooCostly."""
    if len(found.files) < 2:
        raise UnreadablePdf(NO_CARD.template)
    document, *others = found.files
    structure = _check_structure(found, document)
    started = thread_time()
    signatures = []
    for one in others:
        if thread_time() - started > MAX_SECONDS:
            raise TooCostly("The signatures of the card take too much time to verify")
        signatures.append(_verify(one, document.data, judge))
    return VerifiedCard(found.pages, _describe(document), structure, tuple(signatures))


def _check_structure(found: Attachments, document: Attachment) -> Verdict:
    """Return whether it is clear what is attached, and that the document is no program."""
    doubts = [*found.doubts, *(one for one in found.remarks if one not in _SHOWN)]
    names = [document.name, *document.others]
    is_program = any(is_executable(name, document.data) for name in names)
    return every(
        *(_DOUBTS.get(doubt, _OTHER_DOUBT) for doubt in doubts),
        _PROGRAM if is_program else YES,
        write_remarks(one for one in found.remarks if one in _SHOWN),
    )


def _verify(one: Attachment, content: bytes, judge: Judge) -> VerifiedFile:
    try:
        signature = parse_der(one.data)
    except MalformedSignature as error:
        bare = error.named("")
        return VerifiedFile(
            _describe(one),
            None,
            no(
                "the attached file is no signature: {reason}",
                reason=Reason(bare.template, bare.values),
            ),
        )
    statuses = judge(signature, content)
    examined = Examined(signature, content, describe_signers(signature), statuses)
    return VerifiedFile(_describe(one), examined, check_for_card(signature, statuses))


def _describe(one: Attachment) -> CardFile:
    return CardFile(one.name, len(one.data), sha256(one.data).hexdigest())
