"""An answer with its reasons and remedies, as text for people."""

from __future__ import annotations

from typing import Final

from app.cli.remedies import remedies_of
from app.cms import Answer, Reason, Verdict
from app.extensions import current_trust
from app.wording.sentences import Wording

ANSWERS: Final = {
    Answer.YES: Reason("yes"),
    Answer.NO: Reason("no"),
    Answer.UNKNOWN: Reason("unknown"),
}


def render_answer(verdict: Verdict, wording: Wording) -> str:
    """Write an answer with its reasons, and remedies if it is unknown."""
    answer = wording.sentence(ANSWERS[verdict.answer])
    reasons = "; ".join(map(wording.sentence, verdict.reasons))
    text = f"{answer}: {reasons}" if reasons else answer
    if verdict.answer is not Answer.UNKNOWN:
        return text
    remedies = "; ".join(
        map(wording.sentence, remedies_of(verdict.reasons, online=current_trust().online))
    )
    return wording.phrase("{answer} (needed: {remedies})", answer=text, remedies=remedies)
