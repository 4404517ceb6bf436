"""The questions about a signer, with their answers, reasons, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.cms import (
    CONTENT_NEEDED,
    CONTENT_NOT_GIVEN,
    Answer,
    Reason,
    SignerInfo,
    SignerStatus,
    Verdict,
)
from app.web.texts import translated

#: Reasons that are shown of one answer.
MAX_REASONS = 20


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a signer, its answer with reasons, and how to get what lacks."""

    text: str
    answer: Answer
    reasons: tuple[Reason, ...]
    advice: str | None
    #: The answer in words for people, above which reasons need not stand; None: the reasons do.
    plain: str | None = None
    #: What its answers are called where yes and no alone could be misread.
    words: Mapping[Answer, str] = field(default_factory=dict)


def questions_about(
    signer: SignerInfo, status: SignerStatus, *, is_given: bool
) -> tuple[Question, ...]:
    """Return the questions about a signer; `is_given`: whether the reader gave the content."""
    is_over_content = not signer.has_signed_attributes
    return (
        _about_document(status.intact, is_given=is_given),
        _about_key(status.valid, may_be_other=is_given and is_over_content),
        question(
            translated(
                "Does an authority that is trusted here vouch for the certificate, in force at "
                "that time?"
            ),
            status.path,
            unknown=translated(
                "The operator of this server can add the certificate of a trusted authority."
            ),
        ),
        _about_revocation(status.revocation),
    )


def _about_document(intact: Verdict, *, is_given: bool) -> Question:
    """Return the question about the document, which may be another file that the reader gave."""
    return question(
        translated("Is the document what was signed?"),
        intact,
        unknown=_bring(intact) or translated("Give the document that was signed, as a file."),
        no=_same_file() if is_given else None,
        plain=translated("This is not the document that was signed, or it was changed since.")
        if is_given
        else None,
    )


def _about_key(valid: Verdict, *, may_be_other: bool) -> Question:
    """Return the question about the key.

    `may_be_other`: whether a no may come of another document, over which this signature isn't.
    """
    return question(
        translated("Was it signed with the key of this certificate?"),
        valid,
        unknown=_bring(valid) or translated("A program that supports this algorithm can say."),
        no=_same_file() if may_be_other else None,
        plain=translated("The key of this certificate has not signed this document.")
        if may_be_other
        else None,
    )


def _about_revocation(revocation: Verdict) -> Question:
    asked = question(
        translated(
            "Is it true that no certificate was revoked by then, neither the signer's nor one of "
            "the authorities above it?"
        ),
        revocation,
        unknown=translated(
            "The authority's list of revoked certificates, or its answer by OCSP, can say. The "
            "operator of this server can have them fetched, or add them."
        ),
    )
    words = {
        Answer.YES: translated("Yes, none was revoked"),
        Answer.NO: translated("No, one was revoked"),
        Answer.UNKNOWN: translated("Could not be established"),
    }
    return replace(asked, words=words)


def _bring(verdict: Verdict) -> str | None:
    """Return the advice to give the document, None if that is not what lacks."""
    if CONTENT_NEEDED.reasons[0] in verdict.reasons:
        return translated("Give the document itself, as a file: its hash does not suffice here.")
    if CONTENT_NOT_GIVEN.reasons[0] in verdict.reasons:
        return translated("Give the document that was signed, as a file.")
    return None


def _same_file() -> str:
    return translated(
        "Make sure that it is the very file that was signed, not one that was saved again."
    )


def question(
    text: str,
    verdict: Verdict,
    *,
    unknown: str,
    no: str | None = None,
    plain: str | None = None,
) -> Question:
    """Return a question with its answer.

    Args:
        text: the question.
        verdict: its answer, with reasons.
        unknown: what helps where the answer is unknown.
        no: what helps where it is no; None: nothing does.
        plain: a no in words for people; None: the reasons say it.
    """
    advice = {Answer.UNKNOWN: unknown, Answer.NO: no}.get(verdict.answer)
    said = plain if verdict.answer is Answer.NO else None
    return Question(text, verdict.answer, verdict.reasons[:MAX_REASONS], advice, said)
