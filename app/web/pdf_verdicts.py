"""Cards and signed PDFs, verified, as people read them.

There is a verdict on the whole, and one on each signature. The whole is yes only if everything is.
What the pages of a PDF show counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.cms import Answer, Examined, cut_claim, every
from app.pdf.cards.verifying import CardFile, VerifiedCard, VerifiedFile
from app.pdf.signatures import PdfSignature
from app.web.questions import Question, question
from app.web.texts import translated
from app.web.verdicts import (
    IN_FULL,
    IN_SHORT,
    SignerView,
    VerdictView,
    lead_of,
    signers_of,
    title_of,
)

#: Endings of the names of files that are meant to be signatures.
_SIGNATURES = (".cms", ".p7s", ".sig")


@dataclass(frozen=True, slots=True)
class PartView(VerdictView):
    """What is shown of one signature in a PDF; `name` says which it is."""

    name: str
    #: Questions beside those about its signers.
    questions: tuple[Question, ...]
    #: The time of a document timestamp, None if it is none.
    stamped_at: datetime | None


@dataclass(frozen=True, slots=True)
class PdfView(VerdictView):
    """What is shown of a PDF as a whole."""

    #: Questions about the card, and its document; none, and None, if it is no card.
    questions: tuple[Question, ...]
    document: CardFile | None
    parts: tuple[PartView, ...]


def is_card(card: VerifiedCard) -> bool:
    """Return whether any attached file is a signature, or is named like one."""
    return any(one.examined or _is_named(one) for one in card.signatures)


def _is_named(one: VerifiedFile) -> bool:
    return one.file.name.lower().endswith(_SIGNATURES)


def view_pdf(card: VerifiedCard | None, signed: Sequence[PdfSignature], size: int) -> PdfView:
    """Return what is shown of a PDF of a size: a card, a signed PDF, or both."""
    clock = translated("by the clock of this server, now")
    parts = [_of_file(one, clock) for one in card.signatures] if card else []
    parts += [_of_field(one, clock) for one in signed]
    asked = _about(card) if card else ()
    answers = [*([card.trusted] if card else []), *(one.whole for one in signed)]
    answer = every(*answers).answer
    return PdfView(
        answer=answer,
        title=_title(answer) if card else title_of(answer),
        lead=_lead(answer, [*asked, *_all_questions(parts)]),
        compared=_compared(card, size),
        signers=(),
        brief=(),
        more=0,
        questions=asked,
        document=card.document if card else None,
        parts=_shown(parts),
    )


def _title(answer: Answer) -> str:
    """Return the verdict on a card."""
    return {
        Answer.YES: translated("The card is valid"),
        Answer.NO: translated("The card is not valid"),
    }.get(answer, title_of(answer))


def _lead(answer: Answer, asked: Iterable[Question]) -> str:
    if answer is Answer.YES:
        return translated("All questions below have the answer yes.")
    return lead_of(answer, asked)


def _compared(card: VerifiedCard | None, size: int) -> str:
    if card is None:
        return translated("The PDF itself, {size} bytes.", size=size)
    return translated(
        "The document in the card: {name}, {size} bytes. Only the attached files count, not what "
        "the pages of the card show.",
        name=cut_claim(card.document.name),
        size=card.document.size,
    )


def _about(card: VerifiedCard) -> tuple[Question, ...]:
    """Return the questions about a card: is it clear what is in it, and may it be in one."""
    structure = question(
        translated("Is it clear which attached file is the document, and is it no program?"),
        card.structure,
        unknown=translated("Ask for a card that is made anew."),
    )
    return (structure, *map(_form, card.signatures))


def _form(one: VerifiedFile) -> Question:
    advice = translated(
        "Ask for a card whose signatures have their timestamp, and what was said about revocation "
        "then, inside."
    )
    return question(
        translated(
            "Does the signature {name} have the form that a card demands, with its evidence?",
            name=cut_claim(one.file.name),
        ),
        one.fits,
        unknown=advice,
        no=advice,
    )


def _of_file(one: VerifiedFile, clock: str) -> PartView:
    """Return what is shown of a signature in a card. Its form is a question about the card."""
    name = translated("Signature in the attached file {name}", name=cut_claim(one.file.name))
    if one.examined is None:
        return _part(name, one.fits.answer, (), (_form(one),))
    answer = every(*(status.whole for status in one.examined.statuses)).answer
    return _part(name, answer, _signers(one.examined, clock), ())


def _of_field(one: PdfSignature, clock: str) -> PartView:
    """Return what is shown of a signature, or a document timestamp, in the form of a PDF."""
    stamped_at = None
    if one.timestamp:
        name = translated("Document timestamp in the field {name}", name=cut_claim(one.field))
        # Else it is what anyone may have written.
        is_proven = one.timestamp.verdict.answer is Answer.YES
        stamped_at = one.timestamp.gen_time if is_proven else None
    else:
        name = translated("Signature in the field {name}", name=cut_claim(one.field))
    whole = question(
        translated("Is this the whole document as it was signed, with nothing changed since?"),
        one.whole_document,
        unknown=translated("Ask the signer for the file as it was when it was signed."),
    )
    asked = (whole, *_about_value(one))
    return _part(name, one.whole.answer, _signers(one.examined, clock), asked, stamped_at)


def _about_value(one: PdfSignature) -> tuple[Question, ...]:
    """Return the questions about what has no signers to show; and what they don't say."""
    if one.timestamp:
        return (
            question(
                translated("Does a timestamp authority that is trusted here attest it?"),
                one.intact,
                unknown=translated(
                    "The operator of this server can add the certificate of a trusted authority."
                ),
            ),
            question(
                translated("Was the certificate of the timestamp authority in force?"),
                one.revocation,
                unknown=translated(
                    "The authority's list of revoked certificates, or its answer by OCSP, can say. "
                    "The operator of this server can have them fetched, or add them."
                ),
            ),
        )
    statuses = one.examined.statuses if one.examined else ()
    if statuses and every(*(status.intact for status in statuses)).answer is one.intact.answer:
        return ()
    text = translated("Is the signature one of this document?")
    unknown = translated("A program that supports this kind of signature can say.")
    return (question(text, one.intact, unknown=unknown),)


def _signers(examined: Examined | None, clock: str) -> tuple[SignerView, ...]:
    # The content is in the PDF that the reader gave.
    return signers_of(examined, clock, masked=True, is_given=True) if examined else ()


def _part(
    name: str,
    answer: Answer,
    signers: tuple[SignerView, ...],
    asked: tuple[Question, ...],
    stamped_at: datetime | None = None,
) -> PartView:
    about = [*asked, *(one for signer in signers for one in signer.questions)]
    return PartView(
        answer=answer,
        title=title_of(answer),
        lead=_lead(answer, about),
        compared=None,
        signers=signers,
        brief=(),
        more=0,
        name=name,
        questions=asked,
        stamped_at=stamped_at,
    )


def _all_questions(parts: Iterable[PartView]) -> list[Question]:
    found: list[Question] = []
    for part in parts:
        found += part.questions
        found += [one for signer in part.signers for one in signer.questions]
    return found


def _shown(parts: Sequence[PartView]) -> tuple[PartView, ...]:
    """Return the parts with their signers numbered as one list, of which there is an end."""
    number, shown = 0, []
    for part in parts:
        kept = part.signers[: IN_FULL + IN_SHORT - number]
        numbered = tuple(replace(one, number=place) for place, one in enumerate(kept, number + 1))
        full = max(IN_FULL - number, 0)
        more = len(part.signers) - len(kept)
        shown.append(replace(part, signers=numbered[:full], brief=numbered[full:], more=more))
        number += len(kept)
    return tuple(shown)
