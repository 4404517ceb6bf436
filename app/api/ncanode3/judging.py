"""Three answers in one: NCANode's `valid`, which knows only true and false.

It is true only if all is known to be well. What is unknown is false, and `message` says why; the
three answers themselves are in `verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from app.api.ncanode3.moments import write_moment
from app.api.ncanode3.revocations import Status
from app.cms import Answer, Reason, SignerStatus, TimestampStatus, Verdict, every
from app.wording.sentences import Wording

#: The message of an answer that has nothing to say.
OK = "OK"
#: Sentences of one message.
MAX_SENTENCES = 3
#: The answers about the whole.
_WHOLE = ("intact", "valid", "trusted")
_NOBODY = Reason("there is nothing to verify: no signature, and no certificate")


def is_good(status: Status, asked: Sequence[str]) -> bool:
    """Return whether a certificate leads to an anchor, and was not revoked as far as is asked."""
    return not _doubts_about(status, asked)


def doubts_of(status: Status, asked: Sequence[str], valid: Verdict | None = None) -> list[Verdict]:
    """List the answers because of which a signer, or a certificate alone, is not valid.

    Args:
        status: of the signer, or of the certificate.
        asked: what was asked of revocation; a known revocation counts in any case.
        valid: whether a bare signature value is the certificate's.
    """
    own = [status.intact, status.valid] if isinstance(status, SignerStatus) else []
    own += [valid] if valid else []
    return [one for one in own if one.answer is not Answer.YES] + _doubts_about(status, asked)


def _doubts_about(status: Status, asked: Sequence[str]) -> list[Verdict]:
    answers = [] if status.path.answer is Answer.YES else [status.path]
    revocation = status.revocation.answer
    if revocation is Answer.NO or (asked and revocation is Answer.UNKNOWN):
        answers.append(status.revocation)
    return answers


def write_message(doubts: Iterable[Verdict], wording: Wording) -> str:
    """Return why something is not valid, in a few sentences: a no first."""
    ordered = sorted(doubts, key=lambda one: one.answer is not Answer.NO)
    reasons = [wording.sentence(one.reasons[0]) for one in ordered if one.reasons]
    return "; ".join(list(dict.fromkeys(reasons))[:MAX_SENTENCES]) or OK


def write_nobody(wording: Wording) -> str:
    """Return the message about a request without a signature or a certificate."""
    return wording.sentence(_NOBODY)


def write_verdict(
    statuses: Sequence[Status], wording: Wording, *, value: Verdict | None = None
) -> dict[str, Any]:
    """Return the three answers as a whole, each that of the worst, and those for each signer.

    `value` is about a bare signature value, and belongs to the one certificate.
    """
    signers = [write_answers(one, value, wording) for one in statuses]
    if len(signers) == 1:
        # The worst of one is that one.
        [only] = signers
        return {**{name: only[name] for name in _WHOLE if name in only}, "signers": signers}
    signed = [one for one in statuses if isinstance(one, SignerStatus)]
    whole: dict[str, Any] = {}
    if signed:
        whole["intact"] = write_answer(every(*[one.intact for one in signed]), wording)
        whole["valid"] = write_answer(every(*[one.valid for one in signed]), wording)
    if statuses:
        whole["trusted"] = write_answer(every(*[one.trusted for one in statuses]), wording)
    return {**whole, "signers": signers}


def write_answers(status: Status, value: Verdict | None, wording: Wording) -> dict[str, Any]:
    """Return the three answers about a signer, or about a certificate alone."""
    own = {"valid": value} if value else {}
    timestamp: TimestampStatus | None = None
    source = "now"
    if isinstance(status, SignerStatus):
        own = {"intact": status.intact, "valid": status.valid}
        timestamp = status.timestamp
        source = "timestamp" if status.decisive_time_source == "timestamp" else "now"
    about = {"path": status.path, "revocation": status.revocation, "trusted": status.trusted}
    return {
        **{name: write_answer(one, wording) for name, one in (own | about).items()},
        "decisiveTime": write_moment(status.decisive_time),
        "decisiveTimeSource": source,
        "timestamp": timestamp and write_answer(timestamp.verdict, wording),
    }


def write_answer(verdict: Verdict, wording: Wording) -> dict[str, Any]:
    """Return one of the three answers, and its reasons."""
    reasons = [wording.sentence(reason) for reason in verdict.reasons]
    return {"answer": verdict.answer.value, "reasons": reasons}
